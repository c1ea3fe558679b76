"""``forecast``: what will be spent by the period's end, as a range."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.forecast import Forecast
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column
from budget_tui.presentation.messages import warnings

app = command_group()

_Line = tuple[str, int, int, Forecast]
"""Name, spent, budget and forecast of a project or of everything."""


@app.command()
def forecast(
    context: typer.Context,
    project_id: Annotated[str, typer.Argument(metavar="[PROJECT]", help="Only this project. Default: all.")] = "",
    json: JsonOption = False,
) -> None:
    """Show what will be spent by the period's end: in four of five cases between low and high."""
    report = session_of(context).services.forecasts.current()
    snapshot = report.snapshot
    if project_id:
        report.of(project_id)
    if json:
        print_json(schemas.forecast.Forecasts.from_domain(report, project_id))
        return
    currency = snapshot.organization.currency
    lines: list[_Line] = [
        (line.name, line.pace.spent, line.pace.allocation, report.projects[line.project_id])
        for line in snapshot.projects
        if project_id in ("", line.project_id)
    ]
    if not project_id:
        lines.append(("total", snapshot.total.spent, snapshot.total.allocation, report.total))
    print_lines(
        f"By {f.long_day(snapshot.period.end)}, {f.data_through(snapshot.data_through)}",
        "",
        *table(_columns(currency), lines),
        "",
        *(f"{name}: {f.forecast_basis(found)}" for name, *_, found in lines if project_id or not found.has_range),
    )
    warn(warnings(snapshot))


def _columns(currency: str) -> list[Column[_Line]]:
    def amount(name: str, label: str, of: int) -> Column[_Line]:
        def text(line: _Line) -> str:
            found = line[3]
            amounts = (line[1], found.low, found.median, found.high, line[2])
            return "–" if of in (1, 3) and not found.has_range else f.number(amounts[of], currency)

        return Column(name, label, text, "right")

    return [
        Column("name", "Project", lambda line: line[0]),
        amount("spent", "Spent", 0),
        amount("low", "Low", 1),
        amount("median", "Median", 2),
        amount("high", "High", 3),
        amount("budget", "Budget", 4),
        Column("status", "", lambda line: f.forecast_against(line[3], line[2])),
    ]
