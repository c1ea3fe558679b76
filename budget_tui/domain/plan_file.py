"""The plan as a file: what can stand in it, and how it differs from what is stored.

A file is compared with what is stored and with what was exported: what somebody changed in the file is wanted, what
somebody changed at run time since the export stays, and what was changed in both is a conflict. What the file does not
name stays. All values are texts in one canonical form, so that they can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from budget_tui.domain.alerts import EACH_PROJECT, WATCHES_ALL, AlertKind, AlertRule, written_thresholds
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import UNDO_DATA, AuditEntry, written
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.hierarchy import ROOT_ID

APPLIED = "plan.apply"
"""The action that is recorded with all changes of a file."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a plan file. Its items are named by an id or, in a list, by their ``identity``.

    ``fields`` can be changed; those in ``defaults`` are left out where they have that value. Of the identity,
    ``optional`` parts may be empty.
    """

    fields: tuple[str, ...]
    identity: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()


_CARRY = {"carry": "none", "carry_cap": ""}
SECTIONS: Mapping[str, Section] = {
    "budget": Section(("amount", "carry", "carry_cap"), defaults=_CARRY),
    "projects": Section(
        ("name", "parent", "allocation", "carry", "carry_cap", "enforced"),
        defaults={"parent": ROOT_ID, **_CARRY, "enforced": "false"},
    ),
    "agents": Section(("tokens", "carry", "carry_cap", "enforced"), defaults={**_CARRY, "enforced": "false"}),
    "budgets": Section(
        ("amount", "notes"),
        ("entity", "category", "type", "period", "provider", "currency"),
        {"type": "monetary", "provider": "", "notes": ""},
        frozenset({"provider", "currency"}),
    ),
    "mappings": Section(("to",), ("kind", "field", "value")),
    "alerts": Section(
        ("channels", "fails"),
        ("watch", "kind", "thresholds", "category", "type", "provider", "source"),
        {"type": "monetary", "channels": "", "fails": "false"},
        frozenset({"watch", "thresholds", "category", "provider", "source"}),
    ),
}
_NUMBERS = {"amount", "allocation", "tokens"}
"""Fields whose changes add up, whatever was carried over between them."""


class Item(NamedTuple):
    """A thing that a plan file describes; ``name`` is an id, or the values of its identity."""

    section: str
    name: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Its name for people."""
        return {"budget": "the global budget"}.get(self.section) or " ".join(filter(None, self.name))


Fields = Mapping[str, str]
Plan = Mapping[Item, Fields]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as a file describes it; ``revision`` is the newest audit entry when it was exported, None if unknown."""

    organization: str
    currency: str
    revision: int | None
    plan: Plan


class Kind(StrEnum):
    """The treatment of a difference between a file and the stored plan."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    KEPT = "kept"
    CONFLICT = "conflict"


class Difference(NamedTuple):
    """A difference of one field, or ('') of a whole item: its value at the export, as stored, and in the file."""

    kind: Kind
    item: Item
    field: str
    exported: str | None
    stored: str | None
    wanted: str | None


class Step(NamedTuple):
    """A change since the export: of one field, or ('') of an item that came (``before`` None) or went.

    ``facts`` are those known of an item that went.
    """

    item: Item
    field: str
    before: str | None
    after: str | None
    is_applied: bool
    facts: Fields = {}


class History:
    """The changes since a file was exported. What a file's own application changed counts as exported.

    Steps name a rule of alerts by its number, as its thresholds are part of its item and change: ``rules`` are the
    numbers, as items, of the rules that there are and of those that had that item since the export.
    """

    def __init__(self, steps: Iterable[Step], rules: Mapping[Item, Item]) -> None:
        self._rules = rules
        self._steps: dict[tuple[Item, str], list[Step]] = {}
        for step in steps:
            known = self._steps.setdefault((step.item, step.field), [])
            if step.is_applied:
                known.clear()
            else:
                known.append(step)

    def exported(self, item: Item, name: str, stored: str) -> str:
        """Return the value that a field had when it was exported."""
        steps = self._of(item, name)
        if not steps:
            return stored
        if name not in _NUMBERS:
            return steps[0].before or ""
        changed = sum((Decimal(step.after or 0) - Decimal(step.before or 0) for step in steps), Decimal(0))
        return written(parse_amount(f"{Decimal(stored) - changed:f}"))

    def was_there(self, item: Item, is_there: bool) -> bool:
        """Return whether an item was there at the export."""
        steps = self._of(item, "")
        return steps[0].before is not None if steps else is_there

    def facts(self, item: Item) -> Fields:
        """Return what is known of an item before it went."""
        steps = self._of(item, "")
        return next((step.facts for step in steps if step.after is None), {})

    def is_changed(self, item: Item) -> bool:
        """Return whether anything of an item was changed at run time."""
        return any(steps for (known, _), steps in self._steps.items() if known == self.name_of(item))

    def name_of(self, item: Item) -> Item:
        """Return the item by which steps name ``item``."""
        return self._rules.get(item, item)

    def _of(self, item: Item, name: str) -> list[Step]:
        return self._steps.get((self.name_of(item), name), [])


def with_rules_paired(wanted: Plan, stored: Plan, history: History) -> tuple[Plan, Plan]:
    """Return both plans with the rules of alerts that are the same but for their thresholds under the stored item,
    where the thresholds are a field: in the file or at run time, they were changed."""
    left = [item for item in stored if item.section == "alerts" and item not in wanted]
    new = [item for item in wanted if item.section == "alerts" and item not in stored]
    pairs = {item: then for item in left for then in new if history.name_of(then) == history.name_of(item)}
    left = [item for item in left if item not in pairs and history.was_there(item, True)]
    new = [item for item in new if item not in pairs.values() and not history.was_there(item, False)]
    for item in left:
        same = [each for each in new if _but_for_thresholds(each) == _but_for_thresholds(item)]
        if len(same) == 1 and [_but_for_thresholds(each) for each in left].count(_but_for_thresholds(item)) == 1:
            pairs[item] = same[0]
    thresholds = SECTIONS["alerts"].identity.index("thresholds")
    names = {then: item for item, then in pairs.items()}

    def with_thresholds(item: Item, fields: Fields) -> Fields:
        is_paired = item in pairs or item in names
        return {**fields, "thresholds": item.name[thresholds]} if is_paired else fields

    return (
        {names.get(item, item): with_thresholds(item, fields) for item, fields in wanted.items()},
        {item: with_thresholds(item, fields) for item, fields in stored.items()},
    )


def _but_for_thresholds(item: Item) -> list[str]:
    return [value for name, value in zip(SECTIONS["alerts"].identity, item.name, strict=True) if name != "thresholds"]


def differences(wanted: Plan, stored: Plan, history: History, *, prune: bool = False) -> list[Difference]:
    """Return how the file and what is stored differ; with ``prune``, what the file does not name is to go."""
    found: list[Difference] = []
    for item, fields in wanted.items():
        if item in stored:
            found += _of_fields(item, fields, stored[item], history)
        elif history.was_there(item, False):
            found.append(_of_gone(item, fields, history))
        else:
            found.append(Difference(Kind.ADD, item, "", None, None, _listed(fields)))
    if prune:
        found += [_of_unnamed(item, stored[item], history) for item in stored if item not in wanted]
    return found


def _of_fields(item: Item, wanted: Fields, stored: Fields, history: History) -> list[Difference]:
    found = []
    for name, value in wanted.items():
        now = stored[name]
        if value == now:
            continue
        then = history.exported(item, name, now)
        kind = Kind.KEPT if then == value else Kind.CHANGE if then == now else Kind.CONFLICT
        found.append(Difference(kind, item, name, then, now, value))
    return found


def _of_gone(item: Item, wanted: Fields, history: History) -> Difference:
    """Return the difference of an item that went since the export: it stays away, unless the file changed it."""
    facts = history.facts(item)
    is_same = all(facts.get(name, value) == value for name, value in wanted.items())
    return Difference(Kind.KEPT if is_same else Kind.CONFLICT, item, "", _listed(facts), None, _listed(wanted))


def _of_unnamed(item: Item, stored: Fields, history: History) -> Difference:
    if item.section == "budget" or not history.was_there(item, True):
        return Difference(Kind.KEPT, item, "", None, _listed(stored), None)
    kind = Kind.CONFLICT if history.is_changed(item) else Kind.REMOVE
    return Difference(kind, item, "", None, _listed(stored), None)


def _listed(fields: Fields) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items() if value)


# What the audit trail says

ACTIONS = frozenset(
    "budget.set allocation.set transfer carry.set agent.allocate agent.top-up agent.carry agent.add agent.archive"
    " project.rename entity.rename entity.move entity.enforce project.add project.restore project.archive cost.map"
    " plan.create plan.delete plan.update alert.add alert.change alert.remove".split()
) | {APPLIED}
"""The actions that change what a plan file describes."""


def steps_of(entries: Sequence[AuditEntry]) -> list[Step]:
    """Return the changes that audit entries record, the oldest first."""
    applied = {entry.change for entry in entries if entry.action == APPLIED and entry.reverses is None}
    return [step for entry in entries for step in _steps_of(entry, entry.change in applied)]


def _steps_of(entry: AuditEntry, is_applied: bool) -> Iterable[Step]:
    before, after, subject = entry.before, entry.after, entry.subject
    project, agent = Item("projects", (subject,)), Item("agents", (subject,))

    def changed(item: Item, **names: str) -> list[Step]:
        """Return the changes of fields, each with its name in the trail."""
        return [
            Step(item, name, _text((before or {}).get(key)), _text((after or {}).get(key)), is_applied)
            for name, key in names.items()
        ]

    def moved(item: Item, facts: Fields = {}) -> list[Step]:  # noqa: B006 – it is only read
        """Return the step of an item that came or went."""
        came, went = (None if each is None else "there" for each in (after, before))
        return [Step(item, "", went, came, is_applied, facts)]

    match entry.action:
        case "budget.set":
            return changed(Item("budget"), amount="amount")
        case "allocation.set" | "transfer":
            return changed(project, allocation="amount")
        case "carry.set":
            return changed(Item("budget") if subject == "global" else project, carry="carry", carry_cap="carry_cap")
        case "agent.allocate" | "agent.top-up":
            return changed(agent, tokens="tokens")
        case "agent.carry":
            return changed(agent, carry="carry", carry_cap="cap")
        case "project.rename" | "entity.rename":
            return changed(project, name="name")
        case "entity.move":
            return changed(project, parent="parent")
        case "entity.enforce":
            return [*changed(project, enforced="enforced"), *changed(agent, enforced="enforced")]
        case "project.add" | "project.restore" | "project.archive":
            return moved(
                project, {name: str((before or {})[name]) for name in ("name", "allocation") if name in (before or {})}
            )
        case "agent.add" | "agent.archive":
            return moved(agent)
        case "cost.map":
            return _mapped(before, after, is_applied)
        case "alert.add" | "alert.change" | "alert.remove":
            return _alerted(rule_item(subject), before, after, is_applied)
        case "plan.create" | "plan.delete" | "plan.update":
            return _planned(subject.rpartition(" ")[0], before, after, is_applied)
    return []


def _mapped(before: dict[str, Any] | None, after: dict[str, Any] | None, is_applied: bool) -> list[Step]:
    rule = (after or {}).get(UNDO_DATA) or (before or {}).get(UNDO_DATA) or {}
    if not {"kind", "field", "value"} <= set(rule):  # recorded by an older version
        return []
    item = mapping_item(rule["kind"], rule["field"], rule["value"])
    was, now = ((facts or {}).get("target") for facts in (before, after))
    if was is not None and now is not None:
        return [Step(item, "to", was, now, is_applied)]
    return [Step(item, "", was, now, is_applied, {} if was is None else {"to": was})]


def _alerted(item: Item, before: dict[str, Any] | None, after: dict[str, Any] | None, is_applied: bool) -> list[Step]:
    was, now = (None if facts is None else _rule_of(facts) for facts in (before, after))
    if was is not None and now is not None:
        then, since = (
            {**alert_fields(rule), "thresholds": written_thresholds(rule.kind, rule.thresholds, rule.budget_type)}
            for rule in (was, now)
        )
        return [Step(item, name, then[name], since[name], is_applied) for name in then if then[name] != since[name]]
    left, came = (None if each is None else "there" for each in (was, now))
    return [Step(item, "", left, came, is_applied, {} if was is None else alert_fields(was))]


def _rule_of(facts: Mapping[str, Any]) -> AlertRule:
    rule = AlertRule(**facts[UNDO_DATA])
    return rule._replace(kind=AlertKind(rule.kind), budget_type=BudgetType(rule.budget_type))


def rules_named(entries: Iterable[AuditEntry]) -> dict[Item, Item]:
    """Return the numbers, as items, of the rules of alerts that had an item by the audit entries, the oldest first."""
    found: dict[Item, Item] = {}
    for entry in entries:
        if entry.action in ("alert.add", "alert.change", "alert.remove"):
            for facts in filter(None, (entry.before, entry.after)):
                found.setdefault(alert_item(_rule_of(facts)), rule_item(entry.subject))
    return found


def rule_item(number: object) -> Item:
    """Return the item by which steps name a rule of alerts, which keeps its number."""
    return Item("alerts", (str(number),))


def _planned(entity: str, before: dict[str, Any] | None, after: dict[str, Any] | None, is_applied: bool) -> list[Step]:
    was, now = (None if facts is None else _planned_item(entity, facts) for facts in (before, after))
    if was == now and was is not None and before is not None and after is not None:
        return [Step(was, name, _text(before[name]), _text(after[name]), is_applied) for name in ("amount", "notes")]
    steps = []
    if was is not None and before is not None:
        facts = {name: _text(before[name]) or "" for name in ("amount", "notes")}
        steps.append(Step(was, "", "there", None, is_applied, facts))
    if now is not None:
        steps.append(Step(now, "", None, "there", is_applied))
    return steps


def _planned_item(entity: str, facts: Mapping[str, Any]) -> Item:
    period = f"{facts['period_start']}..{facts['period_end']}"
    kind = facts["budget_type"]
    return budget_item(entity, facts["category"], kind, period, facts["provider"], facts["currency"])


def budget_item(entity: str, category: str, kind: str, period: str, provider: str, currency: str) -> Item:
    """Return the item of a planned budget; ``period`` is its first and last day. Tokens and seats have no currency."""
    money = currency if kind == BudgetType.MONETARY else ""
    return Item("budgets", (entity, str(category), str(kind), period, provider, money))


def mapping_item(kind: str, name: str, value: str) -> Item:
    """Return the item of a rule that maps costs; an ``entity`` rule is one of a project to the user."""
    return Item("mappings", ("project" if kind == "entity" else kind, name, value.casefold()))


def alert_item(rule: AlertRule) -> Item:
    """Return the item of a rule of alerts."""
    thresholds = written_thresholds(rule.kind, rule.thresholds, rule.budget_type)
    watch = EACH_PROJECT if rule.entity_id is None and rule.kind not in WATCHES_ALL else rule.entity_id or ""
    return Item(
        "alerts",
        (watch, str(rule.kind), thresholds, rule.category, str(rule.budget_type), rule.provider, rule.source),
    )


def alert_fields(rule: AlertRule) -> Fields:
    """Return what can be changed of a rule of alerts."""
    return {"channels": ", ".join(rule.channels), "fails": "true" if rule.fails else "false"}


def _text(value: object) -> str | None:
    """Return a fact of the audit trail as plan files write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
