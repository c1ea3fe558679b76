"""The services on behalf of a key."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from budget_tui.api.lanes import Lanes
from budget_tui.api.routing import note_carry_settled
from budget_tui.bootstrap import Services
from budget_tui.domain.access import ApiKey
from budget_tui.storage.unit_of_work import Writers


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is: the key, and the services of its organization in its name."""

    key: ApiKey
    services: Services
    lanes: Lanes


MOST_KEPT = 16
"""Callers whose connections stay open: each has several, and a process may open only so many files."""


class Tenants:
    """The callers that were seen last; a key's services are kept for its next request."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lanes = Lanes()
        self._writers = Writers(services.context.database)
        self._callers: OrderedDict[str, Caller] = OrderedDict()

    def caller(self, key: ApiKey) -> Caller:
        known = self._callers.get(key.key_id)
        if known is not None:
            self._callers.move_to_end(key.key_id)
        else:
            actor = f"{key.name} (key {key.key_id})"
            context = replace(
                self._services.context,
                org_slug=key.org_slug,
                actor=actor,
                writers=self._writers,
                on_carry_settled=note_carry_settled,
            )
            known = self._callers[key.key_id] = Caller(key, Services(context, self._services.settings), self._lanes)
            if len(self._callers) > MOST_KEPT:
                _, former = self._callers.popitem(last=False)
                self._lanes.read_soon(former.services.close_readers)  # it waits for what is being read
        return known

    def close(self) -> None:
        """Finish what is under way, then close every connection."""
        self._lanes.close()
        for caller in self._callers.values():
            caller.services.close_readers()
        self._writers.close()
