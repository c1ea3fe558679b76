"""From 40×10 to 300×90: nothing stands beyond the edge, nothing is cut in the middle of a word."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from budget_tui.tui.chrome import SCREENS
from budget_tui.tui.table import Table
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import TODAY, Dashboard, stored, units

SIZES = [
    *((40, 10), (50, 16), (59, 24), (60, 20), (70, 30), (79, 24), (80, 24)),
    *((100, 30), (120, 40), (139, 40), (140, 40), (200, 60), (300, 90)),
]


def beyond_the_edge(dashboard: Dashboard) -> list[str]:
    """The widgets in sight of which a part lies beside the screen or beside what they are in, save what scrolls."""
    screen = dashboard.app.screen
    found = []
    for widget in screen.query("*"):
        # A `Layout` is not drawn: what is in it is in what is around it.
        region, container = widget.region, next(each.region for each in widget.ancestors if each.region)
        if not region or not widget.is_on_screen or widget.parent.allow_horizontal_scroll:
            continue
        if region.x < container.x or region.right > max(container.right, 0):
            found.append(f"{widget!r} {region} in {container}")
    return found


def cut_tables(dashboard: Dashboard) -> list[str]:
    """The tables in sight whose last column ends beyond their edge."""
    tables = [table for table in dashboard.app.screen.query(Table) if table.region and table.places]
    return [f"{table!r}" for table in tables if table.places[-1].end > table.size.width]


def open_frames(dashboard: Dashboard) -> list[str]:
    """Lines that begin with a frame and do not end with one."""
    return [line for line in dashboard.lines if re.match(r"[╭│╰]", line) and not re.search(r"[╮│╯]$", line.rstrip())]


async def test_nothing_stands_beyond_the_edge(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=SIZES[0]) as dashboard:
        for key, mode, _ in SCREENS:
            await dashboard.keys(key)
            assert dashboard.app.current_mode == mode
            for size in SIZES:
                await dashboard.resized(*size)
                assert beyond_the_edge(dashboard) == [], (mode, size)
                assert open_frames(dashboard) == [], (mode, size)
                assert cut_tables(dashboard) == [], (mode, size)


async def test_a_tiny_screen_has_rows(open_dashboard: OpenDashboard) -> None:
    rows = {
        "2": ("Python API", "PCC", "VideoNest", "Dandelion"),
        "3": ("Code rev", "Transcri", "Doc writer"),
        "4": ("Running now", "All budgets", "Python API"),
    }
    async with open_dashboard(size=(40, 10)) as dashboard:
        for key, names in rows.items():
            await dashboard.keys(key)
            for name in names:
                assert sum(name in line for line in dashboard.lines[1:7]) >= 1, (key, name)
        await dashboard.keys("tab")
        assert sum(line.startswith(" Default") for line in dashboard.lines) >= 3
        await dashboard.keys("2")
        assert re.search(r"Python API +[━╋╾─]{4,} +12.00 +1.6 d ▲", dashboard.line_with("Python API"))
        await dashboard.keys("e", *"99")
        assert "$80.00 → $81.00 (editing)" in dashboard.text
        assert "Allocation" in dashboard.lines[1], "the column that is edited is in sight"
        assert "99" in dashboard.line_with("Python API")
        await dashboard.keys("escape")
        assert "Allocation" not in dashboard.text
        await dashboard.keys("3")
        assert re.search(r"Doc writer +[━╋╾─╍]{4,} +1,900,000 +▲", dashboard.line_with("Doc writer"))
        await dashboard.keys("6")
        assert "claude-sonnet-4-5: a mi" in dashboard.lines[3]
        await dashboard.keys("7")
        assert re.search(r"1 each project +share 80%, 100% +▲ 1", dashboard.text)
        assert "nothing is reported on a chosen day" in dashboard.text
        await dashboard.keys("2")
        await dashboard.resized(80, 24)
        assert "4 projects" in dashboard.text, "the sums are back"


async def test_a_narrow_budget_screen_keeps_every_figure(open_dashboard: OpenDashboard) -> None:
    figures = ("$500.00 a month", "Allocated", "Unallocated $80.00", "Remaining $259.00", "Drip $14.39 / day")
    async with open_dashboard(size=(79, 24)) as dashboard:
        for size in ((79, 24), (70, 30), (60, 22), (60, 50)):
            await dashboard.resized(*size)
            for text in (*figures, "Available today $13.63", "Burn", "Lasts", "$599–$622", "Python API"):
                assert text in dashboard.text, (size, text)


async def test_a_tiny_budget_screen_is_the_monitor_until_the_total_is_edited(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    async with open_dashboard(size=(40, 10)) as dashboard:
        for size in ((40, 10), (59, 40), (120, 12)):
            await dashboard.resized(*size)
            assert "$241 / $500 48%" in dashboard.text
            assert "Allocated" not in dashboard.text
            await dashboard.keys("e", *"600", "enter")
            assert "$241 / $600 40%" in dashboard.text
            await dashboard.keys("u")
            assert "$241 / $500 48%" in dashboard.text
    assert stored(services).total.allocation == units(500)


async def test_a_box_on_a_tiny_screen_has_no_blank_lines_before_what_it_asks(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(40, 10)) as dashboard:
        await dashboard.keys("dollar_sign")
        at = dashboard.lines.index(dashboard.line_with("─ Record a cost ─"))
        begins = [line.strip(" │").split()[0] for line in dashboard.lines[at + 1 : at + 6]]
        assert begins == ["Amount", "Project", "Charged", "Day", "Cancel"]
        await dashboard.keys("escape", "l")
        at = dashboard.lines.index(dashboard.line_with("─ January 2026 ─"))
        begins = [line.strip(" │").split()[0] for line in dashboard.lines[at + 1 : at + 3]]
        assert begins == ["$241.00", "Service"]


async def test_names_are_cut_before_what_may_be_spent_today_goes(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    services.projects.rename("pcc", "Datenplattform (Köln) und Umgebung")
    async with open_dashboard(services, mode="projects", size=(80, 24)) as dashboard:
        assert {"Drip", "Today"} <= {*dashboard.line_with("Runway").split()}
        assert "Datenplattfo" in dashboard.text
        assert "…" in dashboard.line_with("Datenplattfo")


@pytest.mark.parametrize("height", [24, 12])
async def test_the_line_at_the_foot_begins_what_it_cannot_end(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path, height: int
) -> None:
    """Until there is room for all of it, its last line is as full as words allow."""
    services.fx.set("EUR", "USD", Decimal("1.1"), TODAY - timedelta(days=90))
    services.costs.add(CostEntry("pcc", units(3), on=TODAY + timedelta(days=5)))
    bill = tmp_path / "bill.csv"
    bill.write_text("date,amount,currency,project\n2026-01-02,10.00,EUR,pcc\n2026-01-03,3.00,EUR,nobody\n")
    services.imports.run(ImportRequest((str(bill),)))
    shown = []
    async with open_dashboard(services, size=(200, height)) as dashboard:
        for width in range(200, 30, -7):
            await dashboard.resized(width, height)
            shown.append(str(dashboard.app.screen.query_one("Freshness").render()))
            lines = shown[-1].splitlines()
            assert all(len(line) <= width for line in lines), lines
            assert "…" not in shown[-1] or len(lines[-1]) > width - 30, lines
    assert shown[0].endswith("€13.00 counted as $14.30, at rates up to 80 days old")
    assert any("…" in each and "€13.00 counted as" in each for each in shown), shown
