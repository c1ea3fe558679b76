"""Costs: recorded, imported, mapped; their sources, seats, and exchange rates."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field, StrictBool

from budget_tui.domain import currency, records
from budget_tui.domain.amount import to_decimal, to_decimals
from budget_tui.domain.cost import Category
from budget_tui.domain.records import SeatRegistration, StoredPair
from budget_tui.presentation import messages
from budget_tui.schemas.base import (
    CostCategory,
    Day,
    NonNegativeTokens,
    Number,
    Request,
    Schema,
    Settling,
    SignedAmount,
    Text,
    Totals,
)
from budget_tui.services.cost_details import Actual, CostLine, CostPage
from budget_tui.services.costs import CostEntry, CostOutcome, MappingOutcome
from budget_tui.services.imports import ImportReport, VanishedCosts
from budget_tui.services.rates import RatesReport
from budget_tui.services.sources import Source


class _OfProject(Schema):
    project_id: str


class _OfEntity(Schema):
    entity_id: str


class _Recorded(Schema):
    amount_usd: Number
    on: date
    tokens: int | None
    currency: str
    warnings: list[str]


def _recorded(entry: CostEntry, outcome: CostOutcome) -> dict[str, Any]:
    return {
        "amount_usd": to_decimal(entry.amount),
        "on": outcome.on,
        "tokens": entry.tokens,
        "currency": outcome.currency,
        "warnings": messages.far_ahead(outcome),
    }


class Cost(Settling, _Recorded, _OfProject):
    """A cost that was recorded."""

    @classmethod
    def from_domain(cls, entry: CostEntry, outcome: CostOutcome) -> "Cost":
        return Cost(project_id=entry.project_id, **_recorded(entry, outcome))


class EntityCost(_Recorded, _OfEntity):
    """A cost that was recorded for an entity that is no project."""

    @classmethod
    def from_domain(cls, entry: CostEntry, outcome: CostOutcome) -> "EntityCost":
        return EntityCost(entity_id=entry.project_id, **_recorded(entry, outcome))


class ListedCost(Schema):
    """A cost of one source, on one day, of one service and entity. ``amount_usd`` is what counts, in the organization's
    currency; ``amount`` is in ``currency``, null without a price. ``entity_id`` is null while it is unmapped.

    An estimate that its bill replaced counts 0; ``estimated`` is what it was, in ``currency``.
    """

    day: date
    entity_id: str | None
    provider: str
    service: str
    amount_usd: Number
    currency: str
    amount: Number | None
    estimated: Number | None
    tokens: int | None
    source: str
    tags: Mapping[str, str]

    @classmethod
    def from_domain(cls, line: CostLine) -> "ListedCost":
        return cls(
            day=line.day,
            entity_id=line.entity_id or None,
            provider=line.provider,
            service=line.service,
            amount_usd=to_decimal(line.counted),
            currency=line.currency,
            amount=None if line.amount is None or line.is_unpriced else to_decimal(line.amount),
            estimated=None if line.estimated is None else to_decimal(line.estimated),
            tokens=line.tokens,
            source=line.source,
            tags=dict(line.tags),
        )


class CostList(Schema):
    """Costs, newest first, in whole days; ``older_than`` is the day before which there are more, null at the end.

    ``total_usd`` is the sum of all ``count``, of those not listed, too; ``without_rate`` more have no usable rate.
    """

    currency: str
    total_usd: Number
    count: int
    without_rate: int
    older_than: date | None
    costs: list[ListedCost]

    @classmethod
    def from_domain(cls, actual: Actual, page: CostPage) -> "CostList":
        return cls(
            currency=actual.currency,
            total_usd=to_decimal(page.total),
            count=page.count,
            without_rate=page.without_rate,
            older_than=page.older_than,
            costs=[ListedCost.from_domain(line) for line in page.lines],
        )


class LeftOutFile(Schema):
    file: str
    why: str


class RefusedRow(Schema):
    file: str
    line: int
    reason: str


class Vanished(Schema):
    """Costs that a replacement took away and that the new files do not mention."""

    sub_account_id: str
    first_day: date
    last_day: date
    amounts: Totals

    @classmethod
    def from_domain(cls, vanished: VanishedCosts) -> "Vanished":
        return Vanished(
            sub_account_id=vanished.sub_account,
            first_day=vanished.first_day,
            last_day=vanished.last_day,
            amounts=to_decimals(vanished.amounts),
        )


class ImportReportOut(Schema):
    files: list[str]
    left_out: list[LeftOutFile]
    first_day: date | None
    last_day: date | None
    in_period_total: Totals
    rows_read: int
    rows_refused: int
    days_stored: int
    rows_replaced: int
    rows_added: int
    rows_unchanged: int
    vanished: list[Vanished]
    billed_total: Totals
    stored_total: Totals
    unmapped_total: Totals
    refused: list[RefusedRow]
    unchanged: bool
    tokens_total: int | None
    seats: int | None
    read_as: list[str]
    estimates_replaced: int
    estimates_replaced_total: Totals
    estimates_without_project: dict[str, Totals] = Field(
        description="Replaced estimates that count in no project any more, as their bill names none, by project."
    )
    warnings: list[str]

    @classmethod
    def from_domain(cls, report: ImportReport) -> "ImportReportOut":
        return ImportReportOut(
            files=list(report.files),
            left_out=[LeftOutFile(file=file, why=why) for file, why in report.left_out],
            first_day=report.first_day,
            last_day=report.last_day,
            in_period_total=_to_9_decimals(report.in_period_total),
            rows_read=report.rows_read,
            rows_refused=report.rows_refused,
            days_stored=report.days_stored,
            rows_replaced=report.rows_replaced,
            rows_added=report.rows_added,
            rows_unchanged=report.rows_unchanged,
            vanished=[Vanished.from_domain(vanished) for vanished in report.vanished],
            billed_total=_to_9_decimals(report.billed_total),
            stored_total=_to_9_decimals(report.stored_total),
            unmapped_total=_to_9_decimals(report.unmapped_total),
            refused=_refused(report.refused),
            unchanged=report.unchanged,
            tokens_total=report.tokens_total,
            seats=report.seats,
            read_as=list(report.read_as),
            estimates_replaced=report.estimates_replaced,
            estimates_replaced_total=to_decimals(report.estimates_amounts),
            estimates_without_project={
                entity_id: to_decimals(amounts) for entity_id, amounts in report.displaced_of.items()
            },
            warnings=messages.imported_far_ahead(report),
        )


def _to_9_decimals(totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: to_decimal(messages.nanos_of_sum(units)) for currency, units in totals.items()}


def _refused(rows: tuple[tuple[str, int, str], ...]) -> list[RefusedRow]:
    return [RefusedRow(file=file, line=line, reason=reason) for file, line, reason in rows]


class UnmappedOrigin(Schema):
    """Costs without a project, with the fields that a mapping rule can match."""

    source: str
    provider: str
    service: str
    sub_account_id: str
    sub_account_name: str
    tags: dict[str, str]
    costs: int
    amount_usd: Number | None = Field(description="null for tokens of a model without a price.")
    currency: str
    first_day: date
    last_day: date

    @classmethod
    def from_domain(cls, origin: records.UnmappedOrigin) -> "UnmappedOrigin":
        return UnmappedOrigin(
            source=origin.source,
            provider=origin.provider,
            service=origin.service,
            sub_account_id=origin.sub_account_id,
            sub_account_name=origin.sub_account_name,
            tags=dict(origin.tags),
            costs=origin.costs,
            amount_usd=None if origin.is_unpriced else to_decimal(origin.amount),
            currency=origin.currency,
            first_day=origin.first_day,
            last_day=origin.last_day,
        )


class MappedCosts(Schema):
    """A rule that maps costs to a project, and the amounts it moved there."""

    project_id: str
    field: str
    value: str
    moved_total: Totals

    @classmethod
    def from_domain(cls, project_id: str, field: str, value: str, outcome: MappingOutcome) -> "MappedCosts":
        return MappedCosts(project_id=project_id, field=field, value=value, moved_total=to_decimals(outcome.moved))


class NamedProvider(Schema):
    exported_name: str
    provider: str
    changed: int


class CategorizedName(Schema):
    name: str
    category: Category
    changed: int


class SourceOut(Schema):
    source: str
    account: str
    live: bool
    last_cost_on: date
    data_through: date | None
    ended_on: date | None
    active: bool
    paid_by_plan: bool
    would_have_cost: Totals

    @classmethod
    def from_domain(cls, source: Source) -> "SourceOut":
        return SourceOut(
            source=source.name,
            account=source.account,
            live=source.is_live,
            last_cost_on=source.last_day,
            data_through=source.reach,
            ended_on=source.ended_on,
            active=source.is_active,
            paid_by_plan=source.paid is not None,
            would_have_cost=to_decimals(source.paid or {}),
        )


class EndedSource(Schema):
    source: str
    account: str
    data_through: date


class ReplacingSource(Schema):
    source: str
    replaces_always: bool


class Seats(Schema):
    """Seats that an entity has of a provider from a day on."""

    entity_id: str
    name: str
    provider: str
    seats: int
    from_: date = Field(serialization_alias="from")

    @classmethod
    def from_domain(cls, found: SeatRegistration) -> "Seats":
        return Seats(
            entity_id=found.entity_id,
            name=found.name,
            provider=found.provider,
            seats=found.seats,
            from_=found.starts_on,
        )


class Rate(Schema):
    base: str
    quote: str
    rate: Number
    day: date

    @classmethod
    def from_domain(cls, rate: currency.Rate) -> "Rate":
        return Rate(base=rate.base, quote=rate.quote, rate=rate.rate, day=rate.day)


class RatedPair(Rate):
    """The latest rate of a pair, and since when there are some."""

    first_day: date
    days: int

    @classmethod
    def from_pair(cls, pair: StoredPair) -> "RatedPair":
        return RatedPair(**dict(Rate.from_domain(pair.latest)), first_day=pair.first_day, days=pair.days)


class RatesReportOut(Schema):
    files: list[str]
    rows_read: int
    rates_read: int
    rates_changed: int
    first_day: date | None
    last_day: date | None
    refused: list[RefusedRow]

    @classmethod
    def from_domain(cls, report: RatesReport) -> "RatesReportOut":
        return RatesReportOut(
            files=list(report.files),
            rows_read=report.rows_read,
            rates_read=report.rates_read,
            rates_changed=report.rates_changed,
            first_day=report.first_day,
            last_day=report.last_day,
            refused=_refused(report.refused),
        )


# Requests


class CostIn(Request):
    amount_usd: SignedAmount = Field(examples=[1.25])
    on: Day | None = Field(None, description="Day. Default: today.")
    category: CostCategory | None = Field(None, description="Default: by provider.")
    provider: Text = Field("", description="Who charges it.", examples=["openai"])
    tokens: NonNegativeTokens | None = Field(None, description="Tokens used.")
    once: StrictBool = Field(False, description="One-off cost: spent, but not part of the burn rate.")

    def to_domain(self, project_id: str) -> CostEntry:
        category = Category(self.category) if self.category else None
        return CostEntry(project_id, self.amount_usd, self.on, category, self.provider, self.tokens, self.once)
