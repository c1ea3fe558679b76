"""``/recurring``: fees that come by themselves."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import IdempotencyKey, json_response, problem_responses, router_of
from budget_tui.domain.hierarchy import NAME_MAX_LENGTH
from budget_tui.schemas.recurring import FeeEnd, NewRecurringFee, RecurringFee, RecurringFees

router = router_of("recurring")


@router.get("/recurring", response_model=RecurringFees)
async def get_fees(caller: CurrentCaller) -> Response:
    """Every recurring fee, ended ones too, with its latest charge."""
    return json_response(RecurringFees.from_domain(await caller.pools.read(caller.services.recurring.all)))


@router.post("/recurring", status_code=201, response_model=RecurringFee, responses=problem_responses(404, 409))
async def post_fee(caller: CurrentCaller, body: NewRecurringFee, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a fee, and book it if it is due. 409 if there is another one of that name."""
    fees = caller.services.recurring
    report, replayed = await caller.pools.write_once(lambda: fees.add(body.to_domain(), idempotency_key))
    return json_response(RecurringFee.from_domain(report), 201, replayed=replayed)


@router.patch("/recurring/{name}", response_model=RecurringFee, responses=problem_responses(404))
async def patch_fee(
    caller: CurrentCaller,
    name: Annotated[str, Path(description="Name of a fee that has not ended.", max_length=NAME_MAX_LENGTH)],
    body: FeeEnd,
) -> Response:
    """Let a fee be due no longer than through a day."""
    fees = caller.services.recurring
    ended = await caller.pools.write(lambda: fees.end(name, body.ended_on))
    return json_response(RecurringFee.from_domain(ended))
