"""``alert``, ``check`` and ``watch`` on the command line."""

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budget_tui.cli import main

from .conftest import Cli


def test_rules_are_added_listed_shown_muted_and_removed(seeded: Cli) -> None:
    added = seeded("alert", "add", "pcc", "--share", "50,95", "--channel", "phone")
    assert added.out == "alert 3 watches pcc: share 50%, 95%\n"
    assert "this machine defines no channel 'phone'" in added.err
    assert "PCC has spent 70% of $150.00 for January 2026: $45.00 left; that is taken as it is" in added.err
    seeded("alert", "add", "pcc", "--forecast", "low", "--fail").done()
    assert [line.rstrip() for line in seeded("alert", "list").done().out.splitlines()] == [
        "ALERT  SCOPE         WHEN                         STATUS         CHANNELS        CHECK",
        "    1  each project  share 80%, 100%              ▲ 1 beyond it  dashboard only",
        "    2  each project  forecast likely over         ● quiet        dashboard only",
        "    3  pcc           share 50%, 95%               ▲ 1 beyond it  phone",
        "    4  pcc           forecast almost surely over  ● quiet        dashboard only  fails",
    ]
    [_, _, third, _] = seeded("alert", "list", "--json").done().json
    assert (third["thresholds"], third["channels"], third["entity_id"]) == (["50%", "95%"], ["phone"], "pcc")
    [finding] = third["findings"]
    assert (finding["threshold"], finding["command"]) == ("50%", "budget-tui cover pcc")
    assert (third["threshold_values"], finding["threshold_value"]) == ([50, 95], 50)
    assert seeded("alert", "show", "4").done().out == (
        "alert 4 watches pcc: forecast almost surely over\n"
        "● quiet, dashboard only, and budget-tui check fails while it holds\n"
    )
    assert "alert 3 on pcc is muted until " in seeded("alert", "mute", "3", "--for", "2h").done().out
    seeded("alert", "mute", "3", "--for", "2000d").done()
    year = (datetime.now(UTC) + timedelta(days=2000)).year
    for told in (seeded("alert", "list"), seeded("alert", "show", "3")):
        assert re.search(rf"○ muted until \w{{3}} \d+, {year} \d\d:\d\d", told.done().out)
    assert re.fullmatch(rf"undone: alert 3: muted until \w{{3}} \d+, {year} \d\d:\d\d\n", seeded("undo").done().out)
    assert seeded("alert", "mute", "3", "--off").done().out == "alert 3 on pcc is not muted any more\n"
    assert seeded("alert", "mute", "3", "--off").done().out == "alert 3 on pcc was not muted\n"
    seeded("alert", "mute", "9", "--off").refused(4, "no alert '9'")
    seeded("alert", "remove", "9").refused(4, "no alert '9'")
    assert seeded("alert", "remove", "3").done().out == "alert 3 on pcc is removed: share 50%, 95%\n"
    assert seeded("undo").done().out == "undone: alert 3: no longer watches PCC: share 50%, 95%, to phone\n"
    assert seeded("alert", "log").done().out == "nothing was reported yet\n"


def test_a_rule_is_changed_in_part(seeded: Cli) -> None:
    seeded("alert", "add", "pcc", "--share", "50,95", "--category", "total", "--fail")
    edited = seeded("alert", "edit", "3", "--share", "60", "--channel", "phone")
    assert edited.out == "alert 3 watches pcc, total: share 60%\n"
    assert "PCC has spent 70% of $150.00 for January 2026: $45.00 left; that is taken as it is" in edited.err
    rule = seeded("alert", "edit", "3", "--no-fail", "--category", "", "--json").json
    assert (rule["thresholds"], rule["channels"], rule["category"], rule["fails"]) == (["60%"], ["phone"], "", False)
    assert seeded("alert", "edit", "3", "--runway", "3", "--channel", "").out == "alert 3 watches pcc: runway 3 days\n"
    assert seeded("alert", "edit", "3", "--silent", "aws", "3", "--json").json["entity_id"] is None
    seeded("alert", "add", "--silent", "aws", "3").refused(5, "alert 3 is the same rule; nothing was changed")
    seeded("alert", "edit", "2", "--silent", "aws", "3").refused(5, "alert 3 is the same rule; nothing was changed")
    for _ in range(4):
        assert "undone: alert 3: watches " in seeded("undo").out
    assert seeded("alert", "list", "--json").json[2]["thresholds"] == ["50%", "95%"]
    seeded("alert", "edit", "3").refused(2, "there is nothing to change")
    seeded("alert", "edit", "3", "--share", "5", "--left", "1").refused(2, "exactly one of")
    seeded("alert", "edit", "3", "--scope", "nobody").refused(4, "no entity 'nobody'")
    seeded("alert", "edit", "9", "--share", "5").refused(4, "no alert '9'")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pcc",), 2, "exactly one of --share, --left"),
        (("pcc", "--share", "80", "--left", "5"), 2, "not 2"),
        (("pcc", "--share", "many"), 2, "'many' is not an amount"),
        (("pcc", "--share", "0"), 2, "always crossed"),
        (("pcc", "--forecast", "high"), 2, "give median or low"),
        (("nobody", "--share", "80"), 4, "no entity 'nobody'"),
        (("pcc", "--silent", "aws", "3"), 2, "watches the whole organization"),
        (("pcc", "--spike", "--category", "cloud"), 2, "watches no single category"),
        (("pcc", "--share", "80", "--type", "hours"), 2, "'hours' is not a type"),
    ],
)
def test_what_is_no_rule_is_refused(seeded: Cli, arguments: tuple[str, ...], code: int, words: str) -> None:
    seeded("alert", "add", *arguments).refused(code, words)
    seeded("alert", "remove", "99").refused(4, "no alert '99'")
    seeded("alert", "show", "first").refused(4, "no alert 'first'")


def test_a_rule_with_nothing_to_watch_yet_says_so(seeded: Cli) -> None:
    waiting = seeded("alert", "add", "pcc", "--left", "20", "--category", "genai")
    assert waiting.out == "alert 3 watches pcc, genai: left $20.00\n"
    assert waiting.err == "warning: no budget runs that it could watch (pcc, genai): it waits for one\n"
    assert "no cost has come from source 'awz' so far" in seeded("alert", "add", "--silent", "awz", "3").err
    assert seeded("alert", "add", "--unmapped", "5").err == ""
    [*_, genai, silent, _] = seeded("alert", "list").done().out.splitlines()
    assert ("nothing yet" in genai, "nothing yet" in silent) == (True, True)
    seeded("cost", "add", "python-api", "40").done()
    over = seeded("alert", "add", "python-api", "--left", "20")
    assert "Python API is $28.00 over $100.00 for January 2026; that is taken as it is" in over.err


def test_tokens_that_an_agent_uses_are_reported(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUDGET_TUI_AS_OF")
    cli("project", "add", "pcc").done()
    cli("agent", "add", "scout", "--project", "pcc", "--tokens", "1000").done()
    cli("alert", "add", "scout", "--share", "50").done()
    assert cli("agent", "consume", "scout", "600").done().out == "scout: 1,000 tokens, 600 used, 400 available\n"
    assert "scout has used 60% of 1,000 tokens" in cli("alert", "log").done().out


@pytest.mark.parametrize("options", [(), ("--source", "bills")], ids=["without Typer", "with Typer"])
def test_costs_that_are_imported_are_reported(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.delenv("BUDGET_TUI_AS_OF")
    cli("budget", "set", "50").done()
    cli("project", "add", "pcc", "--allocate", "10").done()
    export = tmp_path / "costs.csv"
    export.write_text(f"date,project,amount\n{datetime.now(UTC).date()},pcc,9.40\n")
    assert main.run(["cost", "import", str(export), *options]) == 0
    assert "PCC" in cli("alert", "log").done().out.upper()


def test_a_check_fails_while_a_budget_is_exceeded(seeded: Cli) -> None:
    assert seeded("check").done().out == "5 budgets within limits\n"
    seeded("cost", "add", "dandelion", "50").done()
    assert seeded("check").code == 0  # all of it is used, and no more
    seeded("cost", "add", "dandelion", "0.01").done()
    failed = seeded("check")
    assert (failed.code, failed.out) == (3, "Dandelion has used $50.01 of $50.00 for January 2026\n")
    seeded("check", "pcc").done()
    answer = json.loads(seeded("check", "--json").out)
    assert (answer["passed"], [each["entity_id"] for each in answer["exceeded"]]) == (False, ["dandelion"])
    seeded("check", "nowhere").refused(4, "no entity 'nowhere'")


def test_what_is_held_counts_and_so_does_a_rule_that_fails(seeded: Cli) -> None:
    seeded("alert", "add", "python-api", "--left", "12", "--fail")
    failed = seeded("check", "python-api")
    assert (failed.code, failed.out) == (3, "Python API has $12.00 left of $100.00 for January 2026\n")
    seeded("alert", "mute", "3").done()
    assert seeded("check").code == 3
    assert seeded("check", "pcc").code == 0


def test_old_costs_are_a_warning_or_fail(seeded: Cli, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text("date,amount,project\n2026-01-09,5,pcc\n")
    assert seeded("cost", "import", str(tmp_path / "bill.csv"), "--source", "bank").code == 0
    late = seeded("check")
    assert (late.code, late.err) == (0, "warning: data through Jan 9, 2026\n")
    assert seeded("check", "--max-age", "4").code == 0
    old = seeded("check", "--max-age", "3")
    assert (old.code, old.err.splitlines()[-1]) == (1, "error: costs are 4 days old; import newer ones")


def test_the_unit_names_this_program_and_database(seeded: Cli, database: Path) -> None:
    unit = seeded("watch", "--print-systemd").done().out
    assert f"--db {database} --org default watch\n" in unit
    assert "[Install]\nWantedBy=default.target\n" in unit


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("100%.db", "{}/100%%.db"),
        ("my budget.db", '"{}/my budget.db"'),
        ('it\'s $5 "\\".db', '"{}/it\'s $$5 \\"\\\\\\".db"'),
    ],
)
def test_the_unit_writes_arguments_as_systemd_reads_them(cli: Cli, tmp_path: Path, name: str, written: str) -> None:
    unit = cli("--db", str(tmp_path / name), "watch", "--print-systemd").done().out
    assert f" --db {written.format(tmp_path)} --org default watch\n" in unit


def test_a_test_message_needs_a_channel_of_this_machine(seeded: Cli, database: Path) -> None:
    seeded("alert", "test", "phone").refused(4, "no channel 'phone'", "[channels.phone]")
    settings = database.parent / "config" / "budget-tui" / "settings.toml"
    settings.parent.mkdir(parents=True)
    out = database.parent / "out"
    settings.write_text(
        f"[channels.phone]\ncommand = 'tee {out}'\n[channels.broken]\ncommand = 'false'\n"
        "[channels.file]\ncommand = 'false >> messages'\n"
    )
    assert seeded("alert", "test", "phone").done().out == "a test message was sent through phone\n"
    assert json.loads(out.read_text())["kind"] == "test"
    seeded("alert", "test", "broken").refused(2, "channel 'broken' failed: the command ended with 1; look at")
    seeded("alert", "test", "file").refused(2, "ended with 1 (it runs without a shell: for '>>' write sh -c '…')")


def test_a_channel_whose_settings_are_wrong_stops_only_what_it_sends(
    cli: Cli, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUDGET_TUI_AS_OF")
    settings = database.parent / "config" / "budget-tui" / "settings.toml"
    settings.parent.mkdir(parents=True)
    out = database.parent / "out"
    settings.write_text(f"[channels.phone]\ncomand = 'x'\n[channels.desk]\ncommand = 'tee {out}'\n")
    problem = f"warning: channel 'phone' in {settings} sets 'comand', which does not exist; there are: "
    cli("budget", "set", "500").done()
    cli("project", "add", "pcc", "--allocate", "100").done()
    added = cli("alert", "add", "pcc", "--share", "50", "--channel", "phone", "--channel", "desk")
    assert (added.code, added.err.startswith(problem)) == (0, True)
    cli("cost", "add", "pcc", "60").done()
    cli("status").done()
    assert cli("alert", "list").err.startswith(problem)
    checked = cli("check")
    assert (checked.code, problem in checked.err) == (0, True)
    assert "not sent to phone: its settings are not valid" in checked.err
    assert out.exists(), "the other channel sends"
    cli("alert", "test", "phone").refused(2, "channel 'phone'", "'comand'")


def test_a_watch_sends_what_another_program_caused(
    cli: Cli, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything for real, on today's date: a command writes, the watch sends, and a signal ends it."""
    monkeypatch.delenv("BUDGET_TUI_AS_OF")
    settings = database.parent / "config" / "budget-tui" / "settings.toml"
    settings.parent.mkdir(parents=True)
    out = tmp_path / "out"
    settings.write_text(f"[channels.phone]\ncommand = 'tee {out}'\n[channels.broken]\ncommand = 'false'\n")
    cli("budget", "set", "500").done()
    cli("project", "add", "pcc", "--allocate", "100").done()
    cli("alert", "add", "pcc", "--share", "50", "--channel", "phone", "--channel", "broken").done()
    with subprocess.Popen([sys.executable, "-m", "budget_tui", "watch"], stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        assert watch.stderr.readline().startswith("watching ")
        cli("cost", "add", "pcc", "60").done()
        told = [next(line for line in watch.stderr if "sent" in line) for _ in range(2)]
        aside = database.rename(database.with_name("aside.db"))
        assert watch.stderr.readline().startswith("error: there is no database")
        aside.rename(database)
        assert watch.stderr.readline() == f"watching {database} again\n"
        watch.send_signal(signal.SIGTERM)
    assert watch.returncode == 0
    assert told[0] == "warning: not sent to broken: the command ended with 1\n"
    assert told[1].startswith("sent to phone: pcc has spent 60% of $100.00")
    assert "pcc has spent 60% of $100.00" in json.loads(out.read_text())["sentence"]
    assert cli("alert", "log").done().out.rstrip().endswith("phone sent")
