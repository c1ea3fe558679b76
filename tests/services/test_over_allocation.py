"""Children above their parent: every view warns about the parents that it shows, whatever else it shows."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.variance import VarianceStatus
from budget_tui.services.plans import PlanChange
from tests.databases import Engine
from tests.examples import examples

from .planning import TREE, PlanHome, amounts, home_with_tree, plan_of, planning_home, plant
from .test_closed_hierarchy import IN_FEBRUARY, furnish

WHOLE = "Engineering's total budget for Q1 2026: its children have $150.00, $50.00 more than its $100.00"
SEATS = "Default's subscription slack seat budget for Q1 2026: its children have 7 seats, 2 seats more than its 5 seats"


def overdrawn(path: Path) -> None:
    """Engineering's children have too much, and so have those of the organization's seats; its dollars are enough."""
    plant(path)
    home = planning_home(path)
    for of in (
        ("ORG", "total", "400"),
        ("DEPT-ENG", "total", "100"),
        ("DEPT-ENG", "cloud", "80"),
        ("PROJ-PLATFORM", "genai", "70"),
        ("TEAM-BACKEND", "genai", "60"),
        ("DEPT-ENG", "total", "1000", "2026"),
    ):
        home.plan(*of)
    home.plan("ORG", "subscription", "5", provider="slack", budget_type="seat")
    home.plan("DEPT-OPS", "subscription", "7", provider="slack", budget_type="seat")


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return planning_home(engine.new(overdrawn))


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        (PlanFilter(), (SEATS, WHOLE)),
        (PlanFilter(category=Category.TOTAL), (WHOLE,)),
        (PlanFilter(category=Category.GENAI), ()),
        (PlanFilter(budget_type=BudgetType.SEAT), (SEATS,)),
        (PlanFilter(entity_id="DEPT-ENG"), (WHOLE,)),
        (PlanFilter(entity_id="PROJ-PLATFORM"), ()),
        (PlanFilter(search="engineering"), (WHOLE,)),
        (PlanFilter(provider="Slack"), (SEATS,)),
        (PlanFilter(is_active=False), ()),
    ],
)
def test_a_view_warns_about_the_parents_that_it_shows(
    home: PlanHome, conditions: PlanFilter, told: tuple[str, ...]
) -> None:
    views = home.services.plan_views
    assert views.list(conditions).warnings == told
    assert views.summary(conditions).warnings == told
    assert views.tree(conditions=conditions).warnings == told


def test_what_stands_otherwise_or_on_another_page_is_not_warned_about(home: PlanHome) -> None:
    home.spent("PROJ-PLATFORM", "120", "2026-01-05")
    views = home.services.plan_views
    for status, told in ((VarianceStatus.OVER, (WHOLE,)), (VarianceStatus.UNDER, ())):
        assert views.summary(PlanFilter(status=status)).warnings == told
        assert views.list(PlanFilter(status=status)).warnings == told
    assert [views.list(limit=4, offset=offset).warnings for offset in (0, 4)] == [(SEATS,), (WHOLE,)]


@pytest.mark.both_engines
def test_one_budget_and_each_part_of_a_breakdown_say_so(home: PlanHome) -> None:
    views = home.services.plan_views
    told = {warning for budget in views.list().budgets for warning in views.one(budget.budget_id).warnings}
    assert told == {WHOLE, SEATS}
    found = views.by_category("DEPT-ENG")
    assert found.warnings == (WHOLE,)
    assert [name for name, part in found.parts.items() if part.warnings] == ["total"]
    assert views.by_category("PROJ-PLATFORM").warnings == ()
    home.spent("TEAM-BACKEND", "1", "2026-01-05", provider="AWS")
    for entity, provider, warning in (("ORG", "slack", SEATS), ("DEPT-ENG", "aws", WHOLE)):
        found = views.by_provider(entity)
        assert (found.warnings, found.parts[provider].warnings) == ((warning,), (warning,))
    assert views.by_provider("DEPT-ENG", PlanFilter(category=Category.CLOUD)).warnings == ()


@pytest.mark.both_engines
def test_what_was_allocated_from_further_above_is_of_that_one_also_when_one_below_is_looked_at_alone(
    home: PlanHome,
) -> None:
    home.services.plans.allocate(plan_of("ORG", "cloud", "300", "2026-02"), amounts([("PROJ-PLATFORM", "90")]))
    between = home.plan("DEPT-ENG", "total", "50", "2026-02")
    assert home.services.plan_views.one(between.budget_id).warnings == ()
    assert home.services.plan_views.list(PlanFilter(entity_id="DEPT-ENG")).warnings == (WHOLE,)


def test_of_many_the_rest_is_counted(home: PlanHome) -> None:
    for month in range(1, 6):
        home.plan("DEPT-ENG", "cloud", "1", f"2026-0{month}")
        home.plan("TEAM-BACKEND", "cloud", "2", f"2026-0{month}")
    found = home.services.plan_views.list(PlanFilter(category=Category.CLOUD, budget_type=BudgetType.MONETARY))
    assert len(found.warnings) == 3
    assert found.warnings[2].endswith(
        "March 2026: its children have $2.00, $1.00 more than its $1.00 (and 2 more budgets)"
    )
    assert home.summary().warnings[-1].endswith("(and 4 more budgets)")


def test_children_are_those_of_the_budgets_time(engine: Engine) -> None:
    home = planning_home(engine.new(furnish), today=IN_FEBRUARY)
    home.services.entities.move("WEB", "OPS")
    views, plans = home.services.plan_views, home.services.plans
    for budget in views.list(PlanFilter(category=Category.TOTAL, budget_type=BudgetType.MONETARY)).budgets:
        if budget.entity_id != "WEB":
            plans.update(budget.budget_id, PlanChange(amount=budget.amount // 2))
    told = (
        "Engineering's total budget for January 2026: its children have $1,000.00, $500.00 more than its $500.00",
        "Operations's total budget for 2026: its children have $1,000.00, $500.00 more than its $500.00",
    )
    assert views.list().warnings == views.summary().warnings[:2] == views.tree().warnings[:2] == told
    assert [views.list(PlanFilter(entity_id=entity)).warnings for entity in ("ENG", "OPS", "WEB")] == [
        told[:1],
        told[1:],
        (),
    ]


@settings(max_examples=examples(6), deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    plans=st.lists(
        st.tuples(
            st.sampled_from(["ORG", "DEPT-ENG", "PROJ-PLATFORM", "TEAM-BACKEND"]),
            st.sampled_from(["cloud", "total"]),
            st.sampled_from(["", "gcp"]),
            st.sampled_from(["1", "2", "4"]),
            st.sampled_from([None, *(each.entity_id for each in TREE)]),
        ),
        min_size=6,
        max_size=12,
    )
)
def test_looked_at_alone_it_is_warned_about_as_among_all(
    engine: Engine, plans: list[tuple[str, str, str, str, str | None]]
) -> None:
    engine.clear()
    home = home_with_tree(engine)
    for entity, category, provider, amount, child in plans:
        plan = plan_of(entity, category, amount, provider=provider)
        try:
            if child is None:
                home.services.plans.create(plan)
            else:
                home.services.plans.allocate(plan, amounts([(child, "3")]))
        except BudgetError:  # there is one already, or the child is not below
            continue
    board = home.board()
    among_all = {each.budget.budget_id for each in board.over_allocated(line.budget for line in board.lines)}
    views = home.services.plan_views
    alone = {line.budget.budget_id for line in board.lines if views.one(line.budget.budget_id).warnings}
    views.close()
    assert alone == among_all
