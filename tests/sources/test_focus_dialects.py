"""The same rows in any dialect of CSV give the same figures, and what may be read in two ways is not read."""

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import SourceError
from budget_tui.sources.dialect import LONGEST_ROW
from tests.examples import examples
from tests.sources.exports import PLAIN, charge, csv_text, one, read, refused, write_csv

NAMES = [*PLAIN, "Tags", "ChargeDescription"]


def written(
    *charges: dict[str, Any],
    delimiter: str = ",",
    quote: Callable[[str], str] = lambda text: text.replace('"', '""'),
    point: str = ".",
    above: str = "",
    newline: str = "\n",
) -> str:
    """The charges as CSV with lines ``above`` the header; ``quote`` makes quotes fit to stand inside of quotes."""

    def cell(text: str) -> str:
        special = delimiter in text or any(sign in text for sign in '"\n\r')
        return f'"{quote(text)}"' if special or text.startswith(" ") else text

    rows = [NAMES, *([each.get(name, "") for name in NAMES] for each in charges)]
    cost = NAMES.index("BilledCost")
    for row in rows[1:]:
        row[cost] = str(row[cost]).replace(".", point)
    return above + newline.join([*(delimiter.join(map(cell, row)) for row in rows), ""])


def by_backslash(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


TAGGED = charge(BilledCost="1.5", Tags='{"project": "pcc"}', ChargeDescription='say "hi",\nor; not\t|')


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("above", ["", "\n", "sep={}\n", "Costs of January\n\n", "Costs;of, January\n\nsep={}\n"])
@pytest.mark.parametrize(("delimiter", "point"), [(",", "."), (";", ","), (";", "."), ("\t", ","), ("|", ".")])
def test_delimiters_and_lines_above_the_header(
    tmp_path: Path, delimiter: str, point: str, above: str, newline: str
) -> None:
    path = tmp_path / "x.csv"
    above = above.format(delimiter).replace("\n", newline)
    bad = charge(BilledCost="?")
    text = written(TAGGED, bad, TAGGED, delimiter=delimiter, point=point, above=above, newline=newline)
    path.write_text(text, newline="")
    rollup = read(path)
    assert rollup.billed_total == {"USD": Decimal(3)}
    assert {cost.origin.tags for cost in rollup.daily} == {(("project", "pcc"),)}
    line = above.count("\n") + 4
    assert [(row.line, row.reason) for row in rollup.refused] == [(line, "BilledCost '?' is not a number")]


def test_quotes_that_a_backslash_escapes(tmp_path: Path) -> None:
    rows = [charge(), TAGGED, charge(ChargeDescription=r'C:\new "x" \\y', Tags=r'{"a": "say \"x\"", "project": "pcc"}')]
    path = tmp_path / "x.csv"
    path.write_text(written(*rows * 50, charge(BilledCost="?"), quote=by_backslash))
    rollup = read(path)
    assert rollup.billed_total == {"USD": Decimal(175)}
    assert [(cost.origin.tags, cost.rows) for cost in sorted(rollup.daily, key=lambda cost: cost.rows)] == [
        ((), 50),
        ((("project", "pcc"),), 100),
    ]
    assert [row.line for row in rollup.refused] == [202]


def test_quotes_that_a_backslash_escapes_in_a_file_with_rows_that_are_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(written(TAGGED, quote=by_backslash) + "cut,short\n" + "\n".join(written(TAGGED).splitlines()[1:]))
    rollup = read(path)
    assert [(row.line, row.reason) for row in rollup.refused] == [(4, "it has 2 fields where the header has 10")]
    assert rollup.billed_total == {"USD": Decimal(3)}
    assert {cost.origin.tags for cost in rollup.daily} == {(("project", "pcc"),)}


def test_json_with_quotes_in_a_file_that_doubles_quotes(tmp_path: Path) -> None:
    row = charge(Tags=r'{"note": "say \"hi\"", "project": "pcc"}', ChargeDescription="C:\\")
    assert one(write_csv(tmp_path / "x.csv", row)).origin.tags == (("project", "pcc"),)
    header, line = csv_text([row]).splitlines()
    (tmp_path / "y.csv").write_text(f"{header}\n{line}\nshort\n")
    assert read(tmp_path / "y.csv").daily[0].origin.tags == (("project", "pcc"),)


LETTERS = st.text(st.sampled_from("ab \\\"',;|\t\n{}:é"), max_size=12)
COSTS = st.decimals(-1000, 1000, places=2)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(COSTS, LETTERS), min_size=1, max_size=8), data=st.data())
def test_any_dialect_of_the_same_rows_gives_the_same_figures(
    tmp_path: Path, rows: list[tuple[Decimal, str]], data: st.DataObject
) -> None:
    charges = [charge(BilledCost=f"{cost:f}", ChargeDescription=text) for cost, text in rows]
    path = tmp_path / "x.csv"
    delimiter = data.draw(st.sampled_from(",;\t|"))
    point = data.draw(st.sampled_from(",."))
    above = data.draw(st.sampled_from(["", "\n", f"sep={delimiter}\n", "Costs\n\n"]))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = written(*charges, delimiter=delimiter, point=point, above=above, newline=newline)
    path.write_text(text, encoding=data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])), newline="")
    rollup = read(path)
    assert rollup.refused == ()
    assert rollup.rows_read == len(rows)
    assert rollup.billed_total == {"USD": sum(cost for cost, _ in rows)}


@pytest.mark.parametrize(
    ("costs", "used", "reasons"),
    [
        (["1,5", "1.234"], "1.5", ["BilledCost '1.234' may have a decimal point, or mean 1234"]),
        (["1,5", "1.234,5", "1,234", "5", "-0,25"], "1241.984", []),
        (["1,5", "1.234.567"], "1.5", ["BilledCost '1.234.567' may have a decimal point, or mean 1234567"]),
        (["12.5", "1.234", "7"], "20.734", []),
        (["1.234", "7"], "8.234", []),
        (["12.5", "1,234"], "12.5", ["BilledCost '1,234' may have a decimal comma, or mean 1234"]),
        (["12.5", "1,5", "1,234"], "14", ["BilledCost '1,234' may have a decimal comma, or mean 1234"]),
        (["12.5", "1,5", "1.234"], "14", ["BilledCost '1.234' may have a decimal point, or mean 1234"]),
        (
            ["1,5", "1.5,5", "1,2,3"],
            "1.5",
            ["BilledCost '1.5,5' is not a number", "BilledCost '1,2,3' is not a number"],
        ),
        (["1,5", "1_0,5"], "1.5", ["BilledCost '1_0,5' is not a number"]),
        (["1,5E-2", "1,5e2"], "150.015", []),
    ],
)
def test_decimal_commas(tmp_path: Path, costs: list[str], used: str, reasons: list[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(written(*(charge(BilledCost=cost) for cost in costs), delimiter=";", point="."))
    rollup = read(path)
    assert (rollup.billed_total, [row.reason for row in rollup.refused]) == ({"USD": Decimal(used)}, reasons)


def test_quantities_have_decimal_commas_too(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [charge(BilledCost="0", ConsumedQuantity="1,5", ConsumedUnit="1K tokens")]
    path.write_text(csv_text(rows).replace(",", ";").replace("1;5", "1,5").replace('"', ""))
    assert one(path).tokens == 1500


def test_decimal_commas_in_quotes_between_commas(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(BilledCost="1,5"), charge(BilledCost="0,25"), charge(BilledCost="2"))
    assert one(path).amount_nanos == 3_750_000_000


@pytest.mark.parametrize(
    "text", ["1_000", "1_0.5", "0x10", "1e1_0", "Infinity", "-inf", "NaN", "１２", "1 000", "1,5,"]
)
def test_what_only_looks_like_a_number_is_none(tmp_path: Path, text: str) -> None:
    path = write_csv(tmp_path / "x.csv", charge(BilledCost=text), charge(BilledCost="12.5"))
    assert refused(path) == [(2, f"BilledCost '{text}' is not a number")]


# Large things


def test_a_header_with_a_very_long_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(**{"x" * 200_000: "1"}), charge())
    assert one(path).amount_nanos == 2_000_000_000


def test_a_header_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(**{f"x_{number:>07}": "1" for number in range(120_000)}))
    with pytest.raises(SourceError, match=r"line 1 of .*x\.csv is no header: it has more than 1,000,000 characters"):
        read(path)


def test_a_name_in_the_header_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(**{"two\nlines": "1"}), charge(BilledCost="?"))
    assert refused(path) == [(4, "BilledCost '?' is not a number")]


def test_a_quote_that_is_never_closed_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\n".join(['BilledCost,BillingCurrency,ChargePeriodStart,"x', *["1,USD,2026-01-10,"] * 60_000]))
    with pytest.raises(SourceError, match=r"the header of .* look for a quote that is not closed"):
        read(path)


def test_very_large_cells_are_read(tmp_path: Path) -> None:
    tags = '{"note": "' + "é" * 3_000_000 + '", "project": "pcc"}'
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(csv_text([charge(Tags=""), charge(Tags=tags), charge(Tags="")]).encode()))
    rollup = read(path)
    assert (rollup.rows_read, rollup.refused, rollup.billed_total) == (3, (), {"USD": Decimal(3)})
    assert {(cost.origin.tags, cost.rows) for cost in rollup.daily} == {((), 2), ((("project", "pcc"),), 1)}


def test_a_cell_that_is_too_large_costs_its_own_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(Note="x"), charge(Note="x" * LONGEST_ROW), charge(Note="x\ny"))
    rollup = read(path)
    assert [(row.line, row.reason) for row in rollup.refused] == [(3, f"it has more than {LONGEST_ROW:,} characters")]
    assert rollup.billed_total == {"USD": Decimal(2)}


def test_large_cells_and_the_lines_of_rows_behind_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(Note="x\n" + "y" * 200_000), charge(Note="", BilledCost="?"))
    assert [line for line, _ in refused(path)] == [4]


# What is said of a file in which no header is found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Datum;Betrag;BillingCurrency\n1;2;USD\n", "begins with 'Datum;Betrag;BillingCurrency'"),
        ('{"costs": []}\n', "begins with '{\"costs\": []}'"),
        ("\n\nsep=;\nfoo\n", "begins with 'foo'"),
        ("BilledCost^BillingCurrency^ChargePeriodStart\n", "neither commas, semicolons, tabs nor bars between"),
    ],
)
def test_how_a_file_begins_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(SourceError) as raised:
        read(path)
    assert said in str(raised.value)
