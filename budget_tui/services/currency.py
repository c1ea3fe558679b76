"""Costs in other currencies, wherever costs are added up: the snapshot, transfers, closed periods, the plan.

An organization without such costs only pays for one look at its origins.
"""

from collections.abc import Collection
from datetime import date

from budget_tui.domain.budget import Organization
from budget_tui.domain.currency import Converted, Converter, Rates, converted, pairs_between
from budget_tui.domain.period import Period
from budget_tui.storage.session import Session


def converter(session: Session, org: int, currencies: Collection[str], into: str, days: Period) -> Converter:
    """Return a converter of amounts on ``days`` from ``currencies`` into another one, by the stored rates."""
    return converters(session, org, currencies, [into], days)[into]


def converters(
    session: Session, org: int, currencies: Collection[str], targets: Collection[str], days: Period
) -> dict[str, Converter]:
    """Return a converter for each of the ``targets``; see `converter`."""
    to_convert = {into: set(currencies) - {into} for into in targets}
    known = session.fast.rate_pairs(org) if any(to_convert.values()) else []
    pairs = {pair for into, others in to_convert.items() for pair in pairs_between(known, others, into)}
    rates = Rates(session.fast.rates(org, sorted(pairs), days))
    return {into: Converter(rates, into) for into in targets}


class OtherCurrencyCosts:
    """An organization's costs in other currencies on certain days, converted into its own where there is a rate."""

    def __init__(self, session: Session, organization: Organization, days: Period) -> None:
        self._session = session
        self._org, self._currency = organization.org_key, organization.currency
        self.currencies = session.fast.other_currencies(self._org, self._currency)
        self._costs = session.fast.costs_in_other_currencies(self._org, self._currency, days) if self.currencies else []
        self._converter = converter(session, self._org, self.currencies, self._currency, days)

    def converted(self, period: Period, own: int) -> Converted:
        """Convert the costs in ``period``, to be added to its ``own`` costs; the result includes those left out."""
        return self._converted(period, own, inside=True)

    def before(self, period: Period) -> Converted:
        """Convert the costs outside ``period``."""
        return self._converted(period, 0, inside=False)

    def _converted(self, period: Period, own: int, *, inside: bool) -> Converted:
        start, end = period.start, period.end
        costs = [cost for cost in self._costs if (start <= cost.day <= end) is inside]
        return converted(costs, self._converter, own)

    def first_days(self) -> dict[str | None, date]:
        """Return the first day ever with a convertible cost, by the entity's path (None: unmapped)."""
        pairs = pairs_between(self._session.fast.rate_pairs(self._org), self.currencies, self._currency)
        known = Rates(self._session.fast.first_rates(self._org, pairs))
        found: dict[str | None, date] = {}
        for currency in self.currencies:
            since = known.first_day(currency, self._currency)
            if since is None:
                continue
            for path, day in self._session.fast.first_costs(self._org, currency, since).items():
                found[path] = min(day, found.get(path, day))
        return found


def spent_by_path(session: Session, organization: Organization, period: Period) -> tuple[dict[str, int], int]:
    """Return the spending of each entity itself in ``period``, in all currencies, by path; and the unmapped rest."""
    spent, unmapped = session.fast.spent_by_path(organization.org_key, organization.currency, period)
    found = OtherCurrencyCosts(session, organization, period).converted(period, sum(spent.values()) + unmapped)
    for path, counted in counted_by_path(found).items():
        if path is None:
            unmapped += counted
        else:
            spent[path] = spent.get(path, 0) + counted
    return spent, unmapped


def counted_by_path(found: Converted) -> dict[str | None, int]:
    """Return the sums of converted costs by the path of their entity; None: unmapped."""
    sums: dict[str | None, int] = {}
    for cost, counted in found.costs:
        sums[cost.path] = sums.get(cost.path, 0) + counted
    return sums
