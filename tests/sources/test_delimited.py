"""Any table of costs: whatever it is written like, it says the same."""

import csv
import gzip
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.sources.base import format_of
from budget_tui.sources.delimited import Delimited
from tests.examples import examples
from tests.sources.exports import Rollup, read


def table(folder: Path, text: str, name: str = "costs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def taken(path: Path, **options: str) -> Rollup:
    return read(path, form=Delimited(), **options)


def costs(path: Path, **options: str) -> list[tuple[str, str, str]]:
    """Day, amount and currency of each daily cost; nothing is refused."""
    rollup = taken(path, **options)
    assert rollup.refused == ()
    return sorted(
        (cost.day.isoformat(), f"{Decimal(cost.amount_nanos) / 10**9:f}", cost.origin.currency) for cost in rollup.daily
    )


def refusals(path: Path, **options: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in taken(path, **options).refused]


# One table, many dialects


@dataclass(frozen=True)
class Row:
    day: date
    cents: int
    project: str
    description: str


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12).map(str.strip)
ROWS = st.lists(
    st.builds(
        Row,
        st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        st.integers(-5_000_000, 5_000_000),
        st.sampled_from(["pcc", "VideoNest API", "", "ö;1"]),
        TEXTS,
    ),
    min_size=1,
    max_size=12,
)


@dataclass(frozen=True)
class Dialect:
    """A way to write a table."""

    delimiter: str
    decimal: str
    group: str
    dates: str
    negative: str
    sign: str
    header: tuple[str, str, str, str]
    newline: str
    above: str
    packed: bool

    def amount(self, cents: int) -> str:
        units = f"{abs(cents) // 100:,}".replace(",", self.group)
        text = f"{units}{self.decimal}{abs(cents) % 100:02}"
        text = self.sign.format(text)
        return self.negative.format(text) if cents < 0 else text

    def write(self, folder: Path, rows: Sequence[Row]) -> Path:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerow(self.header)
        for row in rows:
            # The 13th and later decide which number is the month.
            writer.writerow([row.day.strftime(self.dates), self.amount(row.cents), row.project, row.description])
        text = self.above + out.getvalue()
        path = folder / "dialect.csv"
        path.write_bytes(gzip.compress(text.encode()) if self.packed else text.encode())
        return path


DIALECTS = st.builds(
    Dialect,
    st.sampled_from([",", ";", "\t", "|"]),
    st.just("."),
    st.sampled_from(["", ",", " ", "'"]),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d"]),
    st.sampled_from(["-{}", "({})", "{}-", "\N{MINUS SIGN}{}"]),
    st.sampled_from(["{}", "${}", "{} USD", "USD {}", "{} $"]),
    st.sampled_from(
        [
            ("Date", "Amount", "Project", "Description"),
            ("usage_date", "cost_usd", "project_id", "service"),
            ("Datum", "Betrag (USD)", "Projekt", "Beschreibung"),
            ("FECHA", "IMPORTE", "PROYECTO", "CONCEPTO"),
            (" day ", "Total Cost", "Team", "Product"),
        ]
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff", "Costs of Acme\n\n"]),
    st.booleans(),
)


PLAIN = Dialect(",", ".", "", "%Y-%m-%d", "-{}", "{}", ("date", "amount", "project", "description"), "\n", "", False)
IN_ONE_FOLDER = settings(
    max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def with_comma(dialect: Dialect) -> Dialect:
    return replace(dialect, decimal=",", group="." if dialect.group == "," else dialect.group)


def figures(path: Path) -> list[tuple[object, ...]]:
    """All that tells daily costs apart, and what they come to."""
    rollup = taken(path)
    assert rollup.refused == ()
    return sorted(
        (cost.day, cost.origin.currency, cost.origin.tags, cost.origin.service, cost.origin.charge_category,
         cost.amount_nanos, cost.rows)
        for cost in rollup.daily
    )  # fmt: skip


@IN_ONE_FOLDER
@given(ROWS, st.lists(st.one_of(DIALECTS, DIALECTS.map(with_comma)), min_size=3, max_size=3))
def test_the_same_rows_give_the_same_figures_in_any_dialect(
    tmp_path: Path, rows: list[Row], dialects: list[Dialect]
) -> None:
    rows = [*rows, Row(date(2026, 3, 25), 1234, "pcc", "decides which number is the day")]
    expected = figures(PLAIN.write(tmp_path, rows))
    for dialect in dialects:
        assert figures(dialect.write(tmp_path, rows)) == expected


@IN_ONE_FOLDER
@given(ROWS)
def test_the_figures_are_the_sums_of_the_rows(tmp_path: Path, rows: list[Row]) -> None:
    rollup = taken(PLAIN.write(tmp_path, rows))
    assert sum(cost.rows for cost in rollup.daily) == len(rows)
    for project in {row.project for row in rows}:
        of_it = [cost for cost in rollup.daily if dict(cost.origin.tags).get("project", "") == project]
        assert sum(cost.amount_nanos for cost in of_it) == sum(r.cents for r in rows if r.project == project) * 10**7


# Columns


@pytest.mark.parametrize(
    "header",
    ["date,amount", "Date,Cost (USD)", "usage_date,cost_usd", "Datum,Betrag", "FECHA,Coste", "Jour,Coût", "day,Total",
     "Buchungstag,Betrag", "createdAt,totalCost", "Month,Spend", "data,importo", "transaction date,charge"],
)  # fmt: skip
def test_columns_are_known_by_common_names(tmp_path: Path, header: str) -> None:
    assert costs(table(tmp_path, f"{header}\n2026-01-05,7.5\n")) == [("2026-01-05", "7.5", "USD")]


def test_what_is_said_of_a_cost_is_kept(tmp_path: Path) -> None:
    text = "date,cost,project,vendor,category,service\n2026-01-05,7.5,pcc,OpenAI,subscription,GPT\n"
    (cost,) = taken(table(tmp_path, text)).daily
    origin = cost.origin
    assert (origin.tags, origin.sub_account_id) == ((("project", "pcc"),), "pcc")
    assert (origin.provider_name, origin.service, origin.category_hint) == ("OpenAI", "GPT", "subscription")


def test_a_category_of_another_kind_is_kept_as_it_is(tmp_path: Path) -> None:
    (cost,) = taken(table(tmp_path, "date,cost,category\n2026-01-05,7.5,AI and Machine Learning\n")).daily
    assert (cost.origin.category_hint, cost.origin.service_category) == ("", "AI and Machine Learning")


def test_named_columns_go_before_known_ones(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost,when,net\n2026-01-01,1,2026-02-02,2\n")
    assert costs(path, columns="date=When, amount=net") == [("2026-02-02", "2", "USD")]
    assert costs(path, columns="amount=net") == [("2026-01-01", "2", "USD")]
    assert costs(path, columns="currency=eur") == [("2026-01-01", "1", "EUR")]


def test_names_with_commas_and_colons_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, '"when, exactly",net: in all\n03/04/2026,"1,234"\n')
    assert costs(path, columns="date=when, exactly:dmy,amount=net: in all:comma") == [("2026-04-03", "1.234", "USD")]


def test_columns_without_names_are_named_by_number(tmp_path: Path) -> None:
    path = table(tmp_path, "2026-01-05,x,7.5\n2026-01-06,y,8\n")
    rows = [("2026-01-05", "7.5", "USD"), ("2026-01-06", "8", "USD")]
    assert costs(path, columns="date=1,amount=3") == rows
    assert refusals(table(tmp_path, "2026-01-05,7.5\nx,8\n"), columns="date=1,amount=2") == [
        (2, "column 1 'x' is not a date")
    ]


@pytest.mark.parametrize(
    ("columns", "why"),
    [("date", "'date' names no column"), ("day=x", "'day=x' names no column"), ("date=", "names no column"),
     ("date=Nix", "has no column called 'Nix'; its columns are date, cost")],
)  # fmt: skip
def test_columns_that_name_nothing_are_refused(tmp_path: Path, columns: str, why: str) -> None:
    with pytest.raises((Refused, SourceError), match=why):
        taken(table(tmp_path, "date,cost\n2026-01-05,1\n"), columns=columns)


def test_of_several_that_may_hold_the_amount_none_is_taken(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="several columns that may hold the amount: 'Cost' and 'Net amount'"):
        taken(table(tmp_path, "date,Cost,Net amount\n2026-01-05,1,2\n"))


# Dates


@pytest.mark.parametrize(
    "days",
    [
        {"2026-01-05": "2026-01-05", "2026/1/5": "2026-01-05", "20260105": "2026-01-05", "5.1.2026": "2026-01-05",
         "05.01.26": "2026-01-05", "5 Jan 2026": "2026-01-05", "5. Januar 2026": "2026-01-05",
         "Jan 5, 2026": "2026-01-05", "January 5th, 2026": "2026-01-05", "5 août 2026": "2026-08-05",
         "2026-01": "2026-01-01", "01/2026": "2026-01-01", "Jan 2026": "2026-01-01", "März 2026": "2026-03-01",
         "2026-01-05T23:30:00": "2026-01-05", "2026-01-05 00:00": "2026-01-05"},
        {"1/25/2026 3:05 PM": "2026-01-25", "1/2/26": "2026-01-02"},
    ],
)  # fmt: skip
def test_dates(tmp_path: Path, days: dict[str, str]) -> None:
    rows = "".join(f'"{text}",{number}\n' for number, text in enumerate(days, 1))
    rollup = taken(table(tmp_path, f"date,cost,project\n{rows.replace(chr(10), ',p' + chr(10))}"))
    assert rollup.refused == ()
    sums: dict[str, int] = {}
    for number, day in enumerate(days.values(), 1):
        sums[day] = sums.get(day, 0) + number
    assert {cost.day.isoformat(): cost.amount_nanos // 10**9 for cost in rollup.daily} == sums


def test_a_moment_is_of_the_organizations_day_and_of_a_utc_cell(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n2026-01-05T23:30:00Z,1\n2026-01-06T00:00:00Z,2\n2026-01-07 01:00 +0300,4\n")
    found = {cost.amount_nanos // 10**9: (cost.day.day, cost.cell_day.day) for cost in taken(path).daily}
    assert found == {1: (5, 5), 6: (6, 6)}
    there = taken(path, time_zone="Europe/Berlin").daily
    found = {cost.amount_nanos // 10**9: (cost.day.day, cost.cell_day.day) for cost in there}
    assert found == {1: (6, 5), 6: (6, 6)}


def test_what_is_no_date_is_refused_with_its_line(tmp_path: Path) -> None:
    texts = ["soon", "2026-02-30", "13/13/2026", "1969-12-31", "2200-01-01", "5", "1.2", ""]
    rows = "".join(f"{text},2\n" for text in texts)
    assert refusals(table(tmp_path, f"date,cost\n2026-01-05,1\n{rows}")) == [
        (line, f"date '{text}' is not a date" if text else "date is empty") for line, text in enumerate(texts, 3)
    ]


def test_one_day_beyond_the_12th_decides_for_the_whole_column(tmp_path: Path) -> None:
    both = [date(2026, 4, 3) + timedelta(days=n) for n in range(20)]
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y"):
        text = "date,cost\n" + "".join(f"{day.strftime(form)},1\n" for day in both)
        assert [day for day, *_ in costs(table(tmp_path, text))] == [day.isoformat() for day in both]


def test_dates_in_doubt_are_refused_and_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n03/03/2026,1\n03/04/2026,1\n")
    with pytest.raises(SourceError, match=r"'03/04/2026' in line 3, .* date=date:dmy or date=date:mdy") as error:
        taken(path)
    assert "--columns 'date=date:dmy'" in error.value.at_terminal
    assert [day for day, *_ in costs(path, columns="date=date:dmy")] == ["2026-03-03", "2026-04-03"]
    assert [day for day, *_ in costs(path, columns="date=date:mdy")] == ["2026-03-03", "2026-03-04"]


def test_dates_of_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="two kinds: '25/04/2026' in line 2, '04/25/2026' in line 3"):
        taken(table(tmp_path, "date,cost\n25/04/2026,1\n04/25/2026,1\n"))


# Amounts


@pytest.mark.parametrize(
    "amounts",
    [
        {"12": "12 USD", "12.5": "12.5 USD", "-3": "-3 USD", "+3": "3 USD", "(3.00)": "-3 USD",
         "$1,234.50": "1234.5 USD", "-$5": "-5 USD", "$-5": "-5 USD", "($5.00)": "-5 USD", "$ (5.00)": "-5 USD",
         "5.25-": "-5.25 USD",
         "1 234": "1234 USD", "1\u00a0234.50": "1234.5 USD", "1'234.50 CHF": "1234.5 CHF", ".5": "0.5 USD",
         "12,345,678": "12345678 USD", "0.000000001": "0.000000001 USD", "1.5e-3": "0.0015 USD", "GBP 3": "3 GBP",
         "£3": "3 GBP", "0": "0 USD", "5 USD-": "-5 USD"},
        {"1.234,50 €": "1234.5 EUR", "€ 7,5": "7.5 EUR", "1 234,50": "1234.5 USD", "12.345.678,9": "12345678.9 USD",
         ",5": "0.5 USD", "(1.234,00) zł": "-1234 PLN", "CAD 3": "3 CAD", "1.234": "1234 USD"},
    ],
)  # fmt: skip
def test_amounts(tmp_path: Path, amounts: dict[str, str]) -> None:
    rows = "".join(f'2026-01-05,"{text}",{number}\n' for number, text in enumerate(amounts))
    rollup = taken(table(tmp_path, f"date,cost,project\n{rows}"), columns="currency=USD")
    assert rollup.refused == ()
    found = {
        int(cost.origin.sub_account_id): f"{Decimal(cost.amount_nanos) / 10**9:f} {cost.origin.currency}"
        for cost in rollup.daily
    }
    assert [found[number] for number in range(len(amounts))] == list(amounts.values())


def test_what_is_no_amount_is_refused_with_its_line(tmp_path: Path) -> None:
    texts = ["abc", "1_000", "1,2,3", "--3", "(-3)", "12 5", "3 apples", "1.2.3", "$5 €", "0x1F", "NaN", "∞", "-5-"]
    rows = "".join(f'2026-01-05,"{text}"\n' for text in texts)
    assert refusals(table(tmp_path, f"date,cost\n2026-01-05,1.5\n{rows}")) == [
        (line, f"cost '{text}' is not a number") for line, text in enumerate(texts, 3)
    ]


def test_amounts_beyond_the_limit_and_none_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n2026-01-05,9000000001\n2026-01-05,\n2026-01-05\n")
    assert refusals(path) == [
        (2, "cost '9000000001' is beyond ±9,000,000,000"),
        (3, "cost is empty"),
        (4, "it has 1 field where the header has 2"),
    ]


def test_amounts_in_doubt_are_refused_and_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, 'date,cost\n2026-01-05,12\n2026-01-06,"1,234"\n')
    with pytest.raises(SourceError, match=r"'1,234' in line 3, .*amount=cost:comma or amount=cost:point"):
        taken(path)
    assert [amount for _, amount, _ in costs(path, columns="amount=cost:point")] == ["12", "1234"]
    assert [amount for _, amount, _ in costs(path, columns="amount=cost:comma")] == ["12", "1.234"]


def test_one_amount_decides_for_the_whole_column(tmp_path: Path) -> None:
    path = table(tmp_path, 'date,cost\n2026-01-05,"1,234"\n2026-01-06,"1,234.5"\n')
    assert [amount for _, amount, _ in costs(path)] == ["1234", "1234.5"]
    path = table(tmp_path, 'date,cost\n2026-01-05,"1,234"\n2026-01-06,"0,5"\n')
    assert [amount for _, amount, _ in costs(path)] == ["1.234", "0.5"]


def test_amounts_of_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"two kinds: '1,5' in line 2, '2\.5' in line 3"):
        taken(table(tmp_path, 'date,cost\n2026-01-05,"1,5"\n2026-01-06,2.5\n'))


@pytest.mark.parametrize(
    ("header", "cell", "own", "currency"),
    [("cost", "$5", "CAD", "CAD"), ("cost", "$5", "EUR", "USD"), ("cost (EUR)", "5", "USD", "EUR"),
     ("cost_gbp", "5", "USD", "GBP"), ("Betrag in €", "5", "USD", "EUR"), ("All costs", "5", "USD", "USD"),
     ("cost", "5", "EUR", "EUR"), ("cost", "5 kr", "SEK", "SEK"), ("cost (CAD)", "$5", "USD", "CAD"),
     ("cost (NOK)", "5 kr", "USD", "NOK"), ("cost (USD)", "5 €", "GBP", "EUR"), ("cost ($)", "5", "EUR", "USD"),
     ("cost ($)", "5", "CAD", "CAD"), ("cost", "¥5", "USD", "JPY"), ("cost", "¥5", "CNY", "CNY")],
)  # fmt: skip
def test_the_currency_is_the_signs_the_columns_or_the_organizations(
    tmp_path: Path, header: str, cell: str, own: str, currency: str
) -> None:
    columns = f"amount={header}"
    path = table(tmp_path, f"date,{header}\n2026-01-05,{cell}\n")
    assert costs(path, currency=own, columns=columns) == [("2026-01-05", "5", currency)]


def test_a_sign_of_several_currencies_needs_one_of_them(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n2026-01-05,5 kr\n")
    refused = "cost '5 kr' is in one of several currencies: name it, as with currency=SEK"
    assert refusals(path) == [(2, refused)]
    assert costs(path, columns="currency=SEK") == [("2026-01-05", "5", "SEK")]
    assert costs(path, columns="currency=DKK") == [("2026-01-05", "5", "DKK")]


def test_a_column_of_currencies(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost,currency\n2026-01-05,5,eur\n2026-01-06,6,€\n2026-01-08,8,Taler\n")
    rollup = taken(path)
    assert [cost.origin.currency for cost in rollup.daily] == ["EUR", "EUR"]
    assert [(row.line, row.reason) for row in rollup.refused] == [(4, "currency 'Taler' is not a currency's code")]
    assert rollup.files[0].read_as == "amount from cost"


@pytest.mark.parametrize(
    ("rows", "line", "where"),
    [("date;cost|05.01.2026;5 €|06.01.2026;6", 3, 2), ("date;cost|05.01.2026;5|06.01.2026;6 EUR", 2, 3),
     ("date;cost|05.01.2026;5|06.01.2026;$6|07.01.2026;7 €", 2, 4), ("date;cost|;EUR|06.01.2026;6", 3, 2),
     ("date;cost|05.01.2026;5|Total;5 €", 2, 3), ("date;cost;currency|05.01.2026;5;EUR|06.01.2026;6;", 3, 2),
     ("date;cost;currency|05.01.2026;5;|06.01.2026;6;EUR", 2, 3),
     ("date;debit;credit|05.01.2026;5;|06.01.2026;;€6", 2, 3)],
)  # fmt: skip
def test_amounts_without_a_currency_beside_others_in_one_are_refused(
    tmp_path: Path, rows: str, line: int, where: int
) -> None:
    path = table(tmp_path, rows.replace("|", "\n") + "\n")
    with pytest.raises(
        SourceError, match=f"the amount in line {line} has no currency, and that in line {where} is in EUR"
    ) as raised:
        taken(path)
    assert raised.value.command.endswith("--columns currency=EUR or currency=USD")
    for chosen in ("EUR", "USD"):
        read_as = taken(path, columns=f"currency={chosen}").files[0].read_as
        assert f"in {chosen}" in read_as or f"and {chosen}" in read_as


def test_amounts_without_a_currency_are_in_the_tables(tmp_path: Path) -> None:
    path = table(tmp_path, "date;cost\n2026-01-05;5 €\n2026-01-06;6\n2026-01-07;7 USD\n")
    assert [currency for *_, currency in costs(path, columns="currency=EUR")] == ["EUR", "EUR", "USD"]
    assert [currency for *_, currency in costs(path, columns="currency=GBP")] == ["EUR", "GBP", "USD"]
    assert taken(path, columns="currency=GBP").files[0].read_as == "amount from cost in EUR, GBP and USD"
    headed = table(tmp_path, "date;cost (GBP)\n2026-01-05;5 €\n2026-01-06;6\n", "headed.csv")
    assert [currency for *_, currency in costs(headed)] == ["EUR", "GBP"]
    ours = table(tmp_path, "date;cost\n2026-01-05;5 €\n2026-01-06;6\n", "ours.csv")
    assert [currency for *_, currency in costs(ours, currency="EUR")] == ["EUR", "EUR"]


def test_amounts_without_a_currency_in_the_column_are_in_the_tables(tmp_path: Path) -> None:
    path = table(tmp_path, "date,amount,currency\n2026-01-05,5,EUR\n2026-01-06,6,\n2026-01-07,7,USD\n")
    assert [currency for *_, currency in costs(path, columns="currency=GBP")] == ["EUR", "GBP", "USD"]
    assert taken(path, columns="currency=GBP").files[0].read_as == "amount in GBP where no code of one is named"
    words = table(tmp_path, "date,amount,currency\n2026-01-05,5,Euro\n", "words.csv")
    assert costs(words, columns="currency=EUR") == [("2026-01-05", "5", "EUR")]


CODES_OR_NONE = st.sampled_from(["", "USD", "EUR", "GBP"])


@IN_ONE_FOLDER
@given(
    st.lists(st.tuples(CODES_OR_NONE, CODES_OR_NONE), min_size=1, max_size=4),
    CODES_OR_NONE,
    CODES_OR_NONE,
    st.sampled_from(["USD", "EUR"]),
    st.booleans(),
)
def test_no_currency_is_guessed(
    tmp_path: Path, cells: list[tuple[str, str]], heading: str, said: str, own: str, has_column: bool
) -> None:
    """Each amount is in the currency of its column, its sign, the user, the heading or the organization, in this order;
    the last only if no other amount says otherwise."""
    rows = [(sign, column if has_column else "") for sign, column in cells]
    lines = [f"2026-01-{day:02},5 {sign},{column}" for day, (sign, column) in enumerate(rows, 5)]
    name = f"cost ({heading})" if heading else "cost"
    path = table(tmp_path, "\n".join([f"date,{name},{'currency' if has_column else 'note'}", *lines]) + "\n")
    expected = [column or sign or said or heading or own for sign, column in rows]
    is_guess = not (said or heading) and any(
        not column and not sign and {*sum(rows, ())} - {"", own} for sign, column in rows
    )
    columns = f"currency={said}" if said else ""
    if is_guess:
        with pytest.raises(SourceError, match="has no currency, and that in line"):
            taken(path, currency=own, columns=columns)
        return
    assert [currency for *_, currency in costs(path, currency=own, columns=columns)] == expected
    read_as = taken(path, currency=own, columns=columns).files[0].read_as
    assert has_column or set(re.findall("USD|EUR|GBP", read_as.replace(name, ""))) == set(expected)


def test_a_total_may_lack_the_currency(tmp_path: Path) -> None:
    path = table(tmp_path, "date;cost\n2026-01-05;5 €\n2026-01-06;6 €\nTotal;11\n")
    assert [currency for *_, currency in costs(path)] == ["EUR", "EUR"]


def test_nothing_is_in_any_currency(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n2026-01-05,€5\n2026-01-06,0\n")
    assert costs(path) == [("2026-01-05", "5", "EUR"), ("2026-01-06", "0", "EUR")]


def test_shipping_and_handling_are_no_side(tmp_path: Path) -> None:
    path = table(tmp_path, "date,amount,S/H\n2026-01-05,5,4.99\n")
    assert costs(path) == [("2026-01-05", "5", "USD")]


@pytest.mark.parametrize(
    ("header", "row"),
    [("Datum;Umsatz;Gesamt", "05.01.2026;7;5"), ("Datum;Betrag;Betrag in EUR;Währung", "05.01.2026;5;7;USD")],
)
def test_a_turnover_and_a_converted_amount_count_where_there_is_no_other(tmp_path: Path, header: str, row: str) -> None:
    assert costs(table(tmp_path, f"{header}\n{row}\n")) == [("2026-01-05", "5", "USD")]


def test_a_total_knows_the_sides_of_the_rows_above(tmp_path: Path) -> None:
    rows = "2026-01-05,100,S,a\n2026-01-06,30,H,b\n2026-01-07,70,S,Total\n2026-01-08,1,S,c\n,71,,Total\n"
    rollup = taken(table(tmp_path, f"date,amount,S/H,text\n{rows}"))
    assert sum(cost.amount_nanos for cost in rollup.daily) == 71 * 10**9
    assert "lines 4, 6 are totals and left out" in rollup.files[0].read_as


def test_what_is_negative_is_a_credit(tmp_path: Path) -> None:
    rollup = taken(table(tmp_path, "date,cost\n2026-01-05,-5\n2026-01-05,7\n"))
    assert {cost.origin.charge_category: cost.amount_nanos for cost in rollup.daily} == {
        "credit": -5 * 10**9,
        "usage": 7 * 10**9,
    }


def test_equal_rows_all_count(tmp_path: Path) -> None:
    (cost,) = taken(table(tmp_path, "date,cost\n" + "2026-01-05,0.1\n" * 3)).daily
    assert (cost.amount_nanos, cost.rows) == (300_000_000, 3)


# Rows that span lines


def test_lines_are_counted_through_fields_of_several_lines_and_blank_ones(tmp_path: Path) -> None:
    path = table(tmp_path, 'date,cost,note\n2026-01-05,1,"a\nb"\n\nx,2,c\n2026-01-06,3,"d\n')
    assert refusals(path) == [(5, "date 'x' is not a date"), (6, "its quotes do not match")]


@pytest.mark.parametrize("packed", [False, True])
def test_spreadsheets_on_windows_write_other_encodings(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "excel.csv"
    text = "Währung;Datum;Betrag;Projekt\nEUR;25.01.2026;-1,50 €;Büro „Süd“\n"
    for encoding, said in (("cp1252", "; text in Windows-1252, as it is not UTF-8"), ("utf-16", ""), ("utf-8-sig", "")):
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if packed else data)
        rollup = taken(path)
        assert format_of([path]).name == "csv"
        assert [(cost.origin.sub_account_id, cost.origin.currency) for cost in rollup.daily] == [("Büro „Süd“", "EUR")]
        assert rollup.files[0].read_as.endswith(f"currency from Währung{said}")


def test_bytes_that_are_no_text_cost_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "damaged.csv"
    path.write_bytes("date;cost;project\n2026-01-05;1;Büro\n2026-01-05;2;".encode() + b"B\xfcro\n")
    assert refusals(path) == [(3, "some of its bytes are no text")]
    path.write_bytes("date;cost;project\n2026-01-05;1;Büro\n2026-01-05;2;".encode("cp1252") + b"\x81\n")
    assert refusals(path) == [(3, "some of its bytes are no text")]
    path.write_bytes(b"\0\1\2date\tcost\n2026-01-05\t1\n")
    with pytest.raises(SourceError, match="is not a text file; give CSV"):
        format_of([path])


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    rows = '2026-01-05,1,a\n2026-01-06,2,"b\n' + ("x" * 99 + "\n") * 330_000
    path = table(tmp_path, f"date,cost,note\n{rows}")
    with pytest.raises(SourceError, match=r"costs\.csv line 3: field larger than field limit .* a quote that is not"):
        taken(path)


def test_many_rows_come_in_batches(tmp_path: Path) -> None:
    path = table(tmp_path, "date,cost\n" + "2026-01-05,0.01\n2026-01-06,0.02\n" * 30_000)
    assert costs(path) == [("2026-01-05", "300", "USD"), ("2026-01-06", "600", "USD")]


def test_negative_amounts_are_credits_unless_named_as_costs(tmp_path: Path) -> None:
    path = table(tmp_path, "date,Amount\n2026-01-05,-100.00\n2026-01-06,-4.50\n2026-01-07,20\n", "bank.csv")
    assert costs(path) == [("2026-01-05", "-100", "USD"), ("2026-01-06", "-4.5", "USD"), ("2026-01-07", "20", "USD")]
    (said,) = (file.read_as for file in taken(path).files)
    assert (
        said == "amount in USD; 2 of 3 amounts are negative and count as credits; as costs with amount=Amount:negative"
    )
    summed = table(tmp_path, "date,Amount\n2026-01-05,-100\n2026-01-06,-4.5\n2026-01-07,20\nTotal,-84.5\n", "sum.csv")
    assert [file.read_as for file in taken(summed).files] == [
        said.replace("USD;", "USD; line 5 is a total and left out;")
    ]
    as_costs = {"columns": "amount=Amount:negative"}
    assert [nanos for _, nanos, _ in costs(path, **as_costs)] == ["100", "4.5", "-20"]
    assert [file.read_as for file in taken(path, **as_costs).files] == ["amount (costs negative) in USD"]
    comma = table(tmp_path, "date;Betrag\n2026-01-05;-1.234\n", "comma.csv")
    assert costs(comma, columns="amount=Betrag:point:negative") == [("2026-01-05", "1.234", "USD")]
    assert costs(comma, columns="amount=Betrag:comma:negative") == [("2026-01-05", "1234", "USD")]


@pytest.mark.parametrize(
    ("header", "rows"),
    [("Posted Date,Description,Debit,Credit", ["2026-01-05,api,20.00,", "2026-01-06,refund,,7.50"]),
     ("Date,Memo,Withdrawals,Deposits", ["2026-01-05,api,$20.00,$0.00", "2026-01-06,refund,0.00,$7.50"]),
     ("Date;Money Out;Money In", ["2026-01-05;20,00;", "2026-01-06;;-7,50"]),
     ("Date,Paid Out (GBP),Paid In (GBP)", ["2026-01-05,20.00,", "2026-01-06,,7.50"]),
     ("Buchungstag;Soll;Haben", ["05.01.2026;20,00;", "06.01.2026;;7,50"])],
)  # fmt: skip
def test_what_came_back_is_in_a_column_of_its_own(tmp_path: Path, header: str, rows: list[str]) -> None:
    path = table(tmp_path, "\n".join([header.replace("Posted Date", "Date"), *rows]) + "\n")
    currency = "GBP" if "GBP" in header else "USD"
    assert costs(path) == [("2026-01-05", "20", currency), ("2026-01-06", "-7.5", currency)]
    assert {cost.origin.charge_category for cost in taken(path).daily} == {"usage", "credit"}


@pytest.mark.parametrize(
    ("header", "debit", "credit"),
    [("S/H", "S", "H"), ("Soll/Haben", "Soll", "Haben"), ("Soll/Haben-Kennzeichen", "S", "H"),
     ("Debit/Credit", "D", "C"), ("DR/CR", "DR.", "cr."), ("Credit/Debit Indicator", "DBIT", "CRDT")],
)  # fmt: skip
@pytest.mark.parametrize("minus", ["", "-"])
def test_the_side_of_an_amount(tmp_path: Path, header: str, debit: str, credit: str, minus: str) -> None:
    rows = f"05.01.2026;{minus}20,00;{debit}\n06.01.2026;7,50;{credit}\n07.01.2026;0,00;\n"
    path = table(tmp_path, f"Buchungstag;Umsatz;{header}\n{rows}")
    assert [nanos for _, nanos, _ in costs(path)][:2] == ["20", "-7.5"]
    assert taken(path).files[0].read_as == (
        f"date from Buchungstag (day first), amount from Umsatz (decimal comma) in USD, side from {header}"
    )


def test_a_side_that_is_unknown_or_contradicts_the_amount(tmp_path: Path) -> None:
    path = table(
        tmp_path, "date,amount,S/H,\n2026-01-05,20.00,x,S\n2026-01-06,1,,S\n2026-01-07,-1,H,S\n2026-01-08,2,S,H\n"
    )
    assert refusals(path) == [
        (2, "S/H 'x' is neither debit nor credit"),
        (3, "S/H is empty"),
        (4, "S/H 'H' is a credit, and the amount is negative"),
    ]
    assert [nanos for _, nanos, _ in costs(path, columns="side=4")] == ["20", "1", "1", "-2"]


def test_debits_and_credits_of_any_name(tmp_path: Path) -> None:
    path = table(tmp_path, "Date,Out,In\n2026-01-05,20.00,5.00\n2026-01-06,,7.50\n2026-01-07,,\n2026-01-08,,x\n")
    named = {"columns": "amount=Out,credit=In"}
    assert refusals(path, **named) == [(4, "Out is empty"), (5, "In 'x' is not a number")]
    assert [cost.amount_nanos for cost in taken(path, **named).daily] == [15 * 10**9, -7_500_000_000]
    assert taken(path, **named).files[0].read_as == "amount from Out in USD, credit from In"
    negative = table(tmp_path, "Date,Debit,Credit\n2026-01-05,-20.00,\n2026-01-06,,7.50\n", "negative.csv")
    assert [nanos for _, nanos, _ in costs(negative, columns="amount=Debit:negative")] == ["20", "-7.5"]
    rows = "1,50;;2026-01-05;\nx;4;2026-01-06;\n;2;2026-01-07;\n;2;2026-01-08;Total\n"
    first = table(tmp_path, f"In;Out;Date;Note\n{rows}", "first.csv")
    assert refusals(first, **named) == [(3, "In 'x' is not a number")]
    assert taken(first, **named).files[0].read_as.endswith("; line 5 is a total and left out")
    assert [cost.amount_nanos for cost in taken(first, **named).daily] == [-1_500_000_000, 2 * 10**9]
    beside = table(tmp_path, "Date,Amount,Money In\n2026-01-05,20.00,\n2026-01-06,-7.50,7.50\n", "beside.csv")
    assert [nanos for _, nanos, _ in costs(beside)] == ["20", "-7.5"], "an amount has its own sign"


@pytest.mark.parametrize(
    ("header", "row", "origin"),
    [("product,description,start,end,USD,project_name", "Droplets,web-1,2026-01-05,2026-02-01,$6.00,pcc",
      ("pcc", "", "Droplets")),
     ("Description,From,To,Unit Price,Amount (USD),Total (USD)", "Nanode,2026-01-05,2026-01-31,0.01,6.00,7.00",
      ("", "", "Nanode")),
     ("Started Date,Completed Date,Description,Amount", "2026-01-04,2026-01-05,Fly,6.00", ("", "", "Fly")),
     ("Buchungstag;Buchungstext;Verwendungszweck;Beguenstigter/Zahlungspflichtiger;Betrag",
      "05.01.26;LASTSCHRIFT;Rechnung 1;Hetzner Online;6,00", ("", "Hetzner Online", "Rechnung 1")),
     ("usage_date,sku_name,list_price,list_cost,currency_code", "2026-01-05,JOBS,0.15,6.00,USD", ("", "", ""))],
)  # fmt: skip
def test_names_in_invoices_and_statements(tmp_path: Path, header: str, row: str, origin: tuple[str, str, str]) -> None:
    [cost] = taken(table(tmp_path, f"{header}\n{row}\n")).daily
    assert (cost.day, cost.amount_nanos) == (date(2026, 1, 5), 6 * 10**9)
    assert (cost.origin.sub_account_id, cost.origin.provider_name, cost.origin.service) == origin


def test_a_total_is_no_cost(tmp_path: Path) -> None:
    rows = "Date,Vendor,Amount\n2026-09-03,Hetzner,10.00\n2026-09-04,Total,4.00\n2026-09-05,Fly,10.00\n"
    path = table(tmp_path, f"{rows}2026-09-30,Total,24.00\n2026-09-30,Total,5.00\n")
    assert refusals(path) == []
    assert taken(path).files[0].read_as == "amount in USD, provider from Vendor; line 5 is a total and left out"
    assert sum(cost.amount_nanos for cost in taken(path).daily) == 29 * 10**9


@pytest.mark.parametrize("row", [",Total,15.00", "Total,,15.00", "Summe,,15.00", "Gesamt:,,$15.00", ",Sub-total,15.00"])
def test_a_total_needs_no_date(tmp_path: Path, row: str) -> None:
    path = table(tmp_path, f"date,description,amount\n2026-09-01,x,10.00\n2026-09-02,y,5.00\n{row}\n")
    assert [nanos for _, nanos, _ in costs(path)] == ["10", "5"]
    assert taken(path).files[0].read_as == "amount in USD; line 4 is a total and left out"
    other = table(tmp_path, f"date,description,amount\n2026-09-01,x,10.00\n{row}\n", "other.csv")
    assert [line for line, _ in refusals(other)] == [3]


def test_subtotals_are_no_costs(tmp_path: Path) -> None:
    groups = "{0},Fly,10.00\n{0},Render,20.00\n{0},{1},30.00\n{0},Neon,5.00\n{0},{1},5.00\n"
    for word in ("Total", "Subtotal", "Zwischensumme", "Sous-total"):
        rows = groups.format("2026-09-03", word)
        path = table(tmp_path, f"Date,Vendor,Amount\n{rows}2026-09-30,Total,35.00\n")
        assert refusals(path) == []
        assert (
            taken(path).files[0].read_as == "amount in USD, provider from Vendor; lines 4, 6, 7 are totals and left out"
        )
        assert sum(cost.amount_nanos for cost in taken(path).daily) == 35 * 10**9


def test_seconds_since_1970_are_dates(tmp_path: Path) -> None:
    path = table(tmp_path, "date,amount\n1767571200,1\n1767657599,2\n")  # Jan 5, 2026, its begin and its last second
    assert costs(path) == [("2026-01-05", "3", "USD")]
    assert costs(path, time_zone="Asia/Tokyo") == [("2026-01-05", "1", "USD"), ("2026-01-06", "2", "USD")]


@pytest.mark.parametrize(
    ("header", "row", "read_as"),
    [("Buchungstag;Valuta;Verwendungszweck;Umsatz", "05.01.2026;07.01.2026;x;6,00",
      "date from Buchungstag (day first), amount from Umsatz (decimal comma) in USD"),
     ("Buchung;Valuta;Verwendungszweck;Betrag;Währung", "05.01.2026;07.01.2026;x;6,00;USD",
      "date from Buchung (day first), amount from Betrag (decimal comma)"),
     ("Valuta;Text;Umsatz in EUR", "05.01.2026;x;6,00",
      "date from Valuta (day first), amount from Umsatz in EUR (decimal comma) in EUR"),
     ("Wertstellung (Valuta);Buchung;Umsatz", "07.01.2026;05.01.2026;6,00",
      "date from Buchung (day first), amount from Umsatz (decimal comma) in USD"),
     ("Datum;Umsatz;Betrag", "05.01.2026;9,00;6,00",
      "date from Datum (day first), amount from Betrag (decimal comma) in USD"),
     ("dato;valuta;beløb", "05.01.2026;DKK;6,00", "currency from valuta")],
)  # fmt: skip
def test_statements_of_german_banks(tmp_path: Path, header: str, row: str, read_as: str) -> None:
    path = table(tmp_path, f"{header}\n{row}\n")
    assert Delimited().recognizes(path)
    [(day, amount, _)] = costs(path)
    assert (day, amount) == ("2026-01-05", "6")
    assert read_as in taken(path).files[0].read_as


# Which format it is


def test_a_table_says_how_it_was_read(tmp_path: Path) -> None:
    path = table(tmp_path, "Datum;Betrag;Projekt\n25.01.2026;1.234,50 €;pcc\n")
    assert taken(path).files[0].read_as == (
        "date from Datum (day first), amount from Betrag (decimal comma) in EUR, project from Projekt"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [("Date,User,Kind,Model,Max Mode,Cost\n2026-01-01,a,Included,x,No,0.1\n", "is Cursor's usage export; there is no"),
     ("Date,Model,Input (w/ Cache Write),Cache Read,Output Tokens,Total Tokens,Cost,Requests\n", "Cursor's usage"),
     ("start_time,end_time,amount_value,amount_currency,line_item\n1,2,3,usd,x\n", "is OpenAI's costs export"),
     ("usage_date_utc,model,workspace,usage_type,token_type,cost_usd\n", "is the Anthropic Console's cost export"),
     ("usage_date_utc,model_version,api_key,usage_output_tokens\n", "is the Anthropic Console's usage export"),
     ("identity/LineItemId,lineItem/UsageStartDate,lineItem/UnblendedCost\n", "is a Cost and Usage Report of AWS"),
     ("billing_account_id,usage_start_time,usage_end_time,cost,currency\n", "is a billing export of Google Cloud"),
     ("SubscriptionId,MeterCategory,Date,CostInBillingCurrency\n", "is a cost details export of Azure"),
     ("generation_id,created_at,cost_total\n", "is OpenRouter's activity export"),
     ('{"data": [{"object": "organization.costs.result"}]}', "is OpenAI's costs in JSON; there is no reader"),
     ('{"type":"user","sessionId":"1","uuid":"2"}\n', "is a log of an agent's program; sync reads those where"),
     ('{"type":"session_meta","payload":{"id":"1"}}\n', "is a log of an agent's program; sync reads those where"),
     ('{"sessionId":"1","cost":1}\n', "is JSON; there is no reader for this kind of it"),
     ("a,b\n1,2\n", "no columns that are known to hold a date and an amount: it has a, b"),
     ("hello\n", "it has hello")],
)  # fmt: skip
def test_a_refusal_says_what_a_file_is(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SourceError, match=what):
        format_of([table(tmp_path, text)])


def test_formats_are_told_by_the_files_or_named(tmp_path: Path) -> None:
    plain = table(tmp_path, "date,cost\n2026-01-05,1\n", "plain.csv")
    focus = table(tmp_path, "BilledCost,BillingCurrency,ChargePeriodStart\n1,USD,2026-01-05\n", "focus.csv")
    assert [format_of([path]).name for path in (plain, focus)] == ["csv", "focus"]
    assert [format_of([focus], name, columns).name for name, columns in (("CSV", ""), ("", "date=x"))] == ["csv"] * 2
    with pytest.raises(Refused, match="there is no format 'qif'; choose focus, csv"):
        format_of([plain], "qif")
    with pytest.raises(SourceError, match=r"focus\.csv is a FOCUS export and .*plain\.csv is a table of costs"):
        format_of([focus, plain])
