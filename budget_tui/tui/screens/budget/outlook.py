"""The outlook: burn rate, runway, the forecast against the budget, and the projects in trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.trouble import by_trouble
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import pace_bar_style
from budget_tui.tui.charts import CALENDAR_HEIGHT, CALENDAR_NAMES, CALENDAR_WEEK, calendar
from budget_tui.tui.render import MUTED, STRONG, WAITING, bar, fitted, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
    from budget_tui.services.forecasts import ForecastReport
    from budget_tui.tui.charts import DayAmounts

_MIN_BAR = 6
_MIN_WEEKS = 4


class Outlook(Widget):
    """Three figures, a line each, with a comparison; below them the projects in trouble, the worst first.

    The others follow as far as there is room, and below all of them a calendar of the last weeks.

    Until the forecast is read, there is the run rate.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    forecasts: reactive[ForecastReport | None] = reactive(None)
    days: reactive[DayAmounts] = reactive(())
    """The spend of each day of the last weeks, from a Monday on."""
    lately: reactive[list[bool]] = reactive(list)
    """The last periods, the newest first, each with whether its range held."""

    def on_mount(self) -> None:
        self.border_title = "Outlook"

    def watch_snapshot(self) -> None:
        self._describe()

    def watch_forecasts(self) -> None:
        self._describe()

    def on_resize(self) -> None:
        self._describe()

    def watch_lately(self) -> None:
        self._describe()

    def _describe(self) -> None:
        """Say below how good the forecast is, in words for which there is room."""
        report, snapshot, words = self.forecasts, self.snapshot, [""]
        if report is None or snapshot is None or snapshot.is_closed:
            pass
        elif report.total.has_range:
            words.insert(0, formatting.held_lately(self.lately) if self.lately else "")
        elif report.snapshot.has_costs:
            days = formatting.count(report.total.days_of_history, "day")
            words[:0] = [f"forecast: a single number, {days} of data", f"forecast: from {days} of data", f"from {days}"]
        room = self.size.width - 6  # the corners, and a line at each side
        self.border_subtitle = Content(next(text for text in words if len(text) <= max(0, room)))

    def render(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content(WAITING)
        currency = snapshot.organization.currency
        if snapshot.is_closed:
            begins = formatting.short_day(snapshot.period.half_open[1])
            return Content.styled(f"closed: what is left is known, and the next period starts on {begins}", MUTED)
        found = self.forecasts.total_for(snapshot) if self.forecasts is not None else None
        rows = [
            ("Burn", f"{formatting.money(snapshot.total.burn_rate, currency)}", self._window(snapshot)),
            ("Lasts", formatting.runway_of(snapshot.total), self._until(snapshot)),
            ("Run rate", formatting.money(snapshot.total.run_rate, currency), self._against(snapshot, None))
            if found is None
            else ("Forecast", formatting.forecast_range(found, currency), self._against(snapshot, found)),
        ]
        room = max(len(value) for _, value, _ in rows)
        lines = []
        for label, value, words in rows:
            figure = Content.assemble((label.ljust(9), MUTED), (value.rjust(room), STRONG))
            space = self.content_size.width - figure.cell_length - 2
            # The comparisons shorten rather than wrap: the lines below would be pushed out of sight.
            fitting = next((text for text in words if text.cell_length <= space), Content(""))
            lines.append(Content.assemble(figure, "  ", fitting))
        lines += self._projects(snapshot, self.content_size.height - len(lines) - 1)
        return Content("\n").join([*lines, *self._calendar(snapshot, self.content_size.height - len(lines) - 1)])

    def _projects(self, snapshot: BudgetSnapshot, room: int) -> list[Content]:
        ranked = by_trouble(snapshot.projects)
        if not ranked or room < 1:
            return []
        shown = ranked if len(ranked) <= room else ranked[: max(1, room - 1)]
        lines = self._project_lines(snapshot, shown)
        if (hidden := len(ranked) - len(shown)) and room > 1:
            lines.append(Content.styled(f"and {hidden:,} more", MUTED))
        return [Content(""), *lines]

    def _calendar(self, snapshot: BudgetSnapshot, room: int) -> list[Content]:
        """Draw as many of the last weeks as there is room for; nothing where there is none for a month of them."""
        weeks = (self.content_size.width - CALENDAR_NAMES) // CALENDAR_WEEK
        if room < CALENDAR_HEIGHT - 1 or weeks < _MIN_WEEKS:
            return []
        is_plain = self.app.no_color or self.app.native_ansi_color
        hidden = max(0, -(-len(self.days) // 7) - weeks)
        days = self.days[hidden * 7 :]
        drawn = calendar(days, snapshot.as_of, snapshot.organization.currency, is_plain=is_plain)
        # The months alone say which days these are.
        return [Content(""), *drawn[0 if room >= CALENDAR_HEIGHT else 1 :]] if drawn else []

    def _project_lines(self, snapshot: BudgetSnapshot, shown: Sequence[ProjectLine]) -> list[Content]:
        """Draw the projects: status, name, a bar where there is room, what is left, and how long that lasts."""
        currency, elapsed = snapshot.organization.currency, formatting.elapsed(snapshot)
        lefts = [formatting.of_budget(line.pace, line.pace.remaining, currency) for line in shown]
        widest = max(map(len, lefts))
        room = self.content_size.width - widest - 11
        names = min(room, max(cell_len(line.name) for line in shown))
        cells = room - names - 1 if room - names > _MIN_BAR else 0
        names = names if cells else max(6, room)

        def drawn(line: ProjectLine) -> Content:
            if not cells:
                return Content("")
            used, held = formatting.used_share(line.pace), formatting.reserved_share(line.pace)
            return Content(" ") + bar(used, cells, elapsed, pace_bar_style(line.pace), held)

        return [
            Content.assemble(
                status(line.pace),
                f" {fitted(line.name, names)}",
                drawn(line),
                f" {left.rjust(widest)} ",
                (formatting.runway_of(line.pace).rjust(7), MUTED),
            )
            for line, left in zip(shown, lefts, strict=True)
        ]

    # The comparisons, each from the longest wording to the shortest

    def _window(self, snapshot: BudgetSnapshot) -> list[Content]:
        days = f"{snapshot.burn_days} days" if snapshot.burn_days > 1 else "1 day"
        return [Content.styled(text, MUTED) for text in (f"/ day, {days}", "/ day")]

    def _until(self, snapshot: BudgetSnapshot) -> list[Content]:
        days = snapshot.total.runway_days
        if days is None or days > 365 or not snapshot.is_budgeted:
            return []
        day = formatting.short_day(snapshot.as_of + timedelta(days=int(days)))
        if snapshot.total.runs_short:
            return [Content.styled(text, "$warning") for text in (f"out {day}, too early ▲", f"out {day} ▲", "▲")]
        return [Content.styled(text, MUTED) for text in (f"until {day}", day)]

    def _against(self, snapshot: BudgetSnapshot, found: Forecast | None) -> list[Content]:
        if found is not None and found.has_range:
            return self._likely(snapshot, found)
        if not snapshot.is_budgeted:
            return []
        over = (snapshot.total.run_rate if found is None else found.median) - snapshot.total.allocation
        amount = formatting.money(abs(over), snapshot.organization.currency)
        if over > 0:
            return [Content.styled(text, "$warning") for text in (f"{amount} over ▲", f"+{amount} ▲", "over ▲", "▲")]
        return [Content.styled(text, MUTED) for text in (f"{amount} under", "under")]

    def _likely(self, snapshot: BudgetSnapshot, found: Forecast) -> list[Content]:
        currency = snapshot.organization.currency
        median = formatting.whole_money(found.median, currency)
        likely, shortest = f"likely {median}", f"~{median}"
        if not snapshot.is_budgeted:
            return [Content.styled(text, MUTED) for text in (likely, shortest)]
        over = found.median - snapshot.total.allocation
        amount = formatting.whole_money(abs(over), currency)
        if over > 0:
            words = (f"{likely}, {amount} over ▲", f"{likely} ▲", f"{shortest} ▲", "▲")
            return [Content.styled(text, "$warning") for text in words]
        against = "perhaps over" if found.high > snapshot.total.allocation else f"{amount} under"
        return [Content.styled(text, MUTED) for text in (f"{likely}, {against}", likely, shortest)]
