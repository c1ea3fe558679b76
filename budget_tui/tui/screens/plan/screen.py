"""The plan: budgets against usage, in five tabs under one filter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import ContentSwitcher, Input, Static

from budget_tui.config.paths import styles_dir
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.period import PeriodKind, around
from budget_tui.domain.plan import PlanFilter, PlannedBudget, measured_in
from budget_tui.domain.plan_results import BudgetLine, ForecastsById, PlanOutcome
from budget_tui.domain.variance import VarianceStatus
from budget_tui.presentation import formatting
from budget_tui.services.plan_views import PlanBoard
from budget_tui.services.plans import PlanChange
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.cost_details import box_of
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.render import MUTED, WAITING
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.plan.breakdown import CategoryPane, ProviderPane
from budget_tui.tui.screens.plan.budgets import BudgetPane, BudgetTable
from budget_tui.tui.screens.plan.filter import PlanFilterScreen
from budget_tui.tui.screens.plan.lines import TABS, FilterLine, TabLine
from budget_tui.tui.screens.plan.overview import OverviewPane
from budget_tui.tui.screens.plan.panes import PlanPane, PlanTable
from budget_tui.tui.screens.plan.rescale import ChildTreatment, RescaleScreen
from budget_tui.tui.screens.plan.tree import AllocationPane, TreeTable
from budget_tui.tui.table import Table

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.tui.dialogs.explain import ExplainQuery

BETWEEN_LETTERS = 0.3
"""Seconds after the latest letter of a search in a large plan, before forecasts are read."""
LARGE_PLAN = 500
"""The number of budgets beyond which reading forecasts takes longer than the next letter of a search."""
_LINE = 76
"""Cells of a line of warnings on 80 columns."""
Choice = TypeVar("Choice")


class PlanScreen(ReadingScreen[PlanBoard]):
    """Tabs, the active filters, and the pane of the current tab. All panes share the filters."""

    MODE = "plan"
    CSS_PATH = styles_dir() / "plan.tcss"
    WORKPLACES = (PlanTable, BudgetTable, TreeTable)
    BINDINGS = [
        Binding("a", "create", "Add", id="plan.create", tooltip="Create a budget, or allocate from the top down"),
        Binding("tab", "turn_tab(1)", "Tab", id="plan.next", tooltip="Next tab"),
        Binding("shift+tab", "turn_tab(-1)", "Back", id="plan.previous", show=False, tooltip="Previous tab"),
        Binding("slash", "search", "Search", id="plan.search", show=False, tooltip="Show only budgets that mention …"),
        Binding("f", "filter", "Filter", id="plan.filter", tooltip="Choose what is shown: category, type, entity, …"),
        Binding("C", "next_category", "Category", id="plan.category", show=False, tooltip="Next category"),
        Binding("T", "next_type", "Type", id="plan.type", show=False, tooltip="Next type: money, tokens, seats"),
        Binding("P", "next_period", "Period", id="plan.period", show=False, tooltip="Next kind of period"),
        Binding("V", "next_provider", "Provider", id="plan.provider", show=False, tooltip="Next provider"),
        Binding(
            "H", "next_status", "Status", id="plan.status", show=False, tooltip="Next status: over, approaching, under"
        ),
        Binding("n", "narrow", "Narrow", id="plan.entity", show=False, tooltip="Only this entity and below (toggle)"),
        Binding("escape", "clear", "Clear", id="plan.clear", show=False, tooltip="Show all budgets again"),
        Binding("s", "sort", "Sort", id="plan.sort", show=False, tooltip="Sort budgets by the next column"),
        Binding(
            "exclamation_mark",
            "sort_by_trouble",
            "Trouble",
            id="plan.trouble",
            show=False,
            tooltip="Sort budgets by trouble, the worst first (toggle)",
        ),
        Binding("S", "reverse", "Reverse", id="plan.reverse", show=False, tooltip="Reverse the order of budgets"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._choice = PlanFilter()
        self._warned = Content("")
        self._warned_of: PlanBoard | None = None
        self._lines: Sequence[BudgetLine] = ()
        self._shown: dict[str, tuple[PlanBoard, PlanFilter]] = {}
        self._forecasts: ForecastsById = {}
        self._forecasts_of: PlanBoard | None = None
        self._forecasts_shown: dict[str, ForecastsById] = {}

    def compose_body(self) -> ComposeResult:
        yield TabLine()
        yield FilterLine()
        yield FilterInput("show budgets whose entity, provider or notes contain …")
        yield Static(id="plan-warnings")
        yield Static(WAITING, id="no-plan")
        with ContentSwitcher(initial=TABS[0][0]):
            yield OverviewPane()
            yield BudgetPane(self.dashboard.settings.step)
            yield AllocationPane()
            yield CategoryPane()
            yield ProviderPane()

    def on_mount(self) -> None:
        self.query_one("#plan-warnings").display = False
        self.query_one(ContentSwitcher).display = False

    def read(self, services: Services) -> PlanBoard:
        return services.plan_views.board()

    def watch_reading(self, board: PlanBoard | None) -> None:
        if board is not None:
            self._choose(self._choice)

    def action_create(self) -> None:
        self.dashboard.create_budget(self.pane.entity_id if self.reading and self.reading.lines else "")

    def explain_query(self) -> ExplainQuery | None:
        budget_id = self.pane.budget_id
        if budget_id:
            return lambda services: services.explain.of_planned(budget_id)
        row = self.pane.table.current if self.reading is not None else None
        actual = self.pane.drill_down(row) if row is not None else None
        if actual is None:
            return None
        title, of_type = actual.title, actual.budget_type
        budgets = self.pane.listed(row)
        listed = [budget.budget_id for budget in budgets]
        is_as_planned = all(measured_in(budget) in ((of_type, actual.currency), (of_type, "")) for budget in budgets)
        if not actual.without and len(listed) == 1 and is_as_planned:
            return lambda services: services.explain.of_planned(listed[0])
        if not listed and len(actual.covered) == 1:
            [(scope, period)] = actual.covered
            return lambda services: services.explain.of_usage(title, of_type, scope, period)
        whole = actual.covered if actual.without or not listed else ()
        return lambda services: services.explain.of_sum(title, of_type, actual.currency, listed, whole)

    # Tabs

    @property
    def pane(self) -> PlanPane:
        return self.query_one(f"#{self.query_one(TabLine).tab}", PlanPane)

    def action_show_tab(self, tab: str) -> None:
        self.query_one(TabLine).tab = tab
        self.query_one(ContentSwitcher).current = tab
        self._fill_pane()
        self.pane.table.focus()

    def action_turn_tab(self, by: int) -> None:
        keys = [key for key, _ in TABS]
        self.action_show_tab(keys[(keys.index(self.query_one(TabLine).tab) + by) % len(keys)])

    def _fill_pane(self) -> None:
        """Show the filtered budgets in the current tab, unless it shows them already."""
        board: PlanBoard | None = self.reading
        if board is None:
            return
        pane = self.pane
        before = self._shown.get(pane.TAB)
        if before != (board, self._choice):
            self._shown[pane.TAB] = board, self._choice
            pane.row_forecasts = {}  # those of other rows
            pane.show(board, self._choice, self._lines, is_new=before is None or before[0] is not board)
        self._show_forecasts()
        if not pane.row_forecasts:
            self._read_row_forecasts(pane)
        if self._warned_of is board and not board.has_other_currencies:
            self._warn()  # in the same frame
        else:
            # The first time, and with costs in other currencies, warnings take longer than all the rest: don't wait.
            self.call_after_refresh(self._warn)

    def _warn(self) -> None:
        """Show the warnings. Typing a filter mostly leaves their height as it is; then nothing is laid out again."""
        if self.reading is None:
            return
        self._warned_of = self.reading
        warnings = _briefly(self.pane.warnings(self.reading, self._lines))
        if warnings != self._warned:
            self._warned, line = warnings, self.query_one("#plan-warnings", Static)
            width, height = line.content_size if line.display else (0, 0)
            line.display = bool(warnings)
            line.update(warnings, layout=not width or len(warnings.wrap(width)) != height)

    # Filtering

    def _choose(self, choice: PlanFilter) -> None:
        board: PlanBoard | None = self.reading
        self._choice = choice
        if board is None:
            return
        self._lines = board.chosen(choice)
        line = self.query_one(FilterLine)
        line.filter = choice
        line.found = f"{len(self._lines):,} of {formatting.count(len(board.lines), 'budget')}"
        days = around({line.budget.period for line in self._lines})
        of_days = f" · {formatting.period_name(days)}" if days else ""
        self.query_one(TabLine).summary = f"{formatting.count(len(board.lines), 'budget')}{of_days}"
        has_plan = bool(board.lines)
        nothing, switcher = self.query_one("#no-plan", Static), self.query_one(ContentSwitcher)
        nothing.display, switcher.display = not has_plan, has_plan
        if not has_plan:
            nothing.update(_how_to_begin(key_of(self, "plan.create")))
        else:
            self._fill_pane()
            if self.focused is None:
                self.pane.table.focus()
            self._read_forecasts()

    @work(exclusive=True, group="forecasts")
    async def _read_forecasts(self) -> None:
        """Read the forecasts of the budgets shown, after their figures."""
        board: PlanBoard | None = self.reading
        if board is None:
            return
        periods = {line.budget.period for line in self._lines}
        in_running = {period for period in periods if period.contains(board.as_of)}
        running = [line.budget for line in self._lines if line.budget.period in in_running]
        known = self._forecasts if self._forecasts_of is board else {}
        if not known and self._forecasts:  # those of earlier figures
            self._forecasts = {}
            self._show_forecasts()
        missing = [budget for budget in running if budget.budget_id not in known]
        if not missing:
            return
        if len(board.lines) > LARGE_PLAN:
            await asyncio.sleep(BETWEEN_LETTERS)
        try:
            found = await self.dashboard.read(lambda services: services.plan_views.forecasts(missing))
        except BudgetError:  # reading the plan runs into it, too, and reports it
            return
        self._forecasts_of, now = board, {**known, **found}
        if now != self._forecasts:
            self._forecasts = now
            self._show_forecasts()

    @work(exclusive=True, group="row-forecasts")
    async def _read_row_forecasts(self, pane: PlanPane) -> None:
        """Read the forecasts of a pane's rows that are no single budget, after their figures."""
        query, shown = pane.row_forecasts_query(), self._shown[pane.TAB]
        if query is None:
            return
        if len(shown[0].lines) > LARGE_PLAN:
            await asyncio.sleep(BETWEEN_LETTERS)
        try:
            found = await self.dashboard.read(query)
        except BudgetError:  # as above
            return
        if found and self._shown[pane.TAB] is shown:
            pane.row_forecasts = found
            pane.show_forecasts()

    def _show_forecasts(self) -> None:
        pane = self.pane
        if self._forecasts_shown.get(pane.TAB) is not self._forecasts:
            self._forecasts_shown[pane.TAB] = pane.forecasts = self._forecasts
            pane.show_forecasts()

    @work(group=ASKING)
    async def action_filter(self) -> None:
        try:  # a key right after the one that shows the plan comes before its first reading
            board = self.reading or await self.dashboard.read(self.read)
            entities = await self.dashboard.read(lambda services: services.entities.active())
        except BudgetError as error:
            self.report(str(error), is_problem=True)
            return
        choice = await self.dashboard.ask(PlanFilterScreen(board.providers, entities, self._choice))
        if choice is not None:
            self._choose(choice)

    def action_next_category(self) -> None:
        self._choose(replace(self._choice, category=_next(Category, self._choice.category)))

    def action_next_type(self) -> None:
        self._choose(replace(self._choice, budget_type=_next(BudgetType, self._choice.budget_type)))

    def action_next_period(self) -> None:
        self._choose(replace(self._choice, period_kind=_next(PeriodKind, self._choice.period_kind)))

    def action_next_status(self) -> None:
        self._choose(replace(self._choice, status=_next(VarianceStatus, self._choice.status)))

    def action_next_provider(self) -> None:
        if self.reading is not None:
            found = _next(self.reading.providers, self._choice.provider or None)
            self._choose(replace(self._choice, provider=found or ""))

    def action_narrow(self) -> None:
        entity_id = "" if self._choice.entity_id else self.pane.entity_id
        self._choose(replace(self._choice, entity_id=entity_id))

    def action_search(self) -> None:
        self._search_field.open()

    def action_clear(self) -> None:
        self._search_field.close()
        self._choose(PlanFilter())
        self.pane.table.focus()

    @on(FilterInput.Cancelled)
    def _search_left(self) -> None:
        """Clear the search; the other filters stay."""
        self._search_field.close()
        self._search()
        self.pane.table.focus()

    @on(Input.Changed, "FilterInput")
    def _searched(self) -> None:
        """Draw the letter first, then the matches: drawn together, both would wait for the next frame."""
        self.call_after_refresh(self._search)

    def _search(self) -> None:
        wanted = self._search_field.value.strip()
        if wanted != self._choice.search:  # of several letters in one frame, the first call has searched for all
            self._choose(replace(self._choice, search=wanted))

    @on(Input.Submitted, "FilterInput")
    def _search_done(self, event: Input.Submitted) -> None:
        self._search()
        event.input.display = False
        self.pane.table.focus()

    @property
    def _search_field(self) -> FilterInput:
        return self.query_one(FilterInput)

    # Cost details

    @on(Table.Opened)
    @work(group=ASKING)
    async def _open(self, event: Table.Opened) -> None:
        actual = self.pane.drill_down(event.row)
        if actual is None:
            self.report("no data about its use", is_problem=True)
            return
        await self.dashboard.ask(box_of(actual))

    # Changing

    @on(BudgetPane.Edited)
    @work(group=ASKING)
    async def _edit(self, event: BudgetPane.Edited) -> None:
        pane, board, budget, amount = self.query_one(BudgetPane), self.reading, event.budget, event.amount
        children = board.children_of(budget.budget_id) if board is not None and amount != budget.amount else []
        rescale = False
        if children:
            treatment = await self.dashboard.ask(RescaleScreen(budget, amount, children))
            if treatment is None:
                pane.refuse("nothing was changed: choose what happens to its children, or cancel")
                return
            rescale = treatment is ChildTreatment.RESCALED
        change = PlanChange(amount=amount)
        try:
            outcome = await self.dashboard.run_command(
                lambda services: services.plans.update(budget.budget_id, change, budget.amount, rescale)
            )
            self.reading = await self.dashboard.read(self.read)
        except BudgetError as refused:
            self.reading = await self.dashboard.read(self.read)  # the error contains the stored value
            pane.refuse(str(refused), names_stored=True)
            return
        pane.accept(event.advance)
        self.report_done(_changed(budget, outcome), is_changed=outcome.budget.amount != budget.amount)

    @on(BudgetTable.DeleteRequested)
    @work(group=ASKING)
    async def _delete(self, event: BudgetTable.DeleteRequested) -> None:
        budget = event.budget
        name = formatting.plan_name(budget)
        question = f"Delete {name}? Its costs and the budgets allocated from it are kept."
        await self.run_if_confirmed(
            "Delete a budget",
            question,
            "Delete",
            lambda services: services.plans.delete(budget.budget_id),
            lambda outcome: "; ".join([f"{name} is deleted: u restores it", *outcome.warnings]),
        )

    # Sorting

    def action_sort(self) -> None:
        self.pane.sort_by_next()

    def action_reverse(self) -> None:
        self.pane.reverse()

    def action_sort_by_trouble(self) -> None:
        self.pane.sort_by_trouble()

    @on(Table.SortRequested)
    def _header_clicked(self, event: Table.SortRequested) -> None:
        self.pane.sort_by(event.key)


def _how_to_begin(key: str) -> Content:
    """Describe how to plan the first budget; ``key`` begins it."""
    return Content("\n").join(
        [
            Content("No plan yet."),
            Content(""),
            Content.styled(
                "A budget is what an entity may use in a period: of one category or in total, in money, tokens or"
                " seats, of one provider or of any. Costs count against it as they come in.",
                MUTED,
            ),
            Content(""),
            Content.assemble((key, "bold $accent"), (" plans one. On the command line, for a department:", MUTED)),
            Content("  budget-tui entity add DEPT-ENG --name Engineering"),
            Content("  budget-tui plan create DEPT-ENG cloud 30000 --period 2026-Q1"),
            Content(""),
            Content.styled("An example to look at:", MUTED),
            Content("  budget-tui --db demo.db demo --load"),
            Content("  budget-tui --db demo.db --org acme --as-of 2026-03-31"),
        ]
    )


def _briefly(warnings: Sequence[str]) -> Content:
    """Return one or two warnings on a line each; of more, or of longer ones, the first, and how many more there are."""
    if len(warnings) > 2 or any(len(each) > _LINE for each in warnings):
        first, *others = warnings
        more = f"and {formatting.count(len(others), 'more warning')}: budget-tui plan summary"
        return Content("; ".join([first, more] if others else [first]))
    return Content("\n".join(warnings))


def _changed(before: PlannedBudget, outcome: PlanOutcome) -> str:
    after = outcome.budget
    was, now = (formatting.amount_of(each.amount, each.budget_type, each.currency) for each in (before, after))
    scaled = f", with {formatting.count(len(outcome.rescaled), 'budget')} below it" if outcome.rescaled else ""
    warnings = [f"▲ {warning}" for warning in outcome.warnings]
    return "; ".join([f"{formatting.plan_name(after)}: {was} → {now}{scaled}", *warnings])


def _next(of: Iterable[Choice], current: Choice | None) -> Choice | None:
    """Return the choice after ``current``; after the last one None, which means all."""
    order: list[Any] = [None, *of]
    return order[(order.index(current) + 1) % len(order)] if current in order else None
