"""What is written once and never changed: the audit trail, closed periods, answers to keyed requests."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from budget_tui.domain.period import Period
from budget_tui.storage.tables import AuditRow, IdempotencyRow, PeriodCloseLineRow, PeriodCloseRow

Facts = Mapping[str, object]


class ClosedLine(NamedTuple):
    """A project's figures at the close of a period."""

    entity_key: int
    allocation: int
    spent: int
    status: str


class JournalRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def record(
        self,
        org_key: int,
        action: str,
        subject: str,
        before: Facts | None,
        after: Facts | None,
        actor: str,
        now: datetime,
    ) -> None:
        """One line of the audit trail: who did what to whom, from what to what."""
        self._session.add(
            AuditRow(
                org_key=org_key,
                at=now,
                actor=actor,
                action=action,
                subject=subject,
                before=json.dumps(before) if before is not None else None,
                after=json.dumps(after) if after is not None else None,
            )
        )
        self._session.flush()

    def close_period(
        self,
        org_key: int,
        period: Period,
        currency: str,
        monthly_budget: int,
        allocated: int,
        spent: int,
        lines: Sequence[ClosedLine],
        actor: str,
        now: datetime,
    ) -> None:
        """Archive a period's figures as they stand."""
        row = PeriodCloseRow(
            org_key=org_key,
            period_start=period.start,
            period_end=period.end,
            currency=currency,
            monthly_budget=monthly_budget,
            allocated=allocated,
            spent=spent,
            closed_by=actor,
            closed_at=now,
        )
        self._session.add(row)
        self._session.flush()
        assert row.close_key is not None
        self._session.add_all([PeriodCloseLineRow(close_key=row.close_key, **line._asdict()) for line in lines])
        self._session.flush()

    def remember(self, org_key: int, command: str, key: str, request: str, answer: str, now: datetime) -> None:
        """Keep what was answered to the request made under ``key``."""
        self._session.add(
            IdempotencyRow(org_key=org_key, command=command, key=key, request=request, answer=answer, created_at=now)
        )
        self._session.flush()
