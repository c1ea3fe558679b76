"""How a question is put to whatever connection there is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

FISCAL_START = "(SELECT g.fiscal_start_month FROM organization g WHERE g.org_key = b.org_key)"
"""Of a row ``b`` the month that its organization's years begin in: by it, periods have their names."""

Execute = Callable[[str, Sequence[Any]], Iterable[Sequence[Any]]]


class Asking:
    """The base of every part of `Queries`."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def _rows(self, sql: str, *parameters: object) -> list[Sequence[Any]]:
        return list(self._execute(sql, parameters))

    def _row(self, sql: str, *parameters: object) -> Sequence[Any] | None:
        return next(iter(self._execute(sql, parameters)), None)
