"""Options and arguments shared by several commands, and the parsing of negative amounts."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from budget_tui.cli.session import Session
from budget_tui.domain.cost import CATEGORIES
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.domain.hierarchy import POOL
from budget_tui.domain.tokens import HOLD_SECONDS

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services

JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_NEGATIVE = re.compile(r"-[$€£¥₹]?[.\d]")
_MARK = "\0"
"""Marks a negative amount while options are parsed; the operating system allows it in no argument."""


def command_group(description: str = "") -> typer.Typer:
    """Return a group for a noun's commands; a single command without a description becomes the group itself."""
    return typer.Typer(
        help=description or None, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )


class AmountCommand(TyperCommand):
    """A command whose AMOUNT may be negative: ``-15`` is parsed as an amount, ``--alocate`` is still an error."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            rest = super().parse_args(ctx, [_MARK + arg if _NEGATIVE.match(arg) else arg for arg in args])
        except TyperException as error:
            error.message = error.message.replace(_MARK, "").replace(ascii(_MARK)[1:-1], "")
            raise
        ctx.params.update({name: _unmarked(value) for name, value in ctx.params.items()})
        return rest


def _unmarked(value: object) -> object:
    return value.removeprefix(_MARK) if isinstance(value, str) else value


def transfer_ends(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete one end of a transfer."""
    pool = [(POOL, "what is unallocated")] if POOL.startswith(incomplete) else []
    return [*project_ids(context, incomplete), *pool]


def project_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete a project by id, with its name."""
    return _offered(context, incomplete, lambda services: [line[:2] for line in services.snapshots.current().projects])


def agent_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete an agent by id, with its name."""
    return _offered(context, incomplete, lambda services: [agent[:2] for agent in services.agents.all()])


def _offered(
    context: typer.Context, incomplete: str, names: Callable[["Services"], list[tuple[str, str]]]
) -> list[tuple[str, str]]:
    """Return those of ``names`` that begin with ``incomplete``. Only reads; on errors it offers nothing."""
    options = context.find_root().params
    try:
        found = names(Session(options.get("db") or "", options.get("org") or "").services)
    except BudgetError:
        return []
    return [each for each in found if each[0].startswith(incomplete)]


AgentArgument = Annotated[
    str, typer.Argument(metavar="AGENT", help="Agent id.", show_default=False, autocompletion=agent_ids)
]
ProjectArgument = Annotated[
    str, typer.Argument(metavar="PROJECT", help="Project id.", show_default=False, autocompletion=project_ids)
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Idempotency key: a repeated command counts once.", show_default=False),
]

PolicyArgument = Annotated[
    str,
    typer.Argument(
        metavar="POLICY",
        help="none, unspent, deficit or both.",
        show_default=False,
        autocompletion=lambda: ["none", "unspent", "deficit", "both"],
    ),
]
CapOption = Annotated[
    str, typer.Option("--cap", metavar="AMOUNT", help="Limit, in either direction.", show_default=False)
]

SwitchArgument = Annotated[
    str, typer.Argument(metavar="on|off", help="on or off.", autocompletion=lambda: ["on", "off"])
]


def parse_switch(text: str) -> bool:
    """Parse ``on`` or ``off``."""
    try:
        return {"on": True, "off": False}[text.strip().casefold()]
    except KeyError:
        raise Refused(f"'{text}' is neither on nor off", "say which") from None


HoldTimeOption = Annotated[str, typer.Option("--for", metavar="TIME", help="Duration: 90s, 10m, 2h.")]
HOLD_TIME = f"{HOLD_SECONDS // 60}m"

CATEGORY_WORDS = f"{', '.join(CATEGORIES[:-1])} or {CATEGORIES[-1]}"
CategoryOption = Annotated[
    str,
    typer.Option(
        "--category",
        metavar="CATEGORY",
        help=f"{CATEGORY_WORDS}. Default: by provider.",
        show_default=False,
        autocompletion=lambda: CATEGORIES,
    ),
]
ProviderOption = Annotated[str, typer.Option("--provider", metavar="NAME", help="Who charges it.", show_default=False)]


def exactly_one(options: dict[str, str]) -> tuple[str, str]:
    """Return the one option that was given, of several that exclude each other, with its value."""
    given = [(name, value) for name, value in options.items() if value]
    if len(given) != 1:
        raise Refused(f"exactly one of {', '.join(options)} is needed, not {len(given)}", "choose one")
    return given[0]
