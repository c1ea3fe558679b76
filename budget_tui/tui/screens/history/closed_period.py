"""A closed period in full: its projects, its agents, and later costs; ``x`` explains the selected row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column, closed_columns, since_close
from budget_tui.tui import dialogs
from budget_tui.tui.dashboard import dashboard_of, key_of
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.lists import List
from budget_tui.tui.render import CELL_STYLES, MUTED, STRONG, status_at_close
from budget_tui.tui.table import Table, fit, line_of, measured

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
    from budget_tui.tui.dialogs.explain import ExplainQuery

_HEIGHT_PERCENT = 60
"""Height of the lines, in percent of the screen's, as in the styles."""


class ClosedPeriodScreen(Overlay[None]):
    """The figures as they stood at the close; costs that arrived later are shown separately."""

    BINDINGS = [
        Binding("escape,h,left,q", "leave", "Close", id="period.leave", tooltip="Back to the periods"),
        Binding("l", "costs", "Costs", id="period.costs", tooltip="Show the costs of the row"),
        Binding("x", "app.explain", "Explain", id="period.explain", tooltip="Explain these numbers"),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, closed: ClosedPeriod) -> None:
        super().__init__()
        self._archived = closed

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = Content(formatting.period_name(self._archived.period))
            explain, leave = key_of(self, "period.explain"), key_of(self, "period.leave")
            box.border_subtitle = Content(f"⏎ costs · {explain} explains · {leave} closes")
            yield Static(_summary(self._archived))
            yield List(compact=True)

    def on_mount(self) -> None:
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        table = self.query_one(OptionList)
        chosen, room = table.highlighted, table.content_size.width
        if len(self._options(room)) * 100 > self.size.height * _HEIGHT_PERCENT:
            room -= 1  # for the scrollbar
        table.set_options(self._options(room))
        if chosen is None:
            table.action_first()
        else:
            table.highlighted = chosen

    def _options(self, room: int) -> list[Option]:
        return [
            Option(line.drawn(), id=line.entity_id or None, disabled=not line.entity_id)
            for line in _lines(self._archived, room)
        ]

    @on(OptionList.OptionSelected)
    @work(group=ASKING)
    async def action_costs(self) -> None:
        """Show the costs of the row under the cursor, as they are known now."""
        row, closed = self.query_one(OptionList).highlighted_option, self._archived
        line = next((each for each in closed.lines if row is not None and each.entity_id == row.id), None)
        if line is None:
            return
        title = f"{line.name} · {formatting.period_name(closed.period)}"
        await dialogs.cost_details.show_costs(dashboard_of(self.app), line.entity_id, closed.period, title, line.unit)

    def explain_query(self) -> ExplainQuery:
        """Return the query that explains the row under the cursor, or the whole period if there is none."""
        row = self.query_one(OptionList).highlighted_option
        start, subject = self._archived.period.start, row.id or "" if row else ""
        return lambda services: services.explain.of_closed(start, subject)


def _summary(closed: ClosedPeriod) -> Content:
    """Say what was spent of the budget, and when the period was closed."""
    currency = closed.currency
    after = f"  {since}" if (since := since_close(closed, currency)) else ""
    return Content("\n").join(
        [
            Content.assemble(
                (formatting.money(closed.spent, currency), STRONG),
                *_of_budget(closed),
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


def _of_budget(closed: ClosedPeriod) -> tuple[str | tuple[str, str], ...]:
    if closed.unfunded:
        return ((" spent, there was no budget  ", MUTED),)
    left = f"{formatting.money(closed.remaining, closed.currency)} left  "
    return (" of ", MUTED), (formatting.money(closed.budget, closed.currency), STRONG), (" spent, ", MUTED), left


class _Line(NamedTuple):
    """A line of the tables: a header, a blank, or what became of a project or an agent, whose id it has."""

    text: Content
    entity_id: str = ""

    def drawn(self) -> Content:
        return self.text


def _lines(closed: ClosedPeriod, room: int) -> Iterator[_Line]:
    """Yield the projects, then the agents, each table aligned below its header within ``room`` cells."""
    if closed.projects:
        yield from _table(closed_columns("Project", closed.currency, is_narrow=True), closed.projects, room)
    if closed.projects and closed.agents:
        yield _Line(Content(""))
    if closed.agents:
        yield from _table(closed_columns("Agent, in tokens", closed.currency, is_narrow=True), closed.agents, room)


def _table(columns: Sequence[Column[ClosedBudget]], lines: Sequence[ClosedBudget], room: int) -> Iterator[_Line]:
    places = fit(columns, measured(columns, lines), room, Table.GAPS, margin=0)
    yield _Line(line_of(places, lambda column: (column.label, MUTED)))
    for line in lines:
        yield _Line(line_of(places, partial(_cell, line)), line.entity_id)


def _cell(line: ClosedBudget, column: Column[ClosedBudget]) -> tuple[str, str]:
    return column.text(line), CELL_STYLES.get(column.style_of(line), "")


class ClosedPane(Widget):
    """The closed period under the cursor, as far as there is room for it beside the table."""

    closed: reactive[ClosedPeriod | None] = reactive(None)

    def render(self) -> Content:
        closed, (width, height) = self.closed, self.content_size
        if closed is None:
            return Content("")
        head = _summary(closed).wrap(width)
        lines = [line.text for line in _lines(closed, width)]
        room = max(0, height - len(head))
        if len(lines) > room:
            rest = Content.assemble((f"and {len(lines) - room + 1:,} more lines: ", MUTED), ("⏎", "bold $accent"))
            lines = [*lines[: max(0, room - 1)], rest]
        return Content("\n").join([*head, *lines])
