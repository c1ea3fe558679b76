"""``recurring``: fees that come by themselves."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import CategoryOption, JsonOption, ProviderOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.cost import parse_category
from budget_tui.domain.period import parse_day
from budget_tui.domain.recurring import parse_day_of_month, parse_every
from budget_tui.presentation.recurring import FEE_COLUMNS, added_words, ended_words
from budget_tui.services.recurring import NewFee

app = command_group()


@app.command()
def add(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help="Id of the project, or of another entity.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount of each charge.")],
    every: Annotated[str, typer.Option("--every", metavar="PERIOD", help="month, quarter or year.")] = "month",
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="Day of the month: 1 to 31, or last.")] = "1",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Default: the provider.")] = "",
    provider: ProviderOption = "",
    category: CategoryOption = "",
    from_day: Annotated[str, typer.Option("--from", metavar="DATE", help="First day. Default: today.")] = "",
    json: JsonOption = False,
) -> None:
    """Add a fee that recurs.

    It is booked as a cost on its day, and known to the forecast before. When a bill for it is imported, that stands in
    its place.
    """
    report = session_of(context).services.recurring.add(
        NewFee(
            scope,
            parse_amount(amount),
            parse_every(every),
            parse_day_of_month(on),
            name,
            provider,
            parse_category(category) if category else None,
            parse_day(from_day) if from_day else None,
        )
    )
    if json:
        print_json(schemas.recurring.RecurringFee.from_domain(report))
        return
    print_lines(*added_words(report))


@app.command("list")
def list_fees(context: typer.Context, json: JsonOption = False) -> None:
    """List recurring fees, with the latest charge of each."""
    session = session_of(context)
    session.services.context.require_database()
    found = session.services.recurring.all()
    if json:
        print_json([schemas.recurring.RecurringFee.from_domain(report) for report in found])
        return
    if not found:
        print_lines("no fees recur: budget-tui recurring add PROJECT AMOUNT --every month --on 4")
        return
    print_lines(*table(FEE_COLUMNS, found))


@app.command()
def end(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the fee.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Last day. Default: today.")] = "",
    json: JsonOption = False,
) -> None:
    """End a fee. What was booked stays."""
    report = session_of(context).services.recurring.end(name, parse_day(on) if on else None)
    if json:
        print_json(schemas.recurring.RecurringFee.from_domain(report))
        return
    print_lines(ended_words(report.fee))
