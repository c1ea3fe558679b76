"""``/log``, ``/undo`` and ``/redo``: who changed what, and undoing it."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import IdempotencyKey, json_response, problem_responses, router_of
from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.domain.audit import PAGE_ENTRIES, AuditFilter
from budget_tui.domain.period import ONE_DAY
from budget_tui.schemas.audit import AuditEntry, Undone
from budget_tui.schemas.base import Day, Text

router = router_of("log")

MAX_ENTRIES = 1000


@router.get("/log", response_model=list[AuditEntry])
async def get_log(
    caller: CurrentCaller,
    action: Annotated[Text, Query(description="Only actions with this prefix: `budget`, `cost.import`.")] = "",
    subject: Annotated[Text, Query(description="Only subjects that contain this.")] = "",
    who: Annotated[Text, Query(description="Only changes by this user or key.")] = "",
    since: Annotated[Day | None, Query(description="From this day on, in UTC.")] = None,
    until: Annotated[Day | None, Query(description="Up to and including this day, in UTC.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES, description="Return at most this many.")] = PAGE_ENTRIES,
    before: Annotated[int | None, Query(ge=1, le=LIMIT_COUNT, description="Only entries before this one.")] = None,
) -> Response:
    """The audit log: who changed what, newest first."""
    only = AuditFilter(action, subject, who, _begin_of(since), _begin_of(until and until + ONE_DAY))
    entries = await caller.pools.read(lambda: caller.services.audit.newest(limit, before, only))
    return json_response([AuditEntry.from_domain(entry) for entry in entries])


@router.post("/undo", response_model=Undone, responses=problem_responses(409))
async def post_undo(caller: CurrentCaller, idempotency_key: IdempotencyKey = None) -> Response:
    """Undo the last change made with this key; repeat it to undo earlier ones.

    409 if someone else has changed the same thing since.
    """
    undo = caller.services.undo
    outcome, replayed = await caller.pools.write_once(lambda: undo.undo(idempotency_key))
    return json_response(Undone.from_domain(outcome), replayed=replayed)


@router.post("/redo", response_model=Undone, responses=problem_responses(409))
async def post_redo(caller: CurrentCaller, idempotency_key: IdempotencyKey = None) -> Response:
    """Redo the change last undone with this key, as long as nothing else has been changed with it since."""
    undo = caller.services.undo
    outcome, replayed = await caller.pools.write_once(lambda: undo.redo(idempotency_key))
    return json_response(Undone.from_domain(outcome), replayed=replayed)


def _begin_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
