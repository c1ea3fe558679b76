"""The columns of the project table: what each shows, sorts by, and how wide it is in a given room."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.cells import cell_len

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.pacing import Status
from budget_tui.domain.snapshot import ProjectLine
from budget_tui.tui.widgets.editable_rows import PADDING

BAR = "bar"
STATUS = "status"
NAME_AT_MOST = 32
NAME_AT_LEAST = 12
BAR_AT_LEAST = 16
BAR_AT_MOST = 60
# What goes first when there is no room, never the bar, what is left, or the status.
_DISPENSABLE = ("burn", "today", "drip")
_SEVERITY = {Status.EXHAUSTED: 3, Status.CRITICAL: 2, Status.WARNING: 1, Status.HEALTHY: 0}
_NEVER = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Column:
    """``amount`` is set for columns of money; ``text`` takes the line and the currency."""

    key: str
    label: str
    sort_key: Callable[[ProjectLine], object]
    text: Callable[[ProjectLine, str], str]
    amount: Callable[[ProjectLine], int] | None = None
    derived: bool = False


def _money(key: str, label: str, amount: Callable[[ProjectLine], int], *, derived: bool = False) -> Column:
    return Column(key, label, amount, lambda line, currency: formatting.number(amount(line), currency), amount, derived)


def _burn(line: ProjectLine, currency: str) -> str:
    return formatting.number(line.pace.burn_rate, currency) if line.pace.burn_rate else "–"


COLUMNS: tuple[Column, ...] = (
    Column("name", "Project", lambda line: line.name.casefold(), lambda line, _: line.name),
    _money("allocation", "Allocation", lambda line: line.pace.allocation),
    _money("spent", "Spent", lambda line: line.pace.spent),
    Column(BAR, "", lambda line: share(line.pace.spent, line.pace.allocation), lambda line, _: ""),
    _money("left", "Left", lambda line: line.pace.remaining),
    _money("drip", "Drip", lambda line: line.pace.daily_drip, derived=True),
    _money("today", "Today", lambda line: line.pace.available_today, derived=True),
    Column("burn", "Burn", lambda line: line.pace.burn_rate, _burn, lambda line: line.pace.burn_rate, True),
    Column(
        "runway",
        "Runway",
        lambda line: line.pace.runway_days if line.pace.runway_days is not None else _NEVER,
        lambda line, _: formatting.runway_of(line.pace),
        derived=True,
    ),
    Column(
        STATUS,
        "",
        lambda line: (_SEVERITY[line.pace.status], not line.pace.unfunded),
        lambda line, _: formatting.shape_of(line.pace),
    ),
)
BY_KEY = {column.key: column for column in COLUMNS}
SORTABLE = tuple(column.key for column in COLUMNS)


def is_right_aligned(column: Column) -> bool:
    return column.key not in ("name", BAR, STATUS)


def layout(lines: Sequence[ProjectLine], totals: Sequence[str], currency: str, room: int) -> list[tuple[Column, int]]:
    """The columns that fit into ``room`` cells and their widths without padding.

    ``totals`` are the texts of the line of sums, in the order of `COLUMNS`, which share the widths.
    """
    widths = {
        column.key: max(
            [
                len(column.label) + 2,
                len(total),
                *(cell_len(column.text(line, currency)) for line in _longest(column, lines)),
            ]
        )
        for column, total in zip(COLUMNS, totals, strict=True)
    }
    widths["name"] = min(max(widths["name"], NAME_AT_LEAST), NAME_AT_MOST)
    widths[STATUS] = 1
    widths[BAR] = BAR_AT_LEAST
    shown = list(COLUMNS)

    def needed() -> int:
        return sum(widths[column.key] + 2 * PADDING for column in shown)

    for key in _DISPENSABLE:
        if needed() > room:
            shown.remove(BY_KEY[key])
    widths["name"] = max(NAME_AT_LEAST, widths["name"] - max(0, needed() - room))
    widths[BAR] = min(BAR_AT_MOST, max(4, widths[BAR] + room - needed()))
    return [(column, widths[column.key]) for column in shown]


def _longest(column: Column, lines: Sequence[ProjectLine]) -> Iterable[ProjectLine]:
    """The lines among which is the longest text of a column that may be longer than its label.

    Writing two thousand amounts to find the longest would take longer than reading them from the database.
    """
    if column.amount is not None and lines:
        return min(lines, key=column.amount), max(lines, key=column.amount)
    return lines if column.key == "name" else ()
