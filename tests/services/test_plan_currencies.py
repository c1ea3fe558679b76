"""Planned budgets count costs in other currencies at the rates of their days."""

from datetime import date
from decimal import Decimal

import pytest

from budget_tui.domain.cost import Category
from budget_tui.domain.currency import LeftOut
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan
from budget_tui.domain.plan_results import PlanSummary
from budget_tui.services.imports import ImportRequest
from tests.services.conftest import Home, shown, usd

HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,ProviderName,SubAccountId"
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))


def bill(home: Home, *costs: tuple[str, str, str, str]) -> None:
    """Imports costs: day, project, amount, currency."""
    path = home.folder / "bill.csv"
    rows = [
        f"{amount},{currency},{day}T00:00:00Z,{day}T00:00:00Z,{day[:7]}-01T00:00:00Z,AWS,{project}"
        for day, project, amount, currency in costs
    ]
    path.write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    home.services.imports.run(ImportRequest((str(path),), source="bill"))


def plan(home: Home, entity: str, currency: str, period: Period) -> None:
    kind = PeriodKind.MONTHLY if period == JANUARY else PeriodKind.QUARTERLY
    home.services.plans.create(BudgetPlan(entity, Category.CLOUD, usd("1000"), kind, period, currency=currency))


def rate(home: Home, pair: str, value: str, day: str) -> None:
    base, quote = pair.split("/")
    home.services.fx.set(base, quote, Decimal(value), date.fromisoformat(day))


def summary(home: Home) -> PlanSummary:
    try:
        return home.services.plan_views.summary()
    finally:
        home.services.plan_views.close()


def actuals(found: PlanSummary) -> dict[tuple[str, str, int], str]:
    return {
        (line.budget.entity_id, line.budget.currency, line.budget.period.days): shown(line.figures.actual or 0)
        for line in found.lines
    }


@pytest.mark.both_engines
def test_each_budget_counts_in_its_own_currency(home: Home) -> None:
    home.add("a", "b")
    bill(
        home,
        ("2026-01-10", "a", "10", "USD"),
        ("2026-01-10", "a", "10", "EUR"),
        ("2026-02-10", "a", "10", "EUR"),
        ("2026-01-10", "b", "1000", "JPY"),
        ("2026-01-10", "b", "5", "CHF"),
        ("2026-01-10", "nobody", "1", "EUR"),
    )
    rate(home, "EUR/USD", "1.25", "2026-01-01")
    rate(home, "EUR/USD", "1.5", "2026-02-01")
    rate(home, "EUR/JPY", "200", "2026-01-01")
    plan(home, "a", "USD", JANUARY)
    plan(home, "a", "USD", QUARTER)
    plan(home, "b", "EUR", JANUARY)
    plan(home, "ORG", "USD", QUARTER)
    found = summary(home.on("2026-03-31"))
    assert actuals(found) == {
        ("a", "USD", 31): "22.5",  # 10 + 10 × 1.25
        ("a", "USD", 90): "37.5",  # and 10 × 1.5
        ("b", "EUR", 31): "5",  # 1000 ÷ 200
        ("ORG", "USD", 90): "45",  # a's, 1000 ÷ 200 × 1.25, and 1 × 1.25 of nobody
    }
    assert found.left_out == (LeftOut("CHF", usd("5"), 1, "EUR"), LeftOut("CHF", usd("5"), 1, "USD"))
    assert "3 costs in EUR: €21.00 counted as $28.75" in found.warnings
    assert "1 cost in CHF (CHF 5.00) left out: there is no usable exchange rate to USD" in found.warnings


def test_the_plan_and_the_dashboard_count_the_same(home: Home) -> None:
    home.add("a", "b")
    days = [f"2026-01-{day:02}" for day in range(1, 14)]
    bill(home, *((day, project, f"0.{n}7", "EUR") for n, day in enumerate(days, 1) for project in ("a", "b")))
    rate(home, "EUR/USD", "1.033333333", "2026-01-01")
    rate(home, "EUR/USD", "1.0123456789", "2026-01-07")
    for entity in ("a", "b", "ORG"):
        plan(home, entity, "USD", JANUARY)
    found = actuals(summary(home))
    assert found["a", "USD", 31] == shown(home.pace("a").spent)
    assert found["ORG", "USD", 31] == shown(home.snapshot.total.spent)


def test_without_rates_all_is_left_out_and_nothing_is_counted(home: Home) -> None:
    home.add("a")
    bill(home, ("2026-01-10", "a", "10", "EUR"))
    plan(home, "a", "USD", JANUARY)
    found = summary(home)
    assert actuals(found) == {("a", "USD", 31): "0"}
    assert found.left_out == (LeftOut("EUR", usd("10"), 1, "USD"),)
    assert found.warnings == ("1 cost in EUR (€10.00) left out: there is no usable exchange rate to USD",)
