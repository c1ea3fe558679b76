"""How a run begins. What has to be quick is done without Typer, which takes longer to load than all the rest.

That is the dashboard, the line that a status bar asks for every few seconds, and an import.
"""

import gc
import os
from collections.abc import Sequence

from budget_tui.cli.ending import ended
from budget_tui.cli.importing import plain_import
from budget_tui.cli.saying import say
from budget_tui.cli.session import Session, require_terminal, session_from

DB_VARIABLE = "BUDGET_TUI_DB"
ORG_VARIABLE = "BUDGET_TUI_ORG"
AS_OF_VARIABLE = "BUDGET_TUI_AS_OF"
_VARIABLES = {"--db": DB_VARIABLE, "--org": ORG_VARIABLE, "--as-of": AS_OF_VARIABLE}
_COMPLETION_VARIABLE = "_BUDGET_TUI_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Open the dashboard or run a command; returns the exit code."""
    options, command = split(arguments)
    at_once = _AT_ONCE.get(command) or plain_import(command)
    if at_once is None or _COMPLETION_VARIABLE in os.environ:
        from budget_tui.cli import app

        gc.freeze()
        return app.run(arguments)
    return ended(lambda: at_once(session_from(*options)))


def split(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Database, organization and day, given by options or by the environment, and the words behind the options."""
    values = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    rest = list(arguments)
    while rest:
        name, has_value, value = rest[0].partition("=")
        if name not in values or not (has_value or len(rest) > 1):
            break
        values[name] = value if has_value else rest[1]
        del rest[: 1 if has_value else 2]
    return tuple(values.values()), tuple(rest)


def open_dashboard(session: Session) -> None:
    """The dashboard, until it is left."""
    require_terminal("dashboard")
    session.start_logging(aloud=False)
    gc.disable()  # until the first frame
    from budget_tui.tui.run import run_dashboard

    run_dashboard(session.services)


def say_line(session: Session) -> None:
    """One short line for a status bar."""
    from budget_tui.presentation.formatting import status_line

    say(status_line(session.snapshot()).replace("#", "##"))


_AT_ONCE = {(): open_dashboard, ("status", "--line"): say_line}
