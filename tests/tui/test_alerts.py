"""The Alerts screen, and what the dashboard tells of alerts on every other one."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.period import Period
from budget_tui.domain.records import AlertMessage, Delivery
from budget_tui.presentation.alerts import message_columns
from budget_tui.services.costs import CostEntry
from budget_tui.tui import app as dashboard_module
from budget_tui.tui.table import fit, measured
from tests.tui.conftest import OpenDashboard, OpenServices, Pictured
from tests.tui.driving import NARROW, TurningClock, units


def test_a_sentence_is_whole_beside_a_channel_that_fails() -> None:
    at = datetime(2026, 1, 13, 12, tzinfo=UTC)
    january = Period(date(2026, 1, 1), date(2026, 1, 31))
    error = "the command ended with 1: cannot resolve host chat.example.com"
    sentence = "VideoNest API has spent 82% of $120.00 for January 2026"
    failed = Delivery("1", "phone", "undelivered", 5, at, error, None)
    body = {"sentence": sentence}
    messages = [AlertMessage("1", 5, "videonest-api", january, body, at, ("phone",), (failed,))]
    for width, sent in ((100, "phone undelivered"), (200, f"phone undelivered after 5 attempts ({error[:10]}")):
        columns = message_columns(is_narrow=width == 100)
        shown = {place.column.key: place for place in fit(columns, measured(columns, messages), width, (1, 3))}
        texts = {key: place.aligned(place.column.text(messages[0])).strip() for key, place in shown.items()}
        assert texts["sentence"] == sentence
        assert texts["sent"].startswith(sent)


async def test_rules_are_added_opened_muted_and_removed(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard(keys="A") as dashboard:
        assert "▲ 1 beyond it" in dashboard.line_with("share 80%, 100%")
        await dashboard.keys("enter")
        assert "▲ Python API has spent 88% of $100.00 for January" in dashboard.text
        await dashboard.keys("escape", "a", "shift+tab", "shift+tab", *"pcc", "tab", *"pace", "tab")
        assert dashboard.line_with("Threshold").split()[-2] == "▌15"
        await dashboard.keys("enter")
        assert "alert 7 watches pcc: pace 15 points" in dashboard.text
        assert "pace 15 points" in dashboard.line_with(" pcc ")
        assert [status.rule.entity_id for status in services.alerts.rules()] == [None, None, "pcc"]
        await dashboard.keys("e")
        assert "Edit alert 7" in dashboard.text
        assert dashboard.line_with("Threshold").split()[-2] == "▌15"
        await dashboard.keys(*"20", "enter")
        assert "alert 7 watches pcc: pace 20 points" in dashboard.text
        await dashboard.keys("u")
        assert "undone: alert 7: watches PCC: pace 20 points" in dashboard.text
        await dashboard.keys("z")
        assert "○ muted until" in dashboard.line_with("pace 15 points")
        await dashboard.keys("z")
        assert "○ muted until" not in dashboard.text
        await dashboard.keys("d", "tab", "enter")
        assert "alert 7 removed" in dashboard.text
        await dashboard.keys("u")
        assert "undone: alert 7: no longer watches PCC" in dashboard.text
        assert "pace 15 points" in dashboard.text


async def test_what_fires_next_is_first(open_dashboard: OpenDashboard, services: Services) -> None:
    services.costs.add(CostEntry("pcc", units(10)))
    async with open_dashboard(mode="alerts") as dashboard:
        await dashboard.keys("tab")
        frame = next(at for at, line in enumerate(dashboard.lines) if "Closest to firing" in line)
        names = [line.split()[2] for line in dashboard.lines[frame + 2 : frame + 8]]
        shown = "\n".join(dashboard.lines[frame:])
        assert {*names[:2]} == {"Python", "PCC"}, "their forecasts are over"
        assert names[2] == "Python", "beyond its first threshold"
        assert re.search(r"▲ +Python API +share +88% +━+╾?─* +100% +\d", shown)
        assert re.search(r"● +PCC +share +77% +━+╾?─* +80% +\d", shown)
        assert shown.index(" 88% ") < shown.index(" 77% ") < shown.index("Dandelion")
        await dashboard.keys("enter")
        assert f"{names[0]} " in dashboard.line_with("will likely spend")
        assert "budget-tui cover p" in dashboard.line_with("Try")


async def test_a_wrong_threshold_is_refused_in_the_box(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="alerts", keys="a") as dashboard:
        await dashboard.keys(*"often", "enter")
        assert "is not an amount" in dashboard.text
        await dashboard.keys("escape")
        assert "is not an amount" not in dashboard.text


async def test_the_alerts_of_the_example(open_dashboard: OpenDashboard, pictured: Pictured) -> None:
    async with open_dashboard(mode="alerts", size=NARROW) as dashboard:
        await pictured(dashboard)


async def test_no_column_goes_while_a_rule_is_muted(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="alerts", size=(80, 24), keys="z") as dashboard:
        assert "○ muted" in dashboard.line_with("share 80%, 100%")
        assert dashboard.line_with("share 80%, 100%").split("│")[1].endswith("dashboard only     ")
        assert dashboard.line_with("Scope").split()[1:-1] == ["Alert", "Scope", "When", "Status", "Channels"]


async def test_without_rules_it_says_how_to_add_one(open_dashboard: OpenDashboard, services: Services) -> None:
    for status in services.alerts.rules():
        services.alerts.remove(status.rule.rule_key)
    async with open_dashboard(mode="alerts") as dashboard:
        assert "no rules: a adds one" in dashboard.text
        assert "z Mute" not in dashboard.lines[-1]


async def test_what_fires_is_told_on_every_screen_and_listed(
    open_dashboard: OpenDashboard,
    services_on: OpenServices,
    turning: TurningClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A cost is recorded in the dashboard; the evaluation follows by itself."""
    monkeypatch.setattr(dashboard_module, "ALERTS_SECONDS", 0.001)
    rung: list[bool] = []
    services = services_on(clock=turning, bell=True)
    told = len(services.alerts.evaluate().messages)  # of what the example has spent
    async with open_dashboard(services) as dashboard:
        monkeypatch.setattr(dashboard.app, "bell", lambda: rung.append(True))
        await dashboard.app.run_command(lambda services: services.costs.add(CostEntry("pcc", units(20))))
        dashboard.app.notify("$20.00 recorded")
        await dashboard.until(lambda: bool(rung))
        await dashboard.settled()
        told_now = "▲ PCC has spent 83% of $150.00 for January 2026: $25.00 left; A shows it"
        assert f"✓ $20.00 recorded · {told_now}" in dashboard.text
        assert f"7 Alerts ▲{told + 1}" in dashboard.lines[0]
        await dashboard.keys("7", "tab", "tab", "enter")
        assert "budget-tui cover pcc" in dashboard.line_with("Try")
    assert len(services.alerts.messages()) == told + 1


async def test_what_fired_elsewhere_has_the_sign_of_a_warning(
    open_dashboard: OpenDashboard, services_on: OpenServices, turning: TurningClock
) -> None:
    services, elsewhere = services_on(clock=turning), services_on(clock=turning)
    elsewhere.alerts.evaluate()
    async with open_dashboard(services, size=(80, 24)) as dashboard:
        elsewhere.costs.add(CostEntry("pcc", units(20)))
        elsewhere.alerts.evaluate()
        await dashboard.looked()
        assert "\n ▲ PCC has spent 83% of $150.00 for January 2026: $25.00 left; A shows it" in dashboard.text
        await dashboard.keys("A")
        assert "1  PCC has spent 83% of $150.00 for Jan" in dashboard.text


async def test_without_messages_what_is_watched_has_their_room(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="alerts", size=NARROW) as dashboard:
        at = dashboard.lines.index(dashboard.line_with("─ Reported ─"))
        assert "nothing is reported on a chosen day" in dashboard.lines[at + 1], "where the headings would stand"
        assert dashboard.lines[at + 2].startswith("╰─")
        await dashboard.resized(60, 16)
        for text in ("each project", "Python API", "PCC", "nothing is reported"):
            assert text in dashboard.text, "each list has rows"
