"""Estimates inside a transaction: the bill for them counts in their place while it is there. And queries on them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import written
from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.estimates import (
    Bill,
    Bills,
    ReplacedEstimate,
    Spender,
    bills_of,
    place_of_bills,
    to_change,
    vendors,
    vendors_of,
)
from budget_tui.domain.period import Period
from budget_tui.services.clock import zone
from budget_tui.services.currency import converter
from budget_tui.services.fee_booking import BOOKED_BY
from budget_tui.services.work import Work
from budget_tui.storage.session import Session


def settle_estimates(work: Work) -> None:
    """Let the bills that are there by now count in the place of estimates, and estimates whose bill is gone count
    again.

    It looks at all days after a change of costs, else only at those that the command entered estimates on. It depends
    on nothing but what is stored and which days are over: repeated, it changes nothing.
    """
    org, estimates = work.organization.org_key, work.unit.estimates
    on = None if work.touches_costs else work.estimated_on
    if (on is not None and not on) or not work.unit.fast.has_estimates(org):
        return
    spenders = {each.origin_key: each for each in estimates.spenders(org) if each.provider}
    billers = _billers(work.unit, org, spenders.values())
    if not billers and not estimates.has_replaced():
        return  # agents may have years of daily costs, and most nobody ever bills
    days = estimates.days([*spenders], on)
    ended = [(each.origin_key, each.day) for each in days if each.day < work.today]
    bills = _bills(work.unit, work.organization, spenders.values(), billers, ended)
    facts = work.consequences()
    for each, is_billed, tokens_billed, is_displaced in to_change(days, bills):
        spender = spenders[each.origin_key]
        entity_id = (spender.path or "").strip("/").rpartition("/")[2]
        if not is_billed:
            amount = estimates.bring_back(each.origin_key, each.day)
        else:
            amount = estimates.replace(each.origin_key, each.day, work.known_from)
            if each.logged:
                estimates.replace_tokens(each.origin_key, each.day, tokens_billed)
            estimates.displace(each.origin_key, each.day, is_displaced)
            if each.replaced == each.estimates:
                continue
            work.replaced += each.estimates - each.replaced
            of_entity = [work.replaced_of.setdefault(entity_id, {})]
            if is_displaced and entity_id:
                of_entity.append(work.displaced_of.setdefault(entity_id, {}))
            for amounts in (work.replaced_amounts, *of_entity):
                amounts[spender.currency] = amounts.get(spender.currency, 0) + amount
        if facts is not None:
            name = "estimates_replaced" if is_billed else "estimates_counted"
            count = each.estimates - each.replaced if is_billed else each.replaced
            _add_up(facts.setdefault(name, {"count": 0, "of": {}}), count, entity_id, spender.currency, amount)
            continue
        work.record_separately(
            "estimate.bill" if is_billed else "estimate.count",
            f"{entity_id}: {spender.provider}" if entity_id else spender.provider,
            {},
            {"amount": written(amount), "on": each.day.isoformat()}
            | ({} if spender.currency == work.organization.currency else {"currency": spender.currency}),
            BOOKED_BY,
        )


def _add_up(facts: dict[str, Any], count: int, entity_id: str, currency: str, amount: int) -> None:
    """Add estimates to the facts of the entry of the act that replaces them, or lets them count again."""
    facts["count"] += count
    of_entity = facts["of"].setdefault(entity_id, {})
    of_entity[currency] = written(parse_amount(of_entity.get(currency, "0")) + amount)


def replaced_estimates(session: Session, organization: Organization, days: Period) -> Iterator[ReplacedEstimate]:
    """Yield the estimates on ``days`` that do not count, each with what was billed instead."""
    org = organization.org_key
    replaced = session.estimates.replaced(org, days) if session.fast.has_estimates(org) else []
    keys = [(row.origin_key, row.day) for row in replaced]
    bills: Bills = {}
    if keys:
        spenders = session.estimates.spenders(org)
        bills = _bills(session, organization, spenders, _billers(session, org, spenders), keys)
    for row in replaced:
        of_estimate = bills.get((row.origin_key, row.day), ())
        yield ReplacedEstimate(
            row.entity_key, row.provider, row.category, row.day, row.currency, row.amount, of_estimate
        )


def tokens_billed(
    session: Session, organization: Organization, users: Collection[tuple[int, str]], days: Period
) -> Mapping[tuple[int, str, date], int | None]:
    """Return where bills count in the place of tokens that agents used on ``days``: by the agent's entity, its provider
    and the day, the key of the entity that `place_of_bills` names.

    ``users`` are entities of agents, with the provider of a model that they used. As with money, what was imported
    before a day was over bills nothing of it.
    """
    org, time_zone = organization.org_key, zone(organization.time_zone)
    paths = {entity.entity_key: entity.path for entity in session.fast.entities(org)} if users else {}
    named = enumerate((entity_key, provider) for entity_key, provider in users if provider)
    agents = [Spender(number, paths[key], provider, "", key, Category.GENAI) for number, (key, provider) in named]
    billers = _billers(session, org, agents) if agents else {}
    of_agents = bills_of(agents, billers.values())
    billed: dict[int, dict[date, int]] = {}
    keys = {key for of_agent in of_agents.values() for key in of_agent}
    for origin_key, day, imported_at, tokens in session.estimates.billed_tokens(keys, days) if keys else ():
        if imported_at.astimezone(time_zone).date() > day:
            of_origin = billed.setdefault(origin_key, {})
            of_origin[day] = of_origin.get(day, 0) + tokens
    found: dict[tuple[int, str, date], int | None] = {}
    for agent in agents:
        bills: dict[date, list[Spender]] = {}
        for key in of_agents.get(agent.origin_key, ()):
            for day, tokens in billed.get(key, {}).items():
                if tokens > 0:
                    bills.setdefault(day, []).append(billers[key])
        for day, of_day in bills.items():
            found[agent.entity_key or 0, agent.provider, day] = place_of_bills(agent, of_day)
    return found


def _billers(session: Session, org: int, estimates: Iterable[Spender]) -> dict[int, Spender]:
    """Return the origins of bills by a vendor of any of the ``estimates``, by their keys."""
    names = {vendor for each in estimates for vendor in vendors_of(each)}
    kinds = {kind for kind in session.estimates.billed_kinds(org) if vendors(*kind) & names}
    return {each.origin_key: each for each in session.estimates.billing(org, kinds)} if kinds else {}


def _bills(
    session: Session,
    organization: Organization,
    estimates: Iterable[Spender],
    billers: Mapping[int, Spender],
    wanted: Collection[tuple[int, date]],
) -> Bills:
    """Return the bills for those of the ``wanted`` estimates, by origin and day, that have any.

    Without a rate to the organization's currency a bill does not count, so it replaces nothing; nor does a day's credit
    alone, or what was imported before the day was over.
    """
    if not wanted:
        return {}
    org, time_zone = organization.org_key, zone(organization.time_zone)
    of_estimates = bills_of(estimates, billers.values())
    keys = {key for of_estimate in of_estimates.values() for key in of_estimate}
    if not keys:
        return {}
    days = {day for _, day in wanted}
    currencies = {billers[key].currency for key in keys}
    to_own = converter(session, org, currencies, organization.currency, Period(min(days), max(days)))
    billed: dict[date, dict[int, tuple[int, int]]] = {day: {} for day in days}
    for origin_key, day, imported_at, amount, tokens in session.estimates.billed(keys, days):
        if imported_at.astimezone(time_zone).date() > day:
            amount_before, tokens_before = billed[day].get(origin_key, (0, 0))
            billed[day][origin_key] = amount_before + amount, tokens_before + tokens
    known = {
        day: {
            key: Bill(billers[key], amount, worth, tokens)
            for key, (amount, tokens) in of_day.items()
            if (worth := to_own.worth(amount, billers[key].currency, day)) is not None
        }
        for day, of_day in billed.items()
    }
    may_bill = {key: frozenset(of_estimate) for key, of_estimate in of_estimates.items()}
    found = {
        (origin_key, day): [bill for key, bill in known[day].items() if key in may_bill.get(origin_key, ())]
        for origin_key, day in wanted
    }
    return {each: bills for each, bills in found.items() if sum(bill.worth for bill in bills) > 0}
