"""Reading the logs of agents' programs from the dashboard: what there is, the progress, the result."""

from collections.abc import Collection, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Label, Static

from budget_tui.presentation.formatting import count, days_named, logged_messages
from budget_tui.presentation.messages import log_amounts, log_sum, no_news, sync_notes
from budget_tui.services.agent_logs import FoundLogs, SyncReport
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import ReadingBox
from budget_tui.tui.fields import Choice
from budget_tui.tui.render import MUTED

_BY_PLAN = "plan"


class SyncScreen(ReadingBox[SyncReport]):
    """A box to read logs, dismissed with the report. Cancelling while they are read stops it."""

    def __init__(self, found: Sequence[FoundLogs], flat_fees: Collection[str]) -> None:
        """``flat_fees`` are the sources that a plan with a flat fee pays for."""
        super().__init__("Logs of agents' programs", "Read")
        self._found, self._flat_fees = found, flat_fees

    def compose_fields(self) -> ComposeResult:
        for each in self._found:
            yield Static(Content(f"{each.title}: {count(len(each.files), 'log')} on this machine"))
            with Horizontal(classes="field"):
                yield Label("Paid")
                paid = _BY_PLAN if each.source in self._flat_fees else ""
                yield Choice([("", "by tokens"), (_BY_PLAN, "by a plan's flat fee")], paid, f"paid-{each.program}")
        once = "Each message counts once, at the price of its day. A bill counts in place of these estimates;"
        yield Static(Content.styled(f"{once} under a plan they are what it would have cost.", MUTED))
        yield from self.compose_progress()

    def on_mount(self) -> None:
        self.query_one(".box").border_subtitle = Content(f"enter reads them · {key_of(self, 'box.leave')} cancels")
        self.query_one("#submit", Button).focus()

    async def submit(self) -> SyncReport:
        flat_fees = {
            each.source: self.query_one(f"#paid-{each.program}", Choice).value == _BY_PLAN for each in self._found
        }
        return await self.run_reading(
            lambda services, progress: services.agent_logs.sync((), progress, flat_fees=flat_fees)
        )


def message(report: SyncReport, map_key: str) -> str:
    """Summarize a reading in one line; ``map_key`` maps costs."""
    if not report.days:
        text = f"{no_news(report)} in {count(report.files, 'log')}"
    else:
        days = days_named(report.days[0], report.days[-1])
        text = f"{logged_messages(report.total.messages)} read, {log_sum(report.total)}, {days}"
        if report.unmapped:
            amounts = log_amounts(report.unmapped.values()) or "some"
            text += f", {amounts} of it without a project: {map_key} maps them"
    return "; ".join([text, *sync_notes(report, dry_run=False)])
