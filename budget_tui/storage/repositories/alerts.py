"""Rules of alerts, their states, and the messages that they made with their deliveries."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import simplejson
from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, insert, or_, select, update

from budget_tui.domain.alerts import GIVE_UP_AFTER, AlertKind, AlertRule, Phase, State
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import Period
from budget_tui.domain.records import AlertMessage, AlertProgress, Delivery, StateKey
from budget_tui.storage.ids import new_id
from budget_tui.storage.repositories.base import MOST_ROWS, Repository
from budget_tui.storage.tables import (
    AlertDeliveryRow,
    AlertMessageRow,
    AlertProgressRow,
    AlertRuleRow,
    AlertStateRow,
    EntityRow,
    OrganizationRow,
)

_r, _s, _p, _m, _d, _e, _o = (
    AlertRuleRow.c,
    AlertStateRow.c,
    AlertProgressRow.c,
    AlertMessageRow.c,
    AlertDeliveryRow.c,
    EntityRow.c,
    OrganizationRow.c,
)
_MESSAGE = (
    *(_m.message_id, _m.rule_key, _m.subject, _m.period_start, _m.body, _m.created_at),
    select(_o.fiscal_start_month).where(_o.org_key == _m.org_key).scalar_subquery().label("fiscal_start"),
)


class AlertRepository(Repository):
    # Rules

    def rules(self, org: int) -> list[AlertRule]:
        """Return the organization's rules in the order in which they were added."""
        return [*self._many(_rules().where(_r.org_key == org).order_by(_r.rule_key), _rule)]

    def rule(self, org: int, rule_key: int) -> AlertRule | None:
        return next(self._many(_rules().where(_r.org_key == org, _r.rule_key == rule_key), _rule), None)

    def add_rule(self, org: int, rule: AlertRule, entity_key: int | None, actor: str, now: datetime) -> int:
        """Add a rule and return its key: the one it has, else a new one."""
        values = {**_values(rule, entity_key), "org_key": org, "created_by": actor, "created_at": now}
        if rule.rule_key:
            values["rule_key"] = rule.rule_key
        self._set_revision(org)
        return self._add(AlertRuleRow, values)

    def change_rule(self, org: int, rule: AlertRule, entity_key: int | None, *, keeps_states: bool) -> None:
        """Change the rule that has the key of ``rule``; its states are removed unless it ``keeps_states``."""
        self._set_revision(org)
        if not keeps_states:
            self._change(delete(AlertStateRow).where(_s.rule_key == rule.rule_key))
        values = _values(rule, entity_key)
        self._change(update(AlertRuleRow).where(_r.rule_key == rule.rule_key).values(**values))

    def remove_rule(self, org: int, rule_key: int) -> None:
        """Remove a rule and its states; its messages stay, and those that wait are not delivered."""
        self._set_revision(org)
        waiting = select(_m.message_id).where(_m.rule_key == rule_key)
        self._change(delete(AlertDeliveryRow).where(_d.state == "queued", _d.message_id.in_(waiting)))
        self._change(delete(AlertStateRow).where(_s.rule_key == rule_key))
        self._change(delete(AlertRuleRow).where(_r.rule_key == rule_key))

    def mute(self, org: int, rule_key: int, until: datetime | None) -> None:
        self._set_revision(org)
        self._change(update(AlertRuleRow).where(_r.rule_key == rule_key).values(muted_until=until))

    def set_seeded(self, rules: Iterable[AlertRule]) -> None:
        """Store that the state of all thresholds of ``rules`` was taken as it was found."""
        self._change(
            update(AlertRuleRow).where(_r.rule_key == bindparam("of")).values(seeded=bindparam("all")),
            [{"of": rule.rule_key, "all": json.dumps(rule.thresholds)} for rule in rules],
        )

    def seed_again(self, org: int) -> None:
        """Let the next evaluation take the state of all rules as it finds it."""
        self._set_revision(org)
        self._change(update(AlertRuleRow).where(_r.org_key == org).values(seeded="[]"))

    # States

    def progress(self, org: int) -> AlertProgress | None:
        """Return how far the latest evaluation came; None before the first one."""
        found = self._row(select(_p.data_through, _p.revision).where(_p.org_key == org))
        return AlertProgress(found.data_through, found.revision) if found else None

    def set_progress(self, org: int, data_through: date) -> AlertProgress:
        """Store how far an evaluation came, which may have changed states."""
        progress = AlertProgress(data_through, new_id())
        values = progress._asdict()
        statement = self._insert(AlertProgressRow).values(org_key=org, **values)
        self._change(statement.on_conflict_do_update(index_elements=[_p.org_key], set_=values))
        return progress

    def _set_revision(self, org: int) -> None:
        """Let the next evaluation read the rules and states again."""
        self._change(update(AlertProgressRow).where(_p.org_key == org).values(revision=new_id()))

    def states(self, org: int, since: date) -> dict[tuple[int, str, date], dict[int, State]]:
        """Return the states of the organization's rules in periods that began on ``since`` or later.

        They are by threshold, of each rule (its key), subject and first day of the period.
        """
        statement = (
            select(
                _s.rule_key, _s.subject, _s.period_start, _s.threshold, _s.phase, _s.value, _s.amount, _s.data_through
            )
            .join_from(AlertStateRow, AlertRuleRow, _s.rule_key == _r.rule_key)
            .where(_r.org_key == org, _s.period_start >= since)
        )
        found: dict[tuple[int, str, date], dict[int, State]] = {}
        for rule_key, subject, start, threshold, phase, value, amount, through in self._many(statement):
            state = State(Phase(phase), value, amount, through)
            found.setdefault((rule_key, subject, start), {})[threshold] = state
        return found

    def set_states(self, states: Mapping[StateKey, State], messages: Mapping[StateKey, str], now: datetime) -> None:
        """Store states, in place of those known; ``messages`` are the ids of the messages that report them."""
        self.remove_states(states)
        self._change(
            insert(AlertStateRow),
            [
                {**key._asdict(), **state._asdict(), "at": now, "message_id": messages.get(key)}
                for key, state in states.items()
            ],
        )

    def remove_states(self, keys: Collection[StateKey]) -> None:
        """Arm thresholds again."""
        self._change(
            delete(AlertStateRow).where(
                *(_s[name] == bindparam(f"of_{name}") for name in StateKey._fields),
            ),
            [{f"of_{name}": value for name, value in key._asdict().items()} for key in keys],
        )

    def still_true(self, org: int) -> set[str]:
        """Return the ids of the messages whose number is still beyond the threshold."""
        statement = (
            select(_s.message_id)
            .join_from(AlertStateRow, AlertRuleRow, _s.rule_key == _r.rule_key)
            .where(_r.org_key == org, _s.message_id.is_not(None))
        )
        return {row.message_id for row in self._rows(statement)}

    # Messages

    def add_messages(self, org: int, messages: Sequence[AlertMessage]) -> None:
        self._change(
            insert(AlertMessageRow),
            [
                {
                    "message_id": message.message_id,
                    "org_key": org,
                    "rule_key": message.rule_key,
                    "subject": message.subject,
                    "period_start": message.period.start,
                    "body": simplejson.dumps(message.body, use_decimal=True, separators=(",", ":")),
                    "created_at": message.created_at,
                }
                for message in messages
            ],
        )
        self._change(
            insert(AlertDeliveryRow),
            [
                {
                    "message_id": message.message_id,
                    "channel": channel,
                    "state": "queued",
                    "attempts": 0,
                    "due_at": message.created_at,
                    "error": "",
                }
                for message in messages
                for channel in message.channels
            ],
        )

    def newest_messages(self, org: int, limit: int) -> list[AlertMessage]:
        """Return the latest messages, the newest first, each with the deliveries that it has."""
        newest = (
            select(*_MESSAGE)
            .where(_m.org_key == org)
            .order_by(_m.created_at.desc(), _m.message_id.desc())
            .limit(min(limit, MOST_ROWS))
        )
        rows = self._rows(newest)
        of_newest = _d.message_id.in_(newest.with_only_columns(_m.message_id))
        deliveries: dict[str, list[Delivery]] = {}
        for row in self._rows(select(AlertDeliveryRow).where(of_newest).order_by(_d.message_id, _d.channel)):
            deliveries.setdefault(row.message_id, []).append(_delivery(row))
        return [_message(row, tuple(deliveries.get(row.message_id, ()))) for row in rows]

    # Deliveries

    def claim(
        self, org: int, channels: Collection[str], now: datetime, until: datetime, limit: int
    ) -> list[tuple[AlertMessage, Delivery]]:
        """Claim the deliveries that are due on any of ``channels`` until then, the oldest first, and return them."""
        rows = self._rows(
            select(*_MESSAGE, _d.channel, _d.state, _d.attempts, _d.due_at, _d.error, _d.sent_at)
            .join_from(AlertMessageRow, AlertDeliveryRow, _m.message_id == _d.message_id)
            .where(_m.org_key == org, _d.channel.in_(channels), *_is_due(now))
            .order_by(_m.created_at, _m.message_id)
            .limit(limit)
        )
        for row in rows:
            self._change(
                update(AlertDeliveryRow)
                .where(_d.message_id == row.message_id, _d.channel == row.channel)
                .values(claimed_until=until)
            )
        return [(_message(row, ()), _delivery(row)) for row in rows]

    def is_due(self, org: int, channels: Collection[str], now: datetime) -> bool:
        """Return whether a delivery on any of ``channels`` is due that nobody has claimed."""
        statement = (
            select(_d.message_id)
            .join_from(AlertDeliveryRow, AlertMessageRow, _m.message_id == _d.message_id)
            .where(_m.org_key == org, _d.channel.in_(channels), *_is_due(now))
            .limit(1)
        )
        return self._row(statement) is not None

    def set_delivery(self, message_id: str, channel: str, **values: Any) -> None:
        """Store the outcome of an attempt."""
        self._change(
            update(AlertDeliveryRow)
            .where(_d.message_id == message_id, _d.channel == channel)
            .values(claimed_until=None, **values)
        )


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a delivery that waits, that nobody has claimed, and that is not too old."""
    return (
        _d.state == "queued",
        _d.due_at <= now,
        or_(_d.claimed_until.is_(None), _d.claimed_until <= now),
        _m.created_at >= now - GIVE_UP_AFTER,
    )


def _values(rule: AlertRule, entity_key: int | None) -> dict[str, Any]:
    """Return the columns of a rule that can change."""
    return {
        "kind": rule.kind,
        "thresholds": json.dumps(rule.thresholds),
        "entity_key": entity_key,
        "category": rule.category,
        "budget_type": rule.budget_type,
        "provider": rule.provider,
        "source": rule.source,
        "channels": json.dumps(rule.channels),
        "fails": rule.fails,
        "muted_until": rule.muted_until,
        "seeded": json.dumps(rule.seeded),
    }


def _rules() -> Select[Any]:
    """Select the columns of `_rule`, in its order."""
    return select(
        _r.rule_key,
        _r.kind,
        _r.thresholds,
        _e.entity_id,
        _r.category,
        _r.budget_type,
        _r.provider,
        _r.source,
        _r.channels,
        _r.fails,
        _r.muted_until,
        _r.seeded,
        _r.created_by,
    ).outerjoin_from(AlertRuleRow, EntityRow, _r.entity_key == _e.entity_key)


@lru_cache(maxsize=4096)  # thousands of rules have the same few
def _listed(text: str) -> tuple[Any, ...]:
    return tuple(json.loads(text))


def _rule(
    rule_key: int,
    kind: str,
    thresholds: str,
    entity_id: str | None,
    category: str,
    budget_type: str,
    provider: str,
    source: str,
    channels: str,
    fails: bool,
    muted_until: datetime | None,
    seeded: str,
    created_by: str,
) -> AlertRule:
    return AlertRule(
        rule_key,
        AlertKind(kind),
        _listed(thresholds),
        entity_id,
        category,
        BudgetType(budget_type),
        provider,
        source,
        _listed(channels),
        fails,
        muted_until,
        _listed(seeded),
        created_by,
    )


def _message(row: Row[Any], deliveries: tuple[Delivery, ...]) -> AlertMessage:
    body = simplejson.loads(row.body, use_decimal=True)
    return AlertMessage(
        row.message_id,
        row.rule_key,
        row.subject,
        Period(row.period_start, date.fromisoformat(body["period_end"]), row.fiscal_start),
        body,
        row.created_at,
        tuple([each.channel for each in deliveries]),
        deliveries,
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(row.message_id, row.channel, row.state, row.attempts, row.due_at, row.error, row.sent_at)
