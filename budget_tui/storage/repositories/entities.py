"""The entities of an organization's hierarchy, with their present and former places."""

from datetime import datetime

from sqlalchemy import exists, func, insert, literal, select, update

from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import Entity, path_of
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import CostOriginRow, CostRow, EntityRow, FormerParentRow, PeriodCloseRow

_e, _p = EntityRow.c, PeriodCloseRow.c


class EntityRepository(Repository):
    def has_costs(self, entity_key: int) -> bool:
        """Return whether any cost belongs to the entity itself."""
        origins = CostOriginRow.c
        return bool(
            self._value(
                select(exists().where(origins.entity_key == entity_key, CostRow.c.origin_key == origins.origin_key))
            )
        )

    def add(
        self,
        organization: Organization,
        entity_id: str,
        name: str,
        level_code: str,
        parent: Entity,
        now: datetime,
    ) -> Entity:
        """Add an entity below ``parent``."""
        path = path_of(parent.path, entity_id)
        key = self._add(
            insert(EntityRow).values(
                org_key=organization.org_key,
                entity_id=entity_id,
                name=name,
                level_code=level_code,
                parent_key=parent.entity_key,
                path=path,
                created_at=now,
            )
        )
        return Entity(key, entity_id, name, level_code, path)

    def move(self, organization: Organization, entity: Entity, parent: Entity) -> None:
        """Move ``entity``, with all that is below it, to ``parent``. Both are given as they are stored now.

        The place that it had when the last closed period was closed is recorded: that period's days count there.
        """
        path = path_of(parent.path, entity.entity_id)
        stood = (
            select(_e.entity_key, _p.period_end, _e.parent_key)
            .join(PeriodCloseRow, (_p.org_key == _e.org_key) & (_p.closed_at > _e.created_at))
            .where(_e.entity_key == entity.entity_key)
            .order_by(_p.period_end.desc())
            .limit(1)
        )
        self._change(
            self._insert(FormerParentRow)
            .from_select(["entity_key", "through", "parent_key"], stood)
            .on_conflict_do_nothing()
        )
        self._change(update(EntityRow).where(_e.entity_key == entity.entity_key).values(parent_key=parent.entity_key))
        first, after = entity.path, f"{entity.path[:-1]}0"  # 0 is the character after the slash
        self._change(
            update(EntityRow)
            .where(_e.org_key == organization.org_key, _e.path >= first, _e.path < after)
            .values(path=literal(path).concat(func.substr(_e.path, len(first) + 1)))
        )

    def rename(self, entity: Entity, name: str) -> None:
        self._change(update(EntityRow).where(_e.entity_key == entity.entity_key).values(name=name))

    def enforce(self, entity: Entity, enforced: bool) -> None:
        """Let the entity's budgets of money bound what is held and used below it, or no longer."""
        self._change(update(EntityRow).where(_e.entity_key == entity.entity_key).values(enforced=enforced))

    def archive(self, entity: Entity, at: datetime | None) -> None:
        """Archive the entity from ``at`` on; None restores it."""
        self._change(update(EntityRow).where(_e.entity_key == entity.entity_key).values(archived_at=at))
