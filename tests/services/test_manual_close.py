"""Closing by hand: the running period ends today, the next one starts tomorrow."""

import logging
from datetime import date

import pytest

from budget_tui.domain.budget import parse_change
from budget_tui.domain.closing import ClosePreview
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.period import Period
from budget_tui.presentation.audit import changes
from tests.services.conftest import Home, shown, usd
from tests.services.test_concurrency import at_the_same_time
from tests.services.test_periods import closes, lines


def opened(close: ClosePreview) -> dict[str, str]:
    """What each project opens the next period with, and the pool."""
    amounts = {line.project_id: line.next_allocation for line in close.lines} | {"pool": close.unallocated_next}
    return {name: shown(amount) for name, amount in amounts.items()}


# What it does


def test_today_is_the_last_day_and_tomorrow_the_first(seed: Home) -> None:
    close = seed.close()
    assert close.ending == Period(date(2026, 1, 1), date(2026, 1, 13))
    assert close.following == Period(date(2026, 1, 14), date(2026, 1, 31))
    assert closes(seed) == [("2026-01-01", "2026-01-13", "500", "420", "241")]
    assert lines(seed, "2026-01-01")["python-api"] == ("100", "88", "warning")
    assert seed.snapshot.period == close.ending
    tomorrow = seed.on("2026-01-14")
    assert tomorrow.snapshot.period == close.following
    assert not tomorrow.snapshot.carried_over
    assert tomorrow.spent["all"] == "0"
    assert tomorrow.allocations == seed.allocations
    assert seed.on("2026-02-01").snapshot.period == Period(date(2026, 2, 1), date(2026, 2, 28))


def test_it_stops_at_the_next_anchor_and_is_closed_there_by_itself(seed: Home) -> None:
    seed.close()
    seed.on("2026-03-02").services.periods.catch_up()
    assert [close[:2] for close in closes(seed)] == [
        ("2026-01-01", "2026-01-13"),
        ("2026-01-14", "2026-01-31"),
        ("2026-02-01", "2026-02-28"),
    ]


@pytest.mark.parametrize("day", ["2026-01-01", "2026-01-31"])
def test_on_the_first_and_on_the_last_day(home: Home, day: str) -> None:
    there = home.on(day)
    there.budget("500")
    close = there.close()
    assert close.ending == Period(date(2026, 1, 1), date.fromisoformat(day))
    assert there.on("2026-02-01").snapshot.period == Period(date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.both_engines
def test_a_preview_says_the_same_and_changes_nothing(seed: Home) -> None:
    seed.carry("both", project="python-api")
    before = seed.content
    preview = seed.services.periods.preview_close({"dandelion": parse_change("+5")})
    assert seed.content == before
    assert closes(seed) == []
    assert seed.close(dandelion="+5") == preview
    assert [shown(amount) for amount in preview.lines[2][2:]] == ["100", "88", "12", "112"]


def test_what_ended_by_itself_is_closed_first(seed: Home) -> None:
    february = seed.on("2026-02-10")
    assert february.close().ending == Period(date(2026, 2, 1), date(2026, 2, 10))
    assert [close[:2] for close in closes(seed)] == [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-10")]


# Re-allocating first


def test_projects_open_with_what_they_are_given(seed: Home) -> None:
    close = seed.close(**{"pcc": "200", "python-api": "-40", "dandelion": "10%", "videonest-api": "rest"})
    assert opened(close) == {"pcc": "200", "videonest-api": "190", "python-api": "60", "dandelion": "50", "pool": "0"}
    assert seed.allocations["pcc"] == "150"
    tomorrow = seed.on("2026-01-14")
    assert tomorrow.allocations == opened(close)
    assert {(entry.subject, changes(entry)) for entry in seed.log[:3]} == {
        ("pcc", "amount 150 → 200"),
        ("python-api", "amount 100 → 60"),
        ("videonest-api", "amount 120 → 190"),
    }


def test_a_change_is_of_what_comes_along_too(seed: Home) -> None:
    """45 of PCC's 150 are left and come along; 5 more make 200. What recurs is 155."""
    seed.carry("unspent", project="pcc")
    assert opened(seed.close(pcc="+5"))["pcc"] == "200"
    tomorrow = seed.on("2026-01-14")
    tomorrow.carry("none", project="pcc")
    assert tomorrow.on("2026-02-01").allocations["pcc"] == "155"


def test_more_than_there_is_is_done_and_told(seed: Home) -> None:
    assert opened(seed.close(pcc="400"))["pool"] == "-170"


def test_what_cannot_be_allocated_closes_nothing(seed: Home) -> None:
    with pytest.raises(NotFound, match="there is no project 'nobody'"):
        seed.close(nobody="5")
    with pytest.raises(Refused, match="an allocation cannot be negative"):
        seed.close(pcc="-151")
    with pytest.raises(Refused, match="out of range"):
        seed.close(pcc="8999999999")
    assert closes(seed) == []
    assert seed.snapshot.period.end == date(2026, 1, 31)


# Once


def test_twice_on_one_day_is_refused(seed: Home) -> None:
    seed.close()
    with pytest.raises(Conflict, match="Jan 13, 2026 is already closed; the next period starts on Jan 14, 2026"):
        seed.close()
    with pytest.raises(Conflict, match="is already closed"):
        seed.services.periods.preview_close()
    assert len(closes(seed)) == 1


@pytest.mark.both_engines
def test_what_was_confirmed_yesterday_is_not_done_today(seed: Home) -> None:
    seen = seed.services.periods.preview_close().ending
    with pytest.raises(Conflict, match="it is Jan 1 – Jan 14, 2026 that would be closed by now"):
        seed.on("2026-01-14").services.periods.close(seen=seen)
    assert closes(seed) == []


@pytest.mark.both_engines
def test_two_people_who_confirm_together_close_once(seed: Home) -> None:
    seen = seed.services.periods.preview_close().ending
    refused: list[str] = []

    def confirm(home: Home) -> None:
        try:
            home.services.periods.close({"pcc": parse_change("+10")}, seen)
        except Conflict as conflict:
            refused.append(conflict.message)

    homes = [seed.again() for _ in range(3)]
    at_the_same_time(*(lambda each=each: confirm(each) for each in homes))  # type: ignore[misc]
    assert refused == ["Jan 1 – Jan 13, 2026 is already closed"] * 2
    assert len(closes(seed)) == 1
    assert seed.on("2026-01-14").allocations["pcc"] == "160"


def test_dashboards_that_wake_up_at_midnight_close_each_month_once(seed: Home) -> None:
    homes = [seed.on("2026-05-01") for _ in range(4)]
    at_the_same_time(*(each.services.periods.catch_up for each in homes))
    assert [close[0] for close in closes(seed)] == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1 ORDER BY 1") == [
        (f"2026-{month:02}-01", 5) for month in range(1, 6)
    ]


# Later that day


def test_the_closed_period_refuses_and_says_when_the_next_one_starts(seed: Home) -> None:
    seed.close()
    with pytest.raises(Refused, match="its budgets stay as they were; the next period starts on Jan 14, 2026"):
        seed.allocate("pcc", "+1")


def test_a_cost_of_later_that_day_is_a_restatement(seed: Home) -> None:
    seed.close()
    seed.spend("pcc", "3.12")
    assert closes(seed)[0][-1] == "241"
    assert seed.spent["pcc"] == "108.12"
    assert seed.services.history.periods(1)[0].restated == usd("3.12")
    assert seed.on("2026-01-14").spent["pcc"] == "0"


# Told


def test_the_summary_is_written_down(seed: Home, caplog: pytest.LogCaptureFixture) -> None:
    seed.carry("unspent")
    with caplog.at_level(logging.INFO, "budget_tui"):
        seed.close()
    close = seed.log[0]
    assert (close.action, close.subject) == ("period.close", "Jan 1 – Jan 13, 2026")
    assert changes(close) == (
        "period_start 2026-01-01, period_end 2026-01-13, monthly_budget 500, allocated 420, spent 241,"
        " remaining 259, carried 259, allocations kept"
    )
    told = [record.getMessage() for record in caplog.records]
    assert [line for line in told if "clos" in line] == [
        f"{seed.services.context.database.name} default anna: period.close Jan 1 – Jan 13, 2026"
        " period_start 2026-01-01, period_end 2026-01-13, monthly_budget 500,"
        " allocated 420, spent 241, remaining 259, carried 259, allocations kept"
    ], "once"
    assert [entry.action for entry in seed.log].count("period.close") == 1


def test_a_close_that_was_not_kept_is_not_logged(seed: Home, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "budget_tui"), pytest.raises(Refused):
        seed.on("2026-02-03").allocate("pcc", "-1000")
    assert not caplog.records
