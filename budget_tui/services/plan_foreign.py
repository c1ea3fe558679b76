"""Other currencies in the plan: what counts at the rate of its day, and what has none, is left out and named.

Costs count at the rate of their own day, budgets at that of the first day of their period: it stays as it is.
"""

from collections.abc import Iterable
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.currency import CurrencySum, LeftOut
from budget_tui.domain.eras import CoverageInTime
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.presentation.formatting import count, counted_as, money
from budget_tui.services.currency import converter
from budget_tui.services.plan_usage import Asked, ForeignCosts, Usage
from budget_tui.storage.queries import Queries


class Foreign(NamedTuple):
    """What some sums leave out for want of a rate, and, in words, what counts in them at one."""

    left_out: tuple[LeftOut, ...] = ()
    counted: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*map(_told, self.left_out), *self.counted)

    def together(self, other: "Foreign") -> "Foreign":
        return Foreign((*self.left_out, *other.left_out), (*self.counted, *other.counted))


def _told(left: LeftOut) -> str:
    amount = money(left.amount, left.currency)
    if left.budgets:
        what, when = f"{count(left.budgets, 'budget')} in {left.currency} ({amount})", " on the first day"
    else:
        what, when = f"{count(left.costs, 'cost')} in {left.currency} ({amount})", ""
    return f"{what} left out: there is no usable exchange rate to {left.into}{when}"


def foreign_costs(usage: Usage, asked: Iterable[Asked]) -> Foreign:
    """What costs in other currencies mean for the sums of all that is ``asked``."""
    if not usage.foreign:
        return Foreign()
    left_out: list[LeftOut] = []
    counted: list[str] = []
    for into, coverage in usage.money_of(asked).items():
        for currency, known in sorted(_counting(usage.foreign.get(into, {}), into, coverage).items()):
            if spend := known.converted(currency):
                counted.append(f"{count(spend.costs, 'cost')} in {currency}: {counted_as(spend, into)}")
            if left := known.left_out(currency, into):
                left_out.append(left)
    return Foreign(tuple(left_out), tuple(counted))


def _counting(foreign: ForeignCosts, into: str, coverage: CoverageInTime) -> dict[str, CurrencySum]:
    """By currency, what of ``foreign`` counts, or would, ``into`` another one, each cost once."""
    found: dict[str, CurrencySum] = {}
    for (category, provider), by_entity in foreign.items():
        kind = category, provider, into
        if coverage.counts(kind):
            for entity_key, sums in by_entity.items():
                segments = coverage.segments(entity_key, kind)
                for (currency, segment), known in sums.items():
                    if segments >> segment & 1:
                        found.setdefault(currency, CurrencySum()).add(known)
    return found


class InOneCurrency:
    """Budgets as they count ``into`` one currency, whatever theirs is."""

    def __init__(self, queries: Queries, org: int, budgets: Iterable[PlannedBudget], into: str) -> None:
        self._into = into
        self._worth: dict[str, tuple[int, int]] = {}  # by the budget's id: its amount, and how old the rate was
        foreign = list(filter(self._is_foreign, budgets))
        if not foreign:
            return
        days = Period(min(budget.period.start for budget in foreign), max(budget.period.start for budget in foreign))
        to_it = converter(queries, org, {budget.currency for budget in foreign}, into, days)
        for budget in foreign:
            day = budget.period.start
            factor, worth = to_it.factor(budget.currency, day), to_it.worth(budget.amount, budget.currency, day)
            if factor is not None and worth is not None:
                self._worth[budget.budget_id] = worth, (day - factor.day).days

    def counting(self, budgets: Iterable[PlannedBudget]) -> list[PlannedBudget]:
        """Those that count, as they were planned."""
        return [budget for budget in budgets if not self._is_foreign(budget) or budget.budget_id in self._worth]

    def converted(self, budgets: Iterable[PlannedBudget]) -> list[PlannedBudget]:
        """Those that count, with their amounts in the one currency."""
        return [
            budget._replace(amount=self._worth[budget.budget_id][0], currency=self._into)
            if self._is_foreign(budget)
            else budget
            for budget in self.counting(budgets)
        ]

    def foreign(self, budgets: Iterable[PlannedBudget]) -> Foreign:
        """What the currencies of ``budgets`` mean for their sum."""
        sums: dict[str, CurrencySum] = {}
        for budget in filter(self._is_foreign, budgets):
            known = self._worth.get(budget.budget_id, (None, 0))
            sums.setdefault(budget.currency, CurrencySum()).count(budget.amount, 1, *known)
        left_out: list[LeftOut] = []
        told: list[str] = []
        for currency, found in sorted(sums.items()):
            if left := found.left_out(currency, self._into):
                left_out.append(left._replace(costs=0, budgets=left.costs))
            if spend := found.converted(currency):
                told.append(f"{count(spend.costs, 'budget')} in {currency}: {counted_as(spend, self._into)}")
        return Foreign(tuple(left_out), tuple(told))

    def _is_foreign(self, budget: PlannedBudget) -> bool:
        return budget.budget_type is BudgetType.MONETARY and budget.currency != self._into
