"""What the screens share that have a line above their table to filter it by."""

from textual import on
from textual.widgets import Input

from budget_tui.tui.screens.base import DashboardScreen


class FilteredScreen(DashboardScreen):
    """`AUTO_FOCUS` names the table, which has the focus whenever the filter has not."""

    def filter_line(self, hint: str) -> Input:
        """The line, to be composed; it is shown while there is a filter."""
        field = Input(id="filter", compact=True, placeholder=hint)
        field.display = False
        return field

    def show_filtered(self, text: str) -> None:
        """Show only what matches ``text``; all for ''."""
        raise NotImplementedError

    @property
    def filter_text(self) -> str:
        return self._field.value.strip()

    def action_filter(self) -> None:
        self._field.display = True
        self._field.focus()

    def action_clear_filter(self) -> None:
        self._field.value = ""
        self._field.display = False
        self._back_to_the_table()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.show_filtered(self.filter_text)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._field.display = bool(self.filter_text)
        self._back_to_the_table()

    @property
    def _field(self) -> Input:
        return self.query_one("#filter", Input)

    def _back_to_the_table(self) -> None:
        assert self.AUTO_FOCUS
        self.query_one(self.AUTO_FOCUS).focus()
