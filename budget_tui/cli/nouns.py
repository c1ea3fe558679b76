"""The commands by name. A noun's module is loaded when it is used: `status --line` pays for no other."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

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
}


def command_group(description: str = "") -> typer.Typer:
    """What a noun's commands are registered with; a single one without a description becomes the command itself."""
    return typer.Typer(
        help=description or None, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )


class Nouns(TyperGroup):
    """The group of all commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in MODULES:
            return self.commands.get(cmd_name) or self._load(cmd_name)
        for name in MODULES:  # all of them, to tell which one may have been meant
            self._load(name)
        return None

    def _load(self, name: str) -> Any:
        command = get_command(import_module(f"budget_tui.cli.{MODULES[name]}").app)
        self.add_command(command, name)
        return command
