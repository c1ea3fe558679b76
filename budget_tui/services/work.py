"""A write transaction of a command under way: what it may use, what it records, and how it ends."""

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.audit import written
from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.carry import SettledCarry
from budget_tui.domain.errors import Refused, archived, unknown
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.records import AgentFact
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.audit import difference
from budget_tui.presentation.formatting import long_day, period_name
from budget_tui.storage.unit_of_work import UnitOfWork

CarrySettled = Callable[[SettledCarry, str], None]
"""Takes what was settled, and the currency."""


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
    """What a million tokens of each kind cost today, and the key of the origin that this cost has once there is one."""

    prices: Mapping[TokenKind, int]
    origin: int | None


class Known(NamedTuple):
    """What a transaction found out, for the next one to begin with while it is still so."""

    organization: Organization
    today: date
    open: Budget
    agents: dict[str, AgentFact]
    tariffs: dict[tuple[int, str], Tariff]


class Work:
    """A write transaction under way. ``open`` is the global budget of the period that today is in.

    ``agents`` are those that were looked up: all but the numbers of their tokens is as it was then. ``tariffs`` are
    what their tokens cost as long as no price changes, by the agent's key and the model.
    ``reverses`` is the change of the audit trail that it takes back, if it does that. When it ``reaches_back``, it
    changed the tokens of a closed period.
    """

    open: Budget
    reverses: int | None = None
    reaches_back: bool = False
    on_carry_settled: CarrySettled | None = None

    def __init__(
        self,
        unit: UnitOfWork,
        organization: Organization,
        today: date,
        now: datetime,
        actor: str,
        label: str,
        settle_carry: "Callable[[Work], None]",
    ) -> None:
        self._settle_carry = settle_carry
        self.unit = unit
        self.organization = organization
        self.today = today
        self.now = now
        self.actor = actor
        self.label = label
        self.agents: dict[str, AgentFact] = {}
        self.tariffs: dict[tuple[int, str], Tariff] = {}
        self._when_kept: list[Callable[[], None]] = []

    def commit(self, *, tokens_only: bool = False) -> None:
        """Keep what was done. When it was ``tokens_only`` that changed, the next transaction is spared its look-ups.

        What it changed of a closed period may have been carried over: that is settled again.
        """
        if not tokens_only or self.reaches_back or self.today == self.open.period.end:
            self._settle_carry(self)
        self.unit.commit(tokens_only=tokens_only)
        if tokens_only:
            self.unit.known[self.organization.slug] = Known(
                self.organization, self.today, self.open, self.agents, self.tariffs
            )
        told, self._when_kept = self._when_kept, []  # what tells of a work must not keep it alive
        for tell in told:
            tell()

    def when_kept(self, tell: Callable[[], None]) -> None:
        """Do something once the transaction is committed, such as logging it."""
        self._when_kept.append(tell)

    def record(
        self, action: str, subject: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
    ) -> int:
        """Write a line of the audit trail, and of the log; returns the change that it belongs to."""
        self.when_kept(lambda: _log(self.label, action, subject, before, after))
        return self.unit.audit.record(
            self.organization.org_key, action, subject, before, after, self.actor, self.now, self.reverses
        )

    def record_apart(
        self, action: str, subject: str, before: Mapping[str, object], after: Mapping[str, object], actor: str
    ) -> None:
        """Write what follows from the command as a change of its own, which is not the command's to take back."""
        self.when_kept(lambda: _log(self.label, action, subject, before, after))
        with self.unit.audit.apart() as audit:
            audit.record(self.organization.org_key, action, subject, before, after, actor, self.now)

    def record_carry_settled(self, settled: SettledCarry, actor: str) -> None:
        """Write that what was carried over was settled again, and tell whoever asked for the command."""
        amounts = (settled.before, settled.after)
        before, after = ({"carried": each if settled.is_tokens else written(each)} for each in amounts)
        self.record_apart("carry.settle", settled.subject, before, after, actor)
        tell, currency = self.on_carry_settled, self.organization.currency
        if tell is not None:
            self.when_kept(lambda: tell(settled, currency))

    def entity(self, entity_id: str) -> Entity:
        """The entity of that id, or `NotFound`."""
        found = self.unit.fast.entity(self.organization.org_key, entity_id)
        if found is None:
            raise unknown("entity", entity_id)
        return found

    def active(self, entity_id: str) -> Entity:
        """The entity of that id, or `NotFound` when there is none or it is archived."""
        found = self.entity(entity_id)
        if found.archived:
            raise archived("entity", entity_id)
        return found

    def project(self, project_id: str) -> Entity:
        """The project of that id, or `NotFound` when there is none or it is archived."""
        found = self.unit.fast.entity(self.organization.org_key, project_id)
        if found is None:
            raise unknown("project", project_id)
        if found.archived:
            raise archived("project", project_id)
        if found.level_code != "project":
            raise Refused(f"'{project_id}' is not a project but a {found.level_code}", "name a project")
        return found

    def free_expired_holds(self) -> None:
        """Give back whatever is held by reservations whose time is up."""
        for budget_id in self.unit.agents.expired_holds(self.organization.org_key, self.now):
            self.unit.grants.free_expired(budget_id, self.now)

    def require_running_day(self) -> None:
        """Refuse to use what belongs to a closed period, save on its last day: closed by hand, that is not over."""
        if self.today != self.open.period.end:
            self.require_open_period()

    def require_open_period(self) -> None:
        """Refuse to change the budgets of a period that was closed."""
        closed = self.unit.fast.last_close(self.organization.org_key)
        if closed is not None and self.open.period.start <= closed.start:
            raise Refused(
                f"{period_name(self.open.period)} is closed",
                f"its budgets stay as they were; the next period starts on {long_day(self.open.period.half_open[1])}",
            )
