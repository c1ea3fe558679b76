"""A PostgreSQL server's database beside a file of SQLite's: the same program, the same numbers."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services, open_services
from budget_tui.cli.app import run
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import parse_change
from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, InsufficientBudget, Refused, StorageError
from budget_tui.services.demo import SHOWN_ON, load_demo
from budget_tui.services.recurring import NewFee
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import SchemaState
from budget_tui.storage.database.copying import copy_database
from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork, Writers
from tests.postgres import ROLE, Postgres

TODAY = date(2026, 1, 13)
Opener = Callable[..., Services]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens the services over a database, until the test is over."""
    kept: list[Services] = []

    def services_at(location: str, day: date = TODAY, organization: str = "default") -> Services:
        kept.append(open_services(location, organization, day, Settings()))
        return kept[-1]

    yield services_at
    for services in kept:
        services.close()


@pytest.fixture(scope="module")
def template(postgres: Postgres) -> str:
    """A database with everything that the demonstration has."""
    name = postgres.create()
    services = open_services(postgres.url(name), "default", SHOWN_ON, Settings())
    load_demo(services.context)
    services.close()
    return name


@pytest.fixture
def demo(postgres: Postgres, template: str) -> Iterator[str]:
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def looker(postgres: Postgres, demo: str) -> Iterator[str]:
    """The address of the demonstration for somebody who may only read it."""
    with postgres.connect(database_at(demo).name) as psql:
        psql.execute("CREATE ROLE looker LOGIN")
        psql.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        yield demo.replace(f"{ROLE}@", "looker@")
        psql.execute("DROP OWNED BY looker; DROP ROLE looker")


def test_what_only_looks_makes_nothing(opened: Opener, postgres_url: str) -> None:
    services = opened(postgres_url).creating_if_missing()
    assert services.snapshots.current().projects == ()
    assert database_at(postgres_url).schema_state() is SchemaState.MISSING
    with pytest.raises(DatabaseNotFound, match="is empty; name another, or set a budget to begin with"):
        opened(postgres_url).snapshots.current()


def test_the_first_change_makes_the_tables(opened: Opener, postgres_url: str) -> None:
    services = opened(postgres_url)
    services.budgets.set_global(parse_amount("500"))
    services.projects.add("pcc", allocation=parse_change("120"))
    [line] = services.snapshots.current().projects
    assert (line.project_id, line.pace.allocation) == ("pcc", parse_amount("120"))
    assert services.database.check().problems == ()


def test_both_engines_show_the_same(opened: Opener, demo: str, tmp_path: Path) -> None:
    file = opened(str(tmp_path / "budget.db"), SHOWN_ON)
    load_demo(file.context)
    server = opened(demo, SHOWN_ON)
    assert server.snapshots.current().projects == file.snapshots.current().projects
    assert server.snapshots.current().daily_spend == file.snapshots.current().daily_spend
    assert server.database.check().problems == ()


def test_everything_moves_between_the_engines_and_back(
    opened: Opener, demo: str, postgres: Postgres, tmp_path: Path
) -> None:
    name = postgres.create()
    url = postgres.url(name)
    there, again = database_at(tmp_path / "there.db"), database_at(url)
    copied = copy_database(database_at(demo), there)
    assert copied["cost"] > 0
    assert there.problems(SchemaState.CURRENT) == []
    assert copy_database(there, again) == copied
    assert again.problems(SchemaState.CURRENT) == []
    with pytest.raises(Conflict):
        copy_database(there, again)
    with postgres.connect(name) as connection:
        connection.execute("SELECT nextval('audit_audit_key_seq')")  # as for a change that is refused halfway
    opened(url, SHOWN_ON).projects.add("after")  # keys go on behind those that came along
    for step in ("with-gaps", "once-more"):
        copy_database(again, there := database_at(tmp_path / f"{step}.db"))
        assert there.problems(SchemaState.CURRENT) == []
        again = there


def test_a_change_by_psql_is_noticed_once(opened: Opener, demo: str, postgres: Postgres) -> None:
    services = opened(demo, SHOWN_ON)
    before = services.snapshots.current()
    assert services.snapshots.changed()  # it listens from the next look on
    services.snapshots.current()
    assert not services.snapshots.changed()
    with postgres.connect(database_at(demo).name) as psql:
        psql.execute("UPDATE entity SET name = 'Renamed' WHERE level_code = 'project'")
    assert until(services.snapshots.changed)
    assert {line.name for line in services.snapshots.current().projects} == {"Renamed"}
    assert {line.name for line in before.projects} != {"Renamed"}
    assert not services.snapshots.changed()


def test_a_lost_connection_is_one_line_and_the_next_look_finds_the_way_back(
    opened: Opener, demo: str, postgres: Postgres
) -> None:
    services = opened(demo, SHOWN_ON)
    services.snapshots.current()
    assert services.snapshots.changed()
    services.snapshots.current()
    with postgres.connect() as psql:
        psql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database_at(demo).name,)
        )
    assert until(services.snapshots.changed)
    assert services.snapshots.current().projects
    services.projects.add("another")
    assert until(services.snapshots.changed)


def test_a_server_that_is_not_there_is_said_in_one_line(opened: Opener, tmp_path: Path) -> None:
    services = opened(f"postgresql+psycopg://anna:secret@/plan?host={tmp_path}")
    with pytest.raises(StorageError) as refused:
        services.snapshots.current()
    assert "cannot be reached (No such file or directory); check" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_who_asks_for_changes_does_not_wait_for_a_server_that_does_not_answer(
    opened: Opener, demo: str, postgres: Postgres
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        services = opened(f"postgresql+psycopg://anna@127.0.0.1:{silent.getsockname()[1]}/plan")
        begun = time.monotonic()
        assert services.snapshots.changed(), "nothing was read yet"
        assert time.monotonic() - begun < 1
    with pytest.raises(StorageError, match="cannot be reached"):
        services.snapshots.current()
    services = opened(demo, SHOWN_ON)
    services.snapshots.current()
    assert services.snapshots.changed()
    services.snapshots.current()
    with postgres.connect() as psql:
        found = psql.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", (database_at(demo).name,))
        servers = [int(str(pid)) for (pid,) in found]
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert not services.snapshots.changed()
        assert time.monotonic() - begun < 1
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGCONT)


def test_what_is_known_to_be_unchanged_has_heard_of_every_change_that_was_committed(demo: str) -> None:
    reader = DatabaseReader(database_at(demo))
    writers = Writers(database_at(demo))
    assert not reader.is_unchanged()
    for allocated in range(200):
        with reader.session() as session:
            facts = session.fast.organization("default")
        assert facts is not None
        assert reader.is_unchanged()
        assert reader.is_unchanged()
        with writers.take("default") as unit:
            unit.connection.change("UPDATE organization SET name = :name", {"name": f"{allocated}"})
            unit.commit()
        assert not reader.is_unchanged()
    writers.close()
    reader.close()


def test_a_server_need_not_send_notifications_to_who_asks_it_at_times(demo: str, postgres: Postgres) -> None:
    """Once nobody takes them, it waits for that, and a DROP DATABASE of any database for it."""
    reader = DatabaseReader(database_at(demo))
    for _ in range(3):
        reader.is_unchanged()
        with reader.session() as session:
            session.fast.organization("default")
    assert reader.is_unchanged()
    with postgres.connect(database_at(demo).name) as psql:
        psql.execute("DO $$BEGIN FOR i IN 1..1000 LOOP UPDATE organization SET name = name; COMMIT; END LOOP; END$$")
        waiting = psql.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite'").fetchone()
    assert waiting == (0,)
    assert not reader.is_unchanged()
    reader.close()


def test_what_was_rolled_back_changed_nothing_and_what_another_began_before_does_once_it_is_committed(
    demo: str, postgres: Postgres
) -> None:
    reader = DatabaseReader(database_at(demo))
    with postgres.connect(database_at(demo).name) as psql:
        psql.execute("BEGIN; UPDATE organization SET name = 'Begun before'")
        with reader.session() as session:
            session.fast.organization("default")
        with UnitOfWork(database_at(demo), "default") as unit:
            unit.connection.change("DELETE FROM idempotency")
        assert reader.is_unchanged()
        psql.execute("COMMIT")
        assert not reader.is_unchanged()
    reader.close()


def test_the_options_of_an_address_hold_and_no_others_of_how_days_are_written(
    opened: Opener, postgres: Postgres, postgres_database: str
) -> None:
    with postgres.connect(postgres_database) as psql:
        psql.execute("CREATE SCHEMA finance")
        psql.execute(f"ALTER DATABASE {postgres_database} SET datestyle = 'German, DMY'".encode())
        url = f"{postgres.url(postgres_database)}&options=-csearch_path%3Dfinance"
        opened(url).budgets.set_global(parse_amount("500"))
        found = psql.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'budget'").fetchall()
    assert found == [("finance",)]
    services = opened(url)
    assert services.snapshots.current().unallocated == parse_amount("500")
    assert services.database.check().problems == ()


@pytest.mark.parametrize(
    ("encoding", "problem"),
    [("SQL_ASCII", "is encoded in SQL_ASCII"), ("LATIN1", "the encoding of .* lacks a character")],
)
def test_an_encoding_without_every_character_is_named(
    opened: Opener, postgres: Postgres, encoding: str, problem: str
) -> None:
    name = f"in_{encoding.lower()}"
    with postgres.connect() as psql:
        psql.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'".encode()
        )
    projects = opened(postgres.url(name)).projects
    if encoding == "LATIN1":
        projects.add("coffee", "Café")
        assert opened(postgres.url(name)).snapshots.current().projects[0].name == "Café"
    with pytest.raises(BudgetError, match=problem):
        projects.add("tea", "茶")
    postgres.drop(name)


def test_where_there_is_no_database_the_hint_makes_it_on_that_server(opened: Opener, postgres: Postgres) -> None:
    with pytest.raises(StorageError, match="there is no database") as refused:
        opened(postgres.url("planned")).snapshots.current()
    command = f"createdb --host={postgres.folder} --username={ROLE} planned"
    assert refused.value.hint == f"make one: {command}"
    with pytest.raises(StorageError, match=r'cannot be reached \(role "nobody" does not exist\)'):
        opened(postgres.url("postgres").replace(ROLE, "nobody", 1)).snapshots.current()


def test_a_reader_cannot_write(demo: str) -> None:
    reader = database_at(demo).reader()
    with pytest.raises(StorageError, match="may not be written"), reader.transaction() as connection:
        connection.change("DELETE FROM idempotency")
    reader.close()


def test_who_may_only_read_is_told_how_to_check(looker: str, capsys: pytest.CaptureFixture[str]) -> None:
    looking = ["--db", looker, "check"]
    assert run(looking) == 2
    assert capsys.readouterr().err.endswith("budget-tui check --no-send only looks\n")
    assert run([*looking, "--no-send"]) in (0, 3)


def test_who_may_only_read_is_shown_what_is_stored_while_a_fee_is_due(opened: Opener, demo: str, looker: str) -> None:
    opened(demo, SHOWN_ON).recurring.add(NewFee("pcc", parse_amount("40"), on_day=20, name="Hosting"))
    later = date(2026, 2, 25)
    assert opened(demo, later).snapshots.current().total.spent == parse_amount("40")
    assert opened(looker, later).snapshots.current().total.spent == 0
    report = opened(looker, later).forecasts.current()
    assert report.snapshot.total.spent == 0


@pytest.mark.parametrize("table", ["audit", "transfer", "period_close", "period_close_line"])
def test_what_is_written_once_is_not_changed(demo: str, postgres: Postgres, table: str) -> None:
    import psycopg

    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with (
            postgres.connect(database_at(demo).name) as psql,
            pytest.raises(psycopg.errors.RaiseException, match="is append-only"),
        ):
            psql.execute(statement)


def test_a_message_names_the_database_so_that_a_command_takes_it_but_for_the_password() -> None:
    given = "postgresql+psycopg://anna:secret@/budget?host=/run/pg&password=secret&sslmode=disable"
    assert str(database_at(given)) == "postgresql://anna@/budget?host=/run/pg&sslmode=disable"
    assert str(database_at("postgresql://db.example.com:5433/budget")) == "postgresql://db.example.com:5433/budget"
    assert database_at(str(database_at(given))).name == "budget"


def test_backups_are_postgresqls_own(opened: Opener, demo: str, tmp_path: Path) -> None:
    services = opened(demo)
    with pytest.raises(Refused, match="pg_dump"):
        services.database.backup(tmp_path / "copy")
    with pytest.raises(Refused, match="pg_restore"):
        services.database.restore(tmp_path / "copy")


def test_writers_of_one_organization_take_turns_and_those_of_another_do_not_wait(demo: str) -> None:
    database = database_at(demo)
    with (
        closing(database.connect()) as first,
        closing(database.connect()) as second,
        closing(database.connect()) as third,
    ):
        first.begin("default")
        second.begin("acme")
        waited = threading.Event()

        def write() -> None:
            third.begin("default")
            waited.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert not waited.wait(0.2)
        first.rollback()
        assert waited.wait(5)
        thread.join()
        second.rollback()
        third.rollback()


def test_a_budget_of_tokens_is_never_overdrawn(opened: Opener, demo: str) -> None:
    services = opened(demo, SHOWN_ON)
    services.agents.add("racer", services.snapshots.current().projects[0].project_id, tokens=100)
    granted: list[int] = []

    def consume() -> None:
        own = open_services(demo, "default", SHOWN_ON, Settings(), keep_open=True)
        try:
            for _ in range(20):
                try:
                    own.agents.consume("racer", 3)
                except InsufficientBudget:
                    return
                granted.append(3)
        finally:
            own.close()

    threads = [threading.Thread(target=consume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 99
    assert services.database.check().problems == ()


def test_a_killed_writer_leaves_nothing_half_done(opened: Opener, demo: str) -> None:
    code = (
        "import sys, time\n"
        "from budget_tui.storage.database import database_at\n"
        "from budget_tui.storage.unit_of_work import UnitOfWork\n"
        "with UnitOfWork(database_at(sys.argv[1]), 'default') as unit:\n"
        "    unit.connection.change(\"UPDATE entity SET name = 'half'\")\n"
        "    print('now', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, demo], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "now\n"
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
    services = opened(demo, SHOWN_ON)
    services.projects.add("after")
    assert "half" not in {line.name for line in services.snapshots.current().projects}


def test_an_error_of_the_database_ends_the_unit_of_work_in_one_line(demo: str) -> None:
    with pytest.raises(Conflict), UnitOfWork(database_at(demo), "default") as unit:
        unit.connection.change("INSERT INTO level SELECT * FROM level")


def until(is_so: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Ask again and again, for as long as something may take."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
