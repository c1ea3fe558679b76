"""Entries of the audit trail as sentences."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import UNDO_DATA, AuditEntry, shown_facts, without_consequences
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.hierarchy import POOL
from budget_tui.presentation.audit import difference, shown
from budget_tui.presentation.formatting import (
    amount_of,
    count,
    days_named,
    directory,
    logged_messages,
    long_day,
    money,
    short_day,
    tokens,
)

GLOBAL = "global"
"""The subject of changes of the global budget."""
_MAX_NAMED = 3
_OF_ALL = ("org.rename", "period.set", "plan.apply")
"""Actions whose subject is the organization."""
_NOUNS = {"carry": "carry-over", "cost": "costs", "fx": "exchange rates", "org": "organization"}
_PARTICIPLES = {
    "add": "added",
    "allocate": "allocated",
    "archive": "archived",
    "create": "created",
    "delete": "deleted",
    "end": "ended",
    "enforce": "enforced",
    "import": "imported",
    "map": "mapped",
    "move": "moved",
    "mute": "muted",
    "price": "priced",
    "remove": "removed",
    "rename": "renamed",
    "replace": "replaced",
    "restore": "restored",
    "review": "reviewed",
    "revoke": "revoked",
    "update": "updated",
}


def words(entry: AuditEntry, today: date, currency: str, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Return an entry in words: when (on this machine's clock), who, subject and change. ``names`` are of projects.

    Times stand below each other; of another year the day is enough, as in lists of files.
    """
    at = entry.at.astimezone()
    when = f"{short_day(at.date()):<6} {at:%H:%M}" if at.year == today.year else long_day(at.date())
    undoes = f" (undoes {entry.reverses})" if entry.reverses else ""
    return (
        when,
        entry.actor,
        subject(entry, names),
        sentence(entry, currency, names) + undoes,
    )


def sentence(entry: AuditEntry, currency: str, names: Mapping[str, str]) -> str:
    """Say what an entry changed of its subject, ``24 costs recorded, $88.00``, and what followed from it; ``names`` are
    of projects, by id."""
    before, after = (without_consequences(shown_facts(facts)) for facts in (entry.before, entry.after))
    said = _SENTENCES.get(entry.action)
    if said is not None:
        what = said(_Facts(entry.subject, before, after, currency, names))
    else:
        noun, _, done = entry.action.partition(".")
        words = f"{_NOUNS.get(noun, noun)} {_PARTICIPLES.get(done, done)}".rstrip()
        what = ": ".join(filter(None, (words, difference(before, after))))
    return ", ".join([what, *_consequences(entry.after or entry.before or {}, currency)])


def _consequences(facts: Mapping[str, Any], currency: str) -> list[str]:
    """Say what became of estimates and of recurring fees by a change of costs."""
    said = []
    for name, done in (("estimates_replaced", "replaced by the bill"), ("estimates_counted", "counting again")):
        if estimates := facts.get(name):
            total: dict[str, int] = {}
            for amounts in estimates["of"].values():
                for code, amount in amounts.items():
                    total[code] = total.get(code, 0) + parse_amount(amount)
            worth = " + ".join(money(nanos, code) for code, nanos in total.items() if nanos)
            what = count(estimates["count"], "estimate")
            said.append(f"{what}{f' of {worth}' if worth else ''} {done}")
    for name, done in (("fees_billed", "replaced by the bill"), ("fees_booked", "booked")):
        if fees := facts.get(name):
            worth = money(sum(parse_amount(fee["amount"]) for fee in fees), currency)
            said.append(f"{count(len(fees), 'fee')} of {worth} {done}")
    return said


def change_in_words(entries: Sequence[AuditEntry], currency: str, names: Mapping[str, str]) -> str:
    """Say what one command changed, in the sentences of its ``entries``: ``PCC: allocated $150.00 → $120.00``; the last
    of many are counted. ``names`` are of all entities, by id."""
    said = list(dict.fromkeys(_in_the_log(entry, currency, names) for entry in entries))
    more = len(said) - _MAX_NAMED
    return "; ".join(said) if more <= 0 else f"{'; '.join(said[: _MAX_NAMED - 1])} and {more + 1:,} more"


def _in_the_log(entry: AuditEntry, currency: str, names: Mapping[str, str]) -> str:
    """Return an entry's sentence with its subject, where it does not name that itself."""
    what, of = sentence(entry, currency, names), subject(entry, names)
    if entry.action == "transfer" and entry.after and entry.before:
        facts = _Facts(entry.subject, shown_facts(entry.before), shown_facts(entry.after), currency, names)
        return _whole_transfer(facts)
    is_of_all = of == GLOBAL or entry.action in _OF_ALL
    names_it = is_of_all or re.search(rf"(?<!\w){re.escape(of)}(?!\w)", what)
    return what if names_it else f"{of}: {what}"


def subject(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Name what an entry is about: a project by its name, a planned budget by its entity, an alert by its number."""
    noun = entry.action.partition(".")[0]
    if noun == "plan":
        entity_id = entry.subject.partition(" ")[0]
        return names.get(entity_id, entity_id)
    if entry.action == "cost.map":
        return directory(str(((entry.after or {}).get(UNDO_DATA) or {}).get("of") or entry.subject))
    if noun == "alert":
        return f"alert {entry.subject}"
    if noun == "key":
        return f"key {shown_facts(entry.after or entry.before)['name']}"
    return names.get(entry.subject, entry.subject)


class _Facts(NamedTuple):
    """The facts before and after an entry, with the currency and the names to show them with."""

    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    currency: str
    names: Mapping[str, str]

    @property
    def all(self) -> dict[str, Any]:
        """The facts after the entry, and those before it that it left as they were."""
        return {**self.before, **self.after}

    @property
    def is_removal(self) -> bool:
        """True if the entry takes something away, as undoing an addition does."""
        return not self.after

    def money(self, facts: Mapping[str, Any], name: str = "amount") -> str:
        return money(parse_amount(str(facts[name])), self.currency)

    def foreign(self, facts: Mapping[str, Any]) -> str:
        """Format an amount that may be in another currency than the organization's."""
        return money(parse_amount(str(facts["amount"])), str(facts.get("currency", self.currency)))

    def amount(self, facts: Mapping[str, Any], name: str = "amount") -> str:
        """Format money, which is stored as text, or tokens or seats, which are whole numbers."""
        return self.money(facts, name) if isinstance(facts[name], str) else shown(facts[name])

    def day(self, facts: Mapping[str, Any], name: str) -> str:
        return long_day(date.fromisoformat(str(facts[name])))

    def name(self, project_id: object) -> str:
        return self.names.get(str(project_id), str(project_id))

    def differences(self) -> list[str]:
        """Return the names of the facts that differ, in the order in which they were written."""
        return [name for name in self.all if self.before.get(name) != self.after.get(name)]


def _added(facts: _Facts, noun: str) -> str:
    """Say that an agent, a project or an entity was added, where, and with which model."""
    added = facts.all
    name = added.get("name") or facts.subject
    place = str(added.get("project") or added.get("parent") or "")
    to = f" {'from' if facts.is_removal else 'to'} {facts.name(place)}" if place else ""
    model = f", {added['model']}" if added.get("model") else ""
    return f"{added.get('level', noun)} {name} {'removed' if facts.is_removal else 'added'}{to}{model}"


def _budget(facts: _Facts) -> str:
    return f"budget {' → '.join(facts.money(each) for each in (facts.before, facts.after) if each)}"


def _allocated_to(facts: _Facts) -> str:
    done = "taken back from" if facts.is_removal else "allocated to"
    return f"{facts.amount(facts.all)} {done} {facts.name(facts.all['to'])}"


def _costs(facts: _Facts) -> str:
    done = "removed" if facts.is_removal else "recorded"
    shown_costs = facts.after or facts.before
    return f"{count(shown_costs['costs'], 'cost')} {done}, {facts.money(shown_costs)}"


def _import(facts: _Facts) -> str:
    report = facts.all
    files = ", ".join(report.get("files", ())) or facts.subject
    if facts.is_removal:
        return f"{files} removed again"
    totals = report.get("stored_total", {}).items()
    stored = " + ".join(money(parse_amount(str(amount)), code) for code, amount in totals) or "nothing"
    return f"{files} imported, {stored} in {count(report.get('rows_read', 0), 'row')}"


def _sync(facts: _Facts) -> str:
    logs = facts.all
    amounts = " + ".join(money(parse_amount(str(amount)), code) for code, amount in logs["total"].items())
    worth = f", {amounts}" if amounts else ""
    done = "removed again" if facts.is_removal else "read"
    return f"{logged_messages(logs['messages'])} {done}, {tokens(logs['tokens'])}{worth}"


def _transfer(facts: _Facts) -> str:
    moved = _gained(facts)
    end = next(str(each) for each in (facts.all["from"], facts.all["to"]) if each != facts.subject)
    other = "unallocated" if end == POOL else facts.name(end)
    return f"{money(abs(moved), facts.currency)} {'from' if moved > 0 else 'to'} {other}"


def _whole_transfer(facts: _Facts) -> str:
    """Say what was moved from where to where; both ends have an entry that says so."""
    giver, taker = ("unallocated" if end == POOL else facts.name(end) for end in (facts.all["from"], facts.all["to"]))
    return f"transfer of {money(abs(_gained(facts)), facts.currency)} from {giver} to {taker}"


def _gained(facts: _Facts) -> int:
    return parse_amount(str(facts.after["amount"])) - parse_amount(str(facts.before["amount"]))


def _close(facts: _Facts) -> str:
    if facts.is_removal:
        return "opened again"
    spent, budget = facts.money(facts.after, "spent"), facts.money(facts.after, "monthly_budget")
    return f"closed with {spent} of {budget} spent"


def _plan(facts: _Facts) -> str:
    plan = facts.all
    of_type, currency = BudgetType(plan["budget_type"]), plan.get("currency") or facts.currency
    amount = parse_amount(str(plan["amount"])) if of_type is BudgetType.MONETARY else int(plan["amount"])
    first, last = (date.fromisoformat(str(plan[name])) for name in ("period_start", "period_end"))
    done = "no longer planned" if facts.is_removal else "planned"
    what = " ".join(filter(None, (str(plan["category"]), str(plan.get("provider") or ""))))
    return f"{amount_of(amount, of_type, currency)} {done} for {what}, {days_named(first, last)}"


def _plan_changed(facts: _Facts) -> str:
    """Say what changed of a planned budget: its amount as a budget's, the rest name by name."""
    differing = facts.differences()
    is_money = BudgetType(facts.after["budget_type"]) is BudgetType.MONETARY
    amounts = [
        money(parse_amount(str(each["amount"])), each.get("currency") or facts.currency)
        if is_money
        else shown(int(each["amount"]))
        for each in (facts.before, facts.after)
    ]
    rest = {name: value for name, value in facts.after.items() if name in differing and name != "amount"}
    before = {name: facts.before.get(name) for name in rest}
    planned = [f"{facts.after['category']} planned {' → '.join(amounts)}"] if "amount" in differing else []
    return ", ".join(filter(None, (*planned, difference(before, rest))))


def _tokens_allocated(facts: _Facts) -> str:
    return f"allocated {shown(facts.before['tokens'])} → {tokens(facts.after['tokens'])}"


def _moved(facts: _Facts) -> str:
    return f"moved from {facts.name(facts.before['parent'])} to {facts.name(facts.after['parent'])}"


def _renamed(facts: _Facts) -> str:
    return f"renamed from {facts.before['name']} to {facts.after['name']}"


def _archived(facts: _Facts) -> str:
    """Say that a project, an agent or an entity was archived, and what became of its money or tokens."""
    had, done = facts.all, "archived" if facts.is_removal else "restored"
    if "allocation" in had:
        return f"{done}, {facts.money(had, 'allocation')} {'unallocated' if facts.is_removal else 'allocated'}"
    return f"{done} with {tokens(int(had['tokens']))}" if "tokens" in had else done


def _restored(facts: _Facts) -> str:
    return "archived again" if facts.is_removal else "restored"


def _carry(facts: _Facts) -> str:
    """Say how the rule of what carries over changed; caps of agents are tokens."""

    def rule(state: Mapping[str, Any]) -> str:
        cap = "carry_cap" if "carry_cap" in state else "cap"
        at_most = "" if state.get(cap) is None else f", at most {facts.amount(state, cap)}"
        return f"{state['carry']}{at_most}"

    return f"carry-over {rule(facts.before)} → {rule(facts.after)}"


def _carried(facts: _Facts) -> str:
    amounts = " → ".join(facts.amount(each, "carried") for each in (facts.before, facts.after))
    return f"carried over {amounts}, for costs that came after the close"


def _price(facts: _Facts) -> str:
    """Say what a model's tokens cost from a day on, by kind, and that messages in logs got a price by that."""
    prices = [f"{facts.money(facts.after, kind)} {kind}" for kind in facts.after if kind not in ("from", "logged")]
    per_million = f"a million tokens: {', '.join(prices)}" if prices else "price removed"
    said = f"{per_million}, from {facts.day(facts.all, 'from')}"
    if "logged" not in facts.all:
        return said
    done = "priced" if "logged" in facts.after else "without one again"
    return f"{said}; messages without a price {done}, {facts.money(facts.all, 'logged')}"


def _price_table(facts: _Facts) -> str:
    table = facts.all
    done = "taken back" if facts.is_removal else "set"
    named = f"{count(table['prices'], 'price')} of {count(table['models'], 'model')}"
    return f"{named} {done}, from {facts.day(table, 'from')}"


def _rate(facts: _Facts) -> str:
    return f"rate {facts.all['rate']} {'removed ' if facts.is_removal else ''}from {facts.day(facts.all, 'day')}"


def _seats(facts: _Facts) -> str:
    seats, gone = count(facts.all["seats"], "seat"), "no longer " if facts.is_removal else ""
    return f"{gone}{seats} of {facts.all['provider']} from {facts.day(facts.all, 'from')}"


def _fee(facts: _Facts) -> str:
    fee = facts.all
    done = "no longer booked" if facts.is_removal else "booked"
    return f"{facts.money(fee)} {done} every {fee['every']} for {facts.name(fee['of'])}"


def _fee_end(facts: _Facts) -> str:
    return (
        f"booked until {facts.day(facts.after, 'last_day')}"
        if facts.after["last_day"]
        else "booked again, without an end"
    )


def _fee_charge(facts: _Facts) -> str:
    """Say that a recurring fee was booked on its day, or that its bill stands in its place."""
    on = facts.day(facts.after, "on")
    if "billed" in facts.after:
        return f"{facts.money(facts.after, 'billed')} billed instead of {facts.money(facts.after)} on {on}"
    return f"{facts.money(facts.after)} booked on {on}"


def _alert(facts: _Facts) -> str:
    rule = facts.all
    to = f", to {rule['channels']}" if rule.get("channels") else ""
    return f"{'no longer ' if facts.is_removal else ''}watches {facts.name(rule['scope'])}: {rule['when']}{to}"


def _muted(facts: _Facts) -> str:
    until = facts.after["muted_until"]
    if until is None:
        return "sends its messages again"
    at = datetime.fromisoformat(until).astimezone()
    return f"muted until {long_day(at.date())} {at:%H:%M}"


def _mapped(facts: _Facts) -> str:
    before, after = facts.before["target"], facts.after["target"]
    if after is None:
        return f"no longer mapped to {facts.name(before)}"
    return f"mapped to {facts.name(after)}" + (f" instead of {facts.name(before)}" if before is not None else "")


def _source_end(facts: _Facts) -> str:
    ended = facts.after["ended_on"]
    return f"ended on {facts.day(facts.after, 'ended_on')}" if ended else "costs are expected again"


_SENTENCES: Mapping[str, Callable[[_Facts], str]] = {
    "agent.add": lambda facts: _added(facts, "agent"),
    "agent.allocate": _tokens_allocated,
    "agent.archive": _archived,
    "agent.carry": _carry,
    "agent.model": lambda facts: difference(facts.before, facts.after),
    "agent.price": _price,
    "agent.rename": _renamed,
    "agent.top-up": _tokens_allocated,
    "alert.add": _alert,
    "alert.change": _alert,
    "alert.mute": _muted,
    "alert.remove": _alert,
    "allocation.set": lambda facts: f"allocated {facts.money(facts.before)} → {facts.money(facts.after)}",
    "budget.set": _budget,
    "carry.set": _carry,
    "carry.settle": _carried,
    "cost.add": _costs,
    "cost.import": _import,
    "cost.map": _mapped,
    "entity.add": lambda facts: _added(facts, "entity"),
    "entity.archive": _archived,
    "entity.enforce": lambda facts: f"money {'' if facts.after['enforced'] else 'no longer '}enforced",
    "entity.move": _moved,
    "entity.rename": _renamed,
    "entity.restore": _restored,
    "estimate.bill": lambda facts: f"estimate of {facts.foreign(facts.after)} replaced by the bill",
    "estimate.count": lambda facts: f"estimate of {facts.foreign(facts.after)} counts again: its bill was removed",
    "fx.import": lambda facts: f"{count(facts.all['rates_changed'], 'rate')} imported",
    "fx.set": _rate,
    "key.create": lambda facts: f"created, may {facts.after['scope']}",
    "key.revoke": lambda facts: "revoked",
    "level.add": lambda facts: f"level {facts.subject} {'removed' if facts.is_removal else 'added'}",
    "log.sync": _sync,
    "org.add": lambda facts: "organization added",
    "org.rename": _renamed,
    "period.close": _close,
    "period.review": lambda facts: f"allocations {facts.all['allocations']}",
    "period.set": lambda facts: f"periods {difference(facts.before, facts.after)}",
    "plan.allocate": _allocated_to,
    "plan.apply": lambda facts: (
        f"plan file with {count(facts.all['changes'], 'change')} {'undone' if facts.is_removal else 'applied'}"
    ),
    "plan.create": _plan,
    "plan.delete": _plan,
    "plan.update": _plan_changed,
    "price.update": _price_table,
    "project.add": lambda facts: _added(facts, "project"),
    "project.archive": _archived,
    "project.rename": _renamed,
    "project.restore": _restored,
    "recurring.add": _fee,
    "recurring.bill": _fee_charge,
    "recurring.book": _fee_charge,
    "recurring.end": _fee_end,
    "source.plan": lambda facts: f"{'paid by a plan' if facts.after['flat_fee'] else 'paid by tokens'}",
    "seat.set": _seats,
    "source.end": _source_end,
    "source.replace": lambda facts: (
        "replaces its own days without asking" if facts.after["always"] else "asks before it replaces"
    ),
    "transfer": _transfer,
}
