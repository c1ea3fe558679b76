"""What every command needs: which database, whose organization, who acts, and when.

A context is made before the dashboard's first frame, so what reads the database is imported when it is read.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import NotFound, Refused, archived, unknown
from budget_tui.services.clock import Clock, zone
from budget_tui.storage.database.base import Database

if TYPE_CHECKING:
    from budget_tui.domain.budget import Budget, Organization
    from budget_tui.domain.carry import SettledCarry
    from budget_tui.domain.hierarchy import Entity
    from budget_tui.domain.records import AgentFact
    from budget_tui.domain.tokens import TokenKind
    from budget_tui.storage.session import Session
    from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork, Writers

DEFAULT_ORG = "default"

CarrySettled = Callable[["SettledCarry", str], None]
"""Takes what was settled, and the currency."""


@dataclass(frozen=True)
class Context:
    """One user's view of one organization in one database.

    ``new_currency``, ``new_time_zone`` and ``new_period`` (kind, anchor, first month of the fiscal year) are for an
    organization that has yet to be made. ``writers`` keeps connections open for who writes again and again.
    ``is_new`` says that there was no database when this began: it reads like an empty one until there is one.
    ``on_carry_settled`` is told what a change made here settled again of what was carried over.
    """

    database: Database
    org_slug: str
    clock: Clock
    actor: str
    new_currency: str = "USD"
    new_time_zone: str = "UTC"
    writers: "Writers | None" = None
    new_period: tuple[str, str, str] = ("monthly", "1", "1")
    is_new: bool = False
    on_carry_settled: "CarrySettled | None" = None

    @cached_property
    def label(self) -> str:
        """Which database and whose organization, and who acts: how a line of the log begins."""
        return f"{self.database.name} {self.org_slug} {self.actor}"

    @property
    def has_database(self) -> bool:
        """Whether there is one by now. The first change makes it: what only looks makes nothing."""
        return self.database.is_there()

    def prepare(self) -> bool:
        """Bring the database to this version's schema, if that has not been done yet; False where there is none."""
        if "_is_prepared" not in self.__dict__:
            if not self.database.upgrade():
                return False
            self.__dict__["_is_prepared"] = True
        return True

    def require_database(self) -> None:
        """`DatabaseNotFound` where there is none: what only looks would show an empty one behind a mistyped path."""
        if not self.prepare():
            raise self.database.not_found()

    def transaction(self, organization: str = "") -> "AbstractContextManager[UnitOfWork]":
        """A write transaction on the database: on one organization's rows, or, with '', on whatever organization's.

        The first one makes the database when it commits.
        """
        is_there = self.prepare()
        if is_there and self.writers is not None:
            return self.writers.take(organization)
        from budget_tui.storage.unit_of_work import FirstUnitOfWork, UnitOfWork

        return (UnitOfWork if is_there else FirstUnitOfWork)(self.database, organization)

    def reader(self) -> "DatabaseReader":
        """A lasting connection that reads."""
        from budget_tui.storage.unit_of_work import DatabaseReader

        return DatabaseReader(self.database, is_new=self.is_new)

    @contextmanager
    def work(self) -> Iterator["Work"]:
        """A write transaction in the period of today; earlier periods that have ended are closed in it first.

        Nothing is kept unless `Work.commit` is called.
        """
        with self.transaction(self.org_slug) as unit:
            yield self.work_in(unit)

    def work_in(self, unit: "UnitOfWork") -> "Work":
        """The work of this context in a transaction that is under way."""
        known: _Known | None = unit.known.pop(self.org_slug, None)
        organization = known.organization if known else self._organization_in(unit)
        work = Work(
            unit, organization, self.clock.today(organization.time_zone), self.clock.now(), self.actor, self.label
        )
        work.on_carry_settled = self.on_carry_settled
        if known and known.today == work.today:
            work.open, work.agents, work.tariffs = known.open, known.agents, known.tariffs
        else:
            from budget_tui.services.periods import open_period

            unit.begin_change()
            work.open = open_period(work)
            unit.begin_change()  # a close of a period on the way is no part of the command
        return work

    def _organization_in(self, unit: "UnitOfWork") -> "Organization":
        """The organization of this context, made if it is the default one and not there yet."""
        found = self.organization(unit)
        if found.org_key:
            return found
        return unit.organizations.add(
            found.slug, found.name, found.currency, found.time_zone, self.clock.now(), found.period_rule
        )

    @contextmanager
    def reading(self) -> Iterator["Session"]:
        """One consistent read of the database as it is: neither made nor changed."""
        reader = self.reader()
        try:
            with reader.session() as session:
                yield session
        finally:
            reader.close()

    def organization(self, session: "Session") -> "Organization":
        """The organization of this context. The default one need not exist yet: its key is 0 then."""
        found = session.fast.organization(self.org_slug)
        if found is not None:
            return found
        if self.org_slug == DEFAULT_ORG:
            from budget_tui.domain.budget import Organization
            from budget_tui.domain.period import parse_rule

            time_zone = zone(self.new_time_zone).key
            rule = parse_rule(*self.new_period)
            return Organization(0, DEFAULT_ORG, "Default", checked_currency(self.new_currency), time_zone, rule)
        known = ", ".join(known.slug for known in session.organizations.all()) or "none"
        raise NotFound(f"there is no organization '{self.org_slug}'", f"there are: {known}")


def written(nanos: int) -> str:
    """An amount as the audit trail keeps it: all of its digits, never an exponent."""
    from budget_tui.domain.amount import to_decimal

    return f"{to_decimal(nanos):f}"


def _log(
    label: str,
    action: str,
    subject: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
) -> None:
    import logging

    logger = logging.getLogger("budget_tui.changes")
    if logger.isEnabledFor(logging.INFO):
        from budget_tui.presentation.audit import difference

        logger.info("%s: %s %s %s", label, action, subject, difference(before, after))


class Tariff(NamedTuple):
    """What a million tokens of each kind cost today, and the key of the origin that this cost has once there is one."""

    prices: "Mapping[TokenKind, int]"
    origin: int | None


class _Known(NamedTuple):
    """What a transaction found out, for the next one to begin with while it is still so."""

    organization: "Organization"
    today: date
    open: "Budget"
    agents: "dict[str, AgentFact]"
    tariffs: "dict[tuple[int, str], Tariff]"


class Work:
    """A write transaction under way. ``open`` is the global budget of the period that today is in.

    ``agents`` are those that were looked up: all but the numbers of their tokens is as it was then. ``tariffs`` are
    what their tokens cost as long as no price changes, by the agent's key and the model.
    ``reverses`` is the change of the audit trail that it takes back, if it does that. When it ``reaches_back``, it
    changed the tokens of a closed period.
    """

    open: "Budget"
    reverses: int | None = None
    reaches_back: bool = False
    on_carry_settled: CarrySettled | None = None

    def __init__(
        self, unit: "UnitOfWork", organization: "Organization", today: date, now: datetime, actor: str, label: str
    ) -> None:
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
            from budget_tui.services.carry_settling import settle_carry

            settle_carry(self)
        self.unit.commit(tokens_only=tokens_only)
        if tokens_only:
            self.unit.known[self.organization.slug] = _Known(
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

    def record_carry_settled(self, settled: "SettledCarry", actor: str) -> None:
        """Write that what was carried over was settled again, and tell whoever asked for the command."""
        amounts = (settled.before, settled.after)
        before, after = ({"carried": each if settled.is_tokens else written(each)} for each in amounts)
        self.record_apart("carry.settle", settled.subject, before, after, actor)
        tell, currency = self.on_carry_settled, self.organization.currency
        if tell is not None:
            self.when_kept(lambda: tell(settled, currency))

    def entity(self, entity_id: str) -> "Entity":
        """The entity of that id, or `NotFound`."""
        found = self.unit.fast.entity(self.organization.org_key, entity_id)
        if found is None:
            raise unknown("entity", entity_id)
        return found

    def active(self, entity_id: str) -> "Entity":
        """The entity of that id, or `NotFound` when there is none or it is archived."""
        found = self.entity(entity_id)
        if found.archived:
            raise archived("entity", entity_id)
        return found

    def project(self, project_id: str) -> "Entity":
        """The project of that id, or `NotFound` when there is none or it is archived."""
        found = self.unit.fast.entity(self.organization.org_key, project_id)
        if found is None:
            raise unknown("project", project_id)
        if found.archived:
            raise archived("project", project_id)
        if found.level_code != "project":
            raise Refused(f"'{project_id}' is not a project but a {found.level_code}", "name a project")
        return found

    def require_running_day(self) -> None:
        """Refuse to use what belongs to a closed period, save on its last day: closed by hand, that is not over."""
        if self.today != self.open.period.end:
            self.require_open_period()

    def require_open_period(self) -> None:
        """Refuse to change the budgets of a period that was closed."""
        closed = self.unit.fast.last_close(self.organization.org_key)
        if closed is not None and self.open.period.start <= closed.start:
            from budget_tui.presentation.formatting import long_day, period_name

            raise Refused(
                f"{period_name(self.open.period)} is closed",
                f"its budgets stay as they were; the next period starts on {long_day(self.open.period.half_open[1])}",
            )
