"""Sorting a table by one of its columns."""

from collections.abc import Iterable, Sequence
from typing import Any

from textual.reactive import reactive
from textual.widget import Widget


class Sorting(Widget):
    """A table that is sorted by the column of the key ``sort_key``; '': in an order of its own."""

    columns: Sequence[Any]
    sort_key: reactive[str] = reactive("")
    sort_descending: reactive[bool] = reactive(False)

    @property
    def sorted_by(self) -> Any:
        """The column; None: it is in an order of its own."""
        return next((column for column in self.columns if column.key == self.sort_key), None)

    def in_order(self, rows: Iterable[Any]) -> list[Any]:
        by = self.sorted_by
        return list(rows) if by is None else sorted(rows, key=by.sort_key, reverse=self.sort_descending)

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        self.sort_descending = not self.sort_descending if key == self.sort_key else False
        self.sort_key = key

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of its own again."""
        order = ["", *(column.key for column in self.columns if column.sort_key is not None)]
        self.sort_descending = False
        self.sort_key = order[(order.index(self.sort_key) + 1) % len(order)]

    def reverse(self) -> None:
        """Sort the other way round."""
        self.sort_descending = not self.sort_descending
