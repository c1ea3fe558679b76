"""``/alerts``: rules and what they reported, over HTTP."""

import pytest

from .conftest import Api, refused

JSON = "application/json"


def test_rules_are_added_listed_muted_and_removed(api: Api) -> None:
    body = {"kind": "share", "thresholds": [50, "95"], "scope": "pcc", "channels": ["phone, mail"], "fails": True}
    answers = [api("POST", "/alerts", body, Idempotency_Key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    added = answers[0].json()
    assert answers[1].json() == added
    assert (added["thresholds"], added["channels"], added["fails"]) == (["50%", "95%"], ["phone", "mail"], True)
    assert added["threshold_values"] == [50, 95]
    assert api("POST", "/alerts", body).status_code == 409, "the same rule"

    assert added["idle"] is False
    assert api("POST", "/alerts", {"kind": "spike", "scope": "pcc"}).json()["thresholds"] == []
    assert api("POST", "/alerts", {"kind": "left", "thresholds": [5], "scope": "pcc", "category": "genai"}).json()[
        "idle"
    ]
    api("DELETE", f"/alerts/{added['alert'] + 1}")
    api("DELETE", f"/alerts/{added['alert'] + 2}")

    listed = api.get("/alerts")
    [finding] = listed[-1]["findings"]
    assert (finding["sentence"], finding["threshold"]) == (
        "PCC has spent 70% of $150.00 for January 2026: $45.00 left",
        "50%",
    )
    assert [each["entity_id"] for each in listed[0]["findings"]] == ["python-api"]

    path = f"/alerts/{added['alert']}"
    assert api("POST", f"{path}/mute", {"seconds": 3600}).json()["muted_until"] is not None
    assert api("POST", f"{path}/mute", {"seconds": 0}).json()["muted_until"] is None
    edited = api("PATCH", path, {"thresholds": [60], "channels": []}).json()
    assert (edited["thresholds"], edited["channels"], edited["fails"], edited["entity_id"]) == (
        ["60%"],
        [],
        True,
        "pcc",
    )
    refused(api("PATCH", path, {"kind": "runway"}), 422, "refused", "needs a threshold")
    refused(api("PATCH", path, {}), 422, "refused", "there is nothing to change")
    refused(api("PATCH", path, {"category": "x"}), 422, "refused", "'x' is not a category")
    refused(api("PATCH", "/alerts/99", {"fails": False}), 404, "not-found", "no alert")
    assert api("DELETE", path).json()["alert"] == added["alert"]
    refused(api("DELETE", path), 404, "not-found", "no alert")
    assert api.get("/alert-messages") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "mood"}, "kind"),
        ({"kind": "share"}, "needs a threshold"),
        ({"kind": "share", "thresholds": [True]}, "thresholds"),
        ({"kind": "share", "thresholds": ["80"], "command": "rm -rf /"}, "command"),
        ({"kind": "silent", "thresholds": [3]}, "the source is missing"),
        ({"kind": "spike", "thresholds": [3]}, "no threshold"),
        ({"kind": "share", "thresholds": [80], "source": "aws"}, "watches no source"),
    ],
)
def test_what_is_no_rule_is_refused(api: Api, body: dict[str, object], words: str) -> None:
    refused(api("POST", "/alerts", body), 422, "refused", words)


def test_a_key_that_only_reads_changes_nothing(api: Api) -> None:
    refused(api("POST", "/alerts", {"kind": "spike", "scope": "pcc"}, key=api.read_key), 403, "forbidden")
