"""Questions about organizations, the levels of their hierarchy and the tree of their entities."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import Entity, Level
from budget_tui.domain.period import PeriodKind, PeriodRule
from budget_tui.storage.asking import Asking


class HierarchyQueries(Asking):
    """The part of `Queries` that is about who there is."""

    def organization(self, slug: str) -> Organization | None:
        row = self._row(_ORGANIZATION_CALLED, slug)
        return _organization(row) if row else None

    def organizations(self) -> list[Organization]:
        """Every organization in the database, by slug; the one question that spans them."""
        return [_organization(row) for row in self._rows(f"{_ORGANIZATION} ORDER BY slug")]

    def levels(self, org: int) -> list[Level]:
        """The levels of the hierarchy, the root's first."""
        return [
            Level(*row)
            for row in self._rows("SELECT level_code, name, rank FROM level WHERE org_key = ? ORDER BY rank", org)
        ]

    def entities(self, org: int) -> list[Entity]:
        """Every entity, archived ones too, in the order they were added."""
        return [_entity(row) for row in self._rows(f"{_ENTITY} WHERE org_key = ? ORDER BY entity_key", org)]

    def entity(self, org: int, entity_id: str) -> Entity | None:
        row = self._row(f"{_ENTITY} WHERE org_key = ? AND entity_id = ?", org, entity_id)
        return _entity(row) if row else None


def below(path: str) -> tuple[str, str]:
    """The range of paths, first included and last excluded, of ``path`` and all that is below it."""
    return path, f"{path[:-1]}0"  # 0 follows the slash that every path ends in


_ORGANIZATION = (
    "SELECT org_key, slug, name, currency, time_zone, period_kind, anchor_day, fiscal_start_month FROM organization"
)
_ORGANIZATION_CALLED = f"{_ORGANIZATION} WHERE slug = ?"
_ENTITY = "SELECT entity_key, entity_id, name, level_code, path, archived_at FROM entity"


@lru_cache(maxsize=16)  # who grants tokens asks for the same one thousands of times a second
def _organization(row: tuple[Any, ...]) -> Organization:
    key, slug, name, currency, time_zone, kind, anchor, fiscal = row
    return Organization(key, slug, name, currency, time_zone, PeriodRule(PeriodKind(kind), anchor, fiscal))


def _entity(row: Sequence[Any]) -> Entity:
    key, entity_id, name, level_code, path, archived_at = row
    return Entity(key, entity_id, name, level_code, path, archived_at is not None)
