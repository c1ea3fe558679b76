"""The write transaction of a command: its data, its audit entries, its commit."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple

from budget_tui.domain.audit import without_consequences, written
from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.carry import SettledCarry
from budget_tui.domain.errors import Refused, archived_above, unknown
from budget_tui.domain.hierarchy import Entity, archived_error, checked_project
from budget_tui.domain.period import Period
from budget_tui.domain.records import AgentFact
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.audit import difference
from budget_tui.presentation.formatting import long_day, period_name
from budget_tui.services.clock import zone
from budget_tui.storage.unit_of_work import UnitOfWork

_BESIDE_COSTS = frozenset("agent alert allocation budget carry key period plan price seat transfer".split())
"""The kinds of changes that leave imported costs as they are: their days, owners, vendors and worth."""
CarrySettled = Callable[[SettledCarry, str], None]
"""Called with what was settled, and the currency."""
ClosedEarly = Callable[[Sequence[Period]], None]
"""Called with the periods that a command for a future day closed before they ended, in their order."""


def _log(
    label: str,
    action: str,
    subject: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
) -> None:
    logger = logging.getLogger("budget_tui.changes")
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s: %s %s %s", label, action, subject, difference(before, after))


class Tariff(NamedTuple):
    """Today's price of a million tokens of each kind, and the key of the cost's origin; None before the first cost."""

    prices: Mapping[TokenKind, int]
    origin: int | None


class TransactionCache(NamedTuple):
    """Results of a transaction's look-ups, for the next one to reuse while they are valid."""

    organization: Organization
    today: date
    open: Budget
    agents: dict[str, AgentFact]
    tariffs: dict[tuple[int, str], Tariff]
    enforced: tuple[str, ...] | None
    is_closed: bool | None


@dataclass(slots=True)
class _Entry:
    """An entry of the audit log that is still to be written."""

    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    reverses: int | None
    is_separate: bool = False

    @property
    def facts(self) -> dict[str, Any] | None:
        return self.after if self.after is not None else self.before


class Work:
    """An open write transaction. ``open`` is the global budget of today's period.

    ``agents`` are those looked up so far; only their token counts may be outdated. ``tariffs`` are their prices,
    valid until a price changes, by the agent's key and the model; ``enforced`` are the paths of enforced entities,
    once they were looked up; ``is_closed`` is whether the period is, once that was looked up. ``reverses`` is the
    change that this one undoes or redoes, if any, and ``change`` its own number once an entry of it is written.
    ``reaches_back`` is set when it changed the tokens of a closed
    period, and ``is_committed`` once its changes are stored. ``estimated_on`` are the days that it entered estimates
    on; ``replaced`` is how many estimates its commit replaced by bills, ``replaced_amounts`` what they came to,
    by currency, and ``replaced_of`` the same by the id of the entity that they were of ('': of none); ``displaced_of``
    are those whose bill is unmapped.
    """

    open: Budget
    reverses: int | None = None
    change: int | None = None
    reaches_back: bool = False
    is_committed: bool = False
    on_carry_settled: CarrySettled | None = None
    on_closed_early: ClosedEarly | None = None

    def __init__(
        self,
        unit: UnitOfWork,
        organization: Organization,
        today: date,
        now: datetime,
        actor: str,
        label: str,
        settle: "Callable[[Work], None]",
    ) -> None:
        self._settle = settle
        self.unit = unit
        self.organization = organization
        self.today = today
        self.now = now
        self.actor = actor
        self.label = label
        self.agents: dict[str, AgentFact] = {}
        self.tariffs: dict[tuple[int, str], Tariff] = {}
        self.enforced: tuple[str, ...] | None = None
        self.is_closed: bool | None = None
        self.estimated_on: set[date] = set()
        self.replaced = 0
        self.replaced_amounts: dict[str, int] = {}
        self.replaced_of: dict[str, dict[str, int]] = {}
        self.displaced_of: dict[str, dict[str, int]] = {}
        self._actions: set[str] = set()
        self._entries: list[_Entry] = []
        self.is_settled = False
        self._after_commit: list[Callable[[], None]] = []

    @property
    def known_from(self) -> datetime:
        """The moment from which on costs are known that the command imports: now, but as of another day on that day."""
        time_zone = zone(self.organization.time_zone)
        local = self.now.astimezone(time_zone)
        if local.date() == self.today:
            return self.now
        return datetime.combine(self.today, local.time(), time_zone).astimezone(UTC)

    @property
    def clock_day(self) -> date:
        """Today by the clock, whatever day was chosen."""
        return self.now.astimezone(zone(self.organization.time_zone)).date()

    @property
    def touches_costs(self) -> bool:
        """True if it may have changed which costs are imported, whose they are, or what they are worth."""
        return any(self._touches_costs(action) for action in self._actions)

    def _touches_costs(self, action: str) -> bool:
        if action == "cost.add":  # an estimate that comes or goes by undo is on a day that nothing else names
            return self.reverses is not None
        return action == "plan.apply" or action.partition(".")[0] not in _BESIDE_COSTS

    def commit(self, *, tokens_only: bool = False) -> None:
        """Store the changes. If ``tokens_only`` changed, the next transaction can skip its look-ups.

        Recurring fees that are due or billed by now are settled, and so are carry-overs from a closed period.
        """
        if not tokens_only or self.reaches_back or self.is_used_after_close():
            self.settle()
        self.write_entries()
        self.unit.commit(tokens_only=tokens_only)
        self.is_committed = True
        if tokens_only:
            self.unit.known[self.organization.slug] = TransactionCache(
                self.organization, self.today, self.open, self.agents, self.tariffs, self.enforced, self.is_closed
            )
        callbacks, self._after_commit = self._after_commit, []  # the callbacks must not keep this object alive
        for callback in callbacks:
            callback()

    def settle(self) -> None:
        """Settle what depends on the changes, and write their audit entries, as `commit` does: so that a preview, or a
        result, can say it, too."""
        if not self.is_settled:
            self._settle(self)
            self.is_settled = True
        self.write_entries()

    def settled_change(self) -> int | None:
        """Return the number of the change that this command is, settled as by `settle`; None if it recorded nothing."""
        if self._entries:
            self.settle()
        return self.change

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call a function once the transaction is committed, for example to log it."""
        self._after_commit.append(callback)

    def record(
        self, action: str, subject: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
    ) -> None:
        """Record an entry in the audit log, which is written with what else the command changes, and log it once
        committed."""
        self._actions.add(action)
        self.is_settled = False
        then, now = (None if each is None else without_consequences(each) for each in (before, after))
        self._entries.append(_Entry(action, subject, then, now, self.actor, self.reverses))

    def record_separately(
        self, action: str, subject: str, before: Mapping[str, object], after: Mapping[str, object], actor: str
    ) -> None:
        """Record a consequence of the command as a change of its own, which undoing the command does not reverse."""
        self._entries.append(_Entry(action, subject, dict(before), dict(after), actor, None, is_separate=True))

    def consequences(self) -> dict[str, Any] | None:
        """Return the facts of the entry that consequences of a change of costs belong to: one act is one entry.

        None if the command has no such entry.
        """
        own = [entry for entry in self._entries if not entry.is_separate]
        found = next((entry for entry in own if self._touches_costs(entry.action)), None)
        if found is None and self.estimated_on:
            found = next(iter(own), None)
        return None if found is None else found.facts

    def added(self, action: str, subject: str) -> dict[str, Any] | None:
        """Return the facts of the entry by which the command adds ``subject``; None if it does not."""
        found = (each for each in self._entries if (each.action, each.subject) == (action, subject))
        return next((entry.after for entry in found), None)

    def write_entries(self) -> None:
        """Write the entries that were recorded, in their order."""
        entries, self._entries = self._entries, []
        for entry in entries:
            self.after_commit(partial(_log, self.label, entry.action, entry.subject, entry.before, entry.after))
            org, facts = self.organization.org_key, (entry.action, entry.subject, entry.before, entry.after)
            if entry.is_separate:
                with self.unit.audit.apart() as audit:
                    audit.record(org, *facts, entry.actor, self.now)
            else:
                self.change = self.unit.audit.record(org, *facts, entry.actor, self.now, entry.reverses)

    def record_carry_settled(self, settled: SettledCarry, actor: str) -> None:
        """Record a carry-over that was corrected, and report it to the command's caller."""
        amounts = (settled.before, settled.after)
        before, after = ({"carried": each if settled.is_tokens else written(each)} for each in amounts)
        self.record_separately("carry.settle", settled.subject, before, after, actor)
        tell, currency = self.on_carry_settled, self.organization.currency
        if tell is not None:
            self.after_commit(lambda: tell(settled, currency))

    def report_closed_early(self, closed: Sequence[Period]) -> None:
        """Report the periods of ``closed`` that have not ended by the clock to the command's caller, once stored.

        Those that have are no news: somebody who chose a future day may have mistyped it, and a close stays.
        """
        tell, early = self.on_closed_early, [period for period in closed if period.end >= self.clock_day]
        if early and tell is not None:
            self.after_commit(lambda: tell(early))

    def entity(self, entity_id: str) -> Entity:
        """Return the entity with that id; raises `NotFound`."""
        found = self.unit.fast.entity(self.organization.org_key, entity_id)
        if found is None:
            raise unknown("entity", entity_id)
        return found

    def active(self, entity_id: str) -> Entity:
        """Return the entity with that id; raises `NotFound` if it, or an agent's project, is archived."""
        found = self.entity(entity_id)
        if found.archived:
            raise archived_error(found)
        if found.level_code == "agent" and self.entity(found.parent_id).archived:
            raise archived_above(entity_id, found.parent_id)
        return found

    def project(self, project_id: str) -> Entity:
        """Return the project with that id; raises `NotFound` if there is none or it is archived."""
        found = self.unit.fast.entity(self.organization.org_key, project_id)
        if found is None:
            raise unknown("project", project_id)
        if found.archived:
            raise archived_error(found)
        return checked_project(found)

    def release_expired_reservations(self) -> None:
        """Release all expired reservations."""
        for budget_id in self.unit.agents.expired_reservations(self.organization.org_key, self.now):
            self.unit.grants.release_expired(budget_id, self.now)

    def require_running_day(self) -> None:
        """Refuse usage in a closed period, except on its last day, which lasts beyond a manual close."""
        if self.today != self.open.period.end:
            self.require_open_period()

    def is_used_after_close(self) -> bool:
        """Return whether today is the last day of a period that is closed already, in which today's usage counts."""
        if self.today != self.open.period.end:
            return False
        if self.is_closed is None:
            self.is_closed = self._is_period_closed()
        return self.is_closed

    def _is_period_closed(self) -> bool:
        closed = self.unit.fast.last_close(self.organization.org_key)
        return closed is not None and self.open.period.start <= closed.start

    def require_open_period(self) -> None:
        """Refuse to change the budgets of a closed period."""
        if self._is_period_closed():
            raise Refused(
                f"{period_name(self.open.period)} is closed",
                f"its budgets stay as they were; the next period starts on {long_day(self.open.period.half_open[1])}",
            )
