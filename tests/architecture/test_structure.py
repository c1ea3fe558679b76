"""How the files depend on each other, and what each may know. Every rule finds what is planted."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from budget_tui.bootstrap import Services
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.demo import load_demo
from budget_tui.storage.database import database_at
from budget_tui.storage.session import Session
from tests.architecture.code import parsed

PACKAGE = Path(__file__).resolve().parents[2] / "budget_tui"
LARGEST_CYCLE = 2


def sources_of(package: Path) -> dict[str, str]:
    """The text of each module, by its dotted name."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path.read_text(
            "utf-8"
        )
        for path in sorted(package.rglob("*.py"))
    }


def imports_of(module: str, tree: ast.AST, modules: Mapping[str, str]) -> set[str]:
    """The modules of the package that one imports: at the top, in functions, and for types alone."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in modules else node.module for name in names}
    return {name for name in found if name in modules and name != module}


def graph_of(modules: Mapping[str, str]) -> dict[str, set[str]]:
    return {module: imports_of(module, parsed(text), modules) for module, text in modules.items()}


def cycles_in(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """The groups of modules that import each other, directly or not."""
    reach = {module: reachable(graph, module) for module in graph}
    groups = {frozenset(other for other in reach[module] if module in reach[other]) for module in graph}
    return [set(group) for group in groups if len(group) > 1]


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found, ahead = set(), [start]
    while ahead:
        for module in graph[ahead.pop()] - found:
            found.add(module)
            ahead.append(module)
    return found


def test_no_more_than_two_files_import_each_other() -> None:
    graph = graph_of(sources_of(PACKAGE))
    assert [sorted(group) for group in cycles_in(graph) if len(group) > LARGEST_CYCLE] == []


def test_cycles_are_found_where_they_are() -> None:
    modules = {
        "p": "",
        "p.a": "from p import b",
        "p.b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.c import C",
        "p.c": "def late():\n    from p.a import x",
        "p.d": "import p.a",
    }
    assert [sorted(group) for group in cycles_in(graph_of(modules))] == [["p.a", "p.b", "p.c"]]


# Late imports
#
# A file that every start loads may import late what only some runs need: the dashboard's first frame and the status
# line wait for nothing else. Any other file imports at the top, save what takes long and is not always needed.

SLOW = re.compile(
    r"duckdb|yaml|apprise|genai_prices\.data_snapshot"
    r"|budget_tui\.(api\.app|mcp_server|tui\.run)"  # whole programs, the first two of them with an extra
    r"|budget_tui\.storage\.(migrations|database\.(copying|sqlite_checks))"  # they load Alembic or SQLAlchemy
)
EVERY_START = """
import sys
import budget_tui.__main__, budget_tui.bootstrap, budget_tui.cli.main, budget_tui.tui.app, budget_tui.tui.run
from budget_tui.cli.main import run
run(["--db", sys.argv[1], "status", "--line"])
print(*sys.modules, file=sys.stderr)
"""


def late_imports_in(tree: ast.AST, modules: Mapping[str, str]) -> set[str]:
    """What is imported inside functions: modules of the package, and others by their first name."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    found: set[str] = set()
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & set(modules) or {node.module}
    return found


def needless(modules: Mapping[str, str], early: set[str]) -> list[str]:
    """The late imports of files that not every start loads, but for those of what is slow."""
    return [
        f"{module}: {name}"
        for module, text in modules.items()
        if module not in early
        for name in sorted(late_imports_in(parsed(text), modules))
        if not SLOW.fullmatch(name)
    ]


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The modules that are loaded after ``code``, which prints them on standard error."""
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", check=True)
    return set(ran.stderr.split())


def test_imports_stand_at_the_top(tmp_path: Path) -> None:
    path = str(tmp_path / "budget.db")
    database_at(path).create()
    assert needless(sources_of(PACKAGE), loaded_by(EVERY_START, path)) == []


def test_late_imports_are_found_where_they_are() -> None:
    late = "def f():\n    from p import b\n    import duckdb\n    import json\n    from p.c import x\n"
    modules = {"p": "", "p.a": late, "p.b": late, "p.c": "import json\nclass C:\n    import p.a"}
    assert needless(modules, {"p.b"}) == ["p.a: json", "p.a: p.b", "p.a: p.c"]


@pytest.mark.parametrize(
    "module",
    ["budget_tui.bootstrap", "budget_tui.tui.app", "budget_tui.services.snapshots", "budget_tui.storage.fast_paths"],
)
def test_what_comes_first_loads_nothing_slow(module: str) -> None:
    loaded = loaded_by(f"import sys, {module}; print(*sys.modules, file=sys.stderr)")
    assert module in loaded
    assert loaded & {"sqlalchemy", "sqlmodel", "pydantic", "duckdb", "alembic"} == set()


NUMBERS = """
import sys
from pathlib import Path
from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from budget_tui.tui.app import _read
services = Services(Context(database_at(Path(sys.argv[1])), "default", Clock(), "ada"), Settings())
snapshot, *_, newest = _read(services, None)
_read(services, newest)
assert newest and snapshot.projects
print(*sys.modules, file=sys.stderr)
"""


def test_the_numbers_of_the_dashboard_load_nothing_slow(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    context = Context(database_at(path), "default", Clock(), "ada")
    load_demo(context)
    assert loaded_by(NUMBERS, str(path)) & {"sqlalchemy", "sqlmodel", "pydantic", "duckdb", "alembic"} == set()


def test_what_is_named_by_text_is_there() -> None:
    """Services and repositories are loaded by name, which no type checker follows."""
    for owner, base in ((Services, "services"), (Session, "storage.repositories")):
        named = [each for each in vars(owner).values() if hasattr(each, "_class_name")]
        assert len(named) > 10
        for each in named:
            assert each._module.startswith(f"budget_tui.{base}.")
            assert hasattr(importlib.import_module(each._module), each._class_name)


def test_whatever_reads_foresees_fees_that_are_due() -> None:
    """A service's reader is the context's, in which they are booked; only keys are read without one."""
    modules = sources_of(PACKAGE)
    reading = {
        module for module, text in modules.items() if re.search(r"\bDatabaseReader\(|\bdatabase\.reader\(", text)
    }
    assert reading - {"budget_tui.storage.unit_of_work"} == {"budget_tui.services.context", "budget_tui.services.keys"}


# Small files

SMALL = 80
NAMED = re.compile(
    r"budget_tui\.(cli|api\.routes|sources|tui\.screens|tui\.dialogs|storage\.migrations)(\..*)?"
    r"|budget_tui\.(services|schemas|storage\.repositories)\.\w+"  # one for each noun, loaded by its name
    r"|budget_tui\.tui\.key_bindings"  # it loads every screen and box, for settings that choose keys
)
"""A file here is found by what it is called."""


def small_parts(modules: Mapping[str, str], named: re.Pattern[str] = NAMED) -> list[str]:
    """The files so small, with a single importer, that they are part of that one."""
    graph = graph_of(modules)
    importers = {module: [other for other in graph if module in graph[other]] for module in modules}
    return [
        module
        for module, text in modules.items()
        if len(importers[module]) == 1 and text.count("\n") < SMALL and not named.fullmatch(module) and "." in module
    ]


def test_what_is_small_and_imported_once_is_part_of_its_importer() -> None:
    assert small_parts(sources_of(PACKAGE)) == []


def test_small_parts_are_found_where_they_are() -> None:
    modules = {"p": "", "p.a": "import p.b, p.c, p.d, p.s.x", "p.b": "x = 1\n" * 80, "p.c": "import p.d", "p.d": ""}
    assert small_parts(modules | {"p.s.x": ""}, re.compile(r"p\.s\.\w+")) == ["p.c"]


# Engines

KNOWS_ENGINES = re.compile(r"budget_tui\.storage\.(engine|database(\.\w+)?|migrations(\.versions)?(\.\w+)?)")
ENGINES = re.compile(r"(sqlite3|psycopg|sqlalchemy\.dialects)(\.\w+)*")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|DROP|ALTER|BEGIN|COMMIT|PRAGMA|COPY)\s")
HAS_SQL = re.compile(rf"{KNOWS_ENGINES.pattern}|budget_tui\.storage\.fast_paths|budget_tui\.sources\..*")


def engines_in(tree: ast.AST) -> Iterator[int]:
    """The lines that import an engine's driver or dialect, or ask which engine it is."""
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.Import) and any(ENGINES.fullmatch(alias.name) for alias in node.names))
            or (isinstance(node, ast.ImportFrom) and ENGINES.fullmatch(node.module or ""))
            or (isinstance(node, ast.Compare) and "dialect" in ast.unparse(node))
        ):
            yield node.lineno


def sql_in(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno


def lines_with(
    find: Callable[[ast.AST], Iterator[int]], allowed: re.Pattern[str], modules: Mapping[str, str]
) -> list[str]:
    return [
        f"{module}:{line}"
        for module, text in modules.items()
        if not allowed.fullmatch(module)
        for line in find(parsed(text))
    ]


def test_only_the_folder_of_databases_knows_which_engine_it_is() -> None:
    modules = {name: text for name, text in sources_of(PACKAGE).items() if name.startswith("budget_tui.storage")}
    assert lines_with(engines_in, KNOWS_ENGINES, modules) == []


def test_sql_as_text_is_in_the_fast_paths() -> None:
    assert lines_with(sql_in, HAS_SQL, sources_of(PACKAGE)) == []


def test_engines_and_sql_are_found_where_they_are() -> None:
    code = """
import sqlite3
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert
import sqlalchemy
if c.dialect.name == 'sqlite': pass
x = 'SELECT 1'
y = f'UPDATE {x} SET a = 1'
z = 'Select one'
"""
    planted = {"budget_tui.storage.planted": code, "budget_tui.storage.database.planted": code}
    assert lines_with(engines_in, KNOWS_ENGINES, planted) == [f"budget_tui.storage.planted:{n}" for n in (2, 3, 4, 6)]
    assert lines_with(sql_in, HAS_SQL, planted) == ["budget_tui.storage.planted:7", "budget_tui.storage.planted:8"]
