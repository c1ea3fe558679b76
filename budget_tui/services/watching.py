"""Watching: evaluating alerts and sending what is due, again and again, for programs that stay."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from budget_tui.channels.base import ReadyChannel
from budget_tui.services.alerts import Alerts, Evaluation
from budget_tui.services.context import Context
from budget_tui.services.deliveries import Attempt, Deliveries

INTERVAL = timedelta(minutes=1)
"""The time after which rules are evaluated though nobody wrote: days pass, and deliveries are due."""


class Look(NamedTuple):
    """The result of a look: the evaluation, and the attempts to send."""

    evaluation: Evaluation
    attempts: list[Attempt]


class Watcher:
    """Looks after the alerts of one organization. One thread at a time uses it."""

    def __init__(self, context: Context, channels: Mapping[str, ReadyChannel]) -> None:
        self._context, self._channels = context, channels
        self._alerts, self._deliveries = Alerts(context), Deliveries(context)
        self._reader = context.reader()
        self._looked_at: datetime | None = None

    def look(self) -> Look | None:
        """Evaluate and send, if anybody wrote since the last look or a minute has passed; takes microseconds if not."""
        now = self._context.clock.now()
        if self._looked_at is not None and now < self._looked_at + INTERVAL and not self._reader.changed():
            return None
        if not self._context.has_database:
            return None
        with self._reader.session():
            pass  # later changes are noticed from here on
        self._looked_at = now
        return Look(self._alerts.evaluate(), self._deliveries.send_due(self._channels))

    def close(self) -> None:
        self._reader.close()
