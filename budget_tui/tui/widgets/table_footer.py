"""Below the project table: sums under their columns, and the pool with what is being done to it."""

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui import formatting
from budget_tui.domain.budget import parse_change
from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets.editable_rows import PADDING
from budget_tui.tui.widgets.project_columns import BAR, BY_KEY, COLUMNS, STATUS, Column, is_right_aligned


class TableFooter(Widget):
    """Sums under their columns, and below them the pool: as it is, or as it would be with what is being typed."""

    sums: reactive[Content] = reactive(Content(""))
    pool: reactive[Content] = reactive(Content(""), layout=True)

    def render(self) -> Content:
        rule = Content.styled("─" * self.content_size.width, "$foreground 25%")
        return Content("\n").join([rule, self.sums, self.pool])


def totals(lines: Sequence[ProjectLine], currency: str) -> list[str]:
    """The texts of the line of sums, in the order of `COLUMNS`."""
    return [
        formatting.count(len(lines), "project")
        if column.key == "name"
        else formatting.number(sum(map(column.amount, lines)), currency)
        if column.amount is not None
        else ""
        for column in COLUMNS
    ]


def sums(lines: Sequence[ProjectLine], currency: str, layout: Sequence[tuple[Column, int]]) -> Content:
    """The line of sums under the columns as laid out."""
    texts = dict(zip((column.key for column in COLUMNS), totals(lines, currency), strict=True))
    pad = " " * PADDING
    cells = []
    for column, width in layout:
        text = texts[column.key]
        aligned = text.rjust(width) if is_right_aligned(column) else text.ljust(width)
        cells.append((f"{pad}{aligned}{pad}", MUTED if column.derived else ""))
    return Content.assemble(*cells)


def problem(why: str) -> Content:
    """Why an edit was not taken, in the pool's place."""
    return Content.assemble((" ✕ ", "bold $error"), why)


def pool(snapshot: BudgetSnapshot, shown: int, filter_text: str, sort_key: str) -> Content:
    """The pool as it is, and how the ``shown`` projects were chosen and sorted."""
    if not snapshot.projects:
        return Content.assemble((" no projects yet: ", MUTED), ("a", "bold $accent"), (" adds one", MUTED))
    hints = []
    if filter_text:
        hints.append(f"{shown} of {len(snapshot.projects)} match '{filter_text}'")
    if sort_key:
        label = BY_KEY[sort_key].label or {BAR: "spent share", STATUS: "status"}[sort_key]
        hints.append(f"sorted by {label.lower()}")
    return Content.assemble(_unallocated(snapshot), (" · ".join(["", *hints]), MUTED))


def preview(snapshot: BudgetSnapshot, line: ProjectLine, typed: str) -> Content:
    """The pool as it is and as it would be with ``typed`` for the allocation of ``line``."""
    before, currency = snapshot.unallocated, snapshot.organization.currency
    try:
        after = parse_change(typed).applied_to(line.pace.allocation, snapshot.total.allocation, before, currency)
    except Refused as refused:
        hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
        return Content.assemble(_unallocated(snapshot), (f"  {hint}", MUTED))
    left = before - (after - line.pace.allocation)
    return Content.assemble(_unallocated(snapshot), " → ", _signed(left, currency), (" (editing)", MUTED))


def _unallocated(snapshot: BudgetSnapshot) -> Content:
    label = " unallocated " if snapshot.unallocated >= 0 else " "
    return Content.assemble((label, MUTED), _signed(snapshot.unallocated, snapshot.organization.currency))


def _signed(amount: int, currency: str) -> Content:
    text = formatting.money(abs(amount), currency)
    return Content.assemble((f"{text} over-allocated", "$warning") if amount < 0 else (text, "bold"))
