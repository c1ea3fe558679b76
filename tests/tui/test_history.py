"""History: closed periods with what came after their close, spent against budget over them, each opened in full."""

import re
from datetime import date

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.services.costs import CostEntry
from budget_tui.tui.screens.history.closed_period import ClosedPeriodScreen
from budget_tui.tui.screens.history.screen import HistoryScreen
from tests.services.planning import bill
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import Dashboard, FixedClock, on_day, units


def rows(dashboard: Dashboard) -> list[str]:
    """The lines of the table, from its header on."""
    top = next(i for i, line in enumerate(dashboard.lines) if line.startswith(" Period"))
    return [line for line in dashboard.lines[top:] if re.match(r" (Period|[A-Z][a-z]{2} \d)", line)]


async def test_closed_periods_the_newest_first(open_dashboard: OpenDashboard, a_year_later: Services) -> None:
    async with open_dashboard(a_year_later, mode="history") as dashboard:
        header, *lines = rows(dashboard)
        assert [line[1:9] for line in lines[:2]] == ["Nov 2026", "Oct 2026"]
        assert [line[1:9] for line in lines[-2:]] == ["Dec 2025", "Nov 2025"]
        for text in ("400.00", "420.00", "264.00", "136.00", "●", "66%", "+$5.00 after close"):
            assert text in lines[0]
        assert "after close" not in lines[1]
        assert {line.index(".", 9) for line in lines} == {lines[0].index("400.00") + 3}, "aligned on the point"
        assert "●" in next(line for line in lines if line.startswith(" Jan 2026")), "95% are within the budget"
        for label in ("Budget", "Allocated", "Spent", "Left", "Since"):
            assert label in header


async def test_it_fits_a_small_terminal_and_one_with_large_amounts(
    open_dashboard: OpenDashboard, a_year_later: Services
) -> None:
    async with open_dashboard(a_year_later, mode="history", size=(80, 24)) as dashboard:
        header, newest, *_ = rows(dashboard)
        for text in ("400.00", "420.00", "264.00", "136.00", "●", "66%", "+$5.00"):
            assert text in newest
        a_year_later.budgets.set_global(units(8_000_000))
        on_day(a_year_later, date(2027, 1, 2)).periods.catch_up()
        await dashboard.looked()
        header, newest, *_ = rows(dashboard)
        assert "8,000,000.00" in newest
        assert "Allocated" not in header
        assert "+$5.00" in "".join(rows(dashboard))
        await dashboard.resized(160, 50)
        assert "Allocated" in rows(dashboard)[0]


async def test_spent_stands_against_the_budget_as_a_line(open_dashboard: OpenDashboard, a_year_later: Services) -> None:
    async with open_dashboard(a_year_later, mode="history", size=(80, 24)) as dashboard:
        top = next(i for i, line in enumerate(dashboard.lines) if "Spent against budget" in line)
        chart = dashboard.lines[top + 1 : top + 8]
        months = chart[-1]
        assert months.split()[1:-1] == "Nov Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov".split()
        line_of_500 = next(line for line in chart if "▔▔▔▔▔" in line)
        newest = months.rindex("Nov")
        assert line_of_500[newest] == " ", "the budget was 400 by then"
        below = chart[chart.index(line_of_500) + 1]
        assert below[newest] == "▔", "two thirds of the scale, where the other one is five sixths"
        assert chart[-2][newest] == "█", "a column stands over its month"
        assert below[months.index("Jan")] == "█"
        assert line_of_500[months.index("Jan")] in "▁▂▃▄▅▆▇█", "what was spent stands before the line"


async def test_a_period_is_opened_and_left(open_dashboard: OpenDashboard, a_year_later: Services, in_utc: None) -> None:
    async with open_dashboard(a_year_later, size=(80, 24)) as dashboard:
        await dashboard.keys("5", "down", "up", "enter")
        assert isinstance(dashboard.app.screen, ClosedPeriodScreen)
        summary = dashboard.line_with("$264.00 of $400.00 spent")
        assert "$136.00 left  ● within  +$5.00 after close" in summary
        assert "closed by ada on Dec 13, 2026" in dashboard.text
        assert "150.00   67.00  83.00  ● within     +$5.00" in dashboard.line_with("PCC  ")
        assert "-8.00  ✕ over" in dashboard.line_with("VideoNest API")
        await dashboard.keys("escape")
        assert isinstance(dashboard.app.screen, HistoryScreen)


async def test_a_period_of_many_projects_scrolls_to_its_last(
    open_dashboard: OpenDashboard, services: Services, services_on: OpenServices
) -> None:
    for number in range(40):
        services.projects.add(f"p{number}", f"Project {number}", parse_change("1"))
    february = services_on(clock=FixedClock(date(2026, 2, 3)))
    february.periods.catch_up()
    async with open_dashboard(february, mode="history", size=(80, 24)) as dashboard:
        await dashboard.keys("enter")
        await dashboard.keys("end")
        await dashboard.until(lambda: "Project 39" in dashboard.text)
        assert "esc closes" in dashboard.text


async def test_a_period_shows_its_agents_in_tokens(open_dashboard: OpenDashboard, services_on: OpenServices) -> None:
    january, february = services_on(), services_on(clock=FixedClock(date(2026, 2, 3)))
    january.agents.add("scout", "pcc", "Scout", tokens=1_000_000)
    january.agents.consume("scout", 950_000)
    february.periods.catch_up()
    async with open_dashboard(february, mode="history", size=(80, 24)) as dashboard:
        await dashboard.keys("enter")
        assert "Agent, in tokens" in dashboard.text
        line = dashboard.line_with("Scout")
        assert line.split()[2:7] == ["1,000,000", "950,000", "50,000", "●", "within"]


async def test_a_close_elsewhere_and_a_late_cost_are_followed(
    open_dashboard: OpenDashboard, services: Services, elsewhere: Services
) -> None:
    async with open_dashboard(mode="history") as dashboard:
        assert len(rows(dashboard)) == 1 + 2
        elsewhere.periods.close()
        elsewhere.costs.add(CostEntry("pcc", units(3), date(2025, 12, 30)))
        await dashboard.looked()
        _, newest, december, _ = rows(dashboard)
        assert newest.startswith(" Jan 1 – Jan 13, 2026 ")
        assert "+$3.00 after close" in december


async def test_before_the_first_close_it_says_when_that_will_be(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="history") as dashboard:
        assert "No closed periods yet. January 2026 closes by itself after Jan 31, 2026" in dashboard.text
        await dashboard.keys("enter")
        assert isinstance(dashboard.app.screen, HistoryScreen)


async def test_a_period_without_any_budget_was_over_none(open_dashboard: OpenDashboard, services: Services) -> None:
    acme = services.of_organization("acme")
    acme.periods.close()
    async with open_dashboard(acme, mode="history") as dashboard:
        row = dashboard.line_with("○")
        assert row.strip().startswith("Jan 1 – Jan 13")
        assert "-" not in row
        assert "%" not in row
        await dashboard.keys("enter")
        assert "spent, there was no budget  ○ unfunded" in dashboard.text
        assert "✕" not in dashboard.text, "nor was any project"


async def test_a_period_says_that_its_data_ended_early(
    open_dashboard: OpenDashboard, services: Services, services_on: OpenServices
) -> None:
    bill(services, ("pcc", "1", "USD", "2026-01-06", "openai"))
    march = services_on(clock=FixedClock(date(2026, 3, 1)))
    march.periods.catch_up()
    async with open_dashboard(march, mode="history") as dashboard:
        await dashboard.keys("enter")
        assert "data through Jan 6, 2026 only" in dashboard.text, "February"
        await dashboard.keys("escape", "j", "enter")
        assert "data through Jan 6, 2026 only" in dashboard.text


async def test_keys_behind_one_that_opens_a_box_over_a_box_wait_for_it(
    open_dashboard: OpenDashboard, a_year_later: Services
) -> None:
    async with open_dashboard(a_year_later, mode="history") as dashboard:
        for _ in range(3):
            await dashboard.keys("enter", "x", "escape")
            assert isinstance(dashboard.app.screen, ClosedPeriodScreen), "the explanation was left, and nothing else"
            await dashboard.keys("escape")


async def test_few_periods_take_the_whole_width(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(services.of_organization("studio"), mode="history", size=(160, 50)) as dashboard:
        assert max(len(line.rstrip(" │")) for line in dashboard.lines if "▔▔▔" in line or "───  " in line) > 140
