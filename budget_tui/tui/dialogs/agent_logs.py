"""Reading the logs of agents' programs from the dashboard: what there is, the progress, the result."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from budget_tui.presentation.formatting import count, days_named
from budget_tui.presentation.messages import log_amounts, log_problems, log_sum
from budget_tui.services.agent_logs import FoundLogs, SyncReport
from budget_tui.tui.dialogs.box import ReadingBox
from budget_tui.tui.render import MUTED


class SyncScreen(ReadingBox[SyncReport]):
    """A box to read logs, dismissed with the report. Cancelling while they are read stops it."""

    def __init__(self, found: Sequence[FoundLogs]) -> None:
        super().__init__("Logs of agents' programs", "Read")
        self._found = found

    def compose_fields(self) -> ComposeResult:
        for each in self._found:
            yield Static(Content(f"{each.title}: {count(len(each.files), 'log')} on this machine"))
        once = "Each message counts once, at the price of its day, however often it is read."
        yield Static(Content.styled(f"{once} A bill counts in place of these estimates.", MUTED))
        yield from self.compose_progress()

    def on_mount(self) -> None:
        self.query_one("#submit", Button).focus()

    async def submit(self) -> SyncReport:
        return await self.run_reading(lambda services, progress: services.agent_logs.sync((), progress))


def message(report: SyncReport) -> str:
    """Summarize a reading in one line."""
    if not report.days:
        text = f"nothing new in {count(report.files, 'log')}"
    else:
        days = days_named(report.days[0], report.days[-1])
        text = f"{count(report.total.messages, 'message')} read, {log_sum(report.total)}, {days}"
        if report.unmapped:
            amounts = log_amounts(report.unmapped.values()) or "some"
            text += f", {amounts} of it without a project: m maps them"
    return "; ".join([text, *log_problems(report)])
