"""Rules of alerts and what they report, in words and as columns of tables."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from budget_tui.domain.alerts import (
    EACH_PROJECT,
    MEDIAN,
    MILLIONTHS,
    AlertKind,
    AlertRule,
    Finding,
    Reading,
    RuleStatus,
    Standing,
    found_in,
    value_of,
)
from budget_tui.domain.budget import BudgetType, plain_amount
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.pacing import Status
from budget_tui.domain.records import AlertMessage, Delivery
from budget_tui.presentation.columns import Bar, Column
from budget_tui.presentation.formatting import (
    SHAPES,
    amount_of,
    count,
    data_through,
    left_or_over,
    long_day,
    money,
    near_day,
    percent,
    period_name,
    runway,
    short_period_name,
)


def scope_text(rule: AlertRule) -> str:
    """Name what a rule watches: ``each project``, ``DEPT-ENG, genai, token``."""
    if rule.kind is AlertKind.SILENT:
        return f"source {rule.source}"
    if rule.kind is AlertKind.UNMAPPED:
        return "unmapped costs"
    budget_type = "" if rule.budget_type is BudgetType.MONETARY else str(rule.budget_type)
    of = EACH_PROJECT if rule.entity_id is None else rule.entity_id
    return ", ".join(filter(None, (of, rule.category, rule.provider, budget_type)))


def condition_text(rule: AlertRule, currency: str) -> str:
    """Describe when a rule fires: ``share 80%, 100%``, ``left $20.00``, ``forecast likely over``."""
    if rule.kind is AlertKind.SPIKE:
        return "spike of a day"
    thresholds = [threshold_text(rule.kind, each, rule.budget_type, currency) for each in rule.thresholds]
    return f"{rule.kind} {', '.join(thresholds)}"


def crossing_text(finding: Finding) -> str:
    """Name what a number is beyond: ``PCC share 80%``."""
    watched = finding.reading.watched
    threshold = threshold_text(finding.rule.kind, finding.threshold, watched.budget_type, watched.currency)
    return f"{watched.name} {finding.rule.kind} {threshold}"


def threshold_text(kind: AlertKind, threshold: int, budget_type: BudgetType, currency: str) -> str:
    """Format a threshold of a rule: ``80%``, ``$20.00``, ``15 points``, ``likely over``, ``3 days``."""
    match kind:
        case AlertKind.SHARE:
            return f"{_hundredths(threshold)}%"
        case AlertKind.PACE:
            return _counted(_hundredths(threshold), "point")
        case AlertKind.FORECAST:
            return "likely over" if threshold == MEDIAN else "almost surely over"
        case AlertKind.RUNWAY:
            return _counted(_plain(Decimal(threshold) / 1000), "day")
        case AlertKind.SILENT:
            return count(threshold, "day")
        case AlertKind.SPIKE:
            return "–"
        case _ if threshold < 0:
            return left_or_over(threshold, budget_type, currency)
        case _:
            return amount_of(threshold, budget_type, currency)


def _counted(number: str, noun: str) -> str:
    return f"{number} {noun}{'' if number == '1' else 's'}"


def _hundredths(millionths: int) -> str:
    return _plain(Decimal(millionths) / (MILLIONTHS // 100))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def sentence(finding: Finding) -> str:
    """Say what a rule found: ``PCC has spent 84% of $150.00 for January 2026: $24.00 left``."""
    rule, reading, threshold = finding
    kind, watched = rule.kind, reading.watched
    budget_type, currency = watched.budget_type, watched.currency
    name = watched.name if watched.entity_id != ROOT_ID else f"The budget of {watched.name}"

    def amount(of: int) -> str:
        return amount_of(of, budget_type, currency)

    end = near_day(reading.period.end, reading.data_through)
    used, left = reading.used or 0, reading.amount - (reading.used or 0) - reading.held
    value = value_of(kind, reading, threshold) or 0
    verb = "spent" if budget_type is BudgetType.MONETARY else "used"
    match kind:
        case AlertKind.SHARE if reading.amount <= 0:
            said = f"{name} has {verb} {amount(used)} without a budget for {period_name(reading.period)}"
        case AlertKind.SHARE:
            share = percent(Fraction(used, reading.amount))
            said = f"{name} has {verb} {share} of {amount(reading.amount)} for {period_name(reading.period)}"
            rest = reading.amount - used
            said += f": {left_or_over(rest, budget_type, currency)}"
            said += f", {amount(reading.held)} of it held" if reading.held else ""
        case AlertKind.LEFT:
            verb = "has" if left >= 0 else "is"
            of = f"{'of ' if left >= 0 else ''}{amount(reading.amount)} for {period_name(reading.period)}"
            said = f"{name} {verb} {left_or_over(left, budget_type, currency)} {of}"
        case AlertKind.PACE:
            points = round(Fraction(value * 100, MILLIONTHS))
            said = (
                f"{name} is {count(points, 'point')} ahead of an even pace: {amount(used)} of {amount(reading.amount)}"
            )
        case AlertKind.FORECAST if used > reading.amount:
            beyond = amount(used - reading.amount)
            said = f"{name} is over {amount(reading.amount)} for {period_name(reading.period)} by {beyond}"
        case AlertKind.FORECAST:
            spend = "spend" if budget_type is BudgetType.MONETARY else "use"
            how = f"likely {spend}" if threshold == MEDIAN else f"almost surely {spend} at least"
            said = (
                f"{name} will {how} {amount(reading.amount + value)} by {end},"
                f" {amount(value)} over {amount(reading.amount)}"
            )
        case AlertKind.RUNWAY if not value:
            said = f"{name} has nothing left for {period_name(reading.period)}"
        case AlertKind.RUNWAY:
            said = f"{name} runs out in {Decimal(value) / 1000:.1f} days, before {end}"
        case AlertKind.SPIKE:
            said = f"{name} spent {amount(value)} on {long_day(reading.period.start)},"
            said += f" usually at most {amount(reading.amount)}"
        case AlertKind.SILENT:
            said = f"Source {name} has brought no costs for {count(value, 'day')}"
        case _:
            said = f"{money(value, currency)} of costs in {period_name(reading.period)} belong to no project"
    return said


def exceeded_text(reading: Reading) -> str:
    """Say that a budget is exceeded: ``PCC has used $105.00 of $100.00 for January 2026``, and what is held."""
    watched = reading.watched

    def amount(of: int) -> str:
        return amount_of(of, watched.budget_type, watched.currency)

    of = ", ".join(filter(None, (watched.category if watched.category != "total" else "", watched.provider)))
    name = f"{watched.name}{f' ({of})' if of else ''}"
    held = f" and holds {amount(reading.held)}" if reading.held else ""
    used = f"{amount(reading.used or 0)}{held} of {amount(reading.amount)}"
    return f"{name} has used {used} for {period_name(reading.period)}"


def helpful_command(kind: AlertKind, reading: Reading) -> str:
    """Return the command that helps with what a rule found."""
    watched = reading.watched
    if kind is AlertKind.SILENT:
        return "budget-tui cost source list"
    if kind is AlertKind.UNMAPPED:
        return "budget-tui cost unmapped"
    if watched.entity_id == ROOT_ID:
        return "budget-tui status"
    if watched.level == "agent":
        return f"budget-tui agent show {watched.entity_id}"
    if watched.level == "project":
        return f"budget-tui {'explain' if kind is AlertKind.SPIKE else 'cover'} {watched.entity_id}"
    return f"budget-tui plan list --entity {watched.entity_id}"


def sentence_now(body: Mapping[str, Any]) -> str:
    """Return a message's sentence as it is sent, which may be late: ``… $40.00 left (no longer)``."""
    return f"{body['sentence']}{'' if body['still_true'] else ' (no longer)'}"


def details_text(body: Mapping[str, Any]) -> str:
    """Return the lines below a message's sentence: why, how far costs are known, and the command that helps."""
    known = data_through(date.fromisoformat(body["data_through"]))
    return "\n".join(filter(None, (body.get("cause"), known, body["command"])))


def plain_value(kind: AlertKind, value: int, budget_type: BudgetType) -> Decimal:
    """Return a rule's number in the unit that people use: percent, points, days, or an amount."""
    match kind:
        case AlertKind.SHARE | AlertKind.PACE:
            return Decimal(value) / (MILLIONTHS // 100)
        case AlertKind.RUNWAY:
            return Decimal(value) / 1000
        case AlertKind.SILENT:
            return Decimal(value)
        case _:
            return plain_amount(value, budget_type)


def status_text(status: RuleStatus) -> str:
    """Say how a rule stands: ``● quiet``, ``▲ 2 beyond it``, ``○ muted until Jan 9, 2026 09:30``, ``○ nothing yet``."""
    if status.is_muted and status.rule.muted_until is not None:
        until = status.rule.muted_until.astimezone()
        return f"○ muted until {long_day(until.date())} {until:%H:%M}"
    if status.is_idle:
        return "○ nothing yet"
    return f"▲ {len(status.findings):,} beyond it" if status.findings else "● quiet"


def idle_text(rule: AlertRule) -> str:
    """Say that there is nothing that a rule could watch yet."""
    if rule.kind is AlertKind.SILENT:
        return f"no cost has come from source '{rule.source}' so far: its silence is measured from the first on"
    return f"no budget runs that it could watch ({scope_text(rule)}): it waits for one"


def channels_text(rule: AlertRule) -> str:
    return ", ".join(rule.channels) or "dashboard only"


def subject_text(standing: Standing) -> str:
    """Name what a rule watches one number of: ``Search``, ``Engineering genai``, ``Search, Q4 2026``."""
    watched = standing.reading.watched
    category = watched.category if watched.category != "total" else ""
    period = "" if watched.in_cycle else f", {short_period_name(standing.reading.period)}"
    return " ".join(filter(None, (watched.name, category, watched.provider))) + period


def value_text(standing: Standing) -> str:
    """Format the number that a rule watches: ``94%``, ``$11.44 left``, ``$442.00``, ``3.3 d``."""
    kind, value, reading = standing.rule.kind, standing.value, standing.reading
    budget_type, currency = reading.watched.budget_type, reading.watched.currency
    match kind:
        case AlertKind.SHARE:
            return percent(Fraction(value, MILLIONTHS)) if reading.amount > 0 else "no budget"
        case AlertKind.LEFT:
            return left_or_over(value, budget_type, currency)
        case AlertKind.PACE:
            points = round(Fraction(value * 100, MILLIONTHS))
            return f"{count(abs(points), 'point')} {'ahead' if points >= 0 else 'behind'}"
        case AlertKind.FORECAST:
            return amount_of(reading.amount + value, budget_type, currency)
        case AlertKind.RUNWAY:
            return runway(Decimal(value) / 1000)
        case AlertKind.SILENT:
            return count(value, "day")
        case _:
            return amount_of(value, budget_type, currency)


def limit_text(standing: Standing) -> str:
    """Format the threshold that comes next: ``100%``, ``$20.00``, ``3 days``; of forecasts and spikes, the amount."""
    kind, reading = standing.rule.kind, standing.reading
    watched = reading.watched
    if kind in (AlertKind.FORECAST, AlertKind.SPIKE):
        return amount_of(reading.amount, watched.budget_type, watched.currency)
    return threshold_text(kind, standing.threshold, watched.budget_type, watched.currency)


def standing_sentence(standing: Standing) -> str:
    """Say what is beyond a threshold; '' where nothing is."""
    found = found_in(standing.rule, standing.reading)
    return sentence(found[-1]) if found else ""


def _sign(standing: Standing) -> str:
    return SHAPES[Status.WARNING if standing.is_beyond else Status.HEALTHY]


def _bar(standing: Standing) -> Bar:
    return Bar(standing.progress, style="warning" if standing.is_beyond else "")


STANDING_COLUMNS: Sequence[Column[Standing]] = (
    Column("sign", "", _sign, style=lambda standing: "warning" if standing.is_beyond else "healthy"),
    Column("subject", "Watched", subject_text, min_width=10, max_width=32, shrinks_to=10),
    Column("kind", "Number", lambda standing: str(standing.rule.kind), drop_order=2, is_muted=True),
    Column("value", "Now", value_text, "right"),
    Column("bar", "", bar=_bar, min_width=8, max_width=100, shrinks_to=4),
    Column("limit", "Fires at", limit_text, "right", is_muted=True),
    Column("alert", "Alert", lambda standing: str(standing.rule.rule_key), "right", drop_order=1, is_muted=True),
)


CLOSEST_COLUMN: Column[RuleStatus] = Column(
    "closest",
    "Closest",
    lambda status: " ".join(text(standing) for standing in status.standings[:1] for text in (subject_text, value_text)),
    drop_order=1,
)
"""The number closest to firing of all that a rule watches: ``Search 77%``."""


def _brief_status(status: RuleStatus) -> str:
    """Say how a rule stands, leaving out until when it is muted: no other column gives way to that."""
    return "○ muted" if status.is_muted else status_text(status)


@cache
def rule_columns(*, is_narrow: bool = False, is_tiny: bool = False) -> Sequence[Column[RuleStatus]]:
    """Return the columns of rules; ``is_narrow`` shortens their texts, ``is_tiny`` leaves a sign and a number of how
    they stand."""

    def status_words(status: RuleStatus) -> str:
        if is_tiny:
            return f"▲ {len(status.findings):,}" if status.findings and not status.is_muted else status_text(status)[0]
        return _brief_status(status) if is_narrow else status_text(status)

    return (
        Column("id", "" if is_tiny else "Alert", lambda status: str(status.rule.rule_key), "right"),
        Column("scope", "Scope", lambda status: scope_text(status.rule), shrinks_to=12),
        Column("when", "When", lambda status: condition_text(status.rule, status.currency), shrinks_to=16, wraps=True),
        Column(
            "status",
            "" if is_tiny else "Status",
            status_words,
            style=lambda status: "muted" if status.is_muted else "warning" if status.findings else "",
        ),
        Column(
            "channels",
            "Channels",
            lambda status: channels_text(status.rule),
            shrinks_to=8,
            drop_order=2,
            yields_late=True,
            is_muted=True,
        ),
        Column(
            "check",
            "Check",
            lambda status: "fails" if status.rule.fails else "",
            drop_order=1,
            yields_late=True,
            is_muted=True,
        ),
    )


@cache
def message_columns(*, is_narrow: bool = False) -> Sequence[Column[AlertMessage]]:
    """Return the columns of messages; where it ``is_narrow``, their sentences need the room of failed attempts."""
    return (
        Column(
            "at",
            "At",
            lambda message: f"{message.created_at.astimezone():%b %-d, %H:%M}",
            is_muted=True,
        ),
        Column("period", "Period", lambda message: short_period_name(message.period), drop_order=1, is_muted=True),
        Column("alert", "Alert", lambda message: str(message.rule_key), "right", drop_order=2, yields_late=True),
        Column(
            "sentence", "What", lambda message: str(message.body["sentence"]), max_width=100, shrinks_to=20, wraps=True
        ),
        Column(
            "sent",
            "Sent",
            lambda message: deliveries_text(message, briefly=is_narrow),
            max_width=60,
            shrinks_to=10,
            drop_order=3,
            yields_late=not is_narrow,
            wraps=True,
        ),
    )


def deliveries_text(message: AlertMessage, *, briefly: bool = False) -> str:
    """Say how a message was delivered: ``phone sent, mail waiting after 2 attempts (timed out)``.

    ``briefly``: without the attempts.
    """
    if not message.deliveries:
        return "muted" if message.body.get("muted") else "dashboard only"
    return ", ".join(_delivery_text(delivery, briefly=briefly) for delivery in message.deliveries)


def not_sent_text(channel: str, error: str) -> str:
    """Say that an attempt failed, and why: ``not sent to phone: the command ended with 1``."""
    return f"not sent to {channel}: {error}"


def _delivery_text(delivery: Delivery, *, briefly: bool) -> str:
    if delivery.state == "sent":
        return f"{delivery.channel} sent"
    state = "undelivered" if delivery.state == "undelivered" else "waiting"
    is_told = delivery.attempts and not briefly
    tried = f" after {count(delivery.attempts, 'attempt')} ({delivery.error})" if is_told else ""
    return f"{delivery.channel} {state}{tried}"
