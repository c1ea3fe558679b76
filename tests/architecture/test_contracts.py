"""The import contracts of pyproject.toml hold, and each of them bites."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's verdict on the project in ``folder``; a process of its own, for it imports the package."""
    command = (
        "import sys; from importlinter.cli import lint_imports as lint; sys.exit(lint(no_cache=True, no_logo=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", command], cwd=folder, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_imports_point_down() -> None:
    verdict = lint_imports(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in verdict.stdout


PLANTED = [
    ("Imports point down", "storage", "budget_tui.services", "import budget_tui.services"),
    ("Imports point down", "sources", "budget_tui.storage", "import budget_tui.storage"),
    ("Only storage knows SQL", "services", "sqlite3", "import sqlite3"),
    ("Only storage knows SQL", "api", "sqlalchemy", "from sqlalchemy import text"),
    ("Only the dashboard draws", "cli", "rich", "from rich.text import Text"),
    ("The domain is pure", "domain", "duckdb", "def late() -> None:\n    import duckdb"),
]
"""The contract, the package that breaks it, what it must not import, and how it does."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The verdict on the project with all of `PLANTED`: it names each import by itself."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "budget_tui", folder / "budget_tui", ignore=shutil.ignore_patterns("__pycache__"))
    for _, package, _, planted in PLANTED:
        (folder / "budget_tui" / package / "planted.py").write_text(planted + "\n", "utf-8")
    return lint_imports(folder)


@pytest.mark.parametrize(("contract", "package", "imported", "planted"), PLANTED)
def test_a_planted_import_breaks_its_contract(
    broken: subprocess.CompletedProcess[str], contract: str, package: str, imported: str, planted: str
) -> None:
    assert broken.returncode != 0
    assert f"{contract} BROKEN" in broken.stdout
    _, _, findings = broken.stdout.partition("Broken contracts")
    of_contract = findings.split(f"\n{contract}\n{'-' * len(contract)}\n")[1].split("\n---")[0]
    assert f"budget_tui.{package}.planted -> {imported} (l." in of_contract
