"""The columns of tables, each declared once: its text, its alignment, and what it does where there is little room.

The dashboard's table and the command line's tables draw them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.pacing import Status
from budget_tui.domain.trouble import trouble_rank
from budget_tui.domain.variance import VarianceStatus
from budget_tui.presentation import formatting

if TYPE_CHECKING:
    from budget_tui.domain.audit import AuditEntry
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.records import UnmappedOrigin
    from budget_tui.domain.snapshot import Pace, ProjectLine
    from budget_tui.domain.tokens import AgentBudget

NOTHING = "–"
TOKENS = "tokens"
"""The style of bars of tokens that are no matter of concern; those of money have none."""
Row = TypeVar("Row")
Align = Literal["left", "right", "point"]


class Bar(NamedTuple):
    """A bar's used share, its tick where even use would stand today, and its reserved share. ``style`` names that of a
    status, in whose colour it is drawn; a calm one has none."""

    used: Fraction
    tick: Fraction | None = None
    reserved: Fraction = Fraction(0)
    style: str = ""


def _no_text(_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a table; the first one names the rows.

    ``align`` is 'left', 'right', or 'point' for amounts, whose decimal points stand below each other.

    It is as wide as its texts, but at least ``min_width`` and at most ``max_width``. Where there is little room it
    ``shrinks_to`` so many cells (0: never), and columns with a ``drop_order`` are dropped, 1 first: before any other is
    made narrower or, when it ``yields_late``, only where that is not enough. ``bar`` makes it the column that takes the
    room that the others leave.

    ``style`` returns the name of a row's style; '' is the column's own, which ``is_muted`` where it is derived or of
    less importance. ``sort_key`` None: rows are not sorted by it. ``noun`` names a column without a label. ``total``
    returns the text of the sum below it. ``longest`` picks the rows with the longest texts, where that is faster than
    formatting them all. ``has_paths``: paths among the texts are cut at the left, where they are alike. ``wraps`` lets
    the command line continue a long text on further lines of its column, where it shortens those of others.
    """

    key: str
    label: str
    text: Callable[[Row], str] = _no_text
    align: Align = "left"
    min_width: int = 0
    max_width: int = 40
    shrinks_to: int = 0
    drop_order: int = 0
    yields_late: bool = False
    style: Callable[[Row], str] = _no_text
    is_muted: bool = False
    sort_key: Callable[[Row], Any] | None = None
    noun: str = ""
    total: Callable[[Sequence[Row]], str] = _no_text
    longest: Callable[[Sequence[Row]], Iterable[Row]] = lambda rows: rows
    bar: Callable[[Row], Bar | None] | None = None
    wraps: bool = False
    has_paths: bool = False

    @property
    def name(self) -> str:
        return self.label or self.noun

    def keeps_end(self, text: str) -> bool:
        """Return whether ``text`` is cut at its beginning where there is no room for all of it."""
        return self.has_paths and formatting.is_path(text)

    def style_of(self, row: Row) -> str:
        return self.style(row) or ("muted" if self.is_muted else "")


_BAR_MIN_WIDTH = 4
_READABLE_GAP = 2


class Fitting:
    """The columns while they are fitted into ``room`` cells; ``widths`` of their texts by key, 0 for an empty column.

    ``gap`` is the number of cells between two columns.
    """

    def __init__(self, columns: Iterable[Column[Any]], widths: Mapping[str, int], room: int, gap: int) -> None:
        self.shown = [column for column in columns if widths[column.key]]
        self.widths = {column.key: widths[column.key] for column in self.shown}
        self.room = room
        self.gap = gap

    @property
    def overflow(self) -> int:
        """Number of cells in excess; negative if some are free."""
        taken = sum(self.widths[column.key] for column in self.shown)
        return taken + self.gap * (len(self.shown) - 1) - self.room

    @property
    def bar(self) -> Column[Any] | None:
        return next((column for column in self.shown if column.bar is not None), None)

    def drop(self, needed: str = "") -> None:
        """Remove columns that do not fit, the lowest ``drop_order`` first, but not that of the key ``needed``."""
        droppable = (each for each in self.shown if each.drop_order and each.key != needed)
        for column in sorted(droppable, key=lambda each: each.drop_order):
            slack = sum(max(0, self.widths[each.key] - each.shrinks_to) for each in self.shown if each.shrinks_to)
            if self.overflow > (slack if column.yields_late else 0):
                self.shown.remove(column)

    def shrink(self) -> None:
        """Shorten the bar, then the other columns from the widest on, then the bar further."""
        bar, widths = self.bar, self.widths
        if bar is not None and bar.shrinks_to:
            widths[bar.key] = max(min(bar.shrinks_to, widths[bar.key]), widths[bar.key] - max(0, self.overflow))
        texts = [column for column in self.shown if column.shrinks_to and column is not bar]
        while self.overflow > 0 and (wide := [each for each in texts if widths[each.key] > each.shrinks_to]):
            widths[max(wide, key=lambda each: widths[each.key]).key] -= 1
        if bar is not None:
            widths[bar.key] = max(_BAR_MIN_WIDTH, widths[bar.key] - max(0, self.overflow))

    def spread(self, widest_gap: int) -> None:
        """Give free cells to the bar, then to the gaps; wider gaps take precedence over a longer bar."""
        bar, widths = self.bar, self.widths
        if bar is not None:
            widths[bar.key] = min(bar.max_width, widths[bar.key] + max(0, -self.overflow))
        if len(self.shown) > 1:
            self.gap += min(widest_gap - self.gap, max(0, -self.overflow) // (len(self.shown) - 1))
        gap = min(_READABLE_GAP, widest_gap)
        wider = (gap - self.gap) * (len(self.shown) - 1)
        if bar is not None and wider > 0 and widths[bar.key] >= bar.min_width + wider:
            self.gap, widths[bar.key] = gap, widths[bar.key] - wider


def split_at_point(text: str) -> tuple[str, str]:
    """Split an amount before the decimal point or a letter like ``M``."""
    is_begun = False
    for at, sign in enumerate(text):
        if sign.isdigit():
            is_begun = True
        elif is_begun and sign != ",":
            return text[:at], text[at:]
    return text, ""


def amounts(
    key: str,
    label: str,
    amount: Callable[[Row], int],
    written: Callable[[int], str],
    *,
    min_width: int,
    drop_order: int = 0,
    is_muted: bool = False,
) -> Column[Row]:
    """Return a column of amounts with their sum."""

    def extremes(rows: Sequence[Row]) -> Iterable[Row]:
        """Return the smallest and the largest row: writing two thousand amounts takes longer than reading them."""
        return (min(rows, key=amount), max(rows, key=amount)) if rows else ()

    return Column(
        key,
        label,
        lambda row: written(amount(row)),
        "right",
        min_width=min_width,
        drop_order=drop_order,
        style=lambda row: "negative" if amount(row) < 0 else "",
        is_muted=is_muted,
        sort_key=amount,
        total=lambda rows: written(sum(map(amount, rows))),
        longest=extremes,
    )


# Projects

_SPARK_LABEL = "14 days"
"""As wide as the sparkline of 14 days."""
_FOREVER = Decimal("Infinity")


def pace_style(pace: Pace) -> str:
    """Return the style of a budget's `formatting.severity`."""
    return str(formatting.severity(pace) or "muted")


def pace_bar_style(pace: Pace) -> str:
    """The style of the bar of a status; '' where nothing is the matter."""
    style = pace_style(pace)
    return "" if style in ("muted", Status.HEALTHY) else style


def sparkline_column(draw: Callable[[ProjectLine], str]) -> Column[ProjectLine]:
    """Return the column of what ``draw`` makes of the last 14 days of a project."""
    width = len(_SPARK_LABEL)
    return Column(
        "spark",
        _SPARK_LABEL,
        draw,
        min_width=width,
        max_width=width,
        style=lambda _: "bar",
        drop_order=3,
    )


def beside_bar(columns: Sequence[Column[ProjectLine]], added: Column[ProjectLine]) -> tuple[Column[ProjectLine], ...]:
    """Return ``columns`` with another one after the bar."""
    at = next(at for at, column in enumerate(columns, 1) if column.bar is not None)
    return (*columns[:at], added, *columns[at:])


@cache
def project_columns(currency: str, tick: Fraction | None = None) -> tuple[Column[ProjectLine], ...]:
    """Return the columns of projects; ``tick`` is where even spending would stand today.

    The bar, what is left, the runway and the status are never dropped for lack of room.
    """
    number = partial(formatting.number, currency=currency)

    def money(
        key: str, label: str, amount: Callable[[Pace], int], *, drop_order: int = 0, is_muted: bool = False
    ) -> Column[ProjectLine]:
        width = len(label) + 1  # the sign of the order
        return amounts(
            key,
            label,
            lambda line: amount(line.pace),
            number,
            min_width=width,
            drop_order=drop_order,
            is_muted=is_muted,
        )

    def of_budget(
        key: str, label: str, amount: Callable[[Pace], int], *, drop_order: int = 0, is_muted: bool = False
    ) -> Column[ProjectLine]:
        known = money(
            key, label, lambda pace: 0 if pace.unfunded else amount(pace), drop_order=drop_order, is_muted=is_muted
        )
        return replace(
            known,
            text=lambda line: formatting.of_budget(line.pace, amount(line.pace), currency),
            total=lambda lines: "–" if lines and all(line.pace.unfunded for line in lines) else known.total(lines),
        )

    return (
        Column(
            "name",
            "Project",
            lambda line: line.name,
            min_width=12,
            max_width=32,
            shrinks_to=12,
            sort_key=lambda line: line.name.casefold(),
            total=lambda lines: formatting.count(len(lines), "project"),
        ),
        replace(money("allocation", "Allocation", lambda pace: pace.allocation, drop_order=7), yields_late=True),
        replace(money("spent", "Spent", lambda pace: pace.spent, drop_order=6), yields_late=True),
        Column(
            "bar",
            "",
            min_width=12,
            max_width=60,
            shrinks_to=10,  # tenths can still be told apart, and a shorter name would be worse
            sort_key=lambda line: formatting.used_share(line.pace),
            noun="spent share",
            bar=lambda line: Bar(
                formatting.used_share(line.pace),
                tick,
                formatting.reserved_share(line.pace),
                pace_bar_style(line.pace),
            ),
        ),
        of_budget("left", "Left", lambda pace: pace.remaining),
        # Names are shortened before what may be spent today goes.
        replace(money("drip", "Drip", lambda pace: pace.daily_drip, drop_order=5, is_muted=True), yields_late=True),
        replace(
            of_budget("today", "Today", lambda pace: pace.available_today, drop_order=4, is_muted=True),
            yields_late=True,
        ),
        replace(
            money("burn", "Burn", lambda pace: pace.burn_rate, drop_order=2, is_muted=True),
            text=lambda line: number(line.pace.burn_rate) if line.pace.burn_rate else "–",
        ),
        Column(
            "runway",
            "Runway",
            lambda line: formatting.runway_of(line.pace),
            "right",
            min_width=7,
            max_width=7,
            style=lambda line: "warning" if line.pace.runs_short else "",
            is_muted=True,
            sort_key=lambda line: line.pace.runway_days if line.pace.runway_days is not None else _FOREVER,
        ),
        Column("out", "", lambda line: formatting.out_on(line.pace), style=lambda _: "warning", drop_order=1),
        Column(
            "status",
            "",
            lambda line: formatting.shape_of(line.pace),
            min_width=1,
            max_width=1,
            style=lambda line: pace_style(line.pace),
            sort_key=lambda line: trouble_rank(line.pace),
            noun="trouble",
        ),
    )


# Agents

_NEVER = datetime.max.replace(tzinfo=UTC)


def _tokens(
    key: str, label: str, count: Callable[[AgentBudget], int], *, drop_order: int = 0, is_muted: bool = False
) -> Column[AgentBudget]:
    width = len(label) + 1
    return amounts(
        key, label, count, lambda tokens: f"{tokens:,}", min_width=width, drop_order=drop_order, is_muted=is_muted
    )


def agents_with_forecast(
    columns: Sequence[Column[AgentBudget]], forecasts: Mapping[str, Forecast]
) -> tuple[Column[AgentBudget], ...]:
    """Return the columns of agents with that of the tokens expected by the period's end, in front of the rates; as they
    are if no agent has a forecast."""

    if not forecasts:
        return tuple(columns)
    added: Column[AgentBudget] = forecast_column(
        lambda agent: forecasts.get(agent.agent_id),
        lambda _: (BudgetType.TOKEN, ""),
        lambda agent: agent.allocated_tokens,
    )
    return in_front_of("per_hour", added, columns)


def forecast_column(
    found: Callable[[Row], Forecast | None],
    kind: Callable[[Row], tuple[BudgetType, str]],
    planned: Callable[[Row], int | None],
    last_day: Callable[[Row], date | None] = lambda _: None,
) -> Column[Row]:
    """Return the column of the ranges expected by the periods' ends, in the colour of what they say of the amounts
    ``planned``; ``kind`` gives a row's type and currency, ``last_day`` the end where it is not the same for all."""

    def text(row: Row) -> str:
        known, day = found(row), last_day(row)
        by = "" if day is None else f" by {formatting.short_day(day)}"
        return NOTHING if known is None else f"{formatting.range_of(known, *kind(row))}{by}"

    def style(row: Row) -> str:
        known, amount = found(row), planned(row)
        if known is None or amount is None or known.median <= amount:
            return "muted"
        return str(VarianceStatus.OVER if known.low > amount else VarianceStatus.APPROACHING)

    def sort_key(row: Row) -> tuple[object, ...]:
        known = found(row)
        return *by_unit(*kind(row)), known is not None, known.median if known is not None else 0

    return Column(
        "forecast",
        "Forecast",
        text,
        "right",
        drop_order=1,
        style=style,
        sort_key=sort_key,
        longest=lambda rows: [row for row in rows if found(row) is not None],
    )


def in_front_of(key: str, added: Column[Row], columns: Sequence[Column[Row]]) -> tuple[Column[Row], ...]:
    """Return ``columns`` with another in front of that of ``key``."""
    at = next(number for number, column in enumerate(columns) if column.key == key)
    return (*columns[:at], added, *columns[at:])


def by_unit(budget_type: BudgetType, currency: str) -> tuple[int, str]:
    """Return the sort key of a unit: amounts of the same unit stand together, money first."""
    return _TYPES.index(budget_type), currency


_TYPES = tuple(BudgetType)


@cache
def agent_columns(
    tick: Fraction | None = None, names: tuple[tuple[str, str], ...] = ()
) -> tuple[Column[AgentBudget], ...]:
    """Return the columns of agents, with the ``names`` of their projects instead of ids where they are given.

    The bar, what is available and the status are never dropped for lack of room.
    """
    name_of = dict(names)

    def project(agent: AgentBudget) -> str:
        return name_of.get(agent.project_id, agent.project_id)

    return (
        Column(
            "name",
            "Agent",
            lambda agent: agent.name,
            min_width=10,
            max_width=28,
            shrinks_to=10,
            sort_key=lambda agent: agent.name.casefold(),
            total=lambda agents: formatting.count(len(agents), "agent"),
        ),
        Column(
            "project",
            "Project",
            project,
            min_width=8,
            max_width=28,
            drop_order=1,
            is_muted=True,
            sort_key=lambda agent: project(agent).casefold(),
        ),
        replace(
            _tokens("allocated", "Allocated", lambda agent: agent.allocated_tokens, drop_order=6), yields_late=True
        ),
        replace(_tokens("used", "Used", lambda agent: agent.used_tokens, drop_order=5), yields_late=True),
        _tokens("reserved", "Reserved", lambda agent: agent.reserved_tokens, drop_order=2),
        Column(
            "bar",
            "",
            min_width=12,
            max_width=60,
            shrinks_to=8,
            sort_key=lambda agent: share(agent.used_tokens, agent.allocated_tokens),
            noun="used share",
            bar=lambda agent: Bar(
                share(agent.used_tokens, agent.allocated_tokens),
                tick,
                share(agent.reserved_tokens, agent.allocated_tokens),
                TOKENS if agent.status is Status.HEALTHY else str(agent.status),
            ),
        ),
        _tokens("available", "Available", lambda agent: agent.available_tokens),
        _tokens("per_hour", "Per hour", lambda agent: agent.rate_per_hour, drop_order=3, is_muted=True),
        Column(
            "runs_out",
            "Runs out",
            formatting.runs_out,
            "right",
            min_width=9,
            drop_order=4,
            is_muted=True,
            sort_key=lambda agent: agent.runs_out_at or _NEVER,
        ),
        Column(
            "status",
            "",
            lambda agent: formatting.agent_status(agent)[0],
            min_width=1,
            max_width=1,
            style=lambda agent: str(agent.status) if agent.allocated_tokens else "muted",
            sort_key=lambda agent: (
                agent.allocated_tokens > 0,
                -share(agent.available_tokens, agent.allocated_tokens),
            ),
            noun="trouble",
        ),
    )


# Closed periods


def status_style_at_close(closed: ClosedPeriod | ClosedBudget) -> str:
    """Return the style of `formatting.status_at_close`."""
    return "muted" if closed.unfunded else "over" if closed.remaining < 0 else "under"


def since_close(closed: ClosedPeriod | ClosedBudget, currency: str, *, is_narrow: bool = False) -> str:
    """Format what came after the close, in ``currency`` ('' for tokens): ``+$3.12 after close``, or if that changed the
    status, ``+$80.00 after close ✕ over``; when narrow, ``+$3.12`` and ``+$80.00 ✕``."""
    if not closed.restated:
        return ""
    amount = formatting.change(closed.restated, currency) if currency else f"{closed.restated:+,}"
    status = formatting.changed_status(closed)
    return " ".join(filter(None, (amount, status[:1]) if is_narrow else (f"{amount} after close", status)))


def _used_at_close(closed: ClosedPeriod) -> Fraction | None:
    return None if closed.unfunded else share(closed.spent, closed.budget)


def _bar_at_close(closed: ClosedPeriod) -> Bar:
    used = _used_at_close(closed) or Fraction(0)
    return Bar(used, style="over" if used > 1 else "")


@cache
def history_columns(*, is_narrow: bool = False) -> tuple[Column[ClosedPeriod], ...]:
    """Return the columns of closed periods; ``is_narrow`` shortens their texts."""

    def money(label: str, amount: Callable[[ClosedPeriod], int], drop_order: int = 0) -> Column[ClosedPeriod]:
        return Column(
            label.lower(),
            label,
            lambda closed: formatting.number(amount(closed), closed.currency),
            "right",
            drop_order=drop_order,
        )

    return (
        Column("period", "Period", lambda closed: formatting.short_period_name(closed.period)),
        money("Budget", lambda closed: closed.budget, drop_order=3),
        money("Allocated", lambda closed: closed.allocated, drop_order=1),
        money("Spent", lambda closed: closed.spent),
        Column("left", "Left", formatting.left_at_close, "right", is_muted=True),
        Column("status", "", lambda closed: formatting.status_at_close(closed)[0], style=status_style_at_close),
        Column("bar", "", bar=_bar_at_close, min_width=6, max_width=40),
        Column(
            "used",
            "",
            lambda closed: "–" if (used := _used_at_close(closed)) is None else formatting.percent(used),
            "right",
            drop_order=2,
        ),
        Column(
            "since",
            "Since",
            lambda closed: since_close(closed, closed.currency, is_narrow=is_narrow),
            style=lambda _: "warning",
        ),
    )


@cache
def closed_columns(label: str, currency: str, *, is_narrow: bool = False) -> tuple[Column[ClosedBudget], ...]:
    """Return the columns of archived projects or agents; ``label`` heads the first one."""

    def amount(number: int, line: ClosedBudget) -> str:
        return formatting.number(number, currency) if line.unit == "monetary" else f"{number:,}"

    def unit_of(line: ClosedBudget) -> str:
        return currency if line.unit == "monetary" else ""

    return (
        Column("name", label, lambda line: line.name, min_width=10, max_width=32, shrinks_to=10),
        Column("allocated", "Allocated", lambda line: amount(line.allocation, line), "right", drop_order=1),
        Column("spent", "Spent", lambda line: amount(line.spent, line), "right"),
        Column("left", "Left", lambda line: "–" if line.unfunded else amount(line.remaining, line), "right"),
        Column("status", "Status", formatting.status_at_close, min_width=11, style=status_style_at_close),
        Column(
            "since",
            "Since",
            lambda line: since_close(line, unit_of(line), is_narrow=is_narrow),
            style=lambda _: "warning",
        ),
    )


# Unmapped costs


@cache
def unmapped_columns() -> tuple[Column[UnmappedOrigin], ...]:
    """Return the columns of unmapped costs."""
    return (
        Column(
            "amount",
            "Amount",
            lambda origin: "unpriced" if origin.is_unpriced else formatting.money(origin.amount, origin.currency),
            "right",
            min_width=11,
        ),
        Column("costs", "Costs", lambda origin: f"{origin.costs:,}", "right", min_width=7),
        Column(
            "sub_account",
            "Sub account",
            lambda origin: origin.sub_account_name or origin.sub_account_id,
            min_width=15,
            max_width=15,
        ),
        Column("service", "Service", lambda origin: origin.service, min_width=10, shrinks_to=10),
        Column("provider", "Provider", lambda origin: origin.provider, min_width=8, max_width=8),
    )


# The log


class LogLine(NamedTuple):
    """An audit entry as a program filters it: time, actor, action, subject, and change."""

    entry: AuditEntry
    when: str
    who: str
    action: str
    subject: str
    change: str


LOG_COLUMNS: tuple[Column[LogLine], ...] = (
    Column("when", "When", lambda line: line.when, is_muted=True),
    Column("who", "Who", lambda line: line.who, max_width=14, drop_order=2, yields_late=True),
    Column("action", "Action", lambda line: line.action, max_width=16),
    Column("subject", "Subject", lambda line: line.subject, max_width=24, has_paths=True),
    Column("change", "Change", lambda line: line.change, max_width=1_000, shrinks_to=14, wraps=True),
)


class LogWords(NamedTuple):
    """An audit entry in words: day and time, actor, subject, and what was changed of it."""

    entry: AuditEntry
    when: str
    who: str
    subject: str
    change: str


@cache
def log_words_columns(*, is_narrow: bool = False, is_tiny: bool = False) -> tuple[Column[LogWords], ...]:
    """Return the columns of audit entries in words; ``is_narrow`` shortens who made a change, and of what, ``is_tiny``
    leaves the day and one sentence."""
    if is_tiny:
        return (
            Column("when", "When", lambda line: formatting.short_day(line.entry.at.astimezone().date()), is_muted=True),
            Column(
                "change",
                "Change",
                lambda line: f"{formatting.path_end(line.subject)}: {line.change}",
                max_width=1_000,
                shrinks_to=6,
            ),
        )
    who, subject = (8, 18) if is_narrow else (14, 32)
    return (
        Column("number", "No.", lambda line: str(line.entry.change), "right", is_muted=True),
        Column("when", "When", lambda line: line.when, is_muted=True),
        Column("who", "Who", lambda line: line.who, max_width=who, is_muted=True),
        Column("subject", "Subject", lambda line: line.subject, max_width=subject, has_paths=True),
        Column("change", "Change", lambda line: line.change, max_width=1_000, shrinks_to=6),
    )
