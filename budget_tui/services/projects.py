"""Projects: add, rename, archive."""

from budget_tui.domain.budget import AllocationChange
from budget_tui.domain.errors import Conflict
from budget_tui.domain.hierarchy import ROOT_ID, checked_id, checked_name
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.context import Context, Work, written
from budget_tui.services.costs import keep_former_name, resolve_costs_again


class Projects:
    """Commands on projects. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, project_id: str, name: str = "", allocation: AllocationChange | None = None) -> None:
        """A new project, allocated 0 unless said otherwise; costs that name it and waited unmapped become its own.

        An archived project of that id is brought back. `Conflict` when the id is taken.
        """
        project_id = checked_id(project_id)
        with self._context.work() as work:
            work.require_open_period()
            self._make(work, project_id, checked_name(name or project_id), renamed=bool(name))
            budget = project_budget(work, work.project(project_id))
            if allocation is not None:
                after = allocation.applied_to(0, work.open.amount, unallocated(work), work.organization.currency)
                set_amount(work, budget, "allocation.set", project_id, after)
            resolve_costs_again(work)
            work.commit()

    def rename(self, project_id: str, name: str) -> None:
        """Change the display name; the id stays.

        Costs that know the project by its old name stay its own, those tagged with the new one become it.
        `Conflict` when another project is called so.
        """
        name = checked_name(name)
        with self._context.work() as work:
            project = work.project(project_id)
            if name != project.name:
                require_free(work, project_id, name)
                keep_former_name(work, project)
                work.unit.organizations.rename_entity(project, name)
                work.record("project.rename", project_id, {"name": project.name}, {"name": name})
                resolve_costs_again(work)
            work.commit()

    def archive(self, project_id: str) -> int:
        """Take a project out of the lists. Its allocation returns to the pool, its costs stay; returns the former."""
        with self._context.work() as work:
            work.require_open_period()
            project = work.project(project_id)
            budget = project_budget(work, project)
            work.unit.budgets.deactivate(budget, work.actor, work.now)
            work.unit.organizations.archive_entity(project, work.now)
            work.record("project.archive", project_id, {"allocation": written(budget.amount)}, None)
            work.commit()
        return budget.amount

    def _make(self, work: Work, project_id: str, name: str, *, renamed: bool) -> None:
        known = work.queries.entity(work.organization.org_key, project_id)
        require_free(work, project_id, name)
        if known is None:
            root = work.entity(ROOT_ID)
            work.unit.organizations.add_entity(work.organization, project_id, name, "project", root, work.now)
            work.record("project.add", project_id, None, {"name": name})
            return
        if not known.archived:
            raise Conflict(f"'{project_id}' exists already", "choose another id, or rename that one")
        work.unit.organizations.archive_entity(known, None)
        if renamed:
            work.unit.organizations.rename_entity(known, name)
        work.record("project.restore", project_id, None, {"name": name if renamed else known.name})


def require_free(work: Work, project_id: str, name: str) -> None:
    """Refuse an id or a name by which costs would find another entity, too, and so neither of them."""
    wanted = {project_id.casefold(), name.casefold()}
    for entity in work.queries.entities(work.organization.org_key):
        if entity.entity_id != project_id and wanted & {entity.entity_id.casefold(), entity.name.casefold()}:
            raise Conflict(f"'{entity.entity_id}' is called {entity.name} already", "choose another id and name")
