"""Organizations and the levels of their hierarchy."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from budget_tui.domain.alerts import DEFAULT_RULES
from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, ROOT_ID, Level, path_of
from budget_tui.domain.period import PeriodKind, PeriodRule
from budget_tui.storage.repositories.alerts import AlertRepository
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import EntityRow, LevelRow, OrganizationRow

_o, _e, _l = OrganizationRow.c, EntityRow.c, LevelRow.c
_MONTHLY = PeriodRule()


class OrganizationRepository(Repository):
    def all(self) -> list[Organization]:
        """Return every organization in the database, by slug: the only query that spans organizations."""
        rows = self._rows(select(OrganizationRow).order_by(_o.slug))
        return [
            Organization(
                row.org_key,
                row.slug,
                row.name,
                row.currency,
                row.time_zone,
                PeriodRule(PeriodKind(row.period_kind), row.anchor_day, row.fiscal_start_month),
            )
            for row in rows
        ]

    def levels(self, org: int) -> list[Level]:
        """Return the levels of the hierarchy, the root's first."""
        rows = self._rows(select(_l.level_code, _l.name, _l.rank).where(_l.org_key == org).order_by(_l.rank))
        return [Level(row.level_code, row.name, row.rank) for row in rows]

    def add(
        self, slug: str, name: str, currency: str, time_zone: str, now: datetime, rule: PeriodRule = _MONTHLY
    ) -> Organization:
        """Add an organization with its root entity, the default levels, and the default rules of alerts.

        There is nothing yet that these rules could find: what they see later is news.
        """
        key = self._add(
            OrganizationRow,
            {
                "slug": slug,
                "name": name,
                "currency": currency,
                "time_zone": time_zone,
                "period_kind": rule.kind,
                "anchor_day": rule.anchor_day,
                "fiscal_start_month": rule.fiscal_start_month,
                "created_at": now,
            },
        )
        organization = Organization(key, slug, name, currency, time_zone, rule)
        self.set_levels(organization, DEFAULT_LEVELS)
        self._change(
            insert(EntityRow),
            {
                "org_key": key,
                "entity_id": ROOT_ID,
                "name": name,
                "level_code": "organization",
                "path": path_of("/", ROOT_ID),
                "created_at": now,
            },
        )
        alerts = AlertRepository(self._connection)
        for default in DEFAULT_RULES:
            alerts.add_rule(key, default._replace(seeded=default.thresholds), None, "", now)
        return organization

    def rename(self, organization: Organization, name: str) -> None:
        """Rename the organization and its root."""
        key = organization.org_key
        self._change(update(OrganizationRow).where(_o.org_key == key).values(name=name))
        self._change(update(EntityRow).where(_e.org_key == key, _e.entity_id == ROOT_ID).values(name=name))

    def set_levels(self, organization: Organization, levels: Iterable[Level]) -> None:
        """Replace the organization's levels with these."""
        key = organization.org_key
        self._change(delete(LevelRow).where(_l.org_key == key))
        self._change(
            insert(LevelRow),
            [{"org_key": key, "level_code": level.code, "name": level.name, "rank": level.rank} for level in levels],
        )

    def set_period_rule(self, org: int, rule: PeriodRule, time_zone: str) -> None:
        """Set how the organization's periods recur from the next one on, and its time zone."""
        self._change(
            update(OrganizationRow)
            .where(_o.org_key == org)
            .values(
                period_kind=rule.kind,
                anchor_day=rule.anchor_day,
                fiscal_start_month=rule.fiscal_start_month,
                time_zone=time_zone,
            )
        )
