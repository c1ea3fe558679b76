"""``/recurring``: fees that come by themselves."""

from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import IdempotencyKey, json_response, problem_responses, router_of
from budget_tui.schemas.recurring import NewRecurringFee, RecurringFee, RecurringFees

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
