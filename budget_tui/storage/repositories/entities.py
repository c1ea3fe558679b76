"""The entities of an organization's hierarchy, with their present and former places."""

from datetime import datetime

from sqlalchemy import exists, func, literal, not_, or_, select, update

from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import Entity, path_of
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import (
    AlertRuleRow,
    BudgetRow,
    CostOriginRow,
    CostRow,
    CostRuleRow,
    EntityRow,
    FormerParentRow,
    PeriodCloseRow,
    RecurringFeeRow,
    ReservationRow,
    SeatRow,
)

_b, _e, _f, _h = BudgetRow.c, EntityRow.c, RecurringFeeRow.c, ReservationRow.c
_o, _p, _r = CostOriginRow.c, PeriodCloseRow.c, CostRuleRow.c


class EntityRepository(Repository):
    def uses(self, org: int, entity: Entity, own_budget: str, now: datetime) -> list[str]:
        """Return what has been entered for the entity itself: ``costs`` by hand or by its agents, ``budgets`` beside
        its own, ``holds``, ``fees`` that recur, ``seats``, ``alerts`` and ``rules`` that map costs."""
        key = entity.entity_key
        of_budgets = select(_b.budget_id).where(_b.entity_key == key)
        found = {
            "costs": exists().where(
                _o.entity_key == key, _o.live, _o.entity_hint != "", CostRow.c.origin_key == _o.origin_key
            ),
            "budgets": exists().where(
                _b.entity_key == key,
                _b.is_active,
                or_(not_(_b.in_cycle), _b.amount > 0),
                _b.budget_id != own_budget,
            ),
            "holds": exists().where(_h.budget_id.in_(of_budgets), _h.state == "held", _h.expires_at > now),
            "fees": exists().where(_f.entity_key == key, _f.ended_on.is_(None)),
            "seats": exists().where(SeatRow.c.entity_key == key),
            "alerts": exists().where(AlertRuleRow.c.entity_key == key),
            "rules": exists().where(_r.org_key == org, _r.kind == "entity", _r.target == entity.entity_id),
        }
        [row] = self._rows(select(*(condition.label(name) for name, condition in found.items())))
        return [name for name, is_there in row._mapping.items() if is_there]

    def add(
        self,
        organization: Organization,
        entity_id: str,
        name: str,
        level_code: str,
        parent: Entity,
        now: datetime,
    ) -> Entity:
        """Add an entity below ``parent``; one whose addition was undone keeps its key, and nothing else."""
        path = path_of(parent.path, entity_id)
        entity = {
            "name": name,
            "level_code": level_code,
            "parent_key": parent.entity_key,
            "path": path,
            "created_at": now,
        }
        undone = (_e.org_key == organization.org_key, _e.entity_id == entity_id, _e.is_undone)
        key = self._value(select(_e.entity_key).where(*undone))
        if key is None:
            key = self._add(EntityRow, {"org_key": organization.org_key, "entity_id": entity_id, **entity})
        else:
            since = {"archived_at": None, "enforced": False, "is_undone": False}
            self._change(update(EntityRow).where(_e.entity_key == key).values(**entity, **since))
        return Entity(key, entity_id, name, level_code, path)

    def undo_addition(self, entity: Entity) -> None:
        """Let an archived entity not exist: nothing finds it until it is added again."""
        self._change(update(EntityRow).where(_e.entity_key == entity.entity_key).values(is_undone=True))

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
