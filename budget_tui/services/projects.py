"""Projects: added, renamed, moved, archived."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from budget_tui.domain.budget import AllocationChange
from budget_tui.domain.tree import Placement
from budget_tui.presentation.formatting import projects_over_allocated
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.context import Context
from budget_tui.services.entities import EntityChange, Moved, carry_out, check_version, set_enforced
from budget_tui.services.hierarchy import checked_new, place, take_out
from budget_tui.services.idempotency import run_once


@dataclass(frozen=True, slots=True)
class ProjectAdded:
    """A new project; ``allocation`` in nanos of ``currency``. ``warnings`` are about over-allocation."""

    project_id: str
    name: str
    parent_id: str
    allocation: int
    currency: str
    warnings: Sequence[str] = ()


class Projects:
    """Commands on projects. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(
        self,
        project_id: str,
        name: str = "",
        allocation: AllocationChange | None = None,
        parent_id: str = "",
        key: str | None = None,
        *,
        enforced: bool = False,
    ) -> ProjectAdded:
        """Add a project, by default with an allocation of 0; unmapped costs that name it become its own.

        It is below the organization by default. If it is ``enforced``, its money bounds the tokens of its agents. An
        archived project with that id is restored. `Conflict` if the id is taken. Repeating it with the same ``key``
        adds nothing and returns the same result.
        """
        with self._context.work() as work:

            def add() -> dict[str, Any]:
                work.require_open_period()
                new_id = checked_new(work, project_id)
                place(work, [Placement(new_id, name, "project", parent_id)])
                project = work.project(new_id)
                budget = project_budget(work, project)
                amount = budget.amount
                if allocation is not None:
                    amount = allocation.applied_to(0, work.open.amount, unallocated(work), work.organization.currency)
                    set_amount(work, budget, "allocation.set", new_id, amount)
                if enforced:
                    set_enforced(work, project, True)
                currency = work.organization.currency
                warnings = [*projects_over_allocated(unallocated(work), work.open.amount, currency)]
                return asdict(ProjectAdded(new_id, project.name, project.parent_id, amount, currency, warnings))

            change = None if allocation is None else [str(allocation.kind), allocation.amount, str(allocation.percent)]
            request: dict[str, object] = {
                "project": project_id,
                "name": name,
                "allocation": change,
                "parent": parent_id,
                **({"enforced": True} if enforced else {}),
            }
            added = ProjectAdded(**run_once(work, "project.add", key, request, add))
            work.commit()
        return added

    def rename(self, project_id: str, name: str) -> None:
        """Change the display name; the id stays.

        Costs that name the project by its old name stay its own; those tagged with the new one become its own.
        `Conflict` if another project has the name.
        """
        self.change(project_id, EntityChange(name))

    def change(self, project_id: str, change: EntityChange, seen: int | None = None) -> Moved:
        """Rename and move a project in one change; see `Entities.change`."""
        with self._context.work() as work:
            moved = carry_out(work, work.project(project_id), change, seen)
            work.commit()
        return moved

    def archive(self, project_id: str, seen: int | None = None) -> int:
        """Archive a project; its costs stay. Return the allocation that returns to the pool, in nanos."""
        with self._context.work() as work:
            project = work.project(project_id)
            check_version(seen, project)
            allocation = take_out(work, project)
            work.commit()
        return allocation
