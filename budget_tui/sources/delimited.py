"""Any table of costs as CSV or TSV: a date and an amount in each row, and optional further fields.

Columns are recognized by their names, in several languages, or named by the user: ``date=Day,amount=Net``. The
notation of dates and amounts is derived from the whole column; ambiguous columns are refused, not guessed.
"""

import csv
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO
from zoneinfo import ZoneInfo

from budget_tui.domain.amount import LIMIT_UNITS
from budget_tui.domain.cost import CATEGORIES, FIRST_DAY, LAST_DAY, ChargeCategory
from budget_tui.domain.currency import CODES
from budget_tui.domain.errors import Refused, SourceError
from budget_tui.sources.base import LISTED_REFUSALS, FileRead, ReadOptions, RefusedRow, UsageLine
from budget_tui.sources.dialect import Header, long_fields, read_header, rows_of
from budget_tui.sources.files import Encoding, Kind, encoding_of, kind_of, open_text, percent_read, reading
from budget_tui.sources.reduction import Sums
from budget_tui.sources.vendors import vendor_of

_ROWS_AT_ONCE = 20_000
_ROWS_LOOKED_AT = 20
_MAX_IGNORED = 4


class Field(StrEnum):
    """A field of a cost that a column may hold. Date and amount are required; a credit is what came back, in tables
    that have debits for amounts, and the side says which of both an amount without a sign is."""

    DATE = "date"
    AMOUNT = "amount"
    CREDIT = "credit"
    SIDE = "side"
    PROJECT = "project"
    PROVIDER = "provider"
    CATEGORY = "category"
    DESCRIPTION = "description"
    CURRENCY = "currency"
    ACCOUNT = "account"


_DEBITS = "debit|debits|debit amount|paid out|money out|withdrawal|withdrawals|soll"
_VALUE_DATES = "value date|valutadatum|wertstellung|wertstellungsdatum|wertstellungstag|wertstellung valuta"
# Names of columns, normalized by `_folded`. A list is used only if no name of those before it is present.
_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.DATE: (
        "date|day|datum|tag|fecha|dia|data|jour|usage date|cost date|charge date|transaction date|booking date"
        "|posting date|invoice date|billing date|payment date|purchase date|date posted|buchungstag|buchungsdatum"
        "|rechnungsdatum|dato|paivamaara|completed date",
        "timestamp|time|datetime|date time|created|created at|month|monat|mes|mois|period|billing month|usage month"
        "|start date|period start|charge period start|start time|zeitpunkt|start|from|interval start|started date"
        "|request created at|buchung",
        _VALUE_DATES,
    ),
    Field.AMOUNT: (
        "amount|cost|costs|spend|spent|betrag|kosten|importe|coste|costo|montant|cout|importo|valor|bedrag|kwota|belob"
        "|belopp|total cost|cost total|net amount|amount charged|nettobetrag",
        "total|total amount|price|total price|charge|charges|sum|value|expense|gesamt|gesamtbetrag|summe|preis|prix"
        "|precio|prezzo|gross amount|amount due|bruttobetrag|usd|eur|gbp|list cost|usage in currency"
        f"|{_DEBITS}",
        "umsatz|umsatz in|betrag in|kosten in",
    ),
    Field.CREDIT: ("credit|credits|credit amount|paid in|money in|deposit|deposits|haben", ""),
    Field.SIDE: (
        "s h|sh|soll haben|soll haben kennzeichen|debit credit|debit credit indicator|credit debit|dr cr|cr dr"
        "|credit debit indicator",
    ),
    Field.PROJECT: (
        "project|project id|project name|projekt|projet|proyecto|progetto|projeto|project code",
        "team|cost center|cost centre|costcenter|kostenstelle|department|workspace|entity|application|app|abteilung",
    ),
    Field.PROVIDER: (
        "provider|vendor|supplier|service provider|cloud provider|anbieter|lieferant|fournisseur|proveedor|fornitore",
        "merchant|company|payee|seller|platform|cloud|handler|firma|partner name|counterparty|zahlungsempfanger in"
        "|beguenstigter zahlungspflichtiger|auftraggeber empfanger",
    ),
    Field.CATEGORY: ("category|cost category|kategorie|categorie|categoria|cost type", "type|kind|art"),
    Field.DESCRIPTION: (
        "description|service|product|item|line item|service name|product name|beschreibung|dienst|produkt|libelle"
        "|descripcion|concepto|descrizione|descricao|omschrijving|bezeichnung|verwendungszweck|payment reference",
        "details|note|notes|memo|memo description|text|name|model|sku|resource|buchungstext|subject",
    ),
    Field.CURRENCY: ("currency|currency code|ccy|wahrung|waehrung|devise|moneda|valuta|moeda|billing currency", ""),
    Field.ACCOUNT: (
        "account|account id|account name|sub account|sub account id|subaccount|linked account|linked account id"
        "|subscription id|subscription name",
        "sub account name|konto|kontonummer|compte|cuenta|conto|conta",
    ),
}
_SIDES: Mapping[str, int] = {
    **dict.fromkeys("s soll d dr dbit debit".split(), 1),
    **dict.fromkeys("h haben c cr crdt credit".split(), -1),
}
"""The sign of a cost by its side, in lower case."""
_ACCENTS = str.maketrans("áàâäãåéèêëíìîïóòôöõøúùûüçñ", "aaaaaaeeeeiiiioooooouuuucn")
_FIELD_OF: Mapping[str, "_Meaning"] = {
    name: (field, tier)
    for field, tiers in _NAMES.items()
    for tier, names in enumerate(tiers)
    for name in names.split("|")
    if name
}
_WORDS = frozenset("ALL ANG BAM CUP GEL MAD MOP PEN SOS TOP TRY".split())
"""Currency codes that are also words: only in brackets do they stand for a currency."""


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    """Normalize a column's name for comparison: ``Cost (USD)``, ``cost_usd`` and ``COST`` are equal."""
    words = re.sub(r"[^a-z0-9]+", " ", _spaced(name).casefold().translate(_ACCENTS)).split()
    more = len(words) > 1
    return " ".join(word for word in words if not (more and (word.upper() in CODES or word == "utc")))


def _spaced(name: str) -> str:
    """Split ``costCenter`` into two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _currency_in_name(name: str, own: str) -> str:
    """Return the currency in the name of an amount column: ``Cost (USD)``, ``amount_eur``, ``Betrag in €``.

    ``own`` is the organization's, which decides what a dollar is.
    """
    if (found := re.search(r"[(\[]\s*([A-Za-z]{3})\s*[)\]]", name)) and found[1].upper() in CODES:
        return found[1].upper()
    words = re.sub(r"[^A-Z]+", " ", _spaced(name).upper()).split()
    codes = [word for word in (words[:1] + words[-1:]) if word in CODES - _WORDS]
    if codes:
        return codes[-1]
    signs = {**_SIGNS, **{sign: _meant_by(sign, own) for sign in _SHARED if not sign.isalpha()}}
    return next((code for sign, code in signs.items() if sign in name), "")


class Delimited:
    """Any CSV or TSV with a date and an amount in each row."""

    name = "csv"
    title = "a table of costs"
    is_known_by_content = True

    def recognizes(self, path: Path) -> bool:
        """Return whether a text has a date and an amount column and is not an export of a known vendor."""
        kind = kind_of(path)
        if kind is Kind.PARQUET:
            return False
        header = read_header(path, kind, _is_known, encoding_of(path, kind))
        found = {known[0] for known in _meanings(header.names, _first_rows(path, kind, header)) if known}
        return {Field.DATE, Field.AMOUNT} <= found and not vendor_of(header.names)

    def read(
        self, paths: Sequence[Path], options: ReadOptions, sums: Sums, progress: Callable[[Path, float], None]
    ) -> Iterator[FileRead]:
        """Read each file twice: first its notation, then its rows."""
        if options.cost_column != "BilledCost":
            raise Refused("a table states one amount, not several", "take it as it is")
        wanted = _parsed(options.columns)
        for number, path in enumerate(paths):
            table = _Table.of(path, wanted)
            form = _form_of(table, wanted, options)
            reading_of = _Reading(table, form, ChargeCategory.ONE_OFF if options.once else ChargeCategory.USAGE)
            for lines in reading_of.batches(lambda percent, path=path: progress(path, percent)):  # type: ignore[misc]
                sums.add_lines(number, lines)
            yield reading_of.file_read()


def _is_known(name: str) -> bool:
    return _folded(name) in _FIELD_OF


def _side_of(cell: str) -> int:
    """Return the sign of a cost on that side of an account; 0 if the text is no side."""
    return _SIDES.get(cell.strip().casefold().rstrip("."), 0)


_Meaning = tuple[Field, int]
"""The field that a column holds, and the number of the list that its name is in."""


def _meanings(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[_Meaning | None]:
    """Return what each column holds. *Valuta* is a currency in several languages, and in German a date: its cells tell
    which; those of *S/H* whether it is a side, or shipping and handling."""
    found = [_FIELD_OF.get(_folded(name)) for name in names]
    for at, known in enumerate(found):
        cells = [row[at].strip() for row in rows if len(row) > at]
        if known and known[0] is Field.CURRENCY and any(map(_is_date, cells)):
            found[at] = _FIELD_OF["value date"]
        if known and known[0] is Field.SIDE and not any(map(_side_of, cells)):
            found[at] = None
    return found


def _first_rows(path: Path, kind: Kind, header: Header) -> list[list[str]]:
    with closing(_raw_rows(path, kind, header)) as rows:
        return [fields for _, fields in islice(rows, _ROWS_LOOKED_AT)]


def _raw_rows(path: Path, kind: Kind, header: Header) -> Generator[tuple[int, list[str]]]:
    """Yield the rows below the header, malformed ones, too, each with its first line."""
    line = header.dialect.header_end + 1
    with long_fields(), reading(path), open_text(path, kind, header.encoding) as text:
        rows = header.dialect.rows(islice(text, header.dialect.header_end, None))
        try:
            for fields in rows:
                yield line, fields
                line = header.dialect.header_end + rows.line_num + 1
        except csv.Error as error:
            raise SourceError(f"{path} line {line}: {error}", "look for a quote that is not closed") from error


# The user's column names


class _NamedColumn(NamedTuple):
    """A column named by the user, with its notation, if given. ``is_negated``: its costs are negative."""

    column: str
    written: str = ""
    is_negated: bool = False


_WRITTEN: Mapping[Field, tuple[str, ...]] = {
    Field.DATE: ("dmy", "mdy", "ymd"),
    Field.AMOUNT: ("point", "comma"),
}
_NEGATED = "negative"


def _parsed(columns: str) -> dict[Field, _NamedColumn]:
    """Parse ``date=Day:dmy,amount=Net:comma``. Raises `Refused` if it is malformed."""
    found: dict[Field, _NamedColumn] = {}
    fields = "|".join(Field)
    for part in re.split(rf",(?=\s*(?:{fields})\s*=)", columns) if columns.strip() else ():
        name, equals, column = (each.strip() for each in part.partition("="))
        if not equals or name not in list(Field) or not column:
            raise Refused(
                f"'{part.strip()[:60]}' names no column",
                f"write it as date=Day,amount=Net; there are {', '.join(Field)}",
            )
        field = Field(name)
        column, is_negated = _without_word(column, (_NEGATED,) if field is Field.AMOUNT else ())
        column, written = _without_word(column, _WRITTEN.get(field, ()))
        found[field] = _NamedColumn(column, written, bool(is_negated))
    return found


def _without_word(column: str, words: Sequence[str]) -> tuple[str, str]:
    """Split one of ``words`` from the end of a column: ``Net:comma``; '' if there is none."""
    before, _, word = column.rpartition(":")
    return (before.strip(), word.strip()) if before and word.strip() in words else (column, "")


# Positions of the columns


@dataclass(frozen=True)
class _Table:
    """A file with its header and the position of each field. ``currency`` is the user's for rows that name none."""

    path: Path
    kind: Kind
    header: Header
    positions: Mapping[Field, int]
    currency: str = ""

    @classmethod
    def of(cls, path: Path, wanted: Mapping[Field, _NamedColumn]) -> "_Table":
        kind = kind_of(path)
        if kind is Kind.PARQUET:
            raise SourceError(f"{path} is Parquet, not a table in text", "save it as CSV")
        named = {each.column.casefold() for each in wanted.values()}
        header = read_header(
            path, kind, lambda name: _is_known(name) or name.strip().casefold() in named, encoding_of(path, kind)
        )
        positions, currency = _positions(path, header.names, _first_rows(path, kind, header), wanted)
        if any(each.column.isdecimal() for each in wanted.values()) and _is_date(header.names[positions[Field.DATE]]):
            end = header.dialect.header_end - 1  # what was taken for the header is the first row
            names = tuple(f"column {number}" for number in range(1, len(header.names) + 1))
            header = replace(header, names=names, dialect=replace(header.dialect, header_end=end))
        return cls(path, kind, header, positions, currency)

    def opened(self) -> TextIO:
        """Open the file in its encoding."""
        return open_text(self.path, self.kind, self.header.encoding)

    def column(self, field: Field) -> str:
        """Return the file's name for the column of ``field``, which must exist."""
        return self.header.names[self.positions[field]].strip()


def _positions(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], wanted: Mapping[Field, _NamedColumn]
) -> tuple[dict[Field, int], str]:
    """Find the column of each field, and the currency if one was given in place of a column."""
    positions: dict[Field, int] = {}
    currency = ""
    for field, named in wanted.items():
        found = [at for at, name in enumerate(names) if name.strip().casefold() == named.column.casefold()]
        if field is Field.CURRENCY and not found and named.column.upper() in CODES:
            currency = named.column.upper()
        elif len(found) == 1:
            positions[field] = found[0]
        elif not found and named.column.isdecimal() and 0 < int(named.column) <= len(names):
            positions[field] = int(named.column) - 1
        else:
            listed = ", ".join(name.strip()[:40] for name in names[:20])
            several = "several columns" if found else "no column"
            raise SourceError(f"{path} has {several} called '{named.column}'", f"its columns are {listed}")
    taken = set(positions.values())
    meanings = _meanings(names, rows)
    for field in Field:
        if field not in positions:
            if field is Field.CREDIT and not _is_debit(names, positions.get(Field.AMOUNT)):
                continue
            at = _column_of(path, field, names, meanings, taken)
            if at is not None:
                positions[field] = at
    for field in (Field.DATE, Field.AMOUNT):
        if field not in positions:
            listed = ", ".join(name.strip()[:40] for name in names[:20])
            raise SourceError(
                f"{path} has no column that is known to hold the {field}",
                f"name it, such as {field}={names[0].strip()[:40] if names else 'Day'}; its columns are {listed}",
                command=f"name it with --columns {field}=NAME, or {field}=NUMBER; its columns are {listed}",
            )
    return positions, currency


def _is_debit(names: Sequence[str], amount_at: int | None) -> bool:
    return amount_at is not None and _folded(names[amount_at]) in _DEBITS.split("|")


def _column_of(
    path: Path, field: Field, names: Sequence[str], meanings: Sequence[_Meaning | None], taken: Iterable[int]
) -> int | None:
    """Return the column that holds ``field``; several candidates for the date or the amount are refused."""
    for tier in range(len(_NAMES[field])):
        found = [at for at, meaning in enumerate(meanings) if meaning == (field, tier) and at not in taken]
        if len(found) > 1 and field in (Field.DATE, Field.AMOUNT):
            several = " and ".join(f"'{names[at].strip()}'" for at in found)
            are_alike = len({names[at].strip().casefold() for at in found}) < len(found)
            one = found[0] + 1 if are_alike else names[found[0]].strip()
            raise SourceError(
                f"{path} has several columns that may hold the {field}: {several}",
                f"name it, such as {field}={one}",
                command=f"name it with --columns '{field}={one}'",
            )
        if found:
            return found[0]
    return None


# Notation of dates and amounts


class _Notation(NamedTuple):
    """The notation of a table. ``order`` is the order of day and month in numeric dates with the year last.

    ``currency`` is that of rows that name none, and ``shared`` the currencies meant by signs of several. With
    ``other``, a currency that some row names and the line of that row, nothing tells what the others are in.
    ``is_negated``: costs are negative.
    """

    order: str
    decimal: str
    currency: str
    shared: Mapping[str, str]
    zone: str
    is_negated: bool = False
    other: tuple[int, str] | None = None


_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})\.?")
_SIGNS: Mapping[str, str] = {
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "zł": "PLN",
}
_SHARED: Mapping[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"),
    "¥": ("JPY", "CNY"),
    "kr": ("", "SEK", "NOK", "DKK", "ISK"),
}
"""Signs of several currencies: one means the table's or the organization's own if it is among them, else the first; of
``kr`` none is the most likely."""


def _meant_by(sign: str, *preferred: str) -> str:
    """Return the currency of a sign of several: the first of the ``preferred`` ones that it stands for."""
    codes = _SHARED[sign]
    return next((code for code in preferred if code and code in codes), codes[0])


def _form_of(table: _Table, wanted: Mapping[Field, _NamedColumn], options: ReadOptions) -> _Notation:
    """Determine the notation of a table. Raises `SourceError` if it is ambiguous."""
    dates, amounts = _Dates(), _Decimals()
    currencies: dict[str, int] = {}
    day_at = table.positions[Field.DATE]
    amounts_at = [table.positions[field] for field in (Field.AMOUNT, Field.CREDIT) if field in table.positions]
    currency_at = table.positions.get(Field.CURRENCY)
    width = len(table.header.names)
    for line, fields in _raw_rows(table.path, table.kind, table.header):
        if width <= len(fields) <= width + 1:
            dates.see(fields[day_at], line)
            for at in amounts_at:
                amounts.see(fields[at], line)
                currencies.setdefault(_BESIDE_NUMBER.sub("", fields[at]), line)
            if currency_at is not None:
                currencies.setdefault(fields[currency_at].strip(), line)
    said = wanted.get(Field.DATE, _NamedColumn("")).written
    amount = wanted.get(Field.AMOUNT, _NamedColumn(""))
    own = options.currency
    stated = table.currency or _currency_in_name(table.column(Field.AMOUNT), own)
    form = _Notation(
        said or dates.order(table),
        amount.written or amounts.decimal(table),
        stated or own,
        {sign: _meant_by(sign, stated, own) for sign in _SHARED},
        options.time_zone,
        amount.is_negated,
    )
    named = [(line, code) for text, line in currencies.items() if (code := _currency_of([text], form))]
    others = [(line, code) for line, code in named if code != own]
    return form._replace(other=min(others)) if others and not stated else form


class _Dates:
    """The order of day and month, as derived from the values of a column."""

    def __init__(self) -> None:
        self._day_first: tuple[str, int] | None = None
        self._month_first: tuple[str, int] | None = None
        self._either: tuple[str, int] | None = None

    def see(self, text: str, line: int) -> None:
        found = _NUMBERS.match(text.strip())
        if not found or len(found[1]) > 2:
            return
        one, two = int(found[1]), int(found[3])
        seen = (text.strip()[:20], line)
        if found[2] == "." or one > 12 >= two:
            self._day_first = self._day_first or seen
        elif two > 12 >= one:
            self._month_first = self._month_first or seen
        elif one != two:
            self._either = self._either or seen

    def order(self, table: _Table) -> str:
        if self._day_first and self._month_first:
            (one, line), (other, other_line) = self._day_first, self._month_first
            raise SourceError(
                f"{table.path} has dates of two kinds: '{one}' in line {line}, '{other}' in line {other_line}",
                f"write them alike, or say date={table.column(Field.DATE)}:dmy, or mdy",
            )
        if self._either and not (self._day_first or self._month_first):
            text, line = self._either
            column = table.column(Field.DATE)
            raise SourceError(
                f"{table.path}: '{text}' in line {line}, and every other date, may begin with the day or the month",
                f"say date={column}:dmy or date={column}:mdy",
                command=f"say --columns 'date={column}:dmy' or --columns 'date={column}:mdy'",
            )
        return "mdy" if self._month_first else "dmy" if self._day_first else ""


_NUMBER = re.compile(r"[\d.,](?:[\d.,'’ \u00a0\u202f]*\d)?")
_GROUPED_ONCE = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+")
_WITH_DECIMALS = re.compile(r"(?:\d*|\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+)([.,])\d+")


class _Decimals:
    """The decimal sign, as derived from the values of a column."""

    def __init__(self) -> None:
        self._sure: dict[str, tuple[str, int]] = {}
        self._either: tuple[str, int] | None = None

    def see(self, text: str, line: int) -> None:
        found = _NUMBER.search(text)
        digits = found[0] if found else ""
        seen = (text.strip()[:30], line)
        if grouped := _GROUPED.fullmatch(digits):
            self._sure.setdefault("." if grouped[1] == "," else ",", seen)
        elif _GROUPED_ONCE.fullmatch(digits):
            self._either = self._either or seen
        elif (decimals := _WITH_DECIMALS.fullmatch(digits)) and digits.count(decimals[1]) == 1:
            self._sure.setdefault(decimals[1], seen)

    def decimal(self, table: _Table) -> str:
        if len(self._sure) > 1:
            (one, line), (other, other_line) = self._sure.values()
            raise SourceError(
                f"{table.path} has amounts of two kinds: '{one}' in line {line}, '{other}' in line {other_line}",
                f"write them alike, or say amount={table.column(Field.AMOUNT)}:point, or comma",
            )
        if self._either and not self._sure:
            text, line = self._either
            column = table.column(Field.AMOUNT)
            raise SourceError(
                f"{table.path}: '{text}' in line {line}, and every other amount, may have a decimal"
                f" {'comma' if ',' in text else 'point'}, or thousands",
                f"say amount={column}:comma or amount={column}:point, as its decimals are written",
                command=f"say --columns 'amount={column}:comma' or --columns 'amount={column}:point'",
            )
        return "comma" if "," in self._sure else "point"


# Reading rows


class _Unusable(Exception):
    """A row that cannot be used, with the reason."""


class _RowFields(NamedTuple):
    """The fields of a row other than its date and its amount; '' where empty."""

    project: str
    provider: str
    service: str
    category: str
    service_category: str
    currency: str
    account: str


class _Reading:
    """A file while it is read."""

    def __init__(self, table: _Table, form: _Notation, charge: ChargeCategory) -> None:
        """``charge`` is what amounts are that are no credits."""
        self._table = table
        self._form = form
        self._charge_category = charge
        self._refused: list[RefusedRow] = []
        self._refused_count = 0
        self._rows = self._amounts = self._negative = 0
        self._total = self._since_total = Decimal(0)
        self._totals: list[int] = []
        self._currencies: set[str] = set()
        self._has_bare = False
        self._day = lru_cache(maxsize=10_000)(lambda text: _days_of(text, form))
        self._said = lru_cache(maxsize=10_000)(self._more)
        self._day_at, self._amount_at = table.positions[Field.DATE], table.positions[Field.AMOUNT]
        self._credit_at = table.positions.get(Field.CREDIT)
        self._side_at = table.positions.get(Field.SIDE)
        self._more_at = [table.positions.get(field) for field in list(Field)[4:]]

    def batches(self, progress: Callable[[float], None]) -> Iterator[list[UsageLine]]:
        """Yield the charges of the file in batches."""
        table = self._table
        lines: list[UsageLine] = []
        with long_fields(), reading(table.path), table.opened() as text:
            for row in rows_of(text, table.header.dialect, len(table.header.names)):
                self._rows += 1
                try:
                    if row.reason:
                        raise _Unusable(row.reason)
                    if charge := self._charge(row.line, row.fields):
                        lines.append(charge)
                except _Unusable as error:
                    self._refused_count += 1
                    if len(self._refused) < LISTED_REFUSALS:
                        self._refused.append(RefusedRow(table.path, row.line, str(error)))
                if len(lines) >= _ROWS_AT_ONCE:
                    progress(percent_read(text, table.path))
                    yield lines
                    lines = []
        yield lines

    def file_read(self) -> FileRead:
        """Return the counts of the file after it was read."""
        return FileRead(
            self._table.path, self._rows, self._refused_count, tuple(self._refused), read_as=self._described()
        )

    def _charge(self, line: int, fields: Sequence[str]) -> UsageLine | None:
        """Return the charge of a row; None if it is the total of the rows above."""
        text = fields[self._day_at].strip()
        day, cell_day = self._day(text)
        if day is None or cell_day is None:
            if self._is_total(fields, self._amount_alone(fields)):
                self._leave_out_total(line)
                return None
            shown = f"'{text[:40]}' is not a date" if text else "is empty"
            raise _Unusable(f"{self._table.column(Field.DATE)} {shown}")
        text = fields[self._amount_at].strip()
        credited = fields[self._credit_at].strip() if self._credit_at is not None else ""
        amount, sign = self._amount(text, Field.AMOUNT) if text or not credited else (Decimal(0), "")
        credit, sign_of_credit = self._amount(credited, Field.CREDIT) if credited else (Decimal(0), "")
        if self._is_total(fields, amount):
            self._leave_out_total(line)
            return None
        said = self._said(*(fields[at].strip() if at is not None else "" for at in self._more_at))
        currency = said.currency or sign or sign_of_credit or self._bare_currency(line, amount or credit)
        cost = amount if self._side_at is None else self._on_its_side(amount, fields[self._side_at].strip())
        self._currencies.add(currency)
        self._total += cost
        self._since_total += cost
        self._amounts += 1
        self._negative += amount < 0
        if self._form.is_negated and self._side_at is None and cost:
            cost = -cost
        if credited:
            cost -= abs(credit)
        return UsageLine(
            day,
            cost,
            currency,
            said.project,
            said.provider,
            said.service,
            said.category,
            said.service_category,
            sub_account=said.account or said.project,
            charge_category=ChargeCategory.CREDIT if cost < 0 else self._charge_category,
            cell_day=None if cell_day == day else cell_day,
        )

    def _is_total(self, fields: Sequence[str], amount: Decimal) -> bool:
        """Return whether a row is called a total and is the sum of the rows above, of all or since the last total."""
        sums = (self._total, self._since_total)
        is_sum = bool(amount) and (amount in sums or (self._side_at is not None and -amount in sums))
        return is_sum and any(_folded(field) in _TOTALS for field in fields)

    def _amount_alone(self, fields: Sequence[str]) -> Decimal:
        """Return the amount of a row without a date; 0 if it has none either."""
        try:
            return self._amount(fields[self._amount_at].strip(), Field.AMOUNT)[0]
        except _Unusable:
            return Decimal(0)

    def _leave_out_total(self, line: int) -> None:
        self._since_total = Decimal(0)
        self._totals.append(line)

    def _on_its_side(self, amount: Decimal, side: str) -> Decimal:
        """Return an amount with the sign of a cost; its own sign, if it has one, is that of the account's balance."""
        if not amount:
            return amount
        sign, column = _side_of(side), self._table.column(Field.SIDE)
        if not sign:
            raise _Unusable(f"{column} '{side[:40]}' is neither debit nor credit" if side else f"{column} is empty")
        if amount < 0 and sign < 0:
            raise _Unusable(f"{column} '{side}' is a credit, and the amount is negative")
        return sign * abs(amount)

    def _bare_currency(self, line: int, amount: Decimal) -> str:
        """Return the currency of a row that names none; `SourceError` if other rows make that a guess."""
        if self._form.other:
            where, code = self._form.other
            if not amount:  # nothing is nothing in any
                return code
            either = f"currency={code} or currency={self._form.currency}"
            raise SourceError(
                f"{self._table.path}: the amount in line {line} has no currency, and that in line {where} is in {code}",
                f"say which one amounts without any are in: {either}",
                command=f"say which one amounts without any are in: --columns {either}",
            )
        self._has_bare = True
        return self._form.currency

    def _more(
        self, project: str, provider: str, category: str, description: str, currency: str, account: str
    ) -> _RowFields:
        """Parse the fields of a row other than its date and its amount."""
        if "\N{REPLACEMENT CHARACTER}" in project + provider + category + description + account:
            raise _Unusable("some of its bytes are no text")
        if _ROUNDED.fullmatch(account):
            raise _Unusable(f"{self._table.column(Field.ACCOUNT)} '{account}' is an id that a spreadsheet rounded")
        code = _currency_of([currency], self._form)
        if code is None and self._table.currency:
            code = ""
        if code is None:
            raise _Unusable(f"{self._table.column(Field.CURRENCY)} '{currency[:40]}' is not a currency's code")
        is_ours = category.casefold() in CATEGORIES
        ours, other = (category.casefold(), "") if is_ours else ("", category)
        return _RowFields(project, provider, description, ours, other, code, account)

    def _amount(self, text: str, field: Field) -> tuple[Decimal, str]:
        """Parse the amount in the column of ``field`` and its currency, if the text contains one."""
        if _PLAIN_NUMBER.fullmatch(text) and (self._form.decimal == "point" or "." not in text):
            return Decimal(text), ""
        column = self._table.column(field)
        if not text:
            raise _Unusable(f"{column} is empty")
        amount, currency = _amount_of(text, self._form)
        if amount is None and "kr" in re.findall(r"[a-z]+", text.casefold()):
            raise _Unusable(f"{column} '{text[:40]}' is in one of several currencies: name it, as with currency=SEK")
        if amount is None:
            raise _Unusable(f"{column} '{text[:40]}' is not a number")
        if abs(amount) > LIMIT_UNITS:
            raise _Unusable(f"{column} '{text[:40]}' is beyond ±{LIMIT_UNITS:,}")
        return amount, currency

    def _described(self) -> str:
        """Describe what is to be checked: ``date from Datum (day first), amount (decimal comma) in EUR; Rabatt is
        ignored``; '' if every column is called what it holds."""
        notes = {
            Field.DATE: {"dmy": " (day first)", "mdy": " (month first)"}.get(self._form.order, ""),
            Field.AMOUNT: f"{self._described_amount()}{self._described_currency()}",
        }
        read = []
        for field in (each for each in Field if each in self._table.positions):
            column = self._table.column(field)
            is_called_so = _folded(column) == field and field is not Field.CREDIT  # whose signs turn
            said = notes.get(field, "") if is_called_so else f" from {column}{notes.get(field, '')}"
            read += [f"{field}{said}"] if said else []
        ignored = self._ignored()
        are_ignored = f"{', '.join(ignored)} {'is' if len(ignored) == 1 else 'are'} ignored" if ignored else ""
        is_windows = self._table.header.encoding is Encoding.WINDOWS_1252
        encoding = "text in Windows-1252, as it is not UTF-8" if is_windows else ""
        is_once = self._charge_category is ChargeCategory.ONE_OFF
        once = "one-off costs, which are no part of the burn rate" if is_once else ""
        parts = (", ".join(read), once, are_ignored, encoding, self._described_totals(), self._described_credits())
        return "; ".join(filter(None, parts))

    def _described_currency(self) -> str:
        """Describe the currencies of the amounts, of those alone that no column states."""
        if Field.CURRENCY not in self._table.positions:
            *others, last = sorted(self._currencies or {self._form.currency})
            return f" in {' and '.join(filter(None, (', '.join(others), last)))}"
        return f" in {self._form.currency} where no code of one is named" if self._has_bare else ""

    def _described_totals(self) -> str:
        """Describe the rows that are left out because they are totals."""
        if not self._totals:
            return ""
        shown = [f"{line:,}" for line in self._totals[:_MAX_IGNORED]]
        more = len(self._totals) - len(shown)
        lines = ", ".join([*shown, *([f"{more:,} more"] if more else [])])
        is_one = len(self._totals) == 1
        return f"{'line' if is_one else 'lines'} {lines} {'is a total' if is_one else 'are totals'} and left out"

    def _described_credits(self) -> str:
        """Describe amounts of which most are negative, as banks write costs; '' for others, or a single one."""
        is_signed = self._form.is_negated or self._side_at is not None
        if is_signed or self._negative <= max(1, self._amounts // 2):
            return ""
        option = f"amount={self._table.column(Field.AMOUNT)}:{_NEGATED}"
        return (
            f"{self._negative:,} of {self._amounts:,} amounts are negative and count as credits; as costs with {option}"
        )

    def _described_amount(self) -> str:
        """Describe the notation of amounts: `` (decimal comma, negative)``; '' if it is the usual one."""
        comma, negated = self._form.decimal == "comma", self._form.is_negated
        words = [word for word, holds in (("decimal comma", comma), ("costs negative", negated)) if holds]
        return f" ({', '.join(words)})" if words else ""

    def _ignored(self) -> list[str]:
        """Return the names of the columns that are not read, the last of many as their number."""
        used = set(self._table.positions.values())
        names = [name.strip()[:40] for at, name in enumerate(self._table.header.names) if at not in used]
        named = [name for name in names if name]
        more = len(named) - _MAX_IGNORED
        return [*named[:_MAX_IGNORED], *([f"{more:,} more"] if more > 0 else [])]


_TOTALS = frozenset(
    "total|totals|grand total|subtotal|sub total|sum|summe|zwischensumme|gesamt|gesamtsumme|gesamtbetrag|somme"
    "|sous total|suma|somma|totale|subtotale".split("|")
)
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+][0-9]+")
"""An id that a spreadsheet rounded, so that its last digits are lost: ``1.23457E+11``."""
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,9}(?:[.][0-9]{1,12})?")  # most numbers match this and skip the slower parsing
_BESIDE_NUMBER = re.compile(r"[\d.,'’()\s+-]+|(?<=\d)[eE](?=[-+]?\d)")
_NUMERAL = re.compile(
    r"(?P<before>[^\d().,+-]*)(?P<minus>[-+]?)(?P<between>[^\d().,+-]*)"
    r"(?P<digits>(?:\d[\d.,'’ \u00a0\u202f]*|[.,]\d+))(?P<exponent>[eE][-+]?\d+)?\s*(?P<trailing>-?)"
    r"(?P<after>[^\d().,+-]*)(?P<last>-?)"
)


_IN_BRACKETS = re.compile(r"([^\d()]*)\(([^()]*)\)([^\d()]*)")


def _amount_of(text: str, form: _Notation) -> tuple[Decimal | None, str]:
    """Parse ``$1,234.50``, ``(12.00)`` or ``1.234,50 €`` into amount and currency; None if it is not an amount."""
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    in_brackets = _IN_BRACKETS.fullmatch(text)
    if in_brackets:
        text = "".join(in_brackets.groups())
    found = _NUMERAL.fullmatch(text)
    signs = [sign for name in ("minus", "trailing", "last") if (sign := found and found[name])]
    if not found or len(signs) + bool(in_brackets) > 1:
        return None, ""
    currency = _currency_of([found["before"], found["between"], found["after"]], form)
    if currency is None:
        return None, ""
    point, group = (",", ".") if form.decimal == "comma" else (".", ",")
    digits = re.sub(r"['’ \u00a0\u202f]+(?=\d{3}(?!\d))", group, found["digits"].strip())
    whole, _, fraction = digits.partition(point)
    if not re.fullmatch(r"\d*", fraction) or not re.fullmatch(rf"\d*|\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", whole):
        return None, ""
    number = Decimal(f"{whole.replace(group, '') or 0}.{fraction or 0}{found['exponent'] or ''}")
    is_negative = in_brackets is not None or "-" in signs
    return -number if is_negative and number else number, currency


def _currency_of(texts: Iterable[str], form: _Notation) -> str | None:
    """Return the currency around an amount; '' if there is none, None if the text is no currency."""
    currency = ""
    for text in (each.strip() for each in texts):
        if not text:
            continue
        code = text.upper() if text.upper() in CODES else _SIGNS.get(text) or form.shared.get(text)
        if not code or (currency and currency != code):
            return None
        currency = code
    return currency


_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january januar enero janvier|feb february februar febrero fevrier|mar march marz mrz marzo mars"
        "|apr april abril avril|may mai mayo|jun june juni junio juin|jul july juli julio juillet"
        "|aug august agosto aout"
        "|sep sept september septiembre septembre|oct october okt oktober octubre octobre"
        "|nov november noviembre novembre|dec december dez dezember diciembre decembre".split("|"),
        1,
    )
    for name in names.split()
}
_DAY_THEN_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-. /]*([^\W\d]+)\.?,?[-. /]*(\d{4}|\d{2})")
_MONTH_THEN_DAY = re.compile(r"([^\W\d]+)\.?[-. /]*(\d{1,2})(?:st|nd|rd|th)?,?[-. /]+(\d{4}|\d{2})")
_MONTH_ALONE = re.compile(r"([^\W\d]+)\.?[-. /]+(\d{4})|(\d{4})[-/](\d{1,2})|(\d{1,2})/(\d{4})")
_UNIX_SECONDS = re.compile(r"1\d{9}")
_WITH_TIME = re.compile(r"(.*?\d)(?:[T ,]+|\s)(\d{1,2}:\d\d.*)")


def _days_of(text: str, form: _Notation) -> tuple[date | None, date | None]:
    """Return the day in the organization's time zone and the UTC day; None if ``text`` is not a date.

    A date alone, or a time without a zone, is taken as written; midnight in UTC begins a UTC day.
    """
    try:
        if _UNIX_SECONDS.fullmatch(text):
            return _days_at(datetime.fromtimestamp(int(text), UTC), form)
        if found := _WITH_TIME.fullmatch(text):
            day, clock = _day_of(found[1], form), found[2].strip()
            if day is None:
                return None, None
            zoned = re.sub(r"(?i)\s*(z|utc|gmt)$", "+00:00", clock)
            zoned = re.sub(r"\s+(?=[+-]\d)", "", zoned)
            if not re.search(r"[+-]\d\d:?\d\d$|[+-]\d\d$", zoned):
                return day, day
            hour = zoned if zoned[1] != ":" else f"0{zoned}"
            return _days_at(datetime.fromisoformat(f"{day.isoformat()}T{hour}"), form)
        day = _day_of(text, form)
    except (ValueError, OverflowError):
        return None, None
    return day, day


def _days_at(moment: datetime, form: _Notation) -> tuple[date | None, date | None]:
    utc = moment.astimezone(UTC)
    is_whole_day = utc.time() == time.min
    both = utc.date() if is_whole_day else moment.astimezone(ZoneInfo(form.zone)).date(), utc.date()
    return both if all(map(_is_possible, both)) else (None, None)


def _is_date(text: str) -> bool:
    try:
        return _three_numbers(text.strip(), "dmy") is not None
    except ValueError:
        return False


def _is_possible(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


def _day_of(text: str, form: _Notation) -> date | None:
    """Return the day; raises `ValueError` for one that does not exist, such as 31 April."""
    numbers = _three_numbers(text.strip(), form.order)
    day = date(*numbers) if numbers else None
    return day if day and _is_possible(day) else None


def _three_numbers(text: str, order: str) -> tuple[int, int, int] | None:
    if found := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NUMBERS.fullmatch(text):
        one, two, three = int(found[1]), int(found[3]), int(found[4])
        if len(found[1]) == 4:
            return (one, two, three) if len(found[4]) <= 2 else None
        if len(found[1]) == 3 or len(found[4]) in (1, 3):
            return None
        if order == "ymd":
            return _year(found[1]), two, three
        day, month = (two, one) if order == "mdy" and found[2] != "." else (one, two)
        return _year(found[4]), month, day
    folded = text.casefold().translate(_ACCENTS)
    if (found := _DAY_THEN_MONTH.fullmatch(folded)) and found[2] in _MONTHS:
        return _year(found[3]), _MONTHS[found[2]], int(found[1])
    if (found := _MONTH_THEN_DAY.fullmatch(folded)) and found[1] in _MONTHS:
        return _year(found[3]), _MONTHS[found[1]], int(found[2])
    if found := _MONTH_ALONE.fullmatch(folded):
        if found[1]:
            return (int(found[2]), _MONTHS[found[1]], 1) if found[1] in _MONTHS else None
        return (int(found[3]), int(found[4]), 1) if found[3] else (int(found[6]), int(found[5]), 1)
    return None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)
