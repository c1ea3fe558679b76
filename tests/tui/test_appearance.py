"""Every size, both themes, no colour: nothing is cut, nothing is told by colour alone, everything can be read."""

import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorType
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.geometry import Region

from budget_tui.bootstrap import Services
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import parse_change
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import ProjectLine, Spend, pace_of
from budget_tui.presentation.columns import project_columns
from budget_tui.services.costs import CostEntry
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.table import MARGIN, Table, fit, measured
from budget_tui.tui.theme import DARK, LIGHT, contrast
from tests.examples import examples
from tests.tui.conftest import OpenDashboard, OpenMonitor, OpenServices
from tests.tui.driving import TODAY, Dashboard, FixedClock, units

SIZES = [(80, 24), (120, 40), (200, 60)]
DISPENSABLE = ["out", "burn", "spark", "today", "drip", "spent", "allocation"]  # the first to go first
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture
def every_status(services: Services) -> Services:
    """A project in each status."""
    for name, allocation, spent in (("critical", 100, 95), ("exhausted", 100, 101), ("unfunded", 0, 0)):
        services.projects.add(name, name, parse_change(str(allocation)))
        if spent:
            services.costs.add(CostEntry(name, units(spent), date(2026, 1, 12)))
    return services


def is_whole(dashboard: Dashboard) -> bool:
    """Whether every column of every row can be seen."""
    table = dashboard.table.table
    return table.places[-1].end <= table.size.width and table.max_scroll_x == 0


def too_faint(app: App[None], least: float, region: Region | None = None) -> list[str]:
    """Pieces of text, in ``region`` or on the whole screen, whose colour differs too little from what is behind it."""
    found = []
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip:
            at, x = x, x + cell_len(text)
            is_looked_at = region is None or (region.contains(at, y) and region.contains(x - 1, y))
            if is_looked_at and re.search(r"[\w$●▲◆✕○]", text) and style is not None and not is_legible(style, least):
                found.append(text)
    return found


def is_legible(style: Style, least: float) -> bool:
    """Whether text can be told from its background; the terminal's own default colours can."""
    if style.color is None or style.bgcolor is None or (style.color.is_default and style.bgcolor.is_default):
        return True
    if style.color.is_default or style.bgcolor.is_default:
        # Only the terminal knows its default colours. Its other one, or black, may be the same.
        own = style.bgcolor if style.color.is_default else style.color
        return own.type is not ColorType.TRUECOLOR
    return contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)) >= least


# Size


async def test_the_budget_screen_shows_everything_at_every_size(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        for size in SIZES:
            await dashboard.resized(*size)
            assert_shows_everything(dashboard)
            assert len(dashboard.lines) == size[1]
            assert all(cell_len(line) <= size[0] for line in dashboard.lines)


def assert_shows_everything(dashboard: Dashboard) -> None:
    for text in (
        "$500.00 a month",
        "day 13 of 31",
        "Allocated",
        "pace 42%",
        "Unallocated $80.00",
        "Remaining $259.00",
        "Drip $14.39 / day",
        "Available today $13.63",
        "Spent so far",
        "Burn",
        "Lasts",
        "Forecast $",
        "data through Jan 13",
        "e Edit",
        "^p",
        "7 Alerts",
        "18 d",
    ):
        assert text in dashboard.text, text


async def test_the_table_is_whole_at_every_size(open_dashboard: OpenDashboard, every_status: Services) -> None:
    async with open_dashboard(every_status, mode="projects") as dashboard:
        for size in SIZES:
            await dashboard.resized(*size)
            assert is_whole(dashboard)
            region = dashboard.table.region
            lines = [line[: region.width] for line in dashboard.lines[region.y : region.bottom]]
            for project in dashboard.shown.projects:
                row = next(line for line in lines if f" {project.name} " in line).rstrip()
                assert row[-1] in "●▲◆✕○"
                assert re.search(r"[━╾─╋┼]{4}", row)
            row, sums = (next(line for line in lines if text in line) for text in (" PCC ", " 7 projects "))
            assert right_edges(row) == right_edges(sums)


def right_edges(line: str) -> list[int]:
    return [found.end() for found in re.finditer(r"[\d,]+\.\d\d(?! d)", line)]


async def test_columns_go_in_their_order_while_the_terminal_narrows(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(130, 24), mode="projects") as dashboard:
        every = [column.key for column in project_columns("USD", Fraction(0))]
        every.insert(every.index("bar") + 1, "spark")
        seen = []
        for width in (130, 100, 90, 84, 80, 76, 70, 64, 56, 48, 40):
            await dashboard.resized(width, 24)
            missing = [key for key in every if key not in dashboard.columns]
            assert missing == sorted(DISPENSABLE[: len(missing)], key=every.index), width
            assert is_whole(dashboard)
            seen.append(len(missing))
        assert seen == sorted(seen)
        assert seen[0] == 0
        assert seen[4] == 3, "at 80 columns, what may be spent today is in sight"
        assert seen[-1] == len(DISPENSABLE)
        await dashboard.resized(200, 60)
        assert dashboard.columns == every
        assert is_whole(dashboard)


async def test_resizing_while_editing_keeps_the_editor_on_its_cell(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(200, 60), mode="projects") as dashboard:
        await dashboard.keys("down", "e", "7", "7")
        for size in ((80, 24), (120, 40)):
            await dashboard.resized(*size)
            assert dashboard.editor_text == "77"
            row = next(number for number, line in enumerate(dashboard.lines) if line.startswith(" VideoNest API"))
            region = dashboard.table.editor.region
            assert region.y == row
            assert region.x < dashboard.line_with(" PCC ").index("150.00") + 6 <= region.right


async def test_a_terminal_that_is_far_too_small_does_no_harm(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        # In the third and fourth a scroll bar of the screen would come and go for ever.
        for size in ((20, 5), (1, 1), (1, 3), (4, 5), (300, 3), (80, 24)):
            await dashboard.resized(*size)
            await dashboard.keys("]")
            await dashboard.keys("]", "t")
            await dashboard.keys("escape", "[", "[")
        assert "$500.00 a month" in dashboard.text


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)


@settings(max_examples=examples(30), deadline=None)
@given(
    names=st.lists(NAMES, max_size=5),
    amounts=st.lists(st.integers(-NANOS * 10**9, NANOS * 10**9), min_size=5, max_size=5),
    room=st.integers(20, 250),
)
def test_columns_fit_or_the_dispensable_ones_are_gone(names: list[str], amounts: list[int], room: int) -> None:
    lines = [
        ProjectLine(name, name, pace_of(amount, Spend(spent=amounts[0]), JANUARY, TODAY, TODAY))
        for name, amount in zip(names, amounts, strict=False)
    ]
    every = project_columns("USD", Fraction(0))
    shown = fit(every, measured(every, lines), room, Table.GAPS)
    missing = {column.key for column in every} - {place.column.key for place in shown}
    dispensable = [key for key in DISPENSABLE if key != "spark"]  # which the dashboard adds
    assert missing == set(dispensable[: len(missing)])
    assert shown[-1].end - MARGIN <= room or len(missing) == len(dispensable)
    assert all(place.width >= 1 for place in shown)


# Shape and colour


async def test_every_status_has_a_shape(open_dashboard: OpenDashboard, every_status: Services) -> None:
    shapes = {"VideoNest API": "●", "PCC": "▲", "Python API": "▲", "critical": "◆", "exhausted": "✕", "unfunded": "○"}
    async with open_dashboard(every_status, mode="projects") as dashboard:
        for name, shape in shapes.items():
            assert dashboard.line_with(f" {name} ").endswith(shape)


async def test_what_is_over_is_said_by_more_than_colour(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    elsewhere.budgets.set_global(units(200))
    async with open_dashboard() as dashboard:
        assert "Over-allocated $220.00" in dashboard.text
        assert "-$41.00  ✕" in dashboard.text
        assert dashboard.line_with("Forecast").rstrip(" │").endswith(" ▲")


async def assert_legible(dashboard: Dashboard, least: float) -> None:
    """Both screens, a box (what is behind it is dimmed on purpose), and a cell that is edited."""
    assert too_faint(dashboard.app, least) == []
    await dashboard.keys("t", "5")
    assert too_faint(dashboard.app, least, dashboard.app.screen.query_one(".box").region) == []
    await dashboard.keys("escape", "2")
    assert too_faint(dashboard.app, least) == []
    await dashboard.keys("e", "5")
    assert too_faint(dashboard.app, least) == []


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "solarized-light", "ansi-dark"])
async def test_everything_can_be_read_in_every_theme(
    open_dashboard: OpenDashboard, services_on: OpenServices, every_status: Services, theme: str
) -> None:
    async with open_dashboard(services_on(theme=theme)) as dashboard:
        assert dashboard.app.theme == theme
        await assert_legible(dashboard, 3.0 if theme in (DARK.name, LIGHT.name) else 1.8)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_every_screen_and_box_can_be_read(
    open_dashboard: OpenDashboard, services_on: OpenServices, a_year_later: Services, theme: str
) -> None:
    services = services_on(clock=a_year_later.context.clock, theme=theme)
    async with open_dashboard(services) as dashboard:
        for screen, boxes in {
            "1": ["o", "c", "p", "i", "x", "question_mark"],
            "2": ["a", "r", "d"],
            "3": ["a"],
            "4": ["a", "f", "enter"],
            "5": ["enter"],
            "6": ["enter"],
        }.items():
            await dashboard.keys(screen)
            assert too_faint(dashboard.app, 3.0) == []
            for box in boxes:
                await dashboard.keys(box)
                assert too_faint(dashboard.app, 3.0, dashboard.app.screen.query_one(".box").region) == [], (screen, box)
                await dashboard.keys("escape")


async def drawn_screens(dashboard: Dashboard) -> dict[str, list[list[tuple[str, Style | None]]]]:
    """Every cell of every screen, with its style."""
    found = {}
    for key in "2345671":
        await dashboard.keys(key)
        strips = dashboard.app.screen._compositor.render_strips()
        found[key] = [[(text, style) for text, style, _ in strip] for strip in strips]
    return found


async def test_a_theme_chosen_later_colours_every_screen_as_if_it_had_been_there_before(
    open_dashboard: OpenDashboard, services_on: OpenServices
) -> None:
    clock = FixedClock(TODAY)  # rates of agents move on
    async with open_dashboard(services_on(clock=clock)) as dashboard:
        await drawn_screens(dashboard)
        dashboard.app.theme = "nord"
        await dashboard.settled()
        later = await drawn_screens(dashboard)
    async with open_dashboard(services_on(clock=clock, theme="nord")) as dashboard:
        assert later == await drawn_screens(dashboard)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "ansi-light"])
async def test_without_colour_everything_can_be_read(
    open_dashboard: OpenDashboard,
    services_on: OpenServices,
    every_status: Services,
    monkeypatch: pytest.MonkeyPatch,
    theme: str,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_dashboard(services_on(theme=theme)) as dashboard:
        assert dashboard.app.theme == theme
        assert dashboard.app.no_color
        await assert_legible(dashboard, 2.0)
        if not dashboard.app.current_theme.ansi:
            variables = dashboard.app.get_css_variables()
            assert variables["error"] == variables["foreground"], "danger is not the dimmest of the greys"


@pytest.mark.parametrize("theme", [DARK.name, "ansi-dark"])
async def test_the_monitor_can_be_read_without_colour(
    open_monitor: OpenMonitor,
    services_on: OpenServices,
    every_status: Services,
    monkeypatch: pytest.MonkeyPatch,
    theme: str,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_monitor(services_on(theme=theme)) as monitor:
        assert too_faint(monitor.app, 2.0) == []


async def test_the_first_line_names_the_database(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        for key in "1234567":
            await dashboard.keys(key)
            for size, shown in (
                ((60, 12), "budget · 18 days left"),
                ((80, 24), "budget · 18 d"),
                ((110, 30), " budget   1 Budget "),
                ((200, 60), " budget   1 Budget "),
            ):
                await dashboard.resized(*size)
                assert shown in dashboard.lines[0], key


@pytest.mark.parametrize(("name", "shown"), [("demonstration", "demonstration"), ("a-very-very-long-name", "… · 18 d")])
async def test_the_first_line_shows_the_whole_name_rather_than_the_days(
    open_dashboard: OpenDashboard, services_on: OpenServices, database: Path, name: str, shown: str
) -> None:
    async with open_dashboard(services_on(database.rename(database.with_name(f"{name}.db"))), (80, 24)) as dashboard:
        for key in "1234567":
            await dashboard.keys(key)
            assert dashboard.lines[0].endswith(shown)


async def test_a_database_that_the_first_change_makes(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, size=(120, 30)) as dashboard:
        assert " budget new database " in dashboard.lines[0]
        await dashboard.resized(80, 24)
        assert dashboard.lines[0].endswith(" 7 Alerts    new database")
        await dashboard.keys("e", *"500", "enter")
        assert "new database" not in dashboard.text


def test_a_demonstration_says_that_it_is_one(services: Services) -> None:
    assert BudgetApp(services, "demonstration").database_name == "demonstration"
    assert BudgetApp(services).database_name == "budget"
