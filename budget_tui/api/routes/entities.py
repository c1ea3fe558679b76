"""``/entities``: the hierarchy that budgets and costs belong to."""

from collections.abc import Callable
from typing import Annotated, TypeVar

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
    etag_of,
    json_response,
    problem_responses,
    router_of,
    tagged_response,
    write_if_match,
)
from budget_tui.domain import hierarchy
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.schemas.hierarchy import Entities, Entity, EntityChanged, EntityChangeIn, NewEntity
from budget_tui.schemas.plain import dumps
from budget_tui.services.entities import Moved, version_of

router = router_of("entities")

_Done = TypeVar("_Done")

EntityId = Annotated[str, Path(alias="id", description="The entity's id.", max_length=ID_MAX_LENGTH)]


@router.get("/entities", response_model=Entities)
async def get_entities(caller: CurrentCaller) -> Response:
    """Every entity that is not archived, each followed by what is below it."""
    found = await caller.pools.read(caller.services.entities.active)
    return json_response(Entities(entities=[Entity.from_domain(entity) for entity in found]))


@router.post("/entities", status_code=201, response_model=Entity, responses=problem_responses(404, 409) | WITH_LOCATION)
async def post_entity(caller: CurrentCaller, body: NewEntity, idempotency_key: IdempotencyKey = None) -> Response:
    """Add an entity; an archived one with the same id is restored. One of level `project` is a project."""
    entities = caller.services.entities
    added, replayed = await caller.pools.write_once(
        lambda: entities.add(body.entity_id, body.parent_id, body.level, body.name, idempotency_key)
    )
    return created("/entities/{}", added.entity_id, Entity.from_domain(added), replayed=replayed)


@router.get("/entities/{id}", response_model=Entity, responses=NOT_MODIFIED | problem_responses(404))
async def get_entity(
    request: Request, caller: CurrentCaller, entity_id: EntityId, if_none_match: IfNoneMatch = ""
) -> Response:
    """One entity, archived or not: a department, a project, a team, an agent. The organization is `ORG`."""
    entity = await caller.pools.read(lambda: caller.services.entities.get(entity_id))
    return tagged_response(Entity.from_domain(entity), version_of(entity), request)


@router.patch("/entities/{id}", response_model=EntityChanged, responses=problem_responses(404, 409, 412))
async def patch_entity(
    caller: CurrentCaller, entity_id: EntityId, body: EntityChangeIn, if_match: IfMatch = None
) -> Response:
    """Rename an entity, move it, or both."""
    entities = caller.services.entities
    return await change(caller, if_match, lambda seen: entities.change(entity_id, body.to_domain(), seen))


@router.delete("/entities/{id}", status_code=204, responses=problem_responses(404, 409, 412))
async def delete_entity(caller: CurrentCaller, entity_id: EntityId, if_match: IfMatch = None) -> Response:
    """Archive an entity; its costs are kept. Refused while there is anything below it."""
    return await archive(caller, if_match, lambda seen: caller.services.entities.archive(entity_id, seen))


async def change(caller: Caller, if_match: str | None, command: Callable[[int | None], Moved]) -> Response:
    """Rename or move an entity of any level."""
    moved = await done_if_match(caller, if_match, command)
    return changed(EntityChanged.from_change(moved), moved.entity)


async def done_if_match(caller: Caller, if_match: str | None, command: Callable[[int | None], _Done]) -> _Done:
    """Carry out a command on an entity as it was seen; return its result."""
    done: list[_Done] = []
    await caller.pools.write(lambda: write_if_match(if_match, lambda seen: done.append(command(seen))))
    return done[0]


def changed(answer: EntityChanged, entity: hierarchy.Entity) -> Response:
    """Answer with an entity after a change. Its ETag is that of ``/entities/{id}``."""
    response = json_response(answer)
    response.headers["ETag"] = _tag(entity)
    return response


async def archive(caller: Caller, if_match: str | None, command: Callable[[int | None], object]) -> Response:
    """Archive an entity of any level."""
    await caller.pools.write(lambda: write_if_match(if_match, command))
    return Response(status_code=204)


def _tag(entity: hierarchy.Entity) -> str:
    """Return the ETag that a GET of the entity would return."""
    return etag_of(version_of(entity), dumps(Entity.from_domain(entity), indent=None))
