"""The boxes over a screen: transfer, import, unmapped costs. What they show before, how they refuse, what they do."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from textual.widgets import ProgressBar, Select

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.tui.fields import Choice
from tests.agent_logs import claude_line, use_home, write
from tests.databases import locked
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import Dashboard, allocation_of, stored, stored_line, units

EXPORTS = Path(__file__).parents[1] / "fixtures" / "focus"
SAMPLE, SMALL = EXPORTS / "focus-1.0-sample.csv", EXPORTS / "focus-1.2-aws-synthetic.csv"


def said(dashboard: Dashboard, name: str) -> str:
    """What a part of the box says; '' when it is hidden."""
    widget = dashboard.app.screen.query_one(f"#{name}")
    return str(widget.render()) if widget.display else ""


def is_open(dashboard: Dashboard) -> bool:
    return len(dashboard.app.screen_stack) > 1


async def choose(dashboard: Dashboard, name: str, label: str) -> None:
    """Choose in a list as a person does: open it, go down to the line, take it."""
    select = dashboard.app.screen.query_one(f"#{name}", Select)
    select.focus()
    await dashboard.keys("enter", "home")
    labels = [str(prompt) for prompt, _ in select._options]
    at = next(number for number, text in enumerate(labels) if label in text)
    await dashboard.keys(*["down"] * at, "enter")
    assert label in labels[at]


# Transfer


async def test_a_transfer_shows_both_sides_before_it_is_made(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "t", *"20")
        await choose(dashboard, "taker", "Python API")
        assert said(dashboard, "giver-change") == "$120.00 → $100.00"
        assert said(dashboard, "taker-change") == "$100.00 → $120.00"
        assert said(dashboard, "most") == "at most $72.00 unspent"
        line = next(line for line in dashboard.shown.projects if line.project_id == "python-api")
        before, after = re.findall(r"[\d.]+ d", said(dashboard, "achieves"))[::-1]
        assert said(dashboard, "achieves") == f"Python API lasts {after} instead of {before}"
        assert before == f"{line.pace.runway_days:.1f} d"
        assert float(after[:-2]) > float(before[:-2])  # what 32 last compared with what 12 last
        assert allocation_of(services, "python-api") == units(100), "nothing is done yet"
        dashboard.field("amount").focus()
        await dashboard.keys("enter")
        assert not is_open(dashboard)
        assert "$20.00 moved from VideoNest API to Python API; u undoes it" in dashboard.text
        assert "120.00" in dashboard.line_with(" Python API ")
    assert allocation_of(services, "videonest-api") == units(100)
    assert allocation_of(services, "python-api") == units(120)


async def test_from_the_pool_and_back(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="t") as dashboard:  # on Global Budget the pool gives
        assert said(dashboard, "giver-change") == "$80.00"
        assert said(dashboard, "most") == "at most $80.00 unallocated"
        await dashboard.typed("30", "enter")  # to the project that is worst off
        assert "Unallocated $50.00" in dashboard.text
    assert allocation_of(services, "python-api") == units(130)
    async with open_dashboard(mode="projects", keys="t") as dashboard:  # here the project under the cursor does
        assert said(dashboard, "giver-change") == "$150.00"
        await dashboard.typed("45", "enter")  # all that it has not spent
        assert "unallocated $95.00" in dashboard.pool_line
    assert allocation_of(services, "pcc") == units(105)


async def test_who_gives_is_seen_in_a_narrow_pane_too(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", size=(40, 10), keys="t") as dashboard:
        assert "PCC" in dashboard.line_with("From")
        assert "$150.00" in dashboard.line_with("From")


async def test_a_project_with_little_left_takes(open_dashboard: OpenDashboard, services: Services) -> None:
    services.costs.add(CostEntry("python-api", units(8)))  # $4 of $100 are left
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("j", "j", "t")
        assert said(dashboard, "taker-change") == "$100.00"
        await dashboard.typed("30", "tab", *"vid", "enter")
        assert "$30.00 moved from VideoNest API to Python API" in dashboard.text


async def test_too_much_is_marked_while_it_is_typed(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", keys="t") as dashboard:
        most = dashboard.app.screen.query_one("#most")
        assert not [span for span in most.render().spans if "$error" in str(span.style)]
        await dashboard.typed("45.01")
        assert [span for span in most.render().spans if "$error" in str(span.style)]
        await dashboard.keys("backspace", "backspace", "x")
        assert said(dashboard, "achieves") == "not an amount yet"


async def test_a_refused_transfer_is_told_in_the_box_and_kept(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    refusals = {
        "45.01": "$45.00 is all that PCC has unspent",
        "0": "a transfer needs a positive amount",
        "-5": "a transfer needs a positive amount",
        "much": "'much' is not an amount",
        "": "is not an amount",
    }
    async with open_dashboard(mode="projects") as dashboard:
        for typed, told in refusals.items():
            await dashboard.keys("t", *typed, "enter")
            assert told in said(dashboard, "refusal")
            assert said(dashboard, "refusal").startswith("✕")
            assert dashboard.field("amount").value == typed
            await dashboard.keys("1")
            assert not said(dashboard, "refusal")
            await dashboard.keys("escape")
            assert not is_open(dashboard)
    assert allocation_of(services, "pcc") == units(150)


async def test_more_than_the_pool_has_is_refused(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="t") as dashboard:
        await dashboard.typed("81", "enter")
        assert "$80.00 is all that the pool has unallocated" in said(dashboard, "refusal")
    assert stored(services).unallocated == units(80)


async def test_a_transfer_to_itself_is_refused(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", keys="t") as dashboard:
        await choose(dashboard, "taker", "PCC")
        dashboard.field("amount").focus()
        await dashboard.typed("5", "enter")
        assert "a transfer needs two different ends" in said(dashboard, "refusal")


async def test_what_was_spent_meanwhile_cannot_be_transferred(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="projects", keys="t") as dashboard:
        elsewhere.costs.add(CostEntry("pcc", units(30)))
        await dashboard.typed("40", "enter")
        assert "$15.00 is all that PCC has unspent" in said(dashboard, "refusal")
        assert said(dashboard, "most") == "at most $15.00 unspent", "as of the refusal"
        elsewhere.budgets.allocate("pcc", parse_change("+25"))
        await dashboard.looked()
        assert said(dashboard, "most") == "at most $40.00 unspent"
        assert said(dashboard, "giver-change") == "$175.00 → $135.00"
        assert "$15.00 is all" in said(dashboard, "refusal"), "until something is typed"
    assert allocation_of(services, "pcc") == units(175)


async def test_an_over_allocated_pool_has_nothing_to_give(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    elsewhere.budgets.allocate("pcc", parse_change("+100"))
    async with open_dashboard(keys="t") as dashboard:
        assert said(dashboard, "giver-change") == "-$20.00"
        assert said(dashboard, "most") == "at most $0.00 unallocated"


async def test_the_buttons_do_what_they_say(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="t") as dashboard:
        await dashboard.typed("10", "tab", "tab", "enter")
        assert not is_open(dashboard)
        assert stored(services).unallocated == units(80), "Cancel"
        await dashboard.keys("t", *"10", "tab", "tab", "tab", "enter")
        assert not is_open(dashboard)
    assert stored(services).unallocated == units(70)


async def test_a_transfer_that_waits_is_made_once_and_cannot_be_left(
    open_dashboard: OpenDashboard, services: Services, database: Path
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("t", *"20")
        with locked(database):
            for _ in range(3):
                await dashboard.pilot.click("#submit")
            await dashboard.pilot.click("#cancel")
            assert is_open(dashboard)
        await dashboard.settled()
        assert not is_open(dashboard)
        assert allocation_of(services, "pcc") == units(130)
        assert "$20.00 moved from PCC to the pool" in dashboard.text


# Import


async def test_an_import_is_on_the_screen(
    open_dashboard: OpenDashboard, services_on: OpenServices, tmp_path: Path
) -> None:
    services = services_on(tmp_path / "new.db", Clock(date(2024, 9, 30)), time_zone="UTC")
    async with open_dashboard(services, size=(120, 30), keys="i") as dashboard:
        await dashboard.typed(str(SAMPLE), "enter")
        assert not is_open(dashboard)
        assert "1,000 rows read, 677 daily costs stored ($20.52)" in dashboard.text
        assert "$20.52" in dashboard.line_with("Spent  ")
        assert "1,000 costs unmapped ($20.52): m to map" in dashboard.text
        await dashboard.keys("i", *str(SAMPLE), "enter")
        assert "1,000 rows read, nothing new: these costs are already stored" in dashboard.text
        assert "$20.52" in dashboard.line_with("Spent  ")


async def test_a_file_that_cannot_be_imported_is_told_in_the_box(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    refusals = {None: "there is no", "a,b\n1,2\n": "known to hold a date and an amount", "": "empty"}
    path = tmp_path / "x.csv"
    async with open_dashboard(keys="i", size=(120, 30)) as dashboard:
        await dashboard.typed(str(path))
        for content, told in refusals.items():
            if content is not None:
                path.write_text(content)
            await dashboard.keys("enter")
            assert told in said(dashboard, "refusal")
            assert dashboard.field("paths").value == str(path)
            assert not dashboard.app.screen.query_one(ProgressBar).display
        await dashboard.keys("escape")
    assert stored(services).unmapped_costs == 0


async def test_leaving_an_import_that_is_reading_stops_it(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    for number in range(400):
        shutil.copyfile(SMALL, exports / f"{number:03}.csv")
    async with open_dashboard(keys="i") as dashboard:
        bar = dashboard.app.screen.query_one(ProgressBar)
        for key in (*str(exports), "enter"):
            dashboard.press(key)
        await dashboard.until(lambda: (bar.progress or 0) > 0)
        await dashboard.keys("escape")
        assert not is_open(dashboard)
    assert not services.costs.unmapped()


# Unmapped costs


@pytest.fixture
def with_unmapped(services: Services, services_on: OpenServices, tmp_path: Path) -> Services:
    """The example in September 2024's place: three costs that name no project."""
    header = "BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,BilledCost,"
    header += "EffectiveCost,BillingCurrency,ChargeCategory,ServiceCategory,ServiceName,ProviderName,SubAccountId,"
    header += "SubAccountName,Tags"
    month = "2026-01-01T00:00:00Z,2026-02-01T00:00:00Z"
    rows = [
        f"acc,{month},2026-01-0{day}T00:00:00Z,2026-01-0{day + 1}T00:00:00Z,{amount},{amount},USD,Usage,Compute,"
        f'{service},AWS,{account},{account} name,"{tags}"'
        for day, amount, service, account, tags in (
            (5, "3.50", "EC2", "111", ""),
            (6, "1.25", "EC2", "111", ""),
            (7, "0.10", "S3", "222", '{""team"": ""[b]video""}'),
        )
    ]
    export = tmp_path / "export.csv"
    export.write_text("\n".join([header, *rows]) + "\n")
    from budget_tui.services.imports import ImportRequest

    services.imports.run(ImportRequest((str(export),), tags=("team",)))
    return services


async def test_unmapped_costs_are_assigned_row_by_row(open_dashboard: OpenDashboard, with_unmapped: Services) -> None:
    async with open_dashboard(size=(120, 30)) as dashboard:
        assert "3 costs unmapped ($4.85): m to map" in dashboard.text
        await dashboard.keys("m")
        assert "$4.85 in all, $4.85 of it in January 2026" in said(dashboard, "in-all")
        row = dashboard.line_with("111 name")  # the largest first
        assert all(part in row for part in ("account", "focus", " 2 ", "$4.75", "Jan 5 – 6, 2026"))
        await dashboard.keys("enter", "escape")
        assert is_open(dashboard), "leaving the project leads back to the table"
        await dashboard.keys("enter", "enter")
        assert "choose the project" in said(dashboard, "refusal"), "none is proposed"
        await dashboard.keys("enter", *"new", "enter")
        assert dashboard.field("name").value == "111 name"
        await dashboard.keys("escape")
        assert "choose a project" in dashboard.line_with("Assign to"), "as it was before the form of a new one"
        await dashboard.keys("enter", "j")
        assert "no “j”" in dashboard.line_with("Assign to"), "letters search, and no project has a j"
        await dashboard.keys("escape", "escape", "enter", "d", "enter")
        assert "111 name: $4.75 in 2 costs assigned to Dandelion" in said(dashboard, "done")
        assert "$0.10 in all" in said(dashboard, "in-all")
        assert "111 name" not in dashboard.line_with("222 name")
        await dashboard.keys("escape")
        assert not is_open(dashboard)
        assert "111 name: $4.75 in 2 costs assigned to Dandelion" in dashboard.text
        assert "1 cost unmapped ($0.10)" in dashboard.text
        assert stored_line(with_unmapped, "dandelion").pace.spent == 4_750_000_000
        await dashboard.keys("u")
        assert "undone: 111 name: mapped to Dandelion" in dashboard.text
    assert stored(with_unmapped).unmapped_costs == 3


async def test_marked_costs_are_assigned_at_once_to_a_project_made_on_the_way(
    open_dashboard: OpenDashboard, with_unmapped: Services
) -> None:
    async with open_dashboard(keys="m", size=(120, 30)) as dashboard:
        await dashboard.keys("space", "space")
        assert "2 marked: $4.85" in said(dashboard, "in-all")
        await dashboard.keys("enter", *"new pro", "enter")
        assert dashboard.field("name").value == "111 name"
        await dashboard.keys("ctrl+u", *"Atlas", "enter")
        assert not is_open(dashboard)
        assert "111 name and 1 more: $4.85 in 3 costs assigned to Atlas; every cost has a project now" in dashboard.text
        assert stored_line(with_unmapped, "atlas").pace.spent == 4_850_000_000
        await dashboard.keys("u")
        assert "undone: 111 name: mapped to Atlas; 222 name: mapped to Atlas" in dashboard.text
    assert stored(with_unmapped).unmapped_costs == 3


async def test_a_rule_may_go_by_a_tag(open_dashboard: OpenDashboard, with_unmapped: Services) -> None:
    async with open_dashboard(keys="m", size=(120, 30)) as dashboard:
        while dashboard.app.screen.query_one("#match", Choice).value != "tag:team":
            await dashboard.keys("f")
        assert "tag team" in dashboard.line_with("[b]video"), "it is text, not markup"
        await dashboard.keys("down", "enter", *"video", "enter")
        assert "[b]video: $0.10 in 1 cost assigned to VideoNest API" in said(dashboard, "done")
    assert stored_line(with_unmapped, "videonest-api").pace.spent == 48_100_000_000


async def test_unmapped_costs_follow_other_programs(
    open_dashboard: OpenDashboard, with_unmapped: Services, elsewhere: Services
) -> None:
    async with open_dashboard(keys="m", size=(120, 30)) as dashboard:
        await dashboard.keys("space")
        elsewhere.costs.map_all_to_project("dandelion", [("sub_account", "111")])
        await dashboard.looked()
        assert "111 name" not in dashboard.text
        assert "$0.10 in all, $0.10 of it in January 2026" in said(dashboard, "in-all")
        assert "marked" not in said(dashboard, "in-all")
        assert "$0.10" in dashboard.line_with("222 name")


async def test_directories_of_logs_are_told_apart_by_their_ends(
    open_dashboard: OpenDashboard, empty: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home(monkeypatch, tmp_path)
    monkeypatch.setenv("HOME", "/home/a")
    log, work = tmp_path / "claude/projects/p/s.jsonl", "/home/a/src/a-customer-with-a-long-name/an-order/site"
    places = (f"{work}/web/app", f"{work}/web/api", "/home/a/pcc", "/home/ab/pcc")
    write(log, *(claude_line(f"m{at}", cwd=place) for at, place in enumerate(places)))
    empty.agent_logs.sync()
    async with open_dashboard(empty, keys="m", size=(100, 30)) as dashboard:
        for end in ("an-order/site/web/app ", "an-order/site/web/api "):
            assert dashboard.line_with(end).lstrip("│ ┃").startswith("…")
        assert "/home/ab/pcc " in dashboard.text
        await dashboard.keys(*["space"] * 4, "enter", *"new pro", "enter", "ctrl+u", *"Atlas", "enter", "6")
        assert dashboard.line_with("site/web/app ").split()[5].startswith("…")
        assert "~/pcc " in dashboard.text
        await dashboard.resized(160, 40)
        await dashboard.keys("2", "l", "tab", "l")
        assert "directory=~/pcc" in dashboard.text


async def test_with_every_cost_mapped_there_is_nothing_to_ask(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(keys="m") as dashboard:
        assert not is_open(dashboard)
        assert "every cost has a project" in dashboard.text


async def test_what_happened_is_no_news_when_one_comes_back(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("e", "ctrl+u")
        await dashboard.typed("600", "enter")
        assert dashboard.line_with("the budget is $600.00 now")
        await dashboard.keys("]", "u", "[")
        assert "the budget is $600.00 now" not in dashboard.text
        assert "$500.00 a month" in dashboard.text


@pytest.mark.parametrize(
    ("mode", "keys", "said"),
    [
        ("budget", ("o", "tab", "enter"), "the global budget carries over"),
        ("projects", ("o", "tab", "enter"), "carries over"),
        ("projects", ("r", "enter"), "renamed to"),
        ("alerts", ("e", "enter"), "alert 1 watches each project"),
    ],
)
async def test_what_stays_as_it_was_names_no_key_that_undoes_another_change(
    open_dashboard: OpenDashboard, services: Services, mode: str, keys: tuple[str, ...], said: str
) -> None:
    entries = len(services.audit.newest(100))
    async with open_dashboard(mode=mode) as dashboard:
        await dashboard.keys(*keys)
        assert said in dashboard.text
        assert "undoes it" not in dashboard.text
    assert len(services.audit.newest(100)) == entries
