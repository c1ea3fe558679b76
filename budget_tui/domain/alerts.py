"""Alerts: rules that watch one number of a budget or scope, and the moments at which they fire.

A rule fires once when its number crosses a threshold, and is armed again when the number is back or in the next period.
All numbers are whole: amounts in the budget's smallest unit, shares in millionths, runways in thousandths of a day.
Functions are pure; what is stored between two evaluations is a `State` per rule, subject, period and threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from budget_tui.domain.amount import NANOS, parse_count, parse_whole, share
from budget_tui.domain.audit import written
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import Period

if TYPE_CHECKING:  # it takes a command longer to load than to evaluate a rule
    from budget_tui.domain.forecast import Forecast

MILLIONTHS = 1_000_000
EACH_PROJECT = "each project"
"""The scope of rules that watch each project on its own, in words."""
MEDIAN, LOW_END = 50, 10
"""Thresholds of a forecast rule: the quantile of the forecast that is beyond the budget."""
MIN_SPIKE_DAYS = 10
_MAX_SPIKE_DAYS, _WEEK, _FOUR_WEEKS = 30, 7, 28
_MAD_TO_DEVIATION = 14_826  # ten-thousandths, of a normal distribution
_BEYOND_ALL = 10**15
GIVE_UP_AFTER = timedelta(hours=72)
"""The time for which a message is tried to be delivered."""


class AlertKind(StrEnum):
    """The number that a rule watches, and the unit of its thresholds."""

    SHARE = "share"  # of the amount that is spent: millionths
    LEFT = "left"  # the amount that is left
    PACE = "pace"  # the share spent less the share of the period gone: millionths
    FORECAST = "forecast"  # the quantile that exceeds the budget: `MEDIAN` or `LOW_END`
    RUNWAY = "runway"  # thousandths of a day, when it ends before the period does
    SPIKE = "spike"  # a day's spend that stands out: no threshold, 0
    SILENT = "silent"  # days since a source's last costs
    UNMAPPED = "unmapped"  # the amount that no entity owns


NEEDS_SUBJECT = frozenset(set(AlertKind) - {AlertKind.SPIKE, AlertKind.UNMAPPED})
"""The kinds of rules that watch nothing while there is no budget, or source, that they name."""
WATCHES_BUDGETS = frozenset({AlertKind.SHARE, AlertKind.LEFT, AlertKind.PACE, AlertKind.FORECAST, AlertKind.RUNWAY})
WATCHES_ALL = frozenset({AlertKind.SILENT, AlertKind.UNMAPPED})
_QUANTILES = {"median": MEDIAN, "low": LOW_END}
_LOWER_IS_WORSE = frozenset({AlertKind.LEFT, AlertKind.RUNWAY, AlertKind.FORECAST})


class AlertRule(NamedTuple):
    """A rule: the number of a scope that it watches, the thresholds, and who is told.

    ``entity_id`` None stands for each project on its own. Of the entity's budgets it watches those of ``budget_type``
    and, unless empty, of ``category`` and ``provider``. ``seeded`` are the thresholds whose state was taken once as it
    was found: crossing one of the others is recorded, but reported to nobody. A rule that ``fails`` fails a check.
    """

    rule_key: int
    kind: AlertKind
    thresholds: tuple[int, ...]
    entity_id: str | None = None
    category: str = ""
    budget_type: BudgetType = BudgetType.MONETARY
    provider: str = ""
    source: str = ""
    channels: tuple[str, ...] = ()
    fails: bool = False
    muted_until: datetime | None = None
    seeded: tuple[int, ...] = ()
    created_by: str = ""

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and now < self.muted_until


DEFAULT_RULES = (
    AlertRule(0, AlertKind.SHARE, (800_000, 1_000_000)),
    AlertRule(0, AlertKind.FORECAST, (MEDIAN,)),
)
"""The rules of a new organization, for each of its projects; they have no channel."""


class Watched(NamedTuple):
    """The subject of a rule, as a message names it: a budget of an entity, or something else.

    It is ``in_cycle`` unless it is a budget of a period of its own, such as a quarter.
    """

    subject: str
    entity_id: str
    name: str
    level: str
    category: str = ""
    provider: str = ""
    budget_type: BudgetType = BudgetType.MONETARY
    currency: str = ""
    in_cycle: bool = True


class Reading(NamedTuple):
    """The figures of a subject in one period, as known at an evaluation.

    ``used`` is the usage through today and ``used_through`` that through ``data_through``; ``held`` is reserved.
    ``value`` is the number itself where there is no budget: days of silence, unmapped spend, or a day's spend, whose
    `spike_limit` is the ``amount``.
    """

    watched: Watched
    period: Period
    data_through: date
    amount: int = 0
    used: int | None = None
    used_through: int | None = None
    held: int = 0
    runway_days: Decimal | None = None
    days_to_come: int = 0
    forecast: Forecast | None = None
    value: int | None = None


class Finding(NamedTuple):
    """A number that is beyond a threshold of a rule right now, whether that was reported or not."""

    rule: AlertRule
    reading: Reading
    threshold: int


class Standing(NamedTuple):
    """The progress of a number towards the next ``threshold`` of its rule; towards the last one, if all are crossed.

    ``progress`` is 1 at the threshold. It ``is_beyond`` when any threshold is crossed.
    """

    rule: AlertRule
    reading: Reading
    threshold: int
    value: int
    progress: Fraction
    is_beyond: bool

    @property
    def closeness(self) -> tuple[bool, Fraction]:
        """The key by which what fires next comes last."""
        return self.is_beyond, self.progress


class RuleStatus(NamedTuple):
    """A rule with what is beyond its thresholds, of each subject the worst; ``currency`` is that of its amounts.

    A rule that ``is_idle`` has nothing to watch yet: no such budget runs, or no cost came from its source.
    ``standings`` are how far all that it watches has come, the closest first.
    """

    rule: AlertRule
    findings: tuple[Finding, ...]
    is_muted: bool
    currency: str
    is_idle: bool = False
    standings: tuple[Standing, ...] = ()


class AlertChanges(NamedTuple):
    """The effect of other numbers on the alerts: what would fire by them, and what would no longer hold."""

    fires: tuple[Finding, ...] = ()
    ends: tuple[Finding, ...] = ()


class Phase(StrEnum):
    """ARMED: below the threshold; PENDING: a forecast beyond it, seen once; FIRED: beyond it, and reported once."""

    ARMED = "armed"
    PENDING = "pending"
    FIRED = "fired"


class State(NamedTuple):
    """The state of a rule's threshold for one subject and period, as of the evaluation that changed it."""

    phase: Phase
    value: int
    amount: int
    data_through: date


class Outcome(NamedTuple):
    """The effect of an evaluation: the states by threshold, and the threshold to report, if any."""

    states: Mapping[int, State]
    to_report: int | None


def value_of(kind: AlertKind, reading: Reading, threshold: int = 0) -> int | None:
    """Return the number that a rule compares with ``threshold``; None where it is not known.

    For a forecast it is the amount by which that quantile exceeds the budget; what is spent is certain. A single number
    has no low end: only what is spent is certain of it.
    """
    if kind not in WATCHES_BUDGETS:
        return reading.value
    if reading.used is None:
        return None
    match kind:
        case AlertKind.SHARE:
            return _share(reading.used, reading.amount)
        case AlertKind.LEFT:
            return reading.amount - reading.used - reading.held
        case AlertKind.PACE:
            used = reading.used if reading.used_through is None else reading.used_through
            gone = reading.period.day_number(reading.data_through) * MILLIONTHS // reading.period.days
            return _share(used, reading.amount) - gone
        case AlertKind.RUNWAY:
            return None if reading.runway_days is None else int(reading.runway_days * 1000)
        case _:
            if reading.forecast is None:
                return reading.used - reading.amount if reading.used > reading.amount else None
            if threshold != MEDIAN and not reading.forecast.has_range:
                return reading.used - reading.amount
            return (reading.forecast.median if threshold == MEDIAN else reading.forecast.low) - reading.amount


def _share(used: int, amount: int) -> int:
    if amount <= 0:
        return _BEYOND_ALL if used > 0 else 0
    return used * MILLIONTHS // amount


def is_crossed(kind: AlertKind, reading: Reading, threshold: int) -> bool | None:
    """Return whether the number is at the threshold or beyond it; None where it is not known."""
    value = value_of(kind, reading, threshold)
    if value is None:
        # Without any burn a budget never runs out, which is an answer.
        return False if kind is AlertKind.RUNWAY and reading.used is not None else None
    match kind:
        case AlertKind.LEFT:
            return value <= threshold
        case AlertKind.RUNWAY:
            # Nothing left is too little on a period's last day, too, with no day to come.
            return value <= threshold and (value <= 0 or value < reading.days_to_come * 1000)
        case AlertKind.FORECAST:
            # What is spent is certain, even where credits are expected.
            return value > 0 or (reading.used or 0) > reading.amount
        case AlertKind.SPIKE:
            return value > reading.amount
        case _:
            return value >= threshold


def found_in(rule: AlertRule, reading: Reading) -> list[Finding]:
    """Return a finding for each threshold of a rule that the number is beyond, the worst last."""
    return [Finding(rule, reading, at) for at in rule.thresholds if is_crossed(rule.kind, reading, at)]


def standing_of(rule: AlertRule, reading: Reading) -> Standing | None:
    """Return how far a number has come to the next threshold of its rule; None where it is not known."""
    crossed = [is_crossed(rule.kind, reading, threshold) for threshold in rule.thresholds]
    ahead = [threshold for threshold, is_beyond in zip(rule.thresholds, crossed, strict=True) if not is_beyond]
    threshold = ahead[0] if ahead else rule.thresholds[-1]
    value = value_of(rule.kind, reading, threshold)
    if value is None:
        return None
    progress = max(Fraction(0), _progress(rule.kind, reading, value, threshold))
    return Standing(rule, reading, threshold, value, progress, any(crossed))


def _progress(kind: AlertKind, reading: Reading, value: int, threshold: int) -> Fraction:
    match kind:
        case AlertKind.LEFT:
            return share(reading.amount - value, reading.amount - threshold)
        case AlertKind.FORECAST:
            return share(reading.amount + value, reading.amount)
        case AlertKind.RUNWAY if value >= max(1, reading.days_to_come * 1000):
            return Fraction(0)  # it lasts
        case AlertKind.RUNWAY:
            return share(threshold, value) if value > 0 else Fraction(1)
        case AlertKind.SPIKE:
            return share(value, reading.amount)
        case _:
            return share(value, threshold)


def severity(kind: AlertKind, threshold: int) -> int:
    """Return a number by which the thresholds of a rule are ordered, the worst one highest."""
    return -threshold if kind in _LOWER_IS_WORSE else threshold


def topic_of(finding: Finding) -> tuple[str, int]:
    """Return what a finding is about: two of one topic and one subject say the same, such as that all is spent."""
    rule, reading, threshold = finding
    if rule.kind in (AlertKind.SHARE, AlertKind.FORECAST) and (reading.used or 0) >= reading.amount:
        return "spent", 0
    return rule.kind, threshold


def changes_between(before: Iterable[Finding], after: Iterable[Finding]) -> AlertChanges:
    """Return what is found ``after`` and not before, and the other way round; of what says the same, the worst."""
    sides = [{_place_of(finding): finding for finding in found} for found in (before, after)]
    ends, fires = ([found for place, found in a.items() if place not in b] for a, b in (sides, sides[::-1]))
    return AlertChanges(_worst(fires), _worst(ends))


def _place_of(finding: Finding) -> tuple[int, str, int]:
    return finding.rule.rule_key, finding.reading.watched.subject, finding.threshold


def _worst(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the worst of each rule's findings on a subject, without what an earlier rule says as well.

    A rule's findings are ordered by severity.
    """
    of_rules = {_place_of(finding)[:2]: finding for finding in found}
    of_topics: dict[tuple[object, ...], Finding] = {}
    for place in sorted(of_rules):
        finding = of_rules[place]
        of_topics.setdefault((finding.reading.watched.subject, *topic_of(finding)), finding)
    return tuple(of_topics.values())


def parse_thresholds(kind: AlertKind, texts: Iterable[str], budget_type: BudgetType) -> tuple[int, ...]:
    """Parse thresholds as people write them, the mildest first; `Refused` for what is none of the kind.

    A share in percent (``80``, ``92.5%``), an amount of the budget's type, points, ``median`` or ``low``, days.
    """
    if kind is AlertKind.SPIKE:
        if any(text.strip() for text in texts):
            raise Refused("a rule of kind spike has no threshold: the days before it decide", "leave it out")
        return (0,)
    found = {_parsed(kind, text.strip(), budget_type) for text in texts}
    if not found:
        raise Refused(f"a rule of kind {kind} needs a threshold", "give one or more")
    return tuple(sorted(found, key=lambda threshold: severity(kind, threshold)))


def _parsed(kind: AlertKind, text: str, budget_type: BudgetType) -> int:
    if kind is AlertKind.FORECAST:
        if text not in _QUANTILES:
            raise Refused(f"'{text}' is no threshold of a forecast", f"give {' or '.join(_QUANTILES)}")
        return _QUANTILES[text]
    if kind is AlertKind.LEFT and budget_type is not BudgetType.MONETARY:
        found = parse_count(text)
    elif kind in (AlertKind.LEFT, AlertKind.UNMAPPED):
        found = parse_whole(text)
    else:
        # Nanos have enough digits for percent, points and days.
        nanos = parse_whole(text.removesuffix("%") if kind in (AlertKind.SHARE, AlertKind.PACE) else text)
        unit = {AlertKind.RUNWAY: 1_000_000, AlertKind.SILENT: NANOS}.get(kind, NANOS * 100 // MILLIONTHS)
        found, rest = divmod(nanos, unit)
        if rest:
            raise Refused(f"'{text}' has too many decimals", "give fewer")
    if found <= 0 and kind is not AlertKind.LEFT:
        raise Refused(f"a threshold of '{text}' is always crossed", "give one above 0")
    return found


def written_thresholds(kind: AlertKind, thresholds: Iterable[int], budget_type: BudgetType) -> str:
    """Return thresholds as a text whose parts `parse_thresholds` reads: ``80, 100``; '' for a spike."""
    return "" if kind is AlertKind.SPIKE else ", ".join(_written(kind, each, budget_type) for each in thresholds)


def plain_threshold(kind: AlertKind, threshold: int, budget_type: BudgetType) -> Decimal | str | None:
    """Return a threshold as a new rule may give it: a number in percent, points, days or the budget's type, or
    ``median`` or ``low``; None for a spike, which has none."""
    if kind is AlertKind.SPIKE:
        return None
    text = _written(kind, threshold, budget_type)
    return text if kind is AlertKind.FORECAST else Decimal(text)


def _written(kind: AlertKind, threshold: int, budget_type: BudgetType) -> str:
    match kind:
        case AlertKind.FORECAST:
            return next(name for name, quantile in _QUANTILES.items() if quantile == threshold)
        case AlertKind.LEFT | AlertKind.UNMAPPED:
            return written(threshold) if budget_type is BudgetType.MONETARY else str(threshold)
        case AlertKind.SILENT:
            return str(threshold)
        case AlertKind.RUNWAY:
            return written(threshold * (NANOS // 1000))
        case _:
            return written(threshold * (NANOS * 100 // MILLIONTHS))


def check_rule(rule: AlertRule) -> None:
    """Refuse what a rule of that kind cannot watch."""
    if rule.kind is AlertKind.SILENT and not rule.source:
        raise Refused("the source is missing", "name it")
    if rule.kind is not AlertKind.SILENT and rule.source:
        raise Refused(f"a rule of kind {rule.kind} watches no source", "leave it out")
    is_of_budgets = rule.kind in WATCHES_BUDGETS
    if not is_of_budgets and (rule.category or rule.provider or rule.budget_type is not BudgetType.MONETARY):
        raise Refused(f"a rule of kind {rule.kind} watches no single category, provider or type", "leave these out")
    if rule.kind in WATCHES_ALL and rule.entity_id is not None:
        raise Refused(f"a rule of kind {rule.kind} watches the whole organization", "name no entity")


def evaluate(rule: AlertRule, reading: Reading, known: Mapping[int, State]) -> Outcome:
    """Return the new states of a rule for one reading; ``known`` are those stored, by threshold.

    Of several thresholds crossed at once the worst is reported. What is not known leaves everything as it is.
    """
    states: dict[int, State] = {}
    to_report: int | None = None
    for threshold in rule.thresholds:
        before = known.get(threshold)
        crossed = is_crossed(rule.kind, reading, threshold)
        if crossed is None:
            if before is None:
                continue
            if rule.kind is not AlertKind.FORECAST or reading.used is None:
                states[threshold] = before
                continue
            # Without a forecast only what is spent can be beyond the budget, and it is not, or not any more.
        phase = _phase(rule, reading, threshold, before, bool(crossed))
        if before is not None and before.phase is phase and not _moves(rule, before, reading):
            states[threshold] = before
        elif phase is not Phase.ARMED or rule.kind is AlertKind.FORECAST:
            value = value_of(rule.kind, reading, threshold)
            states[threshold] = State(phase, value or 0, reading.amount, reading.data_through)
        if phase is Phase.FIRED and threshold in rule.seeded and (before is None or before.phase is not Phase.FIRED):
            to_report = threshold  # they are ordered by severity
    return Outcome(states, to_report)


def _phase(rule: AlertRule, reading: Reading, threshold: int, before: State | None, crossed: bool) -> Phase:
    if not crossed:
        return Phase.ARMED
    if before is not None and before.phase is Phase.FIRED:
        return Phase.FIRED
    if rule.kind is not AlertKind.FORECAST or threshold not in rule.seeded:
        return Phase.FIRED
    return Phase.FIRED if _is_confirmed(reading, before) else Phase.PENDING


def _is_confirmed(reading: Reading, before: State | None) -> bool:
    """Return whether a forecast beyond the budget is certain enough to be reported.

    It is if its low end is beyond it, if the budget was cut, or if an evaluation of other data came to the same.
    """
    forecast, used = reading.forecast, reading.used
    if forecast is not None and forecast.has_range and forecast.low > reading.amount:
        return True
    if used is not None and used > reading.amount:
        return True
    if before is None:
        return False
    return reading.amount < before.amount or (
        before.phase is Phase.PENDING and before.data_through != reading.data_through
    )


def _moves(rule: AlertRule, before: State, reading: Reading) -> bool:
    """Return whether a state must be stored again, though its phase stays: a later cut of the budget shows by it."""
    return rule.kind is AlertKind.FORECAST and before.phase is Phase.ARMED and before.amount != reading.amount


def spike_limit(earlier: Sequence[int]) -> int | None:
    """Return the amount beyond which a day's spend stands out of ``earlier`` days; None with too few of them.

    ``earlier`` ends with the day before. With four weeks of them, the same weekday is compared, else the last 30 days:
    the limit is three robust standard deviations above the median (1.4826 times the median absolute deviation is one),
    and at least a tenth of the median above it.
    """
    if len(earlier) < MIN_SPIKE_DAYS:
        return None
    days = earlier[-_WEEK::-_WEEK] if len(earlier) >= _FOUR_WEEKS else earlier[-_MAX_SPIKE_DAYS:]
    middle = _median(days)
    deviation = _median([abs(day - middle) for day in days]) * _MAD_TO_DEVIATION // 10_000
    return middle + max(3 * deviation, abs(middle) // 10)


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]
