"""The monitor: the same snapshot in a narrow pane. It opens the database read-only and has no keys that write."""

import asyncio
from collections.abc import Callable, Sequence
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
from budget_tui.tui.charts import spend_per_day
from budget_tui.tui.render import MUTED, STRONG, bar, fitted, spread, status
from budget_tui.tui.theme import ThemedApp, start_with_theme

COMPUTE_SECONDS = 60.0
MIN_BAR_WIDTH = 3
_BAR = 8
"""Width of a bar, in cells, that yields to the names of projects."""
MIN_WIDTH_WITH_RUN_OUT = 40
"""Minimum width, in cells, to show the date on which a project runs out; below it, the days left are shown."""
_WITH_HEADER, _WIDE = 76, 100
"""Minimum widths, in cells, of the table with a header, which shows where the figures come from, and of all of it."""
_DERIVED = _TODAY, _BURN = "Today", "Burn"
_CHART_TITLE, _MIN_CHART_HEIGHT, _MAX_CHART_HEIGHT = "Spend per day", 6, 14
_ABOVE_PROJECTS = 2
"""Lines that a header takes: a blank one, and its own."""


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
        lines += self._chart(snapshot, width, height - len(foot) - len(lines))
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
        tick, paces = formatting.elapsed(snapshot), [line.pace for line in lines]
        has_header = width >= _WITH_HEADER and bool(lines) and len(ranked) + _ABOVE_PROJECTS <= room
        figures = _figures(paces, snapshot.organization.currency, width, has_header=has_header)
        rooms = [max(4, *map(len, column)) if column else 4 for column in figures]
        gap = 2 if has_header else 1
        # The columns after the name: bar, figures and status, each with the blanks before it.
        others = sum(rooms) + gap * len(rooms) + 3
        name_room = min(
            max([8, *(cell_len(line.name) for line in lines)]),
            max(8, (width - others) // 2, width - others - gap - _BAR),
        )
        bar_room = width - others - name_room - gap
        if bar_room < MIN_BAR_WIDTH:
            bar_room, name_room = 0, max(1, width - others)

        def drawn(name: str, bar: Content, texts: Sequence[str], styles: Sequence[str], mark: Content) -> Content:
            cells = zip(texts, rooms, styles, strict=True)
            return Content.assemble(
                fitted(name, name_room),
                Content(" " * gap).append(bar) if bar_room else "",
                *((" " * gap + text.rjust(size), style) for text, size, style in cells),
                "  ",
                mark,
            )

        found = []
        labels = [column.pop(0) for column in figures] if has_header else [""] * len(figures)
        if has_header:
            header = drawn("Project", Content(" " * bar_room), labels, [MUTED] * len(labels), Content(" "))
            found = [Content(""), header.stylize(MUTED)]
        for at, line in enumerate(lines):
            texts = [column[at] for column in figures]
            styles = [MUTED if label in _DERIVED else "" for label in labels[:-1]]
            styles.append("$warning" if line.pace.runs_short else MUTED)
            found.append(drawn(line.name, _bar(line.pace, bar_room, tick), texts, styles, status(line.pace)))
        if hidden:
            found.append(Content.assemble((f"and {formatting.count(hidden, 'project')} in better shape", MUTED)))
        return found

    def _chart(self, snapshot: BudgetSnapshot, width: int, room: int) -> list[Content]:
        """Draw the spending per day where the projects leave room for it."""
        height = min(room - 3, _MAX_CHART_HEIGHT)  # beside the title and the blank lines around
        if width < _WITH_HEADER or height < _MIN_CHART_HEIGHT:
            return []
        chart = spend_per_day(snapshot, width, height).split("\n")
        return [Content(""), Content.styled(_CHART_TITLE, MUTED), *chart]

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


def _figures(paces: Sequence[Pace], currency: str, width: int, *, has_header: bool) -> list[list[str]]:
    """Return the columns of figures: what is left and for how long. Below a header, also what that comes from."""

    def amounts(label: str, of: Callable[[Pace], int | None]) -> list[str]:
        """Write amounts whose decimal points stand below each other: cents for all of them or for none."""
        found = [of(pace) for pace in paces]
        texts = [formatting.short_money(amount, currency) for amount in found if amount is not None]
        is_whole = not any("." in text for text in texts)
        written = formatting.short_money if is_whole else formatting.money
        return [
            *[label][: int(has_header)],
            *("–" if amount is None else written(amount, currency) for amount in found),
        ]

    def funded(amount: Callable[[Pace], int]) -> Callable[[Pace], int | None]:
        return lambda pace: None if pace.unfunded else amount(pace)

    runways = [
        (formatting.out_on(pace) if width >= MIN_WIDTH_WITH_RUN_OUT and not has_header else "")
        or formatting.runway_of(pace).replace(" ", "" if not has_header else " ")
        for pace in paces
    ]
    left = amounts("Left", funded(lambda pace: pace.remaining))
    if not has_header:
        return [left, runways]
    paces_of_days = [
        amounts(_TODAY, funded(lambda pace: pace.available_today)),
        amounts(_BURN, lambda pace: pace.burn_rate or None),
    ]
    return [
        amounts("Allocation", funded(lambda pace: pace.allocation)),
        amounts("Spent", lambda pace: pace.spent),
        left,
        *(paces_of_days if width >= _WIDE else ()),
        ["Runs out", *(formatting.out_on(pace).removeprefix("out ") for pace in paces)],
        ["Runway", *runways],
    ]


def _bar(pace: Pace, width: int, tick: Fraction) -> Content:
    return bar(formatting.used_share(pace), width, tick, pace_bar_style(pace), formatting.reserved_share(pace))
