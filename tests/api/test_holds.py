"""``/holds``: money for work in flight, over HTTP."""

from .conftest import Api, refused


def test_money_is_held_settled_and_released(api: Api) -> None:
    asked = {"amount_usd": 12.5, "seconds": 60}
    answers = [api("POST", "/projects/pcc/budget/hold", asked, Idempotency_Key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    held = answers[0].json()
    assert answers[1].json() == held
    assert (held["amount_usd"], held["available_usd"]) == (12.5, 32.5)
    problem = refused(
        api("POST", "/projects/pcc/budget/hold", {"amount_usd": 33}), 409, "insufficient-budget", "$32.50 is all"
    )
    assert problem["available_usd"] == 32.5
    refused(
        api("POST", "/projects/pcc/budget/hold", {"amount_usd": 1, "today": True}), 409, "insufficient-budget", "today"
    )
    assert [each["hold_id"] for each in api.get("/holds")["holds"]] == [held["hold_id"]]
    assert api.get("/projects/pcc/budget")["reserved_usd"] == 12.5

    path = f"/holds/{held['hold_id']}"
    for _ in range(2):
        settled = api("POST", f"{path}/settle", {"amount_usd": 3, "provider": "openai"})
        assert (settled.status_code, settled.json()["settled_usd"]) == (200, 3)
    refused(api("POST", f"{path}/settle", {"amount_usd": 4}), 409, "conflict", "$3.00")
    refused(api("POST", f"{path}/release"), 409, "conflict", "already settled")
    assert api.get("/projects/pcc/budget")["spent_usd"] == 108
    other = api("POST", "/projects/pcc/budget/hold", {"amount_usd": 1}).json()["hold_id"]
    assert api("POST", f"/holds/{other}/release").json()["settled_usd"] is None
    refused(api("POST", "/holds/nothing/release"), 404, "not-found", "no hold")
    refused(api("POST", "/projects/pcc/budget/hold", {"amount_usd": 1}, key=api.read_key), 403, "forbidden")


def test_the_gate_says_whether_it_may_be_spent(api: Api) -> None:
    answer = api.get("/gate?project=pcc&est=45")
    assert (answer["allowed"], answer["available_usd"], answer["available_tokens"]) == (True, 45, None)
    answer = api.get("/gate?agent=scout&est=45.01")
    assert (answer["allowed"], answer["bound_by"]) == (False, "PCC")
    assert answer["reason"] == "$45.00 is all that PCC has left and not held"
    refused(api("GET", "/gate?project=nothing"), 404, "not-found", "no project")
    refused(api("GET", "/gate?est=much"), 422, "refused", "'much' is not an amount")
