"""The charts of the plan: bars per category, and columns per month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.amount import NANOS, share
from budget_tui.domain.budget import BudgetType
from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, bar
from budget_tui.tui.widgets.spend_chart import LEVELS, round_up

if TYPE_CHECKING:
    from budget_tui.domain.period import Period
    from budget_tui.domain.plan_answers import Breakdown

_NAME = 12
_BAR_AT_LEAST = 6
_COLUMN_AT_MOST = 8


class CategoryBars(Widget):
    """What each category used, as a share of the largest: of money, in the organization's currency."""

    breakdown: reactive[Breakdown | None] = reactive(None)

    def on_mount(self) -> None:
        self.border_title = "By category"

    def render(self) -> Content:
        breakdown = self.breakdown
        if breakdown is None:
            return Content("")
        currency = breakdown.organization.currency
        shown = {name: part for name, part in breakdown.parts.items() if part.actual or part.budget is not None}
        if not shown:
            return Content.styled("nothing was used or planned", MUTED)
        most = max(part.actual for part in shown.values())
        texts = {name: formatting.money(part.actual, currency) for name, part in shown.items()}
        if all(part.actual % NANOS == 0 for part in shown.values()):
            texts = {name: formatting.short_money(part.actual, currency) for name, part in shown.items()}
        room = max(map(len, texts.values()))
        width = max(_BAR_AT_LEAST, self.content_size.width - _NAME - room - 2)
        return Content("\n").join(
            Content.assemble(
                (f"{name:<{_NAME}} ", MUTED), bar(share(part.actual, most), width), f" {texts[name]:>{room}}"
            )
            for name, part in shown.items()
        )

    def watch_breakdown(self, breakdown: Breakdown | None) -> None:
        if breakdown is not None:
            self.border_title = Content(f"By category: {breakdown.entity.name}")


class TrendChart(Widget):
    """A column per month: what was used in it."""

    months: reactive[Sequence[tuple[Period, int | None]]] = reactive(())
    kind: tuple[BudgetType, str] = (BudgetType.MONETARY, "USD")

    def render(self) -> Content:
        width, height = self.content_size
        budget_type, currency = self.kind
        if not any(actual for _, actual in self.months):
            return Content.styled("nothing was used in the last twelve months", MUTED)
        is_money = budget_type is BudgetType.MONETARY
        highest = max(actual or 0 for _, actual in self.months)
        top = round_up(highest) if is_money else highest
        labels = [
            formatting.short_money(part, currency) if is_money else formatting.short_count(part)
            for part in (top, top // 2, 0)
        ]
        room = max(map(len, labels))
        column = max(4, min(_COLUMN_AT_MOST, (width - room - 2) // len(self.months)))
        shown = self.months[-max(1, (width - room - 2) // column) :]
        rows = max(1, height - 1)
        lines = [
            Content.assemble(
                (_label(row, rows, labels).rjust(room), MUTED),
                (" ┤", MUTED),
                ("".join(_cells(shown, row, rows, top, column)), "$accent"),
            )
            for row in range(rows, 0, -1)
        ]
        axis = "".join(f"{month.start:%b}".ljust(column) for month, _ in shown)
        return Content("\n").join([*lines, Content.styled(" " * (room + 2) + axis, MUTED)])


def _label(row: int, rows: int, labels: Sequence[str]) -> str:
    if row == rows:
        return labels[0]
    if row == 1:
        return labels[2]
    return labels[1] if rows >= 5 and row == (rows + 1) // 2 else ""


def _cells(months: Sequence[tuple[Period, int | None]], row: int, rows: int, top: int, column: int) -> Iterable[str]:
    """The part of the columns that falls into line ``row``, counted from 1 at the bottom."""
    for _, actual in months:
        eighths = -(-max(0, actual or 0) * rows * 8 // top) - (row - 1) * 8
        yield LEVELS[min(max(eighths, 0), 8)] * (column - 1) + " "
