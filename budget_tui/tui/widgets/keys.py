"""Keys that come in a burst, from a paste or a script, must act in their order."""

from textual import events
from textual.widget import Widget


async def act_at_once(widget: Widget, event: events.Key) -> bool:
    """Run the widget's own binding for a key now; whether there was one.

    Textual runs bindings after the key has bubbled up to the app, but characters go into an input at once:
    of ``99``, Tab, ``5`` in one burst, the 5 would come before the Tab. A binding that the settings moved to
    another key is left to Textual.
    """
    bindings = widget._bindings.key_to_bindings.get(event.key, [])
    moved = widget.app._keymap
    for binding in bindings:
        if not (binding.id and binding.id in moved):
            event.stop()
            event.prevent_default()
            await widget.run_action(binding.action)
            return True
    return False
