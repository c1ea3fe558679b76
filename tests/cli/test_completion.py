"""Shell completion: what a shell is given, and what it offers."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Cli


def in_a_shell(shell: str, option: str, home: Path) -> str:
    """What the program answers where it runs in that shell. bash stands for each: a process is known by its name."""
    command = f"exec -a {shell} bash -c {shlex.quote(shlex.join([sys.executable, '-m', 'budget_tui', option]) + '; :')}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(tmp_path: Path, shell: str) -> None:
    assert f"_BUDGET_TUI_COMPLETE=complete_{shell}" in in_a_shell(shell, "--show-completion", tmp_path)


def test_completion_can_be_installed(tmp_path: Path) -> None:
    in_a_shell("bash", "--install-completion", tmp_path)
    assert ".bash_completions" in (tmp_path / ".bashrc").read_text("utf-8")


def complete(cli: Cli, monkeypatch: pytest.MonkeyPatch, typed: str) -> list[str]:
    """What bash offers to complete ``typed`` with."""
    with monkeypatch.context() as patch:
        patch.setenv("_BUDGET_TUI_COMPLETE", "complete_bash")
        patch.setenv("COMP_WORDS", typed)
        patch.setenv("COMP_CWORD", str(typed.count(" ")))
        return cli().done().out.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("budget-tui st", ["status"]),
        ("budget-tui project a", ["add", "allocate", "archive"]),
        ("budget-tui cost import --str", ["--strict"]),
        ("budget-tui project show p", ["pcc", "python-api"]),
        ("budget-tui transfer pcc d", ["dandelion"]),
        ("budget-tui transfer pcc po", ["pool"]),
        ("budget-tui cost add pcc -5 --category g", ["genai"]),
        ("budget-tui cost category acme s", ["subscription"]),
        ("budget-tui --org nobody project show p", []),
    ],
)
def test_completion_offers_what_fits(
    seeded: Cli, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]
) -> None:
    assert complete(seeded, monkeypatch, typed) == offered


def test_completion_makes_no_database(cli: Cli, monkeypatch: pytest.MonkeyPatch, no_database: Path) -> None:
    assert complete(cli, monkeypatch, "budget-tui project show p") == []
    assert not no_database.exists()
