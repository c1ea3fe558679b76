"""``log``: who changed what, the newest first."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget_tui.domain.audit import UNDO_DATA

from .conftest import Cli


def test_every_change_leaves_a_line(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "+20").done()
    seeded("transfer", "pcc", "pool", "5").done()
    newest, _, *_ = entries = seeded("log", "--json").done().json
    assert [entry["action"] for entry in entries[:3]] == ["transfer", "allocation.set", "cost.add"]
    facts = {"amount": "165", "from": "pcc", "to": "pool"}
    assert (newest["subject"], newest["before"], newest["after"]) == ("pcc", {"amount": "170"}, facts)
    assert entries[-1]["action"] == "budget.set"
    assert abs((datetime.now(UTC) - datetime.fromisoformat(newest["at"])).total_seconds()) < 60
    assert newest["actor"]


def test_the_log_in_words(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "+20").done()
    header, first, *_ = seeded("log").done().out.splitlines()
    assert header.split() == ["ENTRY", "WHEN", "WHO", "ACTION", "SUBJECT", "CHANGE"]
    assert first.endswith("amount 150 → 170")


def test_a_page_continues_where_the_last_one_ended(seeded: Cli) -> None:
    everything = seeded("log", "--json").json
    first = seeded("log", "--limit", "3", "--json").done().json
    rest = seeded("log", "--limit", "100", "--before", str(first[-1]["entry"]), "--json").done().json
    assert first + rest == everything
    assert seeded("log", "--before", "1").done().out == "no earlier changes\n"


def test_nothing_done_is_nothing_logged(seeded: Cli, cli: Cli) -> None:
    before = seeded("log", "--json").json
    seeded("project", "allocate", "pcc", "150").done()
    seeded("project", "rename", "pcc", "PCC").done()
    seeded("transfer", "pcc", "pool", "500").refused(3)
    assert seeded("log", "--json").json == before


def test_only_some_of_it(seeded: Cli) -> None:
    me = seeded("log", "--json").json[0]["actor"]

    def found(*options: str) -> set[tuple[str, str]]:
        return {(entry["action"], entry["subject"]) for entry in seeded("log", *options, "--json").done().json}

    assert found("--action", "budget") == {("budget.set", "global")}
    assert found("--action", "project.add", "--subject", "PC") == {("project.add", "pcc")}
    assert found("--subject", "api", "--action", "cost") == {("cost.add", "videonest-api"), ("cost.add", "python-api")}
    assert found("--who", me) == found()
    assert found("--who", "nobody") == found("--action", "set") == set()


def test_days_are_those_of_this_machine(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime.fromisoformat(seeded("log", "--limit", "1", "--json").json[0]["at"])
    for time_zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
        monkeypatch.setenv("TZ", time_zone)
        time.tzset()
        day = at.astimezone().date()
        before, after = day - timedelta(days=1), day + timedelta(days=1)
        assert f"{day} " in seeded("log", "--since", str(day), "--until", str(day), "--limit", "1").done().out
        assert seeded("log", "--since", str(after), "--json").done().json == []
        assert seeded("log", "--until", str(before)).done().out.startswith("no such changes\n")
    seeded("log", "--since", "yesterday").refused(2, "'yesterday' is not a date")
    monkeypatch.undo()
    time.tzset()


def test_an_empty_log(cli: Cli) -> None:
    assert cli("log").done().out == "no changes yet\n"
    assert cli("log", "--json").done().json == []


def test_a_limit_is_positive(cli: Cli) -> None:
    cli("log", "--limit", "0").refused(2, "--limit")
    cli("log", "--limit", "many").refused(2, "--limit")


def test_tokens_are_written_in_groups(seeded: Cli) -> None:
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1.5M").done()
    assert "tokens 0 → 1,500,000" in seeded("log", "--action", "agent.allocate").done().out


def test_the_log_file_says_what_changed_and_nothing_that_only_undoing_needs(cli: Cli, log_file: Path) -> None:
    log_file.unlink(missing_ok=True)
    cli("demo", "--load").done()
    lines = log_file.read_text("utf-8").splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) < 400
    for line in lines:
        assert f" {UNDO_DATA} {{" not in line
        assert re.search(r" budget_tui.(changes|agents): budget.db (default|acme|studio) demo: ", line)
