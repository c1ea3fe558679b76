"""The columns of the plan's tables: what each shows of a budget against what was used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from operator import itemgetter
from typing import Any, TypeVar

from rich.cells import cell_len

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.domain.variance import Variance, VarianceStatus
from budget_tui.presentation import formatting
from budget_tui.tui.widgets.line_table import BarColumn, Column

NOTHING = "–"
SHAPES = {VarianceStatus.UNDER: "●", VarianceStatus.APPROACHING: "▲", VarianceStatus.OVER: "✕", None: "○"}
_MEASURED_ANYWAY = 200
"""Counts in millions have a fraction, which the longest of them need not have."""

Row = TypeVar("Row")
_UNITS = {BudgetType.TOKEN: "tok", BudgetType.SEAT: "seat"}


def unit(budget_type: BudgetType, currency: str) -> str:
    """``$``, ``CHF``, ``tok`` or ``seat``: what stands beside amounts that have no sign of their own."""
    return _UNITS.get(budget_type) or formatting.sign_of(currency).strip()


def amount(value: int | None, budget_type: BudgetType, currency: str) -> str:
    """``30,000.00``, ``41.2M``, ``15``."""
    if value is None:
        return NOTHING
    return formatting.number(value, currency) if budget_type is BudgetType.MONETARY else formatting.short_count(value)


def what(budget: PlannedBudget) -> str:
    """``genai anthropic``: category, and provider if one is set."""
    return f"{budget.category} {budget.provider}".rstrip()


def elapsed(period: Period, today: date) -> Fraction | None:
    """Where even spending would stand today; None of a period that does not run."""
    return Fraction(period.day_number(today), period.days) if period.contains(today) else None


def used(figures: Variance) -> str:
    return NOTHING if figures.utilization is None else formatting.percent(figures.utilization)


def status_style(figures: Variance) -> str:
    return str(figures.status) if figures.status is not None else "muted"


def extremes(
    rows: Iterable[Row], value: Callable[[Row], int | None], kind: Callable[[Row], tuple[BudgetType, str]]
) -> Iterator[Row]:
    """Of many rows those with the longest texts of an amount: in each unit, the largest and the smallest."""
    found: dict[tuple[BudgetType, str], list[tuple[int, Row]]] = {}
    for row in rows:
        number = value(row)
        if number is not None:
            found.setdefault(kind(row), []).append((number, row))
    for known in found.values():
        yield min(known, key=itemgetter(0))[1]
        yield max(known, key=itemgetter(0))[1]


def longest_lines(lines: Sequence[BudgetLine]) -> list[BudgetLine]:
    """Of many lines some that have the longest text of every column."""
    names = {line.budget.entity_name: line for line in lines}
    return [
        *lines[:_MEASURED_ANYWAY],
        *(names[name] for name in sorted(names, key=cell_len)[-1:]),
        *{(line.budget.category, line.budget.provider): line for line in lines}.values(),
        *{line.budget.period: line for line in lines}.values(),
        *extremes(lines, lambda line: line.figures.amount, _kind),
        *extremes(lines, lambda line: line.figures.actual, _kind),
        *extremes(lines, lambda line: line.figures.variance, _kind),
        *(max(lines, key=lambda line: line.figures.millionths_used) for _ in lines[:1]),
    ]


def amounts(
    key: str,
    label: str,
    value: Callable[[Any], int | None],
    kind: Callable[[Any], tuple[BudgetType, str]],
    *,
    drop: int = 0,
    style: Callable[[Any], str] = lambda _: "",
) -> Column:
    """A column of amounts, aligned on their point; ``kind`` says in what they are: type and currency."""
    return Column(
        key,
        label,
        lambda row: amount(value(row), *kind(row)),
        align="point",
        drop=drop,
        style=style,
        sort_key=lambda row: (*_by_unit(*kind(row)), _known_last(value(row))),
    )


def _by_unit(budget_type: BudgetType, currency: str) -> tuple[int, str]:
    """Amounts are compared with those in the same unit only: money comes first."""
    return _ORDER.index(budget_type), currency


_ORDER = tuple(BudgetType)


def _known_last(number: int | None) -> tuple[bool, int]:
    return number is not None, number or 0


def _kind(line: BudgetLine) -> tuple[BudgetType, str]:
    return line.budget.budget_type, line.budget.currency


def budget_columns(today: Callable[[], date]) -> tuple[Column, ...]:
    """The table of budgets; ``today`` places the ticks."""
    return (
        Column(
            "entity",
            "Entity",
            lambda line: line.budget.entity_name,
            least=9,
            most=28,
            sort_key=lambda line: line.budget.entity_name.casefold(),
        ),
        Column(
            "what", "For", lambda line: what(line.budget), least=9, most=24, sort_key=lambda line: what(line.budget)
        ),
        Column(
            "unit",
            "In",
            lambda line: unit(line.budget.budget_type, line.budget.currency),
            style=lambda _: "muted",
            sort_key=lambda line: unit(*_kind(line)),
        ),
        Column(
            "period",
            "Period",
            lambda line: formatting.short_period_name(line.budget.period),
            most=22,
            least=7,
            drop=3,
            style=lambda _: "muted",
            sort_key=lambda line: (line.budget.period.start, line.budget.period.end),
        ),
        amounts("amount", "Budget", lambda line: line.figures.amount, _kind),
        amounts("actual", "Actual", lambda line: line.figures.actual, _kind),
        BarColumn(
            "bar",
            "",
            lambda _: "",
            share=lambda line: bar_of(line.figures, line.budget.period, today()),
        ),
        amounts("left", "Left", lambda line: line.figures.variance, _kind),
        Column(
            "used",
            "Used",
            lambda line: used(line.figures),
            align="right",
            drop=1,
            style=lambda _: "muted",
            sort_key=lambda line: line.figures.millionths_used,
        ),
        Column(
            "status",
            "",
            lambda line: SHAPES[line.status],
            style=lambda line: status_style(line.figures),
            sort_key=lambda line: _RANKS[line.status],
        ),
    )


_RANKS = {None: 0, VarianceStatus.UNDER: 1, VarianceStatus.APPROACHING: 2, VarianceStatus.OVER: 3}


def bar_of(figures: Variance, period: Period | None, today: date) -> tuple[Fraction, Fraction | None] | None:
    """The used share with the tick of the pace; nothing where there is no data."""
    share = figures.utilization
    return None if share is None else (share, elapsed(period, today) if period is not None else None)
