"""No number becomes a float on its way in or out."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, to_decimal
from budget_tui.domain.cost import FIRST_DAY, LAST_DAY
from budget_tui.domain.errors import Refused
from budget_tui.services.costs import CostEntry
from tests.examples import examples

from .conftest import Api, refused


def set_budget(api: Api, number: str) -> int:
    return api("PUT", "/budget", f'{{"monthly_budget_usd": {number}}}').status_code


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nanos=st.integers(0, LIMIT_NANOS))
def test_an_amount_comes_back_to_the_digit(api: Api, nanos: int) -> None:
    number = to_decimal(nanos)
    assert set_budget(api, f"{number:f}") == 200
    assert api.get("/budget")["monthly_budget_usd"] == number


def test_a_tenth_and_two_tenths_are_three_tenths(api: Api) -> None:
    for amount in ("0.1", "0.2"):
        api("POST", "/projects/dandelion/costs", f'{{"amount_usd": {amount}}}')
    assert api.get("/projects/dandelion/budget")["spent_usd"] == Decimal("0.3")


@pytest.mark.parametrize("number", ["1e-9", "0.000000001", "1E-9", "0.0000000010000"])
def test_the_smallest_amount_is_kept(api: Api, number: str) -> None:
    assert set_budget(api, number) == 200
    answer = api("GET", "/budget")
    assert '"monthly_budget_usd": 0.000000001,' in answer.text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("0.0000000001", "more than 9 decimals"),
        ("1.0000000000000000000000000001", "more than 9 decimals"),
        ("1e-400", "more than 9 decimals"),
        ("9000000000.000000001", "out of range"),
        ("1e30", "out of range"),
        ("1e999999", "out of range"),
        ("-1", "greater than or equal to 0"),
        ("true", "a JSON number"),
        ('"12"', "a JSON number"),
        ("null", "a JSON number"),
        ("[1]", "a JSON number"),
    ],
)
def test_what_is_no_amount_is_refused(api: Api, number: str, words: str) -> None:
    answer = api("PUT", "/budget", f'{{"monthly_budget_usd": {number}}}')
    problem = refused(answer, 422, "refused", words)
    assert problem["errors"][0]["field"] == "monthly_budget_usd"


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1" * 5000, "1e99999999999999999999", "01", "1,5", "[" * 5000]
)
def test_what_is_no_json_is_malformed(api: Api, number: str) -> None:
    refused(api("PUT", "/budget", f'{{"monthly_budget_usd": {number}}}'), 400, "malformed")


PLANNED = (
    '{"hierarchy_entity_id": "pcc", "category": "genai", "budget_type": "token", "budget_amount": %s,'
    ' "period_type": "monthly", "period_start": "2026-02-01", "period_end": "2026-02-28"}'
)
NO_TOKENS = ["true", "false", "1.5", "1e-1", '"5"', "0", "0e9", "-5", "-5.0", "1e30", "1e999999999", "-1e999999999"]
NO_TOKENS += ["1e-999999999", "9000000000000000001", "9000000000000000001.0", "null"]


@pytest.mark.parametrize("number", NO_TOKENS)
def test_what_is_no_number_of_tokens_is_refused(api: Api, number: str) -> None:
    for path in ("consume", "top-up", "reserve"):
        answer = api("POST", f"/agents/scout/budget/{path}", f'{{"tokens": {number}}}')
        refused(answer, 422, "refused", "tokens")
    assert api.get("/agents/scout/budget")["used_tokens"] == 0


@pytest.mark.parametrize("number", ["true", "5.5", "1e-2", '"5"'])
def test_tokens_that_may_be_none_are_whole_numbers_too(api: Api, number: str) -> None:
    held = api("POST", "/agents/scout/budget/reserve", {"tokens": 10}).json()["reservation_id"]
    for method, path, body in (
        ("PUT", "/agents/scout/budget", '{"tokens": %s}'),
        ("POST", f"/reservations/{held}/settle", '{"tokens": %s}'),
        ("POST", "/agents/scout/budget/consume", '{"tokens": 200, "output": %s}'),
        ("POST", "/projects/pcc/costs", '{"amount_usd": 1, "tokens": %s}'),
        ("POST", "/agents/scout/budget/reserve", '{"tokens": 1, "seconds": %s}'),
    ):
        refused(api(method, path, body % number), 422, "refused", "a whole JSON number")
    refused(api("POST", "/api/v1/budgets/default", PLANNED % number), 422, "refused")


@pytest.mark.parametrize("number", ["50", "50.0", "5e1", "5E+1", "50.0000000000000000000000000000000000", "5000e-2"])
def test_a_whole_number_is_one_however_it_is_written(api: Api, number: str) -> None:
    used = api("POST", "/agents/scout/budget/consume", f'{{"tokens": {number}, "output": {number}}}')
    assert (used.status_code, api.get("/agents/scout/budget")["used_tokens"]) == (200, 50)
    held = api("POST", "/agents/scout/budget/reserve", f'{{"tokens": {number}, "seconds": {number}}}').json()
    settled = api("POST", f"/reservations/{held['reservation_id']}/settle", f'{{"tokens": {number}}}')
    assert (settled.status_code, api.get("/agents/scout/budget")["used_tokens"]) == (200, 100)
    cost = api("POST", "/projects/pcc/costs", f'{{"amount_usd": 1, "tokens": {number}}}')
    assert '"tokens": 50,' in cost.text
    planned = api("POST", "/api/v1/budgets/default", PLANNED % number)
    assert '"budget_amount": 50,' in planned.text
    changed = api("PUT", planned.headers["Location"], '{"budget_amount": 60.0}')
    assert '"budget_amount": 60,' in changed.text


@pytest.mark.parametrize(
    "number", ["5.5", "1e-1", "1e30", "1e999999999", "1e-999999999", "9000000000000000001.0", "-5.0"]
)
def test_what_is_no_number_of_tokens_is_not_planned(api: Api, number: str) -> None:
    refused(api("POST", "/api/v1/budgets/default", PLANNED % number), 422, "refused")


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999"])
def test_no_number_fills_the_memory(api: Api, number: str) -> None:
    """Written out, it has a billion digits."""
    rule = f'{{"scope": "pcc", "kind": "share", "thresholds": [{number}], "channels": []}}'
    refused(api("POST", "/alerts", rule), 422, "refused", number.upper()[:2])
    share = f'"allocations": [{{"hierarchy_entity_id": "pcc", "percentage": {number}}}]'
    body = (PLANNED % 5).replace('"pcc"', '"ORG"').replace("{", f"{{{share}, ", 1)
    refused(api("POST", "/api/v1/budgets/default/allocate", body), 422, "refused", "from 0 to 100")
    assert set_budget(api, number) == 422


@pytest.mark.parametrize(
    ("number", "taken"),
    [("40.00000000000", True), ("4e1", True), ("0e-99", True), ("40.00000000000000000000000000000000001", False)],
)
def test_a_percentage_is_read_to_the_digit(api: Api, number: str, taken: bool) -> None:
    share = f'"allocations": [{{"hierarchy_entity_id": "pcc", "percentage": {number}}}]'
    body = (PLANNED % 100).replace('"pcc"', '"ORG"').replace("{", f"{{{share}, ", 1)
    answer = api("POST", "/api/v1/budgets/default/allocate", body)
    if not taken:
        refused(answer, 422, "refused", "at most 9 decimals")
        return
    assert answer.json()["children"][0]["allocated_amount"] == Decimal(number)


def test_nothing_is_nothing_whatever_its_exponent(api: Api) -> None:
    assert set_budget(api, "0e999999999") == 200
    body = '{"amount_usd": 1, "tokens": 0e999999999}'
    assert '"tokens": 0,' in api("POST", "/projects/pcc/costs", body).text


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2200-01-01", "9999-12-30", "9999-12-31"])
def test_a_cost_is_of_a_day_that_costs_may_have(api: Api, day: str) -> None:
    refused(api("POST", "/projects/pcc/costs", {"amount_usd": 1, "on": day}), 422, "refused", "go from")
    with pytest.raises(Refused, match="go from"):
        api.services.costs.add(CostEntry("pcc", 1, date.fromisoformat(day)))


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_has_a_period(api: Api, day: str) -> None:
    refused(api("GET", f"/periods?before={day}"), 422, "refused", "years go from")


@pytest.mark.parametrize("day", [FIRST_DAY, LAST_DAY])
def test_the_first_and_the_last_day_of_all_can_have_costs(api: Api, day: date) -> None:
    assert api("POST", "/projects/pcc/costs", {"amount_usd": 1, "on": str(day)}).status_code == 201
    assert api("GET", "/status").status_code == 200


@pytest.mark.parametrize("value", ["0", "1", '"true"', "1.0"])
def test_yes_and_no_are_true_and_false(api: Api, value: str) -> None:
    for path, body in (
        ("/projects/pcc/costs", '{"amount_usd": 1, "once": %s}'),
        ("/projects/pcc/budget/transfer", '{"to_project_id": "pool", "amount_usd": 1, "reason": "x", "force": %s}'),
    ):
        refused(api("POST", path, body % value), 422, "refused", "boolean")
