"""Prices of models' tokens as a file: a list of model, kind, price of a million and first day, in CSV, YAML or JSON.

What ``price list --json`` prints is such a list, too.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from budget_tui.domain.amount import parse_whole
from budget_tui.domain.errors import BudgetError, SourceError
from budget_tui.domain.period import parse_day
from budget_tui.domain.text import parse_choice
from budget_tui.domain.tokens import TokenKind, checked_model
from budget_tui.sources.rows import RowKind, read_rows

_AMOUNTS = ("price", "amount_usd")
_PRICES = RowKind(("model", "kind", *_AMOUNTS, "from", "currency"), "prices", "model: gpt-5")
_NEEDED = "give model, kind, price and from"


class PriceRow(NamedTuple):
    """The price of a million tokens of one kind from a day on (None: today), in nanos of ``currency``, which is '' if
    the row names none; ``where`` is its line."""

    where: str
    model: str
    kind: TokenKind
    amount_nanos: int
    starts_on: date | None
    currency: str


def read_prices(path: Path) -> list[PriceRow]:
    """Read the prices of a file; raises `SourceError`, which names the line, if any is none."""
    rows = [*_read(path)]
    if not rows:
        raise SourceError(f"there are no prices in {path}", _NEEDED)
    return rows


def _read(path: Path) -> Iterator[PriceRow]:
    for where, cells in read_rows(path, _PRICES):
        try:
            yield _price(where, cells)
        except SourceError:
            raise
        except BudgetError as error:
            raise SourceError(f"{where}: {error.message}", error.hint) from None


def _price(where: str, cells: Mapping[str, str]) -> PriceRow:
    amount = next(filter(None, (cells.get(name) for name in _AMOUNTS)), "")
    model = checked_model(cells.get("model", ""))
    for name, value in (("model", model), ("kind", cells.get("kind")), ("price", amount)):
        if not value:
            raise SourceError(f"{where} has no {name}", _NEEDED)
    nanos = parse_whole(amount)
    if nanos < 0:
        raise SourceError(f"{where} has a negative price", "give an amount of 0 or more")
    kind = parse_choice(cells["kind"].replace("_", "-").replace(" ", "-"), TokenKind, "kind")
    first = parse_day(cells["from"]) if cells.get("from") else None
    return PriceRow(where, model, kind, nanos, first, cells.get("currency", "").upper())
