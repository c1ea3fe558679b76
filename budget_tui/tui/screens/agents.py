"""Agents: what each may use of a model's tokens, what it holds, how long they last."""

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding

from budget_tui.domain.budget import ChangeKind
from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.domain.tokens import AgentBudget, TokenBalance
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import agent_columns
from budget_tui.tui.editing import EditableRows
from budget_tui.tui.key_lane import ASKING
from budget_tui.tui.screens.agent_form import AgentFormScreen
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.table_screen import TableScreen
from budget_tui.tui.widgets.agent_table import AgentTable
from budget_tui.tui.widgets.filter_input import FilterInput

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.tui.screens.explain import Question


class AgentsScreen(TableScreen, ReadingScreen[list[AgentBudget]]):
    """The table of agents, a filter above it, the commands on an agent."""

    MODE = "agents"
    WORKPLACES = (EditableRows,)
    AUTO_FOCUS = "EditableRows"
    BINDINGS = [
        Binding("a", "add_agent", "Add", id="agent.add", tooltip="Add an agent to a project"),
        Binding(
            "r", "rename_agent", "Rename", id="agent.rename", show=False, tooltip="Rename the agent under the cursor"
        ),
        Binding(
            "d",
            "archive_agent",
            "Archive",
            id="agent.archive",
            show=False,
            tooltip="Archive the agent; what it used stays",
        ),
        Binding("slash", "filter", "Filter", id="agents.filter", tooltip="Show only agents that match …"),
        Binding("s", "sort", "Sort", id="agents.sort", tooltip="Sort agents by the next column"),
        Binding("S", "reverse", "Reverse", id="agents.reverse", show=False, tooltip="Sort agents the other way round"),
        Binding("escape", "clear_filter", "Clear", id="agents.clear", show=False, tooltip="Show all agents again"),
    ]

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show agents whose name, project or model contains …")
        yield AgentTable()

    def read(self, services: "Services") -> list[AgentBudget]:
        return services.agents.all()

    def watch_reading(self, agents: list[AgentBudget] | None) -> None:
        self._show(agents, self.snapshot)

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        self._show(self.reading, snapshot)

    def _show(self, agents: list[AgentBudget] | None, snapshot: BudgetSnapshot | None) -> None:
        if agents is not None and snapshot is not None and self.is_mounted:
            self.table.show(agents, agent_columns(formatting.elapsed(snapshot)))

    def question(self) -> "Question | None":
        agent = self.table.current
        return super().question() if agent is None else lambda services: services.explain.of_agent(agent.agent_id)

    # Commands on agents

    @on(AgentTable.Edited)
    @work
    async def _edit(self, event: AgentTable.Edited) -> None:
        try:
            balance = await self.dashboard.carry_out(partial(_allocate, event))
        except Conflict as refused:
            self.reading = await self.dashboard.read(self.read)  # the words name what is stored by now
            self.table.refuse(str(refused), tells_stored=True)
            return
        except BudgetError as refused:
            self.table.refuse(str(refused))
            return
        self.table.accept(event.advance)
        if balance.allocated_tokens != event.expected:
            self.tell(
                f"{balance.agent_id}: {event.expected:,} → {formatting.tokens(balance.allocated_tokens)},"
                f" {balance.available_tokens:,} available"
            )

    @work(group=ASKING)
    async def action_add_agent(self) -> None:
        current = self.table.current
        projects = self.snapshot.projects if self.snapshot else ()
        project_id = current.project_id if current else projects[0].project_id if projects else ""
        form = AgentFormScreen(
            project_id,
            lambda entry: self.dashboard.carry_out(
                lambda services: services.agents.add(
                    entry.agent_id, entry.project_id, entry.name, entry.model, entry.tokens
                )
            ),
        )
        if (entry := await self.dashboard.ask(form)) is not None:
            self.tell(f"added {entry.agent_id} to {entry.project_id} with {formatting.tokens(entry.tokens)}")

    @work(group=ASKING)
    async def action_rename_agent(self) -> None:
        agent: AgentBudget | None = self.chosen()
        if agent is not None:
            await self.rename("Rename an agent", agent.agent_id, agent.name, lambda services: services.agents)

    @work(group=ASKING)
    async def action_archive_agent(self) -> None:
        agent: AgentBudget | None = self.chosen()
        if agent is None:
            return
        question = f"Archive {agent.name}? It can use no tokens any more; what it used, and what that cost, stays."
        await self.carry_out_if_confirmed(
            "Archive an agent",
            question,
            "Archive",
            lambda services: services.agents.archive(agent.agent_id),
            lambda _: f"archived {agent.name}",
        )


def _allocate(event: AgentTable.Edited, services: "Services") -> TokenBalance:
    """A top-up stays a delta, so that two at once add up; taking off goes by the value that was seen."""
    if event.change.kind is ChangeKind.ADD and event.change.amount > 0:
        return services.agents.top_up(event.agent_id, event.change.amount)
    before = event.expected if event.change.kind is ChangeKind.ADD else 0
    return services.agents.allocate(event.agent_id, before + event.change.amount, event.expected)
