"""What becomes of the deliveries of an export, one after the other, together, twice, or out of order."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.errors import BudgetError, Conflict, Refused
from budget_tui.services.context import Context
from budget_tui.services.imports import ImportReport, ImportRequest
from budget_tui.services.period_rules import RuleChange
from tests import databases
from tests.databases import Engine, empty
from tests.examples import examples
from tests.services.conftest import Home, home_at

TODAY = date(2026, 1, 31)
COLUMNS = (
    "BillingAccountId BillingPeriodStart ChargePeriodStart ChargePeriodEnd BilledCost EffectiveCost BillingCurrency"
    " ServiceProviderName ServiceName SubAccountId ChargeCategory ChargeClass Tags"
).split()

Row = dict[str, str]


def row(cost: str, day: str | int, sub: str = "sub-a", **changed: str) -> Row:
    """A charge of one day; a number is a day of January 2026."""
    on = f"2026-01-{day:02}" if isinstance(day, int) else day
    return {
        "BillingAccountId": "acct-1",
        "BillingPeriodStart": f"{on[:7]}-01T00:00:00Z",
        "ChargePeriodStart": on if "T" in on else f"{on}T00:00:00Z",
        "ChargePeriodEnd": "",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "BillingCurrency": "USD",
        "ServiceProviderName": "AWS",
        "ServiceName": "VM",
        "SubAccountId": sub,
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "Tags": "{}",
        **changed,
    }


def correction(cost: str, day: int, sub: str = "sub-a", **changed: str) -> Row:
    return row(cost, day, sub, ChargeClass="Correction", **changed)


def daily(cost: str, days: range, sub: str = "sub-a") -> list[Row]:
    return [row(cost, day, sub) for day in days]


@dataclass(frozen=True)
class Desk:
    """Where exports arrive, and what is stored of them."""

    home: Home
    folder: Path

    def file(self, name: str, *rows: Row, columns: Sequence[str] = COLUMNS) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def manifest(self, name: str, **said: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(said))
        return path

    def take(self, *paths: Path, **options: Any) -> ImportReport:
        return self.home.services.imports.run(ImportRequest(tuple(map(str, paths or (self.folder,))), **options))

    def take_rows(self, *rows: Row, **options: Any) -> ImportReport:
        return self.take(self.file("export.csv", *rows), **options)

    @property
    def total(self) -> str:
        return self.home.spent["all"]

    def days(self) -> dict[int, Decimal]:
        """What is stored of each day of January."""
        found = databases.rows(
            self.home.address, "SELECT day % 100, sum(amount_nanos) FROM cost GROUP BY day ORDER BY day"
        )
        return {day: Decimal(nanos) / 10**9 for day, nanos in found if nanos}


@contextmanager
def unchanged(desk: Desk) -> Iterator[None]:
    before = desk.days()
    yield
    assert desk.days() == before


@pytest.fixture
def desk(engine: Engine) -> Desk:
    home = home_at(engine.new(empty), TODAY)
    home.budget("1000")
    return Desk(home, home.folder / "exports")


# One after the other


def test_a_refreshed_month_to_date_is_replaced_each_time(desk: Desk) -> None:
    for last in (5, 10, 20):
        report = desk.take_rows(*daily("2", range(1, last + 1)), *daily("1", range(3, last), "sub-late"))
    assert (desk.total, report.rows_added) == ("57", 0)  # 20 × 2 and 17 × 1
    late = [*daily("2", range(1, 21)), *daily("1", range(3, 20), "sub-late"), row("7", 4, "sub-a", ServiceName="late")]
    desk.take_rows(*late, *daily("4", range(10, 12), "sub-new"))
    assert desk.total == "72"
    restated = [{**each, "Tags": '{"project": "pcc"}'} for each in late]
    assert desk.take_rows(*restated, *daily("4", range(10, 12), "sub-new")).rows_replaced == 40
    assert desk.total == "72"


def test_rows_of_0_may_be_dropped_by_a_refresh(desk: Desk) -> None:
    desk.take_rows(*daily("2", range(1, 4)), *daily("0", range(1, 4), "sub-free"))
    desk.take_rows(*daily("2", range(1, 4)))
    assert desk.total == "6"


def test_a_day_that_was_waived_is_sent_again_as_0(desk: Desk) -> None:
    desk.take_rows(row("100", 3))
    report = desk.take_rows(row("0", 3))
    assert (desk.total, report.rows_replaced) == ("0", 1)


@pytest.mark.parametrize("together", [True, False])
def test_one_export_for_each_subscription_is_added(desk: Desk, together: bool) -> None:
    paths = [desk.file(f"{sub}.csv", *daily("3", range(1, 6), sub)) for sub in ("sub-a", "sub-b")]
    for each in [paths] if together else [[path] for path in paths]:
        report = desk.take(*each)
    assert (desk.total, report.rows_replaced) == ("30", 0)
    desk.file("sub-a.csv", *daily("4", range(1, 6), "sub-a"))
    assert desk.take(*paths).rows_replaced == 10
    assert desk.total == "35"


def test_one_file_a_day_is_added_and_a_day_sent_again_replaced(desk: Desk) -> None:
    for day in range(1, 6):
        report = desk.take(desk.file(f"costs-2026-01-{day:02}.csv", row("10", day), row("1", day, "sub-b")))
    assert (desk.total, report.rows_added) == ("55", 2)
    desk.take(desk.file("costs-2026-01-03.csv", row("20", 3), row("1", 3, "sub-b")))
    assert desk.days() == {1: 11, 2: 11, 3: 21, 4: 11, 5: 11}


def test_rolling_days_replace_their_own_and_leave_the_older_ones(desk: Desk) -> None:
    for first in range(1, 8):
        desk.take_rows(*daily(str(first + 1), range(first, first + 7)))
    assert desk.days() == {day: min(day, 7) + 1 for day in range(1, 14)}


def test_days_of_another_zone_share_a_utc_day(desk: Desk) -> None:
    """Hourly files cut at midnight in Berlin: an hour of each file's first UTC day is in the one before."""
    first = [row("1", "2026-01-04T23:00:00Z"), *(row("1", f"2026-01-05T{hour:02}:00:00Z") for hour in range(23))]
    second = [row("1", "2026-01-05T23:00:00Z"), *(row("1", f"2026-01-06T{hour:02}:00:00Z") for hour in range(23))]
    desk.take(desk.file("a/hours.csv", *first))
    with unchanged(desk), pytest.raises(Conflict, match="more than a tenth"):
        desk.take(desk.file("b/hours.csv", *second))
    desk.take(desk.folder / "b/hours.csv", part="Jan 6")
    assert desk.total == "48"
    assert desk.take(desk.folder / "b/hours.csv", part="Jan 6").unchanged


def test_hours_of_another_zone_in_numbered_parts_are_taken_together(desk: Desk) -> None:
    desk.file("hours-1.csv", row("1", "2026-01-05T22:00:00Z"))
    desk.file("hours-2.csv", row("2", "2026-01-05T23:00:00Z"), row("2", "2026-01-06T01:00:00Z"))
    desk.take()
    assert desk.total == "5"


def test_a_credit_that_moved_is_told_and_replaced(desk: Desk) -> None:
    usage = [*daily("10", range(1, 4)), *daily("10", range(1, 4), "sub-b")]
    desk.take_rows(*usage, row("-5", 2, "sub-c", ChargeCategory="Credit"))
    report = desk.take_rows(*usage, row("-5", 2, "sub-b", ChargeCategory="Credit"))
    assert [(each.sub_account, each.amounts) for each in report.vanished] == [("sub-c", {"USD": -5 * 10**9})]
    assert desk.total == "55"


def test_usage_that_would_vanish_is_refused_and_named(desk: Desk) -> None:
    desk.take_rows(*daily("500", range(3, 6)), *daily("500", range(3, 6), "sub-b"))
    words = r"sub-b, Jan 3 – Jan 5, 2026, \$1,500\.00 would vanish"
    with unchanged(desk), pytest.raises(Conflict, match=words):
        desk.take_rows(*daily("1000", range(3, 6)))
    report = desk.take_rows(*daily("1000", range(3, 6)), replace=True)
    assert [(each.sub_account, each.amounts) for each in report.vanished] == [("sub-b", {"USD": 1500 * 10**9})]
    assert desk.total == "3000"


def test_very_little_may_vanish_and_is_told(desk: Desk) -> None:
    desk.take_rows(*daily("100", range(1, 4)), row("3", 2, "sub-b"))
    report = desk.take_rows(*daily("100", range(1, 4)))
    assert [each.sub_account for each in report.vanished] == ["sub-b"]
    assert desk.total == "300"
    desk.take_rows(*daily("100", range(1, 4)), row("3.1", 2, "sub-b"))
    with pytest.raises(Conflict, match="would vanish"):
        desk.take_rows(*daily("100", range(1, 4)))


def test_tokens_do_not_vanish_for_costing_nothing(desk: Desk) -> None:
    columns = [*COLUMNS, "ConsumedQuantity", "ConsumedUnit"]
    tokens = {"ConsumedQuantity": "1000", "ConsumedUnit": "Tokens"}
    free = row("0", 2, "sub-b") | tokens
    desk.take(desk.file("x.csv", row("5", 2) | tokens, free, columns=columns))
    with pytest.raises(Conflict, match="sub-b"):
        desk.take(desk.file("x.csv", row("5", 2) | tokens, columns=columns))


def test_corrections_alone_never_replace_usage(desk: Desk) -> None:
    desk.take_rows(row("1500", 1), row("0", 1, "sub-b"))
    moved = [correction("-300", 1), correction("300", 1, "sub-b")]
    with unchanged(desk), pytest.raises(Conflict, match=r"corrections alone, and would take the place of \$1,500\.00"):
        desk.take_rows(*moved)
    desk.take_rows(*moved, part="corrections")
    assert desk.total == "1500"
    desk.take_rows(*(correction("-1", 1, BillingPeriodStart="2026-02-01T00:00:00Z") for _ in range(2)))
    assert desk.total == "1498"  # of the next billing period: its cells, not January's


def test_content_that_was_replaced_comes_again_as_older(desk: Desk) -> None:
    one, two = daily("10", range(1, 4)), daily("11", range(1, 4))
    desk.take_rows(*one)
    desk.take_rows(*two)
    assert desk.take_rows(*two).unchanged
    with unchanged(desk), pytest.raises(Conflict, match="older than what is stored"):
        desk.take_rows(*one)
    desk.take_rows(*one, replace=True)
    assert desk.total == "30"


def test_a_delivery_that_says_it_is_older_is_refused(desk: Desk) -> None:
    june = [row("10", day) for day in range(1, 4)]
    desk.file("2026-02-10T06-00-00Z/x.csv", *june)
    desk.file("2026-02-03T06-00-00Z/x.csv", *[{**each, "BilledCost": "9.9"} for each in june])
    desk.take(desk.folder / "2026-02-10T06-00-00Z")
    with unchanged(desk), pytest.raises(Conflict, match="older"):
        desk.take(desk.folder / "2026-02-03T06-00-00Z")


def test_a_later_part_without_its_fellows_is_refused(desk: Desk) -> None:
    first = desk.file("export-00001.csv", *daily("10", range(1, 4)))
    second = desk.file("export-00002.csv", *daily("10", range(1, 4), "sub-b"))
    desk.take(first)
    with unchanged(desk), pytest.raises(Conflict, match="is part 2 of an export"):
        desk.take(second)
    desk.take(first, second)
    assert desk.total == "60"


def test_two_exports_over_the_same_cells_are_refused(desk: Desk) -> None:
    for name, cost in (("daily", "10"), ("actual", "10.1")):
        desk.file(f"{name}/part_0_0001.csv", row(cost, 1))
        blob = {"blobName": f"x/{name}/part_0_0001.csv"}
        desk.manifest(f"{name}/manifest.json", exportConfig={"exportName": name}, blobs=[blob])
    desk.take(desk.folder / "daily")
    with unchanged(desk), pytest.raises(Conflict, match="is stored from the export daily, and this is actual"):
        desk.take(desk.folder / "actual")


def test_more_than_a_tenth_less_is_refused(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 11)))
    desk.take_rows(*daily("9", range(1, 11)))
    with unchanged(desk), pytest.raises(Conflict, match=r"this takes \$9\.10 away"):
        desk.take_rows(*daily("8.09", range(1, 11)))


def test_sub_accounts_named_on_one_side_only_are_refused(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 4), ""))
    with unchanged(desk), pytest.raises(Conflict, match="names sub accounts"):
        desk.take_rows(*daily("10", range(1, 4), "sub-a"))
    desk.take_rows(*daily("10", range(1, 4), "sub-a"), replace=True)
    assert desk.total == "30"
    with unchanged(desk), pytest.raises(Conflict, match="names sub accounts"):
        desk.take_rows(*daily("10", range(1, 4), ""))


def test_more_unusable_rows_than_before_are_refused(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 4)))
    with unchanged(desk), pytest.raises(Conflict, match="1 row of this cannot be used"):
        desk.take_rows(*daily("10.1", range(1, 4)), row("many", 3))
    desk.take_rows(*daily("10.1", range(1, 4)), row("many", 3), replace=True)
    assert desk.take_rows(*daily("10.5", range(1, 4)), row("few", 3)).rows_refused == 1


def test_the_same_export_under_two_names_is_refused(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 4)))
    with unchanged(desk), pytest.raises(Conflict, match="the source focus has the same days of acct-1"):
        desk.take_rows(*daily("10", range(1, 4)), source="copy")
    desk.take_rows(*[{**each, "BillingAccountId": "other"} for each in daily("1", range(1, 4))], source="copy")
    assert desk.total == "33"


def test_another_cost_basis_is_refused(desk: Desk) -> None:
    rows = [{**each, "EffectiveCost": "9.9"} for each in daily("10", range(1, 4))]
    desk.take_rows(*rows)
    with unchanged(desk), pytest.raises(Conflict, match="stored by BilledCost, and this is EffectiveCost"):
        desk.take_rows(*rows, cost_column="EffectiveCost")


def test_charges_dated_in_the_month_before_are_cells_of_their_own_billing_period(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(29, 32)))
    late = [row("5", 31, BillingPeriodStart="2026-02-01T00:00:00Z")]
    assert desk.take_rows(*late).rows_replaced == 0
    assert desk.total == "35"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_another_time_zone_of_the_organization_moves_no_cell(desk: Desk, zone: str) -> None:
    hours = [row("1", f"2026-01-{day:02}T{hour:02}:00:00Z") for day in (5, 6) for hour in (3, 20)]
    hours = [{**each, "ChargePeriodEnd": each["ChargePeriodStart"][:14] + "30:00Z"} for each in hours]
    desk.take_rows(*hours)
    desk.home.services.period_rules.set(RuleChange(time_zone=zone))
    report = desk.take_rows(*hours, row("1", 6, ServiceName="late"))
    assert (desk.total, report.vanished) == ("5", ())


def test_ids_are_compared_as_people_write_them(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 4), "00123"))
    other = [
        {**each, "BillingAccountId": "ACCT-1", "SubAccountId": sub}
        for each, sub in zip(daily("10", range(1, 4)), ("123", "/subscriptions/123", "0123"), strict=True)
    ]
    desk.take_rows(*other)
    assert desk.total == "30"


def test_ids_that_a_spreadsheet_rounded_are_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="none of 1 row can be used"):
        desk.take_rows(row("1", 1, BillingAccountId="1E+12"))


def test_nothing_changed_is_looked_at_row_by_row(desk: Desk) -> None:
    """Stored rows that were damaged are mended by the true file, whatever its fingerprint says."""
    desk.take_rows(*daily("10", range(1, 4)))
    assert desk.take_rows(*daily("10", range(1, 4))).unchanged
    databases.change(desk.home.address, "UPDATE cost SET amount_nanos = amount_nanos - 1 WHERE day = 20260102")
    assert not desk.take_rows(*daily("10", range(1, 4))).unchanged
    assert desk.total == "30"


@pytest.mark.both_engines
def test_a_source_that_replaces_always_exchanges_its_own_cells(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 6)), *daily("10", range(1, 6), "sub-b"))
    desk.home.services.sources.replace_always("focus", True)
    desk.take_rows(row("1", 3), row("1", 4))
    assert desk.days() == {1: 20, 2: 20, 3: 11, 4: 11, 5: 20}
    desk.home.services.undo.undo()
    assert desk.days() == dict.fromkeys(range(1, 6), 20)
    desk.home.services.undo.undo()
    with pytest.raises(Conflict, match="more than a tenth"):
        desk.take_rows(row("1", 3), row("1", 4))


def test_one_refused_account_refuses_the_whole_import(desk: Desk) -> None:
    desk.take_rows(row("100", 1), row("50", 1, BillingAccountId="acct-2"))
    with unchanged(desk), pytest.raises(Conflict, match="acct-2"):
        desk.take_rows(row("101", 1), row("5", 1, BillingAccountId="acct-2"))


def test_refused_accounts_are_told_in_their_order(desk: Desk) -> None:
    accounts = [f"acct-{number}" for number in range(1, 10)]
    desk.take_rows(*(row("100", 1, BillingAccountId=account) for account in reversed(accounts)))
    with pytest.raises(Conflict, match=r"what acct-1 .* what acct-2 .* what acct-3 .* and 6 more"):
        desk.take_rows(*(row("5", 1, BillingAccountId=account) for account in reversed(accounts)))


# Several at once


@pytest.mark.parametrize("twin", ["focus (1).csv", "renamed.csv", "focus.csv.gz"])
def test_the_same_content_counts_once_and_is_named(desk: Desk, twin: str) -> None:
    original = desk.file("focus.csv", *daily("10", range(1, 4)))
    content = original.read_bytes()
    (desk.folder / twin).write_bytes(gzip.compress(content) if twin.endswith(".gz") else content)
    report = desk.take()
    assert desk.total == "30"
    assert [("same content" in each.why) for each in report.left_out] == [True]


def test_two_downloads_of_different_days_in_one_folder_are_refused_and_both_named(desk: Desk) -> None:
    desk.file("focus.csv", *daily("10", range(1, 11)))
    desk.file("focus (1).csv", *daily("10", range(1, 13)))
    with pytest.raises(Conflict, match=r"focus \(1\)\.csv and .*focus\.csv both have costs of sub-a"):
        desk.take()


@pytest.mark.parametrize(
    "names", [("mtd-20260114.csv", "mtd-20260115.csv"), ("x-14.csv", "x-15.csv"), ("a.csv", "b.csv")]
)
def test_files_that_are_no_numbered_parts_do_not_add_up(desk: Desk, names: Sequence[str]) -> None:
    for name, last in zip(names, (15, 16), strict=True):
        desk.file(name, *daily("10", range(1, last)))
    with pytest.raises(Conflict, match=f"{names[0]} and .*{names[1]} both have costs"):
        desk.take()


@pytest.mark.parametrize(
    "names",
    [
        ("focus-00001.csv", "focus-00002.csv"),
        ("part_0_0001.csv", "part_0_0002.csv"),
        ("part-0.csv", "part-1.csv"),
        (
            "part-00000-0a1b2c3d-1111-4222-8333-444455556666-c000.csv",
            "part-00001-0a1b2c3d-1111-4222-8333-444455556666-c000.csv",
        ),
    ],
)
def test_numbered_parts_of_one_export_add_up(desk: Desk, names: Sequence[str]) -> None:
    for name in names:
        desk.file(name, *daily("1", range(1, 4)), row("1", 9, name))
    desk.take()
    assert desk.total == "8"


def test_two_runs_of_a_month_in_one_folder_are_the_newer_one(desk: Desk) -> None:
    for run, last in (("20260110T060000Z", 10), ("20260120T060000Z", 20)):
        desk.file(f"20260101-20260131/{run}/part_0_0001.csv", *daily("10", range(1, last + 1)))
    report = desk.take()
    assert desk.total == "200"
    assert [each.file for each in report.left_out] == [
        str(desk.folder / "20260101-20260131/20260110T060000Z/part_0_0001.csv")
    ]


def azure(desk: Desk, run: str, at: str, *parts: Sequence[Row], period: str = "20260101-20260131") -> Path:
    """A run as Azure's exports leave it; returns its folder."""
    names = [f"{period}/{run}/part_0_{number:04}.csv" for number in range(1, len(parts) + 1)]
    for name, rows in zip(names, parts, strict=True):
        desk.file(name, *rows)
    desk.manifest(
        f"{period}/{run}/manifest.json",
        exportConfig={"exportName": "focus-cost"},
        runInfo={"submittedTime": at, "startDate": "2026-01-01T00:00:00", "endDate": "2026-01-31T00:00:00"},
        blobs=[{"blobName": f"container/exports/{name}"} for name in names],
    )
    return desk.folder / period / run


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_runs_with_manifests_are_the_newer_one_whatever_their_names(desk: Desk, order: tuple[int, int]) -> None:
    runs = [("11111111-run", "2026-01-10T06:00:00Z", 10), ("22222222-run", "2026-01-20T06:00:00Z", 20)]
    for number in order:
        name, at, last = runs[number]
        azure(desk, f"{9 - number}{name}", at, daily("10", range(1, last + 1)))
    report = desk.take()
    assert (desk.total, len(report.left_out)) == ("200", 1)


def test_files_of_a_manifest_add_up_whatever_they_are_called(desk: Desk) -> None:
    for number in (1, 2):
        desk.file(
            f"data/BILLING_PERIOD=2026-01/odd name {'ab'[number - 1]}.csv",
            *daily("1", range(1, 4)),
            row("5", number, "z"),
        )
    desk.manifest(
        "metadata/BILLING_PERIOD=2026-01/cur-Manifest.json",
        dataFiles=[f"s3://bucket/prefix/cur/data/BILLING_PERIOD=2026-01/odd name {sign}.csv" for sign in "ab"],
    )
    report = desk.take()
    assert (desk.total, report.left_out) == ("16", ())


def test_a_missing_file_of_a_manifest_refuses_its_delivery(desk: Desk) -> None:
    folder = azure(desk, "run", "2026-01-20T06:00:00Z", daily("10", range(1, 4)), daily("10", range(1, 4), "sub-b"))
    (folder / "part_0_0002.csv").unlink()
    with unchanged(desk), pytest.raises(Conflict, match=r"manifest\.json names .*part_0_0002\.csv, which is missing"):
        desk.take()


def test_what_a_newer_delivery_covers_may_have_lost_its_files(desk: Desk) -> None:
    old = azure(desk, "run-1", "2026-01-10T06:00:00Z", daily("10", range(1, 4)), daily("10", range(1, 4), "sub-b"))
    azure(desk, "run-2", "2026-01-20T06:00:00Z", daily("10", range(1, 6)), daily("10", range(1, 6), "sub-b"))
    (old / "part_0_0002.csv").unlink()
    desk.take()
    assert desk.total == "100"
    (old / "part_0_0001.csv").unlink()
    assert desk.take().unchanged


def test_runs_without_any_time_are_refused_when_they_share_cells(desk: Desk) -> None:
    for run in ("aaaa-run", "bbbb-run"):
        desk.file(f"{run}/part_0_0001.csv", *daily("10", range(1, 4 if run[0] == "a" else 6)))
    with pytest.raises(Conflict, match="nothing says which is newer"):
        desk.take()


def test_what_a_folder_holds_beside_exports_is_named(desk: Desk) -> None:
    desk.file("part-1.csv", row("1", 1))
    desk.file("part-2", row("2", 2))
    (desk.folder / "part-3.csv.zip").write_bytes(b"PK\x03\x04rest")
    (desk.folder / "notes.txt").write_text("hello")
    (desk.folder / ".hidden").write_text("x")
    report = desk.take()
    assert desk.total == "3"
    assert [Path(each.file).name for each in report.left_out] == ["notes.txt", "part-3.csv.zip"]


@pytest.mark.parametrize(("first", "then"), [("", "late"), ("late", ""), ("late", "later")])
def test_the_same_costs_do_not_count_twice_under_another_name(desk: Desk, first: str, then: str) -> None:
    desk.take_rows(*daily("10", range(1, 4)), part=first)
    with unchanged(desk), pytest.raises(Conflict, match=r"the same costs of .* are stored already") as refusal:
        desk.take_rows(*daily("10", range(1, 4)), part=then)
    assert f"as the part {first}" in str(refusal.value) or not first
    assert desk.take_rows(*daily("10", range(1, 4)), part=first).unchanged
    desk.take_rows(*daily("10", range(1, 4)), part=then, replace=True)
    assert desk.total == "30"


# Undo


def test_an_import_that_was_replaced_is_undone_after_its_replacement(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 4)))
    desk.take_rows(*daily("11", range(1, 5)))
    undo = desk.home.services.undo
    undo.undo()
    assert desk.days() == {1: 10, 2: 10, 3: 10}
    undo.undo()
    assert desk.days() == {}
    undo.redo()
    undo.redo()
    assert desk.days() == {1: 11, 2: 11, 3: 11, 4: 11}


def test_undo_of_a_rolling_import_gives_back_the_days_it_took(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 8)))
    desk.take_rows(*daily("11", range(4, 11)))
    undo = desk.home.services.undo
    undo.undo()
    assert desk.days() == dict.fromkeys(range(1, 8), 10)
    undo.redo()
    assert desk.days() == {day: 10 if day < 4 else 11 for day in range(1, 11)}


@pytest.mark.both_engines
def test_an_import_of_several_deliveries_is_undone_as_one(desk: Desk) -> None:
    desk.take_rows(*daily("10", range(1, 6)))
    before = desk.days()
    for run, days in (("20260210T060000Z", range(1, 6)), ("20260211T060000Z", range(3, 8))):
        desk.file(f"{run}/x.csv", *daily("11", days), *daily("1", days, run))
    desk.take(*(desk.folder / run for run in ("20260210T060000Z", "20260211T060000Z")), replace=True)
    after = desk.days()
    undo = desk.home.services.undo
    for _ in range(2):
        undo.undo()
        assert desk.days() == before
        undo.redo()
        assert desk.days() == after
    assert desk.home.services.database.check().problems == ()


def services_of(user: str, home: Home) -> Services:
    context = home.services.context
    return Services(Context(context.database, "default", context.clock, user), Settings())


def test_redo_takes_the_rows_that_undo_gave_back_whatever_was_stored_between(desk: Desk) -> None:
    desk.home.add("pcc")
    desk.take_rows(*daily("10", range(1, 6)))
    desk.take_rows(*daily("11", range(4, 8)))
    after = desk.days()
    replace(desk.home, services=services_of("bob", desk.home)).spend("pcc", "1", on="2026-01-20")
    undo = desk.home.services.undo
    for step in (undo.undo, undo.undo, undo.redo, undo.redo):
        step()
    assert desk.days() == after | {20: 1}


def test_files_that_clash_are_told_in_the_same_words_each_time(desk: Desk) -> None:
    desk.file("a/x.csv", *daily("10", range(5, 20)), *daily("10", range(5, 20), "sub-b"))
    desk.file("b/x.csv", *daily("11", range(3, 20)), *daily("10", range(5, 20), "sub-b"))
    with pytest.raises(Conflict, match="both have costs of sub-a on 2026-01-05,"):
        desk.take()
    for folder in "ab":
        (desk.folder / folder / "x.csv").rename(desk.folder / f"{folder}.csv")
    with pytest.raises(Conflict, match="both have costs of sub-a on 2026-01-05"):
        desk.take()


# Any order, any grouping


@st.composite
def histories(draw: Callable[..., Any]) -> list[tuple[str, list[Row]]]:
    """Runs of one export, each newer than the one before: their times, and what each says."""
    runs = []
    for number in range(draw(st.integers(1, 4))):
        first = draw(st.integers(1, 6))
        last = draw(st.integers(first, 9))
        subs = draw(st.lists(st.sampled_from(["sub-a", "sub-b", ""]), min_size=1, max_size=2, unique=True))
        cost = draw(st.integers(95, 105))
        rows = [row(str(cost), day, sub) for day in range(first, last + 1) for sub in subs]
        runs.append((f"202602{number + 10}T060000Z", rows))
    return runs


@given(histories(), st.data())
@settings(max_examples=examples(3), deadline=None)
def test_any_order_and_grouping_ends_in_the_same_figures_or_is_refused(
    engine: Engine, runs: list[tuple[str, list[Row]]], data: st.DataObject
) -> None:
    engine.clear()
    results = []
    groupings = [[[number] for number in range(len(runs))], [list(range(len(runs)))]]
    shuffled = data.draw(st.permutations(range(len(runs))))
    cut = data.draw(st.integers(0, len(runs)))
    groupings.append([part for part in (list(shuffled[:cut]), list(shuffled[cut:])) if part])
    for groups in groupings:
        home = home_at(engine.new(empty), TODAY)
        home.budget("1000")
        desk = Desk(home, home.folder / "exports")
        paths = [desk.file(f"{name}/x.csv", *rows).parent for name, rows in runs]
        try:
            for group in groups:
                desk.take(*(paths[number] for number in group))
        except BudgetError:
            continue
        results.append(desk.days())
    assert all(result == results[0] for result in results)
