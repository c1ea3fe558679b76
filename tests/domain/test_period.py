"""Periods: both ends inclusive, computed from their anchor, tiling the calendar."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import Refused
from budget_tui.domain.period import LAST_DAY, ONE_DAY, Period, PeriodKind, PeriodRule, parse_day, parse_rule
from tests.examples import examples

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))

days = st.dates(date(1970, 1, 1), date(2120, 12, 31))
rules = st.builds(
    PeriodRule,
    kind=st.sampled_from([PeriodKind.MONTHLY, PeriodKind.QUARTERLY, PeriodKind.YEARLY]),
    anchor_day=st.sampled_from([*range(1, 29), LAST_DAY]),
    fiscal_start_month=st.integers(1, 12),
)


def is_last_of_month(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


# One period


def test_both_ends_are_in_the_period_and_the_query_is_half_open() -> None:
    assert JANUARY.contains(date(2026, 1, 1))
    assert JANUARY.contains(date(2026, 1, 31))
    assert not JANUARY.contains(date(2025, 12, 31))
    assert not JANUARY.contains(date(2026, 2, 1))
    assert JANUARY.half_open == (date(2026, 1, 1), date(2026, 2, 1))
    assert JANUARY.days == 31


@pytest.mark.parametrize("last", [date(2026, 1, 31), date(2026, 2, 28), date(2028, 2, 29), date(2026, 12, 31)])
def test_the_last_day_of_a_month_is_not_lost(last: date) -> None:
    period = PeriodRule().containing(last)
    assert period.end == last
    start, stop = period.half_open
    assert start <= last < stop


@given(days, st.integers(0, 800), st.integers(-400, 1200))
def test_the_half_open_form_holds_the_same_days(start: date, length: int, offset: int) -> None:
    period = Period(start, start + timedelta(days=length))
    day = start + timedelta(days=offset)
    first, stop = period.half_open
    assert period.contains(day) == (first <= day < stop)
    assert period.days == (stop - first).days


def test_a_period_of_one_day_is_a_period_and_of_none_is_not() -> None:
    assert Period(date(2026, 1, 31), date(2026, 1, 31)).days == 1
    with pytest.raises(Refused):
        Period(date(2026, 1, 31), date(2026, 1, 30))


@pytest.mark.parametrize(
    ("today", "left"),
    [
        (date(2026, 1, 13), 18),
        (date(2026, 1, 1), 30),
        (date(2026, 1, 29), 2),
        (date(2026, 1, 30), 1),
        (date(2026, 1, 31), 1),
        (date(2026, 2, 9), 1),
    ],
)
def test_days_left_is_the_first_seeds_formula(today: date, left: int) -> None:
    assert JANUARY.days_left(today) == left


@given(days, st.integers(0, 800), st.integers(0, 800))
def test_days_left_and_days_to_come_agree_within_the_period(start: date, length: int, offset: int) -> None:
    period = Period(start, start + timedelta(days=length))
    today = start + timedelta(days=offset)
    assert period.days_left(today) == max(1, (period.end - today).days)
    assert period.days_to_come(today) == max(0, (period.end - today).days)
    if period.contains(today):
        assert period.day_number(today) + period.days_to_come(today) == period.days


def test_outside_the_period_day_numbers_stop_at_its_edges() -> None:
    assert JANUARY.day_number(date(2025, 12, 20)) == 0
    assert JANUARY.days_to_come(date(2025, 12, 20)) == 31
    assert JANUARY.day_number(date(2026, 3, 1)) == 31
    assert JANUARY.days_to_come(date(2026, 3, 1)) == 0


# Recurring periods


@pytest.mark.parametrize(
    ("rule", "day", "start", "end"),
    [
        (PeriodRule(), "2026-01-13", "2026-01-01", "2026-01-31"),
        (PeriodRule(), "2028-02-29", "2028-02-01", "2028-02-29"),
        (PeriodRule(anchor_day=15), "2026-01-14", "2025-12-15", "2026-01-14"),
        (PeriodRule(anchor_day=15), "2026-01-15", "2026-01-15", "2026-02-14"),
        (PeriodRule(anchor_day=28), "2026-02-28", "2026-02-28", "2026-03-27"),
        (PeriodRule(anchor_day=LAST_DAY), "2026-01-30", "2025-12-31", "2026-01-30"),
        (PeriodRule(anchor_day=LAST_DAY), "2026-01-31", "2026-01-31", "2026-02-27"),
        (PeriodRule(anchor_day=LAST_DAY), "2026-03-01", "2026-02-28", "2026-03-30"),
        (PeriodRule(PeriodKind.QUARTERLY), "2026-05-20", "2026-04-01", "2026-06-30"),
        (PeriodRule(PeriodKind.QUARTERLY, fiscal_start_month=2), "2026-01-31", "2025-11-01", "2026-01-31"),
        (PeriodRule(PeriodKind.QUARTERLY, 15, 2), "2026-02-14", "2025-11-15", "2026-02-14"),
        (PeriodRule(PeriodKind.YEARLY), "2026-12-31", "2026-01-01", "2026-12-31"),
        (PeriodRule(PeriodKind.YEARLY, fiscal_start_month=10), "2026-09-30", "2025-10-01", "2026-09-30"),
        (PeriodRule(PeriodKind.YEARLY, LAST_DAY, 2), "2028-02-28", "2027-02-28", "2028-02-28"),
    ],
)
def test_the_period_a_day_is_in(rule: PeriodRule, day: str, start: str, end: str) -> None:
    expected = Period(date.fromisoformat(start), date.fromisoformat(end))
    assert rule.containing(date.fromisoformat(day)) == expected


@given(rules, days)
def test_periods_tile_the_calendar(rule: PeriodRule, day: date) -> None:
    period = rule.containing(day)
    assert period.contains(day)
    assert rule.containing(period.start) == period == rule.containing(period.end)
    assert rule.containing(period.end + ONE_DAY).start == period.end + ONE_DAY
    assert rule.containing(period.start - ONE_DAY).end == period.start - ONE_DAY
    assert rule.after(period) == rule.containing(period.end + ONE_DAY)


@settings(max_examples=examples(10))  # of 731 days each
@given(rules, days)
def test_every_day_of_two_years_is_in_exactly_one_period(rule: PeriodRule, first: date) -> None:
    found = [rule.containing(first + timedelta(days=n)) for n in range(731)]
    periods = sorted(set(found))
    assert sum(period.days for period in periods) == (periods[-1].end - periods[0].start).days + 1
    assert all(later.start == earlier.end + ONE_DAY for earlier, later in pairwise(periods))


@given(rules, days)
def test_an_anchor_never_drifts(rule: PeriodRule, day: date) -> None:
    period = rule.containing(day)
    for _ in range(40):
        period = rule.after(period)
        if rule.anchor_day == LAST_DAY:
            assert is_last_of_month(period.start)
        else:
            assert period.start.day == rule.anchor_day
        months_into_year = (period.start.month - rule.fiscal_start_month) % 12
        if rule.kind is PeriodKind.YEARLY:
            assert months_into_year == 0
        if rule.kind is PeriodKind.QUARTERLY:
            assert months_into_year % 3 == 0


@given(rules, days)
def test_a_period_is_as_long_as_its_kind(rule: PeriodRule, day: date) -> None:
    shortest, longest = {
        PeriodKind.MONTHLY: (28, 31),
        PeriodKind.QUARTERLY: (89, 92),
        PeriodKind.YEARLY: (365, 366),
    }[rule.kind]
    assert shortest <= rule.containing(day).days <= longest


@given(rules, days)
def test_after_an_early_end_the_rest_runs_up_to_the_next_anchor(rule: PeriodRule, today: date) -> None:
    running = rule.containing(today)
    rest = rule.after(Period(running.start, today))
    assert rest.start == today + ONE_DAY
    assert rest.end == rule.containing(today + ONE_DAY).end
    assert rule.after(rest) == rule.containing(rest.end + ONE_DAY)


@pytest.mark.parametrize("anchor", [-1, 29, 30, 31])
def test_a_period_starts_on_day_1_to_28_or_the_last(anchor: int) -> None:
    with pytest.raises(Refused):
        PeriodRule(anchor_day=anchor)


@pytest.mark.parametrize("month", [0, 13, -1])
def test_a_fiscal_year_starts_in_a_month(month: int) -> None:
    with pytest.raises(Refused):
        PeriodRule(PeriodKind.YEARLY, fiscal_start_month=month)


def test_a_custom_period_does_not_recur() -> None:
    with pytest.raises(Refused):
        PeriodRule(PeriodKind.CUSTOM)


# Days as text


def test_a_day_is_written_one_way() -> None:
    assert parse_day(" 2026-01-13 ") == date(2026, 1, 13)


@pytest.mark.parametrize(
    "text", ["", "today", "13.1.2026", "2026-1-13", "20260113", "2026-W03-2", "2026-02-30", "2026-01-13T00:00"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="2026-01-13"):
        parse_day(text)


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_at_the_edge_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="1900 to 2999"):
        parse_day(text)


@given(rules, st.sampled_from(["1900-01-01", "2999-12-31"]))
def test_the_farthest_days_have_periods_too(rule: PeriodRule, text: str) -> None:
    day = parse_day(text)
    assert rule.after(rule.containing(day)).half_open[1] > day


# A rule that changes


@given(rules, days, st.lists(st.tuples(rules, st.integers(0, 3), st.none() | st.integers(0, 400)), max_size=8))
def test_periods_tile_whatever_the_rule_becomes_and_whenever_one_is_ended(
    rule: PeriodRule, first_day: date, changes: list[tuple[PeriodRule, int, int | None]]
) -> None:
    """After a change the running period stays, a bridge leads to the new anchor, and whole periods follow."""
    periods = [rule.containing(first_day)]
    for new_rule, whole_ones, ended_on_day in changes:
        if ended_on_day is not None:  # by hand
            running = periods.pop()
            periods.append(Period(running.start, min(running.start + timedelta(days=ended_on_day), running.end)))
        bridge = new_rule.after(periods[-1])
        assert bridge.end == new_rule.containing(bridge.start).end
        periods.append(bridge)
        for _ in range(whole_ones):
            following = new_rule.after(periods[-1])
            assert following == new_rule.containing(following.start)
            periods.append(following)
    for before, after in pairwise(periods):
        assert after.start - before.end == ONE_DAY


# What people write


@pytest.mark.parametrize(
    ("kind", "anchor", "fiscal_start", "rule"),
    [
        ("monthly", "1", "1", PeriodRule()),
        ("Quarterly", " 28 ", "4", PeriodRule(PeriodKind.QUARTERLY, 28, 4)),
        ("yearly", "Last", "12", PeriodRule(PeriodKind.YEARLY, LAST_DAY, 12)),
    ],
)
def test_a_rule_is_written_in_words(kind: str, anchor: str, fiscal_start: str, rule: PeriodRule) -> None:
    assert parse_rule(kind, anchor, fiscal_start) == rule


@pytest.mark.parametrize(
    ("kind", "anchor", "fiscal_start", "complaint"),
    [
        ("weekly", "1", "1", "'weekly' is not a kind of period; there are monthly, quarterly, yearly"),
        ("custom", "1", "1", "'custom' is not a kind of period"),
        ("monthly", "0", "1", "periods cannot start on day 0; choose 1 to 28, or 'last'"),
        ("monthly", "29", "1", "periods cannot start on day 29"),
        ("monthly", "-1", "1", "periods cannot start on day -1"),
        ("monthly", "²", "1", "periods cannot start on day ²"),
        ("monthly", "1", "0", "'0' is not a month; choose 1 to 12"),
        ("monthly", "1", "13", "'13' is not a month"),
        ("monthly", "1", "May", "'May' is not a month"),
    ],
)
def test_what_is_no_rule_is_refused(kind: str, anchor: str, fiscal_start: str, complaint: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_rule(kind, anchor, fiscal_start)
    assert str(refusal.value).startswith(complaint)
