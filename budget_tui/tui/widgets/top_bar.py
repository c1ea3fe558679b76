"""The first line of every screen: where one is, and which period that is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui import formatting
from budget_tui.tui.painting import MUTED, spread

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot

SCREENS = (("1", "budget", "Budget"), ("2", "projects", "Projects"))
"""The screens in their order: the key, the mode of the app, the name."""


class TopBar(Widget):
    """Name, screens with their keys, organization, period, days left."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def render(self) -> Content:
        parts: list[Content | str | tuple[str, str]] = [("budget-tui ", "bold $accent")]
        for key, mode, label in SCREENS:
            style = "bold reverse" if mode == self._mode else MUTED
            parts += [" ", Content.styled(f" {key} {label} ", f"{style} @click=app.show('{mode}')")]
        return spread(Content.assemble(*parts), self._period(), self.content_size.width)

    def _period(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content("")
        return Content.assemble(
            (f"{snapshot.organization.slug} · ", MUTED),
            formatting.period_name(snapshot.period),
            (f" · {formatting.days_left(snapshot.days_left)}", MUTED),
        )
