"""``seat``: seats on the command line."""

from .conftest import Cli


def test_seats_are_set_and_listed(seeded: Cli) -> None:
    assert seeded("seat", "set", "pcc", "figma", "25", "--from", "2026-01-05").done().out == (
        "PCC has 25 seats of figma from Jan 5, 2026\n"
    )
    answer = seeded("seat", "set", "pcc", "Slack", "1", "--json").done().json
    assert answer == {"entity_id": "pcc", "name": "PCC", "provider": "slack", "seats": 1, "from": "2026-01-13"}
    assert seeded("seat", "list").done().out.splitlines() == [
        "ID   ENTITY  PROVIDER  SEATS  FROM",
        "pcc  PCC     figma        25  Jan 5, 2026",
        "pcc  PCC     slack         1  Jan 13, 2026",
    ]
    assert seeded("seat", "list", "--json").done().json[1] == answer


def test_what_is_no_number_of_seats_is_refused(seeded: Cli) -> None:
    seeded("seat", "set", "pcc", "figma", "many").refused(2, "'many' is not a whole number")
    seeded("seat", "set", "pcc", "figma", "2.5").refused(2, "'2.5' is not a whole number")
    seeded("seat", "set", "pcc", "figma", "-1").refused(2, "'-1' is not a whole number")
    seeded("seat", "set", "nobody", "figma", "2").refused(4, "'nobody'")
    seeded("seat", "set", "pcc", "figma", "2", "--from", "soon").refused(2, "'soon' is not a date")
    assert "no seats are registered" in seeded("seat", "list").done().out


def test_the_same_seats_again_are_no_change(seeded: Cli) -> None:
    for _ in range(2):
        seeded("seat", "set", "pcc", "figma", "25").done()
    assert seeded("undo").done().out.startswith("undone: ")
    assert "no seats are registered" in seeded("seat", "list").done().out


def test_an_archived_project_gets_no_seats(seeded: Cli) -> None:
    assert seeded("project", "archive", "dandelion").code == 0
    seeded("seat", "set", "dandelion", "figma", "2").refused(4, "is archived")
