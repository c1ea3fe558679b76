"""``recurring``: what is said, as text and as JSON."""

from tests.cli.conftest import Cli


def test_a_fee_from_its_beginning_to_its_end(seeded: Cli) -> None:
    words = ("recurring", "add", "pcc", "20", "--on", "12", "--name", "Figma", "--from", "2026-01-01")
    said = "Figma: $20.00 every month for pcc, next on Feb 12, 2026\nbooked $20.00 for Jan 12\n"
    assert seeded(*words).done().out == said
    [listed] = seeded("recurring", "list", "--json").done().json
    assert (listed["next_on"], listed["category"], listed["latest"]["state"]) == ("2026-02-12", "cloud", "booked")
    assert "booked Jan 12" in seeded("recurring", "list").done().out
    assert seeded("project", "show", "pcc", "--json").json["spent_usd"] == 125
    assert seeded("recurring", "end", "Figma", "--on", "2026-03-31").done().out == "Figma ends on Mar 31, 2026\n"
    seeded("recurring", "add", "pcc", "5", "--name", "Pad", "--from", "2026-01-12", "--on", "20").done()
    seeded("recurring", "end", "Pad", "--on", "2026-01-05").refused(
        2, "Pad starts on Jan 12, 2026", "; end it on Jan 12, 2026 or later"
    )
    seeded("recurring", "add", "pcc", "5", "--name", "Later", "--from", "2026-02-01").done()
    seeded("recurring", "end", "later", "--on", "2026-01-05").refused(
        2, "Later starts on Feb 1, 2026", "; end it on Jan 13, 2026 or later"
    )
    seeded(*words).refused(5, "there is a fee called 'Figma'")
    seeded("recurring", "add", "pcc", "5", "--name", "FIGMA").refused(5, "there is a fee called 'Figma'")
    seeded("recurring", "end", "Sketch").refused(4, "there is no fee 'Sketch'")
    seeded("recurring", "add", "pcc", "20", "--every", "week").refused(2, "a fee cannot recur every 'week'")
    for day in ("40", "0", "0310", "1.5", "-1", ""):
        seeded("recurring", "add", "pcc", "20", f"--on={day}").refused(2, f"'{day}' is not a day of the month")


def test_an_ended_fee_is_not_ended_again(seeded: Cli) -> None:
    seeded("recurring", "add", "pcc", "20", "--on", "12", "--name", "Figma").done()
    seeded("recurring", "end", "Figma").done()
    seeded("recurring", "end", "figma").refused(2, "Figma ended on Jan 13, 2026; add it again to have it recur")
    seeded("recurring", "add", "pcc", "30", "--name", "Figma").done()
    seeded("recurring", "end", "Figma", "--on", "2026-03-31").done()


def test_no_charge_is_due_of_an_archived_project(seeded: Cli) -> None:
    seeded("recurring", "add", "pcc", "20", "--on", "12", "--name", "Figma").done()
    assert seeded("project", "archive", "pcc").code == 0
    [listed] = seeded("recurring", "list", "--json").done().json
    assert listed["next_on"] is None
    assert "pcc is archived" in seeded("recurring", "list").done().out
    seeded("recurring", "end", "Figma").done()
