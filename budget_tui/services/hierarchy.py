"""Changes to the hierarchy: entities added, moved, renamed, archived, and their undo. All commands use these functions.

Costs refer to an entity's key, so an entity's spending moves with it. Closed days count where the entity was when
they were closed, and the archived figures of closed periods never change.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from budget_tui.domain.audit import UNDO_DATA, AuditEntry, written
from budget_tui.domain.budget import Budget
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_id
from budget_tui.domain.tree import Placement, Step, Tree
from budget_tui.services.budgets import project_budget
from budget_tui.services.costs import keep_old_name, resolve_costs_again, restore_rule
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work

PROJECT, AGENT = "project", "agent"


def tree_of(work: Work) -> Tree:
    """Return the organization's hierarchy in this transaction."""
    key = work.organization.org_key
    return Tree(work.unit.organizations.levels(key), work.unit.fast.entities(key))


def checked_new(work: Work, text: str) -> str:
    """Validate ``text`` as the id of a new entity; `Conflict` if an entity with it exists that is not archived."""
    entity_id = checked_id(text)
    known = work.unit.fast.entity(work.organization.org_key, entity_id)
    if known is not None and not known.archived:
        raise Conflict(f"'{entity_id}' already exists", "choose another id, or rename that one")
    return entity_id


class AppliedStep(NamedTuple):
    """A change of one entity; ``before`` is None for a new one.

    For a renamed one, ``rules`` are the rule that maps costs with its old name, before and after.
    """

    before: Entity | None
    after: Entity
    rules: tuple[dict[str, Any], dict[str, Any]] = ({}, {})


def place(work: Work, placements: Iterable[Placement]) -> list[AppliedStep]:
    """Apply placements with `put`, and record each change in the audit log. New projects get their budgets."""
    done = put(work, placements)
    for each in done:
        _record(work, each)
    return done


def put(work: Work, placements: Iterable[Placement]) -> list[AppliedStep]:
    """Add, restore, move and rename entities until they match the placements; return the changes.

    Costs are mapped again, as some may refer to a new name. A move does not affect the mapping: a cost that names its
    entity by a path is mapped by the id in it.
    """
    done = [_carried_out(work, step) for step in tree_of(work).steps(placements)]
    if any(before is None or before.archived or before.name != after.name for before, after, _ in done):
        resolve_costs_again(work)
    return done


def take_out(work: Work, entity: Entity) -> int:
    """Archive an entity; its costs stay. Return the allocation that a project returns to the pool, in nanos."""
    # agents are hidden while the entity they belong to is archived
    below = [child for child in tree_of(work).children(entity) if child.level_code != "agent"]
    if below:
        more = f" and {len(below) - 1} more" if len(below) > 1 else ""
        raise Refused(
            f"'{entity.entity_id}' has '{below[0].entity_id}'{more} below it", "move or archive what is below it first"
        )
    budget = archive_stored(work, entity)
    facts: dict[str, object] = {"name": entity.name, UNDO_DATA: {}}
    if budget is not None:
        facts = {"allocation": written(budget.amount), UNDO_DATA: {"budget": budget.budget_id}}
    work.record(f"{_noun(entity)}.archive", entity.entity_id, facts, None)
    return budget.amount if budget else 0


def archive_stored(work: Work, entity: Entity) -> Budget | None:
    """Archive an entity and, for a project, its budget, which is returned."""
    budget = None
    if entity.level_code == PROJECT:
        work.require_open_period()
        budget = project_budget(work, entity)
        work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
    work.unit.entities.archive(entity, work.now)
    return budget


def _carried_out(work: Work, step: Step) -> AppliedStep:
    entities, (before, after) = work.unit.entities, step
    if before is None:
        parent = work.entity(after.parent_id)
        made = entities.add(work.organization, after.entity_id, after.name, after.level_code, parent, work.now)
        return AppliedStep(None, made)
    if before.archived:
        entities.archive(before, None)
    if before.parent_id != after.parent_id:
        # as stored now: an entity above it may have been moved too
        entities.move(work.organization, work.entity(after.entity_id), work.entity(after.parent_id))
        work.unit.alerts.seed_again(work.organization.org_key)  # its costs count elsewhere now, which is no news
    if before.name == after.name:
        return AppliedStep(before, after)
    rules: tuple[dict[str, Any], dict[str, Any]] = ({}, {}) if before.archived else keep_old_name(work, before)
    entities.rename(before, after.name)
    return AppliedStep(before, after, rules)


def _record(work: Work, done: AppliedStep) -> None:
    before, after, rules = done
    entity_id, noun = after.entity_id, _noun(after)
    if before is None or before.archived:
        work.record(f"{noun}.{'restore' if before else 'add'}", entity_id, None, _arrival(work, before, after))
        return
    if before.parent_id != after.parent_id:
        work.record("entity.move", entity_id, {"parent": before.parent_id}, {"parent": after.parent_id})
    if before.name != after.name:
        names = ({"name": name, UNDO_DATA: rule} for name, rule in zip((before.name, after.name), rules, strict=True))
        work.record(f"{AGENT if after.level_code == AGENT else noun}.rename", entity_id, *names)


def _arrival(work: Work, before: Entity | None, after: Entity) -> dict[str, object]:
    """Return the audit facts of a new entity; a project's parent is included only if it is not the default one."""
    facts: dict[str, object] = {"name": after.name}
    kept = {"name": before.name, "parent": before.parent_id} if before else {}
    if after.level_code == PROJECT:
        work.require_open_period()
        kept["budget"] = project_budget(work, after).budget_id
    else:
        facts["level"] = after.level_code
    if after.level_code != PROJECT or after.parent_id != ROOT_ID:
        facts["parent"] = after.parent_id
    return {**facts, UNDO_DATA: kept}


def _noun(entity: Entity) -> str:
    return PROJECT if entity.level_code == PROJECT else "entity"


@reverses("project.add", "entity.add")
@reverses("project.restore", "entity.restore")
@reverses("project.archive", "entity.archive")
def _undo_add_or_archive(work: Work, lines: Lines) -> None:
    """Undo an addition or restoring by archiving, an archiving by restoring."""
    for line in reversed(lines):  # children added after their parent are removed before it
        if line.after is not None:
            _archive_again(work, line)
        else:
            _restore(work, line)
    resolve_costs_again(work)


def _archive_again(work: Work, line: AuditEntry) -> None:
    """Archive an entity that was added or restored. One that was added no longer exists for anybody, costs included;
    only its row is never deleted."""
    assert line.after is not None
    entity, is_new = _there(work, line), line.action.endswith(".add")
    budget = project_budget(work, entity) if entity.level_code == PROJECT else None
    if is_new:
        require_unused(work, entity, budget.budget_id if budget else "")
    if budget is not None:
        stored = written(budget.amount)
        require_same(f"the allocation of {line.subject}", stored, line.after.get("allocation", "0"))
    require_same(f"the name of {line.subject}", entity.name, line.after.get("name", entity.name))
    former = undo_data(line.after)
    put(work, [Placement(line.subject, parent_id=former.get("parent", ""))])
    archive_stored(work, entity)
    if is_new:
        work.unit.entities.undo_addition(entity)
    if "name" in former:
        work.unit.entities.rename(entity, former["name"])
    work.record(line.action, line.subject, line.after, None)


def _restore(work: Work, line: AuditEntry) -> None:
    """Restore an archived entity with its budget, or add one again."""
    assert line.before is not None
    known = tree_of(work).entities.get(line.subject)
    if known is not None and not known.archived:
        raise Conflict(f"{line.subject} has been restored since", "there is nothing left to undo")
    level = known.level_code if known else line.before.get("level", PROJECT)
    put(work, [Placement(line.subject, line.before.get("name", ""), level, line.before.get("parent", ""))])
    if "budget" in undo_data(line.before):
        work.unit.budgets.activate(undo_data(line.before)["budget"], work.actor, work.now)
    work.record(line.action, line.subject, None, line.before)


_USES = {
    "costs": "costs that were entered on it",
    "budgets": "a planned budget",
    "holds": "money on hold",
    "fees": "a recurring fee",
    "seats": "seats",
    "alerts": "an alert",
    "rules": "costs mapped to it",
}
"""Entries that bar the undo of an entity's addition, by `EntityRepository.uses`. Costs that found it by themselves do
not: they find something else then, or are unmapped."""


def require_unused(work: Work, entity: Entity, own_budget: str = "") -> None:
    """Refuse to undo the addition of an entity that somebody has entered anything for since."""
    entity_id, org = entity.entity_id, work.organization.org_key
    noun = AGENT if entity.level_code == AGENT else _noun(entity)
    command = f"archive it instead: budget-tui {noun} archive {entity_id}"
    below = next((each for each in tree_of(work).entities.values() if each.parent_id == entity_id), None)
    if below is not None:
        raise Conflict(f"{entity_id} has {below.entity_id} below it by now", "archive it instead", command=command)
    for use in work.unit.entities.uses(org, entity, own_budget, work.now):
        raise Conflict(f"{entity_id} has {_USES[use]} by now", "archive it instead", command=command)


@reverses("entity.move")
def _undo_move(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        require_same(f"the parent of {line.subject}", work.active(line.subject).parent_id, line.after["parent"])
        put(work, [Placement(line.subject, parent_id=work.active(line.before["parent"]).entity_id)])
        work.record("entity.move", line.subject, line.after, line.before)


@reverses("project.rename", "entity.rename", "agent.rename")
def _undo_rename(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        entity, name = _there(work, line), line.before["name"]
        require_same(f"the name of {line.subject}", entity.name, line.after["name"])
        tree_of(work).steps([Placement(line.subject, name)])  # raises `Conflict` if the name is taken by now
        rule = restore_rule(work, f"the former name of {line.subject}", undo_data(line.after), undo_data(line.before))
        work.unit.entities.rename(entity, name)
        after = {"name": name, UNDO_DATA: rule}
        work.record(line.action, line.subject, {"name": entity.name, UNDO_DATA: undo_data(line.after)}, after)
    resolve_costs_again(work)


def _there(work: Work, line: AuditEntry) -> Entity:
    return work.project(line.subject) if line.action.startswith(PROJECT) else work.active(line.subject)
