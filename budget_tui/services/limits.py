"""The limits of money along an entity's path, shared by holds, gates and enforced agents. Loads no SQLAlchemy."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.budget import MoneyBudget, Organization
from budget_tui.domain.cost import Category, is_total
from budget_tui.domain.currency import converted
from budget_tui.domain.errors import InsufficientBudget, Refused
from budget_tui.domain.hierarchy import ROOT_ID, Entity, ancestor_paths, segments
from budget_tui.domain.pacing import available_today
from budget_tui.domain.period import Period
from budget_tui.presentation.formatting import money
from budget_tui.services.currency import converter
from budget_tui.services.snapshots import load_facts
from budget_tui.storage.session import Session


class Limit(NamedTuple):
    """The amounts that one budget leaves for its period and for today; ``name`` is that of the entity it belongs to.

    Both are without what is reserved, and negative when more was used.
    """

    name: str
    left: int
    left_today: int


class Bound(NamedTuple):
    """The amount that may be held or spent, 0 at least, and what bounds it: the ``name`` of a budget's entity, in its
    period or ``is_today``."""

    amount: int
    name: str
    is_today: bool


def bound_of(limits: Sequence[Limit], *, with_today: bool) -> Bound:
    """Return the tightest of ``limits``, of which there is at least one; today's shares count ``with_today``."""
    bounds = [Bound(max(0, limit.left), limit.name, False) for limit in limits]
    if with_today:
        bounds += [Bound(max(0, limit.left_today), limit.name, True) for limit in limits]
    return min(bounds, key=lambda bound: bound.amount)


class Limits:
    """The limits of money in one transaction, on one day.

    Only what lies on a path is read: of thousands of projects a gate concerns one.
    """

    def __init__(self, session: Session, organization: Organization, today: date, now: datetime) -> None:
        self._session, self._organization, self._today = session, organization, today
        opened = session.fast.global_budget(organization.org_key, today)
        self._ahead: Mapping[str, int] | None = None
        if opened is not None and opened.period.contains(today):
            self._period = opened.period
        else:  # nobody has opened the period yet
            facts = load_facts(session, organization, today, now)
            self._period = facts.period
            self._ahead = {
                ROOT_ID: facts.monthly_budget,
                **{project.project_id: project.allocation for project in facts.projects},
            }
        self._reserved = session.fast.reserved_by_path(organization.org_key, self._period, now)

    def of(self, path: str, category: Category = Category.TOTAL, provider: str = "") -> list[Limit]:
        """Return the limits of what an entity uses: of the nearest budget on its path, and of all enforced ones.

        ``category`` and ``provider`` are those of what is used, if known: budgets of other ones are no limit.
        """
        found: list[Limit] = []
        is_bounded = False  # by more than an agent's own budget
        for each in ancestor_paths(path):
            entity = self._session.fast.entity(self._organization.org_key, segments(each)[-1])
            if entity is not None and (entity.enforced or not is_bounded):
                limits = [self._limit(entity, budget) for budget in self._budgets(entity, category, provider)]
                is_bounded = is_bounded or (bool(limits) and entity.level_code != "agent")
                found += limits
        return found

    def _budgets(self, entity: Entity, category: Category, provider: str) -> Iterator[MoneyBudget]:
        """Yield the budgets of an entity that bound it; the organization and projects have a total, maybe of 0."""
        total = 0 if entity.level_code in ("organization", "project") else None
        if self._ahead is not None:
            total = self._ahead.get(entity.entity_id, total)
        for budget in self._session.fast.money_budgets(entity.entity_key, self._today):
            if budget.category in (Category.TOTAL, category) and budget.provider in ("", provider):
                total = None if is_total(budget.category, budget.provider) and budget.in_cycle else total
                yield budget
        if total is not None:
            yield MoneyBudget(Category.TOTAL, "", total, self._organization.currency, self._period, in_cycle=True)

    def _limit(self, entity: Entity, budget: MoneyBudget) -> Limit:
        spent, spent_today = self._spent(entity, budget)
        reserved = sum(amount for path, amount in self._reserved.items() if path.startswith(entity.path))
        remaining = self._worth(budget) - spent
        today = available_today(remaining, spent_today, budget.period, self._today, reserved)
        name = self._organization.name if entity.entity_id == ROOT_ID else entity.name
        return Limit(name, remaining - reserved, today)

    def _worth(self, budget: MoneyBudget) -> int:
        """Return a budget's amount in the organization's currency; `Refused` without a rate."""
        org, own = self._organization.org_key, self._organization.currency
        if budget.currency == own:
            return budget.amount
        rates = converter(self._session, org, [budget.currency], own, Period(self._today, self._today))
        worth = rates.worth(budget.amount, budget.currency, self._today)
        if worth is None:
            raise Refused(
                f"there is no rate from {budget.currency} to {own}", "add one", command="budget-tui fx set adds one"
            )
        return worth

    def _spent(self, entity: Entity, budget: MoneyBudget) -> tuple[int, int]:
        """Return what was spent of a budget by now, and today, in the organization's currency."""
        own, so_far = self._organization.currency, budget.period.through(self._today)
        costs = self._session.fast.costs_below(self._organization.org_key, entity.path, budget, so_far, own)
        others = [cost for cost in costs if cost.currency != own]
        worth = [(cost.day, cost.amount) for cost in costs if cost.currency == own]
        if others:
            currencies = {cost.currency for cost in others}
            rates = converter(self._session, self._organization.org_key, currencies, own, so_far)
            found = converted(others, rates, sum(amount for _, amount in worth))
            worth += [(cost.day, counted) for cost, counted in found.costs]
        return sum(amount for _, amount in worth), sum(amount for day, amount in worth if day == self._today)


def require_left(limits: list[Limit], amount: int, currency: str, *, with_today: bool = False) -> Bound:
    """Return what bounds ``amount``; `InsufficientBudget` with what is available when it is more."""
    bound = bound_of(limits, with_today=with_today)
    if amount > bound.amount:
        raise InsufficientBudget(shortage(bound, currency), "take at most that", available=bound.amount)
    return bound


def shortage(bound: Bound, currency: str) -> str:
    """Say what bounds an amount."""
    what = "available today" if bound.is_today else "left and not held"
    return f"{money(bound.amount, currency)} is all that {bound.name} has {what}"
