"""The input that edits an allocation in its cell."""

from textual.binding import Binding
from textual.message import Message

from budget_tui.tui.widgets.text_field import TextField


class CellEditor(TextField):
    """The input that stands over a cell while it is edited."""

    BINDINGS = [
        Binding("enter", "submit", "Take", id="allocation.take", tooltip="Take what is typed as the allocation"),
        Binding("escape", "leave", "Leave", id="allocation.leave", tooltip="Leave the cell as it was"),
        Binding("tab", "commit_and_go(1)", "Next", id="allocation.next", tooltip="Take it and edit the next project"),
        Binding(
            "shift+tab",
            "commit_and_go(-1)",
            "Previous",
            id="allocation.previous",
            show=False,
            tooltip="Take it and edit the project above",
        ),
    ]

    class Left(Message):
        """The user gave up the edit."""

    class Committed(Message):
        """The user wants this text to count, and then to go on by ``go_on`` rows (0: stay)."""

        def __init__(self, text: str, go_on: int) -> None:
            super().__init__()
            self.text = text
            self.go_on = go_on

    is_waiting = False
    """Whether the text was handed over and no answer has come yet; the app holds back further keys until then."""

    def __init__(self) -> None:
        super().__init__(select_on_focus=False)
        self.display = False

    async def action_submit(self) -> None:
        self._hand_over(0)

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_commit_and_go(self, rows: int) -> None:
        self._hand_over(rows)

    def _hand_over(self, go_on: int) -> None:
        self.is_waiting = True
        self.post_message(self.Committed(self.value, go_on))
