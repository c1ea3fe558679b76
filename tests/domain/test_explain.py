"""Explanations show what the screens show, and their formulas, worked out, come to it."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.carry import Carry, CarryPolicy
from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
from budget_tui.domain.cost import Category
from budget_tui.domain.explain import (
    Explanation,
    Unit,
    explain_agent,
    explain_allocation,
    explain_closed,
    explain_global,
    explain_pace,
    explain_planned,
    named,
    share_of,
)
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.snapshot import ProjectFact, SnapshotFacts, Spend, build_snapshot, pace_of
from budget_tui.domain.tokens import AgentBudget, TokenBalance, Use, rate_per_hour, runs_out_at, seconds_of, status_of
from budget_tui.domain.variance import Variance
from budget_tui.presentation import formatting

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
TODAY = date(2026, 1, 13)
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)

amounts = st.integers(0, 10_000 * NANOS)
spends = st.builds(
    Spend,
    amounts,
    st.integers(0, 100 * NANOS),
    st.integers(-NANOS, 1000 * NANOS),
    st.none() | st.dates(date(2025, 12, 1), date(2026, 1, 31)),
)
days = st.dates(date(2026, 1, 1), date(2026, 1, 31))


def worked_out(explanation: Explanation) -> Fraction:
    """What the formula gives with the exact values of its terms, by Python's own arithmetic."""

    def exact(name: str) -> Fraction | int:
        value = explanation.terms[name].value
        if isinstance(value, date):
            return value.toordinal()
        assert isinstance(value, int | Decimal)
        return Fraction(value)

    python = re.sub(r"\{(\w+)\}", r"exact('\1')", explanation.formula)
    for sign, operator in (("÷", "/"), ("×", "*"), ("−", "-")):
        python = python.replace(sign, operator)
    return Fraction(eval(python, {"exact": exact, "max": max}))


def has_arithmetic(explanation: Explanation) -> bool:
    return "{" in explanation.formula and not explanation.formula.startswith("now")


def agrees(explanation: Explanation) -> bool:
    """Whether the formula comes to what is shown, but for the rounding of the last digit that is kept."""
    of = explanation.comes_to or explanation.value
    assert isinstance(of.value, int | Decimal)
    if of.unit is Unit.PERCENT:
        return abs(worked_out(explanation) * 100 - Fraction(of.value)) <= Fraction(1, 100)
    least = Fraction(1, 10**9) if isinstance(of.value, Decimal) else 1
    return abs(worked_out(explanation) - Fraction(of.value)) <= least / 2


@given(amounts, spends, days, days)
def test_every_formula_of_a_budget_comes_to_what_the_screens_show(
    allocation: int, spend: Spend, today: date, data_through: date
) -> None:
    pace = pace_of(allocation, spend, JANUARY, today, data_through)
    explained = named(explain_pace(pace, spend, JANUARY, today, data_through))
    shown = {
        "allocation": pace.allocation,
        "spent": pace.spent,
        "remaining": pace.remaining,
        "drip": pace.daily_drip,
        "available-today": pace.available_today,
        "burn": pace.burn_rate,
        "runway": pace.runway_days,
        "run-rate": pace.run_rate,
        "status": "unfunded" if pace.unfunded else str(pace.status),
        "runs-out": pace.runs_out_on if pace.remaining > 0 else None,
        "scheduled": pace.scheduled,
        **({"reserved": pace.reserved} if pace.reserved else {}),
    }
    assert {key: explanation.value.value for key, explanation in explained.items()} == shown
    for explanation in explained.values():
        assert not has_arithmetic(explanation) or agrees(explanation), explanation


@given(amounts, amounts, spends, days)
def test_every_formula_of_the_global_budget_comes_to_what_its_screen_shows(
    budget: int, allocated: int, spend: Spend, today: date
) -> None:
    facts = SnapshotFacts(
        organization=Organization(1, "default", "Default", "USD", "UTC", PeriodRule()),
        period=JANUARY,
        monthly_budget=budget,
        allocated=allocated,
        projects=[ProjectFact("pcc", "PCC", "/ORG/pcc/", allocated)],
        spend_by_path={"/ORG/pcc/": spend},
        unmapped=Spend(),
        unmapped_costs=0,
        daily_spend=(),
        data_through=today,
    )
    snapshot = build_snapshot(facts, today, NOW)
    explained = named(explain_global(snapshot, spend))
    assert explained["budget"].value.value == snapshot.total.allocation
    assert explained["allocated"].value.value == snapshot.allocated
    assert explained["unallocated"].value.value == snapshot.unallocated
    assert explained["spent"].value.value == snapshot.total.spent
    assert explained["days-left"].value.value == snapshot.days_left
    assert explained["data-through"].value.value == snapshot.data_through
    assert bool(explained["unallocated"].notes) is (allocated > budget)
    for explanation in explained.values():
        assert not has_arithmetic(explanation) or agrees(explanation), explanation


def test_the_worked_example() -> None:
    """PCC on January 13: $150, of which $105 was spent on the 10th."""
    spend = Spend(105 * NANOS, 0, 105 * NANOS, date(2026, 1, 10))
    pace = pace_of(150 * NANOS, spend, JANUARY, TODAY, TODAY)
    explained = named(explain_pace(pace, spend, JANUARY, TODAY, TODAY))
    assert explained["drip"].terms["days_left"].value == 18
    assert explained["available-today"].terms["days_from_today_on"].value == 19
    assert explained["burn"].spans == (("burn window", Period(date(2026, 1, 10), date(2026, 1, 12))),)
    assert explained["burn"].terms["days_of_the_window"].value == 3
    assert explained["status"].comes_to is not None
    assert explained["status"].comes_to.value == Decimal(30)


def test_a_share_is_never_rounded_across_a_threshold() -> None:
    """24.996% left is warning, so it must not read 25%."""
    spend = Spend(75_004_000_000_000, 0, 0, None)
    pace = pace_of(100_000 * NANOS, spend, JANUARY, TODAY, TODAY)
    explained = named(explain_pace(pace, spend, JANUARY, TODAY, TODAY))
    assert explained["status"].value.value == Status.WARNING
    assert explained["status"].comes_to is not None
    assert explained["status"].comes_to.value == Decimal("24.99")


def test_without_a_complete_day_the_burn_is_of_today() -> None:
    spend = Spend(5 * NANOS, 5 * NANOS, 0, TODAY)
    explained = named(explain_pace(pace_of(NANOS, spend, JANUARY, TODAY, TODAY), spend, JANUARY, TODAY, TODAY))
    assert explained["burn"].spans == (("burn window", Period(TODAY, TODAY)),)
    assert "today so far" in explained["burn"].notes[0]


@given(amounts, st.integers(-100 * NANOS, 100 * NANOS))
def test_what_was_carried_over_is_told_apart(recurring: int, carried: int) -> None:
    amount = max(0, recurring + carried)
    explained = explain_allocation(amount, Carry(CarryPolicy.BOTH, None, carried))
    assert explained.value.value == amount
    if carried and amount:
        assert worked_out(explained) == amount
    assert ("carried_over" in explained.terms) is bool(carried)


def planned(budget_type: BudgetType, amount: int) -> PlannedBudget:
    return PlannedBudget(
        "b", 1, "DEPT", "Dept", "/ORG/DEPT/", "department", Category.GENAI, budget_type, amount, "USD",
        PeriodKind.MONTHLY, JANUARY, "", "", True, False, None, "ada", NOW, None, None,
    )  # fmt: skip


@given(st.sampled_from(BudgetType), amounts, st.none() | amounts, st.none() | amounts)
def test_every_formula_of_a_planned_budget_comes_to_what_its_screens_show(
    budget_type: BudgetType, amount: int, actual: int | None, allocated: int | None
) -> None:
    figures = Variance(amount, actual)
    explained = named(explain_planned(planned(budget_type, amount), figures, allocated))
    assert explained["actual"].value.value == figures.actual
    assert explained["variance"].value.value == figures.variance
    assert explained["variance-percent"].value.value == figures.variance_percent
    assert explained["utilization"].value.value == figures.percent_used
    assert explained["status"].value.value == (figures.status or "no data")
    assert ("unallocated" in explained) is (allocated is not None)
    for explanation in explained.values():
        assert not has_arithmetic(explanation) or agrees(explanation), explanation


def test_children_above_their_parent_are_told_and_not_blocked() -> None:
    """Troubleshooting: child sum > parent."""
    figures = Variance(100, 0)
    explained = named(explain_planned(planned(BudgetType.MONETARY, 100), figures, 130))
    assert explained["unallocated"].value.value == -30
    assert "more than their parent" in explained["unallocated"].notes[0]
    assert "not stopped" in explained["unallocated"].notes[0]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 86_400 * 2), st.booleans())
def test_every_formula_of_an_agent_comes_to_what_its_screen_shows(
    allocated: int, used: int, held: int, seconds: int, has_used: bool
) -> None:
    allocated = max(allocated, used + held)
    balance = TokenBalance("scout", allocated, used, held)
    use = Use(max(used, 1), NOW - timedelta(seconds=seconds)) if has_used else None
    agent = AgentBudget(
        "scout", "Scout", "pcc", "", allocated, used, held, balance.available_tokens, rate_per_hour(use, NOW),
        runs_out_at(balance.available_tokens, use, NOW), status_of(balance), NOW.date(),
    )  # fmt: skip
    explained = named(explain_agent(agent, use, seconds_of(use, NOW) if use else 0, JANUARY))
    assert explained["available"].value.value == agent.available_tokens
    assert explained["rate"].value.value == agent.rate_per_hour
    shown = agent.runs_out_at or formatting.runs_out(agent)
    assert explained["runs-out"].value.value == shown
    for explanation in explained.values():
        assert not has_arithmetic(explanation) or agrees(explanation), explanation
    if agent.runs_out_at is not None:
        terms = {name: term.value for name, term in explained["runs-out"].terms.items()}
        assert agent.runs_out_at == NOW + timedelta(
            seconds=terms["available"] * terms["seconds"] // terms["used_lately"]  # type: ignore[operator]
        )


@pytest.mark.parametrize("restated", [0, 3, -3])
def test_a_closed_period_shows_the_archive_and_what_came_after(restated: int) -> None:
    line = ClosedBudget("pcc", "PCC", BudgetType.MONETARY, 150, 105, Status.HEALTHY, restated)
    closed = ClosedPeriod(JANUARY, "USD", 500, 420, 241, restated, "ada", NOW, (line,))
    for explained, spent in ((explain_closed(closed), 241), (explain_closed(closed, line), 105)):
        values = named(explained)
        assert values["spent"].value.value == spent
        assert values["restated"].value.value == restated
        assert worked_out(values["restated"]) == restated
        assert worked_out(values["remaining"]) == values["remaining"].value.value


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (32, 120, "26.67"),
        (1, 3, "33.33"),
        (5, 100_000, "0"),  # half-even
        (15, 100_000, "0.02"),
        (99_996, 1_000_000, "9.99"),  # critical: 10% would be a warning
        (249_999, 1_000_000, "24.99"),
        (25, 100, "25"),
        (-32, 120, "-26.67"),
    ],
)
def test_shares_are_rounded_but_not_across_a_threshold(part: int, whole: int, percent: str) -> None:
    assert share_of(part, whole).value == Decimal(percent)
