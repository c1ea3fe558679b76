"""Organizations, the levels of their hierarchy and the entities in it."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, ROOT_ID, Entity, Level, path_of
from budget_tui.domain.period import PeriodRule
from budget_tui.storage.cost_queries import stored_time
from budget_tui.storage.hierarchy_queries import below

_MONTHLY = PeriodRule()


class OrganizationRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self, slug: str, name: str, currency: str, time_zone: str, now: datetime, rule: PeriodRule = _MONTHLY
    ) -> Organization:
        """A new organization with its root entity and the default levels."""
        key = self._connection.execute(
            "INSERT INTO organization (slug, name, currency, time_zone, period_kind, anchor_day, fiscal_start_month,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                slug,
                name,
                currency,
                time_zone,
                rule.kind,
                rule.anchor_day,
                rule.fiscal_start_month,
                stored_time(now),
            ),
        ).lastrowid
        assert key is not None
        organization = Organization(key, slug, name, currency, time_zone, rule)
        self.set_levels(organization, DEFAULT_LEVELS)
        self.add_entity(organization, ROOT_ID, name, "organization", None, now)
        return organization

    def rename(self, organization: Organization, name: str) -> None:
        """Give the organization and its root another name."""
        self._connection.execute("UPDATE organization SET name = ? WHERE org_key = ?", (name, organization.org_key))
        self._connection.execute(
            "UPDATE entity SET name = ? WHERE org_key = ? AND entity_id = ?", (name, organization.org_key, ROOT_ID)
        )

    def set_levels(self, organization: Organization, levels: Iterable[Level]) -> None:
        """Make these the organization's levels."""
        key = organization.org_key
        self._connection.execute("DELETE FROM level WHERE org_key = ?", (key,))
        self._connection.executemany(
            "INSERT INTO level (org_key, level_code, name, rank) VALUES (?, ?, ?, ?)",
            ((key, level.code, level.name, level.rank) for level in levels),
        )

    def add_entity(
        self,
        organization: Organization,
        entity_id: str,
        name: str,
        level_code: str,
        parent: Entity | None,
        now: datetime,
    ) -> Entity:
        """A new entity below ``parent``; the root has none."""
        path = path_of(parent.path if parent else "/", entity_id)
        key = self._connection.execute(
            "INSERT INTO entity (org_key, entity_id, name, level_code, parent_key, path, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                organization.org_key,
                entity_id,
                name,
                level_code,
                parent.entity_key if parent else None,
                path,
                stored_time(now),
            ),
        ).lastrowid
        assert key is not None
        return Entity(key, entity_id, name, level_code, path)

    def move_entity(self, organization: Organization, entity: Entity, parent: Entity) -> None:
        """Hang ``entity`` below ``parent`` with all that is below it. Both are as they are stored now.

        Where it stood when the last closed period was closed is kept: that period's days count there.
        """
        path = path_of(parent.path, entity.entity_id)
        self._connection.execute(
            "INSERT OR IGNORE INTO former_parent (entity_key, through, parent_key)"
            " SELECT e.entity_key, c.period_end, e.parent_key FROM entity e JOIN period_close c"
            " ON c.org_key = e.org_key AND c.closed_at > e.created_at"
            " WHERE e.entity_key = ? ORDER BY c.period_end DESC LIMIT 1",
            (entity.entity_key,),
        )
        self._connection.execute(
            "UPDATE entity SET parent_key = ? WHERE entity_key = ?", (parent.entity_key, entity.entity_key)
        )
        self._connection.execute(
            "UPDATE entity SET path = ? || substr(path, ?) WHERE org_key = ? AND path >= ? AND path < ?",
            (path, len(entity.path) + 1, organization.org_key, *below(entity.path)),
        )

    def rename_entity(self, entity: Entity, name: str) -> None:
        self._connection.execute("UPDATE entity SET name = ? WHERE entity_key = ?", (name, entity.entity_key))

    def archive_entity(self, entity: Entity, at: datetime | None) -> None:
        """Take the entity out of the lists from ``at`` on; None brings it back."""
        self._connection.execute(
            "UPDATE entity SET archived_at = ? WHERE entity_key = ?",
            (stored_time(at) if at else None, entity.entity_key),
        )
