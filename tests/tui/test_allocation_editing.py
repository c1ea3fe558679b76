"""Allocations are edited in their cells: what typing does, what it is told, and that no key of a burst is lost."""

from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import parse_change
from tests.databases import locked
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import allocation_of, stored, units


async def test_digits_change_the_screen_in_tables_too(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        for key, mode in (("3", "agents"), ("2", "projects"), ("4", "plan"), ("2", "projects"), ("1", "budget")):
            await dashboard.keys(key)
            assert dashboard.app.current_mode == mode
        await dashboard.keys("2", "8", "9", "0", ".")
        assert dashboard.editor_text is None
    assert allocation_of(services, "pcc") == units(150)


async def test_enter_commits_what_was_typed(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("=", "1", "7", "0", "enter")  # one burst
        assert dashboard.editor_text is None
        assert "170.00" in dashboard.line_with(" PCC")
        assert "PCC: $150.00 → $170.00" in dashboard.text
        assert "unallocated $60.00" in dashboard.pool_line
        assert dashboard.table.table.has_focus
    assert allocation_of(services, "pcc") == units(170)


async def test_what_is_edited_shows_on_every_screen(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(keys="2") as dashboard:
        await dashboard.typed("=120", "enter")
        await dashboard.keys("[")
        assert "$440.00    88%" in dashboard.line_with("Allocated")
        assert "Unallocated $60.00" in dashboard.text


async def test_enter_opens_with_the_value_selected(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "enter")
        assert dashboard.editor_text == "120.00"
        assert dashboard.table.editor.selected_text == "120.00"
        assert dashboard.table.editor.has_focus
        await dashboard.typed("99")  # takes the place of what is selected
        assert dashboard.editor_text == "99"
        await dashboard.keys("enter")
    assert allocation_of(services, "videonest-api") == units(99)


async def test_an_untouched_value_changes_nothing_and_says_nothing(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    services.budgets.allocate("pcc", parse_change("150.004"))
    entries = len(services.audit.newest(100))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("enter")
        assert dashboard.editor_text == "150.00"
        await dashboard.keys("enter")
        assert dashboard.editor_text is None
        assert "→" not in dashboard.text
    assert allocation_of(services, "pcc") == 150_004 * NANOS // 1000, "no digit is lost by looking"
    assert len(services.audit.newest(100)) == entries


async def test_every_way_to_say_an_allocation(open_dashboard: OpenDashboard, services: Services) -> None:
    ways = {
        "120": 120_00,
        "+20": 140_00,
        "-15": 125_00,
        "12.5%": 62_50,
        "rest": 230_00,
        "1,000.50": 1_000_50,
        "$99": 99_00,
        "0": 0,
    }
    async with open_dashboard(mode="projects") as dashboard:
        for typed, cents in ways.items():
            await dashboard.keys("enter", *typed, "enter")
            assert dashboard.editor_text is None
            assert allocation_of(services, "pcc") == units(cents) // 100, typed


async def test_a_refused_edit_is_told_in_place_and_kept(open_dashboard: OpenDashboard, services: Services) -> None:
    refusals = {
        "lots": "'lots' is not an allocation; type 120, +20, -15, 25% or rest",
        "-999": "an allocation cannot be negative",
        "99999999999": "out of range",
        "1.0000000001": "more than 9 decimals",
    }
    async with open_dashboard(mode="projects", size=(120, 30)) as dashboard:
        for typed, told in refusals.items():
            await dashboard.keys("enter", *typed, "enter")
            assert told in dashboard.pool_line
            assert dashboard.pool_line.startswith("✕")
            assert dashboard.editor_text == typed
            assert dashboard.table.editor.has_focus
            await dashboard.keys("backspace")
            assert not dashboard.pool_line.startswith("✕"), "what is being mended is not refused any more"
            await dashboard.keys("escape")
            assert "150.00" in dashboard.line_with(" PCC")
    assert allocation_of(services, "pcc") == units(150)


async def test_rest_of_nothing_is_refused_in_words(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    elsewhere.budgets.set_global(units(420))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("enter", *"rest", "enter")
        assert "nothing is unallocated" in dashboard.pool_line
        assert dashboard.editor_text == "rest"
    assert allocation_of(services, "pcc") == units(150)


async def test_escape_leaves_the_cell_as_it_was(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=999", "escape")
        assert dashboard.editor_text is None
        assert "150.00" in dashboard.line_with(" PCC")
        assert dashboard.pool_line == "unallocated $80.00"
        await dashboard.keys("down")
        assert dashboard.table.current is not None
        assert dashboard.table.current.project_id == "videonest-api"
    assert allocation_of(services, "pcc") == units(150)


async def test_tab_commits_and_goes_on(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        # One burst: each number must land in its own cell, each Tab act before the digit behind it.
        await dashboard.keys("=", *"160", "tab", *"110", "tab", *"90", "enter")
        assert dashboard.editor_text is None
    wanted = {"pcc": 160, "videonest-api": 110, "python-api": 90, "dandelion": 50}
    assert {name: allocation_of(services, name) for name in wanted} == {k: units(v) for k, v in wanted.items()}


async def test_shift_tab_commits_and_goes_back(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "=", *"110", "shift+tab")
        assert dashboard.editor_text == "150.00"
        assert dashboard.table.editor.selected_text == "150.00"
        await dashboard.keys("shift+tab")  # nothing above: the edit ends
        assert dashboard.editor_text is None
    assert allocation_of(services, "videonest-api") == units(110)
    assert allocation_of(services, "pcc") == units(150)


async def test_tab_behind_a_refused_edit_stays(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("enter", *"12x", "tab")
        assert dashboard.editor_text == "12x"
        assert dashboard.table.current is not None
        assert dashboard.table.current.project_id == "pcc"
        assert "is not an allocation" in dashboard.pool_line


async def test_the_pool_shows_what_typing_does_to_it(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=17")
        assert dashboard.pool_line == "unallocated $80.00 → $213.00 (editing)"
        await dashboard.typed("0")
        assert dashboard.pool_line == "unallocated $80.00 → $60.00 (editing)"
        await dashboard.keys("home", "delete", "+")
        assert dashboard.pool_line == "unallocated $80.00 → $90.00 over-allocated (editing)"
        await dashboard.keys("end", *["backspace"] * 4)
        assert "120, +20, -15, 25% or rest" in dashboard.pool_line, "an empty cell says what it takes"
    assert allocation_of(services, "pcc") == units(150), "only looked at"


async def test_over_allocation_is_done_and_said_plainly(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=240", "enter")
        assert "PCC: $150.00 → $240.00, lasts 16.8 d; $10.00 over-allocated; u undoes it" in dashboard.text
        assert dashboard.pool_line == "$10.00 over-allocated"
    assert stored(services).unallocated == units(-10)


@pytest.mark.parametrize(
    ("keys", "editor", "amount"),
    [
        (["+"], "+10", 160),
        (["+", *"20"], "+20", 170),
        (["+", "+", "+"], "+30", 180),
        (["+", "+", "-", "-", "-"], "-10", 140),
        (["-", *"25"], "-25", 125),
        (["="], "=150.00", 150),
        (["=", *"120"], "=120", 120),
        (["e"], "150.00", 150),
        (["e", *"90"], "90", 90),
        (["enter", *"rest"], "rest", 230),
        (["=", *"25%"], "=25%", 125),
    ],
)
async def test_a_sign_opens_the_edit_and_nothing_is_written_before_enter(
    open_dashboard: OpenDashboard, services: Services, keys: list[str], editor: str, amount: int
) -> None:
    entries = len(services.audit.newest(100))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys(*keys)
        assert dashboard.editor_text == editor
        assert allocation_of(services, "pcc") == units(150)
        await dashboard.keys("escape")
        assert dashboard.editor_text is None
        assert len(services.audit.newest(100)) == entries, "left as it was"
        await dashboard.keys(*keys, "enter")
        assert allocation_of(services, "pcc") == units(amount)
        assert len(services.audit.newest(100)) == entries + (amount != 150), "one act is one entry"
        if amount != 150:
            await dashboard.keys("u")
    assert allocation_of(services, "pcc") == units(150), "and one undo"


async def test_steps_in_a_burst_lose_none(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys(
            *["+", "enter"] * 3, "down", *["-", "enter"] * 2, "down", "+", *"5", "tab", "9", "9", "enter"
        )
        assert dashboard.editor_text is None
    wanted = {"pcc": 180, "videonest-api": 100, "python-api": 105, "dandelion": 99}
    assert {name: allocation_of(services, name) for name in wanted} == {k: units(v) for k, v in wanted.items()}


async def test_the_step_is_the_settings(open_dashboard: OpenDashboard, services_on: OpenServices) -> None:
    services = services_on(step="2.50")
    async with open_dashboard(services, mode="projects") as dashboard:
        await dashboard.keys("+", "enter")
    assert allocation_of(services, "pcc") == 152_500_000_000


async def test_a_step_below_nothing_is_refused_in_words(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("end", *["down"] * 3, *["-", "enter"] * 6)
        assert "an allocation cannot be negative" in dashboard.pool_line
    assert allocation_of(services, "dandelion") == 0


async def test_a_step_adds_to_what_somebody_else_wrote_meanwhile(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        elsewhere.budgets.allocate("pcc", parse_change("200"))
        await dashboard.keys("+", "enter")
        assert "PCC: $200.00 → $210.00" in dashboard.text
    assert allocation_of(services, "pcc") == units(210)


# What somebody else does meanwhile


@pytest.mark.parametrize("is_seen_meanwhile", [False, True])
async def test_a_value_typed_over_one_that_changed_meanwhile_is_refused_and_kept(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services, is_seen_meanwhile: bool
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=170")
        elsewhere.budgets.allocate("pcc", parse_change("155"))
        if is_seen_meanwhile:
            await dashboard.looked()  # the editor covers the cell: its new value has not been seen
            assert dashboard.editor_text == "=170"
        await dashboard.keys("enter")
        assert "the allocation is $155.00 by now; someone else changed it" in dashboard.pool_line
        assert dashboard.editor_text == "=170"
        assert allocation_of(services, "pcc") == units(155)
        await dashboard.keys("enter")  # they know by now
        assert "PCC: $155.00 → $170.00" in dashboard.text
    assert allocation_of(services, "pcc") == units(170)


async def test_an_untouched_value_does_not_undo_what_somebody_else_did(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("enter")
        elsewhere.budgets.allocate("pcc", parse_change("155"))
        await dashboard.looked()
        await dashboard.keys("enter")
        assert dashboard.editor_text is None
        assert "155.00" in dashboard.line_with(" PCC")
    assert allocation_of(services, "pcc") == units(155)


async def test_the_editor_stays_on_its_project_when_rows_move(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects", keys="ss") as dashboard:  # by allocation: Dandelion first
        await dashboard.keys("up", "up", "up", "e", "7", "0")
        assert dashboard.names[0] == "dandelion"
        elsewhere.projects.add("aardvark", "Aardvark", parse_change("5"))
        elsewhere.budgets.allocate("python-api", parse_change("10"))
        await dashboard.looked()
        assert dashboard.names[:3] == ["aardvark", "python-api", "dandelion"]
        assert dashboard.editor_text == "70"
        row = next(number for number, line in enumerate(dashboard.lines) if line.startswith(" Dandelion"))
        assert dashboard.table.editor.region.y == row
        await dashboard.keys("enter")
    assert allocation_of(services, "dandelion") == units(70)


async def test_a_project_archived_while_it_is_edited_is_told_and_nothing_is_lost(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=170")
        elsewhere.projects.archive("pcc")
        await dashboard.looked()
        assert dashboard.editor_text is None
        assert "PCC is gone" in dashboard.pool_line
        assert "'=170'" in dashboard.pool_line
        assert dashboard.names == ["videonest-api", "python-api", "dandelion"]
        await dashboard.keys("+", "enter")
        assert not dashboard.pool_line.startswith("✕")
    assert stored(services).allocated == units(280)


async def test_a_project_archived_unseen_while_it_is_edited_is_refused(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=170")
        elsewhere.projects.archive("pcc")
        await dashboard.keys("enter")
        assert "'pcc' is archived" in dashboard.pool_line
        await dashboard.looked()
        assert dashboard.editor_text is None
    assert stored(services).allocated == units(270)


# What the disk does


async def test_a_locked_database_is_told_in_words_and_the_text_kept(
    open_dashboard: OpenDashboard, services: Services, database: Path, impatient: None
) -> None:
    async with open_dashboard(mode="projects", size=(160, 24)) as dashboard:
        with locked(database):
            await dashboard.typed("=170", "enter")
            assert "is locked by another program" in dashboard.pool_line
            assert dashboard.editor_text == "=170"
            assert "150.00" not in dashboard.pool_line
        await dashboard.keys("enter")
        assert dashboard.editor_text is None
    assert allocation_of(services, "pcc") == units(170)


async def test_keys_typed_while_a_write_waits_count_when_it_is_done(
    open_dashboard: OpenDashboard, services: Services, database: Path
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        with locked(database):
            for key in ("e", "1", "7", "0", "tab", "1", "1", "0"):
                dashboard.press(key)
            await dashboard.until(lambda: dashboard.table.editor.is_waiting)
        await dashboard.keys("enter")
    assert allocation_of(services, "pcc") == units(170)
    assert allocation_of(services, "videonest-api") == units(110)


async def test_a_click_chooses_and_a_double_click_edits(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        row = next(number for number, line in enumerate(dashboard.lines) if line.startswith(" Python API"))
        await dashboard.pilot.click(offset=(20, row))
        await dashboard.settled()
        assert dashboard.editor_text is None
        assert dashboard.table.table.cursor == 2
        await dashboard.pilot.double_click(offset=(20, row))
        await dashboard.settled()
        assert dashboard.editor_text == "100.00"
        await dashboard.typed("=90", "enter")
    assert allocation_of(services, "python-api") == units(90)
