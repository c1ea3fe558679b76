"""Global Budget: the money of the period at a glance."""

import asyncio
from datetime import timedelta

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.errors import BudgetError, Conflict, Unexpected
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation import formatting
from budget_tui.presentation.formatting import money
from budget_tui.tui import dialogs
from budget_tui.tui.charts import DayChart, MonthChart, SpendChart
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.monitor import MonitorView
from budget_tui.tui.render import MUTED, STRONG, WAITING
from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.screens.budget.outlook import Outlook
from budget_tui.tui.screens.budget.panel import PeriodPanel
from budget_tui.tui.screens.budget.plan import PlanGlance

_PERIODS = {PeriodKind.MONTHLY: "this month", PeriodKind.QUARTERLY: "this quarter", PeriodKind.YEARLY: "this year"}


_EXPORTS = "a cloud's FOCUS export, or a CSV with dates and amounts"
_WELCOME = "Share a month's money out among projects, and see in time who runs out."
_MIN_HEIGHT_OF_STEPS, _MIN_HEIGHT_OF_WELCOME = 15, 20
_DONE, _NEXT, _LATER = ("✓ ", "$success"), ("▶ ", "$accent"), ("○ ", MUTED)
_WEEKS = 16


class FirstSteps(Widget):
    """The steps left until the screen is useful, each with its key."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    programs: reactive[tuple[str, ...]] = reactive((), layout=True)
    """The programs whose logs are on this machine."""

    def on_mount(self) -> None:
        self.border_title = "Welcome: three steps to a useful screen"

    def render(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content(WAITING)
        period = _PERIODS[snapshot.organization.period_rule.kind]
        edit, add = (key_of(self.screen, name) for name in ("budget.edit", "budget.add_project"))
        load, record, keys, manual = (
            key_of(self.app, name) for name in ("cost.import", "cost.record", "help", "manual")
        )
        sync = key_of(self.app, "cost.sync") if self.programs else ""
        if self.screen.size.height < _MIN_HEIGHT_OF_STEPS:
            logs = ((sync, "logs"),) if sync else ()
            brief = ((edit, "total"), (add, "project"), *logs, (load, "import"), (record, "record"))
            return Content("  ").join(Content.assemble((key, "bold $accent"), f" {word}") for key, word in brief)
        words_before = len("  i  or import costs: " if sync else "○ i  import costs: ")
        exports = _EXPORTS if self.content_size.width >= words_before + len(_EXPORTS) else "FOCUS or CSV"
        imports = f"import costs: {exports}"
        steps = (
            (snapshot.is_budgeted, edit, f"set what may be spent {period}"),
            (bool(snapshot.projects), add, "add a project, and what it gets of that"),
            (
                snapshot.has_costs,
                sync or load,
                f"read what {' and '.join(self.programs)} logged here" if sync else imports,
            ),
        )
        following = next((key for is_done, key, _ in steps if not is_done), "")
        lines = [
            Content.assemble(
                _DONE if is_done else _NEXT if key == following else _LATER,
                (key, "bold $accent"),
                (f"  {words}", MUTED if is_done else STRONG if key == following else ""),
            )
            for is_done, key, words in steps
        ]
        others = ((load, imports), (record, "record one by hand")) if sync else ((record, "record one by hand"),)
        lines += [Content.assemble("  ", (key, "bold $accent"), f"  or {words}") for key, words in others]
        more = Content.assemble(
            *((manual, "bold $accent"), " manual  ", (keys, "bold $accent"), " keys  "),
            *(("budget-tui demo", "bold"), (" shows it with data", MUTED)),
        )
        is_roomy = self.screen.size.height >= _MIN_HEIGHT_OF_WELCOME and self.content_size.width >= len(_WELCOME)
        welcome = [Content.styled(_WELCOME, MUTED), Content("")] if is_roomy else []
        return Content("\n").join([*welcome, *lines, Content(""), more])


def _has_figures(snapshot: BudgetSnapshot) -> bool:
    return bool(snapshot.is_budgeted or snapshot.projects or snapshot.has_costs)


class GlobalBudgetScreen(DashboardScreen):
    """The total and its period, allocated and spent, the days, the outlook."""

    MODE = "budget"
    WORKPLACES = (PlanGlance,)
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
        Binding("a", "add_project", "Add", id="budget.add_project", show=False, tooltip="Add a project to the budget"),
        Binding("l", "costs", "Costs", id="budget.costs", tooltip="Show the costs of the period"),
        Binding("d", "days", "Days", id="budget.days", tooltip="Choose a day in the chart, to see its costs"),
        Binding("o", "carry", "Carry", id="budget.carry", show=False, tooltip="Set what the total carries over"),
    ]

    def compose_body(self) -> ComposeResult:
        yield PeriodPanel(self.dashboard.settings.step).data_bind(DashboardScreen.snapshot)
        yield MonitorView().data_bind(DashboardScreen.snapshot, DashboardScreen.failure)
        yield FirstSteps().data_bind(DashboardScreen.snapshot)
        with Horizontal(id="below"):
            with Vertical(id="charts"):
                yield MonthChart().data_bind(DashboardScreen.snapshot)
                yield SpendChart().data_bind(DashboardScreen.snapshot)
            with Vertical(id="side"):
                yield Outlook().data_bind(DashboardScreen.snapshot)
                yield PlanGlance()

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        begins = snapshot is not None and snapshot.begins
        if begins and not self.has_class("-begins"):
            self._look_for_logs()
        self.set_class(begins, "-begins")
        self.set_class(begins and snapshot is not None and not _has_figures(snapshot), "-blank")

    @work(exclusive=True, group="logs")
    async def _look_for_logs(self) -> None:
        """Look which programs have logs on this machine, in a thread of its own: a home may be large or far away."""
        found = await asyncio.to_thread(lambda: self.dashboard.services.agent_logs.found())
        for steps in self.query(FirstSteps):
            steps.programs = tuple(each.title for each in found)

    def on_mount(self) -> None:
        self.watch(self.app, "readings", self._look_at_plan_again, init=False)

    def on_screen_resume(self) -> None:
        self._look_at_plan()

    def _look_at_plan_again(self) -> None:
        self._look_at_plan()

    @work(exclusive=True, group="plan")
    async def _look_at_plan(self) -> None:
        """Read forecasts and a summary of the plan, after the screen's own numbers and again after each change."""
        if not self.is_current or self.snapshot is None:
            return
        try:
            summary = await self.dashboard.read(lambda services: services.plan_views.at_a_glance())
            forecasts = await self.dashboard.read(lambda services: services.forecasts.current())
            shown, since = self.snapshot, self.snapshot.as_of - timedelta(weeks=_WEEKS - 1)
            since -= timedelta(days=since.weekday())
            days = await self.dashboard.read(lambda services: services.cost_details.recent_days(shown, since))
        except Exception as error:
            self.failure = str(error if isinstance(error, BudgetError) else Unexpected(error))
            return
        for glance in self.query(PlanGlance):  # there is none any more if the dashboard is closing
            glance.summary = summary
        for widget in (*self.query(Outlook), *self.query(MonthChart)):
            widget.forecasts = forecasts
        for outlook in self.query(Outlook):
            outlook.days = days
        if forecasts.total.has_range:
            self._look_back()

    @work(exclusive=True, group="backtest")
    async def _look_back(self) -> None:
        """Read how good past forecasts were, in a thread of its own: for a large organization that takes a second."""
        try:
            lately = await asyncio.to_thread(self.dashboard.services.backtests.lately)
        except Exception as error:
            self.failure = str(error if isinstance(error, BudgetError) else Unexpected(error))
            return
        for outlook in self.query(Outlook):
            outlook.lately = lately

    @work(group=ASKING)
    async def action_add_project(self) -> None:
        await dialogs.project_form.add_project(self)

    def action_edit_total(self, sign: str = "") -> None:
        self.query_one(PeriodPanel).edit(sign)

    @work(group=ASKING)
    async def action_costs(self) -> None:
        if (shown := self.snapshot) is not None:
            await dialogs.cost_details.show_costs(
                self.dashboard, ROOT_ID, shown.period, formatting.period_name(shown.period)
            )

    def action_days(self) -> None:
        """Go to the days of the chart; of two, the one that shows each."""
        charts = [chart for chart in self.query(DayChart) if chart.region]
        if charts:
            charts[-1].focus()
        else:
            self.report("there is no room for the chart here", is_problem=True)

    @on(DayChart.Opened)
    @work(group=ASKING)
    async def _open_day(self, event: DayChart.Opened) -> None:
        await dialogs.cost_details.show_costs(
            self.dashboard, ROOT_ID, Period(event.day, event.day), formatting.long_day(event.day)
        )

    @work(group=ASKING)
    async def action_carry(self) -> None:
        shown = self.snapshot
        if shown is None:
            return
        box = dialogs.carry.CarryScreen("the global budget", "", shown.carry, shown.total, shown.organization.currency)
        if (done := await self.dashboard.ask(box)) is not None:
            self.report_done(done, is_changed=box.is_changed)

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
        self.report_done(f"the budget is {money(amount, currency)} now; it was {money(before, currency)}")
