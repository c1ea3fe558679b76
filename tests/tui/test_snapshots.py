"""What the screens look like. The manual shows some of these pictures.

After a change that is meant: ``pytest tests/tui/test_snapshots.py --snapshot-update``, and look at what changed.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.transfers import TransferRequest
from tests.tui.conftest import OpenDashboard, OpenMonitor, OpenServices, Pictured
from tests.tui.driving import NARROW, TODAY, WIDE, units


@dataclass(frozen=True, slots=True)
class StandingClock(Clock):
    def now(self) -> datetime:
        return datetime(2026, 1, 13, 14, 32, tzinfo=UTC)


@pytest.fixture
def logged(services_on: OpenServices, tmp_path: Path) -> Services:
    """What Anna and Bert did at a time that is always the same."""
    services = services_on(tmp_path / "log.db", StandingClock(TODAY))
    anna, bert = (replace(services, context=replace(services.context, actor=actor)) for actor in ("anna", "bert"))
    anna.budgets.set_global(units(500))
    anna.projects.add("videonest-api", "VideoNest API", parse_change("120"))
    bert.projects.add("pcc", "PCC", parse_change("150"))
    bert.costs.add(CostEntry("pcc", units(105), date(2026, 1, 10)))
    anna.transfers.transfer(TransferRequest("pcc", "videonest-api", units(20)))
    bert.costs.name_provider("Acme Cloud Services, Inc.", "acme")
    anna.undo.undo()
    return bert


async def test_global_budget(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=WIDE) as dashboard:
        await pictured(dashboard)


async def test_global_budget_80x24(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=NARROW) as dashboard:
        await pictured(dashboard)


async def test_projects(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("2")
        await pictured(dashboard)


async def test_projects_80x24(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=NARROW) as dashboard:
        await dashboard.keys("2")
        await pictured(dashboard)


async def test_editing_a_cell(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("2", "e", *"170")
        await pictured(dashboard)


async def test_transfer(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    to_python_api = ("shift+tab", "enter", "home", "down", "down", "down", "enter", "tab")
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("2", "down", "down", "t", *to_python_api, *"20")
        await pictured(dashboard)


async def test_history(open_dashboard: OpenDashboard, pictured: Pictured, a_year_later: Services) -> None:
    async with open_dashboard(a_year_later, size=WIDE) as dashboard:
        await dashboard.keys("5")
        await pictured(dashboard)


async def test_history_80x24(open_dashboard: OpenDashboard, pictured: Pictured, a_year_later: Services) -> None:
    async with open_dashboard(a_year_later, size=NARROW) as dashboard:
        await dashboard.keys("5")
        await pictured(dashboard)


async def test_a_closed_period(open_dashboard: OpenDashboard, pictured: Pictured, a_year_later: Services) -> None:
    async with open_dashboard(a_year_later, size=NARROW, mode="history") as dashboard:
        await dashboard.keys("enter")
        await pictured(dashboard)


async def test_closing_by_hand(open_dashboard: OpenDashboard, pictured: Pictured, services: Services) -> None:
    services.budgets.set_carry(CarryPolicy.BOTH, None, "pcc")
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("c", "down", "e", *"140", "enter", "e", *"110")
        await pictured(dashboard)


async def test_closing_by_hand_80x24(open_dashboard: OpenDashboard, pictured: Pictured, services: Services) -> None:
    services.budgets.set_carry(CarryPolicy.BOTH, None, "pcc")
    async with open_dashboard(size=NARROW) as dashboard:
        await dashboard.keys("c", "down", "e", *"140", "enter", "e", *"110")
        await pictured(dashboard)


async def test_carry_over(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=NARROW) as dashboard:
        await dashboard.keys("2", "o", "enter", "down", "enter", "tab", *"20")
        await pictured(dashboard)


async def test_period_settings(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=NARROW) as dashboard:
        await dashboard.keys("p", "tab", "backspace", *"15")
        await pictured(dashboard)


async def test_closed_by_hand(open_dashboard: OpenDashboard, pictured: Pictured, services: Services) -> None:
    services.periods.close()
    async with open_dashboard(size=NARROW) as dashboard:
        await pictured(dashboard)


async def test_help(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("2", "?")
        await pictured(dashboard)


async def test_log(open_dashboard: OpenDashboard, pictured: Pictured, logged: Services) -> None:
    async with open_dashboard(logged, size=WIDE) as dashboard:
        await dashboard.keys("6", "down", "down")
        await pictured(dashboard)


async def test_log_80x24(open_dashboard: OpenDashboard, pictured: Pictured, logged: Services) -> None:
    async with open_dashboard(logged, size=NARROW) as dashboard:
        await dashboard.keys("6", "down", "down")
        await pictured(dashboard)


async def test_log_entry(open_dashboard: OpenDashboard, pictured: Pictured, logged: Services) -> None:
    async with open_dashboard(logged, size=WIDE) as dashboard:
        await dashboard.keys("6", "enter")
        await pictured(dashboard)


async def test_light_theme(open_dashboard: OpenDashboard, pictured: Pictured, services_on: OpenServices) -> None:
    async with open_dashboard(services_on(theme="budget-light"), size=WIDE) as dashboard:
        await pictured(dashboard)


async def test_over_allocated(open_dashboard: OpenDashboard, pictured: Pictured, services: Services) -> None:
    services.projects.add("new", "New idea", parse_change("120"))
    services.costs.add(CostEntry("python-api", units(15), date(2026, 1, 12)))
    async with open_dashboard(size=WIDE) as dashboard:
        await dashboard.keys("2")
        await pictured(dashboard)


async def test_empty(open_dashboard: OpenDashboard, pictured: Pictured, empty: Services) -> None:
    async with open_dashboard(empty, size=WIDE) as dashboard:
        await pictured(dashboard)


async def test_monitor(open_monitor: OpenMonitor, pictured: Pictured) -> None:
    async with open_monitor() as monitor:
        await pictured(monitor)


@pytest.fixture
def planning(services: Services) -> Services:
    """The company that plans, on the last day of its quarter."""
    return replace(services, context=replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 31))))


@pytest.mark.parametrize("size", [NARROW, (160, 50)], ids=["80x24", "160x50"])
async def test_create_budget(
    open_dashboard: OpenDashboard, pictured: Pictured, planning: Services, size: tuple[int, int]
) -> None:
    async with open_dashboard(planning, mode="plan", size=size) as dashboard:
        await dashboard.keys("a", "right", *["tab"] * 4, *"100000")
        await pictured(dashboard, "1")
        await dashboard.keys("enter", *"45", "down", *"30", "down", *"15")
        await pictured(dashboard, "2")
        await dashboard.keys("enter")
        await pictured(dashboard, "3")
