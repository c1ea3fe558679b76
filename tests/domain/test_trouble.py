"""Why a budget is in trouble: one cause for each of them, in the words that explain shows."""

from datetime import date

import pytest

from budget_tui.domain.amount import NANOS
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import Pace, Spend, pace_of
from budget_tui.domain.trouble import Cause, is_in_trouble, trouble_of, trouble_rank
from budget_tui.presentation.explanations import cause

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
TODAY = date(2026, 1, 13)  # 18 days are left
FIRST = date(2025, 12, 1)

Days = dict[int, int]
"""Dollars by day of January."""


def pace(allocation: int, days: Days) -> Pace:
    window = sum(amount for day, amount in days.items() if 6 <= day <= 12)
    spent = sum(days.values())
    spend = Spend(spent * NANOS, days.get(13, 0) * NANOS, window * NANOS, FIRST)
    return pace_of(allocation * NANOS, spend, JANUARY, TODAY, TODAY)


def why(allocation: int, days: Days, service: str = "openai") -> tuple[Cause, str] | None:
    """The cause and its sentence."""
    spent = {(date(2026, 1, day), service): amount * NANOS for day, amount in days.items()}
    found = trouble_of(pace(allocation, days), JANUARY, TODAY, TODAY, spent, FIRST)
    return None if found is None else (found.cause, cause(found, "USD"))


@pytest.mark.parametrize(
    ("allocation", "days", "expected"),
    [
        (0, {3: 7}, (Cause.UNALLOCATED, "$7.00 spent, nothing allocated")),
        (50, {3: 30, 9: 30}, (Cause.OVER, "over by $10.00 since Jan 9")),
        (60, {3: 30, 9: 30}, (Cause.OVER, "used up since Jan 9")),
        (100, {2: 2, 10: 80}, (Cause.SPIKE, "$80.00 on Jan 10 for openai, 24 times an even day's share")),
        (310, dict.fromkeys(range(1, 13), 20), (Cause.PACE, "spends $20.00 a day, the drip allows $3.89")),
        (
            310,
            {1: 80, 2: 80, 3: 80},
            (Cause.AHEAD, "77% spent by day 13 of 31, even spending would be 42%"),
        ),
    ],
)
def test_each_kind_of_trouble_has_its_cause(allocation: int, days: Days, expected: tuple[Cause, str]) -> None:
    assert why(allocation, days) == expected


def test_what_is_little_may_still_last() -> None:
    """On January 29, 92% are spent where even spending would be 94%; $8 are left for two days of $1."""
    day = date(2026, 1, 29)
    found = pace_of(100 * NANOS, Spend(92 * NANOS, 0, 7 * NANOS, FIRST), JANUARY, day, day)
    trouble = trouble_of(found, JANUARY, day, day, {(date(2026, 1, 5), ""): 20 * NANOS}, FIRST)
    assert trouble is not None
    assert trouble.cause is Cause.LITTLE
    assert cause(trouble, "USD") == "$8.00 left for 2 days: lasts at $1.00 a day"


@pytest.mark.parametrize(("allocation", "days"), [(0, {}), (100, {}), (310, dict.fromkeys(range(1, 13), 5))])
def test_what_is_healthy_and_lasts_has_no_cause(allocation: int, days: Days) -> None:
    assert why(allocation, days) is None
    assert not is_in_trouble(pace(allocation, days))


def test_a_budget_that_is_taken_over_again_by_a_credit_is_over_since_the_last_time() -> None:
    assert why(50, {2: 60, 4: -20, 8: 15}) == (Cause.OVER, "over by $5.00 since Jan 8")


def test_of_budgets_that_have_run_out_the_worst_is_the_one_most_beyond() -> None:
    paces = {
        name: pace(100, {5: spent}) for name, spent in (("little", 101), ("near", 95), ("all", 100), ("most", 130))
    }
    ranked = sorted(paces, key=lambda name: trouble_rank(paces[name]), reverse=True)
    assert ranked == ["most", "little", "all", "near"]
    without_any_budget = [pace(0, {5: amount})._replace(unfunded=True) for amount in (1, 130)]
    assert len({trouble_rank(each) for each in without_any_budget}) == 1, "nobody is over what nobody set"
