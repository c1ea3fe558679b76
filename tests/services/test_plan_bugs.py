"""What another planner got wrong: a test for each of its bugs and its users' questions, by their names there."""

from datetime import date
from decimal import Decimal

import pytest
import simplejson

from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.tree import Placement
from budget_tui.schemas.plain import dumps
from budget_tui.schemas.plan import PlanSummary
from budget_tui.services.demo import load_demo
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.plans import PlanChange
from budget_tui.storage.database import database_at
from budget_tui.storage.unit_of_work import DatabaseReader
from tests.databases import Address, Engine
from tests.services.planning import LATER, PlanHome, as_json, home_with_tree, percents, plan_of, planning_home, units_of

USUAL = ("DEPT-ENG", "cloud", "20000", "2026-02")


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return home_with_tree(engine, LATER)


def demonstration(address: Address) -> None:
    load_demo(planning_home(address).services.context)


@pytest.fixture
def acme(engine: Engine) -> PlanHome:
    return planning_home(engine.new(demonstration), "acme", date(2026, 3, 31))


# Bugs of the views and of what they read


def test_bug_1_an_organizations_budgets_are_found_by_its_key_whatever_it_is_called(home: PlanHome) -> None:
    home.plan(*USUAL)
    home.services.organizations.add(NewOrganization("default_prod", "Another", "EUR", "UTC"))
    assert [len(home.in_organization(slug).listed()) for slug in ("default", "default_prod")] == [1, 0]


def test_bug_2_each_budget_counts_its_own_days(home: PlanHome) -> None:
    for month in ("2026-01", "2026-02", "2026-03", "2026-Q1"):
        home.plan("DEPT-ENG", "cloud", "100", month)
    for day, amount in (
        ("2025-12-31", "1"),
        ("2026-01-01", "2"),
        ("2026-01-31", "4"),  # last days count
        ("2026-02-28", "8"),
        ("2026-03-31", "16"),
        ("2026-04-01", "32"),
    ):
        home.spent("DEPT-ENG", amount, day)
    found = {line.budget.period.start.month + line.budget.period.days / 1000: line for line in home.summary().lines}
    actual = {key: units_of(line.figures.actual, line.budget.budget_type) for key, line in found.items()}
    assert actual == {1.031: 6, 2.028: 8, 3.031: 16, 1.09: 30}


@pytest.mark.both_engines
def test_bug_3_levels_are_data(home: PlanHome) -> None:
    home.services.entities.add_level("squad", "team", "Squad")
    home.services.entities.import_placements([Placement("SQUAD-1", "Squad one", "squad", "TEAM-BACKEND")])
    budget = home.plan("SQUAD-1", "cloud", "10")
    assert budget.level_code == "squad"
    home.spent("SQUAD-1", "3", "2026-02-01")
    home.plan("DEPT-ENG", "cloud", "100")
    assert home.actuals() == {"DEPT-ENG cloud": 3, "SQUAD-1 cloud": 3}


def test_bug_4_a_duplicate_is_found_by_its_dates(home: PlanHome) -> None:
    home.plan(*USUAL)
    with pytest.raises(Conflict, match=r"budget for February 2026 already, of \$20,000\.00; change that one$"):
        home.plan(*USUAL)
    home.plan("DEPT-ENG", "cloud", "20000", "2026-03")
    assert len(home.listed()) == 2


def test_bug_5_amounts_are_json_numbers_to_the_digit(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "0.3")
    home.spent("DEPT-ENG", "0.1", "2026-02-01")
    home.spent("DEPT-ENG", "0.000000002", "2026-02-02")
    text = dumps(PlanSummary.from_domain(home.summary()))
    assert '"actual_amount": 0.100000002,' in text
    [line] = simplejson.loads(text, use_decimal=True)["budgets"]
    assert line["variance"] == Decimal("0.199999998")


def test_bug_6_total_is_every_category_also_where_nobody_planned_it(home: PlanHome) -> None:
    home.spent("DEPT-ENG", "1", "2026-03-05", "Google Cloud")
    home.spent("DEPT-ENG", "2", "2026-03-05", "OpenAI")
    home.spent("DEPT-ENG", "4", "2026-03-05", "Figma")
    found = home.by_category("DEPT-ENG")
    assert {name: part["actual"] for name, part in found.items()} == {
        "cloud": 1,
        "genai": 2,
        "subscription": 4,
        "total": 7,
    }
    home.plan("DEPT-ENG", "total", "10", "2026-03")
    assert home.by_category("DEPT-ENG")["total"]["actual"] == 7


def test_bug_7_what_is_spent_below_rolls_up_by_whole_segments(home: PlanHome) -> None:
    home.services.entities.import_placements([Placement("DEPT-ENG-2", "Other", "department", "ORG")])
    for entity in ("ORG", "DEPT-ENG", "PROJ-PLATFORM", "TEAM-BACKEND", "DEPT-ENG-2"):
        home.plan(entity, "cloud", "100")
    home.spent("TEAM-BACKEND", "5", "2026-02-01")
    home.spent("DEPT-ENG-2", "7", "2026-02-01")
    assert home.actuals() == {
        "ORG cloud": 12,
        "DEPT-ENG cloud": 5,
        "PROJ-PLATFORM cloud": 5,
        "TEAM-BACKEND cloud": 5,
        "DEPT-ENG-2 cloud": 7,
    }


@pytest.mark.parametrize(
    ("exported", "short"),
    [
        ("Google Cloud", "gcp"),
        ("Amazon Web Services", "aws"),
        ("AWS", "aws"),
        ("Microsoft Azure", "azure"),
        ("Oracle", "oci"),
        ("OCI", "oci"),
        ("Google AI", "gemini"),
        ("OpenAI", "openai"),
        ("Anthropic", "anthropic"),
        ("Snowflake", "snowflake"),  # nobody knows it: as it is, in any case
    ],
)
def test_bug_8_providers_are_matched_by_alias_in_both_directions(home: PlanHome, exported: str, short: str) -> None:
    assert home.plan("DEPT-ENG", "total", "100", provider=exported).provider == short
    home.spent("DEPT-ENG", "3", "2026-02-01", exported)
    assert home.actuals() == {f"DEPT-ENG total {short}": 3}
    assert home.by_provider("DEPT-ENG")[short]["actual"] == 3
    assert [len(home.listed(provider=name)) for name in (exported, short, "other")] == [1, 1, 0]


def test_bug_9_two_budgets_of_one_entity_have_an_actual_each(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "total", "100")
    home.plan("DEPT-ENG", "cloud", "60")
    home.plan("DEPT-ENG", "cloud", "30", provider="aws")
    home.plan("DEPT-ENG", "genai", "1000", budget_type="token")
    home.spent("DEPT-ENG", "1", "2026-02-01", "Google Cloud")
    home.spent("DEPT-ENG", "2", "2026-02-01", "AWS")
    home.spent("DEPT-ENG", "4", "2026-02-01", "OpenAI", tokens=500)
    [tokens, total] = home.tree().roots
    [cloud] = total.children
    [aws] = cloud.children
    assert [node.figures.actual for node in (total, cloud, aws)] == [7 * 10**9, 3 * 10**9, 2 * 10**9]
    assert tokens.figures.actual == 500


def test_bug_10_a_budget_of_one_provider_counts_that_one_only(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", provider="gcp")
    home.spent("DEPT-ENG", "1", "2026-02-01", "Google Cloud")
    home.spent("DEPT-ENG", "2", "2026-02-01", "AWS")
    assert home.actuals() == {"DEPT-ENG cloud gcp": 1}


def test_bug_11_a_provider_counts_within_entity_and_category(home: PlanHome) -> None:
    home.plan("TEAM-BACKEND", "genai", "100", provider="openai")
    home.spent("TEAM-BACKEND", "1", "2026-02-01", "OpenAI")
    home.spent("TEAM-FRONTEND", "2", "2026-02-01", "OpenAI")
    home.spent("TEAM-BACKEND", "4", "2026-02-01", "Google Cloud")
    found = home.by_provider("TEAM-BACKEND", category=Category.GENAI)
    assert found["openai"].pop("forecast")["median"] == 1
    assert found["openai"].pop("tokens_forecast") is None
    assert found == {
        "openai": {
            "budget": 100,
            "actual": 1,
            "variance": 99,
            "pct_used": 1,
            "status": "under",
            "tokens_budget": None,
            "tokens_actual": None,
            "seats_budget": None,
            "seats_actual": None,
            "not_budgeted": 0,
            "tokens_not_budgeted": None,
            "seats_not_budgeted": None,
            "left_out": [],
            "warnings": [],
            "period_start": "2026-01-01",
            "period_end": "2026-03-31",
            "periods": [{"period_start": "2026-01-01", "period_end": "2026-03-31"}],
            "data_through": "2026-03-31",
            "forecast_by": "2026-03-31",
            "tokens_forecast_by": None,
        }
    }


# Bugs of the chat tools


@pytest.mark.both_engines
def test_bug_c1_variance_compares_with_what_was_spent(acme: PlanHome) -> None:
    answer = as_json(PlanSummary.from_domain(acme.summary(entity_id="PROJ-PLATFORM")))
    [line] = answer["budgets"]
    assert (line["budget_amount"], line["actual_amount"], line["variance"]) == (20_000, 17_240, 2_760)
    assert (line["pct_used"], line["status"]) == (Decimal("86.2"), "approaching")


def test_bug_c2_the_summary_compares_with_what_was_spent(acme: PlanHome) -> None:
    answer = as_json(PlanSummary.from_domain(acme.summary()))
    assert {name: answer["totals"][name] for name in ("budget_total", "actual_total", "variance")} == {
        "budget_total": 175_000,
        "actual_total": 74_222,
        "variance": 100_778,
    }
    assert (answer["total_budget"], answer["total_actual"]) == (175_000, 74_222)
    assert (answer["budgets_over"], answer["budgets_approaching"], answer["budgets_under"]) == (2, 4, 6)


def test_bug_c3_is_active_has_three_answers(home: PlanHome) -> None:
    kept, deleted = home.plan(*USUAL), home.plan("DEPT-OPS", "cloud", "1")
    home.services.plans.delete(deleted.budget_id)
    found = {active: {budget.budget_id for budget in home.listed(is_active=active)} for active in (True, False, None)}
    assert found == {
        True: {kept.budget_id},
        False: {deleted.budget_id},
        None: {kept.budget_id, deleted.budget_id},
    }


@pytest.mark.parametrize("text", ["'; DROP TABLE budget; --", "1 OR 1=1", "%", "{limit}"])
def test_bug_h1_nothing_that_is_asked_for_becomes_sql(home: PlanHome, text: str) -> None:
    home.plan(*USUAL)
    assert home.listed(search=text) == home.listed(provider=text) == home.listed(currency=text) == []
    with pytest.raises(Exception, match="there is no"):
        home.listed(entity_id=text)
    assert len(home.listed()) == 1
    page = home.services.plan_views.list(limit=1, offset=0)
    assert (len(page.budgets), page.total) == (1, 1)


# What its users asked


def test_trouble_actual_shows_0_without_costs_and_no_more_when_they_are_mapped(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100")
    assert home.actuals() == {"DEPT-ENG cloud": 0}
    home.spent("TEAM-FRONTEND", "3", "2026-02-01")
    assert home.actuals() == {"DEPT-ENG cloud": 3}


@pytest.mark.both_engines
def test_trouble_child_sum_above_the_parent_is_warned_about_and_never_blocked(home: PlanHome) -> None:
    children = percents(DEPT_ENG="60", DEPT_OPS="40")
    made = home.services.plans.allocate(plan_of("ORG", "cloud", "100"), children)
    assert made.warnings == ()
    outcome = home.services.plans.update(made.children[0].budget.budget_id, PlanChange(amount=90 * 10**9))
    [warning] = outcome.warnings
    assert warning == ("Default's cloud budget for Q1 2026: its children have $130.00, $30.00 more than its $100.00")
    assert home.tree().warnings == (warning,)
    assert home.tree().roots[0].unallocated == -30 * 10**9


def test_trouble_budget_not_appearing_is_a_matter_of_the_period_asked_for(home: PlanHome) -> None:
    home.plan(*USUAL)
    assert len(home.listed(period_start=date(2026, 2, 1))) == 1
    assert home.listed(period_start=date(2026, 1, 1)) == []


def test_trouble_token_budget_without_token_data_says_so_instead_of_0(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "25M", budget_type="token", provider="openai")
    home.spent("DEPT-ENG", "3", "2026-02-01", "OpenAI")
    [line] = as_json(PlanSummary.from_domain(home.summary()))["budgets"]
    assert (line["actual_amount"], line["variance"], line["status"]) == (None, None, None)
    home.spent("DEPT-ENG", "3", "2026-02-01", "OpenAI", tokens=0)
    assert home.actuals() == {"DEPT-ENG genai openai token": 0}


def test_trouble_currency_mismatch_is_left_out_and_named(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", currency="EUR")
    home.spent("DEPT-ENG", "3", "2026-02-01")
    found = home.summary()
    assert [line.figures.actual for line in found.lines] == [0]
    assert found.warnings == ("1 cost in USD ($3.00) left out: there is no usable exchange rate to EUR",)


def test_trouble_delete_is_done_and_done_once(home: PlanHome) -> None:
    budget = home.plan(*USUAL)
    assert home.services.plans.delete(budget.budget_id).warnings == ()
    with pytest.raises(Refused, match="was deleted"):
        home.services.plans.delete(budget.budget_id)
    assert not home.services.plans.get(budget.budget_id).is_active


def test_trouble_budgets_of_another_type_are_no_duplicates(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "100")
    home.plan("DEPT-ENG", "genai", "100", budget_type="token")
    home.plan("DEPT-ENG", "genai", "100", provider="openai")
    assert len(home.listed()) == 3


def test_trouble_update_of_a_deleted_budget_is_refused(home: PlanHome) -> None:
    budget = home.plan(*USUAL)
    home.services.plans.delete(budget.budget_id)
    with pytest.raises(Refused, match="was deleted"):
        home.services.plans.update(budget.budget_id, PlanChange(amount=1))
    assert home.services.plans.get(budget.budget_id).amount == 20_000 * 10**9


@pytest.mark.sqlite
def test_trouble_n_plus_1_the_costs_are_read_once_for_all_budgets(
    acme: PlanHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements() -> int:
        asked: list[str] = []
        reader = DatabaseReader(database_at(acme.address))
        with reader.session() as session:
            session.connection.driver.set_trace_callback(asked.append)
        monkeypatch.setattr(acme.services.plan_views, "_reader", reader)
        acme.services.plan_views.summary()
        reader.close()
        return sum("SELECT" in statement for statement in asked)

    statements()  # the first of a program asks for what the driver can do
    before = statements()
    assert before > 3
    for month in range(1, 13):
        for entity in ("DEPT-ENG", "DEPT-OPS", "TEAM-BACKEND"):
            acme.plan(entity, "cloud", "5", f"2026-{month:02}")
    assert statements() == before


def test_trouble_ui_always_creates_monetary_all_types_are_made(home: PlanHome) -> None:
    made = [
        home.plan("DEPT-ENG", "genai", "25M", budget_type="token"),
        home.plan("DEPT-ENG", "subscription", "15", budget_type="seat", provider="figma"),
        home.plan("DEPT-ENG", "subscription", "15"),
    ]
    assert [(budget.budget_type, budget.amount) for budget in made] == [
        ("token", 25_000_000),
        ("seat", 15),
        ("monetary", 15 * 10**9),
    ]


# The demonstration gives the numbers it is said to give


def test_the_demonstration_has_twelve_budgets_seven_of_them_cloud(acme: PlanHome) -> None:
    assert len(acme.listed()) == 12
    assert len(acme.listed(category=Category.CLOUD)) == 7


def test_the_demonstrations_tree_begins_with_the_organization_and_its_three_departments(acme: PlanHome) -> None:
    top = acme.tree().roots[0]
    assert top.budget.entity_id == "ORG"
    assert [(node.budget.entity_id, node.budget.amount // 10**9) for node in top.children] == [
        ("DEPT-DS", 30_000),
        ("DEPT-ENG", 45_000),
        ("DEPT-OPS", 15_000),
    ]
    assert (top.allocated_to_children // 10**9, top.unallocated // 10**9) == (90_000, 10_000)


def test_the_demonstration_has_tokens_and_seats(acme: PlanHome) -> None:
    assert acme.actuals()["TEAM-MLOPS genai anthropic token"] == 41_200_000
    assert acme.by_provider("TEAM-FRONTEND")["figma"]["seats_actual"] == 30
