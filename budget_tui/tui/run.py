"""Starting the dashboard and the monitor, and restoring the terminal however they end."""

import asyncio
import gc
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TextIO

from budget_tui.bootstrap import Services
from budget_tui.config.paths import default_state_folder
from budget_tui.config.settings import Settings
from budget_tui.config.streams import discard_output
from budget_tui.tui.theme import ThemedApp

HANG_UP_SECONDS = 1.0
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)
"""Signals that end the program; the terminal has to be restored after each."""


def run_dashboard(services: Services, database_name: str = "") -> None:
    """Show the dashboard; ``database_name`` is the name to show for the database.

    Raises `Refused` if the settings choose a theme that does not exist, a key for a binding that does not exist, or a
    key that another binding has.
    """
    from budget_tui.tui.app import BudgetApp

    if services.settings.keys:
        from budget_tui.tui.key_bindings import check_keys

        check_keys(services.settings.keys)
    _run(BudgetApp(services, database_name, default_state_folder()), mouse=True)


def run_monitor(services: Services, interval: float) -> None:
    """Show the monitor, without the mouse: a terminal that is killed would be left reporting mouse events."""
    from budget_tui.tui.monitor import MonitorApp

    _run(MonitorApp(services, interval), mouse=False)


def run_manual(topic: str, settings: Settings) -> None:
    """Show the manual, opened at ``topic``."""
    from budget_tui.tui.dialogs.manual import ManualApp

    _run(ManualApp(topic, settings), mouse=True)


def _run(app: ThemedApp, *, mouse: bool) -> None:
    async def main() -> None:
        app.call_after_refresh(_freeze_loaded_objects)
        loop = asyncio.get_running_loop()
        for each in ENDING:
            loop.add_signal_handler(each, app.exit)
        watch = loop.create_task(_leave_without_terminal(app))
        with _written_until_gone(partial(loop.call_soon_threadsafe, app.exit)):
            await app.run_async(mouse=mouse)
        watch.cancel()

    asyncio.run(main())
    if app.error is not None:
        raise app.error


class _Output:
    """A terminal's output that discards what is written from the first error on, and calls ``on_gone`` then.

    With the error the thread that writes for Textual would end, and whoever writes more than fits into its queue would
    wait for ever.
    """

    def __init__(self, stream: TextIO, on_gone: Callable[[], object]) -> None:
        self._stream = stream
        self._on_gone = on_gone

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write or discard ``text``."""
        self._attempt(partial(self._stream.write, text))
        return len(text)

    def flush(self) -> None:
        """Send or discard what was written."""
        self._attempt(self._stream.flush)

    def _attempt(self, use: Callable[[], object]) -> None:
        try:
            use()
        except OSError:
            discard_output(self._stream)
            self._on_gone()


@contextmanager
def _written_until_gone(on_gone: Callable[[], object]) -> Iterator[None]:
    """Let Textual write to standard error through `_Output`: its drivers take the stream from ``sys.__stderr__``."""
    stream = sys.__stderr__
    assert stream is not None
    vars(sys)["__stderr__"] = _Output(stream, on_gone)
    try:
        yield
    finally:
        vars(sys)["__stderr__"] = stream


async def _leave_without_terminal(app: ThemedApp) -> None:
    """End ``app`` when its terminal is gone. A terminal that controls no session sends no signal then."""
    hang_ups = select.poll()
    hang_ups.register(sys.stdin, 0)
    while not hang_ups.poll(0):
        await asyncio.sleep(HANG_UP_SECONDS)
    app.exit()


def _freeze_loaded_objects() -> None:
    """Collect garbage only from the first frame on, and only among objects created since."""
    gc.freeze()
    gc.enable()
