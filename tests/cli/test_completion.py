"""Shell completion: what a shell is given, and what it offers."""

from pathlib import Path

import pytest

from .conftest import Cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(cli: Cli, shell: str) -> None:
    assert "_BUDGET_TUI_COMPLETE" in cli("--show-completion", shell).done().out


def test_completion_can_be_installed(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    cli("--install-completion", "bash").done()
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
