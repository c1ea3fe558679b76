"""``budget`` and ``project``: what there is, and who gets it."""

from decimal import Decimal

import pytest

from .conftest import Cli

OVER = "warning: projects are allocated $70.00 more than the budget of $500.00\n"


# budget


def test_setting_the_budget_says_what_it_was_and_is(cli: Cli) -> None:
    assert cli("budget", "set", "500").done().out == "$0.00 → $500.00 for January 2026, $500.00 unallocated\n"
    assert cli("budget", "set", "$1,200.50").done().out.startswith("$500.00 → $1,200.50 ")


def test_setting_the_budget_answers_the_fresh_budget(seeded: Cli) -> None:
    answer = seeded("budget", "set", "400.5", "--json").done().json
    assert answer["monthly_budget_usd"] == Decimal("400.5")
    assert answer["unallocated_usd"] == Decimal("-19.5")
    assert answer["warnings"] == ["projects are allocated $19.50 more than the budget of $400.50"]


def test_a_budget_below_what_is_allocated_is_set_and_warned_about(seeded: Cli) -> None:
    ran = seeded("budget", "set", "400")
    assert (ran.code, ran.out) == (0, "$500.00 → $400.00 for January 2026, $20.00 over-allocated\n")
    assert ran.err == "warning: projects are allocated $20.00 more than the budget of $400.00\n"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("-5", "cannot be negative"),
        ("+20", "give the whole amount"),
        ("25%", "is not an amount"),
        ("a lot", "'a lot' is not an amount"),
        ("1e10", "the limit is ±9,000,000,000 units"),
        ("0.0000000001", "more than 9 decimals"),
    ],
)
def test_what_is_no_budget_is_refused(cli: Cli, amount: str, words: str) -> None:
    cli("budget", "set", amount).refused(2, words)


@pytest.mark.parametrize(
    "line",
    [
        "budget carry unspent --cap +10",
        "project carry pcc both --cap +10",
        "price set m1 --input +10",
        "price set m1 --input 3 --output +10",
        "alert add pcc --left +10",
        "alert add pcc --share +10",
        "alert add --unmapped +10",
        "plan create pcc cloud +10 --period 2026",
    ],
)
def test_a_change_is_refused_where_an_amount_is_set(seeded: Cli, line: str) -> None:
    seeded(*line.split()).refused(2, "'+10' is a change, not an amount; give the whole amount")


# project


def test_adding_a_project(cli: Cli) -> None:
    cli("budget", "set", "500")
    ran = cli("project", "add", "pcc", "--name", "PCC", "--allocate", "150").done()
    assert ran.out == "PCC added with $150.00, $350.00 unallocated\n"
    answer = cli("project", "add", "web", "--json").done().json
    assert (answer["project_id"], answer["name"], answer["monthly_allocation_usd"]) == ("web", "web", 0)
    assert answer["budget_status"] == "exhausted"


@pytest.mark.parametrize(("allocate", "got"), [("25%", 125), ("rest", 500), ("+20", 20)])
def test_a_project_can_be_added_with_a_share(cli: Cli, allocate: str, got: int) -> None:
    cli("budget", "set", "500")
    assert cli("project", "add", "pcc", "--allocate", allocate, "--json").json["monthly_allocation_usd"] == got


def test_a_project_that_cannot_be_allocated_is_not_added(cli: Cli) -> None:
    cli("project", "add", "pcc", "--allocate", "-20").refused(2, "cannot be negative")
    cli("project", "add", "pcc", "--allocate", "rest").refused(2, "nothing is unallocated")
    cli("project", "show", "pcc").refused(4, "there is no project 'pcc'")


@pytest.mark.parametrize("project_id", ["", "pool", "a/b", "x" * 65, "a\nb"])
def test_an_id_that_cannot_be_is_refused(cli: Cli, project_id: str) -> None:
    cli("project", "add", project_id).refused(2)


def test_a_taken_id_is_a_conflict(seeded: Cli) -> None:
    seeded("project", "add", "pcc").refused(5, "'pcc' already exists", "choose another id")


@pytest.mark.parametrize(
    ("amount", "after", "left"),
    [
        ("120", 120, 110),
        ("+20", 170, 60),
        ("-15", 135, 95),
        ("-15.50", "134.5", "95.5"),
        ("25%", 125, 105),
        ("rest", 230, 0),
        ("0", 0, 230),
    ],
)
def test_allocations_are_set_raised_lowered_or_shared(seeded: Cli, amount: str, after: str, left: str) -> None:
    answer = seeded("project", "allocate", "pcc", amount, "--json").done().json
    assert answer["monthly_allocation_usd"] == Decimal(after)
    assert answer["remaining_usd"] == Decimal(after) - 105
    assert seeded("budget", "show", "--json").json["unallocated_usd"] == Decimal(left)


def test_an_allocation_says_what_it_did_to_the_pool(seeded: Cli) -> None:
    assert seeded("project", "allocate", "pcc", "+20").done().out == "PCC: $150.00 → $170.00, $60.00 unallocated\n"
    assert seeded("project", "allocate", "pcc", "-15").done().out == "PCC: $170.00 → $155.00, $75.00 unallocated\n"


def test_more_than_there_is_is_allocated_and_warned_about(seeded: Cli) -> None:
    ran = seeded("project", "allocate", "pcc", "300")
    assert (ran.code, ran.out, ran.err) == (0, "PCC: $150.00 → $300.00, $70.00 over-allocated\n", OVER)
    answer = seeded("project", "allocate", "pcc", "300", "--json").done().json
    assert answer["warnings"] == [OVER.removeprefix("warning: ").strip()]
    assert seeded("status").err == OVER
    assert seeded("status", "--json").json["global"]["unallocated_usd"] == -70
    seeded("project", "allocate", "dandelion", "rest").refused(2, "nothing is unallocated")


@pytest.mark.parametrize("amount", ["-151", "much", "12%%", "-", ""])
def test_what_is_no_allocation_is_refused_and_changes_nothing(seeded: Cli, amount: str) -> None:
    seeded("project", "allocate", "pcc", amount).refused(2)
    assert seeded("project", "show", "pcc", "--json").json["monthly_allocation_usd"] == 150


def test_an_option_that_does_not_exist_is_no_amount(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "--alocate").refused(
        2, "--alocate", "; see budget-tui project allocate --help"
    )
    seeded("project", "allocate", "pcc", "20", "-x").refused(2, "-x", "; see")
    seeded("project", "allocate", "pcc", "-15", "-20").refused(2, "(-20); see")
    assert seeded("project", "allocate", "--", "pcc", "-15").done().out.startswith("PCC: $150.00 → $135.00")


def test_renaming_changes_what_screens_show(seeded: Cli) -> None:
    assert seeded("project", "rename", "pcc", "Platform").done().out == "pcc is called Platform\n"
    answer = seeded("project", "rename", "pcc", "Plätform 2", "--json").done()
    assert answer.json["name"] == "Plätform 2"
    assert "Plätform 2" in answer.out
    seeded("project", "rename", "pcc", " ").refused(2, "a name has 1 to 120 characters")


def test_archiving_returns_the_allocation_and_keeps_the_costs(seeded: Cli) -> None:
    ran = seeded("project", "archive", "pcc")
    assert ran.code == 0
    assert ran.out == "pcc archived, its $150.00 returned to the pool, $230.00 unallocated\n"
    assert ran.err.startswith("warning: $105.00 spent outside the listed projects")
    status = seeded("status", "--json").json
    assert "pcc" not in [project["project_id"] for project in status["projects"]]
    assert (status["global"]["spent_usd"], status["global"]["unallocated_usd"]) == (241, 230)
    for command in (["show"], ["allocate"], ["rename"], ["archive"]):
        more = {"allocate": ["1"], "rename": ["x"]}.get(command[0], [])
        seeded("project", *command, "pcc", *more).refused(4, "pcc")
    for reading in (["project", "show"], ["explain"], ["cover"], ["project", "enforce"]):
        seeded(*reading, "pcc").refused(4, "'pcc' is archived; budget-tui log --subject pcc shows its past")
    seeded("project", "add", "pcc").done()
    assert seeded("project", "show", "pcc", "--json").json["spent_usd"] == 105


def test_archiving_answers_the_fresh_global_budget(seeded: Cli) -> None:
    assert seeded("project", "archive", "dandelion", "--json").done().json["allocated_usd"] == 370


@pytest.mark.parametrize(
    "command",
    [
        ["project", "show", "nobody"],
        ["project", "allocate", "nobody", "5"],
        ["project", "rename", "nobody", "x"],
        ["project", "archive", "nobody"],
        ["cost", "add", "nobody", "5"],
        ["cost", "map", "nobody", "--service", "x"],
        ["transfer", "nobody", "pool", "5"],
    ],
)
def test_a_project_that_is_not_there_is_not_found(seeded: Cli, command: list[str]) -> None:
    seeded(*command).refused(4, "there is no project 'nobody'", "budget-tui project list shows them")


def test_an_empty_database_says_what_to_do(cli: Cli) -> None:
    assert "no projects yet: budget-tui project add ID --allocate AMOUNT" in cli("project", "list").done().out
    assert cli("project", "list", "--json").json["projects"] == []
    assert cli("status", "--line").done().out == "no budget yet · $0 spent · 18d\n"


def test_what_is_spent_without_any_budget_raises_no_alarm(cli: Cli) -> None:
    cli("project", "add", "web").done()
    cli("cost", "add", "web", "7", "--on", "2026-01-10").done()
    assert cli("status", "--line").done().out == "no budget yet · $7 spent · 18d\n"
    told = cli("status").done().out.splitlines()
    assert told[0].startswith("no budget yet for January 2026")
    assert told[0].endswith(": budget-tui budget set AMOUNT")
    assert told[1].startswith("$7.00 spent; run rate ")
    assert told[-1].split() == ["web", "web", "0.00", "7.00", "–", "0.00", "–", "2.33", "–", "○", "unfunded"]
    assert cli("budget", "show").done().out.splitlines() == told[:3]
    shown = cli("project", "show", "web").done().out
    assert "-$7.00" not in shown
    assert "%" not in shown
    line = cli("status", "--json").json["projects"][0]
    assert (line["remaining_usd"], line["budget_status"]) == (-7, "exhausted"), "for programs it is what it is"
    cli("budget", "set", "100").done()
    assert "✕ exhausted" in cli("status").done().out
    assert "✕ web -$7" in cli("status", "--line").done().out


def test_wide_and_unprintable_names_keep_the_table_together(cli: Cli) -> None:
    cli("project", "add", "cafe", "--name", "Café ☕").done()
    cli("project", "add", "tokyo", "--name", "東京").done()
    cli("project", "add", "plain", "--name", "Plain").done()
    lines = cli("project", "list").done().out.splitlines()[1:4]
    columns = [sum(2 if sign in "東京☕" else 1 for sign in line[: line.index("0.00")]) for line in lines]
    assert len(set(columns)) == 1


# The cycle


def test_a_new_month_carries_allocations_over_and_starts_with_nothing_spent(seeded: Cli) -> None:
    february = seeded("--as-of", "2026-02-02", "status", "--json").done().json
    assert february["global"]["current_period_start"] == "2026-02-01"
    assert (february["global"]["allocated_usd"], february["global"]["spent_usd"]) == (420, 0)
    assert [project["monthly_allocation_usd"] for project in february["projects"]] == [150, 120, 100, 50]
    assert {project["spent_usd"] for project in february["projects"]} == {0}


def test_looking_at_a_coming_month_writes_nothing(seeded: Cli, database: object) -> None:
    before = seeded("log", "--json").json
    for command in (["status"], ["project", "list"], ["budget", "show"], ["cost", "unmapped"], ["log"]):
        seeded("--as-of", "2026-04-02", *command).done()
    assert seeded("log", "--json").json == before
    seeded("budget", "set", "510").done()  # January is still open


def test_the_first_write_of_a_later_month_closes_those_before_it(seeded: Cli) -> None:
    seeded("--as-of", "2026-03-05", "project", "allocate", "pcc", "+10").done()
    closed = [entry for entry in seeded("log", "--json").json if entry["action"] == "period.close"]
    assert [entry["subject"] for entry in closed] == ["February 2026", "January 2026"]
    assert closed[1]["after"]["spent"] == "241"
    assert closed[0]["after"]["spent"] == "0"
    seeded("budget", "set", "600").refused(2, "January 2026 is closed")
    january = seeded("status", "--json").json
    assert (january["global"]["spent_usd"], january["projects"][0]["monthly_allocation_usd"]) == (241, 150)
    march = seeded("--as-of", "2026-03-05", "project", "show", "pcc", "--json").json
    assert (march["monthly_allocation_usd"], march["spent_usd"]) == (160, 0)


def test_a_day_before_the_first_month_can_be_seen_but_not_written(seeded: Cli) -> None:
    assert seeded("--as-of", "2025-12-31", "status", "--json").done().json["global"]["monthly_budget_usd"] == 0
    seeded("--as-of", "2025-12-31", "budget", "set", "5").refused(2, "before the first period")
