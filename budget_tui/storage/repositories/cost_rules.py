"""The users' rules for costs: their entities, the short names of providers, and categories."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, select

from budget_tui.domain.cost import Category, MappingRule
from budget_tui.domain.records import RuleName, StoredRule
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import CostRuleRow

_r = CostRuleRow.c
_FOR_ENTITIES = (
    select(_r.field, _r.value, _r.target)
    .where(_r.org_key == bindparam("org"), _r.kind == "entity")
    .order_by(_r.rule_key.desc())
)
_TARGETS = select(_r.value, _r.target).where(_r.org_key == bindparam("org"), _r.kind == bindparam("kind"))


class CostRuleRepository(Repository):
    def for_entities(self, org: int) -> list[MappingRule]:
        """Return the user's rules for the entities of costs, the newest first."""
        rows = self._rows(_FOR_ENTITIES, org=org)
        return [MappingRule(row.field, row.value, row.target) for row in rows]

    def all(self, org: int) -> list[tuple[RuleName, str]]:
        """Return the user's rules with their targets, the oldest first."""
        rows = self._rows(select(_r.kind, _r.field, _r.value, _r.target).where(_r.org_key == org).order_by(_r.rule_key))
        return [(RuleName(row.kind, row.field, row.value), row.target) for row in rows]

    def provider_aliases(self, org: int) -> dict[str, str]:
        """Return the user's own names of providers: as exported → short name."""
        return {row.value: row.target for row in self._targets(org, "provider")}

    def category_overrides(self, org: int) -> dict[str, Category]:
        """Return the services and providers that the user put into a category."""
        return {row.value: Category(row.target) for row in self._targets(org, "category")}

    def _targets(self, org: int, kind: str) -> Sequence[Row[Any]]:
        return self._rows(_TARGETS, org=org, kind=kind)

    def get(self, org: int, name: RuleName) -> StoredRule | None:
        row = self._row(select(_r.rule_key, _r.target).where(*_called(org, name)))
        return StoredRule(row.rule_key, row.target) if row else None

    def set(
        self, org: int, name: RuleName, target: str, actor: str, now: datetime, key: int | None = None
    ) -> StoredRule:
        """Set the target of a rule and make the rule the newest; with ``key``, restore its former age."""
        self.remove(org, name)
        if key is not None and self._row(select(_r.rule_key).where(_r.rule_key == key)):
            key = None
        values = {**name._asdict(), "org_key": org, "target": target, "created_by": actor, "created_at": now}
        if key is not None:
            values["rule_key"] = key
        return StoredRule(self._add(CostRuleRow, values), target)

    def remove(self, org: int, name: RuleName) -> None:
        self._change(delete(CostRuleRow).where(*_called(org, name)))


def _called(org: int, name: RuleName) -> Sequence[ColumnElement[bool]]:
    return _r.org_key == org, _r.kind == name.kind, _r.field == name.field, _r.value == name.value
