"""``manual``: its topics, its pages, and what it does not need."""

from pathlib import Path

import pytest

from budget_tui.presentation.manual import TOPICS
from tests.cli.conftest import Cli
from tests.manual_pages import MANUAL


def test_the_topics_are_the_pages() -> None:
    assert sorted(TOPICS) == sorted(page.stem for page in MANUAL.glob("*.md"))


def test_without_a_topic_every_one_is_listed_in_a_line(cli: Cli) -> None:
    lines = cli("manual").done().out.splitlines()
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1 : len(TOPICS) + 1]}
    assert tuple(listed) == TOPICS
    for topic, about in listed.items():
        assert about in (MANUAL / f"{topic}.md").read_text("utf-8").splitlines()[2]
    assert lines[-1] == "read one with: budget-tui manual TOPIC"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_printed_without_its_pictures(cli: Cli, topic: str) -> None:
    shown = cli("manual", topic).done().out
    written = [line for line in (MANUAL / f"{topic}.md").read_text("utf-8").splitlines() if line]
    assert [line for line in shown.splitlines() if line] == [line for line in written if not line.startswith("![")]
    assert "\n\n\n" not in shown


def test_as_json(cli: Cli) -> None:
    assert [each["topic"] for each in cli("manual", "--json").done().json] == list(TOPICS)
    page = cli("manual", "agents", "--json").done().json
    assert page["summary"] == "Token budgets and prices, from the command line and from Python."
    assert page["text"] == cli("manual", "agents").done().out


def test_an_unknown_topic_names_those_that_there_are(cli: Cli) -> None:
    cli("manual", "Agents").refused(4, "the manual has no topic 'Agents'", *TOPICS)
    cli("manual", "../../README").refused(4, "the manual has no topic '../../README'")


def test_it_needs_no_database(cli: Cli, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    cli("--db", str(missing), "--org", "nobody", "manual", "concepts").done()
    assert not missing.exists()


def test_where_files_are(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, folder in (("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    state = tmp_path / "state/budget-tui"
    expected = {
        "settings": str(tmp_path / "config/budget-tui/settings.toml"),
        "database": str(tmp_path / "none.db"),
        "log": str(state / "budget-tui.log"),
        "state": str(state),
    }
    assert cli("--db", str(tmp_path / "none.db"), "config", "path", "--json").done().json == expected
    lines = cli("--db", str(tmp_path / "none.db"), "config", "path").done().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [list(each) for each in expected.items()]
    assert not (tmp_path / "none.db").exists()
    settings = tmp_path / "config/budget-tui/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("bell = 5\n", "utf-8")
    ran = cli("--db", str(tmp_path / "none.db"), "config", "path", "--json")
    assert (ran.code, ran.json) == (0, expected), "it is what one looks for to mend the settings"
    assert ran.err.startswith(f"warning: 'bell' in {settings} is neither true nor false")
