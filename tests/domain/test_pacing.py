"""Pacing: the worked example of January 13, the edges, and what must hold for any budget."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, NANOS, parse_amount, to_decimal
from budget_tui.domain.pacing import (
    Burn,
    Status,
    available_today,
    burn,
    burn_window,
    daily_drip,
    is_unfunded,
    run_rate,
    runway_days,
    status,
)
from budget_tui.domain.period import Period, PeriodRule

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
TODAY = date(2026, 1, 13)

amounts = st.integers(-LIMIT_NANOS, LIMIT_NANOS)
positive_amounts = st.integers(1, LIMIT_NANOS)
january_days = st.dates(JANUARY.start, JANUARY.end)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def shown(nanos: int) -> str:
    return str(to_decimal(nanos))


# The first seed's own screen


@pytest.mark.parametrize(
    ("allocation", "spent", "remaining", "drip", "expected"),
    [
        ("150", "105", "45", "2.5", Status.HEALTHY),
        ("120", "48", "72", "4", Status.HEALTHY),
        ("100", "88", "12", "0.666666667", Status.WARNING),
        ("50", "0", "50", "2.777777778", Status.HEALTHY),
    ],
    ids=["PCC", "VideoNest API", "Python API", "Dandelion"],
)
def test_the_worked_example(allocation: str, spent: str, remaining: str, drip: str, expected: Status) -> None:
    left = parse_amount(allocation) - parse_amount(spent)
    assert shown(left) == remaining
    assert shown(daily_drip(left, JANUARY, TODAY)) == drip
    assert status(left, parse_amount(allocation)) is expected


def test_pcc_with_its_costs_recorded_by_hand_on_january_10() -> None:
    window = burn_window(TODAY, TODAY, date(2026, 1, 10))
    assert (window.start, window.end, window.days) == (date(2026, 1, 10), date(2026, 1, 12), 3)
    rate = burn(105 * NANOS, window.days, 0)
    assert shown(rate.per_day) == "35"
    assert runway_days(45 * NANOS, rate) == Decimal("1.285714286")
    assert shown(available_today(45 * NANOS, 0, JANUARY, TODAY)) == "2.368421053"
    assert run_rate(105 * NANOS, rate, JANUARY, TODAY) == (105 + 35 * 18) * NANOS


def test_the_last_day_but_one_gives_everything_as_drip_but_half_as_available() -> None:
    day = date(2026, 1, 30)
    assert daily_drip(45 * NANOS, JANUARY, day) == 45 * NANOS
    assert shown(available_today(45 * NANOS, 0, JANUARY, day)) == "22.5"


def test_on_the_last_day_all_that_is_left_is_available() -> None:
    assert available_today(45 * NANOS, 0, JANUARY, JANUARY.end) == 45 * NANOS
    assert daily_drip(45 * NANOS, JANUARY, JANUARY.end) == 45 * NANOS


# Drip and what is available today


@given(amounts, january_days)
def test_the_drip_is_an_even_share_and_never_negative(remaining: int, today: date) -> None:
    drip = daily_drip(remaining, JANUARY, today)
    assert drip == round(Fraction(max(0, remaining), JANUARY.days_left(today)))


@given(amounts, st.integers(-LIMIT_NANOS, LIMIT_NANOS), january_days)
def test_spending_today_is_taken_off_todays_share_alone(remaining: int, more: int, today: date) -> None:
    before = available_today(remaining, 0, JANUARY, today)
    assert available_today(remaining - more, more, JANUARY, today) == before - more


@given(st.integers(31 * NANOS, LIMIT_NANOS), january_days)
def test_whoever_spends_what_is_available_has_something_every_day(remaining: int, today: date) -> None:
    shares = []
    while today <= JANUARY.end:
        shares.append(available_today(remaining, 0, JANUARY, today))
        remaining -= shares[-1]
        today += timedelta(days=1)
    assert remaining == 0
    assert min(shares) > 0
    assert max(shares) - min(shares) <= len(shares)


def test_an_overspent_share_of_today_is_negative() -> None:
    assert available_today(0, 45 * NANOS, JANUARY, date(2026, 1, 30)) == Fraction(-45 * NANOS, 2)


# The burn window


def test_the_window_is_seven_complete_days_and_today_is_not_one() -> None:
    window = burn_window(TODAY, TODAY, date(2025, 6, 1))
    assert (window.start, window.end, window.days) == (date(2026, 1, 6), date(2026, 1, 12), 7)


def test_the_window_crosses_a_period_boundary() -> None:
    window = burn_window(date(2026, 1, 3), date(2026, 1, 3), date(2025, 6, 1))
    assert (window.start, window.end) == (date(2025, 12, 27), date(2026, 1, 2))


def test_the_window_ends_where_the_data_ends() -> None:
    window = burn_window(TODAY, date(2026, 1, 9), date(2025, 6, 1))
    assert (window.start, window.end) == (date(2026, 1, 3), date(2026, 1, 9))


@pytest.mark.parametrize("first_cost_day", [None, TODAY, TODAY + timedelta(days=1)])
def test_with_no_complete_day_yet_todays_spend_is_the_burn(first_cost_day: date | None) -> None:
    window = burn_window(TODAY, TODAY, first_cost_day)
    assert window.days <= 0
    assert burn(0, window.days, 12 * NANOS).per_day == 12 * NANOS


def test_a_first_cost_beyond_the_data_leaves_no_complete_day() -> None:
    assert burn_window(TODAY, date(2026, 1, 9), date(2026, 1, 11)).days <= 0


def test_one_complete_day_is_enough() -> None:
    window = burn_window(TODAY, TODAY, date(2026, 1, 12))
    assert burn(7 * NANOS, window.days, 100 * NANOS) == Burn(7 * NANOS, 1)


@given(days, days, st.none() | days)
def test_a_window_never_leaves_its_bounds(today: date, data_through: date, first_day: date | None) -> None:
    window = burn_window(today, data_through, first_day)
    assert window.end == min(today - timedelta(days=1), data_through)
    assert window.days <= 7
    if first_day is not None and first_day <= window.end:
        assert window.start == max(first_day, window.end - timedelta(days=6))
    else:
        assert window.days <= 0


@given(amounts, st.integers(1, 7))
def test_a_burn_rate_is_rounded_once(spent: int, window_days: int) -> None:
    assert burn(spent, window_days, 1).per_day == round(Fraction(spent, window_days))


# Runway


@pytest.mark.parametrize("remaining", [0, -1, -45 * NANOS])
@pytest.mark.parametrize("rate", [Burn(0, 1), Burn(35 * NANOS, 1)])
def test_nothing_left_lasts_no_day(remaining: int, rate: Burn) -> None:
    assert runway_days(remaining, rate) == 0


@pytest.mark.parametrize("spent", [0, -5 * NANOS])
def test_without_burn_there_is_no_end(spent: int) -> None:
    assert runway_days(45 * NANOS, Burn(spent, 7)) is None


@given(positive_amounts, positive_amounts, st.integers(1, 7))
def test_a_runway_is_exact_to_nine_decimals(remaining: int, spent: int, window_days: int) -> None:
    runway = runway_days(remaining, Burn(spent, window_days))
    assert runway is not None
    assert Fraction(runway) * NANOS == round(Fraction(remaining * window_days * NANOS, spent))


# Forecast


def test_on_the_last_day_the_forecast_is_what_was_spent() -> None:
    assert run_rate(241 * NANOS, Burn(35 * NANOS, 1), JANUARY, JANUARY.end) == 241 * NANOS


@given(amounts, amounts, st.integers(1, 7), january_days)
def test_a_forecast_adds_the_burn_for_each_day_to_come(spent: int, burnt: int, window: int, today: date) -> None:
    to_come = (JANUARY.end - today).days
    expected = spent + round(Fraction(burnt * to_come, window))
    assert run_rate(spent, Burn(burnt, window), JANUARY, today) == expected


# Status


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        ("100", Status.HEALTHY),
        ("25", Status.HEALTHY),
        ("24.999999999", Status.WARNING),
        ("10", Status.WARNING),
        ("9.999999999", Status.CRITICAL),
        ("0.000000001", Status.CRITICAL),
        ("0", Status.EXHAUSTED),
        ("-1", Status.EXHAUSTED),
        ("110", Status.HEALTHY),
    ],
)
def test_the_thresholds_of_a_hundred(remaining: str, expected: Status) -> None:
    assert status(parse_amount(remaining), parse_amount("100")) is expected


@given(amounts, positive_amounts)
def test_a_status_is_the_share_that_remains(remaining: int, allocation: int) -> None:
    left = Fraction(remaining, allocation)
    if left <= 0:
        expected = Status.EXHAUSTED
    elif left < Fraction(1, 10):
        expected = Status.CRITICAL
    elif left < Fraction(1, 4):
        expected = Status.WARNING
    else:
        expected = Status.HEALTHY
    assert status(remaining, allocation) is expected


@pytest.mark.parametrize("spent", [0, 5 * NANOS, -5 * NANOS])
def test_an_allocation_of_zero_is_exhausted_and_unfunded_only_when_nothing_was_spent(spent: int) -> None:
    assert status(0 - spent, 0) is Status.EXHAUSTED
    assert is_unfunded(0, spent) == (spent == 0)


def test_a_funded_budget_that_is_used_up_is_not_unfunded() -> None:
    assert status(0, 50 * NANOS) is Status.EXHAUSTED
    assert not is_unfunded(50 * NANOS, 50 * NANOS)


# Other kinds of budget go by the same functions


def test_a_token_budget_is_paced_in_tokens() -> None:
    rate = burn(7_000_000, 7, 0)
    assert rate.per_day == 1_000_000
    assert runway_days(25_000_000, rate) == 25
    assert daily_drip(25_000_000, JANUARY, TODAY) == 1_388_889


@given(days, positive_amounts, st.sampled_from([1, 15, 28, 0]))
def test_pace_never_divides_by_zero_on_any_day_of_any_period(today: date, remaining: int, anchor: int) -> None:
    period = PeriodRule(anchor_day=anchor).containing(today)
    assume(remaining >= period.days)
    assert 0 < daily_drip(remaining, period, today) <= remaining
    assert 0 < available_today(remaining, 0, period, today) <= remaining
