"""Rules of alerts, what they found and the messages that they made."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from budget_tui.domain.alerts import AlertKind, Finding, Reading, RuleStatus, plain_threshold
from budget_tui.domain.budget import BudgetType, plain_amount
from budget_tui.domain.cost import Category
from budget_tui.domain.records import AlertMessage as StoredMessage
from budget_tui.domain.records import Delivery as StoredDelivery
from budget_tui.domain.text import parse_choice
from budget_tui.presentation import alerts as words
from budget_tui.schemas.base import Change, Moment, Number, Request, Schema, Text, count_from_json
from budget_tui.services.alerts import Check as Checked
from budget_tui.services.alerts import NewRule, RuleEdit
from budget_tui.services.deliveries import Attempt

_YEAR = 366 * 86_400
_MOST_DIGITS = 30
_AS_GIVEN = "A number of percent, points, days or what the budget is of; for a forecast `median` or `low`."


def _threshold(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError('give a number or a text such as "80"')
    # Written out, a large exponent could fill the memory.
    return f"{value:f}" if isinstance(value, Decimal) and abs(value.adjusted()) < _MOST_DIGITS else str(value)


Threshold = Annotated[
    Text,
    BeforeValidator(_threshold),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 500}, {"type": "number"}]}),
]


class AlertFinding(Schema):
    """A number that is beyond a threshold of a rule."""

    alert: int = Field(description="The rule.")
    kind: AlertKind
    entity_id: str = Field(description="What it is of; empty for unmapped costs and sources.")
    period_start: date
    period_end: date
    data_through: date = Field(description="How far costs are known.")
    threshold: str = Field(examples=["80%"])
    threshold_value: Number | str | None = Field(description=_AS_GIVEN, examples=[80])
    sentence: str
    command: str = Field(description="The command that helps.")

    @classmethod
    def from_domain(cls, finding: Finding, currency: str) -> "AlertFinding":
        rule, reading, threshold = finding
        return AlertFinding(
            alert=rule.rule_key,
            kind=rule.kind,
            entity_id=reading.watched.entity_id,
            period_start=reading.period.start,
            period_end=reading.period.end,
            data_through=reading.data_through,
            threshold=words.threshold_text(rule.kind, threshold, rule.budget_type, currency),
            threshold_value=plain_threshold(rule.kind, threshold, rule.budget_type),
            sentence=words.sentence(finding),
            command=words.helpful_command(rule.kind, reading),
        )


class Alert(Schema):
    """A rule, with what is beyond its thresholds now."""

    alert: int = Field(examples=[3])
    kind: AlertKind
    thresholds: list[str] = Field(description="None for a spike.", examples=[["80%", "100%"]])
    threshold_values: list[Number | str] = Field(
        description=f"The same. Each is {_AS_GIVEN[0].lower()}{_AS_GIVEN[1:]}", examples=[[80, 100]]
    )
    entity_id: str | None = Field(description="The entity; null for each project on its own.")
    category: str = Field(description="Only budgets of this category; empty for any.")
    budget_type: BudgetType
    provider: str = Field(description="Only budgets of this provider; empty for any.")
    source: str = Field(description="The source whose silence it reports, else empty.")
    channels: list[str] = Field(description="Names of channels, as hosts define them in their settings.")
    fails: bool = Field(description="Whether a check fails while it holds.")
    muted_until: Moment | None
    idle: bool = Field(description="Whether there is nothing to watch yet: no such budget runs, or no cost came.")
    findings: list[AlertFinding]

    @classmethod
    def from_domain(cls, status: RuleStatus) -> "Alert":
        rule, currency = status.rule, status.currency
        return Alert(
            alert=rule.rule_key,
            kind=rule.kind,
            thresholds=[
                words.threshold_text(rule.kind, threshold, rule.budget_type, currency)
                for threshold in rule.thresholds
                if rule.kind is not AlertKind.SPIKE
            ],
            threshold_values=[
                value
                for threshold in rule.thresholds
                if (value := plain_threshold(rule.kind, threshold, rule.budget_type)) is not None
            ],
            entity_id=rule.entity_id,
            category=rule.category,
            budget_type=rule.budget_type,
            provider=rule.provider,
            source=rule.source,
            channels=[*rule.channels],
            fails=rule.fails,
            muted_until=rule.muted_until if status.is_muted else None,
            idle=status.is_idle,
            findings=[AlertFinding.from_domain(finding, currency) for finding in status.findings],
        )


class Delivery(Schema):
    """The delivery of a message through one channel."""

    channel: str
    state: str = Field(description="queued, sent or undelivered.")
    attempts: int
    due_at: Moment
    sent_at: Moment | None
    error: str = Field(description="Why the last attempt failed.")

    @classmethod
    def from_domain(cls, delivery: StoredDelivery) -> "Delivery":
        return Delivery(
            channel=delivery.channel,
            state=delivery.state,
            attempts=delivery.attempts,
            due_at=delivery.due_at,
            sent_at=delivery.sent_at,
            error=delivery.error,
        )


class AlertMessage(Schema):
    """A message as it is sent, with its deliveries."""

    message: dict[str, Any]
    deliveries: list[Delivery]

    @classmethod
    def from_domain(cls, message: StoredMessage) -> "AlertMessage":
        return AlertMessage(
            message=dict(message.body), deliveries=[Delivery.from_domain(each) for each in message.deliveries]
        )


class ExceededBudget(Schema):
    """A running budget that what was used and is held exceed."""

    entity_id: str
    category: str
    provider: str
    budget_type: BudgetType
    currency: str
    period_start: date
    period_end: date
    amount: Number
    used: Number
    held: Number
    sentence: str

    @classmethod
    def from_domain(cls, reading: Reading) -> "ExceededBudget":
        watched = reading.watched
        return ExceededBudget(
            entity_id=watched.entity_id,
            category=watched.category,
            provider=watched.provider,
            budget_type=watched.budget_type,
            currency=watched.currency,
            period_start=reading.period.start,
            period_end=reading.period.end,
            amount=plain_amount(reading.amount, watched.budget_type),
            used=plain_amount(reading.used or 0, watched.budget_type),
            held=plain_amount(reading.held, watched.budget_type),
            sentence=words.exceeded_text(reading),
        )


class Sent(Schema):
    """An attempt to send a message."""

    message_id: str
    channel: str
    error: str = Field(description="Why it failed; empty if it was sent.")

    @classmethod
    def from_domain(cls, attempt: Attempt) -> "Sent":
        return Sent(message_id=attempt.message.message_id, channel=attempt.channel, error=attempt.error)


class Check(Schema):
    """The result of a check: it fails while budgets are exceeded or failing rules hold."""

    as_of: date
    data_through: date
    passed: bool
    budgets: int = Field(description="The number of running budgets that were looked at.")
    exceeded: list[ExceededBudget]
    failing: list[AlertFinding]
    reported: list[AlertMessage] = Field(description="The messages that this check made.")
    sent: list[Sent]

    @classmethod
    def from_domain(cls, check: Checked, attempts: Sequence[Attempt]) -> "Check":
        evaluation = check.evaluation
        currency = evaluation.organization.currency
        return Check(
            as_of=evaluation.today,
            data_through=evaluation.data_through,
            passed=check.is_passed,
            budgets=check.budgets,
            exceeded=[ExceededBudget.from_domain(reading) for reading in check.exceeded],
            failing=[AlertFinding.from_domain(finding, currency) for finding in check.failing],
            reported=[AlertMessage.from_domain(message) for message in evaluation.messages],
            sent=[
                Sent(message_id=each.message.message_id, channel=each.channel, error=each.error) for each in attempts
            ],
        )


class Tested(Schema):
    """A test message that was sent."""

    channel: str
    sent: bool


# Requests


class NewAlert(Request):
    kind: AlertKind = Field(description="The number that is watched.", examples=["share"])
    thresholds: list[Threshold] = Field(
        [], description="Percent, amounts, points or days; for a forecast `median` or `low`.", examples=[["80", "100"]]
    )
    scope: Text = Field("", description="Id of an entity or a budget; by default each project.", examples=["pcc"])
    category: Category | None = Field(None, description="Only budgets of this category.")
    budget_type: BudgetType | None = Field(None, description="By default monetary, and token for an agent.")
    provider: Text = Field("", description="Only budgets of this provider.")
    source: Text = Field("", description="The source whose silence is watched.")
    channels: list[Text] = Field([], description="Names of channels to send through.")
    fails: StrictBool = Field(False, description="Let checks fail while it holds.")

    def to_domain(self) -> NewRule:
        return NewRule(
            self.kind,
            tuple(self.thresholds),
            self.scope,
            self.category or "",
            self.budget_type,
            self.provider,
            self.source,
            tuple(self.channels),
            self.fails,
        )


class AlertEdit(Change):
    kind: AlertKind | None = Field(None, description="The number that is watched; another one needs thresholds.")
    thresholds: list[Threshold] | None = Field(None, description="All of them.", examples=[["80", "100"]])
    scope: Text | None = Field(None, description="Id of an entity or a budget; empty for each project.")
    category: Annotated[Text, WithJsonSchema({"enum": ["", *Category]})] | None = Field(
        None, description="Only budgets of this category; empty for any."
    )
    budget_type: BudgetType | None = None
    provider: Text | None = Field(None, description="Only budgets of this provider; empty for any.")
    source: Text | None = Field(None, description="The source whose silence is watched.")
    channels: list[Text] | None = Field(None, description="Names of all channels to send through.")
    fails: StrictBool | None = Field(None, description="Let checks fail while it holds.")

    def to_domain(self) -> RuleEdit:
        return RuleEdit(
            self.kind,
            None if self.thresholds is None else tuple(self.thresholds),
            self.scope,
            parse_choice(self.category, Category, "category") if self.category else self.category,
            self.budget_type,
            self.provider,
            self.source,
            None if self.channels is None else tuple(self.channels),
            self.fails,
        )


class AlertMuting(Request):
    seconds: Annotated[int, Field(ge=0, le=_YEAR), BeforeValidator(count_from_json)] = Field(
        description="How long nothing is sent; 0 ends it.", examples=[28800]
    )
