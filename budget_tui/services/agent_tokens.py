"""An agent's tokens inside a transaction: finding its budget, using tokens, recording their cost."""

from collections.abc import Mapping
from datetime import date

from budget_tui.domain.amount import LIMIT_NANOS, within_limit
from budget_tui.domain.carry import carried_over, left
from budget_tui.domain.cost import Category, CostOrigin
from budget_tui.domain.errors import InsufficientBudget, Refused, archived, archived_above, unknown
from budget_tui.domain.estimates import AGENT_SOURCE
from budget_tui.domain.records import AgentFact, StoredReservation
from budget_tui.domain.tokens import TokenBalance, TokenKind, cost_nanos, provider_of_model
from budget_tui.presentation.formatting import tokens
from budget_tui.services.costs import Resolver, origin_keys, require_sums_in_range
from budget_tui.services.work import Tariff, Work
from budget_tui.storage.fast_paths import day_number

_LARGE = LIMIT_NANOS // 1_000_000
"""Above this, in nanos, a day's cost could make a period's sum too large to store."""


def find_agent(work: Work, agent_id: str) -> AgentFact:
    """Return the agent with its budget in the current period; `NotFound` if there is none or it is archived."""
    found = work.unit.fast.agent(work.organization.org_key, agent_id, work.open.period)
    return require_active(found, agent_id)


def require_active(agent: AgentFact | None, agent_id: str) -> AgentFact:
    """Return ``agent``; raises `NotFound` if it is None, or if it or its project is archived."""
    if agent is None:
        raise unknown("agent", agent_id)
    if agent.archived:
        raise archived("agent", agent_id, project=agent.project_id)
    if agent.is_parent_archived:
        raise archived_above(agent_id, agent.project_id)
    return agent


def with_budget(work: Work, agent: AgentFact) -> AgentFact:
    """Return the agent with a budget in the current period, created with 0 tokens if there is none."""
    if agent.budget_id:
        return agent
    parent = work.open
    work.unit.budgets.add_tokens(
        work.organization.org_key, agent.entity_key, parent.period_kind, parent.period, work.actor, work.now
    )
    return find_agent(work, agent.agent_id)


def taken_from(work: Work, agent_id: str) -> tuple[AgentFact, TokenBalance]:
    """Return the agent to take tokens from, and its balance after expired reservations are released."""
    agent = work.agents.get(agent_id)
    if agent is None:
        work.require_running_day()
        agent = find_agent(work, agent_id)
        if not agent.budget_id:
            raise insufficient(agent_id, 0)
        work.agents[agent_id] = agent
    balance = TokenBalance(agent_id, *work.unit.fast.token_counts(agent.budget_id))
    return agent, without_expired(work, agent.budget_id, balance) if balance.reserved_tokens else balance


def without_expired(work: Work, budget_id: str, balance: TokenBalance) -> TokenBalance:
    """Return the balance of a budget after expired reservations are released."""
    if not balance.reserved_tokens:
        return balance
    work.unit.grants.release_expired(budget_id, work.now)
    return TokenBalance(balance.agent_id, *work.unit.fast.token_counts(budget_id))


def take_from_successors(work: Work, agent_id: str, budget_id: str, tokens: int) -> None:
    """If the budget's period is closed, reduce the amount its successor received by carry-over.

    Otherwise tokens that were carried over could be used twice: here after the close, and there.
    """
    lowered: str | None = budget_id
    while lowered is not None and (found := work.unit.fast.with_successor(lowered)) is not None:
        closed, successor = found
        policy, cap, carried = closed.carry
        remaining = left(closed.base, carried, closed.used, closed.reserved)
        excess = successor.carry.carried - carried_over(remaining, policy, cap)
        if excess <= 0:
            return
        if not work.unit.grants.lower_carried(successor.budget_id, excess):
            free = successor.amount - successor.used - successor.reserved
            raise insufficient(agent_id, max(0, tokens - excess + free))
        lowered = successor.budget_id


def change_tokens(work: Work, action: str, agent: AgentFact, tokens: int) -> TokenBalance:
    """Allocate ``tokens`` and record it in the audit log; `Refused` below those used and reserved."""
    balance = TokenBalance(agent.agent_id, agent.allocated, agent.used, agent.reserved)
    balance = without_expired(work, agent.budget_id, balance)
    taken = balance.used_tokens + balance.reserved_tokens
    if tokens < taken:
        reserved = f" and reserved {balance.reserved_tokens:,}" if balance.reserved_tokens else ""
        raise Refused(
            f"{agent.agent_id} has used {balance.used_tokens:,} tokens{reserved}", f"allocate {taken:,} or more"
        )
    if tokens != agent.allocated:
        work.unit.budgets.set_tokens(agent.budget_id, tokens, work.actor, work.now)
        work.record(action, agent.agent_id, {"tokens": agent.allocated}, {"tokens": tokens})
    return balance._replace(allocated_tokens=tokens)


def archive_agent(work: Work, agent: AgentFact) -> None:
    """Archive an agent and its budget."""
    if agent.budget_id:
        work.unit.budgets.deactivate(agent.budget_id, work.actor, work.now)
    work.unit.entities.archive(work.entity(agent.agent_id), work.now)


def insufficient(agent_id: str, available: int) -> InsufficientBudget:
    return InsufficientBudget(
        f"{tokens(available)} {'is' if available == 1 else 'are'} all that {agent_id} has available",
        "a top-up adds some",
        command=f"budget-tui agent top-up {agent_id} TOKENS adds some",
        available=available,
    )


def count_use(work: Work, agent: AgentFact, tokens: Mapping[TokenKind, int]) -> None:
    """Record today's usage and, if the model has a price, its cost."""
    work.unit.grants.count(agent.entity_key, agent.model, tokens, work.today, work.now)
    if agent.is_priced:
        whose = agent.entity_key, agent.model
        tariff = work.tariffs.get(whose) or _tariff(work, *whose, work.today)
        if tariff.origin is not None:
            work.tariffs[whose] = tariff
        _charge(work, agent.entity_key, agent.agent_id, agent.model, work.today, tariff)


def count_reserved_use(work: Work, reservation: StoredReservation, tokens: Mapping[TokenKind, int]) -> None:
    """Record the usage of a reservation and its cost in the period that granted it, on its last day at the latest."""
    day = min(work.today, reservation.last_day)
    work.unit.grants.count(reservation.entity_key, reservation.model, tokens, day, work.now)
    if reservation.is_priced:
        charge_day(work, reservation.entity_key, reservation.agent_id, reservation.model, day)


def charge_day(work: Work, entity_key: int, agent_id: str, model: str, day: date) -> dict[tuple[int, int], int]:
    """Compute the cost of an agent's tokens on a day again; return its change, in nanos, by origin and day."""
    work.estimated_on.add(day)
    return _charge(work, entity_key, agent_id, model, day, _tariff(work, entity_key, model, day))


def _charge(
    work: Work, entity_key: int, agent_id: str, model: str, day: date, tariff: Tariff
) -> dict[tuple[int, int], int]:
    prices, origin = tariff
    if origin is None:
        if not prices:  # prices begin on a later day
            return {}
        stated = _origin(work, agent_id, model)
        origin = origin_keys(work, [stated], (), Resolver(work, [stated]).resolve)[stated]
    used = work.unit.fast.tokens_on(entity_key, model, day)
    nanos = within_limit(cost_nanos(used, prices))
    before = work.unit.grants.set_cost(origin, day, nanos, sum(used.values()))
    if nanos > _LARGE:
        require_sums_in_range(work, [(work.organization.currency, day)])
    return {(origin, day_number(day)): nanos - before}


def _tariff(work: Work, entity_key: int, model: str, day: date) -> Tariff:
    prices = work.unit.fast.prices_on(work.organization.org_key, model, day)
    return Tariff(prices, work.unit.fast.agent_origin(entity_key, AGENT_SOURCE, model))


def _origin(work: Work, agent_id: str, model: str) -> CostOrigin:
    return CostOrigin(
        source=AGENT_SOURCE,
        live=True,
        currency=work.organization.currency,
        provider_name=provider_of_model(model),
        service=model,
        entity_hint=agent_id,
        category_hint=Category.GENAI,
    )
