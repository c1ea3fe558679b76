"""``/agents``: token budgets with a hard limit."""

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.auth import Caller, CurrentCaller
from budget_tui.api.http import (
    NOT_MODIFIED,
    WITH_LOCATION,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    created,
    json_response,
    problem_responses,
    router_of,
    tagged_response,
    write_if_match,
)
from budget_tui.api.problems import TOKENS_TAG
from budget_tui.api.routes.entities import archive, changed, done_if_match
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.schemas.agents import (
    AgentBudget,
    Agents,
    NewAgent,
    NewReservation,
    Reservation,
    SettledUse,
    TokenAllocation,
    TokenAmount,
    TokenBalance,
    TokenUse,
)
from budget_tui.schemas.hierarchy import AgentChanged, AgentChangeIn

router = router_of(TOKENS_TAG)

AgentId = Annotated[str, Path(alias="id", description="The agent's id.", max_length=ID_MAX_LENGTH)]
ReservationId = Annotated[str, Path(alias="id", description="Id returned by `reserve`.", max_length=ID_MAX_LENGTH)]


@router.get("/agents", response_model=Agents)
async def get_agents(caller: CurrentCaller) -> Response:
    """List every agent's budget in the current period."""
    agents = await caller.pools.read(caller.services.agents.all)
    return json_response(Agents(agents=[AgentBudget.from_domain(agent) for agent in agents]))


@router.post(
    "/agents", status_code=201, response_model=TokenBalance, responses=problem_responses(404, 409) | WITH_LOCATION
)
async def post_agent(caller: CurrentCaller, body: NewAgent, idempotency_key: IdempotencyKey = None) -> Response:
    """Add an agent; an archived one with the same id is restored."""
    agents = caller.services.agents
    balance, replayed = await caller.pools.write_once(
        lambda: agents.add(body.agent_id, body.project_id, body.name, body.model, body.tokens, idempotency_key)
    )
    return created("/agents/{}/budget", balance.agent_id, TokenBalance.from_domain(balance), replayed=replayed)


@router.patch("/agents/{id}", response_model=AgentChanged, responses=problem_responses(404, 409, 412))
async def patch_agent(
    caller: CurrentCaller, agent_id: AgentId, body: AgentChangeIn, if_match: IfMatch = None
) -> Response:
    """Rename an agent, assign it to another project, or change its model. `If-Match` takes the ETag of
    `/entities/{id}`."""
    agents = caller.services.agents
    agent = await done_if_match(
        caller, if_match, lambda seen: agents.change(agent_id, body.to_domain(), seen, body.model)
    )
    return changed(AgentChanged.from_agent(agent), agent.moved.entity)


@router.delete("/agents/{id}", status_code=204, responses=problem_responses(404, 409, 412))
async def delete_agent(caller: CurrentCaller, agent_id: AgentId, if_match: IfMatch = None) -> Response:
    """Archive an agent and its budget. Its usage and costs are kept."""
    return await archive(caller, if_match, lambda seen: caller.services.agents.archive(agent_id, seen))


@router.get("/agents/{id}/budget", response_model=AgentBudget, responses=NOT_MODIFIED | problem_responses(404))
async def get_agent(
    request: Request, caller: CurrentCaller, agent_id: AgentId, if_none_match: IfNoneMatch = ""
) -> Response:
    """An agent's budget in the current period, with its rate."""
    return await _agent(request, caller, agent_id)


@router.put("/agents/{id}/budget", response_model=AgentBudget, responses=problem_responses(404, 409, 412))
async def put_agent(
    request: Request, caller: CurrentCaller, agent_id: AgentId, body: TokenAllocation, if_match: IfMatch = None
) -> Response:
    """Set the agent's budget per period, never below what is used and reserved."""
    agents = caller.services.agents
    await caller.pools.write(
        lambda: write_if_match(if_match, lambda seen: agents.allocate(agent_id, body.tokens, seen))
    )
    return await _agent(request, caller, agent_id)


@router.post("/agents/{id}/budget/consume", response_model=TokenBalance, responses=problem_responses(404, 409))
async def post_consume(
    caller: CurrentCaller, agent_id: AgentId, body: TokenUse, idempotency_key: IdempotencyKey = None
) -> Response:
    """Use tokens: all of them, or none and 409 with `available_tokens`."""
    agents = caller.services.agents
    balance, replayed = await caller.pools.write_once(
        lambda: agents.consume(agent_id, body.tokens, body.output, body.cached, idempotency_key)
    )
    return json_response(TokenBalance.from_domain(balance), replayed=replayed)


@router.post("/agents/{id}/budget/top-up", response_model=TokenBalance, responses=problem_responses(404, 409))
async def post_top_up(
    caller: CurrentCaller, agent_id: AgentId, body: TokenAmount, idempotency_key: IdempotencyKey = None
) -> Response:
    """Add tokens to the agent's budget."""
    agents = caller.services.agents
    balance, replayed = await caller.pools.write_once(lambda: agents.top_up(agent_id, body.tokens, idempotency_key))
    return json_response(TokenBalance.from_domain(balance), replayed=replayed)


@router.post("/agents/{id}/budget/reserve", response_model=Reservation, responses=problem_responses(404, 409))
async def post_reserve(
    caller: CurrentCaller, agent_id: AgentId, body: NewReservation, idempotency_key: IdempotencyKey = None
) -> Response:
    """Reserve tokens for a time, after which they become available again."""
    agents = caller.services.agents
    reservation, replayed = await caller.pools.write_once(
        lambda: agents.reserve(agent_id, body.tokens, body.seconds, idempotency_key)
    )
    return json_response(Reservation.from_domain(reservation), replayed=replayed)


@router.post("/reservations/{id}/settle", response_model=TokenBalance, responses=problem_responses(404, 409))
async def post_settle(
    caller: CurrentCaller, reservation_id: ReservationId, body: SettledUse, idempotency_key: IdempotencyKey = None
) -> Response:
    """Settle a reservation with the actual usage; the rest becomes available again. Repeating it changes nothing."""
    agents = caller.services.agents
    balance, replayed = await caller.pools.write_once(
        lambda: agents.settle(reservation_id, body.tokens, body.output, body.cached, idempotency_key)
    )
    return json_response(TokenBalance.from_domain(balance), replayed=replayed)


@router.post("/reservations/{id}/release", response_model=TokenBalance, responses=problem_responses(404, 409))
async def post_release(caller: CurrentCaller, reservation_id: ReservationId) -> Response:
    """Release a reservation. Repeating it changes nothing."""
    return json_response(
        TokenBalance.from_domain(await caller.pools.write(lambda: caller.services.agents.release(reservation_id)))
    )


async def _agent(request: Request, caller: Caller, agent_id: str) -> Response:
    agent = await caller.pools.read(lambda: caller.services.agents.get(agent_id))
    return tagged_response(AgentBudget.from_domain(agent), agent.allocated_tokens, request)
