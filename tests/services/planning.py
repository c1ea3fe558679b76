"""A household that plans: the demonstration's company, or one of its own, in few words."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import parse_amount, parse_count
from budget_tui.domain.budget import BudgetType, plain_amount
from budget_tui.domain.cost import Category
from budget_tui.domain.period import PeriodKind, PeriodRule
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlanFilter, PlannedBudget, parse_period
from budget_tui.domain.plan_results import Breakdown, PlanSummary, PlanTree
from budget_tui.domain.tree import Placement
from budget_tui.schemas.base import Schema
from budget_tui.schemas.plain import dumps
from budget_tui.schemas.plan import parts_of
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportReport, ImportRequest
from budget_tui.services.plan_views import PlanBoard
from budget_tui.storage.database import database_at
from tests.databases import Address, Engine, beside, lasting_writers
from tests.services.conftest import TODAY, Home

LATER = date(2026, 3, 31)
"""When what was planned for the year's first quarter is over."""

TREE = (
    Placement("DEPT-ENG", "Engineering", "department", "ORG"),
    Placement("DEPT-OPS", "Operations", "department", "ORG"),
    Placement("PROJ-PLATFORM", "Platform", "project", "DEPT-ENG"),
    Placement("TEAM-BACKEND", "Backend", "team", "PROJ-PLATFORM"),
    Placement("TEAM-FRONTEND", "Frontend", "team", "PROJ-PLATFORM"),
)


@dataclass(frozen=True)
class PlanHome(Home):
    """What a planner does. Amounts are text; periods are ``2026-02``, ``2026-Q1``, ``2026``."""

    def in_organization(self, slug: str) -> "PlanHome":
        return replace(self, services=Services(replace(self.services.context, org_slug=slug), Settings()))

    # Commands

    def plan(self, *of: str, **more: str) -> PlannedBudget:
        """What `plan_of` makes of it."""
        return self.services.plans.create(plan_of(*of, **more)).budget

    def spent(
        self, entity: str, amount: str, on: str, provider: str = "Google Cloud", tokens: int | None = None
    ) -> None:
        day = date.fromisoformat(on)
        self.services.costs.add(CostEntry(entity, parse_amount(amount), day, provider=provider, tokens=tokens))

    def billed(self, *costs: tuple[str, str, str, str, str]) -> None:
        """Imports costs: entity, amount, currency, day, provider."""
        if costs:  # an export without a row is refused
            bill(self.services, *costs)

    # Questions

    def summary(self, **conditions: Any) -> PlanSummary:
        try:
            return self.services.plan_views.summary(PlanFilter(**conditions))
        finally:
            self.services.plan_views.close()

    def tree(self, root: str = "") -> PlanTree:
        try:
            return self.services.plan_views.tree(root)
        finally:
            self.services.plan_views.close()

    def listed(self, **conditions: Any) -> list[PlannedBudget]:
        try:
            return list(self.services.plan_views.list(PlanFilter(**conditions)).budgets)
        finally:
            self.services.plan_views.close()

    def board(self) -> PlanBoard:
        try:
            return self.services.plan_views.board()
        finally:
            self.services.plan_views.close()

    def by_category(self, entity: str = "ORG", **conditions: Any) -> dict[str, Any]:
        return self._parts(self.services.plan_views.by_category(entity, PlanFilter(**conditions)))

    def by_provider(self, entity: str = "ORG", **conditions: Any) -> dict[str, Any]:
        return self._parts(self.services.plan_views.by_provider(entity, PlanFilter(**conditions)))

    def _parts(self, breakdown: Breakdown) -> dict[str, Any]:
        self.services.plan_views.close()
        return {name: as_json(part) for name, part in parts_of(breakdown).items()}

    def actuals(self, **conditions: Any) -> dict[str, Any]:
        """By entity, category, provider and type, what was used."""
        return {
            name_of(line.budget): units_of(line.figures.actual, line.budget.budget_type)
            for line in self.summary(**conditions).lines
        }


def as_json(answer: Schema) -> Any:
    """``answer`` as it is sent, its decimals to the digit."""
    return json.loads(dumps(answer), parse_float=Decimal)


def units_of(amount: int | None, budget_type: BudgetType) -> Decimal | None:
    """An amount as JSON has it."""
    return None if amount is None else plain_amount(amount, budget_type)


def bill(services: Services, *costs: tuple[str, str, str, str, str], dry_run: bool = False) -> ImportReport:
    """Imports costs: entity, amount, currency, day, provider."""
    header = "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ServiceProviderName"
    rows = [
        f"{entity},{amount},{currency},{day}T00:00:00Z,{day[:7]}-01T00:00:00Z,{provider}"
        for entity, amount, currency, day, provider in costs
    ]
    path = beside(str(services.context.database)) / "bill.csv"
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return services.imports.run(ImportRequest((str(path),), source="bill", dry_run=dry_run))


def name_of(budget: PlannedBudget) -> str:
    """``DEPT-ENG cloud gcp``."""
    kind = "" if budget.budget_type is BudgetType.MONETARY else str(budget.budget_type)
    return " ".join(filter(None, (budget.entity_id, str(budget.category), budget.provider, kind)))


def plan_of(
    entity: str,
    category: str,
    amount: str,
    period: str = "2026-Q1",
    provider: str = "",
    budget_type: str = "monetary",
    currency: str = "",
    notes: str = "",
) -> BudgetPlan:
    kind, days = parse_period(period, PeriodRule(), TODAY)
    of_type = BudgetType(budget_type)
    nanos = parse_amount(amount) if of_type is BudgetType.MONETARY else parse_count(amount)
    return BudgetPlan(entity, Category(category), nanos, PeriodKind(kind), days, of_type, currency, provider, notes)


def percents(**shares: str) -> list[ChildShare]:
    """``percents(DEPT_ENG="45")``."""
    return [ChildShare(name.replace("_", "-"), Fraction(share)) for name, share in shares.items()]


def amounts(shares: Iterable[tuple[str, str]]) -> list[ChildShare]:
    return [ChildShare(name, amount=parse_amount(amount)) for name, amount in shares]


def planning_home(address: Address, organization: str = "default", today: date = TODAY) -> PlanHome:
    opened = database_at(address)
    return PlanHome(
        Services(Context(opened, organization, Clock(today), "anna", writers=lasting_writers(opened)), Settings())
    )


def plant(address: Address, today: date = TODAY) -> None:
    """An organization that is nothing but its tree."""
    planning_home(address, today=today).services.entities.import_placements(TREE)


def home_with_tree(engine: Engine, today: date = TODAY) -> PlanHome:
    """A planner whose entities are those of `TREE`."""
    return planning_home(engine.new(plant), today=today)
