"""Sources of costs: how far the data of each reaches, and which have ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from budget_tui.domain.delivery import folded_account
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.period import parse_day
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class Source:
    """A source of costs, or one of its billing accounts.

    It has its latest day with costs, the day its data reaches (None without usage), and the day it was ended by hand.
    More costs are expected while it ``is_active``. ``paid`` is what a source would have cost that a plan with a flat
    fee pays for, in nanos by currency; None for others.
    """

    name: str
    account: str
    is_live: bool
    last_day: date
    reach: date | None
    ended_on: date | None
    is_active: bool
    paid: Mapping[str, int] | None = None


class Sources:
    """Commands on sources, each one transaction; and queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self) -> list[Source]:
        """Return every source with costs by today, by name; imported ones per billing account."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            org, rule = organization.org_key, organization.period_rule
            today = self._context.clock.today(organization.time_zone)
            flat_fees, paid = session.costs.flat_fees(org), session.estimates.paid(org)
            live = [
                Source(name, "", True, last, today, None, True, paid.get(name, {}) if name in flat_fees else None)
                for name, last in session.costs.live_sources(org, today)
            ]
            imported = [
                Source(
                    each.source,
                    each.account,
                    False,
                    each.last_day,
                    each.reach,
                    each.ended_on,
                    each.is_active(rule, today),
                )
                for each in session.fast.imported_accounts(org, today)
            ]
        return sorted([*live, *imported], key=lambda each: (each.name, each.account))

    def end(self, name: str, account: str = "") -> None:
        """Expect no more costs from an imported source, or from one of its billing accounts, from today on."""
        with self._context.work() as work:
            known = work.unit.fast.imported_accounts(work.organization.org_key, work.today)
            of_name = [each for each in known if each.source == name]
            if not of_name:
                raise NotFound(
                    f"nothing was imported from '{name}'",
                    "the list of sources shows them",
                    command="budget-tui cost source list shows them",
                )
            if account:
                found = [each.account for each in of_name if folded_account(each.account) == folded_account(account)]
                if not found:
                    accounts = ", ".join(each.account or "(none)" for each in of_name)
                    raise NotFound(f"'{name}' has no billing account '{account}'", f"it has {accounts}")
                account = found[0]
            if work.unit.costs.ended_on(work.organization.org_key, name, account) is not None:
                raise Refused(f"{_called(name, account)} is already ended", "no more costs are expected of it")
            _set(work, name, account, work.today)
            work.commit()

    def replace_always(self, name: str, always: bool) -> None:
        """Let imports of a source replace its own cells without being refused; or apply the usual rules again.

        This is for unattended jobs. The name need not have costs yet.
        """
        name = checked_name(name)
        with self._context.work() as work:
            if work.unit.costs.replaces_always(work.organization.org_key, name) == always:
                raise Refused(f"{name} {'replaces always' if always else 'asks'} already", "nothing was changed")
            _set_replacing(work, name, always)
            work.commit()


def _set_replacing(work: Work, name: str, always: bool) -> None:
    before = work.unit.costs.replaces_always(work.organization.org_key, name)
    work.unit.costs.set_replaces_always(work.organization.org_key, name, always)
    work.record("source.replace", name, {"always": before}, {"always": always})


@reverses("source.replace")
def _undo_replacing(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        before, after = line.before or {}, line.after or {}
        stored = work.unit.costs.replaces_always(work.organization.org_key, line.subject)
        require_same(f"the replacing of {line.subject}", stored, after["always"])
        _set_replacing(work, line.subject, before["always"])


def _called(name: str, account: str) -> str:
    return f"{name} {account}".strip()


def _set(work: Work, name: str, account: str, ended_on: date | None) -> None:
    before = work.unit.costs.ended_on(work.organization.org_key, name, account)
    work.unit.costs.set_ended(work.organization.org_key, name, account, ended_on)
    facts = (
        {"source": name, "account": account, "ended_on": day.isoformat() if day else None} for day in (before, ended_on)
    )
    work.record("source.end", _called(name, account), *facts)


@reverses("source.end")
def _undo_end(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        before, after = line.before or {}, line.after or {}
        stored = work.unit.costs.ended_on(work.organization.org_key, after["source"], after["account"])
        require_same(f"the end of {line.subject}", stored.isoformat() if stored else None, after["ended_on"])
        day = before["ended_on"]
        _set(work, after["source"], after["account"], parse_day(day) if day else None)
