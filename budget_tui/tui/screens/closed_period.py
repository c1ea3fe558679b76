"""One closed period in full: its projects, its agents, and what came after the close; ``x`` explains one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from budget_tui.domain.budget import BudgetType
from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, STRONG, fitted, status_at_close
from budget_tui.tui.screens.styled import StyledScreen

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
    from budget_tui.tui.screens.explain import Question

_NAME_AT_LEAST, _NAME_AT_MOST = 10, 32
_STATUS = 11
_HEIGHT_PERCENT = 60
"""Of the screen: what the lines have room in, as the styles say."""


class ClosedPeriodScreen(StyledScreen[None], ModalScreen[None]):
    """The figures as they stood at the close; what was spent beyond them since is told apart."""

    BINDINGS = [
        Binding("escape,q", "leave", "Leave", id="period.leave", tooltip="Back to the periods"),
        Binding("x", "app.explain", "Explain", id="period.explain", tooltip="Say where the numbers come from"),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, closed: ClosedPeriod) -> None:
        super().__init__()
        self._archived = closed

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = Content(formatting.period_name(self._archived.period))
            box.border_subtitle = "x explains · esc leaves"
            yield Static(self._summary())
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        table = self.query_one(OptionList)
        chosen, room = table.highlighted, table.content_size.width
        if len(list(self._lines(room))) * 100 > self.size.height * _HEIGHT_PERCENT:
            room -= 1  # for the scrollbar
        table.set_options(self._lines(room))
        if chosen is None:
            table.action_first()
        else:
            table.highlighted = chosen

    def action_leave(self) -> None:
        self.dismiss(None)

    def question(self) -> Question:
        """What the row under the cursor says; where there is none, the period as a whole."""
        row = self.query_one(OptionList).highlighted_option
        start, subject = self._archived.period.start, row.id or "" if row else ""
        return lambda services: services.explain.of_closed(start, subject)

    def _summary(self) -> Content:
        closed, currency = self._archived, self._archived.currency
        after = f"  {formatting.change(closed.restated, currency)} after close" if closed.restated else ""
        return Content("\n").join(
            [
                Content.assemble(
                    (formatting.money(closed.spent, currency), STRONG),
                    *self._of_budget(),
                    status_at_close(closed, named=True),
                    (after, "$warning"),
                ),
                Content.assemble(
                    (
                        f"{formatting.dates(closed.period)} · closed by {closed.closed_by} on"
                        f" {formatting.long_day(closed.closed_at.astimezone().date())}",
                        MUTED,
                    ),
                    (f" · {known}" if (known := formatting.data_known_at_close(closed)) else "", "$warning"),
                ),
                Content(""),
            ]
        )

    def _of_budget(self) -> tuple[str | tuple[str, str], ...]:
        closed, currency = self._archived, self._archived.currency
        if closed.unfunded:
            return ((" spent, there was no budget  ", MUTED),)
        left = f"{formatting.money(closed.remaining, currency)} left  "
        return (" of ", MUTED), (formatting.money(closed.budget, currency), STRONG), (" spent, ", MUTED), left

    def _lines(self, room: int) -> Iterable[Option]:
        closed = self._archived
        if closed.projects:
            yield from _table("Project", closed.projects, room, self._amount, self._restated)
        else:
            yield Option(Content.assemble(("no project had a budget in it", MUTED)), disabled=True)
        if closed.agents:
            yield Option("", disabled=True)
            yield from _table("Agent, in tokens", closed.agents, room, self._amount, self._restated)

    def _amount(self, nanos: int, unit: BudgetType) -> str:
        return formatting.number(nanos, self._archived.currency) if unit is BudgetType.MONETARY else f"{nanos:,}"

    def _restated(self, line: ClosedBudget) -> str:
        if not line.restated:
            return ""
        if line.unit is BudgetType.MONETARY:
            return formatting.change(line.restated, self._archived.currency)
        return f"{line.restated:+,}"


def _table(
    title: str,
    lines: Sequence[ClosedBudget],
    room: int,
    amount: Callable[[int, BudgetType], str],
    restated: Callable[[ClosedBudget], str],
) -> Iterable[Option]:
    """A header and the lines below it, aligned, within ``room`` cells."""
    figures = [
        [
            *(amount(nanos, line.unit) for nanos in (line.allocation, line.spent)),
            "–" if line.unfunded else amount(line.remaining, line.unit),
        ]
        for line in lines
    ]
    since = [restated(line) for line in lines]
    labels = ("Allocated", "Spent", "Left")
    widths = [
        max(len(label), *map(len, column)) for label, column in zip(labels, zip(*figures, strict=True), strict=True)
    ]
    since_label = "Since" if any(since) else ""
    since_room = max(len(since_label), *map(len, since))
    longest = max(len(title), *(cell_len(line.name) for line in lines))
    left = room - sum(widths) - 2 * 5 - _STATUS - since_room
    name_room = max(_NAME_AT_LEAST, min(longest, left, _NAME_AT_MOST))
    header = [fitted(title, name_room), *(label.rjust(width) for label, width in zip(labels, widths, strict=True))]
    yield Option(Content.assemble(("  ".join([*header, "Status".ljust(_STATUS), since_label]), MUTED)), disabled=True)
    for line, texts, after in zip(lines, figures, since, strict=True):
        cells = [text.rjust(width) for text, width in zip(texts, widths, strict=True)]
        status = status_at_close(line, named=True)
        told = Content.assemble(
            "  ".join([fitted(line.name, name_room), *cells]),
            "  ",
            status,
            " " * (_STATUS - status.cell_length + 2),
            (after, "$warning"),
        )
        yield Option(told, id=line.entity_id)
