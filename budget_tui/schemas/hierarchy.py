"""Entities, levels and organizations."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field, StrictBool

from budget_tui.domain import hierarchy
from budget_tui.domain.budget import Organization
from budget_tui.domain.period import LAST_DAY, PeriodKind
from budget_tui.schemas.base import Change, EntityId, Request, Schema, Settling, Text
from budget_tui.services.agents import ChangedAgent
from budget_tui.services.entities import EntityChange, HierarchyImport, Moved


class Entity(Schema):
    entity_id: str
    name: str
    level: str = Field(examples=["department"])
    parent_id: str | None = Field(description="Its parent; null for the organization itself.")
    path: str = Field(examples=["/ORG/DEPT-ENG/"])
    archived: bool
    enforced: bool = Field(description="True if its budgets of money bound what is held and used below it.")

    @classmethod
    def from_domain(cls, entity: hierarchy.Entity) -> "Entity":
        return Entity(
            entity_id=entity.entity_id,
            name=entity.name,
            level=entity.level_code,
            parent_id=entity.parent_id or None,
            path=entity.path,
            archived=entity.archived,
            enforced=entity.enforced,
        )


class Entities(Schema):
    entities: list[Entity]


class _Closed(Schema):
    closed_through: date | None = Field(description="Its costs through this day stay with the old parent; or null.")
    closed_parent_id: str | None = Field(description="The old parent.")


class EntityChanged(Settling, _Closed, Entity):
    """An entity after a change, and its parent through the last closed day if that was another one."""

    @classmethod
    def from_change(cls, moved: Moved) -> "EntityChanged":
        entity, old_parent_id, closed = moved
        return EntityChanged(
            **dict(Entity.from_domain(entity)), closed_through=closed, closed_parent_id=old_parent_id or None
        )


class AgentChanged(EntityChanged):
    """An agent after a change."""

    model: str = Field(description="The model of what it uses from now on; empty: none.")

    @classmethod
    def from_agent(cls, changed: ChangedAgent) -> "AgentChanged":
        return AgentChanged(**dict(EntityChanged.from_change(changed.moved)), model=changed.model)


class EntityNode(Entity):
    """An entity with everything below it."""

    children: list["EntityNode"]

    @classmethod
    def nested(cls, entities: Sequence[hierarchy.Entity]) -> "EntityNode":
        """Nest ``entities``, which are in the order of the tree, below the first one."""
        below: dict[str, list[EntityNode]] = {}
        node = None
        for entity in reversed(entities):
            children = below.pop(entity.entity_id, [])
            node = EntityNode(**dict(Entity.from_domain(entity)), children=children[::-1])
            below.setdefault(entity.parent_id, []).append(node)
        assert node is not None
        return node


class Level(Schema):
    level: str
    name: str
    rank: int

    @classmethod
    def from_domain(cls, level: hierarchy.Level) -> "Level":
        return Level(level=level.code, name=level.name, rank=level.rank)


class HierarchyFile(Schema):
    """A file that the hierarchy was written to."""

    file: str
    entities: int


class HierarchyImportOut(Schema):
    """The ids of the entities that a file added, moved and renamed."""

    added: list[str]
    moved: list[str]
    renamed: list[str]
    dry_run: bool

    @classmethod
    def from_domain(cls, placed: HierarchyImport, *, dry_run: bool) -> "HierarchyImportOut":
        return HierarchyImportOut(
            added=list(placed.added), moved=list(placed.moved), renamed=list(placed.renamed), dry_run=dry_run
        )


class OrganizationOut(Schema):
    slug: str
    name: str
    currency: str
    time_zone: str
    period: PeriodKind
    anchor: int | Literal["last"]
    fiscal_start_month: int

    @classmethod
    def from_domain(cls, organization: Organization) -> "OrganizationOut":
        rule = organization.period_rule
        return OrganizationOut(
            slug=organization.slug,
            name=organization.name,
            currency=organization.currency,
            time_zone=organization.time_zone,
            period=rule.kind,
            anchor="last" if rule.anchor_day == LAST_DAY else rule.anchor_day,
            fiscal_start_month=rule.fiscal_start_month,
        )


# Requests


class NewEntity(Request):
    entity_id: EntityId = Field(description="Short and permanent; used in exports and requests.", examples=["DEPT-ENG"])
    name: Text = Field("", description="Name to display. Default: its id.", examples=["Engineering"])
    parent_id: Text = Field("", description="Its parent. Default: the organization.")
    level: Text = Field("", description="Default: the level below its parent's.", examples=["department"])


class EntityChangeIn(Change):
    name: Text | None = Field(None, description="New name to display; the id does not change.")
    parent_id: EntityId | None = Field(
        None, description="New parent. Everything below it moves along, with what it spent since the last close."
    )
    enforced: StrictBool | None = Field(None, description="Let its money bound what is held and used below it.")

    def to_domain(self) -> EntityChange:
        return EntityChange(self.name, self.parent_id, self.enforced)


class AgentChangeIn(Change):
    name: Text | None = Field(None, description="New name to display; the id does not change.")
    project_id: EntityId | None = Field(None, description="The project to assign it to.")
    enforced: StrictBool | None = Field(None, description="Let the money of its project bound its tokens.")
    model: Text | None = Field(None, description="The model of what it uses from now on; empty: none.")

    def to_domain(self) -> EntityChange:
        return EntityChange(self.name, self.project_id, self.enforced)
