"""Taking back what `placing` did: entities that came, went, moved or got another name."""

from budget_tui.domain.errors import Conflict
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.tree import Placement
from budget_tui.services.budgets import project_budget
from budget_tui.services.context import Work, written
from budget_tui.services.costs import put_rule_back, resolve_costs_again
from budget_tui.services.placing import PROJECT, put, put_away, tree_of
from budget_tui.services.reversing import Lines, kept, require_same, reverses, subjects_of, value_of
from budget_tui.services.trail import KEPT
from budget_tui.storage.trail_queries import AuditEntry


@reverses("project.add", "entity.add", told=subjects_of("adding of"))
@reverses("project.restore", "entity.restore", told=subjects_of("bringing back of"))
@reverses("project.archive", "entity.archive", told=subjects_of("archiving of"))
def _put_away_or_bring_back(work: Work, lines: Lines) -> None:
    """An entity is there by an add or a restore, and is not by an archive: each takes back the other."""
    for line in reversed(lines):  # what came after its parent goes before it
        if line.after is not None:
            _take_away(work, line)
        else:
            _bring_back(work, line)
    resolve_costs_again(work)


def _take_away(work: Work, line: AuditEntry) -> None:
    """Archive again what was added or brought back; an entity that was ever there is never removed."""
    assert line.after is not None
    entity = _there(work, line)
    if line.action.endswith(".add"):
        _require_unused(work, entity)
    if entity.level_code == PROJECT:
        amount = written(project_budget(work, entity).amount)
        require_same(f"the allocation of {line.subject}", amount, line.after.get("allocation", "0"))
    require_same(f"the name of {line.subject}", entity.name, line.after.get("name", entity.name))
    former = kept(line.after)
    put(work, [Placement(line.subject, parent_id=former.get("parent", ""))])
    put_away(work, entity)
    if "name" in former:
        work.unit.organizations.rename_entity(entity, former["name"])
    work.record(line.action, line.subject, line.after, None)


def _bring_back(work: Work, line: AuditEntry) -> None:
    """Bring back what was archived, with the budget that it had."""
    assert line.before is not None
    entity = work.entity(line.subject)
    if not entity.archived:
        raise Conflict(f"{line.subject} was brought back since", "there is nothing to take back any more")
    put(work, [Placement(line.subject, line.before.get("name", ""), parent_id=line.before.get("parent", ""))])
    if "budget" in kept(line.before):
        work.unit.budgets.activate(kept(line.before)["budget"], work.actor, work.now)
    work.record(line.action, line.subject, None, line.before)


def _require_unused(work: Work, entity: Entity) -> None:
    for other in tree_of(work).entities.values():
        if other.path.startswith(entity.path) and work.queries.has_costs(other.entity_key):
            raise Conflict(f"{entity.entity_id} has costs by now", "archive it instead; its costs stay")
        if other.parent_id == entity.entity_id and not other.archived:
            raise Conflict(f"{entity.entity_id} has {other.entity_id} below it by now", "archive it instead")


@reverses("entity.move", told=value_of("parent of {}"))
def _move_back(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        require_same(f"the parent of {line.subject}", work.active(line.subject).parent_id, line.after["parent"])
        put(work, [Placement(line.subject, parent_id=work.active(line.before["parent"]).entity_id)])
        work.record("entity.move", line.subject, line.after, line.before)


@reverses("project.rename", "entity.rename", "agent.rename", told=value_of("name of {}"))
def _rename_back(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        entity, name = _there(work, line), line.before["name"]
        require_same(f"the name of {line.subject}", entity.name, line.after["name"])
        tree_of(work).steps([Placement(line.subject, name)])  # refused when something else is called so by now
        rule = put_rule_back(work, f"the former name of {line.subject}", kept(line.after), kept(line.before))
        work.unit.organizations.rename_entity(entity, name)
        after = {"name": name, KEPT: rule}
        work.record(line.action, line.subject, {"name": entity.name, KEPT: kept(line.after)}, after)
    resolve_costs_again(work)


def _there(work: Work, line: AuditEntry) -> Entity:
    return work.project(line.subject) if line.action.startswith(PROJECT) else work.active(line.subject)
