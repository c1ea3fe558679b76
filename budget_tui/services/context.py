"""The context of every command: database, organization, user and clock.

A context is created before the dashboard's first frame, so modules that read the database are imported on use.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from budget_tui.domain.budget import Organization
from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import NotFound, StorageError
from budget_tui.domain.period import parse_rule
from budget_tui.services.clock import Clock, zone
from budget_tui.storage.database.base import Database

if TYPE_CHECKING:
    from budget_tui.services.work import CarrySettled, ClosedEarly, Work
    from budget_tui.storage.session import Session
    from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork, Writers

DEFAULT_ORG = "default"
DEMO_ACTOR = "demo"
"""The actor of the demonstration data, so that a user's first undo does not remove it."""


@dataclass(frozen=True)
class Context:
    """One user's view of one organization in one database.

    ``new_currency``, ``new_time_zone`` and ``new_period`` (kind, anchor, first month of the fiscal year) are for an
    organization that does not exist yet. ``writers`` keeps connections open for repeated writes. If ``is_new``, there
    was no database at the start: it reads like an empty one until it exists. ``on_carry_settled`` is called with each
    carry-over that a command corrected, ``on_closed_early`` with the periods that it closed although they
    end only after the clock's day, ``on_created`` once the first change has created the database, and ``on_change``
    after each command that was committed. A change waits ``patience`` seconds at most while others write, by default
    as long as a screen may.
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
    on_closed_early: "ClosedEarly | None" = None
    on_created: "Callable[[], None] | None" = None
    on_change: "Callable[[Context], None] | None" = None
    patience: float | None = None

    @cached_property
    def label(self) -> str:
        """Database, organization and user, as the prefix of log lines."""
        return f"{self.database.name} {self.org_slug} {self.actor}"

    @property
    def has_database(self) -> bool:
        """True if the database exists by now. The first change creates it; reading never does."""
        return self.database.is_there()

    def prepare(self) -> bool:
        """Upgrade the database to this version's schema, once; return False if there is no database."""
        if "_is_prepared" not in self.__dict__:
            if not self.database.upgrade():
                return False
            self.__dict__["_is_prepared"] = True
        return True

    def require_database(self) -> None:
        """Raise `DatabaseNotFound` if there is none: reading would show an empty one for a mistyped path."""
        if not self.prepare():
            raise self.database.not_found()

    def transaction(self, organization: str = "") -> "AbstractContextManager[UnitOfWork]":
        """Return a write transaction on one organization's rows or, for '', on those of any.

        The first one creates the database when it commits.
        """
        if self.prepare():
            unit = self._unit(organization)
        else:
            from budget_tui.storage.unit_of_work import FirstUnitOfWork

            unit = FirstUnitOfWork(self.database, organization, self.on_created)
        if self.patience is not None:
            unit.patience = self.patience
        return unit

    def _unit(self, organization: str) -> "UnitOfWork":
        from budget_tui.storage.unit_of_work import UnitOfWork

        return self.writers.take(organization) if self.writers else UnitOfWork(self.database, organization)

    def reader(self) -> "Reader":
        """Return a lasting read connection."""
        from budget_tui.storage.unit_of_work import DatabaseReader

        return Reader(self, DatabaseReader(self.database, is_new=self.is_new))

    @contextmanager
    def work(self) -> Iterator["Work"]:
        """Begin a write transaction in today's period; earlier periods that have ended are closed in it first.

        Nothing is stored unless `Work.commit` is called.
        """
        with self.transaction(self.org_slug) as unit:
            work = self.work_in(unit)
            yield work
        if work.is_committed and self.on_change is not None:
            self.on_change(self)

    def work_in(self, unit: "UnitOfWork") -> "Work":
        """Return the work of this context in an open transaction."""
        from budget_tui.services.cycle import open_period, settle
        from budget_tui.services.work import TransactionCache, Work

        known: TransactionCache | None = unit.known.pop(self.org_slug, None)
        organization = known.organization if known else self._organization_in(unit)
        work = Work(
            unit,
            organization,
            self.clock.today(organization.time_zone),
            self.clock.now(),
            self.actor,
            self.label,
            settle,
        )
        work.on_carry_settled = self.on_carry_settled
        work.on_closed_early = self.on_closed_early
        if known and known.today == work.today:
            work.open, work.agents, work.tariffs = known.open, known.agents, known.tariffs
            work.enforced, work.is_closed = known.enforced, known.is_closed
        else:
            unit.begin_change()
            work.open = open_period(work)
            work.write_entries()
            unit.begin_change()  # closing a period on the way is not part of the command
            work.change = None
        return work

    def _organization_in(self, unit: "UnitOfWork") -> "Organization":
        """Return the organization of this context; the default one is created if missing."""
        found = self.organization(unit)
        if found.org_key:
            return found
        return unit.organizations.add(
            found.slug, found.name, found.currency, found.time_zone, self.clock.now(), found.period_rule
        )

    @contextmanager
    def reading(self, *, as_stored: bool = False) -> Iterator["Session"]:
        """Begin a consistent read of the existing database, without creating or upgrading it; see `Reader.session`."""
        reader = self.reader()
        try:
            with reader.session(as_stored=as_stored) as session:
                yield session
        finally:
            reader.close()

    def organization(self, session: "Session") -> "Organization":
        """Return the organization of this context. The default one need not exist yet: its key is 0 then."""
        found = session.fast.organization(self.org_slug)
        if found is not None:
            return found
        if self.org_slug == DEFAULT_ORG:
            time_zone = zone(self.new_time_zone).key
            rule = parse_rule(*self.new_period)
            return Organization(0, DEFAULT_ORG, "Default", checked_currency(self.new_currency), time_zone, rule)
        known = ", ".join(known.slug for known in session.organizations.all()) or "none"
        raise NotFound(f"there is no organization '{self.org_slug}'", f"there are: {known}")


class Reader:
    """A lasting read connection of a context; threads take turns."""

    def __init__(self, context: Context, reader: "DatabaseReader") -> None:
        self._context, self._reader = context, reader
        self._lacks_fees = False

    @contextmanager
    def session(self, *, as_stored: bool = False) -> Iterator["Session"]:
        """Begin a consistent read: everything in it sees the same state of the database.

        Unless it is to be ``as_stored``, recurring fees that are due are booked in it, whether or not anybody has
        stored that: what only reads foresees what the next write does. Raises `StorageError` when there is no
        database, or none that this version can read as it is.
        """
        with self._reader.session() as session:
            due = None if as_stored else self._organization_with_due_fees(session)
            self._lacks_fees = False
            if due is None:
                yield session
                return
            from budget_tui.services.fee_booking import reading_with_fees_booked

            with ExitStack() as stack:
                try:
                    # A write that is never committed: one way to book, and every figure follows from it.
                    unit = self._context._unit(self._context.org_slug)
                    session = stack.enter_context(reading_with_fees_booked(unit, *due))
                except StorageError:  # it may not be written, or somebody is writing: what is stored is shown
                    self._lacks_fees = True
                yield session

    def _organization_with_due_fees(self, session: "Session") -> tuple[Organization, date] | None:
        """Return the organization and the day, if recurring fees are due by then that nobody has booked."""
        organization = session.fast.organization(self._context.org_slug)
        if organization is None or not session.fast.has_recurring_fees(organization.org_key):
            return None
        from budget_tui.services.fee_booking import is_fee_due

        today = self._context.clock.today(organization.time_zone)
        return (organization, today) if is_fee_due(session, organization.org_key, today) else None

    def changed(self) -> bool:
        """Return whether anybody wrote since the last session began; takes a few microseconds."""
        return self._reader.changed()

    def is_unchanged(self) -> bool:
        """Return whether certainly nobody wrote since the last session began, so that another one would see the same.

        It might see more if that one could not see a fee that is due, because somebody else was writing.
        """
        return not self._lacks_fees and self._reader.is_unchanged()

    def close(self) -> None:
        self._reader.close()
