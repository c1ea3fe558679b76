"""No number becomes a float on its way in or out."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, to_decimal

from .conftest import Api, refused


def set_budget(api: Api, number: str) -> int:
    return api("PUT", "/budget", f'{{"monthly_budget_usd": {number}}}').status_code


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.parametrize("number", ["true", "1.5", '"5"', "0", "-5", "1e30", "9000000000000000001", "null"])
def test_what_is_no_number_of_tokens_is_refused(api: Api, number: str) -> None:
    refused(api("POST", "/agents/scout/budget/consume", f'{{"tokens": {number}}}'), 422, "refused", "tokens")
    assert api.get("/agents/scout/budget")["used_tokens"] == 0


@pytest.mark.parametrize("number", ["5", "5.0", "5e0"])
def test_a_whole_number_may_be_written_with_a_point(api: Api, number: str) -> None:
    assert api("POST", "/agents/scout/budget/consume", f'{{"tokens": {number}}}').json()["used_tokens"] == 5
