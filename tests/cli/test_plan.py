"""``plan``: what is typed and what is answered, on the demonstration's company."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from .conftest import Cli, Ran


@pytest.fixture
def plan(demo: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs one ``plan`` command for acme on the last day of the quarter."""
    monkeypatch.setenv("BUDGET_TUI_ORG", "acme")
    monkeypatch.setenv("BUDGET_TUI_AS_OF", "2026-03-31")

    def command(*arguments: str) -> Ran:
        return demo("plan", *arguments)

    return command


def only(plan: Cli, *conditions: str) -> dict[str, object]:
    [budget] = plan("list", *conditions, "--json").done().json["budgets"]
    return dict(budget)


# Lists


@pytest.mark.parametrize(
    ("conditions", "total"),
    [
        ((), 12),
        (("--category", "cloud"), 7),
        (("--type", "token"), 1),
        (("--period", "quarterly"), 8),
        (("--period", "2026"), 4),
        (("--period", "2026-Q1"), 8),
        (("--period", "2026-Q2"), 0),
        (("--entity", "DEPT-ENG"), 3),
        (("--provider", "Google Cloud"), 2),
        (("--currency", "eur"), 0),
        (("--status", "over"), 2),
        (("--status", "approaching"), 4),
        (("--search", "front"), 1),
        (("--search", "ANTHROPIC"), 2),
        (("--deleted",), 0),
        (("--category", "cloud", "--period", "2026", "--limit", "2", "--offset", "1"), 4),
    ],
)
def test_every_filter_finds_what_it_says(plan: Cli, conditions: tuple[str, ...], total: int) -> None:
    answer = plan("list", *conditions, "--json").done().json
    assert answer["total"] == total
    assert len(answer["budgets"]) == (2 if "--limit" in conditions else total)


def test_a_list_says_how_many_there_are(plan: Cli) -> None:
    assert plan("list", "--limit", "2").done().out.splitlines()[-1] == "12 budgets, 2 shown"


@pytest.mark.parametrize(
    ("conditions", "code", "words"),
    [
        (("--category", "clouds"), 2, "'clouds' is not a category; choose cloud, genai, subscription, total"),
        (("--status", "healthy"), 2, "is not a status"),
        (("--period", "someday"), 2, "is not a period"),
        (("--entity", "NOBODY"), 4, "there is no entity 'NOBODY'"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(plan: Cli, conditions: tuple[str, ...], code: int, words: str) -> None:
    plan("list", *conditions).refused(code, words)


# One budget


def test_a_budget_is_planned_shown_changed_and_deleted(plan: Cli) -> None:
    said = plan("create", "DEPT-OPS", "cloud", "20,000", "--period", "2026-02", "--notes", "racks").done().out
    assert said.startswith("Operations's cloud budget for February 2026: $20,000.00 planned (")
    budget_id = said.split("(")[1][:8]
    shown = plan("show", budget_id).done().out
    assert "monthly (2026-02-01 to 2026-02-28)" in shown
    assert "racks" in shown
    assert plan("update", budget_id, "--amount", "25000", "--notes", "").done().out == (
        "Operations's cloud budget for February 2026: $25,000.00\n"
    )
    assert plan("delete", budget_id).done().out.endswith("$25,000.00 deleted\n")
    assert only(plan, "--deleted")["is_active"] is False
    plan("update", budget_id, "--amount", "1").refused(2, "was deleted")
    plan("show", "nope").refused(4, "there is no budget 'nope'", "plan list")


def test_json_carries_every_field_of_a_budget(plan: Cli) -> None:
    answer = plan(
        "create",
        "TEAM-MLOPS",
        "genai",
        "25M",
        "--type",
        "token",
        "--provider",
        "OpenAI",
        "--period",
        "2026-02",
        "--json",
    ).json
    for name in ("budget_id", "created_at"):
        assert answer.pop(name)
    assert answer == {
        "org_slug": "acme",
        "hierarchy_entity_id": "TEAM-MLOPS",
        "hierarchy_entity_name": "MLOps",
        "hierarchy_path": "/ORG/DEPT-DS/PROJ-MLPIPE/TEAM-MLOPS/",
        "hierarchy_level_code": "team",
        "category": "genai",
        "budget_type": "token",
        "budget_amount": 25_000_000,
        "currency": "USD",
        "period_type": "monthly",
        "period_start": "2026-02-01",
        "period_end": "2026-02-28",
        "provider": "openai",
        "notes": None,
        "is_active": True,
        "parent_budget_id": None,
        "allocation": None,
        "allocations": [],
        "created_by": answer["created_by"],
        "updated_by": None,
        "updated_at": None,
        "rescaled_children": [],
        "warnings": [],
    }


def test_the_same_budget_twice_is_a_conflict_and_under_one_key_it_is_one(plan: Cli) -> None:
    usual = ("create", "DEPT-OPS", "cloud", "5", "--period", "2026-02")
    first, again = (plan(*usual, "--key", "k", "--json").json["budget_id"] for _ in range(2))
    assert first == again
    plan(*usual).refused(5, "Operations's cloud budget for February 2026 already", "plan update")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("DEPT-OPS", "cloud", "-5"), "negative"),
        (("DEPT-OPS", "cloud", "much"), "is not an amount"),
        (("DEPT-OPS", "genai", "1.5", "--type", "token"), "whole number"),
        (("DEPT-OPS", "cloud", "5", "--type", "seat"), "no seat budgets"),
        (("DEPT-OPS", "cloud", "5", "--type", "kilos"), "is not a type"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_line(plan: Cli, arguments: tuple[str, ...], words: str) -> None:
    plan("create", *arguments).refused(2, words)


def test_an_update_needs_something_to_change(plan: Cli) -> None:
    plan("update", "x").refused(2, "there is nothing to change")


@pytest.mark.parametrize(("category", "budget_type"), [("cloud", "monetary"), ("subscription", "seat")])
def test_a_sign_changes_the_amount_by_that_and_none_sets_it(plan: Cli, category: str, budget_type: str) -> None:
    kind = ("--type", budget_type, "--period", "2026-02")
    budget_id = str(plan("create", "DEPT-OPS", category, "15", *kind, "--json").json["budget_id"])
    for typed, after in (("+5", 20), ("-12", 8), ("−1", 7), ("=9", 9), ("4", 4)):
        assert plan("update", budget_id, "--amount", typed, "--json").json["budget_amount"] == after
    plan("update", budget_id, "--amount", "-5").refused(2, "cannot be negative")
    for typed in ("+", "-", "+x"):
        plan("update", budget_id, "--amount", typed).refused(2, f"'{typed}' is not an amount; give")
    for typed in ("--5", "+-5"):
        plan("update", budget_id, "--amount", typed).refused(2, f"'{typed}' ")


# From the top down


def test_an_allocation_by_percent_leaves_a_margin(plan: Cli) -> None:
    answer = plan(
        "allocate",
        "ORG",
        "genai",
        "100000",
        "--period",
        "2026",
        "--to",
        "DEPT-ENG=40%",
        "--to",
        "DEPT-OPS=30%",
        "--json",
    ).json
    assert [
        (child["budget"]["hierarchy_entity_id"], child["allocated_amount"], child["allocation_percentage"])
        for child in answer["children"]
    ] == [("DEPT-ENG", 40_000, 40), ("DEPT-OPS", 30_000, 30)]
    assert (answer["unallocated_amount"], answer["unallocated_percentage"]) == (30_000, 30)
    assert answer["parent_budget"]["budget_amount"] == 100_000


def test_an_equal_split_loses_no_cent(plan: Cli) -> None:
    to = [word for entity in ("DEPT-ENG", "DEPT-DS", "DEPT-OPS") for word in ("--to", entity)]
    said = plan("allocate", "ORG", "genai", "100", *to, "--equal").done().out
    assert [line.split()[1] for line in said.splitlines()[2:]] == ["$33.34", "$33.33", "$33.33", "$0.00"]
    answer = plan("allocate", "ORG", "subscription", "100", *to, "--equal", "--margin", "10%", "--json").json
    assert answer["unallocated_amount"] == 10


def test_more_than_there_is_is_warned_about_on_standard_error(plan: Cli) -> None:
    ran = plan("allocate", "ORG", "genai", "100", "--to", "DEPT-ENG=80", "--to", "DEPT-OPS=30")
    assert ran.code == 0
    assert ran.err == (
        "warning: Acme Inc's genai budget for March 2026: its children have $110.00, $10.00 more than its $100.00\n"
    )
    assert "$10.00 more" in plan("tree").err


def test_children_above_their_parent_are_told_wherever_it_is_shown(plan: Cli, cli: Cli) -> None:
    parent = str(only(plan, "--entity", "PROJ-PLATFORM")["budget_id"])
    told = "Platform's cloud gcp budget for Q1 2026: its children have $12,000.00, $2,000.00 more than its $10,000.00"
    assert plan("update", parent, "--amount", "10000").err == f"warning: {told}\n"
    for command in (
        ("list",),
        ("show", parent[:8]),
        ("summary",),
        ("summary", "--category", "cloud"),
        ("tree",),
        ("by-category", "PROJ-PLATFORM"),
        ("by-provider", "PROJ-PLATFORM"),
    ):
        assert plan(*command).err == f"warning: {told}\n", command
        answer = plan(*command, "--json").done().json
        part = {"by-category": "cloud", "by-provider": "gcp"}.get(command[0])
        assert (answer[part] if part else answer)["warnings"] == [told], command
    assert plan("by-category", "PROJ-PLATFORM", "--json").json["total"]["warnings"] == []
    for command in (("list", "--category", "genai"), ("show", str(only(plan, "--category", "total")["budget_id"]))):
        assert plan(*command).done().err == "", command
    assert f"Warning\n  {told}\n" in cli("explain", parent).done().out
    assert cli("explain", parent, "--json").json["warnings"] == [told]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (("--to", "DEPT-ENG"), "has no share"),
        (("--to", "DEPT-ENG=x%"), "is not a share"),
        (("--to", "DEPT-ENG=10%", "--equal"), "no share of their own"),
        (("--to", "DEPT-ENG=10%", "--margin", "5%"), "--equal"),
        (("--to", "DEPT-ENG=60%", "--to", "DEPT-OPS=50%"), "at most 100"),
    ],
)
def test_shares_that_make_no_sense_are_refused(plan: Cli, to: tuple[str, ...], words: str) -> None:
    plan("allocate", "ORG", "genai", "100", *to).refused(2, words)


def test_children_are_rescaled_when_asked(plan: Cli) -> None:
    parent = str(only(plan, "--entity", "ORG")["budget_id"])
    answer = plan("update", parent, "--amount", "200000", "--rescale", "--json").json
    assert [child["budget_amount"] for child in answer["rescaled_children"]] == [60_000, 90_000, 30_000]


# Views


def test_the_summary_is_a_table_with_totals_that_count_a_dollar_once(plan: Cli) -> None:
    lines = plan("summary").done().out.splitlines()
    assert lines[0] == "Acme Inc, 2026"
    assert lines[10].split()[:10] == [
        "PROJ-PLATFORM",
        "cloud",
        "gcp",
        "Q1",
        "2026",
        "$20,000",
        "$17,240",
        "$2,760",
        "86%",
        "▲",
    ]
    assert lines[-4:] == [
        "$175,000.00 planned, $74,222.00 used, $100,778.00 left",
        "  ✕ 2 over, ▲ 3 approaching, ● 6 under",
        "50,000,000 tokens planned, 41,200,000 tokens used, 8,800,000 tokens left",
        "  ▲ 1 approaching",
    ]


def test_the_summary_counts_what_has_no_data_and_names_a_years_months(plan: Cli) -> None:
    plan("create", "DEPT-OPS", "genai", "1M", "--type", "token", "--period", "2025").done()
    plan("create", "DEPT-OPS", "genai", "5", "--period", "2026-04-01..2027-03-31").done()
    plan("create", "DEPT-OPS", "genai", "5", "--period", "2025-12-24..2026-01-06").done()
    out = plan("summary").done().out
    assert "  ▲ 1 approaching, ○ 1 without data" in out.splitlines()
    assert "  Apr 2026 – Mar 2027  " in out
    assert "  Dec 24, 2025 – Jan 6, 2026  " in out


def test_tokens_of_which_nothing_is_known_have_no_forecast_either(cli: Cli) -> None:
    cli("budget", "set", "500").done()
    cli("project", "add", "pcc").done()
    cli("agent", "add", "scout", "--project", "pcc", "--tokens", "1000").done()
    for view in ("tree", "summary"):
        assert re.search(r"^scout .* –  ○ +–$", cli("plan", view).done().out, re.MULTILINE)
        assert '"forecast": null' in cli("plan", view, "--json").done().out
    assert re.search(r"^scout   genai  January 2026( +–){4}   1,000$", cli("plan", "forecast").done().out, re.MULTILINE)
    [scout] = [each for each in cli("plan", "forecast", "--json").json["budgets"] if each["budget_type"] == "token"]
    assert (scout["actual_amount"], scout["forecast"]) == (None, None)
    cli("agent", "consume", "scout", "5").done()
    [scout] = [each for each in cli("plan", "forecast", "--json").json["budgets"] if each["budget_type"] == "token"]
    assert (scout["actual_amount"], scout["forecast"]["median"]) == (5, 95)
    next_month = cli("--as-of", "2026-02-10", "plan", "forecast", "--json").json["budgets"]
    [scout] = [each for each in next_month if each["budget_type"] == "token"]
    assert (scout["actual_amount"], scout["forecast"]["method"]) == (None, "weeks")


def test_a_quarter_of_a_fiscal_year_has_the_name_that_is_typed_everywhere(cli: Cli) -> None:
    cli("org", "add", "acme", "--period", "quarterly", "--fiscal-start", "4").done()

    def acme(*arguments: str) -> str:
        return cli("--org", "acme", *arguments).done().out

    assert "$5.00 for Q4 2025/26" in acme("budget", "set", "5")
    acme("entity", "add", "DEPT", "--level", "department")
    acme("plan", "create", "DEPT", "cloud", "5", "--period", "2026-Q4")
    acme("plan", "create", "DEPT", "cloud", "5", "--period", "2026")
    for view in (("list",), ("summary",), ("tree",), ("by-category", "DEPT")):
        out = acme("plan", *view)
        assert "Q4 2026/27" in out, view
        assert " 2026/27" in out.replace("Q4 2026/27", ""), view
    assert "1 budget" in acme("plan", "list", "--period", "Q4 2026/27")
    assert "Q4 2025/26 (Jan 1 – Mar 31)" in acme("status")
    assert "the global budget, Q4 2025/26" in acme("explain")
    cli("--org", "acme", "--as-of", "2026-04-02", "budget", "set", "6").done()
    assert "Q4 2025/26" in cli("--org", "acme", "--as-of", "2026-04-02", "period", "history").done().out


def test_the_summary_in_json_has_totals_in_both_spellings(plan: Cli) -> None:
    answer = plan("summary", "--period", "2026-Q1", "--json").done().json
    assert {"budget_total", "actual_total", "variance", "budgets_over", "budgets_under"} <= set(answer["totals"])
    assert (answer["total_budget"], answer["total_actual"], answer["total_variance"]) == (75_000, 59_242, 15_758)
    assert [totals["budget_type"] for totals in answer["totals_by_type"]] == ["monetary", "token"]
    assert len(answer["budgets"]) == 8


def test_the_tree_shows_what_is_allocated_and_what_is_free(plan: Cli) -> None:
    [root] = plan("tree", "PROJ-PLATFORM", "--category", "cloud", "--json").done().json["roots"]
    assert root["entity"]["hierarchy_entity_id"] == "PROJ-PLATFORM"
    assert (root["budget"]["budget_amount"], root["actual"]) == (20_000, 17_240)
    assert (root["allocated_to_children"], root["unallocated"], len(root["children"])) == (12_000, 8_000, 1)
    assert "└─ TEAM-BACKEND cloud gcp" in plan("tree", "PROJ-PLATFORM").done().out
    assert plan("tree", "--period", "2027").done().out == "Acme Inc, 2027\nno budget fits\n"


@pytest.mark.parametrize(
    ("period", "name", "days", "used"),
    [
        ("2026-Q1", "Q1 2026", ("2026-01-01", "2026-03-31"), 74_222),
        ("2026-02-10..2026-02-12", "Feb 10 – Feb 12, 2026", ("2026-02-10", "2026-02-12"), Decimal("3057.84")),
        ("2026-02", "February 2026", ("2026-02-01", "2026-02-28"), None),
    ],
)
def test_an_answer_is_of_the_days_asked_for_and_says_which(
    plan: Cli, period: str, name: str, days: tuple[str, str], used: object
) -> None:
    asked = "--period", period
    for view in ("by-category", "by-provider"):
        assert plan(view, "ORG", *asked).done().out.startswith(f"Acme Inc (ORG), {name}\n")
        parts = plan(view, "ORG", *asked, "--json").done().json
        assert {(part["period_start"], part["period_end"]) for part in parts.values()} == {days}
        assert all(part["periods"] == [{"period_start": days[0], "period_end": days[1]}] for part in parts.values())
    total = plan("by-category", "ORG", *asked, "--json").json["total"]["actual"]
    assert used is None or Decimal(str(total)) == used
    for view in ("list", "summary", "tree"):
        assert name in plan(view, *asked).done().out.splitlines()[0]
        answer = plan(view, *asked, "--json").done().json
        assert (answer["period_start"], answer["period_end"]) == days


def test_breakdowns_are_objects_by_name(plan: Cli) -> None:
    categories = plan("by-category", "DEPT-ENG", "--period", "2026-Q1", "--json").done().json
    assert {name: (part["budget"], part["actual"]) for name, part in categories.items()} == {
        "cloud": (30_000, 21_900),
        "genai": (None, 10_420),
        "subscription": (None, 3_222),
        "total": (50_000, 35_542),
    }
    providers = plan("by-provider", "TEAM-MLOPS", "--category", "genai", "--json").done().json
    assert [
        (name, part["actual"], part["tokens_budget"], part["tokens_actual"]) for name, part in providers.items()
    ] == [("anthropic", 18_610, 50_000_000, 41_200_000)]


def test_an_entity_that_used_and_planned_nothing_says_so(plan: Cli, cli: Cli) -> None:
    cli("entity", "add", "DEPT-NEW").done()
    assert plan("by-provider", "DEPT-NEW").done().out.splitlines()[1] == "nothing used or planned"
    assert plan("summary", "--entity", "DEPT-NEW").done().out == "no budget fits\n"


def test_a_cost_can_be_a_teams(plan: Cli, cli: Cli) -> None:
    said = cli("cost", "add", "TEAM-BACKEND", "100", "--provider", "gcp", "--on", "2026-03-30").done().out
    assert said == "$100.00 on Mar 30, 2026 recorded for TEAM-BACKEND\n"
    [line] = plan("summary", "--entity", "TEAM-BACKEND", "--json").json["budgets"]
    assert line["actual_amount"] == 10_940
    answer = cli("cost", "add", "TEAM-BACKEND", "1", "--on", "2026-03-30", "--json").done().json
    recorded = {"entity_id": "TEAM-BACKEND", "amount_usd": 1, "on": "2026-03-30", "tokens": None, "currency": "USD"}
    assert answer == {**recorded, "warnings": []}
    words = ("--provider", "openai", "--tokens", "25k", "--on", "2026-03-30", "--json")
    assert cli("cost", "add", "TEAM-BACKEND", "1", *words).done().json["tokens"] == 25_000
    cli("cost", "add", "ORG", "1").refused(2, "a cost needs a project")


def test_what_is_finer_than_the_smallest_coin_is_kept_as_given_wherever_an_amount_is_typed(cli: Cli) -> None:
    fine = Decimal("10.005")
    cli("budget", "set", "500.005").done()
    cli("project", "add", "pcc", "--allocate", "10").done()
    cli("project", "allocate", "pcc", "+0.005").done()
    answer = cli("status", "--json").done().json
    assert answer["global"]["monthly_budget_usd"] == Decimal("500.005")
    assert answer["projects"][0]["monthly_allocation_usd"] == fine
    assert cli("plan", "create", "pcc", "cloud", "10.005", "--json").done().json["budget_amount"] == fine
    shared = ("ORG", "genai", "20", "--to", "pcc=10.005", "--json")
    allocated = cli("plan", "allocate", *shared).done().json
    assert (allocated["children"][0]["allocated_amount"], allocated["unallocated_amount"]) == (fine, Decimal("9.995"))


def test_every_view_names_what_it_leaves_out_and_what_counts_at_a_rate(plan: Cli, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    header = "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,ServiceProviderName"
    rows = [f"TEAM-BACKEND,8,{currency},2026-02-05T00:00:00Z,Google Cloud" for currency in ("CHF", "EUR")]
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    cli("cost", "import", str(path)).done()
    cli("fx", "set", "EUR", "USD", "1.25", "--on", "2026-01-01").done()
    told = (
        "1 cost in CHF (CHF 8.00) left out: there is no usable exchange rate to USD",
        "1 cost in EUR: €8.00 counted as $10.00",
    )
    for view in (("summary",), ("tree",), ("by-category", "DEPT-ENG"), ("by-provider", "DEPT-ENG")):
        assert plan(*view).err.splitlines() == [f"warning: {line}" for line in told], view
        answer = plan(*view, "--json").json
        answer = answer.get("total") or answer.get("gcp") or answer
        assert set(told) <= set(answer["warnings"])
        assert [left["amount"] for left in answer["left_out"]] == [8]


def test_forecasts_of_a_breakdown_that_reach_to_different_days_name_them(cli: Cli) -> None:
    cli("budget", "set", "1000")
    cli("project", "add", "p", "--allocate", "500")
    cli("cost", "add", "p", "40", "--category", "genai")
    cli("plan", "create", "ORG", "cloud", "300", "--period", "2026-02").done()
    rows = {
        line.split()[0]: line.split("  ")[-1].strip() for line in cli("plan", "by-category").done().out.splitlines()
    }
    assert (rows["genai"], rows["total"], rows["cloud"]) == ("$1,880 by Feb 28", "$760 by Jan 31", "–")
    parts = cli("plan", "by-category", "--json").json
    assert [parts[name]["forecast_by"] for name in ("genai", "total", "cloud")] == ["2026-02-28", "2026-01-31", None]
    assert " by " not in cli("plan", "by-category", "--period", "2026-01").done().out
