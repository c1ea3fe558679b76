"""Closed periods, with their figures as they stood: written once and never changed."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import case, func, insert, select

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import ClosedLine, StoredClose, StoredLine
from budget_tui.storage.repositories.base import MOST_ROWS, Repository, day_number_of, read_first, total
from budget_tui.storage.tables import (
    BudgetRow,
    CostOriginRow,
    CostRow,
    EntityRow,
    OrganizationRow,
    PeriodCloseLineRow,
    PeriodCloseRow,
)

_p, _l, _e, _b, _o, _c = (
    PeriodCloseRow.c, PeriodCloseLineRow.c, EntityRow.c, BudgetRow.c, CostOriginRow.c, CostRow.c
)  # fmt: skip


class PeriodRepository(Repository):
    def closes(self, org: int, limit: int, before: date | None = None) -> list[StoredClose]:
        """Return at most ``limit`` closed periods that started before the day ``before``, the newest first."""
        rows = self._rows(
            select(PeriodCloseRow.table, OrganizationRow.c.fiscal_start_month)
            .join(OrganizationRow, OrganizationRow.c.org_key == _p.org_key)
            .where(_p.org_key == org, _p.period_start < (before or date.max))
            .order_by(_p.period_start.desc())
            .limit(min(limit, MOST_ROWS))
        )
        return [
            StoredClose(
                row.close_key,
                Period(row.period_start, row.period_end, row.fiscal_start_month),
                row.currency,
                row.monthly_budget,
                row.allocated,
                row.spent,
                row.data_through,
                row.closed_by,
                row.closed_at,
            )
            for row in rows
        ]

    def closed_on(self, org: int, day: date) -> Period | None:
        """Return the closed period that ``day`` is in; None if it is in none."""
        return next((close.period for close in self.closes(org, 1, day + ONE_DAY) if day <= close.period.end), None)

    def lines(self, org: int, newest: date, oldest: date) -> list[StoredLine]:
        """Return the lines of the periods that started from ``oldest`` to ``newest``."""
        used = (
            select(func.coalesce(total(_b.used), 0))
            .where(
                _b.org_key == _p.org_key,
                _b.entity_key == _l.entity_key,
                _b.period_start == _p.period_start,
                _b.budget_type == BudgetType.TOKEN,
                _b.in_cycle,
            )
            .scalar_subquery()
        )
        rows = self._rows(
            select(
                _l.close_key, _e.entity_id, _e.name, _e.path, _l.unit, _l.allocation, _l.spent, _l.status,
                case((_l.unit == BudgetType.TOKEN, used), else_=0).label("used"),
            )
            .join_from(PeriodCloseRow, PeriodCloseLineRow, _l.close_key == _p.close_key)
            .join(EntityRow, _e.entity_key == _l.entity_key)
            .where(_p.org_key == org, _p.period_start.between(oldest, newest))
            .order_by(_l.close_key, _l.entity_key)
        )  # fmt: skip
        return [StoredLine(**{**row._mapping, "unit": BudgetType(row.unit)}) for row in rows]

    def spent_since(self, org: int, newest: date, oldest: date) -> dict[int, dict[str | None, int]]:
        """Return the costs as known now of the periods that started from ``oldest`` to ``newest``, by close and
        path."""
        rows = self._rows(
            select(_p.close_key, _e.path, total(_c.amount_nanos).label("spent"))
            .join_from(PeriodCloseRow, CostOriginRow, (_o.org_key == _p.org_key) & (_o.currency == _p.currency))
            .join(CostRow, _c.origin_key == read_first(_o.origin_key))
            .outerjoin(EntityRow, _e.entity_key == _o.entity_key)
            .where(
                _p.org_key == org,
                _p.period_start.between(oldest, newest),
                _c.day >= day_number_of(_p.period_start),
                _c.day <= day_number_of(_p.period_end),
            )
            .group_by(_p.close_key, _o.entity_key, _e.path)
        )
        found: dict[int, dict[str | None, int]] = {}
        for row in rows:
            found.setdefault(row.close_key, {})[row.path] = row.spent
        return found

    def close(
        self,
        org: int,
        period: Period,
        currency: str,
        monthly_budget: int,
        allocated: int,
        spent: int,
        data_through: date,
        lines: Sequence[ClosedLine],
        actor: str,
        now: datetime,
    ) -> None:
        """Archive a period's figures as they stand."""
        key = self._add(
            PeriodCloseRow,
            {
                "org_key": org,
                "period_start": period.start,
                "period_end": period.end,
                "currency": currency,
                "monthly_budget": monthly_budget,
                "allocated": allocated,
                "spent": spent,
                "data_through": data_through,
                "closed_by": actor,
                "closed_at": now,
            },
        )
        self._change(insert(PeriodCloseLineRow), [{"close_key": key, **line._asdict()} for line in lines])
