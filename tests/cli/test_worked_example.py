"""The example that says what the numbers mean, entered by hand and read back in every form there is."""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import Cli

D = Decimal
PROJECTS = {
    #                spent, remaining, drip, available today, burn, runway, status
    "pcc": ("150", "105", "45", "2.5", "2.368421053", "35", "1.285714286", "healthy"),
    "videonest-api": ("120", "48", "72", "4", "3.789473684", "16", "4.5", "healthy"),
    "python-api": ("100", "88", "12", "0.666666667", "0.631578947", "29.333333333", "0.409090909", "warning"),
    "dandelion": ("50", "0", "50", "2.777777778", "2.631578947", "0", None, "healthy"),
}
FIELDS = (
    "monthly_allocation_usd",
    "spent_usd",
    "remaining_usd",
    "daily_drip_usd",
    "available_today_usd",
    "burn_rate_usd",
    "runway_days",
)


def figures(project: dict[str, Any]) -> tuple[Any, ...]:
    return (*(project[field] for field in FIELDS), project["budget_status"])


def expected(project_id: str) -> tuple[Any, ...]:
    *numbers, status = PROJECTS[project_id]
    return (*(None if number is None else D(number) for number in numbers), status)


def test_status_answers_the_whole_table_to_the_digit(seeded: Cli) -> None:
    answer = seeded("status", "--json").done().json
    assert [project["project_id"] for project in answer["projects"]] == list(PROJECTS)
    for project in answer["projects"]:
        assert figures(project) == expected(project["project_id"])
    total = answer["global"]
    assert total["monthly_budget_usd"] == 500
    assert (total["allocated_usd"], total["unallocated_usd"]) == (420, 80)
    assert (total["spent_usd"], total["remaining_usd"]) == (241, 259)
    assert (total["current_period_start"], total["current_period_end"]) == ("2026-01-01", "2026-01-31")
    assert total["days_left"] == 18
    assert (answer["as_of"], answer["data_through"], answer["currency"]) == ("2026-01-13", "2026-01-13", "USD")
    assert (answer["unmapped_usd"], answer["warnings"]) == (0, [])


def test_amounts_are_json_numbers_of_at_most_9_decimals_without_exponents(seeded: Cli) -> None:
    seeded("cost", "add", "dandelion", "0.000000001").done()
    out = seeded("project", "show", "dandelion", "--json").done().out
    assert '"spent_usd": 0.000000001,' in out
    assert '"remaining_usd": 49.999999999,' in out
    assert '"monthly_allocation_usd": 50,' in out


def test_status_shows_the_table(seeded: Cli) -> None:
    out = seeded("status").done().out
    assert "$500.00 for January 2026 (Jan 1 – Jan 31), 18 days left" in out
    assert "$241.00 spent, $259.00 left, $80.00 unallocated" in out
    assert "data through Jan 13, 2026" in out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if "●" in line or "▲" in line}
    assert rows["pcc"] == "pcc PCC 150.00 105.00 45.00 2.50 2.37 35.00 1.3 d ▲ healthy, out Jan 14".split()
    assert rows["python-api"][-11:] == "12.00 0.67 0.63 29.33 0.4 d ▲ warning, out Jan 13".split()
    assert rows["dandelion"][-7:] == "50.00 2.78 2.63 0.00 ∞ ● healthy".split()


def test_the_columns_of_the_table_are_aligned(seeded: Cli) -> None:
    header, *rows = [line for line in seeded("project", "list").done().out.splitlines() if "  " in line]
    for column in ("ALLOCATION", "SPENT", "LEFT", "DRIP", "TODAY", "BURN"):
        end = header.index(column) + len(column)
        assert [row[end - 3] for row in rows] == ["."] * 4


def test_status_fits_a_status_bar(seeded: Cli) -> None:
    assert seeded("status", "--line").done().out == "$259 left · 18d · $13.63 today · ▲ Python API $12\n"


def test_late_in_the_month_there_is_still_something_for_each_day(seeded: Cli) -> None:
    pcc = seeded("--as-of", "2026-01-30", "project", "show", "pcc", "--json").done().json
    assert (pcc["daily_drip_usd"], pcc["available_today_usd"]) == (45, D("22.5"))
    last = seeded("--as-of", "2026-01-31", "project", "show", "pcc", "--json").done().json
    assert (last["daily_drip_usd"], last["available_today_usd"]) == (45, 45)


def test_the_answers_of_the_nouns_are_those_of_status(seeded: Cli) -> None:
    status = seeded("status", "--json").json
    listed = seeded("project", "list", "--json").done().json
    ranges = [budget.pop("forecast_usd") for budget in (status["global"], *status["projects"])]
    assert [found["method"] for found in ranges] == ["burn rate"] * 5
    assert listed["projects"] == status["projects"]
    assert listed["data_through"] == "2026-01-13"
    shown = seeded("project", "show", "pcc", "--json").done().json
    assert shown.items() >= status["projects"][0].items()
    assert (shown["as_of"], shown["data_through"], shown["currency"]) == ("2026-01-13", "2026-01-13", "USD")
    total = seeded("budget", "show", "--json").done().json
    assert ranges[0]["median"] == total["run_rate_usd"]
    assert total.items() >= status["global"].items()
    assert total["data_through"] == "2026-01-13"


def test_budget_show_says_it_in_words(seeded: Cli) -> None:
    out = seeded("budget", "show").done().out
    for words in (
        "$500.00 for January 2026 (Jan 1 – Jan 31), 18 days left",
        "$420.00 allocated (84%), $80.00 unallocated",
        "$241.00 spent (48%), $259.00 left",
        "$14.39 a day, $13.63 available today",
        "data through Jan 13, 2026",
    ):
        assert words in out.splitlines()


def test_project_show_says_it_in_words(seeded: Cli) -> None:
    out = seeded("project", "show", "python-api").done().out
    assert out.startswith("Python API (python-api)  ▲ warning, out Jan 13\n")
    for label, words in (("spent", "$88.00  (88%)"), ("left", "$12.00"), ("drip", "$0.67 a day"), ("runway", "0.4 d")):
        assert any(line.startswith(label) and line.endswith(words) for line in out.splitlines())
    assert out.endswith("Jan 1 – Jan 31, 18 days left; data through Jan 13, 2026\n")


@pytest.mark.parametrize("way", ["option", "environment"])
def test_the_day_can_be_set_either_way(seeded: Cli, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "environment":
        monkeypatch.setenv("BUDGET_TUI_AS_OF", "2026-01-30")
        answer = seeded("status", "--json")
    else:
        answer = seeded("--as-of", "2026-01-30", "status", "--json")
    assert (answer.json["as_of"], answer.json["global"]["days_left"]) == ("2026-01-30", 1)
