"""The last line of every screen: its keys. One widget, where Textual's own footer mounts one for each key."""

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from budget_tui.tui.painting import spread

_GAPS = ("   ", "  ", " ")
_EXPENDABLE = ("explain", "import", "turn(1)", "transfer")
"""What goes when there is no room, one after the other: they are in the palette, and in the line at the top."""
_CHARACTERS = {"slash": "/", "plus": "+", "minus": "-"}
"""Keys that Textual does not know for characters: it shows their bindings where they are typed as text."""


class KeyBar(Widget):
    """The keys of whatever has the focus, the palette's at the right end; a click on one is that key."""

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def render(self) -> Content:
        keys: dict[str, Content] = {}
        palette = Content("")
        for active in self.screen.active_bindings.values():
            binding = active.binding
            style = "$foreground" if active.enabled else "$foreground 40%"
            text = Content.assemble(
                (self.app.get_key_display(binding), "bold $accent" if active.enabled else style),
                (f" {binding.description}", style),
            ).stylize(Style.from_meta({"key": binding.key}))
            if binding.key == self.app.COMMAND_PALETTE_BINDING:
                palette = text
            elif binding.show and not self._is_typed(active):
                keys.setdefault(binding.action, text)
        room = self.content_size.width - palette.cell_length - 1
        lines = [Content(gap).join(keys.values()) for gap in _GAPS]
        for action in _EXPENDABLE:
            keys.pop(action, None)
            lines.append(Content(_GAPS[-1]).join(keys.values()))
        line = next((line for line in lines if line.cell_length <= room), lines[-1].truncate(room, ellipsis=True))
        return spread(line, palette, self.content_size.width)

    def _is_typed(self, active: ActiveBinding) -> bool:
        """Whether what has the focus takes the key for text."""
        focused, character = self.screen.focused, _CHARACTERS.get(active.binding.key)
        if focused is None or focused is active.node or character is None:
            return False
        return focused.check_consume_key(active.binding.key, character)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say more about the key under the mouse."""
        active = self.screen.active_bindings.get(event.style.meta.get("key", ""))
        self.tooltip = Content(active.tooltip) if active and active.tooltip else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if key := event.style.meta.get("key"):
            self.app.simulate_key(key)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.refresh()
