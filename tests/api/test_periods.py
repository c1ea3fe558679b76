"""``/periods``: what was closed."""

from dataclasses import replace
from datetime import date

import pytest

from budget_tui.services.clock import Clock
from budget_tui.services.periods import Periods

from .conftest import Api, refused


@pytest.fixture
def closed(api: Api) -> Api:
    """January and February are closed."""
    Periods(replace(api.services.context, clock=Clock(date(2026, 3, 1)))).catch_up()
    return api


def test_nothing_is_closed_yet(api: Api) -> None:
    assert api.get("/periods") == []


def test_a_closed_period_tells_its_figures(closed: Api) -> None:
    february, january = closed.get("/periods")
    assert (february["period_start"], january["period_start"]) == ("2026-02-01", "2026-01-01")
    assert (january["period_end"], january["spent_usd"], january["restated_usd"]) == ("2026-01-31", 241, 0)
    assert {project["project_id"]: project["spent_usd"] for project in january["projects"]}["pcc"] == 105
    assert january["agents"][0]["agent_id"] == "scout"


def test_what_came_later_is_a_restatement(closed: Api) -> None:
    closed("POST", "/projects/pcc/costs", {"amount_usd": 3, "on": "2026-01-31"})
    january = closed.get("/periods")[1]
    assert (january["spent_usd"], january["restated_usd"]) == (241, 3)


def test_a_page_continues_where_the_last_one_ended(closed: Api) -> None:
    everything = closed.get("/periods")
    first = closed.get("/periods?limit=1")
    assert first + closed.get(f"/periods?before={first[0]['period_start']}") == everything


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=121", "limit=x", "before=0", "before=2026-02-30", "before=20260201"]
)
def test_what_is_no_page_is_refused(api: Api, query: str) -> None:
    refused(api("GET", f"/periods?{query}"), 422, "refused", query.partition("=")[0])
