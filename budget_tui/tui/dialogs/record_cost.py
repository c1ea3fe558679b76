"""Record a cost: a receipt that is in no export."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import parse_day
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.formatting import long_day, money
from budget_tui.presentation.messages import counts_elsewhere, far_ahead
from budget_tui.services.costs import CostEntry
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker


class RecordCostScreen(BoxScreen[str]):
    """A form for one cost, dismissed with a message. ``project_id`` is preselected."""

    def __init__(self, snapshot: BudgetSnapshot, project_id: str) -> None:
        super().__init__("Record a cost", "Record")
        self._snapshot = snapshot
        self._project_id = project_id

    def compose_fields(self) -> ComposeResult:
        projects = [(line.name, line.project_id) for line in self._snapshot.projects]
        with Horizontal(classes="field"):
            yield Label("Amount")
            yield TextField(id="amount", placeholder="12.50; negative for a credit")
        with Horizontal(classes="field"):
            yield Label("Project")
            yield Picker(projects, value=self._project_id, allow_blank=False, id="project")
        with Horizontal(classes="field"):
            yield Label("Charged by")
            yield TextField(id="provider", placeholder="such as aws or figma; optional")
        with Horizontal(classes="field"):
            yield Label("Day")
            yield TextField(id="day", placeholder=f"default: today, {long_day(self._snapshot.as_of)}")

    def on_mount(self) -> None:
        self.query_one("#amount", Input).focus()

    async def submit(self) -> str:
        amount, provider, day = map(self._typed, ("amount", "provider", "day"))
        project_id = self.query_one("#project", Picker).selection
        if project_id is None:
            raise Refused("choose the project")
        entry = CostEntry(project_id, parse_amount(amount), parse_day(day) if day else None, provider=provider)
        outcome = await self.dashboard.run_command(lambda services: services.costs.add(entry))
        name = next(line.name for line in self._snapshot.projects if line.project_id == project_id)
        recorded = f"{money(entry.amount, outcome.currency)} on {long_day(outcome.on)} recorded for {name}"
        return "; ".join([recorded + counts_elsewhere(outcome), *far_ahead(outcome)])

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()
