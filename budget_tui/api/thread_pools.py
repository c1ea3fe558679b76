"""The threads that wait for the disk, so that nobody else has to."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from budget_tui.services.idempotency import replays_noted

Answer = TypeVar("Answer")

_READERS = 4


class _Writer:
    """One thread that carries out commands in the order they came, each in the context of its request. An executor
    would do the same, and take as long for its own futures as a small transaction takes."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="budget-tui-write", daemon=True)
        self._thread.start()

    def put(self, command: Callable[[], Answer]) -> "asyncio.Future[Answer]":
        loop, context = asyncio.get_running_loop(), copy_context()
        future: asyncio.Future[Answer] = loop.create_future()

        def carried_out() -> None:
            try:
                answer = context.run(command)
            except Exception as error:
                loop.call_soon_threadsafe(_fail, future, error)
            else:
                loop.call_soon_threadsafe(_settle, future, answer)

        self._waiting.put(carried_out)
        return future

    def close(self) -> None:
        """Return when everything under way is done."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (carry_out := self._waiting.get()) is not None:
            carry_out()


def _settle(future: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not future.done():  # cancelled when nobody waits any more
        future.set_result(answer)


def _fail(future: "asyncio.Future[Answer]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class ThreadPools:
    """Threads for what waits for the disk. Writes take turns anyway: here in the order they came, without asking
    the database again and again whose turn it is."""

    def __init__(self) -> None:
        self._writing = _Writer()
        self._reading = ThreadPoolExecutor(_READERS, "budget-tui-read")

    async def write(self, command: Callable[[], Answer]) -> Answer:
        return await self._writing.put(command)

    async def write_once(self, command: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer, and whether it was given before, under the same idempotency key."""

        def noted() -> tuple[Answer, bool]:
            with replays_noted() as replays:
                answer = command()
            return answer, bool(replays)

        return await self.write(noted)

    async def read(self, question: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._reading, question)

    def read_soon(self, task: Callable[[], object]) -> None:
        """Do something on a thread that reads, which nobody waits for."""
        self._reading.submit(task)

    def close(self) -> None:
        """Return when everything under way is done."""
        self._writing.close()
        self._reading.shutdown()
