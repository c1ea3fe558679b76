"""``/api/v1/budgets/{org}``: the plan."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.auth import Caller, OrganizationCaller
from budget_tui.api.http import (
    NOT_MODIFIED,
    WITH_LOCATION,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    created,
    etag_of,
    json_response,
    problem_responses,
    router_of,
    tagged_response,
    write_if_match,
)
from budget_tui.domain import plan, plan_results
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.presentation.formatting import plan_name
from budget_tui.schemas.base import Json
from budget_tui.schemas.forecast import PlanForecast
from budget_tui.schemas.plain import dumps
from budget_tui.schemas.plan import (
    AllocatedBudget,
    BudgetDetails,
    ChangedBudget,
    EntityFilters,
    Filters,
    NamedEntity,
    NewAllocation,
    NewBudget,
    PageFilters,
    PlanByCategory,
    PlanByProvider,
    PlanChangeIn,
    PlanList,
    PlanSummary,
    RootedTree,
    TreeFilters,
    parts_of,
)

ROOT = "/api/v1/budgets/{org}"

router = router_of("plan")

BudgetId = Annotated[UUID, Path(description="The budget's id.")]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.get(ROOT, response_model=PlanList, responses=problem_responses(404))
async def get_plan(caller: OrganizationCaller, filters: Annotated[PageFilters, Query()]) -> Response:
    """The matching budgets, by entity."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    page = await caller.pools.read(lambda: views.list(conditions, filters.limit, filters.offset))
    return json_response(PlanList.from_domain(page, _slug(caller)))


@router.post(ROOT, status_code=201, response_model=ChangedBudget, responses=problem_responses(404, 409) | WITH_LOCATION)
async def post_plan(caller: OrganizationCaller, body: NewBudget, idempotency_key: IdempotencyKey = None) -> Response:
    """Create a budget. 409 if there is one of the same entity, category, type, provider and period."""
    plans = caller.services.plans
    notes = await caller.pools.read(lambda: list(_said_of_entities(caller, body)))
    outcome, replayed = await caller.pools.write_once(lambda: plans.create(body.to_domain(), idempotency_key))
    changed = ChangedBudget.from_outcome(outcome, _slug(caller), notes)
    return _made(caller, outcome.budget, changed, replayed)


@router.post(
    f"{ROOT}/allocate",
    status_code=201,
    response_model=AllocatedBudget,
    responses=problem_responses(404, 409) | WITH_LOCATION,
)
async def post_allocate(
    caller: OrganizationCaller, body: NewAllocation, idempotency_key: IdempotencyKey = None
) -> Response:
    """Create a budget together with its children's: all of them, or none.

    The children inherit category, type, provider, currency and period. The rest stays unallocated;
    amounts that add up to more than the parent are warned about.
    """
    plans = caller.services.plans
    notes = await caller.pools.read(lambda: list(_said_of_entities(caller, body, *body.allocations)))
    outcome, replayed = await caller.pools.write_once(
        lambda: plans.allocate(body.to_domain(), body.shares(), idempotency_key)
    )
    allocated = AllocatedBudget.from_domain(outcome, _slug(caller), notes)
    return _made(caller, outcome.parent, allocated, replayed)


@router.get(f"{ROOT}/summary", response_model=PlanSummary, responses=problem_responses(404))
async def get_plan_summary(caller: OrganizationCaller, filters: Annotated[Filters, Query()]) -> Response:
    """Compare every matching budget with its actual; totals count each dollar once."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    return json_response(PlanSummary.from_domain(await caller.pools.read(lambda: views.summary(conditions))))


@router.get(f"{ROOT}/allocation-tree", response_model=RootedTree, responses=problem_responses(404))
async def get_allocation_tree(caller: OrganizationCaller, filters: Annotated[TreeFilters, Query()]) -> Response:
    """Budgets as a tree, with allocated and free amounts."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    tree = await caller.pools.read(lambda: views.tree(filters.root_entity_id, conditions))
    return json_response(RootedTree.from_tree(tree))


@router.get(f"{ROOT}/forecast", response_model=PlanForecast, responses=problem_responses(404))
async def get_plan_forecast(caller: OrganizationCaller, filters: Annotated[TreeFilters, Query()]) -> Response:
    """The usage expected of each running budget at the end of its period, as a range."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    found = await caller.pools.read(lambda: views.forecast(filters.root_entity_id, conditions))
    return json_response(PlanForecast.from_domain(found))


@router.get(f"{ROOT}/by-category", response_model=PlanByCategory, responses=problem_responses(404))
async def get_by_category(caller: OrganizationCaller, filters: Annotated[EntityFilters, Query()]) -> Response:
    """Budget and actual of an entity in each category. Without a budget: in its budgets' periods, or the running
    one."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    entity_id = filters.hierarchy_entity_id or ROOT_ID
    return json_response(parts_of(await caller.pools.read(lambda: views.by_category(entity_id, conditions))))


@router.get(f"{ROOT}/by-provider", response_model=PlanByProvider, responses=problem_responses(404))
async def get_by_provider(caller: OrganizationCaller, filters: Annotated[EntityFilters, Query()]) -> Response:
    """Budget and actual of an entity for each provider."""
    views, conditions = caller.services.plan_views, filters.to_domain()
    entity_id = filters.hierarchy_entity_id or ROOT_ID
    return json_response(parts_of(await caller.pools.read(lambda: views.by_provider(entity_id, conditions))))


@router.get(f"{ROOT}/{{budget_id:uuid}}", response_model=BudgetDetails, responses=NOT_MODIFIED | problem_responses(404))
async def get_planned(
    request: Request, caller: OrganizationCaller, budget_id: BudgetId, if_none_match: IfNoneMatch = ""
) -> Response:
    """One budget."""
    found = await caller.pools.read(lambda: _seen(caller, budget_id))
    return tagged_response(BudgetDetails.from_outcome(found, _slug(caller)), _version(found.budget), request)


@router.put(f"{ROOT}/{{budget_id:uuid}}", response_model=ChangedBudget, responses=problem_responses(404, 409, 412))
async def put_planned(
    caller: OrganizationCaller, budget_id: BudgetId, body: PlanChangeIn, if_match: IfMatch = None
) -> Response:
    """Change a budget. Budgets allocated from it do not change, unless rescaled."""
    outcomes = []

    def write(seen: int | None) -> None:
        before = _present(caller, budget_id)
        change, when = body.to_domain(before.budget_type), None if seen is None else _moment(seen)
        outcomes.append(caller.services.plans.update(before.budget_id, change, when, body.rescale_children))

    await caller.pools.write(lambda: write_if_match(if_match, write))
    [outcome] = outcomes
    response = json_response(ChangedBudget.from_outcome(outcome, _slug(caller)))
    response.headers["ETag"] = await caller.pools.read(lambda: _tag(caller, outcome.budget))
    return response


@router.delete(f"{ROOT}/{{budget_id:uuid}}", status_code=204, responses=problem_responses(404, 412))
async def delete_planned(caller: OrganizationCaller, budget_id: BudgetId, if_match: IfMatch = None) -> Response:
    """Delete a budget from the plan. It stays on record; budgets allocated from it stay in the plan."""

    def delete(seen: int | None) -> None:
        budget = _present(caller, budget_id)
        caller.services.plans.delete(budget.budget_id, None if seen is None else _moment(seen))

    await caller.pools.write(lambda: write_if_match(if_match, delete))
    return Response(status_code=204)


def _slug(caller: Caller) -> str:
    return caller.services.context.org_slug


def _present(caller: Caller, budget_id: UUID) -> plan.PlannedBudget:
    """Return the budget; raises `NotFound` if it was deleted, or belongs to the cycle and was never set."""
    return _checked(caller.services.plans.get(str(budget_id)))


def _seen(caller: Caller, budget_id: UUID) -> plan_results.PlanOutcome:
    """Return the budget with its warnings; raises `NotFound` like `_present`."""
    found = caller.services.plan_views.one(str(budget_id))
    _checked(found.budget)
    return found


def _checked(planned: plan.PlannedBudget) -> plan.PlannedBudget:
    if planned.in_cycle and not planned.amount:
        raise NotFound(f"nothing is planned for {plan_name(planned)}", "create one")
    if not planned.is_active:
        raise NotFound(f"{plan_name(planned)} was deleted", "the list with is_active=false shows it")
    return planned


def _tag(caller: Caller, planned: plan.PlannedBudget) -> str:
    """Return the ETag that a GET would return: of the budget as written, whatever others did to it since."""
    seen = caller.services.plan_views.one(planned.budget_id)
    found = plan_results.PlanOutcome(planned, seen.warnings, (), seen.allocations)
    return etag_of(_version(planned), dumps(BudgetDetails.from_outcome(found, _slug(caller)), indent=None))


def _version(planned: plan.PlannedBudget) -> int:
    """Return the time of the last change, in microseconds."""
    return ((planned.updated_at or planned.created_at) - _EPOCH) // timedelta(microseconds=1)


def _moment(version: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=version)
    except OverflowError:
        return _EPOCH


def _made(caller: Caller, planned: plan.PlannedBudget, body: Json, replayed: bool) -> Response:
    return created(f"{ROOT.format(org=_slug(caller))}/{{}}", planned.budget_id, body, replayed=replayed)


def _said_of_entities(caller: Caller, *given: NamedEntity) -> Iterator[str]:
    """Warn if an entity's given name is not its own; raises `Refused` if its level is another."""
    for each in given:
        entity = caller.services.entities.get(each.hierarchy_entity_id)
        if each.hierarchy_level_code and not entity.is_of_level(each.hierarchy_level_code):
            raise Refused(
                f"{entity.entity_id} has level '{entity.level_code}', not '{each.hierarchy_level_code}'",
                "leave hierarchy_level_code out, or name the entity that is meant",
            )
        if each.hierarchy_entity_name and each.hierarchy_entity_name != entity.name:
            yield f"{entity.entity_id} is called {entity.name}, not {each.hierarchy_entity_name}"
