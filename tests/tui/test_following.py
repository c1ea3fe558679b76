"""The screen follows the database and the calendar: other programs' writes, minutes, days, periods, failures."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from textual.strip import Strip

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import Refused
from budget_tui.services.costs import CostEntry
from budget_tui.services.recurring import NewFee
from budget_tui.tui import app as dashboard_module
from budget_tui.tui.charts import SpendChart
from budget_tui.tui.chrome import TopBar
from budget_tui.tui.run import run_dashboard, run_monitor
from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.screens.budget.outlook import Outlook
from budget_tui.tui.screens.budget.panel import PeriodFigures
from budget_tui.tui.table import HEADER
from tests.databases import locked
from tests.tui.conftest import OpenDashboard, OpenMonitor, OpenServices
from tests.tui.driving import Dashboard, TurningClock, on_day, stored, units


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The widgets that are drawn from here on, by name."""
    drawn: list[str] = []
    for widget in (TopBar, PeriodFigures, Outlook, SpendChart):
        original = widget.render

        def counted(self: TopBar, original: object = original) -> object:
            drawn.append(type(self).__name__)
            return original(self)  # type: ignore[operator]

        monkeypatch.setattr(widget, "render", counted)
    yield drawn


def notice(dashboard: Dashboard) -> str:
    found = dashboard.app.screen.query_one("Notice")
    return str(found.render()) if found.display else ""


def freshness(dashboard: Dashboard) -> str:
    return str(dashboard.app.screen.query_one("Freshness").render())


async def test_a_hidden_screen_takes_other_numbers_when_it_is_shown(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        projects = dashboard.app.screen
        await dashboard.keys("1")
        elsewhere.budgets.set_global(units(700))
        await dashboard.looked()
        assert isinstance(projects, DashboardScreen)
        assert projects.snapshot is not dashboard.shown
        await dashboard.keys("2")
        assert projects.snapshot is dashboard.shown
        assert "unallocated $280.00" in dashboard.text


# Other programs


async def test_another_programs_write_is_seen_at_the_next_look(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    async with open_dashboard() as dashboard:
        elsewhere.budgets.set_global(units(600))
        elsewhere.costs.add(CostEntry("pcc", units(9)))
        await dashboard.looked()
        assert "$600.00 a month" in dashboard.text
        assert "$250.00" in dashboard.line_with("Spent  ")
        await dashboard.keys("2")
        assert "114.00" in dashboard.line_with(" PCC ")


async def test_the_dashboard_looks_by_itself(
    open_dashboard: OpenDashboard, elsewhere: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dashboard_module.COMPUTE_SECONDS >= 60
    monkeypatch.setattr(dashboard_module, "LOOK_SECONDS", 0.02)
    async with open_dashboard() as dashboard:
        elsewhere.budgets.set_global(units(600))
        await dashboard.until(lambda: "$600.00 a month" in dashboard.text)


async def test_an_equal_snapshot_repaints_nothing(
    open_dashboard: OpenDashboard, elsewhere: Services, renders: list[str]
) -> None:
    async with open_dashboard() as dashboard:
        first, drawn = dashboard.shown, dashboard.lines
        renders.clear()
        await dashboard.minute_passed()
        assert (dashboard.shown, dashboard.lines) == (first, drawn)
        assert renders == []
        elsewhere.budgets.set_global(units(600))
        elsewhere.budgets.set_global(units(500))
        await dashboard.looked()  # written, but all is as it was
        assert (dashboard.lines, renders) == (drawn, [])
        elsewhere.budgets.set_global(units(600))
        await dashboard.looked()
        assert dashboard.lines != drawn
        assert "PeriodFigures" in renders


async def test_only_the_row_that_differs_is_drawn_anew(
    open_dashboard: OpenDashboard, elsewhere: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        drawn: list[int] = []
        table = dashboard.table.table
        original = table.render_line

        def counted(y: int) -> Strip:
            drawn.append(y - HEADER)
            return original(y)

        assert "100.00" in dashboard.line_with(" Python API ")
        monkeypatch.setattr(table, "render_line", counted)
        elsewhere.budgets.allocate("python-api", parse_change("99"))
        await dashboard.looked()
        assert "99.00" in dashboard.line_with(" Python API ")
        assert drawn == [2]


async def test_a_project_added_elsewhere_comes_and_the_cursor_stays(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "down", "s")
        elsewhere.projects.add("aardvark", "Aardvark")
        await dashboard.looked()
        assert dashboard.names[0] == "aardvark"
        assert dashboard.table.current is not None
        assert dashboard.table.current.project_id == "python-api"


# Minutes, days, periods


async def test_a_minute_brings_the_new_day(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    async with open_dashboard(services_on(clock=turning)) as dashboard:
        assert "day 13 of 31" in dashboard.text
        assert "as of" not in freshness(dashboard), "nobody chose a day"
        turning.days.append(date(2026, 1, 14))
        await dashboard.looked()
        assert "day 13 of 31" in dashboard.text, "nobody wrote"
        await dashboard.minute_passed()
        assert "day 14 of 31" in dashboard.text
        assert "17 days left" in dashboard.lines[0]
        assert "Drip $15.24 / day" in dashboard.text
        assert notice(dashboard) == ""


async def test_the_timer_computes_by_itself(
    open_dashboard: OpenDashboard,
    services_on: OpenServices,
    turning: TurningClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dashboard_module, "COMPUTE_SECONDS", 0.02)
    async with open_dashboard(services_on(clock=turning)) as dashboard:
        turning.days.append(date(2026, 1, 14))
        await dashboard.until(lambda: "day 14 of 31" in dashboard.text)


@pytest.mark.parametrize("mode", ["budget", "projects"])
async def test_a_periods_end_is_told_and_its_close_is_stored(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock, mode: str
) -> None:
    services = services_on(clock=turning)
    services.recurring.add(NewFee("pcc", units(20), on_day=4))
    async with open_dashboard(services, mode=mode) as dashboard:
        turning.days.append(date(2026, 2, 1))
        await dashboard.minute_passed()
        assert "January 2026 has ended: $241.00 of $500.00 spent" in notice(dashboard)
        assert "February 2026 runs with the same allocations" in notice(dashboard)
        assert "February 2026 · 27 days left" in dashboard.lines[0]
        assert not dashboard.shown.carried_over
        assert (dashboard.shown.allocated, dashboard.shown.total.spent) == (units(420), 0)
        turning.days.append(date(2026, 2, 4))
        await dashboard.minute_passed()
        assert dashboard.shown.total.spent == units(20), "a fee is booked on its day, though nobody writes"
    closes = [entry for entry in services.audit.newest(100) if entry.action == "period.close"]
    assert [entry.subject for entry in closes] == ["January 2026", "December 2025", "November 2025"]


async def test_a_periods_end_tells_what_was_carried_over(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    services = services_on(clock=turning)
    services.budgets.set_carry(CarryPolicy.UNSPENT, units(20))
    async with open_dashboard(services) as dashboard:
        turning.days.append(date(2026, 2, 1))
        await dashboard.minute_passed()
        assert "February 2026 runs with +$20.00 carried over" in notice(dashboard)
        assert "$520.00 · +$20.00 carried over" in dashboard.text


async def test_a_long_absence_is_caught_up_with_at_start(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    turning.days.append(date(2026, 4, 2))
    services = services_on(clock=turning)
    async with open_dashboard(services) as dashboard:
        assert "April 2026" in dashboard.lines[0]
        assert not dashboard.shown.carried_over
    closes = [entry.subject for entry in services.audit.newest(100) if entry.action == "period.close"]
    assert closes[:3] == ["March 2026", "February 2026", "January 2026"]


async def test_looking_at_a_coming_day_closes_nothing(
    open_dashboard: OpenDashboard, services_on: OpenServices, database: Path
) -> None:
    from budget_tui.services.clock import Clock

    services = services_on(clock=Clock(date(2026, 3, 5)))
    async with open_dashboard(services) as dashboard:
        assert "March 2026" in dashboard.lines[0]
        assert "as of Mar 5, 2026" in freshness(dashboard)
        assert dashboard.shown.carried_over
    closes = [entry.subject for entry in services.audit.newest(100) if entry.action == "period.close"]
    assert "January 2026" not in closes


async def test_a_close_that_fails_is_told_and_made_up_for(
    open_dashboard: OpenDashboard,
    services_on: OpenServices,
    turning: TurningClock,
    database: Path,
    impatient: None,
) -> None:
    services = services_on(clock=turning)
    async with open_dashboard(services, size=(160, 30)) as dashboard:
        turning.days.append(date(2026, 2, 1))
        with locked(database):
            await dashboard.minute_passed()
            assert "what is due is not booked yet" in notice(dashboard)
            assert "is locked by another program" in notice(dashboard)
            assert "February 2026" in dashboard.lines[0]
        await dashboard.minute_passed()
        assert not dashboard.shown.carried_over
    assert stored(services).period.start == date(2026, 2, 1)


# Failures


async def test_a_failed_write_of_the_total_is_told_in_place(
    open_dashboard: OpenDashboard, services: Services, database: Path, impatient: None
) -> None:
    async with open_dashboard(keys="e", size=(160, 30)) as dashboard:
        with locked(database):
            await dashboard.typed("650", "enter")
            refusal = str(dashboard.app.screen.query_one("#total-refused").render())
            assert "is locked by another program; try again in a moment; nothing was changed" in refusal
            assert dashboard.field("total").value == "650"
        await dashboard.keys("enter")
        assert "$650.00 a month" in dashboard.text


async def test_a_database_that_vanished_is_told_and_the_numbers_stay(
    open_dashboard: OpenDashboard, services: Services, database: Path, tmp_path: Path
) -> None:
    async with open_dashboard(size=(160, 30)) as dashboard:
        database.rename(tmp_path / "away.db")
        await dashboard.looked()
        assert freshness(dashboard).startswith("✕ there is no database at")
        assert " shown: " in freshness(dashboard)
        assert "$500.00 a month" in dashboard.text
        await dashboard.minute_passed()
        assert freshness(dashboard).startswith("✕ there is no database at")
        await dashboard.keys("m")
        assert "there is no database at" in notice(dashboard)
        (tmp_path / "away.db").rename(database)
        await dashboard.looked()
        assert freshness(dashboard).startswith("data through")


async def test_a_write_to_a_database_that_vanished_is_refused_in_words(
    open_dashboard: OpenDashboard, database: Path, tmp_path: Path
) -> None:
    async with open_dashboard(mode="projects", size=(160, 30)) as dashboard:
        database.rename(tmp_path / "away.db")
        await dashboard.typed("=170", "enter")
        assert dashboard.pool_line.startswith("✕ there is no database at")
        assert dashboard.editor_text == "=170"
        assert "120.00" in dashboard.line_with(" VideoNest API "), "the numbers stay"
        assert not database.exists(), "and no empty one is made"


async def test_a_database_restored_from_a_backup_is_shown(
    open_dashboard: OpenDashboard, elsewhere: Services, tmp_path: Path
) -> None:
    backup = elsewhere.database.backup(tmp_path / "backup.db")
    elsewhere.budgets.set_global(units(600))
    async with open_dashboard() as dashboard:
        assert "$600.00 a month" in dashboard.text
        elsewhere.database.restore(backup)
        await dashboard.looked()
        assert "$500.00 a month" in dashboard.text


@pytest.mark.parametrize("content", [b"no database, but long enough to be read as one" * 100, None])
async def test_what_cannot_be_read_at_start_is_told(
    open_dashboard: OpenDashboard, services_on: OpenServices, tmp_path: Path, example_file: Path, content: bytes | None
) -> None:
    path = tmp_path / "odd.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    async with open_dashboard(services_on(path), size=(160, 30), mode="projects") as dashboard:
        assert freshness(dashboard).startswith("✕ ")
        assert "odd.db" in freshness(dashboard)
        await dashboard.keys("[", "e", "t", "m", "]", "enter", "+", "=", "s", "r", "d", "t")  # and nothing falls over
        assert freshness(dashboard).startswith("✕ ")
        if content is not None:
            assert path.read_bytes() == content, "it is left as it was"
            path.unlink()
        else:
            path.rmdir()
        shutil.copyfile(example_file, path)
        await dashboard.looked()
        assert "150.00" in dashboard.line_with(" PCC  "), "in the row, below the title of the pane"


@pytest.mark.parametrize("run", [run_dashboard, lambda services: run_monitor(services, 1)])
def test_a_theme_that_does_not_exist_is_refused_at_once(
    run: Callable[[Services], None], services_on: OpenServices
) -> None:
    with pytest.raises(Refused, match=r"theme 'chartreuse', which does not exist.*budget-dark, budget-light"):
        run(services_on(theme="chartreuse"))


@pytest.mark.parametrize("there", [False, True])
async def test_a_dashboard_without_a_database_makes_it_with_the_first_change(
    open_dashboard: OpenDashboard, services_on: OpenServices, tmp_path: Path, there: bool
) -> None:
    path = tmp_path / "new" / "budget.db"
    if there:
        path.parent.mkdir()
        path.touch()
    services = services_on(path)
    async with open_dashboard(services) as dashboard:
        for key in "123456":
            await dashboard.keys(key)
            assert "there is no database" not in dashboard.text
        assert not dashboard.app.services.context.has_database
        assert path.exists() is there
        dashboard.services.budgets.set_global(500 * 10**9)
        assert dashboard.app.services.context.has_database
        await dashboard.keys("1")
        await dashboard.looked()
        assert "$500" in dashboard.text


async def test_a_damaged_database_is_told_on_every_screen(
    open_dashboard: OpenDashboard, open_monitor: OpenMonitor, services_on: OpenServices, database: Path
) -> None:
    content = bytearray(database.read_bytes())
    content[100:112] = b"\xff" * 12  # where the first page of the schema says what is in it
    database.write_bytes(content)
    async with open_dashboard(services_on(database)) as dashboard:
        for key in "123456":
            await dashboard.keys(key)
            assert "unexpected" not in dashboard.text
        await dashboard.keys("1")
        assert "is damaged; restore a backup" in " ".join(dashboard.text.split())
    async with open_monitor(services_on(database), size=(120, 10)) as monitor:
        assert "is damaged; restore a backup" in " ".join(monitor.text.split())


# What was carried over


def carried_over(services: Services) -> Services:
    """PCC's 45 left of January came along into February."""
    services.budgets.set_carry(CarryPolicy.UNSPENT, None, "pcc")
    february = on_day(services, date(2026, 2, 3))
    february.periods.catch_up()
    return february


async def test_what_another_program_settles_again_is_told_once(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    february = carried_over(services)
    async with open_dashboard(on_day(services, date(2026, 2, 3))) as dashboard:
        assert notice(dashboard) == ""
        february.costs.add(CostEntry("pcc", units(24), date(2026, 1, 31)))
        await dashboard.looked()
        assert "now carried over: pcc $21.00 instead of $45.00" in notice(dashboard)
        await dashboard.keys("2")
        february.budgets.set_global(units(700))
        await dashboard.looked()
        assert notice(dashboard) == ""


async def test_what_this_dashboard_settles_again_stands_beside_what_it_did(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    february = carried_over(services)
    february.costs.add(CostEntry("pcc", units(24), date(2026, 1, 31)))
    async with open_dashboard(on_day(services, date(2026, 2, 3))) as dashboard:
        await dashboard.keys("u")
        assert "undone" in notice(dashboard)
        assert "now carried over: pcc $45.00 instead of $21.00" in notice(dashboard)
        await dashboard.keys("U")
        assert "now carried over: pcc $21.00 instead of $45.00" in notice(dashboard)
        await dashboard.keys("u", "u")
        assert "carried over" not in notice(dashboard)


async def test_what_was_carried_over_is_offered_for_review_until_somebody_chooses(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    services = services_on(clock=turning)
    offered = "January 2026 has ended: c to re-allocate, or keep what was carried over"
    async with open_dashboard(services) as dashboard:
        assert "has ended" not in freshness(dashboard)
        turning.days.append(date(2026, 2, 1))
        await dashboard.minute_passed()
        assert offered in freshness(dashboard)
        await dashboard.keys("2")
        assert offered in freshness(dashboard), "on every screen"
    async with open_dashboard(services) as dashboard:
        assert offered in freshness(dashboard), "and after a new start"
        await dashboard.keys("c")
        assert "January 2026 has ended: $241.00 of $500.00 spent" in dashboard.text
        assert "February 2026 has begun with $500.00" in dashboard.text
        await dashboard.keys("escape")
        assert offered in freshness(dashboard), "leaving chooses nothing"
        await dashboard.keys("c", *"=170", "enter", "tab", "tab", "enter")
        assert "February 2026: 1 allocation changed" in notice(dashboard)
        assert offered not in freshness(dashboard)
        await dashboard.keys("u")
        assert (stored(services).allocated, offered in freshness(dashboard)) == (units(420), True)
        await dashboard.keys("c", "tab", "tab", "enter")
        assert "February 2026: the allocations stay" in notice(dashboard)
        assert offered not in freshness(dashboard)
        await dashboard.keys("c")
        assert "ends today" in dashboard.text, "the key closes periods again"


async def test_a_turn_is_offered_on_a_chosen_day_that_follows_it_directly(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    on_day(services, date(2026, 1, 14)).budgets.set_global(units(500))
    for day, offered in ((date(2026, 1, 14), False), (date(2026, 2, 3), True), (date(2026, 1, 14), False)):
        async with open_dashboard(on_day(services, day)) as dashboard:
            assert ("January 2026 has ended: c to re-allocate" in freshness(dashboard)) is offered, day
            if offered:
                assert len(services.history.periods(9)) == 2, "looking closed nothing"
                await dashboard.keys("c", "tab", "tab", "enter")
                assert "February 2026: the allocations stay" in notice(dashboard)
                assert "has ended" not in freshness(dashboard)
