"""``backtest``: how good the forecasts of past days were."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.backtest import RIVALS, Score, score
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column
from budget_tui.services.backtests import BacktestReport

app = command_group()


@app.command()
def backtest(
    context: typer.Context,
    project_id: Annotated[str, typer.Argument(metavar="[PROJECT]", help="Only this project. Default: all.")] = "",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Draw other weeks: another number.")] = 0,
    json: JsonOption = False,
) -> None:
    """Show how good the forecasts of past days were.

    A forecast is made for days of the past year, with what was known then.
    """
    session = session_of(context)
    session.services.context.require_database()
    report = session.services.backtests.run(project_id, seed)
    if json:
        print_json(schemas.forecast.Backtest.from_domain(report))
        return
    if report.is_archived:
        warn([f"{report.name} is archived"])
    if not report.trials:
        print_lines("nothing to compare: that takes 21 days of data, and a period that has ended with costs since")
        return
    print_lines(*_described(report, score(report.trials)))


def _described(report: BacktestReport, found: Score) -> list[str]:
    currency = report.organization.currency
    days = f.days_named(report.trials[0].on, report.trials[-1].on)
    held = round(found.held * 100 / found.trials)
    errors = [("median of the range", found.error), *zip(RIVALS, found.rivals, strict=True)]
    columns: tuple[Column[tuple[str, int]], ...] = (
        Column("forecast", "Forecast", lambda line: line[0]),
        Column("error", "Mean error", lambda line: f.money(line[1], currency), "right"),
    )
    losses = ", ".join(f.money(loss, currency) for loss in found.losses)
    return [
        f"{report.name or 'everything'}: {f.count(found.trials, 'forecast')}, {days}",
        f"the range held in {held}% of them, where 80% is meant; it was {f.money(found.width, currency)} wide",
        *([f"on this day of each period: {f.held_lately(report.lately)}"] if report.lately else []),
        "",
        *table(columns, errors),
        "",
        f"pinball loss at 10%, 50% and 90%: {losses}",
    ]
