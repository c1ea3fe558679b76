"""The command line: its options and its commands.

No heavy module is imported here: a command's module is imported on use, and imports what it needs when it runs.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from budget_tui.cli.console import EXIT_INTERRUPTED, EXIT_REFUSED, exit_code_of, print_lines, report_error
from budget_tui.cli.session import AS_OF_VARIABLE, DB_VARIABLE, ORG_VARIABLE, open_dashboard, session_from

PROGRAM = "budget-tui"
MODULES = {
    "status": "status",
    "explain": "explain",
    "budget": "budget",
    "project": "project",
    "transfer": "transfer",
    "cost": "cost",
    "fx": "fx",
    "seat": "seat",
    "period": "period",
    "undo": "undo",
    "redo": "redo",
    "agent": "agent",
    "entity": "entity",
    "plan": "plan",
    "org": "org",
    "log": "log",
    "monitor": "monitor",
    "demo": "demo",
    "key": "key",
    "serve": "serve",
    "mcp": "mcp",
    "db": "database",
    "manual": "manual",
}


class CommandGroup(TyperGroup):
    """All commands by name. A command's module is imported on use, so that `undo` does not load the others."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in MODULES:
            return self.commands.get(cmd_name) or self._load(cmd_name)
        for name in MODULES:  # all of them, so that an error can suggest the one that was meant
            self._load(name)
        return None

    def _load(self, name: str) -> Any:
        command = get_command(import_module(f"budget_tui.cli.{MODULES[name]}").app)
        self.add_command(command, name)
        return command


app = typer.Typer(
    name=PROGRAM,
    cls=CommandGroup,
    help="Set a monthly budget, split it across projects, and track real costs against it.",
    epilog="Without a command, the dashboard opens. `budget-tui demo` shows it with demonstration data.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def dashboard(
    context: typer.Context,
    db: Annotated[
        str, typer.Option("--db", metavar="PATH|URL", envvar=DB_VARIABLE, help="Database to use.", show_default=False)
    ] = "",
    org: Annotated[
        str, typer.Option("--org", metavar="SLUG", envvar=ORG_VARIABLE, help="Organization to use.", show_default=False)
    ] = "",
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="DATE", envvar=AS_OF_VARIABLE, help="Use DATE (2026-01-13) as today's date."),
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", help="Log to standard error.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Set a monthly budget, split it across projects, and track real costs against it."""
    if version:
        from budget_tui import __version__

        print_lines(f"budget-tui {__version__}")
        raise typer.Exit
    context.obj = session_from(db, org, as_of, verbose=verbose)
    if context.invoked_subcommand is None:
        open_dashboard(context.obj)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    return exit_code_of(lambda: _carried_out(arguments))


def _carried_out(arguments: Sequence[str]) -> object:
    try:
        return _commands()(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        return report_error(*_usage(error), EXIT_REFUSED)
    except typer.Abort:
        return EXIT_INTERRUPTED


@cache
def _commands() -> Any:
    """Return the commands that Typer makes of the functions, once per process."""
    return get_command(app)


def _usage(error: TyperException) -> tuple[str, str]:
    """Describe the error in the command line, and where to look it up."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", "")
    of_all = next((parameter for parameter in _commands().params if option in parameter.opts), None)
    if of_all is not None and context and context.parent:
        value = "" if getattr(of_all, "is_flag", False) else " …"
        command = context.command_path.removeprefix(PROGRAM).strip()
        return f"{option} stands before the command", f"{PROGRAM} {option}{value} {command}"
    return message[:1].lower() + message[1:], f"see {context.command_path if context else PROGRAM} --help"
