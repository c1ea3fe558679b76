"""Planning: budgets made, changed, taken out, and allocated from the top down."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlannedBudget
from budget_tui.domain.plan_results import PlanAllocation
from budget_tui.domain.tree import Placement
from budget_tui.presentation.audit import changes
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.plans import PlanChange
from tests.databases import Engine, change
from tests.services.conftest import shown, usd
from tests.services.planning import TREE, PlanHome, amounts, home_with_tree, name_of, percents, plan_of, planning_home

FEBRUARY = Period(date(2026, 2, 1), date(2026, 2, 28))


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return home_with_tree(engine)


def planned(home: PlanHome) -> dict[str, int]:
    """Whole dollars by budget."""
    return {name_of(budget): budget.amount // 10**9 for budget in home.listed()}


def allocated(home: PlanHome) -> PlanAllocation:
    return home.services.plans.allocate(plan_of("ORG", "cloud", "1000"), percents(DEPT_ENG="45", DEPT_OPS="30"))


# Making one


@pytest.mark.both_engines
def test_a_budget_is_kept_as_it_was_asked_for(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "20000", "2026-02", "Google Cloud", notes=" machines ")
    found = home.services.plans.get(made.budget_id)
    assert found == made
    assert (found.entity_name, found.path, found.level_code) == ("Engineering", "/ORG/DEPT-ENG/", "department")
    assert (found.amount, found.currency, found.provider, found.notes) == (usd("20000"), "USD", "gcp", "machines")
    assert (found.period_kind, found.period) == ("monthly", FEBRUARY)
    assert (found.created_by, found.updated_by, found.updated_at) == ("anna", None, None)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (plan_of("NOBODY", "cloud", "1"), "there is no entity 'NOBODY'"),
        (plan_of("DEPT-ENG", "cloud", "-1"), "negative"),
        (plan_of("DEPT-ENG", "cloud", "1", currency="dollars"), "not a currency"),
        (plan_of("DEPT-ENG", "cloud", "1", budget_type="token"), "no token budgets"),
        (plan_of("DEPT-ENG", "cloud", "1", provider="two\nlines"), "control characters"),
        (plan_of("DEPT-ENG", "cloud", "1", provider="x" * 121), "1 to 120"),
        (
            BudgetPlan("DEPT-ENG", plan_of("x", "cloud", "1").category, 1, PeriodKind.YEARLY, FEBRUARY),
            "is not yearly",
        ),
    ],
)
def test_nonsense_is_refused_and_nothing_is_kept(home: PlanHome, plan: BudgetPlan, words: str) -> None:
    with pytest.raises((Refused, NotFound), match=words):
        home.services.plans.create(plan)
    assert home.listed(is_active=None) == []


@pytest.mark.both_engines
def test_nothing_is_planned_for_who_was_archived(home: PlanHome) -> None:
    home.services.entities.archive("TEAM-BACKEND")
    with pytest.raises(NotFound, match="archived"):
        home.plan("TEAM-BACKEND", "cloud", "1")


def test_the_same_key_plans_once(home: PlanHome) -> None:
    plan = plan_of("DEPT-ENG", "cloud", "10")
    first, again = (home.services.plans.create(plan, key="k").budget for _ in range(2))
    assert first == again
    with pytest.raises(Conflict, match="another request"):
        home.services.plans.create(plan_of("DEPT-ENG", "cloud", "11"), key="k")


@pytest.mark.both_engines
def test_a_budget_is_found_by_the_beginning_of_its_id(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "1")
    assert home.services.plans.get(made.budget_id[:8]) == made
    for text in ("", "zzzz", "%"):
        with pytest.raises(NotFound):
            home.services.plans.get(text)


def test_an_ambiguous_beginning_is_refused(home: PlanHome) -> None:
    for number in range(17):  # more than there are hexadecimal digits
        home.plan("DEPT-ENG", "cloud", "1", f"20{30 + number}")
    firsts = [budget.budget_id[0] for budget in home.listed()]
    twice = next(sign for sign in firsts if firsts.count(sign) > 1)
    with pytest.raises(Refused, match=f"begins with '{twice}'"):
        home.services.plans.get(twice)


# The cycle and the plan are one


def test_planning_the_running_months_total_sets_the_global_budget(home: PlanHome) -> None:
    assert home.listed() == []  # what the cycle opened by itself is no plan
    home.plan("ORG", "total", "500", "2026-01")
    assert home.snapshot.total.allocation == usd("500")
    assert planned(home) == {"ORG total": 500}
    with pytest.raises(Conflict):
        home.plan("ORG", "total", "600", "2026-01")


def test_the_next_month_opens_with_what_was_planned_for_it(home: PlanHome) -> None:
    home.budget("500")
    home.allocate("PROJ-PLATFORM", "100")
    home.plan("ORG", "total", "800", "2026-02")
    home.plan("PROJ-PLATFORM", "total", "150", "2026-02")
    february = home.on("2026-02-02")
    february.services.periods.catch_up()
    assert february.snapshot.total.allocation == usd("800")
    assert february.allocations == {"PROJ-PLATFORM": "150", "pool": "650"}
    march = home.on("2026-03-02")
    march.services.periods.catch_up()
    assert march.allocations == {"PROJ-PLATFORM": "150", "pool": "650"}


def test_what_comes_along_makes_of_a_planned_amount_no_more_than_can_be_stored(home: PlanHome) -> None:
    """Else the period could never close, and no command would be carried out any more."""
    home.budget("500")
    home.carry("unspent")
    home.plan("ORG", "total", "9000000000", "2026-02")
    february = home.on("2026-02-02")
    february.services.periods.catch_up()
    assert february.snapshot.total.allocation == usd("9000000000")


def test_what_was_planned_for_a_project_is_its_allocation_when_it_comes_back(home: PlanHome) -> None:
    home.budget("500")
    home.services.entities.import_placements([Placement("PROJ-LATE", "Late", "project", "DEPT-OPS")])
    home.plan("PROJ-LATE", "total", "70", "2026-02")
    home.services.projects.archive("PROJ-LATE")
    february = home.on("2026-02-02")
    february.add("PROJ-LATE")
    assert february.allocations == {"PROJ-PLATFORM": "0", "PROJ-LATE": "70", "pool": "430"}


def test_the_running_months_total_can_be_allocated_to_projects(home: PlanHome) -> None:
    made = home.services.plans.allocate(plan_of("ORG", "total", "500", "2026-01"), percents(PROJ_PLATFORM="40"))
    assert home.allocations == {"PROJ-PLATFORM": "200", "pool": "300"}
    assert made.unallocated == usd("300")


def test_the_global_budget_is_changed_and_deleted_like_any_other(home: PlanHome) -> None:
    made = home.plan("ORG", "total", "500", "2026-01")
    home.services.plans.update(made.budget_id, PlanChange(amount=usd("600")))
    assert home.snapshot.total.allocation == usd("600")
    home.services.plans.delete(made.budget_id)
    assert home.listed() == []
    assert home.snapshot.total.allocation == 0


def test_a_budget_of_the_cycle_keeps_its_period_and_a_closed_one_its_amount(home: PlanHome) -> None:
    made = home.plan("ORG", "total", "500", "2026-01")
    with pytest.raises(Refused, match="recurs"):
        home.services.plans.update(made.budget_id, PlanChange(period_kind=PeriodKind.MONTHLY, period=FEBRUARY))
    later = planning_home(home.address, today=date(2026, 2, 2))
    with pytest.raises(Refused, match="is closed"):
        later.services.plans.update(made.budget_id, PlanChange(amount=1))


def test_a_closed_period_takes_no_budget_of_what_was_archived_in_it(home: PlanHome) -> None:
    home.services.agents.add("scout", "PROJ-PLATFORM")
    later = planning_home(home.address, today=date(2026, 2, 2))
    for of in (("ORG", "total", "500"), ("PROJ-PLATFORM", "total", "5"), ("scout", "genai", "9", "", "token")):
        entity, category, amount, *rest = of
        with pytest.raises(Conflict, match="January 2026 is closed"):
            later.plan(entity, category, amount, "2026-01", *rest)
    later.plan("DEPT-ENG", "cloud", "100", "2026-01")
    later.plan("ORG", "genai", "100", "2026-01")
    later.plan("ORG", "total", "100", "2026-01", "aws")
    assert later.services.history.periods(1)[0].budget == 0
    assert [entry.action for entry in later.log[:3]] == ["plan.create"] * 3


def test_a_total_that_a_period_opens_with_is_planned_in_the_organizations_currency(home: PlanHome) -> None:
    for entity in ("ORG", "PROJ-PLATFORM"):
        for month in ("2026-01", "2026-02", "2027-05"):
            with pytest.raises(Refused, match="plan its total in USD"):
                home.plan(entity, "total", "500", month, currency="EUR")
    for entity, category, period in (
        ("DEPT-ENG", "total", "2026-02"),
        ("ORG", "cloud", "2026-02"),
        ("ORG", "total", "2026"),
    ):
        home.plan(entity, category, "500", period, currency="EUR")
    quarter = home.plan("ORG", "total", "500", "2026-Q3", currency="EUR")
    with pytest.raises(Refused, match="plan its total in USD"):
        home.services.plans.update(quarter.budget_id, PlanChange(period_kind=PeriodKind.MONTHLY, period=FEBRUARY))


def test_a_total_in_another_currency_that_is_there_nevertheless_is_deleted_with_an_entry(home: PlanHome) -> None:
    home.budget("100")
    made = home.plan("ORG", "total", "500", "2026-02")
    change(home.address, "UPDATE budget SET currency = 'EUR' WHERE budget_id = ?", made.budget_id)
    later = planning_home(home.address, today=date(2026, 2, 2))
    assert shown(later.snapshot.total.allocation) == "100"
    later.services.periods.catch_up()
    assert shown(later.snapshot.total.allocation) == "100"
    deleted = next(entry for entry in later.log if entry.action == "plan.delete")
    assert deleted.before is not None
    assert (deleted.before["amount"], deleted.before["currency"]) == ("500", "EUR")


# Changing one


def test_a_change_leaves_the_rest(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "100", notes="old")
    changed = home.services.plans.update(made.budget_id, PlanChange(amount=usd("120"))).budget
    assert changed == made._replace(amount=usd("120"), updated_by="anna", updated_at=changed.updated_at)
    moved = home.services.plans.update(
        made.budget_id, PlanChange(provider="AWS", notes="", period_kind=PeriodKind.MONTHLY, period=FEBRUARY)
    ).budget
    assert (moved.provider, moved.notes, moved.period) == ("aws", "", FEBRUARY)


def test_a_change_cannot_make_a_duplicate(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "cloud", "100", provider="aws")
    other = home.plan("DEPT-ENG", "cloud", "50")
    with pytest.raises(Conflict, match="aws budget for Q1 2026 already"):
        home.services.plans.update(other.budget_id, PlanChange(provider="aws"))


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "100")
    for seen in (made.amount, made.created_at):
        home.services.plans.update(made.budget_id, PlanChange(amount=usd("100")), seen=seen)
    changed = home.services.plans.update(made.budget_id, PlanChange(amount=usd("110"))).budget
    for seen in (made.amount, made.created_at):
        with pytest.raises(Conflict, match=r"is \$110\.00 by now"):
            home.services.plans.update(made.budget_id, PlanChange(amount=1), seen=seen)
    assert home.services.plans.update(
        made.budget_id, PlanChange(amount=usd("1")), seen=changed.updated_at
    ).budget.amount


def test_children_are_kept_or_rescaled_with_theirs(home: PlanHome) -> None:
    made = allocated(home)
    home.services.plans.delete(made.children[0].budget.budget_id)
    engineering = home.services.plans.allocate(plan_of("DEPT-ENG", "genai", "100"), percents(PROJ_PLATFORM="50"))
    home.services.plans.update(made.parent.budget_id, PlanChange(amount=usd("2000")))
    assert planned(home)["DEPT-OPS cloud"] == 300
    outcome = home.services.plans.update(made.parent.budget_id, PlanChange(amount=usd("1000")), rescale=True)
    assert [(child.entity_id, child.amount) for child in outcome.rescaled] == [("DEPT-OPS", usd("150"))]
    outcome = home.services.plans.update(engineering.parent.budget_id, PlanChange(amount=usd("10")), rescale=True)
    assert planned(home)["PROJ-PLATFORM genai"] == 5


def test_a_child_is_allocated_further_and_rescaling_reaches_grandchildren(home: PlanHome) -> None:
    top = home.services.plans.allocate(plan_of("ORG", "cloud", "1000"), percents(DEPT_ENG="50"))
    below = home.services.plans.allocate(plan_of("DEPT-ENG", "cloud", "500"), percents(TEAM_BACKEND="20"))
    assert below.parent.budget_id == top.children[0].budget.budget_id
    home.services.plans.update(top.parent.budget_id, PlanChange(amount=usd("500")), rescale=True)
    assert planned(home) == {"ORG cloud": 500, "DEPT-ENG cloud": 250, "TEAM-BACKEND cloud": 50}


def test_a_part_of_an_allocation_keeps_its_period(home: PlanHome) -> None:
    made = allocated(home)
    for budget in (made.parent, made.children[0].budget):
        with pytest.raises(Refused, match="part of an allocation"):
            home.services.plans.update(budget.budget_id, PlanChange(provider="aws"))


# Taking one out


def test_what_was_allocated_from_a_deleted_budget_stays(home: PlanHome) -> None:
    made = allocated(home)
    outcome = home.services.plans.delete(made.parent.budget_id)
    assert outcome.warnings == ("2 budgets allocated from it stay",)
    assert planned(home) == {"DEPT-ENG cloud": 450, "DEPT-OPS cloud": 300}
    assert len(home.tree().roots) == 2


@pytest.mark.both_engines
def test_what_a_deleted_child_had_is_unallocated_again(home: PlanHome) -> None:
    made = allocated(home)
    home.services.plans.delete(made.children[0].budget.budget_id)
    [root] = home.tree().roots
    assert (root.allocated_to_children, root.unallocated) == (usd("300"), usd("700"))
    home.plan("DEPT-ENG", "cloud", "1")  # there is room for another one


# From the top down


def test_an_allocation_makes_parent_children_and_records(home: PlanHome) -> None:
    made = allocated(home)
    assert planned(home) == {"ORG cloud": 1000, "DEPT-ENG cloud": 450, "DEPT-OPS cloud": 300}
    assert made.unallocated == usd("250")
    assert [child.budget.parent_id for child in made.children] == [made.parent.budget_id] * 2
    rows = home.rows("SELECT allocation_id, amount FROM allocation ORDER BY amount DESC")
    assert rows[:2] == [(child.allocation_id, child.budget.amount) for child in made.children]


def test_children_have_the_parents_category_type_provider_currency_and_period(home: PlanHome) -> None:
    made = home.services.plans.allocate(
        plan_of("ORG", "genai", "10M", "2026", "openai", "token", "EUR", "for all"), percents(DEPT_ENG="33.3")
    )
    [child] = [child.budget for child in made.children]
    assert (child.category, child.budget_type, child.provider, child.currency) == ("genai", "token", "openai", "EUR")
    assert (child.period, child.amount, child.notes) == (made.parent.period, 3_330_000, "")


def test_amounts_above_the_parent_are_warned_about(home: PlanHome) -> None:
    made = home.services.plans.allocate(
        plan_of("ORG", "cloud", "100"), amounts([("DEPT-ENG", "80"), ("DEPT-OPS", "30")])
    )
    assert made.unallocated == usd("-10")
    assert made.warnings == (
        "Default's cloud budget for Q1 2026: its children have $110.00, $10.00 more than its $100.00",
    )


@pytest.mark.parametrize(
    ("entity", "children", "words"),
    [
        ("ORG", percents(DEPT_ENG="60", DEPT_OPS="50"), "at most 100"),
        ("ORG", [*percents(DEPT_ENG="10"), *percents(DEPT_ENG="20")], "twice"),
        ("DEPT-ENG", percents(DEPT_OPS="10"), "not below"),
        ("DEPT-ENG", percents(DEPT_ENG="10"), "not below"),
        ("ORG", percents(DEPT_ENG="10", TEAM_BACKEND="10"), "is a child, too"),
        ("ORG", [ChildShare("DEPT-ENG", Fraction(1)), ChildShare("DEPT-OPS", amount=1)], "percentages or amounts"),
        ("ORG", percents(NOBODY="10"), "there is no entity"),
        ("ORG", [], "needs children"),
    ],
)
def test_an_allocation_is_made_whole_or_not_at_all(
    home: PlanHome, entity: str, children: list[ChildShare], words: str
) -> None:
    with pytest.raises((Refused, NotFound), match=words):
        home.services.plans.allocate(plan_of(entity, "cloud", "100"), children)
    assert home.listed(is_active=None) == []


def test_a_child_that_has_such_a_budget_already_stops_the_whole_allocation(home: PlanHome) -> None:
    home.plan("DEPT-OPS", "cloud", "5")
    with pytest.raises(Conflict, match="Operations's cloud budget"):
        allocated(home)
    assert planned(home) == {"DEPT-OPS cloud": 5}


def test_the_same_key_allocates_once(home: PlanHome) -> None:
    plan, children = plan_of("ORG", "cloud", "100"), percents(DEPT_ENG="50")
    first, again = (home.services.plans.allocate(plan, children, key="k") for _ in range(2))
    assert first == again
    assert len(home.listed()) == 2


# Who did what, and for whom


def test_every_change_is_on_record(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "100")
    home.services.plans.update(made.budget_id, PlanChange(amount=usd("120")))
    home.services.plans.update(made.budget_id, PlanChange(amount=usd("120")))  # changes nothing
    home.services.plans.delete(made.budget_id)
    entries = [entry for entry in reversed(home.log) if entry.action.startswith("plan.")]
    assert [(entry.action, entry.actor, entry.subject) for entry in entries] == [
        (action, "anna", f"DEPT-ENG {made.budget_id}") for action in ("plan.create", "plan.update", "plan.delete")
    ]
    create, update, delete = entries
    assert (create.before, delete.after) == (None, None)
    assert update.before is not None
    assert update.after is not None
    assert (update.before["amount"], update.after["amount"]) == ("100", "120")


def test_an_allocation_is_one_change(home: PlanHome) -> None:
    allocated(home)
    assert len({entry.change for entry in home.log if entry.action.startswith("plan.")}) == 1


@pytest.mark.both_engines
def test_no_organization_reaches_anothers_plan(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "100")
    home.services.organizations.add(NewOrganization("other", "Other", "USD", "UTC"))
    other = home.in_organization("other")
    other.services.entities.import_placements(TREE)
    for attempt in (
        lambda: other.services.plans.get(made.budget_id),
        lambda: other.services.plans.update(made.budget_id, PlanChange(amount=1)),
        lambda: other.services.plans.delete(made.budget_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    other.plan("DEPT-ENG", "cloud", "7")
    other.spent("DEPT-ENG", "5", "2026-01-05")
    assert (planned(other), planned(home)) == ({"DEPT-ENG cloud": 7}, {"DEPT-ENG cloud": 100})
    assert (other.actuals(), home.actuals()) == ({"DEPT-ENG cloud": 5}, {"DEPT-ENG cloud": 0})


# Taking back


def test_what_was_planned_is_taken_back_and_done_again(home: PlanHome) -> None:
    home.plan("DEPT-ENG", "genai", "10M", budget_type="token", provider="openai", notes="models")
    made = allocated(home)
    home.services.plans.update(made.parent.budget_id, PlanChange(amount=usd("500")), rescale=True)
    home.services.plans.delete(made.children[1].budget.budget_id)

    def state() -> list[object]:
        return [budget._replace(updated_by=None, updated_at=None) for budget in home.listed()]

    states = [state()]
    for _ in range(4):
        home.services.undo.undo()
        states.append(state())
    assert [len(found) for found in states] == [3, 4, 4, 1, 0]
    assert {name: planned_in(states[2])[name] for name in ("ORG cloud", "DEPT-ENG cloud", "DEPT-OPS cloud")} == {
        "ORG cloud": 1000,
        "DEPT-ENG cloud": 450,
        "DEPT-OPS cloud": 300,
    }
    for before in reversed(states[:-1]):
        home.services.undo.redo()
        assert state() == before
    [root, _] = home.tree().roots
    assert (root.allocated_to_children, root.unallocated) == (usd("225"), usd("275"))


def test_what_somebody_changed_since_is_not_taken_back(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "100")
    other = PlanHome(Services(replace(home.services.context, actor="ben"), Settings()))
    other.services.plans.update(made.budget_id, PlanChange(amount=usd("120")))
    with pytest.raises(Conflict, match="was changed since"):
        home.services.undo.undo()
    assert planned(home) == {"DEPT-ENG cloud": 120}


def planned_in(state: list[object]) -> dict[str, int]:
    return {name_of(budget): budget.amount // 10**9 for budget in state if isinstance(budget, PlannedBudget)}


def test_the_trail_shows_what_an_update_changed_alone(home: PlanHome) -> None:
    made = home.plan("DEPT-ENG", "cloud", "20000", "2026-02")
    home.services.plans.update(made.budget_id, PlanChange(amount=usd("25000")))
    assert changes(home.services.audit.newest(1)[0]) == "amount 20000 → 25000"
