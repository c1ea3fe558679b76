"""Repeated requests, and requests that hold only while nothing changed."""

import pytest

from .conftest import TOKENS, Api, refused

TRANSFER = ("/projects/pcc/budget/transfer", {"to_project_id": "pool", "amount_usd": 4})
COST = ("/projects/pcc/costs", {"amount_usd": 4})
CONSUME = ("/agents/scout/budget/consume", {"tokens": 4})
TOP_UP = ("/agents/scout/budget/top-up", {"tokens": 4})
RESERVE = ("/agents/scout/budget/reserve", {"tokens": 4})


@pytest.mark.parametrize(("path", "body"), [TRANSFER, COST, CONSUME, TOP_UP, RESERVE])
def test_the_same_key_acts_once_and_answers_alike(api: Api, path: str, body: dict[str, object]) -> None:
    first = api("POST", path, body, Idempotency_Key="k 1")
    assert "Idempotent-Replayed" not in first.headers
    before = (api.get("/status"), api.get("/agents"))
    again = api("POST", path, body, Idempotency_Key="k 1")
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (api.get("/status"), api.get("/agents")) == before


@pytest.mark.parametrize(("path", "body"), [TRANSFER, COST, CONSUME, TOP_UP, RESERVE])
def test_the_same_key_for_another_request_is_a_conflict(api: Api, path: str, body: dict[str, object]) -> None:
    api("POST", path, body, Idempotency_Key="k")
    other = {name: value if isinstance(value, str) else 5 for name, value in body.items()}
    refused(api("POST", path, other, Idempotency_Key="k"), 409, "conflict", "another request")


def test_a_refusal_is_not_remembered(api: Api) -> None:
    body = {"tokens": TOKENS + 1}
    refused(api("POST", CONSUME[0], body, Idempotency_Key="k"), 409, "insufficient-budget")
    api("POST", TOP_UP[0], {"tokens": 1})
    assert api("POST", CONSUME[0], body, Idempotency_Key="k").status_code == 200


def test_a_key_that_is_too_long_is_refused(api: Api) -> None:
    refused(api("POST", *CONSUME, Idempotency_Key="k" * 201), 422, "refused", "Idempotency-Key")


BUDGETS = [
    ("/budget", "monthly_budget_usd"),
    ("/projects/pcc/budget", "monthly_allocation_usd"),
    ("/agents/scout/budget", "tokens"),
]


@pytest.mark.parametrize(("path", "name"), BUDGETS)
def test_what_the_reader_has_is_not_sent_again(api: Api, path: str, name: str) -> None:
    tag = api.etag(path)
    for header in (tag, f'"other", W/{tag}', "*"):
        answer = api("GET", path, If_None_Match=header)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
    api("PUT", path, {name: 600})
    changed = api("GET", path, If_None_Match=tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


@pytest.mark.parametrize(("path", "name"), BUDGETS)
def test_a_stale_tag_changes_nothing(api: Api, path: str, name: str) -> None:
    tag = api.etag(path)
    answer = api("PUT", path, {name: 600}, If_Match=tag)
    assert answer.status_code == 200
    refused(api("PUT", path, {name: 700}, If_Match=tag), 412, "conflict", "someone else")
    assert api.etag(path) == answer.headers["ETag"]
    assert api("PUT", path, {name: 700}, If_Match=f'"other", {answer.headers["ETag"]}').status_code == 200


@pytest.mark.parametrize("tag", ["nonsense", '""', '"500000000000"', 'W/"500000000000-0123456789abcdef"', '"-1-0"'])
def test_a_tag_that_is_none_of_ours_matches_nothing(api: Api, tag: str) -> None:
    refused(api("PUT", "/budget", {"monthly_budget_usd": 1}, If_Match=tag), 412, "conflict")


def test_a_condition_that_would_be_ignored_is_refused(api: Api) -> None:
    tag, body = api.etag("/projects/pcc/budget"), {"to_project_id": "dandelion", "amount_usd": 1}
    refused(api("POST", "/projects/pcc/budget/transfer", body, If_Match=tag), 422, "refused", "If-Match")
    assert api.etag("/projects/pcc/budget") == tag


def test_any_state_will_do(api: Api) -> None:
    assert api("PUT", "/budget", {"monthly_budget_usd": 1}, If_Match="*").status_code == 200


def test_a_cost_recorded_meanwhile_is_no_reason_to_refuse(api: Api) -> None:
    tag = api.etag("/budget")
    api("POST", *COST)
    assert api("GET", "/budget", If_None_Match=tag).status_code == 200
    assert api("PUT", "/budget", {"monthly_budget_usd": 600}, If_Match=tag).status_code == 200
