"""A row that cannot be used is named by file, line and reason, and the rest goes in."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.sources import base
from tests.sources.exports import charge, csv_text, read, refused, write_csv


def test_unusable_rows(tmp_path: Path) -> None:
    unusable = [
        ("ChargePeriodStart", "", "ChargePeriodStart is empty"),
        ("ChargePeriodStart", "NULL", "ChargePeriodStart is empty"),
        ("ChargePeriodStart", "yesterday", "ChargePeriodStart 'yesterday' is not a date"),
        ("ChargePeriodStart", "2026-02-30", "ChargePeriodStart '2026-02-30' is not a date"),
        ("ChargePeriodStart", "01/10/2026", "ChargePeriodStart '01/10/2026' is not a date"),
        ("ChargePeriodStart", "infinity", "ChargePeriodStart 'infinity' is not a date"),
        ("ChargePeriodStart", "1969-12-31", "ChargePeriodStart '1969-12-31' is not a date"),
        ("ChargePeriodStart", "12026-01-10", "ChargePeriodStart '12026-01-10' is not a date"),
        ("BilledCost", "", "BilledCost is empty"),
        ("BilledCost", "NULL", "BilledCost is empty"),
        ("BilledCost", "free", "BilledCost 'free' is not a number"),
        ("BilledCost", "NaN", "BilledCost 'NaN' is not a number"),
        ("BilledCost", "inf", "BilledCost 'inf' is not a number"),
        ("BilledCost", "1,234.5", "BilledCost '1,234.5' is not a number"),
        ("BilledCost", "$3", "BilledCost '$3' is not a number"),
        ("BilledCost", "9000000000.000000001", "BilledCost '9000000000.000000001' is beyond ±9,000,000,000"),
        ("BilledCost", "-1e10", "BilledCost '-1e10' is beyond ±9,000,000,000"),
        ("BilledCost", "1e400", "BilledCost '1e400' is beyond ±9,000,000,000"),
        ("BillingCurrency", "", "BillingCurrency is empty"),
        ("BillingCurrency", "NULL", "BillingCurrency is empty"),
        ("BillingCurrency", "Dollars", "BillingCurrency 'Dollars' is not a currency's code"),
        ("BillingCurrency", "XXX", "BillingCurrency 'XXX' is not a currency's code"),
        ("BillingCurrency", "ABC", "BillingCurrency 'ABC' is not a currency's code"),
        ("BillingAccountId", "1E+12", "BillingAccountId '1E+12' is an id that a spreadsheet rounded"),
        ("BillingAccountId", "1,23457E+11", "BillingAccountId '1,23457E+11' is an id that a spreadsheet rounded"),
        ("SubAccountId", " 1.23457e+11", "SubAccountId ' 1.23457e+11' is an id that a spreadsheet rounded"),
    ]
    plain = charge(SubAccountId="12e11")
    rows = [row for column, text, _ in unusable for row in (plain, {**plain, column: text})]
    path = write_csv(tmp_path / "x.csv", *rows, plain)
    rollup = read(path)
    assert [(row.file, row.line, row.reason) for row in rollup.refused] == [
        (path, line, reason) for line, (_, _, reason) in zip(range(3, 100, 2), unusable, strict=False)
    ]
    used = len(unusable) + 1
    assert (rollup.refused_count, rollup.rows_read) == (len(unusable), len(unusable) + used)
    assert rollup.billed_total == {"USD": Decimal(used)}
    assert sum(cost.rows for cost in rollup.daily) == used


def test_the_limit_itself_is_in_range(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "x.csv", charge(BilledCost="9000000000"), charge(BilledCost="-9e9", ServiceName="other")
    )
    assert sorted(cost.amount_nanos for cost in read(path).daily) == [-9 * 10**18, 9 * 10**18]


def test_a_day_whose_sum_is_out_of_range_is_refused_naming_the_limit(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(BilledCost="9e9"), charge(BilledCost="1"))
    with pytest.raises(Refused, match="9,000,000,000"):
        read(path)


def test_long_texts_are_cut_short(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(BilledCost="x" * 5000))
    assert refused(path) == [(2, f"BilledCost '{'x' * 40}' is not a number")]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Line breaks inside of fields and blank lines count; the line is that on which the row begins."""
    bad = charge(BilledCost="?", ChargeDescription="x")
    charges = [charge(ChargeDescription="one\ntwo\nthree"), bad, {**bad, "ChargeDescription": "a\nb"}, bad]
    text = csv_text(charges)
    path = tmp_path / "x.csv"
    path.write_text(text.replace("\n", "\n\n", 1))
    lines = path.read_text().split("\n")
    expected = [number for number, line in enumerate(lines, 1) if "?" in line]
    assert [line for line, _ in refused(path)] == expected == [6, 7, 9]


def test_lines_in_a_packed_file_are_those_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(csv_text([charge()] * 5000 + [charge(BilledCost="?")]).encode()))
    assert [line for line, _ in refused(path)] == [5002]


def test_lines_far_down_in_a_large_file(tmp_path: Path) -> None:
    header, good = csv_text([charge()]).splitlines(keepends=True)
    bad = csv_text([charge(BilledCost="?")]).splitlines(keepends=True)[1]
    path = tmp_path / "x.csv"
    path.write_text(header + (good * 99_999 + bad) * 5)
    rollup = read(path)
    assert [row.line for row in rollup.refused] == [100_001, 200_001, 300_001, 400_001, 500_001]
    assert rollup.billed_total == {"USD": Decimal(5 * 99_999)}


def test_only_the_first_refusals_are_listed_but_all_are_counted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", *[charge(BilledCost="?")] * 1500, charge())
    rollup = read(path)
    assert [row.line for row in rollup.refused] == list(range(2, 2 + base.LISTED_REFUSALS))
    assert (rollup.refused_count, rollup.rows_read, len(rollup.daily)) == (1500, 1501, 1)


# Rows that cannot be told apart into fields


def broken(folder: Path, *lines: str) -> Path:
    """A file with a few sound rows around each of ``lines``, which stand on lines 4, 7, 10 …"""
    header, good = csv_text([charge(Note="x")]).splitlines()
    path = folder / "x.csv"
    path.write_text("\n".join([header, good, *(part for line in lines for part in (good, line, good))]) + "\n")
    return path


def test_too_few_and_too_many_fields(tmp_path: Path) -> None:
    path = broken(tmp_path, "acc,2026-01-01", ",".join("abcdefghijkl"), "lonely")
    rollup = read(path)
    assert [(row.line, row.reason) for row in rollup.refused] == [
        (4, "it has 2 fields where the header has 9"),
        (7, "it has 12 fields where the header has 9"),
        (10, "it has 1 field where the header has 9"),
    ]
    assert (rollup.rows_read, rollup.refused_count) == (10, 3)
    assert rollup.billed_total == {"USD": Decimal(7)}


def test_a_stray_quote_takes_only_its_own_row_along(tmp_path: Path) -> None:
    good = csv_text([charge(Note="x")]).splitlines()[1]
    path = broken(tmp_path, good.removesuffix("x") + '"never closed', f'"{good}', good.removesuffix("x") + '"a"b')
    rollup = read(path)
    assert [(row.line, row.reason) for row in rollup.refused] == [
        (4, "its quotes do not match"),
        (7, "its quotes do not match"),
        (10, "its quotes do not match"),
    ]
    assert rollup.billed_total == {"USD": Decimal(7)}


def test_a_stray_quote_far_from_the_next(tmp_path: Path) -> None:
    header, good = csv_text([charge(Note="x")]).splitlines()
    path = tmp_path / "x.csv"
    path.write_text("\n".join([header, good.removesuffix("x") + '"never closed', *[good] * 3000]))
    rollup = read(path)
    assert [row.line for row in rollup.refused] == [2]
    assert rollup.billed_total == {"USD": Decimal(3000)}


def test_a_comma_at_the_end_of_each_row_does_no_harm(tmp_path: Path) -> None:
    good = csv_text([charge(Note="x")]).splitlines()[1]
    assert read(broken(tmp_path, good + ",", "short")).billed_total == {"USD": Decimal(6)}


def test_bytes_that_are_no_text_do_not_cost_the_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(csv_text([charge(), charge(ServiceName="Müll")]).encode("latin-1"))
    rollup = read(path)
    assert (rollup.refused_count, rollup.billed_total) == (0, {"USD": Decimal(2)})
    assert {cost.origin.service for cost in rollup.daily} == {"S3", "M\N{REPLACEMENT CHARACTER}ll"}


def test_unusable_and_broken_rows_are_listed_in_order_of_their_lines(tmp_path: Path) -> None:
    bad = csv_text([charge(BilledCost="?", Note="x")]).splitlines()[1]
    multi = csv_text([charge(BilledCost="?", Note="a\nb")]).split("\n", 1)[1].rstrip("\n")
    path = broken(tmp_path, bad, "short", multi, bad, "short")
    assert [line for line, _ in refused(path)] == [4, 7, 10, 14, 17]


# Files that cannot be used at all


def test_a_file_that_is_not_focus_is_refused_naming_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,amount,BillingCurrency\n2026-01-10,1,USD\n")
    with pytest.raises(SourceError, match=r"x\.csv is not a FOCUS export .*BilledCost, ChargePeriodStart;"):
        read(path)


def test_a_cost_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column EffectiveCost"):
        read(write_csv(tmp_path / "x.csv", charge()), cost_column="EffectiveCost")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe" * 50, "not a text file"),
        (b"PK\x03\x04" + b"\0" * 50, "zip archive"),
        (b"\0" * 500, "not a text file"),
        (b"\x89\xff\xfe\x80\n" * 50, "begins with"),
    ],
)
def test_files_of_other_kinds_are_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words) as raised:
        read(path)
    assert "\n" not in str(raised.value)


def test_one_bad_file_refuses_all(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there\.csv cannot be read"):
        read(write_csv(tmp_path / "x.csv", charge()), tmp_path / "not-there.csv")
