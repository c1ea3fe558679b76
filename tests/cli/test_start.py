"""The dashboard's own short way past Typer understands what Typer understands, or leaves it to Typer."""

import subprocess
import sys

import pytest
import typer

from budget_tui.cli.app import app
from budget_tui.cli.start import plain_options


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
    assert plain_options(arguments) == (context.params["db"], context.params["org"], context.params["as_of"])


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["--db"], ["--db", "a.db", "status"], ["--help"], ["--version"], ["--dbs", "x"], ["--", "--db", "x"]],
)
def test_everything_else_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_options(arguments) is None


def test_the_first_frame_waits_for_neither_typer_nor_the_database() -> None:
    code = "import sys, budget_tui.cli.start, budget_tui.bootstrap, budget_tui.tui.app; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "budget_tui.tui.app" in loaded
    assert (
        loaded & {"typer", "sqlite3", "sqlmodel", "sqlalchemy", "alembic", "duckdb", "budget_tui.storage.queries"}
        == set()
    )
