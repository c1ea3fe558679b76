"""``undo``: undo this user's last change."""

from typing import TYPE_CHECKING

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, report
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of

if TYPE_CHECKING:
    from budget_tui.services.undo import UndoOutcome

app = command_group()


@app.command()
def undo(context: typer.Context, json: JsonOption = False) -> None:
    """Undo your last change.

    Repeat it to undo earlier changes. Refused if someone else has changed the same thing since.
    """
    print_outcome("undone", session_of(context).services.undo.undo(), json)


def print_outcome(done: str, outcome: "UndoOutcome", json: bool) -> None:
    """Print what was undone or redone, in one line, and what was passed over."""
    if json:
        print_json(schemas.audit.Undone.from_domain(outcome))
    else:
        print_lines(f"{done}: {outcome.what}")
    report(*(f"passed over: {each}" for each in outcome.passed_over))
