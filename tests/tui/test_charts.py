"""Charts of days: what is unknown is told from what is zero, with colour and without."""

from dataclasses import replace
from datetime import date, timedelta

from budget_tui.bootstrap import Services
from budget_tui.domain.amount import NANOS
from budget_tui.presentation.formatting import sparkline
from budget_tui.services.costs import CostEntry
from budget_tui.tui.charts import DayAmounts, calendar, scale_labels, spend_per_day
from tests.databases import change
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import stored, units

MONDAY = date(2026, 1, 5)


def two_weeks() -> DayAmounts:
    """Two weeks from a Monday on: unknown, none, little, much; today is the second Tuesday, still unknown."""
    amounts = [None, 0, 1 * NANOS, 100 * NANOS, 100 * NANOS, 0, 25 * NANOS, 50 * NANOS, None]
    return [(MONDAY + timedelta(days=at), amount) for at, amount in enumerate(amounts)]


def test_a_calendar_shades_days_and_leaves_unknown_ones_empty() -> None:
    lines = [line.plain for line in calendar(two_weeks(), date(2026, 1, 13), "USD", is_plain=True)]
    assert lines[0].startswith("Last 2 weeks")
    assert lines[0].endswith("$100.00"), "the dearest day"
    days = {line[:3]: line[4:] for line in lines[2:]}
    assert list(days) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert days["Mon"] == "   ▓▓ ", "unknown, then half"
    assert days["Tue"] == "··   ◂", "nothing spent, then today"
    assert days["Wed"] == "░  "
    assert days["Thu"] == "██ "
    coloured = calendar(two_weeks(), date(2026, 1, 13), "USD", is_plain=False)
    assert coloured[5].plain == "Thu ██ "
    assert {str(span.style) for line in coloured for span in line.spans} >= {"$primary", "$primary 30%"}


def test_a_calendar_of_nothing_is_not_drawn() -> None:
    for amount in (None, 0):
        days: DayAmounts = [(MONDAY + timedelta(days=at), amount) for at in range(7)]
        assert calendar(days, MONDAY, "USD", is_plain=True) == []


def test_a_sparkline_is_as_high_as_its_highest_day() -> None:
    assert sparkline([0] * 14).strip("⠀ ") == ""
    assert sparkline([1] * 14) == "⣶" * 7, "the highest dots stay empty, or rows would touch"
    assert sparkline([3, 1, 0, 2]) == "⣆⢠"


def test_the_labels_of_a_scale_have_one_unit() -> None:
    labels = [scale_labels(dollars * NANOS, "USD", 4) for dollars in (3_000, 20, 2_000_000)]
    assert labels == [["$3k", "$1.5k", "$0"], ["$20", "$10", "$0"], ["$2M", "$1M", "$0"]]
    assert scale_labels(3_000 * NANOS, "USD", 6) == ["$3,000", "$1,500", "$0"]


def test_the_columns_of_days_are_all_as_wide_and_touch_only_where_there_is_no_room_between(services: Services) -> None:
    days = [(date(2026, 1, day), units(100)) for day in range(1, 14)]
    snapshot = replace(stored(services), daily_spend=tuple(days))
    for width in range(40, 200):
        *_, lowest, _ = spend_per_day(snapshot, width, 8).plain.split("\n")
        assert len(lowest) <= width
        scale, columns = lowest.split("┤")
        if width > len(scale) + 2 + 2 * 31:
            [column] = set(columns.split())
            assert set(column) == {"█"}
            assert columns.rstrip() == " ".join([column] * 13), width


async def test_days_beyond_the_data_are_unknown(open_dashboard: OpenDashboard, services: Services) -> None:
    services.costs.add(CostEntry("pcc", units(-40), date(2026, 1, 11)))
    database = services.context.database.path
    change(database, "DELETE FROM cost WHERE day >= 20260113")
    change(database, "UPDATE cost_origin SET live = 0, source = 'export'")
    async with open_dashboard(size=(120, 40)) as dashboard:
        assert "data through Jan 12" in dashboard.text
        await dashboard.keys("d")
        assert "Spend per day · Tue Jan 13 · no data yet" in dashboard.text
        await dashboard.keys("h")
        assert "Mon Jan 12 · $" in dashboard.text
        await dashboard.keys("escape", "2")
        await dashboard.resized(160, 60)
        row = next(line for line in dashboard.lines if "Dec 31" in line and "Jan 13" in line)
        above = dashboard.lines[dashboard.lines.index(row) - 1]
        assert above[: above.rindex("│")].rstrip().endswith("·"), "the last of the fourteen days"
