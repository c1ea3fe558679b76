"""The house as a whole: what lies where, what an import costs, what ships."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.color import Color, ColorParseError

from tests.architecture.code import dotted, parsed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "budget_tui"
TOP_LEVEL = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "budget_tui", "styles", "tests"}
HEAVY = ("textual", "rich", "sqlmodel", "sqlalchemy", "sqlite3", "duckdb", "alembic", "typer", "pydantic", "fastapi")


def run(*command: str | Path, cwd: Path) -> str:
    """What ``command`` printed; the test fails with what it complained about."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_top_level_holds_what_it_should_and_nothing_else() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the project is known only in a git checkout")
    if shutil.which("git") is None:
        pytest.skip("git knows what belongs to the project: apt-get install git")
    # a checkout that belongs to another user is read all the same
    listed = run("git", "-c", "safe.directory=*", "ls-files", "-z", cwd=ROOT).split("\0")
    top = {path.split("/")[0] for path in listed if path}
    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, budget_tui; print(*[name for name in {HEAVY} if name in sys.modules])"
    assert run(sys.executable, "-c", code, cwd=ROOT).split() == []


# Sources


def sources(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def floats_in(code: str) -> Iterator[int]:
    """The lines that make a binary float, or a column of them: ``float(…)``, ``sqlalchemy.Float``."""
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield node.lineno
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("Float", "REAL", "Double", "DOUBLE", "DOUBLE_PRECISION"):
                yield node.lineno


def test_no_amount_becomes_a_float_between_a_file_and_a_screen() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(PACKAGE / "domain", PACKAGE / "storage", PACKAGE / "services")
        for line in floats_in(path.read_text("utf-8"))
    ]
    assert found == []


def test_floats_are_found_where_they_are() -> None:
    assert sorted(floats_in("a = float(b)\nc = Column(sa.Float)\nd = Float()\ne: float = f.float(1)\n")) == [1, 2, 3]


def prints_in(code: str) -> Iterator[int]:
    """The lines that write to the terminal: ``print(…)``, ``typer.echo(…)``, ``sys.stderr.write(…)``."""
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in ("print", "input") or re.search(
                r"\b(s?echo|confirm|prompt|print_exc)$|std(out|err)\.write", name
            ):
                yield node.lineno


def test_one_place_prints() -> None:
    """There, what others wrote becomes harmless."""
    found = {path.relative_to(PACKAGE) for path in sources(PACKAGE) if list(prints_in(path.read_text("utf-8")))}
    assert found == {Path("cli/console.py")}


def test_prints_are_found_where_they_are() -> None:
    code = "print(1)\ntyper.echo(2)\nsay(3)\nsys.stderr.write(4)\ntraceback.print_exc()\nlog.info(6)\n"
    assert sorted(prints_in(code)) == [1, 2, 4, 5]


COMMAND_LINE = re.compile(r"budget-tui (?:[a-z]|$)|(?<![\w-])--[a-z]")
ERRORS = {"BudgetError", "Refused", "InsufficientBudget", "NotFound", "Conflict", "StorageError", "SourceError"}


def command_lines_in(code: str) -> Iterator[int]:
    """The lines of errors that tell everybody of a command line, not only who is at a terminal."""
    for node in ast.walk(parsed(code)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Name)
            or node.func.id not in ERRORS | {"Problem"}
        ):
            continue
        told = [*node.args, *(each.value for each in node.keywords if each.arg != "command")]
        for text in (part for each in told for part in ast.walk(each)):
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and COMMAND_LINE.search(text.value):
                yield text.lineno


def test_errors_tell_of_a_command_line_only_where_there_is_one() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(PACKAGE)
        if PACKAGE / "cli" not in path.parents
        for line in command_lines_in(path.read_text("utf-8"))
    ]
    assert found == []


def test_command_lines_are_found_where_they_are() -> None:
    code = """
raise Refused("no reason", "say why with --reason")
raise NotFound(f"no {x}", hint=f"budget-tui {x} list shows them")
raise NotFound("gone", f"budget-tui plan list shows {them}")
raise NotFound("gone", "make one", command="budget-tui plan create --any")
raise StorageError("written by a newer version of budget-tui", "upgrade budget-tui")
"""
    assert sorted(command_lines_in(code)) == [2, 3, 4]


# Styles


def colour_literals(tcss: str) -> list[str]:
    """Colours written out in the values of ``tcss``: ``#1e1e2e``, ``rgb(…)``, ``hsl(…)``, ``red``, ``ansi_red``.

    Selectors are not looked at: ``#add`` may be the id of a button. Theme variables (``$primary``) and
    ``transparent`` are no literals.
    """
    uncommented = re.sub(r"/\*.*?\*/", "", tcss, flags=re.DOTALL)
    values = re.findall(r"[\w$-]+\s*:([^;{}]+)(?=[;}])", uncommented)
    words = [word for value in values for word in re.findall(r"#\w+|\$?[A-Za-z][\w-]*\(?", value)]
    return [word for word in words if is_colour(word)]


def is_colour(word: str) -> bool:
    if word.startswith("#") or re.fullmatch(r"(rgb|hsl)a?\(", word):
        return True
    if word.startswith("$") or word in ("transparent", "auto"):
        return False
    try:
        Color.parse(word)
    except ColorParseError:
        return False
    return True


def test_styles_take_their_colours_from_the_theme() -> None:
    found = {path.name: colour_literals(path.read_text("utf-8")) for path in sorted((ROOT / "styles").glob("*.tcss"))}
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_colours_are_found_where_they_are() -> None:
    tcss = """
    /* not #111111 */
    #add:hover, .red { color: #ff0000; background: rgb(1, 2, 3) 50%; border: tall ansi_red }
    $edge: hsla(10, 20%, 30%, 0.5);
    #dad { color: $primary; background: transparent; text-style: bold; &:focus { tint: red 10%; } }
    """
    assert colour_literals(tcss) == ["#ff0000", "rgb(", "ansi_red", "hsla(", "red"]


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer would, from a copy that holds only what it needs."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("budget_tui", "styles"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=copy)
    [built] = out.glob("budget_tui-*.whl")
    return built


def test_the_wheel_carries_the_styles_and_says_that_it_is_typed(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    styles = {f"budget_tui/styles/{path.name}" for path in (ROOT / "styles").glob("*.tcss")}
    assert "budget_tui/styles/app.tcss" in styles
    assert styles | {"budget_tui/py.typed"} <= shipped


def test_the_wheel_carries_every_file_of_the_package_and_nothing_beside_it(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    files = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= shipped
    assert {name.split("/")[0].split("-")[0] for name in shipped} == {"budget_tui"}


def test_the_wheel_starts_the_program_it_names(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [entry_points] = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        assert "budget-tui = budget_tui.__main__:main" in archive.read(entry_points).decode()
        assert "budget_tui/__main__.py" in archive.namelist()
