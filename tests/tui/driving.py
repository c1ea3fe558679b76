"""Driving the dashboard as a person does: keys in, the screen's text out. Nothing here sleeps for a fixed time."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

from budget_tui.bootstrap import Services
from budget_tui.domain.amount import NANOS
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.key_queue import ASKING, KeyQueueApp
from budget_tui.tui.monitor import MonitorApp, MonitorView
from budget_tui.tui.screens.projects.screen import ProjectTable

TODAY = date(2026, 1, 13)
YEAR_LATER = date(2026, 12, 13)
WIDE, NARROW = (110, 30), (80, 24)
PATIENCE_SECONDS = 120  # how long anything may take on a machine that is busy; what takes longer hangs
_QUIET_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class TurningClock(Clock):
    """The clock of a program that runs on: ``as_of`` is not set, and the day is the last of ``days``."""

    days: list[date] = field(default_factory=lambda: [TODAY])

    def today(self, time_zone: str) -> date:
        return self.days[-1]


@dataclass(frozen=True, slots=True)
class FixedClock(Clock):
    """A clock that stands still at noon of its day, so that what is stored says always the same."""

    def now(self) -> datetime:
        assert self.as_of is not None
        return datetime.combine(self.as_of, time_of_day(12), UTC)


def pass_a_year(services: Services) -> None:
    """Eleven more months of the example, each of which costs something else; one is restated after its close."""
    for month in range(1, 12):
        services = on_day(services, date(2026, month, 20))
        for i, project in enumerate(("pcc", "videonest-api", "python-api")):
            services.costs.add(CostEntry(project, units(20 + (37 * month + 61 * i) % 120)))
    services.budgets.set_global(units(400))
    services = on_day(services, YEAR_LATER)
    services.periods.catch_up()
    services.costs.add(CostEntry("pcc", units(5), date(2026, 11, 28)))


def on_day(services: Services, day: date) -> Services:
    """The same database as of ``day``, in the hands of Ada."""
    context = replace(services.context, clock=FixedClock(day), actor="ada")
    return Services(context, services.settings)


def units(amount: int) -> int:
    """Whole units of the currency in nanos."""
    return amount * NANOS


def copy_project(path: Path, project_id: str, copies: Iterable[tuple[str, str, int]]) -> None:
    """Add projects of these ids, names and allocations by copying the rows of one that is there."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row

        def row(table: str, column: str, value: object) -> dict[str, Any]:
            return dict(connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", [value]).fetchone())

        entity = row("entity", "entity_id", project_id)
        budget = row("budget", "entity_key", entity["entity_key"])
        allocation = row("allocation", "child_budget_id", budget["budget_id"])
        [(last,)] = connection.execute("SELECT max(entity_key) FROM entity")
        for key, (name, title, amount) in enumerate(copies, last + 1):
            entity |= {"entity_key": key, "entity_id": name, "name": title, "path": f"/{name}/"}
            budget |= {"budget_id": name, "entity_key": key, "amount": amount}
            allocation |= {"allocation_id": name, "child_budget_id": name, "amount": amount}
            for table, values in (("entity", entity), ("budget", budget), ("allocation", allocation)):
                holes = ", ".join("?" * len(values))
                connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({holes})", [*values.values()])


def drawn(app: App[Any]) -> list[str]:
    """The lines on the screen, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def stored(services: Services) -> BudgetSnapshot:
    """What the database says, read apart from the app."""
    from budget_tui.services.snapshots import Snapshots

    with closing(Snapshots(services.context)) as snapshots:
        return snapshots.current()


def stored_line(services: Services, project_id: str) -> ProjectLine:
    return stored(services).project(project_id)


def allocation_of(services: Services, project_id: str) -> int:
    """The stored allocation in nanos."""
    return stored_line(services, project_id).pace.allocation


class Driver:
    """What the dashboard and the monitor have in common."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.any_app = app
        self.pilot = pilot
        self._drawn: list[str] = []

    @property
    def lines(self) -> list[str]:
        """Drawn once for all that a test looks at before it lets the program go on."""
        if not self._drawn:
            self._drawn = drawn(self.any_app)
            asyncio.get_running_loop().call_soon(self._forget)
        return self._drawn

    def _forget(self) -> None:
        self._drawn = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def line_with(self, part: str) -> str:
        """The first line on the screen that contains ``part``."""
        for line in self.lines:
            if part in line:
                return line
        raise AssertionError(f"no line shows {part!r}:\n{self.text}")

    async def settled(self) -> None:
        """Wait until every message is handled and every worker done, save those that wait for a box's answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        quiet_rounds = 0
        while quiet_rounds < _QUIET_ROUNDS:
            assert time.monotonic() < deadline, f"still busy: {self._busy_with()}"
            if self.any_app._exception is not None:  # it has ended: what waits for its turn will wait for ever
                raise self.any_app._exception
            has_messages = await self._round()
            pending = [worker for worker in self.any_app.workers if not worker.is_finished]
            asking = [worker for worker in pending if worker.group == ASKING]
            busy = [worker._task for worker in pending if worker not in asking and worker._task is not None]
            if busy and not has_messages:
                await asyncio.wait(busy, timeout=deadline - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            is_opening = bool(asking) and not isinstance(self.any_app.screen, ModalScreen)
            if is_opening and not busy and not has_messages:
                await asyncio.sleep(0.001)  # asking in a thread, which must not wait for the interpreter at each step
            quiet_rounds = 0 if busy or is_opening or has_messages else quiet_rounds + 1

    async def _round(self) -> bool:
        """Let what is ready run; when that is all done, lay out and draw. Whether there was something to do."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        if ready:
            return True
        if self._has_messages():
            await asyncio.sleep(0.001)  # nothing is ready: it comes from a thread, or from a timer
            return True
        screen = self.any_app.screen
        screen._on_timer_update()
        return screen._layout_required or self._has_messages()

    def _has_messages(self) -> bool:
        """Whether there is something that waits for its turn: until it is done, a round is not worth its price."""
        app = self.any_app
        if isinstance(app, KeyQueueApp) and app.is_handling_keys:
            return True
        return any(pump._message_queue.qsize() or pump._next_callbacks for pump in (app, *app.screen.walk_children()))

    def _busy_with(self) -> dict[str, object]:
        """What is not done yet, for the message of a test that waits in vain."""
        app = self.any_app
        pumps = (app, *app.screen.walk_children())
        return {
            "workers": [worker.name for worker in app.workers],
            "key": app._under_way if isinstance(app, KeyQueueApp) else None,
            "waits": isinstance(app, KeyQueueApp) and app._is_waiting(),
            "messages": {repr(each): [*each._message_queue._queue] for each in pumps if each._message_queue.qsize()},  # type: ignore[attr-defined]
            "callbacks": {repr(each): each._next_callbacks for each in pumps if each._next_callbacks},
            "layout": app.screen._layout_required,
            "batches": app._batch_count,
            "current": app.screen.is_current,
        }

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something that comes by itself."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"it did not happen:\n{self.text}"
            await self._round()
            await asyncio.sleep(0.002)  # leaves the interpreter to the threads that it comes from

    async def keys(self, *keys: str) -> None:
        """Press keys in one burst, none waiting for what the one before it does; then wait until all is done."""
        for key in keys:
            self.press(key)
        await self.settled()

    def press(self, key: str) -> None:
        """Press a key and wait for nothing."""
        self.any_app.post_message(_key_event(key))

    async def typed(self, text: str, *then: str) -> None:
        """Type ``text``, then press the keys of ``then``."""
        await self.keys(*text, *then)

    async def resized(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.until(lambda: self.any_app.screen._size == (width, height))
        await self.settled()


class Dashboard(Driver):
    """The running dashboard."""

    def __init__(self, app: BudgetApp, pilot: Pilot[None]) -> None:
        super().__init__(app, pilot)
        self.app = app

    @property
    def services(self) -> Services:
        return self.app.services

    @property
    def shown(self) -> BudgetSnapshot:
        assert self.app.snapshot is not None
        return self.app.snapshot

    @property
    def table(self) -> ProjectTable:
        return self.app.screen.query_one(ProjectTable)

    @property
    def names(self) -> list[str]:
        """The ids of the projects in the table, from the top."""
        return [line.project_id for line in self.table.table.rows]

    @property
    def columns(self) -> list[str]:
        return [place.column.key for place in self.table.table.places]

    @property
    def pool_line(self) -> str:
        """The line under the table: the pool, what typing does to it, or why an edit was refused."""
        below = self.table.query_one("TableFooter").region
        return " ".join(line[below.x : below.right].strip() for line in self.lines[below.y + 2 : below.bottom])

    @property
    def editor_text(self) -> str | None:
        """What stands in the open editor; None while none is open."""
        return self.table.editor.value if self.table.is_editing else None

    def field(self, name: str) -> Input:
        return self.app.screen.query_one(f"#{name}", Input)

    async def looked(self) -> None:
        """Look for another program's writes as the timer does twice a second."""
        self.app._look()
        await self.settled()

    async def minute_passed(self) -> None:
        """Compute again as the timer does every minute."""
        self.app.reload()
        await self.settled()


class Monitor(Driver):
    """The running monitor."""

    def __init__(self, app: MonitorApp, pilot: Pilot[None]) -> None:
        super().__init__(app, pilot)
        self.app = app

    @property
    def view(self) -> MonitorView:
        return self.app.query_one(MonitorView)

    async def looked(self) -> None:
        self.app._look()
        await self.settled()


def bindings_of(classes: Iterable[type]) -> list[Any]:
    """The bindings that each class itself declares."""
    return [binding for owner in classes for binding in vars(owner).get("BINDINGS", ())]


def database_files(path: Path) -> dict[str, bytes]:
    """Every file in the database's folder with its content."""
    return {file.name: file.read_bytes() for file in sorted(path.parent.iterdir())}


def _key_event(key: str) -> events.Key:
    if len(key) > 1:
        return events.Key(key, None)
    return events.Key(key if key.isalnum() else _character_to_key(key), key)
