"""Money held for work in flight: reserved until it is settled or released, or its time is up."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from budget_tui.domain.amount import within_limit
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, InsufficientBudget, Refused, unknown
from budget_tui.domain.estimates import HOLD_SOURCE
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.records import StoredHold
from budget_tui.domain.tokens import HOLD_SECONDS, check_reserved_for
from budget_tui.presentation.formatting import money
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry, enter
from budget_tui.services.idempotency import run_once
from budget_tui.services.limits import Bound, Limits, require_left
from budget_tui.services.usage import provider_named
from budget_tui.services.work import Work

_log = logging.getLogger("budget_tui.holds")


@dataclass(frozen=True, slots=True)
class Hold:
    """Money that is held for a project until ``expires_at``, in nanos of ``currency``.

    ``available`` is what could be held beside it: what is left and not held.
    """

    hold_id: str
    project_id: str
    amount: int
    expires_at: datetime
    available: int
    currency: str


@dataclass(frozen=True, slots=True)
class EndedHold:
    """A hold that is over: ``settled`` is the cost that was recorded, in nanos; None if it was released.

    With ``is_billed`` the bill for it was there already, and counts instead. ``provider`` is that of the cost, if it
    names one.
    """

    hold_id: str
    project_id: str
    amount: int
    settled: int | None
    currency: str
    is_billed: bool = False
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The full cost of what was held for, in nanos, and what it was for, as with any cost."""

    amount: int
    category: Category | None = None
    provider: str = ""


class Holds:
    """Commands on holds, each one transaction; and queries.

    Several budgets bound a hold: the project's own, and the budgets of every enforced entity above it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def hold(
        self,
        project_id: str,
        amount: int,
        seconds: int = HOLD_SECONDS,
        *,
        with_today: bool = False,
        key: str | None = None,
    ) -> Hold:
        """Hold ``amount`` for at most ``seconds``; repeating it with the same ``key`` returns the same hold.

        `InsufficientBudget` when it is more than is left and not held, or, ``with_today``, than today's share.
        """
        if amount <= 0:
            raise Refused("a hold needs a positive amount", "give one such as 2.50")
        check_reserved_for(seconds, "money cannot be held")
        request = {"project": project_id, "amount": within_limit(amount), "seconds": seconds, "today": with_today}
        with self._context.work() as work:
            try:
                result = run_once(
                    work, "hold", key, request, lambda: _hold(work, project_id, amount, seconds, with_today)
                )
            except InsufficientBudget as refused:
                _log.warning("%s: hold for %s refused: %s", work.label, project_id, refused)
                raise
            work.commit(tokens_only=not work.is_settled)
        return Hold(**result | {"expires_at": datetime.fromisoformat(result["expires_at"])})

    def settle(self, hold_id: str, settlement: Settlement) -> EndedHold:
        """Record the full cost in place of what was held, also after the hold's end; repeating it changes nothing.

        It is more or less than was held, and never refused: it was spent. It counts in the period that it was held in.
        `Conflict` if another amount was settled, or another category or provider than is given now.
        """
        if settlement.amount < 0:
            raise Refused("what was held for cannot cost less than 0", "enter a credit as a cost of its own")
        for name in ("costs", "cost_rules"):  # which would take a third of a second while everybody else waits
            import_module(f"budget_tui.storage.repositories.{name}")
        with self._context.work() as work:
            stored = _stored(work, hold_id)
            if stored.state == "settled" and stored.settled != settlement.amount:
                was = money(stored.settled or 0, work.organization.currency)
                raise Conflict(f"hold {hold_id} was settled with {was}", "enter the difference as a cost")
            if stored.state != "settled":
                _settle(work, stored, settlement)
                work.commit()
                provider = settlement.provider.strip()
            else:
                provider = _settled_provider(work, hold_id, settlement)
            currency, is_billed = work.organization.currency, work.replaced > 0
        return EndedHold(hold_id, stored.project_id, stored.amount, settlement.amount, currency, is_billed, provider)

    def release(self, hold_id: str) -> EndedHold:
        """Release what is held; repeating it changes nothing. `Conflict` if the hold was settled."""
        with self._context.work() as work:
            stored = _stored(work, hold_id)
            if stored.state == "settled":
                raise Conflict(f"hold {hold_id} is already settled", "there is nothing to release")
            if stored.state == "held":
                work.unit.grants.end_reservation(hold_id, "released")
                work.after_commit(lambda: _log.info("%s: hold %s released", work.label, hold_id))
                is_of_open_period = stored.last_day >= work.open.period.start
                work.commit(tokens_only=is_of_open_period)  # else what is left of an earlier one may be carried over
        return EndedHold(hold_id, stored.project_id, stored.amount, None, work.organization.currency)

    def open(self) -> list[StoredHold]:
        """Return the holds whose time is not up, the first to end first."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            return session.fast.open_holds(organization.org_key, self._context.clock.now())


def _hold(work: Work, project_id: str, amount: int, seconds: int, with_today: bool) -> dict[str, Any]:
    work.require_running_day()
    project = work.project(project_id)
    try:
        bound = _require_left(work, project, amount, with_today=with_today)
    except InsufficientBudget:
        work.settle()  # a hold of the last period may have ended: what it held is carried over then
        bound = _require_left(work, project, amount, with_today=with_today)
    expires_at = work.now + timedelta(seconds=seconds)
    budget_id = work.unit.fast.child_budget(work.open.budget_id, project.entity_key)
    hold_id = work.unit.grants.hold(budget_id, amount, expires_at, work.actor, work.now)
    work.after_commit(lambda: _log.info("%s: %s held for %s as %s", work.label, amount, project_id, hold_id))
    return {
        "hold_id": hold_id,
        "project_id": project_id,
        "amount": amount,
        "expires_at": expires_at.isoformat(),
        "available": bound.amount - amount,
        "currency": work.organization.currency,
    }


def _require_left(work: Work, project: Entity, amount: int, *, with_today: bool) -> Bound:
    limits = Limits(work.unit, work.organization, work.today, work.now).of(project.path)
    return require_left(limits, amount, work.organization.currency, with_today=with_today)


def _settle(work: Work, stored: StoredHold, settlement: Settlement) -> None:
    amount, day = settlement.amount, min(work.today, stored.last_day)
    if amount:
        entry = CostEntry(stored.project_id, amount, day, settlement.category, settlement.provider, source=HOLD_SOURCE)
        enter(work, [entry], stored)
        work.estimated_on.add(day)
    work.unit.grants.end_reservation(stored.hold_id, "settled", 0, amount)
    work.after_commit(lambda: _log.info("%s: hold %s settled with %s", work.label, stored.hold_id, amount))


def _settled_provider(work: Work, hold_id: str, repeated: Settlement) -> str:
    """Return the provider that a hold was settled with; `Conflict` if ``repeated`` names another, or another
    category."""
    cost = work.unit.audit.cost_settling(work.organization.org_key, hold_id)
    known = None if cost is None else work.unit.costs.origin(work.organization.org_key, cost.origin_key)
    if known is None:
        return ""
    provider = provider_named(work.unit, work.organization.org_key, repeated.provider) if repeated.provider else ""
    for what, given, was in (
        ("provider", provider.strip(), known.provider.casefold()),
        ("category", repeated.category or "", known.category),
    ):
        if given and given != was:
            settled = f"{what} {was}" if was else f"no {what}"
            raise Conflict(f"hold {hold_id} was settled with {settled}", "undo that, and settle it again")
    return known.provider


def _stored(work: Work, hold_id: str) -> StoredHold:
    found = work.unit.fast.hold(work.organization.org_key, hold_id)
    if found is None:
        raise unknown("hold", hold_id)
    return found
