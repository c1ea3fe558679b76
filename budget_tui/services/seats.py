"""Seats registered by hand."""

from datetime import date

from budget_tui.domain.cost import short_provider_name
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity, checked_name
from budget_tui.domain.records import SeatRegistration
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work


class SeatRegister:
    """Commands on registered seats, each one transaction, and queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def register(self, entity_id: str, provider: str, seats: int, from_day: date | None = None) -> SeatRegistration:
        """Register ``seats`` of ``provider`` for an entity from ``from_day`` on, by default today.

        `NotFound` if there is no such entity, or it is archived.
        """
        if not provider.strip():
            raise Refused("seats need a provider", "name one such as figma")
        with self._context.work() as work:
            entity = work.active(entity_id)
            name = short_provider_name(
                checked_name(provider), work.unit.cost_rules.provider_aliases(work.organization.org_key)
            )
            day = from_day or work.today
            _store(work, entity, name, day, seats)
            work.commit()
        return SeatRegistration(entity.entity_id, entity.name, entity.path, name, day, seats)

    def registered(self) -> list[SeatRegistration]:
        """Return the registrations by entity, provider and day."""
        with self._context.reading() as session:
            return session.seats.registrations(self._context.organization(session).org_key)


def _store(work: Work, entity: Entity, provider: str, day: date, seats: int | None) -> None:
    """Store the registration of that day (None removes it), and record it in the audit log, unless it is the same."""
    before = work.unit.seats.registered(entity.entity_key, provider, day)
    if seats == before:
        return
    if seats is None:
        work.unit.seats.remove(entity.entity_key, provider, day)
    else:
        work.unit.seats.register(entity.entity_key, provider, day, seats, work.actor, work.now)
    work.record("seat.set", entity.entity_id, _written(before, provider, day), _written(seats, provider, day))


def _written(seats: int | None, provider: str, day: date) -> dict[str, object] | None:
    return None if seats is None else {"seats": seats, "provider": provider, "from": day.isoformat()}


@reverses("seat.set")
def _undo_registration(work: Work, lines: Lines) -> None:
    for line in lines:
        facts = line.after or line.before or {}
        entity, provider, day = work.entity(line.subject), facts["provider"], date.fromisoformat(facts["from"])
        stored = work.unit.seats.registered(entity.entity_key, provider, day)
        require_same(f"the number of seats of {line.subject}", _written(stored, provider, day), line.after)
        _store(work, entity, provider, day, None if line.before is None else line.before["seats"])
