"""``/budget`` and ``/status``: the organization as a whole."""

from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.answers import NOT_MODIFIED, IfMatch, IfNoneMatch, answered, problems, routes_of, tagged
from budget_tui.api.door import By
from budget_tui.api.etags import write_if_match
from budget_tui.schemas.status import DatedGlobalBudget, GlobalBudgetChange, StatusOut

router = routes_of("budget")


@router.get("/budget", response_model=DatedGlobalBudget, responses=NOT_MODIFIED)
async def get_budget(request: Request, by: By, if_none_match: IfNoneMatch = "") -> Response:
    """The global budget in the current period."""
    snapshot = await by.lanes.read(by.services.snapshots.current)
    return tagged(DatedGlobalBudget.from_snapshot(snapshot), snapshot.total.allocation, request)


@router.put("/budget", response_model=DatedGlobalBudget, responses=problems(409, 412))
async def put_budget(request: Request, by: By, body: GlobalBudgetChange, if_match: IfMatch = None) -> Response:
    """Set the global budget from the current period on."""
    budgets = by.services.budgets
    await by.lanes.write(
        lambda: write_if_match(if_match, lambda seen: budgets.set_global(body.monthly_budget_usd, seen))
    )
    snapshot = await by.lanes.read(by.services.snapshots.current)
    return tagged(DatedGlobalBudget.from_snapshot(snapshot), snapshot.total.allocation, request)


@router.get("/status", response_model=StatusOut)
async def get_status(by: By) -> Response:
    """The global budget and every project, from one consistent read."""
    return answered(StatusOut.from_domain(await by.lanes.read(by.services.snapshots.current)))
