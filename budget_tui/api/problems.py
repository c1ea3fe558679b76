"""Errors as RFC 9457 problem documents, with the codes and messages of the command line."""

import logging
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.errors import BudgetError, Conflict, InsufficientBudget, NotFound, StorageError, Unexpected
from budget_tui.schemas.plain import dumps
from budget_tui.schemas.problem import ProblemDocument

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
logger = logging.getLogger("budget_tui.api")

TOKENS_TAG = "agents"
"""The tag of the routes whose budgets count tokens."""

_STATUS: tuple[tuple[type[BudgetError], int], ...] = (
    (InsufficientBudget, 409),
    (NotFound, 404),
    (Conflict, 409),
    (Unexpected, 500),
)


class Problem(HTTPException):
    """An error with everything in its document. ``more`` are members besides the standard ones."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code
        self.hint = hint
        self.more = more or {}


def problem_of(error: BudgetError, *, in_tokens: bool = False) -> Problem:
    """Convert an error of the services. The database's location and faults are not revealed to clients."""
    if isinstance(error, StorageError):
        logger.warning("%s", error)
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return Problem(
            503, error.code, "the database cannot be used now", "try again; see the log for the reason", headers=headers
        )
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
    more: dict[str, Any] = {}
    if isinstance(error, InsufficientBudget):
        more = {"available_tokens": error.available} if in_tokens else {"available_usd": to_decimal(error.available)}
    return Problem(status, error.code, error.message, error.hint, more=more)


def unexpected() -> Problem:
    """Return the problem for an unexpected error. Its details are in the log, under the id of the request."""
    return Problem(500, Unexpected.code, "something unexpected happened", "see the log under the request's id")


def response_of(problem: Problem, request_id: str) -> Response:
    """Return the response with the problem document."""
    document = ProblemDocument(
        type=f"urn:budget-tui:problem:{problem.code}",
        title=HTTPStatus(problem.status_code).phrase,
        status=problem.status_code,
        detail=problem.detail,
        code=problem.code,
        hint=problem.hint,
        request_id=request_id,
        **problem.more,
    )
    return Response(
        dumps(document, indent=None), problem.status_code, dict(problem.headers or {}), media_type=MEDIA_TYPE
    )


def request_id_of(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
