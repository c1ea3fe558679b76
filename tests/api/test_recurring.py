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


def test_an_end_is_set_and_changed(api: Api) -> None:
    api("POST", "/recurring", {"project_id": "pcc", "amount_usd": 20, "on": 20, "name": "Figma Pro"})
    for day in ("2026-03-31", "2026-02-28"):
        assert api("PATCH", "/recurring/Figma%20Pro", {"ended_on": day}).json()["ended_on"] == day
    refused(api("PATCH", "/recurring/Slack", {"ended_on": "2026-02-28"}), 404, "not-found", "no fee 'Slack'")
    refused(api("PATCH", "/recurring/Figma%20Pro", {}), 422, "refused", "ended_on")
