"""The first line of every screen: where one is, and which period that is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui import formatting
from budget_tui.tui.painting import MUTED, spread

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


class TopBar(Widget):
    """Name, screens with their keys, organization, period, days left."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def render(self) -> Content:
        width = self.content_size.width
        for left, right in self._from_wide_to_narrow():
            if left.cell_length + right.cell_length < width:
                return spread(left, right, width)
        return self._tabs(only_keys=True).truncate(width, ellipsis=True)

    def _from_wide_to_narrow(self) -> Iterable[tuple[Content, Content]]:
        """Both ends of the line, with less and less of what one can do without."""
        tabs = self._tabs()
        yield Content.assemble(("budget-tui ", "bold $accent"), " ", tabs), self._period(3)
        yield Content.assemble(("budget-tui ", "bold $accent"), " ", tabs), self._period(2)
        yield tabs, self._period(2)
        yield tabs, self._period(1)
        yield self._tabs(only_keys=True), self._period(1)

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
