"""``undo`` and ``redo`` on the command line."""

from pathlib import Path

import pytest

from .conftest import Cli


def test_what_was_taken_back_and_made_again_is_said_in_one_line(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "120").done()
    assert seeded("undo").done().out == "undone: PCC: allocated $150.00 → $120.00\n"
    assert seeded("redo").done().out == "redone: PCC: allocated $150.00 → $120.00\n"
    seeded("redo").refused(2, "nothing to redo")


def test_as_json(seeded: Cli) -> None:
    seeded("transfer", "pcc", "dandelion", "20").done()
    back = seeded("undo", "--json").done().json
    assert back["what"] == "transfer of $20.00 from PCC to Dandelion"
    taker, giver, _, did = seeded("log", "--json").json[:4]
    assert taker["change"] == giver["change"] == back["change"]
    assert taker["reverses"] == giver["reverses"] == back["reverses"] == did["change"]
    assert seeded("redo", "--json").done().json["reverses"] == back["change"]


def test_what_was_passed_over_is_named(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "120").done()
    seeded("key", "create", "ci", "--scope", "read")
    back = seeded("undo")
    assert (back.code, back.err) == (0, "passed over: key ci: created, may read\n")
    seeded("redo").done()
    seeded("hold", "pcc", "5").done()
    back = seeded("undo", "--json")
    assert back.json["passed_over"] == ["$5.00 held for PCC"]
    assert back.err == "passed over: $5.00 held for PCC\n"


def test_the_log_says_what_undoes_what(seeded: Cli) -> None:
    seeded("project", "allocate", "pcc", "120").done()
    change = seeded("log", "--limit", "1", "--json").json[0]["change"]
    seeded("undo").done()
    assert seeded("log", "--limit", "1").out.splitlines()[-1].endswith(f"amount 120 → 150 (undoes {change})")


def test_what_bars_an_undo_is_named_with_the_way_out(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded("project", "add", "new", "--name", "Checkout").done()
    assert seeded("undo").done().out == "undone: project Checkout added\n"
    seeded("redo").done()
    with monkeypatch.context() as patch:
        patch.setenv("LOGNAME", "bert")
        seeded("cost", "add", "new", "1").done()
    seeded("undo").refused(
        5, "has costs that were entered on it by now; archive it instead: budget-tui project archive new"
    )


def test_tokens_that_bar_an_undo_are_named_with_the_way_out(seeded: Cli) -> None:
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1000").done()
    seeded("agent", "consume", "scout", "50").done()
    seeded("undo").refused(5, "scout has used 50 tokens by now; archive it instead: budget-tui agent archive scout")
    seeded("agent", "allocate", "scout", "2000").done()
    seeded("agent", "consume", "scout", "1000").done()
    seeded("undo").refused(5, "scout has used 1,050 tokens by now; budget-tui agent allocate scout 1050")
    seeded("agent", "reserve", "scout", "200").done()
    seeded("undo").refused(
        5, "scout has used 1,050 and reserved 200 tokens by now; budget-tui agent allocate scout 1250"
    )
    seeded("agent", "archive", "scout").done()
    seeded("agent", "add", "scout", "--project", "pcc").done()
    seeded("agent", "consume", "scout", "7").done()
    seeded("undo").refused(5, "scout has used 1,057", "budget-tui agent archive scout")


def test_reserved_tokens_that_bar_an_undo_can_be_released(seeded: Cli) -> None:
    seeded("agent", "add", "scout", "--project", "pcc", "--tokens", "1000").done()
    seeded("agent", "reserve", "scout", "200").done()
    seeded("undo").refused(5, "scout has reserved 200 tokens by now; release it first: budget-tui agent release")


def test_nothing_to_take_back(cli: Cli) -> None:
    cli("undo").refused(2, "there is nothing to undo")


def test_names_from_elsewhere_move_no_cursor(seeded: Cli) -> None:
    seeded("cost", "alias", "Acme\x1b[2J", "acme").done()
    assert "\x1b" not in seeded("undo").done().out


def test_an_import_of_many_entities_is_taken_back_in_one_line_with_their_number(cli: Cli, tmp_path: Path) -> None:
    levels = {"DEPT": "department", "PROJ": "project"}
    rows = [f"{code}-{n},{code}-{n},{level},ORG" for n in range(8) for code, level in levels.items()]
    path = tmp_path / "company.csv"
    path.write_text("\n".join(["id,name,level,parent", *rows, ""]), "utf-8")
    cli("entity", "import", str(path)).done()
    assert cli("undo").done().out == "undone: department DEPT-0 added to Default; project PROJ-0 added and 14 more\n"
    assert cli("redo").done().out == "redone: department DEPT-0 added to Default; project PROJ-0 added and 14 more\n"
    path.write_text("\n".join(["id,name,level,parent", "DEPT-1,One,department,ORG", "DEPT-9,,department,ORG", ""]))
    cli("entity", "import", str(path)).done()
    assert cli("undo").done().out == "undone: renamed from DEPT-1 to One; department DEPT-9 added to Default\n"
