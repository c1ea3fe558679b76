"""Source code as trees."""

import ast
from functools import cache


@cache
def parsed(code: str) -> ast.Module:
    """The tree of a text, which several rules go through."""
    return ast.parse(code)


def dotted(node: ast.expr) -> str:
    """The name of what is called, such as ``sys.stderr.write``; of what is not just names, its last part."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
