"""The boxes of the cycle: what is carried over, and how periods recur."""

from datetime import date

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.carry import Carry, CarryPolicy
from budget_tui.domain.period import PeriodKind
from budget_tui.services.period_rules import RuleChange
from budget_tui.tui.dialogs.period_settings import PeriodSettingsScreen
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import Dashboard, FixedClock, stored, stored_line, units


def said(dashboard: Dashboard, name: str) -> str:
    widget = dashboard.app.screen.query_one(f"#{name}")
    return str(widget.render()) if widget.display else ""


# Carrying over


async def test_the_carry_over_of_a_project(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(mode="projects", size=(80, 24)) as dashboard:
        await dashboard.keys("down", "o", "enter", "down", "enter", "tab", *"50")
        assert "nothing was carried over" in said(dashboard, "achieves")
        assert "+$50.00 would carry over" in said(dashboard, "achieves"), "72 are left"
        await dashboard.keys("enter")
        assert "VideoNest API carries over: unspent, at most $50.00" in dashboard.text
    assert stored_line(services, "videonest-api").carry == Carry(CarryPolicy.UNSPENT, units(50))


async def test_the_carry_over_of_the_total_and_what_it_brought(
    open_dashboard: OpenDashboard, services: Services, services_on: OpenServices
) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("o", "enter", "down", "down", "down", "enter", "tab", *"20", "enter")
        assert "the global budget carries over: both, at most $20.00" in dashboard.text
        assert "carried over" not in dashboard.text
    february = services_on(clock=FixedClock(date(2026, 2, 1)))
    async with open_dashboard(february, size=(80, 24)) as dashboard:
        assert "$520.00 · +$20.00 carried over" in dashboard.text
        await dashboard.keys("o")
        assert "+$20.00 was carried over into this period" in said(dashboard, "achieves")


CAPS_REFUSED = (
    (("tab", *"5"), "a cap needs a policy that carries something over"),
    (("enter", "down", "enter", "tab", *"lots"), "'lots' is not an amount"),
    (("enter", "down", "enter", "tab", *"-5"), "a cap cannot be negative"),
)


async def test_a_cap_that_cannot_be_is_refused_in_the_box(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        for keys, told in CAPS_REFUSED:
            await dashboard.keys("o", *keys, "enter")
            assert told in said(dashboard, "refusal")
            await dashboard.keys("escape")
    assert stored(services).carry == Carry()


# Period settings


async def test_a_change_of_periods_is_told_first(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("p", "tab", "backspace", *"15")
        words = said(dashboard, "achieves")
        assert "monthly from day 1 → monthly from day 15" in words
        assert "Feb 1, 2026 – Feb 14, 2026 follows, up to the new anchor" in words
        assert stored(services).organization.period_rule.anchor_day == 1
        await dashboard.keys("enter")
        assert "periods are monthly from day 15" in dashboard.text
    assert stored(services).organization.period_rule.anchor_day == 15


async def test_what_is_typed_after_it_was_told_is_told_anew(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("p", "tab", "backspace", *"15", "backspace", "backspace", *"las")
        assert not said(dashboard, "achieves"), "of what is half typed nothing can be said"
        assert not said(dashboard, "refusal")
        await dashboard.keys("t")
        assert "monthly from day 1 → monthly from the last day" in said(dashboard, "achieves")
        await dashboard.keys("escape")
    assert stored(services).organization.period_rule.anchor_day == 1


async def test_all_of_it_at_once_leaves_the_buttons_in_sight(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("p", "enter", "down", "down", "enter", "tab", "backspace", *"15", "tab", "backspace", *"4")
        await dashboard.keys("tab", "ctrl+u", *"Asia/Tokyo")
        assert "yearly from day 15 of April" in dashboard.text
        assert "Change" in dashboard.text
        assert "Cancel" in dashboard.text


REFUSED = (
    ((), "nothing would change"),
    (("tab", *"31"), "periods cannot start on day"),
    (("tab", "tab", "backspace", *"13"), "'13' is not a month"),
    (("tab", "tab", "tab", *"x"), "is not a time zone"),
)


async def test_settings_that_cannot_be_are_refused_in_the_box(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        for keys, told in REFUSED:
            await dashboard.keys("p", *keys)
            dashboard.app.screen.query_one("#submit").focus()
            await dashboard.keys("enter")
            assert told in said(dashboard, "refusal")
            await dashboard.keys("escape")


async def test_a_change_by_somebody_else_is_told_before_it_is_made(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        await dashboard.keys("p", "tab", "backspace", *"15")
        elsewhere.period_rules.set(RuleChange(fiscal_start_month=4))
        await dashboard.keys("enter")
        assert isinstance(dashboard.app.screen, PeriodSettingsScreen)
        assert "the periods have changed in the meantime" in said(dashboard, "refusal")
        await dashboard.keys("enter", "enter")
    rule = stored(elsewhere).organization.period_rule
    assert (rule.anchor_day, rule.fiscal_start_month) == (15, 4)


@pytest.mark.parametrize(
    ("kind", "every", "title"),
    [(PeriodKind.QUARTERLY, "a quarter", "Quarterly budget"), (PeriodKind.YEARLY, "a year", "Yearly budget")],
)
async def test_no_month_is_spoken_of_where_there_is_none(
    open_dashboard: OpenDashboard, services: Services, kind: PeriodKind, every: str, title: str
) -> None:
    services.period_rules.set(RuleChange(kind=kind))
    async with open_dashboard(size=(80, 24)) as dashboard:
        assert f"$500.00 {every}" in dashboard.text
        assert title in dashboard.text
        assert "month" not in dashboard.text.lower()
