"""The frame of every screen: the bar above; the notice, the freshness of the data and the keys below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from budget_tui.presentation import formatting
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.render import MUTED, shortened, spread

if TYPE_CHECKING:
    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import BudgetSnapshot

SCREENS = (
    ("1", "budget", "Budget"),
    ("2", "projects", "Projects"),
    ("3", "agents", "Agents"),
    ("4", "plan", "Plan"),
    ("5", "history", "History"),
    ("6", "audit", "Log"),
    ("7", "alerts", "Alerts"),
)
"""The screens in their order: key, mode of the app, name."""


_MAX_NAME, _MIN_NAME = 24, 6
_MAX_LINES = 2
"""Lines of the freshness of the data at most."""
_SEPARATOR = Content.styled(" · ", MUTED)
_TELLING = 12
"""The cells of a message's beginning that tell what it is about."""


class TopBar(Widget):
    """The database, the screens with their keys, the organization, the period, the days left.

    ``database`` is the name to show for it; ``is_new`` returns whether it does not exist yet.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def __init__(self, mode: str, database: str, is_new: Callable[[], bool]) -> None:
        super().__init__()
        self._mode = mode
        self._database = database
        self._is_new = is_new

    def render(self) -> Content:
        width = self.content_size.width
        for left, right in self._layouts(width):
            if left.cell_length + right.cell_length < width:
                return spread(left, right, width)
        return self._tabs(only_keys=True).truncate(width, ellipsis=True)

    def _layouts(self, width: int) -> Iterable[tuple[Content, Content]]:
        """Yield the left and right parts of the line, the best pair first."""
        tabs, tight = self._tabs(), self._tabs(is_tight=True)
        fewer, keys = self._tabs(is_tight=True, without_last=True), self._tabs(only_keys=True)
        new = (" new database", "bold $warning") if self._is_new() else ""
        name = Content.assemble((f" {shortened(self._database, _MAX_NAME)}", "bold $primary"), new)
        yield Content.assemble(name, "  ", tabs), self._period(3)
        yield Content.assemble(name, "  ", tabs), self._period(2)
        # A closed period matters more than the names of the screens.
        is_closed = self.snapshot is not None and self.snapshot.is_closed
        least = [] if is_closed else [Content("")]
        whole = min(cell_len(self._database), _MAX_NAME)
        for shown in (tabs, tight, fewer, keys):
            room = width - shown.cell_length
            periods = (self._period(2), self._period(1), self._days(), *(least if shown is not tabs else ()))
            # The full name of the database matters more than the period, an abbreviated one less.
            yield from ((shown, self._with_name(period, room, whole)) for period in periods)
            yield from ((shown, self._with_name(period, room, _MIN_NAME)) for period in periods)
        yield keys, self._period(1)

    def _days(self) -> Content:
        """Return the days left in the shortest form."""
        if self.snapshot is None or self.snapshot.is_closed:
            return self._period(1)
        return Content.styled(f"{self.snapshot.days_left} d", MUTED)

    def _with_name(self, period: Content, room: int, least: int) -> Content:
        """Put the database's name before ``period``, shortened to ``room`` but not below ``least`` cells."""
        between = " · " if period else ""
        most = min(_MAX_NAME, room - 1 - period.cell_length - len(between))
        name = "new database" if self._is_new() else shortened(self._database, max(least, most))
        return Content.assemble((name, "bold $primary"), (between, MUTED), period)

    def _tabs(self, *, only_keys: bool = False, without_last: bool = False, is_tight: bool = False) -> Content:
        """Return the screens; of those that are not shown only the keys, or of the last one of them.

        Where they are ``is_tight``, a single cell is between two of them.
        """
        last = [mode for _, mode, _ in SCREENS if mode != self._mode][-1]
        tabs = []
        for key, mode, label in SCREENS:
            is_shown = mode == self._mode
            style = "bold reverse $accent" if is_shown else f"{MUTED} @click=app.show('{mode}')"
            is_brief = only_keys or (without_last and mode == last)
            text = f" {key}" if is_brief and not is_shown else f" {key} {label}"
            text += "" if is_tight and not is_shown else " "
            tab = Content.styled(text, style)
            if mode == "alerts" and self.snapshot is not None and self.snapshot.alerts:
                tab = Content.assemble(tab, (f"▲{self.snapshot.alerts}", "bold $warning"))
            tabs.append(tab)
        return Content("").join(tabs)

    def _period(self, parts: int) -> Content:
        """Return the last ``parts`` of: organization, period, days left."""
        snapshot = self.snapshot
        if snapshot is None:
            return Content("")
        shown = [
            (snapshot.organization.slug, MUTED),
            (formatting.period_name(snapshot.period), ""),
            ("closed" if snapshot.is_closed else formatting.days_left(snapshot.period, snapshot.as_of), MUTED),
        ]
        return Content.styled(" · ", MUTED).join(Content.styled(*part) for part in shown[-parts:])


WARNED = "▲ "
"""The sign before the report of what nobody did, but what matters: an alert that fired."""


class Notice(Widget):
    """One message, shown until the next one or until the screen is left. Its line stays without one: no row jumps.

    ``aside`` reports an automatic change, beside the message of the action that caused it.
    """

    text: reactive[str] = reactive("", layout=True)
    aside: reactive[str] = reactive("", layout=True)
    is_problem: reactive[bool] = reactive(False)
    reversal: reactive[tuple[str, str] | None] = reactive(None)
    """The key that reverses what was done, and what it does, where there is room for that in the line."""
    _is_aside_of_next = False

    def render(self) -> Content:
        style = "bold $error" if self.is_problem else "$accent"
        message = " · ".join(filter(None, (self.text, self.aside)))
        if not message:
            return Content("")
        if message.startswith(WARNED):
            style, sign = "bold $warning", WARNED
        else:
            sign = "✕ " if self.is_problem else "✓ "
        line = Content.assemble((sign, style), message.removeprefix(WARNED))
        if self.reversal is None:
            return line
        key, words = self.reversal
        whole = Content.assemble(line, ("; ", MUTED), (key, "bold $accent"), (f" {words}", MUTED))
        return whole if whole.cell_length <= self.size.width else line

    def show(self, text: str, *, is_problem: bool = False, reversal: tuple[str, str] | None = None) -> None:
        if not (text and self._is_aside_of_next):
            self.aside = ""
        self._is_aside_of_next = False
        self.is_problem = is_problem
        self.reversal = reversal
        self.text = text

    def show_aside(self, text: str, *, of_next: bool) -> None:
        """Report an automatic change, after the message that is shown.

        With ``of_next``, the message of the action that caused it is yet to come, and what is shown is outdated.
        """
        if of_next:
            self.show("")
        self._is_aside_of_next = of_next
        self.aside = text


class Freshness(Widget):
    """The last day with cost data, and warnings about the data; ``failure`` is the reason why the numbers are outdated.

    ``chosen_day`` is the date that the user set as today, if any.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    failure: reactive[str] = reactive("")
    turn: reactive[Period | None] = reactive(None)
    """The period that ended by itself and whose carried-over allocations nobody has reviewed."""

    def __init__(self, chosen_day: date | None) -> None:
        super().__init__()
        self._chosen_day = chosen_day

    def watch_snapshot(self) -> None:
        self._fit()

    def watch_failure(self) -> None:
        self._fit()

    def watch_turn(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Lay out again only if the number of lines changes."""
        if min(len(self._lines(self.content_size.width)), _MAX_LINES) != self.content_size.height:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        """Return the parts in lines that end between two of them; the first that does not fit is begun as far as it
        does, and ``…`` takes the place of the rest."""
        is_flat = self.screen.has_class("-flat")
        parts, most = [*self._parts(is_brief=is_flat)], 1 if is_flat else _MAX_LINES
        if not width:
            return parts[:1]
        for number in range(len(parts), 0, -1):
            more = " …" if number < len(parts) else ""
            whole = Content.assemble(_SEPARATOR.join(parts[:number]), (more, MUTED))
            for lines in (_in_lines(parts[:number], more, width), whole.wrap(width)):
                if len(lines) <= most:
                    return lines if number == len(parts) else _begun(lines, more, parts[number], width, most)
        return [*lines[: most - 1], Content(" ").join(lines[most - 1 :]).truncate(width, ellipsis=True)]

    def _parts(self, *, is_brief: bool) -> Iterator[Content]:
        """Yield what there is to say, what matters most first; ``is_brief``: on a single line."""
        snapshot = self.snapshot
        if self.failure:
            shown = f" · shown: {snapshot.computed_at.astimezone():%H:%M:%S}" if snapshot is not None else ""
            yield Content.assemble((f"✕ {self.failure}", "bold $error"), (shown, MUTED))
            return
        if snapshot is None:
            yield Content.styled("reading …", MUTED)
            return
        currency = snapshot.organization.currency
        if self.turn is not None:
            ended = formatting.period_name(self.turn)
            close = key_of(self.app, "period.close")
            yield _hint(f"{ended} has ended: ", close, " to re-allocate, or keep what was carried over")
        yield Content.styled(f"data through {formatting.near_day(snapshot.data_through, snapshot.as_of)}", MUTED)
        if self._chosen_day is not None:
            chosen = (formatting.short_day if is_brief else formatting.long_day)(self._chosen_day)
            yield Content.styled(f"as of {chosen}", MUTED)
        if snapshot.unmapped_costs:
            amount = "unpriced" if snapshot.is_unmapped_unpriced else formatting.money(snapshot.unmapped, currency)
            costs = formatting.count(snapshot.unmapped_costs, "cost")
            yield _hint(f"{costs} unmapped ({amount}): ", key_of(self.app, "cost.map"), " to map")
        if snapshot.unpriced:
            unpriced = formatting.tokens(sum(tokens for _, tokens in snapshot.unpriced))
            models = ", ".join(model for model, _ in snapshot.unpriced)
            yield Content.styled(f"{unpriced} of {models} unpriced", "$warning")
        if snapshot.left_out:
            amounts = ", ".join(formatting.short_money(each.amount, each.currency) for each in snapshot.left_out)
            yield Content.styled(f"{amounts} left out: no usable rate to {currency}", "$warning")
        if snapshot.total.scheduled:
            scheduled = formatting.money(snapshot.total.scheduled, currency)
            yield Content.styled(f"{scheduled} scheduled for later days", MUTED)
        for spend in snapshot.converted:
            yield Content.styled(formatting.counted_as(spend, currency), MUTED)


def _in_lines(parts: Iterable[Content], more: str, width: int) -> list[Content]:
    """Put ``parts`` into lines of ``width`` cells, each whole where it fits into one, and ``more`` behind the last."""
    first, *others = parts
    lines = [first]
    for part in others:
        line = _SEPARATOR.join([lines[-1], part])
        if line.cell_length <= width:
            lines[-1] = line
        else:
            lines.append(part)
    lines[-1] = Content.assemble(lines[-1], (more, MUTED))
    return [piece for line in lines for piece in line.wrap(width)]


def _begun(lines: Sequence[Content], more: str, part: Content, width: int, most: int) -> list[Content]:
    """Add to ``lines``, which end in ``more``, the words of another part for which there is room, if they tell
    anything."""
    *whole, last = lines
    last = last[: -len(more)]
    begun = Content.assemble(last, _SEPARATOR, part).wrap(width - len(more))[: most - len(whole)]
    if len(begun) == 1 and begun[0].cell_length < last.cell_length + len(_SEPARATOR) + _TELLING:
        begun = [last]
    return [*whole, *begun[:-1], Content.assemble(begun[-1].rstrip(), (more, MUTED))]


def _hint(before: str, key: str, after: str) -> Content:
    """Draw a warning with the key that deals with it."""
    return Content.assemble((before, "$warning"), (key, "bold $accent"), (after, "$warning"))


_GAPS = ("   ", "  ", " ")
_EXPENDABLE = ("map", "close_period", "quit", "sort", "filter", "import", "record_cost", "transfer", "explain")
"""Keys to leave out where there is no room, in this order: the palette offers them too."""
_AT_LEAST = len(_GAPS) + _EXPENDABLE.index("filter")
"""The number of layouts with the palette's name."""
_CHARACTERS = {"slash": "/", "plus": "+", "minus": "-", "dollar_sign": "$"}
"""Keys that Textual does not recognize as characters: it would show their bindings where they are typed as text."""


class KeyBar(Widget):
    """The active keys of the focused widget, with the palette's at the right end; a click on one presses it."""

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def render(self) -> Content:
        keys: dict[str, Content] = {}
        palette = sign = Content("")
        for active in self.screen.active_bindings.values():
            binding = active.binding
            style = "$foreground" if active.enabled else "$foreground 40%"
            text = Content.assemble(
                (self.app.get_key_display(binding), "bold $accent" if active.enabled else style),
                (f" {binding.description}", style),
            ).stylize(Style.from_meta({"key": binding.key}))
            if binding.key == self.app.COMMAND_PALETTE_BINDING:
                palette, sign = text, text[: text.plain.index(" ")]
            elif binding.show and not self._is_typed(active):
                keys.setdefault(binding.action, text)
        width = self.content_size.width
        lines = [Content(gap).join(keys.values()) for gap in _GAPS]
        for action in _EXPENDABLE:
            keys.pop(action, None)
            lines.append(Content(_GAPS[-1]).join(keys.values()))
        # The name of the palette goes before the keys of a table do.
        layouts = [*((line, palette) for line in lines[:_AT_LEAST]), *((line, sign) for line in lines[_AT_LEAST - 1 :])]
        for line, right in layouts:
            if line.cell_length + right.cell_length < width:
                return spread(line, right, width)
        return spread(lines[-1].truncate(width - sign.cell_length - 1, ellipsis=True), sign, width)

    def _is_typed(self, active: ActiveBinding) -> bool:
        """Return whether the focused widget takes the key as text."""
        focused, character = self.screen.focused, _CHARACTERS.get(active.binding.key)
        if focused is None or focused is active.node or character is None:
            return False
        return focused.check_consume_key(active.binding.key, character)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show the tooltip of the key under the mouse."""
        active = self.screen.active_bindings.get(event.style.meta.get("key", ""))
        self.tooltip = Content(active.tooltip) if active and active.tooltip else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if key := event.style.meta.get("key"):
            self.app.simulate_key(key)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.refresh()


class Layout(Container):
    """A container that arranges its widgets and is not drawn itself.

    For every repaint, Textual renders each widget whose container overlaps the repainted region. Widgets in a `Layout`
    of their own are spared the repaints beside it, and the `Layout` itself is never rendered.
    """


class Head(Layout):
    """The line above the body."""


class Foot(Layout):
    """The lines below the body."""
