"""Questions about the costs behind a number: which they are, day by day."""

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from budget_tui.domain.period import Period
from budget_tui.storage.asking import Asking
from budget_tui.storage.cost_queries import day_number, day_of
from budget_tui.storage.plan_queries import AGENT_SOURCE


class OriginKind(NamedTuple):
    """Whose an origin's costs are and what they count for. ``is_agents``: made of what an agent used."""

    origin_key: int
    entity_key: int | None
    category: str
    provider: str
    currency: str
    is_agents: bool


class Stretch(NamedTuple):
    """The costs of one origin on the days of a period. No two of one origin share a day."""

    origin_key: int
    period: Period


class DaySum(NamedTuple):
    """How many origins have costs on a day, and what they are, in nanos of ``currency`` and in tokens."""

    day: date
    currency: str
    lines: int
    amount: int
    tokens: int


class StoredCost(NamedTuple):
    """What one origin cost on one day."""

    day: date
    origin_key: int
    entity_id: str
    entity_name: str
    provider: str
    service: str
    currency: str
    amount: int
    tokens: int | None


class BehindQueries(Asking):
    """The part of `Queries` that lists the costs a number adds up."""

    def origin_kinds(self, org: int) -> list[OriginKind]:
        return [
            OriginKind(key, entity, category, provider.casefold(), currency, source == AGENT_SOURCE)
            for key, entity, category, provider, currency, source in self._rows(
                "SELECT origin_key, entity_key, category, provider, currency, source FROM cost_origin"
                " WHERE org_key = ?",
                org,
            )
        ]

    def sums_by_day(self, stretches: Sequence[Stretch], *, with_tokens: bool = False) -> list[DaySum]:
        """What ``stretches`` add up to on each day and in each currency, the latest day first."""
        return [
            DaySum(day_of(day), currency, lines, amount, tokens or 0)
            for day, currency, lines, amount, tokens in self._rows(
                "SELECT c.day, o.currency, count(DISTINCT c.origin_key), sum(c.amount_nanos),"
                f" {'sum(c.tokens)' if with_tokens else '0'}{_FROM}{_TOKENS if with_tokens else ''}"
                " GROUP BY c.day, o.currency ORDER BY c.day DESC",
                _json(stretches),
            )
        ]

    def costs_behind(self, stretches: Sequence[Stretch], *, with_tokens: bool = False) -> list[StoredCost]:
        """Each origin's costs on each day, the latest day and the largest amount first."""
        return [
            StoredCost(day_of(day), key, entity_id or "", name or "", provider, service, currency, amount, tokens)
            for day, key, entity_id, name, provider, service, currency, amount, tokens in self._rows(
                "SELECT c.day, c.origin_key, e.entity_id, e.name, o.provider, o.service, o.currency,"
                f" sum(c.amount_nanos) AS amount, sum(c.tokens){_FROM}{_TOKENS if with_tokens else ''}"
                " GROUP BY c.day, c.origin_key ORDER BY c.day DESC, amount DESC, c.origin_key",
                _json(stretches),
            )
        ]


_FROM = (
    " FROM json_each(?) w CROSS JOIN cost c ON c.origin_key = json_extract(w.value, '$[0]')"
    " AND c.day >= json_extract(w.value, '$[1]') AND c.day < json_extract(w.value, '$[2]')"
    " CROSS JOIN cost_origin o ON o.origin_key = c.origin_key LEFT JOIN entity e ON e.entity_key = o.entity_key"
)
_TOKENS = " WHERE c.tokens IS NOT NULL"


def _json(stretches: Sequence[Stretch]) -> str:
    return json.dumps([[key, *map(day_number, period.half_open)] for key, period in stretches])
