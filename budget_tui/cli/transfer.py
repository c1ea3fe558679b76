"""``transfer``: moving allocation between two projects, or between one and the pool."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, warn
from budget_tui.cli.options import AmountCommand, JsonOption, KeyOption, command_group, transfer_ends
from budget_tui.cli.session import session_of
from budget_tui.domain.amount import parse_amount
from budget_tui.presentation.formatting import money
from budget_tui.presentation.messages import warnings
from budget_tui.services.transfers import TransferRequest

app = command_group()


@app.command(cls=AmountCommand)
def transfer(
    context: typer.Context,
    giver: Annotated[str, typer.Argument(metavar="FROM", help="Project id, or pool.", autocompletion=transfer_ends)],
    taker: Annotated[str, typer.Argument(metavar="TO", help="Project id, or pool.", autocompletion=transfer_ends)],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount to move: 20.")],
    force: Annotated[bool, typer.Option("--force", help="Also move what is already spent; requires --reason.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Reason for --force.", show_default=False)
    ] = "",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Move allocation between projects, or to and from the pool.

    The pool is whatever is unallocated. Only unspent money can be moved, unless forced.
    """
    session = session_of(context)
    outcome = session.services.transfers.transfer(
        TransferRequest(giver, taker, parse_amount(amount), force, reason), key
    )
    snapshot = session.snapshot()
    currency = snapshot.organization.currency
    if json:
        print_json(schemas.status.WarnedTransfer.from_snapshot(outcome, snapshot))
        return
    names = {line.project_id: line.name for line in snapshot.projects}

    def change(end: str, before: int, after: int) -> str:
        return f"{names.get(end, end)} {money(before, currency)} → {money(after, currency)}"

    print_lines(
        f"{money(outcome.amount, currency)} moved:"
        f" {change(outcome.giver, outcome.giver_after + outcome.amount, outcome.giver_after)},"
        f" {change(outcome.taker, outcome.taker_after - outcome.amount, outcome.taker_after)}"
    )
    warn(warnings(snapshot))
