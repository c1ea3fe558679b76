"""The entry point of every run.

Four things have to be quick and run without Typer, which takes longer to load than everything else: the dashboard,
the status bar's line, requested every few seconds, the gate before each call of a model, and an import.
"""

import gc
import os
from collections.abc import Callable, Sequence
from functools import partial

from budget_tui.cli.console import exit_code_of, print_lines
from budget_tui.cli.cost_import import plain_import
from budget_tui.cli.gate_check import plain_gate
from budget_tui.cli.session import (
    AS_OF_VARIABLE,
    DB_VARIABLE,
    ORG_VARIABLE,
    Session,
    open_dashboard,
    session_from,
)

_VARIABLES = {"--db": DB_VARIABLE, "--org": ORG_VARIABLE, "--as-of": AS_OF_VARIABLE}
_COMPLETION_VARIABLE = "_BUDGET_TUI_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Open the dashboard or run a command; return the exit code."""
    options, command = split(arguments)
    at_once = without_typer(command)
    if at_once is None or _COMPLETION_VARIABLE in os.environ:
        from budget_tui.cli import app

        gc.freeze()
        return app.run(arguments)
    return exit_code_of(lambda: _run_at_once(at_once, options))


def _run_at_once(command: Callable[[Session], None], options: Sequence[str]) -> None:
    session = session_from(*options)
    try:
        command(session)
    finally:
        session.finish()


def split(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return database, organization and day, from options or the environment, and the words after the options."""
    values = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    rest = list(arguments)
    while rest:
        name, has_value, value = rest[0].partition("=")
        if name not in values or not (has_value or len(rest) > 1):
            break
        values[name] = value if has_value else rest[1]
        del rest[: 1 if has_value else 2]
    return tuple(values.values()), tuple(rest)


def without_typer(words: Sequence[str]) -> Callable[[Session], None] | None:
    """Return what ``words`` request if it runs without Typer; None for everything else."""
    return (plain_status_line(words) or plain_gate(words) or plain_import(words)) if words else open_dashboard


def plain_status_line(words: Sequence[str]) -> Callable[[Session], None] | None:
    """Return the status line that ``words`` request; None for another command, or if Typer has to say what is wrong."""
    if tuple(words) == ("status", "--line"):
        return print_status_line
    if (
        tuple(words[:3]) == ("status", "--line", "--width")
        and len(words) == 4
        and words[3].isdecimal()
        and int(words[3])
    ):
        return partial(print_status_line, width=int(words[3]))
    return None


def print_status_line(session: Session, width: int | None = None) -> None:
    """Print one short line for a status bar, of at most ``width`` characters."""
    from budget_tui.presentation.formatting import status_line

    print_lines(status_line(session.snapshot(), width).replace("#", "##"))
