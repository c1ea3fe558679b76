"""A household of services over one real database, on any day one likes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import parse_amount, to_decimal
from budget_tui.domain.audit import AuditEntry
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.snapshot import BudgetSnapshot, Pace
from budget_tui.services.clock import Clock, zone
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry
from budget_tui.services.periods import CloseOutcome
from budget_tui.services.transfers import TransferOutcome, TransferRequest
from budget_tui.storage.database import database_at
from tests.databases import Address, Engine, beside, content, empty, lasting_writers, rows

TODAY = date(2026, 1, 13)


def usd(text: str) -> int:
    """``usd("12.50")`` in nanos."""
    return parse_amount(text)


def shown(nanos: int) -> str:
    return f"{to_decimal(nanos):f}"


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveClock(Clock):
    """A clock that stands still at a moment, and is no ``--as-of``."""

    moment: datetime = datetime(2026, 1, 13, tzinfo=UTC)

    def today(self, time_zone: str) -> date:
        return self.moment.astimezone(zone(time_zone)).date()

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Home:
    """What a user does on ``today``, in few words. Amounts are text."""

    services: Services

    def on(self, day: str) -> "Home":
        """The same database on another day."""
        return home_at(self.address, date.fromisoformat(day))

    def again(self) -> "Home":
        """The same database in another program that was just started."""
        assert self.services.context.clock.as_of is not None
        return home_at(self.address, self.services.context.clock.as_of)

    def at(self, moment: str) -> "Home":
        """The same database at a moment in UTC, which the program takes for now, not for a day to look at."""
        context = Context(database_at(self.address), "default", LiveClock(moment=utc(moment)), "anna")
        return Home(Services(context, Settings()))

    @property
    def address(self) -> str:
        return str(self.services.context.database)

    @property
    def folder(self) -> Path:
        """Where exports may lie."""
        return beside(self.address)

    @property
    def content(self) -> object:
        """All that is stored."""
        return content(self.address)

    # Commands

    def budget(self, amount: str, seen: str | None = None) -> int:
        return self.services.budgets.set_global(usd(amount), None if seen is None else usd(seen))

    def add(self, *projects: str, allocate: str = "") -> None:
        for project in projects:
            self.services.projects.add(project, allocation=parse_change(allocate) if allocate else None)

    def allocate(self, project: str, change: str, seen: str | None = None) -> tuple[str, str, str]:
        """Before, after, and what is left in the pool."""
        outcome = self.services.budgets.allocate(project, parse_change(change), None if seen is None else usd(seen))
        return shown(outcome.before), shown(outcome.after), shown(outcome.unallocated)

    def transfer(
        self, giver: str, taker: str, amount: str, *, force: bool = False, reason: str = "", key: str | None = None
    ) -> TransferOutcome:
        return self.services.transfers.transfer(TransferRequest(giver, taker, usd(amount), force, reason), key)

    def spend(self, project: str, amount: str, on: str = "", provider: str = "", key: str | None = None) -> None:
        day = date.fromisoformat(on) if on else None
        self.services.costs.add(CostEntry(project, usd(amount), day, provider=provider), key)

    def carry(self, policy: str, cap: str = "", project: str = "") -> None:
        """What comes along when a period closes; '' is the global budget."""
        self.services.budgets.set_carry(CarryPolicy(policy), usd(cap) if cap else None, project)

    def close(self, **changes: str) -> CloseOutcome:
        """End the running period today; ``changes`` re-allocate."""
        return self.services.periods.close({name: parse_change(change) for name, change in changes.items()})

    # Questions

    @property
    def snapshot(self) -> BudgetSnapshot:
        try:
            return self.services.snapshots.current()
        finally:
            self.services.snapshots.close()

    def pace(self, project: str) -> Pace:
        return next(line.pace for line in self.snapshot.projects if line.project_id == project)

    @property
    def allocations(self) -> dict[str, str]:
        """What each project gets, and what is left in the pool."""
        snapshot = self.snapshot
        amounts = {line.project_id: shown(line.pace.allocation) for line in snapshot.projects}
        return amounts | {"pool": shown(snapshot.unallocated)}

    @property
    def spent(self) -> dict[str, str]:
        """What each project spent, and everything together."""
        snapshot = self.snapshot
        amounts = {line.project_id: shown(line.pace.spent) for line in snapshot.projects}
        return amounts | {"all": shown(snapshot.total.spent)}

    @property
    def log(self) -> list[AuditEntry]:
        return self.services.audit.newest(100)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What is in the database behind everybody's back."""
        return rows(self.address, statement)


def home_at(address: Address, today: date | None, **new: Any) -> Home:
    opened = database_at(address)
    context = Context(opened, "default", Clock(today), "anna", writers=lasting_writers(opened), **new)
    return Home(Services(context, Settings()))


@pytest.fixture
def fresh(engine: Engine) -> Callable[..., Home]:
    """Makes a home of its own: for an organization that has yet to be made, in another currency or time zone."""

    def make(today: date | None = TODAY, **new: Any) -> Home:
        return home_at(engine.new(empty), today, **new)

    return make


@pytest.fixture
def home(fresh: Callable[..., Home]) -> Iterator[Home]:
    """An empty database on January 13, 2026."""
    home = fresh()
    yield home
    home.services.snapshots.close()


def worked_example(address: Address) -> None:
    home = home_at(address, TODAY)
    home.budget("500")
    for project, allocation in (("pcc", "150"), ("videonest-api", "120"), ("python-api", "100"), ("dandelion", "50")):
        home.add(project, allocate=allocation)
    home.spend("pcc", "105", on="2026-01-10")
    home.spend("videonest-api", "48", on="2026-01-09")
    home.spend("python-api", "88", on="2026-01-12")


@pytest.fixture
def seed(engine: Engine) -> Iterator[Home]:
    """The worked example: $500, four projects, what they spent by January 13."""
    home = home_at(engine.new(worked_example), TODAY)
    yield home
    home.services.snapshots.close()
