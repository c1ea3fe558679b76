"""``/gate``: may it be spent?"""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import json_response, problem_responses, router_of
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.schemas.gate import Gate
from budget_tui.services.gate import GateRequest

router = router_of("gate")


@router.get("/gate", response_model=Gate, responses=problem_responses(404))
async def get_gate(
    caller: CurrentCaller,
    project: Annotated[str, Query(description="A project's id.", max_length=ID_MAX_LENGTH)] = "",
    agent: Annotated[str, Query(description="An agent's id.", max_length=ID_MAX_LENGTH)] = "",
    est: Annotated[str, Query(description="What it will cost, such as 0.40.", max_length=40)] = "",
    today: Annotated[bool, Query(description="Not more than today's share, either.")] = False,
) -> Response:
    """Check that something may be spent; if not, the response gives the reason. Nothing is taken."""
    request = GateRequest(project, agent, parse_amount(est) if est else 0, today)
    return json_response(Gate.from_domain(await caller.pools.read(lambda: caller.services.gate.ask(request))))
