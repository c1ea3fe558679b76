"""Rates of exchange: which one holds on a day, and what an amount is worth by it."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, NANOS
from budget_tui.domain.currency import Rate, Rates, convert, pairs_between, parse_rate
from budget_tui.domain.errors import Refused

DAY = date(2026, 1, 12)
amounts = st.integers(-(10**6) * NANOS, 10**6 * NANOS)
digits = st.integers(1, 10**10)
rates = st.builds(lambda mantissa, places: Decimal(mantissa).scaleb(-places), digits, st.integers(0, 10))
days = st.integers(0, 40).map(lambda after: DAY + timedelta(after))
CURRENCIES = ("CHF", "EUR", "JPY", "USD")
pairs = st.sampled_from([(base, quote) for base in CURRENCIES for quote in CURRENCIES if base != quote])
files = st.lists(st.builds(lambda pair, day, rate: Rate(*pair, day, rate), pairs, days, rates), max_size=12)


def rate(pair: str, day: str, value: str) -> Rate:
    base, quote = pair.split("/")
    return Rate(base, quote, date.fromisoformat(day), Decimal(value))


def factor(found: Rates, pair: str, day: str) -> tuple[Fraction, str] | None:
    answer = found.factor(*pair.split("/"), date.fromisoformat(day))
    return (answer.value, answer.day.isoformat()) if answer else None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.0321", "1.0321"), (" 185.010 ", "185.01"), (".5", "0.5"), ("20461", "20461"), ("100", "100")],
)
def test_a_rate_is_read_exactly(text: str, value: str) -> None:
    assert f"{parse_rate(text):f}" == value


@pytest.mark.parametrize(
    "text", ["", "0", "0.000", "-1", "1e3", "1,03", "N/A", "½", "nan", "1.2.3", "٣", "1.1234567890123"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_rate(text)


@pytest.mark.parametrize(
    ("amount", "by", "expected"),
    [
        (12 * NANOS, "1.0321", 12_385_200_000),
        (-12 * NANOS, "1.0321", -12_385_200_000),
        (1, "0.5", 0),  # half to even
        (3, "0.5", 2),
        (-1, "0.5", 0),
        (-3, "0.5", -2),
    ],
)
def test_an_amount_is_rounded_half_even_once(amount: int, by: str, expected: int) -> None:
    assert convert(amount, Fraction(by)) == expected


def test_a_rate_that_takes_an_amount_out_of_range_cannot_be_used() -> None:
    assert convert(LIMIT_NANOS, Fraction(2)) is None
    assert convert(-LIMIT_NANOS, Fraction(2)) is None
    assert convert(LIMIT_NANOS, Fraction(1)) == LIMIT_NANOS


def test_a_rate_is_between_a_billionth_and_a_billion() -> None:
    for text in ("0.000000001", "1000000000"):
        assert parse_rate(text) == Decimal(text)
    for text in ("0.000000000999", "1000000001"):
        with pytest.raises(Refused, match=r"the limits are 0.000000001 and 1,000,000,000"):
            parse_rate(text)


@given(amounts, st.fractions(Fraction(1, 100), Fraction(100)))
def test_there_and_back_is_within_what_rounding_the_first_way_can_move(amount: int, by: Fraction) -> None:
    there = convert(amount, by)
    assert there is not None
    back = convert(there, 1 / by)
    assert back is not None
    # Half a nano the one way is half a nano ÷ rate on the way back, which is rounded once more.
    assert abs(back - amount) <= Fraction(1, 2) / by + Fraction(1, 2)


@given(amounts, st.fractions(Fraction(1), Fraction(1000)))
def test_there_and_back_is_within_a_nano_where_the_other_unit_is_the_smaller(amount: int, by: Fraction) -> None:
    assert abs(convert(convert(amount, by), 1 / by) - amount) <= 1


@given(st.lists(amounts, min_size=1, max_size=20), st.fractions(Fraction(1, 100), Fraction(100)))
def test_a_sum_converted_differs_from_the_sum_of_the_converted_by_half_a_nano_each_at_most(
    parts: list[int], by: Fraction
) -> None:
    apart = sum(convert(part, by) for part in parts) - convert(sum(parts), by)
    assert abs(apart) <= Fraction(len(parts) + 1, 2)


def test_the_latest_rate_on_or_before_the_day_holds() -> None:
    found = Rates([rate("EUR/USD", "2026-01-12", "1.2"), rate("EUR/USD", "2026-01-09", "1.1")])
    assert factor(found, "EUR/USD", "2026-01-08") is None
    assert factor(found, "EUR/USD", "2026-01-09") == (Fraction("1.1"), "2026-01-09")
    assert factor(found, "EUR/USD", "2026-01-11") == (Fraction("1.1"), "2026-01-09")
    assert factor(found, "EUR/USD", "2026-01-12") == (Fraction("1.2"), "2026-01-12")
    assert factor(found, "EUR/USD", "2027-12-31") == (Fraction("1.2"), "2026-01-12")


def test_a_rate_serves_both_ways() -> None:
    found = Rates([rate("EUR/USD", "2026-01-12", "1.25")])
    assert factor(found, "USD/EUR", "2026-01-12") == (Fraction("0.8"), "2026-01-12")


def test_two_rates_meet_in_a_third_currency_and_are_as_old_as_the_older() -> None:
    found = Rates([rate("EUR/USD", "2026-01-12", "1.2"), rate("EUR/JPY", "2026-01-09", "180")])
    assert factor(found, "JPY/USD", "2026-01-12") == (Fraction("1.2") / 180, "2026-01-09")
    assert factor(found, "USD/JPY", "2026-01-12") == (180 / Fraction("1.2"), "2026-01-09")
    assert factor(found, "JPY/USD", "2026-01-11") is None


def test_the_pair_itself_comes_before_its_inverse_and_that_before_others() -> None:
    across = [rate("EUR/USD", "2026-01-12", "1.2"), rate("EUR/JPY", "2026-01-12", "180")]
    inverse = rate("JPY/USD", "2026-01-12", "0.006")
    direct = rate("USD/JPY", "2026-01-12", "151")
    assert factor(Rates([*across, inverse, direct]), "USD/JPY", "2026-01-12") == (Fraction(151), "2026-01-12")
    assert factor(Rates([*across, inverse]), "USD/JPY", "2026-01-12") == (1 / Fraction("0.006"), "2026-01-12")
    assert factor(Rates(across), "USD/JPY", "2026-01-12") == (150, "2026-01-12")


def test_a_younger_rate_comes_before_a_more_direct_one() -> None:
    across = [rate("EUR/USD", "2026-01-12", "1.2"), rate("EUR/JPY", "2026-01-12", "180")]
    found = Rates([*across, rate("USD/JPY", "2025-06-01", "99")])
    assert factor(found, "USD/JPY", "2026-01-12") == (150, "2026-01-12")
    assert factor(found, "USD/JPY", "2026-01-11") == (99, "2025-06-01")


def test_the_euro_comes_before_other_currencies_in_between() -> None:
    found = Rates(
        rate(pair, "2026-01-12", value)
        for pair, value in (("CHF/USD", "2"), ("CHF/JPY", "8"), ("EUR/USD", "2"), ("EUR/JPY", "6"))
    )
    assert factor(found, "USD/JPY", "2026-01-12") == (3, "2026-01-12")


def test_a_currency_is_worth_itself_without_any_rate() -> None:
    assert factor(Rates([]), "USD/USD", "2026-01-12") == (1, "2026-01-12")
    assert factor(Rates([]), "USD/EUR", "2026-01-12") is None


@given(files, pairs, days)
def test_no_rate_comes_from_the_future_and_the_order_of_the_file_does_not_matter(
    found: list[Rate], pair: tuple[str, str], day: date
) -> None:
    once = {(rate.base, rate.quote, rate.day): rate for rate in found}.values()
    answer = Rates(once).factor(*pair, day)
    assert answer == Rates(reversed(list(once))).factor(*pair, day)
    first = Rates(once).first_day(*pair)
    assert (answer is None) == (first is None or day < first)
    assert answer is None or answer.day <= day


@given(files, st.sets(st.sampled_from(CURRENCIES), min_size=1), st.sampled_from(CURRENCIES), days)
def test_the_useful_pairs_answer_as_all_pairs_do(found: list[Rate], currencies: set[str], own: str, day: date) -> None:
    once = {(rate.base, rate.quote, rate.day): rate for rate in found}.values()
    useful = pairs_between(sorted({(rate.base, rate.quote) for rate in once}), currencies - {own}, own)
    few = Rates(rate for rate in once if (rate.base, rate.quote) in useful)
    for currency in currencies:
        assert few.factor(currency, own, day) == Rates(once).factor(currency, own, day)
