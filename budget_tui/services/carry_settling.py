"""What was carried over, settled again when more becomes known of the period that it came from.

It reaches one period onward, into the one that is open: what a closed one handed on stays.
"""

from collections.abc import Iterator
from datetime import date

from budget_tui.domain import carry
from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import CarryPolicy, Opening, SettledCarry
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import CycleBudget
from budget_tui.services.agent_tokens import free_expired_holds
from budget_tui.services.closing import Spent
from budget_tui.services.context import Work
from budget_tui.services.currency import spent_by_path
from budget_tui.services.history import PathsThen

SETTLED_BY = "budget-tui"
"""Who is said to have done it: it follows from what somebody else did, and is taken back with that."""


def settle_carry(work: Work) -> None:
    """Make what the open period received what the period before hands on by what is known now."""
    org = work.organization.org_key
    closed, latest = work.unit.fast.last_close(org), work.unit.fast.global_budget(org, date.max)
    if closed is None or latest is None or latest.period.start != closed.end + ONE_DAY:
        return
    if not work.unit.budgets.carries_over(org, closed.start):
        return
    free_expired_holds(work)
    successors = {budget.turn_key: budget for budget in work.unit.fast.cycle_budgets(org, latest.period.start)}
    allocated = work.unit.fast.allocated(latest.budget_id)
    for ended, spent in _ended(work, closed):
        successor = successors.get(ended.turn_key)
        if successor is None:
            continue
        is_child = successor.parent_id == latest.budget_id  # together they are no more than can be stored
        room = LIMIT_NANOS - (allocated - successor.amount if is_child else 0)
        changed = _settle(work, successor, _handed_on(ended, spent), room)
        allocated += changed if is_child else 0


def _ended(work: Work, closed: Period) -> Iterator[tuple[CycleBudget, int]]:
    """The budgets of the closed period that hand something on, with what is known to be spent of them by now."""
    org = work.organization.org_key
    by_path, unmapped = spent_by_path(work.unit, work.organization, closed)
    then = PathsThen(work.unit, org).of(closed)
    spent = Spent({then(path): amount for path, amount in by_path.items()}, unmapped)
    for budget in work.unit.fast.cycle_budgets(org, closed.start):
        if budget.carry.policy is CarryPolicy.NONE:
            continue
        if budget.budget_type is not BudgetType.MONETARY:
            yield budget, budget.used + budget.reserved
        else:
            yield budget, spent.total if budget.entity_id == ROOT_ID else spent.at(then(budget.path))


def _handed_on(ended: CycleBudget, spent: int) -> int:
    policy, cap, carried = ended.carry
    return carry.handed_on(carry.left(ended.base, carried, spent), policy, cap)


def _settle(work: Work, successor: CycleBudget, handed_on: int, room: int) -> int:
    """Returns by how much the amount changed, which is ``room`` at most."""
    carried = max(-LIMIT_NANOS, min(handed_on, room - successor.base))
    if carried == successor.carry.carried:
        return 0
    amount = max(successor.used + successor.reserved, successor.base + carried, 0)
    work.unit.budgets.settle(successor.budget_id, Opening(amount, successor.base, carried), SETTLED_BY, work.now)
    subject = "global" if successor.entity_id == ROOT_ID else successor.entity_id
    is_tokens = successor.budget_type is not BudgetType.MONETARY
    work.record_carry_settled(SettledCarry(subject, successor.carry.carried, carried, is_tokens), SETTLED_BY)
    return amount - successor.amount
