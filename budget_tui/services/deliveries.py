"""Deliveries of queued messages through the channels of this machine.

Each is claimed, sent outside of any transaction, and then noted: a program that is killed in between sends it again
once its claim is over, under the same id.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import simplejson

from budget_tui.channels.base import SEND_SECONDS, DeliveryError, Outgoing, ReadyChannel
from budget_tui.domain.alerts import GIVE_UP_AFTER
from budget_tui.domain.budget import Organization
from budget_tui.domain.records import AlertMessage, Delivery
from budget_tui.presentation import alerts as words
from budget_tui.services.clock import zone
from budget_tui.services.context import Context

CLAIM = timedelta(minutes=5)
"""The time in which a claimed batch has to be sent; others may claim it afterwards."""
_BATCH = 100
FIRST_RETRY, LAST_RETRY = timedelta(seconds=10), timedelta(hours=1)
_TITLE = "budget-tui"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to deliver a message; ``error`` is '' if it was sent. ``sentence`` is what it says by then."""

    message: AlertMessage
    channel: str
    error: str
    sentence: str


class Deliveries:
    """Sends what is due, for programs that evaluate alerts."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def send_due(self, channels: Mapping[str, ReadyChannel]) -> list[Attempt]:
        """Send what is due through those of ``channels`` that are not quiet now; return the attempts."""
        attempts: list[Attempt] = []
        while batch := self._claimed(channels):
            organization, messages, true, until = batch
            by_channel: dict[str, list[tuple[AlertMessage, Delivery]]] = {}
            for message, delivery in messages:
                by_channel.setdefault(delivery.channel, []).append((message, delivery))
            for name, of_channel in by_channel.items():
                for together in _in_envelopes(of_channel, channels[name], organization):
                    if attempts and attempts[-1].channel == name and attempts[-1].error:
                        break  # what is left of a channel that fails is claimed again later
                    if self._context.clock.now() + timedelta(seconds=SEND_SECONDS) > until:
                        return attempts  # what is left is claimed again later
                    attempts += self._sent(name, channels[name], together, true)
        return attempts

    def test(self, name: str, channel: ReadyChannel) -> None:
        """Send a message that says it is a test; raises `DeliveryError`."""
        now = self._context.clock.now()
        text = "This is a test: alerts arrive here."
        body = {"message_id": f"test-{now:%Y%m%d%H%M%S}", "kind": "test", "channel": name, "sentence": text}
        channel.channel.send(Outgoing(body["message_id"], _TITLE, text, simplejson.dumps(body, use_decimal=True)), now)

    def _claimed(
        self, channels: Mapping[str, ReadyChannel]
    ) -> tuple[Organization, list[tuple[AlertMessage, Delivery]], set[str], datetime] | None:
        """Claim what is due until a moment; None if there is nothing, for which the database is only read."""
        context, now = self._context, self._context.clock.now()
        if context.clock.as_of is not None or not channels or not context.has_database:
            return None
        with context.reading() as session:
            organization = context.organization(session)
            hour = now.astimezone(zone(organization.time_zone)).time()
            awake = [name for name, channel in channels.items() if not channel.is_quiet_at(hour)]
            if not organization.org_key or not session.alerts.is_due(organization.org_key, awake, now):
                return None
        with context.transaction(context.org_slug) as unit:
            claimed = unit.alerts.claim(organization.org_key, awake, now, now + CLAIM, _BATCH)
            true = unit.alerts.still_true(organization.org_key)
            unit.commit()
        return (organization, claimed, true, now + CLAIM) if claimed else None

    def _sent(
        self,
        name: str,
        channel: ReadyChannel,
        together: Sequence[tuple[AlertMessage, Delivery]],
        true: set[str],
    ) -> list[Attempt]:
        """Send messages as one, and note what came of it."""
        now = self._context.clock.now()
        error = ""
        try:
            channel.channel.send(_outgoing([message for message, _ in together], true), now)
        except DeliveryError as failed:
            error = str(failed)
        except Exception as failed:  # of a library's; its text may contain a secret
            error = f"unexpected {type(failed).__name__}"
        ended = self._context.clock.now()
        with self._context.transaction(self._context.org_slug) as unit:
            for message, delivery in together:
                unit.alerts.set_delivery(message.message_id, name, **_outcome(message, delivery, error, ended))
            unit.commit()
        return [Attempt(message, name, error, words.sentence_now(_as_of_now(message, true))) for message, _ in together]


def _outcome(message: AlertMessage, delivery: Delivery, error: str, now: datetime) -> dict[str, object]:
    attempts = delivery.attempts + 1
    if not error:
        return {"state": "sent", "attempts": attempts, "error": "", "sent_at": now}
    wait = min(FIRST_RETRY * 2 ** min(delivery.attempts, 20), LAST_RETRY)
    state = "undelivered" if now + wait > message.created_at + GIVE_UP_AFTER else "queued"
    return {"state": state, "attempts": attempts, "error": error, "due_at": now + wait}


def _in_envelopes(
    messages: Sequence[tuple[AlertMessage, Delivery]], channel: ReadyChannel, organization: Organization
) -> list[list[tuple[AlertMessage, Delivery]]]:
    """Return messages as they are sent: those that quiet hours held back together, the others one by one."""

    def is_held(message: AlertMessage) -> bool:
        return channel.is_quiet_at(message.created_at.astimezone(zone(organization.time_zone)).time())

    held = [each for each in messages if is_held(each[0])]
    others = [[each] for each in messages if not is_held(each[0])]
    return [held, *others] if held else others


def _outgoing(messages: Sequence[AlertMessage], true: set[str]) -> Outgoing:
    """Return one message, or several as a digest; each says whether it is still so."""
    bodies = [_as_of_now(message, true) for message in messages]
    lines = [*map(words.sentence_now, bodies)]
    if len(messages) == 1:
        [body], [text] = bodies, lines
        title, details = f"{_TITLE}: {body['name']}", words.details_text(body)
    else:
        ids = " ".join(message.message_id for message in messages)
        title, text, details = f"{_TITLE}: {len(messages)} alerts", "\n".join(lines), ""
        body = {
            "message_id": f"digest-{hashlib.sha256(ids.encode()).hexdigest()[:32]}",
            "kind": "digest",
            "sentence": " · ".join(lines),
            "messages": bodies,
        }
    return Outgoing(str(body["message_id"]), title, text, simplejson.dumps(body, use_decimal=True), details)


def _as_of_now(message: AlertMessage, true: set[str]) -> Mapping[str, Any]:
    return {**message.body, "still_true": message.message_id in true}
