"""``/budget``, ``/status`` and ``/projects``: what they answer and what they change."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from budget_tui.domain.amount import parse_amount
from budget_tui.schemas.status import ProjectDetails
from budget_tui.services.costs import CostEntry

from .conftest import Api, exactly, refused


def test_the_global_budget_is_the_worked_example(api: Api) -> None:
    budget = api.get("/budget")
    assert budget["monthly_budget_usd"] == 500
    assert (budget["current_period_start"], budget["current_period_end"]) == ("2026-01-01", "2026-01-31")
    assert (budget["allocated_usd"], budget["unallocated_usd"]) == (420, 80)
    assert (budget["spent_usd"], budget["remaining_usd"], budget["days_left"]) == (241, 259, 18)


def test_a_project_answers_as_the_command_line_does(api: Api) -> None:
    pcc = api.get("/projects/pcc/budget")
    assert (pcc["monthly_allocation_usd"], pcc["remaining_usd"], pcc["daily_drip_usd"]) == (150, 45, Decimal("2.5"))
    assert (pcc["budget_status"], pcc["as_of"], pcc["currency"]) == ("healthy", "2026-01-13", "USD")
    assert api.get("/projects/python-api/budget")["daily_drip_usd"] == Decimal("0.666666667")
    assert api.get("/projects/python-api/budget").keys() == ProjectDetails.model_fields.keys()


def test_all_projects_and_the_status_are_of_one_read(api: Api) -> None:
    projects = api.get("/projects")["projects"]
    assert [project["project_id"] for project in projects] == ["pcc", "videonest-api", "python-api", "dandelion"]
    status = api.get("/status")
    forecasts = [project.pop("forecast_usd") for project in status["projects"]]
    assert status["projects"] == projects
    assert [found["method"] for found in (status["global"]["forecast_usd"], *forecasts)] == ["burn rate"] * 5
    assert status["global"]["forecast_usd"]["median"] == api.get("/budget")["run_rate_usd"]
    assert status["global"]["forecast_usd"] == api.get("/forecast")["total"]["forecast_usd"]
    assert status["global"]["spent_usd"] == 241


def test_setting_the_global_budget_answers_what_it_left(api: Api) -> None:
    answer = api("PUT", "/budget", {"monthly_budget_usd": 400})
    assert answer.status_code == 200
    budget = exactly(answer.text)
    assert (budget["monthly_budget_usd"], budget["unallocated_usd"]) == (400, -20)
    assert "$20.00" in budget["warnings"][0]
    assert api.get("/budget")["monthly_budget_usd"] == 400


def test_allocating_more_than_there_is_is_done_and_told(api: Api) -> None:
    answer = exactly(api("PUT", "/projects/dandelion/budget", {"monthly_allocation_usd": 200}).text)
    assert answer["monthly_allocation_usd"] == 200
    assert answer["warnings"]
    assert api.get("/budget")["unallocated_usd"] == -70


def test_a_transfer_moves_what_is_unspent(api: Api) -> None:
    answer = api("POST", "/projects/pcc/budget/transfer", {"to_project_id": "python-api", "amount_usd": 20.5})
    assert answer.status_code == 200
    moved = exactly(answer.text)
    assert (moved["from"], moved["to"], moved["amount_usd"]) == ("pcc", "python-api", Decimal("20.5"))
    assert (moved["from_after_usd"], moved["to_after_usd"]) == (Decimal("129.5"), Decimal("120.5"))


def test_the_pool_gives_and_takes(api: Api) -> None:
    assert api("POST", "/projects/pool/budget/transfer", {"to_project_id": "pcc", "amount_usd": 80}).status_code == 200
    assert api.get("/budget")["unallocated_usd"] == 0
    assert api("POST", "/projects/pcc/budget/transfer", {"to_project_id": "pool", "amount_usd": 5}).status_code == 200
    assert api.get("/budget")["unallocated_usd"] == 5


def test_a_transfer_beyond_what_is_unspent_names_what_there_is(api: Api) -> None:
    answer = api("POST", "/projects/pcc/budget/transfer", {"to_project_id": "pool", "amount_usd": 45.01})
    problem = refused(answer, 409, "insufficient-budget", "$45.00", "PCC")
    assert problem["available_usd"] == 45
    assert "available_tokens" not in problem


def test_a_forced_transfer_needs_a_reason(api: Api) -> None:
    body = {"to_project_id": "pool", "amount_usd": 100, "force": True}
    refused(api("POST", "/projects/pcc/budget/transfer", body), 422, "refused", "reason")
    assert api("POST", "/projects/pcc/budget/transfer", body | {"reason": "stopped"}).status_code == 200


def test_a_transfer_to_itself_is_refused(api: Api) -> None:
    answer = api("POST", "/projects/pcc/budget/transfer", {"to_project_id": "pcc", "amount_usd": 1})
    refused(answer, 422, "refused", "two different ends")


def test_a_program_reports_what_it_spent(api: Api) -> None:
    body = {"amount_usd": 1.25, "on": "2026-01-12", "provider": "openai", "tokens": 25000}
    answer = api("POST", "/projects/dandelion/costs", body)
    assert answer.status_code == 201
    assert exactly(answer.text) == {
        "project_id": "dandelion",
        "amount_usd": Decimal("1.25"),
        "on": "2026-01-12",
        "tokens": 25000,
        "currency": "USD",
        "warnings": [],
    }
    assert api.get("/projects/dandelion/budget")["spent_usd"] == Decimal("1.25")


def test_a_cost_has_one_of_three_categories(api: Api) -> None:
    for category in ("cloud", "genai", "subscription"):
        assert api("POST", "/projects/pcc/costs", {"amount_usd": 1, "category": category}).status_code == 201
    answer = api("POST", "/projects/pcc/costs", {"amount_usd": 1, "category": "total"})
    refused(answer, 422, "refused", "category: input should be 'cloud', 'genai' or 'subscription'")


def test_a_cost_is_of_today_unless_told(api: Api) -> None:
    assert exactly(api("POST", "/projects/dandelion/costs", {"amount_usd": 2}).text)["on"] == "2026-01-13"
    [warning] = exactly(api("POST", "/projects/dandelion/costs", {"amount_usd": 2, "on": "2062-01-13"}).text)[
        "warnings"
    ]
    assert warning == "Jan 13, 2062 is more than a year ahead: check the day"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/projects/nope/budget", None),
        ("PUT", "/projects/nope/budget", {"monthly_allocation_usd": 1}),
        ("POST", "/projects/nope/budget/transfer", {"to_project_id": "pcc", "amount_usd": 1}),
        ("POST", "/projects/pcc/budget/transfer", {"to_project_id": "nope", "amount_usd": 1}),
        ("POST", "/projects/nope/costs", {"amount_usd": 1}),
        ("GET", "/projects/%00/budget", None),
    ],
)
def test_what_does_not_exist_is_not_found(api: Api, method: str, path: str, body: object) -> None:
    refused(api(method, path, body), 404, "not-found", "no project")


def test_who_changed_it_is_in_the_audit_trail(api: Api) -> None:
    api("PUT", "/budget", {"monthly_budget_usd": 450})
    [entry] = api.services.audit.newest(1)
    assert (entry.action, entry.before, entry.after) == ("budget.set", {"amount": "500"}, {"amount": "450"})
    assert entry.actor == f"write (key {api.write_key.split('_')[1]})"


def test_who_can_cover_a_project(api: Api) -> None:
    days = [date(2026, 1, 13) - timedelta(days=ago) for ago in range(1, 43)]
    api.services.costs.add_all([CostEntry("dandelion", parse_amount("1"), day) for day in days])
    offer = api.get("/projects/pcc/cover")
    assert [(donor["project_id"], donor["spare_usd"]) for donor in offer["donors"]] == [("dandelion", 19)]
    path, asked = "/projects/pcc/cover", {"from_project_id": "dandelion", "amount_usd": 20}
    assert refused(api("POST", path, asked), 409, "insufficient-budget", "can spare")["available_usd"] == 19
    assert api("POST", path, {**asked, "amount_usd": 5}, Idempotency_Key="k").json()["to_after_usd"] == 155
