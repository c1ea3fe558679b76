"""Costs in other currencies: counted at the rate of their day, or left out and named."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.currency import (
    ConvertedSpend,
    Converter,
    LeftOut,
    Rate,
    Rates,
    UnconvertedCost,
    convert,
    converted,
)

DAY = date(2026, 1, 12)
RATES = Rates(
    [
        Rate("EUR", "USD", DAY, Decimal("1.0321")),
        Rate("EUR", "USD", DAY + timedelta(2), Decimal("1.1")),
        Rate("EUR", "JPY", DAY + timedelta(1), Decimal("163.06")),
    ]
)
CONVERTER = Converter(RATES, "USD")
costs = st.lists(
    st.builds(
        UnconvertedCost,
        st.sampled_from(["/ORG/a/", "/ORG/b/", None]),
        st.sampled_from(["EUR", "JPY", "CHF"]),
        st.integers(-2, 5).map(lambda after: DAY + timedelta(after)),
        st.integers(-(10**6) * NANOS, 10**6 * NANOS),
        st.integers(1, 9),
    ),
    max_size=20,
)


def test_each_cost_counts_at_the_rate_of_its_day() -> None:
    found = converted(
        [UnconvertedCost(None, "EUR", DAY, 12 * NANOS, 2), UnconvertedCost(None, "EUR", DAY + timedelta(20), NANOS, 1)],
        CONVERTER,
    )
    assert [counted for _, counted in found.costs] == [12_385_200_000, 1_100_000_000]
    assert found.spends == (ConvertedSpend("EUR", 13 * NANOS, 3, 13_485_200_000, 18),)
    assert found.left_out == ()


def test_a_cost_without_a_rate_is_left_out_and_named() -> None:
    early, strange = (
        UnconvertedCost(None, "EUR", DAY - timedelta(1), NANOS, 1),
        UnconvertedCost("/ORG/a/", "CHF", DAY, 5, 2),
    )
    found = converted([early, strange, strange], CONVERTER)
    assert found.costs == ()
    assert found.left_out == (LeftOut("CHF", 10, 4, "USD"), LeftOut("EUR", NANOS, 1, "USD"))


def test_a_rate_that_takes_an_amount_or_all_of_them_out_of_range_is_not_used() -> None:
    rates = Rates([Rate("EUR", "USD", DAY, Decimal(10**9)), Rate("GBP", "USD", DAY, Decimal(2))])
    pounds, one, many = (UnconvertedCost(None, code, DAY, nanos * NANOS, 1) for code, nanos in _ABSURD)
    assert converted([pounds, many], Converter(rates, "USD")).left_out == (LeftOut("EUR", 10 * NANOS, 1, "USD"),)
    assert converted([pounds, one], Converter(rates, "USD")).left_out == ()
    found = converted([pounds, one, one, many], Converter(rates, "USD"))
    assert found.left_out == (LeftOut("EUR", 20 * NANOS, 3, "USD"),), "the currency is left out whole"
    assert [spend.currency for spend in found.spends] == ["GBP"]
    assert converted([pounds, one], Converter(rates, "USD"), 8 * 10**9 * NANOS).left_out == (
        LeftOut("EUR", 5 * NANOS, 1, "USD"),
    )


_ABSURD = (("GBP", 3), ("EUR", 5), ("EUR", 10))


@given(costs)
def test_every_cost_is_either_counted_or_left_out(found: list[UnconvertedCost]) -> None:
    answer = converted(found, CONVERTER)
    amounts: dict[str, int] = defaultdict(int)
    for spend in (*answer.spends, *answer.left_out):
        amounts[spend.currency] += spend.amount
    for currency in {cost.currency for cost in found}:
        assert amounts[currency] == sum(cost.amount for cost in found if cost.currency == currency)
    assert sum(spend.costs for spend in (*answer.spends, *answer.left_out)) == sum(cost.costs for cost in found)


@given(costs)
def test_days_and_entities_add_up_to_the_same_total(found: list[UnconvertedCost]) -> None:
    answer = converted(found, CONVERTER)
    by_day: dict[date, int] = defaultdict(int)
    by_path: dict[str | None, int] = defaultdict(int)
    for cost, counted in answer.costs:
        factor = RATES.factor(cost.currency, "USD", cost.day)
        assert factor is not None
        assert counted == convert(cost.amount, factor.value)
        by_day[cost.day] += counted
        by_path[cost.path] += counted
    assert sum(by_day.values()) == sum(by_path.values()) == sum(spend.counted for spend in answer.spends)
