"""The tree of entities that budgets belong to, as materialized paths: ``/ORG/DEPT-ENG/PROJ-PLATFORM/``.

Containment is by whole segments: ``DEPT-1`` is not on ``/ORG/DEPT-10/``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from budget_tui.domain.errors import NotFound, Refused, archived
from budget_tui.domain.text import is_visible, is_written

ROOT_ID = "ORG"
"""The entity id of every organization's root."""
ROOT_PATH = f"/{ROOT_ID}/"
POOL = "pool"
"""The unallocated rest of the parent budget, as transfers name it; no entity can have this id."""

ID_MAX_LENGTH = 64
NAME_MAX_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the hierarchy; an entity's parent has a lower ``rank``, not necessarily the next one."""

    code: str
    name: str
    rank: int


DEFAULT_LEVELS = (
    Level("organization", "Organization", 0),
    Level("department", "Department", 10),
    Level("project", "Project", 20),
    Level("team", "Team", 30),
    Level("agent", "Agent", 90),
)
"""The levels of a new organization; more can be added between them."""


ROOT_LEVEL_SHORT = "org"
"""Another way to write the root's level, which no other level can therefore be called."""
AGENT_LEVEL = DEFAULT_LEVELS[-1].code
"""The level of agents, which nothing is below."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A node of an organization's hierarchy. ``entity_key`` is its key in the database.

    ``enforced``: its budgets of money bound what may be held and used below it.
    """

    entity_key: int
    entity_id: str
    name: str
    level_code: str
    path: str
    archived: bool = False
    enforced: bool = False

    @property
    def parent_id(self) -> str:
        """The id of the parent; '' for the root."""
        above = segments(self.path)[:-1]
        return above[-1] if above else ""

    def is_of_level(self, code: str) -> bool:
        """Return whether ``code`` is that of its level; the root's may be written `ROOT_LEVEL_SHORT`, too."""
        return code == self.level_code or (self.entity_id == ROOT_ID and code.casefold() == ROOT_LEVEL_SHORT)


def archived_error(entity: Entity) -> NotFound:
    """Return the error for an archived entity; its hint says how to restore it."""
    if entity.level_code == "agent":
        return archived("agent", entity.entity_id, project=entity.parent_id)
    return archived("project" if entity.level_code == "project" else "entity", entity.entity_id)


def checked_project(entity: Entity) -> Entity:
    """Return ``entity`` if it is a project, else raise `Refused`."""
    if entity.level_code != "project":
        raise Refused(f"'{entity.entity_id}' is no project: its level is {entity.level_code}", "name a project")
    return entity


def unstored_root(name: str) -> Entity:
    """Return the root of the default organization before anything of it is stored."""
    return Entity(0, ROOT_ID, name, DEFAULT_LEVELS[0].code, path_of("/", ROOT_ID))


def path_of(parent_path: str, entity_id: str) -> str:
    """Return the path of ``entity_id`` below ``parent_path``; the root's own parent path is ``/``."""
    return f"{parent_path}{entity_id}/"


def segments(path: str) -> tuple[str, ...]:
    """Return the entity ids on ``path``, root first."""
    return tuple(segment for segment in path.split("/") if segment)


def ancestor_paths(path: str) -> Iterator[str]:
    """Yield ``path`` itself and the paths of all its ancestors, nearest first."""
    while len(path) > 1:
        yield path
        path = path[: path.rindex("/", 0, -1) + 1]


def checked_id(text: str) -> str:
    """Return ``text`` as an entity id; `Refused` when it is empty, too long, reserved, or would break a path."""
    entity_id = text.strip()
    if not entity_id or len(entity_id) > ID_MAX_LENGTH:
        raise Refused(f"an id has 1 to {ID_MAX_LENGTH} characters, not {len(entity_id)}")
    if entity_id.casefold() in (POOL, ROOT_ID.casefold()):
        raise Refused(f"'{entity_id}' is reserved", "choose another id")
    if entity_id.startswith("-") or "/" in entity_id or not is_written(entity_id) or not is_visible(entity_id):
        raise Refused(f"'{_shown(entity_id)}' cannot be an id", "no slash, no leading dash, no control characters")
    return entity_id


def proposed_id(name: str) -> str:
    """Propose an id for an entity called ``name``: ``Checkout service`` → ``checkout-service``."""
    words = "".join(sign if sign.isalnum() else " " for sign in name.casefold()).split()
    return "-".join(words)[:ID_MAX_LENGTH].rstrip("-")


def checked_name(text: str) -> str:
    """Return ``text`` as a display name; `Refused` when it is empty, too long or has control characters."""
    name = text.strip()
    if not name or len(name) > NAME_MAX_LENGTH:
        raise Refused(f"a name has 1 to {NAME_MAX_LENGTH} characters, not {len(name)}")
    if not is_written(name) or not is_visible(name):
        raise Refused(f"'{_shown(name)}' cannot be a name", "leave out control characters")
    return name


def _shown(text: str) -> str:
    return text if is_written(text) and is_visible(text) else text.encode("unicode_escape").decode("ascii")
