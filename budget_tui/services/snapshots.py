"""The one answer that every face shows."""

from datetime import date

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.errors import NotFound
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine, SnapshotFacts, build_snapshot
from budget_tui.services.context import Context
from budget_tui.storage.queries import Queries
from budget_tui.storage.reading import DatabaseReader


class Snapshots:
    """Reads `BudgetSnapshot`s. Never writes: a period that has ended unnoticed is shown as carried over."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = DatabaseReader(context.path)

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
    raise NotFound(f"there is no project '{project_id}'", "budget-tui project list shows them")


def load_facts(queries: Queries, organization: Organization, today: date) -> SnapshotFacts:
    """What the database says about the period that ``today`` is in.

    When the latest period has ended and nobody has closed it, its allocations stand for the new one too.
    """
    key, currency = organization.org_key, organization.currency
    budget = queries.global_budget(key, today)
    running = budget is not None and budget.period.contains(today)
    period = _period(budget, organization, today)
    parent_id = budget.budget_id if budget is not None else None
    data_through = queries.data_through(key, period, today)
    spend_by_path, unmapped = queries.spend_by_path(key, currency, period, today, data_through)
    return SnapshotFacts(
        organization=organization,
        period=period,
        monthly_budget=budget.amount if budget is not None else 0,
        allocated=queries.allocated(parent_id),
        projects=queries.project_facts(key, parent_id),
        spend_by_path=spend_by_path,
        unmapped=unmapped,
        unmapped_costs=queries.unmapped_costs(key, currency, period),
        daily_spend=queries.daily_spend(key, currency, period),
        data_through=data_through,
        foreign=queries.foreign_spend(key, currency, period),
        carried_over=budget is not None and not running,
    )


def _period(latest: Budget | None, organization: Organization, today: date) -> Period:
    """The period that ``today`` is in: the stored one, or the one that a command would open."""
    rule = organization.period_rule
    if latest is None:
        return rule.containing(today)
    period = latest.period
    if not period.contains(today):
        period = rule.after(period)  # the rest of a period that was ended early, or a whole one
    return period if period.contains(today) else rule.containing(today)
