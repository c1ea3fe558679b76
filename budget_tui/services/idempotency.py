"""Idempotency: a request repeated under the same key is carried out once and returns the same result."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from budget_tui.domain.errors import Conflict, Refused
from budget_tui.services.work import Work

_one_way = json.JSONEncoder(sort_keys=True).encode
"""Serializes a request, identically for equal requests."""

_noted: ContextVar[list[str] | None] = ContextVar("replays", default=None)


KEY_MAX_LENGTH = 200
_CHANGE = "change of audit"
"""Stored beside a result: the number of the change that the request was, which may be undone. Grants are none."""


@contextmanager
def replays_noted() -> Iterator[list[str]]:
    """Collect the keys whose results are replayed inside the block."""
    replays: list[str] = []
    token = _noted.set(replays)
    try:
        yield replays
    finally:
        _noted.reset(token)


def run_once(
    work: Work, command: str, key: str | None, request: dict[str, Any], carry_out: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return the result of ``carry_out``, or the stored one if ``key`` was used before.

    Without a key, ``carry_out`` always runs. Results are stored for at least `RESULT_RETENTION`.

    `Conflict` if the key was used for another request, or if what it did was undone since; `Refused` if it is blank or
    too long.
    """
    if key is None:
        return carry_out()
    _check(key)
    serialized = _one_way(request)
    known = work.unit.fast.stored_result(work.organization.org_key, command, key)
    if known is None:
        result = carry_out()
        stored = json.dumps({**result, _CHANGE: change} if (change := work.settled_change()) else result)
        work.unit.grants.store_result(work.organization.org_key, command, key, serialized, stored, work.now)
        return result
    if known[0] != serialized:
        raise Conflict(f"the key '{key}' was used for another request", "use a new key for a new request")
    result = dict(json.loads(known[1]))
    change = result.pop(_CHANGE, None)
    if change is not None and work.unit.audit.is_undone(change):
        raise Conflict(
            f"what the key '{key}' did was undone since",
            "redo brings back what was undone last, a new key does it anew",
        )
    noted = _noted.get()
    if noted is not None:
        noted.append(key)
    return result


def _check(key: str) -> None:
    if not key.strip():
        raise Refused("an idempotency key cannot be blank", "give one that names the request, or none at all")
    if len(key) > KEY_MAX_LENGTH:
        raise Refused(f"an idempotency key of {len(key):,} characters is too long", f"give at most {KEY_MAX_LENGTH}")
