"""The dashboard's own short way past Typer understands what Typer understands, or leaves it to Typer."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from budget_tui.cli.app import app
from budget_tui.cli.start import _AT_ONCE, split


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DB", "ORG", "AS_OF"):
        monkeypatch.delenv(f"BUDGET_TUI_{name}", raising=False)


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
    [["status"], ["--db"], ["--help"], ["--version"], ["--dbs", "x"], ["--", "--db", "x"], ["status", "-h"]],
)
def test_everything_else_is_left_to_typer(arguments: list[str]) -> None:
    for before in ([], ["--db", "a.db"]):
        _, rest = split([*before, *arguments])
        assert list(rest) == arguments
        assert rest not in _AT_ONCE


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that ``code`` leaves loaded."""
    code = f"import sys; {code}; print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def test_the_first_frame_waits_for_neither_typer_nor_the_database() -> None:
    loaded = loaded_by("import budget_tui.cli.start, budget_tui.bootstrap, budget_tui.tui.app")
    slow = {"typer", "sqlite3", "sqlmodel", "sqlalchemy", "alembic", "duckdb", "budget_tui.storage.queries"}
    assert loaded & slow == set()


def test_the_status_line_does_without_typer(example: Path) -> None:
    run = "from budget_tui.cli.start import run; run(sys.argv[1:])"
    loaded = loaded_by(run, "--db", str(example), "--as-of", "2026-01-13", "status", "--line")
    assert "budget_tui.storage.queries" in loaded
    assert loaded & {"typer", "pydantic", "sqlmodel", "sqlalchemy", "textual"} == set()
