"""Carrying over: what comes along, how much of it, and that nothing is lost or invented on the way."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.carry import CarryPolicy, Opening, carried_over, checked_cap, left, opening, parse_policy
from budget_tui.domain.errors import Refused

amounts = st.integers(0, 10**12)
spends = st.integers(-(10**11), 10**12)
remainders = st.integers(-(10**12), 10**12)
policies = st.sampled_from(CarryPolicy)
caps = st.none() | st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("policy", "remaining", "cap", "expected"),
    [
        ("none", 45, None, 0),
        ("none", -45, None, 0),
        ("unspent", 45, None, 45),
        ("unspent", -45, None, 0),
        ("deficit", 45, None, 0),
        ("deficit", -45, None, -45),
        ("both", 45, None, 45),
        ("both", -45, None, -45),
        ("unspent", 45, 20, 20),
        ("deficit", -45, 20, -20),
        ("both", 45, 20, 20),
        ("both", -45, 20, -20),
        ("both", 15, 20, 15),
        ("both", 45, 0, 0),
    ],
)
def test_what_comes_along(policy: str, remaining: int, cap: int | None, expected: int) -> None:
    assert carried_over(remaining, CarryPolicy(policy), cap) == expected


@pytest.mark.parametrize(
    ("base", "carried", "expected"),
    [(100, 0, (100, 100, 0)), (100, 30, (130, 100, 30)), (100, -30, (70, 100, -30)), (100, -130, (0, 100, -130))],
)
def test_what_a_budget_opens_with(base: int, carried: int, expected: tuple[int, int, int]) -> None:
    assert opening(base, carried) == expected


def test_a_debt_that_does_not_fit_is_settled_later() -> None:
    """100 a month, 330 spent in the first and nothing after it."""
    carried, found = 0, []
    for spent in (330, 0, 0, 0):
        found.append(opening(100, carried).amount)
        carried = carried_over(left(100, carried, spent), CarryPolicy.BOTH, None)
    assert found == [100, 0, 0, 70]


def test_an_amount_stays_within_what_can_be_stored() -> None:
    assert opening(LIMIT_NANOS - 5, 100) == (LIMIT_NANOS, LIMIT_NANOS - 5, 5)
    assert opening(0, -3 * LIMIT_NANOS) == (0, 0, -LIMIT_NANOS)


@given(remainders, policies, caps)
def test_never_more_than_there_is_nor_than_the_cap(remaining: int, policy: CarryPolicy, cap: int | None) -> None:
    carried = carried_over(remaining, policy, cap)
    assert carried * remaining >= 0
    assert abs(carried) <= abs(remaining)
    assert cap is None or abs(carried) <= cap


@given(st.lists(st.tuples(amounts, spends), min_size=1, max_size=24))
def test_over_any_periods_nothing_is_lost_or_invented(periods: list[tuple[int, int]]) -> None:
    """Whatever recurs and is spent in each: with ``both`` and no cap, the last leaves the difference of the sums."""
    remaining = 0
    for base, spent in periods:
        opened = opening(base, carried_over(remaining, CarryPolicy.BOTH, None))
        assert opened.amount >= 0
        remaining = left(opened.base, opened.carried, spent)
    assert remaining == sum(base for base, _ in periods) - sum(spent for _, spent in periods)


@given(amounts, remainders, st.lists(amounts, max_size=6), spends)
def test_edits_in_between_lose_nothing_either(base: int, carried: int, edits: list[int], spent: int) -> None:
    """What is left at the close is what it would have been, and what the edits added."""
    first = opening(base, carried)
    last = list(accumulate(edits, Opening.moved_to, initial=first))[-1]
    assert left(last.base, last.carried, spent) - left(base, carried, spent) == last.amount - first.amount
    assert last.moved_to(first.amount) == first


def test_an_edit_moves_what_recurs() -> None:
    assert opening(100, 30).moved_to(150) == (150, 120, 30)
    assert opening(100, -30).moved_to(0) == (0, 30, -30)


def test_nothing_negative_recurs() -> None:
    """50 of 150 came along and 130 are taken off: 20 of what came along are left, and 0 recurs."""
    edited = opening(100, 50).moved_to(20)
    assert left(edited.base, edited.carried, 0) == 20
    assert opening(edited.base, carried_over(20, CarryPolicy.BOTH, None)) == (20, 0, 20)


def test_several_that_share_a_room_do_not_leave_it() -> None:
    assert opening(100, 50, room=120) == (120, 100, 20)
    assert opening(100, 50, room=80) == (80, 100, -20)


@pytest.mark.parametrize("word", ["none", "unspent", "deficit", "both", " Both "])
def test_policies_are_words(word: str) -> None:
    assert parse_policy(word) == word.strip().lower()


def test_another_word_is_refused() -> None:
    with pytest.raises(Refused, match="'all' is not a way to carry over; there are none, unspent, deficit, both"):
        parse_policy("all")


def test_a_cap_bounds_something_and_is_not_negative() -> None:
    assert checked_cap(CarryPolicy.BOTH, 0) == 0
    assert checked_cap(CarryPolicy.NONE, None) is None
    with pytest.raises(Refused, match="negative"):
        checked_cap(CarryPolicy.BOTH, -1)
    with pytest.raises(Refused, match="needs a policy that carries something over"):
        checked_cap(CarryPolicy.NONE, 5)
