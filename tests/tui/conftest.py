"""The dashboard on the first seed's example, as it stood on January 13, 2026, at a size and on a day that are fixed."""

import shutil
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from rich.console import RenderableType
from syrupy.assertion import SnapshotAssertion
from textual import pilot as pilot_module
from textual import screen as screen_module
from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.widgets import Input

from budget_tui.bootstrap import Services, open_services
from budget_tui.config.settings import Settings
from budget_tui.services.clock import Clock
from budget_tui.services.demo import load_demo
from budget_tui.tui import app as dashboard_module
from budget_tui.tui import monitor as monitor_module
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.monitor import MonitorApp
from tests.tui.driving import TODAY, YEAR_LATER, Dashboard, Driver, Monitor, TurningClock, on_day, pass_a_year

OpenServices = Callable[..., Services]
OpenDashboard = Callable[..., AbstractAsyncContextManager[Dashboard]]
OpenMonitor = Callable[..., AbstractAsyncContextManager[Monitor]]
Pictured = Callable[..., Awaitable[None]]


async def _at_once(*_: float) -> None:
    """`Driver.settled` knows when all is done: nobody has to wait for the processor to have nothing to do."""


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes when a test says so; what the machine's user set does not count."""
    monkeypatch.setattr(dashboard_module, "LOOK_SECONDS", 3600.0)
    monkeypatch.setattr(dashboard_module, "COMPUTE_SECONDS", 3600.0)
    monkeypatch.setattr(dashboard_module, "ALERTS_SECONDS", 3600.0)
    monkeypatch.setattr(dashboard_module, "REST_SECONDS", 0.01)
    monkeypatch.setattr(monitor_module, "COMPUTE_SECONDS", 3600.0)
    monkeypatch.setattr(screen_module, "UPDATE_PERIOD", 3600.0)
    monkeypatch.setattr(pilot_module, "wait_for_idle", _at_once)
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """Style sheets are the same for every dashboard; Textual parses and sorts them for each anew."""
    parse = Stylesheet.parse
    known: dict[object, list[RuleSet]] = {}
    by_name: dict[int, dict[str, list[RuleSet]]] = {}

    def parse_once(sheet: Stylesheet) -> None:
        key = (*sheet.source.items(), *sheet._variables.items())
        if key not in known:
            parse(sheet)
            known[key] = sheet.rules
        sheet._rules = known[key]
        sheet._require_parse = False

    def sort_once(sheet: Stylesheet) -> dict[str, list[RuleSet]]:
        rules = sheet.rules
        if id(rules) not in by_name:
            named = by_name[id(rules)] = defaultdict(list)
            for rule in rules:
                for name in rule.selector_names:
                    named[name].append(rule)
        return by_name[id(rules)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "parse", parse_once)
        patch.setattr(Stylesheet, "reparse", parse_once)
        patch.setattr(Stylesheet, "rules_map", property(sort_once))
        patch.setattr(RuleSet, "__hash__", object.__hash__)  # by identity as Textual's own, which is not in C
        yield


@pytest.fixture(scope="session")
def example_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's database, to be copied: making it anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("example") / "example.db"
    services = open_services(str(path), as_of=TODAY, settings=Settings(time_zone="UTC"))
    load_demo(services.context)
    assert list(path.parent.iterdir()) == [path], "a log beside the file would be missing from the copies"
    return path


@pytest.fixture
def database(example_file: Path, tmp_path: Path) -> Path:
    """The example in a file of the test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Path(shutil.copyfile(example_file, folder / "budget.db"))


@pytest.fixture(scope="session")
def year_file(example_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's database after eleven more months, to be copied."""
    path = Path(shutil.copyfile(example_file, tmp_path_factory.mktemp("year") / "year.db"))
    pass_a_year(open_services(str(path), settings=Settings()))
    assert list(path.parent.iterdir()) == [path], "a log beside the file would be missing from the copies"
    return path


@pytest.fixture
def a_year_later(year_file: Path, database: Path, services: Services) -> Services:
    """Services over the example after eleven more months."""
    shutil.copyfile(year_file, database)
    return on_day(services, YEAR_LATER)


@pytest.fixture
def services_on(database: Path) -> OpenServices:
    """Services over the example; each call is another program. ``path``, ``clock`` and settings can be given."""

    def make(path: Path = database, clock: Clock = Clock(TODAY), **settings: object) -> Services:
        services = open_services(str(path), settings=Settings(**settings))  # type: ignore[arg-type]
        return replace(services, context=replace(services.context, clock=clock))

    return make


@pytest.fixture
def services(services_on: OpenServices) -> Services:
    return services_on()


@pytest.fixture
def elsewhere(services_on: OpenServices) -> Services:
    """Another program on the same file."""
    return services_on()


@pytest.fixture
def empty(services_on: OpenServices, tmp_path: Path) -> Services:
    """Services over a database that has yet to be made, of a person in New York."""
    return services_on(tmp_path / "new" / "budget.db", time_zone="America/New_York")


@pytest.fixture
def turning() -> TurningClock:
    return TurningClock()


@pytest.fixture
def drawn_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no terminal to draw on: what is on the screen is rendered when a test looks at it."""
    draw = Compositor.render_update

    def not_drawn(compositor: Compositor, full: bool = False, **how: Any) -> RenderableType | None:
        if full:  # for a picture
            return draw(compositor, full, **how)
        compositor._dirty_regions.clear()
        return None

    monkeypatch.setattr(Compositor, "render_update", not_drawn)


@pytest.fixture
def open_dashboard(services: Services, drawn_when_asked: None, monkeypatch: pytest.MonkeyPatch) -> OpenDashboard:
    """Runs the dashboard: ``async with open_dashboard() as dashboard``; ``keys`` are pressed at first.

    With ``mode`` it begins on that screen, which is quicker than going there. Projects and agents are in the order in
    which they were added, the first under the cursor, unless ``by_trouble``.
    """

    @asynccontextmanager
    async def run(
        services: Services = services,
        size: tuple[int, int] = (110, 30),
        keys: str = "",
        mode: str = "budget",
        by_trouble: bool = False,
    ) -> AsyncIterator[Dashboard]:
        monkeypatch.setattr(BudgetApp, "DEFAULT_MODE", mode)
        app = BudgetApp(services)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            dashboard = Dashboard(app, pilot)
            await dashboard.until(lambda: app.snapshot is not None or bool(app.failure))
            await dashboard.settled()
            if mode in ("projects", "agents") and not by_trouble:
                keys = f"!g{keys}"
            if keys:
                await dashboard.keys(*keys)
            yield dashboard

    return run


@pytest.fixture
def open_monitor(services: Services, drawn_when_asked: None) -> OpenMonitor:
    """Runs the monitor in a narrow pane."""

    @asynccontextmanager
    async def run(
        services: Services = services, size: tuple[int, int] = (40, 10), interval: float = 3600
    ) -> AsyncIterator[Monitor]:
        app = MonitorApp(services, interval)
        async with app.run_test(size=size) as pilot:
            monitor = Monitor(app, pilot)
            await monitor.until(lambda: monitor.view.snapshot is not None or bool(monitor.view.failure))
            await monitor.settled()
            yield monitor

    return run


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moments are shown as in Greenwich, wherever this machine is."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def pictured(snapshot: SnapshotAssertion, in_utc: None) -> Pictured:
    """Fails when the screen does not look as its picture: ``await pictured(dashboard)``. Several pictures in one test
    have a ``name`` each. ``--snapshot-update`` makes the pictures."""
    pictures = snapshot.use_extension(SVGImageExtension)

    async def compare(driver: Driver, name: str | None = None) -> None:
        for field in driver.any_app.screen.query(Input):
            field.cursor_blink = False
        driver.any_app.screen.refresh()  # `lines` draws a box alone, without the screen below
        await driver.settled()
        assert driver.any_app.export_screenshot(simplify=True) == pictures(name=name)

    return compare
