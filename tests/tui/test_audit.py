"""The log on the screen, and undo and redo by key."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.access import Scope
from budget_tui.domain.budget import parse_change
from budget_tui.services.clock import Clock
from budget_tui.tui.dialogs.details import DetailsScreen
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.screens.log import LogTable
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import TODAY, Dashboard, allocation_of, units

NOON = datetime(2026, 1, 13, 12, 0, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NoonClock(Clock):
    def now(self) -> datetime:
        return NOON


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def anna(services_on: OpenServices) -> Services:
    """Anna's program, at noon in Greenwich."""
    services = services_on(clock=NoonClock(TODAY))
    return replace(services, context=replace(services.context, actor="anna"))


def allocate(services: Services, change: str, project: str = "dandelion") -> None:
    services.budgets.allocate(project, parse_change(change))


def with_many(path: Path, entries: int) -> None:
    """Entries of somebody who did the same again and again."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO audit (org_key, at, actor, action, subject, before, after, change)"
            " SELECT 1, '2026-01-12 08:00:00.000000', 'bert', 'budget.set', 'global', NULL, ?, max(audit_key) + 1"
            " FROM audit",
            ((f'{{"amount": "{number}"}}',) for number in range(entries)),
        )


def log_of(dashboard: Dashboard) -> LogTable:
    return dashboard.app.screen.query_one(LogTable)


# Undo and redo


async def test_undo_and_redo_by_key_on_any_screen(open_dashboard: OpenDashboard, services: Services) -> None:
    before = allocation_of(services, "dandelion")
    allocate(services, "77")
    async with open_dashboard() as dashboard:
        await dashboard.keys("u")
        assert "undone: Dandelion: allocated $50.00 → $77.00" in dashboard.text
        assert allocation_of(services, "dandelion") == before
        await dashboard.keys("2", "U")
        assert "redone: Dandelion: allocated $50.00 → $77.00" in dashboard.text
        assert "77.00" in dashboard.line_with("Dandelion")
        await dashboard.keys("U")
        assert "✕ nothing to redo" in dashboard.text


async def test_an_undo_names_what_it_passes_over(open_dashboard: OpenDashboard, services: Services) -> None:
    allocate(services, "77")
    services.keys.create("ci", Scope.READ)
    async with open_dashboard() as dashboard:
        await dashboard.keys("u")
        assert "undone: Dandelion: allocated $50.00 → $77.00; passed over: key ci: created, may read" in dashboard.text


async def test_a_burst_of_undo_takes_back_as_many(open_dashboard: OpenDashboard, services: Services) -> None:
    for amount in ("60", "70", "80"):
        allocate(services, amount)
    async with open_dashboard() as dashboard:
        await dashboard.keys("u", "u", "U", "u", "u")
        assert allocation_of(services, "dandelion") == units(50)
        await dashboard.keys("u")
        assert "✕ there is nothing to undo" in dashboard.text


async def test_why_it_is_not_taken_back(open_dashboard: OpenDashboard, services: Services, anna: Services) -> None:
    allocate(services, "60")
    allocate(anna, "65")
    async with open_dashboard() as dashboard:
        await dashboard.keys("u")
        assert "✕ dandelion was changed since: it is 65 by now" in dashboard.text
        assert allocation_of(services, "dandelion") == units(65)


async def test_what_is_typed_takes_nothing_back(open_dashboard: OpenDashboard, services: Services) -> None:
    allocate(services, "60")
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("/", "u", "U")
        assert dashboard.field("filter").value == "uU"
        assert allocation_of(services, "dandelion") == units(60)


# The log


async def test_the_newest_first_by_this_machines_clock(open_dashboard: OpenDashboard, anna: Services) -> None:
    allocate(anna, "60")
    anna.undo.undo()
    async with open_dashboard(anna, mode="audit") as dashboard:
        header = dashboard.lines.index(dashboard.line_with("When"))
        assert dashboard.lines[header].split() == ["No.", "When", "Who", "Subject", "Change"]
        back, did = (" ".join(line.split()) for line in dashboard.lines[header + 1 : header + 3])
        change = anna.audit.newest(2)[1].change
        assert did == f"{change} Jan 13 07:00 anna Dandelion allocated $50.00 → $60.00"
        assert back == f"{change + 1} Jan 13 07:00 anna Dandelion allocated $60.00 → $50.00 (undoes {change})"


async def test_it_follows_what_is_written(open_dashboard: OpenDashboard, elsewhere: Services, anna: Services) -> None:
    async with open_dashboard(mode="audit") as dashboard:
        allocate(anna, "60")
        await dashboard.looked()
        assert "allocated $50.00 → $60.00" in dashboard.line_with("anna")
        await dashboard.keys("down", "down")
        log = log_of(dashboard)
        chosen = log.current
        allocate(anna, "70")
        await dashboard.looked()
        assert log.current == chosen, "the cursor stays on its entry"
        await dashboard.keys("home")
        assert "allocated $60.00 → $70.00" in dashboard.text


async def test_more_is_read_as_one_scrolls(open_dashboard: OpenDashboard, services: Services, database: Path) -> None:
    with_many(database, 1200)
    async with open_dashboard(mode="audit") as dashboard:
        log = log_of(dashboard)
        assert "budget $1,199.00" in dashboard.lines[3]
        assert len(log.rows) < 1200
        seen = []
        while not seen or seen[-1] < len(log.rows):
            seen.append(len(log.rows))
            await dashboard.keys("end")
        assert [line.entry.entry for line in log.rows] == [entry.entry for entry in services.audit.newest(10_000)]
        assert [line for line in dashboard.lines if "budget $0.00 → $450.00" in line], "the first of all"
        await dashboard.keys("home")
        assert "budget $1,199.00" in dashboard.lines[3]


async def test_the_filter_looks_at_every_column_and_at_all_entries(
    open_dashboard: OpenDashboard, anna: Services, database: Path
) -> None:
    allocate(anna, "61")
    with_many(database, 600)  # more than are read at once
    async with open_dashboard(mode="audit") as dashboard:
        for text in ("anna", "ALLOCATION.SET", "dandelion", "50 → 61", "13 07:00", "jan 13", "$50.00 → $61.00"):
            await dashboard.keys("/")
            dashboard.app.screen.query_one(FilterInput).value = ""
            await dashboard.typed(text, "enter")
            assert "allocated $50.00 → $61.00" in dashboard.text, text
            assert "bert" not in dashboard.text
        await dashboard.typed("/zzz", "enter")
        await dashboard.keys("escape")
        assert "bert" in dashboard.text
        await dashboard.typed("/nowhere", "enter")
        assert "no entry contains 'nowhere'" in dashboard.text


async def test_an_entry_in_full(open_dashboard: OpenDashboard, anna: Services) -> None:
    allocate(anna, "60")
    anna.undo.undo()
    async with open_dashboard(anna, mode="audit") as dashboard:
        await dashboard.keys("enter")
        assert isinstance(dashboard.app.screen, DetailsScreen)
        for words in ("Jan 13, 2026 07:00:30 EST", "Jan 13, 2026 12:00:30 UTC", "anna", "allocation.set", "Undoes"):
            assert words in dashboard.text
        box = dashboard.lines[dashboard.lines.index(dashboard.line_with("Before")) :]
        amounts = [line for line in box if "amount" in line and "│" in line]
        assert [line.split()[line.split().index("amount") + 1] for line in amounts[:2]] == ["60", "50"]
        await dashboard.keys("enter")
        assert not isinstance(dashboard.app.screen, DetailsScreen)


async def test_x_explains_the_project_of_the_entry(open_dashboard: OpenDashboard, services: Services) -> None:
    allocate(services, "60")
    async with open_dashboard(mode="audit", keys="x") as dashboard:
        assert "Dandelion, January 2026" in dashboard.text


async def test_a_click_chooses_and_a_second_one_opens(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="audit") as dashboard:
        await dashboard.pilot.click(LogTable, offset=(10, 3))
        await dashboard.settled()
        assert log_of(dashboard).cursor == 2
        await dashboard.pilot.click(LogTable, offset=(10, 3), times=2)
        await dashboard.settled()
        assert isinstance(dashboard.app.screen, DetailsScreen)


async def test_nothing_was_changed_yet(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="audit") as dashboard:
        assert "no changes yet" in dashboard.text
        await dashboard.keys("enter", "down", "end", "pageup")
        assert "no changes yet" in dashboard.text


async def test_news_for_a_screen_that_is_still_being_built_wait_for_it(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        going = dashboard.app.switch_mode("audit")
        dashboard.app._report("it is done")
        await going
        await dashboard.settled()
        assert log_of(dashboard).rows
        assert "✓ it is done" in dashboard.text


async def test_the_first_change_of_all_shows_on_an_empty_log(
    open_dashboard: OpenDashboard, empty: Services, services_on: OpenServices
) -> None:
    async with open_dashboard(empty) as dashboard:
        await dashboard.keys("6")
        assert "no changes yet" in dashboard.text
        services_on(Path(str(empty.context.database))).budgets.set_global(units(500))
        await dashboard.looked()
        assert "$0.00 → $500.00" in dashboard.text
