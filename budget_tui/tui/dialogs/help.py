"""The keys of the screen below, each with its action."""

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.dialogs.manual import ManualBox
from budget_tui.tui.lists import Page
from budget_tui.tui.render import MUTED


class HelpScreen(Overlay[None]):
    """A list of keys. ``sections`` are titles with their bindings; ``keys`` are the keys changed in the settings."""

    BINDINGS = [
        Binding("escape,question_mark,q", "leave", "Close", id="help.leave", tooltip="Back to the screen"),
        Binding("m", "manual", "Manual", id="help.manual", tooltip="Read the manual"),
    ]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, sections: Sequence[tuple[str, Iterable[Binding]]], keys: dict[str, str]) -> None:
        super().__init__()
        self._sections = sections
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = "Keys"
            box.border_subtitle = Content(f"{key_of(self, 'help.manual')} manual · {key_of(self, 'help.leave')} closes")
            with Page():
                yield Static(Content("\n").join(self._lines()))

    def action_manual(self) -> None:
        self.app.switch_screen(ManualBox())

    def _lines(self) -> Iterable[Content]:
        for number, (title, bindings) in enumerate(self._sections):
            if number:
                yield Content("")
            yield Content.assemble((title, "bold"))
            for binding in bindings:
                shown = self._shown(binding)
                yield Content.assemble((f"{shown:<14}", "bold $accent"), (binding.tooltip, MUTED))

    def _shown(self, binding: Binding) -> str:
        """Return the keys of a binding as labelled on the keyboard."""
        keys = self._keys.get(binding.id or "", binding.key).replace(" ", "").split(",")
        names = [self.app.get_key_display(Binding(key, "", "")) for key in keys]
        return f"{names[0]} … {names[-1]}" if len(names) > 3 else " ".join(names)
