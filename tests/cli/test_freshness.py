"""Every answer with drip, burn, runway, a forecast or actuals says how far the data reaches."""

from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli
from .test_cost_import import export

JANUARY_6 = "data through Jan 6, 2026"


@pytest.fixture
def late(seeded: Cli, tmp_path: Path) -> Cli:
    """The worked example on January 13, with an export that reaches January 6."""
    tagged = {"Tags": '{"project": "pcc"}', "ChargePeriodStart": "2026-01-06T00:00:00Z"}
    seeded("cost", "import", export(tmp_path / "export.csv", [tagged])).done()
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1M").done()
    seeded("plan", "create", "ORG", "cloud", "80", "--period", "2026-01").done()
    return seeded


PLAN = ("list", "summary", "tree", "by-category", "by-provider")


@pytest.mark.parametrize("view", PLAN)
def test_every_view_of_the_plan_says_so_where_it_lags(late: Cli, view: str) -> None:
    answer = late("plan", view, "--json").json
    parts = answer.values() if view.startswith("by-") else [answer]
    assert {part["data_through"] for part in parts} == {"2026-01-06"}
    assert late("plan", view).out.splitlines()[1] == JANUARY_6


@pytest.mark.parametrize("view", PLAN)
def test_a_plan_whose_data_reaches_today_needs_no_line(seeded: Cli, view: str) -> None:
    seeded("plan", "create", "ORG", "cloud", "80", "--period", "2026-01").done()
    answer = seeded("plan", view, "--json").json
    parts = answer.values() if view.startswith("by-") else [answer]
    assert {part["data_through"] for part in parts} == {"2026-01-13"}
    assert "data through" not in seeded("plan", view).out


def test_the_line_of_a_status_bar_has_a_sign_for_it(late: Cli) -> None:
    assert late("status", "--line").out.endswith(" · ≤Jan 6\n")
    assert "≤" not in late("--as-of", "2026-01-06", "status", "--line").out


def test_use_of_tokens_is_known_up_to_today(late: Cli) -> None:
    [scout] = late("agent", "list", "--json").json
    assert scout["data_through"] == late("agent", "show", "scout", "--json").json["data_through"] == "2026-01-13"
    for command in (("list",), ("show", "scout")):
        assert late("agent", *command).out.splitlines()[-1] == "data through Jan 13, 2026"


def test_explanations(late: Cli) -> None:
    def explained(*subject: str) -> Any:
        return late("explain", *subject, "--json").json["data_through"]

    [plan] = [each["budget_id"] for each in late("plan", "list", "--category", "cloud", "--json").json["budgets"]]
    assert explained() == explained("pcc") == explained(str(plan)) == "2026-01-06"
    assert explained("scout") == "2026-01-13"
    assert JANUARY_6 in late("explain", str(plan), "--value", "actual").out
    assert JANUARY_6 not in late("--as-of", "2026-01-06", "explain", str(plan), "--value", "actual").out


def test_the_running_period(late: Cli) -> None:
    assert late("period", "show", "--json").json["data_through"] == "2026-01-06"
    assert JANUARY_6 in late("period", "show").out.splitlines()


def test_a_close_keeps_how_far_the_data_reached(late: Cli) -> None:
    february = ("--as-of", "2026-02-03")
    late(*february, "budget", "set", "600")
    late(*february, "cost", "source", "end", "focus")
    late("--as-of", "2026-03-01", "budget", "set", "500")
    closed = late("--as-of", "2026-03-01", "period", "history", "--json").json
    assert [period["data_through"] for period in closed] == ["2026-02-28", "2026-01-06"]
    assert late("period", "show", "2026-01-01", "--json").json["data_through"] == "2026-01-06"
    february_line, january_line = late("--as-of", "2026-03-01", "period", "history").out.splitlines()[1:]
    assert january_line.endswith(f"{JANUARY_6} only")
    assert "data through" not in february_line
    assert f"{JANUARY_6} only" in late("period", "show", "2026-01-01").out
    assert "data through" not in late("period", "show", "2026-02-01").out
