"""Entries of the audit trail in words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import AuditEntry, shown_facts
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.hierarchy import POOL
from budget_tui.presentation.formatting import amount_of, count, days_named, long_day, money, short_day, tokens

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


def cells(entry: AuditEntry) -> tuple[str, str, str, str, str]:
    """Return the cells of an entry's table row: time (on this machine's clock), actor, action, subject, changes."""
    undoes = f" (undoes {entry.reverses})" if entry.reverses else ""
    return (
        f"{entry.at.astimezone():%Y-%m-%d %H:%M}",
        entry.actor,
        entry.action,
        entry.subject,
        changes(entry) + undoes,
    )


def words(entry: AuditEntry, today: date, currency: str, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Return an entry in words: when (on this machine's clock), who, subject and change. ``names`` are of projects."""
    at = entry.at.astimezone()
    day = short_day(at.date()) if at.year == today.year else long_day(at.date())
    undoes = f" (undoes {entry.reverses})" if entry.reverses else ""
    return (
        f"{day} {at:%H:%M}",
        entry.actor,
        subject(entry, names),
        sentence(entry, currency, names) + undoes,
    )


def changes(entry: AuditEntry) -> str:
    """Describe what an entry changed, in one line: ``amount 100 → 120``."""
    return difference(entry.before, entry.after)


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Describe the differences in one line."""
    before, after = shown_facts(before), shown_facts(after)
    differing = [name for name in _names(before, after) if before.get(name) != after.get(name)]
    return ", ".join(_change(name, before.get(name), after.get(name)) for name in differing)


def _names(*facts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for names in facts for name in names))


def _change(name: str, before: object, after: object) -> str:
    return f"{name} {shown(after)}" if before is None else f"{name} {shown(before)} → {shown(after)}"


def shown(fact: object) -> str:
    """Format a fact; whole numbers are tokens, seats or costs, and amounts are text that stands as it was written."""
    if fact is None:
        return "–"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return f"{fact:,}" if isinstance(fact, int) else str(fact)


def sentence(entry: AuditEntry, currency: str, names: Mapping[str, str]) -> str:
    """Say what an entry changed of its subject, ``24 costs recorded, $88.00``; ``names`` are of projects, by id."""
    before, after = shown_facts(entry.before), shown_facts(entry.after)
    said = _SENTENCES.get(entry.action)
    if said is not None:
        return said(_Facts(entry.subject, before, after, currency, names))
    noun, _, done = entry.action.partition(".")
    words = f"{_NOUNS.get(noun, noun)} {_PARTICIPLES.get(done, done)}".rstrip()
    return ": ".join(filter(None, (words, changes(entry))))


def subject(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Name what an entry is about: a project by its name, a planned budget by its entity."""
    if entry.action.startswith("plan."):
        return entry.subject.partition(" ")[0]
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

    def money(self, facts: Mapping[str, Any], name: str = "amount") -> str:
        return money(parse_amount(str(facts[name])), self.currency)


def _added(facts: _Facts, noun: str) -> str:
    """Say that an agent, a project or an entity was added, where, and with which model."""
    added = facts.all
    name = added.get("name") or facts.subject
    place = str(added.get("project") or added.get("parent") or "")
    to = f" {'to' if facts.after else 'from'} {facts.names.get(place, place)}" if place else ""
    model = f", {added['model']}" if added.get("model") else ""
    return f"{added.get('level', noun)} {name} {'added' if facts.after else 'removed'}{to}{model}"


def _budget(facts: _Facts) -> str:
    return f"budget {' → '.join(facts.money(each) for each in (facts.before, facts.after) if each)}"


def _allocated_to(facts: _Facts) -> str:
    amount = facts.all["amount"]
    shown_amount = facts.money(facts.all) if isinstance(amount, str) else shown(amount)
    return f"{shown_amount} {'allocated to' if facts.after else 'taken back from'} {facts.all['to']}"


def _costs(facts: _Facts) -> str:
    done = "recorded" if facts.after else "removed"
    shown_costs = facts.after or facts.before
    return f"{count(shown_costs['costs'], 'cost')} {done}, {facts.money(shown_costs)}"


def _import(facts: _Facts) -> str:
    report = facts.all
    files = ", ".join(report.get("files", ())) or facts.subject
    if not facts.after:
        return f"{files} removed again"
    totals = report.get("stored_total", {}).items()
    stored = " + ".join(money(parse_amount(str(amount)), code) for code, amount in totals) or "nothing"
    return f"{files} imported, {stored} in {count(report.get('rows_read', 0), 'row')}"


def _transfer(facts: _Facts) -> str:
    moved = parse_amount(str(facts.after["amount"])) - parse_amount(str(facts.before["amount"]))
    end = next(str(each) for each in (facts.all["from"], facts.all["to"]) if each != facts.subject)
    other = "unallocated" if end == POOL else facts.names.get(end, end)
    return f"{money(abs(moved), facts.currency)} {'from' if moved > 0 else 'to'} {other}"


def _close(facts: _Facts) -> str:
    if not facts.after:
        return "opened again"
    spent, budget = facts.money(facts.after, "spent"), facts.money(facts.after, "monthly_budget")
    return f"closed with {spent} of {budget} spent"


def _plan(facts: _Facts) -> str:
    plan = facts.all
    of_type, currency = BudgetType(plan["budget_type"]), plan.get("currency") or facts.currency
    amount = parse_amount(str(plan["amount"])) if of_type is BudgetType.MONETARY else int(plan["amount"])
    first, last = (date.fromisoformat(str(plan[name])) for name in ("period_start", "period_end"))
    done = "planned" if facts.after else "no longer planned"
    what = " ".join(filter(None, (str(plan["category"]), str(plan.get("provider") or ""))))
    return f"{amount_of(amount, of_type, currency)} {done} for {what}, {days_named(first, last)}"


_SENTENCES: Mapping[str, Callable[[_Facts], str]] = {
    "agent.add": lambda facts: _added(facts, "agent"),
    "agent.allocate": lambda facts: f"allocated {shown(facts.before['tokens'])} → {tokens(facts.after['tokens'])}",
    "allocation.set": lambda facts: f"allocated {facts.money(facts.before)} → {facts.money(facts.after)}",
    "budget.set": _budget,
    "cost.add": _costs,
    "cost.import": _import,
    "entity.add": lambda facts: _added(facts, "entity"),
    "entity.enforce": lambda facts: f"money {'' if facts.after['enforced'] else 'no longer '}enforced",
    "estimate.bill": lambda facts: f"estimate of {facts.money(facts.after)} replaced by the bill",
    "estimate.count": lambda facts: f"estimate of {facts.money(facts.after)} counts again: its bill was removed",
    "period.close": _close,
    "plan.allocate": _allocated_to,
    "plan.apply": lambda facts: (
        f"plan file with {count(facts.all['changes'], 'change')} {'applied' if facts.after else 'undone'}"
    ),
    "plan.create": _plan,
    "project.add": lambda facts: _added(facts, "project"),
    "transfer": _transfer,
}
