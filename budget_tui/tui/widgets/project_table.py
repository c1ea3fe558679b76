"""The rows of the project table and the keys that act on the one under the cursor."""

from collections.abc import Callable
from time import monotonic

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import DataTable

from budget_tui.tui.widgets.keys import act_at_once
from budget_tui.tui.widgets.project_columns import PADDING

DELTA_SECONDS = 1.5
"""A digit that follows a nudge within this time belongs to it: ``+20`` was meant, not a step and then 20."""


class ProjectTable(DataTable[Text]):
    """The rows. A digit begins an edit of the allocation under the cursor.

    ``begin_edit`` is called with what was typed already. It is a call and no message, so that the next key of a
    burst finds the editor open.
    """

    BINDINGS = [
        Binding("enter", "edit", "Edit", id="allocation.edit", tooltip="Edit the allocation in its cell"),
        Binding(
            "0,1,2,3,4,5,6,7,8,9,full_stop",
            "edit",
            "Type",
            id="allocation.type",
            show=False,
            tooltip="Begin to type an allocation: 120, 25% or rest",
        ),
        Binding("plus", "nudge(1)", "+ step", id="allocation.more", show=False, tooltip="Allocate a step more"),
        Binding("minus", "nudge(-1)", "- step", id="allocation.less", show=False, tooltip="Allocate a step less"),
    ]

    class Nudged(Message):
        """The user wants a step more (1) or less (-1) for the project that was under the cursor then.

        ``takes_back``: this undoes the nudge before it, if that one was taken.
        """

        def __init__(self, project_id: str, direction: int, *, takes_back: bool = False) -> None:
            super().__init__()
            self.project_id = project_id
            self.direction = direction
            self.takes_back = takes_back

    def __init__(self, begin_edit: Callable[[str], None], *, header_height: int) -> None:
        super().__init__(
            cursor_type="row",
            cursor_foreground_priority="renderable",
            cell_padding=PADDING,
            header_height=header_height,
        )
        self._begin_edit = begin_edit
        self._nudged: tuple[str, int, float] | None = None

    @property
    def _project_id(self) -> str:
        """The project under the cursor; there is one."""
        return str(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value)

    async def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character in "0123456789.":
            event.stop()
            event.prevent_default()
            self._begin_edit(self._sign_typed_before(event) + event.character)
        else:
            await act_at_once(self, event)

    def _sign_typed_before(self, event: events.Key) -> str:
        """The sign of a nudge that was the beginning of a typed delta, such as ``+20``; the nudge is taken back."""
        if self._nudged is None:
            return ""
        project_id, direction, at = self._nudged
        self._nudged = None
        if event.time - at > DELTA_SECONDS or project_id != self._project_id:
            return ""
        self.post_message(self.Nudged(project_id, -direction, takes_back=True))
        return "+" if direction > 0 else "-"

    def on_click(self, event: events.Click) -> None:
        """A click chooses a project, a second one edits its allocation."""
        if event.chain == 2 and "row" in event.style.meta and event.style.meta["row"] >= 0:
            self.action_edit()

    def action_edit(self) -> None:
        self._begin_edit("")

    def action_nudge(self, direction: int) -> None:
        if self.row_count:
            self._nudged = (self._project_id, direction, monotonic())
            self.post_message(self.Nudged(self._project_id, direction))
