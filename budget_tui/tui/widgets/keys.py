"""Keys that act where they are, without the way up to the app and back."""

from textual import events
from textual.widget import Widget


async def act_at_once(widget: Widget, event: events.Key) -> None:
    """Run the widget's own binding for a key now.

    Textual runs bindings after the key has bubbled up to the app. A binding that the settings moved to another
    key is left to it.
    """
    moved = widget.app._keymap
    for binding in widget._bindings.key_to_bindings.get(event.key, []):
        if not (binding.id and binding.id in moved):
            event.stop()
            event.prevent_default()
            await widget.run_action(binding.action)
            return
