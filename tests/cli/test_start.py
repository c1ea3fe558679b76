"""The short way past Typer understands what Typer understands, or leaves it to Typer."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from budget_tui.cli import main
from budget_tui.cli.app import app
from budget_tui.cli.cost_import import FLAGS, plain_import
from budget_tui.cli.gate_check import FLAGS as GATE_FLAGS
from budget_tui.cli.gate_check import OPTIONS as GATE_OPTIONS
from budget_tui.cli.main import split, without_typer

from .conftest import Cli

SAMPLE = str(Path(__file__).parents[1] / "fixtures" / "focus" / "focus-1.0-sample.csv")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--db", "a.db"],
        ["--db=a=b.db", "--org", "acme"],
        ["--as-of", "2026-01-13", "--db", "a.db", "--db", "b.db"],
        ["--org", "--db"],
        ["--db="],
    ],
)
def test_plain_options_mean_what_typer_takes_them_for(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGET_TUI_ORG", "from the environment")
    context = typer.main.get_command(app).make_context("budget-tui", list(arguments))
    assert split(arguments) == ((context.params["db"], context.params["org"], context.params["as_of"]), ())


@pytest.mark.parametrize(
    "arguments",
    [
        *(["status"], ["--db"], ["--help"], ["--version"], ["--dbs", "x"], ["--", "--db", "x"], ["status", "-h"]),
        *(["status", "--line", "--width"], ["status", "--line", "--width", "x"], ["status", "--line", "--width", "0"]),
        *(["status", "--width", "9", "--line"], ["status", "--line", "--json"]),
        *(["gate", "-h"], ["gate", "--project"], ["gate", "--est", "--json"], ["gate", "pcc"], ["gate", "--today=1"]),
    ],
)
def test_everything_else_is_left_to_typer(arguments: list[str]) -> None:
    for before in ([], ["--db", "a.db"]):
        _, rest = split([*before, *arguments])
        assert list(rest) == arguments
        assert without_typer(rest) is None


@pytest.mark.parametrize(
    "words",
    [
        ["cost", "import"],
        ["cost", "import", "--strict"],
        ["cost", "import", "--source", "aws", "a.csv"],
        ["cost", "import", "a.csv", "--tag=team"],
        ["cost", "import", "--", "--strict"],
        ["cost", "import", "a.csv", "-h"],
        ["cost", "import", "a.csv", "--once", "--no-once"],
        ["cost", "unmapped", "a.csv"],
        ["import", "a.csv"],
    ],
)
def test_an_import_that_says_more_than_files_and_flags_is_left_to_typer(words: list[str]) -> None:
    assert plain_import(words) is None


def test_an_import_without_typer_knows_the_same_flags() -> None:
    command = typer.main.get_command(app).get_command(None, "cost").get_command(None, "import")  # type: ignore[attr-defined]
    options = [option for option in command.params if getattr(option, "is_flag", False)]
    flags = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    assert set(FLAGS) == flags


@pytest.mark.parametrize(
    "flags", [(), ("--json",), ("--dry-run",), ("--strict",), ("--effective", "--json"), ("--no-once",)]
)
def test_an_import_without_typer_does_what_typer_would(
    flags: tuple[str, ...], seeded: Cli, example: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_typer = seeded("cost", "import", *flags, "--source", "focus", SAMPLE).done()
    shutil.copy(example, database)
    code = main.run(["cost", "import", *flags, SAMPLE])
    captured = capsys.readouterr()
    assert (code, captured.out, captured.err) == (by_typer.code, by_typer.out, by_typer.err)


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that ``code`` leaves loaded."""
    code = f"import sys; {code}; print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def test_the_first_frame_waits_for_neither_typer_nor_the_database() -> None:
    loaded = loaded_by("import budget_tui.cli.main, budget_tui.bootstrap, budget_tui.tui.app")
    slow = {"typer", "sqlite3", "sqlmodel", "sqlalchemy", "alembic", "duckdb", "budget_tui.storage.session"}
    assert loaded & slow == set()


def test_the_status_line_does_without_typer(example: Path) -> None:
    run = "from budget_tui.cli.main import run; run(sys.argv[1:])"
    loaded = loaded_by(run, "--db", str(example), "--as-of", "2026-01-13", "status", "--line")
    assert "budget_tui.storage.fast_paths" in loaded
    assert loaded & {"typer", "pydantic", "sqlmodel", "sqlalchemy", "textual"} == set()


def test_an_import_does_without_typer(seeded: Cli, database: Path) -> None:
    run = "from budget_tui.cli.main import run; run(sys.argv[1:])"
    loaded = loaded_by(run, "--db", str(database), "--as-of", "2026-01-13", "cost", "import", SAMPLE)
    assert "duckdb" in loaded
    assert loaded & {"typer", "textual"} == set()


def test_a_gate_without_typer_knows_the_same_options() -> None:
    command = typer.main.get_command(app).get_command(None, "gate")  # type: ignore[attr-defined]
    known = {name: getattr(option, "is_flag", False) for option in command.params for name in option.opts}
    assert known == {**dict.fromkeys(GATE_OPTIONS, False), **dict.fromkeys(GATE_FLAGS, True)}


@pytest.mark.parametrize(
    "words",
    [
        ("--project=pcc", "--json"),
        ("--est", "46", "--project", "pcc"),
        ("--today",),
        ("--agent", "nobody"),
        ("--hook", "claude-code"),
        ("--hook=gemini-cli", "--project", "pcc", "--est", "46"),
    ],
)
def test_a_gate_without_typer_does_what_typer_would(
    words: tuple[str, ...], seeded: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    by_typer = seeded("gate", *words)
    code = main.run(["gate", *words])
    captured = capsys.readouterr()
    assert (code, captured.out, captured.err) == (by_typer.code, by_typer.out, by_typer.err)


def test_for_a_hook_the_gate_is_silent_and_blocks_whatever_stops_it(seeded: Cli, tmp_path: Path) -> None:
    for hook in ("claude-code", "gemini-cli"):
        allowed = seeded("gate", "--project", "pcc", "--est", "45", "--hook", hook)
        assert (allowed.code, allowed.out, allowed.err) == (0, "", "")
        seeded("gate", "--project", "pcc", "--est", "46", "--hook", hook).refused(2, "$45.00 is all that PCC has left")
        seeded("gate", "--project", "nothing", "--hook", hook).refused(2, "there is no project 'nothing'")
        seeded("gate", "--project", "ORG", "--hook", hook).refused(2, "'ORG' is no project")
        seeded("gate", "--hook", hook, "--json").refused(2, "give one of --hook and --json")
        missing = str(tmp_path / "none.db")
        seeded("--db", missing, "gate", "--hook", hook).refused(2, "there is no database")
    seeded("gate", "--hook", "vi").refused(2, "there is no hook of 'vi'; choose claude-code or gemini-cli")


def test_the_gate_does_without_typer(seeded: Cli, database: Path) -> None:
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1M").done()
    run = "from budget_tui.cli.main import run; run(sys.argv[1:])"
    words = ("gate", "--agent", "scout", "--est", "1", "--today", "--json")
    loaded = loaded_by(run, "--db", str(database), "--as-of", "2026-01-13", *words)
    assert "budget_tui.services.limits" in loaded
    assert loaded & {"typer", "pydantic", "sqlmodel", "sqlalchemy", "textual"} == set()
