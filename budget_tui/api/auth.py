"""Authentication: the key of a request, the services that it grants access to, and its rate limit."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from budget_tui.api.http import note_carry_settled
from budget_tui.api.problems import Problem
from budget_tui.api.thread_pools import ThreadPools
from budget_tui.bootstrap import Services
from budget_tui.domain.access import ApiKey
from budget_tui.domain.errors import NotFound
from budget_tui.services.keys import KeyRing
from budget_tui.storage.unit_of_work import Writers

_MAX_NAMES = 10_000


class RateLimit:
    """One token bucket per name, holding ``burst`` tokens and refilled with ``per_second``.

    The least recently used names are forgotten first, so that invented names cannot fill the memory.
    """

    def __init__(self, per_second: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, name: str) -> bool:
        """Take a token of ``name``; return False if there is none left."""
        now = self._clock()
        level, then = self._levels.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._per_second)
        allowed = level >= 1
        self._levels[name] = (level - 1 if allowed else level, now)
        if len(self._levels) > _MAX_NAMES:
            self._levels.popitem(last=False)
        return allowed


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request: its key, and the services of the key's organization, acting in the key's name."""

    key: ApiKey
    services: Services
    pools: ThreadPools


MAX_CALLERS = 16
"""Number of callers with open connections: each has several, and a process may open only so many files."""


class Callers:
    """The most recent callers; a key's services stay open for its next request."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pools = ThreadPools()
        self._writers = Writers(services.context.database)
        self._callers: OrderedDict[str, Caller] = OrderedDict()

    def caller(self, key: ApiKey) -> Caller:
        known = self._callers.get(key.key_id)
        if known is not None:
            self._callers.move_to_end(key.key_id)
        else:
            actor = f"{key.name} (key {key.key_id})"
            context = replace(
                self._services.context,
                org_slug=key.org_slug,
                actor=actor,
                writers=self._writers,
                on_carry_settled=note_carry_settled,
            )
            known = self._callers[key.key_id] = Caller(key, Services(context, self._services.settings), self._pools)
            if len(self._callers) > MAX_CALLERS:
                _, oldest = self._callers.popitem(last=False)
                self._pools.read_soon(oldest.services.close_readers)  # not here, as it waits for reads under way
        return known

    def close(self) -> None:
        """Finish what is under way, then close every connection."""
        self._pools.close()
        for caller in self._callers.values():
            caller.services.close_readers()
        self._writers.close()


HEADER = "X-API-Key"
READING = ("GET", "HEAD")


class Authenticator:
    """Admits or refuses requests."""

    def __init__(self, ring: KeyRing, callers: Callers, rates: RateLimit, failures: RateLimit) -> None:
        self._ring = ring
        self._callers = callers
        self._rates = rates
        self._failures = failures

    def authenticate(self, request: Request) -> Caller:
        """Return the caller. Raises `Problem`: 401 without a valid key, 403 if not permitted, 429 if too frequent."""
        text = request.headers.get(HEADER, "")
        key = self._ring.holder(text) if text else None
        if key is None:
            raise self._refusal(request, "that key is not valid" if text else "a key is needed")
        request.state.key_id = key.key_id
        if not self._rates.allows(key.key_id):
            raise too_many_requests("this key asks too often")
        if request.method not in READING and not key.may_write:
            raise Problem(403, "forbidden", "this key may only read", "use one that may write")
        return self._callers.caller(key)

    def _refusal(self, request: Request, why: str) -> Problem:
        address = request.client.host if request.client else ""
        if not self._failures.allows(address):
            return too_many_requests("too many requests without a valid key")
        return Problem(
            401,
            "unauthorized",
            why,
            f"send one in {HEADER}; whoever runs this server creates them",
            headers={"WWW-Authenticate": f'ApiKey header="{HEADER}"'},
        )


def too_many_requests(why: str) -> Problem:
    return Problem(429, "too-many-requests", why, "wait a second", headers={"Retry-After": "1"})


async def caller_of(request: Request) -> Caller:
    """Return the authenticated caller. Async, as it never blocks: FastAPI runs other dependencies in a thread."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


async def caller_of_organization(
    request: Request, org: Annotated[str, Path(description="The key's organization.")]
) -> Caller:
    """Return the authenticated caller for a path with an organization; raises `NotFound` if it is not the key's."""
    caller = await caller_of(request)
    if org != caller.key.org_slug:
        raise NotFound(f"there is no organization '{org}'", "use the one that the key belongs to")
    return caller


CurrentCaller = Annotated[Caller, Depends(caller_of)]
OrganizationCaller = Annotated[Caller, Depends(caller_of_organization)]
