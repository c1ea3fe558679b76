"""The columns of the project table."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial

from budget_tui.domain.pacing import Status
from budget_tui.domain.snapshot import Pace, ProjectLine
from budget_tui.presentation import formatting
from budget_tui.tui.widgets.table_columns import Column, Filled, summed

_SEVERITY = {Status.EXHAUSTED: 3, Status.CRITICAL: 2, Status.WARNING: 1, Status.HEALTHY: 0}
_NEVER = Decimal("Infinity")


def _status_style(line: ProjectLine) -> str:
    """What runs out before the period ends is a warning at least, however much is left."""
    if line.pace.unfunded:
        return "unfunded"
    return str(Status.WARNING if line.pace.runs_short and line.pace.status is Status.HEALTHY else line.pace.status)


@cache
def columns(currency: str) -> tuple[Column[ProjectLine], ...]:
    """What goes first when there is no room is never the bar, what is left, or the status."""
    number = partial(formatting.number, currency=currency)

    def money(
        key: str, label: str, amount: Callable[[Pace], int], *, drop: int = 0, is_derived: bool = False
    ) -> Column[ProjectLine]:
        least = len(label) + 2
        return summed(key, label, lambda line: amount(line.pace), number, least=least, drop=drop, is_derived=is_derived)

    def of_budget(
        key: str, label: str, amount: Callable[[Pace], int], *, drop: int = 0, is_derived: bool = False
    ) -> Column[ProjectLine]:
        known = money(key, label, lambda pace: 0 if pace.unfunded else amount(pace), drop=drop, is_derived=is_derived)
        return replace(
            known,
            text=lambda line: formatting.of_budget(line.pace, amount(line.pace), currency),
            total=lambda lines: "–" if lines and all(line.pace.unfunded for line in lines) else known.total(lines),
        )

    return (
        Column(
            "name",
            "Project",
            lambda line: line.name.casefold(),
            lambda line: line.name,
            total=lambda lines: formatting.count(len(lines), "project"),
            least=12,
            most=32,
        ),
        money("allocation", "Allocation", lambda pace: pace.allocation),
        money("spent", "Spent", lambda pace: pace.spent),
        Column(
            "bar",
            "",
            lambda line: formatting.used_share(line.pace),
            lambda _: "",
            noun="spent share",
            bar=lambda line: Filled(formatting.used_share(line.pace)),
            least=16,
            most=60,
        ),
        of_budget("left", "Left", lambda pace: pace.remaining),
        money("drip", "Drip", lambda pace: pace.daily_drip, drop=3, is_derived=True),
        of_budget("today", "Today", lambda pace: pace.available_today, drop=2, is_derived=True),
        replace(
            money("burn", "Burn", lambda pace: pace.burn_rate, drop=1, is_derived=True),
            text=lambda line: number(line.pace.burn_rate) if line.pace.burn_rate else "–",
        ),
        Column(
            "runway",
            "Runway",
            lambda line: line.pace.runway_days if line.pace.runway_days is not None else _NEVER,
            lambda line: formatting.runway_of(line.pace),
            style=lambda line: str(Status.WARNING) if line.pace.runs_short else "",
            least=7,
            most=7,
            is_right=True,
            is_derived=True,
        ),
        Column(
            "status",
            "",
            lambda line: (_SEVERITY[line.pace.status], not line.pace.unfunded),
            lambda line: f"{'short ' if line.pace.runs_short else ''}{formatting.shape_of(line.pace)}",
            noun="status",
            style=_status_style,
            least=7,
            most=7,
            is_right=True,
        ),
    )
