"""What tokens cost: prices per million tokens of a model, each from a day on."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from budget_tui.domain.amount import within_limit
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import TokenKind, checked_model
from budget_tui.services.agent_tokens import charge_day
from budget_tui.services.context import Context, Work, written
from budget_tui.storage.reading import DatabaseReader


class TokenPrice(NamedTuple):
    """What a million tokens of one kind cost from a day on, in nanos of the organization's currency."""

    model: str
    kind: TokenKind
    starts_on: date
    amount_nanos: int


class PriceOutcome(NamedTuple):
    """What a new price did from ``starts_on`` on: how many daily costs it changed, and by how much together."""

    model: str
    starts_on: date
    days: int
    changed_nanos: int


class TokenPrices:
    """Commands on prices, each one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set(self, model: str, prices: Mapping[TokenKind, int], starts_on: date | None = None) -> PriceOutcome:
        """Price a model's tokens from a day on (today unless given); what was used since then costs that much."""
        model = checked_model(model)
        if not model:
            raise Refused("a price needs a model", "name it as the agent does")
        if not prices:
            raise Refused("a price is missing", "give --input, --output or --cached")
        if min(prices.values()) < 0:
            raise Refused("a price cannot be negative", "give an amount of 0 or more")
        with self._context.work() as work:
            first = starts_on or work.today
            _store(work, model, prices, first)
            uses = work.queries.uses_of(work.organization.org_key, model, first)
            changed = [charge_day(work, entity_key, agent_id, model, day) for entity_key, agent_id, day in uses]
            work.commit()
        return PriceOutcome(model, first, sum(change != 0 for change in changed), sum(changed))

    def all(self) -> list[TokenPrice]:
        """Every price on file, by model, the newest first."""
        reader = DatabaseReader(self._context.path)
        try:
            with reader.session() as queries:
                organization = self._context.organization(queries)
                return [TokenPrice(*row) for row in queries.prices(organization.org_key)]
        finally:
            reader.close()


def _store(work: Work, model: str, prices: Mapping[TokenKind, int], first: date) -> None:
    org_key = work.organization.org_key
    before = work.queries.prices_on(org_key, model, first)
    for kind, nanos in prices.items():
        work.unit.agents.set_price(org_key, model, kind, first, within_limit(nanos))
    after: dict[str, object] = {str(kind): written(nanos) for kind, nanos in prices.items()}
    former: dict[str, object] = {str(kind): written(before[kind]) for kind in prices if kind in before}
    work.record("agent.price", model, former or None, {**after, "from": first.isoformat()})
