"""How a server process listens, and how it ends."""

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from budget_tui.domain.errors import Refused

PATIENCE_SECONDS = 30
"""How long requests under way may take to finish when the server is told to stop."""

BACKLOG = 2048


def run(app: ASGIApp, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve ``app`` until SIGTERM or Ctrl-C; ``announce`` is told the URL once it can be reached."""
    listening = _listening(host, port)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=PATIENCE_SECONDS
    )
    # Uvicorn raises the signal that stopped it again. To be told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with listening:
        _Server(config, lambda: announce(_url(host, listening))).run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. It is told that it is TCP: asyncio lets small packets go at once only then, and a
    request would take 40 ms otherwise."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    except UnicodeError:  # a part of it is empty or too long
        raise Refused(f"'{host}' is no name of a host", "give one such as 127.0.0.1") from None
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
