"""``settle``: the cost of what money was held for."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines
from budget_tui.cli.hold import HoldArgument
from budget_tui.cli.options import AmountCommand, CategoryOption, JsonOption, ProviderOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.cost import parse_category
from budget_tui.presentation import formatting as f
from budget_tui.services.holds import Settlement

app = command_group()


@app.command(cls=AmountCommand)
def settle(
    context: typer.Context,
    hold: HoldArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="The full cost, more or less than was held.")],
    category: CategoryOption = "",
    provider: ProviderOption = "",
    json: JsonOption = False,
) -> None:
    """Record what something cost that money was held for.

    Also after the hold's end, and once, however often it is repeated.
    """
    holds = session_of(context).services.holds
    settlement = Settlement(parse_amount(amount), parse_category(category) if category else None, provider)
    ended = holds.settle(hold, settlement)
    if json:
        print_json(schemas.holds.EndedHold.from_domain(ended))
        return
    print_lines(
        f"{f.money(settlement.amount, ended.currency)} recorded for {ended.project_id},"
        f" {f.money(ended.amount, ended.currency)} was held"
        + (": the bill for it is there already, and counts instead" if ended.is_billed else "")
        + ("" if ended.provider or not settlement.amount else "; without --provider no bill takes its place")
    )
