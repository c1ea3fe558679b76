"""``/holds``: money held for work in flight."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import IdempotencyKey, json_response, problem_responses, router_of
from budget_tui.api.routes.projects import ProjectId
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.schemas.holds import EndedHold, Hold, NewHold, OpenHolds, SettledHold

router = router_of("holds")

HoldId = Annotated[str, Path(alias="id", description="Id returned by holding.", max_length=ID_MAX_LENGTH)]


@router.get("/holds", response_model=OpenHolds)
async def get_holds(caller: CurrentCaller) -> Response:
    """The holds whose time is not up."""
    return json_response(OpenHolds.from_domain(await caller.pools.read(caller.services.holds.open)))


@router.post("/projects/{id}/budget/hold", status_code=201, response_model=Hold, responses=problem_responses(404, 409))
async def post_hold(
    caller: CurrentCaller, project_id: ProjectId, body: NewHold, idempotency_key: IdempotencyKey = None
) -> Response:
    """Hold money for work in flight; 409 with `available_usd` when it is more than is left and not held."""
    holds = caller.services.holds
    hold, replayed = await caller.pools.write_once(
        lambda: holds.hold(project_id, body.amount_usd, body.seconds, with_today=body.today, key=idempotency_key)
    )
    return json_response(Hold.from_domain(hold), 201, replayed=replayed)


@router.post("/holds/{id}/settle", response_model=EndedHold, responses=problem_responses(404, 409))
async def settle_hold(caller: CurrentCaller, hold_id: HoldId, body: SettledHold) -> Response:
    """Record the full cost in place of what was held, also after the hold's end. Repeating it changes nothing."""
    holds, settlement = caller.services.holds, body.to_domain()
    return json_response(EndedHold.from_domain(await caller.pools.write(lambda: holds.settle(hold_id, settlement))))


@router.post("/holds/{id}/release", response_model=EndedHold, responses=problem_responses(404, 409))
async def release_hold(caller: CurrentCaller, hold_id: HoldId) -> Response:
    """Release what is held. Repeating it changes nothing."""
    holds = caller.services.holds
    return json_response(EndedHold.from_domain(await caller.pools.write(lambda: holds.release(hold_id))))
