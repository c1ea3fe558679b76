"""Answers say how far the data reaches, and changes what they settled again of what was carried over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.carry import CarryPolicy
from budget_tui.services.clock import Clock
from tests.services.planning import bill

from .conftest import Api


@pytest.fixture
def late(api: Api) -> Api:
    """The worked example on January 13, with costs that were imported and reach January 6."""
    bill(api.services, ("pcc", "1", "USD", "2026-01-06", "openai"))
    return api


PLAN = "/api/v1/budgets/default"


@pytest.mark.parametrize("path", ["/status", "/budget", "/projects", "/projects/pcc/budget", PLAN])
def test_answers_say_how_far_the_data_reaches(late: Api, path: str) -> None:
    assert late.get(path)["data_through"] == "2026-01-06"


@pytest.mark.parametrize("view", ["summary", "allocation-tree"])
def test_views_of_the_plan_do(late: Api, view: str) -> None:
    assert late.get(f"{PLAN}/{view}")["data_through"] == "2026-01-06"


@pytest.mark.parametrize("view", ["by-category", "by-provider"])
def test_each_part_of_a_view_does(late: Api, view: str) -> None:
    assert {part["data_through"] for part in late.get(f"{PLAN}/{view}").values()} == {"2026-01-06"}


def test_use_of_tokens_is_known_up_to_today(late: Api) -> None:
    [scout] = late.get("/agents")["agents"]
    assert scout["data_through"] == late.get("/agents/scout/budget")["data_through"] == "2026-01-13"


def test_a_closed_period_says_how_far_it_reached_then(late: Api) -> None:
    february = Services(replace(late.services.context, clock=Clock(date(2026, 2, 3))), late.services.settings)
    february.periods.catch_up()
    [january] = late.get("/periods")
    assert january["data_through"] == "2026-01-06"


@pytest.fixture
def february(start: Callable[..., Api]) -> Api:
    """February 3: PCC received the 45 that it had left in January."""
    start().services.budgets.set_carry(CarryPolicy.UNSPENT, project_id="pcc")
    return start(today=date(2026, 2, 3))


def test_a_change_tells_what_it_settled_again(february: Api) -> None:
    said = february("POST", "/projects/pcc/costs", {"amount_usd": 24, "on": "2026-01-31"}).json()
    settled = {"subject": "pcc", "budget_type": "monetary", "carried_before": 45, "carried": 21}
    assert said["carry_settled"] == [settled]
    back = {**settled, "carried_before": 21, "carried": 45}
    assert february("POST", "/undo").json()["carry_settled"] == [back]


def test_a_change_of_open_days_tells_nothing(february: Api) -> None:
    assert "carry_settled" not in february("POST", "/projects/pcc/costs", {"amount_usd": 24}).json()
    assert "carry_settled" not in february("POST", "/agents/scout/budget/consume", {"tokens": 5}).json()


def test_what_is_answered_again_settles_nothing(february: Api) -> None:
    body = {"amount_usd": 24, "on": "2026-01-31"}
    assert "carry_settled" in february("POST", "/projects/pcc/costs", body, Idempotency_Key="k").json()
    again = february("POST", "/projects/pcc/costs", body, Idempotency_Key="k")
    assert (again.headers["Idempotent-Replayed"], "carry_settled" in again.json()) == ("true", False)


def test_tokens_of_the_closed_period_are_settled_as_tokens(start: Callable[..., Api]) -> None:
    january = start()
    january.services.agents.set_carry("scout", CarryPolicy.UNSPENT)
    held = january("POST", "/agents/scout/budget/reserve", {"tokens": 250_000, "seconds": 86_400}).json()
    february = start(today=date(2026, 2, 1))
    said = february("POST", f"/reservations/{held['reservation_id']}/settle", {"tokens": 100_000})
    assert said.status_code == 200, said.text
    settled = {"subject": "scout", "budget_type": "token", "carried_before": 750_000, "carried": 900_000}
    assert said.json()["carry_settled"] == [settled]
