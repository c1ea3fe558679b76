"""The audit log: who changed what, the newest first; Enter opens an entry in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from budget_tui.bootstrap import Services
from budget_tui.domain.audit import AuditEntry, shown_facts
from budget_tui.presentation.audit import shown
from budget_tui.presentation.audit_sentences import words
from budget_tui.presentation.columns import Column, LogWords, log_words_columns
from budget_tui.presentation.formatting import long_day
from budget_tui.services.audit import AuditWindow
from budget_tui.tui.dashboard import title_with_key
from budget_tui.tui.dialogs.details import DetailsScreen, field
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.base import FilteredScreen, ReadingScreen
from budget_tui.tui.table import NARROW, FollowedTable, PagedTable

if TYPE_CHECKING:
    from budget_tui.tui.dialogs.explain import ExplainQuery


def _lines_of(line: LogWords) -> Iterable[Content]:
    entry = line.entry
    local, utc = entry.at.astimezone(), entry.at.astimezone(UTC)
    yield Content.assemble((line.subject, "bold"), f": {line.change}")
    yield Content("")
    yield field("When", f"{long_day(local.date())} {local:%H:%M:%S %Z}")
    if local.utcoffset() != utc.utcoffset():
        yield field("", f"{long_day(utc.date())} {utc:%H:%M:%S} UTC")
    yield field("Who", entry.actor)
    yield field("Action", entry.action)
    yield field("Subject", entry.subject)
    if entry.change != entry.entry:
        yield field("Part of", f"change {entry.change}")
    if entry.reverses is not None:
        yield field("Undoes", f"change {entry.reverses}")
    for title, facts in (("Before", entry.before), ("After", entry.after)):
        yield Content("")
        yield Content.styled(title, "bold")
        yield from _facts(facts)


def _facts(facts: dict[str, Any] | None) -> Iterable[Content]:
    facts_shown = shown_facts(facts)
    if not facts_shown:
        yield Content.styled("nothing", MUTED)
    width = max(map(len, facts_shown), default=0)
    for name, value in facts_shown.items():
        yield Content.assemble((f"{name:<{width}}  ", MUTED), shown(value))


PAGE = 200
_NARROW = 100


class LogTable(PagedTable[LogWords], FollowedTable[LogWords]):
    """A line per entry. When new entries arrive, the cursor stays on its entry; on the first line, on the newest."""

    BINDINGS = [Binding("enter,l", "open", "Open", id="log.open", tooltip="Show the whole entry")]

    def columns_within(self, width: int) -> Sequence[Column[LogWords]]:
        return log_words_columns(is_narrow=width < _NARROW, is_tiny=width < NARROW)


class AuditScreen(FilteredScreen, ReadingScreen[tuple[AuditEntry, ...]]):
    """The audit log with a filter above it. Older entries are read on scrolling down; new ones appear on their own."""

    MODE = "audit"
    WORKPLACES = (LogTable,)
    AUTO_FOCUS = "LogTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]
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
        with Horizontal(id="log"):
            yield LogTable(log_words_columns(), lambda line: line.entry.entry, self.is_reading)
            yield Static(id="entry")

    def read(self, services: Services) -> tuple[AuditEntry, ...]:
        if self._window is None:
            self._window = AuditWindow(services.audit, self.filter_text, self._in_words)
        return self._window.read(self._wanted)

    def explain_query(self) -> ExplainQuery | None:
        """Explain the project or agent that the entry under the cursor is about, if it is one."""
        line = self._log.current
        subject, shown = line.entry.subject if line is not None else "", self.snapshot
        if shown is not None and any(project.project_id == subject for project in shown.projects):
            return lambda services: services.explain.of_project(subject)
        if line is not None and line.entry.action in ("agent.add", "agent.allocate", "agent.rename"):
            return lambda services: services.explain.of_agent(subject)
        return super().explain_query()

    def _in_words(self, entry: AuditEntry) -> tuple[str, str, str, str]:
        shown = self.snapshot
        names = {line.project_id: line.name for line in shown.projects} if shown else {}
        today = shown.as_of if shown else entry.at.astimezone().date()
        return words(entry, today, self.dashboard.currency, names)

    def watch_reading(self, entries: tuple[AuditEntry, ...] | None) -> None:
        self._show(entries)

    def watch_snapshot(self) -> None:
        self._show(self.reading)

    def _show(self, entries: tuple[AuditEntry, ...] | None) -> None:
        if entries is not None and self.is_mounted:
            text = self.filter_text
            self._log.why_empty = f"no entry contains '{text}'" if text else "no changes yet"
            self._log.show(
                [LogWords(entry, *self._in_words(entry)) for entry in entries], keeps_row=self._log.cursor > 0
            )

    @property
    def _log(self) -> LogTable:
        return self.query_one(LogTable)

    @on(LogTable.Moved)
    def _describe(self) -> None:
        """Show the entry under the cursor in full, beside the table where there is room."""
        row, pane = self._log.current, self.query_one("#entry", Static)
        pane.border_title = title_with_key(self._log, "log.open", f"Entry {row.entry.entry}" if row is not None else "")
        pane.update(Content("\n").join(_lines_of(row)) if row is not None else "", layout=False)

    @on(LogTable.EndApproached)
    def _read_on(self) -> None:
        if self._wanted != (wanted := len(self._log.rows) + PAGE):
            self._wanted = wanted
            self._read_anew()

    @on(LogTable.Opened)
    def _open(self, event: LogTable.Opened) -> None:
        row: LogWords = event.row
        self.app.push_screen(DetailsScreen(f"Entry {row.entry.entry}", _lines_of(row)))

    def show_filtered(self, text: str) -> None:
        self._window, self._wanted = None, PAGE
        self._log.go_to(0)
        self._read_anew()
