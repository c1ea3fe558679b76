"""The application: routers, middleware, error handlers, and the server process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from ipaddress import ip_address
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from budget_tui.api import problems
from budget_tui.api.auth import Authenticator, Callers, RateLimit
from budget_tui.api.http import json_response, operation_id
from budget_tui.api.middleware import with_middleware
from budget_tui.api.openapi import DOCUMENT, OPEN_TAG, add_document, openapi_of
from budget_tui.api.problems import Problem, problem_of, request_id_of
from budget_tui.api.routes import ROUTERS
from budget_tui.api.server import run
from budget_tui.bootstrap import Services
from budget_tui.channels.base import channels_of
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.schemas.problem import Health, message_of
from budget_tui.services.keys import KeyRing
from budget_tui.services.watching import WatcherThread

FAILURES_PER_SECOND = 1
FAILURES_BURST = 100


def application(
    services: Services, host: str = "127.0.0.1", beside: AbstractContextManager[object] | None = None
) -> ASGIApp:
    """Return the API over the database of ``services``, served at ``host``. The key selects the organization.

    ``beside`` is a context, open as long as the server runs.
    """
    ring = KeyRing(services.context.database)
    callers = Callers(services)
    per_second = services.settings.requests_per_second_count

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with beside or nullcontext():
            yield
        # `beside` is closed before the database: whoever closes that last removes its write-ahead log.
        ring.close()
        callers.close()

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=DOCUMENT,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    limits = RateLimit(per_second, 2 * per_second), RateLimit(FAILURES_PER_SECOND, FAILURES_BURST)
    app.state.authenticator = Authenticator(ring, callers, *limits)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # unchanged: `include_router` would build each route a second time

    @app.get("/healthz", tags=[OPEN_TAG], response_model=Health)
    async def healthz() -> Response:
        """Check that the server runs and can read its database. Needs no key."""
        ring.has_active_key()
        return json_response(Health(status="ok"))

    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    add_document(app)
    handle_errors(app)
    return with_middleware(app, host)


def handle_errors(app: FastAPI) -> None:
    """Respond to every error with a problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        return problems.response_of(_problem(request, error), request_id_of(request))

    for kind in (BudgetError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)


def _problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, BudgetError):
        return problem_of(error, in_tokens=_is_about_tokens(request))
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _http_problem(request, error)
    return problems.unexpected()


def _is_about_tokens(request: Request) -> bool:
    return problems.TOKENS_TAG in getattr(request.scope.get("route"), "tags", ())


def _invalid(error: RequestValidationError) -> Problem:
    """Describe the refused fields, in one line and one by one."""
    errors = [{"field": _field(each["loc"]), "message": message_of(each)} for each in error.errors()]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    return Problem(422, "refused", detail, "see /docs for what is expected", more={"errors": errors})


def _field(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _http_problem(request: Request, error: HTTPException) -> Problem:
    if error.status_code == 405:
        allowed = ", ".join(_methods_of(request.url.path)) or "GET, HEAD"
        return Problem(405, "method-not-allowed", "that method is not allowed", "see /docs", headers={"Allow": allowed})
    if error.status_code == 404:
        return Problem(404, "not-found", "there is nothing at that path", "see /docs")
    return Problem(error.status_code, "refused", str(error.detail), headers=dict(error.headers or {}))


def _methods_of(path: str) -> list[str]:
    """Return the methods that all routes together allow at ``path``."""
    methods = {
        method
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    }
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def serve(services: Services, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; ``announce`` receives the URL once it is reachable."""
    services.context.prepare()
    services.import_for_writing()  # now, rather than while the first request waits
    if not is_loopback(host):
        _require_key(services, host)
    watching = WatcherThread(services.context, channels_of(services.settings.channels))
    run(application(services, host, watching), host, port, announce)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _require_key(services: Services, host: str) -> None:
    """Raise `Refused` if the server would be reachable from other machines while no key could admit anyone."""
    ring = KeyRing(services.context.database)
    try:
        if not services.context.has_database or not ring.has_active_key():
            raise Refused(
                f"there is no key yet, so no one could use {host}",
                "make one",
                command="make one with budget-tui key create",
            )
    finally:
        ring.close()
