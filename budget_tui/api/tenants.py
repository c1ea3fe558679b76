"""The services on behalf of a key, and the threads that they work in."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from budget_tui.bootstrap import Services
from budget_tui.domain.access import ApiKey
from budget_tui.services.idempotency import replays_noted
from budget_tui.storage.writing import Writers

Answer = TypeVar("Answer")

_READERS = 4


class Lanes:
    """Threads for what waits for the disk. Writes take turns anyway: here in the order they came, without asking
    the database again and again whose turn it is."""

    def __init__(self) -> None:
        self._writing = ThreadPoolExecutor(1, "budget-tui-write")
        self._reading = ThreadPoolExecutor(_READERS, "budget-tui-read")

    async def write(self, command: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._writing, command)

    async def write_once(self, command: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer, and whether it was given before, under the same idempotency key."""

        def noted() -> tuple[Answer, bool]:
            with replays_noted() as replays:
                answer = command()
            return answer, bool(replays)

        return await self.write(noted)

    async def read(self, question: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._reading, question)

    def close(self) -> None:
        """Return when everything under way is done."""
        self._writing.shutdown()
        self._reading.shutdown()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is: the key, and the services of its organization in its name."""

    key: ApiKey
    services: Services
    lanes: Lanes


class Tenants:
    """The callers that were seen; a key's services are kept for its next request."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lanes = Lanes()
        self._writers = Writers(services.context.path)
        self._callers: dict[str, Caller] = {}

    def caller(self, key: ApiKey) -> Caller:
        known = self._callers.get(key.key_id)
        if known is None:
            actor = f"{key.name} (key {key.key_id})"
            context = replace(self._services.context, org_slug=key.org_slug, actor=actor, writers=self._writers)
            known = self._callers[key.key_id] = Caller(key, Services(context, self._services.settings), self._lanes)
        return known

    def close(self) -> None:
        """Finish what is under way, then close every connection."""
        self._lanes.close()
        for caller in self._callers.values():
            caller.services.close_readers()
        self._writers.close()
