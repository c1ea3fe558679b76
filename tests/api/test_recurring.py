"""Recurring fees over HTTP."""

from .conftest import Api, refused


def test_over_http(api: Api) -> None:
    made = api("POST", "/recurring", {"project_id": "pcc", "amount_usd": 20, "on": 20, "name": "Figma"})
    assert (made.status_code, made.json()["next_on"]) == (201, "2026-01-20")
    assert api.get("/recurring") == {"fees": [made.json()]}
    refused(api("POST", "/recurring", {"project_id": "pcc", "amount_usd": 20, "name": "Figma"}), 409, "conflict")
