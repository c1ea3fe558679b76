"""Explanations of displayed values: the formula, with names and with values put in, and the days covered.

Nothing is computed here a second way: every value is taken from the snapshot, the plan or the agent's budget that the
screens show. A formula is one template, ``max(0, {remaining}) ÷ {days_left}``, shown once with the names of its terms
and once with their values, so that the two cannot differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.amount import divide
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import NO_CARRY, Carry
from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
from budget_tui.domain.forecast import DRAWS, MIN_DAYS, Forecast
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.snapshot import BudgetSnapshot, Pace, ProjectLine, Spend
from budget_tui.domain.tokens import AgentBudget, Use
from budget_tui.domain.trouble import Trouble
from budget_tui.domain.variance import APPROACHING_PERCENT, Variance

THRESHOLDS = (
    f"nothing left is exhausted, under {pacing.CRITICAL_BELOW_PERCENT}% critical,"
    f" under {pacing.WARNING_BELOW_PERCENT}% warning, else healthy"
)
SUM_OF_COSTS = "the sum of the costs that count"


class Unit(StrEnum):
    """Unit of a quantity, by which it is formatted."""

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
    """A value with its unit; money in nanos. None stands for nothing known, or for a runway without end."""

    value: int | Decimal | date | datetime | str | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of one displayed value.

    ``formula`` names ``terms`` in braces; ``comes_to`` is its result where that is not the value itself. ``spans`` are
    the days covered, each with a label.
    """

    key: str
    title: str
    value: Quantity
    formula: str = ""
    terms: Mapping[str, Quantity] = field(default_factory=dict)
    comes_to: Quantity | None = None
    spans: tuple[tuple[str, Period], ...] = ()
    notes: tuple[str, ...] = ()
    of_costs: bool = False
    """True if costs of the period determine the value, so that it makes sense to list those that count."""
    of_burn: bool = False
    """True if costs of the burn window determine the value."""
    none_means: str = ""
    """Text for a value of None, where it does not mean that nothing is known."""


def money(nanos: int | None) -> Quantity:
    return Quantity(nanos, Unit.MONEY)


def number(of: int | Decimal | None, unit: Unit = Unit.NUMBER) -> Quantity:
    return Quantity(of, unit)


def share_of(part: int, whole: int) -> Quantity:
    """Return ``part`` in percent of ``whole``, rounded half-even, but never up to a whole one, as thresholds are."""
    if whole <= 0:
        return Quantity(None, Unit.PERCENT)
    hundredths = divide(part * 10_000, whole)
    if hundredths % 100 == 0 and hundredths * whole > part * 10_000:
        hundredths -= 1
    return Quantity(Decimal(hundredths).scaleb(-2), Unit.PERCENT)


def explain_status(
    status: Status, unfunded: bool, allocation: Quantity, remaining: Quantity, of_costs: bool = True
) -> Explanation:
    """Explain the status of a budget."""
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
    forecast: Forecast | None = None,
) -> tuple[Explanation, ...]:
    """Explain everything derived from allocation and spend, in the order of the project table.

    ``once`` describes the one-off costs in the burn window. A closed period has no ``forecast``.
    """
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
        *_reserved(pace),
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
            "({remaining} + {spent_today}) ÷ {days_from_today_on} − {spent_today}"
            + (" − {reserved}" if pace.reserved else ""),
            {
                "remaining": remaining,
                "spent_today": money(spend.spent_today),
                "days_from_today_on": number(to_come + 1, Unit.DAYS),
                **({"reserved": money(pace.reserved)} if pace.reserved else {}),
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
            of_burn=True,
        ),
        _runway(pace, remaining, burning, burn_spans, came_once),
        Explanation(
            "run-rate",
            "Run rate",
            money(pace.run_rate),
            "{spent} + {spent_in_the_window} ÷ {days_of_the_window} × {days_after_today}",
            {"spent": spent, **burning, "days_after_today": number(to_come, Unit.DAYS)},
            spans=(*in_period, *burn_spans),
            notes=("what will be spent if all goes on like this; it does not know what will come once",),
            of_costs=True,
            of_burn=True,
        ),
        *([explain_forecast(forecast, pace.run_rate, period, min(data_through, today - ONE_DAY))] if forecast else []),
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
    """Explain an allocation, and what of it was carried over from the previous period."""
    if not carry.carried:
        return Explanation("allocation", "Allocation", money(amount), "as it was set" if amount else "none was set")
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


def _reserved(pace: Pace) -> tuple[Explanation, ...]:
    if not pace.reserved:
        return ()
    notes = ("what is reserved cannot be transferred, and is not available today",)
    return (
        Explanation(
            "reserved", "Reserved", money(pace.reserved), "the sum of the holds whose time is not up", notes=notes
        ),
    )


def _runs_out(pace: Pace) -> Explanation:
    none_means = "not in this period"
    if pace.remaining <= 0:
        none_means = "nothing to spend" if pace.unfunded else "already spent"
    return Explanation(
        "runs-out",
        "Runs out",
        Quantity(pace.runs_out_on if pace.remaining > 0 else None, Unit.DAY),
        notes=("today + runway, only where that is before the period's end",),
        of_costs=True,
        of_burn=pace.remaining > 0,
        none_means=none_means,
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
            of_burn=True,
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
        of_burn=True,
    )


def explain_global(
    snapshot: BudgetSnapshot, spend: Spend, once: str = "", forecast: Forecast | None = None
) -> tuple[Explanation, ...]:
    """Explain every value of the Global Budget screen."""
    period, today = snapshot.period, snapshot.as_of
    budget, *paced = explain_pace(
        snapshot.total, spend, period, today, snapshot.data_through, snapshot.carry, once, forecast
    )
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
    snapshot: BudgetSnapshot, line: ProjectLine, spend: Spend, once: str = "", forecast: Forecast | None = None
) -> tuple[Explanation, ...]:
    """Explain every value of a project's row."""
    return (
        *explain_pace(
            line.pace, spend, snapshot.period, snapshot.as_of, snapshot.data_through, line.carry, once, forecast
        ),
        explain_days_left(snapshot.period, snapshot.as_of),
        explain_data_through(snapshot.data_through, snapshot.as_of),
    )


def explain_forecast(found: Forecast, run_rate: int, period: Period, last: date) -> Explanation:
    """Explain a forecast of the running ``period``; ``last`` is the last of its complete days of data."""
    if not found.has_range:
        return Explanation(
            "forecast",
            "Forecast",
            money(found.median),
            "{run_rate} + {known_to_come}",
            {"run_rate": money(run_rate), "known_to_come": money(found.median - run_rate)},
            spans=(("what is spent in", period),),
            notes=(
                f"a single number, from {found.days_of_history} complete days of data: a range takes {MIN_DAYS}",
                "known to come: recurring fees and one-off costs that are dated later in the period, and what usage is"
                " dated later beyond the run rate",
            ),
            of_costs=True,
            of_burn=True,
        )
    first = last - timedelta(days=found.days_of_history - 1)
    return Explanation(
        "forecast",
        "Forecast",
        money(found.median),
        f"of {DRAWS} draws, 80% from {{low}} to {{high}}; median",
        {"low": money(found.low), "high": money(found.high)},
        spans=(("what is spent in", period), ("drawn from the weeks of", Period(first, last))),
        notes=("recurring fees, and costs that are dated later in the period, are known and not drawn",),
        of_costs=True,
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
    """Explain how far costs are known."""
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


# Planned budgets, agents and closed periods


_UNITS = {BudgetType.MONETARY: Unit.MONEY, BudgetType.TOKEN: Unit.TOKENS, BudgetType.SEAT: Unit.SEATS}
_ACTUALS = {
    BudgetType.MONETARY: "the sum of the costs that count",
    BudgetType.TOKEN: "the sum of the tokens that count",
    BudgetType.SEAT: "the most seats on one day of the period",
}
_NO_DATA = "nothing is known about it in this period: no data, which is not the same as 0"


def explain_planned(budget: PlannedBudget, figures: Variance, allocated: int | None) -> tuple[Explanation, ...]:
    """Explain every value of a planned budget; ``allocated`` is its children's total, None without children."""
    unit = _UNITS[budget.budget_type]
    amount, actual = Quantity(figures.amount, unit), Quantity(figures.actual, unit)
    terms = {"amount": amount, "actual": actual}
    spans = (("costs of", budget.period),)
    missing = (_NO_DATA,) if figures.actual is None else ()
    known = figures.actual is not None
    return (
        Explanation(
            "amount",
            "Budget",
            amount,
            "as it was set",
            spans=(("only filters for this period list it:", budget.period),),
            notes=() if budget.is_active else ("it was deleted: only filters for deleted budgets list it",),
        ),
        *_to_children(amount, allocated, unit),
        explain_actual(budget.budget_type, figures.actual, budget.period),
        Explanation(
            "variance",
            "Left",
            Quantity(figures.variance, unit),
            "{amount} − {actual}" if known else "",
            terms,
            spans=spans,
            notes=("positive is under budget", *missing),
            of_costs=True,
        ),
        Explanation(
            "variance-percent",
            "Left %",
            Quantity(figures.variance_percent, Unit.PERCENT),
            "({amount} − {actual}) ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            spans=spans,
            notes=missing or (() if figures.amount > 0 else ("nothing is a share of a budget of 0",)),
            of_costs=True,
        ),
        Explanation(
            "utilization",
            "Used",
            Quantity(figures.percent_used, Unit.PERCENT),
            "{actual} ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            spans=spans,
            notes=missing,
            of_costs=True,
        ),
        Explanation(
            "status",
            "Status",
            Quantity(str(figures.status) if figures.status else "no data", Unit.WORD),
            "({amount} − {actual}) ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            Quantity(figures.variance_percent, Unit.PERCENT),
            spans,
            (
                *missing,
                f"more than the amount is over, less than {APPROACHING_PERCENT}% of it left approaching, else under",
            ),
            of_costs=True,
        ),
    )


def explain_actual(budget_type: BudgetType, actual: int | None, period: Period) -> Explanation:
    """Explain the usage in ``period``, whether a budget was planned for it or not."""
    return Explanation(
        "actual",
        "Actual",
        Quantity(actual, _UNITS[budget_type]),
        _ACTUALS[budget_type],
        spans=(("costs of", period),),
        notes=(_NO_DATA,) if actual is None else (),
        of_costs=True,
    )


def explain_sum(
    budget_type: BudgetType,
    added: Variance,
    each: Sequence[Variance],
    beside: tuple[int | None, int | None] | None,
    periods: Sequence[Period],
    conversions: Sequence[str] = (),
) -> tuple[Explanation, ...]:
    """Explain the sum of several budgets; ``each`` are the variances of those that are added.

    ``beside``, where wanted, is all usage within their scope and the part of it that is not budgeted. ``conversions``
    describe other currencies.
    """
    unit, spans = _UNITS[budget_type], tuple(("costs of", period) for period in periods)
    amount, actual = Quantity(added.amount, unit), Quantity(added.actual, unit)
    everything, left = beside or (None, None)
    whole = Quantity(everything, unit)
    is_seats = budget_type is BudgetType.SEAT
    used_of_each = sum(one.actual or 0 for one in each)
    twice = used_of_each - (added.actual or 0)
    rest = Explanation(
        "not-budgeted",
        "Not budgeted",
        Quantity(left, unit),
        "the most on one day that count for none of the budgets"
        if is_seats
        else "{all_that_was_used} − {used_of_the_budgets}",
        {} if is_seats else {"all_that_was_used": whole, "used_of_the_budgets": actual},
        spans=spans,
        notes=() if left is not None else (_NO_DATA,),
    )
    used = Explanation(
        "everything",
        "All used",
        whole,
        _ACTUALS[budget_type],
        spans=spans,
        notes=() if everything is not None else (_NO_DATA,),
    )
    if not each:
        return (used,)
    known = added.actual is not None
    return (
        *(() if beside is None else (rest, used)),
        Explanation(
            "amount",
            "Budget",
            amount,
            "the highest sum on one day of the budgets that no other one contains"
            if is_seats
            else "the sum of the budgets that no other one contains",
            notes=(
                "budgets inside a larger one are left out, since the larger one already counts them",
                *conversions,
            ),
        ),
        Explanation(
            "actual",
            "Actual",
            actual,
            _used_together(is_seats, twice),
            {}
            if is_seats
            else {"used_of_each": Quantity(used_of_each, unit), "what_counts_for_several": Quantity(twice, unit)},
            spans=spans,
            notes=("what counts for several budgets is counted once",) if known else (_NO_DATA,),
        ),
        Explanation(
            "variance",
            "Left",
            Quantity(added.variance, unit),
            "{amount} − {actual}" if known else "",
            {"amount": amount, "actual": actual},
            notes=("positive is under budget",),
        ),
        Explanation(
            "utilization",
            "Used",
            Quantity(added.percent_used, Unit.PERCENT),
            "{actual} ÷ {amount}" if known and added.amount > 0 else "",
            {"amount": amount, "actual": actual},
        ),
    )


def _used_together(is_seats: bool, twice: int) -> str:
    if is_seats:
        return "the most seats on one day that count for any of them"
    return "{used_of_each} − {what_counts_for_several}" if twice else "the sum of what was used of each"


def _to_children(amount: Quantity, allocated: int | None, unit: Unit) -> tuple[Explanation, ...]:
    if allocated is None:
        return ()
    assert isinstance(amount.value, int)
    given = Quantity(allocated, unit)
    unallocated = amount.value - allocated
    over = ("the children are allocated more than their parent: you are warned, but not stopped",)
    return (
        Explanation("allocated", "Allocated", given, "the sum of the budgets allocated from it"),
        Explanation(
            "unallocated",
            "Unallocated",
            Quantity(unallocated, unit),
            "{amount} − {allocated}",
            {"amount": amount, "allocated": given},
            notes=over if unallocated < 0 else (),
        ),
    )


def explain_agent(agent: AgentBudget, use: Use | None, seconds: int, period: Period) -> tuple[Explanation, ...]:
    """Explain every value of an agent's row; ``seconds`` since ``use`` began, an hour at least."""

    def tokens(count: int) -> Quantity:
        return Quantity(count, Unit.TOKENS)

    spans = (("tokens used in", period),)
    allocated, used, held = (
        tokens(agent.allocated_tokens),
        tokens(agent.used_tokens),
        tokens(agent.reserved_tokens),
    )
    available = tokens(agent.available_tokens)
    lately = {"used_lately": tokens(use.tokens if use else 0), "seconds": number(seconds)}
    return (
        Explanation("allocated", "Allocated", allocated, "as it was set, plus what was carried over"),
        Explanation("used", "Used", used, "the sum of the tokens consumed and settled", spans=spans, of_costs=True),
        Explanation(
            "reserved",
            "Reserved",
            held,
            "the sum of the reservations whose time is not up",
            notes=("settling one uses what was needed and frees the rest",),
        ),
        Explanation(
            "available",
            "Available",
            available,
            "{allocated} − {used} − {reserved}",
            {"allocated": allocated, "used": used, "reserved": held},
            spans=spans,
            notes=("a hard limit: a request for more is refused whole",),
            of_costs=True,
        ),
        Explanation(
            "rate",
            "Rate per hour",
            Quantity(agent.rate_per_hour, Unit.RATE),
            "{used_lately} × 3600 ÷ {seconds}" if use else "",
            lately if use else {},
            notes=(
                "the last 24 hours, or fewer if the first use was more recent; at least one hour"
                if use
                else "nothing was used in the last 24 hours",
            ),
        ),
        Explanation(
            "runs-out",
            "Runs out",
            Quantity(agent.runs_out_at, Unit.MOMENT) if agent.runs_out_at else Quantity(_end(agent), Unit.WORD),
            "now + {available} × {seconds} s ÷ {used_lately}" if agent.runs_out_at else "",
            {"available": available, **lately},
            notes=(_how_it_ends(agent, use),),
        ),
        explain_status(agent.status, not agent.allocated_tokens, allocated, available, of_costs=False),
    )


def _end(agent: AgentBudget) -> str:
    """Return the text that the screens show for tokens that have no run-out time."""
    if not agent.allocated_tokens:
        return "–"
    if not agent.available_tokens:
        return "now"
    return ">1y" if agent.rate_per_hour else "∞"


def _how_it_ends(agent: AgentBudget, use: Use | None) -> str:
    if agent.available_tokens <= 0:
        return "nothing is available"
    if use is None:
        return "nothing was used lately, so it does not run out"
    return "at this rate" if agent.runs_out_at else "not within a year"


def explain_closed(closed: ClosedPeriod, line: ClosedBudget | None = None) -> tuple[Explanation, ...]:
    """Explain the archived figures of a period, or of one budget in it."""
    unit = _UNITS[line.unit] if line else Unit.MONEY
    of: ClosedPeriod | ClosedBudget = line or closed
    amount = line.allocation if line else closed.budget
    allocation, spent = Quantity(amount, unit), Quantity(of.spent, unit)
    archived = "as it was archived when the period was closed"
    spans = (("the closed period is", closed.period),)
    total = () if line else (Explanation("allocated", "Allocated", money(closed.allocated), archived, spans=spans),)
    return (
        Explanation("allocation" if line else "budget", "Allocation" if line else "Budget", allocation, archived),
        *total,
        Explanation("spent", "Spent", spent, archived, spans=spans),
        Explanation(
            "remaining",
            "Remaining",
            Quantity(of.remaining, unit),
            "{allocation} − {spent}",
            {"allocation": allocation, "spent": spent},
            spans=spans,
        ),
        Explanation(
            "restated",
            "After the close",
            Quantity(of.restated, unit),
            "{spent_as_known_now} − {spent_at_the_close}",
            {"spent_as_known_now": Quantity(of.spent + of.restated, unit), "spent_at_the_close": spent},
            spans=spans,
            notes=("late, moved or corrected costs are shown beside the archive, which does not change",),
            of_costs=True,
        ),
        explain_status(of.status, of.unfunded, allocation, Quantity(of.remaining, unit), of_costs=False),
    )


# Results


class Kind(StrEnum):
    """Kind of the subject that is explained."""

    GLOBAL = "global"
    PROJECT = "project"
    PLANNED = "planned"
    USAGE = "usage"
    SUM = "sum"
    AGENT = "agent"
    CLOSED = "closed"


class Reason(StrEnum):
    """Reason why costs do not count, or nothing does; in the order in which they are worth looking at."""

    NOT_BEGUN = "not_begun"
    ARCHIVED = "archived"
    NO_COSTS = "no_costs"
    LOOKS_ALIKE = "looks_alike"
    CATEGORY = "category"
    PROVIDER = "provider"
    CURRENCY = "currency"
    NO_TOKENS = "no_tokens"
    NO_SEATS = "no_seats"
    ESTIMATED = "estimated"
    PAID = "paid_by_plan"
    BILLED = "billed"
    ONCE = "once"
    SCHEDULED = "scheduled"
    DATES = "dates"
    DATA_ENDS = "data_ends"
    UNMAPPED = "unmapped"
    MOVED = "moved"
    ABOVE = "above"
    ELSEWHERE = "elsewhere"
    NOTHING_MAPPED = "nothing_mapped"


class Finding(NamedTuple):
    """Costs that do not count, or another reason for a 0, and what to do about it.

    ``do`` is '' where that is as it should be. ``amount`` is in nanos of ``currency``; None for findings without an
    amount or in several currencies.
    """

    reason: Reason
    text: str
    do: str = ""
    amount: int | None = None
    currency: str = ""
    costs: int = 0


class CostGroup(NamedTuple):
    """Costs that count, of one source, provider, service and category.

    ``amount`` is in the budget's unit; ``stated`` is the source's own amount, in nanos of ``currency``. ``days`` is the
    number of days with costs, None where it is not known. ``is_unpriced``: they are of a model without a price.
    """

    source: str
    provider: str
    service: str
    category: str
    currency: str
    amount: int
    stated: int
    costs: int
    days: int | None
    first_day: date
    last_day: date
    is_unpriced: bool = False


class SummedBudget(NamedTuple):
    """A budget of a sum; ``within`` names the budget that it is left out for, '' where it is added."""

    name: str
    amount: int
    actual: int | None
    within: str = ""


class SourceState(NamedTuple):
    """The freshness of a source; a live one reaches today."""

    source: str
    is_live: bool
    latest_day: date | None
    imported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explained:
    """The values of one budget with the costs behind them; ``causes`` only where nothing counts.

    Costs are known through ``data_through``. ``trouble`` is why the budget is in trouble, None if it is not. The costs
    of the burn window stand apart: those that make the burn rate, ``burning``, and those that do not.
    """

    kind: Kind
    subject: str
    name: str
    currency: str
    unit: Unit
    time_zone: str
    as_of: date
    data_through: date
    period: Period
    values: tuple[Explanation, ...]
    counting: tuple[CostGroup, ...] = ()
    left_out: tuple[Finding, ...] = ()
    causes: tuple[Finding, ...] = ()
    sources: tuple[SourceState, ...] = ()
    rules: tuple[str, ...] = ()
    budgets: tuple[SummedBudget, ...] = ()
    warnings: tuple[str, ...] = ()
    trouble: Trouble | None = None
    burning: tuple[CostGroup, ...] = ()
    not_burning: tuple[Finding, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The keys of its values."""
        return [value.key for value in self.values]
