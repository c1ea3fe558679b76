"""Databases on real files, each in a folder of its own."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.storage.database import database_at
from budget_tui.storage.unit_of_work import UnitOfWork

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a fresh database: migrating once is enough for tests that are not about migrating."""
    path = tmp_path_factory.mktemp("fresh") / "budget.db"
    database_at(path).create()
    assert [file.name for file in path.parent.iterdir()] == ["budget.db"]
    return path.read_bytes()


@pytest.fixture
def database(tmp_path: Path, empty_database: bytes) -> Path:
    """A database of the newest version that holds nothing."""
    path = tmp_path / "budget.db"
    path.write_bytes(empty_database)
    return path


def add_organization(path: Path) -> tuple[Organization, Budget]:
    with UnitOfWork(database_at(path)) as unit:
        organization = unit.organizations.add("default", "Default", "USD", "UTC", NOON)
        root = unit.fast.entity(organization.org_key, "ORG")
        assert root is not None
        budget = unit.budgets.add_total(
            organization.org_key, root.entity_key, "USD", PeriodKind.MONTHLY, JANUARY, 0, None, "anna", NOON
        )
        unit.commit()
    return organization, budget


@pytest.fixture
def budgeted(database: Path) -> tuple[Path, Organization, Budget]:
    """A database with one organization that has a global budget of 0 in January 2026."""
    return database, *add_organization(database)


@pytest.fixture
def sql(database: Path) -> Iterator[Callable[..., list[Any]]]:
    """Runs one statement on `database` past everything that guards it but the database itself."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")

        def run(statement: str, *parameters: object) -> list[Any]:
            return connection.execute(statement, parameters).fetchall()

        yield run


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """What lies in a folder, by name: to see that nothing was touched and nothing left behind."""
    return lambda folder: {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
