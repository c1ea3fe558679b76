"""The costs that add up to an actual, in a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import BudgetError
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column
from budget_tui.services.cost_details import Actual, CostLine, CostPage
from budget_tui.tui.dashboard import dashboard_of
from budget_tui.tui.render import MUTED, STRONG, WAITING
from budget_tui.tui.table import PagedTable
from budget_tui.tui.theme import StyledScreen

if TYPE_CHECKING:
    from datetime import date


_UNMAPPED = "unmapped"


class CostDetailsScreen(StyledScreen[None], ModalScreen[None]):
    """The costs that add up to an actual, the latest first; more are read on scrolling down."""

    BINDINGS = [Binding("escape,h,left,q", "leave", "Close", id="costs.leave", tooltip="Back to the number")]
    AUTO_FOCUS = "CostTable"

    def __init__(self, actual: Actual) -> None:
        super().__init__()
        self._actual = actual
        self._lines: list[CostLine] = []
        self._older_than: date | None = None
        self._is_complete = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide costs") as box:
            box.border_title = Content(self._actual.title)
            box.border_subtitle = "esc closes"
            yield Static(WAITING, id="adds-up")
            yield CostTable(_columns(self._actual), id)

    def on_mount(self) -> None:
        self._read_on()

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(PagedTable.EndApproached)
    @work(group="costs")
    async def _read_on(self) -> None:
        if self._is_complete or not self.query_one(CostTable).nears_end:  # the cursor may have moved on by now
            return
        self._is_complete = True  # until the page says that there is more
        actual, older_than = self._actual, self._older_than
        try:
            page = await dashboard_of(self.app).read(lambda services: services.cost_details.page(actual, older_than))
        except BudgetError as error:
            self.query_one("#adds-up", Static).update(Content.assemble(("✕ ", "bold $error"), str(error)))
            return
        self._show(page)

    def _show(self, page: CostPage) -> None:
        self._lines = [*self._lines, *page.lines]
        self._older_than, self._is_complete = page.older_than, page.older_than is None
        self.query_one("#adds-up", Static).update(_adds_up(self._actual, page))
        table = self.query_one(CostTable)
        table.why_empty = "no costs count yet"
        table.show(self._lines)


class CostTable(PagedTable[CostLine]):
    """Costs, which cannot be opened any further."""

    GAPS = (1, 3)


def _adds_up(actual: Actual, page: CostPage) -> Content:
    total = formatting.amount_of(page.total, actual.budget_type, actual.currency)
    left = (
        f"; {formatting.count(page.without_rate, 'cost')} without a usable rate left out" if page.without_rate else ""
    )
    is_seats = actual.budget_type is BudgetType.SEAT
    how = "the most on one day" if is_seats else f"in {formatting.count(page.count, 'cost')}{left}"
    return Content.assemble((total, STRONG), (f", {how}" if is_seats else f" {how}", MUTED))


def _columns(actual: Actual) -> tuple[Column[CostLine], ...]:
    def counted(line: CostLine) -> str:
        is_money = actual.budget_type is BudgetType.MONETARY
        return formatting.number(line.counted, actual.currency) if is_money else f"{line.counted:,}"

    def own(line: CostLine) -> str:
        if line.amount is None or (line.currency == actual.currency and actual.budget_type is BudgetType.MONETARY):
            return ""
        return formatting.money(line.amount, line.currency)

    def tokens(line: CostLine) -> str:
        return "" if line.tokens is None else f"{line.tokens:,}"

    found: list[Column[CostLine]] = [
        Column("day", "Day", lambda line: f"{line.day}"),
        Column("provider", "Provider", lambda line: line.provider, max_width=20, shrinks_to=8),
        Column("service", "Service", lambda line: line.service, max_width=32, shrinks_to=7),
        Column("entity", "Entity", lambda line: line.entity_name or _UNMAPPED, max_width=28, shrinks_to=8),
        Column("counted", _LABELS[actual.budget_type], counted, align="point"),
        Column("own", "Cost", own, align="right"),
    ]
    if actual.budget_type is BudgetType.MONETARY:
        found.append(Column("tokens", "Tokens", tokens, align="right", is_muted=True))
    return tuple(found)


_LABELS = {BudgetType.MONETARY: "Amount", BudgetType.TOKEN: "Tokens", BudgetType.SEAT: "Seats"}
