"""The same tests on either engine: with ``--engine postgresql`` each database of a test is one of a server.

What a test puts at a path is moved to the server when the path is opened. A test that looks into the file itself, past
the program, is of SQLite and is skipped.
"""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.postgres import SERVER, Postgres, server

if TYPE_CHECKING:
    from budget_tui.storage.database import Database


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("sqlite", "postgresql"), default="sqlite", help="whose databases tests use")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--engine") != "postgresql":
        return
    running = ExitStack()
    config.add_cleanup(running.close)
    postgres = config.stash[SERVER] = running.enter_context(server())
    _move_databases_to(postgres)


def _move_databases_to(postgres: Postgres) -> None:
    from budget_tui.storage import database
    from budget_tui.storage.copying import copy_database
    from budget_tui.storage.database.postgresql import PostgresDatabase

    at_path: Callable[[str | Path], Database] = database.database_at
    connect = sqlite3.connect
    templates: dict[bytes, str] = {}
    moved: dict[Path, tuple[tuple[int, int] | None, str]] = {}

    def name_of(path: Path) -> str:
        """The database on the server that stands for the file as it is now."""
        written = (path.stat().st_mtime_ns, path.stat().st_ino) if path.is_file() else None
        if path not in moved or moved[path][0] != written:
            content = path.read_bytes() if written else b""
            digest = sha256(content).digest()
            if digest not in templates:
                templates[digest] = postgres.create()
                if content:
                    copy_database(at_path(path), at_path(postgres.url(templates[digest])))
            moved[path] = written, postgres.create(templates[digest])
        return moved[path][1]

    class MovedDatabase(PostgresDatabase):
        def __init__(self, path: Path) -> None:
            super().__init__(postgres.url(name_of(path)))
            self.path = path

        def open(self, *, read_only: bool = False) -> Any:
            super().__init__(postgres.url(name_of(self.path)))
            return super().open(read_only=read_only)

        def __hash__(self) -> int:
            return hash(self.path)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, MovedDatabase) and other.path == self.path

    def moved_database_at(location: str | Path) -> "Database":
        if isinstance(location, str) and "://" in location:
            return at_path(location)
        return MovedDatabase(Path(location))

    def connect_to_file(path: Any, *args: Any, **named: Any) -> sqlite3.Connection:
        if isinstance(path, str | Path) and Path(path) in moved:
            pytest.skip("looks into a file of SQLite's")
        return connect(path, *args, **named)

    database.database_at = moved_database_at
    sqlite3.connect = connect_to_file
