"""The hierarchy: departments, projects, teams, agents and any levels that users add."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from budget_tui.domain.errors import Conflict, Outdated, Refused, unknown
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, ROOT_ID, Entity, Level, checked_name, unstored_root
from budget_tui.domain.tree import Placement, added_level
from budget_tui.services.context import Context
from budget_tui.services.hierarchy import checked_new, place, take_out
from budget_tui.services.idempotency import run_once
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.usage import entity_named
from budget_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class HierarchyImport:
    """The result or preview of an import: the ids of entities added (or restored), moved and renamed."""

    added: tuple[str, ...]
    moved: tuple[str, ...]
    renamed: tuple[str, ...]


class Moved(NamedTuple):
    """A moved entity, with its parent through ``closed``, the last closed day, if that was another one.

    Otherwise ``old_parent_id`` is '' and ``closed`` None.
    """

    entity: Entity
    old_parent_id: str
    closed: date | None


@dataclass(frozen=True, slots=True)
class EntityChange:
    """A new display name, a new parent, or whether its money is enforced; None keeps what is."""

    name: str | None = None
    parent_id: str | None = None
    enforced: bool | None = None


class Entities:
    """Commands and queries on the hierarchy. Each command is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    # Commands

    def add(
        self, entity_id: str, parent_id: str = "", level: str = "", name: str = "", key: str | None = None
    ) -> Entity:
        """Add an entity below ``parent_id`` (by default the root), by default on the level below the parent's.

        Unmapped costs that name it become its own. An archived entity with that id is restored, at its old place by
        default. An entity of level ``project`` is a full project. `Conflict` if the id is taken. Repeating it with the
        same ``key`` adds nothing and returns the same result.
        """
        with self._context.work() as work:

            def place_new() -> dict[str, object]:
                new_id = checked_new(work, entity_id)
                place(work, [Placement(new_id, name, level, parent_id)])
                return asdict(work.entity(new_id))

            request = {"entity": entity_id, "parent": parent_id, "level": level, "name": name}
            added = Entity(**run_once(work, "entity.add", key, request, place_new))
            work.commit()
        return added

    def move(self, entity_id: str, new_parent_id: str) -> Moved:
        """Move an entity and everything below it under a new parent, with its costs on days not closed yet."""
        return self.change(entity_id, EntityChange(parent_id=new_parent_id))

    def rename(self, entity_id: str, name: str) -> Entity:
        """Change the display name; the id stays.

        Costs that name the entity by its old name stay its own; those tagged with the new one become its own.
        """
        return self.change(entity_id, EntityChange(name)).entity

    def change(self, entity_id: str, change: EntityChange, seen: int | None = None) -> Moved:
        """Rename, move and enforce an entity in one change.

        ``seen`` is the version that the user saw; `Conflict` if it is no longer the stored one.
        """
        with self._context.work() as work:
            moved = carry_out(work, _below_root(work, entity_id), change, seen)
            work.commit()
        return moved

    def enforce(self, entity_id: str, enforced: bool) -> Entity:
        """Let the budgets of money of an entity, or of the organization, bound what is held and used below it."""
        with self._context.work() as work:
            set_enforced(work, work.active(entity_id), enforced)
            changed = work.entity(entity_id)
            work.commit()
        return changed

    def archive(self, entity_id: str, seen: int | None = None) -> Entity:
        """Archive an entity. Its costs stay; `Refused` while there is anything below it."""
        with self._context.work() as work:
            entity = _below_root(work, entity_id)
            check_version(seen, entity)
            take_out(work, entity)
            archived = work.entity(entity_id)
            work.commit()
        return archived

    def import_placements(self, placements: Iterable[Placement], *, dry_run: bool = False) -> HierarchyImport:
        """Add, move and rename entities until they match the placements: all of it or nothing."""
        with self._context.work() as work:
            done = place(work, placements)
            if not dry_run:
                work.commit()
        known = [(before, after) for before, after, _ in done if before is not None and not before.archived]
        return HierarchyImport(
            tuple(after.entity_id for before, after, _ in done if before is None or before.archived),
            tuple(after.entity_id for before, after in known if before.parent_id != after.parent_id),
            tuple(after.entity_id for before, after in known if before.name != after.name),
        )

    def add_level(self, code: str, below: str, name: str = "") -> Level:
        """Add a level directly below another one."""
        with self._context.work() as work:
            levels = added_level(work.unit.organizations.levels(work.organization.org_key), code, name, below)
            work.unit.organizations.set_levels(work.organization, levels)
            [added] = [level for level in levels if level.code == code.strip().casefold()]
            work.record("level.add", added.code, None, {"name": added.name, "below": below.strip().casefold()})
            work.commit()
        return added

    # Queries

    def active(self) -> list[Entity]:
        """Return the entities that are not archived, each followed by those below it; siblings in order of addition."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            entities = session.fast.entities(organization.org_key)
        if not entities:
            return [unstored_root(organization.name)]
        return _in_tree_order(entity for entity in entities if not entity.archived)

    def get(self, entity_id: str) -> Entity:
        """Return the entity with that id; raises `NotFound`."""
        with self._context.reading() as session:
            return entity_named(session, self._context.organization(session), entity_id)

    def below(self, entity_id: str) -> list[Entity]:
        """Return an entity and everything below it that is not archived, in the order of the tree."""
        found = self.active()
        top = next((entity for entity in found if entity.entity_id == entity_id), None)
        if top is None:
            raise unknown("entity", entity_id)
        return [entity for entity in found if entity.path.startswith(top.path)]

    def levels(self) -> list[Level]:
        """Return the levels, the root's first."""
        with self._context.reading() as session:
            return session.organizations.levels(self._context.organization(session).org_key) or list(DEFAULT_LEVELS)


def carry_out(work: Work, entity: Entity, change: EntityChange, seen: int | None = None) -> Moved:
    """Rename, move and enforce ``entity``."""
    check_version(seen, entity)
    name = "" if change.name is None else checked_name(change.name)
    parent_id = "" if change.parent_id is None else work.active(change.parent_id).entity_id
    place(work, [Placement(entity.entity_id, name, parent_id=parent_id)])
    if change.enforced is not None:
        set_enforced(work, entity, change.enforced)
    return _moved(work, work.entity(entity.entity_id))


def set_enforced(work: Work, entity: Entity, enforced: bool) -> None:
    """Store whether the money of ``entity`` is enforced, and record it in the audit log, unless it is so already."""
    if entity.enforced == enforced:
        return
    work.unit.entities.enforce(entity, enforced)
    work.record("entity.enforce", entity.entity_id, {"enforced": entity.enforced}, {"enforced": enforced})


@reverses("entity.enforce")
def _undo_enforcing(work: Work, lines: Lines) -> None:
    for line in lines:
        assert line.before is not None
        assert line.after is not None
        entity = work.active(line.subject)
        require_same(f"the enforcing of {line.subject}", entity.enforced, line.after["enforced"])
        set_enforced(work, entity, line.before["enforced"])


def version_of(entity: Entity) -> int:
    """Return a number that changes when the entity is renamed, moved, enforced, archived or restored."""
    state = "\0".join((entity.name, entity.path, entity.level_code, str(entity.archived), str(entity.enforced)))
    return int.from_bytes(sha256(state.encode()).digest()[:7])


def check_version(seen: int | None, entity: Entity) -> None:
    """Refuse to change an entity that was changed since it was seen."""
    if seen is not None and seen != version_of(entity):
        raise Outdated(f"{entity.entity_id} was changed in the meantime", "check and change it again")


def _below_root(work: Work, entity_id: str) -> Entity:
    if entity_id == ROOT_ID:
        raise Refused(
            f"'{ROOT_ID}' is the organization itself",
            "name another entity",
            command=f"name another entity; budget-tui org rename {work.organization.slug} NAME renames it",
        )
    return work.active(entity_id)


def _moved(work: Work, entity: Entity) -> Moved:
    org = work.organization.org_key
    closed, ids = (
        work.unit.fast.last_close(org),
        {each.entity_key: each.entity_id for each in work.unit.fast.entities(org)},
    )
    if closed is not None:
        _, parent_then, *_ = work.unit.fast.hierarchy_history(org).of(closed).lineage[entity.entity_key]
        if ids[parent_then] != entity.parent_id:
            return Moved(entity, ids[parent_then], closed.end)
    return Moved(entity, "", None)


@reverses("level.add")
def _undo_level(work: Work, lines: Lines) -> None:
    """Undo adding a level by removing it, and the removal by adding it."""
    for line in lines:
        org = work.organization.org_key
        levels = work.unit.organizations.levels(org)
        if line.before is not None:
            levels = added_level(levels, line.subject, line.before["name"], line.before["below"])
        else:
            user = next((known for known in work.unit.fast.entities(org) if known.level_code == line.subject), None)
            if user is not None:
                raise Conflict(f"{user.entity_id} has level '{line.subject}' by now", "the level stays")
            levels = [level for level in levels if level.code != line.subject]
        work.unit.organizations.set_levels(work.organization, levels)
        work.record("level.add", line.subject, line.after, line.before)


def _in_tree_order(entities: Iterable[Entity]) -> list[Entity]:
    children: dict[str, list[Entity]] = {}
    for entity in entities:
        children.setdefault(entity.parent_id, []).append(entity)
    ordered, waiting = [], list(children.get("", []))
    while waiting:
        entity = waiting.pop()
        ordered.append(entity)
        waiting.extend(reversed(children.get(entity.entity_id, [])))
    return ordered
