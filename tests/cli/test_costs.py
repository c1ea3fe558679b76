"""``cost add`` and the rules that say whose costs are and what they count as."""

from decimal import Decimal

import pytest

from .conftest import Cli


def spent(cli: Cli, project: str, day: str = "2026-01-13") -> Decimal:
    return cli("--as-of", day, "project", "show", project, "--json").json["spent_usd"]


def test_recording_a_cost_says_what_is_left(seeded: Cli) -> None:
    ran = seeded("cost", "add", "pcc", "12.50").done()
    assert ran.out == "$12.50 on Jan 13, 2026 recorded for PCC: $117.50 spent, $32.50 left\n"


def test_recording_a_cost_answers_the_fresh_project_budget(seeded: Cli) -> None:
    answer = seeded("cost", "add", "dandelion", "0.0000002", "--json").done().json
    assert answer["spent_usd"] == Decimal("0.0000002")
    assert (answer["project_id"], answer["data_through"], answer["warnings"]) == ("dandelion", "2026-01-13", [])


def test_a_credit_is_a_negative_cost(seeded: Cli) -> None:
    assert seeded("cost", "add", "pcc", "-5").done().out.startswith("-$5.00 on Jan 13, 2026 recorded for PCC")
    assert spent(seeded, "pcc") == 100
    seeded("cost", "add", "pcc", "-.5", "--on", "2026-01-12").done()
    assert spent(seeded, "pcc") == Decimal("99.5")


BEFORE = "; counts in no period: the first is January 2026\n"


def test_a_cost_counts_on_its_own_day(seeded: Cli) -> None:
    out = seeded("cost", "add", "dandelion", "7", "--on", "2025-12-31").done().out
    assert out == f"$7.00 on Dec 31, 2025 recorded for Dandelion: $0.00 spent, $50.00 left{BEFORE}"
    assert spent(seeded, "dandelion") == 0
    assert spent(seeded, "dandelion", "2025-12-31") == 7


def test_a_cost_that_changes_no_figure_of_today_says_why(seeded: Cli) -> None:
    """Of a project or another entity, of a day to come or of a closed period."""
    seeded("entity", "add", "DEPT", "--level", "department", "--parent", "ORG").done()
    scheduled = seeded("cost", "add", "pcc", "7", "--on", "2026-01-14").done().out
    assert scheduled.endswith("PCC: $105.00 spent, $45.00 left; scheduled, not spent yet\n")
    assert seeded("cost", "add", "DEPT", "7", "--on", "2026-02-14").done().out.endswith("; scheduled, not spent yet\n")
    late = ("--as-of", "2026-02-03", "cost", "add")
    seeded(*late, "pcc", "1")
    restated = "; restates January 2026, which is closed\n"
    assert (
        seeded(*late, "pcc", "7", "--on", "2026-01-31").done().out.endswith(f"PCC: $1.00 spent, $149.00 left{restated}")
    )
    assert seeded(*late, "DEPT", "7", "--on", "2026-01-01").done().out.endswith(f"recorded for DEPT{restated}")
    assert seeded(*late, "pcc", "1", "--on", "2025-12-31").done().out.endswith(BEFORE)
    assert seeded(*late, "DEPT", "1", "--on", "2025-08-01").done().out.endswith(BEFORE)
    for day in ("2026-02-01", "2026-02-03"):
        assert ";" not in seeded(*late, "pcc", "1", "--on", day).done().out


def test_a_cost_dated_years_ahead_is_recorded_with_a_warning(seeded: Cli) -> None:
    """It is probably mistyped; whatever is known a year ahead may be entered."""
    warning = "Jan 12, 2036 is more than a year ahead: check the day"
    for project in ("pcc", "DEPT"):
        if project == "DEPT":
            seeded("entity", "add", "DEPT", "--level", "department", "--parent", "ORG").done()
        far = ("cost", "add", project, "7", "--on", "2036-01-12")
        ran = seeded(*far)
        assert (ran.code, ran.err) == (0, f"warning: {warning}\n")
        assert ran.out.startswith("$7.00 on Jan 12, 2036 recorded for")
        assert seeded(*far, "--json").done().json["warnings"] == [warning]
        assert seeded("cost", "add", project, "7", "--on", "2027-01-13", "--json").done().json["warnings"] == []


def test_a_cost_on_the_last_day_of_a_month_is_in_it(seeded: Cli) -> None:
    seeded("cost", "add", "dandelion", "7", "--on", "2026-01-31").done()
    assert spent(seeded, "dandelion", "2026-01-31") == 7
    assert spent(seeded, "dandelion", "2026-02-01") == 0


def test_costs_are_listed_the_latest_first(seeded: Cli) -> None:
    seeded("cost", "add", "pcc", "12.50", "--provider", "anthropic", "--tokens", "2500", "--on", "2026-01-12").done()
    seeded("cost", "add", "pcc", "-2", "--on", "2025-12-30").done()
    out = seeded("cost", "list", "pcc").done().out
    assert out.startswith("$117.50 in 2 costs\n\nDAY ")
    assert out.splitlines()[3].split() == ["Jan", "12,", "2026", "anthropic", "PCC", "12.50", "2,500", "manual"]
    assert "-2.00" not in out, "it is not of this period"
    assert "TAGS" not in out, "there are none"

    answer = seeded("cost", "list", "--since", "2025-12-01", "--json").done().json
    assert answer["total_usd"] == sum(cost["amount_usd"] for cost in answer["costs"]) == spent(seeded, "pcc") + 134
    assert (answer["count"], answer["older_than"]) == (len(answer["costs"]), None)
    assert [cost["day"] for cost in answer["costs"]] == sorted((cost["day"] for cost in answer["costs"]), reverse=True)
    assert answer["costs"][0] == {
        "day": "2026-01-12", "entity_id": "pcc", "provider": "anthropic", "service": "", "amount_usd": Decimal("12.5"),
        "currency": "USD", "amount": Decimal("12.5"), "estimated": None, "tokens": 2500, "source": "manual", "tags": {},
    }  # fmt: skip


def test_costs_are_listed_in_pages_of_whole_days(seeded: Cli) -> None:
    for day in ("10", "11", "12"):
        for provider in ("aws", "azure"):
            seeded("cost", "add", "dandelion", day, "--provider", provider, "--on", f"2026-01-{day}").done()
    out = seeded("cost", "list", "dandelion", "--limit", "3").done().out
    assert out.startswith("$66.00 in 6 costs; older ones: --until 2026-01-10, or --limit\n")
    assert out.count("Dandelion") == 4
    rest = seeded("cost", "list", "dandelion", "--until", "2026-01-10", "--json").done().json
    assert [cost["amount_usd"] for cost in rest["costs"]] == [10, 10]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nobody"], "error: there is no entity 'nobody'"),
     (["--since", "soon"], "'soon' is not a date"),
     (["--since", "2026-01-10", "--until", "2026-01-09"], "error: Jan 9, 2026 is before Jan 10, 2026"),
     (["--since", "2026-02-01"], "no costs from Feb 1, 2026 to Feb 1, 2026")],
)  # fmt: skip
def test_what_cannot_be_listed_is_said(seeded: Cli, arguments: list[str], words: str) -> None:
    ran = seeded("cost", "list", *arguments)
    assert words in ran.out + ran.err


def test_a_key_records_once(seeded: Cli) -> None:
    for _ in range(2):
        seeded("cost", "add", "dandelion", "5", "--key", "invoice-7").done()
    assert spent(seeded, "dandelion") == 5
    seeded("cost", "add", "dandelion", "6", "--key", "invoice-7").refused(5, "'invoice-7' was used")
    assert spent(seeded, "dandelion") == 5


def test_more_than_is_allocated_can_be_spent(seeded: Cli) -> None:
    answer = seeded("cost", "add", "python-api", "20", "--json").done().json
    assert (answer["remaining_usd"], answer["runway_days"], answer["budget_status"]) == (-8, 0, "exhausted")
    assert "✕ Python API -$8" in seeded("status", "--line").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pcc"], "'AMOUNT'; see budget-tui cost add --help"),
        (["pcc", "ten"], "'ten' is not an amount"),
        (["pcc", "0"], "a cost cannot be 0"),
        (["pcc", "5", "--on", "yesterday"], "'yesterday' is not a date; write it as 2026-01-13"),
        (["pcc", "5", "--on", "20260113"], "'20260113' is not a date"),
        (["pcc", "5", "--category", "food"], "'food' is not a category; choose cloud, genai, subscription"),
        (["pcc", "5", "--category", "total"], "'total' is not a category"),
        (["pcc", "5", "--tokens", "-3"], "'-3' is not a whole number"),
        (["pcc", "5", "--tokens", "1.5"], "'1.5' is not a whole number"),
        (["pcc", "9000000001"], "the limit is ±9,000,000,000 units"),
        (["pcc", "5", "--owner", "me"], "; see budget-tui cost add --help"),
    ],
)
def test_what_is_no_cost_is_refused(seeded: Cli, arguments: list[str], words: str) -> None:
    seeded("cost", "add", *arguments).refused(2, words)
    assert spent(seeded, "pcc") == 105


def test_details_of_a_cost_are_accepted(seeded: Cli) -> None:
    details = ["--category", "GenAI", "--provider", "Anthropic", "--tokens", "25k", "--on", "2026-01-12"]
    seeded("cost", "add", "pcc", "1", *details).done()
    assert spent(seeded, "pcc") == 106


def test_an_amount_that_looks_like_an_option_value_stays_one(seeded: Cli) -> None:
    for _ in range(2):
        seeded("cost", "add", "dandelion", "-1", "--key", "-1").done()
    assert spent(seeded, "dandelion") == -1


# Rules


def test_a_provider_can_be_called_otherwise(cli: Cli) -> None:
    assert (
        cli("cost", "alias", "OpenAI, LLC", "OpenAI")
        .done()
        .out.startswith("OpenAI, LLC is openai; no past costs changed")
    )
    answer = cli("cost", "alias", "ACME Cloud", "acme", "--json").done().json
    assert answer == {"exported_name": "ACME Cloud", "provider": "acme", "changed": 0}
    cli("cost", "alias", "ACME Cloud", " ").refused(2, "a provider needs a name")


def test_an_alias_reaches_past_costs(seeded: Cli) -> None:
    seeded("cost", "add", "pcc", "5", "--provider", "ACME").done()
    assert seeded("cost", "alias", "ACME", "openai", "--json").json["changed"] == 1


def test_a_service_or_provider_can_be_put_into_a_category(seeded: Cli) -> None:
    seeded("cost", "add", "pcc", "5", "--provider", "ACME").done()
    answer = seeded("cost", "category", "acme", "subscription", "--json").done().json
    assert answer == {"name": "acme", "category": "subscription", "changed": 1}
    assert (
        seeded("cost", "category", "acme", "CLOUD").done().out == "acme counts as cloud; 1 kind of past costs changed\n"
    )
    seeded("cost", "category", "acme", "total").refused(2, "'total' is not a category")


def test_a_rule_that_stands_is_no_change(seeded: Cli) -> None:
    rules = (
        ("cost", "map", "pcc", "--service", "S3"),
        ("cost", "alias", "ACME", "acme"),
        ("cost", "category", "acme", "cloud"),
    )
    for rule in rules:
        seeded(*rule).done()
    entries = seeded("log", "--json").json
    assert (
        seeded("cost", "map", "pcc", "--service", "s3").done().out == "costs with service = s3 belong to pcc already\n"
    )
    for rule in rules:
        seeded(*rule).done()
    assert seeded("log", "--json").json == entries
    seeded("cost", "map", "dandelion", "--provider", "aws").done()
    out = seeded("cost", "map", "pcc", "--service", "S3").done().out
    assert "belong to pcc; nothing from the past" in out, "now the newest again"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "exactly one of --sub-account, --directory, --tag, --service, --provider is needed, not 0"),
        (["--service", "S3", "--provider", "aws"], "is needed, not 2"),
        (["--tag", "team"], "'team' is not a tag; write it as KEY=VALUE"),
        (["--tag", "=x"], "write it as KEY=VALUE"),
        (["--service", " "], "a rule needs a value"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(seeded: Cli, options: list[str], words: str) -> None:
    seeded("cost", "map", "pcc", *options).refused(2, words)


def test_nothing_unmapped_is_said_plainly(seeded: Cli) -> None:
    assert seeded("cost", "unmapped").done().out == "no costs are unmapped\n"
    assert seeded("cost", "unmapped", "--json").done().json == []


def test_the_line_for_a_status_bar_is_cut_by_importance(seeded: Cli) -> None:
    whole = seeded("status", "--line").done().out.rstrip("\n")
    parts = whole.split(" · ")
    assert len(parts) == 4
    seen = set()
    for width in range(1, len(whole) + 10):
        line = seeded("status", "--line", "--width", str(width)).done().out.rstrip("\n")
        assert len(line) <= width
        shown = line.split(" · ")
        seen.add(tuple(shown))
        assert line.endswith("…") or shown == [part for part in parts if part in shown]
    left, days, today, trouble = parts
    assert {(left,), (left, trouble), (left, today, trouble), (left, days, today, trouble)} <= seen
    seeded("status", "--width", "10").refused(2, "--width is for --line")
    seeded("status", "--line", "--width", "0").refused(2, "--width")
