"""One entry of the audit trail, in full."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from budget_tui.domain.audit import AuditEntry, shown_facts
from budget_tui.presentation.audit import shown
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.styled import StyledScreen

_LABEL_WIDTH = 10


class EntryScreen(StyledScreen[None], ModalScreen[None]):
    """A box over the log."""

    BINDINGS = [Binding("escape,enter,q", "leave", "Leave", id="entry.leave", tooltip="Back to the log")]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, entry: AuditEntry) -> None:
        super().__init__()
        self._entry = entry

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Entry {self._entry.entry}")
            box.border_subtitle = "esc leaves"
            with VerticalScroll():
                yield Static(Content("\n").join(self._lines()))

    def action_leave(self) -> None:
        self.dismiss(None)

    def _lines(self) -> Iterable[Content]:
        entry = self._entry
        local, utc = entry.at.astimezone(), entry.at.astimezone(UTC)
        yield _field("When", f"{local:%Y-%m-%d %H:%M:%S %Z}")
        if local.utcoffset() != utc.utcoffset():
            yield _field("", f"{utc:%Y-%m-%d %H:%M:%S} UTC")
        yield _field("Who", entry.actor)
        yield _field("Did", entry.action)
        yield _field("To", entry.subject)
        yield _field("Change", str(entry.change))
        if entry.reverses is not None:
            yield _field("Undoes", f"change {entry.reverses}")
        for title, facts in (("Before", entry.before), ("After", entry.after)):
            yield Content("")
            yield Content.styled(title, "bold")
            yield from _facts(facts)


def _facts(facts: dict[str, Any] | None) -> Iterable[Content]:
    told = shown_facts(facts)
    if not told:
        yield Content.styled("nothing", MUTED)
    width = max(map(len, told), default=0)
    for name, value in told.items():
        yield Content.assemble((f"{name:<{width}}  ", MUTED), shown(value))


def _field(label: str, text: str) -> Content:
    return Content.assemble((f"{label:<{_LABEL_WIDTH}}", MUTED), text)
