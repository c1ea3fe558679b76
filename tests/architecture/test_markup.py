"""Nothing that a user or a file names is ever markup: what isn't a literal is handed to Textual as `Content`."""

import ast
from collections.abc import Iterator
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parents[2] / "budget_tui" / "tui"
PARSED_CALLS = ("Static", "Label", "Button", "Option", "DiscoveryHit", "update", "add_column")
PARSED_ATTRIBUTES = ("border_title", "border_subtitle", "tooltip", "label", "prompt")
PLAIN = ("Content", "Text")


def trees(folder: Path) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(folder.rglob("*.py"))}


def plain_functions(modules: list[ast.Module]) -> set[str]:
    """The functions that say that they return `Content` or `Text`."""
    functions = (node for module in modules for node in ast.walk(module) if isinstance(node, ast.FunctionDef))
    return {each.name for each in functions if each.returns is not None and ast.unparse(each.returns) in PLAIN}


def markup_in(module: ast.Module, plain: set[str]) -> Iterator[tuple[int, str]]:
    """Where text that nobody knows is handed to what would parse it."""
    for function in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        known = set(plain)
        known |= {each.arg for each in function.args.args if each.annotation and ast.unparse(each.annotation) in PLAIN}
        for node in ast.walk(function):
            for target, value in _assigned(node):
                if isinstance(target, ast.Name) and _is_plain(value, known):
                    known.add(target.id)
        for node in ast.walk(function):
            for value in _parsed(node):
                if not _is_plain(value, known):
                    yield value.lineno, ast.unparse(value)


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=True)
            else:
                yield target, node.value


def _parsed(node: ast.AST) -> Iterator[ast.expr]:
    """What a call or an assignment hands to Textual's parser of markup."""
    for target, value in _assigned(node):
        if isinstance(target, ast.Attribute) and target.attr in PARSED_ATTRIBUTES:
            yield value
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in PARSED_CALLS and "services" not in ast.unparse(called):
            yield from (
                each for each in node.args[:1] if not isinstance(each, ast.Dict | ast.DictComp | ast.GeneratorExp)
            )
        elif name == "Hit":
            yield from node.args[1:2]


def _is_plain(value: ast.expr, known: set[str]) -> bool:
    match value:
        case ast.Constant():
            return not isinstance(value.value, str) or "[" not in value.value
        case ast.IfExp():
            return _is_plain(value.body, known) and _is_plain(value.orelse, known)
        case ast.Name():
            return value.id in known or value.id.isupper()
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner))) if owner in PLAIN:
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="join")):
            return _is_plain(inner, known)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in known or name in PLAIN
    return False


def test_what_is_drawn_is_never_parsed() -> None:
    modules = trees(DASHBOARD)
    plain = plain_functions(list(modules.values()))
    found = [
        f"{path.relative_to(DASHBOARD)}:{line}: {text}"
        for path, module in modules.items()
        for line, text in markup_in(module, plain)
    ]
    assert found == []


def test_markup_is_found_where_it_is() -> None:
    code = """
def compose(self, words: Content, name: str) -> None:
    yield Static("plain")
    yield Label(name)
    yield Label(Content(name))
    self.border_title = f"of {name}"
    self.border_title = words if name else Content("")
    title = Content(name)
    self.query_one(Static).update(title)
    self.query_one(Static).update(name)
    yield Static("[b]bold[/b]")
    texts.update({name: name})
"""
    assert sorted(line for line, _ in markup_in(ast.parse(code), set())) == [4, 6, 10, 11]
