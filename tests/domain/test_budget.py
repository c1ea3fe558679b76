"""Allocation changes, splits among children, and transfers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, NANOS, minor_unit, parse_amount, to_decimal
from budget_tui.domain.budget import (
    AllocationChange,
    ChangeKind,
    check_transfer,
    check_unchanged,
    most_transferable,
    parse_change,
    parse_over,
    split_by_percent,
    unallocated,
)
from budget_tui.domain.errors import Conflict, InsufficientBudget, Refused

CENT = minor_unit("USD")
GLOBAL = 500 * NANOS
SEED_ALLOCATIONS = [150 * NANOS, 120 * NANOS, 100 * NANOS, 50 * NANOS]

amounts = st.integers(0, LIMIT_NANOS)


def changed(text: str, current: str = "50", parent: str = "500", pool: str = "80", currency: str = "USD") -> str:
    """What an allocation of ``current`` becomes when ``text`` is typed over it."""
    new = parse_change(text).applied_to(parse_amount(current), parse_amount(parent), parse_amount(pool), currency)
    return str(to_decimal(new))


# What is typed into a cell


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("120", AllocationChange(ChangeKind.SET, 120 * NANOS)),
        ("$1,200.50", AllocationChange(ChangeKind.SET, 1_200_500_000_000)),
        ("0", AllocationChange(ChangeKind.SET, 0)),
        ("+20", AllocationChange(ChangeKind.ADD, 20 * NANOS)),
        ("-15", AllocationChange(ChangeKind.ADD, -15 * NANOS)),
        ("−15", AllocationChange(ChangeKind.ADD, -15 * NANOS)),
        ("$+20", AllocationChange(ChangeKind.ADD, 20 * NANOS)),
        ("€ -15", AllocationChange(ChangeKind.ADD, -15 * NANOS)),
        ("-$15", AllocationChange(ChangeKind.ADD, -15 * NANOS)),
        ("+ $.5", AllocationChange(ChangeKind.ADD, NANOS // 2)),
        ("1e-7", AllocationChange(ChangeKind.SET, 100)),
        ("25%", AllocationChange(ChangeKind.PERCENT, percent=Fraction(1, 4))),
        (" 12.5 % ", AllocationChange(ChangeKind.PERCENT, percent=Fraction(1, 8))),
        ("rest", AllocationChange(ChangeKind.REST)),
        (" REST ", AllocationChange(ChangeKind.REST)),
    ],
)
def test_what_is_typed_is_understood(text: str, change: AllocationChange) -> None:
    assert parse_change(text) == change


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "abc",
        "12x",
        "%",
        "+%",
        "-25%",
        "+25%",
        "25%%",
        "1e2%",
        "nan%",
        "rests",
        "re st",
        "+",
        "--5",
        "+-5",
        "12 50",
        "120,5",
        "e5",
        "∞",
    ],
)
def test_nonsense_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_change(text)
    assert f"'{text.strip()}' is not a" in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(("text", "change"), [("+20", 20), ("-$1.5", -1.5), ("$+20", 20), ("− 3", -3), (" +.5 ", 0.5)])
def test_a_sign_before_or_after_the_currencys_is_a_difference_everywhere(text: str, change: float) -> None:
    nanos = int(change * NANOS)
    assert parse_change(text) == AllocationChange(ChangeKind.ADD, nanos)
    assert parse_over(text, 7 * NANOS, parse_amount) == 7 * NANOS + nanos


def test_too_much_and_too_fine_keep_their_own_reason() -> None:
    with pytest.raises(Refused, match="9,000,000,000"):
        parse_change("9000000001")
    with pytest.raises(Refused, match="9 decimals"):
        parse_change("+0.0000000001")


@pytest.mark.parametrize(
    ("text", "new"), [("120", "120"), ("+20", "70"), ("-15", "35"), ("-50", "0"), ("25%", "125"), ("rest", "130")]
)
def test_what_is_typed_meets_what_is_stored(text: str, new: str) -> None:
    assert changed(text) == new


def test_a_share_is_of_the_global_budget_whatever_is_allocated() -> None:
    assert changed("25%", current="0", pool="-100") == "125"
    assert changed("0%") == "0"


def test_a_share_is_rounded_to_the_currencys_coin_once() -> None:
    assert changed("33.333333333%", parent="100") == "33.33"
    assert changed("50%", parent="0.03") == "0.02"
    assert changed("50%", parent="1001", currency="JPY") == "500"
    # a hair under one and a half cents, which rounding to nanos first would make a tie
    assert changed("0.499999999%", parent="3") == "0.01"
    assert changed("1.499999999%", parent="1") == "0.01"


@given(amounts, st.integers(0, 10**11))
def test_a_share_is_the_nearest_coin(parent: int, billionths_of_percent: int) -> None:
    percent = Fraction(billionths_of_percent, 10**11)
    new = AllocationChange(ChangeKind.PERCENT, percent=percent).applied_to(0, parent, 0, "USD")
    assert new == round(parent * percent / CENT) * CENT


@pytest.mark.parametrize("pool", ["0", "-20"])
def test_there_is_no_rest_to_give_when_nothing_is_unallocated(pool: str) -> None:
    with pytest.raises(Refused, match="nothing is unallocated"):
        changed("rest", pool=pool)


def test_an_allocation_is_never_negative() -> None:
    with pytest.raises(Refused, match="negative"):
        changed("-50.01")


def test_an_allocation_stays_within_the_limit() -> None:
    for text in ("+9000000000", "1900000000%"):
        with pytest.raises(Refused):
            changed(text)
    assert changed("+8999999950") == "9000000000"


@given(st.lists(st.integers(0, NANOS), max_size=20), st.integers(0, LIMIT_NANOS // 2))
def test_quick_presses_add_up(steps: list[int], current: int) -> None:
    allocation = current
    for step in steps:
        allocation = AllocationChange(ChangeKind.ADD, step).applied_to(allocation, GLOBAL, 0, "USD")
    assert allocation == current + sum(steps)


def test_a_value_typed_over_one_that_changed_meanwhile_is_a_conflict() -> None:
    check_unchanged(None, 150, "$150.00")
    check_unchanged(150, 150, "$150.00")
    with pytest.raises(Conflict, match=r"\$150\.00"):
        check_unchanged(120, 150, "$150.00")


# The pool


def test_the_pool_of_the_worked_example() -> None:
    assert unallocated(GLOBAL, SEED_ALLOCATIONS) == 80 * NANOS


def test_children_may_sum_to_more_than_the_parent() -> None:
    assert unallocated(GLOBAL, [*SEED_ALLOCATIONS, 100 * NANOS]) == -20 * NANOS


@given(amounts, st.lists(amounts, max_size=8), st.integers(0, 7))
def test_rest_empties_the_pool(parent: int, others: list[int], current: int) -> None:
    pool = unallocated(parent, [*others, current])
    if pool > 0:
        new = AllocationChange(ChangeKind.REST).applied_to(current, parent, pool, "USD")
        assert unallocated(parent, [*others, new]) == 0


# Splitting among children


def test_an_equal_split_of_a_hundred_leaves_no_margin() -> None:
    children, margin = split_by_percent(100 * NANOS, [Fraction(100, 3)] * 3, CENT)
    assert [str(to_decimal(child)) for child in children] == ["33.34", "33.33", "33.33"]
    assert margin == 0


def test_what_is_not_given_stays_as_margin() -> None:
    assert split_by_percent(GLOBAL, [Fraction(30), Fraction(50)], CENT) == (
        (150 * NANOS, 250 * NANOS),
        100 * NANOS,
    )
    assert split_by_percent(GLOBAL, [], CENT) == ((), GLOBAL)


percents_up_to_100 = st.lists(st.integers(0, 10_000), max_size=12).map(
    lambda weights: [Fraction(100 * weight, max(10_000, sum(weights))) for weight in weights]
)


@given(amounts, percents_up_to_100, st.sampled_from(["USD", "JPY", "KWD"]))
def test_children_and_margin_add_up_to_the_parent(total: int, percents: list[Fraction], currency: str) -> None:
    coin = minor_unit(currency)
    children, margin = split_by_percent(total, percents, coin)
    assert sum(children) + margin == total
    assert margin >= 0
    for child, percent in zip(children, percents, strict=True):
        assert child >= 0
        assert abs(child - total * percent / 100) < coin
        assert percent or not child


@pytest.mark.parametrize(
    "percents", [[Fraction(60), Fraction(41)], [Fraction(100), Fraction(1, 10**9)], [Fraction(-1)], [Fraction(-5), 50]]
)
def test_percentages_beyond_the_whole_are_refused_whole(percents: list[Fraction]) -> None:
    with pytest.raises(Refused):
        split_by_percent(GLOBAL, percents, CENT)


# Transfers


@pytest.mark.parametrize(
    ("allocation", "spent", "most"), [(150, 105, 45), (100, 120, 0), (100, 0, 100), (100, -20, 100)]
)
def test_at_most_what_is_not_spent_can_move(allocation: int, spent: int, most: int) -> None:
    assert most_transferable(allocation, spent) == most


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_is_positive(amount: int) -> None:
    with pytest.raises(Refused, match="positive"):
        check_transfer(amount, 45, giver="PCC", shown_available="$45.00")


def test_all_that_is_available_can_move_and_not_a_nano_more() -> None:
    check_transfer(45 * NANOS, 45 * NANOS, giver="PCC", shown_available="$45.00")
    with pytest.raises(InsufficientBudget) as refusal:
        check_transfer(45 * NANOS + 1, 45 * NANOS, giver="PCC", shown_available="$45.00")
    assert refusal.value.available == 45 * NANOS
    for part in ("$45.00", "PCC", "unspent"):
        assert part in str(refusal.value)


def test_the_pool_gives_what_is_unallocated() -> None:
    with pytest.raises(InsufficientBudget, match=r"\$80\.00 .*the pool .*unallocated"):
        check_transfer(100, 80, giver="the pool", shown_available="$80.00", which="unallocated")


POOL = None
givers = st.sampled_from([POOL, 0, 1, 2, 3])
transfers = st.lists(st.tuples(givers, givers, st.integers(-10 * NANOS, 200 * NANOS)), max_size=25)


@given(st.lists(st.integers(0, 200 * NANOS), min_size=4, max_size=4), transfers)
def test_transfers_conserve_the_total_and_cover_what_is_spent(
    spent: list[int], wanted: list[tuple[int | None, int | None, int]]
) -> None:
    allocations = list(SEED_ALLOCATIONS)
    for giver, taker, amount in wanted:
        pool = unallocated(GLOBAL, allocations)
        available = max(0, pool) if giver is None else most_transferable(allocations[giver], spent[giver])
        try:
            check_transfer(amount, available, giver=str(giver), shown_available=str(available))
        except Refused:
            assert amount <= 0
            continue
        except InsufficientBudget as refusal:
            assert amount > refusal.available == available
            continue
        for side, delta in ((giver, -amount), (taker, amount)):
            if side is not None:
                change = AllocationChange(ChangeKind.ADD, delta)
                allocations[side] = change.applied_to(allocations[side], GLOBAL, pool, "USD")
        assert sum(allocations) + unallocated(GLOBAL, allocations) == GLOBAL
        if giver is not None and giver != taker:
            assert allocations[giver] >= spent[giver]
        if giver is not None and taker is not None:
            assert unallocated(GLOBAL, allocations) == pool
        assert unallocated(GLOBAL, allocations) >= 0


def test_a_refused_transfer_says_what_bounds_it() -> None:
    with pytest.raises(InsufficientBudget, match="is all that PCC has allocated"):
        check_transfer(100, 80, giver="PCC", shown_available="$80.00", which="allocated")
