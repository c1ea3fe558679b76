"""``agent``: agents and their token budgets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import (
    HOLD_TIME,
    AgentArgument,
    AmountCommand,
    HoldTimeOption,
    JsonOption,
    KeyOption,
    PolicyArgument,
    SwitchArgument,
    command_group,
    parse_switch,
    project_ids,
)
from budget_tui.cli.session import Session, session_of
from budget_tui.domain.amount import parse_count, share
from budget_tui.domain.budget import is_difference
from budget_tui.domain.carry import parse_policy
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import AgentBudget, TokenBalance, parse_duration
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column, agent_columns
from budget_tui.presentation.formatting import tokens
from budget_tui.services.entities import EntityChange

app = command_group()

TokensArgument = Annotated[str, typer.Argument(metavar="TOKENS", help="Number of tokens: 1200000, 1200k or 25M.")]
OutputOption = Annotated[
    str, typer.Option("--output", metavar="N", help="How many of the tokens are output.", show_default=False)
]
CachedOption = Annotated[
    str, typer.Option("--cached", metavar="N", help="How many of the tokens were cached.", show_default=False)
]
ReservationArgument = Annotated[str, typer.Argument(metavar="RESERVATION", help="Reservation id.")]


@app.command(cls=AmountCommand)
def add(
    context: typer.Context,
    agent_id: Annotated[str, typer.Argument(metavar="ID", help="Short and permanent; used by programs.")],
    project: Annotated[
        str, typer.Option("--project", metavar="P", help="Project of the agent.", autocompletion=project_ids)
    ],
    name: Annotated[str, typer.Option("--name", help="Name to display.", show_default=False)] = "",
    model: Annotated[str, typer.Option("--model", help="Model used for pricing.", show_default=False)] = "",
    tokens: Annotated[
        str, typer.Option("--tokens", metavar="N", help="Token budget per period.", show_default=False)
    ] = "0",
    enforce: Annotated[
        bool, typer.Option("--enforce", help="Refuse tokens that its project's money does not cover.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Add an agent to a project.

    An archived one with the same id is restored.
    """
    session = session_of(context)
    agents = session.services.agents
    balance = agents.add(agent_id, project.strip(), name, model, parse_count(tokens), enforced=enforce)
    _print_agent(session, balance.agent_id, json, lambda agent: f"{agent.name} added with {_counts(agent)}")


@app.command("list")
def list_agents(context: typer.Context, json: JsonOption = False) -> None:
    """List all agents."""
    session = session_of(context)
    session.services.context.require_database()
    agents = session.services.agents.all()
    if json:
        print_json([schemas.agents.AgentBudget.from_domain(agent) for agent in agents])
        return
    if not agents:
        print_lines("no agents yet: budget-tui agent add ID --project PROJECT --tokens N")
        return
    shown = {column.key: column for column in agent_columns()}
    columns: tuple[Column[AgentBudget], ...] = (
        Column("id", "ID", lambda agent: agent.agent_id),
        replace(shown["name"], drop_order=5),
        *(shown[key] for key in ("project", "allocated", "used", "reserved", "available", "per_hour")),
        replace(shown["runs_out"], align="left"),
        Column("status", "Status", f.agent_status, style=shown["status"].style, wraps=True),
    )
    print_lines(*table(columns, agents), f.data_through(agents[0].data_through))


@app.command()
def show(context: typer.Context, agent: AgentArgument, json: JsonOption = False) -> None:
    """Show one agent's budget in the current period."""
    session = session_of(context)
    session.services.context.require_database()
    _print_agent(session, agent, json, _details)


@app.command(cls=AmountCommand)
def allocate(context: typer.Context, agent: AgentArgument, tokens: TokensArgument, json: JsonOption = False) -> None:
    """Set an agent's budget per period.

    Never below what is used and reserved.
    """
    if is_difference(tokens):
        hint = f"give the whole number, or add tokens with: budget-tui agent top-up {agent} TOKENS"
        raise Refused(f"'{tokens}' is a change, not a number of tokens", hint)
    session = session_of(context)
    _print_balance(session.services.agents.allocate(agent, parse_count(tokens)), json)


@app.command()
def carry(
    context: typer.Context,
    agent: AgentArgument,
    policy: PolicyArgument,
    cap: Annotated[
        str, typer.Option("--cap", metavar="TOKENS", help="Limit, in either direction.", show_default=False)
    ] = "",
    json: JsonOption = False,
) -> None:
    """Set how an agent's tokens carry over when a period closes."""
    session = session_of(context)
    chosen, most = parse_policy(policy), parse_count(cap) if cap else None
    session.services.agents.set_carry(agent, chosen, most)
    if json:
        print_json(schemas.agents.AgentCarry(agent_id=agent, carry=chosen, carry_cap_tokens=most))
    else:
        print_lines(f"{agent} carries over: {chosen}" + ("" if most is None else f", at most {most:,} tokens"))


@app.command("top-up", cls=AmountCommand)
def top_up(
    context: typer.Context,
    agent: AgentArgument,
    tokens: TokensArgument,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Add tokens to an agent's budget."""
    session = session_of(context)
    _print_balance(session.services.agents.top_up(agent, parse_count(tokens), key), json)


@app.command(cls=AmountCommand)
def consume(
    context: typer.Context,
    agent: AgentArgument,
    tokens: TokensArgument,
    output: OutputOption = "0",
    cached: CachedOption = "0",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Use tokens: all of them, or none if they don't fit.

    Tokens that are neither output nor cached are input.
    """
    agents = session_of(context).services.agents
    _print_balance(agents.consume(agent, parse_count(tokens), parse_count(output), parse_count(cached), key), json)


@app.command(cls=AmountCommand)
def reserve(
    context: typer.Context,
    agent: AgentArgument,
    tokens: TokensArgument,
    duration: HoldTimeOption = HOLD_TIME,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Reserve tokens until they are settled or released.

    They become available again when the time is up.
    """
    services = session_of(context).services
    reservation = services.agents.reserve(agent, parse_count(tokens), parse_duration(duration), key)
    if json:
        print_json(schemas.agents.Reservation.from_domain(reservation))
        return
    print_lines(
        f"{reservation.tokens:,} reserved until {f.until(reservation.expires_at, services.context.clock.now())},"
        f" {reservation.available_tokens:,} available",
        f"budget-tui agent settle {reservation.reservation_id} TOKENS",
    )


@app.command(cls=AmountCommand)
def settle(
    context: typer.Context,
    reservation: ReservationArgument,
    tokens: TokensArgument,
    output: OutputOption = "0",
    cached: CachedOption = "0",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Settle a reservation with the actual usage.

    The rest becomes available again.
    """
    agents = session_of(context).services.agents
    balance = agents.settle(reservation, parse_count(tokens), parse_count(output), parse_count(cached), key)
    _print_balance(balance, json)


@app.command()
def release(context: typer.Context, reservation: ReservationArgument, json: JsonOption = False) -> None:
    """Release a reservation."""
    _print_balance(session_of(context).services.agents.release(reservation), json)


@app.command()
def enforce(
    context: typer.Context, agent: AgentArgument, switch: SwitchArgument = "on", json: JsonOption = False
) -> None:
    """Let the money of an agent's project bound its tokens.

    Tokens are refused when they cost more than the project has left and not held.
    """
    session = session_of(context)
    session.services.agents.change(agent, EntityChange(enforced=parse_switch(switch)))
    _print_agent(
        session,
        agent,
        json,
        lambda agent: f"money {'bounds' if agent.enforced else 'does not bound'} the tokens of {agent.name}",
    )


@app.command()
def rename(
    context: typer.Context,
    agent: AgentArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="New name to display.")],
    json: JsonOption = False,
) -> None:
    """Change an agent's name.

    Its id stays.
    """
    session = session_of(context)
    session.services.agents.rename(agent, name)
    _print_agent(session, agent, json, lambda agent: f"{agent.agent_id} renamed to {agent.name}")


@app.command()
def model(
    context: typer.Context,
    agent: AgentArgument,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model used for pricing; '' for none.")],
    json: JsonOption = False,
) -> None:
    """Change an agent's model.

    What it uses from now on is priced as that model's.
    """
    session = session_of(context)
    session.services.agents.change(agent, EntityChange(), model=model)
    _print_agent(session, agent, json, lambda agent: f"{agent.agent_id} uses {agent.model or 'no model'} from now on")


@app.command()
def archive(context: typer.Context, agent: AgentArgument, json: JsonOption = False) -> None:
    """Archive an agent.

    Its usage and costs are kept.
    """
    agents = session_of(context).services.agents
    agents.archive(agent)
    if json:
        print_json(schemas.agents.ArchivedAgent(agent_id=agent, archived=True))
        return
    print_lines(f"{agent} archived")


def _print_agent(session: Session, agent_id: str, json: bool, words: Callable[[AgentBudget], str]) -> None:
    """Print an agent as JSON or in words."""
    agent = session.services.agents.get(agent_id)
    if json:
        print_json(schemas.agents.AgentBudget.from_domain(agent))
        return
    print_lines(words(agent))


def _print_balance(balance: TokenBalance, json: bool) -> None:
    if json:
        print_json(schemas.agents.TokenBalance.from_domain(balance))
        return
    print_lines(f"{balance.agent_id}: {_counts(balance)}")


def _counts(balance: TokenBalance | AgentBudget) -> str:
    reserved = f", {balance.reserved_tokens:,} reserved" if balance.reserved_tokens else ""
    used = f", {balance.used_tokens:,} used" if balance.used_tokens else ""
    return f"{tokens(balance.allocated_tokens)}{used}{reserved}, {balance.available_tokens:,} available"


def _details(agent: AgentBudget) -> str:
    """List an agent's figures, one per line."""
    counts = {
        "allocated": (agent.allocated_tokens, ""),
        "used": (agent.used_tokens, f"  ({f.percent(share(agent.used_tokens, agent.allocated_tokens))})"),
        "reserved": (agent.reserved_tokens, ""),
        "available": (agent.available_tokens, ""),
        "rate": (agent.rate_per_hour, " an hour"),
    }
    width = max(len(f"{number:,}") for number, _ in counts.values())
    model = f", {agent.model}" if agent.model else ""
    return "\n".join(
        [
            f"{agent.name} ({agent.agent_id}) of {agent.project_id}{model}  {f.agent_status(agent)}",
            *(f"{label:<9}  {number:>{width},}{more}" for label, (number, more) in counts.items()),
            f"{'runs out':<9}  {f.runs_out(agent)}",
            *(["enforced: the money of its project bounds its tokens"] if agent.enforced else []),
            f.data_through(agent.data_through),
        ]
    )
