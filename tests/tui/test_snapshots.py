"""What the screens look like. The README shows these pictures.

After a change that is meant: ``pytest tests/tui/test_snapshots.py --snapshot-update``, and look at what changed.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from textual import pilot as pilot_module
from textual.pilot import Pilot
from textual.widgets import Input

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.transfers import TransferRequest
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.monitor import MonitorApp
from tests.tui.conftest import OpenServices
from tests.tui.driving import TODAY, Dashboard, Monitor, a_year_later, units

Compare = Callable[..., bool]
WIDE, NARROW = (110, 30), (80, 24)


@pytest.fixture(autouse=True)
def not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """`after` knows when all is done: nobody has to wait for the processor to have nothing to do."""

    async def at_once(*_: float) -> None: ...

    monkeypatch.setattr(pilot_module, "wait_for_idle", at_once)


def after(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Waits for the numbers, presses ``keys``, and holds still what would blink."""

    async def prepare(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, BudgetApp)
        dashboard = Dashboard(app, pilot)
        await dashboard.until(lambda: app.snapshot is not None)
        await dashboard.settled()
        await dashboard.keys(*keys)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await dashboard.settled()

    return prepare


@pytest.fixture
def dashboard(services: Services) -> BudgetApp:
    return still(services)


def still(services: Services, mode: str = "budget") -> BudgetApp:
    """Begins on the screen ``mode``: one that a box opens upon at once may not be laid out yet."""

    class Begun(BudgetApp):
        DEFAULT_MODE = mode

    app = Begun(services)
    app.animation_level = "none"
    return app


@dataclass(frozen=True, slots=True)
class StandingClock(Clock):
    def now(self) -> datetime:
        return datetime(2026, 1, 13, 14, 32, tzinfo=UTC)


@pytest.fixture
def logged(services_on: OpenServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """What Anna and Bert did at a time that is always the same."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    services = services_on(tmp_path / "log.db", StandingClock(TODAY))
    anna, bert = (replace(services, context=replace(services.context, actor=actor)) for actor in ("anna", "bert"))
    anna.budgets.set_global(units(500))
    anna.projects.add("videonest-api", "VideoNest API", parse_change("120"))
    bert.projects.add("pcc", "PCC", parse_change("150"))
    bert.costs.add(CostEntry("pcc", units(105), date(2026, 1, 10)))
    anna.transfers.transfer(TransferRequest("pcc", "videonest-api", units(20)))
    bert.costs.name_provider("Acme Cloud Services, Inc.", "acme")
    anna.undo.undo()
    yield bert
    monkeypatch.undo()
    time.tzset()


def test_global_budget(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=WIDE, run_before=after())


def test_global_budget_80x24(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=NARROW, run_before=after())


def test_projects(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=WIDE, run_before=after("2"))


def test_projects_80x24(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=NARROW, run_before=after("2"))


def test_editing_a_cell(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=WIDE, run_before=after("2", *"170"))


def test_transfer(snap_compare: Compare, dashboard: BudgetApp) -> None:
    to_python_api = ("shift+tab", "enter", "home", "down", "down", "down", "enter", "tab")
    keys = ("2", "down", "t", *to_python_api, *"20")
    assert snap_compare(dashboard, terminal_size=WIDE, run_before=after(*keys))


def test_history(snap_compare: Compare, services: Services) -> None:
    assert snap_compare(still(a_year_later(services)), terminal_size=WIDE, run_before=after("5"))


def test_history_80x24(snap_compare: Compare, services: Services) -> None:
    assert snap_compare(still(a_year_later(services)), terminal_size=NARROW, run_before=after("5"))


def test_a_closed_period(snap_compare: Compare, services: Services) -> None:
    assert snap_compare(still(a_year_later(services), "history"), terminal_size=NARROW, run_before=after("enter"))


def test_closing_by_hand(snap_compare: Compare, services: Services) -> None:
    services.budgets.set_carry(CarryPolicy.BOTH, None, "pcc")
    assert snap_compare(still(services), terminal_size=WIDE, run_before=after("c", "down", *"140", "enter", *"110"))


def test_closing_by_hand_80x24(snap_compare: Compare, services: Services) -> None:
    services.budgets.set_carry(CarryPolicy.BOTH, None, "pcc")
    assert snap_compare(still(services), terminal_size=NARROW, run_before=after("c", "down", *"140", "enter", *"110"))


def test_carry_over(snap_compare: Compare, services: Services) -> None:
    keys = ("2", "o", "enter", "down", "enter", "tab", *"20")
    assert snap_compare(still(services), terminal_size=NARROW, run_before=after(*keys))


def test_period_settings(snap_compare: Compare, services: Services) -> None:
    keys = ("p", "tab", "backspace", *"15")
    assert snap_compare(still(services), terminal_size=NARROW, run_before=after(*keys))


def test_closed_by_hand(snap_compare: Compare, services: Services) -> None:
    services.periods.close()
    assert snap_compare(still(services), terminal_size=NARROW, run_before=after())


def test_help(snap_compare: Compare, dashboard: BudgetApp) -> None:
    assert snap_compare(dashboard, terminal_size=WIDE, run_before=after("2", "?"))


def test_log(snap_compare: Compare, logged: Services) -> None:
    assert snap_compare(still(logged), terminal_size=WIDE, run_before=after("6", "down", "down"))


def test_log_80x24(snap_compare: Compare, logged: Services) -> None:
    assert snap_compare(still(logged), terminal_size=NARROW, run_before=after("6", "down", "down"))


def test_log_entry(snap_compare: Compare, logged: Services) -> None:
    assert snap_compare(still(logged), terminal_size=WIDE, run_before=after("6", "enter"))


def test_light_theme(snap_compare: Compare, services_on: OpenServices) -> None:
    assert snap_compare(still(services_on(theme="budget-light")), terminal_size=WIDE, run_before=after())


def test_over_allocated(snap_compare: Compare, services: Services) -> None:
    services.projects.add("new", "New idea", parse_change("120"))
    services.costs.add(CostEntry("python-api", units(15), date(2026, 1, 12)))
    assert snap_compare(still(services), terminal_size=WIDE, run_before=after("2"))


def test_empty(snap_compare: Compare, empty: Services) -> None:
    assert snap_compare(still(empty), terminal_size=WIDE, run_before=after())


def test_monitor(snap_compare: Compare, services: Services) -> None:
    app = MonitorApp(services, 3600)

    async def prepare(pilot: Pilot[None]) -> None:
        monitor = Monitor(app, pilot)
        await monitor.until(lambda: monitor.view.snapshot is not None)
        await monitor.settled()

    assert snap_compare(app, terminal_size=(40, 10), run_before=prepare)


@pytest.fixture
def planning(services: Services) -> Services:
    """The company that plans, on the last day of its quarter."""
    return replace(services, context=replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 31))))


FROM_THE_TOP = ("a", "right", *["tab"] * 4, *"100000")
CHILDREN = ("enter", *"45", "down", *"30", "down", *"15")


@pytest.mark.parametrize("size", [NARROW, (160, 50)], ids=["80x24", "160x50"])
@pytest.mark.parametrize(
    "keys", [FROM_THE_TOP, (*FROM_THE_TOP, *CHILDREN), (*FROM_THE_TOP, *CHILDREN, "enter")], ids=["1", "2", "3"]
)
def test_create_budget(snap_compare: Compare, planning: Services, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    assert snap_compare(still(planning, "plan"), terminal_size=size, run_before=after(*keys))
