"""Organizations and the entities of their hierarchy."""

from datetime import datetime

from sqlmodel import Session

from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, ROOT_ID, Entity, path_of
from budget_tui.domain.period import PeriodRule
from budget_tui.storage.tables import EntityRow, LevelRow, OrganizationRow

_MONTHLY = PeriodRule()


class OrganizationRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, slug: str, name: str, currency: str, time_zone: str, now: datetime, rule: PeriodRule = _MONTHLY
    ) -> Organization:
        """A new organization with its root entity."""
        row = OrganizationRow(
            slug=slug,
            name=name,
            currency=currency,
            time_zone=time_zone,
            period_kind=rule.kind,
            anchor_day=rule.anchor_day,
            fiscal_start_month=rule.fiscal_start_month,
            created_at=now,
        )
        self._session.add(row)
        self._session.flush()
        assert row.org_key is not None
        self._session.add_all(
            [
                LevelRow(org_key=row.org_key, level_code=level.code, name=level.name, rank=level.rank)
                for level in DEFAULT_LEVELS
            ]
        )
        organization = Organization(row.org_key, slug, name, currency, time_zone, rule)
        self.add_entity(organization, ROOT_ID, name, "organization", None, now)
        return organization

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
        row = EntityRow(
            org_key=organization.org_key,
            entity_id=entity_id,
            name=name,
            level_code=level_code,
            parent_key=parent.entity_key if parent else None,
            path=path_of(parent.path if parent else "/", entity_id),
            created_at=now,
        )
        self._session.add(row)
        self._session.flush()
        assert row.entity_key is not None
        return Entity(row.entity_key, entity_id, name, level_code, row.path)

    def rename_entity(self, entity: Entity, name: str) -> None:
        self._entity_row(entity).name = name
        self._session.flush()

    def archive_entity(self, entity: Entity, at: datetime | None) -> None:
        """Take the entity out of the lists from ``at`` on; None brings it back."""
        self._entity_row(entity).archived_at = at
        self._session.flush()

    def _entity_row(self, entity: Entity) -> EntityRow:
        return self._session.get_one(EntityRow, entity.entity_key)
