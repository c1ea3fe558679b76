"""The threads that wait for the disk, so that the event loop does not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from budget_tui.services.idempotency import replays_noted

Result = TypeVar("Result")

_READERS = 4


class _Writer:
    """One thread that runs commands in the order they came, each in the context of its request.

    An executor would do the same, but its own futures take as long as a small transaction.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="budget-tui-write", daemon=True)
        self._thread.start()

    def put(self, command: Callable[[], Result]) -> "asyncio.Future[Result]":
        loop, context = asyncio.get_running_loop(), copy_context()
        future: asyncio.Future[Result] = loop.create_future()

        def carried_out() -> None:
            try:
                result = context.run(command)
            except Exception as error:
                loop.call_soon_threadsafe(_fail, future, error)
            else:
                loop.call_soon_threadsafe(_settle, future, result)

        self._waiting.put(carried_out)
        return future

    def close(self) -> None:
        """Return when everything under way is done."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (carry_out := self._waiting.get()) is not None:
            carry_out()


def _settle(future: "asyncio.Future[Result]", result: Result) -> None:
    if not future.done():  # it is cancelled if nobody waits for it any more
        future.set_result(result)


def _fail(future: "asyncio.Future[Result]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class ThreadPools:
    """Threads for blocking calls.

    Writes run one after the other in any case: here in the order they came, without polling the database for its lock.
    """

    def __init__(self) -> None:
        self._writing = _Writer()
        self._reading = ThreadPoolExecutor(_READERS, "budget-tui-read")

    async def write(self, command: Callable[[], Result]) -> Result:
        return await self._writing.put(command)

    async def write_once(self, command: Callable[[], Result]) -> tuple[Result, bool]:
        """Run a command once per idempotency key; return its result, and True if it is that of an earlier request."""

        def noted() -> tuple[Result, bool]:
            with replays_noted() as replays:
                result = command()
            return result, bool(replays)

        return await self.write(noted)

    async def read(self, query: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reading, query)

    def read_soon(self, task: Callable[[], object]) -> None:
        """Run a task on a reader thread without waiting for it."""
        self._reading.submit(task)

    def close(self) -> None:
        """Return when everything under way is done."""
        self._writing.close()
        self._reading.shutdown()
