"""``sync`` and ``price``: what is said, as text and as JSON."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.agent_logs import SONNET, claude_line, codex_meta, codex_sum, codex_turn, use_home, write
from tests.cli.conftest import Cli


def test_unmapped_costs_without_a_price_come_to_no_amount(
    seeded: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home(monkeypatch, tmp_path)
    write(tmp_path / "claude/projects/p/s.jsonl", claude_line("m2", model="kimi-9000", cwd="/w/other"))
    seeded("sync", "claude-code").done()
    assert seeded("status").err.splitlines()[0] == "warning: 1 cost unmapped, without a price and in no project"
    seeded("price", "set", "kimi-9000", "--input", "3", "--output", "15", "--from", "2026-01-01").done()
    assert seeded("status").err.splitlines()[0].startswith("warning: 1 cost unmapped (")


def test_a_bill_without_a_project_says_what_it_takes_from_which(
    seeded: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home(monkeypatch, tmp_path)
    unpriced = claude_line("m2", model="kimi-9000", cwd="/w/other")
    write(tmp_path / "claude/projects/p/s.jsonl", claude_line(cwd="/w/shop"), unpriced)
    seeded("sync", "claude-code").done()
    amounts = {each["service"]: each["amount_usd"] for each in seeded("cost", "unmapped", "--json").done().json}
    assert amounts == {SONNET: Decimal("0.0045"), "kimi-9000": None}
    seeded("cost", "map", "pcc", "--directory", "/w/shop")
    (tmp_path / "bill.csv").write_text(
        "date,amount,provider,service\n2026-01-10,3,AWS,Claude Sonnet (Amazon Bedrock)\n"
    )
    told = seeded("cost", "import", str(tmp_path / "bill.csv")).done().out.splitlines()
    assert told[-2:] == [
        "the bill names no project, so that what it replaces counts in none: pcc <$0.01",
        "$3.00 without a project: budget-tui cost unmapped",
    ]
    takes = "the bill of anthropic names no project, so that what it replaced counts in none: PCC <$0.01"
    assert takes in seeded("status").err
    *_, said, whole, _ = seeded("cost", "unmapped").done().out.splitlines()
    option = "--service 'Claude Sonnet (Amazon Bedrock)'"
    assert (said, whole.partition("budget-tui ")[2]) == (takes, f"cost map ENTITY {option}")
    assert f"budget-tui cost map pcc {option} gives it all of that" in seeded("explain", "pcc").done().out
    seeded("cost", "map", "pcc", "--service", "Claude Sonnet (Amazon Bedrock)")
    assert "names no project" not in seeded("status").err


def test_directories_are_cut_at_their_beginning(seeded: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(monkeypatch, tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write(tmp_path / "claude/projects/p/s.jsonl", claude_line(cwd="/srv/customers/northwind/services/checkout-api"))
    assert "  …/northwind/services/checkout-api: <$0.01 for 1,100 tokens\n" in seeded("sync").done().out
    _, row, *_ = seeded("cost", "unmapped").done().out.splitlines()
    assert "…checkout-api  " in row
    assert len(row) <= 60


def test_logs_are_read_and_mapped(seeded: Cli, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(monkeypatch, tmp_path)
    seeded("sync").refused(4, "this machine has no logs of Claude Code or Codex", "they would be in")
    seeded("sync", "emacs").refused(2, "choose claude-code or codex")
    write(tmp_path / "claude/projects/p/s.jsonl", claude_line(cwd="/w/shop/api"), claude_line("m2", model="kimi-9000"))
    write(tmp_path / "codex/sessions/r.jsonl", codex_meta("c1"), codex_turn(), codex_sum(1000, 800, 50))
    none = {"messages": 1, "tokens": 1100, "total": {}}
    expected = {
        "sources": ["claude-code@laptop"],
        "files": 1,
        "files_read": 1,
        "unreadable_lines": {},
        "unreadable_files": [],
        "first_day": "2026-01-10",
        "last_day": "2026-01-10",
        "days": 1,
        "new": {"messages": 2, "tokens": 2200, "total": {"USD": Decimal("0.0045")}},
        "projects": {"pcc": {"messages": 1, "tokens": 1100, "total": {"USD": 0}}},
        "unmapped": {"/w/shop/api": {"messages": 1, "tokens": 1100, "total": {"USD": Decimal("0.0045")}}},
        "unpriced": {"kimi-9000": none},
        "estimates_replaced": 0,
        "paid_by_plan": [],
        "no_longer_paid_by_plan": {},
    }
    assert seeded("sync", "claude-code", "--dry-run", "--json").done().json == expected
    assert seeded("sync", "claude-code", "--json").done().json == expected
    assert "no price is known for kimi-9000: its 1,100 tokens are in no amount" in seeded("status").err
    assert seeded("sync").done().out == (
        "claude-code@laptop, codex@laptop: 2 logs, 1 read\n"
        "1 message of Jan 10, 2026, <$0.01 for 1,050 tokens: new\n"
        "  pcc: <$0.01 for 1,050 tokens\n"
    )
    assert seeded("cost", "unmapped").done().out.endswith("cost map PROJECT --directory /w/shop/api\n")
    assert seeded("cost", "map", "pcc", "--directory", "/w/x/../shop/").out.startswith(
        "costs with directory = /w/shop belong to pcc; <$0.01 from the past moved there"
    )
    seeded("cost", "map", "pcc", "--directory", "~nobody-here/x").refused(2, "home directory", "give the whole path")
    assert "directory = C:\\w\\atlas belong" in seeded("cost", "map", "pcc", "--directory", "C:\\w\\atlas").out
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.chdir(tmp_path)
    assert f"{tmp_path}/loop/x belong" in seeded("cost", "map", "pcc", "--directory", "loop/x").out
    with monkeypatch.context() as patch:
        patch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "loop"))
        seeded("sync", "claude-code").refused(4, "this machine has no logs of Claude Code", "they would be in")
    assert seeded("sync", "codex", "CODEX").out.startswith("codex@laptop: 1 log, 0 read")
    sources = seeded("cost", "source", "list", "--json").json
    assert [(each["source"], each["live"]) for each in sources if "@" in each["source"]] == [
        ("claude-code@laptop", True),
        ("codex@laptop", True),
    ]
    assert "a plan pays for codex@laptop" in seeded("sync", "codex", "--plan").done().out
    moved = seeded("cost", "map", "dandelion", "--directory", "/home/a/pcc").out
    assert "2 costs without an amount from the past moved there" in moved
    listed = seeded("cost", "source", "list").done().out
    assert "live, paid by a plan: <$0.01 otherwise" in listed
    assert "paid by a plan: tokens that would have cost <$0.01\n" in seeded("project", "show", "dandelion").out
    shown = seeded("project", "show", "dandelion", "--json").done().json
    assert (shown["spent_usd"], shown["would_have_cost_total"]) == (0, {"USD": Decimal("0.00085")})
    free = "codex@laptop is paid by tokens, no longer by a plan: <$0.01 would count again"
    assert f"no new messages\n{free}\n" in seeded("sync", "codex", "--no-plan", "--dry-run").out
    back = seeded("sync", "codex", "--no-plan", "--json").json
    assert (back["days"], back["no_longer_paid_by_plan"]) == (0, {"codex@laptop": {"USD": Decimal("0.00085")}})
    assert "nothing new\n" in seeded("sync", "codex", "--no-plan").out
    seeded("undo")
    assert seeded("db", "check").done()
    assert "unpriced  claude-code@laptop · kimi-9000" in seeded("explain", "dandelion").out
    [unpriced] = seeded("explain", "dandelion", "--json").json["counting"]
    assert (unpriced["service"], unpriced["amount"]) == ("kimi-9000", None)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE log_message SET output_tokens = output_tokens + 1 WHERE program = 'codex'")
    said = "codex@laptop: the cost of gpt-5-codex on 20260110 is not what its messages add up to"
    assert said in seeded("db", "check").out


WATCH = "import sys; from budget_tui.cli import app, sync; sync._SECONDS_APART = 0.05; sys.exit(app.run(sys.argv[1:]))"


def test_a_watch_reads_what_is_written(cli: Cli, tmp_path: Path) -> None:
    log = write(tmp_path / "codex/sessions/r.jsonl", codex_meta("c1"), codex_turn(), codex_sum(1000))
    environment = {**os.environ, "CODEX_HOME": str(tmp_path / "codex")}
    command = [sys.executable, "-c", WATCH, "sync", "codex", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert next(line for line in watch.stderr if line.startswith("reading logs into "))
        write(log, codex_meta("c1"), codex_turn(), codex_sum(1000), codex_sum(3500))
        assert next(line for line in watch.stdout if line.startswith("1 message") and "2,500 tokens" in line)
        watch.send_signal(signal.SIGTERM)
        assert watch.wait() == 0
    cli("sync", "--watch", "--json").refused(2, "--watch goes on for good")


def test_the_price_of_a_day_is_shown_with_whose_it_is(seeded: Cli, tmp_path: Path) -> None:
    assert seeded("price", "list").done().out.startswith("no prices of your own")
    assert seeded("price", "show", SONNET, "--on", "2026-01-10").done().out == (
        f"a million tokens of {SONNET} on Jan 10, 2026, built in:\n"
        "  input $3.00, cache read $0.30, cache write $3.75, cache write 1 h $6.00, output $15.00\n"
        "  beyond 200,000 tokens of input:"
        " input $6.00, cache read $0.60, cache write $7.50, cache write 1 h $12.00, output $22.50\n"
    )
    seeded("price", "show", "kimi-9000").refused(4, "there is no price for 'kimi-9000' on 2026-01-13", "price set")
    seeded("price", "show", "kimi-9000", "--on", "2026-01-05").refused(4, "--output AMOUNT --from 2026-01-05")
    seeded("price", "set", "kimi-9000", "--input", "1", "--output", "2").done()
    assert seeded("price", "show", "Kimi-9000", "--json").done().json == {
        "model": "kimi-9000",
        "on": "2026-01-13",
        "own": True,
        "currency": "USD",
        "grades": [
            {
                "beyond_tokens": 0,
                "input_usd": 1,
                "cache_read_usd": 1,
                "cache_write_usd": Decimal("1.25"),
                "cache_write_1h_usd": 2,
                "output_usd": 2,
            }
        ],
    }
    written = seeded("price", "set", "kimi-9000", "--cache-write", "1.5", "--cache-write-1h", "3", "--json").done().json
    assert (written["cache_write_usd"], written["cache_write_1h_usd"]) == (Decimal("1.5"), 3)
    assert "input_usd" not in written
    assert "cache write $1.50, cache write 1 h $3.00" in seeded("price", "show", "kimi-9000").done().out
    assert "cache-write-1h" in seeded("price", "list").done().out
    said = "kimi-9000: a million tokens: $1.50 cache-write, $3.00 cache-write-1h, from Jan 13, 2026"
    assert seeded("undo").done().out == f"undone: {said}\n"
    assert "cache write $1.25, cache write 1 h $2.00" in seeded("price", "show", "kimi-9000").done().out
    table = tmp_path / "prices.json"
    table.write_text(seeded("price", "list", "--json").done().out.replace('"amount_usd": 1,', '"amount_usd": 4,'))
    told = "2 prices of 1 model: 1 would be new or changed; nothing was written\n"
    assert seeded("price", "update", str(table), "--dry-run").done().out == told
    updated = {"file": str(table), "prices": 2, "changed": 1, "models": ["kimi-9000"]}
    updated |= {"days_changed": 0, "changed_usd": 0, "currency": "USD"}
    assert seeded("price", "update", str(table), "--json").done().json == updated
    same = "2 prices of 1 model; nothing changed: the same prices are set already\n"
    assert seeded("price", "update", str(table)).done().out == same
    table.write_text('[{"model": "kimi-9000",\n"kind": "inputs", "price": 1}]')
    seeded("price", "update", str(table)).refused(2, "prices.json:1: 'inputs' is not a kind; choose input")
