"""Changing how periods recur and when days begin: told before, and no day is lost."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.period import ONE_DAY, Period, PeriodKind, PeriodRule
from budget_tui.presentation.audit import changes
from budget_tui.services.period_rules import RuleChange
from tests.databases import Engine, empty
from tests.domain.test_period import rules
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at
from tests.services.test_periods import closes


def days(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def test_the_running_period_stays_a_bridge_follows_then_whole_ones(seed: Home) -> None:
    preview = seed.services.period_rules.set(RuleChange(anchor_day=15))
    assert preview.running == days("2026-01-01", "2026-01-31")
    assert preview.has_bridge
    assert preview.following == (
        days("2026-02-01", "2026-02-14"),
        days("2026-02-15", "2026-03-14"),
        days("2026-03-15", "2026-04-14"),
    )
    assert seed.snapshot.period == preview.running
    for period in preview.following:
        assert seed.on(period.start.isoformat()).snapshot.period == period
        assert seed.on(period.end.isoformat()).snapshot.period == period
    seed.on("2026-04-01").services.periods.catch_up()
    assert [close[:2] for close in closes(seed)] == [
        ("2026-01-01", "2026-01-31"),
        ("2026-02-01", "2026-02-14"),
        ("2026-02-15", "2026-03-14"),
    ]
    assert seed.on("2026-04-01").allocations == seed.allocations


@pytest.mark.both_engines
def test_a_kind_that_starts_where_the_running_period_ends_needs_no_bridge(seed: Home) -> None:
    preview = seed.services.period_rules.preview(RuleChange(PeriodKind.YEARLY, fiscal_start_month=2))
    assert not preview.has_bridge
    assert preview.following[0] == days("2026-02-01", "2027-01-31")


@pytest.mark.both_engines
def test_a_preview_changes_nothing(seed: Home) -> None:
    before = seed.content
    seed.services.period_rules.preview(RuleChange(anchor_day=15, time_zone="Asia/Tokyo"))
    assert seed.content == before


@pytest.mark.both_engines
def test_it_is_written_down(seed: Home) -> None:
    seed.services.period_rules.set(RuleChange(PeriodKind.QUARTERLY, 0, time_zone="Asia/Tokyo"))
    entry = seed.log[0]
    assert (entry.action, entry.subject) == ("period.set", "default")
    assert changes(entry) == "kind monthly → quarterly, anchor 1 → last, time_zone UTC → Asia/Tokyo"


def test_what_is_no_change_or_no_zone_is_refused(seed: Home) -> None:
    with pytest.raises(Refused, match="nothing would change"):
        seed.services.period_rules.set(RuleChange(PeriodKind.MONTHLY))
    with pytest.raises(Refused, match="'Mars/Olympus' is not a time zone"):
        seed.services.period_rules.set(RuleChange(time_zone="Mars/Olympus"))


@pytest.mark.both_engines
def test_what_was_seen_is_what_is_done_or_nothing(seed: Home) -> None:
    change = RuleChange(anchor_day=15)
    seen = seed.services.period_rules.preview(change)
    seed.close()
    with pytest.raises(Conflict, match="the periods have changed in the meantime"):
        seed.services.period_rules.set(change, seen)
    assert seed.services.period_rules.set(change).running == days("2026-01-14", "2026-01-31")


def test_a_new_time_zone_moves_today_and_no_cost(fresh: Callable[..., Home]) -> None:
    """Kiritimati is 24 hours ahead of Honolulu, to the hour: today there is never today here."""
    home = fresh(None, new_time_zone="Pacific/Honolulu")
    home.budget("500")
    home.add("a", allocate="100")
    home.spend("a", "5")
    stored = home.rows("SELECT day, amount_nanos FROM cost")
    preview = home.services.period_rules.set(RuleChange(time_zone="Pacific/Kiritimati"))
    assert preview.today_after - preview.today_before == ONE_DAY
    assert home.rows("SELECT day, amount_nanos FROM cost") == stored
    assert home.snapshot.as_of >= preview.today_after


steps = st.lists(
    st.tuples(st.integers(0, 70), st.one_of(rules, st.just("close"), st.just("wait"))), min_size=1, max_size=4
)


@settings(max_examples=examples(5))
@given(rules, steps)
def test_every_day_is_in_exactly_one_period(
    engine: Engine, first: PeriodRule, steps: list[tuple[int, PeriodRule | str]]
) -> None:
    """Whatever the rule becomes on whichever day, and whenever somebody closes by hand."""
    engine.clear()
    address, day = engine.new(empty), TODAY
    new = (str(first.kind), str(first.anchor_day or "last"), str(first.fiscal_start_month))
    home = home_at(address, day, new_period=new)
    home.budget("500")
    for wait, step in steps:
        day += timedelta(days=wait)
        home = home_at(address, day)
        try:
            if isinstance(step, PeriodRule):
                home.services.period_rules.set(RuleChange(step.kind, step.anchor_day, step.fiscal_start_month))
            elif step == "close":
                home.close()
        except (Refused, Conflict):
            pass  # nothing would change, or it is closed already
        assert home.snapshot.period.contains(day)
    home.services.periods.catch_up()
    spans = home.rows("SELECT period_start, period_end FROM budget ORDER BY period_start")
    periods = [days(str(start), str(end)) for start, end in spans]
    assert periods[0].start == first.containing(TODAY).start
    assert all(after.start - before.end == ONE_DAY for before, after in pairwise(periods))
    assert sum(period.contains(day) for period in periods) == 1
    assert {close[:2] for close in closes(home)} <= set(spans)
