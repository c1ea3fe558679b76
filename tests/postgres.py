"""A PostgreSQL of the tests' own: made when the first test asks for it, gone with the last, heard by nobody else."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import psycopg

    from tests.postgres_connections import Connections

INSTALLED = Path("/usr/lib/postgresql")
SCHEME = "postgresql+psycopg"
ROLE = "budget"
MOST_OF_PATH = 60
NOBODY = 65534
PATIENCE_SECONDS = 60
LOST_AND_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB")


@dataclass(frozen=True)
class Postgres:
    """A server that listens on a socket in ``folder`` and nowhere else."""

    folder: Path
    connections: "Connections"
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """Where a database is, as settings say it."""
        return f"{SCHEME}://{ROLE}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection past everything but the server itself; each statement is a transaction."""
        return self.connections.connect(host=str(self.folder), user=ROLE, dbname=database, autocommit=True)

    def create(self, template: str = "template1") -> str:
        """The name of a new database, which is a copy of ``template``: to that nobody may be connected meanwhile."""
        from psycopg import sql

        name = f"test_{next(self._numbers)}"
        self.connections.forget(template)
        with self.connect() as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Take a database away, whoever is still connected to it."""
        from psycopg import sql

        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of all tests of this process."""
    with running_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("psycopg.connect", server.connections.connect)
        yield server


@contextmanager
def running_server() -> Iterator[Postgres]:
    """A server that ends with this process, however that ends."""
    pytest.importorskip("psycopg", reason="there is no psycopg: pip install -e '.[dev]'")
    from tests.postgres_connections import Connections

    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="budget-tui-postgres-", dir=_place()))
    as_user = [_found("setpriv"), "--pdeathsig=QUIT"]
    if os.geteuid() == 0:  # as whom it does not start
        os.chown(folder, NOBODY, NOBODY)
        as_user += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    try:
        _make(as_user, programs, folder / "data")
        process = _start(as_user, programs, folder)
        try:
            running = Postgres(folder, Connections())
            _await(running, process)
            yield running
        finally:
            process.send_signal(signal.SIGQUIT)  # waits for nobody, and writes nothing more
            process.wait(PATIENCE_SECONDS)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The name of an empty database of the test's own."""
    name = postgres.create()
    yield name
    postgres.drop(name)


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_database: str) -> str:
    """The address of an empty database of the test's own, as ``--db`` takes it."""
    return postgres.url(postgres_database)


def _programs() -> Path:
    """Where the newest server that is installed has its programs."""
    found = [path.parent for path in INSTALLED.glob("*/bin/initdb")]
    if not found:
        pytest.skip("there is no PostgreSQL: apt-get install postgresql")
    return max(found, key=lambda programs: int(programs.parent.name))


def _place() -> Path:
    """A folder that the server may enter, whoever runs it, and whose path is short: that of a socket in it has at most
    107 bytes."""
    for folder in map(Path, (tempfile.gettempdir(), "/dev/shm", "/tmp", "/var/tmp")):
        if not folder.is_dir():
            continue
        is_open = all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))
        if os.access(folder, os.W_OK) and len(str(folder)) < MOST_OF_PATH and (is_open or os.geteuid() != 0):
            return folder
    pytest.skip("there is no folder for temporary files that the server of the tests may enter")


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"there is no {program}: apt-get install util-linux")
    return path


def _make(as_user: list[str], programs: Path, data: Path) -> None:
    """It sorts texts as English does, not by their bytes: what depends on an order has to say so."""
    told = [f"--pgdata={data}", f"--username={ROLE}", "--auth=trust", "--no-sync", "--no-instructions"]
    sorts = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
    made = subprocess.run(
        [*as_user, str(programs / "initdb"), *told, *sorts],
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
    )
    assert made.returncode == 0, made.stdout + made.stderr


def _start(as_user: list[str], programs: Path, folder: Path) -> "subprocess.Popen[bytes]":
    settings = [f"unix_socket_directories={folder}", "listen_addresses=", *LOST_AND_FAST]
    options = [part for setting in settings for part in ("-c", setting)]
    command = [*as_user, str(programs / "postgres"), "-D", str(folder / "data"), *options]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)


def _await(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    import psycopg

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert process.poll() is None, (server.folder / "log").read_text("utf-8", "replace")
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.01)
        else:
            return
