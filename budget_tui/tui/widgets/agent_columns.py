"""The columns of the agent table."""

from collections.abc import Callable
from datetime import UTC, datetime

from budget_tui.domain.amount import share
from budget_tui.domain.tokens import AgentBudget
from budget_tui.presentation import formatting
from budget_tui.tui.widgets.table_columns import Column, Filled, summed

_NEVER = datetime.max.replace(tzinfo=UTC)


def _tokens(
    key: str, label: str, count: Callable[[AgentBudget], int], *, drop: int = 0, is_derived: bool = False
) -> Column[AgentBudget]:
    least = len(label) + 1
    return summed(key, label, count, lambda tokens: f"{tokens:,}", least=least, drop=drop, is_derived=is_derived)


# What goes first when there is no room is never the bar, what is available, or the status.
COLUMNS: tuple[Column[AgentBudget], ...] = (
    Column(
        "name",
        "Agent",
        lambda agent: agent.name.casefold(),
        lambda agent: agent.name,
        total=lambda agents: formatting.count(len(agents), "agent"),
        least=10,
        most=28,
    ),
    Column(
        "project",
        "Project",
        lambda agent: agent.project_id.casefold(),
        lambda agent: agent.project_id,
        style=lambda _: "derived",
        least=8,
        most=28,
        drop=1,
    ),
    _tokens("allocated", "Allocated", lambda agent: agent.allocated_tokens),
    _tokens("used", "Used", lambda agent: agent.used_tokens),
    _tokens("held", "Held", lambda agent: agent.reserved_tokens, drop=2),
    Column(
        "bar",
        "",
        lambda agent: share(agent.used_tokens, agent.allocated_tokens),
        lambda _: "",
        noun="used share",
        bar=lambda agent: Filled(
            share(agent.used_tokens, agent.allocated_tokens), share(agent.reserved_tokens, agent.allocated_tokens)
        ),
        least=8,
        most=60,
    ),
    _tokens("available", "Available", lambda agent: agent.available_tokens),
    _tokens("rate", "An hour", lambda agent: agent.rate_per_hour, drop=3, is_derived=True),
    Column(
        "runs_out",
        "Runs out",
        lambda agent: agent.runs_out_at or _NEVER,
        formatting.runs_out,
        least=9,
        drop=4,
        is_right=True,
        is_derived=True,
    ),
    Column(
        "status",
        "",
        lambda agent: share(agent.available_tokens, agent.allocated_tokens),
        lambda agent: formatting.agent_status(agent)[0],
        noun="status",
        style=lambda agent: str(agent.status) if agent.allocated_tokens else "unfunded",
        most=1,
    ),
)
