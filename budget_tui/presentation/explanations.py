"""Explanations as text, the same for every interface: a formula with names, with values, and the notes around it."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from budget_tui.domain.amount import share
from budget_tui.domain.explain import CostGroup, Explained, Explanation, Finding, Kind, Quantity, SourceState, Unit
from budget_tui.domain.period import Period
from budget_tui.domain.trouble import Cause, Trouble
from budget_tui.presentation.formatting import (
    count,
    data_through_if_late,
    dates,
    long_day,
    money,
    percent,
    period_name,
    runway,
    short_day,
)

REMEDY = "→ "
"""The beginning of a line that says what to do about the one above it."""
MAX_GROUPS = 20
"""The most lines of what counts; JSON has all of them."""
_TERM = re.compile(r"\{(\w+)\}")


def quantity(of: Quantity, currency: str) -> str:
    """Format a value as the screens show it."""
    value, unit = of
    if value is None:
        return "∞" if unit is Unit.DAYS else "–" if unit is Unit.MOMENT else "no data"
    if isinstance(value, datetime):
        return f"{long_day(value.date())} {value:%H:%M} UTC"
    if isinstance(value, date):
        return long_day(value)
    if isinstance(value, str):
        return value
    if unit is Unit.MONEY:
        return money(int(value), currency)
    if unit is Unit.PERCENT:
        return f"{value:f}%".replace(".00%", "%")
    if isinstance(value, Decimal):
        return runway(value)
    return f"{value:,}" if unit is Unit.NUMBER else _counted(value, unit)


def _counted(value: int, unit: Unit) -> str:
    return f"{value:,} {unit}" if unit is Unit.RATE else count(value, str(unit).removesuffix("s"))


def value(explanation: Explanation, currency: str) -> str:
    """Format the value of an explanation as the screens show it."""
    if explanation.value.value is None and explanation.none_means:
        return explanation.none_means
    return quantity(explanation.value, currency)


def formula(explanation: Explanation) -> str:
    """Format a formula with the names of its terms: ``max(0, remaining) ÷ days left``."""
    return _TERM.sub(lambda found: found[1].replace("_", " "), explanation.formula)


def worked(explanation: Explanation, currency: str) -> str:
    """Format a formula with values: ``max(0, $45.00) ÷ 18 days = $2.50``; '' where it has no terms."""
    if not _TERM.search(explanation.formula):
        return ""
    values = _TERM.sub(lambda found: _term(explanation.terms[found[1]], currency), explanation.formula)
    return f"{values} = {quantity(explanation.comes_to or explanation.value, currency)}"


def _term(of: Quantity, currency: str) -> str:
    text = quantity(of, currency)
    return f"({text})" if isinstance(of.value, int) and of.value < 0 else text


def spans(explanation: Explanation, explained: Explained) -> list[str]:
    """Return the lines of the days covered, of today in the time zone, and of late data, if any."""
    lines = [
        f"{words} {long_day(period.start)}"
        if period.days == 1
        else f"{words} {dates(period)} ({count(period.days, 'day')}, both ends included)"
        for words, period in explanation.spans
    ]
    lines.append(f"today is {long_day(explained.as_of)} in {explained.time_zone}")
    return [*lines, *data_through_if_late(explained.data_through, explained.as_of)]


def group_line(group: CostGroup, explained: Explained, room: int = 0) -> str:
    """Format costs that count, the amount in ``room`` cells, and the amount as stated if in another currency.

    ``$10.00  focus · gcp · Compute Engine · cloud: 3 costs on 2 days, Jan 5 – Jan 7``
    """
    words = " · ".join(dict.fromkeys(filter(None, (group.source, group.provider, group.service, group.category))))
    amount = group_amount(group, explained)
    stated = ""
    if explained.unit is Unit.MONEY and group.currency != explained.currency:
        stated = f", {money(group.stated, group.currency)} counted as {amount}"
    return f"{amount.rjust(room)}  {words}: {count(group.costs, 'cost')}{_days(group)}{stated}"


def group_amount(group: CostGroup, explained: Explained) -> str:
    if explained.unit is Unit.MONEY and group.is_unpriced:
        return "unpriced"
    return quantity(Quantity(group.amount, explained.unit), explained.currency)


def _days(group: CostGroup) -> str:
    if group.first_day == group.last_day:
        return f", {short_day(group.first_day)}"
    on = f" on {count(group.days, 'day')}" if group.days is not None else ""
    return f"{on}, {dates(Period(group.first_day, group.last_day))}"


def finding(found: Finding) -> str:
    """Format costs that do not count: ``3 costs ($1.20) that found no entity``."""
    if not found.costs:
        return found.text
    amount = f" ({money(found.amount, found.currency)})" if found.amount is not None else ""
    return f"{count(found.costs, 'cost')}{amount} {found.text}"


def source(state: SourceState) -> str:
    """Describe how far a source reaches."""
    until = f"last charge day {long_day(state.latest_day)}" if state.latest_day else "no costs"
    if state.is_live:
        return f"{state.source}: live, reaches today; {until}"
    imported = (
        f", imported {long_day(state.imported_at.date())} {state.imported_at:%H:%M} UTC" if state.imported_at else ""
    )
    return f"{state.source}: {until}{imported}"


def subject(explained: Explained) -> str:
    """Return the subject of an explanation, in a few words."""
    period = period_name(explained.period)
    names = {Kind.GLOBAL: "the global budget", Kind.CLOSED: "the closed period"}
    if explained.kind is Kind.CLOSED and explained.subject:
        return f"{explained.name} in the closed period, {period}"
    if explained.kind in (Kind.PLANNED, Kind.USAGE, Kind.SUM):
        return explained.name
    return f"{names.get(explained.kind, explained.name)}, {period}"


def cause(trouble: Trouble, currency: str) -> str:
    """Say why a budget is in trouble: ``spends $8.03 a day, the drip allows $2.50``."""
    pace, day = trouble.pace, trouble.day
    spent = f"{money(trouble.amount, currency)} on {short_day(day)}" if day else ""
    for_service = f" for {trouble.service}" if trouble.service else ""
    if trouble.cause is Cause.UNALLOCATED:
        return f"{money(pace.spent, currency)} spent, nothing allocated"
    if trouble.cause is Cause.OVER:
        over = f"over by {money(-pace.remaining, currency)}" if pace.remaining else "used up"
        return f"{over} since {short_day(day)}" if day else over
    if trouble.cause is Cause.SPIKE:
        # The drip is no measure: it is of what that day has left.
        times = trouble.amount * trouble.period.days // pace.allocation
        return f"{spent}{for_service}, {times:,} times an even day's share"
    if trouble.cause is Cause.PACE:
        return f"spends {money(pace.burn_rate, currency)} a day, the drip allows {money(pace.daily_drip, currency)}"
    if trouble.cause is Cause.AHEAD:
        elapsed, days = trouble.period.day_number(trouble.today), trouble.period.days
        even = percent(share(elapsed, days))
        used = percent(share(pace.spent, pace.allocation))
        return f"{used} spent by day {elapsed} of {days}, even spending would be {even}"
    lasts = f"lasts at {money(pace.burn_rate, currency)} a day" if pace.burn_rate > 0 else "nothing was spent lately"
    return (
        f"{money(pace.remaining, currency)} left for {count(trouble.period.days_left(trouble.today), 'day')}: {lasts}"
    )


Section = tuple[str, list[str]]


def sections(explained: Explained, explanation: Explanation) -> Iterable[Section]:
    """Yield everything about one value, below its formula, as titles with lines; '' is no title."""
    if explanation.notes:
        yield "", list(explanation.notes)
    if explained.warnings:
        yield "Warning", list(explained.warnings)
    yield "Days", spans(explanation, explained)
    yield from _summed(explained)
    if not (explanation.of_costs or explanation.of_burn):
        return
    if explained.causes and explanation.of_costs:
        yield "Why nothing counts", [line for cause in explained.causes for line in _with_remedy(cause)]
    if explanation.of_costs:
        yield from _costs(explained, explained.counting, () if explained.causes else explained.left_out)
    if explanation.of_burn:
        within = " in the burn window" if explanation.of_costs else ""
        yield from _costs(explained, explained.burning, explained.not_burning, within)
    if explained.rules:
        yield "Rules", list(explained.rules)
    if explained.sources:
        yield "How fresh the data is", [source(state) for state in explained.sources]


def _costs(
    explained: Explained, counting: Sequence[CostGroup], left_out: Sequence[Finding], within: str = ""
) -> Iterable[Section]:
    """Yield the costs that count ``within`` some days, and those that do not."""
    if counting:
        room = max(len(group_amount(group, explained)) for group in counting)
        lines = [group_line(group, explained, room) for group in counting[:MAX_GROUPS]]
        if len(counting) > MAX_GROUPS:
            lines.append(f"and {len(counting) - MAX_GROUPS:,} more, each smaller than these")
        yield f"What counts{within}", lines
    if left_out:
        yield f"What does not count{within}", [line for found in left_out for line in _with_remedy(found)]


def _summed(explained: Explained) -> Iterable[Section]:
    """Yield the budgets of a sum: those that are added, and those that another one contains."""

    def shown(amount: int) -> str:
        return quantity(Quantity(amount, explained.unit), explained.currency)

    room = max((len(shown(budget.amount)) for budget in explained.budgets), default=0)
    for title, is_added in (("Added up", True), ("Left out, since another one contains it", False)):
        of_title = [budget for budget in explained.budgets if (not budget.within) is is_added]
        lines = []
        for budget in of_title[:MAX_GROUPS]:
            used = "no data" if budget.actual is None else f"{shown(budget.actual)} used"
            within = f"; in {budget.within}" if budget.within else ""
            lines.append(f"{shown(budget.amount).rjust(room)}  {budget.name}: {used}{within}")
        if len(of_title) > MAX_GROUPS:
            lines.append(f"and {len(of_title) - MAX_GROUPS:,} more, each no larger than these")
        if lines:
            yield title, lines


def _with_remedy(found: Finding) -> list[str]:
    return [finding(found), f"{REMEDY}{found.do}"] if found.do else [finding(found)]
