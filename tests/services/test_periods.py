"""A period ends by itself: readers show the next one at once, the first writer stores it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest

from budget_tui.domain.budget import parse_change
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.audit import changes
from budget_tui.services.organizations import NewOrganization
from tests.databases import change
from tests.services.conftest import Home, shown


def closes(home: Home) -> list[tuple[object, ...]]:
    """Closed periods: first and last day, budget, allocated, spent."""
    rows = home.rows(
        "SELECT period_start, period_end, monthly_budget, allocated, spent FROM period_close ORDER BY close_key"
    )
    return [(start, end, *map(shown, amounts)) for start, end, *amounts in rows]  # type: ignore[arg-type]


def lines(home: Home, period_start: str) -> dict[object, tuple[object, ...]]:
    """What a closed period says of each project: allocation, spent, status."""
    rows = home.rows(
        "SELECT e.entity_id, l.allocation, l.spent, l.status FROM period_close c"
        " JOIN period_close_line l USING (close_key) JOIN entity e USING (entity_key)"
        f" WHERE c.period_start = '{period_start}'"
    )
    return {project: (shown(int(str(a))), shown(int(str(s))), status) for project, a, s, status in rows}


def as_stored(snapshot: BudgetSnapshot) -> BudgetSnapshot:
    """But for what says that nobody has stored it yet."""
    return replace(snapshot, carried_over=False)


# The first period


def test_the_first_period_is_the_one_of_the_first_command(home: Home) -> None:
    home.on("2026-05-17").budget("500")
    assert home.rows("SELECT period_start, period_end FROM budget") == [("2026-05-01", "2026-05-31")]


def test_nothing_can_be_planned_before_the_first_period(home: Home) -> None:
    home.on("2026-02-01").budget("500")
    home.on("2026-04-01").budget("600")
    with pytest.raises(Refused, match="2026-01-13 is before the first period, February 2026; choose a later day"):
        home.budget("700")


# Readers


@pytest.mark.both_engines
def test_a_reader_carries_over_what_ended_without_writing(seed: Home) -> None:
    before = seed.content
    february = seed.on("2026-02-01").snapshot
    assert february.carried_over
    assert (february.period.start, february.period.end) == (date(2026, 2, 1), date(2026, 2, 28))
    assert shown(february.total.allocation) == "500"
    assert shown(february.total.spent) == "0"
    assert {line.project_id: shown(line.pace.allocation) for line in february.projects} == {
        "pcc": "150",
        "videonest-api": "120",
        "python-api": "100",
        "dandelion": "50",
    }
    assert seed.content == before
    assert closes(seed) == []


@pytest.mark.parametrize("day", ["2026-02-01", "2026-02-28", "2026-03-15", "2026-12-31", "2027-02-28"])
def test_what_a_reader_carries_over_is_what_the_writer_then_stores(seed: Home, day: str) -> None:
    seed.services.projects.archive("dandelion")
    seed.spend("pcc", "5", on=day)
    seed.spend("python-api", "6", on="2026-02-25")
    later = seed.on(day)
    shown_before = later.snapshot
    later.services.periods.catch_up()
    stored = later.snapshot
    assert shown_before.carried_over
    assert not stored.carried_over
    assert stored == as_stored(shown_before)


def test_a_past_day_can_be_looked_at_after_the_close(seed: Home) -> None:
    january = seed.snapshot
    seed.on("2026-03-03").services.periods.catch_up()
    seed.on("2026-03-03").allocate("pcc", "+50")
    assert seed.snapshot == january


# Writers


def test_any_command_closes_what_ended(seed: Home) -> None:
    seed.on("2026-02-03").allocate("pcc", "+10")
    assert closes(seed) == [("2026-01-01", "2026-01-31", "500", "420", "241")]
    assert lines(seed, "2026-01-01") == {
        "pcc": ("150", "105", "healthy"),
        "videonest-api": ("120", "48", "healthy"),
        "python-api": ("100", "88", "warning"),
        "dandelion": ("50", "0", "healthy"),
    }
    assert seed.allocations["pcc"] == "150"
    assert seed.on("2026-02-03").allocations["pcc"] == "160"


def test_a_period_runs_to_the_end_of_its_last_day(seed: Home) -> None:
    last_day = seed.on("2026-01-31")
    assert not last_day.snapshot.carried_over
    last_day.allocate("pcc", "+10")
    assert closes(seed) == []
    assert last_day.allocations["pcc"] == seed.allocations["pcc"] == "160"
    assert seed.on("2026-02-01").snapshot.carried_over


def test_the_close_is_written_down(seed: Home) -> None:
    seed.on("2026-02-03").services.periods.catch_up()
    close = seed.log[0]
    assert (close.action, close.subject, close.actor) == ("period.close", "January 2026", "anna")
    assert changes(close) == (
        "period_start 2026-01-01, period_end 2026-01-31, monthly_budget 500, allocated 420, spent 241,"
        " remaining 259, carried 0"
    )


def test_it_is_closed_once_whoever_comes(seed: Home) -> None:
    for _ in range(3):
        seed.on("2026-02-03").services.periods.catch_up()
        seed.on("2026-02-05").spend("pcc", "1")
    assert len(closes(seed)) == 1
    assert len(seed.rows("SELECT 1 FROM budget WHERE period_start = '2026-02-01'")) == 5


def test_a_refused_command_closes_nothing(seed: Home) -> None:
    with pytest.raises(Refused):
        seed.on("2026-02-03").allocate("pcc", "-1000")
    assert closes(seed) == []


def test_four_months_away_are_closed_one_by_one(seed: Home) -> None:
    seed.spend("pcc", "20", on="2026-02-10")
    seed.spend("python-api", "100", on="2026-03-31")
    seed.spend("pcc", "30", on="2026-05-01")
    seed.on("2026-05-02").services.periods.catch_up()
    assert closes(seed) == [
        ("2026-01-01", "2026-01-31", "500", "420", "241"),
        ("2026-02-01", "2026-02-28", "500", "420", "20"),
        ("2026-03-01", "2026-03-31", "500", "420", "100"),
        ("2026-04-01", "2026-04-30", "500", "420", "0"),
    ]
    assert lines(seed, "2026-02-01")["pcc"] == ("150", "20", "healthy")
    assert lines(seed, "2026-03-01")["python-api"] == ("100", "100", "exhausted")
    assert [entry.subject for entry in reversed(seed.log) if entry.action == "period.close"] == [
        "January 2026",
        "February 2026",
        "March 2026",
        "April 2026",
    ]
    assert seed.on("2026-05-02").spent["pcc"] == "30"
    assert seed.on("2026-05-02").allocations["pool"] == "80"


def test_two_dashboards_that_wake_up_together_close_once(seed: Home) -> None:
    first, second = seed.on("2026-04-01"), seed.on("2026-04-01")
    assert first.snapshot.carried_over
    assert second.snapshot.carried_over
    first.services.periods.catch_up()
    second.services.periods.catch_up()
    assert len(closes(seed)) == 3
    assert second.snapshot == first.snapshot


def test_a_program_that_is_a_month_behind_opens_nothing_anew(seed: Home) -> None:
    seed.on("2026-03-01").services.periods.catch_up()
    seed.spend("pcc", "1")
    seed.on("2026-02-10").spend("pcc", "2")
    assert len(closes(seed)) == 2
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1 ORDER BY 1") == [
        ("2026-01-01", 5),
        ("2026-02-01", 5),
        ("2026-03-01", 5),
    ]


# What is closed stays


def test_a_late_cost_leaves_the_archive_as_it_was(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.services.periods.catch_up()
    archived = closes(seed), lines(seed, "2026-01-01")
    february.spend("pcc", "3.12", on="2026-01-31")
    assert (closes(seed), lines(seed, "2026-01-01")) == archived
    assert seed.on("2026-01-31").spent["pcc"] == "108.12"  # which is how the restatement is known
    assert february.spent["pcc"] == "0"


@pytest.mark.parametrize(
    "command",
    [
        lambda home: home.budget("600"),
        lambda home: home.allocate("pcc", "+1"),
        lambda home: home.transfer("pcc", "dandelion", "5"),
        lambda home: home.add("new"),
        lambda home: home.services.projects.archive("pcc"),
    ],
    ids=["budget", "allocate", "transfer", "add", "archive"],
)
def test_the_budgets_of_a_closed_period_stay(seed: Home, command: Callable[[Home], object]) -> None:
    seed.on("2026-02-03").services.periods.catch_up()
    before = seed.snapshot
    with pytest.raises(Refused, match="January 2026 is closed; its budgets stay as they were"):
        command(seed)
    assert seed.snapshot == before


def test_the_past_is_kept_from_what_is_changed_now(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.budget("900")
    february.allocate("pcc", "400")
    february.transfer("pcc", "dandelion", "10")
    assert shown(seed.snapshot.total.allocation) == "500"
    assert seed.allocations["pcc"] == "150"
    assert (february.allocations["pcc"], february.allocations["dandelion"]) == ("390", "60")
    march = february.on("2026-03-01")
    assert (march.allocations["pcc"], march.allocations["pool"]) == ("390", "230")


def test_archived_projects_are_not_carried_over(seed: Home) -> None:
    seed.services.projects.archive("dandelion")
    february = seed.on("2026-02-03")
    february.services.periods.catch_up()
    assert "dandelion" not in february.allocations
    assert shown(february.snapshot.allocated) == "370"
    assert len(seed.rows("SELECT 1 FROM budget WHERE period_start = '2026-02-01'")) == 4


def test_what_was_spent_in_an_archived_project_counts_in_the_close(seed: Home) -> None:
    seed.services.projects.archive("pcc")
    seed.on("2026-02-03").services.periods.catch_up()
    assert closes(seed) == [("2026-01-01", "2026-01-31", "500", "270", "241")]


# Other rules than calendar months


def set_rule(home: Home, kind: str, anchor_day: int, fiscal_start_month: int = 1) -> None:
    rule = PeriodRule(PeriodKind(kind), anchor_day, fiscal_start_month)
    home.services.organizations.add(NewOrganization("default", currency="USD", period_rule=rule))


@pytest.mark.parametrize(
    ("kind", "anchor_day", "fiscal", "first", "closed"),
    [
        ("monthly", 15, 1, ("2025-12-15", "2026-01-14"), 4),
        ("monthly", 0, 1, ("2025-12-31", "2026-01-30"), 4),
        ("quarterly", 1, 2, ("2025-11-01", "2026-01-31"), 2),
        ("yearly", 1, 4, ("2025-04-01", "2026-03-31"), 1),
    ],
)
def test_periods_follow_the_organizations_rule(
    home: Home, kind: str, anchor_day: int, fiscal: int, first: tuple[str, str], closed: int
) -> None:
    set_rule(home, kind, anchor_day, fiscal)
    home.budget("500")
    home.add("a", allocate="100")
    assert home.rows("SELECT DISTINCT period_start, period_end FROM budget") == [first]
    later = home.on("2026-05-05")
    carried = later.snapshot
    later.services.periods.catch_up()
    assert later.snapshot == as_stored(carried)
    spans = [(start, end) for start, end, *_ in closes(home)]
    assert len(spans) == closed
    ends = [date.fromisoformat(str(end)) for _, end in spans]
    starts = [date.fromisoformat(str(start)) for start, _ in spans] + [carried.period.start]
    assert [(start - end).days for end, start in zip(ends, starts[1:], strict=True)] == [1] * closed


def test_a_period_that_was_ended_early_is_followed_by_its_rest(seed: Home) -> None:
    change(seed.address, "UPDATE budget SET period_end = '2026-01-13'")
    later = seed.on("2026-01-20")
    carried = later.snapshot
    assert (carried.period.start, carried.period.end) == (date(2026, 1, 14), date(2026, 1, 31))
    assert shown(carried.total.spent) == "0"
    later.services.periods.catch_up()
    assert later.snapshot == as_stored(carried)
    march = seed.on("2026-03-05")
    carried = march.snapshot
    assert carried.period.start == date(2026, 3, 1)
    march.services.periods.catch_up()
    assert march.snapshot == as_stored(carried)


def test_when_a_close_was_really_done(seed: Home) -> None:
    seed.on("2026-02-03").services.periods.catch_up()
    [(closed_at,)] = seed.rows("SELECT closed_at FROM period_close")
    assert datetime.fromisoformat(str(closed_at)).year > 2024


def test_a_project_archived_since_is_shown_in_the_periods_it_was_in(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.services.projects.archive("pcc")
    assert "pcc" not in [line.project_id for line in february.snapshot.projects]
    january = seed.on("2026-01-25").snapshot
    assert shown(january.projects[0].pace.allocation) == "150"
    assert january.allocated == sum(line.pace.allocation for line in january.projects)


def test_a_day_too_far_ahead_is_taken_for_a_mistake(seed: Home) -> None:
    with pytest.raises(Refused, match="2999-01-01 is more than 10 years after January 2026"):
        seed.on("2999-01-01").budget("600")
    assert closes(seed) == []


# Reviewing what was carried over


def test_a_review_knows_the_costs_that_came_after_the_close(seed: Home) -> None:
    february = seed.on("2026-02-02")
    february.services.periods.catch_up()
    february.spend("python-api", "5", on="2026-01-10")
    turn = february.services.periods.last_turn()
    assert (shown(turn.spent), [shown(amount) for amount in turn.lines[2][2:]]) == ("246", ["100", "93", "0", "100"])


@pytest.mark.both_engines
def test_a_period_that_ended_by_itself_is_to_review_until_somebody_does(seed: Home) -> None:
    """Its allocations are kept or changed in one step, which is one undo."""
    ended, running = Period(date(2026, 1, 1), date(2026, 1, 31)), Period(date(2026, 2, 1), date(2026, 2, 28))
    assert seed.services.audit.turn_to_review() is None, "nothing was closed"
    february = seed.on("2026-02-01")
    periods, audit = february.services.periods, february.services.audit
    periods.catch_up()
    assert audit.turn_to_review() == ended
    turn = periods.last_turn()
    assert (turn.ending, turn.following, shown(turn.spent), shown(turn.total_next)) == (ended, running, "241", "500")
    assert [shown(amount) for amount in turn.lines[2][2:]] == ["100", "88", "0", "100"]
    assert periods.review({"pcc": parse_change("-30"), "dandelion": parse_change("rest")}, running) == 2
    assert (february.allocations["pcc"], february.allocations["pool"]) == ("120", "0")
    assert audit.turn_to_review() is None
    february.services.undo.undo()
    assert (february.allocations["pcc"], audit.turn_to_review()) == ("150", ended)
    february.services.undo.redo()
    assert (february.allocations["pcc"], audit.turn_to_review()) == ("120", None)
    with pytest.raises(Conflict, match="it is March 2026 by now"):
        february.on("2026-03-01").services.periods.review({}, running)
    march = february.on("2026-03-01").services
    assert march.audit.turn_to_review() == running, "it has ended, though nobody has closed it"
    assert len(closes(seed)) == 1, "what was refused closed nothing"


def test_a_period_closed_by_hand_was_reviewed(seed: Home) -> None:
    with pytest.raises(Conflict, match="no period was closed yet"):
        seed.services.periods.last_turn()
    seed.close()
    assert seed.on("2026-01-14").services.audit.turn_to_review() is None
