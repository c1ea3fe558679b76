"""Records as services read them from the database."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import Carry, Opening
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.currency import Rate
from budget_tui.domain.hierarchy import segments
from budget_tui.domain.period import Period
from budget_tui.domain.replacement import PartFacts

# Agents


class AgentFact(NamedTuple):
    """An agent as stored, with its tokens in the period requested.

    ``budget_id`` is '' when it has no budget in that period. ``reserved`` includes expired reservations. An agent
    counts as archived when its parent is.
    """

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
        """The id of the agent's parent, usually a project."""
        return segments(self.path)[-2]


class StoredReservation(NamedTuple):
    """A reservation of tokens as stored, with the ``nanos`` that are reserved for them where money is enforced.

    ``last_day`` is the end of the period that granted it; ``path`` is the agent's. ``settled`` are the tokens that it
    was settled with, and ``settled_output`` and ``settled_cached`` those of them that are such, where this is known.
    """

    reservation_id: str
    entity_key: int
    agent_id: str
    model: str
    is_priced: bool
    budget_id: str
    tokens: int
    nanos: int
    state: str
    last_day: date
    expires_at: datetime
    path: str
    settled: int | None
    settled_output: int | None
    settled_cached: int | None


class StoredHold(NamedTuple):
    """A reservation of money as stored, in nanos; ``last_day`` is the end of the period that it counts in."""

    hold_id: str
    project_id: str
    name: str
    amount: int
    state: str
    settled: int | None
    last_day: date
    expires_at: datetime
    created_by: str
    created_at: datetime


# The cycle


class CycleBudget(NamedTuple):
    """An active budget of one of the organization's recurring periods.

    ``used`` and ``reserved`` are tokens; the usage of money is summed from its costs.
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
    def cycle_key(self) -> "CycleKey":
        return CycleKey(self.entity_key, self.category, self.budget_type, self.provider)


class CycleKey(NamedTuple):
    """The key by which a budget of the cycle and its successor in the next period are matched."""

    entity_key: int
    category: str
    budget_type: str
    provider: str


class Planned(NamedTuple):
    """A budget that was planned before its period was opened."""

    budget_id: str
    amount: int
    currency: str


class Successor(NamedTuple):
    """A budget of the ending period, with the opening of its successor."""

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
    """The archived figures of one project in nanos, or of one agent in tokens.

    ``used`` is the agent's usage in that period as known now.
    """

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
    """The figures of one budget at the close of its period, in nanos or tokens as ``unit`` says."""

    entity_key: int
    allocation: int
    spent: int
    status: str
    unit: str = "monetary"


# Costs


class Resolution(NamedTuple):
    """The resolved owner of a cost: the entity's key (None: unmapped), the provider's short name, the category."""

    entity_key: int | None
    provider: str
    category: str


class KnownOrigin(NamedTuple):
    """An origin as stored, with the owner that it was resolved to."""

    origin_key: int
    entity_key: int | None
    provider: str
    category: str
    origin: CostOrigin


class UnmappedOrigin(NamedTuple):
    """Costs without an entity, in nanos of ``currency``, with everything that a mapping rule could match.

    ``is_unpriced``: they are messages of a model without a price, and come to nothing for that.
    """

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
    is_unpriced: bool = False


class DailyCosts(NamedTuple):
    """The costs of one origin, in nanos, on those days of a stretch that have any; or its tokens, in no currency.

    ``positions`` are those of the days with costs among all of the days, ascending; ``amounts`` belong to them.
    ``path`` is that of its entity, None if it is unmapped; ``is_once`` are costs that are no usage. ``first_day`` is
    the first day ever with a cost.
    """

    origin_key: int
    path: str | None
    category: str
    provider: str
    currency: str
    is_once: bool
    first_day: date
    positions: Sequence[int]
    amounts: Sequence[int]

    def through(self, position: int) -> "DailyCosts":
        """Return the same costs without those after a day."""
        known = bisect_right(self.positions, position)
        return self._replace(positions=self.positions[:known], amounts=self.amounts[:known])


class RecordedCosts(NamedTuple):
    """Costs of one origin that were recorded together, ``at`` a time; replaced at the time ``until``, if they were.

    ``account`` is the source and the billing account that they were imported from; None for costs that came by
    themselves, of which no time is stored. ``replaced_by`` is that of the import which replaced them.
    """

    costs: DailyCosts
    source: str
    account: tuple[str, str] | None
    at: datetime | None
    until: datetime | None
    replaced_by: tuple[str, str] | None


class CostSum(NamedTuple):
    """The sum of some costs in nanos, and how many they are."""

    amount: int
    costs: int


class DayCost(NamedTuple):
    """A cost to store: the amount, tokens and charges of one origin on one day."""

    origin: CostOrigin
    day: date
    amount_nanos: int
    tokens: int | None
    charges: int


class CostRecord(NamedTuple):
    """An entered cost as stored; ``day`` is a number such as 20260113, as in the audit trail."""

    key: int
    origin_key: int
    day: int
    amount_nanos: int
    tokens: int | None
    charges: int


class EnteredCost(NamedTuple):
    """An entered cost as the audit trail knows it: recorded ``at`` a time, and removed at the time ``until``, if it
    was; ``is_history``: together with costs of other days."""

    record: CostRecord
    at: datetime
    until: datetime | None
    is_history: bool


class StoredPart(NamedTuple):
    """A part as stored, with the number of its rows that are left."""

    key: int
    facts: PartFacts
    row_count: int
    imported_at: datetime


class RuleName(NamedTuple):
    """The identity of a rule: no two rules have the same."""

    kind: str
    field: str
    value: str


class StoredRule(NamedTuple):
    """A rule as stored; of two that match a cost, the one with the greater key wins."""

    key: int
    target: str


# Rates and seats


class StoredPair(NamedTuple):
    """The latest rate of a pair of currencies, the first day with a rate, and the number of days with one."""

    latest: Rate
    first_day: date
    days: int


class SeatRegistration(NamedTuple):
    """Seats that an entity has with a provider from a day on."""

    entity_id: str
    name: str
    path: str
    provider: str
    starts_on: date
    seats: int


# Usage

Owner = tuple[int | None, str, str]
"""The entity's key (None: unmapped), category and provider that something belongs to."""


class UsageOrigin(NamedTuple):
    """The owner, service and currency of an origin's costs.

    ``is_agents``: they are computed from an agent's usage; ``is_once``: they are no usage, and no part of a rate.
    """

    owner: Owner
    service: str
    currency: str
    is_agents: bool
    is_once: bool


class DatedCost(NamedTuple):
    """The cost of one origin on one day: ``amount`` in nanos of its currency, from a number of charges."""

    origin_key: int
    day: date
    amount: int
    charges: int


class Stretch(NamedTuple):
    """The costs of one origin on the days of a period; no two stretches of an origin share a day."""

    origin_key: int
    period: Period


class ServiceDay(NamedTuple):
    """The costs of one service on one day in one currency: the number of origins, the amount in nanos, the tokens."""

    day: date
    provider: str
    service: str
    currency: str
    lines: int
    amount: int
    tokens: int


class StoredCost(NamedTuple):
    """The cost of one origin on one day, as stored; ``amount`` is in nanos of ``currency``.

    ``estimated`` is what was estimated and does not count, because the bill for it is there.
    """

    day: date
    origin_key: int
    entity_id: str
    entity_name: str
    provider: str
    service: str
    currency: str
    amount: int
    tokens: int | None
    source: str
    tags: tuple[tuple[str, str], ...]
    estimated: int | None


class StoredCharge(NamedTuple):
    """A cost as stored, of one origin on one day; ``imported_at`` is None for one that was entered by hand, by an agent
    or over the API. ``estimated`` is as in `StoredCost`."""

    amount: int
    tokens: int | None
    charges: int
    imported_at: datetime | None
    estimated: int | None


class OriginInPeriod(NamedTuple):
    """An origin with its costs in a period: nanos of its currency, the number of charges (``costs``) and of days.

    ``before`` and ``after`` are its nearest days with costs outside the period, ``latest`` its last day with costs at
    all.
    """

    origin_key: int
    source: str
    live: bool
    currency: str
    provider_name: str
    provider: str
    service: str
    category: str
    is_once: bool
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


# Alerts


class StateKey(NamedTuple):
    """The key of an alert's state: a rule's threshold, and what it watches in which period."""

    rule_key: int
    subject: str
    period_start: date
    threshold: int


class AlertProgress(NamedTuple):
    """The day through which data reached at the latest evaluation; ``revision`` is that of rules and states since."""

    data_through: date
    revision: str


class Delivery(NamedTuple):
    """The delivery of a message through a channel: ``queued``, ``sent`` or ``undelivered``, after some attempts."""

    message_id: str
    channel: str
    state: str
    attempts: int
    due_at: datetime
    error: str
    sent_at: datetime | None


class AlertMessage(NamedTuple):
    """A message that a rule made; ``body`` holds JSON values and is what its receivers get."""

    message_id: str
    rule_key: int
    subject: str
    period: Period
    body: Mapping[str, Any]
    created_at: datetime
    channels: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
