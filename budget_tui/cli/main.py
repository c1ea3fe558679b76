"""The start and the end of every run: what to open or to carry out, and with which exit code it ends.

What has to be quick is done without Typer, which takes longer to load than all the rest: the dashboard, the line that
a status bar asks for every few seconds, and an import.
"""

import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EPIPE

from budget_tui.cli.console import not_written, print_lines, report, report_error
from budget_tui.cli.cost_import import plain_import
from budget_tui.cli.session import Session, require_terminal, session_from
from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, InsufficientBudget, NotFound

DB_VARIABLE = "BUDGET_TUI_DB"
ORG_VARIABLE = "BUDGET_TUI_ORG"
AS_OF_VARIABLE = "BUDGET_TUI_AS_OF"
_VARIABLES = {"--db": DB_VARIABLE, "--org": ORG_VARIABLE, "--as-of": AS_OF_VARIABLE}
_COMPLETION_VARIABLE = "_BUDGET_TUI_COMPLETE"
DEBUG_VARIABLE = "BUDGET_TUI_DEBUG"

EXIT_UNEXPECTED = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130
EXIT_CODES: tuple[tuple[type[BudgetError], int], ...] = (
    (InsufficientBudget, 3),
    (NotFound, 4),
    (DatabaseNotFound, 4),
    (Conflict, 5),
)
_FULL_OUTPUT_ERRORS = (EPIPE, ENOSPC, EDQUOT, EFBIG, EIO)
"""The errors that others that print, such as the help, meet there."""


def run(arguments: Sequence[str]) -> int:
    """Open the dashboard or run a command; returns the exit code."""
    options, command = split(arguments)
    at_once = _WITHOUT_TYPER.get(command) or plain_import(command)
    if at_once is None or _COMPLETION_VARIABLE in os.environ:
        from budget_tui.cli import app

        gc.freeze()
        return app.run(arguments)
    return exit_code_of(lambda: at_once(session_from(*options)))


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
    """Run the dashboard until it is left."""
    require_terminal("dashboard")
    session.start_logging(aloud=False)
    gc.disable()  # until the first frame
    from budget_tui.tui.run import run_dashboard

    run_dashboard(session.services)


def print_status_line(session: Session) -> None:
    """Print one short line for a status bar."""
    from budget_tui.presentation.formatting import status_line

    print_lines(status_line(session.snapshot()).replace("#", "##"))


_WITHOUT_TYPER = {(): open_dashboard, ("status", "--line"): print_status_line}


def exit_code_of(carry_out: Callable[[], object]) -> int:
    """Carry out a run; returns its exit code. Whatever a user can cause is one line on standard error."""
    _print_anything()
    try:
        code = carry_out()
    except BudgetError as error:
        return report_error(error.message, error.command or error.hint, _exit_code(error))
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # completion ends this way, and what has no reader any more
        code = end.code
    except UnicodeEncodeError as error:
        sign = ascii(error.object[error.start : error.end])
        return report_error(
            f"{sign} is no text in UTF-8", "type it again, or check the terminal's encoding", EXIT_REFUSED
        )
    except OSError as error:
        if error.filename is not None or error.errno not in _FULL_OUTPUT_ERRORS:
            return _unexpected(error)
        refused = not_written(error)
        return report_error(refused.message, refused.hint, EXIT_REFUSED) if refused else 0
    except Exception as error:
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:
        return report_error("interrupted", "nothing was left half done", EXIT_INTERRUPTED)
    return code if isinstance(code, int) else 0


def _print_anything() -> None:
    """A terminal that does not know a sign shows its number; it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unexpected(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        report(traceback.format_exc())
    return report_error(
        f"unexpected {type(error).__name__}: {error}",
        f"{DEBUG_VARIABLE}=1 shows where; please report it",
        EXIT_UNEXPECTED,
    )


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)
