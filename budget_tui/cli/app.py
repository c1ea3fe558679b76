"""The command line: options, commands, and how errors are told.

Nothing heavy is imported here: a noun is loaded when it is used, and imports what it needs when it runs.
"""

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from budget_tui.cli.nouns import Nouns
from budget_tui.cli.session import Session, require_terminal
from budget_tui.domain.errors import BudgetError, Conflict, InsufficientBudget, NotFound
from budget_tui.domain.period import parse_day

PROGRAM = "budget-tui"
DEBUG_VARIABLE = "BUDGET_TUI_DEBUG"

EXIT_UNEXPECTED = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130
EXIT_CODES: tuple[tuple[type[BudgetError], int], ...] = ((InsufficientBudget, 3), (NotFound, 4), (Conflict, 5))

app = typer.Typer(
    name=PROGRAM,
    cls=Nouns,
    help="Decide where a month's money goes, and see in time where it is going.",
    epilog="Without a command: the dashboard. `budget-tui demo` shows it on demonstration data.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def dashboard(
    context: typer.Context,
    db: Annotated[
        str, typer.Option("--db", metavar="PATH|URL", envvar="BUDGET_TUI_DB", help="The database.", show_default=False)
    ] = "",
    org: Annotated[
        str, typer.Option("--org", metavar="SLUG", envvar="BUDGET_TUI_ORG", help="Whose budgets.", show_default=False)
    ] = "",
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DATE", envvar="BUDGET_TUI_AS_OF", help="Take DATE (2026-01-13) for today."),
    ] = "",
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Decide where a month's money goes, and see in time where it is going."""
    if version:
        from budget_tui import __version__

        typer.echo(f"budget-tui {__version__}")
        raise typer.Exit
    session = Session(db, org, parse_day(as_of) if as_of else None)
    context.obj = session
    if context.invoked_subcommand is None:
        require_terminal("dashboard")
        from budget_tui.tui.run import run_dashboard

        run_dashboard(session.services)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Whatever a user can cause is one line on standard error."""
    _print_anything()
    try:
        code = app(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        return _told(*_usage(error), EXIT_REFUSED)
    except BudgetError as error:
        return _told(error.message, error.hint, _exit_code(error))
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # completion ends this way
        code = end.code
    except Exception as error:
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:
        return _told("interrupted", "nothing was left half done", EXIT_INTERRUPTED)
    return code if isinstance(code, int) else 0


def _print_anything() -> None:
    """A terminal that does not know a sign shows its number; it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage(error: TyperException) -> tuple[str, str]:
    """What is wrong with the words on the command line, and where to look it up."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return message[:1].lower() + message[1:], f"see {context.command_path if context else PROGRAM} --help"


def _unexpected(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exc()
    return _told(
        f"unexpected {type(error).__name__}: {error}",
        f"{DEBUG_VARIABLE}=1 shows where; please report it",
        EXIT_UNEXPECTED,
    )


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)


def _told(message: str, hint: str, code: int) -> int:
    line = f"{message}; {hint}" if hint else message
    typer.echo(f"error: {' '.join(line.split())}", err=True)
    return code
