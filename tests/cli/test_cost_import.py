"""``cost import`` of FOCUS exports, and giving what found no project to one."""

import csv
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli

KEYS = (
    "files left_out first_day last_day in_period_total rows_read rows_refused days_stored rows_replaced rows_added"
    " rows_unchanged vanished billed_total stored_total unmapped_total refused unchanged tokens_total seats read_as"
    " estimates_replaced estimates_replaced_total estimates_without_project warnings"
)
SAMPLE = Path(__file__).parents[1] / "fixtures" / "focus" / "focus-1.0-sample.csv"
PLAIN = {
    "BillingAccountId": "1",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "ChargePeriodStart": "2026-01-05T00:00:00Z",
    "ChargePeriodEnd": "2026-01-06T00:00:00Z",
    "BilledCost": "1",
    "EffectiveCost": "0.5",
    "BillingCurrency": "USD",
    "ServiceProviderName": "Amazon Web Services",
    "ServiceName": "Amazon S3",
    "SubAccountId": "100",
    "SubAccountName": "sandbox",
    "Tags": "{}",
}


def export(path: Path, rows: Sequence[dict[str, str]]) -> str:
    """A FOCUS file whose rows are as `PLAIN` but for what is given."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, PLAIN)
        writer.writeheader()
        writer.writerows(PLAIN | row for row in rows)
    return str(path)


@pytest.fixture
def january(tmp_path: Path) -> str:
    """Four charges: two tagged with a project, one of a sub account nobody knows, one credit."""
    return export(
        tmp_path / "january.csv",
        [
            {"BilledCost": "10.0000000004", "Tags": '{"project": "pcc"}'},
            {"BilledCost": "5", "Tags": '{"user:project": "Dandelion"}', "ChargePeriodStart": "2026-01-06T00:00:00Z"},
            {"BilledCost": "2.5", "ServiceName": "Amazon EC2", "Tags": '{"team": "red"}'},
            {
                "BilledCost": "-0.5",
                "ServiceProviderName": "Anthropic",
                "ServiceName": "Claude",
                "SubAccountName": "NULL",
            },
        ],
    )


def spent(cli: Cli) -> dict[str, Decimal]:
    answer = cli("status", "--json").json
    return {project["project_id"]: project["spent_usd"] for project in answer["projects"]}


def test_the_report_in_json(seeded: Cli, january: str) -> None:
    report = seeded("cost", "import", january, "--json").done().json
    assert list(report) == KEYS.split()
    assert report == {
        "files": [january],
        "left_out": [],
        "first_day": "2026-01-05",
        "last_day": "2026-01-06",
        "in_period_total": {"USD": 17},
        "rows_read": 4,
        "rows_refused": 0,
        "days_stored": 4,
        "rows_replaced": 0,
        "rows_added": 4,
        "rows_unchanged": 0,
        "vanished": [],
        "billed_total": {"USD": 17},
        "stored_total": {"USD": 17},
        "unmapped_total": {"USD": 2},
        "refused": [],
        "unchanged": False,
        "tokens_total": None,
        "seats": None,
        "read_as": [],
        "estimates_replaced": 0,
        "estimates_replaced_total": {},
        "estimates_without_project": {},
        "warnings": [],
    }


def test_the_log_says_what_was_imported_in_words(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january).done()
    said = seeded("log", "--action", "cost.import").done().out
    assert "files january.csv, rows_read 4, rows_refused 0, days_stored 4, rows_replaced 0, stored_total 17 USD" in said


def test_costs_dated_years_ahead_are_imported_with_a_warning(seeded: Cli, tmp_path: Path) -> None:
    """They are probably mistyped, as with ``cost add``."""
    days = ("2026-01-05", "2027-01-14", "2036-01-12", "2036-01-13")
    rows = [{"ChargePeriodStart": f"{day}T00:00:00Z", "BillingPeriodStart": f"{day[:7]}-01T00:00:00Z"} for day in days]
    warning = "$2.00 dated more than a year ahead, the latest on Jan 13, 2036: check the days"
    near = seeded("cost", "import", export(tmp_path / "near.csv", rows[:2]), "--json").done()
    assert near.json["warnings"] == []
    ran = seeded("cost", "import", export(tmp_path / "far.csv", rows))
    assert (ran.code, ran.err) == (0, f"warning: {warning}\n")


def test_the_report_in_words(seeded: Cli, january: str) -> None:
    assert seeded("cost", "import", january).done().out.splitlines() == [
        "1 file, 4 rows read, 0 refused",
        "billed $17.00, stored $17.00, Jan 5 – Jan 6, 2026; $17.00 in January 2026",
        "4 daily costs stored, 0 replaced",
        "$2.00 without a project: budget-tui cost unmapped",
    ]


def test_imported_costs_are_spent_by_their_projects(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january).done()
    assert spent(seeded) == {"pcc": 115, "videonest-api": 48, "python-api": 88, "dandelion": 5}
    status = seeded("status", "--json").json
    assert (status["global"]["spent_usd"], status["unmapped_usd"]) == (258, 2)
    assert status["data_through"] == "2026-01-06"
    assert status["warnings"] == ["2 costs unmapped ($2.00): they count in the total, but in no project"]


def test_the_same_files_again_change_nothing_and_say_so(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january).done()
    before = seeded("log", "--json").out
    assert "nothing changed: the same costs are stored already" in seeded("cost", "import", january).done().out
    report = seeded("cost", "import", january, "--json").json
    assert (report["unchanged"], report["days_stored"], report["rows_replaced"]) == (True, 0, 0)
    assert seeded("log", "--json").out == before


def test_a_newer_export_replaces_what_it_said_before(seeded: Cli, january: str, tmp_path: Path) -> None:
    seeded("cost", "import", january).done()
    later = {"BilledCost": "6", "Tags": '{"project": "pcc"}', "ChargePeriodStart": "2026-01-06T00:00:00Z"}
    newer = export(tmp_path / "newer.csv", [{"BilledCost": "14", "Tags": '{"project": "pcc"}'}, later])
    assert "2 daily costs stored, 4 replaced" in seeded("cost", "import", newer).done().out
    assert (spent(seeded)["pcc"], spent(seeded)["dandelion"]) == (125, 0)


def test_another_source_stands_beside_it(seeded: Cli, january: str, tmp_path: Path) -> None:
    seeded("cost", "import", january).done()
    other = [{"BilledCost": "10", "BillingAccountId": "2", "Tags": '{"project": "pcc"}'}]
    seeded("cost", "import", export(tmp_path / "other.csv", other), "--source", "copy").done()
    assert spent(seeded)["pcc"] == 125
    seeded("cost", "import", january, "--source", "copy").refused(5, "the source focus has the same days of 1")
    seeded("cost", "import", january, "--source", "manual").refused(2, "'manual' cannot be the name of a source")


def test_a_dry_run_stores_nothing(seeded: Cli, january: str) -> None:
    before = seeded("status", "--json").out, seeded("log", "--json").out
    out = seeded("cost", "import", january, "--dry-run").done().out
    assert "4 daily costs would be stored, 0 replaced; nothing was written" in out
    assert (seeded("status", "--json").out, seeded("log", "--json").out) == before


def test_effective_costs_on_request(seeded: Cli, january: str) -> None:
    report = seeded("cost", "import", january, "--effective", "--json").done().json
    assert report["billed_total"] == {"USD": 2}


def test_several_files_a_folder_and_a_glob_are_one_set(seeded: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    one = export(folder / "jan-00001.csv", [{"BilledCost": "1"}])
    two = export(folder / "jan-00002.csv", [{"BilledCost": "2"}])
    first = seeded("cost", "import", one, two, "--json").done().json
    assert (first["files"], first["stored_total"]) == ([one, two], {"USD": 3})
    assert seeded("cost", "import", str(folder), "--json").json["unchanged"] is True
    assert seeded("cost", "import", f"{folder}/*.csv", "--json").json["unchanged"] is True


def test_totals_are_told_by_currency(seeded: Cli, tmp_path: Path) -> None:
    file = export(tmp_path / "two.csv", [{"BilledCost": "1"}, {"BilledCost": "1500", "BillingCurrency": "JPY"}])
    assert "billed ¥1,500 + $1.00, stored ¥1,500 + $1.00" in seeded("cost", "import", file).done().out
    assert "1 cost in JPY (¥1,500) left out: there is no usable exchange rate to USD" in seeded("status").err


def test_real_costs_add_up_to_the_digit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")  # elsewhere, some of their hours are of another month
    report = cli("cost", "import", str(SAMPLE), "--json").done().json
    assert (report["rows_read"], report["rows_refused"]) == (1000, 0)
    assert report["billed_total"] == {"USD": Decimal("20.520226729")}
    half_a_nano_per_row = report["days_stored"] * Decimal("0.0000000005")
    assert abs(report["stored_total"]["USD"] - report["billed_total"]["USD"]) <= half_a_nano_per_row
    seen = cli("--as-of", "2024-09-30", "status")
    assert "$20.52 spent" in seen.out
    assert "1,000 costs unmapped ($20.52)" in seen.err


# Rows and files that cannot be used


@pytest.fixture
def damaged(tmp_path: Path) -> str:
    """One row that can be used and 12 that cannot."""
    return export(tmp_path / "damaged.csv", [{}, *({"BilledCost": f"n/a{n}"} for n in range(12))])


def test_refused_rows_are_named_and_the_rest_goes_in(seeded: Cli, damaged: str) -> None:
    lines = seeded("cost", "import", damaged).done().out.splitlines()
    assert lines[0] == "1 file, 13 rows read, 12 refused"
    assert lines[1].startswith(f"  {damaged}:3: ")
    assert "n/a0" in lines[1]
    assert lines[11:] == [
        "  and 2 more",
        "billed $1.00, stored $1.00, Jan 5, 2026; $1.00 in January 2026",
        "1 daily cost stored, 0 replaced",
        "$1.00 without a project: budget-tui cost unmapped",
    ]


def test_refused_rows_in_json(seeded: Cli, damaged: str) -> None:
    report = seeded("cost", "import", damaged, "--json").done().json
    assert report["rows_refused"] == 12
    assert set(report["refused"][0]) == {"file", "line", "reason"}
    assert (report["refused"][0]["file"], report["refused"][0]["line"]) == (damaged, 3)


@pytest.mark.parametrize("options", [(), ("--strict",), ("--json",), ("--dry-run", "--verbose")])
def test_an_export_of_a_stranger_moves_no_cursor(seeded: Cli, tmp_path: Path, options: Sequence[str]) -> None:
    hostile = "\x1b]0;owned\x07\x9b2J\u202e"
    folder = tmp_path / f"a{hostile}b"
    folder.mkdir()
    rows = [{"BilledCost": f"1{hostile}"}, {"ServiceName": hostile, "SubAccountName": hostile, "SubAccountId": hostile}]
    path = export(folder / "export.csv", rows)
    before = [option for option in options if option == "--verbose"]
    ran = seeded(*before, "cost", "import", path, *(option for option in options if option not in before))
    also = seeded("cost", "unmapped", *(option for option in options if option == "--json"))
    for text in (ran.out, ran.err, also.out, seeded("cost", "import", f"no{hostile}").err):
        assert not set("\x1b\x07\x9b\u202e") & set(text)
    assert "\\x1b" in ran.out + ran.err or "\\u001b" in ran.out


def test_strict_refuses_the_run(seeded: Cli, damaged: str) -> None:
    before = seeded("log", "--json").out
    seeded("cost", "import", damaged, "--strict").refused(2, "12 of 13 rows cannot be used", f"{damaged} line 3")
    assert seeded("log", "--json").out == before


def test_a_file_that_is_not_focus_is_refused_whole(seeded: Cli, january: str, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("day,what\n2026-01-01,5\n")
    seeded("cost", "import", january, str(other)).refused(2, str(other), "BilledCost", "ChargePeriodStart")
    other.write_text("date,amount\n2026-01-01,5\n")
    seeded("cost", "import", january, str(other)).refused(2, january, str(other), "import one after the other")
    assert seeded("cost", "unmapped").out == "no costs are unmapped\n"


def test_a_file_that_is_not_there(seeded: Cli, tmp_path: Path) -> None:
    seeded("cost", "import", str(tmp_path / "nothing.csv")).refused(2, f"there is no file {tmp_path / 'nothing.csv'}")


# Giving costs to projects


def unmapped(cli: Cli) -> list[dict[str, Any]]:
    answer = cli("cost", "unmapped", "--json").done().json
    assert isinstance(answer, list)
    return answer


def test_what_found_no_project_is_listed(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january, "--tag", "team").done()
    lines = seeded("cost", "unmapped").done().out.splitlines()
    assert lines[0].split() == ["PROVIDER", "SERVICE", "SUB", "ACCOUNT", "TAGS", "COSTS", "AMOUNT"]
    assert lines[1].split() == ["aws", "Amazon", "EC2", "sandbox", "team=red", "1", "$2.50"]
    assert lines[2].split() == ["anthropic", "Claude", "100", "1", "-$0.50"]
    assert len(lines[1]) == len(lines[2])
    first, _ = unmapped(seeded)
    assert first == {
        "source": "focus",
        "provider": "aws",
        "service": "Amazon EC2",
        "sub_account_id": "100",
        "sub_account_name": "sandbox",
        "tags": {"team": "red"},
        "costs": 1,
        "amount_usd": Decimal("2.5"),
        "currency": "USD",
        "first_day": "2026-01-05",
        "last_day": "2026-01-05",
    }


def test_the_suggestion_can_be_pasted(seeded: Cli, tmp_path: Path) -> None:
    name = "it's; $HOME\u202e"  # quotes, and a sign that turns text around
    file = export(tmp_path / "odd.csv", [{"SubAccountId": "NULL", "SubAccountName": "NULL", "ServiceName": name}])
    seeded("cost", "import", file).done()
    out = seeded("cost", "unmapped").done().out
    assert "\u202e" not in out
    words = shlex.split(out.splitlines()[-1].partition("budget-tui ")[2])
    assert words[:4] == ["cost", "map", "PROJECT", "--service"]
    assert words[4].startswith("it's; $HOME")


def test_pasting_the_suggestion_maps_the_largest(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january, "--tag", "team").done()
    words = shlex.split(seeded("cost", "unmapped").out.splitlines()[-1].partition("budget-tui ")[2])
    ran = seeded(*("dandelion" if word == "PROJECT" else word for word in words))
    assert ran.out == "costs with tag:team = red belong to dandelion; $2.50 from the past moved there\n"
    assert spent(seeded)["dandelion"] == Decimal("7.5")


@pytest.mark.parametrize(
    ("rule", "moved", "left"),
    [
        (["--sub-account", "100"], "17", "0"),  # a rule comes before the tag that names a project
        (["--sub-account", "SANDBOX"], "17.5", "-0.5"),
        (["--service", "amazon ec2"], "2.5", "-0.5"),
        (["--provider", "anthropic"], "-0.5", "2.5"),
        (["--tag", "team=red"], "2.5", "-0.5"),
    ],
)
def test_a_rule_moves_past_costs_and_says_how_much(
    seeded: Cli, january: str, rule: list[str], moved: str, left: str
) -> None:
    seeded("cost", "import", january, "--tag", "team").done()
    answer = seeded("cost", "map", "python-api", *rule, "--json").json
    assert answer["project_id"] == "python-api"
    assert answer["moved_total"] == {"USD": Decimal(moved)}
    assert spent(seeded)["python-api"] == 88 + Decimal(moved)
    assert sum(origin["amount_usd"] for origin in unmapped(seeded)) == Decimal(left)


def test_a_rule_can_be_set_anew(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january).done()
    seeded("cost", "map", "python-api", "--service", "Amazon EC2")
    assert seeded("cost", "map", "dandelion", "--service", "Amazon EC2", "--json").json["moved_total"] == {
        "USD": Decimal("2.5")
    }
    assert (spent(seeded)["python-api"], spent(seeded)["dandelion"]) == (88, Decimal("7.5"))


def test_a_rule_holds_for_costs_to_come(seeded: Cli, january: str) -> None:
    ran = seeded("cost", "map", "python-api", "--tag", "team=red").done()
    assert "nothing from the past moved there" in ran.out
    seeded("cost", "import", january).done()
    assert spent(seeded)["python-api"] == Decimal("90.5")


def test_a_tag_that_was_not_kept_says_what_to_do(seeded: Cli, january: str) -> None:
    seeded("cost", "import", january).done()
    out = seeded("cost", "map", "python-api", "--tag", "team=red").out
    assert "tags without a rule were not stored: import the files again" in out
    seeded("cost", "import", january)
    assert spent(seeded)["python-api"] == Decimal("90.5")


def test_a_new_project_takes_the_costs_that_name_it(seeded: Cli, tmp_path: Path) -> None:
    file = export(tmp_path / "named.csv", [{"BilledCost": "3", "Tags": '{"project": "newcomer"}'}])
    seeded("cost", "import", file).done()
    assert seeded("project", "add", "newcomer", "--json").done().json["spent_usd"] == 3
    assert unmapped(seeded) == []


# On a terminal


def test_progress_shows_on_a_terminal_and_is_gone_afterwards(seeded: Cli, january: str) -> None:
    ours, theirs = pty.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "budget_tui", "cost", "import", january],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=theirs,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert ran.returncode == 0
    assert ran.stdout.startswith("1 file, 4 rows read")
    assert f"\rreading {'━' * 30} 100%" in shown
    assert shown.endswith("\r\x1b[K")


def test_tokens_and_seats_are_told(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text(
        "BilledCost,BillingCurrency,ChargePeriodStart,SubAccountId,ConsumedQuantity,ConsumedUnit\n"
        "1,USD,2026-01-05T00:00:00Z,pcc,1.5,1M tokens\n1,USD,2026-01-05T00:00:00Z,pcc,12,Seats\n",
        "utf-8",
    )
    assert "1,500,000 tokens, at most 12 seats on a day" in seeded("cost", "import", str(path)).done().out
    answer = seeded("cost", "import", str(path), "--json").done().json
    assert (answer["tokens_total"], answer["seats"], answer["unchanged"]) == (1_500_000, 12, True)
    path.write_text(path.read_text("utf-8").replace("1.5,", "2.5,"), "utf-8")
    answer = seeded("cost", "import", str(path), "--json").done().json
    assert (answer["tokens_total"], answer["unchanged"], answer["rows_replaced"]) == (2_500_000, False, 1)


# Tables


def test_a_table_is_imported_like_an_export(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("Datum;Betrag;Projekt;Anbieter\n13.01.2026;1.234,50 $;pcc;OpenAI\nx;1;pcc;\n", "utf-8")
    assert seeded("cost", "import", str(path)).done().out.splitlines() == [
        "1 file, 2 rows read, 1 refused",
        "read as: date from Datum (day first), amount from Betrag (decimal comma) in USD, project from Projekt,"
        " provider from Anbieter",
        f"  {path}:3: Datum 'x' is not a date",
        "billed $1,234.50, stored $1,234.50, Jan 13, 2026; $1,234.50 in January 2026",
        "1 daily cost stored, 0 replaced",
    ]
    assert spent(seeded)["pcc"] == Decimal("1339.5")
    answer = seeded("cost", "import", str(path), "--json").done().json
    assert (answer["unchanged"], len(answer["read_as"])) == (True, 1)
    seeded("undo").done()
    assert spent(seeded)["pcc"] == 105


def test_costs_of_a_table_may_come_once(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    note = "one-off costs, which are no part of the burn rate"

    def write(*amounts: int) -> None:
        rows = "".join(f"2026-01-0{day},dandelion,{amount}\n" for day, amount in enumerate(amounts, 5))
        path.write_text(f"date,project,amount\n{rows}", "utf-8")

    def taken(*options: str) -> tuple[bool, float, object, object]:
        """Whether it was said, the burn, what is spent, and whether nothing changed."""
        report = seeded("cost", "import", str(path), "--json", *options).done().json
        (line,) = (
            line for line in seeded("project", "list", "--json").json["projects"] if line["project_id"] == "dandelion"
        )
        return note in report["read_as"][0], line["burn_rate_usd"], line["spent_usd"], report["unchanged"]

    write(10, -1)
    assert taken() == (False, 10, 9, False)
    assert taken("--once") == (True, 0, 9, False), "what was imported without is replaced"
    write(10, -1, 20)
    assert taken() == (True, 0, 29, False), "a longer file is read as the shorter one was"
    assert taken("--once") == (True, 0, 29, True)
    again = seeded("cost", "import", str(path), "--source", "other")
    again.refused(5, "the same costs are stored already as the source csv")
    burning = taken("--no-once")
    assert (burning[0], burning[1] > 0, *burning[2:]) == (False, True, 29, False)
    assert taken() == (*burning[:3], True)
    seeded("undo").done()
    assert taken("--dry-run")[0], "undone, it is as before"


def test_a_focus_export_says_itself_what_comes_once(seeded: Cli, tmp_path: Path) -> None:
    path = export(tmp_path / "x.csv", [{"BilledCost": "1"}])
    seeded("cost", "import", str(path), "--once").refused(2, "says itself which charges come once; leave out --once")
    table = tmp_path / "table.csv"
    table.write_text("date,amount\n2026-01-05,7\n", "utf-8")
    seeded("cost", "import", str(table), "--once", "--source", "mine").done()
    seeded("cost", "import", str(path), "--source", "mine").done()


def test_an_account_is_a_sub_account_and_columns_that_are_not_read_are_named(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(
        "date,cost,currency,account,discount,\n2026-01-05,7,USD,00421,1,\n2026-01-05,5,USD,PCC,0,\n"
        "2026-01-05,3,USD,1.2E+11,0,\n",
        "utf-8",
    )
    out = seeded("cost", "import", str(path)).done().out
    assert "read as: amount from cost; discount is ignored\n" in out
    assert f"{path}:4: account '1.2E+11' is an id that a spreadsheet rounded\n" in out
    assert spent(seeded)["pcc"] == 110
    seeded("cost", "map", "pcc", "--sub-account", "00421").done()
    assert spent(seeded)["pcc"] == 117


def test_what_the_system_says_of_a_file_is_said_in_words(seeded: Cli, tmp_path: Path) -> None:
    ran = seeded("cost", "import", "x" * 300)
    assert (ran.code, ran.err) == (
        2,
        f"error: {'x' * 200} cannot be read (File name too long); check it and its permissions\n",
    )
    for text, words in (
        ("\n\n\n", "has nothing but blank lines"),
        ("date,date,amount\n2026-01-05,2026-01-06,5\n", "with --columns 'date=1'"),
    ):
        (tmp_path / "odd.txt").write_text(text, "utf-8")
        seeded("cost", "import", str(tmp_path / "odd.txt")).refused(2, words)
    (tmp_path / "odd.txt").unlink()
    (tmp_path / "endless.csv").symlink_to("/proc/kmsg")  # has no size, and reading it never ends
    ran = seeded("cost", "import", str(tmp_path))
    assert ran.err.startswith(f"error: there is no export in {tmp_path}")


def test_a_part_cannot_replace(seeded: Cli, january: str) -> None:
    for more in ((), ("--dry-run",)):
        ran = seeded("cost", "import", january, "--part", "x", "--replace", *more)
        assert (ran.code, ran.err) == (
            2,
            "error: a part is stored beside what is there and replaces nothing; choose --part NAME or --replace\n",
        )


def test_columns_and_formats_are_named_on_the_command_line(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("when,net,who\n03/04/2026,5,pcc\n", "utf-8")
    ran = seeded("cost", "import", str(path))
    assert (ran.code, "--columns date=NAME,amount=NAME" in ran.err) == (2, True)
    ran = seeded("cost", "import", str(path), "--columns", "date=when,amount=net,project=who")
    assert (ran.code, "say --columns 'date=when:dmy' or --columns 'date=when:mdy'" in ran.err) == (2, True)
    answer = seeded("cost", "import", str(path), "--columns", "date=when:dmy,amount=net", "--json").done().json
    assert (answer["first_day"], answer["stored_total"]) == ("2026-04-03", {"USD": 5})
    assert seeded("cost", "import", str(path), "--from", "focus").code == 2
    assert "choose focus, csv" in seeded("cost", "import", str(path), "--from", "qif").err


def test_what_a_table_says_is_harmless_on_the_terminal(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("date,amount,\x1b[31mproject\x07\n2026-01-05,\x1b]0;x\x07,a\n", "utf-8")
    ran = seeded("cost", "import", str(path))
    assert ran.code == 2
    assert not {"\x1b", "\x07"} & set(ran.out + ran.err)


def test_a_header_alone_is_refused(seeded: Cli, tmp_path: Path) -> None:
    ran = seeded("cost", "import", export(tmp_path / "none.csv", []))
    assert (ran.code, "there are no costs in" in ran.err) == (2, True)
