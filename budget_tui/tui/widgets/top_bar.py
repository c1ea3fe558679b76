"""The first line of every screen: whose money this is, where one is, and which period that is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, shortened, spread

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot

SCREENS = (
    ("1", "budget", "Budget"),
    ("2", "projects", "Projects"),
    ("3", "agents", "Agents"),
    ("4", "plan", "Plan"),
    ("5", "history", "History"),
    ("6", "audit", "Log"),
)
"""The screens in their order: the key, the mode of the app, the name."""


_NAME_AT_MOST, _NAME_AT_LEAST = 24, 6


class TopBar(Widget):
    """The database, the screens with their keys, the organization, the period, the days left.

    ``database`` is what the database is called here; ``is_new`` says whether it has yet to be made.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def __init__(self, mode: str, database: str, is_new: Callable[[], bool]) -> None:
        super().__init__()
        self._mode = mode
        self._database = database
        self._is_new = is_new

    def render(self) -> Content:
        width = self.content_size.width
        for left, right in self._from_wide_to_narrow(width):
            if left.cell_length + right.cell_length < width:
                return spread(left, right, width)
        return self._tabs(only_keys=True).truncate(width, ellipsis=True)

    def _from_wide_to_narrow(self, width: int) -> Iterable[tuple[Content, Content]]:
        """Both ends of the line, with less and less of what one can do without."""
        tabs, keys = self._tabs(), self._tabs(only_keys=True)
        new = (" new database", "bold $warning") if self._is_new() else ""
        name = Content.assemble((f" {shortened(self._database, _NAME_AT_MOST)}", "bold $accent"), new)
        yield Content.assemble(name, "  ", tabs), self._period(3)
        yield Content.assemble(name, "  ", tabs), self._period(2)
        # That a period is closed matters more than the names of the screens.
        is_closed = self.snapshot is not None and self.snapshot.is_closed
        least = [] if is_closed else [Content("")]
        whole = min(cell_len(self._database), _NAME_AT_MOST)
        for shown in (tabs, keys):
            room = width - shown.cell_length
            periods = (self._period(2), self._period(1), self._days(), *least)
            # The whole name of the database matters more than the period, part of it less.
            yield from ((shown, self._with_name(period, room, whole)) for period in periods)
            yield from ((shown, self._with_name(period, room, _NAME_AT_LEAST)) for period in periods)
        yield tabs, self._period(1)
        yield keys, self._period(1)

    def _days(self) -> Content:
        """The days left, as short as can be."""
        if self.snapshot is None or self.snapshot.is_closed:
            return self._period(1)
        return Content.styled(f"{self.snapshot.days_left} d", MUTED)

    def _with_name(self, period: Content, room: int, least: int) -> Content:
        """The database in front of ``period``, as much of it as there is ``room`` for, in ``least`` cells or more."""
        between = " · " if period else ""
        most = min(_NAME_AT_MOST, room - 1 - period.cell_length - len(between))
        name = "new database" if self._is_new() else shortened(self._database, max(least, most))
        return Content.assemble((name, "bold $accent"), (between, MUTED), period)

    def _tabs(self, *, only_keys: bool = False) -> Content:
        tabs = []
        for key, mode, label in SCREENS:
            style = "bold reverse" if mode == self._mode else MUTED
            text = f" {key} " if only_keys and mode != self._mode else f" {key} {label} "
            tabs.append(Content.styled(text, f"{style} @click=app.show('{mode}')"))
        return Content(" ").join(tabs)

    def _period(self, parts: int) -> Content:
        """The last ``parts`` of: organization, period, days left."""
        snapshot = self.snapshot
        if snapshot is None:
            return Content("")
        shown = [
            (snapshot.organization.slug, MUTED),
            (formatting.period_name(snapshot.period), ""),
            ("closed" if snapshot.is_closed else formatting.days_left(snapshot.days_left), MUTED),
        ]
        return Content.styled(" · ", MUTED).join(Content.styled(*part) for part in shown[-parts:])
