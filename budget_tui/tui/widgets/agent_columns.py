"""The columns of the agent table: what each shows, sorts by, and how wide it is in a given room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.tokens import AgentBudget
from budget_tui.tui.widgets.editable_rows import PADDING

BAR = "bar"
STATUS = "status"
NAME_AT_LEAST = 10
NAME_AT_MOST = 28
BAR_AT_LEAST = 8
BAR_AT_MOST = 60
# What goes first when there is no room, never the bar, what is available, or the status.
_DISPENSABLE = ("project", "held", "rate", "runs_out")
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """``count`` is set for columns of tokens, which are summed in the footer unless they are ``derived``."""

    key: str
    label: str
    sort_key: Callable[[AgentBudget], object]
    text: Callable[[AgentBudget], str]
    count: Callable[[AgentBudget], int] | None = None
    derived: bool = False


def _tokens(key: str, label: str, count: Callable[[AgentBudget], int], *, derived: bool = False) -> Column:
    return Column(key, label, count, lambda agent: f"{count(agent):,}", count, derived)


COLUMNS = (
    Column("name", "Agent", lambda agent: agent.name.casefold(), lambda agent: agent.name),
    Column("project", "Project", lambda agent: agent.project_id.casefold(), lambda agent: agent.project_id),
    _tokens("allocated", "Allocated", lambda agent: agent.allocated_tokens),
    _tokens("used", "Used", lambda agent: agent.used_tokens),
    _tokens("held", "Held", lambda agent: agent.reserved_tokens),
    Column(BAR, "", lambda agent: share(agent.used_tokens, agent.allocated_tokens), lambda _: ""),
    _tokens("available", "Available", lambda agent: agent.available_tokens),
    _tokens("rate", "An hour", lambda agent: agent.rate_per_hour, derived=True),
    Column(
        "runs_out",
        "Runs out",
        lambda agent: agent.runs_out_at or _NEVER,
        formatting.runs_out,
        derived=True,
    ),
    Column(
        STATUS,
        "",
        lambda agent: share(agent.available_tokens, agent.allocated_tokens),
        lambda agent: formatting.agent_status(agent)[0],
    ),
)
BY_KEY = {column.key: column for column in COLUMNS}
SORTABLE = tuple(column.key for column in COLUMNS)


def is_right_aligned(column: Column) -> bool:
    return column.count is not None or column.key == "runs_out"


def total(column: Column, agents: Sequence[AgentBudget]) -> str:
    """The text of a column in the line of sums."""
    if column.key == "name":
        return formatting.count(len(agents), "agent")
    return f"{sum(map(column.count, agents)):,}" if column.count is not None else ""


def layout(agents: Sequence[AgentBudget], room: int) -> list[tuple[Column, int]]:
    """The columns that fit into ``room`` cells and their widths without padding."""
    widths = {
        column.key: max(
            len(column.label) + 1, len(total(column, agents)), *(cell_len(column.text(agent)) for agent in agents), 0
        )
        for column in COLUMNS
    }
    widths["name"] = min(max(widths["name"], NAME_AT_LEAST), NAME_AT_MOST)
    widths["project"] = min(widths["project"], NAME_AT_MOST)
    widths[STATUS] = 1
    widths[BAR] = BAR_AT_LEAST
    shown = list(COLUMNS)

    def needed() -> int:
        return sum(widths[column.key] + 2 * PADDING for column in shown)

    for key in _DISPENSABLE:
        if needed() > room:
            shown.remove(BY_KEY[key])
    widths["name"] = max(NAME_AT_LEAST, widths["name"] - max(0, needed() - room))
    widths[BAR] = min(BAR_AT_MOST, max(4, widths[BAR] + room - needed()))
    return [(column, widths[column.key]) for column in shown]
