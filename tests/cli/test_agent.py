"""``agent``: tokens from the command line."""

from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.cli.session import Session

from .conftest import Cli


@pytest.fixture
def scout(seeded: Cli) -> Cli:
    """The worked example with an agent of PCC that may use a million tokens."""
    seeded("agent", "add", "scout", "--project", "pcc", "--name", "Scout", "--model", "m1", "--tokens", "1M").done()
    return seeded


def counts(cli: Cli) -> tuple[int, int, int, int]:
    answer = cli("agent", "show", "scout", "--json").done().json
    return tuple(int(answer[f"{name}_tokens"]) for name in ("allocated", "used", "reserved", "available"))  # type: ignore[return-value]


def test_tokens_are_allocated_used_and_topped_up(scout: Cli) -> None:
    out = scout("agent", "consume", "scout", "600k", "--output", "100k").done().out
    assert out == "scout: 1,000,000 tokens, 600,000 used, 400,000 available\n"
    scout("agent", "allocate", "scout", "700,000").done()
    assert (
        scout("agent", "top-up", "scout", "50k").done().out
        == "scout: 750,000 tokens, 600,000 used, 150,000 available\n"
    )
    assert counts(scout) == (750_000, 600_000, 0, 150_000)


def test_show_answers_the_names_that_stay(scout: Cli) -> None:
    answer = scout("agent", "show", "scout", "--json").done().json
    assert {name: answer[name] for name in list(answer)[:8]} == {
        "agent_id": "scout",
        "name": "Scout",
        "project_id": "pcc",
        "model": "m1",
        "allocated_tokens": 1_000_000,
        "used_tokens": 0,
        "reserved_tokens": 0,
        "available_tokens": 1_000_000,
    }
    assert scout("agent", "list", "--json").done().json == [answer]


def test_show_in_words(scout: Cli) -> None:
    scout("agent", "reserve", "scout", "250k").done()
    assert scout("agent", "show", "scout").done().out.splitlines() == [
        "Scout (scout) of pcc, m1  ● healthy",
        "allocated  1,000,000",
        "used               0  (0%)",
        "reserved     250,000",
        "available    750,000",
        "rate               0 an hour",
        "runs out   ∞",
        "data through Jan 13, 2026",
    ]


def test_what_does_not_fit_exits_with_3_and_names_what_is_available(scout: Cli) -> None:
    scout("agent", "consume", "scout", "999,999").done()
    for command in ("consume", "reserve"):
        scout("agent", command, "scout", "2").refused(3, "1 token is all that scout has available")
    assert counts(scout) == (1_000_000, 999_999, 0, 1)


def test_a_reservation_is_settled_or_released(scout: Cli) -> None:
    first, second = (
        str(scout("agent", "reserve", "scout", "400k", "--for", "2h", "--json").done().json["reservation_id"])
        for _ in range(2)
    )
    assert counts(scout) == (1_000_000, 0, 800_000, 200_000)
    scout("agent", "settle", first, "300k", "--output", "10k", "--key", "s").done()
    scout("agent", "settle", first, "300k", "--output", "10k", "--key", "s").done()
    scout("agent", "settle", first, "301k").refused(5, "was settled with 300,000 tokens")
    other_kinds = "was settled with 10,000 output and 0 cached tokens of 300,000"
    scout("agent", "settle", first, "300k").refused(5, other_kinds)
    scout("agent", "release", second).done()
    assert counts(scout) == (1_000_000, 300_000, 0, 700_000)


def test_the_same_key_counts_once_and_answers_alike(scout: Cli) -> None:
    consume = ("agent", "consume", "scout", "5", "--key", "k", "--json")
    assert scout(*consume).done().out == scout(*consume).done().out
    scout("agent", "consume", "scout", "6", "--key", "k").refused(5, "'k' was used for another request")
    assert counts(scout)[1] == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["consume", "nobody", "5"], 4, "there is no agent 'nobody'"),
        (["consume", "pcc", "5"], 4, "there is no agent 'pcc'"),
        (["allocate", "nobody", "5"], 4, "there is no agent 'nobody'"),
        (["allocate", "scout", "+1M"], 2, "'+1M' is a change, not a number of tokens; give the whole number, or add"),
        (["consume", "scout", "0"], 2, "no positive number of tokens"),
        (["consume", "scout", "-5"], 2, "'-5' is not a whole number"),
        (["consume", "scout", "1.5"], 2, "'1.5' is not a whole number"),
        (["consume", "scout", "5", "--output", "6"], 2, "more than 5"),
        (["reserve", "scout", "5", "--for", "soon"], 2, "'soon' is not a length of time"),
        (["reserve", "scout", "5", "--for", "8d"], 2, "cannot be reserved"),
        (["settle", "nothing", "5"], 4, "there is no reservation 'nothing'"),
        (["add", "pcc", "--project", "pcc"], 5, "already exists"),
        (["add", "critic", "--project", "nobody"], 4, "there is no project 'nobody'"),
        (["add", "critic"], 2, "missing option '--project'"),
    ],
)
def test_a_refused_command_says_why(scout: Cli, arguments: list[str], code: int, words: str) -> None:
    scout("agent", *arguments).refused(code, words)
    assert counts(scout) == (1_000_000, 0, 0, 1_000_000)


def test_a_price_makes_costs_of_tokens(scout: Cli) -> None:
    scout("agent", "consume", "scout", "1M", "--output", "100k").done()
    assert scout("price", "set", "M1", "--input", "3", "--output", "15", "--from", "2026-01-01").done().out == (
        "a million tokens of m1 from Jan 1, 2026: input $3.00, output $15.00\n1 daily cost recalculated: +$4.20\n"
    )
    assert scout("project", "show", "pcc", "--json").json["spent_usd"] == Decimal("109.2")
    answer = scout("price", "set", "m1", "--cached", "0.075", "--json").done().json
    assert answer == {
        "model": "m1",
        "from": "2026-01-13",
        "cached_usd": Decimal("0.075"),
        "days_changed": 0,
        "changed_usd": 0,
        "currency": "USD",
    }
    assert [line.split() for line in scout("price", "list").done().out.splitlines()[1:]] == [
        ["m1", "cached", "Jan", "13,", "2026", "$0.075"],
        ["m1", "input", "Jan", "1,", "2026", "$3.00"],
        ["m1", "output", "Jan", "1,", "2026", "$15.00"],
    ]
    assert scout("price", "list", "--json").json[0]["amount_usd"] == Decimal("0.075")
    scout("price", "set", "m1").refused(2, "a price is missing")
    scout("price", "set", "m1", "--input", "-3").refused(2, "cannot be negative")
    scout("price", "set", "m1", "--input", "3", "--from", "soon").refused(2, "'soon' is not a date")


def test_a_project_tells_its_agents_tokens(scout: Cli) -> None:
    scout("agent", "add", "critic", "--project", "pcc", "--tokens", "500").done()
    scout("agent", "consume", "critic", "100").done()
    assert scout("project", "show", "pcc", "--json").json["agents"] == {
        "agents": 2,
        "allocated_tokens": 1_000_500,
        "used_tokens": 100,
        "reserved_tokens": 0,
        "available_tokens": 1_000_400,
    }
    last = scout("project", "show", "pcc").done().out.splitlines()[-1]
    assert last == "2 agents: 1,000,500 tokens allocated, 100 used, 1,000,400 available"
    assert "agent" not in scout("project", "show", "dandelion").out


def test_agents_are_renamed_archived_and_listed(scout: Cli) -> None:
    assert scout("agent", "rename", "scout", "Pathfinder").done().out == "scout renamed to Pathfinder\n"
    assert scout("agent", "list").done().out.splitlines()[1].split()[:4] == ["scout", "Pathfinder", "pcc", "1,000,000"]
    scout("agent", "archive", "scout").done()
    assert scout("agent", "list").done().out.startswith("no agents yet")
    scout("agent", "show", "scout").refused(4, "is archived; budget-tui agent add scout --project pcc restores it")
    scout("gate", "--agent", "scout").refused(4, "is archived; budget-tui agent add scout --project pcc restores it")


# The log


def test_what_is_done_and_refused_is_in_the_log(scout: Cli, log_file: Path) -> None:
    log_file.unlink()
    scout("agent", "consume", "scout", "400", "--key", "k").done()
    scout("agent", "consume", "scout", "400", "--key", "k").done()
    scout("agent", "consume", "scout", "2M")
    scout("agent", "top-up", "scout", "1").done()
    lines = [line.split(" ", 3) for line in log_file.read_text("utf-8").splitlines()]
    assert [level for _, level, _, _ in lines] == ["INFO", "WARNING", "INFO"]
    used, refused, changed = (said for *_, said in lines)
    assert all(" budget.db default " in said for said in (used, refused, changed)), "which database, and whose"
    assert used.endswith("scout consumed 400 tokens, 999600 available")
    assert ": scout consume 2000000 refused: 999,600 tokens are all" in refused
    assert changed.endswith("agent.top-up scout tokens 1,000,000 → 1,000,001")


def test_looking_leaves_no_log(scout: Cli, log_file: Path) -> None:
    log_file.unlink()
    for command in (("status",), ("status", "--line"), ("agent", "list"), ("agent", "show", "scout"), ("log",)):
        scout(*command).done()
    assert not log_file.exists()


def test_verbose_says_it_on_standard_error(scout: Cli) -> None:
    ran = scout("--verbose", "agent", "consume", "scout", "5")
    assert ran.code == 0
    assert "scout consumed 5 tokens" in ran.err
    assert scout("agent", "consume", "scout", "5").done().err == ""


def test_the_screen_is_no_place_for_a_log(
    scout: Cli, database: Path, log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(str(database), verbose=True)
    session.start_logging(aloud=False)
    session.services.agents.consume("scout", 7)
    assert "scout consumed 7 tokens" in log_file.read_text("utf-8")
    assert capsys.readouterr().err == ""


def test_money_bounds_the_tokens_of_an_enforced_agent(seeded: Cli) -> None:
    seeded("price", "set", "opus", "--input", "3").done()
    seeded("agent", "add", "scout", "--project", "python-api", "--model", "opus", "--tokens", "9M", "--enforce").done()
    seeded("agent", "consume", "scout", "4000001").refused(
        3, "$12.00 is all that Python API has left and not held, and 4,000,001 tokens of scout cost $12.00"
    )
    seeded("agent", "enforce", "scout", "off").done()
    assert seeded("agent", "show", "scout", "--json").json["enforced"] is False
    shown = seeded("project", "enforce", "python-api").done().out
    assert shown == "the money of Python API bounds its agents' tokens\n"
    assert seeded("project", "show", "python-api", "--json").json["enforced"] is True
    assert "enforced: the money of its project" in seeded("agent", "show", "scout").done().out
    seeded("agent", "consume", "scout", "5M").refused(3, "5,000,000 tokens")
    seeded("project", "enforce", "python-api", "maybe").refused(2, "'maybe' is neither on nor off")
    seeded("project", "enforce", "ORG").refused(4, "no project")
    assert seeded("entity", "enforce", "ORG", "--json").json["enforced"] is True
