"""By category and by provider: what is beside an entity's budgets is told, so that the rows add up."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.plan_results import Breakdown, Part
from budget_tui.services.cost_details import Actual
from budget_tui.services.plan_views import PlanBoard
from tests.databases import Engine
from tests.examples import examples
from tests.services.conftest import usd
from tests.services.planning import LATER, PlanHome, home_with_tree


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return home_with_tree(engine, LATER)


def test_what_is_of_another_provider_than_the_budgets_is_not_budgeted(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", provider="gcp")
    home.spent("TEAM-BACKEND", "30", "2026-01-05", "Google Cloud")
    home.spent("TEAM-BACKEND", "7", "2026-01-05", "AWS")
    home.spent("TEAM-BACKEND", "2", "2026-01-05", "OpenAI")
    found = home.by_category("DEPT-ENG")
    assert {name: (part["actual"], part["not_budgeted"]) for name, part in found.items()} == {
        "cloud": (30, 7),
        "genai": (2, None),
        "subscription": (0, None),
        "total": (39, None),
    }


def test_what_is_of_another_category_or_day_than_the_budgets_of_a_provider_is_not_budgeted(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "100", "2026-01", "gcp")
    home.plan("DEPT-ENG", "total", "100", "2026-Q1")
    home.spent("DEPT-ENG", "30", "2026-01-05", "Google Cloud")
    found = home.by_provider("DEPT-ENG")
    assert (found["gcp"]["actual"], found["gcp"]["not_budgeted"]) == (0, 30)
    home.plan("DEPT-ENG", "cloud", "100", "2026-01", "gcp")
    home.spent("DEPT-ENG", "4", "2026-02-05", "Google Cloud")
    found = home.by_provider("DEPT-ENG")
    assert (found["gcp"]["actual"], found["gcp"]["not_budgeted"]) == (30, 4)


def test_tokens_beside_the_budgets_are_told_too(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "1000", budget_type="token", provider="anthropic")
    home.spent("DEPT-ENG", "1", "2026-01-05", "Anthropic", tokens=600)
    home.spent("DEPT-ENG", "1", "2026-01-05", "OpenAI", tokens=50)
    genai = home.by_category("DEPT-ENG")["genai"]
    assert (genai["tokens_actual"], genai["tokens_not_budgeted"], genai["not_budgeted"]) == (600, 50, None)


@pytest.mark.both_engines
def test_where_nothing_is_known_of_tokens_or_seats_nothing_is_known_of_what_is_not_budgeted(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "1000", budget_type="token", provider="anthropic")
    home.plan("DEPT-ENG", "subscription", "10", budget_type="seat", provider="figma")

    def unknown() -> tuple[list[object], list[object]]:
        found = home.by_category("DEPT-ENG")
        return tuple(  # type: ignore[return-value]
            [found[name][f"{unit}_{field}"] for field in ("budget", "actual", "not_budgeted")]
            for name, unit in (("genai", "tokens"), ("subscription", "seats"))
        )

    assert unknown() == ([1000, None, None], [10, None, None])
    behind = board_of(home).category_composition(
        PlanFilter(entity_id="DEPT-ENG"), "genai", BudgetType.TOKEN, of_unbudgeted=True
    )
    explained = home.services.explain.of_sum(
        "genai", BudgetType.TOKEN, "", [budget.budget_id for budget in behind.budgets], behind.covered
    )
    values = {value.key: value.value.value for value in explained.values}
    assert (values["everything"], values["not-budgeted"], values["actual"]) == (None, None, None)
    home.spent("DEPT-ENG", "1", "2026-01-05", "OpenAI", tokens=50)
    home.services.seats.register("TEAM-BACKEND", "figma", 4, date(2026, 1, 1))
    assert unknown() == ([1000, None, 50], [10, 4, 0])


@pytest.mark.parametrize(
    ("conditions", "first", "last"),
    [
        ({"period_start": date(2026, 2, 10), "period_end": date(2026, 2, 12)}, "2026-02-10", "2026-02-12"),
        ({"period_start": date(2026, 2, 10)}, "2026-02-10", "2026-03-09"),
        ({"period_end": date(2026, 2, 15)}, "2026-01-16", "2026-02-15"),
        ({"period_kind": PeriodKind.QUARTERLY, "period_end": date(2026, 3, 31)}, "2026-01-01", "2026-03-31"),
        ({"period_kind": PeriodKind.QUARTERLY, "period_start": date(2026, 2, 1)}, "2026-02-01", "2026-04-30"),
        ({"period_kind": PeriodKind.YEARLY}, "2026-01-01", "2026-12-31"),
        ({}, "2026-03-01", "2026-03-31"),
    ],
)
def test_what_has_no_budget_is_counted_on_the_days_asked_for(
    home: PlanHome, conditions: dict[str, object], first: str, last: str
) -> None:
    start = date(2026, 1, 1)
    days = [start + timedelta(days=ahead) for ahead in range((LATER - start).days + 1)]
    home.billed(*(("TEAM-BACKEND", "1", "USD", str(day), "AWS") for day in days))
    home.plan("DEPT-ENG", "cloud", "5", "2026-01-01..2026-02-28")
    for found in (
        home.by_category("DEPT-ENG", **conditions)["total"],
        home.by_provider("DEPT-ENG", **conditions)["aws"],
    ):
        if conditions:
            assert (found["period_start"], found["period_end"]) == (first, last)
            assert found["actual"] == sum(first <= str(day) <= last for day in days)
        else:
            assert (found["period_start"], found["period_end"]) == ("2026-01-01", "2026-02-28"), "those of its budgets"
    if not conditions:
        found = home.by_category("DEPT-OPS")["total"]
        assert (found["period_start"], found["period_end"]) == (first, last)


def test_gaps_between_budgets_are_told(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "5", "2026-01")
    home.plan("DEPT-ENG", "cloud", "5", "2026-03")
    found = home.by_category("DEPT-ENG")["cloud"]
    assert (found["period_start"], found["period_end"]) == ("2026-01-01", "2026-03-31")
    assert [(each["period_start"], each["period_end"]) for each in found["periods"]] == [
        ("2026-01-01", "2026-01-31"),
        ("2026-03-01", "2026-03-31"),
    ]


@pytest.mark.both_engines
def test_what_names_no_provider_has_a_part_of_its_own(home: PlanHome) -> None:
    home.spent("TEAM-BACKEND", "5", "2026-03-05", "gcp", tokens=9)
    home.spent("DEPT-ENG", "7", "2026-03-06", "", tokens=3)
    home.spent("DEPT-OPS", "11", "2026-03-06", "aws")
    month = {"period_kind": PeriodKind.MONTHLY, "period_start": date(2026, 3, 1)}
    found = home.by_provider("DEPT-ENG", **month)
    assert list(found) == ["gcp", ""]
    assert (found[""]["actual"], found[""]["tokens_actual"], found[""]["seats_actual"]) == (7, 3, None)
    assert list(home.by_provider("DEPT-OPS", **month)) == ["aws"]
    assert list(home.by_provider("DEPT-ENG", provider="gcp", **month)) == ["gcp"]
    board = board_of(home)
    behind = board.provider_composition(PlanFilter(entity_id="DEPT-ENG"), "", BudgetType.MONETARY)
    assert total_of(home, BudgetType.MONETARY, behind.covered) == usd("7")


# Other currencies


def test_a_budget_in_another_currency_counts_at_the_rate_of_its_first_day(home: PlanHome) -> None:
    home.services.fx.set("EUR", "USD", Decimal("1.25"), date(2026, 1, 1))
    home.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 20))
    home.plan("DEPT-ENG", "cloud", "100", provider="gcp", currency="EUR")
    home.plan("DEPT-ENG", "cloud", "10", "2026-02", provider="aws", currency="EUR")
    home.plan("DEPT-ENG", "cloud", "7", "2026-03", provider="aws")
    home.billed(
        ("TEAM-BACKEND", "8", "EUR", "2026-01-05", "Google Cloud"),
        ("TEAM-BACKEND", "3", "USD", "2026-02-05", "Google Cloud"),
        ("TEAM-BACKEND", "4", "EUR", "2026-02-05", "AWS"),
    )
    cloud = home.by_category("DEPT-ENG")["cloud"]
    assert (cloud["budget"], cloud["actual"], cloud["not_budgeted"]) == (147, 19, 0)
    assert cloud["left_out"] == []
    assert cloud["warnings"] == [
        "2 costs in EUR: €12.00 counted as $16.00",
        "2 budgets in EUR: €110.00 counted as $140.00, at rates up to 12 days old",
    ]
    found = home.by_provider("DEPT-ENG")
    assert {name: (part["budget"], part["actual"]) for name, part in found.items()} == {
        "aws": (22, 6),
        "gcp": (125, 13),
    }


def test_what_has_no_rate_is_left_out_of_the_rows_and_named_in_them(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", currency="CHF")
    home.plan("DEPT-ENG", "genai", "50")
    home.billed(
        ("TEAM-BACKEND", "8", "CHF", "2026-01-05", "AWS"),
        ("TEAM-BACKEND", "3", "USD", "2026-01-05", "Google Cloud"),
        ("TEAM-BACKEND", "9", "USD", "2026-01-05", "Anthropic"),
    )
    by_category, by_provider = home.by_category("DEPT-ENG"), home.by_provider("DEPT-ENG")
    costs = {"currency": "CHF", "amount": 8, "costs": 1, "budgets": 0, "into": "USD"}
    budgets = {"currency": "CHF", "amount": 100, "costs": 0, "budgets": 1, "into": "USD"}
    assert {name: (part["budget"], part["actual"], part["left_out"]) for name, part in by_category.items()} == {
        "cloud": (None, 3, [costs, budgets]),
        "genai": (50, 9, []),
        "subscription": (None, 0, []),
        "total": (None, 12, [costs]),
    }
    assert by_category["cloud"]["warnings"] == [
        "1 cost in CHF (CHF 8.00) left out: there is no usable exchange rate to USD",
        "1 budget in CHF (CHF 100.00) left out: there is no usable exchange rate to USD on the first day",
    ]
    assert {name: (part["actual"], part["left_out"]) for name, part in by_provider.items()} == {
        "anthropic": (9, []),
        "aws": (0, [costs]),
        "gcp": (3, []),
    }


def test_explain_tells_what_budgets_in_other_currencies_count_as(home: PlanHome) -> None:
    home.services.fx.set("EUR", "USD", Decimal("1.25"), date(2026, 1, 1))
    budget = home.plan("DEPT-ENG", "cloud", "100", currency="EUR")
    home.billed(("TEAM-BACKEND", "8", "EUR", "2026-01-05", "AWS"))
    behind = board_of(home).category_composition(PlanFilter(entity_id="DEPT-ENG"), "cloud", BudgetType.MONETARY)
    assert list(behind.budgets) == [budget]
    explained = home.services.explain.of_sum("cloud", BudgetType.MONETARY, "USD", [budget.budget_id])
    values = {value.key: value for value in explained.values}
    assert (values["amount"].value.value, values["actual"].value.value) == (usd("125"), usd("10"))
    assert "1 budget in EUR: €100.00 counted as $125.00" in values["amount"].notes


# Whatever was planned


def board_of(home: PlanHome) -> PlanBoard:
    try:
        return home.services.plan_views.board()
    finally:
        home.services.plan_views.close()


def total_of(home: PlanHome, budget_type: BudgetType, *behind: object) -> int:
    try:
        return home.services.cost_details.page(Actual("", budget_type, "USD", *behind)).total  # type: ignore[arg-type]
    finally:
        home.services.cost_details.close()


def test_what_shows_nothing_tells_of_no_conversion(home: PlanHome) -> None:
    """Costs of January in another currency are none of March's, where nothing was planned or used."""
    home.plan("PROJ-PLATFORM", "total", "1000", "2026", "anthropic")
    home.billed(
        ("DEPT-ENG", "44.49", "EUR", "2026-01-25", "Google Cloud"), ("DEPT-ENG", "2.43", "CHF", "2026-02-02", "")
    )
    home.services.fx.set("EUR", "USD", Decimal("1.03"), date(2026, 1, 1))
    found = board_of(home).by_provider(PlanFilter(entity_id="DEPT-ENG"))
    assert (found.parts, found.conversion_warnings, found.left_out) == ({}, (), ())


entities = st.sampled_from(["DEPT-ENG", "DEPT-ENG", "PROJ-PLATFORM"])
categories = st.sampled_from(["cloud", "genai", "total"])
providers = st.sampled_from(["", "gcp", "anthropic"])
periods = st.sampled_from(["2026-01", "2026-02", "2026-Q1", "2026", "2026-01-20..2026-02-10"])
currencies = st.sampled_from(["USD", "EUR", "EUR", "CHF"])
costs = st.tuples(
    st.sampled_from(["DEPT-ENG", "DEPT-OPS", "TEAM-BACKEND"]),
    st.integers(-(10**4), 10**6).filter(bool),
    st.dates(date(2026, 1, 1), date(2026, 4, 30)),
    st.sampled_from(["Google Cloud", "Anthropic", "Figma", ""]),
    currencies,
)
plans = st.tuples(entities, categories, providers, periods, currencies).filter(
    lambda plan: plan[1:3] != ("total", "") or plan[3] not in ("2026-01", "2026-02")  # of the cycle: in one currency
)
RATES = {date(2026, 1, 1): "1.033333333", date(2026, 1, 20): "1.0123456789", date(2026, 3, 1): "0.987654321"}


@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(
    plans=st.lists(plans, max_size=6, unique_by=lambda plan: plan[:4]),
    spent=st.lists(costs, max_size=12),
)
def test_the_parts_add_up_to_all_that_was_used_whatever_was_planned(
    engine: Engine,
    plans: list[tuple[str, str, str, str, str]],
    spent: list[tuple[str, int, date, str, str]],
) -> None:
    engine.clear()
    home = home_with_tree(engine, LATER)
    for entity, category, provider, period, currency in plans:
        home.plan(entity, category, "1000", period, provider, currency=currency)
    home.billed(
        *((entity, f"{cents}e-2", currency, str(day), provider) for entity, cents, day, provider, currency in spent)
    )
    for day, rate in RATES.items():
        home.services.fx.set("EUR", "USD", Decimal(rate), day)
    views, board, choice = home.services.plan_views, board_of(home), PlanFilter(entity_id="DEPT-ENG")
    by_category, by_provider = views.by_category("DEPT-ENG"), views.by_provider("DEPT-ENG", PlanFilter())
    views.close()
    considered = [
        cost
        for cost in spent
        if cost[0] != "DEPT-OPS"
        and cost[2] <= LATER
        and any(period.contains(cost[2]) for period in by_category.periods)
    ]
    whole = in_dollars(considered)
    total = by_category.parts["total"]
    assert all_of(total) == whole
    assert sum(all_of(part) for name, part in by_category.parts.items() if name != "total") == whole
    assert sum(all_of(part) for part in by_provider.parts.values()) == whole
    swiss = [cents * 10**7 for _, cents, _, _, currency in considered if currency == "CHF"]
    for parts in ([total], by_provider.parts.values()):
        left_out = [left for part in parts for left in part.left_out if left.costs]
        assert (sum(left.costs for left in left_out), sum(left.amount for left in left_out)) == (len(swiss), sum(swiss))
    without_rate = [plan for plan in plans if plan[0] == "DEPT-ENG" and plan[4] == "CHF"]
    left_out = [left for part in by_category.parts.values() for left in part.left_out if left.budgets]
    assert sum(left.budgets for left in left_out) == len(without_rate)
    for category, part in by_category.parts.items():
        is_planned = any(plan[:2] == ("DEPT-ENG", category) and plan[4] != "CHF" for plan in plans)
        assert (part.budget is not None) is is_planned
    figures = [replace(found, forecasts={}) for found in (by_category, by_provider)]
    assert [board.by_category(choice), board.by_provider(choice)] == figures
    for breakdown, find in ((by_category, board.category_composition), (by_provider, board.provider_composition)):
        for name, part in money_of(breakdown).items():
            for of_unbudgeted, shown in enumerate(part):
                behind = find(choice, name, BudgetType.MONETARY, bool(of_unbudgeted))
                assert shown in (None, total_of(home, BudgetType.MONETARY, *behind[:2]))


def in_dollars(spent: Iterable[tuple[str, int, date, str, str]]) -> int:
    """What costs count as, each at the rate of its day; what one origin cost on one day is rounded as one amount."""
    amounts: dict[tuple[str, date, str, str], int] = {}
    for entity, cents, day, provider, currency in spent:
        key = entity, day, provider, currency
        amounts[key] = amounts.get(key, 0) + cents * 10**7
    factors = {"USD": lambda day: Fraction(1), "CHF": lambda day: Fraction(0)}
    factors["EUR"] = lambda day: Fraction(RATES[max(since for since in RATES if since <= day)])
    return sum(round(amount * factors[currency](day)) for (_, day, _, currency), amount in amounts.items())


def all_of(part: Part) -> int:
    return part.actual + (part.not_budgeted or 0)


def money_of(breakdown: Breakdown) -> dict[str, tuple[int, int | None]]:
    return {name: (part.actual, part.not_budgeted) for name, part in breakdown.parts.items()}
