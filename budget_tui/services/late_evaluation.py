"""Evaluation of alerts a moment after changes, for programs that embed the services and must not wait for it."""

import atexit
from collections.abc import Callable
from threading import Lock, Timer

from budget_tui.services.context import Context

DELAY_SECONDS = 1.0


class LateEvaluation:
    """Calls ``evaluate`` once for all changes of a second, in a thread of its own.

    It is called after each change, as `Context.on_change`, and takes a microsecond then.
    """

    def __init__(self, evaluate: Callable[[], None]) -> None:
        self._evaluate = evaluate
        self._starting, self._evaluating = Lock(), Lock()
        self._timer: Timer | None = None

    def __call__(self, _: Context) -> None:
        """Evaluate in a second, unless that is to happen anyway."""
        if self._is_due():
            return
        with self._starting:
            if not self._is_due():
                atexit.register(self.close)  # until it is done, in case the program ends before
                self._timer = Timer(DELAY_SECONDS, self._run)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Evaluate what is due, and wait for it."""
        timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()
            if self._timer is timer:  # it had not begun
                self._run()
        with self._evaluating:
            pass

    def _is_due(self) -> bool:
        return self._timer is not None and self._timer.is_alive()  # which it is not in a process that was forked

    def _run(self) -> None:
        with self._evaluating:
            self._timer = None  # later changes are for the next one
            atexit.unregister(self.close)
            self._evaluate()
