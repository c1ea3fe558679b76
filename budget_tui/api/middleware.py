"""Middleware of every request, as plain ASGI, which costs only microseconds."""

import logging
import re
import secrets
import socket
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from budget_tui.api.problems import Problem, response_of, unexpected
from budget_tui.domain.text import escaped

REQUEST_ID = "X-Request-ID"
MAX_BODY_BYTES = 64 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = ("0.0.0.0", "::")

logger = logging.getLogger("budget_tui.api")

_SANE_ID = re.compile(r"[\w.:+/=-]{1,64}", re.ASCII)


class RequestLog:
    """Gives each request an id, logs it once with its response, and responds to unexpected errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            logger.exception("request %s failed", request_id)
            if not status:
                await response_of(unexpected(), request_id)(scope, receive, sending)
        finally:
            logger.info(
                "%s %s %d in %.1f ms, request %s, key %s",
                scope["method"],
                escaped(scope["path"]),
                status,
                (time.perf_counter() - began) * 1000,
                request_id,
                state.get("key_id", "-"),
            )


class HostMiddleware:
    """Refuses a foreign ``Host``, so that a web page cannot reach this server through a DNS name of its own."""

    def __init__(self, app: ASGIApp, bound: str) -> None:
        self._app = app
        self._names = {*LOOPBACK, bound.lower()}
        if bound in ANY_ADDRESS:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        self._names -= set(ANY_ADDRESS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_ours(scope):
            problem = Problem(421, "misdirected", "this server does not answer to that host", "use the name it runs at")
            await response_of(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        """Return whether the host is a name of this machine, or the address that the connection was made to."""
        name = host_name(Headers(scope=scope).get("host", ""))
        reached = scope["server"][0] if scope.get("server") else ""
        return name in self._names or (name == reached and bool(name))


def host_name(header: str) -> str:
    """Return the name in a ``Host`` header, without port and brackets, in lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].removesuffix(".")


class BodyLimit:
    """Rejects a body that is too long, even one without a declared length."""

    def __init__(self, app: ASGIApp, most: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._most:
            await response_of(self._too_large(), scope["state"]["request_id"])(scope, receive, send)
            return
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise self._too_large()
            return message

        await self._app(scope, receiving, send)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "too-large",
            f"the body is longer than {self._most:,} bytes",
            "send less at once",
            headers={"Connection": "close"},
        )


class HeadMiddleware:
    """Responds to ``HEAD`` as to ``GET``, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, sending)


def with_middleware(app: ASGIApp, bound: str) -> ASGIApp:
    """Wrap ``app`` in all middleware; ``bound`` is the host that the server listens at."""
    return RequestLog(HostMiddleware(BodyLimit(HeadMiddleware(app)), bound))
