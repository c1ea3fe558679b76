"""The log: who changed what, the newest first, one entry in full at a press."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from budget_tui.bootstrap import Services
from budget_tui.domain.audit import AuditEntry
from budget_tui.presentation.audit import cells
from budget_tui.presentation.columns import Column, LogLine, log_columns
from budget_tui.services.audit import AuditWindow
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.entry import EntryScreen
from budget_tui.tui.screens.filtered import FilteredScreen
from budget_tui.tui.table import Table
from budget_tui.tui.widgets.filter_input import FilterInput

PAGE = 200
_NARROW = 100


class LogTable(Table[LogLine]):
    """A line per entry. The cursor stays on its entry when others come above it, but on the first line it stays on
    the first."""

    BINDINGS = [Binding("enter", "open", "Open", id="log.open", tooltip="Show the entry with all of before and after")]

    def columns_within(self, width: int) -> Sequence[Column[LogLine]]:
        return log_columns(is_narrow=width < _NARROW)


class AuditScreen(FilteredScreen, ReadingScreen[tuple[AuditEntry, ...]]):
    """The audit trail with a filter above it. More is read as one scrolls down; new entries come by themselves."""

    MODE = "audit"
    WORKPLACES = (LogTable,)
    AUTO_FOCUS = "LogTable"
    BINDINGS = [
        Binding("slash", "filter", "Filter", id="log.filter", tooltip="Show only entries that contain …"),
        Binding("escape", "clear_filter", "Clear", id="log.clear", show=False, tooltip="Show all entries again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._window: AuditWindow | None = None
        self._wanted = PAGE

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show entries that contain …")
        yield LogTable(log_columns(), lambda line: line.entry.entry, self.is_reading)

    def read(self, services: Services) -> tuple[AuditEntry, ...]:
        if self._window is None:
            self._window = AuditWindow(services.audit, self.filter_text)
        return self._window.read(self._wanted)

    def watch_reading(self, entries: tuple[AuditEntry, ...] | None) -> None:
        if entries is not None:
            text = self.filter_text
            self._log.why_empty = f"no entry contains '{text}'" if text else "nothing was changed yet"
            self._log.show([LogLine(entry, *cells(entry)) for entry in entries], keeps_row=self._log.cursor > 0)

    @property
    def _log(self) -> LogTable:
        return self.query_one(LogTable)

    @on(LogTable.NearsEnd)
    def _read_on(self) -> None:
        if self._wanted != (wanted := len(self._log.rows) + PAGE):
            self._wanted = wanted
            self._read_anew()

    @on(LogTable.Opened)
    def _open(self, event: LogTable.Opened) -> None:
        self.app.push_screen(EntryScreen(event.row.entry))

    def show_filtered(self, text: str) -> None:
        self._window, self._wanted = None, PAGE
        self._log.go_to(0)
        self._read_anew()
