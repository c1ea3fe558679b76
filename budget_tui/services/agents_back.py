"""Taking back what was done to agents: their coming and going, their allocations, the prices of their tokens."""

from collections.abc import Mapping
from datetime import date

from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import Conflict
from budget_tui.domain.tokens import TokenKind
from budget_tui.domain.tree import Placement
from budget_tui.services.agent_tokens import change_tokens, find_agent, put_agent_away, with_budget
from budget_tui.services.context import Work, written
from budget_tui.services.placing import put
from budget_tui.services.reversing import Lines, kept, require_same, reverses, subjects_of, value_of
from budget_tui.services.token_prices import charge_again, store_prices
from budget_tui.storage.trail_queries import AuditEntry


@reverses("agent.allocate", "agent.top-up", told=value_of("tokens of {}"))
def _set_tokens_back(work: Work, lines: Lines) -> None:
    work.require_open_period()
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        agent = with_budget(work, find_agent(work, line.subject))
        require_same(f"the allocation of {line.subject}", agent.allocated, line.after["tokens"])
        change_tokens(work, line.action, agent, line.before["tokens"])


@reverses("agent.add", told=subjects_of("adding of"))
@reverses("agent.archive", told=subjects_of("archiving of"))
def _put_away_or_bring_back(work: Work, lines: Lines) -> None:
    """An agent is there by an add, and is not by an archive: each takes back the other."""
    work.require_open_period()
    for line in reversed(lines):
        if line.after is not None:
            _put_away(work, line)
        else:
            _bring_back(work, line)


def _put_away(work: Work, line: AuditEntry) -> None:
    """Archive again what was added or brought back, unless it has used tokens since."""
    agent = find_agent(work, line.subject)
    if line.action == "agent.add":
        require_same(f"what {line.subject} has used", agent.used + agent.reserved, kept(line.after)["used"])
    put_agent_away(work, agent)
    work.record(line.action, line.subject, line.after, None)


def _bring_back(work: Work, line: AuditEntry) -> None:
    entity = work.entity(line.subject)
    if not entity.archived:
        raise Conflict(f"{line.subject} was brought back since", "there is nothing to take back any more")
    put(work, [Placement(line.subject, entity.name, "agent", entity.parent_id)])
    with_budget(work, find_agent(work, line.subject))
    work.record(line.action, line.subject, None, line.before)


@reverses("agent.price", told=value_of("price of {}"))
def _set_price_back(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        first = date.fromisoformat(line.after["from"])
        then = {TokenKind(kind): nanos for kind, nanos in kept(line.before).items()}
        now = work.unit.agents.prices_from(work.organization.org_key, line.subject, first)
        left_behind = kept(line.after)
        require_same(
            f"the price of {line.subject}", _shown({kind: now.get(kind) for kind in then}), _shown(left_behind)
        )
        work.record(line.action, line.subject, *store_prices(work, line.subject, then, first))
        charge_again(work, line.subject, first)


def _shown(prices: Mapping[str, int | None]) -> str:
    return ", ".join(f"{kind} {written(nanos)}" for kind, nanos in prices.items() if nanos is not None) or "none"


@reverses("agent.carry", told=value_of("carry-over of {}"))
def _set_carry_back(work: Work, lines: Lines) -> None:
    work.require_open_period()
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        agent = with_budget(work, find_agent(work, line.subject))
        carry = work.queries.carry_of(agent.budget_id)
        stored = {"carry": str(carry.policy), "cap": carry.cap}
        require_same(f"the carry-over of {line.subject}", stored, line.after)
        policy, cap = CarryPolicy(line.before["carry"]), line.before["cap"]
        work.unit.cycle.set_carry(agent.budget_id, policy, cap, work.actor, work.now)
        work.record(line.action, line.subject, stored, {"carry": policy, "cap": cap})
