"""What of Textual is private to it: used in one file, each use with a test here, and overridden nowhere by accident."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.dom import DOMNode

import budget_tui.tui
from budget_tui.tui.theme import ThemedApp
from tests.tui.conftest import OpenDashboard

PACKAGE = Path(budget_tui.tui.__path__[0])
USED = {"theme.py": {"_close_messages_no_wait", "_exception", "_fatal_error"}}
OF_NAMED_TUPLES = {"_asdict", "_replace"}


def classes() -> dict[str, type[DOMNode]]:
    """Every class of ours that is built upon one of Textual's."""
    return {
        f"{value.__module__}.{value.__name__}": value
        for module in pkgutil.walk_packages([str(PACKAGE)], "budget_tui.tui.")
        for _, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if issubclass(value, DOMNode) and value.__module__.startswith("budget_tui.")
    }


@cache
def own_names(owner: type) -> frozenset[str]:
    """The private names that a class itself defines, or sets on its instances."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                names.add(target.attr)
            elif isinstance(target, ast.Name) and node in tree.body:
                names.add(target.id)
    return frozenset(name for name in names if re.match(r"_[a-z]", name))


def names_taken(owner: type) -> set[str]:
    """The private names of a class that are those of Textual's classes which it is built upon."""
    textual = [base for base in owner.__mro__ if base.__module__.startswith("textual.")]
    return {name for name in own_names(owner) if any(name in own_names(base) for base in textual)}


def foreign_names(code: str) -> Iterator[str]:
    """The private names that are asked of something else than ``self``."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Attribute) or not re.match(r"_[a-z]", node.attr):
            continue
        if ast.unparse(node.value) not in ("self", "cls"):
            yield node.attr


def test_no_private_name_of_textual_is_taken_but_where_it_is_meant() -> None:
    found = {name: taken for name, owner in classes().items() if (taken := names_taken(owner))}
    assert found == {"budget_tui.tui.theme.ThemedApp": {"_fatal_error"}}


def test_private_names_are_used_in_one_file() -> None:
    found = {
        path.name: names
        for path in sorted(PACKAGE.rglob("*.py"))
        if (names := set(foreign_names(path.read_text("utf-8"))) - OF_NAMED_TUPLES)
    }
    assert found == {}
    used = re.findall(r"\b_[a-z]\w*", (PACKAGE / "theme.py").read_text("utf-8"))
    assert USED["theme.py"] <= set(used)


def test_taken_and_foreign_names_are_found() -> None:
    class Clash(ThemedApp):
        def _fatal_error(self) -> None: ...

        def __init__(self) -> None:
            super().__init__()
            self._exception = None

    assert names_taken(Clash) == {"_fatal_error", "_exception"}
    assert list(foreign_names("self._own\nself.app._keymap\nsuper()._on_blur(event)")) == ["_keymap", "_on_blur"]


class Failing(ThemedApp):
    def compose(self) -> ComposeResult:
        raise LookupError("nothing can be shown")


async def test_an_app_that_fails_ends_and_keeps_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """`_fatal_error` ends it by `_close_messages_no_wait`; `_exception` is why."""
    app = Failing()
    await app.run_async(headless=True)
    assert isinstance(app.error, LookupError)
    assert capsys.readouterr() == ("", "")


async def test_an_app_that_ends_as_it_should_has_no_error(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("q")
    assert dashboard.app.error is None
