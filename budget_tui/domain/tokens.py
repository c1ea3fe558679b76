"""Agents' tokens: valid counts, prices, and rates of use.

Pure functions on integers; ``now`` is always an argument.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.amount import LIMIT_COUNT, divide, parse_count
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.pacing import Status

PRICED_TOKENS = 1_000_000
"""The number of tokens that a price is for, as providers state their prices."""

RATE_HOURS = 24
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS_OF_A_YEAR = 365 * 24


class TokenKind(StrEnum):
    """Kind of tokens: what a model reads, what it writes, what it reads again from its provider's cache, and what is
    written to that for 5 minutes or an hour, which only logs tell."""

    INPUT = "input"
    OUTPUT = "output"
    CACHED = "cached"
    CACHE_WRITE = "cache-write"
    CACHE_WRITE_1H = "cache-write-1h"


USED_KINDS = (TokenKind.INPUT, TokenKind.OUTPUT, TokenKind.CACHED)
"""The kinds of tokens that agents use."""


class TokenBalance(NamedTuple):
    """The balance of an agent's budget: ``used + reserved`` never exceeds ``allocated``."""

    agent_id: str
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int

    @property
    def available_tokens(self) -> int:
        return self.allocated_tokens - self.used_tokens - self.reserved_tokens


class AgentBudget(NamedTuple):
    """An agent with its budget of the running period, and its rate of use.

    ``rate_per_hour`` covers the last 24 hours. ``runs_out_at`` is None when nothing is used, nothing is left, or it
    would take more than a year. Usage is recorded as it happens, so ``data_through`` is today. ``enforced``: the money
    of its project bounds its tokens.
    """

    agent_id: str
    name: str
    project_id: str
    model: str
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int
    available_tokens: int
    rate_per_hour: int
    runs_out_at: datetime | None
    status: Status
    data_through: date
    enforced: bool = False


class TokenSums(NamedTuple):
    """The sums of several agents' budgets."""

    agents: int = 0
    allocated_tokens: int = 0
    used_tokens: int = 0
    reserved_tokens: int = 0

    @property
    def available_tokens(self) -> int:
        return self.allocated_tokens - self.used_tokens - self.reserved_tokens


class Reservation(NamedTuple):
    """Tokens that are reserved for an agent until ``expires_at``."""

    reservation_id: str
    agent_id: str
    tokens: int
    expires_at: datetime
    available_tokens: int


class Use(NamedTuple):
    """Tokens used since ``since``."""

    tokens: int
    since: datetime


def checked_tokens(tokens: object, minimum: int = 1) -> int:
    """Return ``tokens``; `Refused` unless it is an integer of at least ``minimum`` that can be stored."""
    if type(tokens) is not int:  # a bool is an int to Python, and 1.0 equals 1
        raise Refused(f"{tokens!r} is no whole number of tokens", "give one such as 25000")
    if tokens < minimum:
        raise Refused(f"{tokens:,} is no {'positive ' if minimum else ''}number of tokens", f"give {minimum} or more")
    if tokens > LIMIT_COUNT:
        raise Refused("that is too many tokens", f"the limit is {LIMIT_COUNT:,}")
    return tokens


def by_kind(tokens: int, output: int, cached: int) -> dict[TokenKind, int]:
    """Split ``tokens`` into ``output``, ``cached`` and the rest, which is input; kinds without tokens are left out.

    `Refused` when the parts are more than the whole.
    """
    rest = checked_tokens(tokens) - checked_tokens(output, 0) - checked_tokens(cached, 0)
    if rest < 0:
        raise Refused(
            f"{output:,} output and {cached:,} cached tokens are more than {tokens:,}", "give the number of all tokens"
        )
    parts = ((TokenKind.INPUT, rest), (TokenKind.OUTPUT, output), (TokenKind.CACHED, cached))
    return {kind: count for kind, count in parts if count}


HOLD_SECONDS = 600
"""The time after which what is reserved or held is released automatically, unless another is given."""
LONGEST_RESERVATION_SECONDS = 7 * 24 * 3600
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> int:
    """Return the seconds of ``90``, ``90s``, ``10m``, ``2h`` or ``1d``; `Refused` for anything else."""
    cleaned = text.strip().casefold()
    digits, scale = (cleaned[:-1], _SECONDS[cleaned[-1]]) if cleaned[-1:] in _SECONDS else (cleaned, 1)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Refused(f"'{text.strip()}' is not a length of time", "give one such as 90s, 10m or 2h")
    return int(digits) * scale


def duration_text(seconds: int) -> str:
    """Format a length of time in the largest unit that divides it: ``10 minutes``, ``90 seconds``, ``7 days``."""
    units = ((86_400, "day"), (3600, "hour"), (60, "minute"))
    unit, name = next((each for each in units if seconds and seconds % each[0] == 0), (1, "second"))
    count = seconds // unit
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def check_reserved_for(seconds: int, what: str) -> None:
    """Refuse to reserve for less than a second or for more than a week; ``what`` begins the message."""
    if type(seconds) is not int or not 1 <= seconds <= LONGEST_RESERVATION_SECONDS:
        length = duration_text(seconds) if type(seconds) is int else f"{seconds!r} seconds"
        raise Refused(f"{what} for {length}", f"give 1 second to {duration_text(LONGEST_RESERVATION_SECONDS)}")


def checked_model(text: str) -> str:
    """Return a model's name as it is stored: in lower case. '' is allowed: not every agent has a model."""
    return checked_name(text).casefold() if text.strip() else ""


_MAKERS = {
    "gpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "claude": "anthropic",
    "gemini": "gemini",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "grok": "xai",
    "command": "cohere",
}


def provider_of_model(model: str) -> str:
    """Return a model's provider by its name: the part before a slash, or that of a known family; else ''."""
    named, slash, _ = model.partition("/")
    return named if slash else _MAKERS.get(model.partition("-")[0], "")


def cost_nanos(used: Mapping[TokenKind, int], prices: Mapping[TokenKind, int]) -> int:
    """Return the cost of tokens at ``prices`` (nanos per million tokens): summed exactly, rounded half-even once.

    Cached tokens without a price of their own cost as much as input; another kind without a price costs nothing.
    """
    cached = prices.get(TokenKind.CACHED, prices.get(TokenKind.INPUT, 0))
    priced = {**prices, TokenKind.CACHED: cached}
    return divide(sum(tokens * priced.get(kind, 0) for kind, tokens in used.items()), PRICED_TOKENS)


def hour_number(moment: datetime) -> int:
    """Return the hour that ``moment`` is in, counted from 1970 in UTC."""
    return (moment - _EPOCH) // _HOUR


def hour_start(number: int) -> datetime:
    return _EPOCH + number * _HOUR


def rate_per_hour(use: Use | None, now: datetime) -> int:
    """Return tokens per hour since ``use`` began, over one hour at least."""
    if use is None:
        return 0
    return divide(use.tokens * 3600, seconds_of(use, now))


def runs_out_at(available: int, use: Use | None, now: datetime) -> datetime | None:
    """Return when ``available`` tokens are used up at the current rate.

    None when nothing is used or available, or when that is more than a year away.
    """
    if use is None or available <= 0:
        return None
    seconds = available * seconds_of(use, now) // use.tokens
    return now + timedelta(seconds=seconds) if seconds <= _HOURS_OF_A_YEAR * 3600 else None


def seconds_of(use: Use, now: datetime) -> int:
    """Return the seconds since ``use`` began, one hour at least."""
    return max(now - use.since, _HOUR) // timedelta(seconds=1)


def status_of(balance: TokenBalance) -> Status:
    """Return the status by the share of tokens that is neither used nor reserved."""
    return pacing.status(balance.available_tokens, balance.allocated_tokens)


def parse_tokens_change(text: str) -> AllocationChange:
    """Parse a change of an agent's tokens: ``500000``, ``2M`` or ``=2M``, ``+50k`` (a top-up), ``-10k``."""
    cleaned = text.strip().replace("−", "-")
    try:
        if cleaned.startswith(("+", "-")):
            sign = -1 if cleaned.startswith("-") else 1
            return AllocationChange(ChangeKind.ADD, sign * parse_count(cleaned[1:]))
        return AllocationChange(ChangeKind.SET, parse_count(cleaned.removeprefix("=")))
    except Refused as refused:
        if "out of range" in refused.message:
            raise
        raise Refused(f"'{cleaned}' is no number of tokens", "type 500000, 2M, +50k or -10k") from None
