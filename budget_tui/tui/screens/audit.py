"""The log: who changed what, the newest first, one entry in full at a press."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from budget_tui.bootstrap import Services
from budget_tui.services.trail import TrailWindow
from budget_tui.storage.trail_queries import AuditEntry
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.entry import EntryScreen
from budget_tui.tui.widgets.log_table import LogTable

PAGE = 200


class AuditScreen(ReadingScreen[tuple[AuditEntry, ...]]):
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
        self._window: TrailWindow | None = None
        self._wanted = PAGE

    def compose_body(self) -> ComposeResult:
        yield Input(id="filter", compact=True, placeholder="show entries that contain …")
        yield LogTable().data_bind(entries=AuditScreen.reading)

    def on_mount(self) -> None:
        self.query_one("#filter").display = False

    def read(self, services: Services) -> tuple[AuditEntry, ...]:
        if self._window is None:
            self._window = TrailWindow(services.trail, self._filter_text)
        return self._window.read(self._wanted)

    @property
    def _filter_text(self) -> str:
        return self.query_one("#filter", Input).value.strip()

    @on(LogTable.NearsEnd)
    def _read_on(self, event: LogTable.NearsEnd) -> None:
        self._wanted = event.entries + PAGE
        self._read_anew()

    @on(LogTable.Opened)
    def _open(self, event: LogTable.Opened) -> None:
        self.app.push_screen(EntryScreen(event.entry))

    # Filter

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_clear_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.value = ""
        field.display = False
        self.query_one(LogTable).focus()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._window, self._wanted = None, PAGE
        self.query_one(LogTable).filter_text = self._filter_text
        self._read_anew()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.input.display = bool(self._filter_text)
        self.query_one(LogTable).focus()
