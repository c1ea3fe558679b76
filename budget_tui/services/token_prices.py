"""Token prices: per million tokens of a model, from a day on; the organization's own, else those built in."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from shlex import quote
from typing import NamedTuple

from budget_tui.domain.agent_logs import GradedRates, model_and_tier, own_rates, priced_name
from budget_tui.domain.amount import within_limit
from budget_tui.domain.audit import UNDO_DATA, written
from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.estimates import LOG_PROGRAMS
from budget_tui.domain.tokens import TokenKind, checked_model
from budget_tui.services.agent_tokens import charge_day
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, reverses, undo_data
from budget_tui.services.work import Work
from budget_tui.sources.built_in_prices import built_in_rates
from budget_tui.storage.fast_paths import day_of
from budget_tui.storage.ids import new_id
from budget_tui.storage.session import Session


class TokenPrice(NamedTuple):
    """The price of a million tokens of one kind from a day on, in nanos of the organization's currency."""

    model: str
    kind: TokenKind
    starts_on: date
    amount_nanos: int


class PriceOutcome(NamedTuple):
    """The effect of a new price from ``starts_on`` on: the number of daily costs changed, and the sum of changes.

    Where a bill counts in the place of a cost, or a plan pays, nothing changed.
    """

    model: str
    starts_on: date
    days: int
    changed_nanos: int


class ModelPrice(NamedTuple):
    """The price of a model's messages in logs on a day: the organization's own or a built-in one."""

    model: str
    on: date
    is_own: bool
    rates: GradedRates


class TokenPrices:
    """Commands on prices, each one transaction, and queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set(self, model: str, prices: Mapping[TokenKind, int], starts_on: date | None = None) -> PriceOutcome:
        """Set prices of a model's tokens from a day on (by default today).

        What agents consumed since then is priced again; of messages in logs those that had no price are priced.
        """
        model = checked_model(model)
        if not model:
            raise Refused("a price needs a model", "name it as the agent does")
        if not prices:
            raise Refused(
                "a price is missing",
                "give one of a kind of tokens",
                command="give --input, --output, --cached, --cache-write or --cache-write-1h",
            )
        if min(prices.values()) < 0:
            raise Refused("a price cannot be negative", "give an amount of 0 or more")
        with self._context.work() as work:
            first = starts_on or work.today
            work.record("agent.price", model, *store_prices(work, model, prices, first))
            changes = charge_again(work, model, first) | _price_logged(work, model, first)
            work.settle()
            replaced = work.unit.estimates.replaced_among(changes)
            work.commit()
        counting = [change for key, change in changes.items() if change and key not in replaced]
        return PriceOutcome(model, first, len(counting), sum(counting))

    def of_logs(self, model: str, on: date | None = None) -> ModelPrice:
        """Return the price of the messages of a model, or of a tier of it as ``MODEL fast``, in logs on a day, by
        default today; `NotFound` without one."""
        model = checked_model(model)
        with self._context.reading() as session:
            organization = self._context.organization(session)
            prices = MessagePrices(session, organization)
        day = on or self._context.clock.today(organization.time_zone)
        rates = prices.rates(*model_and_tier(model), day)
        if rates is None:
            since = f" --from {day}" if on else ""
            raise NotFound(
                f"there is no price for '{model}' on {day}",
                "set one",
                command=f"budget-tui price set {quote(model)} --input AMOUNT --output AMOUNT{since}",
            )
        return ModelPrice(model, day, prices.is_own(*model_and_tier(model), day), rates)

    def all(self) -> list[TokenPrice]:
        """Return all prices, by model, the newest first."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            return [TokenPrice(*row) for row in session.agents.prices(organization.org_key)]


class MessagePrices:
    """The prices of messages in logs: by kind the organization's own from the day they begin, else built in."""

    def __init__(self, session: Session, organization: Organization) -> None:
        self._currency = organization.currency
        self._own: dict[str, list[tuple[date, TokenKind, int]]] = {}
        for model, kind, starts_on, nanos in session.agents.prices(organization.org_key):
            self._own.setdefault(model, []).append((starts_on, kind, nanos))
        self.rates = lru_cache(maxsize=4096)(self._rates)

    def is_own(self, model: str, tier: str, on: date) -> bool:
        """Return whether an own price of the organization applies, to any kind."""
        return self._own_rates(model, tier, on) is not None

    def _own_rates(self, model: str, tier: str, on: date) -> GradedRates | None:
        """Return the own price: that of the tier, else the model's where the tier is not known to have another."""
        name = priced_name(model, tier)
        if name not in self._own and built_in_rates(model, on, tier) == built_in_rates(model, on):
            name = model
        begun = reversed(self._own.get(name, ()))
        valid = {kind: nanos for starts_on, kind, nanos in begun if starts_on <= on}
        return own_rates(valid, self._currency, built_in_rates(model, on, tier)) if valid else None

    def _rates(self, model: str, tier: str, on: date) -> GradedRates | None:
        """Return the price of the tokens of a model's tier on a day; None without one."""
        return self._own_rates(model, tier, on) or built_in_rates(model, on, tier)


Rows = Mapping[TokenKind, int | None]
"""The prices that begin on a certain day, by kind; None for kinds without one."""


def store_prices(work: Work, model: str, prices: Rows, first: date) -> tuple[dict[str, object], dict[str, object]]:
    """Store prices, or remove them (None); return the audit facts before and after."""
    before = _facts(work, model, prices, first)
    for kind, nanos in prices.items():
        if nanos is None:
            work.unit.agents.remove_price(work.organization.org_key, model, kind, first)
        else:
            work.unit.agents.set_price(work.organization.org_key, model, kind, first, within_limit(nanos))
    after = _facts(work, model, prices, first)
    return before, after


def charge_again(work: Work, model: str, first: date) -> dict[tuple[int, int], int]:
    """Compute the costs of the model's tokens from a day on again; return the changes, in nanos, by origin and day."""
    uses = work.unit.agents.uses_of(work.organization.org_key, model, first)
    changes: dict[tuple[int, int], int] = {}
    for entity_key, agent_id, day in uses:
        changes |= charge_day(work, entity_key, agent_id, model, day)
    return changes


def _price_logged(work: Work, model: str, first: date) -> dict[tuple[int, int], int]:
    """Price messages in logs from a day on that had no price, and record it; return the changes, in nanos, by origin
    and day."""
    priced_id = new_id()
    days = _priced(work, model, first, priced_id)
    if not days:
        return {}
    changes = {key: change.amount for key, change in work.unit.agent_logs.settle(days).items()}
    facts = {"priced": priced_id, "from": first.isoformat()}
    work.record("log.price", model, None, {"amount": written(sum(changes.values())), UNDO_DATA: facts})
    return changes


def _priced(work: Work, name: str, first: date, priced_id: str) -> set[tuple[int, int]]:
    """Price messages that have no price at the organization's own; return the origins and days that changed."""
    org, logs = work.organization.org_key, work.unit.agent_logs
    model, tier = model_and_tier(name)
    prices = MessagePrices(work.unit, work.organization)
    days: set[tuple[int, int]] = set()
    for program in LOG_PROGRAMS:
        messages = [
            message._replace(amount_picos=rates.cost_picos(message.tokens))
            for message in logs.unpriced(org, program, model, tier, first)
            if (rates := prices.rates(model, message.tier, day_of(message.day))) is not None
        ]
        logs.put(org, program, messages, priced_id=priced_id)
        days |= {(each.origin_key, each.day) for each in messages}
    return days


@reverses("log.price")
def _undo_pricing(work: Work, lines: Lines) -> None:
    """Let messages have no price again; or price them again."""
    for line in lines:
        facts = undo_data(line.after or line.before)
        if line.after is not None:
            days = work.unit.agent_logs.unprice(work.organization.org_key, facts["priced"])
        else:
            days = _priced(work, line.subject, date.fromisoformat(facts["from"]), facts["priced"])
        work.unit.agent_logs.settle(days)
        work.record("log.price", line.subject, line.after, None if line.after is not None else line.before)


def _facts(work: Work, model: str, kinds: Iterable[TokenKind], first: date) -> dict[str, object]:
    """Return the prices valid on the day, and as undo data those that begin on it."""
    org_key = work.organization.org_key
    valid, begun = (
        work.unit.fast.prices_on(org_key, model, first),
        work.unit.agents.prices_from(org_key, model, first),
    )
    shown = {str(kind): written(valid[kind]) for kind in kinds if kind in valid}
    return {**shown, "from": first.isoformat(), UNDO_DATA: {str(kind): begun.get(kind) for kind in kinds}}
