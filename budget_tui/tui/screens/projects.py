"""Project Allocation: who gets what, how fast it goes, how long it lasts."""

from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding

from budget_tui.domain.budget import parse_change
from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.domain.snapshot import ProjectLine
from budget_tui.presentation.formatting import money
from budget_tui.tui.editing import EditableRows
from budget_tui.tui.key_lane import ASKING
from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.screens.project_form import ProjectFormScreen
from budget_tui.tui.screens.table_screen import TableScreen
from budget_tui.tui.widgets.filter_input import FilterInput
from budget_tui.tui.widgets.project_table import ProjectTable

if TYPE_CHECKING:
    from budget_tui.tui.screens.explain import Question


class ProjectsScreen(TableScreen):
    """The table of projects, a filter above it, the commands on a project."""

    MODE = "projects"
    WORKPLACES = (EditableRows,)
    AUTO_FOCUS = "EditableRows"
    BINDINGS = [
        Binding("a", "add_project", "Add", id="project.add", tooltip="Add a project"),
        Binding(
            "r",
            "rename_project",
            "Rename",
            id="project.rename",
            show=False,
            tooltip="Rename the project under the cursor",
        ),
        Binding(
            "d",
            "archive_project",
            "Archive",
            id="project.archive",
            show=False,
            tooltip="Archive the project; its costs stay",
        ),
        Binding(
            "o",
            "carry",
            "Carry",
            id="project.carry",
            show=False,
            tooltip="Choose what comes along of the project's allocation",
        ),
        Binding("slash", "filter", "Filter", id="projects.filter", tooltip="Show only projects whose name contains …"),
        Binding("s", "sort", "Sort", id="projects.sort", tooltip="Sort by the next column"),
        Binding("S", "reverse", "Reverse", id="projects.reverse", show=False, tooltip="Sort the other way round"),
        Binding("escape", "clear_filter", "Clear", id="projects.clear", show=False, tooltip="Show all projects again"),
    ]

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show projects whose name contains …")
        yield ProjectTable(self.dashboard.settings.step).data_bind(DashboardScreen.snapshot)

    def question(self) -> "Question | None":
        line = self.table.current
        return super().question() if line is None else lambda services: services.explain.of_project(line.project_id)

    # Commands on projects

    @on(ProjectTable.Edited)
    @work
    async def _edit(self, event: ProjectTable.Edited) -> None:
        try:
            outcome = await self.dashboard.carry_out(
                lambda services: services.budgets.allocate(event.project_id, event.change, event.expected)
            )
        except BudgetError as refused:
            self.table.refuse(str(refused), tells_stored=isinstance(refused, Conflict))
            return
        self.table.accept(event.advance)
        if outcome.before != outcome.after:
            before, after = (money(amount, self.dashboard.currency) for amount in (outcome.before, outcome.after))
            over = _over(outcome.unallocated, self.dashboard.currency)
            self.tell(f"{self._name_of(outcome.project_id)}: {before} → {after}{over}")

    @work(group=ASKING)
    async def action_add_project(self) -> None:
        form = ProjectFormScreen("Add a project", asks_for_allocation=True)
        form.attempt = lambda entry: self.dashboard.carry_out(
            lambda services: services.projects.add(
                entry.project_id, entry.name, parse_change(entry.allocation) if entry.allocation else None
            )
        )
        if (entry := await self.dashboard.ask(form)) is not None:
            self.tell(f"added {entry.project_id}")

    @work(group=ASKING)
    async def action_rename_project(self) -> None:
        line: ProjectLine | None = self.chosen()
        if line is not None:
            await self.rename("Rename a project", line.project_id, line.name, lambda services: services.projects)

    @work(group=ASKING)
    async def action_archive_project(self) -> None:
        line: ProjectLine | None = self.chosen()
        if line is None:
            return
        allocation = money(line.pace.allocation, self.dashboard.currency)
        question = (
            f"Archive {line.name}? Its allocation of {allocation} returns to the pool, its costs stay in the total."
            f" Adding {line.project_id} again brings it back."
        )
        await self.carry_out_if_confirmed(
            "Archive a project",
            question,
            "Archive",
            lambda services: services.projects.archive(line.project_id),
            lambda back: f"archived {line.name}; {money(back, self.dashboard.currency)} returned to the pool",
        )

    @work(group=ASKING)
    async def action_carry(self) -> None:
        from budget_tui.tui.screens.carry import CarryScreen

        line: ProjectLine | None = self.chosen()
        if line is None:
            return
        box = CarryScreen(line.name, line.project_id, line.carry, line.pace, self.dashboard.currency)
        if (done := await self.dashboard.ask(box)) is not None:
            self.tell(done)

    def _name_of(self, project_id: str) -> str:
        lines = self.snapshot.projects if self.snapshot else ()
        return next((line.name for line in lines if line.project_id == project_id), project_id)


def _over(unallocated: int, currency: str) -> str:
    return f"; {money(-unallocated, currency)} more than the budget is allocated" if unallocated < 0 else ""
