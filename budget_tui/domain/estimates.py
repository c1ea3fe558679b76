"""Estimates: costs that count until the bill for them is imported, and stay visible beside it.

What a hold was settled with is an estimate. For one vendor, day and project only the highest rank that is there counts:
what was billed before what was estimated. Where one of the two names no project, the project is not compared.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from budget_tui.domain.cost import BILLED_BY, SERVICES_OF_CLOUDS
from budget_tui.domain.tokens import provider_of_model

HOLD_SOURCE = "holds"
"""The source of costs that holds were settled with; the only one of estimates so far."""
_WORD = re.compile(r"[\w.-]+")


class Spender(NamedTuple):
    """The subject of an origin's costs: the path of its entity (None: unmapped), its provider and its service."""

    origin_key: int
    path: str | None
    provider: str
    service: str


class EstimatedDay(NamedTuple):
    """The estimates of one origin on one day, and how many of them do not count because of a bill."""

    origin_key: int
    day: date
    estimates: int
    replaced: int


class ReplacedEstimate(NamedTuple):
    """Estimates of an entity for a provider on a day, and what was billed instead: nanos by origin and currency."""

    entity_key: int
    provider: str
    category: str
    day: date
    currency: str
    amount: int
    billed: Mapping[tuple[int, str], int]


def bills_of(estimates: Iterable[Spender], bills: Iterable[Spender]) -> dict[int, list[int]]:
    """Return the keys of the origins that bill what is estimated, by the estimates' origins; only those with any.

    Estimates without a provider are never replaced: nobody knows whose bill would be theirs.
    """
    by_vendor: dict[str, list[Spender]] = {}
    for bill in bills:
        for vendor in _vendors(bill.provider, bill.service):
            by_vendor.setdefault(vendor, []).append(bill)
    found = {
        estimate.origin_key: [
            bill.origin_key for bill in by_vendor.get(estimate.provider.casefold(), ()) if _may_be_one(estimate, bill)
        ]
        for estimate in estimates
        if estimate.provider
    }
    return {key: keys for key, keys in found.items() if keys}


@lru_cache(maxsize=4096)
def _vendors(provider: str, service: str) -> frozenset[str]:
    """Return the provider that bills, the AI service of a cloud that ``service`` names, and the maker of a model that
    it names."""
    service = service.casefold()
    clouds = {name for name, text in SERVICES_OF_CLOUDS.items() if text in service and BILLED_BY[name] == provider}
    makers = {provider_of_model(word) for word in _WORD.findall(service)} - {""}
    return frozenset((provider.casefold(), *clouds, *makers))


def _may_be_one(estimate: Spender, bill: Spender) -> bool:
    """Return whether both may be of one project: one of them is unmapped, or of the other's entity or above it."""
    if estimate.path is None or bill.path is None:
        return True
    return estimate.path.startswith(bill.path) or bill.path.startswith(estimate.path)


def to_change(
    days: Iterable[EstimatedDay], bills: Mapping[int, Iterable[int]], billed: Mapping[int, Container[date]]
) -> Iterator[tuple[EstimatedDay, bool]]:
    """Yield the days whose estimates do not stand as they should, with whether the bill is to replace them.

    ``bills`` is the result of `bills_of`, ``billed`` the days with usage of each origin in it.
    """
    for each in days:
        is_billed = any(each.day in billed.get(key, ()) for key in bills.get(each.origin_key, ()))
        if each.replaced != (each.estimates if is_billed else 0):
            yield each, is_billed
