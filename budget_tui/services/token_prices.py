"""Token prices: per million tokens of a model, from a day on; the organization's own, else those built in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from budget_tui.domain.agent_logs import GradedRates, model_and_tier, own_rates, priced_name
from budget_tui.domain.amount import within_limit
from budget_tui.domain.audit import UNDO_DATA, written
from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import NotFound, Refused, SourceError
from budget_tui.domain.estimates import LOG_PROGRAMS
from budget_tui.domain.tokens import TokenKind, checked_model
from budget_tui.services.agent_tokens import charge_day
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work
from budget_tui.sources.built_in_prices import built_in_rates
from budget_tui.sources.price_table import PriceRow, read_prices
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


class PriceUpdate(NamedTuple):
    """The effect of a file of prices: how many it has, how many of them are new or changed, and the models.

    As with `PriceOutcome`, the number of daily costs changed, and the sum of changes, in nanos of ``currency``.
    """

    prices: int
    changed: int
    models: tuple[str, ...]
    days: int
    changed_nanos: int
    currency: str


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
            before, after = _store(work, model, prices, first)
            priced_id = new_id()
            changes = _charge_again(work, {model: first})
            logged = _price_logged(work, {model: first}, priced_id)
            if logged:
                after["logged"] = written(sum(logged.values()))
                _kept(after)["priced"] = priced_id
            work.record("agent.price", model, before, after)
            counting = _counting(work, changes | logged)
            work.commit()
        return PriceOutcome(model, first, len(counting), sum(counting))

    def update(self, path: Path, *, dry_run: bool = False) -> PriceUpdate:
        """Set the prices of a file, as one change; what it does not name stays. What is new applies as in `set`.

        `SourceError` if any of it is no price; then none is set.
        """
        self._context.database.require_other_files([path])
        read = read_prices(path)
        with self._context.work() as work:
            rows, changes = _news(work, read), Changes()
            if rows:
                priced_id, models = new_id(), {row.model for row in rows}
                changes = _set_rows(work, rows, priced_id, are_new=True)
                shown = {"prices": len(rows), "models": len(models), "from": min(row.since for row in rows)}
                work.record("price.update", path.name, None, {**shown, UNDO_DATA: {"rows": rows, "priced": priced_id}})
            counting = _counting(work, changes)
            if not dry_run:
                work.commit()
        names = tuple(dict.fromkeys(row.model for row in read))
        currency = work.organization.currency
        return PriceUpdate(len(read), len(rows), names, len(counting), sum(counting), currency)

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


def _store(work: Work, model: str, prices: Rows, first: date) -> tuple[dict[str, Any], dict[str, Any]]:
    """Store prices, or remove them (None); return the audit facts before and after."""
    before = _facts(work, model, prices, first)
    for kind, nanos in prices.items():
        _store_one(work, model, kind, first, nanos)
    return before, _facts(work, model, prices, first)


def _store_one(work: Work, model: str, kind: TokenKind, first: date, nanos: int | None) -> None:
    if nanos is None:
        work.unit.agents.remove_price(work.organization.org_key, model, kind, first)
    else:
        work.unit.agents.set_price(work.organization.org_key, model, kind, first, within_limit(nanos))


Changes = dict[tuple[int, int], int]
"""Changes of costs, in nanos, by origin and day."""
Firsts = Mapping[str, date]
"""The day from which on a model has another price, by model."""


def _charge_again(work: Work, firsts: Firsts) -> Changes:
    """Compute the costs of agents' tokens again; return the changes."""
    changes: Changes = {}
    for model, first in firsts.items():
        for entity_key, agent_id, day in work.unit.agents.uses_of(work.organization.org_key, model, first):
            changes |= charge_day(work, entity_key, agent_id, model, day)
    return changes


def _price_logged(work: Work, firsts: Firsts, priced_id: str) -> Changes:
    """Price messages in logs that had no price; return the changes."""
    days: set[tuple[int, int]] = set()
    for model, first in firsts.items():
        days |= _priced(work, model, first, priced_id)
    work.estimated_on.update(day_of(day) for _, day in days)
    return {key: change.amount for key, change in work.unit.agent_logs.settle(days).items()} if days else {}


def _unprice_logged(work: Work, priced_id: str) -> None:
    """Let messages in logs have no price again that got one by a change."""
    work.unit.agent_logs.settle(work.unit.agent_logs.unprice(work.organization.org_key, priced_id))


def _counting(work: Work, changes: Changes) -> list[int]:
    """Return the changes of costs that count: not where a bill does in their place, or a plan pays."""
    work.settle()
    replaced = work.unit.estimates.replaced_among(changes)
    return [change for key, change in changes.items() if change and key not in replaced]


class _Row(NamedTuple):
    """A price that a file changes: the day that it begins, as text, and the nanos before and after; None for none."""

    model: str
    kind: str
    since: str
    before: int | None
    after: int | None

    @property
    def key(self) -> tuple[str, str, date]:
        return self.model, self.kind, date.fromisoformat(self.since)


def _stored_prices(work: Work) -> dict[tuple[str, str, date], int]:
    prices = work.unit.agents.prices(work.organization.org_key)
    return {(model, kind, starts_on): nanos for model, kind, starts_on, nanos in prices}


def _news(work: Work, read: Sequence[PriceRow]) -> list[_Row]:
    """Return the prices of a file that are not stored as they are there. Raises `SourceError` if it has one twice."""
    stored, currency = _stored_prices(work), work.organization.currency
    rows, places = [], dict[tuple[str, str, date], str]()
    for each in read:
        if each.currency not in ("", currency):
            raise SourceError(f"{each.where} is in {each.currency}", f"prices are in {currency}")
        first = each.starts_on or work.today
        key = each.model, each.kind, first
        if (place := places.setdefault(key, each.where)) is not each.where:
            raise SourceError(
                f"{each.where} has the price of {each.model}, {each.kind}, again: {place}", "name it once"
            )
        before = stored.get(key)
        if before != each.amount_nanos:
            rows.append(_Row(each.model, each.kind, first.isoformat(), before, within_limit(each.amount_nanos)))
    return rows


def _set_rows(work: Work, rows: Sequence[_Row], priced_id: str, *, are_new: bool) -> Changes:
    """Store prices as they are after a change, or, unless ``are_new``, as they were before it; return what follows."""
    firsts: dict[str, date] = {}
    for row in rows:
        model, kind, first = row.key
        _store_one(work, model, TokenKind(kind), first, row.after if are_new else row.before)
        firsts[model] = min(first, firsts.get(model, first))
    changes = _charge_again(work, firsts)
    if are_new:
        return changes | _price_logged(work, firsts, priced_id)
    _unprice_logged(work, priced_id)
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


@reverses("agent.price")
def _undo_price(work: Work, lines: Lines) -> None:
    """Set the prices of a model as they were; messages in logs that got one have none again, or get it again."""
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        model, first = line.subject, date.fromisoformat(line.after["from"])
        now = work.unit.agents.prices_from(work.organization.org_key, model, first)
        then, left_behind = _by_kind(line.before), _by_kind(line.after)
        require_same(f"the price of {model}", _shown({kind: now.get(kind) for kind in then}), _shown(left_behind))
        facts = _store(work, model, then, first)
        for restored, former in zip(facts, (line.after, line.before), strict=True):
            if "priced" in undo_data(former):
                restored["logged"] = former["logged"]
                _kept(restored)["priced"] = undo_data(former)["priced"]
        if (priced_id := undo_data(line.after).get("priced")) is not None:
            _unprice_logged(work, priced_id)
        if (priced_id := undo_data(line.before).get("priced")) is not None:
            _price_logged(work, {model: first}, priced_id)
        _charge_again(work, {model: first})
        work.record(line.action, model, *facts)


@reverses("price.update")
def _undo_update(work: Work, lines: Lines) -> None:
    """Set the prices of a file as they were before, or again as the file has them."""
    for line in lines:
        is_undo, facts = line.after is not None, undo_data(line.after or line.before)
        rows, stored = [_Row(*each) for each in facts["rows"]], _stored_prices(work)
        for row in rows:
            now, left_behind = stored.get(row.key), row.after if is_undo else row.before
            require_same(f"the price of {row.model}", _shown({row.kind: now}), _shown({row.kind: left_behind}))
        _set_rows(work, rows, facts["priced"], are_new=not is_undo)
        work.record(line.action, line.subject, line.after, None if is_undo else line.before)


def _by_kind(facts: Mapping[str, Any] | None) -> dict[TokenKind, int | None]:
    return {TokenKind(kind): nanos for kind, nanos in undo_data(facts).items() if kind != "priced"}


def _shown(prices: Mapping[Any, int | None]) -> str:
    return ", ".join(f"{kind} {written(nanos)}" for kind, nanos in prices.items() if nanos is not None) or "none"


def _kept(facts: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = facts[UNDO_DATA]
    return kept


def _facts(work: Work, model: str, kinds: Iterable[TokenKind], first: date) -> dict[str, Any]:
    """Return the prices valid on the day, and as undo data those that begin on it."""
    org_key = work.organization.org_key
    valid, begun = (
        work.unit.fast.prices_on(org_key, model, first),
        work.unit.agents.prices_from(org_key, model, first),
    )
    shown = {str(kind): written(valid[kind]) for kind in kinds if kind in valid}
    return {**shown, "from": first.isoformat(), UNDO_DATA: {str(kind): begun.get(kind) for kind in kinds}}
