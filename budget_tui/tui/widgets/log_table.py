"""The lines of the audit trail."""

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from budget_tui.domain.audit import AuditEntry
from budget_tui.presentation.audit import cells
from budget_tui.tui.painting import fitted
from budget_tui.tui.widgets.scrolled_lines import HEADER, ScrolledLines

_LABELS = ("When", "Who", "Did", "To", "Change")
_GAP = "  "
_MOST = {"Who": 14, "Did": 16, "To": 24}
_MOST_OF_THE_NARROW = {"Who": 8, "Did": 14, "To": 14}
_NARROW = 100
_WHEN, _YEAR = 16, 5
"""Cells of a time, and those of its year at the beginning, which a narrow table does without."""


class LogTable(ScrolledLines):
    """A line per entry. The cursor stays on its entry when others come above it, but on the first line it stays on
    the first."""

    COMPONENT_CLASSES = {"log--header", "log--muted", "log--cursor"}
    BINDINGS = [Binding("enter", "open", "Open", id="log.open", tooltip="Show the entry with all of before and after")]

    entries: reactive[tuple[AuditEntry, ...] | None] = reactive(None)
    filter_text: reactive[str] = reactive("")

    class NearsEnd(Message):
        """The cursor or the view nears the last of ``entries`` lines."""

        def __init__(self, entries: int) -> None:
            super().__init__()
            self.entries = entries

    class Opened(Message):
        """The user wants to see all of ``entry``."""

        def __init__(self, entry: AuditEntry) -> None:
            super().__init__()
            self.entry = entry

    _asked_at = 0
    _widths: tuple[int, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether the first entries are still being read: the next key is about them."""
        return self.entries is None and not getattr(self.screen, "failure", "")

    @property
    def count(self) -> int:
        return len(self.entries or ())

    # Following

    def watch_entries(self, before: tuple[AuditEntry, ...] | None, now: tuple[AuditEntry, ...] | None) -> None:
        self._asked_at = 0
        self._lay_out()
        if before and now and self.cursor:
            self._stay_at(before[self.cursor], now)
        else:
            self.cursor = 0
            self.scroll_to(y=0, animate=False)
        self.refresh()

    def _stay_at(self, entry: AuditEntry, now: tuple[AuditEntry, ...]) -> None:
        moved = next((row for row, each in enumerate(now) if each.entry <= entry.entry), 0) - self.cursor
        self.set_reactive(LogTable.cursor, self.cursor + moved)
        self.scroll_to(y=self.scroll_offset.y + moved, animate=False)

    def watch_filter_text(self) -> None:
        self.cursor = 0

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        most = _MOST if self.size.width >= _NARROW else _MOST_OF_THE_NARROW
        columns = list(zip(*map(cells, self.entries or ()), strict=True)) or [("",)] * len(_LABELS)
        middle = [
            max(len(label), min(most[label], max(map(len, texts))))
            for label, texts in zip(_LABELS[1:-1], columns[1:-1], strict=True)
        ]
        when = _WHEN if self.size.width >= _NARROW else _WHEN - _YEAR
        rest = self.size.width - 2 - when - sum(middle) - len(_GAP) * 4
        self._widths = (when, *middle, max(6, rest))
        self.virtual_size = Size(self.size.width, self.count + HEADER)

    def look_ahead(self) -> None:
        if self.nears_end and self.count > self._asked_at:
            self._asked_at = self.count
            self.post_message(self.NearsEnd(self.count))

    def action_open(self) -> None:
        if self.entries:
            self.post_message(self.Opened(self.entries[self.cursor]))

    # Painting

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < HEADER:
            return self._strip(_LABELS, self.get_component_rich_style("log--header")).adjust_cell_length(width)
        row = self.scroll_offset.y + y - HEADER
        if self.entries and row < self.count:
            is_chosen = row == self.cursor
            base = self.get_component_rich_style("log--cursor") if is_chosen else self.rich_style
            muted = None if is_chosen else self.get_component_rich_style("log--muted")
            when, *rest = cells(self.entries[row])
            return self._strip((when[-self._widths[0] :], *rest), base, muted)
        if row == 0 and self.entries is not None:
            return self._strip_of(self._why_empty(), self.get_component_rich_style("log--muted"))
        return Strip.blank(width, self.rich_style)

    def _why_empty(self) -> str:
        return f"no entry contains '{self.filter_text}'" if self.filter_text else "nothing was changed yet"

    def _strip(self, texts: tuple[str, ...], style: Style, first: Style | None = None) -> Strip:
        parts = [fitted(text, width) for text, width in zip(texts, self._widths, strict=True)]
        segments = [Segment(" ", style), Segment(parts[0], first or style)]
        segments.append(Segment(f"{_GAP}{_GAP.join(parts[1:])} ", style))
        return Strip(segments).adjust_cell_length(self.size.width, style)

    def _strip_of(self, text: str, style: Style) -> Strip:
        return Strip([Segment(f" {text}", style)]).adjust_cell_length(self.size.width, style)
