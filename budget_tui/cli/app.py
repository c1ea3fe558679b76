"""The command line: options, commands, and how errors are told.

Nothing heavy is imported here: each command imports what it needs when it runs.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from budget_tui.cli import budget, cost, database, demo, log, monitor, project, status, transfer
from budget_tui.cli.session import Session
from budget_tui.domain.errors import BudgetError, Conflict, InsufficientBudget, NotFound
from budget_tui.domain.period import parse_day

EXIT_UNEXPECTED = 1
EXIT_REFUSED = 2
EXIT_CODES: tuple[tuple[type[BudgetError], int], ...] = ((InsufficientBudget, 3), (NotFound, 4), (Conflict, 5))

app = typer.Typer(
    name="budget-tui",
    help="Decide where a month's money goes, and see in time where it is going.",
    epilog="Without a command: the dashboard. `budget-tui demo` shows it on demonstration data.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
status.register(app)
app.add_typer(budget.app, name="budget")
app.add_typer(project.app, name="project")
transfer.register(app)
app.add_typer(cost.app, name="cost")
log.register(app)
monitor.register(app)
demo.register(app)
app.add_typer(database.app, name="db")


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
        from budget_tui.tui.run import run_dashboard

        run_dashboard(session.services)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Whatever a user can cause is one line on standard error."""
    try:
        code = app(list(arguments), prog_name="budget-tui", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except TyperException as error:
        return _told(error.format_message().replace("\n", " ").rstrip("."), "see budget-tui --help", EXIT_REFUSED)
    except BudgetError as error:
        return _told(error.message, error.hint, _exit_code(error))
    except (KeyboardInterrupt, typer.Abort):
        return _told("interrupted", "nothing was left half done", 130)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python would complain again when it closes standard output.
        sys.stdout = None
        return 0


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)


def _told(message: str, hint: str, code: int) -> int:
    typer.echo(f"error: {message}{'; ' if hint else ''}{hint}".replace("\n", " "), err=True)
    return code
