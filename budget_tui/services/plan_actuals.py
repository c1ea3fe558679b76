"""What was used, for any number of budgets in one pass over the costs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from budget_tui.domain.actuals import Counting as CountingAt
from budget_tui.domain.actuals import Scope, bits_of
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.containment import Containment, Placed
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.domain.seats import most_on_one_day
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, counted, covered_by, measured_in, scope_of
from budget_tui.services.plan_seats import Covered
from budget_tui.services.plan_usage import Usage


class Counting(NamedTuple):
    """Budgets of one type and currency, of which none contains another, and what they used together in each segment
    that something is known of: of money or tokens, each once. What is known of seats is not by segment."""

    budgets: Sequence[PlannedBudget]
    used: Mapping[int, int]


class Used(NamedTuple):
    """What was used of a whole, and of what is covered of it."""

    whole: int | None
    covered: int | None


class Actuals:
    """The actuals of whatever is asked for, rolled up along the hierarchy."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._sums = usage.sums
        self._span = usage.segments.span

    def of(self, budget_type: BudgetType, scope: Scope, period: Period) -> int | None:
        """What ``scope`` used in ``period``. Of tokens and seats None where nothing is known."""
        if budget_type is BudgetType.SEAT:
            return self._usage.seats({scope: [period]})
        known = self._sums[budget_type].of(scope, self._span(period))
        return 0 if known is None and budget_type is BudgetType.MONETARY else known

    def once(self, budget_type: BudgetType, covered: Mapping[Scope, Collection[Period]]) -> int | None:
        """What all of ``covered`` used together: what several of them count is counted once."""
        if budget_type is BudgetType.SEAT:
            return self._usage.seats(covered)
        known = self._sums[budget_type].once(self._spans(covered))
        return 0 if known is None and budget_type is BudgetType.MONETARY else known

    def beside(self, budget_type: BudgetType, whole: Covered, covered: Covered, known: Used) -> int | None:
        """What was used of ``whole`` and counts for none of ``covered``, which is all in it; None where nothing is
        known. What both of them used is ``known``, and their difference is it, but of seats: they are a maximum, and
        not of the same day."""
        if known.whole is None:
            return None
        if budget_type is BudgetType.SEAT:
            return self._usage.seats(whole, covered) or 0
        return known.whole - (known.covered or 0)

    def month_by_month(self, months: Iterable[Period], counting: Counting) -> Iterator[tuple[Period, int | None]]:
        """What they used together in each of ``months`` that they run in."""
        budget_type = counting.budgets[0].budget_type
        periods = {budget.period for budget in counting.budgets}
        for month in months:
            if not any(month.start <= period.end and period.start <= month.end for period in periods):
                continue
            if budget_type is BudgetType.SEAT:
                yield month, self.once(budget_type, _within(month, covered_by(counting.budgets)))
            else:
                known = [counting.used[segment] for segment in self._span(month) if segment in counting.used]
                yield month, sum(known) if known or budget_type is BudgetType.MONETARY else None

    def figures(self, budget: PlannedBudget) -> Variance:
        return Variance(budget.amount, self.of(budget.budget_type, scope_of(budget), budget.period))

    def line(self, budget: PlannedBudget) -> BudgetLine:
        figures = self.figures(budget)
        return BudgetLine(budget, figures, figures.status)

    def widest(self, budgets: Sequence[PlannedBudget]) -> Counting:
        """Those of ``budgets``, of one type and currency, that no other of them contains, with what they used."""
        widest = Containment(budgets, self._usage.eras).widest({budget.budget_id for budget in budgets})
        return self.counting([budget for budget in budgets if budget.budget_id in widest], widest)

    def counting(self, budgets: Sequence[PlannedBudget], placed: Mapping[str, Placed]) -> Counting:
        """Budgets of one type and currency, of which none contains another, with what they used."""
        budget_type = budgets[0].budget_type
        if budget_type is BudgetType.SEAT:
            return Counting(budgets, {})
        at: CountingAt = {}
        for budget in budgets:
            _, _, (key, *_), extent = placed[budget.budget_id]
            of_entity = at.setdefault(key, {})
            of_entity[extent.counts] = of_entity.get(extent.counts, 0) | bits_of([self._span(extent.period)])
        return Counting(budgets, self._sums[budget_type].counted(at))

    def added_up(self, counting: Counting) -> Variance:
        """What they plan and use together."""
        budgets, used = counting
        budget_type = budgets[0].budget_type
        if budget_type is BudgetType.SEAT:  # the same seats month by month are not more seats
            planned = most_on_one_day((budget.period, budget.amount) for budget in budgets)
            return Variance(planned, self.once(budget_type, covered_by(budgets)))
        amount = sum(budget.amount for budget in budgets)
        return Variance(amount, sum(used.values()) if used or budget_type is BudgetType.MONETARY else None)

    def totals(self, lines: Sequence[BudgetLine], containment: Containment) -> list[tuple[Totals, Counting]]:
        """The totals of each type and currency among ``lines``, each with what it adds up."""
        widest = containment.widest({line.budget.budget_id for line in lines})
        found: dict[tuple[BudgetType, str], tuple[list[VarianceStatus | None], list[PlannedBudget]]] = {}
        for line in lines:
            statuses, budgets = found.setdefault(measured_in(line.budget), ([], []))
            statuses.append(line.status)
            if line.budget.budget_id in widest:
                budgets.append(line.budget)
        answer = []
        for (budget_type, currency), (statuses, budgets) in sorted(found.items()):
            counting = self.counting(budgets, widest)
            answer.append((Totals(budget_type, currency, self.added_up(counting), **counted(statuses)), counting))
        return answer

    def _spans(self, covered: Mapping[Scope, Iterable[Period]]) -> dict[Scope, list[range]]:
        return {scope: [self._span(period) for period in periods] for scope, periods in covered.items()}


def _within(month: Period, covered: Mapping[Scope, Iterable[Period]]) -> dict[Scope, list[Period]]:
    """The part of ``covered`` that falls into ``month``."""
    return {
        scope: [
            Period(max(month.start, period.start), min(month.end, period.end))
            for period in periods
            if period.start <= month.end and month.start <= period.end
        ]
        for scope, periods in covered.items()
    }
