"""Alerts: the rules that watch budgets, what is closest to its threshold, and what was reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from budget_tui.domain.alerts import AlertRule, RuleStatus, Standing
from budget_tui.domain.records import AlertMessage
from budget_tui.presentation.alerts import (
    CLOSEST_COLUMN,
    STANDING_COLUMNS,
    channels_text,
    condition_text,
    deliveries_text,
    helpful_command,
    limit_text,
    message_columns,
    rule_columns,
    scope_text,
    sentence,
    standing_sentence,
    status_text,
    subject_text,
    value_text,
)
from budget_tui.presentation.columns import in_front_of
from budget_tui.presentation.formatting import days_named, long_day
from budget_tui.tui import dialogs
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.details import DetailsScreen, field
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.table import HEADER, NARROW, FollowedTable, Table

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.hierarchy import Entity
    from budget_tui.presentation.columns import Column

_MUTED_FOR = timedelta(days=1)
_MAX_MESSAGES = 200
_NARROW, _WIDE = 100, 160


class AlertReading(NamedTuple):
    """The rules with what they find, and the latest messages."""

    rules: list[RuleStatus]
    messages: list[AlertMessage]

    @property
    def standings(self) -> list[Standing]:
        """All that the rules watch, what fires next first."""
        found = (standing for status in self.rules for standing in status.standings)
        return sorted(found, key=lambda standing: standing.closeness, reverse=True)


class RuleTable(FollowedTable[RuleStatus]):
    """A line per rule."""

    BINDINGS = [
        Binding("enter,l", "open", "Open", id="alert.open", tooltip="Show what the rule finds"),
        Binding("a", "screen.add", "Add", id="alert.add", tooltip="Add a rule"),
        Binding("e", "screen.edit", "Edit", id="alert.edit", tooltip="Change the rule"),
        Binding("d", "screen.remove", "Remove", id="alert.remove", tooltip="Remove the rule"),
        Binding("z", "screen.mute", "Mute", id="alert.mute", tooltip="Mute the rule for a day, or send again"),
    ]

    def columns_within(self, width: int) -> Sequence[Column[RuleStatus]]:
        columns = rule_columns(is_narrow=width < _NARROW, is_tiny=width < NARROW)
        return in_front_of("channels", CLOSEST_COLUMN, columns)


class StandingTable(FollowedTable[Standing]):
    """A line per number that a rule watches, what fires next first."""

    BINDINGS = [Binding("enter,l", "open", "Open", id="standing.open", tooltip="Show the number and its rule")]


class MessageTable(Table[AlertMessage]):
    """A line per message, the newest first."""

    BINDINGS = [Binding("enter,l", "open", "Open", id="message.open", tooltip="Show the whole message")]

    def columns_within(self, width: int) -> Sequence[Column[AlertMessage]]:
        return message_columns(is_narrow=width < _WIDE)


class Frame(Vertical):
    """A frame with a title around a table; it shows which one has the focus."""


class AlertsScreen(ReadingScreen[AlertReading]):
    """The rules, what is closest to a threshold, and what was reported; Tab goes from one to the next."""

    MODE = "alerts"
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-tall")]
    WORKPLACES = (RuleTable, StandingTable, MessageTable)
    AUTO_FOCUS = "RuleTable"
    BINDINGS = []

    _new_rule: int | None = None
    """The rule that gets the cursor when it is shown."""

    def compose_body(self) -> ComposeResult:
        with Frame(id="rules") as rules:
            rules.border_title = "Rules"
            yield RuleTable(rule_columns(), lambda status: status.rule.rule_key, self.is_reading)
        with Frame(id="standings") as standings:
            standings.border_title = "Closest to firing"
            yield StandingTable(STANDING_COLUMNS, _id_of, self.is_reading)
            yield Static(id="found")
        with Frame(id="messages") as messages:
            messages.border_title = "Reported"
            yield MessageTable(message_columns(), lambda message: message.message_id, self.is_reading)

    def read(self, services: Services) -> AlertReading:
        return AlertReading(services.alerts.rules(), services.alerts.messages(_MAX_MESSAGES))

    def watch_reading(self, reading: AlertReading | None) -> None:
        if reading is None:
            return
        rules, standings = self.query_one(RuleTable), self.query_one(StandingTable)
        messages, shown_day = self.query_one(MessageTable), self.dashboard.services.context.clock.as_of
        rules.why_empty = f"no rules: {key_of(rules, 'alert.add')} adds one"
        standings.why_empty = "nothing is watched yet: there are no budgets" if reading.rules else "nothing is watched"
        messages.why_empty = "nothing was reported yet" if shown_day is None else "nothing is reported on a chosen day"
        rules.show(reading.rules, keeps_row=True)
        rules.styles.height = HEADER + max(1, len(reading.rules))
        standings.show(reading.standings, keeps_row=standings.cursor > 0)
        messages.show(reading.messages, keeps_row=messages.cursor > 0)
        self.set_class(not reading.messages, "-without-messages")
        self._go_to_added()
        for table in (rules, standings, messages):
            table.refresh()  # none before and none now are the same to it

    @on(StandingTable.Moved)
    def _show_found(self) -> None:
        """Say what is beyond the threshold under the cursor, or when it is going to be reported."""
        standing = self.query_one(StandingTable).current
        words = Content("")
        if standing is not None and standing.is_beyond:
            words = Content.assemble(("▲ ", "$warning"), standing_sentence(standing))
        elif standing is not None:
            words = Content.styled(_rule_in_words(standing.rule, standing.reading.watched.currency), MUTED)
        self.query_one("#found", Static).update(words)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("remove", "mute") and self.query_one(RuleTable).is_empty:
            return False
        return super().check_action(action, parameters)

    # Commands

    @work(group=ASKING)
    async def action_add(self) -> None:
        added = await self._ask_for_rule(None)
        if added is not None:
            self.report_done(_rule_in_words(added.rule, added.currency))
            self._new_rule = added.rule.rule_key
            self._go_to_added()

    def _go_to_added(self) -> None:
        rules = self.query_one(RuleTable)
        at = rules.row_of(self._new_rule)
        if at is not None:
            self._new_rule = None
            rules.go_to(at)

    @work(group=ASKING)
    async def action_edit(self) -> None:
        status = self.query_one(RuleTable).current
        if status is None:
            return
        edited = await self._ask_for_rule(status.rule)
        if edited is not None:
            is_changed = edited.rule._replace(seeded=()) != status.rule._replace(seeded=())
            self.report_done(_rule_in_words(edited.rule, edited.currency), is_changed=is_changed)

    async def _ask_for_rule(self, rule: AlertRule | None) -> RuleStatus | None:
        """Show the form for a new rule, or to change ``rule``."""
        entities: list[Entity] = await self.dashboard.read(lambda services: services.entities.active())
        channels = [*self.dashboard.services.settings.channels]
        return await self.dashboard.ask(dialogs.alert_form.AlertFormScreen(entities, channels, rule))

    @work(group=ASKING)
    async def action_remove(self) -> None:
        status = self.query_one(RuleTable).current
        if status is None:
            return
        rule = status.rule
        await self.run_if_confirmed(
            "Remove an alert",
            f"Remove alert {rule.rule_key} on {scope_text(rule)}: {condition_text(rule, status.currency)}?",
            "Remove",
            lambda services: services.alerts.remove(rule.rule_key),
            lambda removed: f"alert {removed.rule.rule_key} removed",
        )

    @work(group=ASKING)
    async def action_mute(self) -> None:
        status = self.query_one(RuleTable).current
        if status is None:
            return
        clock = self.dashboard.services.context.clock
        until = None if status.is_muted else clock.now() + _MUTED_FOR
        key = status.rule.rule_key
        await self.dashboard.run_command(lambda services: services.alerts.mute(key, until))
        self.report_done(f"alert {key} {'is muted for a day' if until else 'sends again'}")

    # Details

    @on(Table.Opened)
    def _open(self, event: Table.Opened) -> None:
        row: RuleStatus | Standing | AlertMessage = event.row
        if isinstance(row, RuleStatus):
            self.app.push_screen(DetailsScreen(f"Alert {row.rule.rule_key}", _lines_of_rule(row)))
        elif isinstance(row, Standing):
            self.app.push_screen(DetailsScreen(subject_text(row), _lines_of_standing(row)))
        else:
            self.app.push_screen(DetailsScreen(f"Alert {row.rule_key}", _lines_of_message(row)))


def _id_of(standing: Standing) -> object:
    return standing.rule.rule_key, standing.reading.watched.subject


def _rule_in_words(rule: AlertRule, currency: str) -> str:
    return f"alert {rule.rule_key} watches {scope_text(rule)}: {condition_text(rule, currency)}"


def _lines_of_standing(standing: Standing) -> Iterable[Content]:
    rule, reading = standing.rule, standing.reading
    if standing.is_beyond:
        yield Content.styled(standing_sentence(standing), "bold")
        yield Content("")
    yield field("Number", f"{rule.kind} {value_text(standing)}")
    yield field("Fires at", limit_text(standing))
    yield field("Period", days_named(reading.period.start, reading.period.end))
    yield field("Data", f"through {long_day(reading.data_through)}")
    yield field("Alert", f"{rule.rule_key} on {scope_text(rule)}: {condition_text(rule, reading.watched.currency)}")
    yield field("Sends to", channels_text(rule))
    yield field("Try", helpful_command(rule.kind, reading))


def _found(status: RuleStatus) -> Iterable[Content]:
    for finding in status.findings:
        yield Content.assemble(("▲ ", "$warning"), sentence(finding))


def _lines_of_rule(status: RuleStatus) -> Iterable[Content]:
    rule = status.rule
    yield field("Watches", scope_text(rule))
    yield field("When", condition_text(rule, status.currency))
    yield field("Status", status_text(status))
    yield field("Sends to", channels_text(rule))
    if rule.fails:
        yield field("Check", "budget-tui check fails while it holds")
    if status.findings:
        yield Content("")
    yield from _found(status)


def _lines_of_message(message: AlertMessage) -> Iterable[Content]:
    body = message.body
    yield Content.styled(str(body["sentence"]), "bold")
    yield Content("")
    yield field("Threshold", str(body["threshold"]))
    first, last, known = (
        date.fromisoformat(str(body[name])) for name in ("period_start", "period_end", "data_through")
    )
    reported = datetime.fromisoformat(str(body["created_at"])).astimezone()
    yield field("Period", days_named(first, last))
    yield field("Data", f"through {long_day(known)}")
    yield field("Reported", f"{long_day(reported.date())} {reported:%H:%M:%S}")
    yield field("Sent", deliveries_text(message))
    yield field("Try", str(body["command"]))
    yield field("Id", message.message_id)
