"""``POST``, ``PATCH`` and ``DELETE`` of ``/projects``, ``/agents`` and ``/entities``: what there is to budget for."""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import Api, exactly, refused

PROJECT = ("/projects", {"project_id": "billing", "name": "Billing", "monthly_allocation_usd": 12.5})
AGENT = ("/agents", {"agent_id": "reviewer", "project_id": "pcc", "tokens": 500})
ENTITY = ("/entities", {"entity_id": "DEPT-ENG", "name": "Engineering", "level": "department"})
ADDED = [PROJECT, AGENT, ENTITY]


def ids(api: Api) -> list[str]:
    return [entity["entity_id"] for entity in api.get("/entities")["entities"]]


def log(api: Api) -> list[tuple[str, str]]:
    return [(entry["action"], entry["subject"]) for entry in api.get("/log")]


# Adding


def test_a_project_is_added_with_its_allocation(api: Api) -> None:
    answer = api("POST", *PROJECT)
    assert answer.status_code == 201
    assert exactly(answer.text) == {
        "project_id": "billing",
        "name": "Billing",
        "parent_id": "ORG",
        "monthly_allocation_usd": Decimal("12.5"),
        "currency": "USD",
        "warnings": [],
    }
    assert answer.headers["Location"] == "/projects/billing/budget"
    assert api.get(answer.headers["Location"])["monthly_allocation_usd"] == Decimal("12.5")


def test_a_project_with_more_than_is_left_is_added_with_a_warning(api: Api) -> None:
    body = {"project_id": "billing", "monthly_allocation_usd": 100}
    for _ in range(2):
        [warning] = api("POST", "/projects", body, Idempotency_Key="one").json()["warnings"]
        assert warning == "projects are allocated $20.00 more than the budget of $500.00"


def test_an_agent_is_added_with_its_tokens(api: Api) -> None:
    answer = api("POST", "/agents", {**AGENT[1], "name": "Reviewer", "model": "claude-sonnet-4"})
    assert (answer.status_code, answer.json()["available_tokens"]) == (201, 500)
    budget = api.get(answer.headers["Location"])
    assert (budget["name"], budget["project_id"], budget["model"]) == ("Reviewer", "pcc", "claude-sonnet-4")


def test_an_entity_is_added_where_it_belongs(api: Api) -> None:
    answer = api("POST", *ENTITY)
    assert answer.status_code == 201
    entity = {"entity_id": "DEPT-ENG", "name": "Engineering", "level": "department", "path": "/ORG/DEPT-ENG/"}
    assert answer.json() == {**entity, "parent_id": "ORG", "archived": False, "enforced": False}
    assert api.get(answer.headers["Location"]) == answer.json()
    below = {"project_id": "billing", "parent_id": "DEPT-ENG"}
    assert api("POST", "/projects", below).json()["parent_id"] == "DEPT-ENG"
    assert ids(api)[-2:] == ["DEPT-ENG", "billing"]


def test_a_location_is_a_path_whatever_the_id(api: Api) -> None:
    answer = api("POST", "/projects", {"project_id": "a b?c#d %25 ü"})
    assert api.get(answer.headers["Location"])["project_id"] == "a b?c#d %25 ü"


@pytest.mark.parametrize(("path", "body"), ADDED)
def test_the_same_key_adds_once_and_answers_alike(api: Api, path: str, body: dict[str, Any]) -> None:
    first, again = (api("POST", path, body, Idempotency_Key="k") for _ in range(2))
    assert (again.status_code, again.text, again.headers["Location"]) == (201, first.text, first.headers["Location"])
    assert again.headers["Idempotent-Replayed"] == "true"
    refused(api("POST", path, {**body, "name": "Another"}, Idempotency_Key="k"), 409, "conflict", "another request")
    refused(api("POST", path, body), 409, "conflict", "already exists")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/projects", {"project_id": "a/b"}, 422),
        ("/projects", {"project_id": "pool"}, 422),
        ("/projects", {"project_id": "a", "monthly_allocation_usd": -1}, 422),
        ("/projects", {"project_id": "a", "parent_id": "nobody"}, 404),
        ("/projects", {"project_id": "a", "parent_id": "scout"}, 422),
        ("/projects", {"project_id": "a", "name": "\u200b"}, 422),
        ("/projects", {"project_id": "a", "name": "\ud800"}, 422),
        ("/projects", {"project_id": "a", "name": "PCC"}, 409),
        ("/agents", {"agent_id": "a", "project_id": "nobody"}, 404),
        ("/agents", {"agent_id": "a"}, 422),
        ("/agents", {"agent_id": "a", "project_id": "pcc", "tokens": 1.5}, 422),
        ("/entities", {"entity_id": "a", "level": "galaxy"}, 404),
        ("/entities", {"entity_id": "ORG"}, 422),
    ],
)
def test_what_cannot_be_added_is_refused_whole(api: Api, path: str, body: dict[str, Any], status: int) -> None:
    before = log(api)
    assert api("POST", path, body).status_code == status
    assert log(api) == before


# Changing


@pytest.mark.parametrize("path", ["/projects/pcc", "/entities/pcc"])
def test_a_project_is_renamed_and_moved_in_one_change(api: Api, path: str) -> None:
    api("POST", *ENTITY)
    answer = api("PATCH", path, {"name": "Control", "parent_id": "DEPT-ENG"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["path"]) == ("Control", "/ORG/DEPT-ENG/pcc/")
    assert api.get("/projects/pcc/budget")["name"] == "Control"
    assert log(api)[:2] == [("project.rename", "pcc"), ("entity.move", "pcc")]
    assert "PCC" in api("POST", "/undo").json()["what"]
    assert (api.get("/entities/pcc")["name"], api.get("/entities/pcc")["parent_id"]) == ("PCC", "ORG")


def test_an_agent_is_renamed_and_given_to_another_project(api: Api) -> None:
    answer = api("PATCH", "/agents/scout", {"name": "Scout 2", "project_id": "dandelion"})
    assert (answer.status_code, answer.json()["path"]) == (200, "/ORG/dandelion/scout/")
    budget = api.get("/agents/scout/budget")
    assert (budget["name"], budget["project_id"]) == ("Scout 2", "dandelion")
    assert log(api)[:2] == [("agent.rename", "scout"), ("entity.move", "scout")]
    api("POST", "/undo")
    assert api.get("/agents/scout/budget")["project_id"] == "pcc"


CHANGES = [("/projects/pcc", {"name": "New"}), ("/agents/scout", {"name": "New"}), ("/entities/pcc", {"name": "New"})]


@pytest.mark.parametrize(("path", "body"), CHANGES)
def test_a_change_holds_only_while_it_is_as_it_was_seen(api: Api, path: str, body: dict[str, Any]) -> None:
    seen = api.etag(f"/entities/{path.rsplit('/', 1)[1]}")
    changed = api("PATCH", path, body, If_Match=seen)
    assert (changed.status_code, changed.json()["name"]) == (200, "New")
    refused(api("PATCH", path, {"name": "Newer"}, If_Match=seen), 412, "conflict", "someone else has changed it since")
    refused(api("DELETE", path, If_Match=seen), 412, "conflict")
    assert api("DELETE", path, If_Match=changed.headers["ETag"]).status_code == 204


def test_a_name_that_is_taken_is_no_failed_precondition(api: Api) -> None:
    seen = api.etag("/entities/pcc")
    refused(api("PATCH", "/projects/pcc", {"name": "Dandelion"}, If_Match=seen), 409, "conflict", "Dandelion")


def test_the_tag_of_an_entity_saves_an_answer(api: Api) -> None:
    seen = api.etag("/entities/pcc")
    assert api("GET", "/entities/pcc", If_None_Match=seen).status_code == 304
    api("PATCH", "/projects/pcc", {"name": "New"})
    assert api("GET", "/entities/pcc", If_None_Match=seen).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/projects/pcc", {}, 422),
        ("/projects/pcc", {"name": None}, 422),
        ("/projects/pcc", {"name": " "}, 422),
        ("/projects/pcc", {"project_id": "other"}, 422),
        ("/projects/pcc", {"parent_id": "nobody"}, 404),
        ("/projects/scout", {"name": "New"}, 422),
        ("/agents/pcc", {"name": "New"}, 404),
        ("/agents/scout", {"project_id": "scout"}, 422),
        ("/entities/ORG", {"name": "New"}, 422),
        ("/entities/nobody", {"name": "New"}, 404),
    ],
)
def test_what_cannot_be_changed_stays(api: Api, path: str, body: dict[str, Any], status: int) -> None:
    before = log(api)
    assert api("PATCH", path, body).status_code == status
    assert log(api) == before


# Archiving


def test_an_archived_project_gives_its_allocation_back(api: Api) -> None:
    assert api("DELETE", "/projects/dandelion").status_code == 204
    assert api.get("/budget")["unallocated_usd"] == 130
    refused(api("GET", "/projects/dandelion/budget"), 404, "not-found")
    refused(api("DELETE", "/projects/dandelion"), 404, "not-found", "is archived", "add it again")
    assert api.get("/entities/dandelion")["archived"] is True
    assert "dandelion" not in ids(api)
    assert api("POST", "/projects", {"project_id": "dandelion"}).status_code == 201


def test_an_archived_agent_grants_nothing(api: Api) -> None:
    assert api("DELETE", "/agents/scout").status_code == 204
    refused(api("POST", "/agents/scout/budget/consume", {"tokens": 1}), 404, "not-found", "is archived")
    assert api("POST", "/undo").status_code == 200
    assert api("POST", "/agents/scout/budget/consume", {"tokens": 1}).status_code == 200


def test_what_has_something_below_it_stays(api: Api) -> None:
    api("POST", *ENTITY)
    api("PATCH", "/projects/pcc", {"parent_id": "DEPT-ENG"})
    refused(api("DELETE", "/entities/DEPT-ENG"), 422, "refused", "'pcc' below it")
    refused(api("DELETE", "/entities/ORG"), 422, "refused", "the organization itself")


# Who may


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(("POST", *added) for added in ADDED),
        *(("PATCH", *change) for change in CHANGES),
        *(("DELETE", path, None) for path, _ in CHANGES),
        ("POST", "/undo", None),
        ("POST", "/redo", None),
    ],
)
def test_a_key_that_reads_changes_nothing(api: Api, method: str, path: str, body: Any) -> None:
    before = log(api)
    refused(api(method, path, body, key=api.read_key), 403, "forbidden")
    assert log(api) == before
