"""``/projects``: allocations, transfers and costs of projects."""

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
from budget_tui.api.routes.entities import archive, change
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.domain.tokens import TokenSums
from budget_tui.schemas.costs import Cost, CostIn
from budget_tui.schemas.cover import CoverOffer, CoverRequest
from budget_tui.schemas.hierarchy import EntityChanged, EntityChangeIn
from budget_tui.schemas.status import (
    AddedProject,
    AllocationChangeIn,
    NewProject,
    ProjectDetails,
    Projects,
    TransferIn,
    TransferOut,
)
from budget_tui.services.snapshots import ProjectFigures

router = router_of("projects")

ProjectId = Annotated[str, Path(alias="id", description="The project's id.", max_length=ID_MAX_LENGTH)]


@router.get("/projects", response_model=Projects)
async def get_projects(caller: CurrentCaller) -> Response:
    """Every project's budget."""
    return json_response(Projects.from_snapshot(await caller.pools.read(caller.services.snapshots.current)))


@router.post(
    "/projects", status_code=201, response_model=AddedProject, responses=problem_responses(404, 409) | WITH_LOCATION
)
async def post_project(caller: CurrentCaller, body: NewProject, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a project; an archived one with the same id is restored."""
    projects = caller.services.projects
    added, replayed = await caller.pools.write_once(
        lambda: projects.add(body.project_id, body.name, body.allocation(), body.parent_id, idempotency_key)
    )
    return created("/projects/{}/budget", added.project_id, AddedProject.from_domain(added), replayed=replayed)


@router.patch("/projects/{id}", response_model=EntityChanged, responses=problem_responses(404, 409, 412))
async def patch_project(
    caller: CurrentCaller, project_id: ProjectId, body: EntityChangeIn, if_match: IfMatch = None
) -> Response:
    """Rename a project, move it, or both. `If-Match` takes the ETag of `/entities/{id}`."""
    projects = caller.services.projects
    return await change(caller, if_match, lambda seen: projects.change(project_id, body.to_domain(), seen))


@router.delete("/projects/{id}", status_code=204, responses=problem_responses(404, 409, 412))
async def delete_project(caller: CurrentCaller, project_id: ProjectId, if_match: IfMatch = None) -> Response:
    """Archive a project; its allocation returns to the pool, its costs are kept."""
    return await archive(caller, if_match, lambda seen: caller.services.projects.archive(project_id, seen))


@router.get("/projects/{id}/budget", response_model=ProjectDetails, responses=NOT_MODIFIED | problem_responses(404))
async def get_project(
    request: Request, caller: CurrentCaller, project_id: ProjectId, if_none_match: IfNoneMatch = ""
) -> Response:
    """A project's budget in the current period."""
    return await _project(request, caller, project_id)


@router.put("/projects/{id}/budget", response_model=ProjectDetails, responses=problem_responses(404, 409, 412))
async def put_project(
    request: Request, caller: CurrentCaller, project_id: ProjectId, body: AllocationChangeIn, if_match: IfMatch = None
) -> Response:
    """Set the project's allocation. More than is available is allowed, and reported in `warnings`."""
    budgets = caller.services.budgets
    wanted = body.to_domain()
    await caller.pools.write(lambda: write_if_match(if_match, lambda seen: budgets.allocate(project_id, wanted, seen)))
    return await _project(request, caller, project_id)


@router.post("/projects/{id}/budget/transfer", response_model=TransferOut, responses=problem_responses(404, 409))
async def post_transfer(
    caller: CurrentCaller, project_id: ProjectId, body: TransferIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Move allocation to another project or to the pool; the project may be `pool`, too.

    Only unspent money can be moved, unless forced.
    """
    request = body.to_domain(project_id)
    transfers = caller.services.transfers
    outcome, replayed = await caller.pools.write_once(lambda: transfers.transfer(request, idempotency_key))
    return json_response(TransferOut.from_domain(outcome), replayed=replayed)


@router.get("/projects/{id}/cover", response_model=CoverOffer, responses=problem_responses(404))
async def get_cover(caller: CurrentCaller, project_id: ProjectId) -> Response:
    """The amount that a project will lack at the period's end, and the projects that can spare it."""
    offer = await caller.pools.read(lambda: caller.services.cover.offer(project_id))
    return json_response(CoverOffer.from_domain(offer))


@router.post("/projects/{id}/cover", response_model=TransferOut, responses=problem_responses(404, 409))
async def post_cover(
    caller: CurrentCaller, project_id: ProjectId, body: CoverRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """Move what a project will lack from a donor, never more than that can spare."""
    cover = caller.services.cover
    outcome, replayed = await caller.pools.write_once(
        lambda: cover.take(project_id, body.from_project_id, body.amount_usd, idempotency_key)
    )
    return json_response(TransferOut.from_domain(outcome), replayed=replayed)


@router.post("/projects/{id}/costs", status_code=201, response_model=Cost, responses=problem_responses(404, 409))
async def post_cost(
    caller: CurrentCaller, project_id: ProjectId, body: CostIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record what was spent."""
    costs, entry = caller.services.costs, body.to_domain(project_id)
    outcome, replayed = await caller.pools.write_once(lambda: costs.add(entry, idempotency_key))
    return json_response(Cost.from_domain(entry, outcome), 201, replayed=replayed)


async def _project(request: Request, caller: Caller, project_id: str) -> Response:
    services = caller.services

    def read() -> tuple[ProjectFigures, TokenSums]:
        return services.snapshots.of_project(project_id), services.agents.sums_of(project_id)

    figures, agents = await caller.pools.read(read)
    return tagged_response(ProjectDetails.from_figures(figures, agents), figures.line.pace.allocation, request)
