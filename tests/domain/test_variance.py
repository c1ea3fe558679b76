"""Budget against actual; totals that count a dollar once, whatever the tree."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import Containment, Scope, Segments, Sums, UsageLine, forest, scope_of, widest
from budget_tui.domain.hierarchy_history import FormerParent, HierarchyHistory
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.variance import Variance, VarianceStatus, count_by_status

Q1 = Period(date(2026, 1, 1), date(2026, 3, 31))
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = Period(date(2026, 2, 1), date(2026, 2, 28))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))

# ORG 1 > departments 2, 3 > projects 4 (of 2), 5 (of 3) > team 6 (of 4)
UNMOVED = HierarchyHistory({1: None, 2: 1, 3: 1, 4: 2, 5: 3, 6: 4})


def budget(
    entity: int = 1,
    category: str = "total",
    amount: int = 100,
    period: Period = Q1,
    provider: str = "",
    budget_type: BudgetType = BudgetType.MONETARY,
    currency: str = "USD",
    budget_id: str = "",
    parent_id: str | None = None,
) -> PlannedBudget:
    name = f"entity-{entity}"
    return PlannedBudget(
        budget_id or f"{entity} {category} {provider} {period.start} {period.end} {budget_type} {currency}",
        entity, name, name, f"/{name}/", "team", Category(category), budget_type, amount, currency, PeriodKind.CUSTOM,
        period, provider, "", True, False, parent_id, "anna", datetime(2026, 1, 1, tzinfo=UTC), None, None,
    )  # fmt: skip


# One budget


@pytest.mark.parametrize(
    ("amount", "actual", "variance", "percent", "used", "status"),
    [
        (20_000, 17_240, 2_760, "13.8", "86.2", "approaching"),
        (100, 75, 25, "25", "75", "under"),
        (10_000, 7_501, 2_499, "24.99", "75.01", "approaching"),
        (100, 100, 0, "0", "100", "approaching"),
        (100, 101, -1, "-1", "101", "over"),
        (100, -5, 105, "105", "-5", "under"),
        (3, 1, 2, "66.67", "33.33", "under"),
    ],
)
def test_variance_is_what_is_left(
    amount: int, actual: int, variance: int, percent: str, used: str, status: str
) -> None:
    found = Variance(amount, actual)
    assert found.variance == variance
    assert (found.variance_percent, found.percent_used) == (Decimal(percent), Decimal(used))
    assert found.status == status
    assert found.is_over_budget is (status == "over")


def test_a_percentage_of_nothing_is_none() -> None:
    for actual, status in ((0, VarianceStatus.UNDER), (1, VarianceStatus.OVER)):
        found = Variance(0, actual)
        assert (found.variance_percent, found.percent_used, found.status) == (None, None, status)
    assert Variance(0, 1).utilization == Fraction(1)


def test_no_data_is_not_zero() -> None:
    found = Variance(100, None)
    assert (found.variance, found.variance_percent, found.percent_used, found.utilization, found.status) == (None,) * 5
    assert not found.is_over_budget
    assert count_by_status([None, VarianceStatus.OVER])["no_data"] == 1


def test_by_the_used_share_no_data_is_last_and_credits_are_below_nothing_used() -> None:
    shares = [
        Variance(0, 1),
        Variance(1, LIMIT_NANOS),
        Variance(100, 100),
        Variance(100, 0),
        Variance(100, -5),
        Variance(1, -LIMIT_NANOS),
        Variance(0, -LIMIT_NANOS),
        Variance(100, None),
    ]
    keys = [each.millionths_used for each in shares]
    assert keys == sorted({*keys}, reverse=True)


# Which budgets contain others


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        (budget(1), budget(6)),
        (budget(2, "cloud"), budget(4, "cloud")),
        (budget(2), budget(2, "cloud")),
        (budget(2, "cloud"), budget(2, "cloud", provider="gcp")),
        (budget(2), budget(6, "cloud", provider="gcp")),
        (budget(2, period=YEAR), budget(2, period=Q1)),
        (budget(2, period=YEAR), budget(4, period=JANUARY)),
    ],
)
def test_of_two_the_wider_one_is_added(wider: PlannedBudget, narrower: PlannedBudget) -> None:
    assert widest([wider, narrower], UNMOVED) == [wider]
    assert widest([narrower, wider], UNMOVED) == [wider]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (budget(2), budget(3)),
        (budget(4, "cloud"), budget(2, "genai")),
        (budget(2, "cloud", provider="gcp"), budget(2, "cloud", provider="aws")),
        (budget(2, period=JANUARY), budget(4, period=FEBRUARY)),
        (budget(2), budget(4, currency="EUR")),
        (budget(2), budget(4, budget_type=BudgetType.TOKEN)),
        (budget(2, "cloud", provider="gcp"), budget(4, "cloud")),  # neither contains the other
        (budget(1, "cloud", period=FEBRUARY), budget(2, "cloud", period=YEAR)),  # it has not all of its days
        (
            budget(2, period=Period(date(2026, 1, 1), date(2026, 1, 20))),
            budget(2, period=Period(date(2026, 1, 10), date(2026, 1, 29))),
        ),
    ],
)
def test_budgets_that_do_not_contain_each_other_are_both_added(one: PlannedBudget, other: PlannedBudget) -> None:
    assert widest([one, other], UNMOVED) == [one, other]


def test_two_that_have_the_days_of_another_together_do_not_contain_it() -> None:
    months = [budget(1, period=JANUARY), budget(1, period=FEBRUARY)]
    both = budget(2, period=Period(JANUARY.start, FEBRUARY.end))
    assert widest([both, *months], UNMOVED) == [both, *months]


def test_of_two_of_the_same_scope_and_period_the_first_counts() -> None:
    one, same = budget(budget_id="one"), budget(budget_id="two")
    assert widest([one, same], UNMOVED) == [one]


# The allocation tree


def test_a_budget_hangs_below_the_nearest_that_contains_it() -> None:
    total, cloud = budget(2), budget(2, "cloud", 30)
    project, team = budget(4, "cloud", 20, provider="gcp"), budget(6, "cloud", 12, provider="gcp")
    [root] = forest([total, cloud, project, team], UNMOVED)
    path = []
    while True:
        path.append(root.budget)
        if not root.children:
            break
        [root] = root.children
    assert path == [total, cloud, project, team]


def test_what_was_allocated_from_farther_up_hangs_below_what_lies_between_and_counts_there() -> None:
    top, near = budget(1, "cloud", period=YEAR), budget(2, "cloud", 50, period=YEAR, budget_id="near")
    child = budget(4, "cloud", 60, period=YEAR, parent_id=top.budget_id)
    [root] = forest([top, near, child], UNMOVED)
    [between] = root.children
    assert (root.unallocated, between.unallocated) == (50, -10), "who has too much below itself is near"
    assert [node.budget for node in between.children] == [child]


def test_of_two_that_overlap_the_one_it_was_allocated_from_has_the_child() -> None:
    cloud, gcp = budget(2, "cloud"), budget(2, provider="gcp")
    for giver, children in ((cloud, [1, 0]), (gcp, [0, 1])):
        child = budget(4, "cloud", provider="gcp", parent_id=giver.budget_id)
        assert [len(root.children) for root in forest([cloud, gcp, child], UNMOVED)] == children


def test_what_was_moved_away_from_where_it_was_allocated_stands_by_itself() -> None:
    giver, moved = budget(3, "cloud"), budget(4, "cloud", parent_id=budget(3, "cloud").budget_id)
    assert [root.budget for root in forest([giver, moved], UNMOVED)] == [giver, moved]


def test_budgets_of_other_periods_are_no_children() -> None:
    assert len(forest([budget(1, period=YEAR), budget(2, period=Q1)], UNMOVED)) == 2


def test_children_may_have_more_than_there_is() -> None:
    [root] = forest([budget(1, amount=100), budget(2, amount=70), budget(3, amount=40)], UNMOVED)
    assert (root.allocated, root.unallocated) == (110, -10)


# Whatever the tree

_PERIODS = (Q1, JANUARY, FEBRUARY, YEAR, Period(date(2026, 1, 15), date(2026, 2, 14)))


_CLOSED = (JANUARY.end, FEBRUARY.end)


@st.composite
def hierarchies(draw: st.DrawFn) -> HierarchyHistory:
    """A hierarchy of any shape, in which anything may have been moved after a close; 1 is the root."""
    keys = range(2, draw(st.integers(2, 9)))
    parents = {key: draw(st.integers(1, key - 1)) for key in keys}
    moved = st.dictionaries(st.sampled_from(_CLOSED), st.sets(st.sampled_from(keys)) if keys else st.just(set()))
    former = [
        FormerParent(through, key, draw(st.integers(1, key - 1)))
        for through, of_day in draw(moved).items()
        for key in of_day
    ]
    return HierarchyHistory({1: None, **parents}, former)


@st.composite
def plans(draw: st.DrawFn) -> tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments]:
    """A hierarchy, budgets in it, and what was used."""
    eras = draw(hierarchies())
    keys = sorted(key for key in eras.now.lineage if key is not None)
    scopes = st.tuples(
        st.sampled_from(keys),
        st.sampled_from(["cloud", "genai", "total"]),
        st.integers(0, 1000),
        st.sampled_from(_PERIODS),
        st.sampled_from(["", "gcp", "openai"]),
    )
    budgets = [
        budget(*fields) for fields in draw(st.lists(scopes, min_size=1, max_size=8, unique_by=lambda f: f[:2] + f[3:]))
    ]
    segments = Segments((each.period for each in budgets), eras.cuts)
    values = st.dictionaries(st.integers(0, len(segments.periods) - 1), st.integers(-50, 1000))
    groups = draw(
        st.lists(
            st.builds(
                UsageLine,
                st.sampled_from([None, *keys]),
                st.sampled_from(["cloud", "genai", "subscription"]),
                st.sampled_from(["", "gcp", "openai"]),
                st.just("USD"),
                values,
            ),
            max_size=12,
        )
    )
    return eras, budgets, groups, segments


def by_hand(eras: HierarchyHistory, groups: list[UsageLine], segments: Segments, counting: list[PlannedBudget]) -> int:
    """Every dollar looked at by itself: whether any of ``counting`` counts it."""
    total = 0
    for group in groups:
        for index, days in enumerate(segments.periods):
            if any(
                each.entity_key in eras.at(days.start).lineage[group.entity_key]
                and each.category in (group.category, "total")
                and each.provider in (group.provider, "")
                and each.period.contains(days.start)
                for each in counting
            ):
                total += group.values.get(index, 0)
    return total


@given(plans())
def test_each_actual_is_every_dollar_of_its_scope(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments],
) -> None:
    eras, budgets, groups, segments = plan
    sums = Sums(groups, eras, segments)
    for each in budgets:
        found = sums.of(scope_of(each), each.period) or 0
        assert found == by_hand(eras, groups, segments, [each])


@given(plans())
def test_totals_count_no_dollar_twice_and_lose_none(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments],
) -> None:
    eras, budgets, groups, segments = plan
    counting = widest(budgets, eras)
    covered: dict[Scope, list[Period]] = {}
    for each in counting:
        covered.setdefault(scope_of(each), []).append(each.period)
    assert (Sums(groups, eras, segments).once(covered) or 0) == by_hand(eras, groups, segments, counting)


@given(plans())
def test_totals_hide_nothing_that_any_budget_counts(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments],
) -> None:
    eras, budgets, groups, segments = plan
    if len(eras) == 1:  # of one that was moved, the days before are counted where it stood
        counting = widest(budgets, eras)
        assert by_hand(eras, groups, segments, counting) == by_hand(eras, groups, segments, budgets)


@given(plans(), st.data())
def test_what_is_used_in_each_segment_is_every_dollar_of_its_days(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments], data: st.DataObject
) -> None:
    eras, budgets, groups, segments = plan
    counting = data.draw(st.lists(st.sampled_from(budgets), unique=True))
    covered: dict[Scope, list[Period]] = {}
    for each in counting:
        covered.setdefault(scope_of(each), []).append(each.period)
    found = Sums(groups, eras, segments).by_segment(covered)
    for index, days in enumerate(segments.periods):
        on_days = [each for each in counting if each.period.contains(days.start)]
        only_here = [group._replace(values={0: group.values.get(index, 0)}) for group in groups]
        assert found.get(index, 0) == by_hand(eras, only_here, Segments([days]), on_days)


@given(plans(), st.data())
def test_some_of_many_contain_each_other_as_if_there_were_no_others(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments], data: st.DataObject
) -> None:
    eras, budgets, _, _ = plan
    asked = data.draw(st.lists(st.sampled_from(budgets), unique=True))
    ids = {each.budget_id for each in asked}
    of_all = Containment(budgets, eras)
    in_order = [each for each in budgets if each.budget_id in ids]
    assert of_all.widest(ids).keys() == {each.budget_id for each in widest(in_order, eras)}
    assert of_all.parents(ids) == Containment(in_order, eras).parents(ids)


@given(plans())
def test_what_is_left_out_of_the_totals_is_contained_by_another_and_what_is_in_by_none(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments],
) -> None:
    eras, budgets, _, _ = plan

    def contains(wide: PlannedBudget, narrow: PlannedBudget) -> bool:
        return (
            wide.entity_key in eras.of(narrow.period).lineage[narrow.entity_key]
            and wide.category in (narrow.category, "total")
            and wide.provider in (narrow.provider, "")
            and all(
                wide.period.contains(narrow.period.start + timedelta(days=ahead)) for ahead in range(narrow.period.days)
            )
        )

    counting = widest(budgets, eras)
    for each in budgets:
        around = [other for other in budgets if other is not each and contains(other, each)]
        assert around or each in counting
        assert not (each in counting and any(not contains(each, other) for other in around))


@given(plans(), st.data())
def test_a_parent_is_its_children_and_what_no_child_has_whatever_was_allocated_from_what(
    plan: tuple[HierarchyHistory, list[PlannedBudget], list[UsageLine], Segments], data: st.DataObject
) -> None:
    eras, planned, _, _ = plan
    givers = st.sampled_from([None, *(each.budget_id for each in planned)])
    budgets = [each._replace(parent_id=data.draw(givers)) for each in planned]
    trees = forest(budgets, eras)
    seen, waiting = [], list(trees)
    while waiting:
        node = waiting.pop()
        seen.append(node.budget)
        waiting += node.children
        assert node.allocated + node.unallocated == node.budget.amount
        assert node.allocated == sum(child.budget.amount for child in node.children)
    assert sorted(seen) == sorted(budgets)  # each is in one place of the tree


@given(st.lists(st.sampled_from(_PERIODS), max_size=5))
def test_segments_are_the_days_of_the_periods_cut_so_that_each_period_is_whole_segments(periods: list[Period]) -> None:
    segments = Segments(periods)
    for one, next_one in zip(segments.periods, segments.periods[1:], strict=False):
        assert one.end < next_one.start
    for period in periods:
        found = [segments.periods[index] for index in segments.span(period)]
        assert (found[0].start, found[-1].end) == (period.start, period.end)
        assert sum(each.days for each in found) == period.days
        assert segments.index_of(period.start) == segments.span(period).start
    assert segments.index_of(date(2025, 12, 31)) is None
