"""``demo``: the worked example with two months before it, made as a user would make it."""

from datetime import date
from pathlib import Path

import pytest

from budget_tui.bootstrap import open_services
from budget_tui.services.transfers import Transfers

from .conftest import Cli
from .test_worked_example import FIELDS

JANUARY = {
    "pcc": ("PCC", 150, 105),
    "videonest-api": ("VideoNest API", 120, 48),
    "python-api": ("Python API", 100, 88),
    "dandelion": ("Dandelion", 50, 0),
}


def test_loading_says_what_was_written_and_how_to_see_it(cli: Cli, database: Path) -> None:
    first, second, third, fourth, fifth, sixth = cli("demo", "--load").done().out.splitlines()
    assert first.startswith("4 projects and ")
    assert first.endswith(f"from Nov 1, 2025 to Jan 12, 2026 written to {database}")
    assert second == f"see them with: budget-tui --db {database} --org default --as-of 2026-01-13"
    assert third.startswith("12 budgets and ")
    assert third.endswith("costs of the organization acme from Jan 1, 2026 to Mar 31, 2026")
    assert fourth == f"see them with: budget-tui --db {database} --org acme --as-of 2026-03-31 plan summary"
    assert fifth.startswith("12 projects and ")
    assert fifth.endswith("costs of the organization studio from Oct 1, 2025 to Jan 12, 2026")
    assert sixth == f"see them with: budget-tui --db {database} --org studio --as-of 2026-01-13"


def test_january_is_the_worked_example(demo: Cli) -> None:
    answer = demo("status", "--json").done().json
    assert {
        project["project_id"]: (project["name"], project["monthly_allocation_usd"], project["spent_usd"])
        for project in answer["projects"]
    } == JANUARY
    assert [answer["global"][field] for field in ("monthly_budget_usd", "spent_usd", "unallocated_usd")] == [
        500,
        241,
        80,
    ]
    assert [project["budget_status"] for project in answer["projects"]] == ["healthy", "healthy", "warning", "healthy"]
    assert answer["projects"][2]["daily_drip_usd"].as_tuple().exponent == -9
    assert set(FIELDS) <= set(answer["projects"][0])


def test_agents_are_at_work_whose_price_begins_on_the_day_shown(demo: Cli) -> None:
    agents = {agent["agent_id"]: agent for agent in demo("agent", "list", "--json").done().json}
    assert {agent["project_id"] for agent in agents.values()} == {"pcc", "videonest-api", "python-api"}
    assert all(0 < agent["used_tokens"] < agent["allocated_tokens"] for agent in agents.values())
    assert [agent["reserved_tokens"] for agent in agents.values()] == [400_000, 0, 0]
    spent = demo("project", "show", "pcc", "--json").json["spent_usd"]
    assert spent == 105
    demo("agent", "consume", "code-review", "1M").done()
    assert demo("project", "show", "pcc", "--json").json["spent_usd"] == spent + 3


@pytest.mark.parametrize(("day", "budget"), [("2025-11-30", 450), ("2025-12-31", 500)])
def test_the_months_before_have_believable_costs(demo: Cli, day: str, budget: int) -> None:
    answer = demo("--as-of", day, "status", "--json").done().json
    total = answer["global"]
    assert total["monthly_budget_usd"] == budget
    assert 0.4 * budget < total["spent_usd"] < budget
    assert all(0 <= project["spent_usd"] <= project["monthly_allocation_usd"] for project in answer["projects"])


def test_weekends_are_quieter_than_weekdays(demo: Cli, database: Path) -> None:
    days = dict(open_services(str(database), as_of=date(2025, 12, 31)).snapshots.current().daily_spend)
    assert len(days) == 31
    usual = {day: amount for day, amount in days.items() if day.day > 1}  # subscriptions are charged on the first
    weekend = [amount for day, amount in usual.items() if day.weekday() >= 5]
    week = [amount for day, amount in usual.items() if day.weekday() < 5]
    assert max(weekend) < min(week)
    assert len(set(week)) > 15


def test_the_months_before_were_closed_with_their_figures(demo: Cli) -> None:
    closed = {
        entry["subject"]: entry["after"] for entry in demo("log", "--json").json if entry["action"] == "period.close"
    }
    november = demo("--as-of", "2025-11-30", "status", "--json").json["global"]["spent_usd"]
    assert closed["November 2025"]["spent"] == str(november)
    assert set(closed) == {"November 2025", "December 2025"}


def test_of_the_studios_dozen_projects_one_is_critical_and_two_need_a_look(demo: Cli) -> None:
    answer = demo("--org", "studio", "status", "--json").done().json
    projects = answer["projects"]
    assert len(projects) == 12
    assert [each["project_id"] for each in projects if each["budget_status"] == "critical"] == ["support-bot"]
    unfunded = [each["project_id"] for each in projects if each["budget_status"] == "exhausted"]
    assert unfunded == ["voice"]
    warned = [each for each in projects if each["runs_out_on"] and each["budget_status"] in ("healthy", "warning")]
    assert {each["project_id"]: each["budget_status"] for each in warned} == {
        "search": "warning",
        "data-pipeline": "healthy",
    }
    assert answer["global"]["monthly_budget_usd"] == 2000
    assert 0 < answer["unmapped_usd"] < 50
    assert len(demo("--org", "studio", "cost", "unmapped", "--json").done().json) == 2


def test_the_studios_last_three_months_are_closed_within_their_budget(demo: Cli) -> None:
    closed = demo("--org", "studio", "period", "history", "--json").done().json
    assert [each["period_start"] for each in closed] == ["2025-12-01", "2025-11-01", "2025-10-01"]
    assert all(0.6 < each["spent_usd"] / each["monthly_budget_usd"] < 1 for each in closed)


def test_undo_leaves_the_demonstration_as_it_is(demo: Cli) -> None:
    demo("undo").refused(2, "there is nothing to undo", "when its database is deleted")
    demo("project", "allocate", "pcc", "+5").done()
    demo("undo").done()
    demo("undo").refused(2, "there is nothing to undo")


def test_the_data_are_the_same_every_time(demo: Cli, database: Path, tmp_path: Path) -> None:
    answers = []
    again = tmp_path / "again.db"
    demo("--db", str(again), "demo", "--load").done()
    for path in (database, again):
        answers.append(
            [
                demo("--db", str(path), "--org", organization, "--as-of", day, "status", "--json").out
                for organization, day in (
                    ("default", "2025-12-24"),
                    ("default", "2026-01-13"),
                    ("studio", "2026-01-13"),
                )
            ]
        )
    assert answers[0] == answers[1]


def test_loading_answers_in_json(cli: Cli, database: Path) -> None:
    answer = cli("demo", "--load", "--json").done().json
    assert answer.pop("costs") > 300
    assert answer["studio"].pop("costs") > 1_000
    assert answer.pop("studio") == {
        "organization": "studio",
        "projects": 12,
        "first_day": "2025-10-01",
        "last_day": "2026-01-12",
    }
    planning = answer.pop("planning")
    assert planning.pop("costs") > 1_000
    assert planning == {
        "organization": "acme",
        "entities": 11,
        "budgets": 12,
        "first_day": "2026-01-01",
        "last_day": "2026-03-31",
    }
    assert answer == {
        "database": str(database),
        "organization": "default",
        "projects": 4,
        "first_day": "2025-11-01",
        "last_day": "2026-01-12",
    }


@pytest.mark.parametrize("used", [["budget", "set", "5"], ["project", "add", "mine"]])
def test_nothing_that_is_there_is_overwritten(cli: Cli, used: list[str]) -> None:
    cli(*used).done()
    before = cli("status", "--json").out, cli("log", "--json").out
    cli("demo", "--load").refused(5, "is in use", "choose a new file with --db")
    assert (cli("status", "--json").out, cli("log", "--json").out) == before


def test_loading_twice_is_refused(demo: Cli) -> None:
    demo("demo", "--load").refused(5, "nothing was changed")
    assert len(demo("status", "--json").json["projects"]) == 4


def test_an_interrupted_load_leaves_nothing(cli: Cli, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transfers, "transfer", interrupted)  # in the middle of it
        cli("demo", "--load").refused(130, "interrupted")
    assert cli("log", "--json").json == []
    cli("demo", "--load").done()


def test_the_dashboard_of_the_demo_needs_a_terminal(cli: Cli, no_database: Path) -> None:
    cli("demo").refused(2, "the demo needs a terminal")
    assert not no_database.exists()
