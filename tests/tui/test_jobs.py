"""The common jobs, in the keys that they take from the first screen of the demonstration."""

from pathlib import Path

from budget_tui.bootstrap import Services
from budget_tui.services.demo_studio import ORGANIZATION
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import Dashboard, allocation_of, stored, stored_line, units

AT_MOST = {
    "raise by 20": 6,
    "move 30": 8,
    "why is it red": 4,
    "costs behind a number": 4,
    "import this month's export": 2,
    "record a cost": 4,
    "map an account": 3,
    "close the month": 4,
}
"""The keys that each job may take, those that lead to its screen included."""


async def do(job: str, dashboard: Dashboard, *keys: str) -> None:
    """Press ``keys`` as a person does, who looks at the screen after each."""
    assert len(keys) <= AT_MOST[job]
    for key in keys:
        await dashboard.keys(key)


async def test_jobs_on_projects(open_dashboard: OpenDashboard, services: Services) -> None:
    studio = services.of_organization(ORGANIZATION)
    entries = len(studio.audit.newest(1000))
    async with open_dashboard(studio) as dashboard:
        await do("raise by 20", dashboard, "2", "j", "j", "+", "+", "enter")
        assert allocation_of(studio, "data-pipeline") == units(340)
        assert len(studio.audit.newest(1000)) == entries + 1, "one act is one entry"

        await dashboard.keys("g", "1")
        await do("why is it red", dashboard, "2", "x")
        assert "▲ spends $14.51 a day, the drip allows $0.64" in dashboard.text
        await dashboard.keys("escape", "1")
        await do("why is it red", dashboard, "2", "j", "j", "x")
        assert "▲ $84.36 on Jan 9 for aws, 7 times an even day" in dashboard.text

        await dashboard.keys("escape", "g", "1")
        await do("costs behind a number", dashboard, "2", "j", "j", "l")
        assert "$177.88 in 24 costs" in dashboard.text
        assert "156.58" in dashboard.line_with(" aws ")

        await dashboard.keys("h", "g", "1")
        await do("move 30", dashboard, "2", "t", "3", "0", "tab", "r", "enter")
        assert "$30.00 moved from Research to Support bot" in dashboard.text
        assert (allocation_of(studio, "research"), allocation_of(studio, "support-bot")) == (units(70), units(210))


async def test_jobs_on_costs(open_dashboard: OpenDashboard, services: Services, tmp_path: Path) -> None:
    studio = services.of_organization(ORGANIZATION)
    export = tmp_path / "export.csv"
    export.write_text("date,amount,project\n2026-01-05,3.00,website\n", encoding="utf-8")
    async with open_dashboard(studio, size=(120, 40)) as dashboard:
        await dashboard.keys("i", *str(export), "enter", "enter")  # once, for the months to come
        export.write_text("date,amount,project\n2026-01-05,3.00,website\n2026-01-12,4.50,website\n", encoding="utf-8")
        before = stored_line(studio, "website").pace.spent
        await do("import this month's export", dashboard, "i", "enter")
        assert stored_line(studio, "website").pace.spent == before + 4_500_000_000

        before = stored(studio).total.spent
        await do("record a cost", dashboard, "$", "1", "2", "enter")
        assert stored(studio).total.spent == before + units(12)

        before = stored(studio).unmapped_costs
        await dashboard.keys("m")
        await do("map an account", dashboard, "enter", "w", "enter")
        assert stored(studio).unmapped_costs == before - 2
        assert "sandbox: $14.05 in 2 costs assigned to Website" in dashboard.text
        await do("map an account", dashboard, "enter", "m", "enter")
        assert "landing-pages: $4.35 in 1 cost assigned to Mobile app; every cost has a project now" in dashboard.text

        await do("close the month", dashboard, "c", "tab", "tab", "enter")
        assert "is closed; the next period starts on Jan 14, 2026" in dashboard.text
