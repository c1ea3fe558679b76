"""Commands that go on until Ctrl-C."""

import signal
import threading
from collections.abc import Callable

from budget_tui.cli.console import report
from budget_tui.domain.errors import StorageError


def repeat_until_stopped(look: Callable[[], object], seconds: float, doing: str) -> None:
    """Call ``look`` again and again, ``seconds`` apart, until Ctrl-C or SIGTERM; ``doing`` says what that is.

    An error of the database is reported once: it may be back later, as after a restart of the server.
    """
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    report(f"{doing}; Ctrl-C ends it")
    failure = ""
    while not ended.is_set():
        try:
            look()
        except StorageError as error:
            if str(error) != failure:
                report(f"error: {error}")
            failure = str(error)
        else:
            if failure:
                report(f"{doing} again")
            failure = ""
        ended.wait(seconds)
