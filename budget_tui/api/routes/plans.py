"""``/api/v1/budgets/{org}``: the plan."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.answers import (
    LOCATED,
    NOT_MODIFIED,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    answered,
    located,
    problems,
    routes_of,
    tagged,
)
from budget_tui.api.door import ByOrganization
from budget_tui.api.etags import tag_of, write_if_match
from budget_tui.api.tenants import Caller
from budget_tui.domain import plan, plan_results
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.presentation.formatting import plan_name
from budget_tui.schemas.base import Json, dumps
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

router = routes_of("plan")

BudgetId = Annotated[UUID, Path(description="The budget's id.")]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.get(ROOT, response_model=PlanList, responses=problems(404))
async def get_plan(by: ByOrganization, filters: Annotated[PageFilters, Query()]) -> Response:
    """The matching budgets, by entity."""
    views, conditions = by.services.plan_views, filters.narrowed()
    page = await by.lanes.read(lambda: views.list(conditions, filters.limit, filters.offset))
    return answered(PlanList.from_domain(page, _slug(by)))


@router.post(ROOT, status_code=201, response_model=ChangedBudget, responses=problems(404, 409) | LOCATED)
async def post_plan(by: ByOrganization, body: NewBudget, idempotency_key: IdempotencyKey = None) -> Response:
    """Create a budget. 409 if there is one of the same entity, category, type, provider and period."""
    plans = by.services.plans
    notes = await by.lanes.read(lambda: list(_said_of_entities(by, body)))
    outcome, replayed = await by.lanes.write_once(lambda: plans.create(body.to_domain(), idempotency_key))
    answer = ChangedBudget.from_outcome(outcome, _slug(by), notes)
    return _made(by, outcome.budget, answer, replayed)


@router.post(
    f"{ROOT}/allocate", status_code=201, response_model=AllocatedBudget, responses=problems(404, 409) | LOCATED
)
async def post_allocate(by: ByOrganization, body: NewAllocation, idempotency_key: IdempotencyKey = None) -> Response:
    """Create a budget together with its children's: all of them, or none.

    The children inherit category, type, provider, currency and period. The rest stays unallocated;
    amounts that add up to more than the parent are warned about.
    """
    plans = by.services.plans
    notes = await by.lanes.read(lambda: list(_said_of_entities(by, body, *body.allocations)))
    outcome, replayed = await by.lanes.write_once(
        lambda: plans.allocate(body.to_domain(), body.shares(), idempotency_key)
    )
    answer = AllocatedBudget.from_domain(outcome, _slug(by), notes)
    return _made(by, outcome.parent, answer, replayed)


@router.get(f"{ROOT}/summary", response_model=PlanSummary, responses=problems(404))
async def get_plan_summary(by: ByOrganization, filters: Annotated[Filters, Query()]) -> Response:
    """Compare every matching budget with its actual; totals count each dollar once."""
    views, conditions = by.services.plan_views, filters.narrowed()
    return answered(PlanSummary.from_domain(await by.lanes.read(lambda: views.summary(conditions))))


@router.get(f"{ROOT}/allocation-tree", response_model=RootedTree, responses=problems(404))
async def get_allocation_tree(by: ByOrganization, filters: Annotated[TreeFilters, Query()]) -> Response:
    """Budgets as a tree, with allocated and free amounts."""
    views, conditions = by.services.plan_views, filters.narrowed()
    tree = await by.lanes.read(lambda: views.tree(filters.root_entity_id, conditions))
    return answered(RootedTree.from_tree(tree))


@router.get(f"{ROOT}/by-category", response_model=PlanByCategory, responses=problems(404))
async def get_by_category(by: ByOrganization, filters: Annotated[EntityFilters, Query()]) -> Response:
    """What an entity planned and used in each category. Without a budget: in its budgets' periods, or the running
    one."""
    views, conditions = by.services.plan_views, filters.narrowed()
    entity_id = filters.hierarchy_entity_id or ROOT_ID
    return answered(parts_of(await by.lanes.read(lambda: views.by_category(entity_id, conditions))))


@router.get(f"{ROOT}/by-provider", response_model=PlanByProvider, responses=problems(404))
async def get_by_provider(by: ByOrganization, filters: Annotated[EntityFilters, Query()]) -> Response:
    """What an entity planned for and used of each provider."""
    views, conditions = by.services.plan_views, filters.narrowed()
    entity_id = filters.hierarchy_entity_id or ROOT_ID
    return answered(parts_of(await by.lanes.read(lambda: views.by_provider(entity_id, conditions))))


@router.get(f"{ROOT}/{{budget_id:uuid}}", response_model=BudgetDetails, responses=NOT_MODIFIED | problems(404))
async def get_planned(
    request: Request, by: ByOrganization, budget_id: BudgetId, if_none_match: IfNoneMatch = ""
) -> Response:
    """One budget."""
    found = await by.lanes.read(lambda: _seen(by, budget_id))
    return tagged(BudgetDetails.from_outcome(found, _slug(by)), _version(found.budget), request)


@router.put(f"{ROOT}/{{budget_id:uuid}}", response_model=ChangedBudget, responses=problems(404, 409, 412))
async def put_planned(
    by: ByOrganization, budget_id: BudgetId, body: PlanChangeIn, if_match: IfMatch = None
) -> Response:
    """Change a budget. Budgets allocated from it do not change, unless rescaled."""
    outcomes = []

    def write(seen: int | None) -> None:
        before = _present(by, budget_id)
        change, when = body.to_domain(before.budget_type), None if seen is None else _moment(seen)
        outcomes.append(by.services.plans.update(before.budget_id, change, when, body.rescale_children))

    await by.lanes.write(lambda: write_if_match(if_match, write))
    [outcome] = outcomes
    answer = answered(ChangedBudget.from_outcome(outcome, _slug(by)))
    answer.headers["ETag"] = await by.lanes.read(lambda: _tag(by, outcome.budget))
    return answer


@router.delete(f"{ROOT}/{{budget_id:uuid}}", status_code=204, responses=problems(404))
async def delete_planned(by: ByOrganization, budget_id: BudgetId) -> Response:
    """Delete a budget from the plan. It stays on record; budgets allocated from it stay in the plan."""

    def delete() -> None:
        by.services.plans.delete(_present(by, budget_id).budget_id)

    await by.lanes.write(delete)
    return Response(status_code=204)


def _slug(by: Caller) -> str:
    return by.services.context.org_slug


def _present(by: Caller, budget_id: UUID) -> plan.PlannedBudget:
    """The budget, or `NotFound` when it was deleted, or is of the cycle and was given nothing."""
    return _checked(by.services.plans.get(str(budget_id)))


def _seen(by: Caller, budget_id: UUID) -> plan_results.PlanOutcome:
    """The same with what to warn about."""
    found = by.services.plan_views.one(str(budget_id))
    _checked(found.budget)
    return found


def _checked(planned: plan.PlannedBudget) -> plan.PlannedBudget:
    if planned.in_cycle and not planned.amount:
        raise NotFound(f"nothing is planned for {plan_name(planned)}", "create one")
    if not planned.is_active:
        raise NotFound(f"{plan_name(planned)} was deleted", "the list with is_active=false shows it")
    return planned


def _tag(by: Caller, planned: plan.PlannedBudget) -> str:
    """The ETag of what a GET would answer: of the budget as it was written, whatever others did to it since."""
    seen = by.services.plan_views.one(planned.budget_id)
    found = plan_results.PlanOutcome(planned, seen.warnings, (), seen.allocations)
    return tag_of(_version(planned), dumps(BudgetDetails.from_outcome(found, _slug(by)), indent=None))


def _version(planned: plan.PlannedBudget) -> int:
    """When it was last changed, in microseconds."""
    return ((planned.updated_at or planned.created_at) - _EPOCH) // timedelta(microseconds=1)


def _moment(version: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=version)
    except OverflowError:
        return _EPOCH


def _made(by: Caller, planned: plan.PlannedBudget, answer: Json, replayed: bool) -> Response:
    return located(f"{ROOT.format(org=_slug(by))}/{{}}", planned.budget_id, answer, replayed=replayed)


def _said_of_entities(by: Caller, *given: NamedEntity) -> Iterator[str]:
    """What to warn about where an entity is called otherwise than it is; `Refused` where its level is another."""
    for each in given:
        entity = by.services.entities.get(each.hierarchy_entity_id)
        if each.hierarchy_level_code and each.hierarchy_level_code != entity.level_code:
            raise Refused(
                f"{entity.entity_id} has level '{entity.level_code}', not '{each.hierarchy_level_code}'",
                "leave hierarchy_level_code out, or name the entity that is meant",
            )
        if each.hierarchy_entity_name and each.hierarchy_entity_name != entity.name:
            yield f"{entity.entity_id} is called {entity.name}, not {each.hierarchy_entity_name}"
