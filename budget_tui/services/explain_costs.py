"""The costs that count for a budget, and the reasons why others do not."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, TypeVar

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import BILLED_BY, Category, is_known_provider
from budget_tui.domain.coverage import ANY_PROVIDER, NO_PROVIDER, TOTAL, Mismatch, Scope, mismatch
from budget_tui.domain.currency import CurrencySum, Factor
from budget_tui.domain.estimates import AGENT_SOURCE, ReplacedEstimate, Spender
from budget_tui.domain.explain import CostGroup, Finding, Reason
from budget_tui.domain.hierarchy import Entity, segments
from budget_tui.domain.hierarchy_history import HierarchyHistory
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import OriginInPeriod
from budget_tui.domain.seats import SeatTimeline, most_seats
from budget_tui.presentation.formatting import long_day, money, option_for_bill, short_day
from budget_tui.presentation.formatting import tokens as tokens_text
from budget_tui.services.currency import converter
from budget_tui.services.estimates import replaced_estimates
from budget_tui.services.usage import AgentTokens, Usage, UsageQuery, agents_tokens
from budget_tui.storage.session import Session

_MAX_SHOWN = 5
"""Maximum number of findings for one reason; the others are combined into one more."""
_ALIKE = 0.85
_SHORTEST_PART = 4

Common = TypeVar("Common", bound=Hashable)


@dataclass(frozen=True, slots=True)
class CostCriteria:
    """Criteria of the costs that count for a budget: of ``entity`` and below, in ``period`` through ``today``.

    For a burn rate ``period`` is the window, in which what came once does not count, and entities stand where they do
    in the period ``burning_in``.
    """

    entity: Entity
    period: Period
    today: date
    currency: str
    category: str = TOTAL
    provider: str = ANY_PROVIDER
    budget_type: BudgetType = BudgetType.MONETARY
    burning_in: Period | None = None

    @property
    def scope(self) -> Scope:
        currency = self.currency if self.budget_type is BudgetType.MONETARY else ""
        return Scope(self.entity.entity_key, self.category, self.provider, currency)


@dataclass(slots=True)
class SortedCosts:
    """The costs of an organization, sorted for one budget."""

    counting: list[CostGroup] = field(default_factory=list)
    left_out: list[Finding] = field(default_factory=list)
    rates: set[tuple[str, Factor]] = field(default_factory=set)
    """The exchange rates used, each with the currency of the costs."""
    moved_away: list[tuple[str, date]] = field(default_factory=list)
    """Entities that counted on closed days and were moved away since, with the last of those days."""


class _OnPath(NamedTuple):
    """Origins with their costs on days when they were on the path, and with those on other days."""

    fitting: list[OriginInPeriod]
    others: list[OriginInPeriod]


class _PathHistory:
    """The entities at or below ``entity``, day by day. Unmapped costs belong to the organization.

    A move does not change closed days: the costs of one origin may count on some days of a period and not on others.
    """

    def __init__(self, history: HierarchyHistory, entity: Entity, period: Period) -> None:
        self.history, self._entity, self._period = history, entity, period
        self.parts = history.parts_of(period)
        """The days of ``period``, divided wherever an entity was moved."""

    def includes(self, entity_key: int | None, day: date) -> bool:
        """Return whether the entity was on the path on ``day``."""
        return self.history.includes(self._entity.entity_key, entity_key, day)

    def is_above(self, entity_key: int | None) -> bool:
        """Return whether the entity was above this one on the last of the days."""
        return entity_key in self.history.of(self._period).lineage[self._entity.entity_key]

    def moved_away(self, entity_key: int | None) -> date | None:
        """Return the last day on which the entity was on the path, if it no longer is."""
        return self._last_day(entity_key, here=True)

    def moved_here(self, entity_key: int | None) -> date | None:
        """Return the last day on which the entity was not on the path, if it is now."""
        return self._last_day(entity_key, here=False)

    def _last_day(self, entity_key: int | None, *, here: bool) -> date | None:
        if len(self.history) == 1 or self.includes(entity_key, date.max) is here:
            return None
        return max((era.last for era in self.history if self.includes(entity_key, era.last) is here), default=None)

    def sorted_out(self, session: Session, org: int, origins: Sequence[OriginInPeriod], through: date) -> _OnPath:
        """Sort ``origins``, with their costs in the period up to ``through``, by whether they were on the path."""
        if len(self.parts) == 1:
            (part,) = self.parts
            return _by_path((self.includes(origin.entity_key, part.start), origin) for origin in origins)
        known = [
            (part.start, {origin.origin_key: origin for origin in session.usage.origins_in(org, part, through)})
            for part in self.parts
        ]
        sides: list[tuple[bool, OriginInPeriod]] = []
        for origin in origins:
            of_parts: dict[bool, list[OriginInPeriod]] = {}
            for day, by_key in known:
                of_parts.setdefault(self.includes(origin.entity_key, day), []).append(by_key[origin.origin_key])
            sides += [(was_on_path, _added_up(origin, parts)) for was_on_path, parts in of_parts.items()]
        return _by_path(sides)


def _by_path(origins: Iterable[tuple[bool, OriginInPeriod]]) -> _OnPath:
    found = _OnPath([], [])
    for was_on_path, origin in origins:
        (found.fitting if was_on_path else found.others).append(origin)
    return found


def _added_up(origin: OriginInPeriod, parts: Sequence[OriginInPeriod]) -> OriginInPeriod:
    """Return ``origin`` with the costs of some parts of its period."""
    return origin._replace(
        amount=sum(part.amount for part in parts),
        costs=sum(part.costs for part in parts),
        days=sum(part.days for part in parts),
        first_day=min((part.first_day for part in parts if part.first_day), default=None),
        last_day=max((part.last_day for part in parts if part.last_day), default=None),
    )


def sort_costs(
    session: Session, organization: Organization, criteria: CostCriteria, origins: Sequence[OriginInPeriod]
) -> SortedCosts:
    """Sort ``origins`` into those that count, by group, and those that do not, by reason."""
    found = SortedCosts()
    history, burning_in = session.fast.hierarchy_history(organization.org_key), criteria.burning_in
    path = _PathHistory(history.as_of(burning_in) if burning_in else history, criteria.entity, criteria.period)
    fitting, others = path.sorted_out(session, organization.org_key, origins, criteria.today)
    found.left_out += _of_others(criteria, path, others)
    found.moved_away = list(_moved_away(path, fitting))
    why = {
        origin.origin_key: mismatch(criteria.scope, origin.category, origin.provider.casefold()) for origin in fitting
    }

    def of(mismatched: Mismatch | None) -> list[OriginInPeriod]:
        return [origin for origin in fitting if why[origin.origin_key] is mismatched]

    found.left_out += _by_category(criteria, of(Mismatch.CATEGORY))
    found.left_out += _by_provider(criteria, of(Mismatch.PROVIDER))
    fitting = of(None)
    if burning_in:
        once = [origin for origin in fitting if origin.is_once]
        found.left_out += _summed(Reason.ONCE, "that came once: spent, but not part of the rate", "", once)
        fitting = [origin for origin in fitting if not origin.is_once]
    found.left_out += _scheduled(session, organization, criteria, fitting)
    found.left_out += _outside(criteria, fitting)
    if criteria.budget_type is BudgetType.TOKEN:
        _tokens(session, organization, criteria, path, fitting, found)
    elif criteria.budget_type is BudgetType.MONETARY:
        _money(session, organization, criteria, path, fitting, found)
    else:
        _seats(session, organization, criteria, found)
    found.counting.sort(key=lambda group: (-abs(group.amount), group.source, group.provider, group.service))
    found.left_out.sort(key=lambda finding: (list(Reason).index(finding.reason), -abs(finding.amount or 0)))
    return found


# Costs that count


def _money(
    session: Session,
    organization: Organization,
    criteria: CostCriteria,
    path: _PathHistory,
    fitting: Sequence[OriginInPeriod],
    found: SortedCosts,
) -> None:
    found.left_out += _estimates(session, organization, criteria, path)
    found.left_out += _billed_fees(session, organization, criteria, path)
    own = [(origin, origin.amount) for origin in fitting if origin.currency == criteria.currency and origin.costs]
    to_convert = {
        origin.origin_key: origin for origin in fitting if origin.currency != criteria.currency and origin.costs
    }
    converted, missing = _converted(session, organization, criteria, path, to_convert, found.rates)
    unpriced = {key for key, _ in session.agent_logs.unpriced_days(organization.org_key, criteria.period)}
    found.counting += _grouped([*own, *converted], unpriced)
    for currency, left in sorted(missing.items()):
        found.left_out.append(
            Finding(
                Reason.CURRENCY,
                f"in {currency}, without a usable rate to {criteria.currency} on their days",
                f"budget-tui fx set {currency} {criteria.currency} RATE --on DAY, or fx import",
                left.left_amount,
                currency,
                left.left_number,
            )
        )


def _estimates(
    session: Session, organization: Organization, criteria: CostCriteria, path: _PathHistory
) -> Iterator[Finding]:
    """Yield the estimates of each provider that do not count, with what was billed instead."""
    if criteria.period.start > criteria.today:
        return
    days = criteria.period.through(criteria.today)
    kinds: dict[tuple[str, str, bool, bool], list[ReplacedEstimate]] = {}
    for each in replaced_estimates(session, organization, days):
        is_in_scope = mismatch(criteria.scope, each.category, each.provider.casefold()) is None
        if is_in_scope and path.includes(each.entity_key, each.day):
            counting = [bill for bill in each.bills if _counts(criteria, path, bill.biller, each.day)]
            found = each._replace(bills=counting) if counting else each
            kind = (each.provider, each.currency, bool(counting), bool(each.bills))
            kinds.setdefault(kind, []).append(found)
    for (provider, currency, is_counted, is_billed), of_kind in sorted(kinds.items()):
        amount = sum(each.amount for each in of_kind)
        if not is_billed:
            text = f"of {provider}, paid by a plan: no cost, but what it would have been"
            yield Finding(Reason.PAID, text, "", amount or None, currency, len(of_kind))
            continue
        text = f"of {provider}, estimated: {_billed(currency, of_kind, is_counted=is_counted)}"
        do = "" if is_counted else _to_count_bill(criteria.entity, of_kind)
        yield Finding(Reason.ESTIMATED, text, do, amount or None, currency, len(of_kind))


def _to_count_bill(entity: Entity, estimates: Sequence[ReplacedEstimate]) -> str:
    """Return how to make a bill that names no project count for ``entity``; '' if there is none such."""
    options = {
        option_for_bill(each.provider, bill.biller.provider, bill.biller.service)
        for each in estimates
        for bill in each.bills
        if bill.biller.entity_key is None
    }
    if not options:
        return ""
    whole = f"budget-tui cost map {entity.entity_id} {min(options)} gives it all of that"
    return f"{whole}; cost unmapped shows what tells parts of it apart"


def _counts(criteria: CostCriteria, path: _PathHistory, biller: Spender, day: date) -> bool:
    """Return whether what was billed counts for the budget, too."""
    is_in_scope = mismatch(criteria.scope, biller.category, biller.provider.casefold()) is None
    return is_in_scope and path.includes(biller.entity_key, day)


def _billed(currency: str, estimates: Sequence[ReplacedEstimate], *, is_counted: bool) -> str:
    """Say what was billed instead: it counts in the place of the estimates, or belongs elsewhere."""
    # One bill may be for the estimates of several projects.
    bills = {(each.day, bill.biller.origin_key): bill for each in estimates for bill in each.bills}.values()
    billed: dict[str, int] = {}
    for bill in bills:
        billed[bill.biller.currency] = billed.get(bill.biller.currency, 0) + bill.amount
    shown = " and ".join(money(part, code) for code, part in sorted(billed.items()))
    billers = " and ".join(sorted({bill.biller.provider for bill in bills}))
    if not is_counted:
        names_none = all(bill.biller.entity_key is None for bill in bills)
        where = "that names no project" if names_none else "that counts elsewhere"
        return f"a bill of {shown} by {billers} {where} is there"
    text = f"{shown} billed by {billers} counts instead"
    if [*billed] == [currency]:
        text += _difference(billed[currency] - sum(each.amount for each in estimates), currency)
    return text


def _difference(amount: int, currency: str) -> str:
    """Say by how much what was billed differs: ``, $3.50 more``; '' if it does not."""
    return f", {money(abs(amount), currency)} {'more' if amount > 0 else 'less'}" if amount else ""


def _billed_fees(
    session: Session, organization: Organization, criteria: CostCriteria, path: _PathHistory
) -> Iterator[Finding]:
    """Yield the recurring fees that are not booked, because the bill for them counts in their place."""
    org, currency = organization.org_key, organization.currency
    if criteria.period.start > criteria.today or not session.fast.has_recurring_fees(org):
        return
    days = criteria.period.through(criteria.today)
    fees = {fee.fee_key: fee for fee in session.fast.recurring_fees(org)}
    for charge in session.fast.recurring_charges(org, days.start):
        fee, bill = fees[charge.fee_key], charge.bill
        is_in_scope = mismatch(criteria.scope, fee.category, fee.provider.casefold()) is None
        if bill is None or not days.contains(charge.day) or not is_in_scope:
            continue
        if path.includes(fee.entity_key, charge.day):
            billed = f"{money(bill.amount, currency)} billed on {short_day(bill.day)} counts instead"
            text = f"of the recurring fee {fee.name}, due on {short_day(charge.day)}: {billed}"
            text += _difference(bill.amount - charge.amount, currency)
            yield Finding(Reason.BILLED, text, "", charge.amount, currency, 1)


def _converted(
    session: Session,
    organization: Organization,
    criteria: CostCriteria,
    path: _PathHistory,
    to_convert: Mapping[int, OriginInPeriod],
    used: set[tuple[str, Factor]],
) -> tuple[list[tuple[OriginInPeriod, int]], dict[str, CurrencySum]]:
    """Return origins in other currencies with their converted amounts, and the sums without a rate by currency.

    The rates used are added to ``used``.
    """
    if not to_convert:
        return [], {}
    org = organization.org_key
    currencies = {origin.currency for origin in to_convert.values()}
    to_own = converter(session, org, currencies, criteria.currency, criteria.period)
    counted: dict[int, list[int]] = {}
    missing: dict[str, CurrencySum] = {}
    days: dict[int, list[date]] = {}
    for key, day, amount, costs in session.usage.costs_by_day(org, list(to_convert), criteria.period, criteria.today):
        if not path.includes(to_convert[key].entity_key, day):
            continue
        currency = to_convert[key].currency
        factor, worth = to_own.factor(currency, day), to_own.worth(amount, currency, day)
        if factor is None or worth is None:
            missing.setdefault(currency, CurrencySum()).count(amount, costs, None)
            continue
        used.add((currency, factor))
        sums = counted.setdefault(key, [0, 0, 0])
        for i, part in enumerate((worth, amount, costs)):
            sums[i] += part
        days.setdefault(key, []).append(day)
    return [
        (
            to_convert[key]._replace(
                amount=stated, costs=costs, days=len(days[key]), first_day=min(days[key]), last_day=max(days[key])
            ),
            counts_as,
        )
        for key, (counts_as, stated, costs) in counted.items()
    ], missing


def _tokens(
    session: Session,
    organization: Organization,
    criteria: CostCriteria,
    path: _PathHistory,
    fitting: Sequence[OriginInPeriod],
    found: SortedCosts,
) -> None:
    charged = [origin for origin in fitting if origin.source != AGENT_SOURCE and origin.costs]
    tokens: dict[int, int] = {}
    for part in path.parts:
        of_part = session.usage.tokens_of_origins(organization.org_key, part, criteria.today)
        for origin in charged:
            if origin.origin_key in of_part and path.includes(origin.entity_key, part.start):
                tokens[origin.origin_key] = tokens.get(origin.origin_key, 0) + of_part[origin.origin_key]
    found.counting += _grouped(
        [(origin, tokens[origin.origin_key]) for origin in charged if origin.origin_key in tokens]
    )
    _agents(session, organization, criteria, path, found)
    found.left_out += _summed(
        Reason.NO_TOKENS,
        "whose source tells no tokens",
        "export ConsumedQuantity with a unit of tokens, or cost add --tokens",
        [origin for origin in charged if origin.origin_key not in tokens],
    )


def _agents(
    session: Session, organization: Organization, criteria: CostCriteria, path: _PathHistory, found: SortedCosts
) -> None:
    """Add the tokens used by agents: these count whether or not the model has a price, unless a bill does."""
    sums: dict[AgentTokens, list[int]] = {}
    for used in agents_tokens(session, organization, criteria.period, criteria.today):
        if path.includes(used.entity_key, used.day) and mismatch(criteria.scope, Category.GENAI, used.provider) is None:
            sums.setdefault(used._replace(entity_key=None, tokens=0), []).append(used.tokens)
    uses: dict[tuple[str, str], list[tuple[date, int]]] = {}
    billed: dict[str, list[int]] = {}
    for used, tokens in sums.items():
        if total := sum(tokens):
            uses.setdefault((used.model, used.provider), []).append((used.day, total))
        else:
            billed.setdefault(used.provider, []).append(max(tokens))
    for (model, provider), of_model in uses.items():
        total, days = sum(tokens for _, tokens in of_model), [day for day, _ in of_model]
        found.counting.append(
            CostGroup("agents", provider, model, Category.GENAI, "", total, total, len(of_model), *_of_days(days))
        )
    for provider, of_provider in sorted(billed.items()):
        text = f"{tokens_text(sum(of_provider))} that agents used of {provider}: tokens on a bill count instead"
        found.left_out.append(Finding(Reason.ESTIMATED, text))


def _seats(session: Session, organization: Organization, criteria: CostCriteria, found: SortedCosts) -> None:
    """Add registered and charged seats by provider, each with the maximum on one day over all entities.

    Registrations and charges describe the same seats, so they are not added up.
    """
    if criteria.category not in (TOTAL, Category.SUBSCRIPTION):
        return
    rows: dict[tuple[str, str], list[tuple[SeatTimeline, list[Period], list[date]]]] = {}
    usage = Usage(session, organization, criteria.today, [UsageQuery(BudgetType.SEAT, criteria.scope, criteria.period)])
    for _, provider, timeline, periods in usage.seats_in_days({criteria.scope: [criteria.period]}):
        if since := [max(day, periods[0].start) for day, _ in timeline.registrations_in(periods)]:
            rows.setdefault(("registered", provider), []).append((timeline._replace(charged={}), periods, since))
        if on := [day for day in timeline.charged if any(each.contains(day) for each in periods)]:
            rows.setdefault(("charged", provider), []).append((timeline._replace(registered=[]), periods, on))
    for (source, provider), of_entities in rows.items():
        most = most_seats((timeline, periods) for timeline, periods, _ in of_entities) or 0
        days = [day for _, _, of_entity in of_entities for day in of_entity]
        found.counting.append(
            CostGroup(source, provider, "", "subscription", "", most, most, len(days), *_of_days(days))
        )
    if not found.counting:
        found.left_out.append(
            Finding(
                Reason.NO_SEATS,
                "no seats are registered, and no cost of the period tells any",
                f"budget-tui seat set {criteria.entity.entity_id} PROVIDER SEATS",
            )
        )


def _of_days(days: Sequence[date]) -> tuple[int, date, date]:
    """Return the number of days, the first and the last."""
    return len(set(days)), min(days), max(days)


def _grouped(counted: Iterable[tuple[OriginInPeriod, int]], unpriced: Collection[int] = ()) -> list[CostGroup]:
    def key(pair: tuple[OriginInPeriod, int]) -> tuple[str, str, str, str, str]:
        origin, _ = pair
        return origin.source, origin.provider, origin.service, origin.category, origin.currency

    groups = []
    for (source, provider, service, category, currency), pairs in groupby(sorted(counted, key=key), key=key):
        found = list(pairs)
        origins = [origin for origin, _ in found]
        first = min(origin.first_day for origin in origins if origin.first_day)
        last = max(origin.last_day for origin in origins if origin.last_day)
        most = max(origin.days for origin in origins)  # several origins may have costs on different days
        groups.append(
            CostGroup(
                source,
                provider,
                service,
                category,
                currency,
                sum(amount for _, amount in found),
                sum(origin.amount for origin in origins),
                sum(origin.costs for origin in origins),
                most if len(origins) == 1 or most == Period(first, last).days else None,
                first,
                last,
                not any(origin.amount for origin in origins)
                and any(origin.origin_key in unpriced for origin in origins),
            )
        )
    return groups


def _moved_away(path: _PathHistory, fitting: Iterable[OriginInPeriod]) -> Iterator[tuple[str, date]]:
    last_days = {
        origin.entity_id: path.moved_away(origin.entity_key)
        for origin in fitting
        if origin.entity_key is not None and origin.costs
    }
    return ((entity_id, day) for entity_id, day in sorted(last_days.items()) if day is not None)


# Costs that do not count


def _of_others(criteria: CostCriteria, path: _PathHistory, others: Sequence[OriginInPeriod]) -> list[Finding]:
    unmapped = [origin for origin in others if origin.entity_key is None]
    alike = [(origin, text) for origin in others if (text := _alike(criteria.entity, origin))]
    alike_keys = {origin.origin_key for origin, _ in alike}
    mapped = [origin for origin in others if origin.entity_key is not None and origin.origin_key not in alike_keys]
    moved = [origin for origin in mapped if path.moved_here(origin.entity_key)]
    rest = [origin for origin in mapped if not path.moved_here(origin.entity_key)]
    above = [origin for origin in rest if path.is_above(origin.entity_key)]
    beside = [origin for origin in rest if not path.is_above(origin.entity_key)]
    archived = [origin for origin in beside if origin.archived]
    elsewhere = [origin for origin in beside if not origin.archived]
    found = _looking_alike(criteria, alike)
    found += _summed(
        Reason.UNMAPPED,
        "that found no entity",
        "budget-tui cost unmapped lists them, cost map gives them away",
        [origin for origin in unmapped if origin.origin_key not in alike_keys],
    )
    for entity_id, origins in _by(moved, lambda origin: origin.entity_id):
        last_day = long_day(path.moved_here(origins[0].entity_key) or criteria.period.end)
        why = f"of {entity_id}, which stood elsewhere through {last_day}: closed days count where it stood then"
        found += _summed(Reason.MOVED, why, "", origins)
    for entity_id, origins in _by(above, lambda origin: origin.entity_id):
        found += _summed(Reason.ABOVE, f"of {entity_id} itself, which stands above: not handed down", "", origins)
    found += _summed(Reason.ELSEWHERE, "of archived entities", "", archived)
    found += _summed(Reason.ELSEWHERE, "of other entities", "", elsewhere)
    return found


def _looking_alike(
    criteria: CostCriteria, alike: Sequence[tuple[OriginInPeriod, tuple[str, str, str]]]
) -> list[Finding]:
    found = []
    entity_id = criteria.entity.entity_id
    by_text: dict[tuple[tuple[str, str, str], str], list[OriginInPeriod]] = {}
    for origin, text in alike:
        by_text.setdefault((text, origin.entity_id), []).append(origin)
    for ((label, value, option), owner), origins in sorted(by_text.items())[:_MAX_SHOWN]:
        where = f"belong to {owner}" if owner else "found no entity"
        found += _summed(
            Reason.LOOKS_ALIKE,
            f"with {label} '{value}', which looks like {entity_id}, {where}",
            f"budget-tui cost map {entity_id} {option}" if option else f"name {entity_id} in the export",
            origins,
        )
    return found


def _alike(entity: Entity, origin: OriginInPeriod) -> tuple[str, str, str] | None:
    """Return the text of ``origin`` that resembles the entity's id or name, and the matching option of ``cost map``."""
    hinted = [("the entity", origin.entity_hint, "")] if origin.entity_hint else []
    hinted += [("the path", segment, "") for segment in segments(origin.path_hint)]
    tagged = [(f"tag {key}", value, f"--tag {key}={value}") for key, value in origin.tags]
    accounts = [
        ("sub account", text, f"--sub-account {text!r}")
        for text in (origin.sub_account_id, origin.sub_account_name)
        if text
    ]
    if origin.entity_key is not None:  # mapped by something better: only text that names a project outweighs it
        accounts = []
    for label, value, option in (*hinted, *tagged, *accounts):
        if value != origin.entity_id and (_resembles(value, entity.entity_id) or _resembles(value, entity.name)):
            return label, value, option
    return None


@lru_cache(maxsize=65536)
def _resembles(text: str, name: str) -> bool:
    one, other = _letters(text), _letters(name)
    if not one or not other:
        return False
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _SHORTEST_PART and longer.startswith(shorter):
        return True
    matcher = SequenceMatcher(None, one, other)
    return len(shorter) >= _SHORTEST_PART and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


@lru_cache(maxsize=65536)
def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _by_category(criteria: CostCriteria, origins: Sequence[OriginInPeriod]) -> list[Finding]:
    found = []
    for category, of_category in _by(origins, lambda origin: origin.category):
        found += _summed(
            Reason.CATEGORY,
            f"of category {category}: this budget counts {criteria.category}",
            f"budget-tui cost category NAME {criteria.category} puts a service or a provider there",
            of_category,
        )
    return found


def _by_provider(criteria: CostCriteria, origins: Sequence[OriginInPeriod]) -> list[Finding]:
    if criteria.provider == NO_PROVIDER:
        return _summed(Reason.PROVIDER, "that name their provider: this counts what names none", "", origins)
    found = []
    for (name, provider), of_provider in _by(origins, lambda origin: (origin.provider_name, origin.provider)):
        text = f"of '{name}', which counts as {provider}" if name != provider else f"of {provider}"
        found += _summed(
            Reason.PROVIDER,
            f"{text or 'of no provider'}: this budget counts {criteria.provider}",
            _to_count_provider(criteria.provider, name, provider),
            of_provider,
        )
    return found


def _to_count_provider(budgeted: str, name: str, provider: str) -> str:
    """Return how to make costs of ``provider``, called ``name`` in the source, count for the one ``budgeted``.

    '' if there is no way to.
    """
    if BILLED_BY.get(budgeted) == provider:
        return f"who bills is the provider: plan for {provider}, category genai, to count {budgeted} on its bills"
    return "" if is_known_provider(name) else f"budget-tui cost alias '{name}' {budgeted}, if it is the same"


def _scheduled(
    session: Session, organization: Organization, criteria: CostCriteria, fitting: Sequence[OriginInPeriod]
) -> list[Finding]:
    """Report matching costs dated in the period, but after today."""
    period = criteria.period
    if criteria.today >= period.end:
        return []
    later = Period(max(period.start, criteria.today + ONE_DAY), period.end)
    keys = {origin.origin_key for origin in fitting}
    dated = [
        origin
        for origin in session.usage.origins_in(organization.org_key, later, later.end)
        if origin.origin_key in keys
    ]
    return _summed(Reason.SCHEDULED, "dated after today: scheduled, not spent yet", "", dated)


def _outside(criteria: CostCriteria, fitting: Sequence[OriginInPeriod]) -> list[Finding]:
    """Report the closest days before and after the period, or the burn window, with matching costs."""
    of = "burn window" if criteria.burning_in else "period"
    before = max((origin.before for origin in fitting if origin.before), default=None)
    after = min((origin.after for origin in fitting if origin.after), default=None)
    found = []
    if before:
        found.append(Finding(Reason.DATES, f"costs before the {of}, the nearest on {long_day(before)}"))
    if after:
        found.append(Finding(Reason.DATES, f"costs after the {of}, the nearest on {long_day(after)}"))
    return found


def _by(
    origins: Iterable[OriginInPeriod], key: Callable[[OriginInPeriod], Common]
) -> list[tuple[Common, list[OriginInPeriod]]]:
    """Group the origins with costs in the period by ``key``, the largest amounts first."""
    groups: dict[Common, list[OriginInPeriod]] = {}
    for origin in origins:
        if origin.costs:
            groups.setdefault(key(origin), []).append(origin)
    return sorted(groups.items(), key=lambda item: -sum(abs(origin.amount) for origin in item[1]))


def _summed(reason: Reason, text: str, do: str, origins: Sequence[OriginInPeriod]) -> list[Finding]:
    """Return one finding per currency of the origins with costs in the period."""
    return [
        Finding(
            reason, text, do, sum(origin.amount for origin in found), currency, sum(origin.costs for origin in found)
        )
        for currency, found in _by(origins, lambda origin: origin.currency)
    ]
