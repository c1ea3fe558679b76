"""Recurring fees over HTTP."""

from .conftest import Api, refused


def test_over_http(api: Api) -> None:
    body = {"project_id": "pcc", "amount_usd": 20, "on": 20, "name": "Figma"}
    made, again = (api("POST", "/recurring", body, Idempotency_Key="one") for _ in range(2))
    assert (again.status_code, again.text, again.headers["Idempotent-Replayed"]) == (201, made.text, "true")
    assert (made.status_code, made.json()["next_on"]) == (201, "2026-01-20")
    assert api.get("/recurring") == {"fees": [made.json()]}
    for no_day in ("20", True, 20.5, 32):
        body = {"project_id": "pcc", "amount_usd": 20, "on": no_day, "name": "Slack"}
        refused(api("POST", "/recurring", body), 422, "refused", "on: ")
    refused(api("POST", "/recurring", {"project_id": "pcc", "amount_usd": 20, "name": "Figma"}), 409, "conflict")
