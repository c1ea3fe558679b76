"""Lists and pages of text, with the cursor keys that every list of the dashboard has."""

from textual.containers import VerticalScroll
from textual.widgets import OptionList

from budget_tui.tui.cursor_keys import cursor_bindings


class List(OptionList):
    """Options to choose from."""

    BINDINGS = cursor_bindings("list", "option", ("cursor_down", "cursor_up", "first", "last"))


class Page(VerticalScroll):
    """Text that is scrolled through."""

    BINDINGS = cursor_bindings("page", "line")
