"""Amounts: read exactly, rounded once, split without losing a unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import (
    LIMIT_COUNT,
    LIMIT_NANOS,
    NANOS,
    divide,
    minor_digits,
    minor_unit,
    nanos_of,
    parse_amount,
    parse_count,
    round_to,
    share,
    split,
    to_decimal,
    to_decimals,
    within_limit,
)
from budget_tui.domain.errors import Refused

CENT = minor_unit("USD")
any_nanos = st.integers(-LIMIT_NANOS, LIMIT_NANOS)


# What a person types


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("12", 12 * NANOS),
        ("12.50", 12_500_000_000),
        ("12.", 12 * NANOS),
        (".5", 500_000_000),
        (" 1,234.5 ", 1_234_500_000_000),
        ("1_000", 1000 * NANOS),
        ("$12", 12 * NANOS),
        ("€ 12", 12 * NANOS),
        ("-$5", -5 * NANOS),
        ("−$ 5", -5 * NANOS),
        ("$-5", -5 * NANOS),
        ("+$.50", NANOS // 2),
        ("-3", -3 * NANOS),
        ("−3", -3 * NANOS),
        ("+3", 3 * NANOS),
        ("1e-7", 100),
        ("2E-07", 200),
        ("1.5e3", 1500 * NANOS),
        ("0", 0),
        ("0e99", 0),
        ("0.0000000010000", 1),
        ("20.520226729", 20_520_226_729),
    ],
)
def test_an_amount_is_read_exactly(text: str, nanos: int) -> None:
    assert parse_amount(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "-",
        "$",
        "abc",
        "12x",
        "1,23",
        "12,50",
        "1 000",
        "--1",
        "-$-1",
        "$$1",
        "-$",
        "1$",
        "1-",
        "nan",
        "inf",
        "NULL",
        "1e",
        "e5",
        ".e5",
        "1e5000",
        "1.2.3",
        "0x10",
        "²",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_amount(text)


def test_a_tenth_decimal_that_matters_is_refused_not_dropped() -> None:
    with pytest.raises(Refused, match=r"^.0\.0000000001. has more than 9 decimals"):
        parse_amount("0.0000000001")


@given(any_nanos)
def test_what_is_written_is_read_back(nanos: int) -> None:
    assert parse_amount(str(to_decimal(nanos))) == nanos
    assert parse_amount(f"${to_decimal(nanos):,f}") == nanos


@given(any_nanos)
def test_a_decimal_holds_exactly_the_nanos_and_no_idle_zeros(nanos: int) -> None:
    value = to_decimal(nanos)
    assert Fraction(value) == Fraction(nanos, NANOS)
    assert not ("." in str(value) and str(value).endswith("0"))


def test_a_drip_is_written_with_at_most_nine_decimals() -> None:
    assert [str(to_decimal(n)) for n in (45 * NANOS, 2_500_000_000, 666_666_667)] == ["45", "2.5", "0.666666667"]


def test_amounts_stand_in_the_order_of_their_currencies() -> None:
    assert [*to_decimals({"USD": -NANOS, "EUR": 1}).items()] == [("EUR", Decimal("1e-9")), ("USD", -1)]


# The limit


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_limit_itself_is_an_amount_and_one_nano_more_is_not(sign: str) -> None:
    assert abs(parse_amount(f"{sign}9,000,000,000")) == LIMIT_NANOS
    with pytest.raises(Refused, match="9,000,000,000"):
        parse_amount(f"{sign}9000000000.000000001")


@pytest.mark.parametrize("text", ["9000000001", "-1e10", "1e13", "1e999", "9" * 5000])
def test_beyond_the_limit_the_error_names_it(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_amount(text)
    assert "±9,000,000,000" in str(refusal.value)


def test_the_error_shows_the_amount_as_it_was_given() -> None:
    with pytest.raises(Refused, match=r"amount of -9,000,000,000\.5 is"):
        within_limit(-LIMIT_NANOS - NANOS // 2)


@given(st.integers())
def test_within_the_limit_nothing_changes_and_beyond_nothing_passes(nanos: int) -> None:
    if abs(nanos) <= LIMIT_NANOS:
        assert within_limit(nanos) == nanos
    else:
        with pytest.raises(Refused):
            within_limit(nanos)


# What a source states


@given(st.decimals(min_value=-9_000_000_000, max_value=9_000_000_000, places=18))
def test_eighteen_decimals_are_rounded_once_and_half_even(value: Decimal) -> None:
    assert nanos_of(value) == round(Fraction(value) * NANOS)


def test_no_digit_is_too_far_back_to_break_a_tie() -> None:
    assert nanos_of(Decimal("0.0000000005")) == 0
    assert nanos_of(Decimal("0.0000000005" + "0" * 80 + "1")) == 1


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        nanos_of(Decimal(value))


def test_a_million_tiny_events_are_exactly_twenty_cents() -> None:
    assert nanos_of(sum([Decimal("0.0000002")] * 1_000_000, Decimal(0))) == parse_amount("0.20")


# Currencies and counts


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_its_own_number_of_digits(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert minor_unit(currency) * 10**digits == NANOS


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("25000000", 25_000_000),
        ("25,000,000", 25_000_000),
        ("25M", 25_000_000),
        (" 50k ", 50_000),
        ("2b", 2 * 10**9),
        ("1.5M", 1_500_000),
        ("0.50k", 500),
        ("0" * 5000 + "7", 7),
        ("2.000000000b", 2 * 10**9),
    ],
)
def test_a_count_is_a_whole_number(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text", ["", "k", "-5", "1.5", "1.0", "1.0005k", ".5M", "1.M", "1,5M", "1.5,0M", "10,00", "many", "٢٥", "1e6"]
)
def test_what_is_no_whole_number_is_no_count(text: str) -> None:
    with pytest.raises(Refused, match="not a whole number"):
        parse_count(text)


def test_a_count_has_a_limit_that_its_error_names() -> None:
    assert parse_count(str(LIMIT_COUNT)) == LIMIT_COUNT
    for text in (str(LIMIT_COUNT + 1), "9999999999b", "9" * 5000):
        with pytest.raises(Refused, match="limit is 9,000,000,000,000,000,000"):
            parse_count(text)


# Division and shares


@given(st.integers(), st.integers(min_value=1))
def test_division_rounds_half_even(amount: int, divisor: int) -> None:
    assert divide(amount, divisor) == round(Fraction(amount, divisor))


@pytest.mark.parametrize(("amount", "half"), [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2)])
def test_a_tie_goes_to_the_even_neighbour(amount: int, half: int) -> None:
    assert divide(amount, 2) == half


@given(any_nanos, st.sampled_from(["USD", "JPY", "KWD"]))
def test_rounding_lands_on_the_nearest_coin(nanos: int, currency: str) -> None:
    coin = minor_unit(currency)
    rounded = round_to(nanos, coin)
    assert rounded % coin == 0
    assert abs(rounded - nanos) * 2 <= coin


def test_a_share_of_nothing_is_none_or_all() -> None:
    assert share(420, 500) == Fraction(84, 100)
    assert share(0, 0) == 0
    assert share(1, 0) == 1


# Splitting


def test_an_equal_split_of_a_hundred_in_three() -> None:
    parts = split(parse_amount("100"), [1, 1, 1], CENT)
    assert [str(to_decimal(part)) for part in parts] == ["33.34", "33.33", "33.33"]


weights_of_some = st.lists(st.fractions(min_value=0, max_value=1000, max_denominator=1000), min_size=1).filter(any)


@given(st.integers(0, LIMIT_NANOS), weights_of_some, st.sampled_from([1, CENT, NANOS]))
def test_a_split_adds_up_and_no_part_is_a_whole_unit_off(total: int, weights: list[Fraction], unit: int) -> None:
    parts = split(total, weights, unit)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < unit
        assert weight or not part


@given(st.integers(0, LIMIT_NANOS // CENT), weights_of_some)
def test_whole_cents_are_split_in_whole_cents(cents: int, weights: list[Fraction]) -> None:
    assert all(part % CENT == 0 for part in split(cents * CENT, weights, CENT))


@given(st.integers(0, LIMIT_NANOS), st.integers(1, 30))
def test_equal_remainders_go_to_the_earlier_part(total: int, count: int) -> None:
    parts = split(total, [1] * count)
    assert list(parts) == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_a_split_that_means_nothing_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(Refused):
        split(total, weights)
