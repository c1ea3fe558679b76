"""How a route reads its request: the key first, then a JSON body whose numbers never become floats."""

import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from decimal import Decimal
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.problems import Problem
from budget_tui.domain.carry import SettledCarry, settled_together

_settled: ContextVar[list[SettledCarry] | None] = ContextVar("carry_settled", default=None)
"""What the command of this request settled again of what was carried over."""


def note_carry_settled(settled: SettledCarry, currency: str) -> None:
    noted = _settled.get()
    if noted is not None:
        noted.append(settled)


def carry_settled() -> list[SettledCarry]:
    """What this request settled again of what was carried over."""
    return settled_together(_settled.get() or ())


class ExactRequest(Request):
    """A request whose numbers are ``int`` or ``Decimal``, as they were written."""

    async def json(self) -> Any:
        return parsed(await self.body())


class Route(APIRoute):
    """A route that needs a key, whatever else may be wrong with the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handled(request: Request) -> Response:
            request = ExactRequest(request.scope, request.receive)
            request.state.caller = request.app.state.door.admit(request)
            if takes_body:
                _require_json(request)
            token = _settled.set([])
            try:
                return await handle(request)
            finally:
                _settled.reset(token)

        return handled


def parsed(body: bytes) -> Any:
    """The JSON in ``body``; `Problem` when it is none."""
    try:
        return json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_without_repeats
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "a number or a text in it is out of range"
        raise Problem(400, "malformed", f"the body is not JSON: {reason}", "send a JSON object") from None


def _no_number(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON number", name, 0)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a name stands twice in one object", "", 0)
    return found


def _require_json(request: Request) -> None:
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return  # no body at all: what is missing is told by name
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "unsupported-media-type", "the body must be JSON", "send Content-Type: application/json")
