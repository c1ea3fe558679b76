"""The effects of a close on each budget, shared by forecasts, previews and closes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain import carry
from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.budget import Budget, BudgetType, Organization
from budget_tui.domain.carry import Opening
from budget_tui.domain.hierarchy import ancestor_paths
from budget_tui.domain.period import Period
from budget_tui.domain.records import CycleBudget, CycleKey, Planned
from budget_tui.services.currency import spent_by_path
from budget_tui.services.freshness import data_through
from budget_tui.storage.session import Session

CATCH_UP_YEARS = 10
CHOSEN_YEARS = 2
"""Beyond both the clock and the last period, to which a day may be chosen to write on."""
NONE_EXPIRED: Mapping[str, int] = {}


class ClosingBudget(NamedTuple):
    """A budget whose period is closed: the amount spent, and the opening of its successor.

    ``planned`` is the budget planned for the next period; one in another currency cannot determine the opening.
    """

    budget: CycleBudget
    spent: int
    opening: Opening
    planned: Planned | None = None

    @property
    def is_planned_in_other_currency(self) -> bool:
        is_money = self.budget.budget_type is BudgetType.MONETARY  # the currency of tokens means nothing
        return is_money and self.planned is not None and self.planned.currency != self.budget.currency


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """The close of a period: its global budget and everything below it, agents' tokens too."""

    ending: Period
    following: Period
    total: ClosingBudget
    below: tuple[ClosingBudget, ...]
    spent: "PeriodSpend"
    data_through: date

    @property
    def allocated(self) -> int:
        """The total allocated to projects in the ending period, in nanos."""
        return sum(closing.budget.amount for closing in self.projects)

    @property
    def projects(self) -> list[ClosingBudget]:
        return [closing for closing in self.below if closing.budget.parent_id == self.total.budget.budget_id]


class PeriodSpend:
    """Spending in a period, by entity including everything below it, and in total; in nanos."""

    def __init__(self, by_path: Mapping[str, int], unmapped: int) -> None:
        self.total = sum(by_path.values()) + unmapped
        self._rolled: dict[str, int] = {}
        for path, amount in by_path.items():
            for ancestor in ancestor_paths(path):
                self._rolled[ancestor] = self._rolled.get(ancestor, 0) + amount

    def at(self, path: str) -> int:
        return self._rolled.get(path, 0)


class PathsAtClose:
    """The paths that entities had when a period was closed."""

    def __init__(self, session: Session, org: int) -> None:
        self._eras = session.fast.hierarchy_history(org)
        self._entities = session.fast.entities(org) if len(self._eras) > 1 else []
        self._ids = {entity.entity_key: entity.entity_id for entity in self._entities}

    def of(self, period: Period) -> Callable[[str], str]:
        """Return a function that converts a current path to the one in ``period``."""
        lineage = self._eras.of(period).lineage
        then = {
            entity.path: f"/{'/'.join(self._ids[key] for key in reversed(lineage[entity.entity_key]))}/"
            for entity in self._entities
        }
        return lambda path: then.get(path, path)


def plan_close(
    session: Session, organization: Organization, running: Budget, ending: Period, now: datetime
) -> ClosePlan:
    """Return the close of ``running``'s period, whose days are ``ending``; a manual close shortens them."""
    budgets = session.fast.cycle_budgets(organization.org_key, running.period.start)
    return _plan(session, organization, running.budget_id, budgets, ending, now)


def budgets_ahead(
    session: Session,
    organization: Organization,
    ended: Budget,
    today: date,
    now: datetime,
    expired: Mapping[str, int] = NONE_EXPIRED,
) -> list[CycleBudget]:
    """Return the budgets of ``today``'s period as they would open if all ended periods were closed now.

    ``expired`` is the amount that each budget still reserves for expired reservations.
    """
    budgets, period = session.fast.cycle_budgets(organization.org_key, ended.period.start), ended.period
    if beyond_reach(ended.period, today):
        return budgets
    budgets = [
        budget._replace(reserved=budget.reserved - expired[budget.budget_id]) if budget.budget_id in expired else budget
        for budget in budgets
    ]
    while period.end < today:
        plan = _plan(session, organization, ended.budget_id, budgets, period, now)
        budgets, period = [_opened(closing) for closing in (plan.total, *plan.below)], plan.following
    return budgets


def beyond_reach(last: Period, today: date) -> bool:
    """Return whether ``today`` is so long after the last period in use that it must be a mistake."""
    return (today - last.end).days > CATCH_UP_YEARS * 366


def _plan(
    session: Session,
    organization: Organization,
    total_id: str,
    budgets: Sequence[CycleBudget],
    ending: Period,
    now: datetime,
) -> ClosePlan:
    spent = PeriodSpend(*spent_by_path(session, organization, ending))
    held = PeriodSpend(session.fast.reserved_by_path(organization.org_key, ending, now), 0)
    following = organization.period_rule.after(ending)
    planned = session.fast.planned_for(organization.org_key, following)
    room, below = LIMIT_NANOS, []
    for budget in budgets:
        if budget.budget_id == total_id:
            total = _close_budget(budget, planned, spent.total, held.total)
        elif budget.parent_id == total_id:  # their sum must be small enough to store too
            below.append(_close_budget(budget, planned, spent.at(budget.path), held.at(budget.path), room))
            room -= below[-1].opening.amount
        else:
            used = spent.at(budget.path) if budget.budget_type is BudgetType.MONETARY else budget.used
            below.append(_close_budget(budget, planned, used, budget.reserved))
    return ClosePlan(ending, following, total, tuple(below), spent, data_through(session, organization, ending.end))


def _close_budget(
    budget: CycleBudget, planned: Mapping[CycleKey, Planned], spent: int, reserved: int, room: int = LIMIT_NANOS
) -> ClosingBudget:
    """Compute the close of one budget."""
    policy, cap, carried = budget.carry
    carried_over = carry.carried_over(carry.left(budget.base, carried, spent, reserved), policy, cap)
    closing = ClosingBudget(
        budget, spent, carry.opening(budget.base, carried_over, room), planned.get(budget.cycle_key)
    )
    if closing.planned is None or closing.is_planned_in_other_currency:
        return closing
    return closing._replace(opening=carry.opening(closing.planned.amount, carried_over, room))


def _opened(closing: ClosingBudget) -> CycleBudget:
    amount, base, carried = closing.opening
    return closing.budget._replace(
        amount=amount, base=base, used=0, reserved=0, carry=closing.budget.carry._replace(carried=carried)
    )
