"""The README and the manual are true: their commands print what they show, and their lists are complete."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
import typer

from budget_tui.cli.app import app, run
from budget_tui.config.settings import Settings, load_settings
from tests.key_tables import HEADING, key_tables
from tests.key_tables import PAGE as KEYS
from tests.manual_pages import MANUAL, PAGES, README, ROOT, blocks

README_BYTES_AT_MOST = 10_000
SUMMARY_CHARACTERS_AT_MOST = 90

on_every_page = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])


def sessions(page: Path) -> list[tuple[str, str]]:
    """Each command of the console blocks with the output shown below it."""
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip("\n")))
    return found


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Runs a command line as a shell does, but the program itself in this process: to start it takes longer than it.

    Returns what it prints; what stands behind the program's arguments, such as a pipe, is left to a shell.
    """
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def simple(command: str) -> str:
        command, _, ends_with = command.partition("  # ends with ")
        name, *words = shlex.split(command)
        if name == "export":
            for variable, _, value in (word.partition("=") for word in words):
                monkeypatch.setenv(variable, value)
            return ""
        if name == "unset":
            for word in words:
                monkeypatch.delenv(word)
            return ""
        ours, redirection = re.fullmatch(r"(budget-tui [^|<>;&$`]*)(.*)", command, re.DOTALL).groups()  # type: ignore[union-attr]
        code, told = run(shlex.split(ours)[1:]), capsys.readouterr()
        # What the tour is refused, it is refused for want of budget.
        assert code == int(ends_with or (3 if told.err.startswith("error:") else 0)), command
        shown = told.out + told.err
        if not redirection:
            return shown
        behind = ["bash", "-c", f"cat {redirection}"]
        return subprocess.run(behind, input=shown, capture_output=True, encoding="utf-8", check=True).stdout

    return lambda line: "".join(simple(command) for command in line.split(" && "))


@pytest.mark.parametrize("page", [page for page in PAGES if sessions(page)], ids=lambda page: page.stem)
def test_commands_print_what_the_page_shows(shell: Callable[[str], str], page: Path) -> None:
    for command, output in sessions(page):
        assert shell(command).strip("\n") == output, command


def test_the_readme_has_a_tour_and_is_short() -> None:
    assert len(sessions(README)) > 8
    assert README.stat().st_size <= README_BYTES_AT_MOST


def test_the_python_example_prints_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from budget_tui.bootstrap import open_services

    [example] = blocks(MANUAL / "agents.md", "python")
    path = tmp_path / "agents.db"
    services = open_services(str(path), as_of=date(2026, 1, 13), settings=Settings())
    services.projects.add("python-api")
    services.agents.add("scout", "python-api", tokens=1_100_000)
    services.agents.consume("scout", 200_000)
    exec(example.replace('"agents.db"', repr(str(path))), {})
    assert capsys.readouterr().out.split() == re.findall(r"print\(.*\)  # (\w+)", example)


@pytest.mark.parametrize(
    "line", [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]
)
def test_every_command_line_names_commands_and_options_that_exist(line: str) -> None:
    for call in re.findall(r"budget-tui ((?:[\w.@~/*:='\"-]+ ?)+)", line):
        words = [word.strip("'\")") for word in call.split()]
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            if name in ("--db", "--org", "--as-of"):
                words.pop(0)
                continue
            found = command.get_command(typer.Context(command), name)
            assert found is not None, f"{name} in: {line}"
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_ci_runs_the_readmes_own_test_command() -> None:
    demo, tests = (block.strip() for block in blocks(README, "bash")[:2])
    assert demo.endswith("budget-tui demo")
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@on_every_page
def test_pictures_and_pages_that_are_linked_exist(page: Path) -> None:
    targets = re.findall(r"\[[^]]*\]\(([^)#]+)\)", page.read_text("utf-8"))
    for target in targets:
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_of_the_manual_begins_with_its_title_and_a_summary() -> None:
    for page in PAGES[1:]:
        title, _, summary, *_ = page.read_text("utf-8").splitlines()
        assert re.fullmatch(r"# \w.*", title)
        assert re.fullmatch(r"\w.*[.?\"]", summary), page.name
        assert len(summary) <= SUMMARY_CHARACTERS_AT_MOST


def test_the_readme_leads_to_every_page_of_the_manual() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]\(budget_tui/manual/\1\.md\)", README.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == [page.stem for page in PAGES[1:]]


def test_every_setting_is_listed() -> None:
    listed = set(re.findall(r"^\| `\[?(\w+)(?:\.NAME)?\]?` \|", KEYS.read_text("utf-8"), re.MULTILINE))
    assert {field.name for field in fields(Settings)} <= listed


def test_the_example_of_settings_is_read(tmp_path: Path) -> None:
    [example] = blocks(KEYS, "toml")
    file = tmp_path / "settings.toml"
    file.write_text(example, "utf-8")
    assert load_settings(file).keys == {"project.rename": "R", "undo": "u,f9"}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    dependencies = [*project["dependencies"], *extras["api"], *extras["mcp"]]
    names = {re.split(r"[<>=\[ ]", dependency)[0] for dependency in dependencies}
    page = (MANUAL / "development.md").read_text("utf-8")
    table = page[page.index("| dependency |") :].split("\n\n")[0]
    listed = {name.strip() for row in table.splitlines()[2:] for name in row.split("|")[1].split(",")}
    assert listed == names


def test_the_tables_of_keys_are_those_of_the_dashboard() -> None:
    shown = KEYS.read_text("utf-8").split(HEADING)[1].strip()
    assert shown == key_tables().strip(), "python -m tests.key_tables writes them"
