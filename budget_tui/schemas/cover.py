"""The projects that can spare something for another, and the request to take it."""

from datetime import date

from pydantic import Field

from budget_tui.domain.amount import to_decimal
from budget_tui.schemas.base import EntityId, Number, PositiveAmount, Request, Schema
from budget_tui.services import cover as cover_service


class Donor(Schema):
    project_id: str
    name: str
    spare_usd: Number = Field(description="Allocation − reserved − the high end of its forecast.")
    monthly_allocation_usd: Number
    reserved_usd: Number
    forecast_high_usd: Number = Field(description="It will spend more than this in one of ten cases.")

    @classmethod
    def from_domain(cls, donor: cover_service.Donor) -> "Donor":
        return Donor(
            project_id=donor.project_id,
            name=donor.name,
            spare_usd=to_decimal(donor.spare),
            monthly_allocation_usd=to_decimal(donor.allocation),
            reserved_usd=to_decimal(donor.reserved),
            forecast_high_usd=to_decimal(donor.forecast_high),
        )


class NoDonor(Schema):
    project_id: str
    name: str
    why: str = Field(examples=["may need all that it has"])


class CoverOffer(Schema):
    """The donors of a project, those first who can spare the most."""

    project_id: str
    need_usd: Number = Field(description="What it will lack by the period's end, by the median of its forecast.")
    donors: list[Donor]
    others: list[NoDonor] = Field(description="Projects that can spare nothing.")
    unallocated_usd: Number
    currency: str
    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")

    @classmethod
    def from_domain(cls, offer: cover_service.CoverOffer) -> "CoverOffer":
        return CoverOffer(
            project_id=offer.project_id,
            need_usd=to_decimal(offer.need),
            donors=[Donor.from_domain(donor) for donor in offer.donors],
            others=[NoDonor(**other._asdict()) for other in offer.others],
            unallocated_usd=to_decimal(offer.unallocated),
            currency=offer.currency,
            as_of=offer.as_of,
            data_through=offer.data_through,
        )


class CoverRequest(Request):
    from_project_id: EntityId = Field(description="The donor.", examples=["videonest-api"])
    amount_usd: PositiveAmount | None = Field(None, description="Default: what is needed and can be spared.")
