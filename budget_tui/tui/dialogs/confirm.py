"""A yes-or-no question."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import BoxScreen


class ConfirmScreen(BoxScreen[bool]):
    """A question, dismissed with True when confirmed, with None when cancelled. Cancel has the focus."""

    BINDINGS = [
        Binding("y", "submit", "Yes", id="confirm.yes", tooltip="Do what the box asks"),
        Binding("n", "leave", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, question: str, confirm: str) -> None:
        super().__init__(title, confirm)
        self._question = question

    def compose_fields(self) -> ComposeResult:
        yield Static(Content(self._question), id="question")

    def on_mount(self) -> None:
        self.query_one(".box").border_subtitle = Content(
            f"{key_of(self, 'confirm.yes')} yes · {key_of(self, 'confirm.no')} no"
        )

    async def submit(self) -> bool:
        return True
