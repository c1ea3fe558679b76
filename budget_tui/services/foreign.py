"""Costs in other currencies, wherever costs are added up: the snapshot, what a project can give, closed periods.

An organization without such costs pays one look at its origins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from budget_tui.domain.budget import Organization
from budget_tui.domain.conversion import Converted, ForeignCost, converted
from budget_tui.domain.fx import Rates, pairs_between
from budget_tui.domain.pacing import BurnWindow, burn_window
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.snapshot import SnapshotFacts, Spend, added_up
from budget_tui.storage.queries import Queries


class ForeignCosts:
    """An organization's costs in other currencies on certain days, in its own where there is a rate."""

    def __init__(self, queries: Queries, organization: Organization, days: Period) -> None:
        self._queries = queries
        self._org, self._currency = organization.org_key, organization.currency
        self.currencies = queries.foreign_currencies(self._org, self._currency)
        self._costs: list[ForeignCost] = []
        self._pairs: list[tuple[str, str]] = []
        if self.currencies:
            self._pairs = pairs_between(queries.rate_pairs(self._org), self.currencies, self._currency)
            self._costs = queries.foreign_costs(self._org, self._currency, days)
        self._rates = Rates(queries.rates(self._org, self._pairs, days))

    def converted(self, period: Period, own: int) -> Converted:
        """What those of ``period`` count as beside its ``own`` costs, and what of them is left out."""
        return self._converted(period, own, inside=True)

    def before(self, period: Period) -> Converted:
        """The same of those that are not of ``period``."""
        return self._converted(period, 0, inside=False)

    def _converted(self, period: Period, own: int, *, inside: bool) -> Converted:
        start, end = period.start, period.end
        costs = [cost for cost in self._costs if (start <= cost.day <= end) is inside]
        return converted(costs, self._rates, self._currency, own)

    def first_days(self) -> dict[str | None, date]:
        """By the entity's path (None: unmapped), the first day ever with a cost that has a rate."""
        known = Rates(self._queries.first_rates(self._org, self._pairs))
        found: dict[str | None, date] = {}
        for currency in self.currencies:
            since = known.first_day(currency, self._currency)
            if since is None:
                continue
            for path, day in self._queries.first_costs(self._org, currency, since).items():
                found[path] = min(day, found.get(path, day))
        return found


def spent_by_path(queries: Queries, organization: Organization, period: Period) -> tuple[dict[str, int], int]:
    """What each entity itself spent in ``period`` in whatever currency, by its path, and what found no entity."""
    spent, unmapped = queries.spent_by_path(organization.org_key, organization.currency, period)
    found = ForeignCosts(queries, organization, period).converted(period, sum(spent.values()) + unmapped)
    for path, counted in counted_by_path(found).items():
        if path is None:
            unmapped += counted
        else:
            spent[path] = spent.get(path, 0) + counted
    return spent, unmapped


def counted_by_path(found: Converted) -> dict[str | None, int]:
    """What converted costs count as, by the path of the entity they belong to; None: unmapped."""
    sums: dict[str | None, int] = {}
    for cost, counted in found.costs:
        sums[cost.path] = sums.get(cost.path, 0) + counted
    return sums


def with_foreign(queries: Queries, facts: SnapshotFacts, today: date) -> SnapshotFacts:
    """``facts`` and what costs in other currencies add to them."""
    period, window = facts.period, burn_window(today, facts.data_through, date.min)
    days = Period(min(period.start, window.start), period.end)
    foreign = ForeignCosts(queries, facts.organization, days)
    if not foreign.currencies:
        return facts
    own = added_up([*facts.spend_by_path.values(), facts.unmapped])
    found = foreign.converted(period.through(today), own.spent)
    scheduled = Converted() if today >= period.end else foreign.converted(Period(today + ONE_DAY, period.end), 0)
    spends = _spends(found, foreign.before(period), scheduled, today, window)
    for path, first in foreign.first_days().items():
        spends[path] = spends.get(path, Spend())._replace(first_day=first)
    unmapped = spends.pop(None, Spend())
    return replace(
        facts,
        spend_by_path=_merged(facts.spend_by_path, {path: spend for path, spend in spends.items() if path is not None}),
        unmapped=added_up([facts.unmapped, unmapped]),
        unmapped_costs=facts.unmapped_costs + sum(cost.costs for cost, _ in found.costs if cost.path is None),
        daily_spend=_daily(facts.daily_spend, found),
        converted=found.spends,
        foreign=found.left_out,
    )


def _spends(
    within: Converted, before: Converted, scheduled: Converted, today: date, window: BurnWindow
) -> dict[str | None, Spend]:
    """By path, what counts of the costs within the period through today, of those before it, which only the window
    looks at, and of those that are scheduled for later in it."""
    sums: dict[str | None, list[int]] = {}
    for found, in_period in ((within, 1), (before, 0)):
        for cost, counted in found.costs:
            spent = sums.setdefault(cost.path, [0, 0, 0, 0, 0])
            spent[0] += counted * in_period
            if cost.day == today:
                spent[1] += counted
                spent[4] += counted * cost.is_once
            if window.start <= cost.day <= window.end and not cost.is_once:
                spent[2] += counted
    for path, counted in counted_by_path(scheduled).items():
        sums.setdefault(path, [0, 0, 0, 0, 0])[3] = counted
    return {
        path: Spend(spent, today_spent, burnt, None, later, once)
        for path, (spent, today_spent, burnt, later, once) in sums.items()
    }


def _merged(own: Mapping[str, Spend], foreign: Mapping[str, Spend]) -> dict[str, Spend]:
    both = {path: added_up([own[path], spend]) for path, spend in foreign.items() if path in own}
    return {**own, **foreign, **both}


def _daily(own: Iterable[tuple[date, int]], found: Converted) -> tuple[tuple[date, int], ...]:
    days = dict(own)
    for cost, counted in found.costs:
        days[cost.day] = days.get(cost.day, 0) + counted
    return tuple(sorted(days.items()))
