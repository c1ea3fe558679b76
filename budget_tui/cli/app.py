"""The command line: options, commands, and how errors are told.

Nothing heavy is imported here: a noun is loaded when it is used, and imports what it needs when it runs.
"""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from budget_tui.cli.ending import EXIT_INTERRUPTED, EXIT_REFUSED, ended
from budget_tui.cli.nouns import Nouns
from budget_tui.cli.saying import say, told
from budget_tui.cli.session import session_from
from budget_tui.cli.start import AS_OF_VARIABLE, DB_VARIABLE, ORG_VARIABLE, open_dashboard

PROGRAM = "budget-tui"

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
        str, typer.Option("--db", metavar="PATH|URL", envvar=DB_VARIABLE, help="The database.", show_default=False)
    ] = "",
    org: Annotated[
        str, typer.Option("--org", metavar="SLUG", envvar=ORG_VARIABLE, help="Whose budgets.", show_default=False)
    ] = "",
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DATE", envvar=AS_OF_VARIABLE, help="Take DATE (2026-01-13) for today."),
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", help="Say on standard error what is done.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Decide where a month's money goes, and see in time where it is going."""
    if version:
        from budget_tui import __version__

        say(f"budget-tui {__version__}")
        raise typer.Exit
    context.obj = session_from(db, org, as_of, verbose=verbose)
    if context.invoked_subcommand is None:
        open_dashboard(context.obj)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return ended(lambda: _carried_out(arguments))


def _carried_out(arguments: Sequence[str]) -> object:
    try:
        return _commands()(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        return told(*_usage(error), EXIT_REFUSED)
    except typer.Abort:
        return EXIT_INTERRUPTED


@cache
def _commands() -> Any:
    """What Typer makes of the functions, once for all command lines of this process."""
    return get_command(app)


def _usage(error: TyperException) -> tuple[str, str]:
    """What is wrong with the words on the command line, and where to look it up."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", "")
    of_all = next((parameter for parameter in _commands().params if option in parameter.opts), None)
    if of_all is not None and context and context.parent:
        value = "" if getattr(of_all, "is_flag", False) else " …"
        command = context.command_path.removeprefix(PROGRAM).strip()
        return f"{option} stands before the command", f"{PROGRAM} {option}{value} {command}"
    return message[:1].lower() + message[1:], f"see {context.command_path if context else PROGRAM} --help"
