"""Closing the period by hand: shown before it is done, re-allocated in place, done once."""

from datetime import date

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.tui.dialogs.close import CloseScreen
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import Dashboard, FixedClock, TurningClock, copy_project, stored, units


def said(dashboard: Dashboard, name: str) -> str:
    widget = dashboard.app.screen.query_one(name)
    return " ".join(str(widget.render()).split()) if widget.display else ""


def is_open(dashboard: Dashboard) -> bool:
    return isinstance(dashboard.app.screen, CloseScreen)


@pytest.fixture
def tomorrow(services_on: OpenServices) -> Services:
    return services_on(clock=FixedClock(date(2026, 1, 14)))


@pytest.mark.parametrize("mode", ["budget", "history"])
async def test_carrying_over_as_it_is(
    open_dashboard: OpenDashboard, services: Services, tomorrow: Services, mode: str
) -> None:
    services.budgets.set_carry(CarryPolicy.UNSPENT, None, "pcc")
    async with open_dashboard(mode=mode, size=(80, 24)) as dashboard:
        await dashboard.keys("c")
        assert "Jan 1 – Jan 13, 2026 ends today: $241.00 of $500.00 spent" in said(dashboard, "#what-happens")
        assert "Jan 14 – Jan 31 follows with $500.00: 18 days with the budget of 31." in said(
            dashboard, "#what-happens"
        )
        assert "45.00  195.00" in dashboard.line_with("PCC"), "carried, and what it opens with"
        assert said(dashboard, "TableFooter") == "unallocated afterwards $35.00"
        await dashboard.keys("tab", "tab", "enter")
        assert not is_open(dashboard)
        assert "is closed; the next period starts on Jan 14, 2026" in dashboard.text
        assert "closed" in dashboard.lines[0]
        await dashboard.keys("1")
        assert "closed · the next period starts on Jan 14" in dashboard.text
        assert "Remaining $259.00" in dashboard.text
        assert not any(word in dashboard.text for word in ("Drip", "Available today", "Lasts")), "no day is left"
    opened = stored(tomorrow)
    assert [line.pace.allocation for line in opened.projects] == [units(195), units(120), units(100), units(50)]


async def test_reallocating_first(open_dashboard: OpenDashboard, tomorrow: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("c", "down", "=", *"25%")
        assert said(dashboard, "TableFooter") == "unallocated afterwards $80.00 → $75.00 (editing)"
        await dashboard.keys("tab", *"-15", "tab", *"rest", "enter")
        assert said(dashboard, "TableFooter") == "unallocated afterwards $0.00 · 3 changes"
        assert "Close, with 3 changes" in dashboard.text
        await dashboard.keys("up", "up", "up", "-", "enter")  # PCC a step less
        assert said(dashboard, "TableFooter") == "unallocated afterwards $10.00 · 4 changes"
        await dashboard.keys("tab", "tab", "enter")
        assert not is_open(dashboard)
    opened = stored(tomorrow)
    assert [line.pace.allocation for line in opened.projects] == [units(140), units(125), units(85), units(140)]
    assert opened.unallocated == units(10)


async def test_what_cannot_be_is_refused_in_place(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("c", "=", *"9x", "enter")
        assert said(dashboard, "TableFooter") == "✕ '9x' is not an allocation; type 120, +20, -15, 25% or rest"
        await dashboard.keys("backspace", "backspace", *"-900", "enter")
        assert "cannot be negative" in said(dashboard, "TableFooter")
        await dashboard.keys("escape")
        assert is_open(dashboard), "the first Esc leaves the cell"
        assert said(dashboard, "TableFooter") == "unallocated afterwards $80.00"
        await dashboard.keys("escape")
        assert not is_open(dashboard)
    assert not stored(services).is_closed


async def test_leaving_with_changes_needs_a_second_escape(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("c", "=", *"90", "enter", "escape")
        assert said(dashboard, "#refusal") == "✕ esc again discards 1 change"
        await dashboard.keys("=", *"95", "enter", "escape")
        assert is_open(dashboard), "what was chosen since is asked for anew"
        await dashboard.keys("escape")
        assert not is_open(dashboard)
    assert not stored(services).is_closed


async def test_what_somebody_else_closed_meanwhile_is_closed_once(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("c", "=", *"90", "enter")
        elsewhere.periods.close()
        await dashboard.keys("tab", "tab", "enter")
        assert is_open(dashboard)
        assert "is already closed" in said(dashboard, "#refusal")
        await dashboard.keys("escape", "escape", "c")
        assert not is_open(dashboard)
        assert "is already closed; the next period starts on Jan 14, 2026" in " ".join(dashboard.text.split())
    assert len(services.history.periods(10)) == 3


async def test_a_day_that_began_meanwhile_is_shown_before_it_is_confirmed(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    services = services_on(clock=turning)
    services.periods.review({}, stored(services).period)  # of what December carried over
    async with open_dashboard(services, size=(80, 24)) as dashboard:
        await dashboard.keys("c", "=", *"90", "enter")
        turning.days.append(date(2026, 1, 14))
        await dashboard.keys("tab", "tab", "enter")
        assert "it is Jan 1 – Jan 14, 2026 that would be closed by now" in said(dashboard, "#refusal")
        assert "Jan 1 – Jan 14, 2026 ends today" in said(dashboard, "#what-happens")
        assert "· 1 change" in said(dashboard, "TableFooter"), "what was chosen stays"
        submit = dashboard.app.screen.query_one("#submit")
        await dashboard.until(lambda: not submit.has_class("-active"))  # a button takes no second press at once
        await dashboard.keys("enter")
        assert not is_open(dashboard)
    assert services.history.periods(1)[0].period.end == date(2026, 1, 14)


async def test_many_projects_scroll(open_dashboard: OpenDashboard, services: Services, tomorrow: Services) -> None:
    services.projects.add("p0", "Project 0", parse_change("1"))
    others = ((f"p{number}", f"Project {number}", units(1)) for number in range(1, 200))
    copy_project(services.context.database.path, "p0", others)
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("c", "ctrl+end", "=", *"42")
        assert "42" in dashboard.line_with("Project 199"), "the editor stands in its row"
        assert "Close period" in dashboard.text
        await dashboard.keys("enter", "tab", "tab", "enter")
        assert not is_open(dashboard)
    assert stored(tomorrow).projects[-1].pace.allocation == units(42)
