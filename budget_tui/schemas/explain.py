"""Explanations: every value exact, with the texts that the screens show."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from budget_tui.domain import explain
from budget_tui.domain.amount import to_decimal
from budget_tui.domain.explain import Explanation, Kind, Quantity, Reason, Unit
from budget_tui.presentation import explanations
from budget_tui.schemas.base import Number, Schema

Exact = Number | int | date | datetime | str | None


class ValueOut(Schema):
    value: str
    title: str
    result: Exact
    unit: Unit
    formula: str | None
    worked: str | None
    terms: dict[str, Exact]
    days: list[str]
    notes: list[str]

    @classmethod
    def from_domain(cls, explanation: Explanation, explained: explain.Explained) -> "ValueOut":
        return ValueOut(
            value=explanation.key,
            title=explanation.title,
            result=_exact(explanation.value),
            unit=explanation.value.unit,
            formula=explanations.formula(explanation) or None,
            worked=explanations.worked(explanation, explained.currency) or None,
            terms={name: _exact(term) for name, term in explanation.terms.items()},
            days=explanations.spans(explanation, explained),
            notes=list(explanation.notes),
        )


class CostGroup(Schema):
    source: str
    provider: str
    service: str
    category: str
    amount: Number | None = Field(description="null for tokens of a model without a price.")
    stated: Number | None
    currency: str | None
    costs: int
    first_day: date
    last_day: date

    @classmethod
    def from_domain(cls, group: explain.CostGroup, unit: Unit) -> "CostGroup":
        is_unpriced = unit is Unit.MONEY and group.is_unpriced
        return CostGroup(
            source=group.source,
            provider=group.provider,
            service=group.service,
            category=group.category,
            amount=None if is_unpriced else _counted(group.amount, unit),
            stated=None if is_unpriced else _counted(group.stated, unit),
            currency=group.currency or None,
            costs=group.costs,
            first_day=group.first_day,
            last_day=group.last_day,
        )


class Finding(Schema):
    reason: Reason
    text: str
    do: str | None
    amount: Number | None
    currency: str | None
    costs: int

    @classmethod
    def from_domain(cls, found: explain.Finding) -> "Finding":
        return Finding(
            reason=found.reason,
            text=explanations.finding(found),
            do=found.do or None,
            amount=None if found.amount is None else to_decimal(found.amount),
            currency=found.currency or None,
            costs=found.costs,
        )


class SourceState(Schema):
    source: str
    live: bool
    latest_day: date | None
    imported_at: datetime | None

    @classmethod
    def from_domain(cls, state: explain.SourceState) -> "SourceState":
        return SourceState(
            source=state.source, live=state.is_live, latest_day=state.latest_day, imported_at=state.imported_at
        )


class Explained(Schema):
    """Everything about a budget's values, or about one of them."""

    kind: Kind
    subject: str | None
    name: str
    currency: str | None
    as_of: date
    data_through: date
    time_zone: str
    period_start: date
    period_end: date
    trouble: str | None
    values: list[ValueOut]
    counting: list[CostGroup]
    left_out: list[Finding]
    burning: list[CostGroup] = Field(description="The costs of the burn window that make the burn rate.")
    not_burning: list[Finding]
    causes: list[Finding]
    rules: list[str]
    sources: list[SourceState]
    warnings: list[str]

    @classmethod
    def from_domain(cls, explained: explain.Explained, key: str = "") -> "Explained":
        """Convert all values, or only the one called ``key``, with the costs that determine it."""
        values = [value for value in explained.values if key in ("", value.key)]
        counting, left_out = explained.counting, explained.left_out
        if not any(value.of_costs for value in values) and any(value.of_burn for value in values):
            counting, left_out = explained.burning, explained.not_burning
        return Explained(
            kind=explained.kind,
            subject=explained.subject or None,
            name=explained.name,
            currency=explained.currency or None,
            as_of=explained.as_of,
            data_through=explained.data_through,
            time_zone=explained.time_zone,
            period_start=explained.period.start,
            period_end=explained.period.end,
            trouble=explanations.cause(explained.trouble, explained.currency) if explained.trouble else None,
            values=[ValueOut.from_domain(value, explained) for value in values],
            counting=[CostGroup.from_domain(group, explained.unit) for group in counting],
            left_out=[Finding.from_domain(finding) for finding in left_out],
            burning=[CostGroup.from_domain(group, explained.unit) for group in explained.burning],
            not_burning=[Finding.from_domain(finding) for finding in explained.not_burning],
            causes=[Finding.from_domain(finding) for finding in explained.causes],
            rules=list(explained.rules),
            sources=[SourceState.from_domain(source) for source in explained.sources],
            warnings=list(explained.warnings),
        )


def _exact(of: Quantity) -> Exact:
    value, unit = of
    return to_decimal(value) if unit is Unit.MONEY and isinstance(value, int) else value


def _counted(amount: int, unit: Unit) -> Decimal:
    return to_decimal(amount) if unit is Unit.MONEY else Decimal(amount)
