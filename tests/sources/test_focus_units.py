"""Tokens and seats in exports, in whatever unit they are written."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.sources.units import BY_MONTH, Counted, Unit, unit_of
from tests.sources import exports
from tests.sources.exports import Rollup


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("Tokens", 1),
        ("tokens", 1),
        ("Token", 1),
        ("1K tokens", 1000),
        ("1000 Tokens", 1000),
        ("1,000 Tokens", 1000),
        ("1M tokens", 10**6),
        ("Million tokens", 10**6),
        ("Input tokens", 1),
        ("Output Tokens", 1),
        ("INPUT_TOKENS", 1),
        ("Input 1K tokens", 1000),
        ("kTokens", 1000),
        ("per 1K tokens", 1000),
        ("per MTok", 10**6),
        ("Cached Input Tokens", 1),
        ("1 Billion tokens", 10**9),
    ],
)
def test_tokens_are_known_in_any_spelling(text: str, size: int) -> None:
    assert unit_of(text) == Unit(Counted.TOKENS, size)


@pytest.mark.parametrize(
    "text",
    ["Seats", "Seat", "Users", "User", "Licenses", "license", "Licences", "seat-months", "User-Months", "User/Month",
     "1 User/Month", "Users per month", "Named users", "USERS"],
)  # fmt: skip
def test_seats_are_known_in_any_spelling(text: str) -> None:
    assert unit_of(text) == Unit(Counted.SEATS, 1)


@pytest.mark.parametrize("text", ["seat-months", "User-Months", "User/Month", "1 User/Month", "Users per month",
                                  "license (mo)", "members/mos"])  # fmt: skip
def test_units_by_the_month_are_told_apart(text: str) -> None:
    assert unit_of(text) == Unit(Counted.SEATS, 1)
    assert re.search(BY_MONTH, text, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    ["", "Hours", "Units", "1K", "Characters", "1M characters", "Tokens/Minute", "User requests", "User-Hours",
     "Security tokens", "0 tokens", "Requests", "GB", "Memberships", "tokenized pages"],
)  # fmt: skip
def test_other_units_count_neither(text: str) -> None:
    assert unit_of(text) is None


ROW = "{cost},USD,{day}T{hour:02}:00:00Z,2026-01-01T00:00:00Z,OpenAI,{account}"
HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ProviderName,SubAccountId"
CONSUMED = "ConsumedQuantity,ConsumedUnit"
PRICED = "PricingQuantity,PricingUnit"


def row(rest: str, day: str = "2026-01-05", hour: int = 0, account: str = "a", cost: str = "1") -> str:
    return f"{ROW.format(cost=cost, day=day, hour=hour, account=account)},{rest}"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Rollup]:
    def read(*rows: str, columns: str = CONSUMED) -> Rollup:
        path = tmp_path / "export.csv"
        path.write_text("\n".join([f"{HEADER},{columns}", *rows, ""]), "utf-8")
        return exports.read(path)

    return read


def counts(rollup: Rollup) -> dict[tuple[str, int], tuple[int | None, int | None]]:
    return {(cost.origin.sub_account_id, cost.day.day): (cost.tokens, cost.seats) for cost in rollup.daily}


def test_units_of_one_day_and_origin_add_up_and_do_not_split_its_cost(read: Callable[..., Rollup]) -> None:
    rollup = read(
        row("1.5,1K tokens"),
        row("250,Output Tokens", hour=3),
        row("0.000002,1M tokens", hour=4),
        row("7,Hours", hour=5),
        row("3,Requests", day="2026-01-06"),
        row("12,Tokens", account="b"),
    )
    assert counts(rollup) == {("a", 5): (1752, None), ("a", 6): (None, None), ("b", 5): (12, None)}
    assert [(cost.amount_nanos // 10**9, cost.rows) for cost in rollup.daily if cost.origin.sub_account_id == "a"] in (
        [(4, 4), (1, 1)],
        [(1, 1), (4, 4)],
    )


def test_seats_of_one_day_add_up(read: Callable[..., Rollup]) -> None:
    rollup = read(row("10,Seats"), row("5,User-Months", hour=1), row("8,Licenses", day="2026-01-06"))
    assert counts(rollup) == {("a", 5): (None, 15), ("a", 6): (None, 8)}


def test_months_of_seats_that_are_billed_by_the_day_are_seats_of_that_day(read: Callable[..., Rollup]) -> None:
    columns = f"ChargePeriodEnd,{CONSUMED}"
    rollup = read(
        *(row("2026-01-06T00:00:00Z,0.0333333333,User-Months") for _ in range(50)),
        row("2026-01-06T23:59:59Z,0.1,User/Month", day="2026-01-06"),
        *(
            row(f"2026-01-07T{hour + 1:02}:00:00Z,0.00138888889,Seat Months", day="2026-01-07", hour=hour)
            for hour in range(20)
        ),
        row("2026-01-12T00:00:00Z,7,Users per month", account="week"),
        row("2026-02-01T00:00:00Z,25,User-Months", account="month", day="2026-01-01"),
        row("2026-01-29T00:00:00Z,25,User-Months", account="28", day="2026-01-01"),
        row(",25,User-Months", account="no end"),
        row("2026-01-06T00:00:00Z,25,Users", account="users"),
        row("2026-01-06T00:00:00Z,25,1K tokens", account="tokens"),
        columns=columns,
    )
    assert counts(rollup) == {
        ("a", 5): (None, 50),
        ("a", 6): (None, 3),
        ("a", 7): (None, 1),
        ("week", 5): (None, 30),
        ("month", 1): (None, 25),
        ("28", 1): (None, 25),
        ("no end", 5): (None, 25),
        ("users", 5): (None, 25),
        ("tokens", 5): (25_000, None),
    }


def test_a_day_is_rounded_half_even_once(read: Callable[..., Rollup]) -> None:
    parts = [row("0.25,Tokens", hour=hour) for hour in range(2)]
    assert counts(read(*parts, row("0.0025,1K tokens", account="b"), row("0.0015,1K tokens", account="c"))) == {
        ("a", 5): (0, None),
        ("b", 5): (2, None),
        ("c", 5): (2, None),
    }


def test_what_was_priced_counts_where_nothing_was_consumed(read: Callable[..., Rollup]) -> None:
    columns = f"{CONSUMED},{PRICED}"
    rollup = read(
        row("5,Tokens,9,1K tokens"),
        row(",,25,Seats", account="b"),
        row("NULL,NULL,2,Seats", account="b", hour=1),
        row("3,Requests,9,Tokens", account="c"),
        columns=columns,
    )
    assert counts(rollup) == {("a", 5): (5, None), ("b", 5): (None, 27), ("c", 5): (None, None)}
    assert counts(read(row("4,Tokens"), columns=PRICED)) == {("a", 5): (4, None)}
    assert counts(read(row("Tokens"), columns="ConsumedUnit")) == {("a", 5): (None, None)}


def test_oracle_counts_what_was_used_under_names_of_its_own(read: Callable[..., Rollup]) -> None:
    rollup = read(row("5,Tokens,9,Hours"), columns=f"UsageQuantity,UsageUnit,{PRICED}")
    assert counts(rollup) == {("a", 5): (5, None)}


def test_what_is_no_quantity_is_not_counted_and_corrections_lower_a_day_to_nothing_at_most(
    read: Callable[..., Rollup],
) -> None:
    rollup = read(
        row("many,Tokens"),
        row("10,Tokens", account="b"),
        row("-4,Tokens", account="b", hour=1),
        row("-4,Tokens", account="c"),
        row("9" * 25 + ",Tokens", account="d"),
        row("5,Tokens", account="e", cost="free"),
    )
    assert counts(rollup) == {
        ("a", 5): (None, None),
        ("b", 5): (6, None),
        ("c", 5): (0, None),
        ("d", 5): (None, None),
    }
    assert rollup.refused_count == 1


@pytest.mark.parametrize("column", ["DECIMAL(18,6)", "DOUBLE", "BIGINT", "VARCHAR"])
def test_parquet_tells_tokens_too(tmp_path: Path, column: str) -> None:
    import duckdb

    path = tmp_path / "export.parquet"
    duckdb.connect().execute(
        "COPY (SELECT 1.5 AS BilledCost, 'USD' AS BillingCurrency, TIMESTAMP '2026-01-05' AS ChargePeriodStart,"
        f" 'a' AS SubAccountId, CAST(3 AS {column}) AS ConsumedQuantity, '1K tokens' AS ConsumedUnit) TO '{path}'"
    )
    assert counts(exports.read(path)) == {("a", 5): (3000, None)}


@given(st.text(max_size=20))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    found = unit_of(text)
    assert found is None or found.size > 0
