"""Lists and pages of text, with the cursor keys that every list of the dashboard has."""

from textual.containers import VerticalScroll
from textual.widgets import OptionList

from budget_tui.tui.cursor_keys import cursor_bindings


class List(OptionList):
    """Entries to go through; options that letters search are those of a `Picker`."""

    BINDINGS = cursor_bindings("list", "entry", ("cursor_down", "cursor_up", "first", "last"))


class Page(VerticalScroll):
    """Text that is scrolled through."""

    BINDINGS = cursor_bindings("page", "line")
