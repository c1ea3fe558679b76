"""Rules for placing entities in an organization's hierarchy.

Adding, moving, renaming and importing all describe how some entities are to be. The result is checked on the whole tree
as it would be then: two entities may swap their places or their names.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.hierarchy import (
    AGENT_LEVEL,
    DEFAULT_LEVELS,
    ROOT_ID,
    ROOT_LEVEL_SHORT,
    Entity,
    Level,
    checked_id,
    checked_name,
)

_LEVEL_CODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_RANK_STEP = 10
_RESERVED_IDS = ("global", "list")
"""Ids that no new entity can have: the log calls the organization's total ``global``, and ``hold list`` lists."""


class Placement(NamedTuple):
    """The desired state of an entity.

    '' keeps what there is; for a new entity it stands for the id as name, the level below the parent's, and the root.
    """

    entity_id: str
    name: str = ""
    level_code: str = ""
    parent_id: str = ""


class Step(NamedTuple):
    """An entity to create or change; ``before`` is None for a new one, whose key is 0 in ``after``."""

    before: Entity | None
    after: Entity


class Tree:
    """An organization's entities, archived ones included, and its levels."""

    def __init__(self, levels: Iterable[Level], entities: Iterable[Entity]) -> None:
        self.levels = {level.code: level for level in sorted(levels, key=lambda level: level.rank)}
        self.entities = {entity.entity_id: entity for entity in entities}

    def children(self, entity: Entity) -> list[Entity]:
        """Return the entities directly below ``entity`` that are not archived."""
        return [other for other in self.entities.values() if other.parent_id == entity.entity_id and not other.archived]

    def steps(self, placements: Iterable[Placement]) -> list[Step]:
        """Return the steps that make the entities as ``placements`` say, parents before their children.

        Anything wrong raises `Refused`, `NotFound` or `Conflict`; none of the steps may be taken then.
        """
        wanted: dict[str, Placement] = {}
        for placement in placements:
            entity_id = checked_id(placement.entity_id)
            if entity_id in wanted:
                raise Refused(f"'{entity_id}' is there twice", "name it once")
            wanted[entity_id] = placement
        parents = self._parents(wanted)
        chains = {entity_id: _chain(entity_id, parents) for entity_id in wanted}
        order = sorted(wanted, key=lambda entity_id: len(chains[entity_id]))
        after = dict(self.entities)
        for entity_id in order:
            after[entity_id] = self._placed(wanted[entity_id], after, chains[entity_id])
        steps = [Step(self.entities.get(entity_id), after[entity_id]) for entity_id in order]
        found = [step for step in steps if step.before is None or _facts(step.before) != _facts(step.after)]
        for step in found:
            if step.before is None and step.after.entity_id.casefold() in _RESERVED_IDS:
                raise Refused(f"'{step.after.entity_id}' is reserved", "choose another id")
        _require_free(found, after)
        return found

    def next_level(self, level_code: str) -> str:
        """Return the level below another; `Refused` below the last."""
        above = self.levels[level_code]
        for level in self.levels.values():
            if level.rank > above.rank:
                return level.code
        raise Refused(f"nothing can be below level '{above.code}'", "choose another parent")

    def _parents(self, wanted: dict[str, Placement]) -> dict[str, str]:
        """Return each entity's parent as it would be."""
        parents = {entity.entity_id: entity.parent_id for entity in self.entities.values()}
        for entity_id, placement in wanted.items():
            parent_id = placement.parent_id.strip() or parents.get(entity_id, ROOT_ID)
            parent = self.entities.get(parent_id)
            if parent is None and parent_id not in wanted:
                raise NotFound(
                    f"'{entity_id}' cannot be below '{parent_id}', which does not exist", "add that one first"
                )
            if parent is not None and parent.archived and parent_id not in wanted:
                raise Refused(f"'{entity_id}' cannot be below '{parent_id}', which is archived", "restore that first")
            parents[entity_id] = parent_id
        return parents

    def _placed(self, placement: Placement, after: dict[str, Entity], chain: Sequence[str]) -> Entity:
        entity_id, parent = chain[0], after[chain[1]]
        known = self.entities.get(entity_id)
        name = placement.name.strip() or (known.name if known else entity_id)
        return Entity(
            known.entity_key if known else 0,
            entity_id,
            checked_name(name),
            self._level(placement, known, parent),
            f"/{'/'.join(reversed(chain))}/",
        )

    def _level(self, placement: Placement, known: Entity | None, parent: Entity) -> str:
        entity_id, code = placement.entity_id.strip(), placement.level_code.strip().casefold()
        if code and code not in self.levels:
            raise NotFound(f"'{entity_id}' has level '{code}', which does not exist", f"choose {_listed(self.levels)}")
        if known is not None:
            if code not in ("", known.level_code):
                raise Refused(f"'{entity_id}' has level '{known.level_code}', not '{code}'", "levels cannot be changed")
            code = known.level_code
        code = code or self.next_level(parent.level_code)
        if self.levels[code].rank <= self.levels[parent.level_code].rank:
            raise Refused(
                f"'{entity_id}' ({code}) cannot be below '{parent.entity_id}' ({parent.level_code})",
                f"levels go from {_listed(self.levels)}",
            )
        return code


def added_level(levels: Sequence[Level], code: str, name: str, below: str) -> list[Level]:
    """Return the levels of an organization with a new one directly below ``below``.

    Raises `Refused` for a code that none can have and below agents, `Conflict` for a code that is taken, and `NotFound`
    if there is no level ``below``.
    """
    code, below = code.strip().casefold(), below.strip().casefold()
    if not _LEVEL_CODE.fullmatch(code):
        raise Refused(
            f"'{code}' cannot be the code of a level", "begin with a letter; letters, digits, - and _, at most 32"
        )
    if code == ROOT_LEVEL_SHORT:
        raise Refused(f"'{code}' means the level '{DEFAULT_LEVELS[0].code}'", "choose another code")
    ordered = sorted(levels, key=lambda level: level.rank)
    codes = [level.code for level in ordered]
    if code in codes:
        raise Conflict(f"there is a level '{code}' already", "choose another code")
    if below not in codes:
        raise NotFound(f"there is no level '{below}'", f"there are {_listed(codes)}")
    at = codes.index(below) + 1
    if AGENT_LEVEL in codes[:at]:
        raise Refused(f"no level can be below '{AGENT_LEVEL}': nothing belongs to an agent", "choose a level above it")
    rank, following = ordered[at - 1].rank, ordered[at:]
    gap = following[0].rank - rank
    if gap < 2:  # only the order of ranks matters
        following = [Level(level.code, level.name, level.rank + _RANK_STEP) for level in following]
        gap += _RANK_STEP
    return [*ordered[:at], Level(code, checked_name(name or code.capitalize()), rank + gap // 2), *following]


def _chain(entity_id: str, parents: dict[str, str]) -> tuple[str, ...]:
    """Return ``entity_id`` and the ids of all entities above it, up to the root."""
    chain = [entity_id]
    while parent_id := parents[chain[-1]]:
        if parent_id in chain:  # it may hang on a cycle without being in it: name one that is
            raise Refused(f"'{parent_id}' would stand below itself", "choose another parent")
        chain.append(parent_id)
    return tuple(chain)


def _facts(entity: Entity) -> tuple[str, str, bool]:
    return entity.name, entity.parent_id, entity.archived


def _require_free(steps: Iterable[Step], after: dict[str, Entity]) -> None:
    """Refuse an id or a name that costs would match with two entities, and therefore with neither."""
    called: dict[str, list[Entity]] = {}
    for entity in after.values():
        if entity.entity_id != ROOT_ID:  # which costs never match by name
            for word in {entity.entity_id.casefold(), entity.name.casefold()}:
                called.setdefault(word, []).append(entity)
    for step in steps:
        for word in (step.after.entity_id.casefold(), step.after.name.casefold()):
            for other in called[word]:
                if other.entity_id != step.after.entity_id:
                    raise Conflict(_taken_by(other, word), "choose another id and name")


def _taken_by(entity: Entity, word: str) -> str:
    is_its_name = word == entity.name.casefold() and entity.name != entity.entity_id
    taken = f"'{entity.entity_id}' {f'is already called {entity.name}' if is_its_name else 'already exists'}"
    return f"{taken}, and is archived" if entity.archived else taken


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(codes)
