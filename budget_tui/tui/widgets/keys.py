"""Keys that come in a burst, from a paste or a script, must act in their order."""

from textual import events
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input


async def act_at_once(widget: Widget, event: events.Key) -> bool:
    """Run the widget's own binding for a key now; whether there was one.

    Textual runs bindings after the key has bubbled up to the app, but characters go into an input at once:
    of ``99``, Tab, ``5`` in one burst, the 5 would come before the Tab. A binding that the settings moved to
    another key is left to Textual.
    """
    binding = own_binding(widget, event.key)
    if binding is None:
        return False
    event.stop()
    event.prevent_default()
    await widget.run_action(binding.action)
    return True


def own_binding(widget: Widget, key: str) -> Binding | None:
    """The widget's own binding of a key, unless the settings moved it to another."""
    bindings = widget._bindings.key_to_bindings.get(key, [])
    moved = widget.app._keymap
    return next((binding for binding in bindings if not (binding.id and binding.id in moved)), None)


class PromptInput(Input):
    """An input in which Backspace, Enter and Tab act in the order they were typed, however fast that was."""

    async def on_key(self, event: events.Key) -> None:
        focused = self.screen.focused
        if focused is not None and focused is not self:
            # Addressed to this input before a Tab of the same burst moved the focus on.
            event.stop()
            event.prevent_default()
            focused.post_message(events.Key(event.key, event.character))
        elif not await act_at_once(self, event) and event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            (self.screen.focus_next if event.key == "tab" else self.screen.focus_previous)()
