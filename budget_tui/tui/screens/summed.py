"""What the screens of projects and of agents share: a table with sums, and commands on the row under its cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import on

from budget_tui.tui.screens.filtered import FilteredScreen
from budget_tui.tui.screens.project_form import ProjectFormScreen
from budget_tui.tui.widgets.cell_editing import CellEditing
from budget_tui.tui.widgets.summed_table import SummedTable

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.services.agents import Agents
    from budget_tui.services.projects import Projects


class SummedScreen(FilteredScreen):
    """A `SummedTable` below the filter, and commands on the row under its cursor."""

    @property
    def table(self) -> SummedTable[Any]:
        return self.query_one(SummedTable)  # type: ignore[type-abstract]

    def show_filtered(self, text: str) -> None:
        self.table.filter_text = text

    def action_sort(self) -> None:
        self.table.sort_by_next()

    def action_reverse(self) -> None:
        self.table.reverse()

    @on(CellEditing.EditBegun)
    def _forget_news(self) -> None:
        self.tell("")

    def chosen(self) -> Any:
        """The row under the cursor; None where there is none, which is told."""
        row = self.table.current
        if row is None:
            self.tell(f"there is no {self.table.NOUN} here yet: a adds one", is_problem=True)
        return row

    async def rename(self, title: str, of: str, name: str, keeper: Callable[[Services], Agents | Projects]) -> None:
        """Ask what the project or agent of the id ``of`` is to be called."""
        form = ProjectFormScreen(title, project_id=of, name=name)
        form.attempt = lambda entry: self.dashboard.carry_out(lambda services: keeper(services).rename(of, entry.name))
        if (entry := await self.dashboard.ask(form)) is not None:
            self.tell(f"{name} is called {entry.name} now")
