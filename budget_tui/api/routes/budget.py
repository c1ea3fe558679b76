"""``/budget``, ``/status`` and ``/forecast``: the organization as a whole."""

from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import (
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    json_response,
    problem_responses,
    router_of,
    tagged_response,
    write_if_match,
)
from budget_tui.schemas.forecast import PeriodForecasts
from budget_tui.schemas.status import DatedGlobalBudget, GlobalBudgetChange, StatusOut

router = router_of("budget")


@router.get("/budget", response_model=DatedGlobalBudget, responses=NOT_MODIFIED)
async def get_budget(request: Request, caller: CurrentCaller, if_none_match: IfNoneMatch = "") -> Response:
    """The global budget in the current period."""
    snapshot = await caller.pools.read(caller.services.snapshots.current)
    return tagged_response(DatedGlobalBudget.from_snapshot(snapshot), snapshot.total.allocation, request)


@router.put("/budget", response_model=DatedGlobalBudget, responses=problem_responses(409, 412))
async def put_budget(
    request: Request, caller: CurrentCaller, body: GlobalBudgetChange, if_match: IfMatch = None
) -> Response:
    """Set the global budget from the current period on."""
    budgets = caller.services.budgets
    await caller.pools.write(
        lambda: write_if_match(if_match, lambda seen: budgets.set_global(body.monthly_budget_usd, seen))
    )
    snapshot = await caller.pools.read(caller.services.snapshots.current)
    return tagged_response(DatedGlobalBudget.from_snapshot(snapshot), snapshot.total.allocation, request)


@router.get("/status", response_model=StatusOut)
async def get_status(caller: CurrentCaller) -> Response:
    """The global budget and every project with their forecasts, from one consistent read."""
    return json_response(StatusOut.from_report(await caller.pools.read(caller.services.forecasts.current)))


@router.get("/forecast", response_model=PeriodForecasts)
async def get_forecast(caller: CurrentCaller) -> Response:
    """The spend expected at the end of the period, in all and by each project, as a range."""
    return json_response(PeriodForecasts.from_domain(await caller.pools.read(caller.services.forecasts.current)))
