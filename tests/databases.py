"""How tests reach a database past the program, whichever engine it is of: nothing else in the tests needs to know.

An address is what ``--db`` takes: the path of a SQLite file, or ``postgresql+psycopg://…``. Tests of SQLite itself,
its files and its damages open them by themselves.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import SCHEME, Postgres

Address = Path | str
Make = Callable[[Address], object]
"""Makes a database at an address where there is none, or an empty one."""

ENGINES = ("sqlite", "postgresql")


def is_postgres(address: Address) -> bool:
    return str(address).startswith(SCHEME)


@contextmanager
def opened(address: Address) -> Iterator[Any]:
    """A connection of the driver's, each statement a transaction of its own. It checks no references in SQLite."""
    if is_postgres(address):
        import psycopg

        with psycopg.connect(str(address).replace(SCHEME, "postgresql"), autocommit=True) as connection:
            yield connection
    else:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            yield connection


def rows(address: Address, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a question gives; places for parameters are question marks."""
    with opened(address) as connection:
        found: list[tuple[Any, ...]] = connection.execute(_placed(address, statement), parameters).fetchall()
    return found


def change(address: Address, statement: str, *parameters: object) -> None:
    """Carry out a statement behind the program's back."""
    with opened(address) as connection:
        connection.execute(_placed(address, statement), parameters)


@contextmanager
def locked(address: Address) -> Iterator[None]:
    """Another program writes and does not finish. Who only reads is not in its way."""
    with opened(address) as connection:
        if is_postgres(address):
            found = connection.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
            tables = ", ".join(name for (name,) in found)
            begin, end = f"BEGIN; LOCK TABLE {tables} IN EXCLUSIVE MODE", "ROLLBACK"
        else:
            begin, end = "BEGIN IMMEDIATE", "ROLLBACK"
        connection.execute(begin)
        yield
        connection.execute(end)


def _placed(address: Address, statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s") if is_postgres(address) else statement


class Engine(ABC):
    """Where databases of one engine come from."""

    def __init__(self) -> None:
        self._made: dict[Make, Any] = {}

    def new(self, make: Make) -> Address:
        """The address of a new database that holds what ``make`` made: it is made once, and copied from then on."""
        if make not in self._made:
            self._made[make] = self._make(make)
        return self._copy(self._made[make])

    @abstractmethod
    def _make(self, make: Make) -> Any: ...

    @abstractmethod
    def _copy(self, made: Any) -> Address: ...


class Files(Engine):
    """Of SQLite, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = count()

    def _make(self, make: Make) -> bytes:
        path = self._path()
        make(path)
        with closing(sqlite3.connect(path)) as connection:
            return connection.serialize()

    def _copy(self, made: bytes) -> Path:
        path = self._path()
        path.write_bytes(made)
        return path

    def _path(self) -> Path:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return folder / "budget.db"


class Servers(Engine):
    """Of the tests' own PostgreSQL, where they go when the server does."""

    def __init__(self, server: Postgres) -> None:
        super().__init__()
        self._server = server

    def _make(self, make: Make) -> str:
        name = self._server.create()
        make(self._server.url(name))
        return name

    def _copy(self, made: str) -> str:
        return self._server.url(self._server.create(made))


def engine_of(name: str, request: pytest.FixtureRequest) -> Engine:
    """The engine of that name; a test that asks for PostgreSQL where there is none is skipped."""
    if name == "sqlite":
        return Files(request.getfixturevalue("tmp_path_factory").mktemp("databases"))
    return Servers(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, for what must hold of both: ``engine.new(make)`` is a database of the test's own."""
    return engine_of(request.param, request)
