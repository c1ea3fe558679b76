"""The plan over HTTP: what is refused, what is said, and what holds for whoever asks."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from budget_tui.domain.access import Scope
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, Level
from budget_tui.services.keys import Keys
from tests.services.planning import bill

from .conftest import Api, refused

PLAN = "/api/v1/budgets/acme"
BODY: dict[str, Any] = {
    "hierarchy_entity_id": "DEPT-OPS",
    "category": "cloud",
    "budget_amount": 1000,
    "period_type": "monthly",
    "period_start": "2026-04-01",
    "period_end": "2026-04-30",
}
ALLOCATION: dict[str, Any] = {
    **BODY,
    "hierarchy_entity_id": "ORG",
    "allocations": [
        {"hierarchy_entity_id": "DEPT-ENG", "percentage": 60},
        {"hierarchy_entity_id": "DEPT-OPS", "percentage": 30.5},
    ],
}
MISSING = "00000000-0000-0000-0000-000000000000"


def made(api: Api, body: dict[str, Any] = BODY) -> str:
    """The path of a new budget."""
    answer = api("POST", PLAN, body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def test_a_level_that_was_called_org_is_its_own(acme: Api) -> None:
    """Before that was refused; the root's level can be written so all the same."""
    with acme.services.context.work() as work:
        work.unit.organizations.set_levels(work.organization, [*DEFAULT_LEVELS, Level("org", "Org", 15)])
        work.commit()
    acme("POST", "/entities", {"entity_id": "UNIT", "level": "org"})
    made(acme, {**BODY, "hierarchy_entity_id": "UNIT", "hierarchy_level_code": "org"})
    made(acme, {**BODY, "hierarchy_entity_id": "ORG", "hierarchy_level_code": "Org"})
    answer = acme("POST", PLAN, {**BODY, "hierarchy_entity_id": "UNIT", "hierarchy_level_code": "organization"})
    refused(answer, 422, "refused", "UNIT has level 'org'")


# Whose


def test_another_organizations_key_finds_nothing(acme: Api) -> None:
    path = made(acme)
    views = ("", "/summary", "/allocation-tree", "/forecast", "/by-category", "/by-provider")
    for way in (*(f"{PLAN}{view}" for view in views), path):
        refused(acme("GET", way.replace("acme", "default")), 404, "not-found", "there is no organization 'default'")
    of_another = path.replace("/acme/", "/default/")
    refused(acme("PUT", of_another, {"budget_amount": 1}), 404, "not-found")
    refused(acme("DELETE", of_another), 404, "not-found")
    refused(acme("POST", "/api/v1/budgets/default", BODY), 404, "not-found")


def test_a_budget_of_another_organization_is_not_found_by_its_id(acme: Api) -> None:
    path = made(acme)
    default_key = Keys(replace(acme.services.context, org_slug="default")).create("other", Scope.WRITE).text
    mine = path.replace("/acme/", "/default/")
    refused(acme("GET", mine, key=default_key), 404, "not-found", "there is no budget")
    refused(acme("PUT", mine, {"budget_amount": 1}, key=default_key), 404, "not-found")
    refused(acme("DELETE", mine, key=default_key), 404, "not-found")
    refused(acme("GET", PLAN, key=default_key), 404, "not-found")
    assert acme.get(path)["budget_amount"] == 1000


def test_a_key_that_reads_writes_nothing(acme: Api) -> None:
    path = made(acme)
    for method, way, body in (
        ("POST", PLAN, BODY),
        ("POST", f"{PLAN}/allocate", ALLOCATION),
        ("PUT", path, {"budget_amount": 1}),
        ("DELETE", path, None),
    ):
        refused(acme(method, way, body, key=acme.read_key), 403, "forbidden")
    assert acme("GET", path, key=acme.read_key).json()["budget_amount"] == 1000


# Once, and only if


@pytest.mark.parametrize(("path", "body"), [(PLAN, BODY), (f"{PLAN}/allocate", ALLOCATION)])
def test_the_same_key_makes_it_once(acme: Api, path: str, body: dict[str, Any]) -> None:
    first = acme("POST", path, body, Idempotency_Key="k")
    again = acme("POST", path, body, Idempotency_Key="k")
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    refused(acme("POST", path, {**body, "budget_amount": 2}, Idempotency_Key="k"), 409, "conflict", "another request")


def test_where_it_is_made_it_can_be_got(acme: Api) -> None:
    answer = acme("POST", PLAN, BODY)
    found = acme("GET", answer.headers["Location"])
    assert found.json().items() <= answer.json().items()
    allocated = acme("POST", f"{PLAN}/allocate", {**ALLOCATION, "provider": "gcp"})
    assert acme.get(allocated.headers["Location"])["budget_id"] == allocated.json()["parent_budget"]["budget_id"]


def test_a_stale_tag_changes_nothing(acme: Api) -> None:
    path = made(acme)
    tag = acme.etag(path)
    changed = acme("PUT", path, {"notes": "for April"}, If_Match=tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] == acme.etag(path) != tag
    refused(acme("PUT", path, {"budget_amount": 2}, If_Match=tag), 412, "conflict", "someone else")
    assert acme.get(path)["budget_amount"] == 1000
    assert acme("PUT", path, {"budget_amount": 2}, If_Match=changed.headers["ETag"]).status_code == 200
    assert acme("GET", path, If_None_Match=acme.etag(path)).status_code == 304


@pytest.mark.parametrize("tag", ["nonsense", '"99999999999999999999-0123456789abcdef"', '"0-0123456789abcdef"'])
def test_a_tag_that_is_none_of_ours_matches_nothing(acme: Api, tag: str) -> None:
    refused(acme("PUT", made(acme), {"budget_amount": 2}, If_Match=tag), 412, "conflict")


def test_what_else_is_in_the_way_is_no_stale_tag(acme: Api) -> None:
    path = made(acme)
    made(acme, {**BODY, "provider": "gcp"})
    refused(acme("PUT", path, {"provider": "Google Cloud"}, If_Match=acme.etag(path)), 409, "conflict", "already")


# What is refused


def test_a_duplicate_is_a_conflict_and_another_type_is_none(acme: Api) -> None:
    genai = {**BODY, "category": "genai"}
    made(acme, genai)
    refused(acme("POST", PLAN, genai), 409, "conflict", "already")
    made(acme, {**genai, "budget_type": "token"})
    made(acme, {**genai, "provider": "openai"})


def test_what_was_deleted_is_gone(acme: Api) -> None:
    path = made(acme)
    tag = acme.etag(path)
    changed = acme("PUT", path, {"notes": "for April"}).headers["ETag"]
    refused(acme("DELETE", path, If_Match=tag), 412, "conflict", "someone else")
    assert acme("DELETE", path, If_Match=changed).status_code == 204
    for method, body in (("GET", None), ("PUT", {"budget_amount": 1}), ("DELETE", None)):
        refused(acme(method, path, body), 404, "not-found", "was deleted")
    made(acme)


def test_an_id_is_given_whole(acme: Api) -> None:
    path = made(acme)
    refused(acme("GET", path[:-1]), 404, "not-found")
    refused(acme("GET", f"{PLAN}/{MISSING}"), 404, "not-found", "there is no budget")


def test_a_level_that_is_not_the_entitys_is_refused_and_a_name_is_told(acme: Api) -> None:
    refused(acme("POST", PLAN, {**BODY, "hierarchy_level_code": "team"}), 422, "refused", "has level 'department'")
    answer = acme("POST", PLAN, {**BODY, "hierarchy_entity_name": "Ops"})
    assert answer.json()["hierarchy_entity_name"] == "Operations"
    assert answer.json()["warnings"] == ["DEPT-OPS is called Operations, not Ops"]
    child = {**ALLOCATION["allocations"][0], "hierarchy_level_code": "org"}
    refused(acme("POST", f"{PLAN}/allocate", {**ALLOCATION, "allocations": [child]}), 422, "refused", "DEPT-ENG")
    assert acme.get(PLAN)["total"] == 13


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"budget_amount": -1}, "negative"),
        ({"budget_amount": 1e300}, "out of range"),
        ({"budget_amount": "20"}, "JSON number"),
        ({"budget_amount": True}, "JSON number"),
        ({"budget_type": "token", "category": "genai", "budget_amount": 0.5}, "whole"),
        ({"budget_type": "token"}, "cloud has no token budgets"),
        ({"period_end": "2026-04-29"}, "not monthly"),
        ({"period_end": "2026-03-01"}, "before it starts"),
        ({"period_start": "9999-12-01", "period_end": "9999-12-31"}, "period_start"),
        ({"period_start": "20260401"}, "period_start"),
        ({"currency": "dollars"}, "not a currency"),
        ({"category": "clouds"}, "category"),
        ({"org_slug": "default"}, "org_slug"),
    ],
)
def test_a_budget_that_is_none(acme: Api, changed: dict[str, Any], words: str) -> None:
    refused(acme("POST", PLAN, {**BODY, **changed}), 422, "refused", words)
    assert acme.get(PLAN)["total"] == 12


@pytest.mark.parametrize(
    ("children", "words"),
    [
        ([], "at least 1"),
        ([("DEPT-ENG", {"percentage": 60}), ("DEPT-OPS", {"percentage": 40.1})], "at most 100"),
        ([("DEPT-ENG", {"percentage": 60}), ("DEPT-ENG", {"percentage": 4})], "twice"),
        ([("DEPT-ENG", {"percentage": 60}), ("DEPT-OPS", {"amount": 4})], "the same of the two"),
        ([("DEPT-ENG", {})], "percentages or amounts"),
        ([("DEPT-ENG", {"percentage": -1})], "percentage"),
        ([("DEPT-ENG", {"percentage": 1e99})], "percentage"),
        ([("DEPT-ENG", {"percentage": 1e-99})], "at most 9 decimals"),
        ([("ORG", {"percentage": 1})], "not below"),
    ],
)
def test_an_allocation_that_is_none_makes_nothing(acme: Api, children: list[Any], words: str) -> None:
    shares = [{"hierarchy_entity_id": entity, **share} for entity, share in children]
    refused(acme("POST", f"{PLAN}/allocate", {**ALLOCATION, "allocations": shares}), 422, "refused", words)
    assert acme.get(PLAN)["total"] == 12


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "there is nothing to change"),
        ({"period_type": "yearly"}, "give all three"),
        ({"category": "genai"}, "category"),
        ({"rescale_children": True}, "there is nothing to change"),
    ],
)
def test_a_change_that_is_none(acme: Api, body: dict[str, Any], words: str) -> None:
    refused(acme("PUT", made(acme), body), 422, "refused", words)


@pytest.mark.parametrize(
    "query", ["typo=1", "category=clouds", "limit=0", "limit=1001", "offset=-1", "is_active=maybe"]
)
def test_a_filter_that_is_none(acme: Api, query: str) -> None:
    refused(acme("GET", f"{PLAN}?{query}"), 422, "refused", query.partition("=")[0])


def test_an_entity_that_is_not_there(acme: Api) -> None:
    refused(acme("POST", PLAN, {**BODY, "hierarchy_entity_id": "DEPT-X"}), 404, "not-found", "DEPT-X")
    for view in ("?hierarchy_entity_id=X", "/allocation-tree?root_entity_id=X", "/by-category?hierarchy_entity_id=X"):
        refused(acme("GET", f"{PLAN}{view}"), 404, "not-found", "there is no entity 'X'")


def test_what_may_be_done_where(acme: Api) -> None:
    for way, allowed in (
        ("/summary", "GET, HEAD"),
        ("/allocate", "POST"),
        ("", "GET, HEAD, POST"),
        (f"/{MISSING}", ""),
    ):
        answer = acme("PATCH", f"{PLAN}{way}")
        refused(answer, 405, "method-not-allowed")
        assert answer.headers["Allow"] == (allowed or "DELETE, GET, HEAD, PUT")


# What is answered


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("budget_type=token", 1),
        ("provider=Google%20Cloud", 2),
        ("provider=gcp&category=cloud", 2),
        ("period_type=yearly", 4),
        ("period_start=2026-01-01&period_end=2026-03-31", 8),
        ("hierarchy_entity_id=DEPT-ENG", 3),
        ("status=over", 2),
        ("search=pipeline", 1),
        ("currency=eur", 0),
        ("is_active=false", 0),
        ("is_active=any", 12),
    ],
)
def test_every_filter_of_the_list(acme: Api, query: str, total: int) -> None:
    answer = acme.get(f"{PLAN}?{query}")
    assert (answer["total"], len(answer["budgets"])) == (total, total)


def test_pages_of_the_list_are_the_list(acme: Api) -> None:
    whole = acme.get(PLAN)["budgets"]
    pages = [acme.get(f"{PLAN}?limit=5&offset={offset}") for offset in (0, 5, 10, 15)]
    assert [len(page["budgets"]) for page in pages] == [5, 5, 2, 0]
    assert {page["total"] for page in pages} == {12}
    assert [budget for page in pages for budget in page["budgets"]] == whole


def test_amounts_are_exact(acme: Api) -> None:
    body = json.dumps({**BODY, "budget_amount": 0}).replace(": 0,", ": 8999999999.123456789,")
    answer = acme("POST", PLAN, body)
    assert answer.status_code == 201, answer.text
    assert '"budget_amount": 8999999999.123456789' in answer.text


def test_children_above_their_parent_are_warned_about(acme: Api) -> None:
    shares = [{"hierarchy_entity_id": "DEPT-ENG", "amount": 900}, {"hierarchy_entity_id": "DEPT-OPS", "amount": 200}]
    answer = acme("POST", f"{PLAN}/allocate", {**ALLOCATION, "allocations": shares})
    assert answer.status_code == 201
    assert answer.json()["unallocated_amount"] == -100
    [told] = answer.json()["warnings"]
    assert "$100.00 more than its $1,000.00" in told
    month = "period_type=monthly&period_start=2026-04-01"
    for path in ("", "/summary", "/allocation-tree", "/summary?category=cloud", f"?{month}"):
        assert acme.get(f"{PLAN}{path}")["warnings"] == [told], path
    assert acme.get(f"{PLAN}/by-category?{month}")["cloud"]["warnings"] == [told]
    assert acme.get(f"{PLAN}?category=genai")["warnings"] == []
    [parent, child] = [answer.headers["Location"], f"{PLAN}/{answer.json()['children'][0]['budget']['budget_id']}"]
    assert acme.get(child)["warnings"] == []
    before = acme("GET", parent)
    assert before.json()["warnings"] == [told]
    changed = acme("PUT", parent, {"budget_amount": 1000, "notes": "generous"})
    assert changed.headers["ETag"] == acme.etag(parent) != before.headers["ETag"], "with what is warned about"
    acme("PUT", child, {"budget_amount": 800})
    after = acme("GET", parent, If_None_Match=changed.headers["ETag"])
    assert (after.status_code, after.json()["warnings"]) == (200, [])


def test_children_keep_their_shares_when_asked_to(acme: Api) -> None:
    path = acme("POST", f"{PLAN}/allocate", ALLOCATION).headers["Location"]
    answer = acme("PUT", path, {"budget_amount": 2000, "rescale_children": True}).json()
    assert [child["budget_amount"] for child in answer["rescaled_children"]] == [1200, 610]
    kept = acme("PUT", path, {"budget_amount": 3000}).json()
    assert kept["rescaled_children"] == []


def test_a_percentage_is_exact(acme: Api) -> None:
    answer = acme("POST", f"{PLAN}/allocate", ALLOCATION)
    assert [child["allocated_amount"] for child in answer.json()["children"]] == [600, 305]
    assert '"allocation_percentage": 30.5' in answer.text
    assert answer.json()["unallocated_percentage"] == 9.5


def test_a_department_without_budgets_has_no_root(acme: Api) -> None:
    answer = acme.get(f"{PLAN}/allocation-tree?root_entity_id=PROJ-DESIGN")
    assert (answer["roots"], answer["children"], answer["entity"], answer["budget"]) == ([], [], None, None)


def test_the_periods_end_counts(acme: Api) -> None:
    """What is charged on a period's last day is in it."""
    before = acme.get(f"{PLAN}/summary?hierarchy_entity_id=DEPT-OPS")["budgets"][0]["actual_amount"]
    made(acme, {**BODY, "period_start": "2026-03-01", "period_end": "2026-03-31"})
    march = f"{PLAN}/summary?period_type=monthly"
    spent = acme.get(march)["budgets"][0]["actual_amount"]
    body = {"amount_usd": 7, "on": "2026-03-31", "category": "cloud"}
    acme.services.entities.add("PROJ-LAST", "DEPT-OPS", "project")
    assert acme("POST", "/projects/PROJ-LAST/costs", body).status_code == 201
    assert acme.get(march)["budgets"][0]["actual_amount"] == spent + 7
    year = acme.get(f"{PLAN}/summary?hierarchy_entity_id=DEPT-OPS&period_type=yearly")["budgets"][0]
    assert year["actual_amount"] == before + Decimal(7)


def test_every_view_names_what_it_leaves_out_for_want_of_a_rate(acme: Api) -> None:
    bill(acme.services.of_organization("acme"), ("TEAM-BACKEND", "8", "CHF", "2026-02-05", "Google Cloud"))
    acme.get(f"{PLAN}/summary")
    made(acme, {**BODY, "hierarchy_entity_id": "DEPT-ENG", "category": "genai", "currency": "CHF"})
    costs = {"currency": "CHF", "amount": 8, "costs": 1, "budgets": 0, "into": "USD"}
    budgets = {"currency": "CHF", "amount": 1000, "costs": 0, "budgets": 1, "into": "USD"}
    told = "1 cost in CHF (CHF 8.00) left out: there is no usable exchange rate to USD"
    by_category = acme.get(f"{PLAN}/by-category?hierarchy_entity_id=DEPT-ENG")
    by_provider = acme.get(f"{PLAN}/by-provider?hierarchy_entity_id=DEPT-ENG")
    views = (acme.get(f"{PLAN}/summary"), acme.get(f"{PLAN}/allocation-tree"), by_category["total"], by_provider["gcp"])
    for answer in views:
        assert (answer["left_out"], told in answer["warnings"]) == ([costs], True)
    assert by_category["genai"]["left_out"] == [budgets]
    assert by_category["genai"]["budget"] is None
    assert (by_category["subscription"]["left_out"], by_provider["anthropic"]["warnings"]) == ([], [])
