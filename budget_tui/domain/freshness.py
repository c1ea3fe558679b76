"""The reach of costs: what is entered as it happens reaches today, what is imported as far as it came."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from budget_tui.domain.period import PeriodRule


class ImportedAccount(NamedTuple):
    """A billing account of an imported source: its latest day with costs and with usage (None: it has none) by today,
    and the day on which it was ended by hand."""

    source: str
    account: str
    last_day: date
    reach: date | None
    ended_on: date | None

    def is_active(self, rule: PeriodRule, today: date) -> bool:
        """Whether more is expected of it: until it is ended, or two whole periods have passed without costs."""
        if self.ended_on is not None and self.ended_on <= today:
            return False
        return today <= rule.after(rule.after(rule.containing(self.last_day))).end


def data_through(accounts: Iterable[ImportedAccount], rule: PeriodRule, today: date) -> date:
    """The earliest reach of what is active; today where nothing imported is."""
    reaches = (each.reach for each in accounts if each.reach is not None and each.is_active(rule, today))
    return min(reaches, default=today)
