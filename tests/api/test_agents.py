"""``/agents``: tokens under a hard limit."""

import json

import pytest

from .conftest import TOKENS, Api, refused


def test_an_agent_answers_how_it_stands(api: Api) -> None:
    scout = api.get("/agents/scout/budget")
    assert (scout["agent_id"], scout["project_id"]) == ("scout", "pcc")
    assert (scout["allocated_tokens"], scout["used_tokens"]) == (TOKENS, 0)
    assert (scout["reserved_tokens"], scout["available_tokens"]) == (0, TOKENS)
    assert api.get("/agents")["agents"] == [scout]


def test_consuming_takes_all_or_nothing(api: Api) -> None:
    answer = api("POST", "/agents/scout/budget/consume", {"tokens": TOKENS - 10})
    assert (answer.status_code, answer.json()["available_tokens"]) == (200, 10)
    problem = refused(api("POST", "/agents/scout/budget/consume", {"tokens": 11}), 409, "insufficient-budget", "10 tok")
    assert problem["available_tokens"] == 10
    assert "available_usd" not in problem
    assert api.get("/agents/scout/budget")["available_tokens"] == 10


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "caf\u00e9"])
def test_a_key_that_names_no_request_is_refused(api: Api, key: str) -> None:
    for path, body in (
        ("/agents/scout/budget/consume", {"tokens": 1}),
        ("/agents/scout/budget/top-up", {"tokens": 1}),
        ("/projects/pcc/budget/transfer", {"to_project_id": "pool", "amount_usd": 1}),
        ("/projects/pcc/costs", {"amount_usd": 1}),
    ):
        sent = {
            "X-API-Key": api.write_key,
            "Content-Type": "application/json",
            "Idempotency-Key": key.encode("latin-1"),
        }
        answer = api.client.request("POST", path, content=json.dumps(body), headers=sent)
        refused(answer, 422, "refused", "Idempotency-Key")


def test_allocating_and_topping_up(api: Api) -> None:
    assert api("PUT", "/agents/scout/budget", {"tokens": 500}).json()["allocated_tokens"] == 500
    assert api("POST", "/agents/scout/budget/top-up", {"tokens": 250}).json()["allocated_tokens"] == 750
    api("POST", "/agents/scout/budget/consume", {"tokens": 700})
    refused(api("PUT", "/agents/scout/budget", {"tokens": 699}), 422, "refused", "700")


def test_a_hold_is_settled_and_its_rest_is_free(api: Api) -> None:
    held = api("POST", "/agents/scout/budget/reserve", {"tokens": 400, "seconds": 60}).json()
    assert held["available_tokens"] == TOKENS - 400
    settled = api("POST", f"/reservations/{held['reservation_id']}/settle", {"tokens": 150}).json()
    assert (settled["used_tokens"], settled["reserved_tokens"]) == (150, 0)
    path = f"/reservations/{held['reservation_id']}/settle"
    assert api("POST", path, {"tokens": 150}).json() == settled
    refused(api("POST", path, {"tokens": 151}), 409, "conflict", "was settled with 150 tokens")


def test_a_hold_is_released(api: Api) -> None:
    held = api("POST", "/agents/scout/budget/reserve", {"tokens": 400}).json()
    for _ in range(2):
        released = api("POST", f"/reservations/{held['reservation_id']}/release")
        assert (released.status_code, released.json()["available_tokens"]) == (200, TOKENS)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/agents/nobody/budget", None),
        ("PUT", "/agents/nobody/budget", {"tokens": 1}),
        ("POST", "/agents/nobody/budget/consume", {"tokens": 1}),
        ("POST", "/agents/nobody/budget/top-up", {"tokens": 1}),
        ("POST", "/agents/nobody/budget/reserve", {"tokens": 1}),
        ("POST", "/reservations/nothing/settle", {"tokens": 1}),
        ("POST", "/reservations/nothing/release", None),
    ],
)
def test_what_does_not_exist_is_not_found(api: Api, method: str, path: str, body: object) -> None:
    refused(api(method, path, body), 404, "not-found")


def test_money_bounds_the_tokens_of_an_enforced_agent(api: Api) -> None:
    for path in ("/agents/scout", "/projects/pcc"):
        assert api("PATCH", path, {"enforced": True}).json()["enforced"] is True
    assert api.get("/projects/pcc/budget")["enforced"] is True
    refused(api("POST", "/agents/scout/budget/consume", {"tokens": 1}), 422, "refused", "no price")


def test_another_model_is_what_tokens_cost_from_then_on(api: Api) -> None:
    assert api("PATCH", "/agents/scout", {"enforced": False}).json()["model"] == ""
    assert api("PATCH", "/agents/scout", {"model": "Claude-4"}).json()["model"] == "claude-4"
    entry = api.get("/log")[0]
    assert (entry["action"], entry["after"]) == ("agent.model", {"model": "claude-4"})
    assert api("POST", "/undo").json()["what"] == "scout: model – → claude-4"
    assert api.get("/log")[0]["after"] == {"model": ""}
