"""What is moved takes the costs of open days along; on closed days everything counts where it stood when they were."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.coverage import Scope
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.tree import Placement
from budget_tui.services.cost_details import CostPage, actual_of
from budget_tui.services.usage import Usage, UsageQuery
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.planning import PlanHome, planning_home

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
IN_FEBRUARY = date(2026, 2, 10)
DEPARTMENTS = ("ENG", "OPS")


def furnish(path: Path) -> None:
    """January, with budgets and use of every type, and its close."""
    home = planning_home(path)
    home.services.entities.import_placements(
        [
            Placement("ENG", "Engineering", "department"),
            Placement("OPS", "Operations", "department"),
            Placement("WEB", "Website", "project", "ENG"),
            Placement("BACKEND", "Backend", "team", "WEB"),
        ]
    )
    home.services.agents.add("scout", "WEB", model="gpt-5", tokens=1000)
    home.services.agents.consume("scout", 60)
    for period in ("2026-01", "2026"):
        for entity in (*DEPARTMENTS, "WEB"):
            home.plan(entity, "total", "1000", period)
            home.plan(entity, "total", "1M", period, budget_type="token")
            home.plan(entity, "subscription", "20", period, budget_type="seat")
    home.spent("BACKEND", "70", "2026-01-05", tokens=500)
    home.spent("WEB", "30", "2026-01-31", provider="OpenAI", tokens=40)
    home.services.fx.set("EUR", "USD", Decimal("1.19"), date(2026, 1, 7))
    home.services.fx.set("EUR", "USD", Decimal("1.19"), date(2026, 2, 1))
    home.billed(("BACKEND", "10", "EUR", "2026-01-07", "OpenAI"), ("BACKEND", "5", "EUR", "2026-02-01", "OpenAI"))
    home.services.seats.register("BACKEND", "figma", 12, date(2026, 1, 3))
    planning_home(path, today=IN_FEBRUARY).services.periods.catch_up()


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return planning_home(engine.new(furnish), today=IN_FEBRUARY)


def of_january(home: PlanHome) -> dict[str, Any]:
    """What every view says of January, with all that is listed behind each number and said to explain it."""
    conditions = {"period_start": JANUARY.start, "period_end": JANUARY.end}
    board = home.board()
    lines = [line for line in board.lines if line.budget.period == JANUARY]
    lines.sort(key=lambda line: line.budget.budget_id)  # the order of a listing is that of the hierarchy now
    summary = home.summary(**conditions)
    chosen = board.chosen(PlanFilter(entity_id="ENG"))
    return {
        "summary": {line.budget.budget_id: line.figures for line in summary.lines},
        "totals": (summary.totals, summary.left_out, summary.warnings),
        "by category": [home.by_category(entity, **conditions) for entity in DEPARTMENTS],
        "by provider": [home.by_provider(entity, **conditions) for entity in DEPARTMENTS],
        "tree": {
            root.budget.budget_id: [child.budget.entity_id for child in root.children]
            for root in home.tree("ENG").roots
            if root.budget.period == JANUARY
        },
        "lines": {(line.budget.entity_id, line.budget.budget_type): line.figures.actual for line in lines},
        "chosen": [line.budget.budget_id for line in lines if line in chosen],
        "trend": [dict(board.trend(counting)).get(JANUARY) for _, counting in board.totals(lines)],
        "behind": [behind(home, line.budget) for line in lines],
        "explained": [explained(home, line.budget) for line in lines],
        "history": home.services.history.periods(10),
    }


def behind(home: PlanHome, budget: PlannedBudget) -> CostPage:
    try:
        return home.services.cost_details.page(actual_of(budget, ""))
    finally:
        home.services.cost_details.close()


def explained(home: PlanHome, budget: PlannedBudget) -> tuple[object, ...]:
    found = home.services.explain.of_planned(budget.budget_id)
    return found.values, found.counting


def actuals(home: PlanHome, period: Period) -> dict[tuple[str, BudgetType], int | None]:
    lines = home.summary(period_start=period.start, period_end=period.end).lines
    return {(line.budget.entity_id, line.budget.budget_type): line.figures.actual for line in lines}


def test_every_view_of_a_closed_month_stays_as_it_was(home: PlanHome) -> None:
    before = of_january(home)
    money, tokens, seats = BudgetType
    for entity in ("ENG", "WEB"):
        assert before["lines"][entity, money] == parse_amount("111.90")
        assert (before["lines"][entity, tokens], before["lines"][entity, seats]) == (600, 12)
    assert [before["lines"]["OPS", each] for each in BudgetType] == [0, None, None]
    home.services.entities.move("WEB", "OPS")
    after = of_january(home)
    for view, told in before.items():
        assert after[view] == told, view


def test_open_days_go_along(home: PlanHome) -> None:
    home.spent("WEB", "9", "2026-02-09", tokens=7)
    before = actuals(home, YEAR)
    home.services.entities.move("WEB", "OPS")
    after = actuals(home, YEAR)
    money, tokens, seats = BudgetType
    assert (before["ENG", money], after["ENG", money]) == (parse_amount("126.85"), parse_amount("111.90"))
    assert (before["OPS", money], after["OPS", money]) == (0, parse_amount("14.95"))
    assert (after["ENG", tokens], after["OPS", tokens]) == (600, 7)
    assert (after["ENG", seats], after["OPS", seats]) == (12, 12)  # as many seats here then as there now
    assert all(before["WEB", each] == after["WEB", each] for each in BudgetType)


def test_what_counts_and_what_is_listed_add_up_to_each_actual(home: PlanHome) -> None:
    home.spent("WEB", "9", "2026-02-09", tokens=7)
    home.services.entities.move("WEB", "OPS")
    for line in home.summary().lines:
        assert behind(home, line.budget).total == (line.figures.actual or 0)
        if line.budget.budget_type is not BudgetType.SEAT:
            counting = home.services.explain.of_planned(line.budget.budget_id).counting
            assert sum(group.amount for group in counting) == (line.figures.actual or 0)


def test_late_costs_count_where_everything_stood_and_restate_what_was_closed(home: PlanHome) -> None:
    home.services.entities.move("WEB", "OPS")
    home.spent("BACKEND", "4", "2026-01-20")
    assert actuals(home, JANUARY)["ENG", BudgetType.MONETARY] == parse_amount("115.90")
    assert actuals(home, JANUARY)["OPS", BudgetType.MONETARY] == 0
    [closed] = home.services.history.periods(10)
    assert closed.restated == parse_amount("4")
    assert {line.entity_id: line.restated for line in closed.projects} == {"WEB": parse_amount("4")}


@pytest.mark.both_engines
def test_a_team_that_changes_its_project_restates_no_closed_project(home: PlanHome) -> None:
    home.services.entities.add("SHOP", "OPS", "project")
    home.services.entities.move("BACKEND", "SHOP")
    [closed] = home.services.history.periods(10)
    assert {line.entity_id: line.restated for line in closed.projects} == {"WEB": 0}
    assert (home.pace("SHOP").spent, home.pace("WEB").spent) == (parse_amount("5.95"), 0)


@pytest.mark.both_engines
def test_on_the_day_of_an_early_close_every_screen_tells_the_closed_period_as_it_stood(home: PlanHome) -> None:
    home.spent("BACKEND", "9", "2026-02-09")
    home.services.entities.add("SHOP", "OPS", "project")
    home.services.periods.close()
    home.services.entities.move("BACKEND", "SHOP")
    assert (home.pace("WEB").spent, home.pace("SHOP").spent) == (parse_amount("14.95"), 0)
    explained = home.services.explain.of_project("WEB")
    assert sum(group.amount for group in explained.counting) == parse_amount("14.95")
    assert next(value for value in explained.values if value.key == "spent").value.value == parse_amount("14.95")
    [closed, _] = home.services.history.periods(2)
    assert {line.entity_id: line.spent + line.restated for line in closed.projects} == {
        "WEB": parse_amount("14.95"),
        "SHOP": 0,
    }


def test_what_came_after_the_close_stands_where_it_is_on_all_days(home: PlanHome) -> None:
    """Somebody builds the tree and then imports last year's bills."""
    home.services.entities.add("DATA", "ENG", "team")
    home.services.entities.move("DATA", "OPS")
    home.spent("DATA", "8", "2026-01-20")
    assert actuals(home, JANUARY)["OPS", BudgetType.MONETARY] == parse_amount("8")


def test_a_move_that_is_taken_back_leaves_nothing_behind(home: PlanHome) -> None:
    home.spent("WEB", "9", "2026-02-09")
    before = actuals(home, JANUARY), actuals(home, YEAR)
    home.services.entities.move("WEB", "OPS")
    moved = actuals(home, JANUARY), actuals(home, YEAR)
    home.services.undo.undo()
    assert (actuals(home, JANUARY), actuals(home, YEAR)) == before
    home.services.undo.redo()
    assert (actuals(home, JANUARY), actuals(home, YEAR)) == moved


def test_explain_names_what_stood_elsewhere(home: PlanHome) -> None:
    home.services.entities.move("WEB", "OPS")
    [ops] = [each for each in home.listed(entity_id="OPS", period_start=JANUARY.start) if each.period == JANUARY][:1]
    told = [finding.text for finding in home.services.explain.of_planned(ops.budget_id).causes]
    assert "of BACKEND, which stood elsewhere through Jan 31, 2026: closed days count where it stood then" in told
    [eng] = [each for each in home.listed(entity_id="ENG", period_start=JANUARY.start) if each.period == JANUARY][:1]
    rules = home.services.explain.of_planned(eng.budget_id).rules
    assert "WEB stood here through Jan 31, 2026: closed days count where it stood then" in rules


def test_explain_tells_what_stood_above_from_what_stands_there_now(home: PlanHome) -> None:
    for entity in DEPARTMENTS:
        home.spent(entity, "3", "2026-01-09")
    home.services.entities.move("WEB", "OPS")
    for period, above in ((JANUARY, "ENG"), (YEAR, "OPS")):
        web = next(each for each in home.listed(entity_id="WEB", period_end=period.end))
        told = [finding.text for finding in home.services.explain.of_planned(web.budget_id).left_out]
        assert [text for text in told if "stands above" in text] == [
            f"of {above} itself, which stands above: not handed down"
        ]


# Whatever is done


IDS = ("A", "A1", "B", "C", "D")
LEVELS = ("department", "project", "team")


def begun(address: Address) -> None:
    """A database with nothing but the first month."""
    planning_home(address).services.budgets.set_global(0)


class Turning(RuleBasedStateMachine):
    """Entities come and are moved while months go by, beside a record of where each stood at each close."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.home = planning_home(engine.new(begun))
        self.parents = {"ORG": ""}
        self.closed: list[dict[str, str]] = []
        self.own: dict[tuple[str, int], int] = {}

    def teardown(self) -> None:
        self.engine.clear()

    @property
    def month(self) -> int:
        return len(self.closed) + 1

    @rule(entity=st.sampled_from(IDS), parent=st.sampled_from(("ORG", *IDS)), level=st.sampled_from(LEVELS))
    def add(self, entity: str, parent: str, level: str) -> None:
        try:
            self.home.services.entities.add(entity, parent, level)
        except BudgetError:
            return
        self.parents[entity] = parent

    @rule(entity=st.sampled_from(IDS), parent=st.sampled_from(("ORG", *IDS)))
    def move(self, entity: str, parent: str) -> None:
        try:
            self.home.services.entities.move(entity, parent)
        except BudgetError:
            return
        self.parents[entity] = parent

    @rule(entity=st.sampled_from(IDS), cents=st.integers(1, 500), data=st.data())
    def spend(self, entity: str, cents: int, data: st.DataObject) -> None:
        month = data.draw(st.integers(1, self.month))
        if entity in self.parents:
            self.home.spent(entity, f"{cents / 100:.2f}", f"2026-0{month}-05")
            key = entity, month
            self.own[key] = self.own.get(key, 0) + cents * 10_000_000

    @rule()
    def turn_the_month(self) -> None:
        if self.month < 5:
            self.closed.append(dict(self.parents))
            self.home = planning_home(self.home.address, today=date(2026, self.month, 10))
            self.home.services.periods.catch_up()

    @invariant()
    def each_month_adds_up_as_everything_stood_then(self) -> None:
        months = [Period(date(2026, month, 1), date(2026, month, 10)) for month in range(1, self.month + 1)]
        with self.home.services.context.reading() as session:
            organization = self.home.services.context.organization(session)
            keys = {each.entity_id: each.entity_key for each in session.fast.entities(organization.org_key)}
            queries = [
                UsageQuery(BudgetType.MONETARY, Scope(key, "total", "", "USD"), month)
                for key in keys.values()
                for month in months
            ]
            found = Usage(session, organization, months[-1].end, queries)
            for month, period in enumerate(months, 1):
                for entity, key in keys.items():
                    scope = Scope(key, "total", "", "USD")
                    assert found.of(BudgetType.MONETARY, scope, period) == self.rolled_up(entity, month)

    def rolled_up(self, entity: str, month: int) -> int:
        return sum(
            cents for (of, in_month), cents in self.own.items() if in_month == month and entity in self.above(of, month)
        )

    def above(self, entity: str, month: int) -> list[str]:
        chain = []
        while entity:
            chain.append(entity)
            known = (parents[entity] for parents in self.closed[month - 1 :] if entity in parents)
            entity = next(known, self.parents[entity])
        return chain


def test_months_turn(engine: Engine) -> None:
    run_state_machine_as_test(
        lambda: Turning(engine), settings=settings(max_examples=examples(5), stateful_step_count=14, deadline=None)
    )
