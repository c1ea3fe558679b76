"""Projects: add, rename, archive."""

from budget_tui.domain.budget import AllocationChange
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.tree import Placement
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.context import Context
from budget_tui.services.placing import checked_new, place, take_out


class Projects:
    """Commands on projects. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, project_id: str, name: str = "", allocation: AllocationChange | None = None) -> None:
        """A new project, allocated 0 unless said otherwise; costs that name it and waited unmapped become its own.

        An archived project of that id is brought back. `Conflict` when the id is taken.
        """
        with self._context.work() as work:
            work.require_open_period()
            project_id = checked_new(work, project_id)
            place(work, [Placement(project_id, name, "project")])
            budget = project_budget(work, work.project(project_id))
            if allocation is not None:
                after = allocation.applied_to(0, work.open.amount, unallocated(work), work.organization.currency)
                set_amount(work, budget, "allocation.set", project_id, after)
            work.commit()

    def rename(self, project_id: str, name: str) -> None:
        """Change the display name; the id stays.

        Costs that know the project by its old name stay its own, those tagged with the new one become it.
        `Conflict` when another project is called so.
        """
        with self._context.work() as work:
            place(work, [Placement(work.project(project_id).entity_id, checked_name(name))])
            work.commit()

    def archive(self, project_id: str) -> int:
        """Take a project out of the lists. Its allocation returns to the pool, its costs stay; returns the former."""
        with self._context.work() as work:
            allocation = take_out(work, work.project(project_id))
            work.commit()
        return allocation
