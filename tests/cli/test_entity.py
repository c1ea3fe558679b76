"""``entity`` and ``org`` on the command line."""

from pathlib import Path

import pytest

from budget_tui.cli.app import run
from tests.conftest import MadeOnce

from .conftest import TODAY, Cli


def departments(path: Path) -> None:
    for added in (
        ("ENG", "--name", "Engineering"),
        ("WEB", "--parent", "ENG"),
        ("BACKEND", "--parent", "WEB", "--name", "Backend"),
        ("DS",),
    ):
        assert run(["--db", str(path), "--as-of", TODAY, "entity", "add", *added]) == 0


@pytest.fixture
def acme(cli: Cli, database: Path, made_once: MadeOnce) -> Cli:
    made_once(database, departments)
    return cli


def test_the_tree_is_drawn(acme: Cli) -> None:
    assert acme("entity", "tree").done().out.splitlines() == [
        "ID                NAME         LEVEL",
        "ORG               Default      organization",
        "├─ ENG            Engineering  department",
        "│  └─ WEB         WEB          project",
        "│     └─ BACKEND  Backend      team",
        "└─ DS             DS           department",
    ]
    assert acme("entity", "tree", "WEB").done().out.splitlines()[1:] == [
        "WEB         WEB      project",
        "└─ BACKEND  Backend  team",
    ]
    acme("entity", "tree", "nobody").refused(4, "there is no entity 'nobody'", "budget-tui entity list")


def test_the_tree_as_json_is_nested(acme: Cli) -> None:
    tree = acme("entity", "tree", "--json").json
    assert (tree["entity_id"], tree["parent_id"], tree["level"]) == ("ORG", None, "organization")
    assert [child["entity_id"] for child in tree["children"]] == ["ENG", "DS"]
    assert tree["children"][0]["children"][0]["children"][0] == {
        "entity_id": "BACKEND",
        "name": "Backend",
        "level": "team",
        "parent_id": "WEB",
        "path": "/ORG/ENG/WEB/BACKEND/",
        "archived": False,
        "enforced": False,
        "children": [],
    }


def test_every_command_answers_with_the_entity(acme: Cli) -> None:
    assert acme("entity", "add", "X", "--level", "team", "--json").json["path"] == "/ORG/X/"
    assert acme("entity", "move", "X", "DS", "--json").json["path"] == "/ORG/DS/X/"
    assert acme("entity", "rename", "X", "Ex", "--json").json["name"] == "Ex"
    assert acme("entity", "archive", "X", "--json").json["entity_id"] == "X"
    assert [row["entity_id"] for row in acme("entity", "list", "--json").json] == ["ORG", "ENG", "WEB", "BACKEND", "DS"]
    assert acme("entity", "level", "add", "squad", "--below", "team", "--json").json["level"] == "squad"
    assert [row["level"] for row in acme("entity", "levels", "--json").json][-2:] == ["squad", "agent"]


def test_a_move_tells_where_closed_days_count(acme: Cli) -> None:
    assert acme("entity", "move", "BACKEND", "ENG").done().out == "Backend moved below ENG\n"
    moved = acme("--as-of", "2026-02-03", "entity", "move", "WEB", "DS").done()
    assert moved.out == "WEB moved below DS; through Jan 31, 2026, which is closed, it stays below ENG\n"
    back = acme("--as-of", "2026-02-03", "entity", "move", "WEB", "ENG", "--json").json
    assert (back["parent_id"], back["closed_through"], back["closed_parent_id"]) == ("ENG", None, None)
    away = acme("--as-of", "2026-02-03", "entity", "move", "WEB", "DS", "--json").json
    assert (away["parent_id"], away["closed_through"], away["closed_parent_id"]) == ("DS", "2026-01-31", "ENG")


def test_refusals_are_one_line_with_their_codes(acme: Cli) -> None:
    acme("entity", "add", "ENG").refused(5, "'ENG' already exists")
    acme("entity", "add", "X", "--parent", "nobody").refused(4, "'X' cannot be below 'nobody'")
    acme("entity", "move", "ENG", "WEB").refused(2, "'ENG' would stand below itself")
    acme("entity", "archive", "ENG").refused(2, "'ENG' has 'WEB' below it")


@pytest.mark.parametrize("name", ["acme.yaml", "acme.csv"])
def test_what_one_organization_exports_another_imports(acme: Cli, tmp_path: Path, name: str) -> None:
    file = str(tmp_path / name)
    acme("entity", "level", "add", "squad", "--below", "team").done()
    acme("entity", "add", "S", "--level", "squad", "--name", "1,5").done()
    assert acme("entity", "export", file).done().out == f"5 entities written to {file}\n"
    assert Path(file).stat().st_mode & 0o777 == 0o600
    assert Path(file).read_text("utf-8") == acme("entity", "export", "--format", name[5:]).done().out
    acme("org", "add", "other").done()
    acme("--org", "other", "entity", "import", file).refused(4, "'S' has level 'squad', which does not exist")
    acme("--org", "other", "entity", "level", "add", "squad", "--below", "team").done()
    dry = acme("--org", "other", "entity", "import", file, "--dry-run").done()
    assert dry.out == f"{file}: 5 to be added, 0 to be moved, 0 to be renamed\n"
    answer = acme("--org", "other", "entity", "import", file, "--json").json
    assert answer == {"added": ["ENG", "DS", "S", "WEB", "BACKEND"], "moved": [], "renamed": [], "dry_run": False}
    trees = [acme("--org", slug, "entity", "tree").done().out.splitlines()[2:] for slug in ("default", "other")]
    assert trees[0] == trees[1]


def test_a_file_that_cannot_be_written_is_told(acme: Cli, tmp_path: Path) -> None:
    acme("entity", "export", str(tmp_path / "no" / "a.csv")).refused(2, "cannot be written: no such file")


def test_organizations_are_listed_with_how_they_reckon(cli: Cli) -> None:
    assert cli("org", "list").done().out == "no organizations yet: budget-tui org add SLUG\n"
    options = ("--name", "Acme Inc", "--currency", "eur", "--time-zone", "Europe/Berlin", "--anchor", "last")
    cli("org", "add", "acme", *options, "--period", "quarterly", "--fiscal-start", "4").done()
    assert cli("org", "list", "--json").json == [
        {
            "slug": "acme",
            "name": "Acme Inc",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "period": "quarterly",
            "anchor": "last",
            "fiscal_start_month": 4,
        }
    ]
    assert cli("org", "rename", "acme", "Acme").done().out == "acme renamed to Acme\n"
    assert "acme  Acme  EUR       Europe/Berlin  quarterly from the last day" in cli("org", "list").done().out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("Acme",), 2, "'Acme' cannot be a slug"),
        (("acme", "--currency", "euro"), 2, "'euro' is not a currency"),
        (("acme", "--time-zone", "Mars/Base"), 2, "Mars/Base"),
        (("acme", "--period", "custom"), 2, "'custom' is not a kind of period"),
        (("acme", "--anchor", "31"), 2, "periods cannot start on day 31"),
        (("acme", "--fiscal-start", "13"), 2, "13"),
    ],
)
def test_an_organization_that_cannot_be_is_refused(cli: Cli, options: tuple[str, ...], code: int, words: str) -> None:
    cli("org", "add", *options).refused(code, words)
    assert cli("org", "list", "--json").json == []


def test_what_is_below_an_archived_team_changes_no_more_and_undo_goes_on(seeded: Cli) -> None:
    seeded("entity", "add", "T1", "--parent", "pcc").done()
    seeded("entity", "add", "A1", "--parent", "T1", "--level", "agent").done()
    seeded("entity", "archive", "T1").done()
    hint = "'T1', which agent 'A1' belongs to, is archived; budget-tui entity add T1 restores it"
    seeded("entity", "archive", "A1").refused(4, hint)
    seeded("agent", "archive", "A1").refused(4, hint)
    seeded("entity", "rename", "A1", "Other").refused(4, hint)
    for undone in ("T1: archived", "agent A1 added to T1", "team T1 added to PCC"):
        assert seeded("undo").done().out == f"undone: {undone}\n"
