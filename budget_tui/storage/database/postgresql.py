"""A database on a PostgreSQL server: connections to it, turns of writers, and the meaning of its errors.

Writers of one organization take turns by a lock that their transaction holds; those of several need not wait for each
other. Every statement that changes something notifies the channel that readers listen to, even another program's.
"""

from __future__ import annotations

import os
import re
import select
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zlib import crc32

from budget_tui.domain.errors import BudgetError, DatabaseNotFound, NotWritable, Refused, StorageError
from budget_tui.storage.database.base import (
    PATIENCE_SECONDS,
    Connection,
    Database,
    Reader,
    Row,
    SchemaState,
    WriteConnection,
    locked,
    made_meanwhile,
    schema_state,
)
from budget_tui.storage.database.sqlite_connections import SqliteConnection, empty_database

try:
    import psycopg
    from psycopg import errors, pq
    from psycopg.rows import dict_row
    from psycopg.types.string import TextLoader
except ImportError:
    raise Refused("the driver of PostgreSQL is not installed", "in the checkout: pip install '.[postgres]'") from None

CHANNEL = "budget_tui"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema"
SCHEMES = ("postgresql://", "postgresql+psycopg://", "postgres://")
_LOCK = 0x62756467
"""The first half of each advisory lock's number; the second identifies the organization."""
_EVERYTHING = 0


def _without_password(url: str) -> str:
    """Return ``url`` without its password, for messages and for ``--db``."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    query = "&".join(each for each in parts.query.split("&") if not each.startswith("password="))
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}", query=query))


class PostgresDatabase(Database):
    """A PostgreSQL database named by its ``url``."""

    def __init__(self, url: str) -> None:
        self._conninfo = "postgresql://" + url.partition("://")[2]
        try:
            known = psycopg.conninfo.conninfo_to_dict(self._conninfo)
        except psycopg.Error as error:
            raise Refused(f"'{url.partition('@')[2] or url}' is no URL of a database", str(error).strip()) from None
        self._options = known.get("options") or os.environ.get("PGOPTIONS", "")
        self.name = self.title = str(known.get("dbname") or known.get("user") or "postgres")
        self._shown = _without_password(self._conninfo)
        options = (("--host", "host"), ("--port", "port"), ("--username", "user"))
        given = (f"{option}={quote(str(known[key]))}" for option, key in options if known.get(key))
        self._createdb = " ".join(("createdb", *given, quote(self.name)))

    def __str__(self) -> str:
        return self._shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PostgresDatabase) and other._conninfo == self._conninfo

    def __hash__(self) -> int:
        return hash(self._conninfo)

    def open(self, *, read_only: bool = False) -> psycopg.Connection[Any]:
        """Open a connection of the driver's that begins no transaction by itself."""
        read_only_option = " -c default_transaction_read_only=on" if read_only else ""
        driver = psycopg.connect(
            self._conninfo,
            autocommit=True,
            connect_timeout=int(PATIENCE_SECONDS),
            application_name="budget-tui",
            client_encoding="utf8",
            options=f"{self._options} -c timezone=UTC -c datestyle=ISO{read_only_option}".lstrip(),
        )
        if driver.info.parameter_status("server_encoding") == "SQL_ASCII":
            driver.close()
            raise StorageError(
                f"{self} is encoded in SQL_ASCII, which keeps bytes and no characters",
                "use one in UTF-8",
                command="make another one in UTF-8, with createdb --encoding=UTF8 --template=template0",
            )
        return driver

    def is_there(self) -> bool:
        try:
            return self.schema_state() is not SchemaState.MISSING
        except BudgetError:  # opening it reports why
            return True

    def schema_state(self) -> SchemaState:
        with self.described_errors(), self.open(read_only=True) as driver:
            return self.state_of(driver)

    def state_of(self, driver: psycopg.Connection[Any]) -> SchemaState:
        def revision() -> str | None:
            row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if row is None else str(row[0])

        return schema_state(self, "", [name for (name,) in driver.execute(_TABLES)], revision)

    def connect(self) -> WriteConnection:
        return PostgresWriter(self)

    def connect_first(self) -> WriteConnection:
        return FirstPostgresWriter(self)

    def reader(self, *, is_new: bool = False) -> Reader:
        return PostgresReader(self, is_new=is_new)

    def upgrade(self) -> bool:
        state = self.schema_state()
        if state is SchemaState.BEHIND:
            self._migrate()
        return state is not SchemaState.MISSING

    def create(self) -> None:
        if not self.upgrade():
            self._migrate()

    def _migrate(self) -> None:
        with self.described_errors(), closing(FirstPostgresWriter(self)) as connection:
            connection.begin()
            connection.commit()

    def not_found(self) -> DatabaseNotFound:
        return DatabaseNotFound(
            f"{self} is empty",
            "name another, or set a budget to begin with",
            command="name another, or budget-tui budget set 500 begins",
        )

    def error_of(self, error: BaseException) -> BudgetError | None:
        cause = getattr(error, "orig", None) or error
        if not isinstance(cause, psycopg.Error):
            return None
        if isinstance(cause, errors.UniqueViolation):
            return made_meanwhile()
        if isinstance(cause, errors.NumericValueOutOfRange):
            return Refused("a sum of costs is out of range", "amounts beyond ±9,000,000,000 units cannot be added up")
        if isinstance(cause, errors.UntranslatableCharacter):
            return Refused(f"the encoding of {self} lacks a character", "leave it out, or use a database in UTF-8")
        if isinstance(cause, psycopg.DataError) and "NUL" in str(cause):  # in a name that somebody asks for
            return Refused("no text has a NUL character in it", "leave it out")
        if isinstance(cause, _LOCKED):
            return locked(self)
        for kinds, what, hint in _MEANINGS:
            if isinstance(cause, kinds):
                kind = NotWritable if kinds in _NOT_WRITABLE else StorageError
                return kind(what.format(database=self), hint)
        if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
            return self._unreachable(cause)
        return None

    def _unreachable(self, cause: psycopg.Error) -> StorageError:
        # Indented lines explain the one above them; of several attempts, the last one counts.
        lines = [line for line in str(cause).strip().splitlines() if line[:1].strip()]
        reason = lines[-1] if lines else "no reason given"
        if re.search('database ".*" does not exist', reason):  # and not the user's role
            return StorageError(f"there is no database at {self}", f"make one: {self._createdb}")
        reason = re.split("FATAL:|failed:", reason)[-1].strip() or reason
        return StorageError(f"{self} cannot be reached ({reason})", "check that its server runs, and try again")

    def size(self) -> int:
        with self.described_errors(), self.open(read_only=True) as driver:
            found = driver.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(found[0]) if found else 0

    def problems(self, state: SchemaState) -> list[str]:
        if state is not SchemaState.CURRENT:
            return []
        from budget_tui.storage.database.copying import copy_in_memory
        from budget_tui.storage.database.sqlite_checks import problems_in

        with self.described_errors(), closing(copy_in_memory(self)) as copy:
            return problems_in(copy)

    def back_up(self, target: Path | None, stamp: str, *, into_folder: bool = False) -> Path:
        raise Refused(
            f"{self} is backed up by PostgreSQL's own tool",
            "pg_dump does it",
            command=f"pg_dump --format=custom --file=FILE {quote(str(self))}",
        )

    def restore(self, source: Path, stamp: str) -> Path | None:
        raise Refused(
            f"{self} is restored by PostgreSQL's own tool",
            "pg_restore does it",
            command=f"pg_restore --clean --if-exists --dbname={quote(str(self))} FILE",
        )

    def require_other_files(self, paths: Iterable[Path]) -> None:
        """Allow all ``paths``: a user cannot name any file of this database."""


_LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
_MEANINGS: Sequence[tuple[tuple[type[psycopg.Error], ...], str, str]] = (
    ((errors.DiskFull,), "the disk of {database} is full", "free some space; nothing was changed"),
    ((errors.ReadOnlySqlTransaction,), "{database} may not be written", "check that it is no standby"),
    (
        (errors.InsufficientPrivilege,),
        "{database} does not let you do this",
        "ask its owner for the right, or connect as another user",
    ),
)

_NOT_WRITABLE = ((errors.ReadOnlySqlTransaction,), (errors.InsufficientPrivilege,))


@lru_cache(maxsize=256)
def _translated(statement: str) -> str:
    """Return a statement with its parameters as the driver names them."""
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


class PostgresConnection(Connection):
    dialect = "postgresql"
    driver: psycopg.Connection[Any]

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.driver = driver
        self._cursor = driver.cursor(row_factory=dict_row)
        for kind in ("date", "timestamp"):
            self._cursor.adapters.register_loader(kind, TextLoader)

    def execute(self, statement: str, parameters: Mapping[str, object] = {}) -> Sequence[Row]:
        return self._cursor.execute(_translated(statement), parameters).fetchall()

    def change(self, statement: str, parameters: Mapping[str, object] = {}) -> int:
        return self._cursor.execute(_translated(statement), parameters).rowcount

    @property
    def is_in_transaction(self) -> bool:
        status = self.driver.info.transaction_status
        return status not in (pq.TransactionStatus.IDLE, pq.TransactionStatus.UNKNOWN)

    def rollback(self) -> None:
        self.driver.execute("ROLLBACK")

    def close(self) -> None:
        self.driver.close()


class PostgresWriter(PostgresConnection, WriteConnection):
    """A connection that may write."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._process = os.getpid()
        super().__init__(database.open())

    def begin(self, organization: str = "", patience: float = PATIENCE_SECONDS) -> bool:
        if organization:
            number = crc32(organization.encode()) or 1
            lock = (
                f"SELECT pg_advisory_xact_lock_shared({_LOCK}, {_EVERYTHING});"
                f" SELECT pg_advisory_xact_lock({_LOCK}, {number - (1 << 32) if number >> 31 else number})"
            )
        else:
            lock = f"SELECT pg_advisory_xact_lock({_LOCK}, {_EVERYTHING})"
        # At a higher isolation level, the statement that waits for the lock would have its snapshot already.
        self.driver.execute(
            f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {int(patience * 1000)}; {lock}"
        )
        return True  # with writers of several organizations, nobody knows

    def commit(self) -> None:
        self.driver.execute("COMMIT")

    def is_current(self) -> bool:
        return self._process == os.getpid() and is_alive(self.driver)


class FirstPostgresWriter(PostgresWriter):
    """A connection to a database without tables, or with an older version's.

    Its first transaction brings the schema to this version's.
    """

    def begin(self, organization: str = "", patience: float = PATIENCE_SECONDS) -> bool:
        super().begin("", patience)
        if self._database.state_of(self.driver) is not SchemaState.CURRENT:
            from budget_tui.storage.migrations import migrate

            migrate(self)
        return True


_SNAPSHOT = "SELECT pg_current_snapshot()::text"
_MOST_TRANSACTIONS = 1000
_UNCHANGED = f"""
    WITH looks AS (SELECT CAST(:seen AS pg_snapshot) AS seen, pg_current_snapshot() AS now),
    ids AS (
        SELECT seen, now, CAST(CAST(pg_snapshot_xmin(seen) AS text) AS bigint) AS first,
            CAST(CAST(pg_snapshot_xmax(now) AS text) AS bigint) AS after
        FROM looks
    )
    SELECT NOT pg_is_in_recovery() AND after - first <= {_MOST_TRANSACTIONS} AND NOT EXISTS (
        SELECT 1 FROM generate_series(first, least(after, first + {_MOST_TRANSACTIONS}) - 1) AS id,
            LATERAL (SELECT CAST(CAST(id AS text) AS xid8) AS transaction) AS each
        WHERE NOT pg_visible_in_snapshot(transaction, seen) AND pg_visible_in_snapshot(transaction, now)
            AND pg_xact_status(transaction) = 'committed'
    ) AS unchanged FROM ids
"""
"""A query that is true if no transaction was committed since a snapshot was seen; those that were rolled back changed
nothing. Of a standby, a snapshot does not tell which transactions were under way."""


class PostgresReader(Reader):
    """A lasting connection that reads, and between its transactions hears of changes."""

    def __init__(self, database: PostgresDatabase, *, is_new: bool = False) -> None:
        self._database = database
        self._is_new = is_new
        self._turn = threading.Lock()
        self._connection: PostgresConnection | None = None
        self._has_tables = False
        self._is_asked_for_changes = False
        self._is_listening = False
        self._snapshot = ""
        self._is_changed = True

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._turn, self._database.described_errors():
            connection = self._begun()
            if connection is None:
                with self._nothing() as nothing:
                    yield nothing
                return
            try:
                yield connection
            except Exception as error:
                if isinstance(getattr(error, "orig", error), psycopg.Error):
                    self._disconnect()
                raise
            finally:
                if self._connection is connection and connection.is_in_transaction:
                    connection.rollback()

    def changed(self, *, if_busy: bool = False) -> bool:
        """See `Reader.changed`. It sends nothing: a screen must not wait for a server that does not answer."""
        if not self._turn.acquire(blocking=False):
            return if_busy
        try:
            self._is_asked_for_changes = True  # it listens from the next transaction on
            self._hear()
            return self._is_changed
        finally:
            self._turn.release()

    def is_unchanged(self) -> bool:
        """See `Reader.is_unchanged`. It asks the server: a notification may come after the commit that sent it, and
        those that nobody takes fill the server's buffer, after which even a DROP DATABASE waits.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            if self._connection is None or not self._snapshot or not is_alive(self._connection.driver):
                return False
            return bool(self._connection.execute(_UNCHANGED, {"seen": self._snapshot})[0]["unchanged"])
        except psycopg.Error:  # the next transaction reports what is wrong, if it still is
            return False
        finally:
            self._turn.release()

    def close(self) -> None:
        with self._turn:
            self._disconnect()

    def _hear(self) -> None:
        """Note any notification of a change; a lost connection counts as one."""
        if self._connection is None:
            return
        if not is_alive(self._connection.driver):
            self._disconnect()
            return
        while self._connection.driver.pgconn.notifies():
            self._is_changed = True

    def _note(self, _: object) -> None:
        """Note a notification that came with the result of a statement."""
        self._is_changed = True

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._has_tables = self._is_listening = False
        self._snapshot = ""
        self._is_changed = True

    def _begun(self) -> PostgresConnection | None:
        """Return the connection in a transaction; None where there is no database yet, and none is required."""
        was_open = self._connection is not None
        try:
            connection = self._connected()
            if not self._has_tables:
                return None
            begun = connection.driver.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_SNAPSHOT}")
            begun.nextset()
            found = begun.fetchone()
            self._snapshot = str(found[0]) if found else ""
            # What it heard of with this, it sees. Until it listens, nothing is known of changes, which counts as one.
            self._is_changed = not self._is_listening
            return connection
        except psycopg.OperationalError:
            self._disconnect()
            if not was_open:
                raise
            return self._begun()  # the server may be back by now
        except BaseException:
            self._disconnect()
            raise

    def _connected(self) -> PostgresConnection:
        """Return the connection, and find out whether there are tables."""
        self._hear()
        if self._connection is None:
            self._connection = PostgresConnection(self._database.open(read_only=True))
        if self._is_asked_for_changes and not self._is_listening:
            self._listen(self._connection.driver)
        if not self._has_tables:
            self._is_changed = not self._is_listening
            state = self._database.state_of(self._connection.driver)
            if state is SchemaState.BEHIND:
                raise self._database.outdated()
            if state is SchemaState.MISSING and not self._is_new:
                raise self._database.not_found()
            self._has_tables = state is SchemaState.CURRENT
        return self._connection

    def _listen(self, driver: psycopg.Connection[Any]) -> None:
        driver.add_notify_handler(self._note)
        with suppress(errors.ReadOnlySqlTransaction):  # a standby notifies nobody
            driver.execute(f"LISTEN {CHANNEL}")
        self._is_listening = True

    @contextmanager
    def _nothing(self) -> Iterator[Connection]:
        with closing(SqliteConnection(empty_database())) as connection:
            yield connection


def is_alive(driver: psycopg.Connection[Any]) -> bool:
    """Return whether the server still has the connection open, without sending anything to it."""
    if driver.closed:
        return False
    try:
        heard = select.poll()  # `select.select` knows no more than 1,024 files
        heard.register(driver.fileno(), select.POLLIN)
        while heard.poll(0):
            driver.pgconn.consume_input()
    except psycopg.OperationalError:
        driver.close()
        return False
    return True
