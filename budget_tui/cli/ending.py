"""How every run ends: with an exit code, and in one line on standard error if it went wrong."""

import io
import os
import sys
from collections.abc import Callable
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EPIPE

from budget_tui.cli.saying import not_written, report, told
from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, InsufficientBudget, NotFound

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
_OF_A_FULL_OUTPUT = (EPIPE, ENOSPC, EDQUOT, EFBIG, EIO)
"""The errors that others that print, such as the help, meet there."""


def ended(carry_out: Callable[[], object]) -> int:
    """Carry out a run; returns the exit code. Whatever a user can cause is one line on standard error."""
    _print_anything()
    try:
        code = carry_out()
    except BudgetError as error:
        return told(error.message, error.command or error.hint, _exit_code(error))
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # completion ends this way, and what has no reader any more
        code = end.code
    except UnicodeEncodeError as error:
        sign = ascii(error.object[error.start : error.end])
        return told(f"{sign} is no text in UTF-8", "type it again, or check the terminal's encoding", EXIT_REFUSED)
    except OSError as error:
        if error.filename is not None or error.errno not in _OF_A_FULL_OUTPUT:
            return _unexpected(error)
        refused = not_written(error)
        return told(refused.message, refused.hint, EXIT_REFUSED) if refused else 0
    except Exception as error:
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:
        return told("interrupted", "nothing was left half done", EXIT_INTERRUPTED)
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
    return told(
        f"unexpected {type(error).__name__}: {error}",
        f"{DEBUG_VARIABLE}=1 shows where; please report it",
        EXIT_UNEXPECTED,
    )


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)
