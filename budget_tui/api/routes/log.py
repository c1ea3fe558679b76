"""``/log``, ``/undo`` and ``/redo``: who changed what, and taking it back."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from budget_tui.api.answers import IdempotencyKey, answered, problems, routes_of
from budget_tui.api.door import By
from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.domain.audit import AuditFilter
from budget_tui.domain.period import ONE_DAY
from budget_tui.schemas.audit import AuditEntry, Undone
from budget_tui.schemas.base import Day, Text

router = routes_of("log")

MOST = 1000


@router.get("/log", response_model=list[AuditEntry])
async def get_log(
    by: By,
    action: Annotated[Text, Query(description="Only what begins so: `budget`, `cost.import`.")] = "",
    subject: Annotated[Text, Query(description="Only what has this in its name.")] = "",
    who: Annotated[Text, Query(description="Only what this user or key did.")] = "",
    since: Annotated[Day | None, Query(description="Only from this day on, in UTC.")] = None,
    until: Annotated[Day | None, Query(description="Only up to this day, in UTC, which is included.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="At most so many.")] = 50,
    before: Annotated[int | None, Query(ge=1, le=LIMIT_COUNT, description="Only what came before this entry.")] = None,
) -> Response:
    """The audit trail: who changed what, the newest first."""
    only = AuditFilter(action, subject, who, _begin_of(since), _begin_of(until and until + ONE_DAY))
    entries = await by.lanes.read(lambda: by.services.audit.newest(limit, before, only))
    return answered([AuditEntry.from_domain(entry) for entry in entries])


@router.post("/undo", response_model=Undone, responses=problems(409))
async def post_undo(by: By, idempotency_key: IdempotencyKey = None) -> Response:
    """Take back the last change that was made with this key; again takes back the one before it.

    409 when somebody changed the same since.
    """
    undo = by.services.undo
    outcome, replayed = await by.lanes.write_once(lambda: undo.undo(idempotency_key))
    return answered(Undone.from_domain(outcome), replayed=replayed)


@router.post("/redo", response_model=Undone, responses=problems(409))
async def post_redo(by: By, idempotency_key: IdempotencyKey = None) -> Response:
    """Redo the change last undone with this key, as long as nothing else has been changed with it since."""
    undo = by.services.undo
    outcome, replayed = await by.lanes.write_once(lambda: undo.redo(idempotency_key))
    return answered(Undone.from_domain(outcome), replayed=replayed)


def _begin_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
