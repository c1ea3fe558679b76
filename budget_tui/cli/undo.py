"""``undo``: the last change of this user taken back."""

from typing import TYPE_CHECKING

import typer

from budget_tui.cli.nouns import command_group
from budget_tui.cli.output import JsonOption, say_json
from budget_tui.cli.saying import say
from budget_tui.cli.session import session_of

if TYPE_CHECKING:
    from budget_tui.services.undo import UndoOutcome

app = command_group()


@app.command()
def undo(context: typer.Context, json: JsonOption = False) -> None:
    """Take back the last change that you made.

    Again takes back the one before it. Refused when somebody changed the same thing since.
    """
    tell("took back", session_of(context).services.undo.undo(), json)


def tell(done: str, outcome: "UndoOutcome", json: bool) -> None:
    """What was done, in one line."""
    if json:
        say_json({"what": outcome.what, "change": outcome.change, "reverses": outcome.reverses})
    else:
        say(f"{done}: {outcome.what}")
