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


@pytest.mark.parametrize(
    ("contract", "module", "planted"),
    [
        ("Imports point down", "budget_tui/storage/planted.py", "import budget_tui.services"),
        ("Imports point down", "budget_tui/sources/planted.py", "import budget_tui.storage"),
        ("Only storage knows SQL", "budget_tui/services/planted.py", "import sqlite3"),
        ("Only storage knows SQL", "budget_tui/api/planted.py", "from sqlalchemy import text"),
        ("Only the dashboard draws", "budget_tui/cli/planted.py", "from rich.text import Text"),
        ("The domain is pure", "budget_tui/domain/planted.py", "def late() -> None:\n    import duckdb"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, contract: str, module: str, planted: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "budget_tui", tmp_path / "budget_tui", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / module).write_text(planted + "\n", "utf-8")
    verdict = lint_imports(tmp_path)
    assert verdict.returncode != 0
    assert f"{contract} BROKEN" in verdict.stdout
    assert "planted" in verdict.stdout
