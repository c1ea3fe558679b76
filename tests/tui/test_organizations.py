"""Another organization of the database on all screens, without leaving the dashboard."""

from budget_tui.bootstrap import Services
from budget_tui.tui.screens.plan.screen import PlanScreen
from budget_tui.tui.screens.projects.screen import ProjectsScreen
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import Dashboard, allocation_of, units


async def chosen(dashboard: Dashboard, key: str, *typed: str) -> None:
    """Open the palette with ``key``, type, and take the first command that it offers."""
    await dashboard.keys(key)
    await dashboard.keys(*typed)
    await dashboard.until(lambda: "Organization: " in dashboard.text)
    await dashboard.keys("enter")
    await dashboard.until(lambda: dashboard.app.snapshot is not None and len(dashboard.app.screen_stack) == 1)
    await dashboard.settled()


async def test_all_screens_show_the_other_organization(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await chosen(dashboard, "O")
        assert isinstance(dashboard.app.screen, ProjectsScreen)
        assert dashboard.names == ["PROJ-PLATFORM", "PROJ-DESIGN", "PROJ-MLPIPE"]
        assert "organization Acme Inc" in dashboard.text
        assert "no global budget yet: set one on Budget" in dashboard.pool_line
        assert "○" in dashboard.line_with("Platform"), "without any budget nobody is in trouble"
        assert "-11," not in dashboard.text
        await dashboard.keys("[")
        assert "no budget yet" in dashboard.text
        await dashboard.keys("4")
        assert isinstance(dashboard.app.screen, PlanScreen)
        await dashboard.until(lambda: "Engineering" in dashboard.text)
        await dashboard.keys("3")
        assert "no agents yet" in dashboard.text


async def test_the_way_there_and_back_through_the_palette(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(140, 30)) as dashboard:
        await chosen(dashboard, "ctrl+p", *"organization: acme")
        assert "acme · January 2026" in dashboard.lines[0]
        await chosen(dashboard, "O", *"default")
        assert "default · January 2026" in dashboard.lines[0]
        assert "$241.00" in dashboard.line_with("Spent  ")


async def test_a_box_of_the_organization_before_is_gone(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(keys="t") as dashboard:
        assert "Transfer ─" in dashboard.text
        await chosen(dashboard, "ctrl+p", *"organization: acme")
        assert "Transfer ─" not in dashboard.text
        await dashboard.keys("t")
        assert "the pool" in dashboard.text
        assert "$80.00" not in dashboard.text, "the pool of the other one"


async def test_commands_are_those_of_the_organization_shown(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    acme = elsewhere.of_organization("acme")
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=99")  # half an edit of the first project of the other one
        await chosen(dashboard, "ctrl+p", *"organization: acme")
        await dashboard.keys("[", "e", *"500", "enter")
        assert "$500.00 a month" in dashboard.text
        await dashboard.keys("2", "=", *"40", "enter")
    assert allocation_of(acme, "PROJ-PLATFORM") == units(40)
    assert allocation_of(services, "pcc") == units(150)


async def test_where_there_is_but_one(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, keys="O") as dashboard:
        assert "there is no other organization: budget-tui org add SLUG makes one" in dashboard.text
