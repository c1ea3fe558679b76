"""Recurring fees: costs that come by themselves on their day, until the bill for them is imported."""

from dataclasses import asdict, dataclass
from datetime import date

from budget_tui.domain.amount import parse_amount, within_limit
from budget_tui.domain.audit import UNDO_DATA, written
from budget_tui.domain.cost import Category, CostOrigin, category_of, short_provider_name
from budget_tui.domain.errors import Conflict, Refused, unknown
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.period import ONE_DAY, checked_day
from budget_tui.domain.recurring import RECURRING_SOURCE, Every, FeeReport, RecurringFee
from budget_tui.presentation.formatting import long_day
from budget_tui.services.context import Context
from budget_tui.services.costs import require_sums_in_range, spender
from budget_tui.services.fee_booking import settle_fees
from budget_tui.services.idempotency import run_once
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work


@dataclass(frozen=True, slots=True)
class NewFee:
    """A fee as a user enters it: ``amount`` in nanos of the organization's currency; it starts today by default."""

    entity_id: str
    amount: int
    every: Every = Every.MONTH
    on_day: int = 1
    name: str = ""
    provider: str = ""
    category: Category | None = None
    starts_on: date | None = None


class RecurringFees:
    """Commands on recurring fees, each one transaction; and queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, new: NewFee, key: str | None = None) -> FeeReport:
        """Add a fee, and book it if it is due; `Conflict` if there is another one of that name.

        Repeating it with the same ``key`` adds nothing and returns that fee.
        """
        if new.amount <= 0:
            raise Refused("a fee needs a positive amount", "give one such as 20")
        request = {name: None if value is None else str(value) for name, value in asdict(new).items()}
        with self._context.work() as work:
            added = run_once(work, "recurring.add", key, request, lambda: {"fee": _add(work, new)})
            report = _report(work, added["fee"])
            if report.latest is not None:
                require_sums_in_range(work, [(report.currency, report.latest.day)])
            work.commit()
        return report

    def end(self, name: str, last_day: date | None = None) -> FeeReport:
        """Let a fee be due no longer than through ``last_day``, by default today; what was booked stays."""
        with self._context.work() as work:
            fee = _to_end(work, name)
            ended_on = checked_day(last_day or work.today)
            if ended_on < (earliest := min(max(fee.booked_through, fee.starts_on), work.today)):
                known = (
                    f"starts on {long_day(fee.starts_on)}"
                    if fee.booked_through < fee.starts_on
                    else f"is booked through {long_day(fee.booked_through)}"
                )
                raise Refused(f"{fee.name} {known}", f"end it on {long_day(earliest)} or later")
            _set_end(work, fee, ended_on)
            report = _report(work, fee.fee_key)
            work.commit()
        return report

    def all(self) -> list[FeeReport]:
        """Return every fee, ended ones too, in the order in which they were added."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            charges = session.fast.recurring_charges(organization.org_key, date.min)
            latest = {charge.fee_key: charge for charge in charges}
            return [
                FeeReport(fee, latest.get(fee.fee_key), organization.currency)
                for fee in session.fast.recurring_fees(organization.org_key)
            ]


def _add(work: Work, new: NewFee) -> int:
    """Add a fee and book it; return its key."""
    fee = _checked(work, new)
    _require_no_other(work, fee)
    fee = fee._replace(fee_key=work.unit.recurring.add(work.organization.org_key, fee, work.actor, work.now))
    work.record("recurring.add", fee.name, None, _facts(fee))
    settle_fees(work, work.today)
    return fee.fee_key


def _require_no_other(work: Work, fee: RecurringFee) -> None:
    """Raise `Conflict` if another fee of that name runs: a bill would fit both."""
    for other in _called(work, fee.name):
        if not other.has_ended and other.fee_key != fee.fee_key:
            raise Conflict(f"there is a fee called '{other.name}'", "give this one another name, or end that one")


def _to_end(work: Work, name: str) -> RecurringFee:
    """Return the fee of that name that has not ended; `NotFound` if there is none, `Refused` if it has."""
    found = _called(work, name)
    if not found:
        raise unknown("fee", name)
    running = [fee for fee in found if not fee.has_ended]
    if not running:
        assert found[-1].ended_on is not None
        raise Refused(f"{found[-1].name} ended on {long_day(found[-1].ended_on)}", "add it again to have it recur")
    return running[0]


def _called(work: Work, name: str) -> list[RecurringFee]:
    """Return the fees of that name, ended ones too; case does not matter, as in what bills are matched by."""
    called = name.strip().casefold()
    return [fee for fee in _fees(work) if fee.name.casefold() == called]


def _fees(work: Work) -> list[RecurringFee]:
    return work.unit.fast.recurring_fees(work.organization.org_key)


def _checked(work: Work, new: NewFee) -> RecurringFee:
    entity = spender(work, new.entity_id)
    starts_on = checked_day(new.starts_on or work.today)
    if starts_on < work.open.period.start:
        raise Refused(
            f"{long_day(starts_on)} is before the running period, which starts on {long_day(work.open.period.start)}",
            "start it in the running period, and enter earlier costs as costs",
        )
    aliases = work.unit.cost_rules.provider_aliases(work.organization.org_key)
    provider = short_provider_name(checked_name(new.provider), aliases) if new.provider.strip() else ""
    name = checked_name(new.name or provider or f"{entity.name} fee")
    origin = CostOrigin(
        RECURRING_SOURCE, True, work.organization.currency, provider, name, category_hint=new.category or ""
    )
    overrides = work.unit.cost_rules.category_overrides(work.organization.org_key)
    return RecurringFee(
        0,
        entity.entity_key,
        entity.entity_id,
        entity.path,
        name,
        within_limit(new.amount),
        provider,
        category_of(origin, provider, overrides),
        new.every,
        new.on_day,
        starts_on,
        None,
        starts_on - ONE_DAY,
        False,
    )


def _report(work: Work, fee_key: int) -> FeeReport:
    org = work.organization.org_key
    [fee] = [fee for fee in work.unit.fast.recurring_fees(org) if fee.fee_key == fee_key]
    charges = [charge for charge in work.unit.fast.recurring_charges(org, date.min) if charge.fee_key == fee_key]
    return FeeReport(fee, charges[-1] if charges else None, work.organization.currency)


def _set_end(work: Work, fee: RecurringFee, ended_on: date | None) -> None:
    work.unit.recurring.end(fee.fee_key, ended_on)
    before, after = ({"last_day": day.isoformat() if day else None} for day in (fee.ended_on, ended_on))
    kept = {UNDO_DATA: {"fee": fee.fee_key}}
    work.record("recurring.end", fee.name, {**before, **kept}, {**after, **kept})


def _facts(fee: RecurringFee) -> dict[str, object]:
    return {
        "of": fee.entity_id,
        "amount": written(fee.amount),
        "every": str(fee.every),
        "on": fee.on_day,
        UNDO_DATA: {"fee": fee.fee_key, "starts_on": fee.starts_on.isoformat(), "provider": fee.provider}
        | {"category": str(fee.category), "name": fee.name},
    }


@reverses("recurring.add")
def _undo_add(work: Work, lines: Lines) -> None:
    """Remove a fee with all that was booked of it; or add it again, to book it anew."""
    for line in lines:
        if line.after is not None:
            key = undo_data(line.after)["fee"]
            running = {fee.fee_key for fee in _fees(work) if not fee.has_ended}
            require_same(f"the fee {line.subject}", key in running, True)
            work.unit.recurring.remove(key)
            work.record("recurring.add", line.subject, line.after, None)
            continue
        facts, kept = line.before or {}, undo_data(line.before)
        starts_on = date.fromisoformat(kept["starts_on"])
        entity = spender(work, str(facts["of"]))
        is_taken = any(fee.fee_key == kept["fee"] for fee in _fees(work))  # SQLite gives the key of a removed one again
        fee = RecurringFee(
            0 if is_taken else kept["fee"],
            entity.entity_key,
            entity.entity_id,
            entity.path,
            kept["name"],
            parse_amount(str(facts["amount"])),
            kept["provider"],
            kept["category"],
            Every(facts["every"]),
            int(facts["on"]),
            starts_on,
            None,
            starts_on - ONE_DAY,
            False,
        )
        _require_no_other(work, fee)
        fee = fee._replace(fee_key=work.unit.recurring.add(work.organization.org_key, fee, work.actor, work.now))
        work.record("recurring.add", line.subject, None, _facts(fee))


@reverses("recurring.end")
def _undo_end(work: Work, lines: Lines) -> None:
    for line in lines:
        before, after = line.before or {}, line.after or {}
        named = [fee for fee in _called(work, line.subject) if fee.name == line.subject]
        # One that came back while another had its key has a new one.
        fee = next((fee for fee in named if fee.fee_key == undo_data(after)["fee"]), named[-1] if named else None)
        if fee is None:
            raise Conflict(f"the fee {line.subject} was removed since", "add it again")
        stored = fee.ended_on.isoformat() if fee.ended_on is not None else None
        require_same(f"the end of the fee {line.subject}", stored, after["last_day"])
        _require_no_other(work, fee)
        _set_end(work, fee, date.fromisoformat(before["last_day"]) if before["last_day"] else None)
