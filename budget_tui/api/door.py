"""Who comes in: the key, what it may do, and how often."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from budget_tui.api.problems import Problem
from budget_tui.api.rates import Buckets
from budget_tui.api.tenants import Caller, Tenants
from budget_tui.domain.errors import NotFound
from budget_tui.services.keys import KeyRing

HEADER = "X-API-Key"
READING = ("GET", "HEAD")


class Door:
    """Lets a request in, or refuses it."""

    def __init__(self, ring: KeyRing, tenants: Tenants, rates: Buckets, failures: Buckets) -> None:
        self._ring = ring
        self._tenants = tenants
        self._rates = rates
        self._failures = failures

    def admit(self, request: Request) -> Caller:
        """Whose request it is. 401 without a key that is one, 403 when it may not, 429 when it comes too often."""
        text = request.headers.get(HEADER, "")
        key = self._ring.holder(text) if text else None
        if key is None:
            raise self._turned_away(request, "that key is not valid" if text else "a key is needed")
        request.state.key_id = key.key_id
        if not self._rates.take(key.key_id):
            raise too_often("this key asks too often")
        if request.method not in READING and not key.may_write:
            raise Problem(403, "forbidden", "this key may only read", "use one that may write")
        return self._tenants.caller(key)

    def _turned_away(self, request: Request, why: str) -> Problem:
        address = request.client.host if request.client else ""
        if not self._failures.take(address):
            return too_often("too many requests without a valid key")
        return Problem(
            401,
            "unauthorized",
            why,
            f"send one in {HEADER}; whoever runs this server creates them",
            headers={"WWW-Authenticate": f'ApiKey header="{HEADER}"'},
        )


def too_often(why: str) -> Problem:
    return Problem(429, "too-many-requests", why, "wait a second", headers={"Retry-After": "1"})


async def caller_of(request: Request) -> Caller:
    """Who was let in. Like all that waits for nothing it is async: FastAPI sends the rest to another thread."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


async def caller_of_organization(
    request: Request, org: Annotated[str, Path(description="The key's organization.")]
) -> Caller:
    """Who was let in, for a path that names an organization; `NotFound` when it is another's."""
    caller = await caller_of(request)
    if org != caller.key.org_slug:
        raise NotFound(f"there is no organization '{org}'", "use the one that the key belongs to")
    return caller


By = Annotated[Caller, Depends(caller_of)]
ByOrganization = Annotated[Caller, Depends(caller_of_organization)]
