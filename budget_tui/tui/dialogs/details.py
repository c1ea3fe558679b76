"""A row of a table in full."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.lists import Page
from budget_tui.tui.render import MUTED

_LABEL_WIDTH = 11


class DetailsScreen(Overlay[None]):
    """Lines about a row, in a box over its table."""

    BINDINGS = [Binding("escape,h,left,enter,q", "leave", "Close", id="entry.leave", tooltip="Back to the table")]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, title: str, lines: Iterable[Content]) -> None:
        super().__init__()
        self._title, self._lines = title, [*lines]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(f"{key_of(self, 'entry.leave')} closes")
            with Page():
                yield Static(Content("\n").join(self._lines))


def field(label: str, text: str) -> Content:
    """Return a line with a label before the text."""
    return Content.assemble((f"{label:<{_LABEL_WIDTH}}", MUTED), text)
