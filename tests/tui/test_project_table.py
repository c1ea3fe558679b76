"""Project Allocation: what the table shows, how it is sorted and filtered, and the commands on a project."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services, open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.budget import parse_change
from budget_tui.presentation import formatting
from budget_tui.services.costs import CostEntry
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import TODAY, Dashboard, allocation_of, copy_project, stored, units

ADDED = ["pcc", "videonest-api", "python-api", "dandelion"]
BY_TROUBLE = ["python-api", "pcc", "videonest-api", "dandelion"]
MANY = 2_000


@pytest.fixture(scope="session")
def crowd_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 projects; the n-th is allocated n dollars. All but the first are copies of its rows."""
    path = tmp_path_factory.mktemp("crowd") / "crowd.db"
    services = open_services(str(path), as_of=TODAY, settings=Settings())
    services.budgets.set_global(units(5_000_000))
    services.projects.add("p0001", "Project 0001", parse_change("1"))
    copy_project(path, "p0001", ((f"p{n:04}", f"Project {n:04}", units(n)) for n in range(2, MANY + 1)))
    return path


def header(dashboard: Dashboard) -> str:
    return dashboard.lines[dashboard.table.table.region.y]


def right_edges(line: str) -> list[int]:
    """Where the numbers of a line end."""
    return [found.end() for found in re.finditer(r"-?[\d,]+\.\d\d", line)]


async def test_rows_show_the_snapshots_figures(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        expected = {
            "PCC": ("150.00", "105.00", "45.00", "2.50", "2.37", "▲"),
            "VideoNest API": ("120.00", "48.00", "72.00", "4.00", "3.79", "●"),
            "Python API": ("100.00", "88.00", "12.00", "0.67", "0.63", "▲"),
            "Dandelion": ("50.00", "0.00", "50.00", "2.78", "2.63", "●"),
        }
        for name, figures in expected.items():
            words = dashboard.line_with(f" {name} ").split()
            assert [word for word in words if word in figures] == list(figures)
        for line in dashboard.shown.projects:
            shown = dashboard.line_with(f" {line.name} ")
            assert formatting.runway(line.pace.runway_days) in shown
            burn = formatting.number(line.pace.burn_rate, "USD") if line.pace.burn_rate else "–"
            assert f" {burn} " in shown


async def test_sums_stand_under_their_columns(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        row, sums = right_edges(dashboard.line_with(" PCC ")), right_edges(dashboard.line_with(" 4 projects "))
        assert sums == row
        total = dashboard.line_with(" 4 projects ")
        for amount in ("420.00", "241.00", "179.00"):
            assert amount in total


async def test_amounts_are_grouped_and_aligned_on_the_point(open_dashboard: OpenDashboard, services: Services) -> None:
    services.budgets.set_global(units(5_000_000))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.typed("=1234567.5", "enter")
        line = dashboard.line_with(" PCC ")
        assert "1,234,567.50" in line
        rows = [right_edges(dashboard.line_with(f" {name} "))[:3] for name in ("PCC", "Python API", "Dandelion")]
        assert rows[0] == rows[1] == rows[2] == right_edges(dashboard.line_with(" 4 projects "))[:3]


# Sorting


async def test_s_sorts_by_one_column_after_the_other(open_dashboard: OpenDashboard) -> None:
    by_column = {
        "name": ["dandelion", "pcc", "python-api", "videonest-api"],
        "allocation": ["dandelion", "python-api", "videonest-api", "pcc"],
        "spent": ["dandelion", "videonest-api", "python-api", "pcc"],
        "bar": ["dandelion", "videonest-api", "pcc", "python-api"],
        "left": ["python-api", "pcc", "dandelion", "videonest-api"],
        "drip": ["python-api", "pcc", "dandelion", "videonest-api"],
        "today": ["python-api", "pcc", "dandelion", "videonest-api"],
        "burn": ["dandelion", "videonest-api", "python-api", "pcc"],
        "runway": ["python-api", "pcc", "videonest-api", "dandelion"],
    }
    async with open_dashboard(mode="projects", by_trouble=True) as dashboard:
        assert dashboard.names == BY_TROUBLE
        assert header(dashboard).endswith("▼")
        assert dashboard.pool_line.endswith("sorted by trouble")
        await dashboard.keys("s")
        assert dashboard.names == ADDED
        assert "sorted by" not in dashboard.pool_line
        for column, order in by_column.items():
            await dashboard.keys("s")
            assert (dashboard.table.table.sort_key, dashboard.names) == (column, order)
            assert "▲" in header(dashboard)
            assert "sorted by" in dashboard.pool_line
        await dashboard.keys("s")
        assert dashboard.names == BY_TROUBLE, "round again, and still the worst first"
        await dashboard.keys("S")
        assert dashboard.names == BY_TROUBLE[::-1]
        await dashboard.resized(80, 24)
        await dashboard.keys(*"ssssssss")
        assert dashboard.table.table.sort_key == "today"
        await dashboard.keys("s")
        assert dashboard.table.table.sort_key == "runway", "the burn is not in sight"
        await dashboard.keys("!", "!")
        assert dashboard.names == ADDED
        await dashboard.keys("!")
        assert dashboard.names == BY_TROUBLE


async def test_rows_sorted_by_trouble_stay_while_they_are_edited(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    def current() -> str:
        line = dashboard.table.current
        assert line is not None
        return line.project_id

    async with open_dashboard(mode="projects", by_trouble=True) as dashboard:
        await dashboard.keys("=", *"300", "tab")
        assert dashboard.names == BY_TROUBLE, "plenty is left of 300, and yet it stays the first"
        assert current() == "pcc", "Tab goes to the row below"
        elsewhere.costs.add(CostEntry("dandelion", units(49)))
        await dashboard.looked()
        assert dashboard.names == BY_TROUBLE, "not even costs move what is being edited"
        await dashboard.keys("escape")
        elsewhere.costs.add(CostEntry("dandelion", units(1)))
        await dashboard.looked()
        assert dashboard.names == ["dandelion", "pcc", "videonest-api", "python-api"]
        assert current() == "pcc"
        await dashboard.keys("=", *"110", "enter")
        assert dashboard.names == ["dandelion", "pcc", "videonest-api", "python-api"]
        await dashboard.keys("g", "=", *"500", "enter", "t", "escape")
        assert dashboard.names[0] == "dandelion", "a box leaves the rows where they are"
        await dashboard.keys("1", "2")
        assert dashboard.names == ["pcc", "dandelion", "videonest-api", "python-api"]
        assert current() == "dandelion"


async def test_reverse_turns_the_order_round_and_the_cursor_keeps_its_project(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", keys="ss") as dashboard:
        await dashboard.keys("S")
        assert dashboard.names == ["pcc", "videonest-api", "python-api", "dandelion"]
        assert "▼Allocation" in header(dashboard)
        assert dashboard.table.current is not None
        assert dashboard.table.current.project_id == "pcc"


async def test_a_click_on_a_header_sorts_and_another_reverses(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        at = (header(dashboard).index("Left") + 1, dashboard.table.table.region.y)
        await dashboard.pilot.click(offset=at)
        await dashboard.settled()
        assert dashboard.names == ["python-api", "pcc", "dandelion", "videonest-api"]
        await dashboard.pilot.click(offset=at)
        await dashboard.settled()
        assert dashboard.names == ["videonest-api", "dandelion", "pcc", "python-api"]


async def test_an_edit_moves_the_row_where_the_order_wants_it(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", keys="ss") as dashboard:
        await dashboard.keys("up", "up", "up", "=", *"130", "enter")
        assert dashboard.names == ["python-api", "videonest-api", "dandelion", "pcc"]
        assert dashboard.table.current is not None
        assert dashboard.table.current.project_id == "dandelion", "the cursor goes with it"


# Filter


async def test_filter_shows_what_matches_and_sums_that(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("/", *"api", "enter")
        assert dashboard.names == ["videonest-api", "python-api"]
        assert "2 of 4 match 'api'" in dashboard.pool_line
        assert "220.00" in dashboard.line_with(" 2 projects ")
        assert "unallocated $80.00" in dashboard.pool_line, "the pool is the whole organization's"
        await dashboard.keys("escape")
        assert dashboard.names == ADDED
        assert not dashboard.field("filter").display
        assert dashboard.table.table.has_focus


async def test_filter_while_typing_and_escape_out_of_it(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        right = [len(line) for line in dashboard.lines if "● " in line or line.endswith("●")]
        await dashboard.keys("/", "D", "A")
        assert dashboard.names == ["dandelion"]
        assert [len(line) for line in dashboard.lines if line.endswith("●")] == right[-1:], "the columns stay"
        assert dashboard.lines[-1].split() == ["⏎", "Apply", "esc", "Clear", "^p", "palette"]
        await dashboard.typed("x")
        assert dashboard.names == []
        assert "0 of 4 match 'DAx'" in dashboard.pool_line
        await dashboard.keys("escape")
        assert dashboard.names == ADDED


async def test_filter_then_edit(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("/", *"api", "enter", "down", *"rest", "escape", "=", *"95", "enter")
        assert dashboard.names == ["videonest-api", "python-api"]
    assert allocation_of(services, "python-api") == units(95)


async def test_nothing_shown_nothing_edited(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("/", *"zzz", "enter")
        await dashboard.keys("enter", ".", "+", "enter")
        assert dashboard.editor_text is None
        await dashboard.keys("r")
        assert "there is no project here" in dashboard.text
    assert stored(services).allocated == units(420)


# Commands on projects


async def test_add_a_project(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("a", *"New API", "tab", "tab", *"25%", "enter")
        assert "New API added with $125.00, $45.00 over-allocated" in dashboard.text
        assert "125.00" in dashboard.line_with(" New API ")
        assert dashboard.names == [*ADDED, "new-api"]
        await dashboard.keys("r")
        assert dashboard.line_with("Id").split()[-2] == "new-api", "the cursor is on what was added"
    assert allocation_of(services, "new-api") == units(125)


async def test_a_refused_project_is_told_in_its_form_and_kept(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    refusals = {
        ("pcc", "", ""): "'pcc' already exists",
        ("", "", ""): "id",
        ("x", "", "much"): "'much' is not an allocation",
        ("x", "", "-5"): "cannot be negative",
        ("pool", "", ""): "pool",
    }
    async with open_dashboard(mode="projects") as dashboard:
        for entered, told in refusals.items():
            await dashboard.keys("a", *entered[1], "tab", *entered[0], "tab", *entered[2], "enter")
            refusal = str(dashboard.app.screen.query_one("#refusal").render())
            assert refusal.startswith("✕")
            assert told in refusal
            fields = ("project-id", "name", "allocation")
            assert tuple(dashboard.field(name).value for name in fields) == entered
            await dashboard.keys("escape")
            assert dashboard.names == ADDED
    assert len(stored(services).projects) == 4


async def test_rename_a_project(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "r")
        assert dashboard.field("name").value == "VideoNest API"
        await dashboard.keys("end", *["backspace"] * 4, "enter")
        assert "VideoNest API renamed to VideoNest" in dashboard.text
        await dashboard.keys("r", "end", *["backspace"] * 9, "enter")
        assert str(dashboard.app.screen.query_one("#refusal").render()).startswith("✕"), "a project needs a name"
        await dashboard.keys("escape")
    assert stored(services).projects[1].name == "VideoNest"


async def test_archive_asks_first_and_returns_the_allocation(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("d")
        assert "Its allocation of $150.00 returns to the pool" in " ".join(dashboard.text.replace("│", " ").split())
        await dashboard.keys("enter")  # the safe answer has the focus
        assert dashboard.names == ADDED
        await dashboard.keys("d", "n")
        assert dashboard.names == ADDED
        await dashboard.keys("d")
        await dashboard.keys("tab", "enter")
        assert dashboard.names == ADDED[1:]
        assert "archived PCC; $150.00 returned to the pool" in dashboard.text
        assert dashboard.pool_line == "unallocated $230.00"
        await dashboard.keys("d", "y")
        assert dashboard.names == ADDED[2:]
    assert stored(services).total.spent == units(241), "its costs stay in the total"


async def test_names_that_look_like_markup_are_names(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("a", *"[b]x[/] [@click=app.quit]", "tab", "ctrl+u", *"odd", "enter")
        assert "[b]x[/] [@click=app.quit]" in dashboard.line_with(" [b]x[/]")
        await dashboard.keys(*["down"] * 4, "r", "end", "z", "enter")
        assert "[b]x[/] [@click=app.quit]z" in dashboard.text
        await dashboard.keys("d")
        assert "Archive [b]x[/] [@click=app.quit]z?" in " ".join(dashboard.text.replace("│", " ").split())
        await dashboard.keys("escape", "t")
        assert "[b]x[/]" in dashboard.line_with(" To ")
        await dashboard.keys("escape", "=", *"5", "enter")
        assert "[b]x[/] [@click=app.quit]z: $0.00 → $5.00" in dashboard.text


async def test_a_wide_screen_describes_the_project_under_the_cursor(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects", size=(160, 40)) as dashboard:
        assert dashboard.line_with("$45.00 left of $150.00").endswith("out Jan 18 ▲ │")
        assert "spends $8.03 a day, the drip allows $2.50" in dashboard.text, "why it is yellow"
        assert "Last 14 weeks" in dashboard.text
        assert "$64.20" in dashboard.line_with("anthropic")
        await dashboard.keys("j")
        assert "$72.00 left of $120.00" in dashboard.text
        assert "times an even day" not in dashboard.text
        assert "$64.20" not in dashboard.text
        await dashboard.keys("e", *"130", "enter")
        assert "$82.00 left of $130.00" in dashboard.text
        assert "$120.00 → $130.00" in dashboard.text
        elsewhere.costs.add(CostEntry("videonest-api", units(7), provider="receipts"))
        dashboard.app.reload()
        await dashboard.settled()
        assert "$7.00" in dashboard.line_with("receipts")
        await dashboard.resized(139, 32)
        assert "Last 14 weeks" not in dashboard.text
        await dashboard.resized(140, 32)
        assert "Last 14 weeks" in dashboard.text
        assert "14 days" in header(dashboard), "there is room for the sparklines beside it"
        await dashboard.keys("/", *"nothing of that name")
        assert "Last 14 weeks" not in dashboard.text


async def test_a_tall_screen_draws_the_month_of_the_project_under_the_cursor(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    async with open_dashboard(mode="projects", size=(120, 40)) as dashboard:
        assert "Spent so far · PCC" in dashboard.text
        assert "$45.00 left of $150.00" in dashboard.text, "the pane stands beside the chart"
        await dashboard.keys("j")
        assert "Spent so far · VideoNest API" in dashboard.text
        services.costs.add(CostEntry("videonest-api", units(900), date(2026, 1, 2)))
        dashboard.app.reload()
        await dashboard.settled()
        assert "$1,000 ┤" in dashboard.text, "the scale of the chart follows"
        await dashboard.resized(80, 40)
        assert "Spent so far · VideoNest API" in dashboard.text
        assert "left of $120.00" not in dashboard.text
        await dashboard.resized(120, 22)
        assert "Spent so far" not in dashboard.text, "the table takes the room first"


async def test_an_empty_table_says_how_to_begin(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="projects") as dashboard:
        assert dashboard.line_with("no projects yet: a adds one") == dashboard.lines[3]
        await dashboard.keys("enter", ".", "+", "s", "r", "d")
        assert dashboard.editor_text is None
        await dashboard.keys("a", *"first", "enter")
        assert dashboard.names == ["first"]
        assert "○" in dashboard.line_with(" first ")


async def test_where_there_is_no_row_there_is_nothing_to_edit(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="projects") as dashboard:
        await dashboard.keys("3")
        assert "no agents yet" in dashboard.text
        assert "Edit" not in dashboard.text
        await dashboard.keys("2")
        assert "no projects yet" in dashboard.text
        assert "Edit" not in dashboard.text
        await dashboard.keys("+", "e", "enter")  # there is nothing to edit
        await dashboard.keys("a", *"first", "enter", "e", "3")
        assert dashboard.editor_text == "3"
        assert "Save" in dashboard.text
        await dashboard.keys("escape")
        assert "Edit" in dashboard.text


async def test_what_needs_a_project_asks_for_the_first(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, keys="t") as dashboard:
        assert "First, a project" in dashboard.text
        await dashboard.keys("escape")
        assert "Transfer ─" not in dashboard.text, "nothing can be moved without"
        await dashboard.keys("dollar_sign", *"Checkout", "enter")
        assert "Record a cost" in dashboard.text
        await dashboard.keys(*"12", "enter")
        assert "$12.00 on Jan 13, 2026 recorded for Checkout; u undoes it" in dashboard.text
        await dashboard.keys("dollar_sign", *"7", *("tab",) * 3, *"2026-01-14", "enter")
        assert "recorded for Checkout; scheduled, not spent yet; u undoes it" in dashboard.text
        await dashboard.keys("dollar_sign", *"7", *("tab",) * 3, *"2025-08-01", "enter")
        assert "Checkout; counts in no period: the first is January 2026; u undoes it" in dashboard.text


# Many


async def test_two_thousand_projects_load_scroll_and_are_edited(
    open_dashboard: OpenDashboard, services_on: OpenServices, crowd_file: Path
) -> None:
    services = services_on(crowd_file)
    async with open_dashboard(services, mode="projects") as dashboard:
        assert len(dashboard.names) == MANY
        assert "2,000 projects" in dashboard.text
        await dashboard.keys("pagedown", "pagedown", "down")
        assert dashboard.table.table.cursor > 20
        assert dashboard.table.current is not None
        assert dashboard.table.current.name in dashboard.text
        await dashboard.keys("home")
        assert dashboard.table.table.cursor == 0
        await dashboard.keys("end")
        assert "Project 2000" in dashboard.text
        await dashboard.keys("enter")
        assert dashboard.editor_text == "2,000.00"
        row = next(number for number, line in enumerate(dashboard.lines) if "Project 2000" in line)
        assert dashboard.table.editor.region.y == row
        await dashboard.typed("=1", "enter")
        assert "1.00" in dashboard.line_with("Project 2000")
        await dashboard.keys("/", *"0777", "enter", "enter")
        assert dashboard.names == ["p0777"]
        assert dashboard.editor_text == "777.00"
    line = stored(services).projects[-1]
    assert (line.project_id, line.pace.allocation) == ("p2000", units(1))
    assert line.pace.runway_days is None or line.pace.runway_days >= Decimal(0)


async def test_what_is_held_is_hatched_in_the_bars_until_it_is_released(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    held = elsewhere.holds.hold("dandelion", units(20)).hold_id
    async with open_dashboard(mode="projects", size=(150, 30), keys="G") as dashboard:
        assert "╍" in dashboard.line_with("Dandelion  ")  # not the title of the pane
        assert "╍" not in dashboard.line_with("VideoNest API")
        assert "$20.00 of it held for work in flight" in dashboard.text
        await dashboard.keys("1")
        assert "╍" in dashboard.line_with("Spent")
        elsewhere.holds.release(held)
        await dashboard.looked()
        assert "╍" not in dashboard.text
