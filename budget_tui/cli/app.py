"""The command line: its options and its commands.

No heavy module is imported here: a command's module is imported on use, and imports what it needs when it runs.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from budget_tui import __version__
from budget_tui.cli.console import EXIT_INTERRUPTED, exit_code_of, print_lines, report_error
from budget_tui.cli.session import AS_OF_VARIABLE, DB_VARIABLE, ORG_VARIABLE, open_dashboard, session_from
from budget_tui.domain.errors import Refused

PROGRAM = "budget-tui"
SECTIONS = {
    "Overview": {
        "status": ("status", "Show what is left, the pace, and projects at risk."),
        "forecast": ("forecast", "Show what will be spent by the period's end, as a range."),
        "explain": ("explain", "Show where the numbers come from."),
        "monitor": ("monitor", "Show a read-only dashboard for a narrow pane."),
        "backtest": ("backtest", "Show how good the forecasts of past days were."),
    },
    "Budget and projects": {
        "budget": ("budget", "The global budget."),
        "project": ("project", "Projects and their allocations."),
        "transfer": ("transfer", "Move allocation between projects, or to and from the pool."),
        "cover": ("cover", "Show who can spare what a project will lack, or move it."),
        "period": ("period", "The current period, closing it, and closed periods."),
    },
    "Changes": {
        "undo": ("undo", "Undo your last change."),
        "redo": ("redo", "Redo the last undone change."),
        "log": ("log", "Show who changed what, newest first."),
    },
    "Costs": {
        "cost": ("cost", "Costs: record, import, and assign to projects."),
        "sync": ("sync", "Read the logs of agents' programs on this machine into costs."),
        "recurring": ("recurring", "Fees that come by themselves, until they are billed."),
        "price": ("price", "What models' tokens cost, by day."),
        "fx": ("fx", "Exchange rates."),
    },
    "Agents": {
        "agent": ("agent", "Agents and their token budgets."),
        "gate": ("gate", "Ask whether something may be spent: exit code 0 if so, 3 if not."),
        "hold": ("hold", "Hold money for work in flight."),
        "settle": ("settle", "Record what something cost that money was held for."),
        "release": ("release", "Release money that is held, without a cost."),
    },
    "Alerts": {
        "alert": ("alert", "Alerts: rules that watch budgets, and what they reported."),
        "check": ("check", "Evaluate all alerts once: exit code 3 if a budget or rule fails."),
        "watch": ("watch", "Evaluate and send alerts until Ctrl-C."),
    },
    "Planning in organizations": {
        "org": ("org", "Organizations in one database."),
        "entity": ("entity", "The hierarchy: departments, projects, teams."),
        "plan": ("plan", "Budgets by entity, category, type and period."),
        "seat": ("seat", "Seats that a department, project or team has with a provider."),
    },
    "Other programs": {
        "serve": ("serve", "Serve the HTTP API until Ctrl-C."),
        "key": ("key", "Keys for the HTTP API: create, list, revoke."),
        "mcp": ("mcp", "Serve this organization's plan to chat agents (MCP)."),
    },
    "This program": {
        "db": ("database", "The database: upgrade, check, back up, restore, copy."),
        "config": ("config", "Locations of the program's files."),
        "demo": ("demo", "Show the dashboard with demonstration data."),
        "manual": ("manual", "The manual: list its topics, or read one."),
    },
}
"""By section of the list of commands, by command: its module, and its line in the list."""

MODULES = {name: command for section in SECTIONS.values() for name, command in section.items()}

_SUMMARIES = TyperGroup(
    add_help_option=False, commands=[TyperCommand(name, short_help=summary) for name, (_, summary) in MODULES.items()]
)


class CommandGroup(TyperGroup):
    """All commands by name. A command's module is imported on use; to list the commands, none is."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _SUMMARIES.commands  # for suggestions when one is mistyped

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _loaded(cmd_name) if cmd_name in MODULES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, MODULES))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), summary) for name, (_, summary) in commands.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        listed = _SUMMARIES.shell_complete(typer.Context(_SUMMARIES), incomplete)
        return listed or super().shell_complete(ctx, incomplete)


@cache
def _loaded(name: str) -> Any:
    module, summary = MODULES[name]
    command = get_command(import_module(f"budget_tui.cli.{module}").app)
    command.help = command.help or summary
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
        return report_error(_refusal(error))
    except typer.Abort:
        return EXIT_INTERRUPTED


@cache
def _commands() -> Any:
    """Return the commands that Typer makes of the functions, once per process."""
    return get_command(app)


_CLEARER = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "give a whole number",
    "Input should be a valid number, unable to parse string as a number": "give a number",
    "Input should": "it should",
}
"""Words in place of those of the library that converts options."""


def _refusal(error: TyperException) -> Refused:
    """Say what is wrong with the command line, and where to look it up."""
    message = error.format_message().rstrip(".")
    for words, clearer in _CLEARER.items():
        message = message.replace(words, clearer)
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", "")
    of_all = next((parameter for parameter in _commands().params if option in parameter.opts), None)
    if of_all is not None and context and context.parent:
        value = "" if getattr(of_all, "is_flag", False) else " …"
        command = context.command_path.removeprefix(PROGRAM).strip()
        return Refused(f"{option} stands before the command", f"{PROGRAM} {option}{value} {command}")
    where = context.command_path if context else PROGRAM
    return Refused(message[:1].lower() + message[1:], f"see {where} --help")
