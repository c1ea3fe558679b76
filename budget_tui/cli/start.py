"""How a run begins. The dashboard is opened without Typer, whose loading would hold up the first frame."""

import gc
import os
from collections.abc import Sequence

from budget_tui.cli.ending import ended
from budget_tui.cli.session import Session, require_terminal, session_from

DB_VARIABLE = "BUDGET_TUI_DB"
ORG_VARIABLE = "BUDGET_TUI_ORG"
AS_OF_VARIABLE = "BUDGET_TUI_AS_OF"
_VARIABLES = {"--db": DB_VARIABLE, "--org": ORG_VARIABLE, "--as-of": AS_OF_VARIABLE}
_COMPLETION_VARIABLE = "_BUDGET_TUI_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Open the dashboard or run a command; returns the exit code."""
    options = plain_options(arguments)
    if options is None or _COMPLETION_VARIABLE in os.environ:
        from budget_tui.cli import app

        gc.freeze()
        return app.run(arguments)
    return ended(lambda: open_dashboard(session_from(*options)))


def plain_options(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Database, organization and day, when ``arguments`` hold at most these options; None when they hold more."""
    values = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    words = iter(arguments)
    for word in words:
        name, has_value, value = word.partition("=")
        if name not in values:
            return None
        if not has_value and (value := next(words, "")) == "":
            return None
        values[name] = value
    return tuple(values.values())


def open_dashboard(session: Session) -> None:
    require_terminal("dashboard")
    from budget_tui.tui.run import run_dashboard

    run_dashboard(session.services)
