"""Whatever a user can cause is one line that says what, and what to do; scripts go by the exit code."""

from pathlib import Path

import pytest

from budget_tui import __version__
from budget_tui.cli.app import MODULES, SECTIONS
from budget_tui.config.settings import load_settings
from budget_tui.services.snapshots import Snapshots

from .conftest import Cli


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["statuss"], "; see budget-tui --help"),
        (["status", "--jsn"], "; see budget-tui status --help"),
        (["log", "--limit", "x"], "'--limit': give a whole number; see"),
        (["log", "--limit", "0"], "'--limit': it should be greater than or equal to 1; see"),
        (["key", "create", "x", "--scope", "all"], "'--scope': 'all' is not one of 'read', 'write'; see"),
        (["plan", "list", "--org", "acme"], "--org stands before the command; budget-tui --org … plan list"),
        (["status", "--verbose"], "--verbose stands before the command; budget-tui --verbose status"),
        (["status", "--json", "--line"], "--json and --line exclude each other; choose one"),
        (["status", "extra"], "(extra); see budget-tui status --help"),
        (["project"], "; see budget-tui project --help"),
        (["project", "ad"], "; see budget-tui project --help"),
        (["project", "add"], "'ID'; see budget-tui project add --help"),
        (["cost", "import"], "'FILE...'; see budget-tui cost import --help"),
        (["db", "restore"], "'FILE'; see budget-tui db restore --help"),
        (["--as-of", "13.1.2026", "status"], "'13.1.2026' is not a date; write it as 2026-01-13"),
        (["--as-of", "0001-01-01", "status"], "years go from 1900 to 2999"),
        (["--as-of"], "; see budget-tui --help"),
        (["monitor", "--interval", "soon"], "--interval"),
        (["monitor", "--interval", "0"], "--interval"),
        (["monitor", "--interval", "nan"], "--interval"),
        (["agent", "show", "\udcff"], "'\\udcff' is no text in UTF-8"),
        (["agent", "consume", "scout", "1", "--key", "\udcff"], "'\\udcff' is no text in UTF-8"),
    ],
)
def test_wrong_usage_is_one_line(cli: Cli, arguments: list[str], words: str) -> None:
    cli(*arguments).refused(2, words)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_what_cannot_be_a_host_is_refused(cli: Cli, host: str) -> None:
    assert cli("key", "create", "n", "--scope", "read").code == 0
    cli("serve", "--host", host, "--port", "0").refused(2, f"'{host}' is not a host name")


@pytest.mark.parametrize("command", [("log", "--limit"), ("log", "--before"), ("period", "history", "--limit")])
def test_more_rows_than_there_can_be_are_all(cli: Cli, command: tuple[str, ...]) -> None:
    cli("budget", "set", "500").done()
    assert len(cli(*command, "9" * 40, "--json").json) == (1 if command[0] == "log" else 0)


def test_the_dashboard_needs_a_terminal(cli: Cli, no_database: Path) -> None:
    cli().refused(2, "the dashboard needs a terminal", "budget-tui status")
    assert not no_database.exists()


def test_the_monitor_neither_makes_nor_writes_a_database(seeded: Cli, database: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    seeded("--db", str(missing), "monitor").refused(4, f"there is no database at {missing}")
    assert not missing.exists()
    empty = tmp_path / "empty.db"
    empty.touch()
    seeded("--db", str(empty), "monitor").refused(4, f"there is no database at {empty}")
    assert empty.read_bytes() == b""
    before = database.read_bytes()
    seeded("monitor").refused(2, "the monitor needs a terminal")
    assert database.read_bytes() == before


def test_the_version(cli: Cli) -> None:
    assert cli("--version").done().out == f"budget-tui {__version__}\n"


@pytest.mark.parametrize("noun", MODULES)
def test_every_command_has_help_that_begins_with_its_line_in_the_list(cli: Cli, noun: str) -> None:
    usage, _, described = cli(noun, "--help").done().out.partition("\n\n")
    assert usage.startswith(f"Usage: budget-tui {noun} ")
    assert " ".join(described.split()).startswith(MODULES[noun][1])
    assert cli(noun, "-h").done().out == cli(noun, "--help").out


def test_the_help_lists_every_command_in_its_section_with_a_whole_sentence(cli: Cli) -> None:
    out = cli("--help").done().out
    for heading, commands in SECTIONS.items():
        listed = out.partition(f"\n{heading}:\n")[2].partition("\n\n")[0].splitlines()
        assert [line.split()[0] for line in listed] == list(commands)
        assert [line.split(maxsplit=1)[1] for line in listed] == [summary for _, summary in commands.values()]
        assert [line for line in listed if not line.endswith(".")] == []


# What nobody expected


def broken(*_: object) -> None:
    raise ZeroDivisionError("division\nby zero")


def test_what_nobody_expected_is_one_line_too(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshots, "current", broken)
    seeded("status").refused(1, "error: unexpected ZeroDivisionError: division by zero", "BUDGET_TUI_DEBUG=1")


def test_its_traceback_can_be_had(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshots, "current", broken)
    monkeypatch.setenv("BUDGET_TUI_DEBUG", "1")
    ran = seeded("status")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "in broken" in ran.err


def test_an_interrupted_command_says_so(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Snapshots, "current", interrupted)
    seeded("status").refused(130, "interrupted; nothing was left half done")


# The settings file


@pytest.fixture
def settings(database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "config" / "budget-tui" / "settings.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("currency = ", "are not TOML"),
        ("colour = 'red'", "sets 'colour', which does not exist"),
        ("step = true", "'step' in"),
        ("step = '-1'", "must be an amount above 0"),
        ("step = -0.5", "must be an amount above 0"),
        ("step = nan", "must be an amount above 0"),
        ("currency = 5", "'currency' in"),
        ("keys = 'x'", "'keys' in"),
        ("anchor = 31", "periods cannot start on day 31"),
        ("period = 'daily'", "'daily' is not a kind of period"),
        ("fiscal_start = 13", "'fiscal_start' in"),
        ("time_zone = 'Mars/X'", "there is no 'Mars/X'"),
    ],
)
def test_settings_that_are_wrong_are_named(cli: Cli, settings: Path, content: str, words: str) -> None:
    settings.write_text(content)
    cli("status").refused(2, words, str(settings))


@pytest.mark.parametrize(
    ("written", "nanos"), [("25", 25_000_000_000), ("0.1", 100_000_000), ("1e-9", 1), ("'2.50'", 2_500_000_000)]
)
def test_a_step_may_be_a_number_and_is_exact(settings: Path, written: str, nanos: int) -> None:
    settings.write_text(f"step = {written}\nanchor = 15\nrequests_per_second = 50\n")
    loaded = load_settings(settings)
    assert loaded.step_nanos == nanos
    assert (loaded.anchor, loaded.requests_per_second_count) == ("15", 50)


def test_settings_that_cannot_be_read(cli: Cli, settings: Path) -> None:
    settings.write_bytes(b"currency = '\xff'")
    cli("status").refused(2, "cannot be read")


def test_settings_say_where_and_in_what_currency(
    cli: Cli, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUDGET_TUI_DB")
    settings.write_text(f'database = "{tmp_path / "mine.db"}"\ncurrency = "JPY"\ntime_zone = "Asia/Tokyo"\n')
    assert cli("budget", "set", "50000").done().out.startswith("¥0 → ¥50,000 for January 2026")
    assert (tmp_path / "mine.db").exists()
    assert cli("status", "--json").json["currency"] == "JPY"


def test_a_name_that_no_file_can_have_is_one_line(seeded: Cli) -> None:
    for command in (("plan", "export"), ("plan", "apply"), ("db", "backup"), ("db", "restore")):
        ran = seeded(*command, "x" * 300)
        assert ran.code == 2, ran
        assert ran.err.startswith("error: xxx"), ran
        assert "too long" in ran.err, ran
