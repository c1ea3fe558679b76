"""Amounts, days and shares as text, the same for every interface. Nothing here computes what it shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from shlex import quote
from typing import TYPE_CHECKING

from budget_tui.domain.amount import NANOS, divide, minor_digits, minor_unit, round_to, share
from budget_tui.domain.currency import STALE_DAYS, LeftOut
from budget_tui.domain.pacing import Status
from budget_tui.domain.text import escaped
from budget_tui.domain.trouble import by_trouble

if TYPE_CHECKING:
    from budget_tui.domain.budget import BudgetType
    from budget_tui.domain.carry import Carry
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
    from budget_tui.domain.coverage import OverAllocated
    from budget_tui.domain.currency import ConvertedSpend
    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.period import Period, PeriodRule
    from budget_tui.domain.plan import PlannedBudget
    from budget_tui.domain.snapshot import BudgetSnapshot, Pace, ProjectLine
    from budget_tui.domain.tokens import AgentBudget, TokenSums
    from budget_tui.domain.what_if import Moved

MINUS = "-"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "BRL": "R$", "CNY": "CN¥"}

SHAPES = {Status.HEALTHY: "●", Status.WARNING: "▲", Status.CRITICAL: "◆", Status.EXHAUSTED: "✕"}
UNFUNDED_SHAPE = "○"
NOT_BUDGETED = "not budgeted"
NO_PROVIDER = "no provider"
HALF_A_YEAR = 183
MAX_NAMED = 3
"""The number of things that a sentence names; it counts the others."""
_RATE_DIGITS = 10


def sign_of(currency: str) -> str:
    """Return the sign before an amount: ``$``, or the code and a space where a currency has no sign of its own."""
    return _SIGNS.get(currency, f"{currency} ")


def number(nanos: int, currency: str) -> str:
    """Format an amount in its currency's decimals, without its sign: ``1,234.50``; ``<0.01`` if it would show as
    zero."""
    return _number(nanos, currency, sign="")


def money(nanos: int, currency: str) -> str:
    """Format an amount with its sign: ``$1,234.50``, ``-$80.00``, ``<$0.01``."""
    return _number(nanos, currency, sign=sign_of(currency))


def price(nanos: int, currency: str) -> str:
    """Format a price to its last significant digit: ``$3.00``, ``$0.075``."""
    whole, rest = divmod(nanos, NANOS)
    decimals = f"{rest:09d}".rstrip("0").ljust(minor_digits(currency), "0")
    return f"{sign_of(currency)}{whole:,}{'.' if decimals else ''}{decimals}"


def short_money(nanos: int, currency: str) -> str:
    """Format an amount without cents where there are none: ``$259`` or ``$13.63``."""
    text = money(nanos, currency)
    zeros = "." + "0" * minor_digits(currency)
    return text.removesuffix(zeros)


def amount_of(amount: int, budget_type: BudgetType, currency: str) -> str:
    """Format an amount of a budget: ``$30,000.00``, ``50,000,000 tokens``, ``15 seats``."""
    return money(amount, currency) if budget_type == "monetary" else count(amount, str(budget_type))


def short_count(amount: int) -> str:
    """Format a count, in millions from a million on: ``50M``, ``1.25M``, ``12,345``."""
    millions = f"{Decimal(divide(amount, 10_000)).scaleb(-2):,f}".rstrip("0").rstrip(".")
    return f"{amount:,}" if abs(amount) < 1_000_000 else f"{millions}M"


def plan_name(budget: PlannedBudget) -> str:
    """Name a planned budget in a sentence: ``Engineering's cloud budget for Q1 2026``."""
    of_type = "" if budget.budget_type == "monetary" else f" {budget.budget_type}"
    provider = f" {budget.provider}" if budget.provider else ""
    return f"{budget.entity_name}'s {budget.category}{provider}{of_type} budget for {period_name(budget.period)}"


def over_allocation_warnings(found: Sequence[OverAllocated]) -> tuple[str, ...]:
    """Return a line for each of the first budgets whose children have more than they; the last counts the rest."""
    lines = [
        f"{plan_name(budget)}: its children have {amount_of(allocated, budget.budget_type, budget.currency)},"
        f" {amount_of(allocated - budget.amount, budget.budget_type, budget.currency)} more than its"
        f" {amount_of(budget.amount, budget.budget_type, budget.currency)}"
        for budget, allocated in found[:MAX_NAMED]
    ]
    if len(found) > MAX_NAMED:
        lines[-1] += f" (and {count(len(found) - MAX_NAMED, 'more budget')})"
    return tuple(lines)


def projects_over_allocated(unallocated: int, budget: int, currency: str) -> tuple[str, ...]:
    """Return the warning that projects have more than the global ``budget``, if they do."""
    if unallocated >= 0:
        return ()
    return (
        f"projects are allocated {money(-unallocated, currency)} more than the budget of {money(budget, currency)}",
    )


def _number(nanos: int, currency: str, sign: str) -> str:
    digits, coin = minor_digits(currency), minor_unit(currency)
    minus = MINUS if nanos < 0 else ""
    shown = round_to(abs(nanos), coin)
    if nanos and not shown:
        return f"{minus}<{sign}{_plain(coin, digits)}"
    return f"{minus}{sign}{_plain(shown, digits)}"


def _plain(nanos: int, digits: int) -> str:
    whole, rest = divmod(nanos, NANOS)
    return f"{whole:,}.{rest:09d}"[: -(9 - digits)] if digits else f"{whole:,}"


def percent(share: Fraction) -> str:
    """Format a share: ``84%``; never rounded up to 100% nor down to 0%."""
    if 0 < share < Fraction(1, 100):
        return "<1%"
    whole = round(share * 100)
    if whole == 100 and share < 1:
        whole = 99
    return f"{whole:,}%"


def fine_percent(share: Fraction) -> str:
    """Format a share with at most two decimals, and no zeros at the end: ``33.33%``, ``12.5%``."""
    hundredths = round(share * 10_000)
    digits = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
    return f"{digits}%"


def runway(days: Decimal | None) -> str:
    """Format a runway: ``3.0 d``, ``∞`` when nothing burns, ``>1y`` beyond a year."""
    if days is None:
        return "∞"
    if days > 365:
        return ">1y"
    return f"{days:.1f} d"


def runway_of(pace: Pace) -> str:
    """Format the runway of a budget; ``–`` for one that was never funded, where nothing could last."""
    return "–" if pace.unfunded else runway(pace.runway_days)


def out_on(pace: Pace) -> str:
    """Format the day on which a budget runs out before the period ends: ``out Jan 14``; else ''."""
    return f"out {short_day(pace.runs_out_on)}" if pace.runs_out_on is not None and pace.runs_short else ""


def of_budget(pace: Pace, amount: int, currency: str) -> str:
    """Format an amount that is left of a budget or available today; ``–`` for a budget that was never funded."""
    return "–" if pace.unfunded else number(amount, currency)


def used_share(pace: Pace) -> Fraction:
    """Return the filled share of a bar of spending; 0 where there is nothing to spend."""
    return Fraction(0) if pace.unfunded else share(pace.spent, pace.allocation)


def reserved_share(pace: Pace) -> Fraction:
    """Return the hatched share of a bar of spending."""
    return Fraction(0) if pace.unfunded else share(pace.reserved, pace.allocation)


def short_day(day: date) -> str:
    """Format a day: ``Jan 13``."""
    return f"{day:%b} {day.day}"


def long_day(day: date) -> str:
    """Format a day with its year: ``Jan 13, 2026``."""
    return f"{short_day(day)}, {day.year}"


def near_day(day: date, beside: date) -> str:
    """Format a day, with its year where it is of another one than ``beside`` and half a year from it or more."""
    is_near = day.year == beside.year or abs((day - beside).days) < HALF_A_YEAR
    return short_day(day) if is_near else long_day(day)


def left_or_over(amount: int, budget_type: BudgetType, currency: str) -> str:
    """Format what is left: ``$20.00 left``, or ``$20.00 over`` when it is less than nothing."""
    return f"{amount_of(abs(amount), budget_type, currency)} {'over' if amount < 0 else 'left'}"


def data_through(day: date) -> str:
    """Format how far costs are known: ``data through Jan 31, 2026``."""
    return f"data through {long_day(day)}"


def data_through_if_late(day: date, as_of: date) -> list[str]:
    """Return the line that says how far costs are known, if that is before ``as_of``."""
    return [data_through(day)] if day < as_of else []


def dates(period: Period) -> str:
    """Format a period's days: ``Jan 1 – Jan 31``, with years where they differ."""
    show = short_day if period.start.year == period.end.year else long_day
    return f"{show(period.start)} – {show(period.end)}"


def days_named(first: date, last: date) -> str:
    """Format a range of days: ``Jan 3 – Jan 9, 2026``, ``Dec 30, 2025 – Jan 2, 2026``, ``Jan 3, 2026``."""
    if first == last:
        return long_day(first)
    show = short_day if first.year == last.year else long_day
    return f"{show(first)} – {long_day(last)}"


def days_briefly(first: date, last: date) -> str:
    """Format a range of days as `days_named`, but the month once: ``Sep 3 – 30, 2024``."""
    is_one_month = first != last and (first.year, first.month) == (last.year, last.month)
    return f"{short_day(first)} – {last.day}, {last.year}" if is_one_month else days_named(first, last)


def period_name(period: Period) -> str:
    """Name a month, quarter or year, ``January 2026``, ``Q1 2026``, ``2026``, or another period by its months or dates.

    Quarters and years are those of the fiscal year, which is named by both years that it is in: ``Q4 2026/27``.
    """
    start, after = period.half_open
    if start.day == 1 and after.day == 1:
        if period.days <= 31:
            return f"{start:%B %Y}"
        since = (start.month - period.fiscal_start) % 12
        year = start.year - (start.month < period.fiscal_start)
        fiscal_year = f"{year}" if period.fiscal_start == 1 else f"{year}/{(year + 1) % 100:02}"
        if period.days <= 92 and since % 3 == 0 and (after.month - start.month) % 12 == 3:
            return f"Q{since // 3 + 1} {fiscal_year}"
        if (since, after.month - start.month, after.year - start.year) == (0, 0, 1):
            return fiscal_year
        if start.year != period.end.year:
            return f"{start:%b %Y} – {period.end:%b %Y}"
    return days_named(start, period.end)


def dated_period_name(period: Period) -> str:
    """Name a period with its dates, ``January 2026 (Jan 1 – Jan 31)``, which are given once if they are its name."""
    name, days = period_name(period), dates(period)
    return name if days in name else f"{name} ({days})"


def short_period_name(period: Period) -> str:
    """Name a period briefly: ``Jan 2026`` for a calendar month, else as `period_name` does."""
    name = period_name(period)
    return f"{period.start:%b %Y}" if name == f"{period.start:%B %Y}" else name


def for_today(available: int, currency: str) -> str:
    """Format what may be spent today: ``$13.63 today``, or ``$6.37 over for today``."""
    amount = short_money(abs(available), currency)
    return f"{amount} today" if available >= 0 else f"{amount} over for today"


def days_left(period: Period, today: date, *, briefly: bool = False) -> str:
    """Format the days left: ``18 days left``, or ``18 d left``; ``last day``, whose number is the day before's."""
    if today == period.end:
        return "last day"
    days = period.days_left(today)
    return f"{days} d left" if briefly else f"{count(days, 'day')} left"


def directory(path: str) -> str:
    """Write the user's home folder as ``~``."""
    home = os.path.expanduser("~").rstrip(os.sep)  # noqa: PTH111  (no home: no error)
    is_inside = bool(home) and (path == home or path.startswith(home + os.sep))
    return f"~{path.removeprefix(home)}" if is_inside else path


def is_path(text: str) -> bool:
    """Return whether a text is an absolute path, or one that begins with the home folder."""
    return text.startswith(("/", "~/"))


def path_end(text: str) -> str:
    """Shorten a path to the last two of its parts: ``…/services/api``; other texts stay as they are."""
    *before, above, last = ["", "", *text.split("/")]
    return f"…/{above}/{last}" if is_path(text) and any(before) else text


def count(number_of: int, noun: str) -> str:
    """Format a number of things: ``1 cost``, ``3 costs``."""
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


def logged_messages(number: int) -> str:
    """Format a number of new messages in logs; without any, it is known ones that have grown."""
    return count(number, "message") if number else "more of known messages"


def carry_rule(carry: Carry, currency: str) -> str:
    """Format how a budget is carried over: ``unspent, at most $50.00``."""
    return str(carry.policy) if carry.cap is None else f"{carry.policy}, at most {money(carry.cap, currency)}"


def a_period(kind: str) -> str:
    """Name one period of a kind: ``a month``."""
    return {"monthly": "a month", "quarterly": "a quarter", "yearly": "a year"}[kind]


def rule_text(rule: PeriodRule) -> str:
    """Format how periods recur, and from which day: ``monthly from day 15``."""
    day = f"day {rule.anchor_day}" if rule.anchor_day else "the last day"
    if rule.kind == "monthly":
        return f"monthly from {day}"
    return f"{rule.kind} from {day} of {date(2000, rule.fiscal_start_month, 1):%B}"


def change(nanos: int, currency: str) -> str:
    """Format a difference: ``+$3.12``, ``-$1.00``."""
    return f"{'+' if nanos > 0 else ''}{money(nanos, currency)}"


def tokens(number_of: int) -> str:
    """Format a number of tokens: ``1,200,000 tokens``."""
    return count(number_of, "token")


def agent_status(budget: AgentBudget) -> str:
    """Format an agent's status: ``● healthy``, or ``○ unfunded`` where nothing was allocated."""
    if not budget.allocated_tokens:
        return f"{UNFUNDED_SHAPE} unfunded"
    return f"{SHAPES[budget.status]} {budget.status}"


def runs_out(budget: AgentBudget) -> str:
    """Format when an agent's tokens run out, in this machine's time: ``∞`` if they do not, ``>1y`` beyond a year."""
    if not budget.allocated_tokens:
        return "–"
    if not budget.available_tokens:
        return "now"
    if budget.runs_out_at is None:
        return ">1y" if budget.rate_per_hour else "∞"
    local = budget.runs_out_at.astimezone()
    return f"{short_day(local.date())} {local:%H:%M}"


def until(moment: datetime, now: datetime) -> str:
    """Format when something ends, in this machine's time: ``14:05:30``, with the day if that is not the one of
    ``now``."""
    local = moment.astimezone()
    day = "" if local.date() == now.astimezone().date() else f"{short_day(local.date())} "
    return f"{day}{local:%H:%M:%S}"


def token_sums(sums: TokenSums) -> str:
    """Summarize the agents of a project in one line."""
    reserved = f", {sums.reserved_tokens:,} reserved" if sums.reserved_tokens else ""
    return (
        f"{count(sums.agents, 'agent')}: {tokens(sums.allocated_tokens)} allocated,"
        f" {sums.used_tokens:,} used{reserved}, {sums.available_tokens:,} available"
    )


def severity(pace: Pace) -> Status | None:
    """Return the status by which a budget is marked: at least a warning for what runs out before the period ends; None
    if it is unfunded."""
    if pace.unfunded:
        return None
    return Status.WARNING if pace.runs_short and pace.status is Status.HEALTHY else pace.status


def shape_of(pace: Pace) -> str:
    """Return the shape that marks a budget, so that its `severity` is never shown by colour alone."""
    marked = severity(pace)
    return UNFUNDED_SHAPE if marked is None else SHAPES[marked]


def status_name(pace: Pace) -> str:
    return "unfunded" if pace.unfunded else str(pace.status)


def status_text(pace: Pace) -> str:
    """Format a status: ``● healthy``, or ``▲ healthy, out Jan 14`` if it runs out before the period ends."""
    return ", ".join(filter(None, (f"{shape_of(pace)} {status_name(pace)}", out_on(pace))))


def status_at_close(closed: ClosedPeriod | ClosedBudget) -> str:
    """Format how a closed budget ended: ``● within``, ``✕ over``, or ``○ unfunded``."""
    return f"{UNFUNDED_SHAPE} unfunded" if closed.unfunded else _within_or_over(closed.remaining)


def changed_status(closed: ClosedPeriod | ClosedBudget) -> str:
    """Format what the costs that came after the close made of `status_at_close`: ``✕ over``; '' if it is the same."""
    now = _within_or_over(closed.remaining - closed.restated)
    return "" if closed.is_of_none or now == status_at_close(closed) else now


def _within_or_over(remaining: int) -> str:
    return f"{SHAPES[Status.EXHAUSTED]} over" if remaining < 0 else f"{SHAPES[Status.HEALTHY]} within"


def data_known_at_close(closed: ClosedPeriod) -> str:
    """Format how far costs were known at a close: ``data through Jan 28, 2026 only``; '' if to its end, or unknown."""
    return f"{data_through(closed.data_through)} only" if closed.data_through and closed.lacked_data else ""


def left_at_close(closed: ClosedPeriod) -> str:
    """Format the amount that was left of the budget; ``–`` where there was none."""
    return "–" if closed.unfunded else number(closed.remaining, closed.currency)


class BarCell(StrEnum):
    """The cells of a bar. Half a line high, bars of neighbouring rows stay apart; in shape, too, no two are alike."""

    FILLED = "━"
    HALF = "╾"
    RESERVED = "╍"
    EMPTY = "─"
    TICK = "╋"
    TICK_AHEAD = "┼"
    BEYOND = "▶"


def bar(share: Fraction, width: int, tick: Fraction | None = None, reserved: Fraction = Fraction(0)) -> str:
    """Draw a bar of ``width`` cells: the used ``share`` in half cells, then the ``reserved`` one, then empty cells.

    Any usage fills at least half a cell, and any reservation one cell if there is room; a bar that is not used up has
    at least one empty cell. Usage beyond the whole ends in `BarCell.BEYOND`. The ``tick`` is drawn over the bar.
    """
    if width <= 0:
        return ""
    full, half = divmod(_halves(share, width), 2)
    cells = [BarCell.FILLED] * full + [BarCell.HALF] * half
    if reserved > 0:
        cells += [BarCell.RESERVED] * max(1, -(-_halves(share + reserved, width) // 2) - len(cells))
    cells = [*cells, *[BarCell.EMPTY] * width][:width]
    if share > 1:
        cells[-1] = BarCell.BEYOND
    if tick is not None:
        at = min(int(tick * width), width - 1)
        if cells[at] is not BarCell.BEYOND:
            cells[at] = BarCell.TICK_AHEAD if cells[at] is BarCell.EMPTY else BarCell.TICK
    return "".join(cells)


def _halves(share: Fraction, width: int) -> int:
    """Return how many half cells of ``width`` a ``share`` fills: at least one above 0, and not all below 1."""
    halves = round(min(max(share, Fraction(0)), Fraction(1)) * width * 2)
    if share > 0:
        halves = max(halves, 1)
    return min(halves, width * 2 - 2) if share < 1 and width > 1 else halves


_LEFT_DOTS, _RIGHT_DOTS = (0, 0x40, 0x44, 0x46), (0, 0x80, 0xA0, 0xB0)


def sparkline(amounts: Sequence[int]) -> str:
    """Draw amounts as columns of braille dots, two in a cell, as high as their share of the largest one.

    The highest dots stay empty: they would touch the line above.
    """
    top = max(1, *amounts)
    heights = [-(-max(0, amount) * 3 // top) for amount in amounts]
    pairs = zip(heights[::2], [*heights[1::2], 0], strict=False)
    return "".join(chr(0x2800 + _LEFT_DOTS[left] + _RIGHT_DOTS[right]) for left, right in pairs)


def elapsed(snapshot: BudgetSnapshot) -> Fraction:
    """Return the share that even spending would have reached today: day 13 of 31 is 42%."""
    period = snapshot.period
    return Fraction(period.day_number(snapshot.as_of), period.days)


def project_added(line: ProjectLine, snapshot: BudgetSnapshot) -> str:
    """Report a project that was added: ``PCC added with $150.00, $350.00 unallocated``."""
    amount = money(line.pace.allocation, snapshot.organization.currency)
    return f"{line.name} added with {amount}, {unallocated_text(snapshot)}"


def unallocated_text(snapshot: BudgetSnapshot) -> str:
    """Format what is unallocated, ``$80.00 unallocated``, or how much is over-allocated."""
    currency, pool = snapshot.organization.currency, snapshot.unallocated
    if pool < 0:
        return f"{money(-pool, currency)} over-allocated"
    return f"{money(pool, currency)} unallocated"


def counted_as(spend: ConvertedSpend, currency: str) -> str:
    """Format a conversion, ``€12.00 counted as $12.39``, with the age of its rates if they are old."""
    text = f"{money(spend.amount, spend.currency)} counted as {money(spend.counted, currency)}"
    old = f", at rates up to {spend.oldest_days} days old" if spend.oldest_days > STALE_DAYS else ""
    return text + old


def converted_note(spend: ConvertedSpend, noun: str, into: str) -> str:
    """Describe converted costs: ``2 costs in EUR: €12.00 counted as $12.39``."""
    return f"{count(spend.costs, noun)} in {spend.currency}: {counted_as(spend, into)}"


def left_out_warning(left: LeftOut) -> str:
    """Warn of costs without a rate: ``2 costs in CHF (CHF 5.00) left out: there is no usable exchange rate to USD``."""
    noun, number = ("budget", left.budgets) if left.budgets else ("cost", left.costs)
    when = " on the first day" if left.budgets else ""
    amount = f"{count(number, noun)} in {left.currency} ({money(left.amount, left.currency)})"
    return f"{amount} left out: there is no usable exchange rate to {left.into}{when}"


def rate_of(factor: Fraction) -> str:
    """Format a rate: ``1.0321``; one with more digits is rounded to ten: ``0.9688983626``."""
    value = Context(prec=_RATE_DIGITS).divide(Decimal(factor.numerator), Decimal(factor.denominator))
    return f"{value.normalize():f}"


def other_currencies_briefly(snapshot: BudgetSnapshot) -> str:
    """Format costs in other currencies: ``€150 at a rate · £3 left out: no rate``; '' where there are none."""
    converted = ", ".join(short_money(spend.amount, spend.currency) for spend in snapshot.converted)
    left_out = ", ".join(short_money(left.amount, left.currency) for left in snapshot.left_out)
    parts = (f"{converted} at a rate" if converted else "", f"{left_out} left out: no rate" if left_out else "")
    return " · ".join(filter(None, parts))


def status_line(snapshot: BudgetSnapshot, width: int | None = None) -> str:
    """Return a short line for a status bar, of at most ``width`` characters.

    It says what is left, for how many days, what today allows, which projects have little left, how many alerts hold,
    which costs are in other currencies, and how far costs are known if not up to today. Where there is no room, what
    matters least goes first; what is left and who has little stay longest.
    """
    currency, total = snapshot.organization.currency, snapshot.total
    days = (3, f"{snapshot.days_left}d")
    if total.unfunded:
        parts = [(0, "no budget yet"), (2, f"{short_money(total.spent, currency)} spent"), days]
    else:
        is_over = "over" if total.remaining < 0 else "left"
        left = f"{short_money(abs(total.remaining), currency)} {is_over}"
        parts = [(0, left), days, (2, for_today(total.available_today, currency))]
    if low := _low_on_budget(snapshot):
        worst = low[0]
        more = f" +{len(low) - 1}" if len(low) > 1 else ""
        parts.append((1, f"{shape_of(worst.pace)} {worst.name} {short_money(worst.pace.remaining, currency)}{more}"))
    if snapshot.alerts:
        parts.append((2, count(snapshot.alerts, "alert")))
    if currencies := other_currencies_briefly(snapshot):
        parts.append((5, currencies))
    if snapshot.data_through < snapshot.as_of:
        parts.append((4, f"≤{near_day(snapshot.data_through, snapshot.as_of)}"))

    def line() -> str:
        return " · ".join(text for _, text in parts)

    if width is None:
        return line()
    while len(line()) > width and len(parts) > 1:
        parts.remove(max(parts))
    return line() if len(line()) <= width else line()[: max(0, width - 1)] + "…"


def _low_on_budget(snapshot: BudgetSnapshot) -> list[ProjectLine]:
    """Return the funded projects whose status is not healthy, the worst first."""
    return [
        line
        for line in by_trouble(snapshot.projects)
        if line.pace.status is not Status.HEALTHY and not line.pace.unfunded
    ]


def forecast_against(found: Forecast, budget: int) -> str:
    """Compare a forecast with its budget: over in nine of ten cases or more, more likely than not, or perhaps."""
    if not budget:
        return ""
    if not found.has_range:
        return "over at this rate" if found.median > budget else ""
    if found.low > budget:
        return "over, almost surely"
    if found.median > budget:
        return "over, likely"
    return "over, perhaps" if found.high > budget else ""


def forecast_range(found: Forecast, currency: str) -> str:
    """Format the ends of a forecast, ``$412–$520``, with cents only where they matter; a single number as such, and so
    are ends that read the same."""
    if not found.has_range:
        return money(found.median, currency)
    return _span(*(whole_money(amount, currency) for amount in (found.low, found.high)))


def range_of(found: Forecast, budget_type: BudgetType, currency: str) -> str:
    """Format the ends of a forecast of money as `forecast_range`, of tokens as ``1.2M–1.9M``."""
    if budget_type == "monetary":
        return forecast_range(found, currency)
    if not found.has_range:
        return short_count(found.median)
    return _span(short_count(found.low), short_count(found.high))


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def likely_range(found: Forecast, budget_type: BudgetType, currency: str) -> str:
    """Format a forecast: ``$412–$520, likely $460``; ``$85.00`` where nothing else is likely."""
    text, is_money = range_of(found, budget_type, currency), budget_type == "monetary"
    likely = whole_money(found.median, currency) if is_money else short_count(found.median)
    return f"{text}, likely {likely}" if found.has_range and text != likely else text


def whole_money(nanos: int, currency: str) -> str:
    """Format an amount that is not meant to the cent: ``$412``; below a hundred with its cents."""
    if abs(nanos) < 100 * NANOS:
        return money(nanos, currency)
    return f"{MINUS if nanos < 0 else ''}{sign_of(currency)}{round_to(abs(nanos), NANOS) // NANOS:,}"


def forecast_basis(found: Forecast) -> str:
    """Say what a forecast rests on: ``drawn from the weeks of 84 complete days``."""
    days = count(found.days_of_history, "complete day")
    if found.has_range:
        return f"drawn from the weeks of {days}"
    return f"the run rate and what is known to come, as {days} of data are too few for a range"


def held_lately(held: Sequence[bool]) -> str:
    """Say how often the range held in the last periods: ``range held in 5 of 6 periods``."""
    return f"range held in {sum(held)} of {count(len(held), 'period')}"


def moved_meanwhile(moved: Sequence[Moved], names: Mapping[str, str], currency: str) -> str:
    """Say what somebody changed in the meantime: ``PCC $150.00 → $160.00 meanwhile``; ``names`` are those of projects
    by id."""
    shown = [_moved(each, names, currency) for each in moved[:MAX_NAMED]]
    more = f" and {len(moved) - MAX_NAMED} more" if len(moved) > MAX_NAMED else ""
    return f"{', '.join(shown)}{more} meanwhile"


def _moved(moved: Moved, names: Mapping[str, str], currency: str) -> str:
    name = names.get(moved.project_id, moved.project_id) if moved.project_id else "budget"
    if moved.after is None:
        return f"{name} archived"
    return f"{name} {money(moved.before, currency)} → {money(moved.after, currency)}"


def option_for_bill(estimated: str, provider: str, service: str) -> str:
    """Return the option of ``cost map`` for all of a bill for what is ``estimated`` to be of a provider: a cloud bills
    more than that, so of a cloud it is the service."""
    is_own = provider.casefold() == estimated.casefold()
    return f"--provider {quote(escaped(provider))}" if is_own else f"--service {quote(escaped(service))}"
