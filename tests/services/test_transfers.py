"""Moving allocation between projects, and to and from the pool."""

import pytest

from budget_tui.domain.errors import Conflict, InsufficientBudget, NotFound, Refused
from budget_tui.presentation.audit import changes
from tests.services.conftest import Home, shown, usd


def test_what_one_gives_the_other_gets(seed: Home) -> None:
    outcome = seed.transfer("pcc", "dandelion", "20")
    assert (shown(outcome.giver_after), shown(outcome.taker_after)) == ("130", "70")
    assert seed.allocations == {
        "pcc": "130",
        "videonest-api": "120",
        "python-api": "100",
        "dandelion": "70",
        "pool": "80",
    }


@pytest.mark.parametrize(("giver", "taker", "after"), [("pool", "pcc", ("230", "0")), ("pcc", "pool", ("105", "125"))])
def test_all_that_can_move_between_a_project_and_the_pool(
    seed: Home, giver: str, taker: str, after: tuple[str, str]
) -> None:
    most = "80" if giver == "pool" else "45"
    seed.transfer(giver, taker, most)
    allocations = seed.allocations
    assert (allocations["pcc"], allocations["pool"]) == after


def test_a_project_gives_at_most_what_it_has_not_spent(seed: Home) -> None:
    before = seed.allocations
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("pcc", "dandelion", "45.000000001")
    assert str(refused.value).startswith("$45.00 is all that pcc has unspent")
    assert refused.value.available == usd("45")
    assert seed.allocations == before
    seed.transfer("pcc", "dandelion", "45")


def test_the_pool_gives_at_most_what_is_in_it(seed: Home) -> None:
    with pytest.raises(InsufficientBudget, match=r"\$80\.00 is all that the pool has unallocated"):
        seed.transfer("pool", "pcc", "80.01")
    seed.allocate("pcc", "1000")
    with pytest.raises(InsufficientBudget, match=r"\$0\.00 is all that the pool") as refused:
        seed.transfer("pool", "pcc", "1")
    assert refused.value.available == 0


def test_a_project_that_overspent_has_nothing_to_give(seed: Home) -> None:
    seed.spend("dandelion", "60")
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("dandelion", "pcc", "1")
    assert refused.value.available == 0


@pytest.mark.both_engines
def test_credits_do_not_make_more_than_the_allocation(seed: Home) -> None:
    seed.spend("dandelion", "-30")
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("dandelion", "pcc", "50.01")
    assert refused.value.available == usd("50")


# By force


def test_force_with_a_reason_goes_down_to_nothing_and_not_below(seed: Home) -> None:
    seed.transfer("pcc", "pool", "150", force=True, reason="stopped")
    assert seed.allocations["pcc"] == "0"
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("pcc", "pool", "0.01", force=True, reason="more")
    assert refused.value.available == 0
    assert seed.rows("SELECT amount, forced, reason FROM transfer") == [(usd("150"), 1, "stopped")]


@pytest.mark.parametrize("reason", ["", "  "])
def test_force_without_a_reason_is_refused(seed: Home, reason: str) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        seed.transfer("pcc", "pool", "150", force=True, reason=reason)


def test_force_makes_no_money_in_the_pool(seed: Home) -> None:
    with pytest.raises(InsufficientBudget):
        seed.transfer("pool", "pcc", "81", force=True, reason="wish")


# What makes no sense


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_an_amount_that_is_not_positive_is_refused(seed: Home, amount: str) -> None:
    with pytest.raises(Refused, match="positive"):
        seed.transfer("pcc", "dandelion", amount)


@pytest.mark.parametrize("one", ["pcc", "pool"])
def test_a_transfer_to_itself_is_refused(seed: Home, one: str) -> None:
    with pytest.raises(Refused, match="two different ends"):
        seed.transfer(one, one, "5")


@pytest.mark.parametrize(("giver", "taker"), [("nobody", "pcc"), ("pcc", "nobody")])
def test_a_project_that_is_not_there(seed: Home, giver: str, taker: str) -> None:
    before = seed.allocations
    with pytest.raises(NotFound, match="there is no project 'nobody'"):
        seed.transfer(giver, taker, "5")
    assert seed.allocations == before


def test_no_more_is_given_than_can_be_added_up(home: Home) -> None:
    home.budget("9000000000")
    home.add("rich", allocate="8999999999")
    home.add("richer", allocate="1")
    for command in (
        lambda: home.allocate("richer", "1.000000001"),
        lambda: home.allocate("richer", "+9000000000"),
        lambda: home.add("richest", allocate="0.000000001"),
    ):
        with pytest.raises(Refused, match=r"is out of range; the limit is ±9,000,000,000 units"):
            command()
    home.transfer("rich", "richer", "1")
    assert home.allocations == {"rich": "8999999998", "richer": "2", "pool": "0"}


# What is kept


def test_both_sides_are_written_down(seed: Home) -> None:
    outcome = seed.transfer("pcc", "dandelion", "20")
    taker, giver = seed.log[:2]
    assert (giver.action, giver.subject, changes(giver)) == (
        "transfer",
        "pcc",
        "amount 150 → 130, from pcc, to dandelion",
    )
    assert (taker.action, taker.subject, changes(taker)) == (
        "transfer",
        "dandelion",
        "amount 50 → 70, from pcc, to dandelion",
    )
    stored = seed.rows("SELECT transfer_id, amount, forced, created_by FROM transfer")
    assert stored == [(outcome.transfer_id, usd("20"), 0, "anna")]


def test_a_transfer_back_undoes_it(seed: Home) -> None:
    before = seed.allocations
    seed.transfer("pcc", "dandelion", "20")
    seed.transfer("dandelion", "pcc", "20")
    assert seed.allocations == before
    assert seed.rows("SELECT count(*) FROM transfer") == [(2,)]


def test_the_same_key_moves_once_and_answers_alike(seed: Home) -> None:
    first = seed.transfer("pcc", "dandelion", "20", key="k1")
    seed.transfer("pool", "dandelion", "5")
    assert seed.again().transfer("pcc", "dandelion", "20", key="k1") == first
    assert seed.allocations["pcc"] == "130"
    assert seed.allocations["dandelion"] == "75"
    assert seed.rows("SELECT count(*) FROM transfer") == [(2,)]


def test_the_same_key_is_answered_alike_when_the_period_is_closed(seed: Home) -> None:
    first = seed.transfer("pcc", "dandelion", "20", key="k1")
    seed.close()
    assert seed.again().transfer("pcc", "dandelion", "20", key="k1") == first


def test_the_same_key_for_something_else_is_a_conflict(seed: Home) -> None:
    seed.transfer("pcc", "dandelion", "20", key="k1")
    with pytest.raises(Conflict, match="the key 'k1' was used for another request"):
        seed.transfer("pcc", "dandelion", "21", key="k1")
    assert seed.allocations["pcc"] == "130"


def test_a_refused_transfer_uses_up_no_key(seed: Home) -> None:
    with pytest.raises(InsufficientBudget):
        seed.transfer("pcc", "dandelion", "50", key="k1")
    seed.allocate("pcc", "+10")
    seed.transfer("pcc", "dandelion", "50", key="k1")
    assert seed.allocations["dandelion"] == "100"


def test_without_a_key_every_transfer_is_another(seed: Home) -> None:
    seed.transfer("pcc", "dandelion", "20")
    seed.transfer("pcc", "dandelion", "20")
    assert seed.allocations["pcc"] == "110"
