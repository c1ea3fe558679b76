"""The limits of money along an entity's path, shared by holds, gates and enforced agents. Loads no SQLAlchemy."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.currency import converted
from budget_tui.domain.errors import InsufficientBudget, Refused
from budget_tui.domain.hierarchy import ROOT_ID, Entity, ancestor_paths, segments
from budget_tui.domain.period import Period
from budget_tui.domain.records import MoneyBudget
from budget_tui.domain.snapshot import SnapshotFacts, Spend, added_up, pace_of, rolled_up
from budget_tui.presentation.formatting import money
from budget_tui.services.currency import converter
from budget_tui.services.snapshots import load_facts
from budget_tui.storage.session import Session


class Limit(NamedTuple):
    """What one budget leaves of its period, and of today's share; ``name`` is that of the entity it belongs to.

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
    """The limits of money in one transaction, on one day."""

    def __init__(self, session: Session, organization: Organization, today: date, now: datetime) -> None:
        self._session, self._organization, self._today = session, organization, today
        self._facts = load_facts(session, organization, today, now)
        self._rolled = rolled_up(self._facts.spend_by_path)

    @property
    def data_through(self) -> date:
        return self._facts.data_through

    def of(self, path: str, category: Category = Category.TOTAL, provider: str = "") -> list[Limit]:
        """Return the limits of what an entity uses: of the nearest budget on its path, and of all enforced ones.

        ``category`` and ``provider`` are those of what is used, if known: budgets of other ones are no limit.
        """
        found: list[Limit] = []
        is_bounded = False  # by more than an agent's own budget
        for each in ancestor_paths(path):
            entity = self._session.fast.entity(self._organization.org_key, segments(each)[-1])
            if entity is not None and (entity.enforced or not is_bounded):
                limits = [*self._of_entity(entity, category, provider)]
                is_bounded = is_bounded or (bool(limits) and entity.level_code != "agent")
                found += limits
        return found

    def _of_entity(self, entity: Entity, category: Category, provider: str) -> Iterator[Limit]:
        """Yield the limits of the budgets of one entity."""
        total = _in_cycle(self._facts, entity)
        if total is not None:
            yield self._limit(entity, total, self._spend(entity), self._facts.period)
        for budget in self._session.fast.money_budgets(entity.entity_key, self._today):
            is_shown = total is not None and budget.in_cycle and budget.category == Category.TOTAL
            if not is_shown and budget.category in (Category.TOTAL, category) and budget.provider in ("", provider):
                yield self._limit(entity, self._worth(budget), self._spent(entity, budget), budget.period)

    def _limit(self, entity: Entity, amount: int, spend: Spend, period: Period) -> Limit:
        pace = pace_of(amount, spend, period, self._today, self._facts.data_through)
        return Limit(
            self._organization.name if entity.entity_id == ROOT_ID else entity.name, pace.free, pace.available_today
        )

    def _spend(self, entity: Entity) -> Spend:
        """Return what an entity and all below it used in the current period."""
        if entity.entity_id == ROOT_ID:
            return added_up([*self._facts.spend_by_path.values(), self._facts.unmapped])
        return self._rolled.get(entity.path, Spend())

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

    def _spent(self, entity: Entity, budget: MoneyBudget) -> Spend:
        """Return what counts in a budget with dates, a category or a provider of its own."""
        own, so_far = self._organization.currency, budget.period.through(self._today)
        costs = self._session.fast.costs_below(self._organization.org_key, entity.path, budget, so_far)
        currencies = {cost.currency for cost in costs}
        rates = converter(self._session, self._organization.org_key, currencies, own, so_far)
        own_sum = sum(cost.amount for cost in costs if cost.currency == own)
        others = converted([cost for cost in costs if cost.currency != own], rates, own_sum).costs
        worth = [(cost.day, cost.amount) for cost in costs if cost.currency == own]
        worth += [(cost.day, counted) for cost, counted in others]
        return Spend(
            sum(amount for _, amount in worth),
            sum(amount for day, amount in worth if day == self._today),
            reserved=self._spend(entity).reserved,
        )


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


def _in_cycle(facts: SnapshotFacts, entity: Entity) -> int | None:
    """Return what the snapshot allocates to the organization or a project; None for another entity."""
    if entity.entity_id == ROOT_ID:
        return facts.monthly_budget
    return next((project.allocation for project in facts.projects if project.project_id == entity.entity_id), None)
