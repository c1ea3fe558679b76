"""What was done to the plan is taken back and made again, unless somebody changed it since."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.bootstrap import Services
from budget_tui.domain.errors import BudgetError, Conflict, NotFound
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan import ChildShare
from budget_tui.schemas.plan import BudgetDetails
from budget_tui.services.period_rules import RuleChange
from budget_tui.services.plans import PlanChange
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.conftest import usd
from tests.services.planning import TREE, PlanHome, as_json, percents, plan_of, planning_home


def begun(address: Address) -> None:
    """A company that plans one budget, with projects that have budgets in the running period."""
    home = planning_home(address)
    home.services.entities.import_placements(TREE)
    home.budget("500")
    home.plan("DEPT-ENG", "cloud", "1000")


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return planning_home(engine.new(begun))


def by(home: PlanHome, actor: str) -> PlanHome:
    return PlanHome(Services(replace(home.services.context, actor=actor), home.services.settings))


def state(home: PlanHome) -> object:
    """All that a change of the plan can touch; keys and times apart."""
    budgets = home.rows(
        "SELECT b.entity_key, b.category, b.budget_type, b.amount, b.base, b.currency, b.period_kind, b.period_start,"
        " b.period_end, b.provider, b.notes, b.in_cycle, a.amount, p.entity_key, p.period_kind FROM budget b"
        " LEFT JOIN allocation a ON a.child_budget_id = b.budget_id"
        " LEFT JOIN budget p ON p.budget_id = a.parent_budget_id"
        " WHERE b.is_active AND NOT (b.in_cycle AND b.amount = 0) ORDER BY 1, 2, 3, 8, 9, 10"
    )
    rule = home.rows("SELECT time_zone, period_kind, anchor_day, fiscal_start_month FROM organization")
    return budgets, rule


def first(home: PlanHome, entity: str = "DEPT-ENG") -> str:
    return next(budget.budget_id for budget in home.listed(entity_id=entity) if not budget.in_cycle)


def allocate(home: PlanHome, parent: str = "ORG", amount: str = "900", **shares: str) -> None:
    shares = shares or {"DEPT_ENG": "40", "DEPT_OPS": "25"}
    home.services.plans.allocate(plan_of(parent, "cloud", amount, "2026"), percents(**shares))


COMMANDS: dict[str, Callable[[PlanHome], object]] = {
    "create": lambda home: home.plan("DEPT-OPS", "genai", "700", notes="models"),
    "create tokens": lambda home: home.plan("DEPT-OPS", "genai", "7M", budget_type="token"),
    "create in the running period": lambda home: home.plan("PROJ-PLATFORM", "total", "70", "2026-01"),
    "update": lambda home: home.services.plans.update(first(home), PlanChange(usd("1200"), "more", "gcp")),
    "move": lambda home: home.services.plans.update(
        first(home),
        PlanChange(period_kind=PeriodKind.MONTHLY, period=plan_of("ORG", "cloud", "1", "2026-03").period),
    ),
    "delete": lambda home: home.services.plans.delete(first(home)),
    "allocate": allocate,
    "allocate further": lambda home: home.services.plans.allocate(
        plan_of("DEPT-ENG", "cloud", "1000"), [ChildShare("PROJ-PLATFORM", Fraction(50))]
    ),
    "periods": lambda home: home.services.period_rules.set(RuleChange(PeriodKind.QUARTERLY, 0, 4, "Europe/Berlin")),
}


@pytest.mark.both_engines
def test_the_children_of_a_deleted_budget_are_of_none_until_it_is_brought_back(home: PlanHome) -> None:
    made = home.services.plans.allocate(plan_of("ORG", "cloud", "100", "2026"), percents(DEPT_ENG="40", DEPT_OPS="25"))
    parent, views = made.parent.budget_id, home.services.plan_views

    def looked_at(budget_id: str) -> Any:
        return as_json(BudgetDetails.from_outcome(views.one(budget_id), "default"))

    def told() -> list[tuple[str | None, object]]:
        children = [looked_at(child.budget.budget_id) for child in made.children]
        return [(child["parent_budget_id"], child["allocation"]) for child in children]

    records = [
        {
            "allocation_id": child.allocation_id,
            "parent_budget_id": parent,
            "child_budget_id": child.budget.budget_id,
            "allocated_amount": amount,
            "allocation_percentage": amount,
        }
        for child, amount in zip(made.children, (40, 25), strict=True)
    ]
    assert told() == [(parent, record) for record in records]
    assert looked_at(parent)["allocations"] == records
    home.services.plans.delete(parent)
    assert told() == [(None, None), (None, None)]
    assert [node.budget.entity_id for node in home.tree().roots if node.budget.category == "cloud"][-1] == "DEPT-OPS"
    again = home.services.plans.allocate(plan_of("DEPT-ENG", "cloud", "40", "2026"), percents(TEAM_BACKEND="50"))
    assert again.parent.budget_id == made.children[0].budget.budget_id
    home.services.undo.undo()
    home.services.undo.undo()
    assert told() == [(parent, record) for record in records]
    views.close()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_change_is_taken_back_and_made_again(home: PlanHome, name: str) -> None:
    before = state(home)
    COMMANDS[name](home)
    after = state(home)
    assert after != before
    for _ in range(2):
        home.services.undo.undo()
        assert state(home) == before
        home.services.undo.redo()
        assert state(home) == after


@pytest.mark.both_engines
def test_it_says_what_it_took_back(home: PlanHome) -> None:
    allocate(home)
    assert home.services.undo.undo().what == (
        "Default: $900.00 planned for cloud, Jan 1 – Dec 31, 2026;"
        " Engineering: $360.00 planned for cloud, Jan 1 – Dec 31, 2026 and 3 more"
    )
    home.services.plans.update(first(home), PlanChange(usd("1200")))
    assert home.services.undo.undo().what == "Engineering: cloud planned $1,000.00 → $1,200.00"
    home.services.plans.delete(first(home))
    assert home.services.undo.undo().what == "Engineering: $1,000.00 no longer planned for cloud, Jan 1 – Mar 31, 2026"
    home.services.period_rules.set(RuleChange(fiscal_start_month=4))
    assert home.services.undo.undo().what == "periods fiscal_start 1 → 4"


@pytest.mark.parametrize(
    ("name", "since", "why"),
    [
        ("create", lambda other: other.services.plans.update(first(other, "DEPT-OPS"), PlanChange(1)), "was changed"),
        ("create", lambda other: other.services.plans.delete(first(other, "DEPT-OPS")), "was deleted since"),
        ("update", lambda other: other.services.plans.update(first(other), PlanChange(usd("5"))), "amount 5 by now"),
        ("delete", lambda other: other.plan("DEPT-ENG", "cloud", "10"), "there is Engineering's cloud budget"),
        (
            "allocate",
            lambda other: allocate(other, "DEPT-ENG", "360", PROJ_PLATFORM="10"),
            "PROJ-PLATFORM was allocated its budget from Engineering's cloud budget for 2026 since",
        ),
        ("allocate", lambda other: allocate(other, "ORG", "900", DEPT_DS="10"), "DEPT-DS was allocated"),
        ("periods", lambda other: other.services.period_rules.set(RuleChange(anchor_day=5)), "periods was changed"),
    ],
)
def test_what_somebody_changed_since_is_not_taken_back(
    home: PlanHome, name: str, since: Callable[[PlanHome], object], why: str
) -> None:
    home.services.entities.add("DEPT-DS", level="department")
    COMMANDS[name](home)
    since(by(home, "berta"))
    changed = state(home)
    with pytest.raises(Conflict, match=why):
        home.services.undo.undo()
    assert state(home) == changed


@pytest.mark.both_engines
def test_a_budget_of_an_entity_that_is_gone_does_not_come_back(home: PlanHome) -> None:
    home.plan("TEAM-BACKEND", "cloud", "10")
    home.services.plans.delete(first(home, "TEAM-BACKEND"))
    by(home, "berta").services.entities.archive("TEAM-BACKEND")
    with pytest.raises(NotFound, match="archived"):
        home.services.undo.undo()


entities = st.sampled_from(("ORG", "DEPT-ENG", "DEPT-OPS", "PROJ-PLATFORM"))
categories = st.sampled_from(("cloud", "total"))
periods = st.sampled_from(("2026-01", "2026-Q1"))
amounts = st.integers(0, 300).map(str)
commands = st.one_of(
    st.tuples(st.just("create"), entities, categories, amounts, periods),
    st.tuples(st.just("allocate"), entities, categories, amounts, periods),
    st.tuples(st.just("update"), st.integers(0, 9), amounts, st.booleans()),
    st.tuples(st.just("annotate"), st.integers(0, 9), st.sampled_from(("", "a", "b"))),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("periods"), st.sampled_from(("1", "15", "0"))),
)


def carry_out(home: PlanHome, command: tuple[object, ...]) -> None:
    plans, budgets = home.services.plans, home.listed()
    if not budgets and command[0] in ("update", "annotate", "delete"):
        return
    match command:
        case "create", str(entity), str(category), str(amount), str(period):
            home.plan(entity, category, amount, period)
        case "allocate", str(entity), str(category), str(amount), str(period):
            below = [each for each in home.services.entities.active() if each.parent_id == entity]
            shares = [ChildShare(each.entity_id, Fraction(100, len(below) + 1)) for each in below]
            plans.allocate(plan_of(entity, category, amount, period), shares)
        case "update", int(at), str(amount), bool(rescale):
            plans.update(budgets[at % len(budgets)].budget_id, PlanChange(usd(amount)), rescale=rescale)
        case "annotate", int(at), str(notes):
            plans.update(budgets[at % len(budgets)].budget_id, PlanChange(notes=notes))
        case "delete", int(at):
            plans.delete(budgets[at % len(budgets)].budget_id)
        case "periods", str(anchor):
            home.services.period_rules.set(RuleChange(anchor_day=int(anchor)))


def changes_made(home: PlanHome) -> object:
    return home.rows("SELECT count(DISTINCT change) FROM audit")


@settings(max_examples=examples(6), deadline=None)
@given(st.lists(commands, min_size=1, max_size=10))
def test_there_and_back_and_there_again(engine: Engine, done: list[tuple[object, ...]]) -> None:
    engine.clear()
    home = planning_home(engine.new(begun))
    states = [state(home)]
    for command in done:
        before = changes_made(home)
        try:
            carry_out(home, command)
        except BudgetError:
            assert state(home) == states[-1]
        if changes_made(home) != before:
            states.append(state(home))
    for expected in reversed(states[:-1]):
        home.services.undo.undo()
        assert state(home) == expected
    for expected in states[1:]:
        home.services.undo.redo()
        assert state(home) == expected
