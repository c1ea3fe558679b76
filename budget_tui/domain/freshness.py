"""The reach of costs: live sources reach today, imported ones as far as their data."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from budget_tui.domain.period import PeriodRule


class ImportedAccount(NamedTuple):
    """A billing account of an imported source.

    ``last_day`` is its latest day with costs up to today, ``reach`` that with usage (None: it has none), and
    ``ended_on`` the day on which a user ended it.
    """

    source: str
    account: str
    last_day: date
    reach: date | None
    ended_on: date | None

    def is_active(self, rule: PeriodRule, today: date) -> bool:
        """Return whether more data is expected: until it is ended, or two whole periods have passed without costs."""
        if self.ended_on is not None and self.ended_on <= today:
            return False
        return today <= rule.after(rule.after(rule.containing(self.last_day))).end


def data_through(accounts: Iterable[ImportedAccount], rule: PeriodRule, today: date) -> date:
    """Return the earliest reach of the active accounts; today if no imported account is active."""
    reaches = (each.reach for each in accounts if each.reach is not None and each.is_active(rule, today))
    return min(reaches, default=today)
