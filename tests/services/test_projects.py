"""Projects come, change their name, go, and come back."""

from pathlib import Path

import pytest

from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.presentation.audit import changes
from tests.databases import Engine
from tests.services.conftest import TODAY, Home, home_at, shown


def a_and_b(path: Path) -> None:
    home = home_at(path, TODAY)
    home.budget("500")
    home.add("a", allocate="100")
    home.add("b", allocate="200")


@pytest.fixture
def two(engine: Engine) -> Home:
    return home_at(engine.new(a_and_b), TODAY)


def names(home: Home) -> dict[str, str]:
    return {line.project_id: line.name for line in home.snapshot.projects}


def test_a_project_begins_with_nothing_unless_told(home: Home) -> None:
    home.budget("500")
    home.add("a")
    home.add("b", allocate="25%")
    home.add("c", allocate="rest")
    assert home.allocations == {"a": "0", "b": "125", "c": "375", "pool": "0"}


def test_its_name_is_its_id_unless_told(home: Home) -> None:
    home.services.projects.add("videonest-api", "VideoNest API")
    home.add("pcc")
    assert names(home) == {"videonest-api": "VideoNest API", "pcc": "pcc"}


def test_an_id_is_taken_once(two: Home) -> None:
    with pytest.raises(Conflict, match="'a' already exists"):
        two.add("a", allocate="50")
    assert two.allocations == {"a": "100", "b": "200", "pool": "200"}


@pytest.mark.parametrize("project", ["pool", "POOL", "ORG", "", " ", "a/b", "-a", "a\nb", "x" * 65])
def test_an_id_that_would_mislead_is_refused(home: Home, project: str) -> None:
    with pytest.raises(Refused):
        home.add(project)
    assert home.rows("SELECT count(*) FROM entity") == [(0,)]


def test_a_refused_allocation_adds_no_project(home: Home) -> None:
    home.budget("500")
    with pytest.raises(Refused):
        home.add("a", allocate="-5")
    assert names(home) == {}


# Another name


def test_another_name_changes_nothing_else(two: Home) -> None:
    two.spend("a", "10")
    two.services.projects.rename("a", "Project A")
    assert names(two) == {"a": "Project A", "b": "b"}
    assert two.allocations == {"a": "100", "b": "200", "pool": "200"}
    assert two.spent == {"a": "10", "b": "0", "all": "10"}
    assert (two.log[0].action, changes(two.log[0])) == ("project.rename", "name a → Project A")


def test_the_same_name_is_no_change(two: Home) -> None:
    before = two.log
    two.services.projects.rename("a", "a")
    assert two.log == before


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[31m", "x" * 121])
def test_a_name_that_cannot_be_shown_is_refused(two: Home, name: str) -> None:
    with pytest.raises(Refused):
        two.services.projects.rename("a", name)


# Gone


def test_an_archived_project_returns_its_allocation_and_leaves_its_costs(two: Home) -> None:
    two.spend("a", "30")
    assert shown(two.services.projects.archive("a")) == "100"
    assert two.allocations == {"b": "200", "pool": "300"}
    assert two.spent == {"b": "0", "all": "30"}
    assert (two.log[0].action, two.log[0].subject) == ("project.archive", "a")
    assert changes(two.log[0]) == "allocation 100 → –"


@pytest.mark.both_engines
def test_an_archived_project_takes_nothing_more(two: Home) -> None:
    two.services.projects.archive("a")
    for command in (
        lambda: two.allocate("a", "10"),
        lambda: two.spend("a", "10"),
        lambda: two.transfer("b", "a", "10"),
        lambda: two.transfer("a", "b", "10"),
        lambda: two.services.projects.rename("a", "A"),
        lambda: two.services.projects.archive("a"),
        lambda: two.services.costs.map_to_project("a", "service", "compute"),
    ):
        with pytest.raises(NotFound, match="project 'a' is archived; add it again"):
            command()
    assert two.allocations == {"b": "200", "pool": "300"}


def test_a_project_that_is_not_there_cannot_be_archived(two: Home) -> None:
    with pytest.raises(NotFound, match="there is no project 'c'"):
        two.services.projects.archive("c")


# Back


@pytest.mark.both_engines
def test_it_comes_back_with_its_costs_and_without_an_allocation(two: Home) -> None:
    two.spend("a", "30")
    two.services.projects.rename("a", "Project A")
    two.services.projects.archive("a")
    two.add("a")
    assert names(two) == {"a": "Project A", "b": "b"}
    assert two.allocations == {"a": "0", "b": "200", "pool": "300"}
    assert two.spent == {"a": "30", "b": "0", "all": "30"}
    assert two.log[0].action == "project.restore"


def test_it_comes_back_under_another_name_and_allocation(two: Home) -> None:
    two.services.projects.archive("a")
    two.services.projects.add("a", "The Return of A")
    two.allocate("a", "rest")
    assert names(two)["a"] == "The Return of A"
    assert two.allocations == {"a": "300", "b": "200", "pool": "0"}


def test_it_comes_and_goes_as_often_as_one_likes(two: Home) -> None:
    for amount in ("10", "20", "30"):
        two.services.projects.archive("a")
        two.add("a", allocate=amount)
        assert two.allocations == {"a": amount, "b": "200", "pool": str(300 - int(amount))}


def test_what_it_was_in_a_closed_month_stays(two: Home) -> None:
    february = two.on("2026-02-03")
    february.services.projects.archive("a")
    assert february.allocations == {"b": "200", "pool": "300"}
    january = two.on("2026-01-20").snapshot
    assert shown(january.allocated) == "300"
