"""The monitor: everything that matters in 40 by 10, read-only, and back by itself from what goes wrong."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from rich.cells import cell_len

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.services.costs import CostEntry
from budget_tui.tui import monitor as monitor_module
from budget_tui.tui.monitor import MonitorApp
from tests.services.planning import bill
from tests.tui.conftest import OpenMonitor, OpenServices
from tests.tui.driving import Monitor, TurningClock, database_files, units
from tests.unprivileged import unprivileged


async def test_forty_by_ten(open_monitor: OpenMonitor) -> None:
    async with open_monitor() as monitor:
        head, total, *projects, foot = [line.strip() for line in monitor.lines if line]
        assert head.startswith("January · 18 d left")
        assert head.endswith("through Jan 13")
        assert total.endswith("$241 / $500 48%")
        assert "╋" in total
        assert foot == "$80 unallocated · $13.63 today"
        assert len(monitor.lines) == 10
        assert monitor.lines[-1].strip() == foot
        expected = {"Python": ("$12", "▲"), "PCC": ("$45", "▲"), "VideoNest": ("$72", "●"), "Dandelion": ("$50", "●")}
        for line, (name, (left, shape)) in zip(projects, expected.items(), strict=True):
            assert line.startswith(name)
            assert f" {left} " in line
            assert line.endswith(shape)
        assert len({cell_len(line.rstrip()) for line in monitor.lines[2:6]}) == 1, "the shapes stand in one column"


async def test_every_line_fits(open_monitor: OpenMonitor, services: Services) -> None:
    services.budgets.set_global(units(2_000_000_000))
    services.budgets.allocate("pcc", parse_change("1234567890.12"))
    services.projects.add("wide", "報告書のための非常に長い名前", parse_change("1"))
    async with open_monitor() as monitor:
        for width, height in ((40, 10), (30, 6), (80, 24), (200, 60), (24, 3)):
            await monitor.resized(width, height)
            lines = monitor.view.render().split("\n")
            assert len(lines) <= height
            assert [line for line in lines if line.cell_length > monitor.view.content_size.width] == []
            if height > 6:
                assert "unallocated" in monitor.lines[-1]
                shapes = [cell_len(line) for line in monitor.lines if line and line[-1] in "●▲◆✕○"]
                assert len(shapes) == 5
                assert len(set(shapes)) == 1


async def test_the_worst_come_first(open_monitor: OpenMonitor, services: Services) -> None:
    for number in range(12):
        services.projects.add(f"fine-{number}", allocation=parse_change("5"))
    services.projects.add("broke", allocation=parse_change("10"))
    services.costs.add(CostEntry("broke", units(11)))
    async with open_monitor() as monitor:
        shown = [line.split()[0] for line in monitor.lines[2:8]]
        assert shown[:4] == ["broke", "Python", "PCC", "VideoNest"]
        assert "and 11 projects in better shape" in monitor.text
        await monitor.resized(40, 24)
        assert "in better shape" not in monitor.text
        assert "Dandelion" in monitor.text


async def test_a_wide_and_high_pane_shows_where_the_figures_come_from(open_monitor: OpenMonitor) -> None:
    async with open_monitor(size=(110, 32)) as monitor:
        header = next(line for line in monitor.lines if "Allocation" in line)
        assert header.split() == ["Project", "Allocation", "Spent", "Left", "Today", "Burn", "Runs", "out", "Runway"]
        assert next(line for line in monitor.lines if "PCC" in line).split()[2:] == [
            *("$150", "$105", "$45", "$2.37", "$8.03", "Jan", "18", "5.6", "d", "▲"),
        ]
        assert "Spend per day" in monitor.text
        await monitor.resized(80, 16)
        assert "Spend per day" not in monitor.text
        assert "Runs out" in monitor.text
        assert "VideoNest API" in monitor.text, "names stay whole"
        assert "Burn" not in monitor.text


async def test_amounts_are_aligned_at_their_decimal_points(open_monitor: OpenMonitor, services: Services) -> None:
    services.budgets.allocate("pcc", parse_change("150.50"))
    async with open_monitor() as monitor:
        lefts = [re.search(r"\$\d+\.\d\d", line) for line in monitor.lines[2:6]]
        assert [found and found[0] for found in lefts] == ["$12.00", "$45.50", "$72.00", "$50.00"]
        assert len({found and found.end() for found in lefts}) == 1


async def test_over_allocated_and_unmapped_are_said(open_monitor: OpenMonitor, services: Services) -> None:
    services.budgets.set_global(units(400))
    async with open_monitor(size=(60, 10)) as monitor:
        assert monitor.lines[-1].strip().startswith("$20 over-allocated · ")


async def test_what_has_no_rate_is_told_in_every_size(open_monitor: OpenMonitor, services: Services) -> None:
    bill(services, ("pcc", "10", "EUR", "2026-01-10", "AWS"), ("pcc", "3", "GBP", "2026-01-10", "AWS"))
    async with open_monitor() as monitor:
        assert [line.strip() for line in monitor.lines[-2:]] == [
            "€10, £3 left out: no rate",
            "$80 unallocated · $13.63 today",
        ]
        for size in ((40, 3), (24, 8)):
            await monitor.resized(*size)
            assert monitor.lines[-2].strip().startswith("€10, £3 left out")
            assert "$241 / $500" in monitor.text
            assert len(monitor.lines) == size[1]


async def test_it_follows_the_database_and_the_day(
    open_monitor: OpenMonitor, services_on: OpenServices, elsewhere: Services, turning: TurningClock
) -> None:
    async with open_monitor(services_on(clock=turning)) as monitor:
        elsewhere.costs.add(CostEntry("pcc", units(9)))
        await monitor.looked()
        assert "$250 / $500" in monitor.text
        turning.days.append(date(2026, 1, 31))
        monitor.app.reload()
        await monitor.settled()
        assert "January · last day" in monitor.text
        turning.days.append(date(2026, 2, 1))
        monitor.app.reload()
        await monitor.settled()
        assert "February · 27 d left" in monitor.text
        assert "$0 / $500" in monitor.text
    closed = [entry.subject for entry in elsewhere.audit.newest(50) if entry.action == "period.close"]
    assert "January 2026" not in closed, "closing is writing"


async def test_it_looks_and_computes_by_itself(
    open_monitor: OpenMonitor,
    services_on: OpenServices,
    elsewhere: Services,
    turning: TurningClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitor_module, "COMPUTE_SECONDS", 0.05)
    async with open_monitor(services_on(clock=turning), interval=0.02) as monitor:
        elsewhere.budgets.set_global(units(600))
        await monitor.until(lambda: "$241 / $600" in monitor.text)
        turning.days.append(date(2026, 1, 14))
        await monitor.until(lambda: "17 d left" in monitor.text)


async def test_it_may_end_while_it_reads(open_monitor: OpenMonitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "COMPUTE_SECONDS", 0.001)
    for _ in range(5):
        async with open_monitor(interval=0.001):
            pass


async def test_an_equal_snapshot_repaints_nothing(open_monitor: OpenMonitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_monitor() as monitor:
        drawn: list[object] = []
        monkeypatch.setattr(monitor.view, "render", lambda: drawn.append(1) or "")
        monitor.app.reload()
        await monitor.settled()
        assert drawn == []


async def test_no_key_does_anything_but_leave(open_monitor: OpenMonitor, database: Path) -> None:
    before = database.read_bytes()
    async with open_monitor() as monitor:
        actions = {active.binding.action for active in monitor.app.active_bindings.values()}
        assert {action for action in actions if not action.startswith(("screen.", "app."))} <= {"quit", "help_quit"}
        shown = monitor.text
        keys = [*"123456789abcdefghijklmnoprstuvwxyz+-/?", "enter", "delete", "tab", "escape", "ctrl+p", "f1", "up"]
        await monitor.keys(*keys)
        assert monitor.text == shown
        assert len(monitor.app.screen_stack) == 1
        monitor.press("q")
        await monitor.until(lambda: monitor.app._exit)
    assert database.read_bytes() == before


async def test_a_missing_database_is_told_and_shown_when_it_comes(
    open_monitor: OpenMonitor, services_on: OpenServices, database: Path, tmp_path: Path
) -> None:
    path = tmp_path / "later" / "budget.db"
    path.parent.mkdir()
    async with open_monitor(services_on(path), size=(120, 10)) as monitor:
        assert "✕ there is no database at" in monitor.text
        assert not list(path.parent.iterdir()), "none is made"
        database.rename(path)
        await monitor.looked()
        assert "$241 / $500" in monitor.text
        path.rename(database)
        await monitor.looked()
        assert "✕ there is no database at" in monitor.text
        assert monitor.lines[-1].strip().endswith("makes one"), "to the end, on several lines"
        assert "$241 / $500" in monitor.text, "the numbers stay"
        database.rename(path)
        await monitor.looked()
        assert monitor.lines[-1].strip().endswith("today")


@pytest.mark.parametrize("width", [40, 120])
async def test_what_is_no_database_is_told_and_left_alone(
    open_monitor: OpenMonitor, services_on: OpenServices, tmp_path: Path, width: int
) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(b"this is no database" * 100)
    async with open_monitor(services_on(path), size=(width, 10)) as monitor:
        assert "✕" in monitor.text
        assert "is not a SQLite database" in " ".join(monitor.text.split())
    assert path.read_bytes() == b"this is no database" * 100


async def test_an_empty_organization_is_shown(open_monitor: OpenMonitor, empty: Services) -> None:
    empty.database.upgrade()
    async with open_monitor(empty) as monitor:
        assert "$0 spent" in monitor.text
        assert "no budget yet" in monitor.text


async def test_what_is_spent_without_any_budget_raises_no_alarm(open_monitor: OpenMonitor, services: Services) -> None:
    async with open_monitor(services.of_organization("acme")) as monitor:
        assert "no budget yet" in monitor.text
        assert "✕" not in monitor.text
        assert "-$" not in monitor.text


# A user who may read the file and nothing more


def shown_by_a_monitor(services: Services) -> str:
    async def look() -> str:
        app = MonitorApp(services, 3600)
        async with app.run_test(size=(40, 10)) as pilot:
            monitor = Monitor(app, pilot)
            await monitor.until(lambda: monitor.view.snapshot is not None or bool(monitor.view.failure))
            await monitor.settled()
            await monitor.keys("a", "e", "enter")
            return monitor.text

    return asyncio.run(look())


@pytest.fixture
def protected(database: Path) -> Iterator[Path]:
    """The example in a folder that others may read and nothing more."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path = folder / "budget.db"
        path.write_bytes(database.read_bytes())
        path.chmod(0o444)
        folder.chmod(0o555)
        yield path
        folder.chmod(0o755)


def test_it_runs_on_a_file_that_it_may_not_write(
    services_on: OpenServices, services: Services, protected: Path
) -> None:
    expected = shown_by_a_monitor(services)
    before = database_files(protected)
    services = services_on(protected)
    assert unprivileged(lambda: shown_by_a_monitor(services)) == expected
    assert database_files(protected) == before
