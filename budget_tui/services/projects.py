"""Projects: add, rename, archive."""

from typing import Any

from budget_tui.domain.budget import AllocationChange, Budget
from budget_tui.domain.errors import Conflict
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_id, checked_name
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.context import Context, Work, written
from budget_tui.services.costs import keep_former_name, put_rule_back, resolve_costs_again
from budget_tui.services.reversing import Lines, Told, kept, require_same, reverses, value_of
from budget_tui.services.trail import KEPT
from budget_tui.storage.trail_queries import AuditEntry


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
            budget = _make(work, project_id, checked_name(name or project_id), renamed=bool(name))
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
                before, after = keep_former_name(work, project)
                work.unit.organizations.rename_entity(project, name)
                _record_rename(work, project_id, (project.name, before), (name, after))
                resolve_costs_again(work)
            work.commit()

    def archive(self, project_id: str) -> int:
        """Take a project out of the lists. Its allocation returns to the pool, its costs stay; returns the former."""
        with self._context.work() as work:
            work.require_open_period()
            project = work.project(project_id)
            budget = project_budget(work, project)
            _put_away(work, project, budget)
            facts = {"allocation": written(budget.amount), KEPT: {"budget": budget.budget_id}}
            work.record("project.archive", project_id, facts, None)
            work.commit()
        return budget.amount


def _make(work: Work, project_id: str, name: str, *, renamed: bool) -> Budget:
    """The budget of a project that is new or was brought back."""
    known = work.queries.entity(work.organization.org_key, project_id)
    require_free(work, project_id, name)
    if known is None:
        root = work.entity(ROOT_ID)
        work.unit.organizations.add_entity(work.organization, project_id, name, "project", root, work.now)
        budget = project_budget(work, work.project(project_id))
        work.record("project.add", project_id, None, {"name": name, KEPT: {"budget": budget.budget_id}})
        return budget
    if not known.archived:
        raise Conflict(f"'{project_id}' exists already", "choose another id, or rename that one")
    work.unit.organizations.archive_entity(known, None)
    if renamed:
        work.unit.organizations.rename_entity(known, name)
    budget = project_budget(work, work.project(project_id))
    facts = {"name": name if renamed else known.name, KEPT: {"budget": budget.budget_id, "name": known.name}}
    work.record("project.restore", project_id, None, facts)
    return budget


def _put_away(work: Work, project: Entity, budget: Budget) -> None:
    work.unit.budgets.deactivate(budget, work.actor, work.now)
    work.unit.organizations.archive_entity(project, work.now)


def _told(noun: str) -> Told:
    return lambda lines, _: ", ".join(f"{noun} {line.subject}" for line in lines)


@reverses("project.add", told=_told("adding of"))
@reverses("project.restore", told=_told("bringing back of"))
@reverses("project.archive", told=_told("archiving of"))
def _put_away_or_bring_back(work: Work, lines: Lines) -> None:
    """A project is there by an add or a restore, and is not by an archive: each takes back the other."""
    for line in lines:
        if line.after is not None:
            _take_away(work, line)
        else:
            _bring_back(work, line)
    resolve_costs_again(work)


def _take_away(work: Work, line: AuditEntry) -> None:
    """Archive again what was added or brought back; an entity that was ever there is never removed."""
    assert line.after is not None
    project = work.project(line.subject)
    budget = project_budget(work, project)
    if line.action == "project.add":
        _require_unused(work, project)
    require_same(f"the allocation of {line.subject}", written(budget.amount), line.after.get("allocation", "0"))
    require_same(f"the name of {line.subject}", project.name, line.after.get("name", project.name))
    _put_away(work, project, budget)
    if former := kept(line.after).get("name"):
        work.unit.organizations.rename_entity(project, former)
    work.record(line.action, line.subject, line.after, None)


def _bring_back(work: Work, line: AuditEntry) -> None:
    """Bring back what was archived, with the budget that it had."""
    assert line.before is not None
    project = work.entity(line.subject)
    if not project.archived:
        raise Conflict(f"{line.subject} was brought back since", "there is nothing to take back any more")
    name = line.before.get("name", project.name)
    require_free(work, line.subject, name)
    work.unit.organizations.archive_entity(project, None)
    work.unit.organizations.rename_entity(project, name)
    work.unit.budgets.activate(kept(line.before)["budget"], work.actor, work.now)
    work.record(line.action, line.subject, None, line.before)


def _require_unused(work: Work, project: Entity) -> None:
    org = work.organization.org_key
    for entity in work.queries.entities(org):
        if entity.path.startswith(project.path) and work.queries.has_costs(entity.entity_key):
            raise Conflict(f"{project.entity_id} has costs by now", "archive it instead; its costs stay")
        if entity.path.startswith(project.path) and entity.entity_id != project.entity_id and not entity.archived:
            raise Conflict(f"{project.entity_id} has {entity.entity_id} below it by now", "archive it instead")


@reverses("project.rename", told=value_of("name of {}"))
def _rename_back(work: Work, lines: Lines) -> None:
    for line in lines:
        assert line.before is not None
        assert line.after is not None
        project = work.project(line.subject)
        require_same(f"the name of {line.subject}", project.name, line.after["name"])
        require_free(work, line.subject, line.before["name"])
        rule = put_rule_back(work, f"the former name of {line.subject}", kept(line.after), kept(line.before))
        work.unit.organizations.rename_entity(project, line.before["name"])
        _record_rename(work, line.subject, (project.name, kept(line.after)), (line.before["name"], rule))
    resolve_costs_again(work)


def _record_rename(work: Work, project_id: str, *states: tuple[str, dict[str, Any]]) -> None:
    """``states`` are the name before and after, each with the rule that costs find the project by."""
    before, after = ({"name": name, KEPT: rule} for name, rule in states)
    work.record("project.rename", project_id, before, after)


def require_free(work: Work, project_id: str, name: str) -> None:
    """Refuse an id or a name by which costs would find another entity, too, and so neither of them."""
    wanted = {project_id.casefold(), name.casefold()}
    for entity in work.queries.entities(work.organization.org_key):
        if entity.entity_id != project_id and wanted & {entity.entity_id.casefold(), entity.name.casefold()}:
            raise Conflict(f"'{entity.entity_id}' is called {entity.name} already", "choose another id and name")
