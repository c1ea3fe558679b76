"""By category and by provider: what is beside an entity's budgets is told, so that the rows add up."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan_answers import Breakdown, Part
from budget_tui.services.costs_behind import Number
from budget_tui.services.plan_board import PlanBoard, PlanChoice
from budget_tui.services.plan_views import PlanFilter
from tests.conftest import MadeOnce
from tests.services.conftest import usd
from tests.services.planning import PlanHome, home_with_tree


@pytest.fixture
def home(tmp_path: Path, made_once: MadeOnce) -> PlanHome:
    return home_with_tree(tmp_path / "plan.db", made_once)


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


def test_what_names_no_provider_has_a_part_of_its_own(home: PlanHome) -> None:
    home.spent("TEAM-BACKEND", "5", "2026-01-05", "gcp", tokens=9)
    home.spent("DEPT-ENG", "7", "2026-01-06", "", tokens=3)
    home.spent("DEPT-OPS", "11", "2026-01-06", "aws")
    month = {"period_kind": PeriodKind.MONTHLY, "period_start": date(2026, 1, 1)}
    found = home.by_provider("DEPT-ENG", **month)
    assert list(found) == ["gcp", ""]
    assert (found[""]["actual"], found[""]["tokens_actual"], found[""]["seats_actual"]) == (7, 3, None)
    assert list(home.by_provider("DEPT-OPS", **month)) == ["aws"]
    assert list(home.by_provider("DEPT-ENG", provider="gcp", **month)) == ["gcp"]
    board = board_of(home)
    behind = board.behind_provider(PlanChoice(entity_id="DEPT-ENG"), "", BudgetType.MONETARY)
    assert total_of(home, BudgetType.MONETARY, behind.covered) == usd("7")


def board_of(home: PlanHome) -> PlanBoard:
    try:
        return home.services.plan_views.board()
    finally:
        home.services.plan_views.close()


def total_of(home: PlanHome, budget_type: BudgetType, *behind: object) -> int:
    try:
        return home.services.costs_behind.page(Number("", budget_type, "USD", *behind)).total  # type: ignore[arg-type]
    finally:
        home.services.costs_behind.close()


entities = st.sampled_from(["DEPT-ENG", "DEPT-ENG", "PROJ-PLATFORM"])
categories = st.sampled_from(["cloud", "genai", "total"])
providers = st.sampled_from(["", "gcp", "anthropic"])
periods = st.sampled_from(["2026-01", "2026-02", "2026-Q1", "2026", "2026-01-20..2026-02-10"])
costs = st.tuples(
    st.sampled_from(["DEPT-ENG", "DEPT-OPS", "TEAM-BACKEND"]),
    st.integers(-(10**4), 10**6).filter(bool),
    st.dates(date(2026, 1, 1), date(2026, 4, 30)),
    st.sampled_from(["Google Cloud", "Anthropic", "Figma", ""]),
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(
    plans=st.lists(st.tuples(entities, categories, providers, periods), max_size=6, unique=True),
    spent=st.lists(costs, max_size=12),
)
def test_the_parts_add_up_to_all_that_was_used_whatever_was_planned(
    tmp_path_factory: pytest.TempPathFactory,
    made_once: MadeOnce,
    plans: list[tuple[str, str, str, str]],
    spent: list[tuple[str, int, date, str]],
) -> None:
    home = home_with_tree(tmp_path_factory.mktemp("any") / "plan.db", made_once)
    for entity, category, provider, period in plans:
        home.plan(entity, category, "1000", period, provider)
    for entity, cents, day, provider in spent:
        home.spent(entity, f"{cents / 100:.2f}", day.isoformat(), provider)
    views, board, choice = home.services.plan_views, board_of(home), PlanChoice(entity_id="DEPT-ENG")
    by_category, by_provider = views.by_category("DEPT-ENG"), views.by_provider("DEPT-ENG", PlanFilter())
    views.close()
    whole = sum(
        cents * 10**7
        for entity, cents, day, _ in spent
        if entity != "DEPT-OPS" and any(period.contains(day) for period in by_category.periods)
    )
    total = by_category.parts["total"]
    assert all_of(total) == whole
    assert sum(all_of(part) for name, part in by_category.parts.items() if name != "total") == whole
    assert sum(all_of(part) for part in by_provider.parts.values()) == whole
    assert (board.by_category(choice).parts, board.by_provider(choice).parts) == (by_category.parts, by_provider.parts)
    for breakdown, find in ((by_category, board.behind_category), (by_provider, board.behind_provider)):
        for name, part in money_of(breakdown).items():
            for of_rest, shown in enumerate(part):
                behind = find(choice, name, BudgetType.MONETARY, bool(of_rest))
                assert shown in (None, total_of(home, BudgetType.MONETARY, *behind[:2]))


def all_of(part: Part) -> int:
    return part.actual + (part.not_budgeted or 0)


def money_of(breakdown: Breakdown) -> dict[str, tuple[int, int | None]]:
    return {name: (part.actual, part.not_budgeted) for name, part in breakdown.parts.items()}
