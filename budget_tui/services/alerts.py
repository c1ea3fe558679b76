"""Rules of alerts: added, removed and muted by users; evaluated after every change and by whoever watches.

An evaluation reads first, and writes only if a rule crossed a threshold or came back: in a transaction of its own, in
which it looks again, so that of several evaluators at once one reports it. It decides and queues; nothing is sent here.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from budget_tui.domain.alerts import (
    GIVE_UP_AFTER,
    NEEDS_SUBJECT,
    WATCHES_ALL,
    WATCHES_BUDGETS,
    AlertKind,
    AlertRule,
    Finding,
    Phase,
    Reading,
    RuleStatus,
    Standing,
    State,
    check_rule,
    evaluate,
    found_in,
    parse_thresholds,
    plain_threshold,
    standing_of,
    topic_of,
    value_of,
    written_thresholds,
)
from budget_tui.domain.audit import UNDO_DATA
from budget_tui.domain.budget import BudgetType, Organization, plain_amount
from budget_tui.domain.errors import Conflict, NotFound, unknown
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.records import AlertMessage, AlertProgress, Delivery, StateKey
from budget_tui.domain.trouble import Trouble
from budget_tui.presentation import alerts as words
from budget_tui.presentation.explanations import cause
from budget_tui.services.alert_readings import KnownForecasts, Readings
from budget_tui.services.context import Context
from budget_tui.services.fee_booking import with_fees_booked
from budget_tui.services.idempotency import run_once
from budget_tui.services.plan_views import find_budget
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.usage import entity_named, provider_named
from budget_tui.services.work import Work
from budget_tui.storage.ids import ordered_id
from budget_tui.storage.session import Session

Value = TypeVar("Value")
MOST_EXPLAINED = 20
"""Messages of one evaluation that say why a budget is in trouble, which takes a look at its costs each."""


class NewRule(NamedTuple):
    """A request for a rule. ``scope`` is the id of an entity or a budget, '' for each project on its own.

    ``thresholds`` are as people write them: see `budget_tui.domain.alerts.parse_thresholds`.
    """

    kind: AlertKind
    thresholds: tuple[str, ...] = ()
    scope: str = ""
    category: str = ""
    budget_type: BudgetType | None = None
    provider: str = ""
    source: str = ""
    channels: tuple[str, ...] = ()
    fails: bool = False


class RuleEdit(NamedTuple):
    """A request to change a rule, like a `NewRule`; what is None stays as it is.

    Category, type and provider stay as long as the rule watches budgets of the same scope.
    """

    kind: AlertKind | None = None
    thresholds: tuple[str, ...] | None = None
    scope: str | None = None
    category: str | None = None
    budget_type: BudgetType | None = None
    provider: str | None = None
    source: str | None = None
    channels: tuple[str, ...] | None = None
    fails: bool | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation: what is beyond a threshold, and the messages that it made.

    ``idle`` are the keys of rules that have nothing to watch yet; ``watched`` are all readings, with their rules.
    """

    organization: Organization
    today: date
    data_through: date
    rules: tuple[AlertRule, ...] = ()
    findings: tuple[Finding, ...] = ()
    messages: tuple[AlertMessage, ...] = ()
    idle: frozenset[int] = frozenset()
    watched: Sequence[tuple[Reading, Sequence[AlertRule]]] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check: the running budgets that usage and holds have ``exceeded``, and the findings of rules that
    fail a check. ``budgets`` is the number of those looked at."""

    evaluation: Evaluation
    budgets: int
    exceeded: tuple[Reading, ...]
    failing: tuple[Finding, ...]

    @property
    def is_passed(self) -> bool:
        return not (self.exceeded or self.failing)


_Place = tuple[int, str, date]
"""A rule's key, what it watches, and the first day of the period."""
_States = Mapping[_Place, Mapping[int, State]]
"""States by place and threshold."""
_Settled = Mapping[_Place, tuple[Reading, Sequence[Finding]]]
"""Readings at which all rules left their states as they were, and what they found. The place is that of the first."""
_Firing = dict[_Place, tuple[Finding, list[StateKey]]]
"""The findings that fire, with the states that their messages report."""


class _Changes(NamedTuple):
    """The changes that an evaluation has to store; ``ended`` are the states that are armed again."""

    data_through: date
    states: Mapping[StateKey, State]
    ended: Sequence[StateKey]
    messages: Sequence[AlertMessage]
    reported: Mapping[StateKey, str]
    seeded: Sequence[AlertRule]


class _Memory(NamedTuple):
    """The memory of one evaluation for the next: of thousands of rules, few change from one to the next.

    Rules and states hold while the ``progress`` that is stored is the same, since nobody changed any then. With them
    hold the readings that are ``settled``: equal ones change nothing.
    """

    progress: AlertProgress | None
    rules: Sequence[AlertRule]
    since: date
    states: _States
    settled: _Settled
    forecasts: KnownForecasts | None

    def after(self, changes: _Changes, progress: AlertProgress) -> "_Memory":
        """Return what is known once ``changes`` are stored."""
        states = dict(self.states)
        for key, state in changes.states.items():
            states[key[:3]] = {**states.get(key[:3], {}), key.threshold: state}
        for key in changes.ended:
            states[key[:3]] = {at: state for at, state in states[key[:3]].items() if at != key.threshold}
        seeded = {rule.rule_key for rule in changes.seeded}
        rules = [rule._replace(seeded=rule.thresholds) if rule.rule_key in seeded else rule for rule in self.rules]
        return self._replace(progress=progress, rules=rules, states=states)


class Alerts:
    """Commands on rules, each one transaction; queries; and the evaluation of all rules."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._memory: _Memory | None = None  # replaced as a whole, so that threads may share it

    # Commands

    def add(self, new: NewRule, key: str | None = None) -> RuleStatus:
        """Add a rule, once with the same ``key``; what it finds at once is taken as it is, and not reported."""
        with self._context.work() as work:

            def add() -> dict[str, Any]:
                _require_other(work, _checked(work, new))
                return {"alert": add_rule(work, new).rule_key}

            added = _stored(work, run_once(work, "alert.add", key, new._asdict(), add)["alert"])
            status = self._taken_as_found(work, added)
            work.commit()
            return status

    def edit(self, rule_key: int, edit: RuleEdit) -> RuleStatus:
        """Change a rule as requested; what it finds then is taken as it is, and not reported."""
        with self._context.work() as work:
            before = _stored(work, rule_key)
            after = _checked(work, _edited(before, edit))
            _require_other(work, after, but=rule_key)
            change_rule(work, before, after)
            status = self._taken_as_found(work, _stored(work, rule_key))
            work.commit()
            return status

    def remove(self, rule_key: int) -> RuleStatus:
        """Remove a rule; messages that it queued and that were not sent yet are dropped."""
        with self._context.work() as work:
            rule = _stored(work, rule_key)
            remove_rule(work, rule)
            work.commit()
            return _status(work, rule)

    def mute(self, rule_key: int, until: datetime | None) -> RuleStatus:
        """Send nothing that a rule reports until then; None unmutes it, if it is muted."""
        with self._context.work() as work:
            rule = _stored(work, rule_key)
            if until is not None or rule.is_muted(work.now):
                _mute(work, rule, until)
                work.commit()
            return _status(work, rule._replace(muted_until=until))

    def _taken_as_found(self, work: Work, rule: AlertRule) -> RuleStatus:
        """Store the state of a rule that was added or changed as it is found, so that what crosses from here on fires.

        As of another day nothing of it is stored; the next evaluation does it then.
        """
        org, progress = work.organization.org_key, work.unit.alerts.progress(work.organization.org_key)
        readings = Readings(work.unit, work.organization, work.today, work.now, progress and progress.data_through)
        groups = list(readings.of([rule]))
        if self._context.clock.as_of is None and rule.seeded != rule.thresholds:
            since = min((reading.period.start for reading, _ in groups), default=work.today)
            found = _transitions(groups, work.unit.alerts.states(org, since), {})
            work.unit.alerts.set_states(found.states, {}, work.now)
            work.unit.alerts.remove_states(found.ended)
            work.unit.alerts.set_seeded([rule])
        return _status(work, rule)._replace(is_idle=bool(_idle([rule], groups)))

    # Queries

    def rules(self) -> list[RuleStatus]:
        """Return every rule, with what is beyond its thresholds now, and how far all that it watches has come."""
        now = self._context.clock.now()
        with self._context.reading() as session:
            evaluation, _, _ = self._evaluated(session, now, to_show=True)
        worst: dict[int, dict[tuple[str, date], Finding]] = {}
        for finding in evaluation.findings:
            of_rule = worst.setdefault(finding.rule.rule_key, {})
            of_rule[finding.reading.watched.subject, finding.reading.period.start] = finding
        standings = _standings(evaluation)
        return [
            RuleStatus(
                rule,
                tuple(worst.get(rule.rule_key, {}).values()),
                rule.is_muted(now),
                evaluation.organization.currency,
                rule.rule_key in evaluation.idle,
                tuple(sorted(standings.get(rule.rule_key, {}).values(), key=_closeness, reverse=True)),
            )
            for rule in evaluation.rules
        ]

    def messages(self, limit: int = 50) -> list[AlertMessage]:
        """Return the latest messages with their deliveries, the newest first.

        What nobody could deliver for `GIVE_UP_AFTER` is undelivered, even if no program here ever tried.
        """
        with self._context.reading() as session:
            messages = session.alerts.newest_messages(self._context.organization(session).org_key, limit)
        since = self._context.clock.now() - GIVE_UP_AFTER
        return [
            message
            if message.created_at >= since
            else message._replace(deliveries=tuple(map(_given_up, message.deliveries)))
            for message in messages
        ]

    # Evaluation

    def evaluate(self, *, only_look: bool = False) -> Evaluation:
        """Evaluate all rules, and store and queue what is new, unless it is to ``only_look``, or as of another day."""
        now = self._context.clock.now()
        with self._context.reading() as session:
            evaluation, changes, memory = self._evaluated(session, now)
        org = evaluation.organization.org_key
        if only_look or self._context.clock.as_of is not None or not org:
            return replace(evaluation, messages=())
        if changes is None:
            return evaluation
        with self._context.transaction(self._context.org_slug) as unit:
            progress = unit.alerts.progress(org)
            if progress is None or progress != memory.progress:  # somebody else may have evaluated in the meantime
                with with_fees_booked(unit, evaluation.organization, evaluation.today):
                    evaluation, changes, memory = self._evaluated(unit, now)
            if changes is not None:
                progress = _store(unit, org, changes, now)
                unit.commit()
                self._memory = memory.after(changes, progress)
        return evaluation

    def evaluate_after_change(self) -> None:
        """Evaluate after a change, which stands: an error is only logged, and the next evaluation catches up."""
        if self._context.clock.as_of is not None:
            return
        try:
            self.evaluate()
        except Exception:
            logging.getLogger("budget_tui.alerts").exception("%s: alerts were not evaluated", self._context.label)

    def check(self, scopes: Sequence[str] = (), *, only_look: bool = False) -> Check:
        """Evaluate all rules, and return what fails in ``scopes``, by default in the whole organization.

        A scope is an entity with everything below it. `NotFound` if there is none with that id.
        """
        evaluation = self.evaluate(only_look=only_look)
        with self._context.reading() as session:
            organization, today, now = evaluation.organization, evaluation.today, self._context.clock.now()
            paths = [entity_named(session, organization, scope).path for scope in scopes] or ["/"]
            entities = session.fast.entities(organization.org_key)
            inside = {entity.entity_id for entity in entities if entity.path.startswith(tuple(paths))}
            budgets = [
                reading
                for reading in Readings(session, organization, today, now).running()
                if reading.used is not None and reading.watched.entity_id in inside
            ]
        return Check(
            evaluation,
            len(budgets),
            tuple(reading for reading in budgets if (reading.used or 0) + reading.held > reading.amount),
            tuple(
                finding
                for finding in evaluation.findings
                if finding.rule.fails and (not scopes or finding.reading.watched.entity_id in inside)
            ),
        )

    def _evaluated(
        self, session: Session, now: datetime, *, to_show: bool = False
    ) -> tuple[Evaluation, _Changes | None, _Memory]:
        """Return what an evaluation finds, what it has to store, if anything, and what it knows now; ``to_show`` is as
        for `Readings`."""
        organization = self._context.organization(session)
        org, today = organization.org_key, self._context.clock.today(organization.time_zone)
        memory, progress = self._memory, session.alerts.progress(org)
        is_known = memory is not None and progress is not None and progress == memory.progress
        rules = memory.rules if memory and is_known else session.alerts.rules(org)
        since, known = progress and progress.data_through, memory and memory.forecasts
        readings = Readings(session, organization, today, now, since, known, to_show=to_show)
        groups = list(readings.of(rules))
        since = min((reading.period.start for reading, _ in groups), default=today)
        if memory and is_known and memory.since <= since:
            since, states, settled = memory.since, memory.states, memory.settled
        else:
            states, settled = session.alerts.states(org, since), {}
        found = _transitions(groups, states, settled)
        found.ended.extend(_gone(groups, states, readings.period))
        made = []
        for at, (finding, keys) in enumerate(_without_repetition(found.firing, now)):
            trouble = readings.trouble(finding.reading) if at < MOST_EXPLAINED else None
            made.append((_message(organization, finding, trouble, now), keys))
        changes = _Changes(
            readings.data_through,
            found.states,
            found.ended,
            [message for message, _ in made],
            {key: message.message_id for message, keys in made for key in keys},
            [rule for rule in rules if rule.seeded != rule.thresholds],
        )
        is_new = progress is None or progress.data_through != readings.data_through
        memory = _Memory(progress, rules, since, states, found.settled, readings.forecasts)
        self._memory = memory
        return (
            Evaluation(
                organization,
                today,
                readings.data_through,
                tuple(rules),
                tuple(found.findings),
                tuple(message for message, _ in made),
                _idle(rules, groups),
                groups,
            ),
            changes if is_new or changes.states or changes.ended or changes.seeded else None,
            memory,
        )


_closeness = attrgetter("closeness")


def _standings(evaluation: Evaluation) -> dict[int, dict[str, Standing]]:
    """Return how far each subject has come, by rule; of several days, the one that has come farthest.

    Budgets whose period has ended are watched until data has reached its end, but no longer on their way anywhere.
    """
    found: dict[int, dict[str, Standing]] = {}
    for reading, rules in evaluation.watched:
        for rule in rules:
            if rule.kind in WATCHES_BUDGETS and reading.period.end < evaluation.today:
                continue
            standing, of_rule = standing_of(rule, reading), found.setdefault(rule.rule_key, {})
            other = of_rule.get(reading.watched.subject)
            if standing is not None and (other is None or standing.closeness > other.closeness):
                of_rule[reading.watched.subject] = standing
    return found


def _idle(rules: Iterable[AlertRule], groups: Iterable[tuple[Reading, Sequence[AlertRule]]]) -> frozenset[int]:
    """Return the keys of those ``rules`` that no reading is for, though they need one."""
    watching = {rule.rule_key for _, group in groups for rule in group}
    return frozenset(rule.rule_key for rule in rules if rule.rule_key not in watching and rule.kind in NEEDS_SUBJECT)


def _gone(
    groups: Iterable[tuple[Reading, Sequence[AlertRule]]], states: _States, running: Period
) -> Iterator[StateKey]:
    """Return the states that fired in the ``running`` period, or one that began in it, of what is not read any more:
    archived projects, sources that were ended, days that stood out a while ago."""
    fired = {
        place
        for place, of_place in states.items()
        if place[2] >= running.start and any(state.phase is Phase.FIRED for state in of_place.values())
    }
    if fired:
        fired -= {
            (rule.rule_key, reading.watched.subject, reading.period.start) for reading, of in groups for rule in of
        }
    return (StateKey(*place, threshold) for place in fired for threshold in states[place])


class _Transitions(NamedTuple):
    """The states that change, those that end, everything beyond a threshold, what fires, and what changes nothing."""

    states: dict[StateKey, State]
    ended: list[StateKey]
    findings: list[Finding]
    firing: _Firing
    settled: dict[_Place, tuple[Reading, Sequence[Finding]]]


def _transitions(
    groups: Iterable[tuple[Reading, Sequence[AlertRule]]], states: _States, settled: _Settled
) -> _Transitions:
    """Evaluate the rules that watch each reading, except those ``settled`` at an equal one."""
    found = _Transitions({}, [], [], {}, {})
    for reading, rules in groups:
        place = (rules[0].rule_key, reading.watched.subject, reading.period.start)
        before = settled.get(place)
        if before is not None and before[0] == reading:
            found.settled[place] = before
            found.findings.extend(before[1])
            continue
        findings: list[Finding] = []
        changes = False
        for rule in rules:
            changes |= _transition(rule, reading, states, found)
            findings += found_in(rule, reading)
        found.findings.extend(findings)
        if not changes:
            found.settled[place] = reading, findings
    return found


def _transition(rule: AlertRule, reading: Reading, states: _States, found: _Transitions) -> bool:
    """Add to ``found`` what a rule changes at a reading; return whether that is anything."""
    place = (rule.rule_key, reading.watched.subject, reading.period.start)
    before = states.get(place, {})
    outcome = evaluate(rule, reading, before)
    changed = {StateKey(*place, at): state for at, state in outcome.states.items() if before.get(at) != state}
    ended = [StateKey(*place, at) for at in before.keys() - outcome.states.keys()]
    found.states.update(changed)
    found.ended.extend(ended)
    if outcome.to_report is not None:
        fired = [key for key, state in changed.items() if state.phase is Phase.FIRED]
        _add_firing(found.firing, place, Finding(rule, reading, outcome.to_report), fired)
    return bool(changed or ended)


def _given_up(delivery: Delivery) -> Delivery:
    return delivery._replace(state="undelivered") if delivery.state == "queued" else delivery


def _add_firing(firing: _Firing, place: _Place, finding: Finding, keys: list[StateKey]) -> None:
    """Add what fires to ``firing``. Of several days that stand out at once, the dearest is reported."""
    if finding.rule.kind is AlertKind.SPIKE:
        place = (*place[:2], date.min)
        other = firing.get(place)
        if other is not None:
            keys = [*other[1], *keys]
            finding = max(other[0], finding, key=lambda each: each.reading.value or 0)
    firing[place] = finding, keys


def _without_repetition(firing: _Firing, now: datetime) -> list[tuple[Finding, list[StateKey]]]:
    """Return what fires, without what another rule, sent as far, says as well of the same subject."""
    left: dict[tuple[object, ...], list[tuple[Finding, list[StateKey]]]] = {}
    for finding, keys in sorted(firing.values(), key=lambda fires: -len(_reached(fires[0].rule, now))):
        reading, reached = finding.reading, _reached(finding.rule, now)
        alike = left.setdefault((reading.watched.subject, reading.period, *topic_of(finding)), [])
        other = next((each for each in alike if reached <= _reached(each[0].rule, now)), None)
        if other is None:
            alike.append((finding, keys))
        else:
            other[1].extend(keys)
    return sorted((fires for alike in left.values() for fires in alike), key=lambda fires: fires[0].rule.rule_key)


def _reached(rule: AlertRule, now: datetime) -> frozenset[str]:
    """Return where a rule's messages are told now: in the dashboard and through its channels; nowhere while muted."""
    return frozenset() if rule.is_muted(now) else frozenset({"dashboard", *rule.channels})


def _store(unit: Session, org: int, changes: _Changes, now: datetime) -> AlertProgress:
    alerts = unit.alerts
    alerts.add_messages(org, changes.messages)
    alerts.set_states(changes.states, changes.reported, now)
    alerts.remove_states(changes.ended)
    alerts.set_seeded(changes.seeded)
    return alerts.set_progress(org, changes.data_through)


def _message(organization: Organization, finding: Finding, trouble: Trouble | None, now: datetime) -> AlertMessage:
    """Make the message that reports a finding, frozen as it is now."""
    rule, reading, threshold = finding
    watched = reading.watched
    message_id = ordered_id()

    def plain(amount: int | None) -> Decimal | None:
        return None if amount is None else plain_amount(amount, watched.budget_type)

    value = value_of(rule.kind, reading, threshold)
    is_muted = rule.is_muted(now)
    body: dict[str, Any] = {
        "message_id": message_id,
        "organization": organization.slug,
        "rule": rule.rule_key,
        "kind": rule.kind,
        "entity_id": watched.entity_id,
        "name": watched.name,
        "category": watched.category,
        "provider": watched.provider,
        "budget_type": watched.budget_type,
        "currency": watched.currency,
        "period_start": reading.period.start.isoformat(),
        "period_end": reading.period.end.isoformat(),
        "threshold": words.threshold_text(rule.kind, threshold, watched.budget_type, watched.currency),
        "threshold_value": plain_threshold(rule.kind, threshold, watched.budget_type),
        "value": None if value is None else words.plain_value(rule.kind, value, watched.budget_type),
        "amount": plain(reading.amount),
        "used": plain(reading.used),
        "data_through": reading.data_through.isoformat(),
        "sentence": words.sentence(finding),
        "cause": "" if trouble is None else cause(trouble, watched.currency),
        "command": words.helpful_command(rule.kind, reading),
        "created_at": now.isoformat(timespec="seconds"),
        "muted": is_muted,
    }
    return AlertMessage(
        message_id,
        rule.rule_key,
        watched.subject,
        reading.period,
        body,
        now,
        () if is_muted else rule.channels,
    )


# Rules


def add_rule(work: Work, new: NewRule) -> AlertRule:
    """Add a rule and record it."""
    rule = _checked(work, new)
    org, entity_key = work.organization.org_key, _entity_key(work, rule)
    rule_key = work.unit.alerts.add_rule(org, rule, entity_key, work.actor, work.now)
    added = _stored(work, rule_key)
    work.record("alert.add", str(rule_key), None, _facts(work, added))
    return added


def change_rule(work: Work, before: AlertRule, after: AlertRule) -> None:
    """Change a rule into ``after`` and record it, unless they are the same; what it finds then is taken as it is.

    It keeps its key and stays muted. A rule that watches something else starts without any state.
    """
    before = before._replace(seeded=())
    after = after._replace(
        rule_key=before.rule_key, muted_until=before.muted_until, created_by=before.created_by, seeded=()
    )
    if after == before:
        return
    org, entity_key = work.organization.org_key, _entity_key(work, after)
    watches_the_same = after._replace(channels=before.channels, fails=before.fails) == before
    work.unit.alerts.change_rule(org, after, entity_key, keeps_states=watches_the_same)
    work.record("alert.change", str(before.rule_key), _facts(work, before), _facts(work, after))


def remove_rule(work: Work, rule: AlertRule) -> None:
    """Remove a rule and record it."""
    facts = _facts(work, rule)
    work.unit.alerts.remove_rule(work.organization.org_key, rule.rule_key)
    work.record("alert.remove", str(rule.rule_key), facts, None)


def _entity_key(work: Work, rule: AlertRule) -> int | None:
    return None if rule.entity_id is None else work.entity(rule.entity_id).entity_key


def _edited(rule: AlertRule, edit: RuleEdit) -> NewRule:
    """Return the request for a rule that differs from ``rule`` by ``edit``."""

    def either(given: Value | None, kept: Value) -> Value:
        return kept if given is None else given

    kind = either(edit.kind, rule.kind)
    has_kept_kind = kind is rule.kind
    written = written_thresholds(kind, rule.thresholds, rule.budget_type).split(", ") if has_kept_kind else []
    scope = either(edit.scope, rule.entity_id or "" if kind not in WATCHES_ALL else "")
    watches_budgets = kind in WATCHES_BUDGETS and rule.kind in WATCHES_BUDGETS
    of_same = watches_budgets and scope == (rule.entity_id or "")
    return NewRule(
        kind,
        either(edit.thresholds, tuple(filter(None, written))),
        scope,
        either(edit.category, rule.category if of_same else ""),
        edit.budget_type or (rule.budget_type if of_same else None),
        either(edit.provider, rule.provider if of_same else ""),
        either(edit.source, rule.source if kind is AlertKind.SILENT else ""),
        either(edit.channels, rule.channels),
        either(edit.fails, rule.fails),
    )


def _checked(work: Work, new: NewRule) -> AlertRule:
    """Return the rule that is requested; raises `Refused` or `NotFound`."""
    org = work.organization.org_key
    entity, category, budget_type, provider = None, new.category, new.budget_type, new.provider
    if new.scope:
        entity = work.unit.fast.entity(org, new.scope)
        if entity is None:
            budget = _budget(work, new.scope)
            entity, category = work.entity(budget.entity_id), budget.category
            budget_type, provider = budget.budget_type, budget.provider
    if budget_type is None:
        is_agent = entity is not None and entity.level_code == "agent"
        budget_type = BudgetType.TOKEN if is_agent else BudgetType.MONETARY
    rule = AlertRule(
        0,
        new.kind,
        parse_thresholds(new.kind, new.thresholds, budget_type),
        None if entity is None else entity.entity_id,
        category,
        budget_type,
        provider_named(work.unit, org, provider) if provider else "",
        checked_name(new.source) if new.source.strip() else "",
        tuple(
            dict.fromkeys(
                checked_name(name) for text in new.channels for name in map(str.strip, text.split(",")) if name
            )
        ),
        new.fails,
    )
    check_rule(rule)
    return rule


def _require_other(work: Work, rule: AlertRule, but: int = 0) -> None:
    """Raise `Conflict` if another rule than ``but`` watches and does the same: each would report it."""
    for known in work.unit.alerts.rules(work.organization.org_key):
        same = known._replace(rule_key=0, muted_until=None, seeded=(), created_by="")
        if known.rule_key != but and same == rule:
            raise Conflict(f"alert {known.rule_key} is the same rule", "nothing was changed")


def _budget(work: Work, scope: str) -> PlannedBudget:
    try:
        return find_budget(work.unit, work.organization.org_key, scope)
    except NotFound:
        raise unknown("entity", scope) from None


def _stored(work: Work, rule_key: int) -> AlertRule:
    rule = work.unit.alerts.rule(work.organization.org_key, rule_key)
    if rule is None:
        raise unknown("alert", str(rule_key))
    return rule


def _status(work: Work, rule: AlertRule) -> RuleStatus:
    """Return a rule that was changed; what it finds is not looked up."""
    return RuleStatus(rule, (), rule.is_muted(work.now), work.organization.currency)


def _mute(work: Work, rule: AlertRule, until: datetime | None) -> None:
    work.unit.alerts.mute(work.organization.org_key, rule.rule_key, until)
    before, after = ({"muted_until": each and each.isoformat(timespec="seconds")} for each in (rule.muted_until, until))
    work.record("alert.mute", str(rule.rule_key), before, after)


def _facts(work: Work, rule: AlertRule) -> dict[str, object]:
    """Return what the audit log shows of a rule, and what its undo needs."""
    stored = {**rule._asdict(), "muted_until": rule.muted_until and rule.muted_until.isoformat(), "seeded": []}
    return {
        "scope": words.scope_text(rule),
        "when": words.condition_text(rule, work.organization.currency),
        **({"channels": ", ".join(rule.channels)} if rule.channels else {}),
        UNDO_DATA: stored,
    }


@reverses("alert.add", "alert.remove")
def _undo_rule(work: Work, lines: Lines) -> None:
    """Remove a rule that was added, and add one that was removed, under its own key."""
    for line in lines:
        if line.after is not None:
            rule = _stored(work, int(line.subject))
            _require_same(work, rule, undo_data(line.after))
            remove_rule(work, rule)
            continue
        rule = _rule_of(undo_data(line.before))
        org, actor = work.organization.org_key, rule.created_by or work.actor
        work.unit.alerts.add_rule(org, rule, _entity_key(work, rule), actor, work.now)
        work.record("alert.add", line.subject, None, _facts(work, _stored(work, rule.rule_key)))


@reverses("alert.change")
def _undo_change(work: Work, lines: Lines) -> None:
    for line in lines:
        rule = _stored(work, int(line.subject))
        _require_same(work, rule, undo_data(line.after))
        change_rule(work, rule, _rule_of(undo_data(line.before)))


def _rule_of(data: Mapping[str, Any]) -> AlertRule:
    """Return the rule that an undo brings back."""
    return AlertRule(
        **{
            **data,
            "kind": AlertKind(data["kind"]),
            "budget_type": BudgetType(data["budget_type"]),
            "thresholds": tuple(data["thresholds"]),
            "channels": tuple(data["channels"]),
            "seeded": (),
            "muted_until": data["muted_until"] and datetime.fromisoformat(data["muted_until"]),
        }
    )


def _require_same(work: Work, rule: AlertRule, left: Mapping[str, Any]) -> None:
    stored, left_behind = (_described(each, work.organization.currency) for each in (rule, _rule_of(left)))
    require_same(f"alert {rule.rule_key}", stored, left_behind)


def _described(rule: AlertRule, currency: str) -> str:
    """Describe everything that a user decided about a rule."""
    fails = ", fails checks" if rule.fails else ""
    when, told = words.condition_text(rule, currency), words.channels_text(rule)
    return f"{words.scope_text(rule)}, {when}, {told}{fails}"


@reverses("alert.mute")
def _undo_muting(work: Work, lines: Lines) -> None:
    for line in lines:
        rule, until = _stored(work, int(line.subject)), (line.before or {}).get("muted_until")
        stored = rule.muted_until and rule.muted_until.isoformat(timespec="seconds")
        require_same(f"the muting of alert {rule.rule_key}", stored, (line.after or {}).get("muted_until"))
        _mute(work, rule, until and datetime.fromisoformat(until))
