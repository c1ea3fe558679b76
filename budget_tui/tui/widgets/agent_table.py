"""The table of agents, with the tokens edited in their cell."""

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message

from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import AgentBudget, parse_tokens_change
from budget_tui.tui.editing import TOKEN_STEP
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.table_screen import FilteredTable


class AgentTable(FilteredTable[AgentBudget]):
    """Agents and their tokens."""

    EDITED = "allocated"
    NOUN = "agent"

    class Edited(Message):
        """The user wants an agent's tokens changed: topped up, or set over the value ``expected``.

        ``advance`` is by how many rows the editor is to advance then.
        """

        def __init__(self, agent_id: str, change: AllocationChange, expected: int, advance: int) -> None:
            super().__init__()
            self.agent_id = agent_id
            self.change = change
            self.expected = expected
            self.advance = advance

    def id_of(self, agent: AgentBudget) -> str:
        return agent.agent_id

    def searched(self, agent: AgentBudget) -> tuple[str, ...]:
        return agent.name, agent.agent_id, agent.project_id, agent.model

    def all_in_all(self, hints: Sequence[str]) -> Content:
        return Content.styled(f" {' · '.join(hints)}", MUTED)

    # Editing

    def text_of(self, agent: AgentBudget) -> str:
        return f"{agent.allocated_tokens:,}"

    def step_of(self, agent: AgentBudget) -> str:
        return TOKEN_STEP

    def submit(self, agent: AgentBudget, text: str, advance: int) -> None:
        self.post_message(self.Edited(agent.agent_id, parse_tokens_change(text), agent.allocated_tokens, advance))

    def preview(self, agent: AgentBudget) -> Content:
        before = f" available {agent.available_tokens:,}"
        try:
            after = _changed(agent, parse_tokens_change(self.editor.value))
        except Refused:
            return Content.assemble((before, MUTED), ("  500000, 2M, +50k or -10k", MUTED))
        taken = agent.used_tokens + agent.reserved_tokens
        if after < taken:
            return Content.assemble((before, MUTED), (f"  {taken:,} are used and held already", "$warning"))
        return Content.assemble((before, MUTED), " → ", (f"{after - taken:,}", "bold"), (" (editing)", MUTED))

    def lost(self, agent: AgentBudget) -> str:
        is_there = any(each.agent_id == agent.agent_id for each in self.table.everything)
        return "" if is_there else f"{agent.name} is gone, somebody archived it"


def _changed(agent: AgentBudget, change: AllocationChange) -> int:
    return agent.allocated_tokens + change.amount if change.kind is ChangeKind.ADD else change.amount
