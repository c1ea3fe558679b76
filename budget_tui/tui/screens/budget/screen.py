"""Global Budget: the money of the period at a glance."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.presentation.formatting import money
from budget_tui.tui import dialogs
from budget_tui.tui.charts import MonthChart, SpendChart
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.monitor import MonitorView
from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.screens.budget.outlook import Outlook
from budget_tui.tui.screens.budget.panel import PeriodPanel


class GlobalBudgetScreen(DashboardScreen):
    """The total and its period, allocated and spent, the days, the outlook."""

    MODE = "budget"
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-low"), (28, "-middling"), (34, "-tall")]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (80, "-wide")]
    BINDINGS = [
        Binding("e,enter", "edit_total", "Edit", id="budget.edit", tooltip="Edit the total of the period"),
        Binding(
            "plus", "edit_total('+')", "More", id="budget.more", show=False, tooltip="Increase the total by a step"
        ),
        Binding(
            "minus", "edit_total('-')", "Less", id="budget.less", show=False, tooltip="Decrease the total by a step"
        ),
        Binding(
            "equals_sign",
            "edit_total('=')",
            "Set",
            id="budget.total",
            show=False,
            tooltip="Enter a new total",
        ),
        Binding("o", "carry", "Carry", id="budget.carry", show=False, tooltip="Set what the total carries over"),
    ]

    def compose_body(self) -> ComposeResult:
        yield PeriodPanel(self.dashboard.settings.step).data_bind(DashboardScreen.snapshot)
        yield MonitorView().data_bind(DashboardScreen.snapshot, DashboardScreen.failure)
        with Horizontal(id="below"):
            with Vertical(id="charts"):
                yield MonthChart().data_bind(DashboardScreen.snapshot)
                yield SpendChart().data_bind(DashboardScreen.snapshot)
            yield Outlook().data_bind(DashboardScreen.snapshot)

    def action_edit_total(self, sign: str = "") -> None:
        self.query_one(PeriodPanel).edit(sign)

    @work(group=ASKING)
    async def action_carry(self) -> None:
        shown = self.snapshot
        if shown is None:
            return
        box = dialogs.carry.CarryScreen("the global budget", "", shown.carry, shown.total, shown.organization.currency)
        if (done := await self.dashboard.ask(box)) is not None:
            self.report(done)

    def on_period_panel_total_edited(self, event: PeriodPanel.TotalEdited) -> None:
        self._set_total(event.amount, event.seen)

    @work
    async def _set_total(self, amount: int, seen: int) -> None:
        panel = self.query_one(PeriodPanel)
        try:
            before = await self.dashboard.run_command(lambda services: services.budgets.set_global(amount, seen))
        except BudgetError as refused:
            if panel.is_editing:
                panel.refuse(str(refused), names_stored=isinstance(refused, Conflict))
            else:
                self.report(str(refused), is_problem=True)
            return
        panel.close_editor()
        currency = self.dashboard.currency
        self.report(f"the budget is {money(amount, currency)} now; it was {money(before, currency)}")
