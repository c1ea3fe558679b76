"""Where tests have their databases from and how they reach them past the program, whichever engine they are of.

An address is what ``--db`` takes: the path of a SQLite file, or ``postgresql+psycopg://…``. Tests of SQLite itself,
its files and its damages open them by themselves.
"""

import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from budget_tui.storage.database import Database, database_at
from budget_tui.storage.unit_of_work import Writers
from tests.postgres import SCHEME, Postgres

Address = Path | str
Make = Callable[[Address], object]
"""Makes a database at an address where there is none, or an empty one."""

ENGINES = ("sqlite", "postgresql")


def is_postgres(address: Address) -> bool:
    return str(address).startswith("postgresql")


@contextmanager
def opened(address: Address) -> Iterator[Any]:
    """A connection of the driver's, each statement a transaction of its own. It checks no references in SQLite."""
    if is_postgres(address):
        import psycopg
        from psycopg.types.string import TextLoader

        with psycopg.connect(str(address).replace(SCHEME, "postgresql"), autocommit=True) as connection:
            for kind in ("date", "timestamp"):
                connection.adapters.register_loader(kind, TextLoader)
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


def content(address: Address, *, but_next_keys: bool = False) -> object:
    """All that is stored: to see that nothing was changed.

    ``but_next_keys`` leaves out which keys PostgreSQL gives next: those that a transaction took stay taken though it is
    never committed.
    """
    if is_postgres(address):
        return _stored(address).rows if but_next_keys else _stored(address)
    with closing(sqlite3.connect(address)) as connection:
        return connection.serialize()  # with what is still in its log


def beside(address: Address) -> Path:
    """A folder for other files of the test that has the database, which go when it does."""
    if not is_postgres(address):
        return Path(address).parent
    server = Path(parse_qs(urlsplit(str(address)).query)["host"][0])
    folder = server / "exports" / urlsplit(str(address)).path.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_writers: list[Writers] = []


def lasting_writers(database: Database) -> Writers:
    """Writers for services that connect once and not for each command, which takes longer than most of these."""
    _writers.append(Writers(database))
    return _writers[-1]


def close_writers() -> None:
    while _writers:
        _writers.pop().close()


class Engine(ABC):
    """Where databases of one engine come from."""

    def __init__(self) -> None:
        self._made: dict[Make, Any] = {}
        self._lent: list[Address] = []

    def new(self, make: Make, *, lasting: bool = False) -> Address:
        """The address of a new database that holds what ``make`` made: it is made once, and copied from then on.

        It is taken back when the test is over, unless it is ``lasting``.
        """
        if make not in self._made:
            self._made[make] = self._make(make)
        address = self._copy(self._made[make])
        if not lasting:
            self._lent.append(address)
        return address

    def nowhere(self) -> Address:
        """The address of a database that is yet to be made."""
        address = self._nowhere()
        self._lent.append(address)
        return address

    def clear(self) -> None:
        """Take back what was given to the test so far: at the end, and before each example of a property."""
        close_writers()
        while self._lent:
            self._take_back(self._lent.pop())

    @abstractmethod
    def _make(self, make: Make) -> Any: ...

    @abstractmethod
    def _copy(self, made: Any) -> Address: ...

    @abstractmethod
    def _nowhere(self) -> Address: ...

    @abstractmethod
    def _take_back(self, address: Address) -> None: ...


class Files(Engine):
    """Of SQLite, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = count()

    def _make(self, make: Make) -> bytes:
        path = self._nowhere()
        make(path)
        with closing(sqlite3.connect(path)) as connection:
            made = connection.serialize()
        self._take_back(path)
        return made

    def _copy(self, made: bytes) -> Path:
        path = self._nowhere()
        path.write_bytes(made)
        return path

    def _take_back(self, address: Address) -> None:
        shutil.rmtree(Path(address).parent)

    def _nowhere(self) -> Path:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return folder / "budget.db"


class Stored(NamedTuple):
    """What is in the tables of a PostgreSQL database, and which keys its sequences give next."""

    rows: dict[str, bytes]
    keys: tuple[tuple[Any, ...], ...]


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
_SEQUENCES = "SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences"


def _stored(address: Address) -> Stored:
    with opened(address) as connection:
        rows = {}
        for (table,) in connection.execute(_TABLES).fetchall():
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                rows[table] = b"".join(bytes(part) for part in copy)
        return Stored(rows, tuple(connection.execute(_SEQUENCES).fetchall()))


class Servers(Engine):
    """Of the tests' own PostgreSQL, where they go when the server does. To fill one that has its tables takes a tenth
    of the time that it takes to make one, so that they are used again."""

    def __init__(self, server: Postgres) -> None:
        super().__init__()
        self._server = server
        self._free: list[str] = []
        self._passing: set[str] = set()

    @cached_property
    def _empty(self) -> str:
        """A database with all tables, and nothing in them."""
        name = self._server.create()
        database_at(self._server.url(name)).create()
        return name

    def _make(self, make: Make) -> Stored:
        address = self._copy(_stored(self._server.url(self._empty)))
        make(address)
        made = _stored(address)
        self._take_back(address)
        return made

    def _copy(self, made: Stored) -> str:
        name = self._free.pop() if self._free else self._server.create(self._empty)
        with self._server.connect(name) as connection, connection.transaction():
            connection.execute(_OTHERS_LEAVE)
            connection.execute("SET LOCAL session_replication_role = replica")  # no trigger and no reference checked
            connection.execute("; ".join(f"DELETE FROM {table}" for table in made.rows).encode())
            for table, rows in made.rows.items():
                if rows:
                    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                        copy.write(rows)
            for sequence in made.keys:
                connection.execute("SELECT setval(%s::regclass, %s, %s)", sequence)
        return self._server.url(name)

    def _nowhere(self) -> str:
        self._passing.add(name := self._server.create())
        return self._server.url(name)

    def _take_back(self, address: Address) -> None:
        shutil.rmtree(beside(address))
        name = urlsplit(str(address)).path.strip("/")
        if name in self._passing:
            self._passing.remove(name)
            self._server.drop(name)
        else:
            self._free.append(name)


_OTHERS_LEAVE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
)


@pytest.fixture(scope="session")
def engines() -> dict[str, Engine]:
    """Those that were asked for, which know what they made."""
    return {}


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Where the test's databases come from: ``engine.new(make)``. See `pytest_generate_tests` for which it is.

    Where there is no PostgreSQL, its tests are skipped.
    """
    name = getattr(request, "param", "sqlite")
    if name not in engines:
        if name == "sqlite":
            engines[name] = Files(request.getfixturevalue("tmp_path_factory").mktemp("databases"))
        else:
            engines[name] = Servers(request.getfixturevalue("postgres"))
    return engines[name]


def empty(address: Address) -> None:
    """Make a database with nothing but its tables."""
    database_at(address).create()
