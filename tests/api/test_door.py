"""Who comes in, and what they may do."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from budget_tui.api.app import FAILURES_BURST, handle_errors
from budget_tui.api.auth import MAX_CALLERS, OrganizationCaller, RateLimit
from budget_tui.api.http import router_of
from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope

from .conftest import Api, Client, refused

WRITES = [
    ("PUT", "/budget"),
    ("PUT", "/projects/pcc/budget"),
    ("POST", "/projects/pcc/budget/transfer"),
    ("POST", "/projects/pcc/costs"),
    ("PUT", "/agents/scout/budget"),
    ("POST", "/agents/scout/budget/consume"),
    ("POST", "/agents/scout/budget/top-up"),
    ("POST", "/agents/scout/budget/reserve"),
    ("POST", "/reservations/x/settle"),
    ("POST", "/reservations/x/release"),
]
READS = [("GET", path) for path in ("/budget", "/status", "/projects", "/projects/pcc/budget", "/agents")]


@pytest.mark.parametrize(("method", "path"), READS + WRITES)
@pytest.mark.parametrize("body", [None, "{", "{}"])
def test_without_a_key_nothing_is_told(api: Api, method: str, path: str, body: str | None) -> None:
    answer = api(method, path, body if method != "GET" else None, key="")
    refused(answer, 401, "unauthorized", "a key is needed")
    assert answer.headers["WWW-Authenticate"].startswith("ApiKey")


@pytest.mark.parametrize("key", ["x", "bt_", "bt__", "bt_000000000000_" + "0" * 64, "é", "bt_%00_"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = api.client.request("GET", "/budget", headers=[(b"X-API-Key", key.encode("latin-1"))])
    refused(answer, 401, "unauthorized", "not valid")


def test_a_key_with_another_secret_is_refused(api: Api) -> None:
    wrong = api.write_key[:-1] + ("0" if api.write_key[-1] != "0" else "1")
    refused(api("GET", "/budget", key=wrong), 401, "unauthorized")
    refused(api("GET", "/budget", key=api.write_key + "0"), 401, "unauthorized")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_reading_key_changes_nothing(api: Api, method: str, path: str) -> None:
    refused(api(method, path, "{", key=api.read_key), 403, "forbidden", "only read")


@pytest.mark.parametrize(("method", "path"), READS)
def test_a_reading_key_reads(api: Api, method: str, path: str) -> None:
    assert api(method, path, key=api.read_key).status_code == 200


def test_a_revoked_key_is_one_at_once(api: Api) -> None:
    assert api("GET", "/budget").status_code == 200
    api.services.keys.revoke(api.write_key.split("_")[1])
    refused(api("GET", "/budget"), 401, "unauthorized", "not valid")


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"])
def test_what_needs_no_key(api: Api, path: str) -> None:
    assert api("GET", path, key="").status_code == 200


def test_the_page_takes_nothing_from_elsewhere(api: Api) -> None:
    page = api("GET", "/docs", key="")
    sources = re.findall(r"""(?:src|href|url)[=:] ?["']([^"']+)""", page.text)
    assert len(sources) == 4
    for source in sources:
        assert source.startswith("/")
        assert api("GET", source, key="").status_code == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_a_key_is_bound_to_its_organization(api: Api) -> None:
    with api.services.context.work() as work:
        work.unit.organizations.add("acme", "Acme", "EUR", "UTC", work.now)
        work.commit()
    acme = Services(replace(api.services.context, org_slug="acme"), Settings())
    key = acme.keys.create("other", Scope.WRITE).text
    assert api("GET", "/budget", key=key).json()["currency"] == "EUR"
    refused(api("GET", "/projects/pcc/budget", key=key), 404, "not-found")
    refused(api("POST", "/agents/scout/budget/consume", {"tokens": 1}, key=key), 404, "not-found")
    api("PUT", "/budget", {"monthly_budget_usd": 7}, key=key)
    assert api.get("/budget")["monthly_budget_usd"] == 500


def test_too_many_requests_of_one_key_wait(start: Callable[..., Api]) -> None:
    api = start(Settings(requests_per_second="1"))
    statuses = [api("GET", "/healthz").status_code for _ in range(5)]
    assert statuses == [200] * 5  # no key, no limit
    answers = [api("GET", "/budget") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused(answers[-1], 429, "too-many-requests")
    assert answers[-1].headers["Retry-After"] == "1"
    assert api("GET", "/budget", key=api.read_key).status_code == 200


def test_guessing_keys_is_slowed_down_and_hinders_nobody_else(api: Api) -> None:
    statuses = [api("GET", "/budget", key="bt_guess").status_code for _ in range(FAILURES_BURST + 20)]
    assert statuses[:FAILURES_BURST] == [401] * FAILURES_BURST
    assert statuses[-1] == 429
    assert api("GET", "/budget").status_code == 200


def test_a_bucket_fills_again() -> None:
    now = 0.0
    buckets = RateLimit(per_second=2, burst=3, clock=lambda: now)
    assert [buckets.allows("a") for _ in range(4)] == [True, True, True, False]
    now = 0.5
    assert [buckets.allows("a"), buckets.allows("a")] == [True, False]
    now = 100.0
    assert [buckets.allows("a") for _ in range(4)] == [True, True, True, False]
    assert buckets.allows("b")


def test_a_path_that_names_another_organization_is_not_found(api: Api) -> None:
    router = router_of("named")

    @router.get("/of/{org}")
    async def named(by: OrganizationCaller) -> str:
        return by.key.org_slug

    app = FastAPI()
    app.state.authenticator = api.client.app.state.authenticator
    app.include_router(router)
    handle_errors(app)
    with Client(app) as client:
        headers = {"X-API-Key": api.read_key}
        assert client.request("GET", "/of/default", headers=headers).json() == "default"
        missing = client.request("GET", "/of/acme", headers=headers)
        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


def test_many_keys_need_no_more_files_than_a_few(api: Api) -> None:
    """A process may open only so many, and each key has connections of its own."""
    path = api.services.context.database.path.resolve()

    def opened() -> int:
        return [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()].count(path)

    for number in range(3 * MAX_CALLERS):
        key = api.services.keys.create(f"k{number}", Scope.READ).text
        for asked in ("/budget", "/agents"):
            assert api("GET", asked, key=key).status_code == 200
    for _ in range(1000):  # they are closed by another thread
        if opened() <= 2 * MAX_CALLERS + 5:
            break
        api("GET", "/healthz", key="")
    assert opened() <= 2 * MAX_CALLERS + 5
    assert api("GET", "/budget").status_code == 200
