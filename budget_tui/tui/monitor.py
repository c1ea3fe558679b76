"""The monitor: the same snapshot in a narrow pane. It opens the database read-only and has no keys that write."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from textwrap import wrap

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.worker import Worker

from budget_tui.bootstrap import Services
from budget_tui.config.paths import styles_dir
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.snapshot import BudgetSnapshot, Pace
from budget_tui.domain.trouble import by_trouble
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import pace_bar_style
from budget_tui.tui.render import MUTED, STRONG, bar, fitted, spread, status
from budget_tui.tui.theme import ThemedApp, start_with_theme

COMPUTE_SECONDS = 60.0
MIN_BAR_WIDTH = 3
MIN_WIDTH_WITH_RUN_OUT = 40
"""Minimum width, in cells, to show the date on which a project runs out; below it, the days left are shown."""


class MonitorView(Widget):
    """As many lines as fit: period, total, projects (the worst first), pool."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    failure: reactive[str] = reactive("")

    def render(self) -> Content:
        width, height = self.content_size
        if self.snapshot is None:
            return Content.assemble((f"✕ {self.failure}", "bold $error") if self.failure else ("reading …", MUTED))
        snapshot = self.snapshot
        foot = self._failure(width, height) if self.failure else [self._foot(snapshot, width)]
        if (currencies := formatting.other_currencies_briefly(snapshot)) and not self.failure:
            foot.insert(0, Content.assemble((currencies, "$warning" if snapshot.left_out else MUTED)))
        room = max(0, height - 2 - len(foot))
        lines = [self._head(snapshot, width)] if height > len(foot) + 1 else []
        lines.append(self._total(snapshot, width))
        lines += self._projects(snapshot, width, room)
        lines += [Content("")] * max(0, height - len(foot) - len(lines))
        lines = [*lines[: max(0, height - len(foot))], *foot][-height:]
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def _head(self, snapshot: BudgetSnapshot, width: int) -> Content:
        name = f"{snapshot.period.start:%B}" if width < 60 else formatting.period_name(snapshot.period)
        days = formatting.days_left(snapshot.period, snapshot.as_of, briefly=width < 60)
        return spread(
            Content.assemble((name, STRONG), (f" · {days}", MUTED)),
            Content.assemble((f"through {formatting.near_day(snapshot.data_through, snapshot.as_of)}", MUTED)),
            width,
        )

    def _total(self, snapshot: BudgetSnapshot, width: int) -> Content:
        currency, total = snapshot.organization.currency, snapshot.total
        part, spent = formatting.used_share(total), formatting.short_money(total.spent, currency)
        if total.unfunded:
            figures = Content(f" {spent} spent")
        else:
            figures = Content.assemble(
                f" {spent} / {formatting.short_money(total.allocation, currency)}",
                (f" {formatting.percent(part)}", MUTED),
            )
        room = width - figures.cell_length
        if room < MIN_BAR_WIDTH:
            return figures[1:]
        return Content.assemble(_bar(total, room, formatting.elapsed(snapshot)), figures)

    def _projects(self, snapshot: BudgetSnapshot, width: int, room: int) -> list[Content]:
        ranked = by_trouble(snapshot.projects)
        lines = ranked if len(ranked) <= room else ranked[: max(0, room - 1)]
        hidden = len(ranked) - len(lines)
        currency, tick = snapshot.organization.currency, formatting.elapsed(snapshot)
        lefts = ["–" if line.pace.unfunded else formatting.short_money(line.pace.remaining, currency) for line in lines]
        runways = [
            (formatting.out_on(line.pace) if width >= MIN_WIDTH_WITH_RUN_OUT else "")
            or formatting.runway_of(line.pace).replace(" ", "")
            for line in lines
        ]
        left_room = max([4, *map(len, lefts)])
        runway_room = max([4, *map(len, runways)])
        # The columns after the name: bar, left, runway and status, each with the blanks before it.
        others = left_room + runway_room + 5
        name_room = min(max([8, *(cell_len(line.name) for line in lines)]), max(8, (width - others) // 2))
        bar_room = width - others - name_room - 1
        if bar_room < MIN_BAR_WIDTH:
            bar_room, name_room = 0, max(1, width - others)
        found = [
            Content.assemble(
                fitted(line.name, name_room),
                Content(" ").append(_bar(line.pace, bar_room, tick)) if bar_room else "",
                f" {left.rjust(left_room)}",
                (f" {lasts.rjust(runway_room)}", "$warning" if line.pace.runs_short else MUTED),
                "  ",
                status(line.pace),
            )
            for line, left, lasts in zip(lines, lefts, runways, strict=True)
        ]
        if hidden:
            found.append(Content.assemble((f"and {formatting.count(hidden, 'project')} in better shape", MUTED)))
        return found

    def _failure(self, width: int, height: int) -> list[Content]:
        """Return why the figures are old, on a third of the lines at most: an address alone can be longer than one."""
        lines = wrap(f"✕ {self.failure}", max(8, width), max_lines=max(1, height // 3), placeholder=" …")
        return [Content.assemble((line, "bold $error")) for line in lines]

    def _foot(self, snapshot: BudgetSnapshot, width: int) -> Content:
        currency = snapshot.organization.currency
        pool = formatting.short_money(abs(snapshot.unallocated), currency)
        unmapped = formatting.short_money(snapshot.unmapped, currency)
        if snapshot.is_unmapped_unpriced:
            unmapped = formatting.count(snapshot.unmapped_costs, "cost")
        if snapshot.unallocated < 0:
            parts = [(f"{pool} over-allocated", "$warning")]
        else:
            parts = [("no budget yet" if snapshot.total.unfunded else f"{pool} unallocated", MUTED)]
        if not snapshot.total.unfunded:
            parts.append((f" · {formatting.for_today(snapshot.total.available_today, currency)}", MUTED))
        return Content.assemble(*parts, (f" · {unmapped} unmapped" if snapshot.unmapped_costs else "", "$warning"))


class MonitorApp(ThemedApp):
    """The monitor's app; ``interval`` is the time between checks for changes, in seconds."""

    TITLE = "budget-tui monitor"
    CSS_PATH = styles_dir() / "monitor.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("q", "quit", "Quit", id="quit", tooltip="Quit the monitor")]

    def __init__(self, services: Services, interval: float) -> None:
        super().__init__()
        self._services = services
        self._interval = interval
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="budget-reader")
        self._reading: Worker[None] | None = None
        self._view = MonitorView()  # while the app closes, the view is on no screen, but a timer may still fire
        self.set_keymap(services.settings.keys)
        start_with_theme(self, services.settings.theme)

    def action_help_quit(self) -> None:
        """Close the monitor on Ctrl+C."""
        self.exit()

    def compose(self) -> ComposeResult:
        yield self._view

    def on_mount(self) -> None:
        self.reload()
        self.set_interval(self._interval, self._look)
        self.set_interval(COMPUTE_SECONDS, self.reload)

    async def on_unmount(self) -> None:
        self._reader.shutdown(wait=True)
        self._services.snapshots.close()

    def _look(self) -> None:
        try:
            changed = self._services.snapshots.changed()
        except BudgetError as error:
            self._show(None, error.at_terminal)
            return
        if changed or self._view.failure:
            self.reload()

    def reload(self) -> None:
        """Read again, unless a read is under way: restarting at every write might never finish."""
        if self._reading is None or self._reading.is_finished:
            self._reading = self._read()

    @work
    async def _read(self) -> None:
        try:
            snapshot = await asyncio.get_running_loop().run_in_executor(self._reader, self._services.snapshots.current)
        except BudgetError as error:
            self._show(None, error.at_terminal)
            return
        self._show(snapshot, "")

    def _show(self, snapshot: BudgetSnapshot | None, failure: str) -> None:
        """Show a new snapshot, or the reason why the old one stays."""
        self._view.failure = failure
        if snapshot is not None:
            self._view.snapshot = snapshot


def _bar(pace: Pace, width: int, tick: Fraction) -> Content:
    return bar(formatting.used_share(pace), width, tick, pace_bar_style(pace), formatting.reserved_share(pace))
