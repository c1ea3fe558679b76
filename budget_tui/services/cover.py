"""Cover: who can spare what a project will lack, by what they will not need themselves."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

from budget_tui.domain.amount import minor_unit, round_to
from budget_tui.domain.errors import InsufficientBudget, Refused
from budget_tui.domain.forecast import MIN_DAYS, Forecast
from budget_tui.domain.hierarchy import POOL
from budget_tui.domain.snapshot import ProjectLine
from budget_tui.presentation.formatting import count, money
from budget_tui.services.context import Context
from budget_tui.services.forecasts import ForecastReport, read_forecasts
from budget_tui.services.idempotency import run_once
from budget_tui.services.snapshots import line_of
from budget_tui.services.transfers import TransferOutcome, TransferRequest, move
from budget_tui.services.work import Work


class Donor(NamedTuple):
    """A project that can ``spare`` something: what is allocated, less what is reserved and will be spent at most.

    ``forecast_high`` is the high end of its forecast: in nine of ten cases it spends less.
    """

    project_id: str
    name: str
    allocation: int
    reserved: int
    forecast_high: int
    spare: int


class NoDonor(NamedTuple):
    """A project that can spare nothing, and why."""

    project_id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class CoverOffer:
    """The amount that a project will lack at the period's end, and the donors, the one that can spare most first.

    ``need`` is what its allocation lacks, by the median of its forecast as it is shown; ``unallocated`` is in the pool,
    which anybody can have. Amounts are nanos.
    """

    project_id: str
    name: str
    need: int
    donors: tuple[Donor, ...]
    others: tuple[NoDonor, ...]
    unallocated: int
    currency: str
    as_of: date
    data_through: date

    def amount_from(self, donor: Donor) -> int:
        """Return what a donor is asked for by default: what is needed, as far as it can be spared."""
        return min(self.need, donor.spare)


class Cover:
    """Queries on donors, and the command that takes from one."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def offer(self, project_id: str) -> CoverOffer:
        """Return who can spare something for a project; raises `NotFound`."""
        context = self._context
        with context.reading() as session:
            organization = context.organization(session)
            today = context.clock.today(organization.time_zone)
            report = read_forecasts(session, organization, today, context.clock.now())
            line_of(session, report.snapshot, project_id)
            return _offer(report, project_id)

    def take(
        self, project_id: str, donor_id: str, amount: int | None = None, key: str | None = None
    ) -> TransferOutcome:
        """Move ``amount``, by default what is needed, from a donor to a project, as a transfer that can be undone.

        What the donor can spare is computed again in the same transaction: more is `InsufficientBudget`.
        """
        request = {"project": project_id, "donor": donor_id, "amount": amount}
        with self._context.work() as work:
            result = run_once(work, "cover", key, request, lambda: asdict(_take(work, project_id, donor_id, amount)))
            work.commit()
        return TransferOutcome(**result)


def why(donor: Donor, currency: str) -> str:
    """Say why a donor can spare what it can."""
    held = f", {money(donor.reserved, currency)} held" if donor.reserved else ""
    return f"will need at most {money(donor.forecast_high, currency)} of {money(donor.allocation, currency)}{held}"


def why_none(offer: CoverOffer) -> str:
    """Say why an offer has no donors."""
    return "no other project can spare anything" if offer.others else "there is no other project"


def _take(work: Work, project_id: str, donor_id: str, amount: int | None) -> TransferOutcome:
    if donor_id == POOL:
        command = f"budget-tui transfer {POOL} {project_id} AMOUNT"
        raise Refused("the pool is no donor: anybody can have what is unallocated", "transfer it", command=command)
    if project_id == donor_id:
        raise Refused("a project cannot cover itself", "choose another one")
    for each in (project_id, donor_id):
        work.project(each)
    offer = _offer(read_forecasts(work.unit, work.organization, work.today, work.now), project_id)
    donor = next((each for each in offer.donors if each.project_id == donor_id), None)
    if donor is None:
        other = next(each for each in offer.others if each.project_id == donor_id)
        raise InsufficientBudget(f"{other.name} can spare nothing: it {other.why}", "choose another one", available=0)
    if amount is None and not offer.need:
        raise Refused(f"{offer.name} will lack nothing by the end of the period", "say how much to move all the same")
    moved = offer.amount_from(donor) if amount is None else amount
    if moved > donor.spare:
        raise InsufficientBudget(
            f"{money(donor.spare, offer.currency)} is all that {donor.name} can spare: it {why(donor, offer.currency)}",
            "take at most that",
            available=donor.spare,
        )
    return move(work, TransferRequest(donor_id, project_id, moved))


def _offer(report: ForecastReport, project_id: str) -> CoverOffer:
    snapshot = report.snapshot
    line, currency = snapshot.project(project_id), snapshot.organization.currency
    unit = minor_unit(currency)
    donors, others = [], []
    for each in snapshot.projects:
        if each.project_id == project_id:
            continue
        found = _donor(each, report.of(each.project_id), unit)
        if isinstance(found, Donor):
            donors.append(found)
        else:
            others.append(found)
    needed = max(report.of(project_id).median, line.pace.spent) + line.pace.reserved
    return CoverOffer(
        project_id,
        line.name,
        max(0, round_to(needed - line.pace.allocation, unit)),  # as the forecast is shown
        tuple(sorted(donors, key=lambda donor: (-donor.spare, donor.name))),
        tuple(others),
        snapshot.unallocated,
        currency,
        snapshot.as_of,
        snapshot.data_through,
    )


def _donor(line: ProjectLine, forecast: Forecast, unit: int) -> Donor | NoDonor:
    """Return what a project can spare, in whole units of the currency."""
    pace = line.pace
    if not forecast.has_range:
        days = count(forecast.days_of_history, "complete day")
        return NoDonor(line.project_id, line.name, f"has no forecast range yet: {days} of {MIN_DAYS}")
    high = -(-forecast.high // unit) * unit  # rounded up, so that it and what can be spared come to what is there
    spare = (pace.allocation - pace.reserved - max(high, pace.spent)) // unit * unit
    if spare <= 0:
        return NoDonor(line.project_id, line.name, "may need all that it has")
    return Donor(line.project_id, line.name, pace.allocation, pace.reserved, high, spare)
