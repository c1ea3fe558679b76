"""Estimates: costs that count until the bill for them is imported, and stay visible beside it.

What a hold was settled with is an estimate, and so is what tokens come to at their price: those that agents consume,
and those in the logs of agents' programs. For one vendor,
day and project only the highest rank that is there counts: what was billed before what was estimated. Where one of the
two names no project, the project is not compared. A bill for a day that had not ended when it was imported is none yet:
more of that day is to come.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from budget_tui.domain.cost import BILLED_BY, SERVICES_OF_CLOUDS, Category
from budget_tui.domain.tokens import provider_of_model

HOLD_SOURCE = "holds"
"""The source of costs that holds were settled with."""
AGENT_SOURCE = "agents"
"""The source of agents' costs: tokens at their price."""
CLAUDE_CODE, CODEX = LOG_PROGRAMS = ("claude-code", "codex")
"""The programs whose logs are sources of costs, each as ``claude-code@host``."""
ESTIMATED_SOURCES = (HOLD_SOURCE, AGENT_SOURCE)
"""The sources of estimates, beside those of logs."""
LOG_PREFIXES = tuple(f"{program}@" for program in LOG_PROGRAMS)
_AI_SERVICES = {
    cloud: frozenset(name for name in BILLED_BY if BILLED_BY[name] == cloud) for cloud in BILLED_BY.values()
}
_ONLY_MAKER = {"azure-openai": "openai"}
_WORD = re.compile(r"[\w-]+")
_ONLY_WITH_HYPHEN = frozenset(("command",))
"""Families of models whose name is a word of its own: only ``command-r`` is a model."""


class Spender(NamedTuple):
    """The subject of an origin's costs: the path and the key of its entity (None: unmapped), its provider, its service,
    its category and its currency."""

    origin_key: int
    path: str | None
    provider: str
    service: str
    entity_key: int | None = None
    category: str = ""
    currency: str = ""


class EstimatedDay(NamedTuple):
    """The estimates of one origin on one day, and how many of them do not count because of a bill.

    ``logged`` are those of logs, which state tokens, and ``logged_replaced`` those of them whose tokens do not count.
    What agents consume counts apart from its cost. ``displaced`` are those whose bill is unmapped.
    """

    origin_key: int
    day: date
    estimates: int
    replaced: int
    logged: int = 0
    logged_replaced: int = 0
    displaced: int = 0


class Bill(NamedTuple):
    """The bill of a day: ``amount`` nanos of the biller's currency, which count as ``worth``; and its tokens."""

    biller: Spender
    amount: int
    worth: int
    tokens: int = 0


Bills = Mapping[tuple[int, date], Sequence[Bill]]
"""The bills for estimates, by the estimates' origin and day."""


class ReplacedEstimate(NamedTuple):
    """Estimates of an entity for a provider on a day, and what was billed instead."""

    entity_key: int
    provider: str
    category: str
    day: date
    currency: str
    amount: int
    bills: Sequence[Bill]


def bills_of(estimates: Iterable[Spender], bills: Iterable[Spender]) -> dict[int, list[int]]:
    """Return the keys of the origins that bill what is estimated, by the estimates' origins; only those with any.

    Estimates without a provider are never replaced: nobody knows whose bill would be theirs.
    """
    by_vendor: dict[str, list[Spender]] = {}
    for bill in bills:
        for vendor in vendors(bill.provider, bill.service):
            by_vendor.setdefault(vendor, []).append(bill)
    found = {
        estimate.origin_key: list(
            dict.fromkeys(
                bill.origin_key
                for vendor in sorted(vendors_of(estimate))
                for bill in by_vendor.get(vendor, ())
                if _may_be_one(estimate, bill)
            )
        )
        for estimate in estimates
        if estimate.provider
    }
    return {key: keys for key, keys in found.items() if keys}


def vendors_of(estimate: Spender) -> frozenset[str]:
    """Return the vendors that may bill an estimate, in lower case; '' is none.

    Of a cloud's models they are the cloud's AI services: the bill for a machine is none for them.
    """
    provider = estimate.provider.casefold()
    services = _AI_SERVICES.get(provider) if estimate.category == Category.GENAI else None
    return services or frozenset((provider,))


@lru_cache(maxsize=4096)
def vendors(provider: str, service: str) -> frozenset[str]:
    """Return the vendors that a bill is from, in lower case: its provider; of a cloud's AI service also that service,
    and the maker of a model that it names, or whose models alone it sells."""
    provider, service = provider.casefold(), service.casefold()
    joined = "".join(service.split())  # "AmazonBedrock" is another spelling
    services = {
        name
        for name, texts in SERVICES_OF_CLOUDS.items()
        if name == provider or (BILLED_BY[name] == provider and any("".join(text.split()) in joined for text in texts))
    }
    if not services:
        return frozenset((provider,))
    words = [word for word in _WORD.findall(service) if word not in _ONLY_WITH_HYPHEN]
    makers = {*map(provider_of_model, words)} - {""} or {_ONLY_MAKER[name] for name in services if name in _ONLY_MAKER}
    return frozenset({provider, *services, *makers})


def place_of_bills(estimate: Spender, bills: Iterable[Spender]) -> int | None:
    """Return the key of the entity whose bills count in the place of an estimate: the nearest one at or above it, or
    its own if they are of entities below it; None if they are unmapped. One of ``bills`` or more is for the estimate.
    """
    assert estimate.path is not None
    placed = [bill for bill in bills if bill.path is not None]
    if not placed:
        return None
    above = [bill for bill in placed if estimate.path.startswith(bill.path or "")]
    return max(above, key=lambda bill: len(bill.path or "")).entity_key if above else estimate.entity_key


def _may_be_one(estimate: Spender, bill: Spender) -> bool:
    """Return whether both may be of one project: one of them is unmapped, or of the other's entity or above it."""
    if estimate.path is None or bill.path is None:
        return True
    return estimate.path.startswith(bill.path) or bill.path.startswith(estimate.path)


class DisplacedEstimates(NamedTuple):
    """The estimates of an entity for a provider that count in no project, because the bill for them is unmapped."""

    entity_id: str
    name: str
    provider: str
    currency: str
    amount: int


class Settling(NamedTuple):
    """A decision on the estimates of a day: the bill counts in their place or not, and its tokens or not; and whether
    it is unmapped."""

    day: EstimatedDay
    is_billed: bool
    tokens_billed: bool
    is_displaced: bool


def to_change(days: Iterable[EstimatedDay], bills: Bills) -> Iterator[Settling]:
    """Yield the days whose estimates do not stand as they should."""
    for each in days:
        of_day = bills.get((each.origin_key, each.day), ())
        tokens_billed = sum(bill.tokens for bill in of_day) > 0
        is_displaced = bool(of_day) and all(bill.biller.path is None for bill in of_day)
        billed, logged = (each.estimates if of_day else 0), (each.logged if tokens_billed else 0)
        if (each.replaced, each.logged_replaced, each.displaced) != (billed, logged, billed if is_displaced else 0):
            yield Settling(each, bool(of_day), tokens_billed, is_displaced)
