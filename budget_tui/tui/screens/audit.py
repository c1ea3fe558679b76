"""The log: who changed what, the newest first, one entry in full at a press."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from budget_tui.bootstrap import Services
from budget_tui.domain.audit import AuditEntry
from budget_tui.services.audit import AuditWindow
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.entry import EntryScreen
from budget_tui.tui.screens.filtered import FilteredScreen
from budget_tui.tui.widgets.filter_input import FilterInput
from budget_tui.tui.widgets.log_table import LogTable

PAGE = 200


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
        yield LogTable().data_bind(entries=AuditScreen.reading)

    def read(self, services: Services) -> tuple[AuditEntry, ...]:
        if self._window is None:
            self._window = AuditWindow(services.audit, self.filter_text)
        return self._window.read(self._wanted)

    @on(LogTable.NearsEnd)
    def _read_on(self, event: LogTable.NearsEnd) -> None:
        self._wanted = event.entries + PAGE
        self._read_anew()

    @on(LogTable.Opened)
    def _open(self, event: LogTable.Opened) -> None:
        self.app.push_screen(EntryScreen(event.entry))

    def show_filtered(self, text: str) -> None:
        self._window, self._wanted = None, PAGE
        self.query_one(LogTable).filter_text = text
        self._read_anew()
