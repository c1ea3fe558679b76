"""Costs: recorded by hand, imported from exports, and mapped to projects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from budget_tui.domain.amount import within_limit
from budget_tui.domain.audit import UNDO_DATA, written
from budget_tui.domain.cost import (
    CATEGORIES,
    FIRST_DAY,
    LAST_DAY,
    Category,
    ChargeCategory,
    CostOrigin,
    EntityResolver,
    category_of,
    checked_day,
    is_far_ahead,
    parse_rule_field,
    provider_of,
    rule_value,
)
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.estimates import DisplacedEstimates
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_name
from budget_tui.domain.period import Period
from budget_tui.domain.records import (
    CostRecord,
    DayCost,
    KnownOrigin,
    Resolution,
    RuleName,
    StoredHold,
    StoredRule,
    UnmappedOrigin,
)
from budget_tui.domain.text import one_line
from budget_tui.domain.tokens import checked_tokens
from budget_tui.services.context import Context
from budget_tui.services.idempotency import run_once
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work

MANUAL_SOURCE = "manual"
DEFAULT_TAG = "project"
OLD_NAME = "name"
"""Field of the rule that a rename creates, so that costs with a project's old name stay with it."""


@dataclass(frozen=True, slots=True)
class CostEntry:
    """A cost recorded by a user or program; ``amount`` in nanos of the organization's currency.

    ``project_id`` may be the id of any entity below the root. A negative amount is a credit. ``on`` defaults to today;
    ``category`` is derived by default. One-off costs (``once``) and credits are excluded from the burn rate.
    ``source`` is the name under which it is stored.
    """

    project_id: str
    amount: int
    on: date | None = None
    category: Category | None = None
    provider: str = ""
    tokens: int | None = None
    once: bool = False
    source: str = MANUAL_SOURCE


@dataclass(frozen=True, slots=True)
class MappingOutcome:
    """The effect of new rules on existing costs.

    It is the number of origins that changed and, for rules that name a project, the costs that this gained: how many,
    and their amounts in nanos of each currency. ``is_new`` if one of the rules did not stand already.
    """

    changed_origins: int
    moved: Mapping[str, int] = field(default_factory=dict)
    costs: int = 0
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class CostOutcome:
    """The day of a cost and its currency; ``is_far_ahead`` if the day is probably mistyped.

    ``is_scheduled`` if the day is to come; ``restates`` is the closed period that it is in, and ``precedes`` the first
    period, if it is before that.
    """

    on: date
    currency: str
    is_far_ahead: bool
    is_scheduled: bool
    restates: Period | None
    precedes: Period | None


class Costs:
    """Commands on costs. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, entry: CostEntry, key: str | None = None) -> CostOutcome:
        """Record one cost; repeating it with the same ``key`` changes nothing."""
        with self._context.work() as work:
            request = {
                "project": entry.project_id,
                "amount": entry.amount,
                "on": entry.on.isoformat() if entry.on else None,
                "category": entry.category,
                "provider": entry.provider,
                "tokens": entry.tokens,
                **({"once": True} if entry.once else {}),
            }
            result = run_once(work, "cost.add", key, request, lambda: _add_one(work, entry))
            on, organization = date.fromisoformat(result["on"]), work.organization
            restates = work.unit.periods.closed_on(organization.org_key, on)
            first = work.unit.budgets.first_global(organization.org_key)
            work.commit()
        return CostOutcome(
            on,
            organization.currency,
            is_far_ahead(on, work.today),
            is_scheduled=on > work.today,
            restates=restates,
            precedes=first.period if first and on < first.period.start else None,
        )

    def add_all(self, entries: Sequence[CostEntry]) -> None:
        """Record many costs at once: all of them or, if one is refused, none."""
        with self._context.work() as work:
            enter(work, entries)
            work.commit()

    def map_to_project(self, project_id: str, field: str, value: str) -> MappingOutcome:
        """Map past and future costs whose ``field`` is ``value`` to a project, another entity or the organization.

        ``field`` is ``tag:KEY``, ``sub_account`` (id or name), ``service`` or ``provider``.
        """
        return self.map_all_to_project(project_id, [(field, value)])

    def map_all_to_project(self, project_id: str, rules: Sequence[tuple[str, str]]) -> MappingOutcome:
        """Map costs to a project by several pairs of a field and its value, as one change."""
        with self._context.work() as work:
            entity = mapped_to(work, project_id)
            is_new = [set_rule(work, "entity", parse_rule_field(field), value, entity) for field, value in rules]
            changes = resolve_costs_again(work)
            gained = [change.origin_key for change in changes if change.after == entity.entity_key != change.before]
            moved = work.unit.costs.sums_of(gained)
            work.commit()
        amounts = {currency: each.amount for currency, each in moved.items() if each.amount}
        return MappingOutcome(len(changes), amounts, sum(each.costs for each in moved.values()), any(is_new))

    def name_provider(self, exported_name: str, short_name: str) -> MappingOutcome:
        """Treat the provider that exports call ``exported_name`` as ``short_name``, past costs included."""
        if not short_name.strip():
            raise Refused("a provider needs a name", "give one such as 'openai'")
        short_name = checked_name(short_name).casefold()
        with self._context.work() as work:
            set_rule(work, "provider", "name", exported_name, short_name)
            changes = resolve_costs_again(work)
            work.commit()
        return MappingOutcome(len(changes))

    def put_into_category(self, service_or_provider: str, category: Category) -> MappingOutcome:
        """Count a service or a provider in ``category``, past costs included."""
        if category is Category.TOTAL:
            raise Refused("'total' is all categories together", f"choose {', '.join(CATEGORIES)}")
        with self._context.work() as work:
            set_rule(work, "category", "name", service_or_provider, category)
            changes = resolve_costs_again(work)
            work.commit()
        return MappingOutcome(len(changes))

    def unmapped(self) -> list[UnmappedOrigin]:
        """Return the costs of all periods without an entity, the largest amounts first."""
        with self._context.reading() as session:
            return session.costs.unmapped(self._context.organization(session).org_key)

    def displaced(self) -> Sequence[DisplacedEstimates]:
        """Return the estimates of all periods that count in no project, as the bill for them is unmapped."""
        with self._context.reading() as session:
            org = self._context.organization(session).org_key
            return session.fast.displaced_estimates(org, Period(FIRST_DAY, LAST_DAY))


class Resolver:
    """Maps costs to entities, by the hierarchy and the users' rules in this transaction."""

    def __init__(self, work: Work, origins: Iterable[CostOrigin]) -> None:
        key = work.organization.org_key
        known = work.unit.fast.entities(key)
        self._keys = {entity.entity_id: entity.entity_key for entity in known}
        entities = [entity for entity in known if entity.entity_id != ROOT_ID]
        self._aliases = work.unit.cost_rules.provider_aliases(key)
        self._overrides = work.unit.cost_rules.category_overrides(key)
        rules = work.unit.cost_rules.for_entities(key)
        old_names = [(rule.entity_id, rule.value) for rule in rules if rule.field == OLD_NAME]
        self._entities = EntityResolver(
            [*((entity.entity_id, entity.name) for entity in entities), *old_names],
            rules,
            project_tags(origins),
            self._aliases,
        )

    def resolve(self, origin: CostOrigin) -> tuple[int | None, str, str]:
        """Return the entity's key (None: unmapped), the provider's short name, the category."""
        provider = provider_of(origin, self._aliases)
        entity_id = self._entities.resolve(origin)
        entity_key = self._keys[entity_id] if entity_id is not None else None
        return entity_key, provider, category_of(origin, provider, self._overrides)


def project_tags(origins: Iterable[CostOrigin]) -> list[str]:
    """Return the tag keys that may name a project: ``project`` first, then all others by name."""
    kept = {key for origin in origins for key, _ in origin.tags}
    return [DEFAULT_TAG, *sorted(kept - {DEFAULT_TAG})]


class Change(NamedTuple):
    """An origin whose mapping changed; ``before`` and ``after`` are its entity's key."""

    origin_key: int
    before: int | None
    after: int | None


def resolve_costs_again(work: Work) -> list[Change]:
    """Apply the current entities, aliases and rules to all existing costs; return the origins that changed."""
    known = work.unit.costs.origins(work.organization.org_key)
    resolver = Resolver(work, [row.origin for row in known])
    resolutions = ((row, Resolution(*resolver.resolve(row.origin))) for row in known)
    changed = [(row, now) for row, now in resolutions if now != (row.entity_key, row.provider, row.category)]
    work.unit.costs.resolve_again({row.origin_key: now for row, now in changed})
    return [Change(row.origin_key, row.entity_key, now.entity_key) for row, now in changed]


def origin_keys(
    work: Work,
    origins: Iterable[CostOrigin],
    known: Sequence[KnownOrigin],
    resolve: Callable[..., tuple[int | None, str, str]],
) -> dict[CostOrigin, int]:
    """Return the database keys of ``origins``, adding those that are not ``known``."""
    keys = {row.origin: row.origin_key for row in known}
    fresh = {origin: Resolution(*resolve(origin)) for origin in origins if origin not in keys}
    return keys | work.unit.costs.add_origins(work.organization.org_key, fresh)


def keep_old_name(work: Work, project: Entity) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let costs keep finding ``project``, about to be renamed, by its current name.

    Returns the rule before and after, for `restore_rule`.
    """
    return _make_rule(work, RuleName("entity", OLD_NAME, project.name.casefold()), project.entity_id)


def restore_rule(work: Work, subject: str, now: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """Restore a rule to its state ``then`` and return it; `Conflict` if it is no longer in the state ``now``."""
    org, name = work.organization.org_key, RuleName(then["kind"], then["field"], then["value"])
    stored = work.unit.cost_rules.get(org, name)
    require_same(subject, stored.target if stored else None, now["target"])
    if then["target"] is None:
        work.unit.cost_rules.remove(org, name)
        return then
    restored = work.unit.cost_rules.set(org, name, then["target"], work.actor, work.now, then["key"])
    return _rule_facts(name, restored)


def _make_rule(work: Work, name: RuleName, target: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set a rule; return it before and after."""
    before = work.unit.cost_rules.get(work.organization.org_key, name)
    after = work.unit.cost_rules.set(work.organization.org_key, name, target, work.actor, work.now)
    return _rule_facts(name, before), _rule_facts(name, after)


def _rule_facts(name: RuleName, stored: StoredRule | None) -> dict[str, Any]:
    return {
        **name._asdict(),
        "target": stored.target if stored else None,
        "key": stored.key if stored else None,
    }


def _add_one(work: Work, entry: CostEntry) -> dict[str, object]:
    enter(work, [entry])
    return {"on": (entry.on or work.today).isoformat()}


def enter(work: Work, entries: Sequence[CostEntry], hold: StoredHold | None = None) -> None:
    """Store costs and record them in the audit log, so that an undo removes exactly these.

    They may settle a ``hold``, of an entity that was archived meanwhile, too: an undo returns it to its former state.
    """
    for entry in entries:
        _check(entry)
    find = work.entity if hold else partial(spender, work)
    spenders = {entry.project_id: find(entry.project_id) for entry in entries}
    costs = [
        DayCost(
            _entered_origin(work, spenders[entry.project_id].entity_id, entry),
            checked_day(entry.on or work.today),
            entry.amount,
            entry.tokens,
            1,
        )
        for entry in entries
    ]
    origins = {cost.origin for cost in costs}
    known = work.unit.costs.origins(work.organization.org_key)
    resolver = Resolver(work, origins)
    keys = origin_keys(work, origins, known, resolver.resolve)
    stored = work.unit.costs.add(costs, keys)
    require_sums_in_range(work, ((cost.origin.currency, cost.day) for cost in costs))
    projects_by_key = {keys[origin]: origin.entity_hint for origin in origins}
    rows: dict[str, list[CostRecord]] = {}
    for record in stored:
        rows.setdefault(projects_by_key[record.origin_key], []).append(record)
    for project_id, after in _sums(entries).items():
        settles = {"hold": hold.hold_id, "state": hold.state, "settled": entries[0].amount} if hold else {}
        work.record("cost.add", project_id, None, {**after, UNDO_DATA: {"rows": rows[project_id], **settles}})


def mapped_to(work: Work, entity_id: str) -> Entity:
    """Return the entity that a rule maps costs to: a project, another entity, or the organization."""
    wanted = entity_id.strip()
    entity = work.unit.fast.entity(work.organization.org_key, wanted)
    return work.project(wanted) if entity is None or entity.level_code == "project" else work.active(wanted)


def spender(work: Work, entity_id: str) -> Entity:
    """Return the entity of a cost: a project, or any other entity below the organization."""
    entity = work.unit.fast.entity(work.organization.org_key, entity_id)
    if entity is None or entity.level_code == "project":
        return work.project(entity_id)
    if entity.entity_id == ROOT_ID:
        raise Refused("a cost needs a project", "name one, or another entity below the organization")
    return work.active(entity_id)


@reverses("cost.add")
def _undo_costs(work: Work, lines: Lines) -> None:
    """Remove exactly these rows; or store them again, to undo their removal."""
    for line in lines:
        data = undo_data(line.after or line.before)
        rows = [CostRecord(*row) for row in data["rows"]]
        if "hold" in data:
            data["state"] = _undo_settlement(work, data, is_redone=line.after is None)
        if line.after is not None:
            work.unit.estimates.count_again(row.key for row in rows)
            require_same(f"the costs of {line.subject}", work.unit.costs.remove(rows), len(rows))
            work.record("cost.add", line.subject, line.after, None)
        else:
            stored = work.unit.costs.put_back(rows)
            work.record("cost.add", line.subject, None, {**(line.before or {}), UNDO_DATA: {**data, "rows": stored}})


def _undo_settlement(work: Work, data: dict[str, Any], *, is_redone: bool) -> str:
    """Give a hold its state from before it was settled; or settle it again. Return the state from before."""
    hold_id = data["hold"]
    if not is_redone:
        work.unit.grants.end_reservation(hold_id, data["state"])
        return str(data["state"])
    hold = work.unit.fast.hold(work.organization.org_key, hold_id)
    assert hold is not None
    if hold.state == "settled":
        raise Conflict(f"hold {hold_id} was settled again since", "there is nothing to redo")
    work.unit.grants.end_reservation(hold_id, "settled", 0, data["settled"])
    return hold.state  # it may have been released meanwhile


def _check(entry: CostEntry) -> None:
    within_limit(entry.amount)
    if entry.tokens is not None:
        checked_tokens(entry.tokens, 0)
    if entry.category is Category.TOTAL:
        raise Refused("'total' is all categories together", f"choose {', '.join(CATEGORIES)}")
    if not entry.amount and not entry.tokens:
        raise Refused("a cost cannot be 0", "give the amount, negative for a credit")


def require_sums_in_range(work: Work, days: Iterable[tuple[str, date]]) -> None:
    """Refuse costs that would make a period's sum too large to store, so that nothing of it could be shown.

    ``days`` are those of the costs, each with a currency.
    """
    organization = work.organization
    for currency, period in {(currency, organization.period_rule.containing(day)) for currency, day in set(days)}:
        spent, unmapped = work.unit.fast.spent_by_path(organization.org_key, currency, period)
        within_limit(unmapped + sum(spent.values()))


def _entered_origin(work: Work, entity_id: str, entry: CostEntry) -> CostOrigin:
    return CostOrigin(
        source=entry.source,
        live=True,
        currency=work.organization.currency,
        provider_name=checked_name(entry.provider) if entry.provider.strip() else "",
        entity_hint=entity_id,
        category_hint=entry.category or "",
        charge_category=_charge_category(entry),
    )


def _charge_category(entry: CostEntry) -> ChargeCategory:
    if entry.amount < 0:
        return ChargeCategory.CREDIT
    return ChargeCategory.ONE_OFF if entry.once else ChargeCategory.USAGE


def _sums(entries: Iterable[CostEntry]) -> Mapping[str, dict[str, object]]:
    """Return the audit facts of costs recorded together, per project."""
    found: dict[str, tuple[int, int]] = {}
    for entry in entries:
        costs, amount = found.get(entry.project_id, (0, 0))
        found[entry.project_id] = (costs + 1, amount + entry.amount)
    return {project_id: {"costs": costs, "amount": written(amount)} for project_id, (costs, amount) in found.items()}


def set_rule(work: Work, kind: str, field: str, value: str, target: Entity | str) -> bool:
    """Set a rule and record it; costs follow by `resolve_costs_again`. Return False, and do nothing, if it stands."""
    value = rule_value(field, one_line(value))
    if not value:
        raise Refused(
            "a rule needs a value",
            "take one from the unmapped costs",
            command="see the values with: budget-tui cost unmapped",
        )
    target_id, target_name = (target.entity_id, target.name) if isinstance(target, Entity) else (target, target)
    name = RuleName(kind, field, value.casefold())
    if _stands(work, name, target_id):
        return False
    before, after = _make_rule(work, name, target_id)
    after |= {"of": _account_name(work, value) if field == "sub_account" else value, "to": target_name}
    _record_rule(work, f"{field}={value}", before, after)
    return True


def _stands(work: Work, name: RuleName, target_id: str) -> bool:
    """Return whether a rule is stored, and no newer one for another entity might go before it."""
    rules = work.unit.cost_rules.all(work.organization.org_key)
    if (name, target_id) not in rules:
        return False
    newer = rules[rules.index((name, target_id)) + 1 :]
    return name.kind != "entity" or all(target == target_id for other, target in newer if other.kind == name.kind)


def remove_rule(work: Work, name: RuleName) -> None:
    """Remove a rule and record it; costs follow by `resolve_costs_again`."""
    stored = work.unit.cost_rules.get(work.organization.org_key, name)
    assert stored is not None
    work.unit.cost_rules.remove(work.organization.org_key, name)
    _record_rule(work, f"{name.field}={name.value}", _rule_facts(name, stored), _rule_facts(name, None))


def _account_name(work: Work, account: str) -> str:
    """Return the name of the sub account with that id, or what was given."""
    origins = (known.origin for known in work.unit.costs.origins(work.organization.org_key))
    return next((each.sub_account_name for each in origins if each.sub_account_id == account), "") or account


def _record_rule(work: Work, subject: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    work.record("cost.map", subject, *({"target": rule["target"], UNDO_DATA: rule} for rule in (before, after)))


@reverses("cost.map")
def _undo_mapping(work: Work, lines: Lines) -> None:
    for line in lines:
        before, after = undo_data(line.before), undo_data(line.after)
        _record_rule(work, line.subject, after, restore_rule(work, f"the mapping of {line.subject}", after, before))
    resolve_costs_again(work)
