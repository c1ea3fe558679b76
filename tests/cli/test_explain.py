"""``explain``: where the numbers come from, in words and as JSON."""

from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.cli.app import run
from tests.cli.conftest import TODAY, Cli
from tests.conftest import MadeOnce


def two_projects(path: Path) -> None:
    for command in (
        ("budget", "set", "500"),
        ("project", "add", "pcc", "--name", "PCC", "--allocate", "150"),
        ("project", "add", "dandelion", "--allocate", "50"),
        ("cost", "add", "pcc", "105", "--on", "2026-01-10", "--provider", "Google Cloud"),
    ):
        assert run(["--db", str(path), "--as-of", TODAY, *command]) == 0


@pytest.fixture
def example(cli: Cli, database: Path, made_once: MadeOnce) -> Cli:
    made_once(database, two_projects)
    return cli


def test_the_cause_of_trouble_comes_first(example: Cli) -> None:
    title, cause, blank, header, *_ = example("explain", "pcc").done().out.splitlines()
    assert (title, blank, header.split()[0]) == ("PCC, January 2026", "", "VALUE")
    assert cause == "$105.00 on Jan 10 for gcp, 21 times an even day's share"
    assert example("explain", "pcc", "--json").json["trouble"] == cause
    assert "even day" not in example("explain", "dandelion").done().out.splitlines()[1]
    assert example("explain", "dandelion", "--json").json["trouble"] is None


def test_a_value_is_told_with_names_with_values_and_with_its_days(example: Cli) -> None:
    told = example("explain", "pcc", "--value", "drip").done().out
    assert "Drip per day of PCC, January 2026: $2.50" in told
    assert "max(0, remaining) ÷ days left" in told
    assert "max(0, $45.00) ÷ 18 days = $2.50" in told
    assert "Jan 1 – Jan 31 (31 days, both ends included)" in told
    assert "today is Jan 13, 2026 in" in told
    assert "manual · gcp · cloud: 1 cost, Jan 10" in told


def test_without_a_project_it_is_the_global_budget(example: Cli) -> None:
    told = example("explain").done().out
    assert "$500.00 − $200.00 = $300.00" in told
    assert "$500.00 − $105.00 = $395.00" in told


def test_every_value_shows_what_status_shows(example: Cli) -> None:
    [project, *_] = example("status", "--json").json["projects"]
    explained = {value["value"]: value["result"] for value in example("explain", "pcc", "--json").json["values"]}
    assert explained["spent"] == project["spent_usd"] == 105
    assert explained["drip"] == project["daily_drip_usd"] == Decimal("2.5")
    assert explained["available-today"] == project["available_today_usd"]
    assert explained["burn"] == project["burn_rate_usd"] == 35
    assert explained["runway"] == project["runway_days"]
    assert explained["status"] == project["budget_status"]


def test_json_of_one_value_has_its_exact_terms(example: Cli) -> None:
    answer = example("explain", "pcc", "--value", "remaining", "--json").json
    [value] = answer["values"]
    assert value["terms"] == {"allocation": 150, "spent": 105}
    assert value["result"] == 45
    assert answer["counting"][0] == {
        "source": "manual",
        "provider": "gcp",
        "service": "",
        "category": "cloud",
        "amount": 105,
        "stated": 105,
        "currency": "USD",
        "costs": 1,
        "first_day": "2026-01-10",
        "last_day": "2026-01-10",
    }


def test_an_agent_is_explained_in_tokens(example: Cli) -> None:
    example("agent", "add", "scout", "--project", "pcc", "--tokens", "1M").done()
    example("agent", "consume", "scout", "200k").done()
    told = example("explain", "scout", "--value", "available").done().out
    assert "1,000,000 tokens − 200,000 tokens − 0 tokens = 800,000 tokens" in told


def test_a_planned_budget_is_named_by_the_beginning_of_its_id(example: Cli) -> None:
    example("entity", "add", "DEPT-ENG").done()
    made = example("plan", "create", "DEPT-ENG", "cloud", "1000", "--period", "2026-Q1", "--json").json
    by_id = example("explain", made["budget_id"][:8]).done().out
    assert "DEPT-ENG's cloud budget for Q1 2026" in by_id
    assert example("explain", "DEPT-ENG").done().out == by_id


def test_a_closed_period_is_explained_as_a_whole_and_project_by_project(
    example: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUDGET_TUI_AS_OF", "2026-02-03")
    example("cost", "add", "pcc", "5", "--on", "2026-01-20").done()
    assert "$110.00 − $105.00 = $5.00" in example("explain", "--period", "2026-01").done().out
    told = example("explain", "pcc", "--period", "January 2026", "--value", "restated").done().out.splitlines()
    assert told[0] == "After the close of PCC in the closed period, January 2026: $5.00"
    assert told[2] == "  $110.00 − $105.00 = $5.00"
    example("explain", "nobody", "--period", "2026-01").refused(4, "'nobody' had no budget in January 2026")
    example("explain", "pcc", "--period", "2026-02").refused(4, "no period that started on 2026-02-01 was closed")


def test_what_is_not_there_is_refused_in_a_line(example: Cli) -> None:
    example("explain", "nobody").refused(4, "no project, agent or budget 'nobody'")
    example("explain", "pcc", "--value", "profit").refused(4, "no value 'profit'", "drip")
