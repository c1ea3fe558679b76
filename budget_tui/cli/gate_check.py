"""The gate without Typer, which takes longer to load than the gate itself."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from budget_tui.cli.console import print_lines
from budget_tui.cli.session import Session

if TYPE_CHECKING:
    from budget_tui.services.gate import Verdict

OPTIONS = ("--project", "--agent", "--est", "--hook")
HOOKS = ("claude-code", "gemini-cli")
"""Programs whose hooks block with exit code 2, and show the reason that stands on standard error."""
FLAGS = ("--today", "--json")


def plain_gate(words: Sequence[str]) -> Callable[[Session], None] | None:
    """Return the gate that ``words`` ask for; None for another command, or if Typer has to say what is wrong."""
    if not words or words[0] != "gate":
        return None
    given: dict[str, str] = {}
    rest = list(words[1:])
    while rest:
        name, has_value, value = rest.pop(0).partition("=")
        if name in FLAGS and not has_value:
            given[name] = name
        elif name in OPTIONS and (has_value or (rest and not rest[0].startswith("-"))):
            given[name] = value if has_value else rest.pop(0)
        else:
            return None
    project, agent, est, hook = (given.get(name, "") for name in OPTIONS)
    today, json = (name in given for name in FLAGS)
    return partial(check_gate, project=project, agent=agent, est=est, hook=hook, today=today, json=json)


def check_gate(session: Session, *, project: str, agent: str, est: str, hook: str, today: bool, json: bool) -> None:
    """Print whether it may be spent; raises `InsufficientBudget` with the reason if not.

    For a ``hook`` nothing is printed, and whatever stops it is `Refused`: other exit codes would block nothing.
    """
    from budget_tui.domain.errors import BudgetError, InsufficientBudget, Refused

    if hook:
        if hook not in HOOKS:
            raise Refused(f"there is no hook of '{hook}'", f"choose {' or '.join(HOOKS)}")
        if json:
            raise Refused("a hook gets no JSON, but an exit code", "give one of --hook and --json")
        try:
            verdict = _verdict(session, project, agent, est, today)
        except BudgetError as error:
            raise Refused(error.message, error.hint, command=error.command) from error
        if not verdict.is_allowed:
            raise Refused(verdict.reason)
        return
    verdict = _verdict(session, project, agent, est, today)
    if json:
        from budget_tui.schemas.plain import dumps, gate_fields

        print_lines(dumps(gate_fields(verdict)))
    elif verdict.is_allowed:
        from budget_tui.services.gate import headline

        print_lines(headline(verdict))
    if not verdict.is_allowed:
        raise InsufficientBudget(verdict.reason, available=verdict.available)


def _verdict(session: Session, project: str, agent: str, est: str, today: bool) -> "Verdict":
    from budget_tui.domain.amount import parse_amount
    from budget_tui.services.gate import GateRequest

    session.services.context.require_database()
    nanos = parse_amount(est) if est else 0
    return session.services.gate.ask(GateRequest(project.strip(), agent.strip(), nanos, today))
