"""How the files depend on each other: in no circles. Each rule finds what is planted."""

import ast
from collections.abc import Mapping
from pathlib import Path

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
    return {module: imports_of(module, ast.parse(text), modules) for module, text in modules.items()}


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
