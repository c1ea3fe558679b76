"""Amounts are summed as the export states them, and rounded once."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import nanos_of
from tests.examples import examples
from tests.sources.exports import charge, csv_text, each, one, read, write_csv, write_parquet


def test_a_million_tiny_charges_add_up_exactly(tmp_path: Path) -> None:
    header, row = csv_text([charge(BilledCost="0.0000002")]).splitlines(keepends=True)
    path = tmp_path / "tiny.csv"
    path.write_text(header + row * 1_000_000)
    rollup = read(path)
    assert rollup.billed_total == {"USD": Decimal("0.20")}
    assert [(cost.amount_nanos, cost.rows) for cost in rollup.daily] == [(200_000_000, 1_000_000)]


def amounts(digits: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(-9_000_000, 9_000_000, places=digits, allow_nan=False, allow_infinity=False)


def spellings(amount: Decimal) -> list[str]:
    return [f"{amount:f}", f"{amount:e}", f"{amount:E}", f"{amount:+f}", f" {amount:f}"]


@settings(max_examples=examples(12))
@given(
    st.lists(
        st.integers(0, 18).flatmap(amounts).flatmap(lambda amount: st.sampled_from(spellings(amount))),
        min_size=1,
        max_size=60,
    )
)
def test_sums_are_those_of_decimal_arithmetic(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        rollup = read(write_csv(Path(folder) / "x.csv", *(charge(BilledCost=text) for text in texts)))
    exact = sum((Decimal(text.strip()) for text in texts), Decimal(0))
    assert rollup.billed_total == {"USD": exact}
    [cost] = rollup.daily
    assert cost.amount_nanos == nanos_of(exact)


@settings(max_examples=examples(12))
@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 0.1), min_size=1))
def test_binary_numbers_count_as_their_shortest_decimal(values: list[float]) -> None:
    with TemporaryDirectory() as folder:
        listed = ", ".join(f"'{value!r}'::DOUBLE" for value in values)
        path = write_parquet(
            Path(folder) / "x.parquet",
            f"SELECT unnest([{listed}]) AS BilledCost, 'USD' AS BillingCurrency, '2026-01-10' AS ChargePeriodStart",
        )
        rollup = read(path)
    exact = sum((Decimal(repr(value)) for value in values), Decimal(0))
    assert rollup.billed_total == {"USD": exact}


def test_it_is_the_day_that_is_rounded_not_the_row(tmp_path: Path) -> None:
    charges = [charge(BilledCost="0.0000000004")] * 5
    assert one(write_csv(tmp_path / "x.csv", *charges)).amount_nanos == 2


def test_a_half_is_rounded_to_even(tmp_path: Path) -> None:
    rounded = {"0.0000000005": 0, "0.0000000015": 2, "-0.0000000025": -2, "2.5e-9": 2}
    costs = each(tmp_path, *(charge(BilledCost=text) for text in rounded))
    assert dict(zip(rounded, (cost.amount_nanos for cost in costs), strict=True)) == rounded


def test_credits_and_corrections_are_added(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "x.csv",
        charge(BilledCost="10", ChargeClass="", ChargeCategory="Usage"),
        charge(BilledCost="-4", ChargeClass="", ChargeCategory="Credit"),
        charge(BilledCost="-0.5", ChargeClass="Correction", ChargeCategory="Usage"),
    )
    kinds = {cost.origin.charge_category: cost.amount_nanos for cost in read(path).daily}
    assert kinds == {"usage": 10_000_000_000, "credit": -4_000_000_000, "correction": -500_000_000}


def test_currencies_are_kept_apart(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(), charge(BillingCurrency="eur", BilledCost="2"), charge())
    assert read(path).billed_total == {"EUR": Decimal(2), "USD": Decimal(2)}


def test_the_same_costs_from_two_files_are_rounded_together(tmp_path: Path) -> None:
    paths = [write_csv(tmp_path / f"{name}.csv", charge(BilledCost="0.0000000005")) for name in "ab"]
    cost = one(*paths)
    assert (cost.amount_nanos, cost.rows) == (1, 2)
