"""Watching, for programs that stay: closing periods, booking fees, evaluating alerts and sending what is due, again and
again."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import NamedTuple, Self

from budget_tui.channels.base import SEND_SECONDS, ReadyChannel
from budget_tui.domain.errors import BudgetError
from budget_tui.services.alerts import Alerts, Evaluation
from budget_tui.services.context import Context
from budget_tui.services.deliveries import Attempt, Deliveries
from budget_tui.services.periods import Periods
from budget_tui.services.snapshots import Snapshots

INTERVAL = timedelta(minutes=1)
"""The time after which rules are evaluated though nobody wrote: days pass, and deliveries are due."""
POLL_SECONDS = 1.0

logger = logging.getLogger("budget_tui.alerts")


class Look(NamedTuple):
    """The result of a look: the evaluation, and the attempts to send."""

    evaluation: Evaluation
    attempts: list[Attempt]


class Watcher:
    """Looks after the cycle and the alerts of one organization. One thread at a time uses it."""

    def __init__(self, context: Context, channels: Mapping[str, ReadyChannel]) -> None:
        self.context, self._channels = context, channels
        self._snapshots, self._periods = Snapshots(context), Periods(context)
        self._alerts, self._deliveries = Alerts(context), Deliveries(context)
        self._reader = context.reader()
        self._looked_at: datetime | None = None

    def look(self) -> Look | None:
        """Catch up with the days, evaluate and send, if anybody wrote since the last look or a minute has passed.

        It takes microseconds if not.
        """
        now = self.context.clock.now()
        if self._looked_at is not None and now < self._looked_at + INTERVAL and not self._reader.changed():
            return None
        if not self.context.has_database:
            return None
        with self._reader.session(as_stored=True):
            pass  # later changes are noticed from here on
        self._looked_at = now
        try:
            if self._snapshots.is_behind():
                self._catch_up()
            return Look(self._alerts.evaluate(), self._deliveries.send_due(self._channels))
        except Exception:
            self._looked_at = None  # the next look tries again
            raise

    def _catch_up(self) -> None:
        try:
            self._periods.catch_up()
        except BudgetError as error:  # alerts are evaluated and sent all the same
            logger.warning("%s: %s", self.context.label, error)

    def close(self) -> None:
        self._reader.close()
        self._snapshots.close()


class WatcherThread:
    """Looks after the alerts of every organization, in a thread of its own while its context lasts."""

    def __init__(self, context: Context, channels: Mapping[str, ReadyChannel]) -> None:
        self._context, self._channels = context, channels
        self._reader = context.reader()
        self._watchers: dict[str, Watcher] = {}
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="budget-alerts", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(SEND_SECONDS)  # what it is sending is sent again by others

    def _watch(self) -> None:
        rest, is_first = POLL_SECONDS, True
        while not self._ended.wait(rest):
            began = time.thread_time()
            try:
                self._look()
            except Exception as error:  # as when the database is away; the next round tries again
                logger.warning("alerts were not evaluated: %s", error)
            # However much is written, nine tenths of the time are left to requests. The first look loads what it needs.
            rest = POLL_SECONDS if is_first else max(POLL_SECONDS, 9 * (time.thread_time() - began))
            is_first = False
        for watcher in self._watchers.values():
            watcher.close()
        self._reader.close()

    def _look(self) -> None:
        if not self._context.has_database:
            return
        if not self._watchers or self._reader.changed():
            with self._reader.session(as_stored=True) as session:
                slugs = [organization.slug for organization in session.organizations.all()]
            for slug in slugs:
                if slug not in self._watchers:
                    self._watchers[slug] = Watcher(replace(self._context, org_slug=slug), self._channels)
            for gone in self._watchers.keys() - {*slugs}:
                self._watchers.pop(gone).close()
        for slug, watcher in self._watchers.items():
            try:
                watcher.look()
            except Exception as error:  # the others are looked after all the same
                logger.warning("%s: alerts were not evaluated: %s", slug, error)
