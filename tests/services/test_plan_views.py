"""Views of the plan: tokens and seats beside money, what is unmapped, what overlaps."""

from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.cost import Category
from budget_tui.domain.explain import Reason, named
from budget_tui.domain.records import Resolution
from budget_tui.domain.tokens import TokenKind
from budget_tui.domain.variance import VarianceStatus
from budget_tui.services.cost_details import actual_of
from tests.databases import Engine
from tests.examples import examples
from tests.services.conftest import shown, usd
from tests.services.planning import LATER, PlanHome, amounts, home_with_tree, plan_of, planning_home


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return home_with_tree(engine, LATER)


def test_an_agents_tokens_count_once_priced_or_not(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "1000", "2026-03", budget_type="token")
    home.plan("DEPT-ENG", "genai", "1000", "2026-03", "anthropic", "token")
    agents = home.services.agents
    agents.add("scout", "PROJ-PLATFORM", model="claude-sonnet-4", tokens=900)
    agents.consume("scout", 100)
    home.services.token_prices.set("claude-sonnet-4", {TokenKind.INPUT: usd("3")})
    agents.consume("scout", 50)
    home.spent("TEAM-BACKEND", "1", "2026-03-05", "OpenAI", tokens=7)
    agents.close()
    assert home.actuals(entity_id="DEPT-ENG") == {
        "DEPT-ENG genai token": 157,
        "DEPT-ENG genai anthropic token": 150,
    }
    assert {name: part["tokens_actual"] for name, part in home.by_provider("DEPT-ENG").items()} == {
        "anthropic": 150,
        "openai": 7,
    }


def test_seats_are_the_most_on_one_day_of_all_below(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "subscription", "40", "2026-01", "figma", "seat")
    home.plan("DEPT-OPS", "subscription", "5", "2026-01", budget_type="seat")
    seats = home.services.seats
    seats.register("TEAM-BACKEND", "Figma", 10, date(2026, 1, 1))
    seats.register("TEAM-FRONTEND", "figma", 25, date(2026, 1, 1))
    seats.register("TEAM-FRONTEND", "slack", 99, date(2026, 1, 1))
    seats.register("TEAM-FRONTEND", "figma", 5, date(2026, 1, 20))
    assert home.actuals() == {"DEPT-ENG subscription figma seat": 35, "DEPT-OPS subscription seat": None}
    [line, _] = home.summary().lines
    assert line.figures.status is VarianceStatus.APPROACHING
    found = home.by_provider("DEPT-ENG", category=Category.SUBSCRIPTION)
    assert {name: (part["seats_budget"], part["seats_actual"]) for name, part in found.items()} == {
        "figma": (40, 35),
        "slack": (None, 99),
    }


def test_what_found_no_entity_counts_for_the_organization_alone(home: PlanHome) -> None:
    home.plan("ORG", "cloud", "100", "2026-01")
    home.plan("DEPT-ENG", "cloud", "100", "2026-01")
    home.spent("DEPT-ENG", "3", "2026-01-05")
    with home.services.context.work() as work:
        known = work.unit.costs.origins(work.organization.org_key)
        work.unit.costs.resolve_again({known[0].origin_key: Resolution(None, "gcp", "cloud")})
        work.commit()
    assert home.actuals() == {"ORG cloud": 3, "DEPT-ENG cloud": 0}


def test_a_dollar_of_two_overlapping_budgets_is_used_once(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", provider="gcp")
    home.plan("TEAM-BACKEND", "cloud", "50")  # neither contains the other
    home.spent("TEAM-BACKEND", "8", "2026-02-01", "Google Cloud")
    home.spent("TEAM-BACKEND", "1", "2026-02-01", "AWS")
    headline = home.summary().headline
    assert (headline.total.amount, headline.total.actual) == (usd("150"), usd("9"))


def test_a_status_is_looked_for_among_what_is_listed(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "10")
    home.plan("DEPT-OPS", "cloud", "10")
    home.spent("DEPT-ENG", "11", "2026-02-01")
    over = home.listed(status=VarianceStatus.OVER)
    assert [budget.entity_id for budget in over] == ["DEPT-ENG"]
    found = home.summary(status=VarianceStatus.OVER)
    assert (len(found.lines), found.headline.over, found.headline.under) == (1, 1, 0)


def test_an_organization_without_a_plan_has_empty_views(home: PlanHome) -> None:
    found = home.summary()
    assert (found.lines, found.totals, found.headline.total.amount) == ((), (), 0)
    assert home.tree().roots == ()
    assert home.by_provider() == {}
    assert [part["budget"] for part in home.by_category().values()] == [None] * 4


def test_too_much_is_warned_about_where_it_is_and_not_farther_up(home: PlanHome) -> None:
    plans = home.services.plans
    plans.allocate(plan_of("ORG", "cloud", "100"), amounts([("TEAM-BACKEND", "60"), ("DEPT-OPS", "10")]))
    made = plans.create(plan_of("DEPT-ENG", "cloud", "50"))
    told = "Engineering's cloud budget for Q1 2026: its children have $60.00, $10.00 more than its $50.00"
    assert made.warnings == (told,), "the 60 of its team are in the 50 of the department"
    found = home.tree()
    assert found.warnings == (told,)
    assert [(node.allocated_to_children, node.unallocated) for node in found.roots] == [(usd("60"), usd("40"))]


def _is_archived(entity: str, category: str, provider: str, period: str) -> bool:
    """Whether a closed month says what there was of it."""
    return entity in ("ORG", "PROJ-PLATFORM") and (category, provider) == ("total", "") and len(period) == 7


@settings(max_examples=examples(6), deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    plans=st.lists(
        st.tuples(
            st.sampled_from(["ORG", "DEPT-ENG", "PROJ-PLATFORM", "TEAM-BACKEND"]),
            st.sampled_from(["cloud", "genai", "total"]),
            st.sampled_from(["", "gcp", "anthropic"]),
            st.sampled_from(["2026-01", "2026-02", "2026-Q1", "2026", "2026-01-20..2026-02-10"]),
        ).filter(lambda of: not _is_archived(*of)),
        min_size=1,
        max_size=7,
        unique=True,
    ),
    spent=st.lists(
        st.tuples(
            st.sampled_from(["DEPT-ENG", "DEPT-OPS", "TEAM-BACKEND"]),
            st.dates(date(2026, 1, 1), date(2026, 3, 31)),
            st.sampled_from(["Google Cloud", "Anthropic", ""]),
        ),
        max_size=10,
    ),
)
def test_no_dollar_is_twice_in_the_headline_whatever_the_budgets(
    engine: Engine,
    plans: list[tuple[str, str, str, str]],
    spent: list[tuple[str, date, str]],
) -> None:
    engine.clear()
    home = home_with_tree(engine, LATER)
    for entity, category, provider, period in plans:
        home.plan(entity, category, "1000", period, provider)
    for n, (entity, day, provider) in enumerate(spent):
        home.spent(entity, f"{8**n}", day.isoformat(), provider)  # a sum tells how often it has which
    found = home.summary()
    board = home.services.plan_views.board()
    [(shown, _)] = board.totals(board.lines)
    home.services.plan_views.close()
    assert shown.total == found.headline.total
    of_budgets = [digits(line.figures.actual) for line in found.lines]
    in_any = [max(each) for each in zip(*of_budgets, strict=True)]
    assert digits(found.headline.total.actual) == in_any, "each cost that any budget counts, once"
    assert found.headline.total.amount == NANOS * 1000 * len(added_up(plans))


_ABOVE = {
    "ORG": ("ORG",),
    "DEPT-ENG": ("DEPT-ENG", "ORG"),
    "PROJ-PLATFORM": ("PROJ-PLATFORM", "DEPT-ENG", "ORG"),
    "TEAM-BACKEND": ("TEAM-BACKEND", "PROJ-PLATFORM", "DEPT-ENG", "ORG"),
}
_DAYS = {
    "2026-01": (date(2026, 1, 1), date(2026, 1, 31)),
    "2026-02": (date(2026, 2, 1), date(2026, 2, 28)),
    "2026-Q1": (date(2026, 1, 1), date(2026, 3, 31)),
    "2026": (date(2026, 1, 1), date(2026, 12, 31)),
    "2026-01-20..2026-02-10": (date(2026, 1, 20), date(2026, 2, 10)),
}


def added_up(plans: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """Those that no other one contains."""

    def contains(wide: tuple[str, str, str, str], narrow: tuple[str, str, str, str]) -> bool:
        first, last = _DAYS[wide[3]]
        return (
            wide[0] in _ABOVE[narrow[0]]
            and wide[1] in (narrow[1], "total")
            and wide[2] in (narrow[2], "")
            and first <= _DAYS[narrow[3]][0]
            and _DAYS[narrow[3]][1] <= last
        )

    return [plan for plan in plans if not any(other != plan and contains(other, plan) for other in plans)]


def digits(actual: int | None) -> list[int]:
    """How often an amount has each cost of 1, 8, 64 and so on."""
    assert actual is not None
    whole, rest = divmod(actual, NANOS)
    assert not rest
    return [whole // 8**n % 8 for n in range(10)]


def test_an_actual_reaches_today_whatever_it_is_of(home: PlanHome) -> None:
    """Money, tokens and seats alike, in each view, in what is behind it and in its explanation."""
    in_february = planning_home(home.address, today=date(2026, 2, 10))
    for day, amount in (("2026-02-10", "1"), ("2026-02-11", "20")):
        home.spent("TEAM-BACKEND", amount, day, "OpenAI", tokens=int(amount))
    for day, seats in (("2026-01-20", 3), ("2026-02-11", 9)):
        home.services.seats.register("DEPT-ENG", "figma", seats, date.fromisoformat(day))
    budgets = [
        home.plan("DEPT-ENG", "genai", "100", "2026-02"),
        home.plan("DEPT-ENG", "genai", "100", "2026-02", budget_type="token"),
        home.plan("DEPT-ENG", "subscription", "10", "2026-02", budget_type="seat"),
        home.plan("DEPT-ENG", "genai", "100", "2026-03"),
    ]
    expected = {budget.budget_id: used for budget, used in zip(budgets, (usd("1"), 1, 3, 0), strict=True)}
    board = in_february.board()
    assert {line.budget.budget_id: line.figures.actual for line in in_february.summary().lines} == expected
    assert {line.budget.budget_id: line.figures.actual for line in board.lines} == expected
    for budget_id, used in expected.items():
        explained = in_february.services.explain.of_planned(budget_id)
        assert named(explained.values)["actual"].value.value == used
        assert sum(group.amount for group in explained.counting) == used
    for budget in budgets[:3]:
        page = in_february.services.cost_details.page(actual_of(budget, ""))
        assert page.total == expected[budget.budget_id]
    in_february.services.cost_details.close()
    assert {line.figures.actual for line in home.summary().lines} == {usd("21"), 21, 9, 0}
    scheduled = in_february.services.explain.of_planned(budgets[0].budget_id).left_out[0]
    assert (scheduled.reason, scheduled.amount) == (Reason.SCHEDULED, usd("20"))


@pytest.mark.both_engines
def test_what_was_held_before_a_close_and_settled_after_it_is_of_the_period_that_granted_it(home: PlanHome) -> None:
    april = planning_home(home.address, today=date(2026, 4, 30))
    for month in ("2026-04", "2026-05"):
        april.plan("DEPT-ENG", "genai", "1000", month, budget_type="token")
        april.plan("DEPT-ENG", "genai", "1000", month)
    agents = april.services.agents
    agents.add("scout", "PROJ-PLATFORM", model="claude-sonnet-4", tokens=900)
    april.services.token_prices.set("claude-sonnet-4", {TokenKind.INPUT: usd("1000000")})
    held = agents.reserve("scout", 100, seconds=3600)
    agents.close()
    may = planning_home(home.address, today=date(2026, 5, 1))
    may.services.periods.catch_up()
    assert may.services.agents.settle(held.reservation_id, 40).used_tokens == 40
    assert may.services.agents.get("scout").used_tokens == 0
    may.services.agents.close()
    assert {
        (line.budget.period.start.month, line.budget.budget_type.value): line.figures.actual
        for line in may.summary(entity_id="DEPT-ENG").lines
    } == {(4, "token"): 40, (4, "monetary"): usd("40"), (5, "token"): None, (5, "monetary"): 0}
    [closed] = may.services.history.periods(1)[0].agents
    assert (closed.spent, closed.restated) == (0, 40)
    assert shown(may.services.history.periods(1)[0].restated) == "40"
    assert shown(may.snapshot.total.spent) == "0"
