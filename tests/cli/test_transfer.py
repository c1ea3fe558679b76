"""``transfer``: between projects, from and to the pool."""

from decimal import Decimal

import pytest

from .conftest import Cli


def allocations(cli: Cli) -> dict[str, Decimal]:
    answer = cli("status", "--json").json
    found = {project["project_id"]: project["monthly_allocation_usd"] for project in answer["projects"]}
    return found | {"pool": answer["global"]["unallocated_usd"]}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (
            ("videonest-api", "python-api"),
            "$20.00 moved: VideoNest API $120.00 → $100.00, Python API $100.00 → $120.00\n",
        ),
        (("pool", "python-api"), "$20.00 moved: pool $80.00 → $60.00, Python API $100.00 → $120.00\n"),
        (("videonest-api", "pool"), "$20.00 moved: VideoNest API $120.00 → $100.00, pool $80.00 → $100.00\n"),
    ],
)
def test_a_transfer_moves_what_it_says(seeded: Cli, ends: tuple[str, str], words: str) -> None:
    before = allocations(seeded)
    assert seeded("transfer", *ends, "20").done().out == words
    after = allocations(seeded)
    assert {end: after[end] - before[end] for end in after if after[end] != before[end]} == {
        ends[0]: -20,
        ends[1]: 20,
    }


def test_a_transfer_answers_both_sides(seeded: Cli) -> None:
    answer = seeded("transfer", "videonest-api", "python-api", "0.5", "--json").done().json
    assert answer.pop("transfer_id")
    assert answer == {
        "from": "videonest-api",
        "to": "python-api",
        "amount_usd": Decimal("0.5"),
        "from_after_usd": Decimal("119.5"),
        "to_after_usd": Decimal("100.5"),
        "currency": "USD",
        "forced": False,
        "reason": "",
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pcc", "pcc", "5"], 2, "two different ends"),
        (["pool", "pool", "5"], 2, "two different ends"),
        (["pcc", "dandelion", "-5"], 2, "a positive amount"),
        (["pcc", "dandelion", "0"], 2, "a positive amount"),
        (["pcc", "dandelion", "half"], 2, "'half' is not an amount"),
        (["pcc", "dandelion", "5", "--force"], 2, "a forced transfer needs a reason"),
        (["pcc", "dandelion", "5", "--force", "--reason", " "], 2, "a forced transfer needs a reason"),
        (["pcc", "dandelion", "45.01"], 3, "$45.00 is all that PCC has unspent"),
        (["pool", "dandelion", "80.01"], 3, "$80.00 is all that the pool has unallocated"),
        (["pcc", "pool", "150.01", "--force", "--reason", "closing"], 3, "$150.00 is all that PCC has"),
        (["pcc", "nobody", "5"], 4, "there is no project 'nobody'"),
        (["pcc", "dandelion"], 2, "'AMOUNT'; see budget-tui transfer --help"),
    ],
)
def test_a_refused_transfer_says_why_and_moves_nothing(
    seeded: Cli, arguments: list[str], code: int, words: str
) -> None:
    before = allocations(seeded)
    seeded("transfer", *arguments).refused(code, words)
    assert allocations(seeded) == before


def test_all_that_is_unspent_can_move(seeded: Cli) -> None:
    seeded("transfer", "pcc", "dandelion", "45").done()
    seeded("transfer", "pcc", "dandelion", "0.000000001").refused(3, "$0.00 is all that PCC has unspent")


def test_force_with_a_reason_goes_down_to_nothing(seeded: Cli) -> None:
    seeded("transfer", "pcc", "dandelion", "150", "--force", "--reason", "PCC is cancelled").done()
    assert allocations(seeded)["pcc"] == 0
    assert seeded("project", "show", "pcc", "--json").json["budget_status"] == "exhausted"


def test_the_log_tells_both_ends_that_it_was_forced_and_why(seeded: Cli) -> None:
    forced = ["transfer", "pcc", "pool", "150", "--force", "--reason", "PCC is cancelled", "--json"]
    answer = seeded(*forced).done().json
    assert (answer["from"], answer["to"], answer["forced"], answer["reason"]) == (
        "pcc",
        "pool",
        True,
        "PCC is cancelled",
    )
    facts = {"amount": "0", "from": "pcc", "to": "pool", "forced": True, "reason": "PCC is cancelled"}
    [entry] = seeded("log", "--action", "transfer", "--json").json
    assert (entry["subject"], entry["before"], entry["after"]) == ("pcc", {"amount": "150"}, facts)
    assert "from pcc, to pool" in seeded("log", "--action", "transfer").done().out
    seeded("undo").done()
    seeded("redo").done()
    again, back, _ = seeded("log", "--action", "transfer", "--json").json
    assert (back["before"], back["after"]) == (facts, {"amount": "150"})
    assert (again["before"], again["after"]) == ({"amount": "150"}, facts)


def test_a_transfer_that_was_not_forced_says_so(seeded: Cli) -> None:
    answer = seeded("transfer", "pool", "pcc", "5", "--json").done().json
    assert (answer["forced"], answer["reason"]) == (False, "")
    [entry] = seeded("log", "--action", "transfer", "--json").json
    assert entry["after"] == {"amount": "155", "from": "pool", "to": "pcc"}


def test_the_same_key_moves_once_and_answers_alike(seeded: Cli) -> None:
    transfer = ["transfer", "pcc", "dandelion", "5", "--key", "k1", "--json"]
    first, second = seeded(*transfer).done(), seeded(*transfer).done()
    assert first.out == second.out
    assert allocations(seeded)["pcc"] == 145


@pytest.mark.parametrize("key", ["", " "])
def test_a_blank_key_is_refused(seeded: Cli, key: str) -> None:
    for command in (["transfer", "pcc", "dandelion", "5"], ["cost", "add", "pcc", "5"]):
        seeded(*command, "--key", key).refused(2, "an idempotency key cannot be blank")
    assert allocations(seeded)["pcc"] == 150


def test_a_key_used_for_something_else_is_a_conflict(seeded: Cli) -> None:
    seeded("transfer", "pcc", "dandelion", "5", "--key", "k1").done()
    seeded("transfer", "pcc", "dandelion", "6", "--key", "k1").refused(5, "'k1' was used for another request")
    assert allocations(seeded)["pcc"] == 145


def test_a_transfer_between_over_allocated_projects_repeats_the_warning(seeded: Cli) -> None:
    seeded("budget", "set", "400")
    ran = seeded("transfer", "videonest-api", "pcc", "5")
    assert ran.code == 0
    assert ran.err == "warning: projects are allocated $20.00 more than the budget of $400.00\n"
    seeded("transfer", "pool", "pcc", "5").refused(3, "$0.00 is all that the pool has unallocated")
