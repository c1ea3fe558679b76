"""Moving allocation between two projects, or between one and the pool."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from budget_tui.domain.amount import parse_amount, within_limit
from budget_tui.domain.audit import AuditEntry, written
from budget_tui.domain.budget import Budget, check_transfer, most_transferable
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import POOL
from budget_tui.presentation.formatting import money
from budget_tui.services.budgets import project_budget, reserved_by, set_amount, spent_by, unallocated, undo_amount
from budget_tui.services.context import Context
from budget_tui.services.idempotency import run_once
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """A request for a transfer. ``giver`` and ``taker`` are project ids or ``pool``; ``amount`` is in nanos."""

    giver: str
    taker: str
    amount: int
    force: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferOutcome:
    """The result of a transfer for both sides, in nanos."""

    transfer_id: str
    giver: str
    taker: str
    amount: int
    giver_after: int
    taker_after: int
    currency: str
    forced: bool = False
    reason: str = ""


class Transfers:
    """Commands on transfers. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def transfer(self, request: TransferRequest, key: str | None = None) -> TransferOutcome:
        """Move ``amount``; repeating it with the same ``key`` changes nothing and returns the same result.

        At most what the giver has neither spent nor reserved, which `InsufficientBudget` names. ``force`` with a reason
        moves that too, but never below an allocation of 0.
        """
        _check(request)
        with self._context.work() as work:
            result = run_once(work, "transfer", key, asdict(request), lambda: asdict(move(work, request)))
            work.commit()
        return replace(TransferOutcome(**result), forced=request.force, reason=request.reason)


def move(work: Work, request: TransferRequest) -> TransferOutcome:
    """Carry out a transfer in an open transaction; see `Transfers.transfer`."""
    work.require_open_period()
    giver, available, name, which = _giver(work, request)
    taker = None if request.taker == POOL else project_budget(work, work.project(request.taker))
    shown = money(available, work.organization.currency)
    check_transfer(request.amount, available, giver=name, shown_available=shown, which=which)
    pool = unallocated(work)
    giver_after = (giver.amount if giver else pool) - request.amount
    taker_after = within_limit(taker.amount + request.amount) if taker else pool + request.amount
    transfer_id = work.unit.budgets.add_transfer(
        work.organization.org_key,
        giver,
        taker,
        request.amount,
        request.force,
        request.reason,
        work.actor,
        work.now,
    )
    facts = _facts_of(request)
    for budget, after, subject in ((giver, giver_after, request.giver), (taker, taker_after, request.taker)):
        if budget is not None:
            set_amount(work, budget, "transfer", subject, after, ({}, facts))
    return TransferOutcome(
        transfer_id,
        request.giver,
        request.taker,
        request.amount,
        giver_after,
        taker_after,
        work.organization.currency,
    )


@reverses("transfer")
def _undo_move(work: Work, lines: Lines) -> None:
    """Undo a transfer by one the other way, even of amounts spent meanwhile: it restores the previous state."""
    sides: dict[bool, Budget] = {}
    for line in lines:
        budget = project_budget(work, work.project(line.subject))
        require_same(line.subject, written(budget.amount), _amount_in(line.after))
        sides[_gained(line) > 0] = budget
    taker, giver = sides.get(False), sides.get(True)
    work.unit.budgets.add_transfer(
        work.organization.org_key,
        giver,
        taker,
        abs(_gained(lines[0])),
        True,
        f"takes back change {work.reverses}",
        work.actor,
        work.now,
    )
    for line in lines:
        undo_amount(work, project_budget(work, work.project(line.subject)), line)


def _facts_of(request: TransferRequest) -> dict[str, object]:
    """Return the facts of the whole transfer, common to both audit entries."""
    forced = {"forced": True} if request.force else {}
    reason = {"reason": request.reason} if request.reason else {}
    return {"from": request.giver, "to": request.taker, **forced, **reason}


def _gained(line: AuditEntry) -> int:
    return parse_amount(_amount_in(line.after)) - parse_amount(_amount_in(line.before))


def _amount_in(facts: dict[str, Any] | None) -> str:
    assert facts is not None
    return str(facts["amount"])


def _check(request: TransferRequest) -> None:
    if request.giver == request.taker:
        raise Refused("a transfer needs two different ends", "choose another source or target")
    if request.force and not request.reason.strip():
        raise Refused("a forced transfer needs a reason", "say why", command="say why with --reason")


def _giver(work: Work, request: TransferRequest) -> tuple[Budget | None, int, str, str]:
    """Return the giver's budget (None: the pool), the amount it can give, its name, and what limits the amount."""
    if request.giver == POOL:
        return None, max(0, unallocated(work)), "the pool", "unallocated"
    project = work.project(request.giver)
    budget = project_budget(work, project)
    if request.force:
        return budget, budget.amount, project.name, "allocated"
    reserved = reserved_by(work, project)
    which = "unspent and not held" if reserved else "unspent"
    return budget, most_transferable(budget.amount, spent_by(work, project), reserved), project.name, which
