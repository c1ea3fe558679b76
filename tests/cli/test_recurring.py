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
    seeded("recurring", "end", "Pad", "--on", "2026-01-05").refused(2, "Pad starts on Jan 12, 2026", "or later")
    seeded(*words).refused(5, "there is a fee called 'Figma'")
    seeded("recurring", "end", "Sketch").refused(4, "there is no fee 'Sketch'")
    seeded("recurring", "add", "pcc", "20", "--every", "week").refused(2, "a fee cannot recur every 'week'")
    seeded("recurring", "add", "pcc", "20", "--on", "40").refused(2, "'40' is not a day of the month")
