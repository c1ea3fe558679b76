"""The command line on a database of its own: run in this process, answers captured."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from budget_tui.bootstrap import open_services
from budget_tui.cli.app import run
from budget_tui.services.demo import load_demo
from budget_tui.storage.database import database_at
from tests.conftest import MadeOnce

TODAY = "2026-01-13"


@dataclass(frozen=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer as JSON, its numbers to the digit."""
        assert self.code == 0, self.err
        return json.loads(self.out, parse_float=Decimal, parse_int=Decimal)

    def done(self) -> "Ran":
        """Itself, when the command succeeded and had nothing to warn about."""
        assert (self.code, self.err) == (0, ""), self
        return self

    def refused(self, code: int, *words: str) -> None:
        """Asserts the exit code, and one line on standard error that holds each of ``words``."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        for word in words:
            assert word in self.err


Cli = Callable[..., Ran]


def make_database(path: Path) -> None:
    database_at(path).create()


@pytest.fixture(scope="session", autouse=True)
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the commands of all tests log, far from the user's own log and settings."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        yield folder / "budget-tui" / "budget-tui.log"


@pytest.fixture
def database(made_once: MadeOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands of this test keep their data; there is nothing in it yet."""
    path = tmp_path / "budget.db"
    made_once(path, make_database)
    monkeypatch.setenv("BUDGET_TUI_DB", str(path))
    monkeypatch.setenv("BUDGET_TUI_AS_OF", TODAY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return path


@pytest.fixture
def no_database(database: Path) -> Path:
    """Where the commands of this test keep their data; nothing is there yet."""
    database.unlink()
    return database


@pytest.fixture
def cli(database: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs one command line."""

    def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command


def load(path: Path) -> None:
    load_demo(open_services(str(path)).context)


@pytest.fixture
def demo(cli: Cli, database: Path, made_once: MadeOnce) -> Cli:
    """Runs one command line on the demonstration."""
    made_once(database, load)
    return cli


EXAMPLE = (
    ("budget", "set", "500"),
    ("project", "add", "pcc", "--name", "PCC", "--allocate", "150"),
    ("project", "add", "videonest-api", "--name", "VideoNest API", "--allocate", "120"),
    ("project", "add", "python-api", "--name", "Python API", "--allocate", "100"),
    ("project", "add", "dandelion", "--name", "Dandelion", "--allocate", "50"),
    ("cost", "add", "pcc", "105", "--on", "2026-01-10"),
    ("cost", "add", "videonest-api", "48", "--on", "2026-01-10"),
    ("cost", "add", "python-api", "88", "--on", "2026-01-10"),
)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds the worked example, entered by hand on January 13. Not to be changed."""
    folder = tmp_path_factory.mktemp("example")
    copy = folder / "copy.db"
    for command in (*EXAMPLE, ("db", "backup", str(copy))):
        assert run(["--db", str(folder / "budget.db"), "--as-of", TODAY, *command]) == 0
    return copy


@pytest.fixture
def seeded(cli: Cli, example: Path, database: Path) -> Cli:
    """Runs one command line on a copy of the worked example."""
    shutil.copy(example, database)
    return cli
