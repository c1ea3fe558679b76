"""The one answer that every face shows."""

from dataclasses import replace
from datetime import date

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.carry import NO_CARRY
from budget_tui.domain.errors import unknown
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectFact, ProjectLine, SnapshotFacts, build_snapshot
from budget_tui.services.context import Context
from budget_tui.services.foreign import with_foreign
from budget_tui.services.freshness import data_through as known_through
from budget_tui.storage.queries import Queries


class Snapshots:
    """Reads `BudgetSnapshot`s. Never writes: a period that has ended unnoticed is shown as carried over."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def current(self) -> BudgetSnapshot:
        """The snapshot of today, from one consistent read."""
        context = self._context
        with self._reader.session() as queries:
            organization = context.organization(queries)
            today = context.clock.today(organization.time_zone)
            return build_snapshot(load_facts(queries, organization, today), today, context.clock.now())

    def changed(self) -> bool:
        """Whether anybody wrote to the database since the last snapshot; takes a few microseconds."""
        return self._reader.changed()

    def close(self) -> None:
        self._reader.close()


def project_line(snapshot: BudgetSnapshot, project_id: str) -> ProjectLine:
    """The project's line, or `NotFound`."""
    for line in snapshot.projects:
        if line.project_id == project_id:
            return line
    raise unknown("project", project_id)


def load_facts(queries: Queries, organization: Organization, today: date) -> SnapshotFacts:
    """What the database says about the period that ``today`` is in.

    When the latest period has ended and nobody has closed it, what it would hand on stands for the new one.
    """
    key, currency = organization.org_key, organization.currency
    budget = queries.global_budget(key, today)
    running = budget is not None and budget.period.contains(today)
    period = _period(budget, organization, today)
    so_far = period.through(today)
    parent_id = budget.budget_id if budget is not None else None
    data_through = known_through(queries, organization, today)
    spend_by_path, unmapped = queries.spend_by_path(key, currency, period, today, data_through)
    closed = queries.last_close(key)
    projects, allocated = queries.project_facts(key, parent_id), queries.allocated(parent_id)
    if budget is not None and not running:
        budget, projects, allocated = _carried_over(queries, organization, budget, projects, today)
    facts = SnapshotFacts(
        organization=organization,
        period=period,
        monthly_budget=budget.amount if budget is not None else 0,
        allocated=allocated,
        projects=projects,
        spend_by_path=spend_by_path,
        unmapped=unmapped,
        unmapped_costs=queries.unmapped_costs(key, currency, so_far),
        daily_spend=queries.daily_spend(key, currency, so_far),
        data_through=data_through,
        carried_over=budget is not None and not running,
        carry=budget.carry if budget is not None else NO_CARRY,
        is_closed=closed is not None and closed.start == period.start,
    )
    facts = with_foreign(queries, facts, today)
    return _as_it_stood(queries, facts) if facts.is_closed else facts


def _as_it_stood(queries: Queries, facts: SnapshotFacts) -> SnapshotFacts:
    """``facts`` of a period that was closed today: what was moved since then counts where it stood."""
    from budget_tui.services.history import PathsThen

    then = PathsThen(queries, facts.organization.org_key).of(facts.period)
    return replace(
        facts,
        projects=[project._replace(path=then(project.path)) for project in facts.projects],
        spend_by_path={then(path): spend for path, spend in facts.spend_by_path.items()},
    )


def _carried_over(
    queries: Queries, organization: Organization, ended: Budget, projects: list[ProjectFact], today: date
) -> tuple[Budget, list[ProjectFact], int]:
    """The global budget, the projects and what they get altogether, as a command would open them today."""
    from budget_tui.services.closing import looked_ahead

    budgets = looked_ahead(queries, organization, ended, today)
    total = next(budget for budget in budgets if budget.budget_id == ended.budget_id)
    below = {budget.path: budget for budget in budgets if budget.parent_id == ended.budget_id}
    facts = [
        fact._replace(allocation=below[fact.path].amount, carry=below[fact.path].carry) if fact.path in below else fact
        for fact in projects
    ]
    allocated = sum(budget.amount for budget in below.values())
    return replace(ended, amount=total.amount, carry=total.carry), facts, allocated


def _period(latest: Budget | None, organization: Organization, today: date) -> Period:
    """The period that ``today`` is in: the stored one, or the one that a command would open."""
    rule = organization.period_rule
    if latest is None:
        return rule.containing(today)
    period = latest.period
    if not period.contains(today):
        period = rule.after(period)  # the rest of a period that was ended early, or a whole one
    return period if period.contains(today) else rule.containing(today)
