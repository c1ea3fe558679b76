"""Prices of models' tokens by day, as the library genai-prices knows them. It reads what it came with, no network."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from budget_tui.domain.agent_logs import FAST, GradedRates, Rates
from budget_tui.domain.amount import nanos_of

CURRENCY = "USD"


@lru_cache(maxsize=4096)
def built_in_rates(model: str, on: date, tier: str = "") -> GradedRates | None:
    """Return the price of a model's tokens on a day; None if it has none, or none for its ``fast`` mode."""
    from genai_prices.data_snapshot import get_snapshot

    found: Any = None
    for provider in (None, "aws"):  # Bedrock's names of models
        try:
            _, found = get_snapshot().find_provider_model(model, None, provider, None)
            break
        except LookupError:
            continue
    if found is None:
        return None
    at = datetime.combine(on, time(12), UTC)
    usual = found.get_prices(at)
    prices = found.get_prices(at, dict.fromkeys(("speed", "service_tier", "processing"), tier)) if tier else usual
    if prices.input_mtok is None or prices.output_mtok is None or (tier == FAST and prices == usual):
        return None
    return GradedRates(CURRENCY, _graded(prices))


def _graded(prices: Any) -> Sequence[tuple[int, Rates]]:
    read = prices.cache_read_mtok if prices.cache_read_mtok is not None else prices.input_mtok
    write = next(
        each for each in (prices.cache_write_5m_mtok, prices.cache_write_mtok, prices.input_mtok) if each is not None
    )
    hour = prices.cache_write_1h_mtok if prices.cache_write_1h_mtok is not None else write
    kinds = (prices.input_mtok, read, write, hour, prices.output_mtok)
    starts = sorted({0, *(tier.start for kind in kinds for tier in getattr(kind, "tiers", ()))})
    return [(start, Rates(*(nanos_of(_price_from(kind, start)) for kind in kinds))) for start in starts]


def _price_from(price: Any, start: int) -> Decimal:
    """Return the price that applies beyond ``start`` tokens."""
    if isinstance(price, Decimal):
        return price
    fitting: list[Decimal] = [tier.price for tier in price.tiers if tier.start <= start]
    return fitting[-1] if fitting else price.base
