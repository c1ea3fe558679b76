"""The columns of the plan's tables: budgets against their usage."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_results import BudgetLine, ForecastsById, ForecastsByPart, PartForecast
from budget_tui.domain.variance import Variance, VarianceStatus
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import NOTHING, TOKENS, Bar, Column, by_unit, forecast_column, in_front_of

SHAPES = {
    VarianceStatus.UNDER: formatting.SHAPES[Status.HEALTHY],
    VarianceStatus.APPROACHING: formatting.SHAPES[Status.WARNING],
    VarianceStatus.OVER: formatting.SHAPES[Status.EXHAUSTED],
    None: formatting.UNFUNDED_SHAPE,
}
_ALWAYS_MEASURED = 200
"""Number of rows measured besides the extremes: counts in millions may have decimals that the largest ones lack."""

Row = TypeVar("Row")
_UNITS = {BudgetType.TOKEN: "tok", BudgetType.SEAT: "seat"}


def unit(budget_type: BudgetType, currency: str) -> str:
    """Return the unit beside amounts that have no sign of their own: ``$``, ``CHF``, ``tok`` or ``seat``."""
    return _UNITS.get(budget_type) or formatting.sign_of(currency).strip()


def amount(value: int | None, budget_type: BudgetType, currency: str) -> str:
    """Format an amount without its unit: ``30,000.00``, ``41.2M``, ``15``."""
    if value is None:
        return NOTHING
    return formatting.number(value, currency) if budget_type is BudgetType.MONETARY else formatting.short_count(value)


def scope_text(budget: PlannedBudget) -> str:
    """Return the category, and the provider if one is set: ``genai anthropic``."""
    return f"{budget.category} {budget.provider}".rstrip()


def elapsed(period: Period, today: date) -> Fraction | None:
    """Return the elapsed share of ``period``, which even spending would have used by now; None if it is not running."""
    return Fraction(period.day_number(today), period.days) if period.contains(today) else None


def used(figures: Variance) -> str:
    return NOTHING if figures.utilization is None else formatting.percent(figures.utilization)


def status_style(figures: Variance) -> str:
    return str(figures.status) if figures.status is not None else "muted"


def extremes(
    rows: Iterable[Row], value: Callable[[Row], int | None], kind: Callable[[Row], tuple[BudgetType, str]]
) -> Iterator[Row]:
    """Yield the rows that may have the longest texts of an amount: in each unit, the smallest and the largest."""
    found: dict[tuple[BudgetType, str], list[tuple[int, Row]]] = {}
    for row in rows:
        number = value(row)
        if number is not None:
            found.setdefault(kind(row), []).append((number, row))
    for known in found.values():
        yield min(known, key=itemgetter(0))[1]
        yield max(known, key=itemgetter(0))[1]


def one_of_each(kind: Callable[[Row], object]) -> Callable[[Sequence[Row]], Iterable[Row]]:
    """Return a function that picks one row of each ``kind``, where the kind determines the text."""
    return lambda rows: {kind(row): row for row in rows}.values()


def amounts(
    key: str,
    label: str,
    value: Callable[[Row], int | None],
    kind: Callable[[Row], tuple[BudgetType, str]],
    *,
    drop_order: int = 0,
    style: Callable[[Row], str] = lambda _: "",
) -> Column[Row]:
    """Return a column of amounts, aligned on their point; ``kind`` gives a row's type and currency."""
    return Column(
        key,
        label,
        lambda row: amount(value(row), *kind(row)),
        "point",
        drop_order=drop_order,
        yields_late=True,
        style=style,
        sort_key=lambda row: (*by_unit(*kind(row)), _missing_first(value(row))),
        longest=lambda rows: (*rows[:_ALWAYS_MEASURED], *extremes(rows, value, kind)),
    )


def _missing_first(number: int | None) -> tuple[bool, int]:
    return number is not None, number or 0


def _kind(line: BudgetLine) -> tuple[BudgetType, str]:
    return line.budget.budget_type, line.budget.currency


@cache
def budget_columns(today: date) -> tuple[Column[BudgetLine], ...]:
    """Return the columns of budgets against their usage; ``today`` places the ticks."""
    return (
        Column(
            "entity",
            "Entity",
            lambda line: line.budget.entity_name,
            max_width=28,
            shrinks_to=9,
            sort_key=lambda line: line.budget.entity_name.casefold(),
        ),
        Column(
            "what",
            "Scope",
            lambda line: scope_text(line.budget),
            max_width=24,
            shrinks_to=9,
            drop_order=5,
            yields_late=True,
            sort_key=lambda line: scope_text(line.budget),
            longest=one_of_each(lambda line: (line.budget.category, line.budget.provider)),
        ),
        Column(
            "unit",
            "Unit",
            lambda line: unit(*_kind(line)),
            is_muted=True,
            sort_key=lambda line: unit(*_kind(line)),
            longest=one_of_each(_kind),
        ),
        Column(
            "period",
            "Period",
            lambda line: formatting.short_period_name(line.budget.period),
            max_width=22,
            shrinks_to=7,
            drop_order=3,
            yields_late=True,
            is_muted=True,
            sort_key=lambda line: (line.budget.period.start, line.budget.period.end),
            longest=one_of_each(lambda line: line.budget.period),
        ),
        amounts("amount", "Budget", lambda line: line.figures.amount, _kind, drop_order=6),
        amounts("actual", "Actual", lambda line: line.figures.actual, _kind, drop_order=4),
        bar_column(lambda line: _bar(line, today)),
        amounts("left", "Left", lambda line: line.figures.variance, _kind),
        used_column(lambda line: line.figures, sort_key=lambda line: line.figures.millionths_used),
        status_column(lambda line: line.figures, sort_key=lambda line: _RANKS[line.status]),
    )


def with_forecast(
    columns: Sequence[Column[Row]], forecasts: ForecastsById, budget_of: Callable[[Row], PlannedBudget]
) -> tuple[Column[Row], ...]:
    """Return ``columns`` with that of the forecasts of budgets, before the used share; as they are if there is none."""
    return in_front_of("used", budget_forecast(forecasts, budget_of), columns) if forecasts else tuple(columns)


def budget_forecast(forecasts: ForecastsById, budget_of: Callable[[Row], PlannedBudget]) -> Column[Row]:
    """Return the column of the forecasts of budgets."""
    return forecast_column(
        lambda row: forecasts.get(budget_of(row).budget_id),
        lambda row: (budget_of(row).budget_type, budget_of(row).currency),
        lambda row: budget_of(row).amount,
    )


def part_forecast(
    forecasts: ForecastsByPart,
    part_of: Callable[[Row], tuple[str, BudgetType] | None],
    kind: Callable[[Row], tuple[BudgetType, str]],
    planned: Callable[[Row], int | None],
) -> Column[Row]:
    """Return the column of the forecasts of a breakdown's parts, by which day if that differs; ``part_of`` is None for
    rows without one."""
    differ = len({found.last_day for found in forecasts.values()}) > 1

    def found(row: Row) -> PartForecast | None:
        part = part_of(row)
        return None if part is None else forecasts.get(part)

    def forecast(row: Row) -> Forecast | None:
        return of_part.forecast if (of_part := found(row)) else None

    def last_day(row: Row) -> date | None:
        return of_part.last_day if differ and (of_part := found(row)) else None

    return forecast_column(forecast, kind, planned, last_day)


def forecast_words(found: Forecast, budget: PlannedBudget) -> str:
    """Describe the forecast of a budget: ``$19,097–$19,420 by Mar 31, likely $19,235: over, perhaps``."""
    text = formatting.likely_range(found, budget.budget_type, budget.currency)
    against = formatting.forecast_against(found, budget.amount)
    end = formatting.near_day(budget.period.end, budget.period.start)
    return f"{text} by {end}" + (f": {against}" if against else "")


def used_column(figures: Callable[[Row], Variance], sort_key: Callable[[Row], Any] | None = None) -> Column[Row]:
    """Return the column of the used share in percent, whose longest text is that of the largest share."""
    return Column(
        "used",
        "Used",
        lambda row: used(figures(row)),
        "right",
        drop_order=1,
        is_muted=True,
        sort_key=sort_key,
        longest=lambda rows: [max(rows, key=lambda row: figures(row).millionths_used)] if rows else [],
    )


def bar_column(bar: Callable[[Row], Bar | None]) -> Column[Row]:
    return Column("bar", "", bar=bar, min_width=6, max_width=50)


def status_column(
    figures: Callable[[Row], Variance],
    text: Callable[[Row], str] | None = None,
    sort_key: Callable[[Row], Any] | None = None,
) -> Column[Row]:
    """Return the column of the status, as a coloured shape; ``text`` overrides the shape where rows may have none."""
    return Column(
        "status",
        "",
        text or (lambda row: SHAPES[figures(row).status]),
        min_width=1,
        max_width=1,
        style=lambda row: status_style(figures(row)),
        sort_key=sort_key,
    )


_RANKS = {None: 0, VarianceStatus.UNDER: 1, VarianceStatus.APPROACHING: 2, VarianceStatus.OVER: 3}


def _bar(line: BudgetLine, today: date) -> Bar | None:
    budget = line.budget
    bar, amount = bar_of(line.figures, budget.budget_type, budget.period, today), budget.amount
    return bar._replace(reserved=share(line.reserved, amount)) if bar is not None else None


def bar_of(figures: Variance, budget_type: BudgetType, period: Period | None, today: date) -> Bar | None:
    """Return the bar of the used share, with the tick of the pace; None where there is no data."""
    if figures.utilization is None:
        return None
    return bar_with_status(figures, budget_type, elapsed(period, today) if period is not None else None)


def bar_with_status(figures: Variance, budget_type: BudgetType, tick: Fraction | None) -> Bar:
    """Return the bar of the used share, in the colour of its status or, while that is ``under``, of its type."""
    is_calm = figures.status is VarianceStatus.UNDER
    calm = TOKENS if budget_type is BudgetType.TOKEN else ""
    return Bar(figures.utilization or Fraction(0), tick, style=calm if is_calm else status_style(figures))
