"""What the screens share that have a line above their table to filter it by."""

from textual import on
from textual.widgets import Input

from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.widgets.filter_input import FilterInput


class FilteredScreen(DashboardScreen):
    """`AUTO_FOCUS` names the table, which has the focus whenever the filter has not."""

    def show_filtered(self, text: str) -> None:
        """Show only what matches ``text``; all for ''."""
        raise NotImplementedError

    @property
    def filter_text(self) -> str:
        return self._field.value.strip()

    def action_filter(self) -> None:
        self._field.open()

    @on(FilterInput.Left)
    def action_clear_filter(self) -> None:
        self._field.close()
        self._back_to_the_table()

    @on(Input.Changed, "FilterInput")
    def _filtered(self) -> None:
        self.show_filtered(self.filter_text)

    @on(Input.Submitted, "FilterInput")
    def _filter_done(self) -> None:
        self._field.display = bool(self.filter_text)
        self._back_to_the_table()

    @property
    def _field(self) -> FilterInput:
        return self.query_one(FilterInput)

    def _back_to_the_table(self) -> None:
        assert self.AUTO_FOCUS
        self.query_one(self.AUTO_FOCUS).focus()
