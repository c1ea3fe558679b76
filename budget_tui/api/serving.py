"""The server process: where it listens, and how it ends."""

import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address

import uvicorn

from budget_tui.api.app import application
from budget_tui.bootstrap import Services
from budget_tui.domain.errors import Refused
from budget_tui.services.keys import KeyRing

PATIENCE_SECONDS = 30
"""How long requests under way may take to finish when the server is told to stop."""

BACKLOG = 2048


def serve(services: Services, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; ``announce`` is told the URL once it can be reached."""
    services.context.prepare()
    services.load_commands()  # now, rather than while the first request waits
    if not is_loopback(host):
        _require_key(services, host)
    listening = _listening(host, port)
    config = uvicorn.Config(
        application(services, host),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
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


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _require_key(services: Services, host: str) -> None:
    """Refuse to be reachable from elsewhere while nobody could be let in."""
    ring = KeyRing(services.context.path)
    try:
        if not ring.can_be_passed():
            raise Refused(f"there is no key yet, so nobody could use {host}", "make one with budget-tui key create")
    finally:
        ring.close()


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
    return Refused(f"cannot listen at {host} port {port}: {reason}", "choose another --host or --port")


def _url(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
