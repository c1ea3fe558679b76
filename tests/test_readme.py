"""What the README says is true: its commands do what it shows, and what it lists is what there is."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from itertools import chain
from pathlib import Path

import pytest
import typer

from budget_tui.cli.app import app, run
from budget_tui.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def sessions() -> list[tuple[str, str]]:
    """Each command of the console blocks with the output shown below it."""
    found = []
    for block in blocks("console"):
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
        assert code == (3 if told.err.startswith("error:") else 0), command
        shown = told.out + told.err
        if not redirection:
            return shown
        behind = ["bash", "-c", f"cat {redirection}"]
        return subprocess.run(behind, input=shown, capture_output=True, encoding="utf-8", check=True).stdout

    return lambda line: "".join(simple(command) for command in line.split(" && "))


def test_the_tour_prints_what_the_readme_shows(shell: Callable[[str], str]) -> None:
    shown = sessions()
    assert len(shown) > 8
    for command, output in shown:
        assert shell(command).strip("\n") == output, command


def test_the_python_example_prints_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from budget_tui.bootstrap import open_services

    [example] = blocks("python")
    path = tmp_path / "tour.db"
    services = open_services(str(path), as_of=date(2026, 1, 13), settings=Settings())
    services.projects.add("python-api")
    services.agents.add("scout", "python-api", tokens=1_100_000)
    services.agents.consume("scout", 200_000)
    exec(example.replace('"tour.db"', repr(str(path))), {})
    assert capsys.readouterr().out.split() == re.findall(r"print\(.*\)  # (\w+)", example)


@pytest.mark.parametrize("line", [line for block in blocks("bash") for line in block.splitlines() if line.strip()])
def test_every_command_line_names_commands_and_options_that_exist(line: str) -> None:
    for call in re.findall(r"budget-tui ((?:[\w.@~/*:='\"-]+ ?)+)", line):
        words = [word.strip("'\")") for word in call.split()]
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            found = command.get_command(typer.Context(command), name)
            assert found is not None, f"{name} in: {line}"
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_ci_runs_the_readmes_own_test_command() -> None:
    demo, tests = (block.strip() for block in blocks("bash")[:2])
    assert demo.endswith("budget-tui demo")
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_pictures_and_folders_exist() -> None:
    for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_every_setting_is_listed() -> None:
    listed = set(re.findall(r"^\| `\[?(\w+)\]?` \|", README, re.MULTILINE))
    assert {field.name for field in fields(Settings)} <= listed


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    dependencies = [*project["dependencies"], *extras["api"], *extras["mcp"]]
    names = {re.split(r"[<>=\[ ]", dependency)[0] for dependency in dependencies}
    table = README[README.index("| dependency |") :].split("\n\n")[0]
    listed = {name.strip() for row in table.splitlines()[2:] for name in row.split("|")[1].split(",")}
    assert listed == names


def test_every_key_that_can_be_given_is_listed() -> None:
    from budget_tui.tui.app import bindings_of_editors, bindings_of_screens

    listed = set(re.findall(r"`([a-z.]+)`", README[README.index("The ids are") :].split("\n\n")[0]))
    assert listed == {binding.id for binding in chain(*bindings_of_screens(), bindings_of_editors())}
