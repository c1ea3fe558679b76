"""``/periods``: the closed periods."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import json_response, router_of
from budget_tui.schemas.base import Day
from budget_tui.schemas.periods import ClosedPeriod

router = router_of("periods")

MOST = 120


@router.get("/periods", response_model=list[ClosedPeriod])
async def get_periods(
    caller: CurrentCaller,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Return at most this many.")] = 12,
    before: Annotated[Day | None, Query(description="Only periods that started before this day.")] = None,
) -> Response:
    """Closed periods, newest first: the figures at the close, and what was spent beyond them since."""
    periods = await caller.pools.read(lambda: caller.services.history.periods(limit, before))
    return json_response([ClosedPeriod.from_domain(period) for period in periods])
