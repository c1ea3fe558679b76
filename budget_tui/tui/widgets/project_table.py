"""The rows of the project table and the keys that act on the one under the cursor."""

from time import monotonic

from textual import events
from textual.binding import Binding
from textual.message import Message

from budget_tui.tui.widgets.editable_rows import EditableRows

DELTA_SECONDS = 1.5
"""A digit that follows a nudge within this time belongs to it: ``+20`` was meant, not a step and then 20."""


class ProjectTable(EditableRows):
    """Projects, with ``+`` and ``-`` for a step more or less."""

    BINDINGS = [
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

    _nudged: tuple[str, int, float] | None = None

    def typed_before(self, event: events.Key) -> str:
        """The sign of a nudge that was the beginning of a typed delta, such as ``+20``; the nudge is taken back."""
        if self._nudged is None:
            return ""
        project_id, direction, at = self._nudged
        self._nudged = None
        if event.time - at > DELTA_SECONDS or project_id != self.row_id:
            return ""
        self.post_message(self.Nudged(project_id, -direction, takes_back=True))
        return "+" if direction > 0 else "-"

    def action_nudge(self, direction: int) -> None:
        if self.row_count:
            self._nudged = (self.row_id, direction, monotonic())
            self.post_message(self.Nudged(self.row_id, direction))
