"""The charts: spend per day, closed periods side by side, bars per category, columns per month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from itertools import accumulate
from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.amount import NANOS, share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.presentation import formatting
from budget_tui.tui.dashboard import title_with_key
from budget_tui.tui.render import MUTED, STRONG, WAITING

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedPeriod
    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.period import Period
    from budget_tui.domain.plan_results import Breakdown
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.services.forecasts import ForecastReport

_LEVELS = " ▁▂▃▄▅▆▇█"
_AXIS = 2
"""Cells between the labels and the columns."""
_LABEL = 4
"""Minimum width of a label, in cells."""
_BUDGET_LINE = "─"
_BUDGET_LINES = "▁─▔"
"""The line of a budget at the lower edge of a cell, in its middle, at its upper edge."""
_MAX_DAY_WIDTH = 6
_MIN_PERIOD_WIDTH, _PERIOD_GAP = 5, 2
_MIN_MONTH_WIDTH, _MAX_MONTH_WIDTH = 4, 24
_MAX_BAR = 16
"""Cells of a bar that has more room: the rest of its column stays free."""
_MAX_MONTH_CHART_WIDTH = 120
_NAME = 12


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a cell's dots, from the top down."""
_BLANK = 0x2800


class Canvas:
    """A canvas of ``width`` × ``height`` cells, each of 2 × 4 braille dots.

    A cell has the style of what was drawn on it last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._bits = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def draw(
        self,
        curve: Callable[[float], float],
        first: float,
        last: float,
        style: str,
        every: int = 1,
        *,
        bold: bool = False,
    ) -> None:
        """Draw ``curve``, a function of x, from x = ``first`` to ``last``; with ``every`` above 1, only every n-th dot.

        A ``bold`` line is two dots high.
        x is 0 at the left edge and 1 at the right, y 0 at the bottom and 1 at the top.
        """
        columns, rows = self.width * 2, self.height * 4
        before = None
        for column in range(round(first * (columns - 1)), round(last * (columns - 1)) + 1):
            row = rows - 1 - round(min(max(curve(column / max(columns - 1, 1)), 0.0), 1.0) * (rows - 1))
            if column % every == 0:
                self._dot(column, row, style)
                if bold:
                    self._dot(column, row + 1 if row + 1 < rows else row - 1, style)
                if every == 1 and before is not None:
                    for between in range(min(before, row) + 1, max(before, row)):
                        self._dot(column, between, style)
            before = row

    def _dot(self, column: int, row: int, style: str) -> None:
        self._bits[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
        self._styles[row // 4][column // 2] = style

    def upright(self, x: float, style: str) -> None:
        """Draw a dotted line upright at ``x``."""
        for row in range(0, self.height * 4, 2):
            self._dot(round(x * (self.width * 2 - 1)), row, style)

    def line(self, row: int) -> Content:
        """Return line ``row`` of the picture, counted from 1 at the bottom."""
        at = self.height - row
        cells = zip(self._bits[at], self._styles[at], strict=True)
        return Content.assemble(*((chr(_BLANK + bits) if bits else " ", style) for bits, style in cells))


def columns_chart(
    labels: Sequence[str], rows: int, cells: Callable[[int], Content], axis: Callable[[str], Content]
) -> Content:
    """Draw columns above their axis, with a scale of three ``labels``, the highest first.

    ``cells`` draws the part of the columns in one line, counted from 1 at the bottom; ``axis`` draws the line below
    them and receives the blanks to indent it by.
    """
    room = max(map(len, labels))
    at = {rows: labels[0], 1: labels[2]}
    if rows >= 5:
        at.setdefault((rows + 1) // 2, labels[1])
    lines = [
        Content.assemble((at.get(row, "").rjust(room), MUTED), (" ┤", MUTED), cells(row)) for row in range(rows, 0, -1)
    ]
    return Content("\n").join([*lines, axis(" " * (room + _AXIS))])


def block(amount: int, row: int, rows: int, top: int) -> str:
    """Return the block character of a column of ``amount`` in line ``row``, where ``top`` fills all ``rows``."""
    eighths = -(-max(0, amount) * rows * 8 // top) - (row - 1) * 8
    return _LEVELS[min(max(eighths, 0), 8)]


CENT = NANOS // 100
"""The smallest scale of money; that of counts is `TEN`, whose half is whole."""
TEN = 10


def round_up(amount: int, smallest: int = CENT) -> int:
    """Round ``amount`` up to 1, 2, 3, 4, 6 or 8 × 10ⁿ × ``smallest``, so that half the scale is a round number too."""
    step = smallest
    while True:
        for factor in (1, 2, 3, 4, 6, 8):
            if step * factor >= amount:
                return step * factor
        step *= 10


def scale_labels(top: int, currency: str, room: int) -> list[str]:
    """Return the labels of a scale: ``top``, its half and zero, all in one unit.

    That is ``$20,000``, or where it exceeds ``room`` cells ``$20k``, millions or billions.
    """
    parts = (top, top // 2, 0)
    labels = [formatting.short_money(part, currency) for part in parts]
    for unit, letter in ((10**3, "k"), (10**6, "M"), (10**9, "B")):
        if len(labels[0]) > room and top >= unit * NANOS:
            tenths = [f"{part * 10 // (unit * NANOS) / 10:g}" for part in parts]
            sign = formatting.sign_of(currency)
            labels = [f"{sign}{number}{letter if part else ''}" for number, part in zip(tenths, parts, strict=True)]
    return labels


DayAmounts = Sequence[tuple[date, int | None]]
"""Days one after another, each with its spend; None where nothing is known."""

_SHADES = ("$primary 30%", "$primary 45%", "$primary 62%", "$primary 80%", "$primary")
_GLYPHS = ("░ ", "░░", "▒▒", "▓▓", "██")
_ZERO = "··"
CALENDAR_HEIGHT, CALENDAR_NAMES, CALENDAR_WEEK = 9, 4, 3
"""Lines of a calendar, and cells of its days' names and of a week."""


def calendar(days: DayAmounts, today: date, currency: str, *, is_plain: bool) -> list[Content]:
    """Draw the spend of whole weeks up to ``today`` as a calendar: a column per week, a line per day from Monday on.

    The more was spent, the brighter the day; a day of which nothing is known stays empty. Without any spend there is
    nothing to draw. ``is_plain`` shades with characters instead, where there are no shades of a colour.
    """
    weeks = [days[at : at + 7] for at in range(0, len(days), 7)]
    top = max((amount or 0 for _, amount in days), default=0)
    if top <= 0:
        return []

    def shade(level: int) -> Content:
        return Content(_GLYPHS[level]) if is_plain else Content.styled("██", _SHADES[level])

    def cell(day: date, amount: int | None) -> Content:
        mark = Content.styled("◂", STRONG) if day == today else Content(" ")
        if amount is None:
            return Content("  ") + mark
        if amount <= 0:
            return Content.styled(_ZERO, MUTED) + mark
        return shade(min(int(5 * sqrt(amount / top)), 4)) + mark

    title = Content.styled(f"Last {len(weeks)} weeks", "bold")
    legend = [Content.styled(f"{_ZERO} ", MUTED), *(shade(level) for level in range(len(_SHADES)))]
    legend.append(Content.styled(f" {formatting.money(top, currency)}", MUTED))
    months = "   " + "".join(
        f"{week[0][0]:%b}" if at and week[0][0].month != weeks[at - 1][0][0].month else "   "
        for at, week in enumerate(weeks)
    )
    lines = [Content.assemble(title, "  ", *legend), Content.styled(f" {months}".rstrip(), MUTED)]
    for weekday in range(7):
        name = Content.styled(f"{weeks[0][weekday][0]:%a} ", MUTED)
        lines.append(Content("").join([name, *(cell(*week[weekday]) for week in weeks if weekday < len(week))]))
    return lines


class DayChart(Widget, can_focus=True):
    """A chart of the days of the period; while it has the focus, there is a cursor over the days up to today."""

    BINDINGS = [
        Binding("right,l", "move(1)", "Later", id="days.later", show=False, tooltip="Go to the next day"),
        Binding("left,h", "move(-1)", "Earlier", id="days.earlier", show=False, tooltip="Go to the previous day"),
        Binding("home,g", "move(-1000)", "First", id="days.first", show=False, tooltip="Go to the first day"),
        Binding("end,G", "move(1000)", "Today", id="days.today", show=False, tooltip="Go to today"),
        Binding("enter", "open", "Costs", id="days.open", tooltip="Show the costs of the day"),
        Binding("escape", "leave", "Leave", id="days.leave", tooltip="Leave the days"),
    ]
    TITLE: ClassVar[str]
    KEY: ClassVar[str] = ""
    """The command of the screen that opens what the chart shows; '' for none."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    subject: reactive[str] = reactive("")
    """The subject of the chart, if not the global budget."""
    _chosen: reactive[date | None] = reactive(None)

    class Opened(Message):
        """The user opened a day."""

        def __init__(self, day: date) -> None:
            super().__init__()
            self.day = day

    @property
    def cursor(self) -> date | None:
        """The day under the cursor; None without the focus."""
        if self.snapshot is None or not self.has_focus:
            return None
        return min(max(self._chosen or self.snapshot.as_of, self.snapshot.period.start), self.snapshot.as_of)

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._describe()

    def watch_snapshot(self) -> None:
        self._describe()

    def watch_subject(self) -> None:
        self._describe()

    def watch__chosen(self) -> None:
        self._describe()

    def on_mount(self) -> None:
        self._describe()

    def _describe(self) -> None:
        day, snapshot = self.cursor, self.snapshot
        title = " · ".join(filter(None, (self.TITLE, self.subject)))
        self.border_title = title_with_key(self.screen, self.KEY, title) if self.KEY else Content(title)
        if day is not None and snapshot is not None:
            spend = dict(snapshot.daily_spend)
            is_known = day in spend or day <= snapshot.data_through
            amount = formatting.money(spend.get(day, 0), snapshot.organization.currency) if is_known else "no data yet"
            self.border_title = Content(f"{self.TITLE} · {day:%a} {formatting.short_day(day)} · {amount}")
        self.refresh()

    def action_move(self, days: int) -> None:
        if (day := self.cursor) is not None and self.snapshot is not None:
            last = (self.snapshot.as_of - self.snapshot.period.start).days
            ahead = (day - self.snapshot.period.start).days + days
            self._chosen = self.snapshot.period.start + timedelta(days=min(max(ahead, 0), last))

    def action_open(self) -> None:
        if (day := self.cursor) is not None:
            self.post_message(self.Opened(day))

    def action_leave(self) -> None:
        self.screen.set_focus(None)


class SpendChart(DayChart):
    """Spending in a column per day, before the line of even spending; days whose credits exceed their costs stay empty.

    If the period is longer than there is room for, the last days up to today are shown, or up to the cursor.
    """

    TITLE = "Spend per day"
    KEY = "budget.days"

    def watch_snapshot(self) -> None:
        super().watch_snapshot()
        if self.snapshot is not None:
            even, currency = _even(self.snapshot), self.snapshot.organization.currency
            legend = [("┄", MUTED), (f" even pace {formatting.money(even, currency)}", MUTED)] if even > 0 else []
            self.border_subtitle = Content.assemble(*legend)

    def render(self) -> Content:
        if self.snapshot is None:
            return Content(WAITING)
        return spend_per_day(self.snapshot, *self.content_size, self.cursor)


def spend_per_day(snapshot: BudgetSnapshot, width: int, height: int, cursor: date | None = None) -> Content:
    """Draw the spending of the period in a column per day; that of the ``cursor`` stands out."""
    if not snapshot.daily_spend:
        return Content.assemble(("no costs in this period yet", MUTED))
    spend = dict(snapshot.daily_spend)
    days = [snapshot.period.start + timedelta(days=i) for i in range(snapshot.period.days)]
    amounts = [max(0, spend.get(day, 0)) for day in days]
    even = max(0, _even(snapshot))
    top, free = round_up(max(*amounts, even)), max(_LABEL, width - _AXIS - len(days))
    labels = scale_labels(top, snapshot.organization.currency, free)
    room = max(map(len, labels))
    shown = max(1, min(len(days), width - _AXIS - room))
    first = max(0, snapshot.period.day_number(snapshot.as_of) - shown)
    if cursor is not None:
        first = min(first, days.index(cursor))
    days, amounts = days[first : first + shown], amounts[first : first + shown]
    step = max(1, min(_MAX_DAY_WIDTH, (width - room - _AXIS - 1) // shown))  # every column is as wide as the others
    gap, rows = step > 1, max(1, height - 1)

    def cells(row: int) -> Content:
        behind = "┄" if even and row == -(-even * rows // top) else " "
        drawn = []
        for day, amount in zip(days, amounts, strict=True):
            column = block(amount, row, rows, top)
            style = STRONG if day == cursor else "$primary"
            drawn.append((column * (step - gap), style) if column != " " else (behind * (step - gap), MUTED))
            drawn.append((behind * gap, MUTED))
        return Content.assemble(*drawn)

    return columns_chart(labels, rows, cells, partial(_day_axis, snapshot, days, step, cursor))


def _day_axis(snapshot: BudgetSnapshot, days: Sequence[date], step: int, cursor: date | None, indent: str) -> Content:
    """Draw numbers of days below the columns: the cursor's, today's, the first, every fifth, as far as they fit."""
    period, first = snapshot.period, snapshot.period.day_number(days[0])
    marks = [] if cursor is None else [(period.day_number(cursor), "bold reverse")]
    marks.append((period.day_number(snapshot.as_of), "bold $foreground"))
    if period.days <= 31:
        marks += [(day, MUTED) for day in (1, *range(5, period.days + 1, 5))]
    texts = [((day - first) * step, str(day), style) for day, style in marks if 0 <= day - first < len(days)]
    return _marks(indent, texts, apart=1)


def _even(snapshot: BudgetSnapshot) -> int:
    """Return what may be spent a day on average, in nanos."""
    return snapshot.total.allocation // snapshot.period.days if snapshot.is_budgeted else 0


class MonthChart(DayChart):
    """The spend of the period so far as a line, against budget and even spending, with the forecast from today on."""

    TITLE = "Spent so far"
    KEY = "budget.costs"

    forecasts: reactive[ForecastReport | None] = reactive(None)

    def watch_snapshot(self) -> None:
        super().watch_snapshot()
        self._describe_lines()

    def watch_forecasts(self) -> None:
        self._describe_lines()

    def _describe_lines(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        found = self._forecast(snapshot)
        legend = [("━", "$primary"), (" spent", MUTED)]
        if snapshot.is_budgeted:
            legend += [("  ┅", MUTED), (" even pace", MUTED)]
        if snapshot.period.days_to_come(snapshot.as_of):
            likely = found.median if found is not None else snapshot.total.run_rate
            ahead = " run rate" if found is None else " 80% range" if found.has_range else " forecast"
            legend += [("  ┉", _forecast_style(snapshot, likely)), (ahead, MUTED)]
        self.border_subtitle = Content.assemble(*legend)

    def _forecast(self, snapshot: BudgetSnapshot) -> Forecast | None:
        return self.forecasts.total_for(snapshot) if self.forecasts is not None else None

    def render(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content(WAITING)
        width, height = self.content_size
        total, period = snapshot.total, snapshot.period
        found = self._forecast(snapshot)
        likely = total.run_rate if found is None else found.median
        ahead = (found.low, found.high, likely) if found is not None and found.has_range else (likely,)
        top = round_up(max(total.allocation, *ahead, total.spent, NANOS))
        labels = scale_labels(top, snapshot.organization.currency, _LABEL)
        room, rows = max(map(len, labels)), max(1, height - 1)
        cells = min(max(1, width - room - _AXIS - 1), _MAX_MONTH_CHART_WIDTH)
        days, today = period.days, period.day_number(snapshot.as_of)
        spent = self._spent_by_day(snapshot, today)

        def height_of(nanos: float) -> float:
            return nanos / top

        def towards(amount: int) -> Callable[[float], float]:
            """Return the line from today's spend to an amount at the period's end."""
            return lambda x: height_of(
                total.spent + (amount - total.spent) * max((x * days - today) / max(days - today, 1), 0.0)
            )

        canvas = Canvas(cells, rows)
        if (cursor := self.cursor) is not None:
            canvas.upright((period.day_number(cursor) - 0.5) / days, STRONG)
        if snapshot.is_budgeted:
            canvas.draw(lambda x: height_of(total.allocation * x), 0, 1, MUTED, every=3)
            canvas.draw(lambda _: height_of(total.allocation), 0, 1, "$foreground 45%", every=2)
        for amount in ahead if today < days else ():
            is_end = amount != ahead[-1]
            style = MUTED if is_end else _forecast_style(snapshot, amount)
            canvas.draw(towards(amount), today / days, 1, style, every=3 if is_end else 2)
        canvas.draw(
            lambda x: height_of(spent[min(int(x * days), len(spent) - 1)]), 0, today / days, "$primary", bold=True
        )
        return columns_chart(labels, rows, canvas.line, partial(self._axis, snapshot, cells))

    def _spent_by_day(self, snapshot: BudgetSnapshot, today: int) -> list[int]:
        """Return the spend up to and including each day, in nanos, through today."""
        by_day = dict(snapshot.daily_spend)
        return list(accumulate(by_day.get(snapshot.period.start + timedelta(days=ahead), 0) for ahead in range(today)))

    def _axis(self, snapshot: BudgetSnapshot, cells: int, indent: str) -> Content:
        """Draw the first day, today, the last, and the day on which the budget runs out, as far as there is room."""
        period = snapshot.period
        marks = [(snapshot.as_of, "today", STRONG), (period.start, formatting.short_day(period.start), MUTED)]
        marks.append((period.end, formatting.short_day(period.end), MUTED))
        ends = snapshot.total.runs_out_on
        if snapshot.total.runs_short and ends is not None:
            marks.insert(0, (ends, f"out {formatting.short_day(ends)}", "$warning"))
        if (cursor := self.cursor) is not None:
            marks.insert(0, (cursor, formatting.short_day(cursor), "bold reverse"))
        texts = []
        for day, text, style in marks:
            at = (period.day_number(day) * 2 - 1) * cells // (period.days * 2) - len(text) // 2
            at = min(max(at, 0), cells - len(text))
            if at >= 0:
                texts.append((at, text, style))
        return _marks(indent, texts, apart=1)


def _marks(indent: str, texts: Sequence[tuple[int, str, str]], apart: int) -> Content:
    """Draw styled ``texts`` at their places in a line, so many blanks apart; the first ones go before the others."""
    taken: list[tuple[int, str, str]] = []
    for at, text, style in texts:
        if all(at + len(text) + apart <= other or other + len(name) + apart <= at for other, name, _ in taken):
            taken.append((at, text, style))
    line, x = [Content(indent)], 0
    for at, text, style in sorted(taken):
        line += [Content(" " * (at - x)), Content.styled(text, style)]
        x = at + len(text)
    return Content("").join(line)


def _forecast_style(snapshot: BudgetSnapshot, forecast: int) -> str:
    """Return the style of a forecast: a warning if it exceeds the budget."""
    return "$warning" if snapshot.is_budgeted and forecast > snapshot.total.allocation else "$success"


class PeriodChart(Widget):
    """Spending, as it is known now, and budget of the latest closed periods that fit, the newest at the right."""

    periods: reactive[tuple[ClosedPeriod, ...]] = reactive(())
    """Newest first."""

    def on_mount(self) -> None:
        self.border_subtitle = Content(f"{_BUDGET_LINE}{_BUDGET_LINE} budget")

    def watch_periods(self, periods: tuple[ClosedPeriod, ...]) -> None:
        came_late = any(each.restated for each in periods)
        self.border_title = Content(f"Spent against budget{', late costs included' if came_late else ''}")

    def render(self) -> Content:
        if not self.periods:
            return Content("")
        width, height = self.content_size
        top = round_up(max(1, *(max(each.budget, each.spent_now) for each in self.periods)))
        currency = self.periods[0].currency
        labels = [formatting.short_money(part, currency) for part in (top, top // 2, 0)]
        room = max(map(len, labels))
        fitting = max(1, (width - room - 2) // _MIN_PERIOD_WIDTH)
        shown = self.periods[:fitting][::-1]
        column = max(_MIN_PERIOD_WIDTH, (width - room - 2) // len(shown))
        rows = max(1, height - 1)

        def cells(row: int) -> Content:
            return Content.assemble(*(_period_cells(each, row, rows, top, column) for each in shown))

        return columns_chart(labels, rows, cells, partial(_period_axis, shown, column))


def _period_cells(closed: ClosedPeriod, row: int, rows: int, top: int, column: int) -> Content:
    """Draw the part of a period's column in line ``row``, counted from 1 at the bottom.

    The budget is a horizontal line at its amount, drawn behind the spending.
    """
    spent = block(closed.spent_now, row, rows, top)
    is_over = closed.spent_now > closed.budget
    third = max(0, -(-closed.budget * rows * 3 // top) - 1)
    line = _BUDGET_LINES[third % 3] if third // 3 == row - 1 else " "
    bar, width = line if spent == " " else spent, min(column - _PERIOD_GAP, max(_MAX_BAR, column // 2))
    return Content.assemble(
        (bar * width, "$foreground" if spent == " " else "$warning" if is_over else "$primary"),
        (line * (column - width), "$foreground"),
    )


def _period_axis(shown: tuple[ClosedPeriod, ...], column: int, indent: str) -> Content:
    """Draw the month in which each period starts; with the year, if there is room, where a new year begins."""
    starts = [each.period.start for each in shown]
    texts = [f"{day:%b}" for day in starts]
    if column > len("Jan 2026"):
        years = [None, *(day.year for day in starts)]
        texts = [f"{day:%b %Y}" if day.year != year else f"{day:%b}" for day, year in zip(starts, years, strict=False)]
    return Content.styled(indent + "".join(text.ljust(column) for text in texts), MUTED)


class CategoryShares(Widget):
    """Money used per category, in the organization's currency: one bar made of the shares, with its legend."""

    breakdown: reactive[Breakdown | None] = reactive(None)

    def on_mount(self) -> None:
        self.border_title = "By category"

    def render(self) -> Content:
        breakdown = self.breakdown
        if breakdown is None:
            return Content("")
        currency = breakdown.organization.currency
        shown = {name: part for name, part in breakdown.parts.items() if part.used or part.budget is not None}
        if len(shown) > 1:  # the title says what they add up to
            shown.pop(Category.TOTAL, None)
        if not shown:
            return Content.styled("nothing used or planned", MUTED)
        texts = {name: formatting.money(part.used, currency) for name, part in shown.items()}
        if all(part.used % NANOS == 0 for part in shown.values()):
            texts = {name: formatting.short_money(part.used, currency) for name, part in shown.items()}
        room = max(map(len, texts.values()))
        whole = sum(max(0, part.used) for part in shown.values())  # credits have no share of what was used
        shares = {name: share(max(0, part.used), whole) if whole else Fraction(0) for name, part in shown.items()}
        legend = [
            Content.assemble(
                (shape, style),
                (f" {name:<{_NAME}}", MUTED),
                f"{formatting.percent(shares[name]) if whole else '–':>6}",
                f"  {texts[name]:>{room}}",
            )
            for name, (shape, style) in zip(shown, _SEGMENTS, strict=False)
        ]
        if len(legend) >= self.content_size.height:
            return Content("\n").join(legend)
        return Content("\n").join([_stacked(list(shares.values()), self.content_size.width), *legend])

    def watch_breakdown(self, breakdown: Breakdown | None) -> None:
        if breakdown is not None:
            total = breakdown.parts.get(Category.TOTAL)  # only one category is left of a filtered one
            amount = f" · {formatting.money(total.used, breakdown.organization.currency)}" if total else ""
            self.border_title = Content(f"By category: {breakdown.entity.name}{amount}")


_SEGMENTS = (("█", "$primary"), ("▓", "$primary 70%"), ("▒", "$primary 55%"), ("░", "$primary 40%"))
"""The cells of each category's share, told apart with and without colour."""


def _stacked(shares: Sequence[Fraction], width: int) -> Content:
    """Draw the shares of a whole one after the other; each ends where the sum so far does, rounded to a cell."""
    ends = [round(part * width) for part in accumulate(shares)]
    starts = [0, *ends]
    return Content.assemble(
        *((shape * (end - start), style) for start, end, (shape, style) in zip(starts, ends, _SEGMENTS, strict=False))
    )


class TrendChart(Widget):
    """Usage in a column per month."""

    months: reactive[Sequence[tuple[Period, int | None]]] = reactive(())
    kind: tuple[BudgetType, str] = (BudgetType.MONETARY, "USD")

    def render(self) -> Content:
        width, height = self.content_size
        budget_type, currency = self.kind
        if not any(actual for _, actual in self.months):
            return Content.styled("nothing used in the last twelve months", MUTED)
        is_money = budget_type is BudgetType.MONETARY
        highest = max(actual or 0 for _, actual in self.months)
        top = round_up(highest, CENT if is_money else TEN)
        labels = [
            formatting.short_money(part, currency) if is_money else formatting.short_count(part)
            for part in (top, top // 2, 0)
        ]
        room = max(map(len, labels))
        column = max(_MIN_MONTH_WIDTH, min(_MAX_MONTH_WIDTH, (width - room - 2) // len(self.months)))
        shown = self.months[-max(1, (width - room - 2) // column) :]
        rows, bar = max(1, height - 1), min(column - 1, _MAX_BAR // 2)

        def cells(row: int) -> Content:
            blocks = ((block(actual or 0, row, rows, top) * bar).ljust(column) for _, actual in shown)
            return Content.styled("".join(blocks), "$primary")

        axis = "".join(f"{month.start:%b}".ljust(column) for month, _ in shown)
        return columns_chart(labels, rows, cells, lambda indent: Content.styled(indent + axis, MUTED))
