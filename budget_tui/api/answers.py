"""Answers as they go out, and how routes describe them."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.api.etags import is_known, tag_of
from budget_tui.api.problems import MEDIA_TYPE
from budget_tui.api.routing import Route, carry_settled
from budget_tui.schemas.base import CarrySettled, Json, Settling, dumps
from budget_tui.services.idempotency import KEY_MAX_LENGTH

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

WRITES = {
    404: "There is no such thing.",
    409: "It conflicts with what is stored, or there is not enough budget.",
    412: "`If-Match` names another state than the stored one.",
}


def operation_id(route: APIRoute) -> str:
    """The name of the function, as in the code."""
    return route.name


def routes_of(tag: str) -> APIRouter:
    """A router whose routes need a key."""
    return APIRouter(tags=[tag], route_class=Route, generate_unique_id_function=operation_id)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route describes the problems that are its own."""
    return {status: problem_response(WRITES[status]) for status in statuses}


def problem_response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}


LOCATED: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}}
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "It still is what `If-None-Match` names."}}


def answered(answer: Json, status: int = 200, *, replayed: bool = False) -> Response:
    """``answer``, and in it what the request settled again of what was carried over."""
    headers = {REPLAYED: "true"} if replayed else {}
    if isinstance(answer, Settling) and (settled := carry_settled()):
        told = [CarrySettled.from_domain(each) for each in settled]
        answer = answer.model_copy(update={"carry_settled": told})
    return Response(dumps(answer, indent=None), status, headers, media_type="application/json")


def located(path: str, name: str, answer: Json, *, replayed: bool) -> Response:
    """Answer with what was added and where it is: at ``path``, in which ``{}`` stands for its name."""
    made = answered(answer, 201, replayed=replayed)
    made.headers["Location"] = path.format(quote(name, safe=""))
    return made


def tagged(answer: Json, amount: int, request: Request) -> Response:
    """A budget with its ETag, or 304 when the reader has it. ``amount`` is what a PUT would change."""
    text = dumps(answer, indent=None)
    headers = {"ETag": tag_of(amount, text), "Cache-Control": "private, no-cache", "Vary": "X-API-Key"}
    if request.method == "GET" and is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type="application/json")
