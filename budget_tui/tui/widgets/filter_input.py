"""The line above a table to choose its rows by a part of their text."""

from textual.binding import Binding
from textual.message import Message

from budget_tui.tui.widgets.text_field import TextField


class FilterInput(TextField):
    """Shown while somebody types in it; what matches is shown with each letter."""

    BINDINGS = [
        Binding("enter", "submit", "Keep", id="filter.keep", tooltip="Go on in the table with what is shown"),
        Binding("escape", "leave", "Show all", id="filter.leave", tooltip="Show again what this hides"),
    ]

    class Left(Message):
        """The user wants to see everything again."""

    def __init__(self, hint: str) -> None:
        super().__init__(id="filter", placeholder=hint)
        self.display = False

    def open(self) -> None:
        """Show it, to be typed in."""
        self.display = True
        self.focus()

    def close(self) -> None:
        """Hide it with nothing in it."""
        self.value = ""
        self.display = False

    def action_leave(self) -> None:
        self.post_message(self.Left())
