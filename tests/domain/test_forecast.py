"""Forecasts as ranges: what they rest on, what they never go below, and what they know in advance."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.forecast import (
    DRAWS,
    MAX_DAYS,
    MIN_DAYS,
    Draws,
    Expected,
    Forecast,
    added_up,
    at_burn_rate,
    at_level_now,
    beyond_tested,
    draws_for,
    expected,
    fees_in,
    fees_to_come,
    range_of,
    scaled_errors,
    widening,
    without_fees,
)
from budget_tui.domain.period import Period

LAST = date(2026, 1, 12)
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
END = JANUARY.end
ENDED = [date(2025, 11, 30), date(2025, 12, 31)]
DOLLAR = 10**9
AT_BURN_RATE = 12_345

amounts = st.integers(0, 1000 * DOLLAR)
histories = st.lists(amounts, min_size=MIN_DAYS, max_size=MAX_DAYS)


DRAWN = Draws((END - LAST).days, seed=1)


def scope(history: Sequence[int], base: int = 0) -> Expected:
    return expected(history, LAST, JANUARY, base, base, DRAWN)


def forecast(history: Sequence[int], base: int = 0) -> Forecast:
    return range_of(scope(history, base), DRAWN, LAST, ENDED)


@given(histories, amounts)
def test_a_range_is_in_order_and_never_below_what_is_spent(history: list[int], spent: int) -> None:
    found = forecast(history, spent)
    assert spent <= found.low <= found.median <= found.high
    again = Draws((END - LAST).days, seed=1)
    assert found == range_of(scope(history, spent), again, LAST, ENDED), "the same data give the same numbers"
    assert (found.has_range, found.days_of_history) == (True, len(history))


@given(st.lists(st.tuples(histories, amounts), min_size=1, max_size=4))
def test_a_parents_draws_are_the_sums_of_its_childrens(children: list[tuple[list[int], int]]) -> None:
    scopes = [scope(history, base) for history, base in children]
    parent = added_up(scopes)
    draws = [DRAWN.totals(each.weeks) for each in scopes]
    assert DRAWN.totals(parent.weeks) == [sum(each[draw] for each in draws) for draw in range(DRAWS)]
    assert parent.base == sum(each.base for each in scopes)
    assert sum(parent.history) == sum(sum(each.history) for each in scopes)
    assert len(parent.history) == max(len(each.history) for each in scopes)


@given(amounts, st.integers(MIN_DAYS, MAX_DAYS))
def test_what_costs_the_same_each_day_is_known_exactly(amount: int, days: int) -> None:
    assert forecast([amount] * days, 7)[:3] == (7 + 19 * amount,) * 3


@pytest.mark.parametrize("days", [0, 1, MIN_DAYS - 1])
def test_a_few_days_give_a_single_number(days: int) -> None:
    found = range_of(at_burn_rate([DOLLAR] * days, AT_BURN_RATE, 0), DRAWN, LAST, ENDED)
    assert (found.has_range, found.days_of_history) == (False, days)
    assert found[:3] == (AT_BURN_RATE,) * 3


def test_a_low_end_has_of_single_numbers_only_what_is_known() -> None:
    young = at_burn_rate([DOLLAR] * 5, 300 * DOLLAR, 20 * DOLLAR)
    found = range_of(added_up([scope([DOLLAR] * 30), young, young]), DRAWN, LAST, ENDED)
    assert found[:4] == (59 * DOLLAR, 619 * DOLLAR, 619 * DOLLAR, True)


def test_weekdays_are_kept() -> None:
    """LAST is a Monday: of the 19 days to come, 14 are workdays and 5 lie on weekends."""
    history = [0 if (LAST - timedelta(days=ago)).weekday() >= 5 else DOLLAR for ago in reversed(range(MAX_DAYS))]
    assert forecast(history)[:3] == (14 * DOLLAR,) * 3


def with_fee(day_of_month: int, amount: int = 400 * DOLLAR) -> list[int]:
    days = [LAST - timedelta(days=ago) for ago in reversed(range(MAX_DAYS))]
    return [10 * DOLLAR + (amount if day.day == day_of_month else 0) for day in days]


@pytest.mark.parametrize(("day_of_month", "fee"), [(1, 0), (20, 400 * DOLLAR), (31, 400 * DOLLAR)])
def test_a_monthly_fee_stands_on_its_day(day_of_month: int, fee: int) -> None:
    """A straight line would multiply the one on the 1st."""
    found = forecast(with_fee(day_of_month))
    assert found[:3] == (19 * 10 * DOLLAR + fee,) * 3


def test_a_fee_is_one_that_was_seen_in_two_months() -> None:
    assert [fee.day_of_month for fee in fees_in(with_fee(5), LAST)] == [5]
    once = [10 * DOLLAR] * 50 + [400 * DOLLAR] + [10 * DOLLAR] * 33
    assert fees_in(once, LAST) == []


def with_charges(*charges: tuple[date, int], until: date) -> list[int]:
    """Return twelve weeks through ``until`` with 10 dollars a day, and with ``charges`` in dollars."""
    history = [10 * DOLLAR] * MAX_DAYS
    for day, dollars in charges:
        history[-1 - (until - day).days] += dollars * DOLLAR
    return history


def on(*days: tuple[int, int], dollars: int = 300) -> list[tuple[date, int]]:
    return [(date(2026, month, day), dollars) for month, day in days]


FEBRUARY_END = date(2026, 2, 28)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("charges", "fees", "left"),
    [
        (on((1, 3), (1, 4), (2, 3), (2, 4)), 2, 0),
        (on((1, 4), (1, 5), (2, 3), (2, 4)), 2, 0),  # both a day earlier
        (on((1, 2), (1, 3), (2, 3), (2, 4)), 2, 0),  # both a day later
        (on((1, 3), (2, 3), (2, 4)), 1, 1),  # a charge of its own beside a fee
        (on((1, 3), (1, 4), (2, 3)), 1, 1),
        (on((1, 2), (2, 3), (2, 4), (1, 5)), 2, 0),
        (on((1, 31), (2, 1), (1, 1)), 1, 1),
    ],
)
def test_a_fee_has_one_day_in_each_month(charges: list[tuple[date, int]], fees: int, left: int) -> None:
    history = with_charges(*charges, until=FEBRUARY_END)
    found = fees_in(history, FEBRUARY_END)
    assert sum(fees_to_come(found, FEBRUARY_END, MARCH).values()) == fees * 300 * DOLLAR
    assert sum(without_fees(history, FEBRUARY_END, found)) == sum(history) - (len(charges) - left) * 300 * DOLLAR


def test_two_fees_on_neighbouring_days_are_both_to_come() -> None:
    history = with_charges(*on((1, 3), (1, 4), (2, 3), (2, 4)), until=FEBRUARY_END)
    draws = draws_for(MARCH, FEBRUARY_END)
    found = range_of(expected(history, FEBRUARY_END, MARCH, 0, 0, draws), draws, FEBRUARY_END, ENDED)
    assert found[:3] == ((31 * 10 + 2 * 300) * DOLLAR,) * 3
    amounts = {fee.day_of_month: fee.amount for fee in fees_in(history, FEBRUARY_END)}
    assert amounts == {3: 300 * DOLLAR, 4: 300 * DOLLAR}


def test_fees_of_different_amounts_on_neighbouring_days_are_told_apart() -> None:
    charges = on((1, 3), (2, 3)) + on((1, 4), (2, 4), dollars=500)
    found = fees_in(with_charges(*charges, until=FEBRUARY_END), FEBRUARY_END)
    assert {fee.day_of_month: fee.amount for fee in found} == {3: 300 * DOLLAR, 4: 500 * DOLLAR}


@pytest.mark.parametrize(
    ("days", "until", "day_of_month"),
    [
        ([(1, 31), (2, 1)], (2, 28), None),  # neighbours, though of two months
        ([(1, 31), (2, 2)], (2, 28), None),
        ([(1, 30), (1, 31), (2, 1)], (2, 28), None),
        ([(2, 28), (3, 1)], (3, 20), None),
        ([(1, 10), (2, 8)], (2, 28), None),
        ([(1, 31), (2, 28)], (3, 20), 31),  # the last day of months
        ([(1, 31), (2, 27)], (3, 20), 31),
        ([(1, 31), (3, 1)], (3, 20), 1),
        ([(1, 31), (2, 28), (3, 31)], (4, 10), 31),
        ([(2, 28), (3, 31)], (4, 10), 31),
        ([(1, 28), (2, 28)], (3, 20), 28),
        ([(1, 1), (1, 31)], (2, 28), 31),
        ([(1, 2), (2, 1), (2, 28)], (3, 20), 1),
    ],
)
def test_fees_are_a_month_apart(days: list[tuple[int, int]], until: tuple[int, int], day_of_month: int | None) -> None:
    last = date(2026, *until)
    history = with_charges(*on(*days), until=last)
    found = fees_in(history, last)
    assert [fee.day_of_month for fee in found] == ([] if day_of_month is None else [day_of_month])
    if found:
        assert without_fees(history, last, found) == [10 * DOLLAR] * MAX_DAYS


@given(st.sets(st.integers(0, MAX_DAYS - 1), max_size=20), st.dates(date(2025, 1, 1), date(2028, 12, 31)))
def test_no_day_is_of_two_fees(charged: set[int], last: date) -> None:
    found = fees_in([310 if at in charged else 10 for at in range(MAX_DAYS)], last)
    seen = [day for fee in found for day in fee.seen]
    assert len(seen) == len({*seen})
    assert {last - timedelta(days=MAX_DAYS - 1 - at) for at in charged} >= {*seen}
    for fee in found:
        assert len(fee.seen) >= 2
        newest_first = sorted(fee.seen, reverse=True)
        assert all((later - earlier).days > 25 for later, earlier in pairwise(newest_first)), "a day off each of 28"


@pytest.mark.parametrize("day", [30, 31])
def test_a_fee_that_was_charged_a_day_early_is_not_to_come_again(day: int) -> None:
    last = date(2026, 2, 27)
    found = fees_in(with_charges(*on((1, day), (2, 27)), until=last), last)
    spring = Period(date(2026, 2, 1), date(2026, 3, 31))
    assert fees_to_come(found, last, spring) == {date(2026, 3, day): 300 * DOLLAR}


def test_a_fee_has_its_latest_amount() -> None:
    charges = on((1, 31)) + on((2, 28), dollars=310)
    assert [fee.amount for fee in fees_in(with_charges(*charges, until=FEBRUARY_END), FEBRUARY_END)] == [310 * DOLLAR]


def test_fees_stand_on_the_last_day_of_months_that_are_shorter() -> None:
    history = with_charges(*on((1, 31), (2, 28)), until=FEBRUARY_END)
    spring = Period(date(2026, 3, 1), date(2026, 5, 31))
    found = fees_to_come(fees_in(history, FEBRUARY_END), FEBRUARY_END, spring)
    assert found == {date(2026, month, day): 300 * DOLLAR for month, day in ((3, 31), (4, 30), (5, 31))}


def test_after_a_change_of_level_the_days_before_count_at_the_new_one() -> None:
    week = [100, 110, 90, 100, 105, 40, 30]
    for factor in (2, 3):
        after = [amount * factor for amount in week]
        for weeks in (1, 2, 6, 10):
            assert [*at_level_now(week * (12 - weeks) + after * weeks)] == after * 12
    assert [*at_level_now([amount * 2 for amount in week] * 10 + week * 2)] == week * 12


@pytest.mark.parametrize(
    "recent",
    [
        [100, 110, 900, 100, 105, 40, 30] * 2,  # high days
        [100, 110, 90, 0, 0, 0, 0] + [0] * 7,  # silence, which says nothing of a level
        [115, 125, 105, 115, 120, 50, 40] * 2,  # a little more
        [200, 220, 180, 200],  # four days are too few
    ],
)
def test_what_is_no_change_of_level(recent: list[int]) -> None:
    history = [100, 110, 90, 100, 105, 40, 30] * 10 + recent
    assert at_level_now(history) == history


def test_the_last_of_several_changes_of_level_is_followed() -> None:
    week = [100, 110, 90, 100, 105, 40, 30]
    for levels in ((1, 2, 4), (4, 2, 1), (1, 3, 1)):
        first, second, now = ([amount * level for amount in week] for level in levels)
        found = at_level_now(first * 4 + second * 4 + now * 4)
        assert [*found[-28:]] == now * 4
        assert abs(sum(found) - sum(now) * 12) * 100 <= sum(now) * 12, levels


@given(st.lists(st.integers(-5, 50), min_size=1, max_size=MAX_DAYS))
def test_usage_has_a_level_whatever_it_is(history: list[int]) -> None:
    found = at_level_now(history)
    assert len(found) == len(history)
    assert all(at or not found for at, found in zip(history, found, strict=True)), "no usage stays none"


def test_ranges_are_widened_by_their_own_errors() -> None:
    assert widening([5000] * 11) == 1250, "too few of them say nothing"
    assert widening([500] * 30) == 1000
    assert widening([1400] * 30) == 1400
    assert widening([9000] * 30) == 3000


def test_ranges_of_years_hold_nearly_as_often_as_those_of_months() -> None:
    """Independent days of 200 years, forecast in March from 12 weeks: drawn alone, half of them would hold."""
    rng = Random(1)
    start = date(2026, 3, 26)
    draws = draws_for(Period(date(2026, 1, 1), date(2026, 12, 31)), start)
    to_come = (date(2026, 12, 31) - start).days
    held = 0
    for _ in range(200):
        days = [rng.randrange(100 * DOLLAR) for _ in range(MAX_DAYS + to_come)]
        history, became = days[:MAX_DAYS], sum(days[MAX_DAYS:])
        year = Period(date(2026, 1, 1), date(2026, 12, 31))
        found = range_of(expected(history, start, year, 0, 0, draws), draws, start, [])
        held += found.low <= became <= found.high
    assert 140 <= held <= 180
    assert beyond_tested(5, MAX_DAYS) == 1000, "a month is as wide as its errors say"
    calm = [100 + (day * 7919) % 11 for day in range(MAX_DAYS)]
    errors = scaled_errors(calm, LAST, ENDED)
    assert len(errors) >= 20
    assert max(errors) > 0
    assert scaled_errors(calm, LAST, []) == []
