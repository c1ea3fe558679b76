"""What if, on Projects: a fork of the allocations over the live numbers, saved with one key or forgotten."""

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.services.costs import CostEntry
from tests.tui.conftest import OpenDashboard, Pictured
from tests.tui.driving import allocation_of, stored, units


async def test_all_figures_follow_and_nothing_is_stored_until_it_is_saved(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services, pictured: Pictured
) -> None:
    before = stored(services)
    async with open_dashboard(mode="projects", size=(110, 30)) as dashboard:
        await dashboard.keys("w")
        assert "what if · 0 changes · unallocated $80.00 · w or Esc ends it" in dashboard.pool_line
        await dashboard.keys("j", "j", "e", *"200")
        line = dashboard.line_with("Python API")  # while it is typed
        assert "112.00" in line
        assert "6.22" in line  # the drip of 112 over 18 days
        assert "$80.00 → $20.00 over-allocated (editing)" in dashboard.pool_line
        await dashboard.keys("escape")
        assert "12.00" in dashboard.line_with("Python API")
        await dashboard.keys("+", *"20", "enter", "k", "-", "enter")  # a step of ten less of VideoNest API
        assert "what if · 2 changes · unallocated $80.00 → $70.00 · w saves, Esc forgets" in dashboard.pool_line
        await pictured(dashboard)
        assert stored(services) == before

        elsewhere.costs.add(CostEntry("python-api", units(2)))
        await dashboard.looked()
        assert "30.00" in dashboard.line_with("Python API"), "the live numbers are those below it"

        await dashboard.keys("w")
        assert "2 allocations changed; u takes it back" in dashboard.text
        assert allocation_of(services, "python-api") == units(120)
        assert allocation_of(services, "videonest-api") == units(110)
        assert "what if" not in dashboard.pool_line
        await dashboard.keys("u")
        assert allocation_of(services, "python-api") == units(100)
        assert allocation_of(services, "videonest-api") == units(120)


async def test_it_is_forgotten_and_a_conflict_is_told_before_it_is_saved(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("w", "+", "enter")
        assert "1 change" in dashboard.pool_line
        await dashboard.keys("escape")
        assert "nothing of it was stored" in dashboard.text
        assert dashboard.line_with("PCC").split()[1] == "150.00"

        await dashboard.keys("w", "=", *"170", "enter")
        elsewhere.budgets.allocate("dandelion", parse_change("60"))
        await dashboard.keys("w")
        assert "the allocation of Dandelion was $50.00 and is $60.00 by now" in dashboard.text
        assert allocation_of(services, "pcc") == units(150)
        assert "60.00" in dashboard.line_with("Dandelion")
        await dashboard.keys("w")
        assert allocation_of(services, "pcc") == units(170)
        await dashboard.keys("w", "w")
        assert "unallocated" in dashboard.pool_line
        assert "what if" not in dashboard.pool_line
