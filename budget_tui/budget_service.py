"""Token budgets for programs that embed them: ``from budget_tui import BudgetService``."""

import atexit
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from os import PathLike, fspath
from threading import Lock, Timer
from types import TracebackType
from typing import Self

from budget_tui.bootstrap import Services, open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.period import checked_day
from budget_tui.domain.tokens import AgentBudget, Reservation, TokenBalance
from budget_tui.services.context import Context

EVALUATION_DELAY_SECONDS = 1.0

# The embedding program decides whether and where to log.
logging.getLogger("budget_tui").addHandler(logging.NullHandler())


class BudgetService:
    """Agents' token budgets in one database. Threads may share one service, and programs the database.

    Every command is one durable transaction. With a ``key``, repeating a command changes nothing and returns the first
    result. Failures raise a `budget_tui.domain.errors.BudgetError`: `InsufficientBudget` with the tokens ``available``,
    `NotFound`, `Conflict`, `Refused`.

    Alerts are evaluated within a second after a change, in a thread of its own, and by `close`. Nothing is sent: what
    fired waits for a program that has the channel.

        with BudgetService.open("budget.db") as budgets:
            budgets.consume_budget("scout", 1_200)
    """

    def __init__(self, services: Services) -> None:
        self._evaluation = _LateEvaluation(lambda: self._services.alerts.evaluate_after_change())
        on_change = self._evaluation if services.context.clock.as_of is None else None  # only looks at another day
        self._services = replace(services, context=replace(services.context, on_change=on_change))
        self._agents = self._services.agents

    @classmethod
    def open(cls, location: str | PathLike[str], organization: str = "default", as_of: date | None = None) -> Self:
        """Open the budgets in a database: a path, or a ``sqlite:///`` or ``postgresql://`` URL.

        The first change creates what is missing of it.

        The user's settings are ignored: a program gets what it names. ``as_of`` sets today's date, which determines the
        period; opening a later period closes those before it.
        """
        today = None if as_of is None else checked_day(as_of)
        services = open_services(
            fspath(location), organization, today, Settings(), keep_open=True
        ).creating_if_missing()
        services.context.prepare()
        return cls(services)

    def allocate_budget(self, agent_id: str, tokens: int) -> TokenBalance:
        """Set the agent's tokens per period, at least those used and reserved; raises `NotFound`."""
        return self._agents.allocate(agent_id, tokens)

    def top_up(self, agent_id: str, tokens: int, *, key: str | None = None) -> TokenBalance:
        """Add tokens to the agent's budget."""
        return self._agents.top_up(agent_id, tokens, key=key)

    def consume_budget(
        self, agent_id: str, tokens: int, *, output: int = 0, cached: int = 0, key: str | None = None
    ) -> TokenBalance:
        """Use ``tokens``: all of them, or none and `InsufficientBudget`.

        ``output`` and ``cached`` are the tokens among them of these kinds; the rest are input.
        """
        return self._agents.consume(agent_id, tokens, output, cached, key=key)

    def get_budget(self, agent_id: str) -> AgentBudget:
        """Return the agent's budget in the current period, with its rate."""
        return self._agents.get(agent_id)

    def get_available_tokens(self, agent_id: str) -> int:
        """Return the tokens that the agent may still use: allocated − used − reserved."""
        return self._agents.get(agent_id).available_tokens

    def reserve(self, agent_id: str, tokens: int, seconds: int = 600, *, key: str | None = None) -> Reservation:
        """Reserve tokens for at most ``seconds``."""
        return self._agents.reserve(agent_id, tokens, seconds, key=key)

    def settle(
        self, reservation_id: str, tokens: int, *, output: int = 0, cached: int = 0, key: str | None = None
    ) -> TokenBalance:
        """Use ``tokens``, the actual amount, in place of the reservation, and release the rest."""
        return self._agents.settle(reservation_id, tokens, output, cached, key=key)

    def release(self, reservation_id: str) -> TokenBalance:
        """Release the tokens of a reservation."""
        return self._agents.release(reservation_id)

    def close(self) -> None:
        self._evaluation.close()
        self._services.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _LateEvaluation:
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
                self._timer = Timer(EVALUATION_DELAY_SECONDS, self._run)
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
