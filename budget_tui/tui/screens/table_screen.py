"""A screen of one table with sums, a filter above it, and commands on the row under its cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.content import Content

from budget_tui.presentation.columns import Column
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.project_form import ProjectFormScreen
from budget_tui.tui.editing import EditableRows, EditableTable
from budget_tui.tui.screens.base import FilteredScreen
from budget_tui.tui.table import Row, Table

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.services.agents import Agents
    from budget_tui.services.projects import Projects

AROUND_BODY = 4
"""Lines of the screen beside its body: the bar, the notice, the freshness, the keys."""
AROUND_ROWS = 6
"""Lines of the table beside its rows: the margin, the header, the line, the sums, the summary and one more of it."""
MIN_CHARTS_HEIGHT = 10
"""Lines that charts below a table need."""


class FilteredTable(EditableTable[Row]):
    """Rows that can be filtered, sorted and edited, with sums below."""

    HAS_SUMS = True
    NOUN: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._filter_text = ""

    def make_table(self) -> Table[Row]:
        return EditableRows((), self.id_of)

    @abstractmethod
    def id_of(self, row: Row) -> str: ...

    @abstractmethod
    def searched(self, row: Row) -> Iterable[str]:
        """Return the texts to search; a row matches if one of them contains the filter's text."""

    @abstractmethod
    def overall_summary(self, hints: Sequence[str]) -> Content:
        """Return the summary of all rows, with ``hints`` about the filter and the order."""

    def show(self, rows: Sequence[Row], columns: Sequence[Column[Row]], *, keeps_order: bool = False) -> None:
        self.table.why_empty = (
            f"no {self.NOUN}s yet: {key_of(self.screen, f'{self.NOUN}.add')} adds one" if not rows else ""
        )
        self.table.show(rows, columns, keeps_order=keeps_order)
        self.refresh_rows()

    def filter(self, text: str) -> None:
        """Show only the rows that contain ``text``."""
        self._filter_text, wanted = text, text.casefold()
        self.table.show_only(
            (lambda row: any(wanted in each.casefold() for each in self.searched(row))) if text else None
        )
        self.refresh_rows()

    @on(Table.SortRequested)
    def _header_clicked(self, event: Table.SortRequested) -> None:
        event.stop()
        self.sort_by(event.key)

    def summary(self) -> Content:
        table = self.table
        if not table.all_rows:
            return Content("")
        hints = []
        if self._filter_text:
            hints.append(f"{len(table.rows)} of {len(table.all_rows)} match '{self._filter_text}'")
        if table.sorted_by and not self.screen.has_class("-flat"):  # the line below the rows says what matters
            hints.append(f"sorted by {table.sorted_by.name.lower()}")
        return self.overall_summary(hints)


class TableScreen(FilteredScreen):
    """A `FilteredTable` below the filter, and commands on the row under its cursor."""

    @property
    def table(self) -> FilteredTable[Any]:
        return self.query_one(FilteredTable)  # type: ignore[type-abstract]

    def show_filtered(self, text: str) -> None:
        self.table.filter(text)

    def action_sort(self) -> None:
        self.table.sort_by_next()

    def action_reverse(self) -> None:
        self.table.reverse()

    def action_sort_by_trouble(self) -> None:
        self.table.sort_by_trouble()

    @on(EditableTable.EditBegun)
    def _clear_notice(self) -> None:
        self.report("")

    def chosen(self) -> Any:
        """Return the row under the cursor; None if there is none, which is reported."""
        row = self.table.current
        if row is None:
            noun = self.table.NOUN
            self.report(f"there is no {noun} here yet: {key_of(self, f'{noun}.add')} adds one", is_problem=True)
        return row

    async def rename(self, title: str, of: str, name: str, service_of: Callable[[Services], Agents | Projects]) -> None:
        """Ask for a new name of the project or agent ``of``, and set it."""
        form = ProjectFormScreen(title, project_id=of, name=name)
        form.attempt = lambda entry: self.dashboard.run_command(
            lambda services: service_of(services).rename(of, entry.name)
        )
        if (entry := await self.dashboard.ask(form)) is not None:
            self.report_done(f"{name} renamed to {entry.name}", is_changed=entry.name != name)
