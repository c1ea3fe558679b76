"""``forecast``: the range for each project and for everything."""

import sys

import pytest

from tests.cli.conftest import Cli


def test_the_range_in_words_and_as_json(demo: Cli) -> None:
    shown = demo("forecast").done().out
    assert "By Jan 31, 2026, data through Jan 13, 2026" in shown
    header, *lines = shown.splitlines()[2:]
    assert header.split() == ["PROJECT", "SPENT", "LOW", "MEDIAN", "HIGH", "BUDGET"]
    assert "over, almost surely" in next(line for line in lines if line.startswith("PCC"))
    assert (
        "Dandelion: the run rate and what is known to come, as 0 complete days of data are too few for a range" in shown
    )
    found = demo("forecast", "--json").json
    assert (found["as_of"], found["period_end"], found["currency"]) == ("2026-01-13", "2026-01-31", "USD")
    everything = found["total"]["forecast_usd"]
    assert everything["method"] == "weeks"
    assert found["total"]["spent_usd"] <= everything["low"] <= everything["median"] <= everything["high"]
    assert [project["project_id"] for project in found["projects"]] == [
        "pcc",
        "videonest-api",
        "python-api",
        "dandelion",
    ]
    assert found["projects"][-1]["forecast_usd"]["method"] == "burn rate"


def test_one_project(demo: Cli) -> None:
    shown = demo("forecast", "pcc").done().out
    assert "total" not in shown
    assert "PCC: drawn from the weeks of" in shown
    [project] = demo("forecast", "pcc", "--json").json["projects"]
    assert project["project_id"] == "pcc"
    demo("forecast", "nope").refused(4, "there is no entity 'nope'")


def test_an_entity_and_an_agent(demo: Cli) -> None:
    """What is below counts, planned or not; tokens have a range of their own."""
    acme = ("--org", "acme", "--as-of", "2026-03-20")
    lines = demo(*acme, "forecast", "DEPT-ENG").done().out.splitlines()
    assert lines[2].split() == ["ENTITY", "SPENT", "LOW", "MEDIAN", "HIGH", "BUDGET"]
    assert lines[3].startswith("Engineering")
    found = demo(*acme, "forecast", "TEAM-MLOPS", "--json").json["entity"]
    assert found["hierarchy_level_code"] == "team"
    assert found["spent_usd"] <= found["forecast_usd"]["low"] <= found["forecast_usd"]["high"]
    assert found["used_tokens"] <= found["forecast_tokens"]["median"]
    demo("agent", "add", "helper", "--project", "pcc", "--tokens", "5000").done()
    demo("agent", "consume", "helper", "1200").done()
    shown = demo("forecast", "helper").done().out
    assert "helper, tokens  1,200" in shown
    assert "5,000  over at this rate" in shown, "1,200 on each of the 18 days to come"
    assert (
        "helper, tokens: the run rate and what is known to come, as 0 complete days of data are too few for a range"
        in shown
    )


def test_the_views_of_the_plan(demo: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running budgets have a range, where there is room for it; in JSON always."""
    acme = ("--org", "acme", "--as-of", "2026-03-20", "plan")
    ranges = {line["budget_id"]: line["forecast"] for line in demo(*acme, "forecast", "--json").json["budgets"]}
    lines = demo(*acme, "summary", "--json").json["budgets"]
    assert {line["budget_id"]: line["forecast"] for line in lines if line["forecast"]} == ranges
    [quarter, *_] = demo(
        "--org", "acme", "--as-of", "2026-04-10", "plan", "summary", "--period", "2026-Q1", "--json"
    ).json["budgets"]
    assert quarter["forecast"] is None, "it has ended"
    assert demo(*acme, "tree", "--json").json["roots"][0]["forecast"] in ranges.values()
    for view in ("summary", "tree"):
        assert demo(*acme, view).done().out.splitlines()[1].endswith("FORECAST")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert "FORECAST" not in demo(*acme, "summary").done().out


def test_the_budgets_of_the_plan(demo: Cli) -> None:
    """Teams below a project are listed with it; each range lies around its median, and tokens are tokens."""
    acme = ("--org", "acme", "--as-of", "2026-03-20", "plan", "forecast")
    found = demo(*acme, "--json").json
    lines = found["budgets"]
    assert {line["budget_type"] for line in lines} == {"monetary", "token"}
    assert all(line["actual_amount"] <= line["forecast"]["low"] <= line["forecast"]["high"] for line in lines)
    below = [line["hierarchy_entity_id"] for line in demo(*acme, "PROJ-PLATFORM", "--json").json["budgets"]]
    assert below == ["PROJ-PLATFORM", "TEAM-BACKEND", "TEAM-FRONTEND"]
    tokens = next(line for line in demo(*acme).done().out.splitlines() if line.startswith("TEAM-MLOPS"))
    assert "50M" in tokens


def test_a_backtest_as_a_table_and_as_json(demo: Cli) -> None:
    out = demo("backtest").done().out
    assert out.startswith("everything: 34 forecasts, Nov 22 – Dec 28, 2025\nthe range held in 71% of them")
    assert "last month's remainder" in out
    found = demo("backtest", "pcc", "--json", "--seed", "1").json
    assert (found["project"], found["forecasts"], len(found["recent_periods_held"])) == ("PCC", 34, 2)
    assert found["median_error_usd"] < min(found["rival_errors_usd"].values())
    assert found != demo("backtest", "pcc", "--json", "--seed", "2").json, "other weeks are drawn"
    demo("backtest", "nope").refused(4, "there is no project 'nope'")
    assert "nothing to compare" in demo("--as-of", "2025-11-15", "backtest").done().out


def test_an_archived_project_is_said_to_be_so(demo: Cli) -> None:
    demo("project", "archive", "pcc")
    said = "warning: PCC is archived, and forecast as if it went on\n"
    assert said in demo("forecast", "pcc").err
    assert "PCC is archived, and forecast as if it went on" in demo("forecast", "pcc", "--json").done().json["warnings"]
    assert demo("backtest", "pcc").err == "warning: PCC is archived\n"
    assert demo("backtest", "pcc", "--json").done().json["archived"] is True
    assert "is archived" not in demo("forecast", "videonest-api").err
