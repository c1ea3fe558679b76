"""``release``: money that is held no longer."""

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines
from budget_tui.cli.hold import HoldArgument
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.presentation import formatting as f

app = command_group()


@app.command()
def release(context: typer.Context, hold: HoldArgument, json: JsonOption = False) -> None:
    """Release money that is held, without a cost."""
    ended = session_of(context).services.holds.release(hold)
    if json:
        print_json(schemas.holds.EndedHold.from_domain(ended))
        return
    print_lines(f"{f.money(ended.amount, ended.currency)} of {ended.project_id} released")
