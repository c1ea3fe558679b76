"""Recurring fees in the dashboard: a list, a form, an end."""

from datetime import date

from budget_tui.bootstrap import Services
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import units


async def test_fees_are_listed_added_and_ended_with_one_key(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("j", "R")
        assert "no fees recur" in dashboard.text
        await dashboard.keys("d")
        assert "no fees recur" in dashboard.text, "there is none to end"
        await dashboard.keys("a", "enter")
        assert "✕" in dashboard.text, "an amount is missing"
        await dashboard.keys(*"20", "tab", "tab", "tab", "backspace", *"20", "tab", *"Claude Pro", "enter")
        await dashboard.until(lambda: "Claude Pro: $20.00 every month for videonest-api" in dashboard.text)
        assert "next on Jan 20, 2026" in dashboard.line_with("Claude Pro  ")
        [report] = services.recurring.all()
        assert (report.fee.amount, report.fee.on_day, report.fee.entity_id) == (units(20), 20, "videonest-api")
        await dashboard.keys("d", "n", "d", "y")
        await dashboard.until(lambda: "Claude Pro ends on Jan 13, 2026" in dashboard.text)
        assert services.recurring.all()[0].fee.ended_on == date(2026, 1, 13)
        await dashboard.keys("escape", "u")
        await dashboard.keys("R")
        assert "next on Jan 20, 2026" in dashboard.line_with("Claude Pro  "), "undone"
