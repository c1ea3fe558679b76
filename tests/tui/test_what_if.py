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
        assert "what if · 0 changes · unallocated $80.00 · ⏎ or esc ends it" in dashboard.pool_line
        await dashboard.keys("j", "j", "e", *"200")
        line = dashboard.line_with("Python API")  # while it is typed
        assert "112.00" in line
        assert "6.22" in line  # the drip of 112 over 18 days
        assert "$80.00 → $20.00 over-allocated (editing)" in dashboard.pool_line
        await dashboard.keys("escape")
        assert "112.00" not in dashboard.line_with("Python API")
        await dashboard.keys("+", *"20", "enter", "k", "-", "enter")  # a step of ten less of VideoNest API
        assert "what if · 2 changes · unallocated $80.00 → $70.00 · ⏎ saves, esc forgets" in dashboard.pool_line
        await pictured(dashboard)
        assert stored(services) == before

        elsewhere.costs.add(CostEntry("python-api", units(2)))
        await dashboard.looked()
        assert "30.00" in dashboard.line_with("Python API"), "the live numbers are those below it"

        await dashboard.keys("enter")
        assert "2 allocations changed; u undoes it" in dashboard.text
        assert allocation_of(services, "python-api") == units(120)
        assert allocation_of(services, "videonest-api") == units(110)
        assert "what if" not in dashboard.pool_line
        await dashboard.keys("u")
        assert allocation_of(services, "python-api") == units(100)
        assert allocation_of(services, "videonest-api") == units(120)


async def test_rows_stand_as_before_once_it_is_forgotten(open_dashboard: OpenDashboard) -> None:
    def names() -> list[str]:
        return [line.project_id for line in dashboard.table.table.rows]

    async with open_dashboard(mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("!")  # by trouble
        before = names()
        await dashboard.keys("w", "G", "=", *"1", "enter", "k", "=", *"1", "enter", "!", "!")  # sorted by it
        assert names() != before
        await dashboard.keys("escape", "escape")
        assert names() == before


async def test_it_is_forgotten_only_when_sure_and_its_edits_are_taken_back_first(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    before = stored(services)
    async with open_dashboard(mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("w", "+", "enter", "=", *"90", "enter")
        assert "what if · 1 change · unallocated $80.00 → $140.00" in dashboard.pool_line
        assert "▲ alert fires: PCC share 100%" in dashboard.text
        await dashboard.keys("j", "e", *"500")  # while it is typed
        assert "▲ alert fires: PCC share 100%" in dashboard.text
        await dashboard.keys("j", "j", "escape", "u")
        assert dashboard.line_with("PCC").split()[1] == "160.00"
        assert "PCC share 100%" not in dashboard.text
        await dashboard.keys("u", "u")
        assert "there is no edit to take back in this what-if" in dashboard.text
        await dashboard.keys("U", "1", "q")
        assert "q again quits and forgets 1 change of a what-if" in dashboard.text
        await dashboard.keys("2", "escape")
        assert "esc again forgets your 1 change; ⏎ saves" in dashboard.text
        await dashboard.keys("+", "enter", "escape")
        assert "esc again forgets your 2 changes" in dashboard.text, "another edit is another reason to ask"
        await dashboard.keys("slash", *"dan", "escape")
        assert "what if" in dashboard.pool_line, "it was the filter that Esc left"
        await dashboard.keys("escape")
        assert "nothing of it was stored" in dashboard.text
        assert "what if" not in dashboard.pool_line
        await dashboard.keys("w", "enter")
        assert "what if" not in dashboard.pool_line
    assert stored(services) == before


async def test_what_somebody_changed_is_named_and_taken_over_before_it_is_saved(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("w", "=", *"250", "enter")
        elsewhere.budgets.allocate("dandelion", parse_change("60"))
        await dashboard.keys("enter")
        assert "✕ Dandelion $50.00 → $60.00 meanwhile: your change stays, ⏎ saves" in dashboard.text
        assert allocation_of(services, "pcc") == units(150)
        assert "60.00" in dashboard.line_with("Dandelion")
        await dashboard.keys("enter")
        assert "1 allocation changed; $30.00 over-allocated; u undoes it" in dashboard.text
        assert allocation_of(services, "pcc") == units(250)

        await dashboard.keys("w", "=", *"100", "enter")
        elsewhere.projects.archive("dandelion")
        await dashboard.looked()
        assert "dandelion archived meanwhile; ⏎ reloads first" in dashboard.text
        await dashboard.keys("d")
        assert "Its allocation of $250.00 returns" in " ".join(dashboard.text.split()), "commands are on what is stored"
        await dashboard.keys("escape")
        await dashboard.keys("t", *"10", "enter")  # for real, from PCC
        assert "$10.00 moved" in dashboard.text
        await dashboard.keys("enter")
        assert "1 allocation changed; u undoes it" in dashboard.text, "one's own changes are no surprise"
