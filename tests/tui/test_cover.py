"""Cover on Projects: donors in a box, one key moves, one takes it back."""

from datetime import timedelta

from budget_tui.bootstrap import Services
from budget_tui.services.costs import CostEntry
from tests.tui.conftest import OpenDashboard, Pictured
from tests.tui.driving import TODAY, allocation_of, units


async def test_one_key_shows_who_can_spare_it_and_one_moves_it(
    open_dashboard: OpenDashboard, services: Services, pictured: Pictured
) -> None:
    studio = services.of_organization("studio").cover.offer("search")
    assert len(studio.donors) > 3
    for donor in studio.donors:
        assert donor.forecast_high + donor.spare == donor.allocation, "in cents, as they are shown"
    days = [TODAY - timedelta(days=ago) for ago in range(1, 43)]
    services.costs.add_all([CostEntry("dandelion", units(1), day) for day in days])
    async with open_dashboard(mode="projects", size=(110, 30)) as dashboard:
        await dashboard.keys("j", "j", "v")
        assert "Python API will lack $" in dashboard.text
        assert "Dandelion will need at most $31.00 of $50.00" in dashboard.text
        await pictured(dashboard)
        await dashboard.keys("enter")
        assert "$19.00 moved from Dandelion to Python API; u undoes it" in dashboard.text
        assert allocation_of(services, "python-api") == units(119)
        await dashboard.keys("u")
        assert allocation_of(services, "python-api") == units(100)
        await dashboard.keys("v", "escape", "G", "v")
        assert "Dandelion will lack nothing by the end of the period" in dashboard.text
        assert " Move " not in dashboard.text, "nothing is offered"
        await dashboard.keys("enter")  # on Cancel
        assert len(dashboard.app.screen_stack) == 1
        assert allocation_of(services, "dandelion") == units(50)

        for project in ("pcc", "videonest-api"):
            services.projects.archive(project)
        await dashboard.looked()
        await dashboard.keys("v")
        assert "no other project can spare anything" in dashboard.text
        assert "Python API may need all that it has" in dashboard.text
        assert "t moves allocation from the pool" in dashboard.text
        await dashboard.keys("enter")  # on Cancel
        services.projects.archive("python-api")
        await dashboard.looked()
        await dashboard.keys("v")
        assert "there is no other project" in dashboard.text


async def test_every_donor_is_in_sight_at_80_columns(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(services.of_organization("studio"), mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("j", "v")
        assert "Cover Search" in dashboard.text
        donors = [donor.name for donor in services.of_organization("studio").cover.offer("search").donors]
        assert [name for name in donors if not any(line.strip("│ ").startswith(name) for line in dashboard.lines)] == []
