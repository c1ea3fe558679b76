"""Rows of which one cell can be edited, and the keys that begin that."""

from collections.abc import Callable

from rich.text import Text
from textual import events, on
from textual.binding import Binding
from textual.widgets import DataTable

from budget_tui.tui.widgets.keys import act_at_once

PADDING = 1


class EditableRows(DataTable[Text]):
    """``begin_edit`` is called with the sign that the editor opens with. It is a call and no message, so that the next
    key of a burst finds the editor open."""

    BINDINGS = [
        Binding("enter,e", "edit", "Edit", id="allocation.edit", tooltip="Edit the cell under the cursor"),
        Binding("plus", "edit('+')", "More", id="allocation.more", show=False, tooltip="Edit the cell: a step more"),
        Binding("minus", "edit('-')", "Less", id="allocation.less", show=False, tooltip="Edit the cell: a step less"),
        Binding(
            "equals_sign", "edit('=')", "Set", id="allocation.set", show=False, tooltip="Edit the cell: another amount"
        ),
    ]

    def __init__(self, begin_edit: Callable[[str], None]) -> None:
        super().__init__(cursor_type="row", cursor_foreground_priority="renderable", cell_padding=PADDING)
        self._begin_edit = begin_edit

    def action_scroll_home(self) -> None:
        """The first row: there is no first column to go to where the cursor is a row."""
        self.action_scroll_top()

    def action_scroll_end(self) -> None:
        """The last row."""
        self.action_scroll_bottom()

    @on(DataTable.RowHighlighted)
    def _keep_to_itself(self, event: DataTable.RowHighlighted) -> None:
        """Who needs to know where the cursor is looks; up to the app, each cursor key would be told three times."""
        event.stop()

    @property
    def _is_empty(self) -> bool:
        """Whether it was filled, with nothing: there is no cell to edit."""
        return bool(self.columns) and not self.row_count

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "edit" and self._is_empty else super().check_action(action, parameters)

    async def on_key(self, event: events.Key) -> None:
        if not self._is_empty:
            await act_at_once(self, event)

    def on_click(self, event: events.Click) -> None:
        """A click chooses a row, a second one edits it."""
        if event.chain == 2 and "row" in event.style.meta and event.style.meta["row"] >= 0:
            self.action_edit()

    def action_edit(self, sign: str = "") -> None:
        self._begin_edit(sign)
