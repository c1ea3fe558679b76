"""Requests and responses: exact numbers, ETags and conditional changes, idempotency.

An ETag has two parts: the amount that a PUT would change, and a fingerprint of the whole response. Readers compare
all of it. A writer's ``If-Match`` is compared with the first part only: the amount must be the one that was seen,
while a cost recorded in the meantime is no reason to refuse.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextvars import ContextVar
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, NoReturn
from urllib.parse import quote

from fastapi import APIRouter, Header
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.problems import MEDIA_TYPE, Problem
from budget_tui.domain.carry import SettledCarry, settled_together
from budget_tui.domain.errors import Outdated
from budget_tui.schemas.base import CarrySettled, Json, Settling
from budget_tui.schemas.plain import dumps
from budget_tui.services.idempotency import KEY_MAX_LENGTH

_settled: ContextVar[list[SettledCarry] | None] = ContextVar("carry_settled", default=None)
"""The carried-over amounts that this request's command corrected."""


def note_carry_settled(settled: SettledCarry, currency: str) -> None:
    noted = _settled.get()
    if noted is not None:
        noted.append(settled)


def carry_settled() -> list[SettledCarry]:
    """Return the carried-over amounts that this request corrected."""
    return settled_together(_settled.get() or ())


class ExactRequest(Request):
    """A request that parses numbers as ``int`` or ``Decimal``, exactly as written."""

    async def json(self) -> Any:
        return parsed(await self.body())


class Route(APIRoute):
    """A route that checks the key first, whatever else is wrong with the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        parameters = frozenset(_query_parameters(self))
        headers = {field.alias.lower() for field in self.dependant.header_params}
        changes_blindly = "GET" not in (self.methods or ()) and "if-match" not in headers

        async def handled(request: Request) -> Response:
            request = ExactRequest(request.scope, request.receive)
            request.state.caller = request.app.state.authenticator.authenticate(request)
            if takes_body:
                _require_json(request)
            _require_known(request, parameters)
            if changes_blindly and "if-match" in request.headers:
                raise Problem(422, "refused", "nothing here can be compared with If-Match", "leave it out")
            token = _settled.set([])
            try:
                return await handle(request)
            finally:
                _settled.reset(token)

        return handled


def parsed(body: bytes) -> Any:
    """Parse ``body`` as JSON; raises `Problem` if it is invalid."""
    try:
        return json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_without_repeats
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Problem(400, "malformed", f"the body is not JSON: {_reason(error)}", "send a JSON object") from None


class _NotJson(ValueError):
    """Something that Python's parser accepts, and JSON does not."""


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError() | _NotJson():
            return str(error)
        case UnicodeDecodeError():
            return f"the byte at {error.start} is not UTF-8"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "a number in it is out of range"


def _no_number(name: str) -> NoReturn:
    raise _NotJson(f"{name} is no JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotJson(f"'{_repeated(name for name, _ in pairs)}' is in one object twice")
    return found


def _repeated(names: Iterable[str]) -> str | None:
    """Return the first name that is there more than once."""
    return next((name for name, times in Counter(names).items() if times > 1), None)


def _require_json(request: Request) -> None:
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return  # no body: the validation names the missing fields
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "unsupported-media-type", "the body must be JSON", "send Content-Type: application/json")


def _query_parameters(route: APIRoute) -> Iterator[str]:
    for field in route.dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from model.model_fields
        else:
            yield field.alias


def _require_known(request: Request, parameters: frozenset[str]) -> None:
    """Raise `RequestValidationError` for a query parameter that is unknown or repeated: it would be ignored."""
    if not request.url.query:
        return
    names = [name for name, _ in request.query_params.multi_items()]
    messages = {name: "there is no such parameter; leave it out" for name in names if name not in parameters}
    if (repeated := _repeated(names)) is not None:
        messages.setdefault(repeated, "give it once")
    if messages:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": message, "type": "value_error"} for name, message in messages.items()]
        )


_ETAG = re.compile(r'(W/)?"([^"]*)"')
_OURS = re.compile(r"(\d{1,20})-[0-9a-f]{16}")


def etag_of(amount: int, text: str) -> str:
    return f'"{amount}-{sha256(text.encode()).hexdigest()[:16]}"'


def client_has(if_none_match: str, etag: str) -> bool:
    """Return whether the client has this response already."""
    return if_none_match.strip() == "*" or etag in (f'"{text}"' for _, text in _ETAG.findall(if_none_match))


def write_if_match(if_match: str | None, write: Callable[[int | None], object]) -> None:
    """Call ``write`` with the amount that the writer saw, or with None if any will do; 412 if they saw another.

    The service compares and writes in one transaction.
    """
    if if_match is None or if_match.strip() == "*":
        write(None)
        return
    for seen in _amounts(if_match):
        try:
            write(seen)
        except Outdated:
            continue
        return
    raise Problem(412, Outdated.code, "someone else has changed it since", "get it again, then repeat the change")


def _amounts(if_match: str) -> list[int]:
    """Return the amounts in those strong tags that this API created."""
    ours = [_OURS.fullmatch(text) for weak, text in _ETAG.findall(if_match) if not weak]
    return list(dict.fromkeys(int(found[1]) for found in ours if found))


REPLAYED = "Idempotent-Replayed"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=KEY_MAX_LENGTH,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="Idempotency key: a repeated request is carried out once and gets the same response.",
    ),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of an earlier response; 412 if it has changed since.")
]
IfNoneMatch = Annotated[
    str, Header(alias="If-None-Match", description="The ETag of an earlier response; 304 if nothing has changed.")
]

DESCRIPTIONS = {
    404: "There is no such thing.",
    409: "It conflicts with what is stored, or there is not enough budget.",
    412: "`If-Match` names another state than the stored one.",
}


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function."""
    return route.name


def router_of(tag: str) -> APIRouter:
    """Return a router whose routes need a key."""
    return APIRouter(tags=[tag], route_class=Route, generate_unique_id_function=operation_id)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the problems specific to a route."""
    return {status: problem_response(DESCRIPTIONS[status]) for status in statuses}


def problem_response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}


WITH_LOCATION: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}}
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "It still is what `If-None-Match` names."}}


def json_response(body: Json, status: int = 200, *, replayed: bool = False) -> Response:
    """Respond with ``body``; a `Settling` one gets the carried-over amounts that the request corrected."""
    headers = {REPLAYED: "true"} if replayed else {}
    if isinstance(body, Settling) and (settled := carry_settled()):
        amounts = [CarrySettled.from_domain(each) for each in settled]
        body = body.model_copy(update={"carry_settled": amounts})
    return Response(dumps(body, indent=None), status, headers, media_type="application/json")


def created(path: str, name: str, body: Json, *, replayed: bool) -> Response:
    """Respond with what was added and its location: ``path`` with its name in place of ``{}``."""
    response = json_response(body, 201, replayed=replayed)
    response.headers["Location"] = path.format(quote(name, safe=""))
    return response


def tagged_response(body: Json, amount: int, request: Request) -> Response:
    """Respond with a budget and its ETag, or 304 if the client has it. ``amount`` is what a PUT would change."""
    text = dumps(body, indent=None)
    headers = {"ETag": etag_of(amount, text), "Cache-Control": "private, no-cache", "Vary": "X-API-Key"}
    if request.method == "GET" and client_has(request.headers.get("If-None-Match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type="application/json")
