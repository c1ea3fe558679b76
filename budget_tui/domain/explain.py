"""Where a shown value comes from: its formula, with names and with the values put in, and the days it is about.

Nothing is computed here a second way: every value is taken from the snapshot, the plan or the agent's budget that
the screens show. A formula is one template, ``max(0, {remaining}) ÷ {days_left}``, told once with the names of its
terms and once with their values, so that the two cannot differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.carry import NO_CARRY, Carry
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import BudgetSnapshot, Pace, ProjectLine, Spend

THRESHOLDS = "nothing left is exhausted, under 10 % critical, under 25 % warning, else healthy"
SUM_OF_COSTS = "the sum of the costs that count"


class Unit(StrEnum):
    """How a quantity is to be read."""

    MONEY = "money"
    TOKENS = "tokens"
    SEATS = "seats"
    NUMBER = "number"
    DAYS = "days"
    PERCENT = "percent"
    RATE = "tokens per hour"
    DAY = "date"
    MOMENT = "time"
    WORD = "word"


class Quantity(NamedTuple):
    """A value with its unit; money in nanos. None stands for nothing known, of a runway for no end."""

    value: int | Decimal | date | datetime | str | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Explanation:
    """One shown value. ``formula`` names ``terms`` in braces; ``comes_to`` is what it gives where that is not the
    value itself. ``spans`` are the days it is about, each with the words for it."""

    key: str
    title: str
    value: Quantity
    formula: str = ""
    terms: Mapping[str, Quantity] = field(default_factory=dict)
    comes_to: Quantity | None = None
    spans: tuple[tuple[str, Period], ...] = ()
    notes: tuple[str, ...] = ()
    of_costs: bool = False
    """Whether costs make it what it is, so that one wants to see which count."""


def money(nanos: int | None) -> Quantity:
    return Quantity(nanos, Unit.MONEY)


def number(of: int | Decimal | None, unit: Unit = Unit.NUMBER) -> Quantity:
    return Quantity(of, unit)


def share_of(part: int, whole: int) -> Quantity:
    """``part`` in percent of ``whole``, never rounded up across a threshold."""
    return Quantity(Decimal(part * 10_000 // whole).scaleb(-2) if whole > 0 else None, Unit.PERCENT)


def explain_status(
    status: Status, unfunded: bool, allocation: Quantity, remaining: Quantity, of_costs: bool = True
) -> Explanation:
    """Why a budget is healthy or not."""
    part, whole = remaining.value, allocation.value
    assert isinstance(part, int)
    assert isinstance(whole, int)
    notes: tuple[str, ...] = (THRESHOLDS,)
    if unfunded:
        why = "nothing was allocated and nothing spent" if not part else "there is no global budget to have a part of"
        notes = (f"{why}: shown as unfunded", *notes)
    elif whole <= 0:
        notes = ("an allocation of 0 has no share left: exhausted", *notes)
    return Explanation(
        "status",
        "Status",
        Quantity("unfunded" if unfunded else str(status), Unit.WORD),
        "{remaining} ÷ {allocation}" if whole > 0 else "",
        {"remaining": remaining, "allocation": allocation},
        share_of(part, whole),
        notes=notes,
        of_costs=of_costs,
    )


def explain_pace(
    pace: Pace,
    spend: Spend,
    period: Period,
    today: date,
    data_through: date,
    carry: Carry = NO_CARRY,
    once: str = "",
) -> tuple[Explanation, ...]:
    """Everything derived from what was allocated and spent, in the order of the project table; ``once`` is what came
    once in the burn window, in words."""
    window = pacing.burn_window(today, data_through, spend.first_day)
    rate = pacing.burn(spend.window_spent, window.days, spend.spent_today - spend.once_today)
    in_period = (("costs of", period.through(today)),)
    days = {"days_left": number(period.days_left(today), Unit.DAYS)}
    to_come = period.days_to_come(today)
    allocation, spent, remaining = money(pace.allocation), money(pace.spent), money(pace.remaining)
    burning = {"spent_in_the_window": money(rate.spent), "days_of_the_window": number(rate.days, Unit.DAYS)}
    if window.days > 0:
        burn_spans: tuple[tuple[str, Period], ...] = (("burn window", Period(window.start, window.end)),)
        burn_notes: tuple[str, ...] = (
            "the window is the last 7 complete days that the data covers: it ends yesterday, or where the data ends,"
            " starts no earlier than the first cost, and reaches back into the period before",
        )
    else:
        burn_spans = (("burn window", Period(today, today)),)
        burn_notes = ("there is no complete day with data yet: what was spent today so far counts as a day",)
    came_once = (f"one-off costs in the burn window are spent, but not part of the rate: {once}",) if once else ()
    return (
        explain_allocation(pace.allocation, carry),
        Explanation(
            "spent",
            "Spent",
            spent,
            SUM_OF_COSTS,
            spans=in_period,
            notes=("what is dated after today is scheduled, not spent",) if period.end > today else (),
            of_costs=True,
        ),
        Explanation(
            "remaining",
            "Remaining",
            remaining,
            "{allocation} − {spent}",
            {"allocation": allocation, "spent": spent},
            spans=in_period,
            of_costs=True,
        ),
        Explanation(
            "drip",
            "Drip per day",
            money(pace.daily_drip),
            "max(0, {remaining}) ÷ {days_left}",
            {"remaining": remaining, **days},
            spans=(("the days left are of", period),),
            notes=("days left: the period's end − today, 1 at least",),
            of_costs=True,
        ),
        Explanation(
            "available-today",
            "Available today",
            money(pace.available_today),
            "({remaining} + {spent_today}) ÷ {days_from_today_on} − {spent_today}",
            {
                "remaining": remaining,
                "spent_today": money(spend.spent_today),
                "days_from_today_on": number(to_come + 1, Unit.DAYS),
            },
            spans=(("the days from today on are of", period),),
            notes=("what was left this morning, split evenly among the remaining days, including today",),
            of_costs=True,
        ),
        Explanation(
            "burn",
            "Burn per day",
            money(pace.burn_rate),
            "{spent_in_the_window} ÷ {days_of_the_window}",
            burning,
            spans=burn_spans,
            notes=(*burn_notes, *came_once),
            of_costs=True,
        ),
        _runway(pace, remaining, burning, burn_spans, came_once),
        Explanation(
            "forecast",
            "Forecast",
            money(pace.forecast),
            "{spent} + {spent_in_the_window} ÷ {days_of_the_window} × {days_after_today}",
            {"spent": spent, **burning, "days_after_today": number(to_come, Unit.DAYS)},
            spans=(*in_period, *burn_spans),
            of_costs=True,
        ),
        explain_status(pace.status, pace.unfunded, allocation, remaining),
        _runs_out(pace),
        Explanation(
            "scheduled",
            "Scheduled",
            money(pace.scheduled),
            "the sum of the costs that are dated later in the period",
            spans=(("costs after today in", period),),
        ),
    )


def explain_allocation(amount: int, carry: Carry) -> Explanation:
    """What a budget has, and what of it came along from the period before."""
    if not carry.carried:
        return Explanation("allocation", "Allocation", money(amount), "as it was set")
    terms = {"recurring": money(amount - carry.carried), "carried_over": money(carry.carried)}
    if amount == 0:
        return Explanation(
            "allocation",
            "Allocation",
            money(0),
            "max(0, recurring amount + {carried_over})",
            terms,
            notes=("the deficit carried over is larger than the recurring amount",),
        )
    return Explanation("allocation", "Allocation", money(amount), "{recurring} + {carried_over}", terms)


def _runs_out(pace: Pace) -> Explanation:
    return Explanation(
        "runs-out",
        "Runs out",
        Quantity(pace.runs_out_on, Unit.DAY),
        notes=("today + runway, only where that is before the period's end",),
        of_costs=True,
    )


def _runway(
    pace: Pace,
    remaining: Quantity,
    burning: Mapping[str, Quantity],
    spans: tuple[tuple[str, Period], ...],
    came_once: tuple[str, ...],
) -> Explanation:
    if pace.remaining <= 0:
        unfunded = f"there is {'no budget' if pace.spent else 'neither budget nor spend'}: the screens show –"
        why = unfunded if pace.unfunded else "nothing remains: it has run out"
        return Explanation("runway", "Runway", number(Decimal(0), Unit.DAYS), notes=(why,), of_costs=True)
    if pace.runway_days is None:
        return Explanation(
            "runway",
            "Runway",
            number(None, Unit.DAYS),
            spans=spans,
            notes=came_once or ("nothing was spent in the burn window, so it does not run out",),
            of_costs=True,
        )
    return Explanation(
        "runway",
        "Runway",
        number(pace.runway_days, Unit.DAYS),
        "{remaining} ÷ ({spent_in_the_window} ÷ {days_of_the_window})",
        {"remaining": remaining, **burning},
        spans=spans,
        notes=(
            "days until nothing is left at this burn rate; more than a year is shown as >1y",
            *came_once,
        ),
        of_costs=True,
    )


def explain_global(snapshot: BudgetSnapshot, spend: Spend, once: str = "") -> tuple[Explanation, ...]:
    """Every value of the Global Budget screen."""
    period, today = snapshot.period, snapshot.as_of
    budget, *paced = explain_pace(snapshot.total, spend, period, today, snapshot.data_through, snapshot.carry, once)
    allocated = money(snapshot.allocated)
    over = ("the projects are allocated more than the budget: you are warned, but not stopped",)
    day = {
        "day": number(period.day_number(today), Unit.NUMBER),
        "days_of_the_period": number(period.days, Unit.DAYS),
    }
    return (
        Explanation("budget", "Budget", budget.value, budget.formula, budget.terms, notes=budget.notes),
        Explanation("allocated", "Allocated", allocated, "the sum of what the projects are allocated"),
        Explanation(
            "unallocated",
            "Unallocated",
            money(snapshot.unallocated),
            "{budget} − {allocated}",
            {"budget": budget.value, "allocated": allocated},
            notes=over if snapshot.unallocated < 0 else (),
        ),
        *paced,
        Explanation(
            "pace",
            "Pace",
            share_of(period.day_number(today), period.days),
            "{day} ÷ {days_of_the_period}",
            day,
            spans=(("the days are of", period),),
            notes=("where even spending would be today: the tick in the bars",),
        ),
        explain_days_left(period, today),
        Explanation(
            "unmapped",
            "Unmapped",
            money(snapshot.unmapped),
            "the sum of the costs without an entity",
            spans=(("costs of", period.through(today)),),
            notes=("they count in the total, but in no project",),
        ),
        explain_data_through(snapshot.data_through, today),
    )


def explain_project(
    snapshot: BudgetSnapshot, line: ProjectLine, spend: Spend, once: str = ""
) -> tuple[Explanation, ...]:
    """Every value of a project's row."""
    return (
        *explain_pace(line.pace, spend, snapshot.period, snapshot.as_of, snapshot.data_through, line.carry, once),
        explain_days_left(snapshot.period, snapshot.as_of),
        explain_data_through(snapshot.data_through, snapshot.as_of),
    )


def explain_days_left(period: Period, today: date) -> Explanation:
    return Explanation(
        "days-left",
        "Days left",
        number(period.days_left(today), Unit.DAYS),
        "max(1, {last_day} − {today})",
        {"last_day": Quantity(period.end, Unit.DAY), "today": Quantity(today, Unit.DAY)},
        spans=(("the last day is of", period),),
    )


def explain_data_through(data_through: date, today: date) -> Explanation:
    """How far costs are known."""
    return Explanation(
        "data-through",
        "Data through",
        Quantity(data_through, Unit.DAY),
        "the earliest reach of the active sources",
        notes=(
            "an imported source reaches the latest day with usage of its accounts; it is active until it is ended or"
            " two whole periods have passed without costs",
            "what is entered as it happens (by hand, by agents, over the API) reaches today; today when there is no"
            " imported source",
        ),
        of_costs=True,
    )


def named(explanations: Iterable[Explanation]) -> dict[str, Explanation]:
    return {each.key: each for each in explanations}
