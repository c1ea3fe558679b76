"""Global Budget: its figures are the snapshot's, and its total is edited where it stands."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.period import PeriodKind
from budget_tui.presentation import formatting
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.period_rules import RuleChange
from budget_tui.tui.screens.budget.screen import GlobalBudgetScreen
from tests.agent_logs import claude_line, use_home, write
from tests.services.planning import bill
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import Dashboard, on_day, stored, stored_line, units


def refusal(dashboard: Dashboard) -> str:
    found = dashboard.app.screen.query_one("#total-refused")
    return str(found.render()) if found.display else ""


async def test_the_figures_are_the_snapshots(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        assert isinstance(dashboard.app.screen, GlobalBudgetScreen)
        assert "$500.00 a month" in dashboard.text
        assert "Jan 1 – Jan 31 · day 13 of 31" in dashboard.text
        assert "January 2026 · 18 days left" in dashboard.lines[0]
        for label, amount, share in (("Allocated", "$420.00", "84%"), ("Spent", "$241.00", "48%")):
            line = dashboard.line_with(label)
            assert amount in line
            assert share in line
        assert "pace 42%" in dashboard.line_with("Spent  ")
        figures = dashboard.line_with("Unallocated")
        for text in ("$80.00", "Remaining $259.00  ▲", "Drip $14.39 / day", "Available today $13.63"):
            assert text in figures


def axis_of_days(dashboard: Dashboard) -> list[str]:
    """The lines of the chart of days, at the left of the outlook."""
    at = dashboard.lines.index(dashboard.line_with("Spend per day"))
    return [line for line in dashboard.lines[at:] if "┤" in line]


async def test_a_day_of_much_has_its_column_on_the_axis_like_any_other(
    open_dashboard: OpenDashboard, services_on: OpenServices
) -> None:
    last = services_on(clock=Clock(date(2026, 1, 31)))
    last.costs.add(CostEntry("pcc", units(15_000), date(2026, 1, 31)))
    async with open_dashboard(last, size=(80, 34)) as dashboard:
        axis = axis_of_days(dashboard)
        assert [line.split("┤")[0].strip("│ ") for line in axis] == ["$20k", "", "", "$10k", "", "", "$0"]
        columns = {line.index("┤") for line in axis}
        assert len(columns) == 1
        assert "31" in dashboard.lines[dashboard.lines.index(axis[-1]) + 1]


async def test_of_a_long_period_the_days_up_to_today_are_charted(
    open_dashboard: OpenDashboard, services: Services, services_on: OpenServices
) -> None:
    services.period_rules.set(RuleChange(PeriodKind.QUARTERLY))
    quarter = services_on(clock=Clock(date(2026, 3, 20)))
    quarter.costs.add(CostEntry("pcc", units(15), date(2026, 3, 20)))
    async with open_dashboard(quarter, size=(80, 34)) as dashboard:
        axis = [line.split("││")[0].split("│  ")[1] for line in axis_of_days(dashboard)]
        assert len(axis) == 7
        assert all(line.rstrip(" │").endswith("█") for line in axis[2:])


async def test_the_outlook_is_the_snapshots(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        pace = dashboard.shown.total
        assert formatting.money(pace.burn_rate, "USD") in dashboard.line_with("Burn")
        assert formatting.runway(pace.runway_days) in dashboard.line_with("Lasts")
        assert "Forecast $599–$622  likely $610 ▲" in dashboard.line_with("Forecast")
        assert "data through Jan 13" in dashboard.text
        assert "unmapped" not in dashboard.text


async def test_the_outlook_uses_its_room(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(120, 40)) as dashboard:
        weeks = dashboard.line_with("Last 11 weeks")
        assert weeks.rstrip(" │").endswith(f" {dearest_day(dashboard.services)}"), "of the dearest day"
        assert all(day in dashboard.text for day in ("Mon ", "Sun "))
        chart = dashboard.app.screen.query_one("SpendChart").region
        lowest = dashboard.lines[chart.bottom - 3][chart.x : chart.right]
        assert "█ █ █" in lowest, "the bars of days do not touch"
        assert "██" not in lowest
        await dashboard.resized(120, 29)
        assert "Last 11 weeks" not in dashboard.text
        await dashboard.resized(80, 23)
        assert "Dandelion" not in dashboard.text
        assert "and 2 more" in dashboard.text, "who is healthy stands there as far as there is room"


def dearest_day(services: Services) -> str:
    snapshot = stored(services)
    days = services.cost_details.recent_days(snapshot, snapshot.as_of - timedelta(weeks=10, days=1))
    assert days[-1][0] == snapshot.as_of
    before, first = services.cost_details.recent_days(snapshot, date(2025, 10, 31))[:2]
    assert before[1] is None, "nothing is known before the first day with costs"
    assert first[1] is not None
    return formatting.money(max(amount or 0 for _, amount in days), "USD")


async def test_more_allocated_than_there_is_is_said_plainly(open_dashboard: OpenDashboard, elsewhere: Services) -> None:
    elsewhere.budgets.set_global(units(400))
    async with open_dashboard() as dashboard:
        assert "Over-allocated $20.00" in dashboard.text
        assert "105%" in dashboard.line_with("Allocated")


async def test_the_total_is_edited_in_its_place(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="e") as dashboard:
        assert dashboard.field("total").value == "500.00"
        await dashboard.typed("650", "enter")  # the old value was selected: typing replaces it
        assert "$650.00 a month" in dashboard.text
        assert "Unallocated $230.00" in dashboard.text
        assert "the budget is $650.00 now; it was $500.00" in dashboard.text
        assert not dashboard.field("total").display
    assert stored(services).total.allocation == units(650)


async def test_a_refused_total_is_told_in_place_and_kept(open_dashboard: OpenDashboard, services: Services) -> None:
    refusals = {
        "a lot": "'a lot' is not an amount",
        "-600": "cannot be negative",
        "99999999999": "out of range",
        " ": "is not an amount",
        "+": "is not an amount",
        # A total takes no shares, as allocations do.
        "25%": "is not an amount",
        "rest": "is not an amount",
    }
    async with open_dashboard() as dashboard:
        for typed, told in refusals.items():
            await dashboard.keys("e", *typed, "enter")
            assert told in refusal(dashboard)
            assert refusal(dashboard)[:2] == "✕ "
            assert dashboard.field("total").value == typed
            assert dashboard.field("total").has_focus
            await dashboard.keys("backspace")
            assert not refusal(dashboard), "what is being mended is not refused any more"
            await dashboard.keys("escape")
    assert stored(services).total.allocation == units(500)


async def test_escape_leaves_the_total_as_it_was(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="e") as dashboard:
        await dashboard.typed("9", "escape")
        assert "$500.00 a month" in dashboard.text
        assert not dashboard.field("total").display
        assert dashboard.app.focused is None
    assert stored(services).total.allocation == units(500)


async def test_a_total_that_somebody_changed_meanwhile_is_not_overwritten(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(keys="e") as dashboard:
        await dashboard.typed("650")
        elsewhere.budgets.set_global(units(700))
        await dashboard.looked()
        assert dashboard.field("total").value == "650", "news from elsewhere do not touch what is being typed"
        await dashboard.keys("enter")
        assert "$700.00 by now" in refusal(dashboard)
        assert dashboard.field("total").value == "650"
        assert stored(services).total.allocation == units(700)
        await dashboard.keys("enter")  # they know by now
    assert stored(services).total.allocation == units(650)


async def test_an_untouched_total_says_nothing_even_when_somebody_changed_it(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(keys="e") as dashboard:
        elsewhere.budgets.set_global(units(700))
        await dashboard.looked()
        await dashboard.keys("enter")
        assert not dashboard.field("total").display
        assert "$700.00 a month" in dashboard.text
    assert stored(services).total.allocation == units(700)


async def test_how_far_the_data_goes_is_told_on_two_lines_where_one_is_too_short(
    open_dashboard: OpenDashboard,
) -> None:
    async with open_dashboard(size=(40, 24)) as dashboard:
        at = dashboard.lines.index(dashboard.line_with("data through"))
        assert [line.strip() for line in dashboard.lines[at : at + 2]] == ["data through Jan 13", "as of Jan 13, 2026"]


async def test_a_chosen_day_and_all_that_has_no_rate_is_told_at_80_columns(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    currencies = ("CHF", "EUR", "GBP", "SEK")
    bill(services, *(("pcc", "10", currency, "2026-01-10", "AWS") for currency in currencies))
    async with open_dashboard(size=(80, 24)) as dashboard:
        at = dashboard.lines.index(dashboard.line_with("data through"))
        assert [line.strip() for line in dashboard.lines[at : at + 2]] == [
            "data through Jan 10 · as of Jan 13, 2026",
            "CHF 10, €10, £10, SEK 10 left out: no usable rate to USD",
        ]
        services.costs.add(CostEntry("pcc", units(30), date(2026, 1, 20)))
        currencies += ("DKK", "NOK", "PLN", "CZK")
        bill(services, *(("pcc", "10", currency, "2026-01-10", "AWS") for currency in currencies))
        await dashboard.looked()
        at = dashboard.lines.index(dashboard.line_with("data through"))
        told = " ".join(line.strip() for line in dashboard.lines[at : at + 2])
        assert told == (
            "data through Jan 10 · as of Jan 13, 2026 · CHF 10, CZK 10, DKK 10, €10, £10,"
            " NOK 10, PLN 10, SEK 10 left out: no usable rate to USD · $30.00 scheduled …"
        )
        await dashboard.resized(40, 10)
        assert dashboard.line_with("data through").strip() == "data through Jan 10 · as of Jan 13 …"


async def test_an_empty_database_invites_to_begin(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty) as dashboard:
        assert "no budget yet: e sets one; 4 shows the plan" in dashboard.text
        for follows in ("Remaining", "Drip", "Available today", "over"):
            assert follows not in dashboard.text
        await dashboard.keys("e", *"500", "enter")
        assert "$500.00 a month" in dashboard.text
    assert stored(empty).organization.time_zone == "America/New_York"


async def test_an_empty_database_names_the_steps_to_a_useful_screen(
    open_dashboard: OpenDashboard, empty: Services
) -> None:
    async with open_dashboard(empty, size=(80, 24)) as dashboard:
        assert "three steps to a useful screen" in dashboard.text
        await dashboard.resized(50, 16)
        assert "○ a  add a project" in dashboard.text
        await dashboard.resized(40, 10)
        assert "e total  a project  i import  $ record" in dashboard.text
        await dashboard.resized(120, 40)
        await dashboard.keys("2")
        assert "no projects yet: a adds one" in dashboard.text
        assert "╭" not in dashboard.text, "no frame without anything in it"
        await dashboard.keys("1")
        await dashboard.resized(110, 30)
        assert "Outlook" not in dashboard.text
        assert "see in time who runs out" in dashboard.text
        assert dashboard.line_with("set what may be spent this month").startswith("│  ▶ e")
        await dashboard.keys("e", *"500", "enter")
        assert dashboard.line_with("set what may be spent this month").startswith("│  ✓ e")
        await dashboard.keys("a", *"Checkout service", "tab", "tab", *"100", "enter")
        assert "Checkout service added with $100.00, $400.00 unallocated" in dashboard.text
        assert dashboard.line_with("add a project").startswith("│  ✓ a")
        assert dashboard.line_with("import costs").startswith("│  ▶ i"), "as long as there are none"
        await dashboard.keys("dollar_sign", *"12", "tab", *"nosuch", "enter")
        assert "✕ no “nosuch”" in dashboard.text
        assert len(dashboard.app.screen_stack) > 1, "nothing is recorded for another project"
        await dashboard.keys("backspace", *"check", "enter")
        assert "$12.00" in dashboard.line_with("Spent  ")
        assert "three steps to a useful screen" not in dashboard.text
        assert "Outlook" in dashboard.text
    async with open_dashboard(on_day(empty, date(2026, 3, 1)), size=(80, 24)) as dashboard:
        assert "three steps to a useful screen" not in dashboard.text, "a month without costs is no beginning"
    assert stored_line(empty, "checkout-service").pace.spent == units(12)


async def test_logs_of_agents_programs_are_read_from_the_first_screen(
    open_dashboard: OpenDashboard, empty: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home(monkeypatch, tmp_path)
    async with open_dashboard(empty, size=(80, 24)) as dashboard:
        assert "logged here" not in dashboard.text
        await dashboard.keys("y")
        assert "this machine has no logs of Claude Code or Codex" in dashboard.text
    log = write(tmp_path / "claude/projects/p/s.jsonl", claude_line(usage={"output_tokens": 1_000_000}), "garbage")
    write(tmp_path / "claude/projects/p/other.jsonl", claude_line("m2", model="kimi-9000", cwd="/home/a/web"))
    async with open_dashboard(empty, size=(80, 24)) as dashboard:
        assert dashboard.line_with("read what Claude Code logged here").startswith("│  ○ y")
        assert dashboard.line_with("or import costs").startswith("│    i")
        assert dashboard.line_with("or record one by hand").startswith("│    $")
        await dashboard.resized(40, 10)
        assert "e total  a project  y logs  i import" in dashboard.text
        await dashboard.resized(240, 30)
        await dashboard.keys("y")
        assert "Claude Code: 2 logs on this machine" in dashboard.text
        await dashboard.keys("escape")
        assert "three steps to a useful screen" in dashboard.text
        await dashboard.keys("y", "enter")
        assert "2 messages read, $15.00 for 1,001,100 tokens, Jan 10, 2026, $15.00 of it without a" in dashboard.text
        assert "1,100 tokens of kimi-9000 unpriced" in dashboard.text
        assert "m maps them; unpriced: kimi-9000 (1,100 tokens);" in dashboard.text
        assert dashboard.line_with("read what Claude Code logged here").startswith("│  ✓ y")
        assert dashboard.line_with("add a project").startswith("│  ○ a"), "costs alone are nothing to show"
        log.touch()
        await dashboard.keys("y", "enter")
        assert "nothing new in 2 logs; 1 line of 1 log could not be understood and was left out" in dashboard.text
        await dashboard.keys("m")
        assert "$15.00" in dashboard.line_with("/home/a/pcc ")
        assert "unpriced" in dashboard.line_with("/home/a/web ")
        await dashboard.keys("down", "enter", *"new", "enter", "ctrl+u", *"Shop", "enter")
        assert "/home/a/web: unpriced in 1 cost assigned to Shop" in dashboard.text
        await dashboard.keys("escape", "u", "u")
        await dashboard.keys("y", "shift+tab", "shift+tab", "right")
        assert "● by a plan's flat fee" in dashboard.text
        assert "enter reads them · esc cancels" in dashboard.text
        await dashboard.keys("enter")
        assert "u undoes it" in dashboard.line_with("a plan pays for claude-code@laptop")
        assert "$0.00" in dashboard.line_with("Spent  ")
        await dashboard.keys("u", "u")
        assert "undone: claude-code@laptop: 2 messages read, 1,001,100 tokens, $15.00" in dashboard.text
        await dashboard.keys("U", "a", *"Web", "enter")
        assert "three steps to a useful screen" not in dashboard.text


async def test_costs_without_a_budget_are_no_alarm(open_dashboard: OpenDashboard, services: Services) -> None:
    acme = replace(services, context=replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 31))))
    async with open_dashboard(acme, size=(80, 24)) as dashboard:
        assert "no budget yet: e sets one; 4 shows the plan  Mar 1 – Mar 31 · day 31 of 31" in dashboard.text
        assert dashboard.line_with("Spent  ").split()[2:4] == ["$25,893.17", "–"]
        assert not {"✕", "▲", "█"} & set(dashboard.text[: dashboard.text.index("Spent so far")])
        assert "▲" not in dashboard.text
        assert "✕" not in dashboard.text


async def test_large_amounts_and_a_notice_push_nothing_out_of_sight(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    acme = replace(services, context=replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 31))))
    acme.budgets.set_global(units(20_001))
    async with open_dashboard(acme, size=(80, 24), keys="u") as dashboard:
        assert "no budget yet" in dashboard.text
        await dashboard.keys("U")
        assert "✓ redone" in dashboard.text
        outlook = [line.split("││")[1].split() for line in dashboard.lines if "││" in line]
        assert [line[0] for line in outlook[:3]] == ["Burn", "Lasts", "Forecast"]
        assert outlook[2][1:] == ["$25,893–$25,969", "▲", "│"]
        assert [line[0] for line in outlook[4:6]] == ["✕", "✕"]


async def test_what_textual_tells_hides_nothing(open_dashboard: OpenDashboard, tmp_path: Path) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        outlook = [line.split("││")[1] for line in dashboard.lines if "││" in line]
        dashboard.app.deliver_screenshot("shot.svg", str(tmp_path))
        await dashboard.until(lambda: "✓ Saved screenshot to" in dashboard.text)
        await dashboard.settled()
        assert [line.split("││")[1] for line in dashboard.lines if "││" in line][:5] == outlook[:5]
        assert (tmp_path / "shot.svg").exists()


async def test_costs_of_no_project_are_named(open_dashboard: OpenDashboard, elsewhere: Services) -> None:
    elsewhere.projects.archive("dandelion")
    async with open_dashboard() as dashboard:
        assert "unmapped" not in dashboard.text
        assert "Unallocated $130.00" in dashboard.text


@pytest.mark.parametrize(
    ("keys", "editor", "amount"),
    [
        (["+"], "+10", 510),
        (["+", *"20"], "+20", 520),
        (["+", "+"], "+20", 520),
        (["-", *"80"], "-80", 420),
        (["=", *"650"], "=650", 650),
        (["enter", *"600"], "600", 600),
        (["="], "=500.00", 500),
    ],
)
async def test_a_sign_opens_the_edit_of_the_total_and_nothing_is_written_before_enter(
    open_dashboard: OpenDashboard, services: Services, keys: list[str], editor: str, amount: int
) -> None:
    entries = len(services.audit.newest(100))
    async with open_dashboard() as dashboard:
        await dashboard.keys(*keys)
        assert dashboard.field("total").value == editor
        assert stored(services).total.allocation == units(500)
        await dashboard.keys("escape", *keys, "enter")
        assert not dashboard.field("total").display
        assert stored(services).total.allocation == units(amount)
        assert len(services.audit.newest(100)) == entries + (amount != 500)


async def test_a_share_of_thousands_of_percent_keeps_its_distance(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    services.budgets.set_global(units(1))
    async with open_dashboard(size=(80, 24)) as dashboard:
        assert "$241.00  24,100%  ━" in dashboard.text
        assert "$420.00  42,000%  ━" in dashboard.text


@pytest.mark.parametrize(("day", "left"), [(29, "2 days left"), (30, "1 day left"), (31, "last day")])
async def test_the_last_day_is_told_from_the_one_before(
    open_dashboard: OpenDashboard, services_on: OpenServices, day: int, left: str
) -> None:
    async with open_dashboard(services_on(clock=Clock(date(2026, 1, day))), size=(120, 40)) as dashboard:
        assert dashboard.lines[0].rstrip().endswith(f"January 2026 · {left}")


async def test_an_organization_with_a_plan_sees_it_at_a_glance(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    async with open_dashboard(size=(120, 40)) as dashboard:
        assert "opens it" not in dashboard.text, "nothing is planned but what the projects were given"
    acme = replace(services, context=replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 13))))
    async with open_dashboard(acme, size=(120, 40)) as dashboard:
        assert "$60,069.39 used of $175,000.00 planned" in dashboard.text
        assert "✕ 1 over   ▲ 1 approaching   ● 10 under" in dashboard.text
        assert "107%" in dashboard.line_with("✕ Frontend · subscription")
        acme.plans.delete(
            next(line.budget.budget_id for line in acme.plan_views.summary().lines if line.status == "over")
        )
        await dashboard.looked()
        assert "✕ 0 over" in dashboard.text, "it follows"
        await dashboard.keys("tab", "tab", "tab", "enter")
        assert dashboard.app.current_mode == "plan"
