"""The plan as a file: exported, compared with what is stored, and applied as one change."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from budget_tui.domain.alerts import EACH_PROJECT, AlertKind, AlertRule, parse_thresholds
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import written
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.carry import Carry, CarryPolicy, checked_cap
from budget_tui.domain.cost import Category, is_total
from budget_tui.domain.errors import Conflict, NotFound, Refused, StorageError
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind, parse_day
from budget_tui.domain.plan import BudgetPlan, PlannedBudget, parse_period, parse_planned, whole_period
from budget_tui.domain.plan_file import (
    ACTIONS,
    APPLIED,
    SECTIONS,
    Difference,
    Fields,
    History,
    Item,
    Kind,
    Plan,
    PlanFile,
    alert_fields,
    alert_item,
    budget_item,
    differences,
    mapping_item,
    rule_item,
    rules_named,
    steps_of,
    with_rules_paired,
)
from budget_tui.domain.records import CycleBudget, RuleName
from budget_tui.domain.tree import Placement
from budget_tui.presentation.formatting import projects_over_allocated
from budget_tui.services.agent_tokens import change_tokens, find_agent, with_budget
from budget_tui.services.agents import archive, change_carry
from budget_tui.services.alerts import NewRule, add_rule, change_rule
from budget_tui.services.alerts import remove_rule as remove_alert
from budget_tui.services.budgets import project_budget, set_amount, set_carry, unallocated
from budget_tui.services.context import Context
from budget_tui.services.costs import OLD_NAME, mapped_to, remove_rule, resolve_costs_again, set_rule
from budget_tui.services.entities import EntityChange, carry_out, set_enforced
from budget_tui.services.hierarchy import place, take_out
from budget_tui.services.plan_views import over_allocated_after
from budget_tui.services.plans import PlanChange, change_budget, create_budget, delete_budget
from budget_tui.services.undo import Lines, reverses
from budget_tui.services.usage import provider_named
from budget_tui.services.work import Work
from budget_tui.sources import plan_file as sources
from budget_tui.storage.session import Session


@dataclass(frozen=True, slots=True)
class PlanDifferences:
    """The differences between a file and the stored plan; ``warnings`` are about what applying it over-allocated.

    ``show_period`` returns the first and last day of a budget as files write its period.
    """

    organization: str
    found: tuple[Difference, ...]
    show_period: Callable[[str], str]
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> list[Difference]:
        """The differences with periods as files write them: ``2026-02``."""
        return [each._replace(item=_as_written(each.item, self.show_period)) for each in self.found]

    @property
    def conflicts(self) -> list[Difference]:
        return [each for each in self.found if each.kind is Kind.CONFLICT]

    @property
    def to_do(self) -> list[Difference]:
        """The differences that applying the file removes."""
        return [each for each in self.found if each.kind in (Kind.ADD, Kind.CHANGE, Kind.REMOVE)]


def _as_written(item: Item, show_period: Callable[[str], str]) -> Item:
    """Return an item with its period as files write it."""
    if item.section != "budgets":
        return item
    named = zip(SECTIONS["budgets"].identity, item.name, strict=True)
    return item._replace(name=tuple(show_period(text) if key == "period" else text for key, text in named))


class Exported(NamedTuple):
    """The text of a plan file, and what it describes, with periods as it writes them."""

    text: str
    file: PlanFile


class PlanFiles:
    """Exports of the plan, and the command that applies a file."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, path: Path) -> PlanFile:
        """Read a file; raises `SourceError` if it is no plan."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            return sources.read(sources.load(path), path.name, _reader(session, organization))

    def export(self, path: Path | None = None) -> Exported:
        """Return the plan as it is stored now, as the text of a file: of the one at ``path``, if there is one.

        Comments and order of an existing file stay.
        """
        with self._context.reading() as session:
            organization = self._context.organization(session)
            today, periods = self._context.clock.today(organization.time_zone), _Periods(organization)
            revision = session.fast.newest_entry(organization.org_key)
            file = PlanFile(organization.slug, organization.currency, revision, _stored(session, organization, today))
            written = replace(
                file, plan={_as_written(item, periods.show): fields for item, fields in file.plan.items()}
            )
            if path is None or not path.exists():
                return Exported(sources.rendered(file, periods.show), written)
            reader = _reader(session, organization)
            return Exported(sources.updated(sources.load(path), path.name, file, reader, periods.show), written)

    def differences(self, file: PlanFile, *, prune: bool = False) -> PlanDifferences:
        """Return how ``file`` and what is stored differ; nothing is written."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            today = self._context.clock.today(organization.time_zone)
            return _compared(session, organization, today, file, prune)

    def apply(self, file: PlanFile, *, prune: bool = False, check: bool = False) -> PlanDifferences:
        """Store what was changed in ``file`` since it was exported, as one change.

        With ``prune``, what was exported and is no longer in the file is archived or removed. `Conflict` if anything
        was changed both in the file and at run time. With ``check``, nothing is stored, and what could not be applied
        is refused all the same: it is tried, unless the database may only be read.
        """
        if not check:
            return self._applied(file, prune, commit=True)
        found = self.differences(file, prune=prune)
        _require_no_conflict(found)
        if not found.to_do:
            return found
        try:
            return self._applied(file, prune, commit=False)
        except StorageError as error:
            return replace(found, warnings=(f"whether it can be applied was not tried: {error.message}",))

    def _applied(self, file: PlanFile, prune: bool, *, commit: bool) -> PlanDifferences:
        with self._context.work() as work:
            found = _compared(work.unit, work.organization, work.today, file, prune)
            _require_no_conflict(found)
            if found.to_do:
                _carry_out(work, file.plan, found.to_do)
                changes = {"revision": file.revision, "changes": len(found.to_do)}
                work.record(APPLIED, work.organization.slug, None, changes)
                found = replace(found, warnings=_over_allocated(work, found.to_do))
            if commit:
                work.commit()
        return found


class _Periods:
    """Periods as people write them, by an organization's fiscal year."""

    def __init__(self, organization: Organization) -> None:
        self._rule = organization.period_rule

    def read(self, text: str) -> str:
        """Return the first and last day of a period: ``2026-02`` is ``2026-02-01..2026-02-28``."""
        if text.casefold() in set(PeriodKind):
            raise Refused(f"'{text}' is no period of a file", "name a month, a quarter, a year, or two days")
        _, period = parse_period(text, self._rule, date.min)
        return f"{period.start}..{period.end}"

    def show(self, days: str) -> str:
        """Return the shortest text that is read as the same days."""
        start = days.partition("..")[0]
        year = start[:4]
        for text in (
            start[:7],
            *(f"{each}-Q{quarter}" for each in (year, str(int(year) - 1)) for quarter in range(1, 5)),
            year,
        ):
            try:
                if self.read(text) == days:
                    return text
            except Refused:
                continue
        return days


def _reader(session: Session, organization: Organization) -> sources.Reader:
    org = organization.org_key
    stored = {budget.provider for budget in _planned(session, organization)}
    stored |= {rule.provider for rule in session.alerts.rules(org)}

    def provider(name: str) -> str:
        return name if name in stored else provider_named(session, org, name)

    return sources.Reader(organization.currency, _Periods(organization).read, provider)


def _require_no_conflict(found: PlanDifferences) -> None:
    """Raise `Conflict` with what was changed both in the file and at run time."""
    if not found.conflicts:
        return
    more = f", and {len(found.conflicts) - 1} more" if len(found.conflicts) > 1 else ""
    raise Conflict(
        f"{conflict_text(next(each for each in found.shown if each.kind is Kind.CONFLICT))}{more}",
        "take one of the two into the file",
        command="budget-tui plan diff shows all; plan export takes what is stored into the file",
    )


def conflict_text(found: Difference) -> str:
    """Describe a conflict: ``pcc allocation was 150 before, is 160 by now and 120 in the file``."""
    name = f"{found.item.shown} {found.field.replace('_', ' ')}".strip()
    if found.wanted is None:
        return f"{name} is not in the file, and was changed since the export"
    if found.stored is None:
        return f"{name} was removed since the export, and changed in the file"
    return (
        f"{name} was {found.exported or 'none'} before, is {found.stored or 'none'} by now and"
        f" {found.wanted or 'none'} in the file"
    )


def _compared(
    session: Session, organization: Organization, today: date, file: PlanFile, prune: bool
) -> PlanDifferences:
    if file.organization not in ("", organization.slug):
        raise Refused(f"the file is of the organization {file.organization}", f"this is {organization.slug}")
    if file.currency not in ("", organization.currency):
        raise Refused(f"the file is in {file.currency}", f"{organization.slug} counts in {organization.currency}")
    if prune and file.revision is None:
        raise Refused("the file has no revision: nobody knows what was taken out of it", "export it, then prune")
    newest = session.fast.newest_entry(organization.org_key)
    revision = newest if file.revision is None else file.revision
    if revision > newest:
        raise Refused(
            f"the file was exported at revision {revision}, and the newest is {newest}", "it is of another database"
        )
    entries = session.audit.since(organization.org_key, revision, ACTIONS)
    rules = {alert_item(rule): rule_item(rule.rule_key) for rule in session.alerts.rules(organization.org_key)}
    history = History(steps_of(entries), rules_named(entries) | rules)
    opened = _opened(session, organization, today, file.plan)
    wanted, stored = with_rules_paired(
        {item: fields for item, fields in file.plan.items() if item not in opened},
        _stored(session, organization, today, file.plan),
        history,
    )
    found = [*differences(wanted, stored, history, prune=prune), *filter(None, opened.values())]
    return PlanDifferences(organization.slug, tuple(found), _Periods(organization).show)


def _opened(session: Session, organization: Organization, today: date, plan: Plan) -> dict[Item, Difference | None]:
    """Return the budgets of ``plan`` that a period opened with: from then on the allocation is what counts.

    Each comes with how the running allocation differs from it, if it does.
    """
    org = organization.org_key
    running = session.fast.global_budget(org, today)
    cycle = session.fast.cycle_budgets(org, running.period.start) if running is not None else []
    bases = {budget.budget_id: budget.base for budget in cycle}
    found: dict[Item, Difference | None] = {}
    for budget in session.budgets.planned(org):
        item = _item_of(budget)
        if not budget.in_cycle or item not in plan:
            continue
        wanted, base = plan[item].get("amount"), bases.get(budget.budget_id)
        stays = None if base is None else written(base) if budget.budget_type is BudgetType.MONETARY else str(base)
        is_same = wanted is None or stays in (None, wanted)
        found[item] = None if is_same else Difference(Kind.KEPT, item, "amount", wanted, stays, wanted)
    return found


# What is stored


def _stored(
    session: Session, organization: Organization, today: date, named: Container[Item] = ()
) -> dict[Item, Fields]:
    """Return the plan that is stored: what recurs, planned budgets that have not ended, and the rules of costs.

    Of the planned budgets that have ended, and of the agents of archived projects, those are part of it that are
    ``named``: an old file still holds them.
    """
    org = organization.org_key
    opened = session.fast.global_budget(org, today)
    cycle = session.fast.cycle_budgets(org, opened.period.start) if opened is not None else []
    totals = {
        budget.entity_id: budget
        for budget in cycle
        if budget.budget_type is BudgetType.MONETARY and is_total(budget.category, budget.provider)
    }
    tokens = {budget.entity_id: budget for budget in cycle if budget.budget_type is BudgetType.TOKEN}
    found: dict[Item, Fields] = {}
    root = totals.get(ROOT_ID)
    found[Item("budget")] = {"amount": written(root.base if root else 0), **_carry(root)}
    entities = session.fast.entities(org)
    archived = {entity.entity_id for entity in entities if entity.archived}
    for entity in entities:
        if entity.archived:
            continue
        enforced = "true" if entity.enforced else "false"
        if entity.level_code == "project":
            total = totals.get(entity.entity_id)
            found[Item("projects", (entity.entity_id,))] = {
                "name": entity.name,
                "parent": entity.parent_id,
                "allocation": written(total.base if total else 0),
                **_carry(total),
                "enforced": enforced,
            }
        elif entity.level_code == "agent":
            item = Item("agents", (entity.entity_id,))
            if entity.parent_id in archived and item not in named:
                continue
            budget = tokens.get(entity.entity_id)
            found[item] = {
                "tokens": str(budget.base if budget else 0),
                **_carry(budget),
                "enforced": enforced,
            }
    for planned in _planned(session, organization):
        if planned.period.end < today and _item_of(planned) not in named:
            continue
        amount = written(planned.amount) if planned.budget_type is BudgetType.MONETARY else str(planned.amount)
        found[_item_of(planned)] = {"amount": amount, "notes": planned.notes}
    for name, target in session.cost_rules.all(org):
        if (name.kind, name.field) != ("entity", OLD_NAME):
            found[mapping_item(*name)] = {"to": target}
    for rule in session.alerts.rules(org):
        found[alert_item(rule)] = alert_fields(rule)
    return found


def _carry(budget: CycleBudget | None) -> dict[str, str]:
    if budget is None:
        return {"carry": str(CarryPolicy.NONE), "carry_cap": ""}
    policy, cap, _ = budget.carry
    shown = "" if cap is None else str(cap) if budget.budget_type is BudgetType.TOKEN else written(cap)
    return {"carry": str(policy), "carry_cap": shown}


def _planned(session: Session, organization: Organization) -> list[PlannedBudget]:
    return [budget for budget in session.budgets.planned(organization.org_key) if not budget.in_cycle]


def _item_of(budget: PlannedBudget) -> Item:
    days = f"{budget.period.start}..{budget.period.end}"
    return budget_item(budget.entity_id, budget.category, budget.budget_type, days, budget.provider, budget.currency)


# Applying


def _carry_out(work: Work, plan: Plan, found: Sequence[Difference]) -> None:
    """Make the changes, in the order of the sections; what goes, goes last."""
    work.require_open_period()
    staying = [each for each in found if each.kind is not Kind.REMOVE]
    for section in SECTIONS:
        for item in dict.fromkeys(each.item for each in staying if each.item.section == section):
            of_item = [each for each in staying if each.item == item]
            is_new = of_item[0].kind is Kind.ADD
            _APPLIERS[section](work, item, plan[item] if is_new else _wanted(of_item), is_new)
    going = [each.item for each in found if each.kind is Kind.REMOVE]
    for section in reversed(tuple(SECTIONS)):  # an agent before the project that it belongs to
        for item in going:
            if item.section == section:
                _remove(work, item)
    if any(each.item.section == "mappings" for each in found):
        resolve_costs_again(work)


def _wanted(of_item: Sequence[Difference]) -> Fields:
    return {each.field: each.wanted or "" for each in of_item}


def _apply_budget(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    budget = work.open
    if "amount" in fields:
        amount = max(0, parse_amount(fields["amount"]) + budget.carry.carried)
        set_amount(work, budget, "budget.set", "global", amount)
        work.open = replace(budget, amount=amount)
    if policy_and_cap := _new_carry(fields, budget.carry):
        set_carry(work, budget, "global", *policy_and_cap)


def _apply_project(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    [project_id] = item.name
    if is_new:
        place(work, [Placement(project_id, fields.get("name", ""), "project", fields.get("parent", ""))])
    elif {"name", "parent"} & set(fields):
        carry_out(work, work.project(project_id), EntityChange(fields.get("name"), fields.get("parent")))
    project = work.project(project_id)
    budget = project_budget(work, project)
    if "allocation" in fields:
        amount = max(0, parse_amount(fields["allocation"]) + budget.carry.carried)
        set_amount(work, budget, "allocation.set", project_id, amount)
    if policy_and_cap := _new_carry(fields, budget.carry):
        set_carry(work, budget, project_id, *policy_and_cap)
    if "enforced" in fields:
        set_enforced(work, project, fields["enforced"] == "true")


def _apply_agent(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    [agent_id] = item.name
    if is_new:
        raise NotFound(
            f"there is no agent '{agent_id}'",
            "add it first: a file says nothing of its project",
            command=f"budget-tui agent add {agent_id} adds it",
        )
    agent = with_budget(work, find_agent(work, agent_id))
    carry = work.unit.budgets.carry_of(agent.budget_id)
    if "tokens" in fields:
        change_tokens(work, "agent.allocate", agent, max(0, int(fields["tokens"]) + carry.carried))
    if policy_and_cap := _new_carry(fields, carry, in_tokens=True):
        change_carry(work, agent, *policy_and_cap)
    if "enforced" in fields:
        set_enforced(work, work.entity(agent_id), fields["enforced"] == "true")


def _apply_planned(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    entity, category, kind, days, provider, currency = item.name
    start, _, end = days.partition("..")
    period, of_type = Period(parse_day(start), parse_day(end)), BudgetType(kind)
    amount = parse_planned(fields["amount"], of_type) if "amount" in fields else None
    if is_new:
        create_budget(
            work,
            BudgetPlan(
                entity,
                Category(category),
                amount or 0,
                _kind_of(period),
                period,
                of_type,
                currency,
                provider,
                fields.get("notes", ""),
            ),
        )
    else:
        change_budget(work, _find(work, item), PlanChange(amount, fields.get("notes")))


def _apply_mapping(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    kind, name, value = item.name
    target = fields["to"]
    if kind == "project":
        set_rule(work, "entity", name, value, mapped_to(work, target))
    else:
        set_rule(work, kind, name, value, target)


def _apply_alert(work: Work, item: Item, fields: Fields, is_new: bool) -> None:
    watch, kind, thresholds, category, budget_type, provider, source = item.name
    if is_new:
        new = NewRule(
            AlertKind(kind),
            tuple(filter(None, thresholds.split(", "))),
            "" if watch == EACH_PROJECT else watch,
            category,
            BudgetType(budget_type),
            provider,
            source,
            tuple(filter(None, fields.get("channels", "").split(", "))),
            fields.get("fails") == "true",
        )
        add_rule(work, new)
        return
    rule = _alert(work, item)
    if "thresholds" in fields:
        found = parse_thresholds(rule.kind, fields["thresholds"].split(", "), rule.budget_type)
        rule = rule._replace(thresholds=found)
    if "channels" in fields:
        rule = rule._replace(channels=tuple(filter(None, fields["channels"].split(", "))))
    if "fails" in fields:
        rule = rule._replace(fails=fields["fails"] == "true")
    change_rule(work, _alert(work, item), rule)


def _alert(work: Work, item: Item) -> AlertRule:
    return next(rule for rule in work.unit.alerts.rules(work.organization.org_key) if alert_item(rule) == item)


_APPLIERS = {
    "budget": _apply_budget,
    "projects": _apply_project,
    "agents": _apply_agent,
    "budgets": _apply_planned,
    "mappings": _apply_mapping,
    "alerts": _apply_alert,
}


def _over_allocated(work: Work, applied: Sequence[Difference]) -> tuple[str, ...]:
    """Return warnings about the projects together and the planned budgets that were changed."""
    cycle = projects_over_allocated(unallocated(work), work.open.amount, work.organization.currency)
    changed = dict.fromkeys(
        each.item for each in applied if each.item.section == "budgets" and each.kind is not Kind.REMOVE
    )
    planned = (over_allocated_after(work.unit, work.organization.org_key, _find(work, item)) for item in changed)
    return (*cycle, *dict.fromkeys(warning for warnings in planned for warning in warnings))


def _remove(work: Work, item: Item) -> None:
    """Archive a project or an agent, delete a budget, remove a rule."""
    match item.section:
        case "projects":
            take_out(work, work.project(item.name[0]))
        case "agents":
            archive(work, find_agent(work, item.name[0]))
        case "budgets":
            delete_budget(work, _find(work, item))
        case "mappings":
            kind, name, value = item.name
            remove_rule(work, RuleName("entity" if kind == "project" else kind, name, value))
        case "alerts":
            remove_alert(work, _alert(work, item))


def _find(work: Work, item: Item) -> PlannedBudget:
    return next(each for each in _planned(work.unit, work.organization) if _item_of(each) == item)


def _new_carry(fields: Fields, stored: Carry, *, in_tokens: bool = False) -> tuple[CarryPolicy, int | None] | None:
    """Return the carry-over that ``fields`` make of the stored one; None if they say nothing of it."""
    if not {"carry", "carry_cap"} & set(fields):
        return None
    policy, cap = CarryPolicy(fields.get("carry", stored.policy)), stored.cap
    if "carry_cap" in fields:
        text = fields["carry_cap"]
        cap = (int(text) if in_tokens else parse_amount(text)) if text else None
    elif policy is CarryPolicy.NONE:
        cap = None
    return policy, checked_cap(policy, cap)


def _kind_of(period: Period) -> PeriodKind:
    """Return the kind of a period by its days."""
    kinds = (PeriodKind.MONTHLY, PeriodKind.QUARTERLY, PeriodKind.YEARLY)
    return next((kind for kind in kinds if whole_period(kind, period.start).end == period.end), PeriodKind.CUSTOM)


@reverses(APPLIED)
def _undo_application(work: Work, lines: Lines) -> None:
    """Record that the changes that the file made, which are undone with it, were reversed."""
    for line in lines:
        work.record(APPLIED, line.subject, line.after, line.before)
