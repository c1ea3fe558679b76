"""Explain: the derivation of every number. Each result comes from one consistent read; nothing here writes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
from budget_tui.domain.coverage import TOTAL, Scope, by_scope, covered_by, nearest_around, over_allocated
from budget_tui.domain.currency import Factor
from budget_tui.domain.errors import NotFound, Refused, unknown
from budget_tui.domain.explain import (
    CostGroup,
    Explained,
    Explanation,
    Finding,
    Kind,
    Reason,
    SourceState,
    SummedBudget,
    Unit,
    explain_actual,
    explain_agent,
    explain_closed,
    explain_global,
    explain_planned,
    explain_project,
    explain_sum,
)
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.hierarchy import ROOT_ID, ROOT_PATH, segments, unstored_root
from budget_tui.domain.hierarchy_history import HierarchyHistory
from budget_tui.domain.pacing import burn_window
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.records import OriginInPeriod
from budget_tui.domain.snapshot import BudgetSnapshot, Spend, added_up, build_snapshot, rolled_up
from budget_tui.domain.tokens import seconds_of
from budget_tui.domain.variance import Variance
from budget_tui.presentation.formatting import (
    count,
    long_day,
    money,
    over_allocation_warnings,
    period_name,
    plan_name,
    rate_of,
)
from budget_tui.services.agents import agent_details
from budget_tui.services.context import Context
from budget_tui.services.cost_details import trouble_in
from budget_tui.services.explain_costs import CostCriteria, SortedCosts, sort_costs
from budget_tui.services.forecasts import everything_below, read_money
from budget_tui.services.freshness import data_through
from budget_tui.services.history import closed_period
from budget_tui.services.plan_views import allocated_totals_in_plan
from budget_tui.services.snapshots import line_of, load_facts
from budget_tui.services.usage import InOneCurrency, Usage, UsageQuery, WholeAndCovered, entity_named, usage_queries
from budget_tui.storage.session import Session

_MAX_RULES = 8
_UNITS = {BudgetType.MONETARY: Unit.MONEY, BudgetType.TOKEN: Unit.TOKENS, BudgetType.SEAT: Unit.SEATS}


class Explainer:
    """Explains every budget. The values are computed by the same functions as those on the screens."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def named(self, subject: str = "") -> Explained:
        """Explain '' (the global budget), a project, an agent, or a planned budget by (the beginning of) its id."""
        subject = subject.strip()
        if subject in ("", ROOT_ID):
            return self.of_all()
        with self._context.reading() as session:
            org = self._context.organization(session).org_key
            entity = session.fast.entity(org, subject)
            budgets = session.budgets.called(org, subject) if entity is None else []
            if entity is not None and entity.level_code not in ("project", "agent"):
                conditions = PlanFilter(entity_id=entity.entity_id)
                budgets = session.budgets.planned(org, conditions)
                _require_one(subject, budgets)
        if entity is not None and entity.level_code == "agent":
            return self.of_agent(subject)
        if entity is not None and not budgets:
            return self.of_project(subject)
        if not budgets:
            raise NotFound(
                f"there is no project, agent or budget '{subject}'",
                "the lists of projects, agents and budgets show them",
                command="budget-tui project list, agent list and plan list show them",
            )
        _require_one(subject, budgets)
        return self.of_planned(budgets[0].budget_id)

    def of_all(self) -> Explained:
        """Explain the global budget."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            snapshot, spends = self._snapshot(session, organization)
            once = self._once(session, snapshot, spends[ROOT_ID], "")
            values = explain_global(snapshot, spends[ROOT_ID], once, _forecast(session, snapshot, ROOT_PATH))
            entity = entity_named(session, organization, ROOT_ID)
            criteria = CostCriteria(entity, snapshot.period, snapshot.as_of, organization.currency)
            trouble = trouble_in(session, organization, entity.entity_key, snapshot, snapshot.total)
            explained = self._explained(session, organization, Kind.GLOBAL, "", organization.name, criteria, values)
            return _with_burn(session, replace(explained, trouble=trouble), organization, criteria, spends[ROOT_ID])

    def of_project(self, project_id: str) -> Explained:
        """Explain a project's budget."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            snapshot, spends = self._snapshot(session, organization)
            line = line_of(session, snapshot, project_id)
            entity = session.fast.entity(organization.org_key, project_id)
            assert entity is not None
            spend = spends.get(project_id, Spend())
            once = self._once(session, snapshot, spend, entity.path)
            values = explain_project(snapshot, line, spend, once, _forecast(session, snapshot, entity.path))
            criteria = CostCriteria(entity, snapshot.period, snapshot.as_of, organization.currency)
            trouble = trouble_in(session, organization, entity.entity_key, snapshot, line.pace)
            explained = self._explained(session, organization, Kind.PROJECT, project_id, line.name, criteria, values)
            return _with_burn(session, replace(explained, trouble=trouble), organization, criteria, spend)

    def of_planned(self, budget_id: str) -> Explained:
        """Explain a planned budget."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            org = organization.org_key
            found = session.budgets.called(org, budget_id)
            if not found:
                raise unknown("budget", budget_id)
            _require_one(budget_id, found)
            budget = found[0]
            today = self._today(organization)
            usage = Usage(session, organization, today, usage_queries([budget]))
            figures = usage.figures(budget)
            allocated = allocated_totals_in_plan(session, org, [budget], usage.history)
            values = explain_planned(budget, figures, allocated.get(budget.budget_id))
            entity = session.fast.entity(org, budget.entity_id)
            assert entity is not None
            criteria = CostCriteria(
                entity, budget.period, today, budget.currency, budget.category, budget.provider, budget.budget_type
            )
            name, warnings = plan_name(budget), over_allocation_warnings(over_allocated([budget], allocated))
            if not budget.is_active:
                warnings = (f"{name} is deleted: no view counts it",)
            return self._explained(
                session, organization, Kind.PLANNED, budget.budget_id, name, criteria, values, warnings
            )

    def of_usage(self, title: str, budget_type: BudgetType, scope: Scope, period: Period) -> Explained:
        """Explain the usage of ``scope`` in ``period``, whether it is budgeted or not."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            currency = scope.currency or organization.currency
            today = self._today(organization)
            usage = Usage(session, organization, today, [UsageQuery(budget_type, scope, period)])
            actual = usage.of(budget_type, scope, period)
            values = (explain_actual(budget_type, actual, period),)
            entities = session.fast.entities(organization.org_key) or [unstored_root(organization.name)]
            entity = next(entity for entity in entities if entity.entity_key == scope.entity_key)
            criteria = CostCriteria(entity, period, today, currency, scope.category, scope.provider, budget_type)
            return self._explained(session, organization, Kind.USAGE, entity.entity_id, title, criteria, values)

    def of_sum(
        self,
        title: str,
        budget_type: BudgetType,
        currency: str,
        budget_ids: Collection[str],
        whole: Sequence[tuple[Scope, Period]] = (),
    ) -> Explained:
        """Explain the sum of budgets of one type in one currency, and of the usage of ``whole`` outside of them."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            planned = session.budgets.planned(organization.org_key, PlanFilter(budget_type=budget_type))
            as_planned = [budget for budget in planned if budget.budget_id in budget_ids]
            in_one = InOneCurrency(session, organization.org_key, as_planned, currency)
            budgets = in_one.converted(as_planned)
            periods = sorted({*(budget.period for budget in budgets), *(period for _, period in whole)})
            if not periods:
                raise NotFound(
                    "none of these budgets is there any more",
                    "the list of budgets shows what is",
                    command="budget-tui plan list shows what is",
                )
            queries = [*usage_queries(budgets), *(UsageQuery(budget_type, *each) for each in whole)]
            usage = Usage(session, organization, self._today(organization), queries)
            together = usage.widest(budgets) if budgets else None
            counting = together.budgets if together else ()
            added = usage.added_up(together) if together else Variance(0, 0)
            each = [usage.figures(budget) for budget in counting]
            covered = by_scope(whole)
            used = WholeAndCovered(usage.once(budget_type, covered), added.actual)
            beside = (used.whole, usage.beside(budget_type, covered, covered_by(counting), used)) if whole else None
            return Explained(
                Kind.SUM,
                "",
                title,
                currency,
                _UNITS[budget_type],
                organization.time_zone,
                self._today(organization),
                data_through(session, organization, self._today(organization)),
                Period(periods[0].start, max(period.end for period in periods)),
                explain_sum(budget_type, added, each, beside, periods, in_one.conversions(as_planned).warnings),
                budgets=tuple(_summed(budgets, counting, usage.figures, usage.history)),
            )

    def of_agent(self, agent_id: str) -> Explained:
        """Explain an agent's budget."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            agent, use, now, period, _ = agent_details(session, self._context, agent_id)
            values = explain_agent(agent, use, seconds_of(use, now) if use else 0, period)
            entity = session.fast.entity(organization.org_key, agent_id)
            assert entity is not None
            criteria = CostCriteria(entity, period, self._today(organization), "", TOTAL, budget_type=BudgetType.TOKEN)
            return self._explained(session, organization, Kind.AGENT, agent_id, agent.name, criteria, values)

    def of_closed(self, start: date, subject: str = "") -> Explained:
        """Explain the archived figures of the period that began on ``start``, and its costs as known now.

        ``subject`` is a project or agent in it; '' is the period as a whole.
        """
        subject = "" if subject.strip() == ROOT_ID else subject.strip()
        with self._context.reading() as session:
            organization = self._context.organization(session)
            closed = closed_period(session, organization, start)
            line = _line_of(closed, subject) if subject else None
            entity = session.fast.entity(organization.org_key, subject or ROOT_ID)
            assert entity is not None
            is_money = line is None or line.unit is BudgetType.MONETARY
            criteria = CostCriteria(
                entity,
                closed.period,
                closed.period.end,
                closed.currency if is_money else "",
                budget_type=BudgetType.MONETARY if line is None else line.unit,
            )
            name, values = line.name if line else organization.name, explain_closed(closed, line)
            return self._explained(session, organization, Kind.CLOSED, subject, name, criteria, values)

    def _today(self, organization: Organization) -> date:
        return self._context.clock.today(organization.time_zone)

    def _once(self, session: Session, snapshot: BudgetSnapshot, spend: Spend, path: str) -> str:
        """Describe the one-off costs in the burn window of the entity at ``path``; '' is everything."""
        days = _burn_days(snapshot.as_of, snapshot.data_through, spend)
        organization = snapshot.organization
        found = session.costs.once_in(organization.org_key, organization.currency, days, path)
        return ", ".join(f"{kind} {money(amount, organization.currency)}" for kind, amount in found.items())

    def _snapshot(self, session: Session, organization: Organization) -> tuple[BudgetSnapshot, dict[str, Spend]]:
        """Return today's snapshot and the spending by entity that it is based on; `ROOT_ID` is the total."""
        today, now = self._today(organization), self._context.clock.now()
        facts = load_facts(session, organization, today, now)
        everything = added_up([*facts.spend_by_path.values(), facts.unmapped])
        rolled = rolled_up(facts.spend_by_path)
        spends = {**{segments(path)[-1]: spend for path, spend in rolled.items()}, ROOT_ID: everything}
        return build_snapshot(facts, today, now), spends

    def _explained(
        self,
        session: Session,
        organization: Organization,
        kind: Kind,
        subject: str,
        name: str,
        criteria: CostCriteria,
        values: tuple[Explanation, ...],
        warnings: tuple[str, ...] = (),
    ) -> Explained:
        org = organization.org_key
        today = self._today(organization)
        origins = session.usage.origins_in(org, criteria.period, today)
        found = sort_costs(session, organization, criteria, origins)
        sources = _sources(session, org, origins)
        return Explained(
            kind,
            subject,
            name,
            criteria.currency,
            _UNITS[criteria.budget_type],
            organization.time_zone,
            today,
            today if kind is Kind.AGENT else data_through(session, organization, today),
            criteria.period,
            values,
            tuple(found.counting),
            tuple(found.left_out),
            () if _counts(found.counting) else tuple(_causes(criteria, found, sources, today, has_costs=bool(origins))),
            sources,
            (
                *_rules(session, org, criteria, origins),
                *map(_describe_move, found.moved_away[:_MAX_RULES]),
                *_rates(found.rates, criteria.currency),
            ),
            warnings=warnings,
        )


def _with_burn(
    session: Session, explained: Explained, organization: Organization, criteria: CostCriteria, spend: Spend
) -> Explained:
    """Return ``explained`` with the costs of the burn window that ``spend`` is based on."""
    days = _burn_days(explained.as_of, explained.data_through, spend)
    origins = session.usage.origins_in(organization.org_key, days, days.end)
    of_window = replace(criteria, period=days, today=days.end, burning_in=criteria.period)
    found = sort_costs(session, organization, of_window, origins)
    return replace(explained, burning=tuple(found.counting), not_burning=tuple(found.left_out))


def _burn_days(today: date, data_through: date, spend: Spend) -> Period:
    """Return the days of the burn window; today, while there is no complete day with data yet."""
    window = burn_window(today, data_through, spend.first_day)
    return Period(window.start, window.end) if window.days > 0 else Period(today, today)


def _forecast(session: Session, snapshot: BudgetSnapshot, path: str) -> Forecast | None:
    """Return the forecast of the entity at ``path``; a closed period has none."""
    if snapshot.is_closed:
        return None
    organization, period = snapshot.organization, snapshot.period
    currency = organization.currency
    daily = read_money(session, organization, snapshot.as_of, [period], currency, snapshot.data_through, path)
    return daily.forecast(everything_below(path, currency), period)


def _line_of(closed: ClosedPeriod, subject: str) -> ClosedBudget:
    for line in closed.lines:
        if line.entity_id == subject:
            return line
    raise NotFound(
        f"'{subject}' had no budget in {period_name(closed.period)}",
        "the closed period shows what had one",
        command="budget-tui period history --json shows what had one",
    )


def _require_one(subject: str, budgets: Sequence[PlannedBudget]) -> None:
    """Raise `Refused`, naming the budgets, if there are several."""
    if not budgets:
        raise NotFound(
            f"'{subject}' has no budget",
            "create one",
            command=f"budget-tui plan create makes one; plan list --entity {subject} shows them",
        )
    if len(budgets) > 1:
        shown = ", ".join(f"{budget.budget_id[:8]} ({plan_name(budget)})" for budget in budgets[:4])
        raise Refused(f"'{subject}' has {len(budgets)} budgets", f"give the id of one: {shown}")


def _counts(counting: Iterable[CostGroup]) -> bool:
    """Return whether any group counts with an amount other than 0."""
    return any(group.amount for group in counting)


def _sources(session: Session, org: int, origins: Sequence[OriginInPeriod]) -> tuple[SourceState, ...]:
    imported = session.datasets.last_imports(org)
    latest: dict[str, date] = {}
    live: dict[str, bool] = {}
    for origin in origins:
        live[origin.source] = origin.live or live.get(origin.source, False)
        if origin.latest:
            latest[origin.source] = max(origin.latest, latest.get(origin.source, origin.latest))
    return tuple(
        SourceState(source, live.get(source, False), latest.get(source), imported.get(source))
        for source in sorted({*live, *imported})
    )


def _rates(used: Collection[tuple[str, Factor]], into: str) -> Iterator[str]:
    """Describe the exchange rates used, the latest first."""
    for currency, (value, day) in sorted(used, key=lambda pair: (pair[1].day, pair), reverse=True)[:_MAX_RULES]:
        yield f"1 {currency} counts as {rate_of(value)} {into}, the rate of {long_day(day)}"
    if len(used) > _MAX_RULES:
        yield f"and {count(len(used) - _MAX_RULES, 'rate')} more, of days before"


def _describe_move(moved: tuple[str, date]) -> str:
    entity_id, last_day = moved
    return f"{entity_id} stood here through {long_day(last_day)}: closed days count where it stood then"


def _causes(
    criteria: CostCriteria, found: SortedCosts, sources: Sequence[SourceState], today: date, *, has_costs: bool
) -> Iterable[Finding]:
    """Yield the possible reasons why nothing counts, the likeliest first."""
    causes = [finding for finding in found.left_out if finding.reason is not Reason.ELSEWHERE]
    period, entity = criteria.period, criteria.entity
    if period.start > today:
        causes.append(Finding(Reason.NOT_BEGUN, f"the period begins on {long_day(period.start)}", "wait until then"))
    if entity.archived:
        causes.append(
            Finding(Reason.ARCHIVED, f"{entity.entity_id} is archived", f"budget-tui entity add {entity.entity_id}")
        )
    if not has_costs and criteria.budget_type is not BudgetType.SEAT:
        causes.append(
            Finding(Reason.NO_COSTS, "no costs are stored at all", "budget-tui cost import FILE, or cost add")
        )
    for source in sources:
        if not source.is_live and source.latest_day and source.latest_day < period.start:
            causes.append(
                Finding(
                    Reason.DATA_ENDS,
                    f"the data of {source.source} ends on {long_day(source.latest_day)}, before the period begins",
                    "import a newer export",
                )
            )
    if not causes:
        causes.append(
            Finding(
                Reason.NOTHING_MAPPED,
                f"no cost ever named {entity.entity_id} or anything below it",
                f"name it in the export's tags, or budget-tui cost map {entity.entity_id}",
            )
        )
    return sorted(causes, key=lambda finding: list(Reason).index(finding.reason))


def _rules(session: Session, org: int, criteria: CostCriteria, origins: Sequence[OriginInPeriod]) -> Iterable[str]:
    """Describe the rules that map costs to this budget: those for its entity, and aliases of its provider."""
    rules = [rule for rule in session.cost_rules.for_entities(org) if rule.entity_id == criteria.entity.entity_id]
    for rule in rules[:_MAX_RULES]:
        yield f"{rule.field} '{rule.value}' belongs to {rule.entity_id}"
    if len(rules) > _MAX_RULES:
        yield f"and {count(len(rules) - _MAX_RULES, 'rule')} more"
    if criteria.provider:
        names = {origin.provider_name for origin in origins if origin.provider.casefold() == criteria.provider}
        for name in sorted(names - {criteria.provider, ""}):
            yield f"ServiceProviderName '{name}' counts as {criteria.provider}"


def _summed(
    budgets: Sequence[PlannedBudget],
    counting: Sequence[PlannedBudget],
    figures: Callable[[PlannedBudget], Variance],
    history: HierarchyHistory,
) -> Iterator[SummedBudget]:
    """Describe each of ``budgets``, the largest first; those not ``counting`` with the budget that contains them."""
    added = {budget.budget_id for budget in counting}
    for budget in sorted(budgets, key=lambda budget: -budget.amount):
        around = None if budget.budget_id in added else nearest_around(budget, budgets, history)
        within = plan_name(around) if around else ""
        yield SummedBudget(plan_name(budget), budget.amount, figures(budget).actual, within)
