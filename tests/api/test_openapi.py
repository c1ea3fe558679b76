"""The OpenAPI document is true: schemathesis makes requests of it and finds nothing wrong with the answers."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_tui.api.app import application
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan import whole_period
from budget_tui.services.clock import Clock
from budget_tui.services.periods import Periods
from tests.examples import examples, is_brief
from tests.services.planning import bill

from .conftest import COMMAND_LINE, Api, Client, Served, at
from .test_serving import ask

# A schema tells how one value must look. That a transfer goes to somebody else, that a cost says something, or that
# an ETag is the current one is beyond it: such a request is valid and still refused.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "404", "409", "412", "422"]

[dictionaries.known]
values = ["pcc", "python-api", "pool", "scout"]

[dictionaries.budget]
values = {budgets}

[dictionaries.organization]
values = ["default"]

[dictionaries.entity]
values = ["ORG", "pcc"]

[parameters]
"path.id" = { dictionary = "known", probability = 0.7 }
"path.budget_id" = { dictionary = "budget", probability = 0.7 }
"path.org" = { dictionary = "organization", probability = 0.9 }
"query.root_entity_id" = { dictionary = "entity", probability = 0.7 }
"query.hierarchy_entity_id" = { dictionary = "entity", probability = 0.7 }
"""


def test_schemathesis_finds_nothing(
    serve: Callable[..., Served], example: tuple[bytes, str, str], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    url = serve(code="from budget_tui.api import app\napp.FAILURES_BURST = 100_000").url  # else it is told to wait
    budgets = [planned(url, example[2], month) for month in range(1, 10)]
    known = pytestconfig.rootpath / ".hypothesis"  # what each character is, which takes a while to find out
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.replace("{budgets}", json.dumps(budgets)), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"]
    # With each change, not what the schema says at the edges of every parameter: that takes three quarters of the time.
    phases = "examples,fuzzing,stateful" if is_brief() else "examples,coverage,fuzzing,stateful"
    options = [
        "--phases",
        phases,
        "--checks",
        "all",
        "--seed",
        "1",
        "--max-examples",
        str(examples(2)),
        "--generation-database",
        "none",
    ]
    run = subprocess.run(
        [*command, *options, "--header", f"X-API-Key: {example[2]}", "--no-color"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "HYPOTHESIS_STORAGE_DIRECTORY": str(known)},
        capture_output=True,
        encoding="utf-8",
        timeout=3600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    [requests] = re.findall(r"^ +(\d+) generated", run.stdout, re.MULTILINE)
    assert int(requests) > 100


def planned(url: str, key: str, month: int) -> str:
    """The id of a new budget."""
    day = date(2026, month, 1)
    body = {
        "hierarchy_entity_id": "pcc",
        "category": "cloud",
        "budget_amount": 100,
        "period_type": "monthly",
        "period_start": day.isoformat(),
        "period_end": whole_period(PeriodKind.MONTHLY, day).end.isoformat(),
    }
    status, answer = ask(url, "POST", "/api/v1/budgets/default", key, body)
    assert status == 201, answer
    return str(answer["budget_id"])


@pytest.fixture(scope="module")
def document(demonstration: tuple[bytes, str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The document as it is served; not to be changed."""
    path = tmp_path_factory.mktemp("document") / "budget.db"
    path.write_bytes(demonstration[0])
    with Client(application(at(path)), raising=True) as client:
        return client.request("GET", "/openapi.json").json()


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_the_paths_are_those_that_programs_hold_on_to(document: Any) -> None:
    found = {(method, path) for method, path, _ in operations(document)}
    assert {
        ("GET", "/budget"),
        ("PUT", "/budget"),
        ("GET", "/projects/{id}/budget"),
        ("PUT", "/projects/{id}/budget"),
        ("POST", "/projects/{id}/budget/transfer"),
        ("POST", "/projects/{id}/costs"),
        ("GET", "/agents/{id}/budget"),
        ("PUT", "/agents/{id}/budget"),
        ("POST", "/agents/{id}/budget/consume"),
        ("POST", "/projects"),
        ("PATCH", "/projects/{id}"),
        ("DELETE", "/projects/{id}"),
        ("GET", "/healthz"),
    } <= found


def test_every_operation_but_healthz_needs_the_key(document: Any) -> None:
    open_paths = [path for _, path, operation in operations(document) if "security" not in operation]
    assert open_paths == ["/healthz"]
    [scheme] = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")


def test_every_error_is_a_problem_document(document: Any) -> None:
    told = [
        (method, path, status, response)
        for method, path, operation in operations(document)
        for status, response in operation["responses"].items()
        if int(status) >= 400
    ]
    assert len(told) > 100
    for method, path, status, response in told:
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}, (method, path, status)


def test_nothing_tells_of_a_command_line(document: Any) -> None:
    assert not COMMAND_LINE.search(json.dumps(document))


def test_operations_are_called_as_in_the_code_and_tell_their_headers(document: Any) -> None:
    named = {operation["operationId"]: operation["responses"] for _, _, operation in operations(document)}
    assert "ETag" in named["get_budget"]["200"]["headers"]
    assert "ETag" in named["put_agent"]["200"]["headers"]
    assert "Idempotent-Replayed" in named["post_cost"]["201"]["headers"]
    assert "headers" not in named["get_status"]["200"]


def test_requests_refuse_what_nobody_asked_for(document: Any) -> None:
    bodies = [operation["requestBody"] for _, _, operation in operations(document) if "requestBody" in operation]
    assert len(bodies) >= 9
    for body in bodies:
        name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert document["components"]["schemas"][name]["additionalProperties"] is False


def test_every_reference_in_the_document_resolves(document: Any) -> None:
    references = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)))
    assert len(references) > 20
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]


ANSWERS = [
    ("/budget", "/budget"),
    ("/status", "/status"),
    ("/forecast", "/forecast"),
    ("/projects", "/projects"),
    ("/periods", "/periods"),
    ("/agents", "/agents"),
    ("/entities", "/entities"),
    ("/entities/{id}", "/entities/pcc"),
    ("/log", "/log"),
    ("/projects/{id}/budget", "/projects/pcc/budget"),
    ("/agents/{id}/budget", "/agents/scout/budget"),
]


@pytest.mark.parametrize(("described", "asked"), ANSWERS)
def test_every_field_of_an_answer_is_described(api: Api, document: Any, described: str, asked: str) -> None:
    february = replace(api.services.context, clock=Clock(date(2026, 2, 1)))
    Periods(february).catch_up()  # so that there is a closed period to tell of
    schema = document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    require_described(document, schema, api.get(asked), asked)


PLAN_ANSWERS = ["", "/summary", "/allocation-tree", "/forecast", "/by-category", "/by-provider"]


@pytest.mark.parametrize("view", PLAN_ANSWERS)
def test_every_field_of_an_answer_about_the_plan_is_described(acme: Api, document: Any, view: str) -> None:
    bill(acme.services.of_organization("acme"), ("TEAM-BACKEND", "8", "CHF", "2026-02-05", "Google Cloud"))
    described = document["paths"][f"/api/v1/budgets/{{org}}{view}"]["get"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    require_described(document, schema, acme.get(f"/api/v1/budgets/acme{view}"), view)


def require_described(document: Any, schema: Any, answer: Any, where: str) -> None:
    if answer is None or schema is True:  # true: anything
        return
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:  # or null
        require_described(document, schema["anyOf"][0], answer, where)
    elif "additionalProperties" in schema:
        for name, value in answer.items():
            require_described(document, schema["additionalProperties"], value, f"{where}.{name}")
    elif isinstance(answer, dict):
        assert set(answer) == set(schema["properties"]), where
        for name, value in answer.items():
            require_described(document, schema["properties"][name], value, f"{where}.{name}")
    if isinstance(answer, list) and answer:
        require_described(document, schema["items"], answer[0], where)
