"""The server process: its socket, its connections, its shutdown."""

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from budget_tui.domain.errors import Refused

PATIENCE_SECONDS = 30
"""Seconds that requests under way have to finish when the server is stopped."""

REQUEST_SECONDS = 10
"""Seconds that a request may take to arrive, and that a client may read nothing of its response."""

PAUSE_SECONDS = 1
"""Pause in accepting connections, in seconds, when there was no file descriptor for one."""

BACKLOG = 2048
"""Maximum number of connections waiting to be accepted, and of those served at once."""

logger = logging.getLogger("budget_tui.api")


def run(app: ASGIApp, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve ``app`` until SIGTERM or Ctrl-C; ``announce`` receives the URL once it is reachable."""
    listening = _listening(host, port)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )
    # Uvicorn raises the signal that stopped it again. Being stopped is not an error.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with listening, suppress(KeyboardInterrupt):
        _Server(config, lambda: announce(_url(host, listening))).run(sockets=[listening])


def most_connections() -> int:
    """Return half of the process's file descriptor limit; the database uses the others."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return BACKLOG if descriptors == resource.RLIM_INFINITY else max(1, min(BACKLOG, descriptors // 2))


class _Server(uvicorn.Server):
    """Uvicorn's server, but accepting a connection only when there is room; the others wait in the kernel.

    Without room, the connection whose request has been arriving for the longest is closed. Asyncio's own servers accept
    everything, and without descriptors they retry and log thousands of times a second.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started
        self._room = asyncio.Semaphore(most_connections())
        self._arriving: dict[_Connection, None] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        self._accepting = [asyncio.create_task(self._accept(listening)) for listening in sockets or ()]
        if self.started:
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for accepting in self._accepting:
            accepting.cancel()
        await super().shutdown(sockets)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        short_since = 0.0
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except ConnectionError:  # it was closed before it was accepted
                continue
            except OSError:
                short_since = short_since or loop.time()
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if short_since:  # only now, as the log needs a descriptor too
                logger.warning("for %.0f s there was no descriptor for a connection", loop.time() - short_since)
                short_since = 0.0
            if self._room.locked() and self._arriving:
                next(iter(self._arriving)).give_up()
            await self._room.acquire()
            _drop_who_does_not_read(accepted)
            await loop.connect_accepted_socket(self._connection, accepted)

    def _connection(self) -> "_Connection":
        return _Connection(self.config, self.server_state, self.lifespan.state, self._arriving, self._room.release)


class _Connection(H11Protocol):
    """Uvicorn's connection, but closed when a request's headers or body do not arrive in time.

    ``arriving`` are the connections waiting for a request, the longest waiting first; ``closed`` is called once.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: uvicorn.server.ServerState,
        app_state: dict[str, Any],
        arriving: "dict[_Connection, None]",
        closed: Callable[[], None],
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._arriving = arriving
        self._closed = closed
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._await()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        self._closed()

    def give_up(self) -> None:
        """Close the connection, with a response if a request has begun."""
        self._stop_waiting()
        has_begun = self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])
        if has_begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # the client does not even read
        else:
            self.transport.close()

    def _await(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.give_up)
            self._arriving[self] = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            del self._arriving[self]


def _drop_who_does_not_read(accepted: socket.socket) -> None:
    """Let the kernel close a connection whose client reads nothing for too long."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, REQUEST_SECONDS * 1000)


def _listening(host: str, port: int) -> socket.socket:
    """Open a listening socket, with its protocol set to TCP.

    Only then does asyncio send small packets at once; otherwise a request would take 40 ms.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    except UnicodeError:  # a part of the name is empty or too long
        raise Refused(f"'{host}' is not a host name", "give one such as 127.0.0.1") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _cannot_listen(host, port, error) from None
    return listening


def _cannot_listen(host: str, port: int, error: OSError) -> Refused:
    reason = (error.strerror or str(error)).lower()
    return Refused(
        f"cannot listen at {host} port {port}: {reason}",
        "choose another host or port",
        command="choose another --host or --port",
    )


def _url(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
