"""Closed periods: their archived figures, and their costs as known now."""

from collections.abc import Callable, Mapping
from datetime import date

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
from budget_tui.domain.errors import NotFound
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import StoredClose, StoredLine
from budget_tui.services.closing import PathsAtClose, PeriodSpend
from budget_tui.services.context import Context
from budget_tui.services.currency import OtherCurrencyCosts, counted_by_path
from budget_tui.storage.session import Session


class History:
    """Queries on closed periods. Never writes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def periods(self, limit: int, before: date | None = None) -> list[ClosedPeriod]:
        """Return at most ``limit`` closed periods, the newest first, that start before the day ``before``."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            return _read(session, organization, session.periods.closes(organization.org_key, limit, before))

    def period(self, start: date) -> ClosedPeriod:
        """Return the closed period that starts on ``start``; raises `NotFound`."""
        with self._context.reading() as session:
            return closed_period(session, self._context.organization(session), start)


def closed_period(session: Session, organization: Organization, start: date) -> ClosedPeriod:
    """Return the closed period that starts on ``start``; raises `NotFound`."""
    for found in _read(session, organization, session.periods.closes(organization.org_key, 1, start + ONE_DAY)):
        if found.period.start == start:
            return found
    raise NotFound(
        f"no period that started on {start} was closed",
        "the list of closed periods shows them",
        command="budget-tui period history lists them",
    )


def last_closed(session: Session, organization: Organization) -> ClosedPeriod | None:
    """Return the period that was closed last; None if none was."""
    return next(iter(_read(session, organization, session.periods.closes(organization.org_key, 1))), None)


def _read(session: Session, organization: Organization, closes: list[StoredClose]) -> list[ClosedPeriod]:
    if not closes:
        return []
    org = organization.org_key
    newest, oldest = closes[0].period.start, closes[-1].period.start
    lines: dict[int, list[StoredLine]] = {}
    for line in session.periods.lines(org, newest, oldest):
        lines.setdefault(line.close_key, []).append(line)
    now = session.periods.spent_since(org, newest, oldest)
    paths = PathsAtClose(session, org)
    others = OtherCurrencyCosts(session, organization, Period(oldest, closes[0].period.end))
    for close in closes:
        counted = now.setdefault(close.close_key, {})
        for path, amount in counted_by_path(others.converted(close.period, sum(counted.values()))).items():
            counted[path] = counted.get(path, 0) + amount
    return [
        _closed(close, lines.get(close.close_key, []), now.get(close.close_key, {}), paths.of(close.period))
        for close in closes
    ]


def _closed(
    close: StoredClose, lines: list[StoredLine], spent_now: Mapping[str | None, int], then: Callable[[str], str]
) -> ClosedPeriod:
    unmapped = spent_now.get(None, 0)
    spent = PeriodSpend({then(path): amount for path, amount in spent_now.items() if path is not None}, unmapped)
    return ClosedPeriod(
        close.period,
        close.currency,
        close.budget,
        close.allocated,
        close.spent,
        spent.total - close.spent,
        close.closed_by,
        close.closed_at,
        tuple(
            ClosedBudget(
                line.entity_id,
                line.name,
                line.unit,
                line.allocation,
                line.spent,
                Status(line.status),
                (line.used if line.unit is BudgetType.TOKEN else spent.at(then(line.path))) - line.spent,
                line.unit is BudgetType.MONETARY and not close.budget and not line.allocation,
            )
            for line in lines
        ),
        close.data_through,
    )
