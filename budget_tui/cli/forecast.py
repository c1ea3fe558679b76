"""``forecast``: what will be spent by the period's end, as a range."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, NamedTuple

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.plan_results import PlanForecast
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column
from budget_tui.presentation.messages import warnings

app = command_group()


class _Line(NamedTuple):
    """The amounts used, planned (None: nothing) and forecast of a project, an entity or everything, in its unit."""

    name: str
    used: int
    budget: int | None
    forecast: Forecast
    budget_type: BudgetType = BudgetType.MONETARY


@app.command()
def forecast(
    context: typer.Context,
    scope: Annotated[
        str, typer.Argument(metavar="[SCOPE]", help="Only this project, entity or agent. Default: all projects.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Show what will be spent by the period's end, as a range.

    In four of five cases it is between low and high.
    """
    session = session_of(context)
    report = session.services.forecasts.current()
    if scope and scope not in report.projects:
        _show_entity(session.services.plan_views.forecast(scope), json)
        return
    snapshot = report.snapshot
    if json:
        print_json(schemas.forecast.PeriodForecasts.from_domain(report, scope))
        return
    lines = [
        _Line(line.name, line.pace.spent, line.pace.allocation, report.projects[line.project_id])
        for line in snapshot.projects
        if scope in ("", line.project_id)
    ]
    if not scope:
        lines.append(_Line("total", snapshot.total.spent, snapshot.total.allocation, report.total))
    explained = [line for line in lines if scope or not line.forecast.has_range]
    _show("Project", snapshot.period.end, snapshot.data_through, snapshot.organization.currency, lines, explained)
    warn(warnings(snapshot))


def _show_entity(found: PlanForecast, json: bool) -> None:
    """Show the spend of an entity and everything below it, and its tokens where there are any."""
    if json:
        print_json(schemas.forecast.PlanForecast.from_domain(found))
        return
    entity = found.entity
    lines = [_Line(entity.entity.name, entity.spent, _planned(found, BudgetType.MONETARY), entity.forecast)]
    if entity.has_tokens:
        budget, name = _planned(found, BudgetType.TOKEN), f"{entity.entity.name}, tokens"
        lines.append(_Line(name, entity.used_tokens, budget, entity.tokens_forecast, BudgetType.TOKEN))
    _show("Entity", entity.period.end, found.data_through, found.organization.currency, lines, lines)
    warn(found.warnings)


def _planned(found: PlanForecast, budget_type: BudgetType) -> int | None:
    """Return what is planned for the whole of an entity in the period; of tokens, all are of one category."""
    own = [
        line.budget
        for line in found.lines
        if (line.budget.entity_key, line.budget.period) == (found.entity.entity.entity_key, found.entity.period)
        and line.budget.budget_type is budget_type
        and not line.budget.provider
    ]
    whole = (Category.TOTAL,) if budget_type is BudgetType.MONETARY else (Category.TOTAL, Category.GENAI)
    return next((budget.amount for budget in own if budget.category in whole), None)


def _show(
    label: str, end: date, data_through: date, currency: str, lines: Sequence[_Line], explained: Sequence[_Line]
) -> None:
    print_lines(
        f"By {f.long_day(end)}, {f.data_through(data_through)}",
        "",
        *table(_columns(label, currency), lines),
        "",
        *(f"{line.name}: {f.forecast_basis(line.forecast)}" for line in explained),
    )


def _columns(label: str, currency: str) -> list[Column[_Line]]:
    def amount(name: str, label: str, of: Callable[[_Line], int | None], drop_order: int = 0) -> Column[_Line]:
        def text(line: _Line) -> str:
            number = of(line)
            if number is None:
                return "–"
            return f.number(number, currency) if line.budget_type is BudgetType.MONETARY else f.short_count(number)

        return Column(name, label, text, "right", drop_order=drop_order)

    return [
        Column("name", label, lambda line: line.name),
        amount("spent", "Spent", lambda line: line.used, 1),
        amount("low", "Low", lambda line: line.forecast.low if line.forecast.has_range else None, 2),
        amount("median", "Median", lambda line: line.forecast.median),
        amount("high", "High", lambda line: line.forecast.high if line.forecast.has_range else None, 3),
        amount("budget", "Budget", lambda line: line.budget),
        Column("status", "", lambda line: f.forecast_against(line.forecast, line.budget or 0), wraps=True),
    ]
