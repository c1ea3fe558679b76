"""What was used, for any number of budgets in one pass over the costs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from budget_tui.domain.actuals import Scope, Sums
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.conversion import ConvertedSpend
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_answers import LeftOut
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, counted, kind_of, scope_of, widest
from budget_tui.formatting import count, counted_as, money
from budget_tui.services.plan_usage import Usage


class Asked(NamedTuple):
    """What is to be added up: all that counts for ``scope`` in ``period``."""

    budget_type: BudgetType
    scope: Scope
    period: Period


class Actuals:
    """The actuals of everything in ``asked``, rolled up along the hierarchy."""

    def __init__(self, usage: Usage, asked: Iterable[Asked]) -> None:
        self._usage = usage
        self._sums = usage.sums
        self._span = usage.segments.span
        covered: dict[Scope, set[range]] = {}
        if usage.converted or usage.unconverted:
            for budget_type, scope, period in asked:
                if budget_type is BudgetType.MONETARY:
                    covered.setdefault(scope, set()).add(self._span(period))
        self.left_out = tuple(self._left_out(covered))
        self._converted = tuple(self._counted_as(covered))

    def of(self, budget_type: BudgetType, scope: Scope, period: Period) -> int | None:
        """What ``scope`` used in ``period``. Of tokens and seats None where nothing is known."""
        if budget_type is BudgetType.SEAT:
            return self._usage.seats(scope, period)
        known = self._sums[budget_type].of(scope, self._span(period))
        return 0 if known is None and budget_type is BudgetType.MONETARY else known

    def once(self, budget_type: BudgetType, covered: Mapping[Scope, Collection[Period]]) -> int | None:
        """What all of ``covered`` used together: a dollar that several of them count is counted once."""
        if budget_type is BudgetType.SEAT:
            peaks = [self._most_seats(scope, periods) for scope, periods in covered.items()]
            known_peaks = [peak for peak in peaks if peak is not None]
            return sum(known_peaks) if known_peaks else None
        spans = {scope: [self._span(period) for period in periods] for scope, periods in covered.items()}
        known = self._sums[budget_type].once(spans)
        return 0 if known is None and budget_type is BudgetType.MONETARY else known

    def figures(self, budget: PlannedBudget) -> Variance:
        return Variance(budget.amount, self.of(budget.budget_type, scope_of(budget), budget.period))

    def together(self, budgets: Sequence[PlannedBudget]) -> Variance:
        """``budgets`` of one type and currency against what they count together, no dollar twice."""
        return self.added_up(widest(budgets, self._usage.lineage))

    def added_up(self, counting: Sequence[PlannedBudget]) -> Variance:
        """Budgets of one type and currency, of which none contains another."""
        covered: dict[Scope, set[Period]] = {}
        for budget in counting:
            covered.setdefault(scope_of(budget), set()).add(budget.period)
        amount = sum(budget.amount for budget in counting)
        return Variance(amount, self.once(counting[0].budget_type, covered) if counting else 0)

    def totals(self, lines: Iterable[tuple[PlannedBudget, VarianceStatus | None]]) -> tuple[Totals, ...]:
        """The totals of each type and currency among ``lines``."""
        return tuple(totals for totals, _ in self.totals_and_counting(lines))

    def totals_and_counting(
        self, lines: Iterable[tuple[PlannedBudget, VarianceStatus | None]]
    ) -> list[tuple[Totals, list[PlannedBudget]]]:
        """The totals of each type and currency among ``lines``, each with the budgets that it adds up."""
        kinds: dict[tuple[BudgetType, str], list[tuple[PlannedBudget, VarianceStatus | None]]] = {}
        for budget, status in lines:
            budget_type, _, _, currency = kind_of(budget)
            kinds.setdefault((budget_type, currency), []).append((budget, status))
        answer = []
        for (budget_type, currency), found in sorted(kinds.items()):
            counting = widest([budget for budget, _ in found], self._usage.lineage)
            figures = self.added_up(counting)
            answer.append((Totals(budget_type, currency, figures, **counted(status for _, status in found)), counting))
        return answer

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(
            f"{count(spend.costs, 'cost')} in {spend.currency}: {counted_as(spend, into)}"
            for spend, into in self._converted
        ) + tuple(
            f"{count(left.costs, 'cost')} in {left.currency} ({money(left.amount, left.currency)}) left out:"
            f" there is no usable rate to {left.into}"
            for left in self.left_out
        )

    def _most_seats(self, scope: Scope, periods: Iterable[Period]) -> int | None:
        known = [peak for period in periods if (peak := self._usage.seats(scope, period)) is not None]
        return max(known) if known else None

    def _counted_as(self, wanted: Mapping[Scope, Collection[range]]) -> Iterator[tuple[ConvertedSpend, str]]:
        """What counts in ``wanted`` at a rate, and in which currency."""
        lineage = self._usage.lineage
        for currency, into, *parts in self._usage.converted:
            covered = {scope: spans for scope, spans in wanted.items() if scope.currency == into}
            amount, costs, worth = (Sums(part, lineage).once(covered) or 0 for part in parts)
            if costs:
                yield ConvertedSpend(currency, amount, costs, worth, 0), into

    def _left_out(self, wanted: Mapping[Scope, Collection[range]]) -> Iterator[LeftOut]:
        """What would count in ``wanted`` if there were a rate."""
        lineage = self._usage.lineage
        for currency, into, amounts, charges in self._usage.unconverted:
            covered = {scope: spans for scope, spans in wanted.items() if scope.currency == into}
            costs = Sums(charges, lineage).once(covered)
            if costs:
                yield LeftOut(currency, Sums(amounts, lineage).once(covered) or 0, costs, into)


def asked_by(budgets: Iterable[PlannedBudget]) -> Iterator[Asked]:
    return (Asked(budget.budget_type, scope_of(budget), budget.period) for budget in budgets)
