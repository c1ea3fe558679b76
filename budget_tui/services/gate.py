"""The gate: may it be spent? It only advises, within milliseconds; a hold takes. Loads no SQLAlchemy."""

from dataclasses import dataclass
from datetime import date, datetime

from budget_tui.domain.amount import within_limit
from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused, unknown
from budget_tui.domain.hierarchy import ROOT_ID, Entity, archived_error, checked_project, unstored_root
from budget_tui.domain.tokens import provider_of_model
from budget_tui.presentation.formatting import money
from budget_tui.services.context import Context
from budget_tui.services.freshness import data_through
from budget_tui.services.limits import Limits, bound_of, shortage
from budget_tui.services.snapshots import amounts_ahead
from budget_tui.storage.session import Session


@dataclass(frozen=True, slots=True)
class GateRequest:
    """A spending to check: an ``estimate`` in nanos (0: anything at all), for a project and by an agent, '' for none.

    Without either the organization's budget decides. ``with_today``: today's share, too.
    """

    project_id: str = ""
    agent_id: str = ""
    estimate: int = 0
    with_today: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the gate; where it refuses, it gives the ``reason``.

    ``available`` nanos of ``currency`` are left and not held by all budgets that bound it, of which the one of
    ``bound_by`` is the tightest; ``available_tokens`` is None without an agent.
    """

    request: GateRequest
    is_allowed: bool
    reason: str
    available: int
    bound_by: str
    available_tokens: int | None
    currency: str
    as_of: date
    data_through: date


class Gate:
    """Queries on what may be spent. Nothing is written, and nothing taken."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ask(self, request: GateRequest) -> Verdict:
        """Return whether what is requested may be spent; raises `NotFound` for unknown projects and agents."""
        if within_limit(request.estimate) < 0:
            raise Refused("an estimate cannot be negative", "give an amount of 0 or more")
        with self._context.reading() as session:
            organization = self._context.organization(session)
            today, now = self._context.clock.today(organization.time_zone), self._context.clock.now()
            limits = Limits(session, organization, today, now)
            entity = _entity(session, organization.org_key, request)
            category, provider, tokens = Category.TOTAL, "", None
            if request.agent_id:
                category = Category.GENAI
                provider, tokens = _agent(session, organization, request.agent_id, today, now)
            found = limits.of(entity.path, category, provider)
            known_through = data_through(session, organization, today)
        bound = bound_of(found, with_today=request.with_today)
        reason = ""
        if request.estimate > bound.amount or not bound.amount:
            reason = shortage(bound, organization.currency)
        if tokens is not None and tokens <= 0:
            reason = f"{request.agent_id} has no tokens left"
        return Verdict(
            request,
            not reason,
            reason,
            bound.amount,
            bound.name,
            tokens,
            organization.currency,
            today,
            known_through,
        )


def headline(verdict: Verdict) -> str:
    """Describe in one line what may be spent."""
    return f"{money(verdict.available, verdict.currency)} of {verdict.bound_by} may be spent"


def _entity(session: Session, org: int, request: GateRequest) -> Entity:
    """Return the entity that the request is about."""
    noun, entity_id = ("agent", request.agent_id) if request.agent_id else ("project", request.project_id)
    if not entity_id:
        return session.fast.entity(org, ROOT_ID) or unstored_root("")
    found = session.fast.entity(org, entity_id)
    if found is None or (noun == "agent") != (found.level_code == "agent"):
        raise unknown(noun, entity_id)
    if found.archived:
        raise archived_error(found)
    if noun == "project":
        checked_project(found)
    if request.agent_id and request.project_id and f"/{request.project_id}/" not in found.path:
        raise Refused(f"agent '{request.agent_id}' is not of {request.project_id}", "name one of the two")
    return found


def _agent(session: Session, organization: Organization, agent_id: str, today: date, now: datetime) -> tuple[str, int]:
    """Return the provider of an agent's model, and the tokens that it has left, also in a period nobody opened yet."""
    org = organization.org_key
    stored = session.fast.global_budget(org, today)
    agent = session.fast.agent(org, agent_id, stored.period if stored else organization.period_rule.containing(today))
    if agent is None or agent.is_parent_archived:
        raise unknown("agent", agent_id)
    expired = session.fast.expired_tokens(agent.budget_id, now) if agent.reserved else 0
    left = agent.allocated - agent.used - agent.reserved + expired
    if stored is not None and stored.period.end < today:
        ahead = amounts_ahead(session, organization, stored, today, now, {agent.budget_id: expired} if expired else {})
        left = ahead.get(agent.budget_id, left)
    return provider_of_model(agent.model), left
