"""The cycle on the command line: ``period``, ``budget carry``, ``project carry``."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.period import PeriodRule
from budget_tui.presentation.formatting import period_name
from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]


# Carrying over


def test_what_comes_along_is_chosen_and_shown(seeded: Cli) -> None:
    assert seeded("project", "carry", "pcc", "both", "--cap", "20").done().out == (
        "PCC carries over: both, at most $20.00\n"
    )
    assert seeded("budget", "carry", "unspent").done().out == "the global budget carries over: unspent\n"
    assert "carries over: both, at most $20.00" in seeded("project", "show", "pcc").done().out
    assert "carried in $0.00; carries over: unspent" in seeded("budget", "show").done().out
    assert "CARRIES OVER" in seeded("project", "list").done().out
    february = seeded("--as-of", "2026-02-01", "project", "show", "pcc").done().out
    assert "allocation       $170.00" in february
    assert "carried in        $20.00" in february


def test_what_is_settled_again_is_told_in_one_line(seeded: Cli) -> None:
    seeded("project", "carry", "pcc", "unspent").done()
    february = ("--as-of", "2026-02-03")
    assert seeded(*february, "budget", "set", "600").done().err == ""
    ran = seeded(*february, "cost", "add", "pcc", "24", "--on", "2026-01-31", "--json")
    assert (ran.code, ran.err) == (
        0,
        "what is left of the closed period changed; now carried over: pcc $21.00 instead of $45.00\n",
    )
    assert "pcc $45.00 instead of $21.00" in seeded(*february, "undo").err
    assert seeded(*february, "cost", "add", "pcc", "0.001", "--on", "2026-01-31").done().err == ""
    seeded(*february, "cost", "add", "pcc", "1").done()


def test_a_command_names_the_periods_that_it_closes_before_they_ended(seeded: Cli) -> None:
    today = datetime.now(UTC).date()
    ahead = ("--as-of", f"{today + timedelta(days=70)}", "cost", "add", "pcc", "1")
    assert seeded("--as-of", f"{today}", "cost", "add", "pcc", "1").done().err == ""
    ran = seeded(*ahead)
    running = period_name(PeriodRule().containing(today))
    assert ran.code == 0
    assert re.fullmatch(rf"closed [23] periods that have not ended yet, {running} to \w+ \d+\n", ran.err)
    assert seeded(*ahead).done().err == ""


def test_a_day_more_than_two_years_ahead_closes_nothing(seeded: Cli) -> None:
    today = datetime.now(UTC).date()
    seeded("--as-of", f"{today}", "cost", "add", "pcc", "1").done()
    closed, far = seeded("period", "history", "--json").json, f"{today + timedelta(days=800)}"
    seeded("--as-of", far, "cost", "add", "pcc", "1").refused(2, f"{far} is more than 2 years ahead", "year by year")
    assert seeded("period", "history", "--json").json == closed
    assert seeded("--as-of", far, "status").done()
    assert seeded("--as-of", f"{today + timedelta(days=400)}", "cost", "add", "pcc", "1").code == 0
    assert seeded("--as-of", far, "cost", "add", "pcc", "1").code == 0


def test_without_a_policy_nothing_is_said_of_it(seeded: Cli) -> None:
    for command in (("project", "show", "pcc"), ("budget", "show"), ("project", "list")):
        assert "carr" not in seeded(*command).done().out.lower()


def test_carrying_over_as_json(seeded: Cli) -> None:
    answer = seeded("project", "carry", "pcc", "both", "--cap", "20", "--json").json
    assert {name: answer[name] for name in ("carry", "carry_cap_usd", "carried_usd")} == {
        "carry": "both",
        "carry_cap_usd": 20,
        "carried_usd": 0,
    }
    status = seeded("--as-of", "2026-02-01", "status", "--json").json
    assert status["projects"][0]["carried_usd"] == 20
    assert (status["global"]["carry"], status["global"]["carry_cap_usd"]) == ("none", None)


def test_agents_tokens_are_carried_over_too(seeded: Cli) -> None:
    seeded("agent", "add", "bot", "--project", "pcc", "--tokens", "1000").done()
    ran = seeded("agent", "carry", "bot", "unspent", "--cap", "2k").done()
    assert ran.out == "bot carries over: unspent, at most 2,000 tokens\n"
    assert seeded("agent", "carry", "bot", "unspent", "--json").json["carry_cap_tokens"] is None
    assert seeded("--as-of", "2026-02-01", "agent", "show", "bot", "--json").json["allocated_tokens"] == 2000


def test_what_is_no_way_to_carry_over(seeded: Cli) -> None:
    seeded("budget", "carry", "all").refused(2, "'all' is not a way to carry over")
    seeded("budget", "carry", "none", "--cap", "5").refused(2, "a cap needs a policy that carries something over")
    seeded("project", "carry", "nobody", "both").refused(4, "there is no project 'nobody'")


# The running period


def test_the_running_period(seeded: Cli) -> None:
    seeded("project", "carry", "pcc", "deficit")
    assert seeded("period", "show").done().out.splitlines()[:2] == [
        "January 2026 (Jan 1 – Jan 31), 18 days left",
        "closes by itself after Jan 31, 2026; Feb 1, 2026 – Feb 28, 2026 follows",
    ]
    assert "PCC carries over: deficit" in seeded("period", "show").out
    answer = seeded("period", "show", "--json").json
    assert (answer["period_start"], answer["period_end"]) == ("2026-01-01", "2026-01-31")
    assert (answer["kind"], answer["anchor"], answer["days_left"], answer["closed"]) == ("monthly", 1, 18, False)
    assert (answer["next_period_start"], answer["next_period_end"]) == ("2026-02-01", "2026-02-28")


# Closing by hand


def test_a_close_that_gives_more_than_there_is_says_so_in_words(seeded: Cli) -> None:
    shown = seeded("period", "close", "--dry-run", "--allocate", "dandelion=200").out.splitlines()
    assert shown[1] == "Jan 14 – Jan 31 follows: $500.00, $70.00 over-allocated"


def test_a_close_is_shown_before_it_is_done(seeded: Cli) -> None:
    shown = seeded("period", "close", "--dry-run", "--allocate", "dandelion=rest").done().out.splitlines()
    assert shown == [
        "Jan 1 – Jan 13 ends: $241.00 of $500.00 spent, $259.00 left, $0.00 carried over",
        "Jan 14 – Jan 31 follows: $500.00, $0.00 of it unallocated",
        "ID             PROJECT        ALLOCATION   SPENT  CARRIED    NEXT",
        "pcc            PCC                150.00  105.00     0.00  150.00",
        "videonest-api  VideoNest API      120.00   48.00     0.00  120.00",
        "python-api     Python API         100.00   88.00     0.00  100.00",
        "dandelion      Dandelion           50.00    0.00     0.00  130.00",
        "nothing was changed",
    ]
    unasked = seeded("period", "close", "--allocate", "dandelion=rest")
    unasked.refused(2, "closing a period needs a confirmation; try --dry-run, then add --yes")
    assert seeded("period", "history").done().out == "no period was closed yet\n"
    done = seeded("period", "close", "--allocate", "dandelion=rest", "--yes").done().out.splitlines()
    assert done == [*shown[:-1], "Jan 1 – Jan 13, 2026 is closed"]
    assert "was closed by hand; Jan 14, 2026 – Jan 31, 2026 follows" in seeded("period", "show").done().out


def test_a_period_that_was_cut_short_is_named_once(seeded: Cli) -> None:
    seeded("period", "close", "--yes").done()
    for command in (("status",), ("budget", "show"), ("period", "show")):
        first = seeded(*command).out.splitlines()[0]
        assert "Jan 1 – Jan 13, 2026" in first
        assert first.count("Jan 13") == 1


def test_a_close_as_json(seeded: Cli) -> None:
    answer = seeded("period", "close", "--allocate", "pcc=+10.50", "--json", "--yes").json
    assert (answer["period_end"], answer["next_period_start"]) == ("2026-01-13", "2026-01-14")
    assert (answer["spent_usd"], answer["next_monthly_budget_usd"]) == (241, 500)
    assert answer["projects"][0] == {
        "project_id": "pcc",
        "name": "PCC",
        "monthly_allocation_usd": 150,
        "spent_usd": 105,
        "carried_usd": 0,
        "next_monthly_allocation_usd": Decimal("160.5"),
    }


def test_a_second_close_on_one_day_is_refused(seeded: Cli) -> None:
    seeded("period", "close", "--yes").done()
    seeded("period", "close").refused(5, "is already closed; the next period starts on Jan 14, 2026")
    seeded("project", "allocate", "pcc", "+1").refused(2, "is closed", "the next period starts on Jan 14, 2026")
    seeded("status").done()


def test_more_than_there_is_is_warned_about(seeded: Cli) -> None:
    ran = seeded("period", "close", "--allocate", "pcc=300", "--yes")
    assert (ran.code, ran.err) == (0, "warning: projects open the next period with $70.00 more than there is\n")


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("pcc", 2, "'pcc' is not an allocation of a project"),
        ("=5", 2, "'=5' is not an allocation of a project"),
        ("pcc=much", 2, "'much' is not an allocation"),
        ("nobody=5", 4, "there is no project 'nobody'"),
    ],
)
def test_what_is_no_allocation(seeded: Cli, text: str, code: int, complaint: str) -> None:
    seeded("period", "close", "--allocate", text).refused(code, complaint)


def test_a_project_is_allocated_once(seeded: Cli) -> None:
    seeded("period", "close", "--allocate", "pcc=1", "--allocate", "pcc=2").refused(2, "'pcc' is allocated twice")


def on_a_terminal(database: Path, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that a person answers."""
    own, other = os.openpty()
    os.write(own, f"{answer}\n".encode())
    try:
        return subprocess.run(
            [sys.executable, "-m", "budget_tui", *arguments],
            cwd=ROOT,
            env=os.environ | {"BUDGET_TUI_DB": str(database)},
            stdin=other,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
    finally:
        os.close(own)
        os.close(other)


def test_on_a_terminal_it_asks(seeded: Cli, database: Path) -> None:
    refused = on_a_terminal(database, "n", "period", "close")
    assert refused.returncode == 2
    assert "Close it? [y/N] " in refused.stderr
    assert refused.stderr.endswith("error: not confirmed; nothing was changed\n")
    assert seeded("period", "history", "--json").json == []
    done = on_a_terminal(database, "y", "period", "close", "--json")
    assert done.returncode == 0, done.stderr
    assert "Jan 14 – Jan 31 follows" in done.stderr
    assert done.stdout.startswith("{")
    assert len(seeded("period", "history", "--json").json) == 1


# History


def test_history_as_json(seeded: Cli) -> None:
    seeded("--as-of", "2026-02-02", "cost", "add", "pcc", "3.12", "--on", "2026-01-31").done()
    [january] = seeded("period", "history", "--json").json
    figures = ("monthly_budget_usd", "allocated_usd", "spent_usd", "remaining_usd", "restated_usd")
    assert (january["period_start"], january["period_end"]) == ("2026-01-01", "2026-01-31")
    assert [january[name] for name in figures] == [500, 420, 241, 259, Decimal("3.12")]
    pcc = january["projects"][0]
    assert (pcc["project_id"], pcc["spent_usd"], pcc["restated_usd"]) == ("pcc", 105, Decimal("3.12"))
    assert seeded("--as-of", "2026-02-02", "period", "show", "2026-01-01", "--json").json == january
    running = seeded("--as-of", "2026-02-02", "period", "show", "2026-02-01", "--json").json
    assert (running["closed"], running["period_end"]) == (False, "2026-02-28")


def test_history_in_words(seeded: Cli) -> None:
    seeded("--as-of", "2026-03-02", "cost", "add", "pcc", "3.12", "--on", "2026-01-31").done()
    assert seeded("period", "history").done().out.splitlines() == [
        "PERIOD         BUDGET  ALLOCATED   SPENT    LEFT  STATUS    SINCE",
        "February 2026  500.00     420.00    0.00  500.00  ● within",
        "January 2026   500.00     420.00  241.00  259.00  ● within  +$3.12 after close",
    ]
    assert len(seeded("period", "history", "--limit", "1").done().out.splitlines()) == 2
    assert "January" in seeded("period", "history", "--before", "2026-02-01").done().out
    assert seeded("period", "history", "--before", "2026-01-01").done().out == "no period was closed before it\n"
    shown = seeded("period", "show", "2026-01-01").done().out
    assert "python-api     Python API         100.00   88.00  12.00  ● within" in shown
    seeded("period", "show", "2026-01-02").refused(4, "no period that started on 2026-01-02 was closed")


def test_what_agents_used_after_the_close_stands_beside_their_figures(seeded: Cli) -> None:
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1000").done()
    seeded("agent", "add", "idle", "--project", "pcc", "--tokens", "10").done()
    seeded("agent", "consume", "scout", "50").done()
    seeded("period", "close", "--yes").done()
    seeded("agent", "consume", "scout", "25").done()
    assert seeded("period", "show", "2026-01-01").done().out.splitlines()[-3:] == [
        "AGENT  TOKENS  USED  LEFT  SINCE",
        "scout   1,000    50   950  +25 after close",
        "idle       10     0    10",
    ]


# How periods recur


def test_a_change_of_the_rule_is_told_first(seeded: Cli) -> None:
    change = ("period", "set", "--anchor", "15")
    seeded(*change).refused(2, "needs a confirmation", "--dry-run", "--yes")
    told = seeded(*change, "--dry-run").done().out.splitlines()
    assert told == [
        "monthly from day 1 → monthly from day 15",
        "Jan 1, 2026 – Jan 31, 2026 stays as it is",
        "Feb 1, 2026 – Feb 14, 2026 follows, up to the new anchor",
        "Feb 15, 2026 – Mar 14, 2026 then",
        "Mar 15, 2026 – Apr 14, 2026 then",
        "budgets keep their amounts, also for the 14 days up to the new anchor",
        "every day is in exactly one period",
        "nothing was changed",
    ]
    assert seeded("period", "show", "--json").json["anchor"] == 1
    assert seeded(*change, "--yes").done().out.splitlines() == [*told[:-1], "changed"]
    assert seeded("period", "show", "--json").json["anchor"] == 15


def test_a_longer_period_has_the_amounts_of_the_shorter_one(seeded: Cli) -> None:
    told = seeded("period", "set", "--kind", "quarterly", "--dry-run").done().out
    assert "budgets keep their amounts, also for the 59 days up to the new anchor, then for a quarter\n" in told


def test_a_change_of_the_rule_as_json(seeded: Cli) -> None:
    answer = seeded(
        "period", "set", "--kind", "quarterly", "--fiscal-start", "2", "--anchor", "last", "--yes", "--json"
    )
    assert answer.json["after"]["kind"] == "quarterly"
    assert answer.json["after"]["anchor"] == "last"
    assert answer.json["periods"][1] == {"period_start": "2026-02-01", "period_end": "2026-02-27"}


def test_a_change_of_the_time_zone_says_what_becomes_of_today(seeded: Cli) -> None:
    told = seeded("period", "set", "--time-zone", "Asia/Tokyo", "--dry-run").done().out
    assert "→ Asia/Tokyo" in told
    assert "today is Jan 13, 2026 by the old one, Jan 13, 2026 by the new" in told
    assert "costs keep the day that they are stored with" in told


def test_on_a_terminal_a_change_asks(seeded: Cli, database: Path) -> None:
    assert on_a_terminal(database, "n", "period", "set", "--anchor", "15").returncode == 2
    done = on_a_terminal(database, "y", "period", "set", "--anchor", "15")
    assert done.returncode == 0, done.stderr
    assert "Feb 1, 2026 – Feb 14, 2026 follows" in done.stderr
    assert seeded("period", "show", "--json").json["anchor"] == 15


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "there is nothing to change"),
        (("--kind", "weekly"), "'weekly' is not a kind of period"),
        (("--anchor", "31"), "periods cannot start on day 31"),
        (("--fiscal-start", "0"), "'0' is not a month"),
        (("--time-zone", "Nowhere"), "'Nowhere' is not a time zone"),
        (("--kind", "monthly"), "nothing would change"),
    ],
)
def test_what_is_no_rule(seeded: Cli, options: tuple[str, ...], complaint: str) -> None:
    seeded("period", "set", *options, "--yes").refused(2, complaint)


def test_settings_choose_the_rule_of_a_new_organization(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "budget-tui"
    folder.mkdir(parents=True)
    settings = folder / "settings.toml"
    settings.write_text('period = "quarterly"\nanchor = "15"\nfiscal_start = "2"\n', encoding="utf-8")
    cli("budget", "set", "500").done()
    answer = cli("period", "show", "--json").json
    assert (answer["period_start"], answer["period_end"]) == ("2025-11-15", "2026-02-14")
    settings.write_text('anchor = "40"\n', encoding="utf-8")
    cli("--db", str(tmp_path / "other.db"), "budget", "set", "500").refused(2, "periods cannot start on day 40")


def test_a_period_without_any_budget_was_over_none(cli: Cli) -> None:
    cli("project", "add", "web").done()
    cli("cost", "add", "web", "7", "--on", "2026-01-10").done()
    cli("period", "close", "--yes").done()
    row = cli("period", "history").done().out.splitlines()[1]
    assert row.split()[-5:] == ["0.00", "7.00", "–", "○", "unfunded"]
    project = cli("period", "show", "2026-01-01").done().out.splitlines()[-1]
    assert project.split() == ["web", "web", "0.00", "7.00", "–", "○", "unfunded"]
    [closed] = cli("period", "history", "--json").json
    assert closed["remaining_usd"] == -7


def test_a_period_with_allocations_alone_was_over_none_but_its_projects_over_theirs(cli: Cli) -> None:
    assert cli("project", "add", "web", "--allocate", "5").code == 0
    assert cli("project", "add", "api").code == 0
    for project in ("web", "api"):
        assert cli("cost", "add", project, "7", "--on", "2026-01-10").code == 0
    running = {line.split()[0]: line.split()[-2:] for line in cli("project", "list").out.splitlines() if line}
    assert (running["web"], running["api"]) == (["✕", "exhausted"], ["○", "unfunded"])
    assert cli("period", "close", "--yes").code == 0
    assert cli("period", "history").done().out.splitlines()[1].split()[-4:] == ["14.00", "–", "○", "unfunded"]
    projects = cli("period", "show", "2026-01-01").done().out.splitlines()[-2:]
    assert [project.split() for project in projects] == [
        ["web", "web", "5.00", "7.00", "-2.00", "✕", "over"],
        ["api", "api", "0.00", "7.00", "–", "○", "unfunded"],
    ]


# What came after a close


def test_a_late_bill_is_told_with_what_it_makes_of_the_status(seeded: Cli) -> None:
    february = ("--as-of", "2026-02-02")
    seeded(*february, "cost", "add", "pcc", "1").done()
    assert seeded(*february, "cost", "add", "pcc", "80", "--on", "2026-01-12").code == 0
    shown = seeded(*february, "period", "show", "2026-01-01").done().out.splitlines()
    [pcc] = [line for line in shown if line.startswith("pcc")]
    assert pcc.endswith("● within  +$80.00 after close ✕ over")
    total = seeded(*february, "period", "history").done().out.splitlines()[1]
    assert total.endswith("● within  +$80.00 after close")


def test_a_late_bill_of_a_project_without_an_allocation_is_over(seeded: Cli) -> None:
    seeded("project", "add", "none").done()
    february = ("--as-of", "2026-02-02")
    seeded(*february, "cost", "add", "none", "8", "--on", "2026-01-12").done()
    shown = seeded(*february, "period", "show", "2026-01-01").done().out.splitlines()
    [line] = [line for line in shown if line.startswith("none")]
    assert line.endswith("○ unfunded  +$8.00 after close ✕ over")
