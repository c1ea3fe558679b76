"""What every request passes: its host, its size, its id; and how errors are told."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from budget_tui.api.app import application
from budget_tui.api.middleware import MAX_BODY_BYTES, host_name
from budget_tui.schemas.status import StatusOut
from tests.databases import locked

from .conftest import Api, refused

BUDGET = {"monthly_budget_usd": 500}


# Hosts


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1:1", "[::1]:8765", "localhost."])
def test_its_own_names_are_answered_to(api: Api, host: str) -> None:
    assert api("GET", "/budget", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "[::"])
def test_a_foreign_host_is_refused(api: Api, host: str) -> None:
    for path in ("/budget", "/healthz", "/nothing"):
        refused(api("GET", path, Host=host), 421, "misdirected")


def test_the_bound_host_is_answered_to(start: Callable[..., Api]) -> None:
    api = start(host="budgets.example")
    assert api("GET", "/budget", Host="budgets.example:8765").status_code == 200
    refused(api("GET", "/budget", Host="other.example"), 421, "misdirected")


def test_behind_any_address_the_one_that_was_reached_is_answered_to(start: Callable[..., Api]) -> None:
    api = start(host="0.0.0.0")  # the test client's connections come to the host it is asked for
    assert api("GET", "/healthz", Host="localhost").status_code == 200
    refused(api("GET", "/healthz", Host="evil.example"), 421, "misdirected")


@pytest.mark.parametrize(
    ("header", "name"), [("A.example:1", "a.example"), ("[::1]:8", "::1"), ("[::1]", "::1"), ("", ""), ("a.", "a")]
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


# Bodies


def test_a_body_that_says_it_is_too_long_is_not_read(api: Api) -> None:
    body = '{"monthly_budget_usd": 1}' + " " * MAX_BODY_BYTES
    refused(api("PUT", "/budget", body), 413, "too-large")
    assert api.get("/budget")["monthly_budget_usd"] == 500


def test_a_body_in_pieces_is_stopped_where_it_is_too_long(api: Api) -> None:
    sent = []

    async def pieces() -> Any:
        for _ in range(100):
            sent.append(1)
            yield b" " * (MAX_BODY_BYTES // 10)

    headers = {"X-API-Key": api.write_key, "Content-Type": "application/json"}
    refused(api.client.request("PUT", "/budget", content=pieces(), headers=headers), 413, "too-large")
    assert api.get("/budget")["monthly_budget_usd"] == 500


async def test_no_more_is_read_than_may_be(api: Api) -> None:
    """The rest of a body that is too long is left where it is."""
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": "localhost", "x-api-key": api.write_key, "content-type": "application/json"}
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/budget",
        "raw_path": b"/budget",
        "query_string": b"",
        "headers": [*((k.encode(), v.encode()) for k, v in headers.items()), (b"transfer-encoding", b"chunked")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8765),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "asgi": {"version": "3.0"},
    }
    await application(api.services)(scope, receive, send)
    assert sent[0]["status"] == 413
    assert asked == MAX_BODY_BYTES // 1000 + 1


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", " "])
def test_a_body_must_be_declared_as_json(api: Api, media_type: str) -> None:
    refused(api("PUT", "/budget", BUDGET, Content_Type=media_type), 415, "unsupported-media-type")


def test_a_charset_may_be_declared(api: Api) -> None:
    assert api("PUT", "/budget", BUDGET, Content_Type="Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ("{", 400, "malformed", "not JSON"),
        (b'{"a": "\xff"}', 400, "malformed", "not JSON: the byte at 7 is not UTF-8"),
        ('{"monthly_budget_usd": NaN}', 400, "malformed", "not JSON: NaN is no JSON number"),
        (
            '{"monthly_budget_usd": 1e99999999999999999999}',
            400,
            "malformed",
            "not JSON: a number in it is out of range",
        ),
        ("[" * 60_000, 400, "malformed", "not JSON: it is nested too deeply"),
        ('{"a": 0, "monthly_budget_usd": 1, "monthly_budget_usd": 2}', 400, "malformed", "'monthly_budget_usd' is in"),
        ("", 422, "refused", "required"),
        ("[]", 422, "refused", "body: give a JSON object"),
        ("1", 422, "refused", "body: give a JSON object"),
        ("{}", 422, "refused", "monthly_budget_usd"),
        ('{"monthly_budget_usd": 1, "force": true}', 422, "refused", "force"),
    ],
)
def test_a_body_that_says_something_else(api: Api, body: str | bytes, status: int, code: str, words: str) -> None:
    refused(api("PUT", "/budget", body), status, code, words)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gate?project=pcc&estimate=5", "estimate: there is no such parameter"),
        ("/gate?project=pcc&project=dandelion", "project: give it once"),
        ("/api/v1/budgets/default?category=cloud&category=genai", "category: give it once"),
        ("/api/v1/budgets/default?categroy=cloud", "categroy: there is no such parameter"),
    ],
)
def test_a_parameter_that_would_be_ignored(api: Api, path: str, reason: str) -> None:
    refused(api("GET", path), 422, "refused", reason)


def test_null_in_an_optional_field_is_the_same_as_leaving_it_out(api: Api) -> None:
    body = {"to_project_id": "dandelion", "amount_usd": 1, "force": None, "reason": None}
    made = api("POST", "/projects/pcc/budget/transfer", body).json()
    assert (made["amount_usd"], made["forced"], made["reason"]) == (1, False, "")
    refused(api("POST", "/projects/pcc/budget/transfer", {**body, "amount_usd": None}), 422, "refused", "amount_usd")


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', '"' + "x" * 65 + '"', '""'])
def test_a_text_that_nothing_is_called_by(api: Api, text: str) -> None:
    answer = api("POST", "/projects/pcc/budget/transfer", f'{{"to_project_id": {text}, "amount_usd": 1}}')
    assert answer.status_code in (404, 422)
    refused(answer, answer.status_code, "not-found" if answer.status_code == 404 else "refused")


# Errors


def test_a_path_that_leads_nowhere(api: Api) -> None:
    refused(api("GET", "/nothing"), 404, "not-found", "nothing at that path")
    refused(api("GET", "/budget/"), 404, "not-found")
    refused(api("GET", "/docs/assets/../../door.py"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/budget", "GET, HEAD, PUT"),
        ("PATCH", "/projects/pcc/budget", "GET, HEAD, PUT"),
        ("GET", "/agents/scout/budget/consume", "POST"),
        ("HEAD", "/agents/scout/budget/consume", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_what_cannot_be_done_there_tells_what_can(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api(method, path)
    assert answer.status_code == 405
    if method != "HEAD":
        refused(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/healthz", "/budget", "/projects/pcc/budget", "/docs", "/openapi.json"])
def test_head_is_get_without_the_body(api: Api, path: str) -> None:
    got, head = api("GET", path), api("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    own = ("x-request-id", "date")
    assert {name: value for name, value in head.headers.items() if name not in own} == {
        name: value for name, value in got.headers.items() if name not in own
    }


def test_head_needs_a_key_too(api: Api) -> None:
    answer = api("HEAD", "/budget", X_API_Key="")
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_locked_database_is_told_when_to_come_again(api: Api, impatient: None) -> None:
    with locked(api.services.context.database.path):
        answer = api("PUT", "/budget", {"monthly_budget_usd": 1})
        refused(answer, 503, "storage", "cannot be used now")
        assert answer.headers["Retry-After"] == "1"
        assert api.get("/budget")["monthly_budget_usd"] == 500
    assert api("PUT", "/budget", {"monthly_budget_usd": 1}).status_code == 200


def test_a_database_that_is_gone_is_no_health(api: Api) -> None:
    assert api("GET", "/healthz", key="").json() == {"status": "ok"}
    path = api.services.context.database.path
    shutil.move(path, path.with_name("elsewhere.db"))
    for key in ("", "bt_000000000000_nobody", api.read_key):
        for asked in ("/healthz", "/budget"):
            answer = api("GET", asked, key=key)
            assert answer.status_code in (401, 503)
            assert str(path.parent) not in answer.text
    refused(api("GET", "/healthz", key=""), 503, "storage", "cannot be used now")


def test_what_nobody_thought_of_is_logged_and_not_shown(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(StatusOut, "from_report", lambda _: 1 / 0)
    answer = api("GET", "/status", X_Request_ID="trace-1")
    problem = refused(answer, 500, "unexpected", "log")
    assert "ZeroDivision" not in answer.text
    assert problem["request_id"] == "trace-1"
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.name == "budget_tui.api"
    assert "trace-1" in record.getMessage()
    assert record.exc_info is not None
    assert api("GET", "/budget").status_code == 200


# The log


def test_a_request_is_logged_once_and_never_its_key(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "budget_tui.api")
    answer = api("PUT", "/budget?key=hidden", BUDGET)
    [record] = [record for record in caplog.records if record.name == "budget_tui.api"]
    line = record.getMessage()
    assert line.startswith("PUT /budget 422 in ")
    assert answer.headers["X-Request-ID"] in line
    _, key_id, secret = api.write_key.split("_")
    assert key_id in line
    assert secret not in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "a:b/c+d=.-_"])
def test_a_sane_request_id_is_kept(api: Api, given: str) -> None:
    assert api("GET", "/healthz", X_Request_ID=given).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["a b", "x" * 65, "a;b", "é"])
def test_another_one_is_made_in_place_of_an_odd_one(api: Api, given: str) -> None:
    answer = api.client.request("GET", "/healthz", headers=[(b"X-Request-ID", given.encode("latin-1"))])
    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers["X-Request-ID"]) == 16


# Many at once


def test_many_at_once_take_what_there_is_and_no_more(api: Api) -> None:
    import httpx2

    async def sent() -> list[int]:
        transport = httpx2.ASGITransport(application(api.services))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"X-API-Key": api.write_key}
            sends = [
                client.post("/agents/scout/budget/consume", json={"tokens": 30_000}, headers=headers) for _ in range(50)
            ]
            return [answer.status_code for answer in await asyncio.gather(*sends)]

    statuses = asyncio.run(sent())
    assert sorted(set(statuses)) == [200, 409]
    assert statuses.count(200) == 33
    assert api.get("/agents/scout/budget")["used_tokens"] == 990_000


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "\\u001b[2J", "\\u202e", "x" * 500])
def test_odd_texts_do_no_harm(api: Api, odd: str) -> None:
    """They are kept or refused, and what was kept can be shown."""
    for path, body in (
        ("/projects/pcc/costs", f'{{"amount_usd": 1, "provider": "{odd}"}}'),
        ("/projects/pcc/budget/transfer", f'{{"to_project_id": "pool", "amount_usd": 1, "reason": "{odd}"}}'),
    ):
        assert api("POST", path, body).status_code in (200, 201, 422)
    assert api("GET", "/status").status_code == 200
    assert api.services.audit.newest(5)


@pytest.mark.parametrize("path", ["/projects/%ff/budget", "/projects/%ed%a0%80/budget", "/agents/%0a/budget"])
def test_odd_paths_lead_nowhere(api: Api, path: str) -> None:
    refused(api("GET", path), 404, "not-found")
