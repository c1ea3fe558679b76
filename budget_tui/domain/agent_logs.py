"""Messages of agents' programs, as their logs report them, and the price of their tokens.

A message is known by its source's own id for ever: however many files and machines repeat it, it counts once, with the
largest usage that any of them reports.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from budget_tui.domain.amount import divide, within_limit
from budget_tui.domain.tokens import TokenKind, provider_of_model

NANO_PICOS = 1_000
"""A nano of a currency in picos, in which single messages are priced: most cost less than one."""


class MessageTokens(NamedTuple):
    """The tokens of a message by kind; ``input`` was neither read from the cache nor written to it.

    ``cache_write`` lasts 5 minutes, ``cache_write_1h`` an hour.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0

    @property
    def context(self) -> int:
        """The number of tokens that the model read, by which some prices are graded."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h


class Message(NamedTuple):
    """A model's message as logged.

    ``directory`` is the directory it was written in, ``tier`` is '' unless its tokens have another price than usual,
    such as ``fast``. ``copy_of`` is the message of the parent session that it equals, if there is one: then it is no
    message of its own, and of several copies of one that was never read the first counts.
    """

    message_id: str
    at: datetime
    model: str
    provider: str
    tokens: MessageTokens
    directory: str
    tier: str = ""
    is_replay: bool = False
    copy_of: str = ""

    @property
    def precedence(self) -> tuple[int, bool, float]:
        """Of several reports of one message the one with the highest counts, in whatever order they are read."""
        return sum(self.tokens), not self.is_replay, -self.at.timestamp()


def add_to(found: dict[str, Message], messages: Iterable[Message]) -> None:
    """Add messages to those ``found`` by their ids, each once, with its largest usage."""
    for message in messages:
        known = found.get(message.message_id)
        if known is None or message.precedence > known.precedence:
            found[message.message_id] = message


def provider_of(model: str, default: str = "") -> str:
    """Return the provider of a logged model: the maker that its name tells, also behind a cloud's prefix."""
    return "anthropic" if "claude" in model else provider_of_model(model) or default


FAST = "fast"
TIERS = (FAST, "priority", "batch", "flex")
"""The tiers whose tokens may have another price than usual."""


def tier_called(name: str) -> str:
    """Return the tier of that name; '' if its tokens have no price of their own."""
    return name if name in TIERS else ""


def priced_name(model: str, tier: str) -> str:
    """Return the name by which the price of a model's tier is set: ``claude-opus-4-6 fast``."""
    return f"{model} {tier}".strip()


def model_and_tier(name: str) -> tuple[str, str]:
    """Return the model and the tier ('' for the usual one) of a `priced_name`."""
    model, _, tier = name.rpartition(" ")
    return (model, tier) if tier in TIERS and model else (name, "")


class Rates(NamedTuple):
    """Prices of a million tokens of each kind, in nanos of a currency."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int


class GradedRates(NamedTuple):
    """Rates in ``currency`` by the number of tokens read beyond which they apply to all of a message, from 0 on."""

    currency: str
    grades: Sequence[tuple[int, Rates]]

    def cost_picos(self, tokens: MessageTokens) -> int:
        """Return the cost of a message in picos of the currency, rounded half-even once.

        `Refused` beyond nine million units, for which only an absurd price accounts.
        """
        fitting = [rates for beyond, rates in self.grades if tokens.context > beyond]
        rates = fitting[-1] if fitting else self.grades[0][1]
        return within_limit(divide(sum(count * rate for count, rate in zip(tokens, rates, strict=True)), 1_000))


def own_rates(prices: Mapping[TokenKind, int], currency: str, built_in: GradedRates | None) -> GradedRates | None:
    """Return the rates by an organization's own prices in its ``currency``; None where none of them applies.

    Kinds without one have the built-in price if that is in the same currency: a kind never costs nothing because its
    price is missing. Without it the own prices apply once there are those of input and output.
    """
    if prices.keys() >= {TokenKind.INPUT, TokenKind.OUTPUT}:
        return GradedRates(currency, [(0, _over(Rates(0, 0, 0, 0, 0), prices))])
    if not prices or built_in is None or built_in.currency != currency:
        return None
    return GradedRates(currency, [(beyond, _over(rates, prices)) for beyond, rates in built_in.grades])


def _over(rates: Rates, prices: Mapping[TokenKind, int]) -> Rates:
    """Return rates with own prices in their place.

    What the cache holds costs as the input to read, 1.25 times that to write for 5 minutes and twice for an hour, as at
    Anthropic, unless it has a price of its own.
    """
    if (read := prices.get(TokenKind.INPUT)) is not None:
        rates = Rates(read, read, divide(read * 5, 4), read * 2, rates.output)
    return Rates(
        rates.input,
        prices.get(TokenKind.CACHED, rates.cache_read),
        prices.get(TokenKind.CACHE_WRITE, rates.cache_write),
        prices.get(TokenKind.CACHE_WRITE_1H, rates.cache_write_1h),
        prices.get(TokenKind.OUTPUT, rates.output),
    )


class PricedMessage(NamedTuple):
    """A message as stored: priced in picos when it was read, None without a price; ``day`` is a number: 20260113.

    ``is_undone``: the change that it came with was undone, and it does not count.
    """

    message_id: str
    copy_of: str
    origin_key: int
    day: int
    tier: str
    tokens: MessageTokens
    amount_picos: int | None
    is_undone: bool = False


class CostChange(NamedTuple):
    """The change of the cost of a day: nanos, tokens, and the number of messages."""

    amount: int
    tokens: int
    messages: int
