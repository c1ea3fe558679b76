"""Exports as they are out in the world: nothing is lost, to the last digit."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.amount import to_decimal
from tests.sources.exports import FIXTURES, read

SAMPLE = FIXTURES / "focus-1.0-sample.csv"
AWS = FIXTURES / "focus-1.2-aws-synthetic.csv"
AZURE = FIXTURES / "focus-1.3-azure-synthetic.csv"


@pytest.mark.parametrize(
    ("path", "rows", "version", "total"),
    [(SAMPLE, 1000, "1.0", "20.52022672899"), (AWS, 25, "1.2", None), (AZURE, 25, "1.3", None)],
)
def test_every_row_counts(path: Path, rows: int, version: str, total: str | None) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        by_hand = sum(Decimal(row["BilledCost"]) for row in csv.DictReader(file))
    rollup = read(path)
    [file_read] = rollup.files
    assert (file_read.rows_read, file_read.version, rollup.rows_read) == (rows, version, rows)
    assert rollup.refused_count == 0
    assert rollup.billed_total == {"USD": by_hand}
    assert total is None or by_hand == Decimal(total)
    assert sum(cost.rows for cost in rollup.daily) == rows


def test_what_is_stored_differs_by_at_most_half_a_nano_per_row() -> None:
    rollup = read(SAMPLE)
    stored = sum(to_decimal(cost.amount_nanos) for cost in rollup.daily)
    assert abs(stored - rollup.billed_total["USD"]) <= len(rollup.daily) * Decimal("5e-10")


def test_providers_and_accounts_are_taken_as_they_are_exported() -> None:
    rollup = read(SAMPLE)
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        expected = Counter(row["ProviderName"] for row in csv.DictReader(file))
    found: Counter[str] = Counter()
    for cost in rollup.daily:
        found[cost.origin.provider_name] += cost.rows
    assert found == expected
    assert {cost.billing_period_start.isoformat() for cost in rollup.daily} == {"2024-09-01", "2024-10-01"}
    assert {cost.origin.source for cost in rollup.daily} == {"focus"}
    assert not any(cost.origin.live for cost in rollup.daily)
    assert not any("NULL" in (cost.origin.sub_account_name, cost.origin.service) for cost in rollup.daily)


def test_kept_tags_tell_costs_apart_and_others_do_not() -> None:
    tagged = read(SAMPLE, tags=["Environment"])
    values = {dict(cost.origin.tags).get("environment") for cost in tagged.daily}
    assert {"dev", "prod", None} <= values
    assert {key for cost in tagged.daily for key, _ in cost.origin.tags} == {"environment"}
    assert len(read(SAMPLE, tags=[]).daily) < len(tagged.daily)


def test_all_versions_together_are_one_data_set() -> None:
    together = read(SAMPLE, AWS, AZURE)
    apart = [read(path) for path in (SAMPLE, AWS, AZURE)]
    assert [file.rows_read for file in together.files] == [1000, 25, 25]
    assert together.billed_total["USD"] == sum(rollup.billed_total["USD"] for rollup in apart)
    assert {cost.origin.provider_name for cost in together.daily} >= {"AWS", "Microsoft Azure"}


def test_another_cost_column_can_be_chosen() -> None:
    with AWS.open(encoding="utf-8", newline="") as file:
        by_hand = sum(Decimal(row["EffectiveCost"]) for row in csv.DictReader(file))
    assert read(AWS, cost_column="EffectiveCost").billed_total == {"USD": by_hand}
