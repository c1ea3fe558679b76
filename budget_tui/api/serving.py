"""The server process: whom it is there for."""

from collections.abc import Callable
from ipaddress import ip_address

from budget_tui.api.app import application
from budget_tui.api.listening import run
from budget_tui.bootstrap import Services
from budget_tui.domain.errors import Refused
from budget_tui.services.keys import KeyRing


def serve(services: Services, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; ``announce`` is told the URL once it can be reached."""
    services.context.prepare()
    services.load_commands()  # now, rather than while the first request waits
    if not is_loopback(host):
        _require_key(services, host)
    run(application(services, host), host, port, announce)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _require_key(services: Services, host: str) -> None:
    """Refuse to be reachable from elsewhere while nobody could be let in."""
    ring = KeyRing(services.context.database)
    try:
        if not services.context.has_database or not ring.can_be_passed():
            raise Refused(
                f"there is no key yet, so no one could use {host}",
                "make one",
                command="make one with budget-tui key create",
            )
    finally:
        ring.close()
