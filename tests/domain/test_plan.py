"""Planned budgets: periods as they are written, what has a meaning, how an amount is shared out."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, NANOS, minor_unit
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import (
    ChildShare,
    check_kind,
    check_period,
    checked_amount,
    checked_notes,
    equal_shares,
    parse_period,
    rescaled,
    shares_of,
)
from budget_tui.presentation.formatting import near_day, period_name, short_period_name

TODAY = date(2026, 2, 13)
CENT = minor_unit("USD")


def period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


# Periods


@pytest.mark.parametrize(
    ("text", "kind", "start", "end"),
    [
        ("2026-02", "monthly", "2026-02-01", "2026-02-28"),
        ("2024-02", "monthly", "2024-02-01", "2024-02-29"),
        ("2026-Q1", "quarterly", "2026-01-01", "2026-03-31"),
        (" 2026-q4 ", "quarterly", "2026-10-01", "2026-12-31"),
        ("2026", "yearly", "2026-01-01", "2026-12-31"),
        ("2026-01-15..2026-03-02", "custom", "2026-01-15", "2026-03-02"),
        ("monthly", "monthly", "2026-02-01", "2026-02-28"),
        ("Quarterly", "quarterly", "2026-01-01", "2026-03-31"),
        ("yearly", "yearly", "2026-01-01", "2026-12-31"),
    ],
)
def test_a_period_is_written_as_people_write_it(text: str, kind: str, start: str, end: str) -> None:
    assert parse_period(text, PeriodRule(), TODAY) == (PeriodKind(kind), period(start, end))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-04-01", "2027-03-31"),
        ("2026-Q4", "2027-01-01", "2027-03-31"),
        ("yearly", "2025-04-01", "2026-03-31"),
    ],
)
def test_years_and_quarters_are_those_of_the_fiscal_year(text: str, start: str, end: str) -> None:
    assert parse_period(text, PeriodRule(fiscal_start_month=4), TODAY)[1] == period(start, end)


@given(
    st.integers(1, 12),
    st.integers(1901, 2998),
    st.sampled_from(["{}", "{}-Q1", "{}-Q2", "{}-Q3", "{}-Q4", "{}-02", "{}-12"]),
)
def test_a_period_has_the_name_that_is_typed_and_is_found_by_the_name_it_has(begins: int, year: int, form: str) -> None:
    rule = PeriodRule(fiscal_start_month=begins)
    kind, days = parse_period(form.format(year), rule, TODAY)
    whole_year = f"{year}" if begins == 1 else f"{year}/{(year + 1) % 100:02}"
    name, short = period_name(days), short_period_name(days)
    if kind is PeriodKind.QUARTERLY:
        assert name == f"{form[-2:]} {whole_year}"
    elif kind is PeriodKind.YEARLY:
        assert name == whole_year
    for text in (name, name.lower(), short):
        assert parse_period(text, rule, TODAY) == (kind, days)
    assert rule.containing(days.start).fiscal_start == days.fiscal_start == begins


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2026-01-01", "Jan 1"),
        ("2026-12-31", "Dec 31"),
        ("2025-12-31", "Dec 31"),
        ("2025-01-31", "Jan 31, 2025"),
        ("2027-01-12", "Jan 12, 2027"),
    ],
)
def test_a_day_far_away_is_named_with_its_year(day: str, text: str) -> None:
    assert near_day(date.fromisoformat(day), date(2026, 1, 13)) == text


@pytest.mark.parametrize("text", ["2026/27", "2026/27-Q1", "Q1 2026/27", "2026/28", "January", "Q1", "Jan 26"])
def test_a_name_of_another_fiscal_year_is_refused(text: str) -> None:
    for begins in (1,) if text.endswith(("27", "Q1")) else (1, 4):
        with pytest.raises(Refused):
            parse_period(text, PeriodRule(fiscal_start_month=begins), TODAY)


@pytest.mark.parametrize("text", ["", "custom", "2026-13", "2026-Q5", "26", "2026-02-31..2026-03-01", "weekly", "9999"])
def test_what_is_no_period_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_period(text, PeriodRule(), TODAY)
    assert refusal.value.hint
    assert f"'{text}'" in str(refusal.value) or ".." in text or text == "9999", "in the user's words"


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("monthly", "2026-02-01", "2026-02-28"),
        ("monthly", "2026-01-15", "2026-02-14"),
        ("monthly", "2026-01-31", "2026-02-27"),
        ("monthly", "2026-02-28", "2026-03-30"),  # from the last day of one month to that of the next
        ("quarterly", "2026-02-01", "2026-04-30"),
        ("yearly", "2025-04-01", "2026-03-31"),
        ("custom", "2026-01-05", "2026-01-05"),
    ],
)
def test_a_period_is_as_long_as_its_kind_says_wherever_it_starts(kind: str, start: str, end: str) -> None:
    check_period(PeriodKind(kind), period(start, end))


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("yearly", "2026-01-01", "2026-01-03"),
        ("monthly", "2026-02-01", "2026-03-01"),
        ("monthly", "2026-02-01", "2026-02-27"),
        ("quarterly", "2026-01-01", "2026-12-31"),
    ],
)
def test_a_year_of_three_days_is_refused(kind: str, start: str, end: str) -> None:
    with pytest.raises(Refused, match=f"is not {kind}"):
        check_period(PeriodKind(kind), period(start, end))


# What has a meaning


@pytest.mark.parametrize(
    ("category", "budget_type", "allowed"),
    [
        *((category, BudgetType.MONETARY, True) for category in Category),
        (Category.GENAI, BudgetType.TOKEN, True),
        (Category.TOTAL, BudgetType.TOKEN, True),
        (Category.CLOUD, BudgetType.TOKEN, False),
        (Category.SUBSCRIPTION, BudgetType.TOKEN, False),
        (Category.SUBSCRIPTION, BudgetType.SEAT, True),
        (Category.TOTAL, BudgetType.SEAT, True),
        (Category.GENAI, BudgetType.SEAT, False),
    ],
)
def test_tokens_are_of_models_and_seats_of_subscriptions(
    category: Category, budget_type: BudgetType, allowed: bool
) -> None:
    if allowed:
        check_kind(category, budget_type)
        return
    with pytest.raises(Refused, match=f"{category} has no {budget_type} budgets"):
        check_kind(category, budget_type)


@pytest.mark.parametrize("budget_type", list(BudgetType))
def test_an_amount_is_neither_negative_nor_beyond_what_can_be_stored(budget_type: BudgetType) -> None:
    assert checked_amount(0, budget_type) == 0
    assert checked_amount(LIMIT_NANOS, budget_type) == LIMIT_NANOS
    for amount in (-1, LIMIT_NANOS + 1):
        with pytest.raises(Refused):
            checked_amount(amount, budget_type)


def test_notes_cannot_move_a_cursor() -> None:
    assert checked_notes("  two\nlines ") == "two\nlines"
    for notes in ("\x1b[2J", "x" * 2001):
        with pytest.raises(Refused):
            checked_notes(notes)


# Shares


def percents(*shares: str) -> list[ChildShare]:
    return [ChildShare(f"child-{number}", percent=Fraction(share)) for number, share in enumerate(shares)]


def amounts(*parts: int) -> list[ChildShare]:
    return [ChildShare(f"child-{number}", amount=part) for number, part in enumerate(parts)]


def test_percentages_leave_a_margin() -> None:
    assert shares_of(100_000 * NANOS, percents("45", "30", "15"), CENT) == (
        (45_000 * NANOS, 30_000 * NANOS, 15_000 * NANOS),
        10_000 * NANOS,
    )


def test_an_equal_split_of_100_dollars_in_three_loses_no_cent() -> None:
    thirds = [ChildShare(name, percent) for name, percent in zip("abc", equal_shares(3), strict=True)]
    assert shares_of(100 * NANOS, thirds, CENT) == ((3334 * CENT, 3333 * CENT, 3333 * CENT), 0)


def test_an_equal_split_can_leave_a_margin() -> None:
    assert equal_shares(2, Fraction(10)) == (Fraction(45), Fraction(45))
    for count, margin in ((0, 0), (2, 101), (2, -1)):
        with pytest.raises(Refused):
            equal_shares(count, Fraction(margin))


def test_amounts_may_add_up_to_more_than_there_is() -> None:
    assert shares_of(10, amounts(8, 7), 1) == ((8, 7), -5)


@pytest.mark.parametrize(
    "children",
    [
        [],
        percents("60", "50"),
        percents("-1"),
        amounts(-1),
        [*percents("10"), *amounts(10)],
        [ChildShare("neither")],
        [ChildShare("both", Fraction(1), 1)],
    ],
)
def test_shares_that_make_no_sense_are_refused_whole(children: list[ChildShare]) -> None:
    with pytest.raises(Refused):
        shares_of(100, children, 1)


@given(
    st.integers(0, LIMIT_NANOS),
    st.lists(st.integers(0, 1000), min_size=1, max_size=12),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_children_and_margin_add_up_to_the_parent(amount: int, weights: list[int], currency: str) -> None:
    whole = max(sum(weights), 1) + 7
    shares = [ChildShare(str(number), Fraction(100 * weight, whole)) for number, weight in enumerate(weights)]
    children, margin = shares_of(amount, shares, minor_unit(currency))
    assert sum(children) + margin == amount
    assert min(*children, margin) >= 0


# Rescaling


def test_children_keep_their_share_when_the_parent_changes() -> None:
    assert rescaled(100, 200, [45, 30, 15], 1) == (90, 60, 30)
    assert rescaled(100 * NANOS, 50 * NANOS, [33 * NANOS, 33 * NANOS, 34 * NANOS], CENT) == (
        1650 * CENT,
        1650 * CENT,
        17 * NANOS,
    )


def test_children_above_the_parent_stay_above_it_by_the_same_share() -> None:
    assert rescaled(100, 200, [80, 40], 1) == (160, 80)


def test_shares_of_nothing_are_unknown() -> None:
    with pytest.raises(Refused, match="unknown"):
        rescaled(0, 100, [0], 1)


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.lists(st.integers(0, 10**14), min_size=1, max_size=8))
def test_a_parent_that_had_enough_has_enough_after_rescaling(before: int, after: int, children: list[int]) -> None:
    scaled = rescaled(before, after, children, 1)
    if sum(children) <= before:
        assert 0 <= sum(scaled) <= after
    for child, now in zip(children, scaled, strict=True):
        assert abs(Fraction(child * after, before) - now) <= len(children) + 1
