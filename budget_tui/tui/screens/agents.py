"""Agents: the token budget of each, its reserved tokens, its runway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label

from budget_tui.domain.amount import parse_count
from budget_tui.domain.budget import AllocationChange, BudgetType, ChangeKind
from budget_tui.domain.errors import BudgetError, Conflict, Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.domain.tokens import AgentBudget, TokenBalance, parse_tokens_change
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import agent_columns, agents_with_forecast
from budget_tui.tui import dialogs
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.editing import TOKEN_STEP, EditableRows
from budget_tui.tui.fields import FilterInput, TextField
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.agent_chart import TokenChart, read_usage
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.table_screen import (
    AROUND_BODY,
    AROUND_ROWS,
    MIN_CHARTS_HEIGHT,
    FilteredTable,
    TableScreen,
)
from budget_tui.tui.table import TROUBLE, FollowedTable

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.forecast import Forecast
    from budget_tui.tui.dialogs.explain import ExplainQuery

_FIELDS = (
    ("agent-id", "Id", "short, for programs"),
    ("agent-name", "Name", "default: the id"),
    ("agent-model", "Model", "used to price its tokens; empty for none"),
    ("agent-tokens", "Tokens", "500000, 500k or 2M a period; empty for none"),
)


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """The input of the form; '' for empty fields."""

    agent_id: str
    project_id: str
    name: str
    model: str
    tokens: int


class AgentFormScreen(BoxScreen[AgentEntry]):
    """A form for a new agent, dismissed with its entry once ``attempt`` succeeds."""

    def __init__(
        self,
        projects: Sequence[ProjectLine],
        project_id: str,
        attempt: Callable[[AgentEntry], Awaitable[object]],
    ) -> None:
        """``project_id`` is preselected."""
        super().__init__("Add an agent", "Save")
        self._projects = [(line.name, line.project_id) for line in projects]
        self._project_id = project_id
        self._attempt = attempt

    def compose_fields(self) -> ComposeResult:
        first, *others = (
            Horizontal(Label(Content(label)), TextField(id=name, placeholder=placeholder), classes="field")
            for name, label, placeholder in _FIELDS
        )
        yield first
        with Horizontal(classes="field"):
            yield Label("Project")
            yield Picker(self._projects, value=self._project_id, allow_blank=False, id="agent-project")
        yield from others

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    async def submit(self) -> AgentEntry:
        agent_id, name, model, tokens = (self.query_one(f"#{field}", Input).value.strip() for field, _, _ in _FIELDS)
        project_id = str(self.query_one(Picker).selection)
        entry = AgentEntry(agent_id, project_id, name, model, parse_count(tokens or "0"))
        await self._attempt(entry)
        return entry


class AgentRows(EditableRows[AgentBudget], FollowedTable[AgentBudget]):
    """The rows, the agent in the most trouble first, whose cursor the line below follows."""

    DEFAULT_ORDER = (TROUBLE, True)


class AgentTable(FilteredTable[AgentBudget]):
    """Agents and their token balances."""

    EDITED = "allocated"
    NOUN = "agent"

    class Edited(Message):
        """The user wants to change an agent's tokens: by an amount, or to one, if the balance still is ``expected``.

        ``advance`` is the number of rows the editor is to move by afterwards.
        """

        def __init__(self, agent_id: str, change: AllocationChange, expected: int, advance: int) -> None:
            super().__init__()
            self.agent_id = agent_id
            self.change = change
            self.expected = expected
            self.advance = advance

    forecasts: Mapping[str, Forecast] = MappingProxyType({})
    """The forecasts of agents by id, once they are known."""

    def __init__(self, is_reading: Callable[[], bool]) -> None:
        super().__init__()
        self._is_reading = is_reading

    def make_table(self) -> AgentRows:
        return AgentRows((), self.id_of, self._is_reading)

    @on(AgentRows.Moved)
    def _moved(self) -> None:
        self.describe()

    def id_of(self, agent: AgentBudget) -> str:
        return agent.agent_id

    def searched(self, agent: AgentBudget) -> tuple[str, ...]:
        return agent.name, agent.agent_id, agent.project_id, agent.model

    def overall_summary(self, hints: Sequence[str]) -> Content:
        agent = self.current
        found = None if agent is None else self.forecasts.get(agent.agent_id)
        expected = []
        if agent is not None and found is not None:
            by_the_end = formatting.likely_range(found, BudgetType.TOKEN, "")
            against = formatting.forecast_against(found, agent.allocated_tokens)
            expected = [f"{agent.name}: {by_the_end} tokens by the period's end" + (f", {against}" if against else "")]
        return Content.styled(f" {' · '.join([*hints, *expected])}", MUTED)

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
            return Content.assemble((before, MUTED), (f"  {taken:,} are already used and reserved", "$warning"))
        return Content.assemble((before, MUTED), " → ", (f"{after - taken:,}", "bold"), (" (editing)", MUTED))

    def lost(self, agent: AgentBudget) -> str:
        is_there = any(each.agent_id == agent.agent_id for each in self.table.all_rows)
        return "" if is_there else f"{agent.name} is gone; someone archived it"


def _changed(agent: AgentBudget, change: AllocationChange) -> int:
    return agent.allocated_tokens + change.amount if change.kind is ChangeKind.ADD else change.amount


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
            tooltip="Archive the agent; its usage is kept",
        ),
        Binding("l", "costs", "Tokens", id="agent.costs", tooltip="Show the tokens that the agent used"),
        Binding("slash", "filter", "Filter", id="agents.filter", tooltip="Show only agents that match …"),
        Binding("s", "sort", "Sort", id="agents.sort", tooltip="Sort agents by the next column"),
        Binding(
            "exclamation_mark",
            "sort_by_trouble",
            "Trouble",
            id="agents.trouble",
            show=False,
            tooltip="Sort agents by trouble, the worst first (toggle)",
        ),
        Binding("S", "reverse", "Reverse", id="agents.reverse", show=False, tooltip="Reverse the order of agents"),
        Binding("escape", "clear_filter", "Clear", id="agents.clear", show=False, tooltip="Show all agents again"),
    ]

    _used: Mapping[str, int] | None = None
    """The tokens that each agent had used when the rows were ordered."""

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show agents whose name, project or model contains …")
        with Container(id="agents"):
            yield AgentTable(self.is_reading)
            yield TokenChart()

    def on_resize(self) -> None:
        self._share_height()

    def _share_height(self) -> None:
        """Show the chart where all agents leave room for it."""
        rows = AROUND_ROWS + len(self.reading or ())
        has_chart = bool(self.reading) and self.size.height - AROUND_BODY - rows >= MIN_CHARTS_HEIGHT
        self.set_class(has_chart, "-with-chart")
        self.query_one("#agents").styles.grid_rows = f"{rows} 1fr" if has_chart else "1fr"
        self._read_usage()

    @on(AgentRows.Moved)
    @work(exclusive=True, group="usage")
    async def _read_usage(self) -> None:
        """Read what the agent under the cursor used, where there is room to show it, once it rests there."""
        if self.query_one(TokenChart).usage is not None:
            await self.dashboard.rest()
        chart, agent, shown = self.query_one(TokenChart), self.table.current, self.snapshot
        if not chart.display or agent is None or shown is None:
            return
        try:
            chart.usage = await self.dashboard.read(
                lambda services: read_usage(services, agent, shown.period, shown.as_of)
            )
        except BudgetError:
            return  # reading the agents runs into it, too, and reports it

    def on_screen_suspend(self) -> None:
        super().on_screen_suspend()
        if self.is_mounted and self.app.current_mode != self.MODE:  # not for a box over the screen
            self.table.table.sort_again()

    def read(self, services: Services) -> list[AgentBudget]:
        return services.agents.all()

    def watch_reading(self, agents: list[AgentBudget] | None) -> None:
        self._show(agents, self.snapshot)
        if agents:
            self._read_forecasts()

    @work(exclusive=True, group="forecasts")
    async def _read_forecasts(self) -> None:
        """Read the forecasts, after the figures."""
        try:
            found = await self.dashboard.read(lambda services: services.plan_views.agents_forecasts())
        except BudgetError:  # reading the agents runs into it, too, and reports it
            return
        table = self.query_one(AgentTable)
        if found != table.forecasts:
            table.forecasts = found
            self._show(self.reading, self.snapshot)
            table.table.redraw()

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        self._show(self.reading, snapshot)

    def _show(self, agents: list[AgentBudget] | None, snapshot: BudgetSnapshot | None) -> None:
        if agents is not None and snapshot is not None and self.is_mounted:
            names = tuple((line.project_id, line.name) for line in snapshot.projects)
            columns = agent_columns(formatting.elapsed(snapshot), names)
            used = {agent.agent_id: agent.used_tokens for agent in agents}
            # No row jumps because its tokens are edited; it does when tokens were used.
            is_same = self.table.is_editing or used == self._used
            keeps_order = self.table.table.sort_key == TROUBLE and is_same
            self._used = used
            columns = agents_with_forecast(columns, self.query_one(AgentTable).forecasts)
            self.table.show(agents, columns, keeps_order=keeps_order)
            self._share_height()

    def explain_query(self) -> ExplainQuery | None:
        agent = self.table.current
        return super().explain_query() if agent is None else lambda services: services.explain.of_agent(agent.agent_id)

    # Commands on agents

    @on(AgentTable.Edited)
    @work
    async def _edit(self, event: AgentTable.Edited) -> None:
        try:
            balance = await self.dashboard.run_command(partial(_allocate, event))
        except Conflict as refused:
            self.reading = await self.dashboard.read(self.read)  # the error contains the stored value
            self.table.refuse(str(refused), names_stored=True)
            return
        except BudgetError as refused:
            self.table.refuse(str(refused))
            return
        self.table.accept(event.advance)
        if balance.allocated_tokens != event.expected:
            self.report_done(
                f"{balance.agent_id}: {event.expected:,} → {formatting.tokens(balance.allocated_tokens)},"
                f" {balance.available_tokens:,} available"
            )

    @work(group=ASKING)
    async def action_add_agent(self) -> None:
        current = self.table.current
        if not await self.dashboard.has_projects() or self.dashboard.snapshot is None:
            return
        projects = self.dashboard.snapshot.projects
        ids = [line.project_id for line in projects]
        form = AgentFormScreen(
            projects,
            current.project_id if current and current.project_id in ids else ids[0],
            lambda entry: self.dashboard.run_command(
                lambda services: services.agents.add(
                    entry.agent_id, entry.project_id, entry.name, entry.model, entry.tokens
                )
            ),
        )
        if (entry := await self.dashboard.ask(form)) is not None:
            of = next(line.name for line in projects if line.project_id == entry.project_id)
            name = entry.name or entry.agent_id
            self.report_done(f"{name} added to {of} with {formatting.tokens(entry.tokens)}")

    @work(group=ASKING)
    async def action_rename_agent(self) -> None:
        agent: AgentBudget | None = self.chosen()
        if agent is not None:
            await self.rename("Rename an agent", agent.agent_id, agent.name, lambda services: services.agents)

    @work(group=ASKING)
    async def action_costs(self) -> None:
        agent, shown = self.chosen(), self.snapshot
        if agent is not None and shown is not None:
            title = f"{agent.name} · {formatting.period_name(shown.period)}"
            await dialogs.cost_details.show_costs(self.dashboard, agent.agent_id, shown.period, title, BudgetType.TOKEN)

    @work(group=ASKING)
    async def action_archive_agent(self) -> None:
        agent: AgentBudget | None = self.chosen()
        if agent is None:
            return
        question = f"Archive {agent.name}? It can no longer use tokens; its usage and costs are kept."
        await self.run_if_confirmed(
            "Archive an agent",
            question,
            "Archive",
            lambda services: services.agents.archive(agent.agent_id),
            lambda _: f"archived {agent.name}",
        )


def _allocate(event: AgentTable.Edited, services: Services) -> TokenBalance:
    """Apply a top-up as a difference, so that two at once add up; reductions require the balance the user saw."""
    if event.change.kind is ChangeKind.ADD and event.change.amount > 0:
        return services.agents.top_up(event.agent_id, event.change.amount)
    before = event.expected if event.change.kind is ChangeKind.ADD else 0
    return services.agents.allocate(event.agent_id, before + event.change.amount, event.expected)
