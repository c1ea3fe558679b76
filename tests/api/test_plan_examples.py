"""Requests as scripts that plan budgets send them, on the demonstration's organization, and what they expect."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Api, Served

PLAN = "/api/v1/budgets/acme"
FEBRUARY = {"currency": "USD", "period_type": "monthly", "period_start": "2026-02-01", "period_end": "2026-02-28"}
APRIL = {"currency": "USD", "period_type": "monthly", "period_start": "2026-04-01", "period_end": "2026-04-30"}
YEAR = {"currency": "USD", "period_type": "yearly", "period_start": "2026-01-01", "period_end": "2026-12-31"}
ENG_IN_FEBRUARY = {
    "hierarchy_entity_id": "DEPT-ENG",
    "category": "cloud",
    "budget_type": "monetary",
    "budget_amount": 20000,
    **FEBRUARY,
}
ENG = {"hierarchy_entity_id": "DEPT-ENG", "hierarchy_entity_name": "Engineering", "hierarchy_level_code": "department"}
OPS = {"hierarchy_entity_id": "DEPT-OPS", "hierarchy_entity_name": "Operations", "hierarchy_level_code": "department"}
DS = {"hierarchy_entity_id": "DEPT-DS", "hierarchy_entity_name": "Data Science", "hierarchy_level_code": "department"}
ALLOCATE = {
    "hierarchy_entity_id": "ORG",
    "hierarchy_entity_name": "Acme Inc",
    "hierarchy_level_code": "organization",
    "category": "cloud",
    "budget_type": "monetary",
    "budget_amount": 100000,
    **YEAR,
    "allocations": [{**ENG, "percentage": 40}, {**OPS, "percentage": 30}, {**DS, "percentage": 20}],
}


@pytest.fixture
def without_the_year(acme: Api) -> Api:
    """Without the budgets of the year: what allocates them makes them anew."""
    for budget in acme.get(f"{PLAN}?period_type=yearly")["budgets"]:
        assert acme("DELETE", f"{PLAN}/{budget['budget_id']}").status_code == 204
    return acme


def posted(api: Api, path: str, body: dict[str, Any]) -> Any:
    answer = api("POST", path, body)
    assert answer.status_code == 201, answer.text
    return json.loads(answer.text, parse_float=Decimal)


# Budgets


def test_list_budgets_for_org(acme: Api) -> None:
    answer = acme.get(PLAN)
    assert (len(answer["budgets"]), answer["total"]) == (12, 12)


def test_list_budgets_with_filters(acme: Api) -> None:
    path = f"{PLAN}?category=genai&period_type=monthly&hierarchy_entity_id=DEPT-ENG"
    assert acme.get(path) == {
        "budgets": [],
        "total": 0,
        "period_start": None,
        "period_end": None,
        "data_through": "2026-03-31",
        "warnings": [],
    }
    posted(acme, PLAN, {**ENG_IN_FEBRUARY, "category": "genai"})
    assert acme.get(path)["total"] == 1


def test_get_single_budget(acme: Api) -> None:
    for budget in acme.get(PLAN)["budgets"]:
        assert acme.get(f"{PLAN}/{budget['budget_id']}") == {**budget, "warnings": []}


def test_create_budget(acme: Api) -> None:
    made = posted(acme, PLAN, ENG_IN_FEBRUARY)
    assert made["budget_id"]
    assert made["hierarchy_entity_name"] == "Engineering"
    assert made["hierarchy_level_code"] == "department"
    assert made["budget_amount"] == 20000


def test_create_single_budget_with_name_and_level(acme: Api) -> None:
    made = posted(acme, PLAN, {**ENG, **ENG_IN_FEBRUARY})
    assert made["budget_id"]
    assert made["warnings"] == []


def test_update_budget(acme: Api) -> None:
    made = posted(acme, PLAN, ENG_IN_FEBRUARY)
    answer = acme("PUT", f"{PLAN}/{made['budget_id']}", {"budget_amount": 25000})
    assert (answer.status_code, answer.json()["budget_amount"]) == (200, 25000)


def test_delete_budget(acme: Api) -> None:
    made = posted(acme, PLAN, ENG_IN_FEBRUARY)
    answer = acme("DELETE", f"{PLAN}/{made['budget_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert acme.get(PLAN)["total"] == 12
    assert acme.get(f"{PLAN}?is_active=false")["budgets"][0]["budget_id"] == made["budget_id"]


# Allocation


@pytest.mark.parametrize("level", ["organization", "org"])
def test_top_down_allocation(without_the_year: Api, level: str) -> None:
    made = posted(without_the_year, f"{PLAN}/allocate", {**ALLOCATE, "hierarchy_level_code": level})
    assert made["parent_budget"]["budget_amount"] == 100000
    assert [
        (child["budget"]["hierarchy_entity_id"], child["allocated_amount"], child["allocation_percentage"])
        for child in made["children"]
    ] == [("DEPT-ENG", 40000, 40), ("DEPT-OPS", 30000, 30), ("DEPT-DS", 20000, 20)]
    assert len({child["allocation_id"] for child in made["children"]}) == 3
    assert (made["unallocated_amount"], made["unallocated_percentage"]) == (10000, 10)
    assert made["warnings"] == []


def test_top_down_allocation_of_two(without_the_year: Api) -> None:
    body = {**ALLOCATE, "allocations": ALLOCATE["allocations"][:2]}  # type: ignore[index]
    made = posted(without_the_year, f"{PLAN}/allocate", body)
    assert made["children"][0]["allocated_amount"] == 40000
    assert made["unallocated_amount"] == 30000


def test_check_allocation_tree(without_the_year: Api) -> None:
    posted(without_the_year, f"{PLAN}/allocate", ALLOCATE)
    [root] = [
        root
        for root in without_the_year.get(f"{PLAN}/allocation-tree")["roots"]
        if root["entity"]["hierarchy_entity_id"] == "ORG"
    ]
    assert (root["allocated_to_children"], root["unallocated"]) == (90000, 10000)
    assert len(root["children"]) == 3


# Views


def test_budget_vs_actual_summary(acme: Api) -> None:
    made = posted(acme, PLAN, ENG_IN_FEBRUARY)
    [row] = acme.get(f"{PLAN}/summary?period_type=monthly&period_start=2026-02-01")["budgets"]
    assert row["budget_id"] == made["budget_id"]
    assert row["entity"]["hierarchy_entity_id"] == row["hierarchy_entity_id"] == "DEPT-ENG"
    assert (row["category"], row["budget_amount"]) == ("cloud", 20000)
    assert 0 < row["actual_amount"] < 20000
    assert row["variance"] == row["budget_amount"] - row["actual_amount"]
    assert abs(row["pct_used"] - row["actual_amount"] / 200) < Decimal("0.1")
    assert row["status"] == "under"


def test_the_expected_response_of_the_summary_with_its_variance_mended(acme: Api) -> None:
    """17240 of 20000 leave 2760, and not -2760."""
    [row] = acme.get(f"{PLAN}/summary?hierarchy_entity_id=PROJ-PLATFORM")["budgets"]
    assert {name: row[name] for name in ("budget_amount", "actual_amount", "variance", "pct_used", "status")} == {
        "budget_amount": 20000,
        "actual_amount": 17240,
        "variance": 2760,
        "pct_used": Decimal("86.2"),
        "status": "approaching",
    }


def test_allocation_tree_of_a_department(acme: Api) -> None:
    answer = acme.get(f"{PLAN}/allocation-tree?root_entity_id=DEPT-ENG")
    assert answer["entity"]["hierarchy_entity_id"] == "DEPT-ENG"
    assert answer["budget"] == answer["roots"][0]["budget"]
    assert {"allocated_to_children", "unallocated", "children"} <= set(answer)
    assert all("/DEPT-ENG/" in root["entity"]["hierarchy_path"] for root in answer["roots"])


def test_category_breakdown_for_entity(acme: Api) -> None:
    answer = acme.get(f"{PLAN}/by-category?hierarchy_entity_id=DEPT-ENG&period_type=monthly")
    assert set(answer) == {"cloud", "genai", "subscription", "total"}
    assert answer["total"]["actual"] == sum(answer[name]["actual"] for name in ("cloud", "genai", "subscription"))
    quarter = acme.get(f"{PLAN}/by-category?hierarchy_entity_id=DEPT-ENG&period_type=quarterly")
    assert (quarter["cloud"]["budget"], quarter["cloud"]["actual"]) == (30000, 21900)
    assert (quarter["total"]["budget"], quarter["total"]["actual"]) == (50000, 35542)
    platform = acme.get(f"{PLAN}/by-category?hierarchy_entity_id=PROJ-PLATFORM")
    assert (platform["cloud"]["actual"], platform["cloud"]["not_budgeted"]) == (17240, 3400)
    assert (platform["genai"]["budget"], platform["genai"]["not_budgeted"]) == (None, None)


def test_provider_breakdown_for_entity_and_category(acme: Api) -> None:
    answer = acme.get(f"{PLAN}/by-provider?hierarchy_entity_id=TEAM-TRAINING&category=genai")
    assert set(answer) == {"openai", "anthropic"}
    for part in answer.values():
        assert {"budget", "actual", "tokens_budget", "tokens_actual"} <= set(part)
        assert part["actual"] > 0
        assert part["tokens_actual"] > 0


# Procedures


def test_create_org_level_budget_and_break_it_down(acme: Api) -> None:
    body = {"hierarchy_entity_id": "ORG", "budget_type": "monetary", **APRIL}  # February's total is archived
    for category, amount in (("total", 50000), ("cloud", 30000), ("genai", 15000), ("subscription", 5000)):
        made = posted(acme, PLAN, {**body, "category": category, "budget_amount": amount})
        assert (made["hierarchy_entity_name"], made["hierarchy_level_code"]) == ("Acme Inc", "organization")
    summary = acme.get(f"{PLAN}/summary?period_type=monthly&period_start=2026-04-01")
    assert len(summary["budgets"]) == 4
    assert summary["total_budget"] == 50000  # the three are in it


def test_create_token_budget(acme: Api) -> None:
    body = {
        "hierarchy_entity_id": "TEAM-TRAINING",
        "category": "genai",
        "budget_type": "token",
        "budget_amount": 25000000,
        **FEBRUARY,
        "provider": "openai",
        "notes": "GPT-4o training pipeline budget",
    }
    made = posted(acme, PLAN, body)
    assert {name: made[name] for name in body} == body


def test_create_seat_budget(acme: Api) -> None:
    body = {
        "hierarchy_entity_id": "PROJ-DESIGN",
        "category": "subscription",
        "budget_type": "seat",
        "budget_amount": 15,
        **FEBRUARY,
        "provider": "figma",
        "notes": "Full Figma seats for design team",
    }
    made = posted(acme, PLAN, body)
    assert {name: made[name] for name in body} == body


# Verification


def test_verify_list_all_budgets(acme: Api) -> None:
    d = acme.get(PLAN)
    lines = [f"{b['hierarchy_entity_id']} {b['category']} ${b['budget_amount']:,.0f}" for b in d["budgets"]]
    assert sorted(lines) == [
        "DEPT-DS cloud $30,000",
        "DEPT-DS genai $25,000",
        "DEPT-ENG cloud $30,000",
        "DEPT-ENG cloud $45,000",
        "DEPT-ENG total $50,000",
        "DEPT-OPS cloud $15,000",
        "ORG cloud $100,000",
        "PROJ-MLPIPE genai $20,000",
        "PROJ-PLATFORM cloud $20,000",
        "TEAM-BACKEND cloud $12,000",
        "TEAM-FRONTEND subscription $3,000",
        "TEAM-MLOPS genai $50,000,000",
    ]


def test_verify_budget_summary_with_variance(acme: Api) -> None:
    d = acme.get(f"{PLAN}/summary")
    assert d["total_budget"] - d["total_actual"] == d["total_variance"]
    assert d["budgets_over"] + d["budgets_approaching"] + d["budgets_under"] == 12
    assert d["budgets_over"] == 2


def test_verify_totals(acme: Api) -> None:
    d = acme.get(f"{PLAN}/summary")
    assert {"budget_total", "actual_total", "variance", "budgets_over", "budgets_under"} <= set(d["totals"])
    assert d["totals"]["budget_total"] == d["total_budget"]
    assert d["totals"]["actual_total"] == d["total_actual"]


def test_verify_the_numbers_of_budgets(acme: Api) -> None:
    assert acme.get(PLAN)["total"] == 12
    assert acme.get(f"{PLAN}?category=cloud")["total"] == 7


def test_verify_allocation_tree(acme: Api) -> None:
    d = acme.get(f"{PLAN}/allocation-tree")
    assert len(d["roots"]) >= 1
    [org] = [root for root in d["roots"] if root["entity"]["hierarchy_entity_id"] == "ORG"]
    assert sorted(child["entity"]["hierarchy_entity_id"] for child in org["children"]) == [
        "DEPT-DS",
        "DEPT-ENG",
        "DEPT-OPS",
    ]


COMMANDS = (
    ("""curl -s "$API/api/v1/budgets/$ORG" -H "X-API-Key: $KEY" | grep -o '"total": 12'""", '"total": 12\n'),
    (
        """curl -s "$API/api/v1/budgets/$ORG?category=cloud" -H "X-API-Key: $KEY" | grep -o '"total": 7'""",
        '"total": 7\n',
    ),
    (
        f"""curl -s -o /dev/null -w '%{{http_code}}' -X POST "$API/api/v1/budgets/$ORG" -H "X-API-Key: $KEY" """
        f"""-H "Content-Type: application/json" -d '{json.dumps(ENG_IN_FEBRUARY)}'""",
        "201",
    ),
)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's: apt-get install curl")
def test_a_process_answers_curl(serve: Callable[..., Served], demonstration: tuple[bytes, str, str]) -> None:
    url = serve(database=demonstration[0]).url
    for command, printed in COMMANDS:
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "API": url, "ORG": "acme", "KEY": demonstration[2]},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert done.stdout == printed, command
