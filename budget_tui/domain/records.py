"""What is on record, as services read it from the database."""

from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import Carry, Opening
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.currency import Rate
from budget_tui.domain.hierarchy import segments
from budget_tui.domain.period import Period
from budget_tui.domain.replacement import PartFacts

# Agents


class AgentFact(NamedTuple):
    """An agent as stored. ``budget_id`` is '' when it has no budget in the period that was asked for; ``reserved``
    counts holds whose time is up, too. It is as good as archived when whom it belongs to is."""

    entity_key: int
    agent_id: str
    name: str
    path: str
    archived: bool
    is_parent_archived: bool
    model: str
    is_priced: bool
    budget_id: str
    allocated: int
    used: int
    reserved: int

    @property
    def project_id(self) -> str:
        """Whom the agent belongs to: mostly a project."""
        return segments(self.path)[-2]


class HeldTokens(NamedTuple):
    """A reservation as stored; ``last_day`` is that of the period that granted it."""

    reservation_id: str
    entity_key: int
    agent_id: str
    model: str
    is_priced: bool
    budget_id: str
    tokens: int
    state: str
    last_day: date
    expires_at: datetime


# The cycle


class CycleBudget(NamedTuple):
    """An active budget of a period of the cycle.

    ``used`` and ``reserved`` count tokens; money is summed from its costs.
    """

    budget_id: str
    parent_id: str | None
    entity_key: int
    entity_id: str
    name: str
    path: str
    level_code: str
    category: str
    budget_type: BudgetType
    currency: str
    provider: str
    notes: str
    amount: int
    base: int
    used: int
    reserved: int
    carry: Carry

    @property
    def turn_key(self) -> "TurnKey":
        return TurnKey(self.entity_key, self.category, self.budget_type, self.provider)


class TurnKey(NamedTuple):
    """What a budget has in common with its successor."""

    entity_key: int
    category: str
    budget_type: str
    provider: str


class Planned(NamedTuple):
    """A budget that was planned for a period before the period was opened."""

    budget_id: str
    amount: int
    currency: str


class Successor(NamedTuple):
    """A budget of the period that ends, with what its successor opens with."""

    ended: CycleBudget
    opening: Opening


class StoredClose(NamedTuple):
    """A closed period as archived, without its lines."""

    close_key: int
    period: Period
    currency: str
    budget: int
    allocated: int
    spent: int
    data_through: date | None
    closed_by: str
    closed_at: datetime


class StoredLine(NamedTuple):
    """The archived figures of one project, or of one agent in tokens. ``used`` is what the agent used as of now."""

    close_key: int
    entity_id: str
    name: str
    path: str
    unit: BudgetType
    allocation: int
    spent: int
    status: str
    used: int


class ClosedLine(NamedTuple):
    """The figures of one budget at the close of a period, in what ``unit`` counts."""

    entity_key: int
    allocation: int
    spent: int
    status: str
    unit: str = "monetary"


# Costs


class Resolution(NamedTuple):
    """Whose a cost is: the entity's key (None: unmapped), the provider's short name, the category."""

    entity_key: int | None
    provider: str
    category: str


class KnownOrigin(NamedTuple):
    """An origin as stored, with whose it was found to be."""

    origin_key: int
    entity_key: int | None
    provider: str
    category: str
    origin: CostOrigin


class UnmappedOrigin(NamedTuple):
    """Costs that found no entity, with what a mapping rule could go by."""

    source: str
    currency: str
    provider: str
    service: str
    sub_account_id: str
    sub_account_name: str
    tags: tuple[tuple[str, str], ...]
    amount: int
    costs: int
    first_day: date
    last_day: date


class DayCost(NamedTuple):
    """One cost to store."""

    origin: CostOrigin
    day: date
    amount_nanos: int
    tokens: int | None
    charges: int


class CostRecord(NamedTuple):
    """One cost that was entered, as stored; ``day`` as a number, as the audit trail keeps it."""

    key: int
    origin_key: int
    day: int
    amount_nanos: int
    tokens: int | None
    charges: int


class StoredPart(NamedTuple):
    """A part as it is on record, with how many rows are left of it."""

    key: int
    facts: PartFacts
    row_count: int


class RuleName(NamedTuple):
    """What tells rules apart. There is at most one rule of a name."""

    kind: str
    field: str
    value: str


class StoredRule(NamedTuple):
    """A rule as it stands; of two that match a cost, the one with the greater key wins."""

    key: int
    target: str


# Rates and seats


class PairOnFile(NamedTuple):
    """The latest rate of a pair of currencies, and how many there are since when."""

    latest: Rate
    first_day: date
    days: int


class SeatRegistration(NamedTuple):
    """Seats that an entity has of a provider from a day on."""

    entity_id: str
    name: str
    path: str
    provider: str
    starts_on: date
    seats: int


# Usage

AGENT_SOURCE = "agents"
"""The source of costs that are made of what agents used."""

Owner = tuple[int | None, str, str]
"""Whose something is: entity, category and provider."""


class UsageOrigin(NamedTuple):
    """Whose an origin's costs are. ``is_agents``: made of what an agent used."""

    owner: Owner
    currency: str
    is_agents: bool


class DatedCost(NamedTuple):
    """What one origin cost on one day: ``amount`` in nanos of its currency, in so many charges."""

    origin_key: int
    day: date
    amount: int
    charges: int


class Stretch(NamedTuple):
    """The costs of one origin on the days of a period. No two of one origin share a day."""

    origin_key: int
    period: Period


class DaySum(NamedTuple):
    """How many origins have costs on a day, and what they are, in nanos of ``currency`` and in tokens."""

    day: date
    currency: str
    lines: int
    amount: int
    tokens: int


class StoredCost(NamedTuple):
    """What one origin cost on one day."""

    day: date
    origin_key: int
    entity_id: str
    entity_name: str
    provider: str
    service: str
    currency: str
    amount: int
    tokens: int | None


class OriginInPeriod(NamedTuple):
    """An origin and what it cost in a period: in nanos of its currency, in so many charges on so many days.

    ``before`` and ``after`` are its nearest days with costs outside the period, ``latest`` the last one of all.
    """

    origin_key: int
    source: str
    live: bool
    currency: str
    provider_name: str
    provider: str
    service: str
    category: str
    sub_account_id: str
    sub_account_name: str
    entity_hint: str
    path_hint: str
    tags: tuple[tuple[str, str], ...]
    entity_key: int | None
    entity_id: str
    archived: bool
    before: date | None
    after: date | None
    latest: date | None
    amount: int
    costs: int
    days: int
    first_day: date | None
    last_day: date | None
