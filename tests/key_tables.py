"""The tables of keys in the manual, made from the bindings: ``python -m tests.key_tables`` writes them."""

from collections.abc import Iterable
from pathlib import Path

from textual.binding import Binding

from budget_tui.tui.chrome import SCREENS
from budget_tui.tui.key_bindings import bindings_of_editors, bindings_of_screens

PAGE = Path(__file__).parent.parent / "budget_tui" / "manual" / "keys-and-settings.md"
HEADING = "## Every key\n"
SIGNS = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "slash": "/",
    "dollar_sign": "$",
    "exclamation_mark": "!",
    "escape": "Esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def key_tables() -> str:
    """A table for each screen, one for what holds on all of them, one for editors and boxes."""
    screens = bindings_of_screens()
    everywhere = [binding for binding in screens[0] if all(binding in screen for screen in screens)]
    tables = [_table("On every screen", everywhere)]
    for (_, _, name), bindings in zip(SCREENS, screens, strict=True):
        tables.append(_table(name, (binding for binding in bindings if binding not in everywhere)))
    tables.append(_table("In editors, lists and boxes", bindings_of_editors()))
    return "\n".join(tables)


def _table(title: str, bindings: Iterable[Binding]) -> str:
    rows = [f"| {_keys(binding)} | {binding.tooltip} | `{binding.id}` |" for binding in bindings]
    return "\n".join([f"### {title}", "", "| key | does | id |", "|---|---|---|", *rows, ""])


def _keys(binding: Binding) -> str:
    return " ".join(f"`{_name(key.strip())}`" for key in binding.key.split(","))


def _name(key: str) -> str:
    if len(key) == 1:
        return key
    return "+".join(SIGNS.get(part, part.upper() if len(part) == 1 else part.capitalize()) for part in key.split("+"))


if __name__ == "__main__":
    text, _, _ = PAGE.read_text("utf-8").partition(HEADING)
    PAGE.write_text(f"{text}{HEADING}\n{key_tables()}", "utf-8")
