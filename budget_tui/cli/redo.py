"""``redo``: redo this user's last undone change."""

import typer

from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.cli.undo import print_outcome

app = command_group()


@app.command()
def redo(context: typer.Context, json: JsonOption = False) -> None:
    """Redo the last undone change.

    Possible until you make another change.
    """
    print_outcome("redone", session_of(context).services.undo.redo(), json)
