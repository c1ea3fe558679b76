"""``hold``, ``settle``, ``release``: money for work in flight, on the command line."""

import re

from .conftest import Cli


def test_holding_settling_and_releasing(seeded: Cli) -> None:
    held = seeded("hold", "pcc", "12", "--for", "5m", "--json").json
    assert (held["project_id"], held["amount_usd"], held["available_usd"], held["currency"]) == ("pcc", 12, 33, "USD")
    seeded("hold", "pcc", "33.01").refused(3, "$33.00 is all that PCC has left and not held")
    [listed] = seeded("hold", "list", "--json").json["holds"]
    assert (listed["hold_id"], listed["last_day"]) == (held["hold_id"], "2026-01-31")
    assert "12.00" in seeded("hold", "list").done().out
    assert seeded("status", "--json").json["projects"][0]["reserved_usd"] == 12
    assert "reserved          $12.00 held" in seeded("project", "show", "pcc").done().out
    explained = seeded("explain", "pcc").out
    assert "($45.00 + $0.00) ÷ 19 days − $0.00 − $12.00 = -$9.63" in explained

    settled = seeded("settle", held["hold_id"], "7.50", "--category", "genai", "--provider", "openai").done()
    assert settled.out == "$7.50 recorded for pcc, $12.00 was held\n"
    for repeated in ((), ("--provider", "OpenAI"), ("--category", "genai")):
        assert seeded("settle", held["hold_id"], "7.50", *repeated).done().out == settled.out
    wrong = seeded("settle", held["hold_id"], "7.50", "--provider", "aws")
    wrong.refused(5, f"hold {held['hold_id']} was settled with provider openai", "undo")
    assert seeded("settle", held["hold_id"], "7.50", "--json").json["settled_usd"] == 7.5
    assert seeded("hold", "list").done().out == "nothing is held: budget-tui hold PROJECT AMOUNT\n"

    second = seeded("hold", "pcc", "1").done().out.splitlines()
    assert second[0].startswith("$1.00 held for pcc until ")
    assert second[0].endswith(", $36.50 left and not held")
    assert seeded("release", second[1].split()[2]).done().out == "$1.00 of pcc released\n"
    third = seeded("hold", "pcc", "1", "--json").json["hold_id"]
    for _ in range(2):
        assert seeded("settle", third, "1").done().out == (
            "$1.00 recorded for pcc, $1.00 was held; without --provider no bill takes its place\n"
        )
    seeded("settle", third, "1", "--provider", "aws").refused(5, "was settled with no provider")
    for_days = seeded("hold", "pcc", "1", "--for", "3d").done().out
    assert re.match(r"\$1\.00 held for pcc until [A-Z][a-z]{2} \d+ \d\d:\d\d:\d\d, ", for_days), "it names the day"


def test_what_is_no_hold_is_refused(seeded: Cli) -> None:
    seeded("hold", "pcc").refused(2, "the amount to hold is missing")
    seeded("hold", "nothing", "1").refused(4, "there is no project 'nothing'")
    seeded("hold", "pcc", "1", "--for", "8d").refused(2, "money cannot be held for 8 days; give 1 second to 7 days")
    seeded("settle", "nothing", "1").refused(4, "there is no hold 'nothing'", "hold list")
    seeded("settle", "nothing", "1", "--category", "total").refused(2, "is not a category")
