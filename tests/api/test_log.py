"""``/log``, ``/undo`` and ``/redo``."""

from datetime import UTC, datetime, timedelta

import pytest

from budget_tui.domain.access import Scope

from .conftest import Api, refused


def test_the_log_is_read_as_on_the_command_line(api: Api) -> None:
    body = {"to_project_id": "pool", "amount_usd": 150, "force": True, "reason": "cancelled"}
    answer = api("POST", "/projects/pcc/budget/transfer", body).json()
    assert (answer["forced"], answer["reason"]) == (True, "cancelled")
    newest = api.get("/log?limit=1")[0]
    assert (newest["action"], newest["subject"], newest["before"]) == ("transfer", "pcc", {"amount": "150"})
    facts = {"amount": "0", "from": "pcc", "to": "pool", "forced": True, "reason": "cancelled"}
    assert (newest["after"], newest["reverses"]) == (facts, None)
    assert newest["actor"].startswith("write (key ")
    assert "kept" not in api("GET", "/log").text


def test_the_log_is_filtered_and_paged(api: Api) -> None:
    everything = api.get("/log?limit=1000")
    first = api.get("/log?limit=3")
    assert first + api.get(f"/log?limit=1000&before={first[-1]['entry']}") == everything
    assert {entry["action"] for entry in api.get("/log?action=project")} == {"project.add"}
    assert {entry["subject"] for entry in api.get("/log?subject=PYTHON")} == {"python-api"}
    assert api.get("/log?who=anna") == everything
    assert api.get("/log?who=bert") == []
    today = datetime.now(UTC).date()
    assert api.get(f"/log?since={today - timedelta(1)}&until={today + timedelta(1)}&limit=1000") == everything
    assert api.get(f"/log?since={today + timedelta(2)}") == api.get(f"/log?until={today - timedelta(2)}") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "since=soon", "before=0", "until=9999-12-31"])
def test_what_is_no_filter_is_refused(api: Api, query: str) -> None:
    refused(api("GET", f"/log?{query}"), 422, "refused", query.partition("=")[0])


def test_a_key_takes_back_and_makes_again_what_was_done_with_it(api: Api) -> None:
    api.services.budgets.set_global(10**9)  # anna's, and later than what is taken back
    api("PUT", "/projects/pcc/budget", {"monthly_allocation_usd": 90})
    undone = api("POST", "/undo").json()
    assert undone["what"] == "PCC: allocated $150.00 → $90.00"
    assert api.get("/projects/pcc/budget")["monthly_allocation_usd"] == 150
    redone = api("POST", "/redo").json()
    assert redone["reverses"] == undone["change"]
    assert api.get("/projects/pcc/budget")["monthly_allocation_usd"] == 90
    api("POST", "/undo")
    refused(api("POST", "/undo"), 422, "refused", "nothing to undo")
    assert api.get("/budget")["monthly_budget_usd"] == 1


def test_another_key_takes_back_nothing_of_it(api: Api) -> None:
    api("PUT", "/projects/pcc/budget", {"monthly_allocation_usd": 90})
    other = api.services.keys.create("other", Scope.WRITE).text
    refused(api("POST", "/undo", key=other), 422, "refused", "nothing to undo")
    refused(api("POST", "/redo", key=other), 422, "refused", "nothing to redo")
    assert api.get("/projects/pcc/budget")["monthly_allocation_usd"] == 90


def test_what_somebody_changed_since_is_a_conflict(api: Api) -> None:
    api("PUT", "/projects/pcc/budget", {"monthly_allocation_usd": 90})
    other = api.services.keys.create("other", Scope.WRITE).text
    api("PUT", "/projects/pcc/budget", {"monthly_allocation_usd": 91}, key=other)
    refused(api("POST", "/undo"), 409, "conflict", "was changed since")


def test_an_undo_that_is_sent_again_takes_back_one_change(api: Api) -> None:
    for amount in (90, 91):
        api("PUT", "/projects/pcc/budget", {"monthly_allocation_usd": amount})
    first, again = (api("POST", "/undo", Idempotency_Key="u1") for _ in range(2))
    assert again.text == first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.get("/projects/pcc/budget")["monthly_allocation_usd"] == 90
