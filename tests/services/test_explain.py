"""Why a number shows what it shows: what counts, what does not and why, how fresh that is."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.explain import Explained, Kind, Reason, named
from budget_tui.domain.tree import Placement
from budget_tui.presentation import explanations
from budget_tui.services.cost_details import actual_of
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from budget_tui.services.recurring import NewFee
from tests.databases import Engine, empty
from tests.examples import examples
from tests.services.conftest import TODAY, Home, usd
from tests.services.planning import PlanHome, planning_home

HEADER = (
    "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,ServiceProviderName,"
    "ServiceName,ServiceCategory,SubAccountId,Tags"
)


def bill(home: Home, *lines: str, source: str = "focus") -> None:
    """Imports costs: day, amount, currency, provider, service, service category, sub account, and a project tag."""
    rows = []
    for line in lines:
        day, amount, currency, provider, service, category, account, project = (
            part.strip() for part in line.split(",")
        )
        tags = f'"{{""project"": ""{project}""}}"' if project else ""
        moment = f"{day}T00:00:00Z"
        charged = f"{amount},{currency},{moment},{moment},{day[:7]}-01T00:00:00Z"
        rows.append(f"{charged},{provider},{service},{category},{account},{tags}")
    path = home.folder / f"{source}.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    home.services.imports.run(ImportRequest((str(path),), source=source))


def reasons(explained: Explained) -> list[Reason]:
    return [finding.reason for finding in explained.left_out]


def cause(explained: Explained) -> str:
    """The likeliest reason for a 0, with what to do."""
    first = explained.causes[0]
    return f"{explanations.finding(first)}; {first.do}"


@pytest.fixture
def plan(engine: Engine) -> PlanHome:
    home = planning_home(engine.new(empty))
    home.services.entities.import_placements(
        [
            Placement("DEPT-ENG", "Engineering", "department", "ORG"),
            Placement("PROJ-PLATFORM", "Platform", "project", "DEPT-ENG"),
            Placement("TEAM-MLOPS", "MLOps", "team", "PROJ-PLATFORM"),
        ]
    )
    return home


# The values are those of the screens


def test_the_values_are_those_of_the_snapshot(seed: Home) -> None:
    snapshot = seed.snapshot
    of_all = named(seed.services.explain.named().values)
    assert of_all["unallocated"].value.value == snapshot.unallocated == usd("80")
    assert of_all["spent"].value.value == snapshot.total.spent
    assert of_all["run-rate"].value.value == snapshot.total.run_rate
    for line in snapshot.projects:
        values = named(seed.services.explain.named(line.project_id).values)
        assert values["drip"].value.value == line.pace.daily_drip
        assert values["available-today"].value.value == line.pace.available_today
        assert values["burn"].value.value == line.pace.burn_rate
        assert values["runway"].value.value == line.pace.runway_days


@settings(max_examples=examples(4))
@given(data=st.data())
def test_what_counts_adds_up_to_what_is_shown(data: st.DataObject, engine: Engine) -> None:
    """Whatever the costs: of any project or none, in any currency, with or without a rate, in the period or not."""
    engine.clear()
    home = planning_home(engine.new(empty))
    home.budget("500")
    home.add("a", "b")
    home.services.projects.archive("b") if data.draw(st.booleans()) else None
    for pair_day in data.draw(st.lists(st.sampled_from(["2025-12-01", "2026-01-10"]), max_size=2, unique=True)):
        home.services.fx.set("EUR", "USD", Decimal("1.2345"), date.fromisoformat(pair_day))
    cost = st.tuples(
        st.sampled_from(["2025-12-31", "2026-01-01", "2026-01-09", "2026-01-13", "2026-01-31", "2026-02-01"]),
        st.decimals("-10", "100", places=3).map(str),
        st.sampled_from(["USD", "EUR", "CHF"]),
        st.sampled_from(["Google Cloud", "Anthropic", "Figma"]),
        st.just("s"),
        st.just(""),
        st.sampled_from(["a", "b", "nobody"]),
        st.just(""),
    )
    bill(home, *(",".join(each) for each in data.draw(st.lists(cost, min_size=1, max_size=8))))
    for project, day, is_once in data.draw(
        st.lists(
            st.tuples(st.just("a"), st.sampled_from(["2025-12-30", "2026-01-02", "2026-01-12"]), st.booleans()),
            max_size=4,
        )
    ):
        home.services.costs.add(CostEntry(project, usd("7"), date.fromisoformat(day), once=is_once))
    home.plan("a", "genai", "100", "2026-01")
    home.plan("ORG", "cloud", "100", "2026-01", provider="gcp")
    home.plan("ORG", "total", "100", "2026-Q1", currency="EUR")
    snapshot = home.snapshot
    shown = {"": snapshot.total.spent, **{line.project_id: line.pace.spent for line in snapshot.projects}}
    explainer = home.services.explain
    for subject, spent in shown.items():
        explained = explainer.named(subject)
        assert sum(group.amount for group in explained.counting) == spent
        values = named(explained.values)
        assert values["spent"].value.value == spent
        for key in ("burn", "run-rate"):
            in_window = sum(group.amount for group in explained.burning)
            assert values[key].terms["spent_in_the_window"].value == in_window
    for line in home.summary().lines:
        explained = explainer.of_planned(line.budget.budget_id)
        assert sum(group.amount for group in explained.counting) == line.figures.actual
        assert named(explained.values)["actual"].value.value == line.figures.actual


def test_it_says_what_is_true_of_the_end_of_the_money(seed: Home) -> None:
    def shown(home: Home, project: str) -> str:
        explained = home.services.explain.named(project)
        return explanations.value(named(explained.values)["runs-out"], explained.currency)

    assert (shown(seed, "python-api"), shown(seed, "dandelion")) == ("Jan 13, 2026", "not in this period")
    seed.spend("python-api", "12")
    assert shown(seed, "python-api") == "already spent"
    seed.add("new")
    assert shown(seed, "new") == "nothing to spend"


def test_the_run_rate_and_the_forecast_are_two_values(seed: Home) -> None:
    seed.services.recurring.add(NewFee("pcc", usd("20"), on_day=20, name="Hosting"))
    report = seed.services.forecasts.current()
    for subject, pace, forecast in (
        ("pcc", report.snapshot.project("pcc").pace, report.of("pcc")),
        ("", report.snapshot.total, report.total),
    ):
        values = named(seed.services.explain.named(subject).values)
        assert values["run-rate"].value.value == pace.run_rate
        assert values["forecast"].value.value == forecast.median == pace.run_rate + usd("20")
    seed.services.forecasts.close()


def test_a_snapshot_of_another_day_is_explained_on_that_day(seed: Home) -> None:
    later = seed.on("2026-01-30").services.explain.named("pcc")
    values = named(later.values)
    assert (values["drip"].value.value, values["available-today"].value.value) == (usd("45"), usd("22.5"))
    assert later.as_of == date(2026, 1, 30)


# Why does this show $0?


def test_actual_shows_0_because_the_costs_name_a_project_that_is_almost_this_one(home: Home) -> None:
    """Troubleshooting: actual shows $0, check the hierarchy mapping."""
    home.add("dandelion")
    bill(home, "2026-01-05, 1.20, USD, AWS, EC2, Compute, 4711, Dandelion-")
    bill(home, "2026-01-05, 7, USD, AWS, EC2, Compute, 4712, something", source="other")
    explained = home.services.explain.named("dandelion")
    assert "1 cost ($7.00) that found no entity" in [explanations.finding(found) for found in explained.left_out]
    home.services.projects.rename("dandelion", "Dandelion")
    bill(home, "2026-01-05, 1.20, USD, AWS, EC2, Compute, 4711, Dandelions")
    assert cause(home.services.explain.named("dandelion")) == (
        "1 cost ($1.20) with tag project 'Dandelions', which looks like dandelion, found no entity;"
        " budget-tui cost map dandelion --tag project=Dandelions"
    )


def test_actual_shows_0_because_there_are_no_costs(home: Home) -> None:
    home.add("pcc")
    assert "no costs are stored at all; budget-tui cost import" in cause(home.services.explain.named("pcc"))


def test_actual_shows_0_because_nothing_ever_named_the_project(seed: Home) -> None:
    assert "no cost ever named dandelion" in cause(seed.services.explain.named("dandelion"))


def test_actual_shows_0_because_the_costs_are_of_other_days(plan: PlanHome) -> None:
    plan.spent("TEAM-MLOPS", "5", "2025-12-31")
    plan.spent("TEAM-MLOPS", "5", "2026-02-01")
    budget = plan.plan("TEAM-MLOPS", "total", "100", "2026-01")
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert [finding.text for finding in explained.causes] == [
        "costs before the period, the nearest on Dec 31, 2025",
        "costs after the period, the nearest on Feb 1, 2026",
    ]


@pytest.mark.both_engines
def test_actual_shows_0_because_the_period_has_not_begun(plan: PlanHome) -> None:
    plan.spent("TEAM-MLOPS", "5", "2026-01-05")
    budget = plan.plan("TEAM-MLOPS", "total", "100", "2026-03")
    assert "the period begins on Mar 1, 2026" in cause(plan.services.explain.of_planned(budget.budget_id))


def test_actual_shows_0_because_the_data_ends_before_the_period(plan: PlanHome) -> None:
    bill(plan, "2025-12-20, 5, USD, AWS, EC2, Compute, TEAM-MLOPS, ")
    budget = plan.plan("TEAM-MLOPS", "total", "100", "2026-01")
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert "the data of focus ends on Dec 20, 2025, before the period begins" in [
        finding.text for finding in explained.causes
    ]
    [source] = explained.sources
    assert (source.source, source.is_live, source.latest_day) == ("focus", False, date(2025, 12, 20))
    assert source.imported_at is not None


def test_actual_shows_0_because_the_costs_are_of_another_category(plan: PlanHome) -> None:
    plan.spent("TEAM-MLOPS", "5", "2026-01-05", provider="Anthropic")
    budget = plan.plan("TEAM-MLOPS", "cloud", "100", "2026-01")
    assert "1 cost ($5.00) of category genai: this budget counts cloud" in cause(
        plan.services.explain.of_planned(budget.budget_id)
    )


def test_actual_shows_0_because_the_costs_are_of_another_provider(plan: PlanHome) -> None:
    """A name that the alias map knows is told with its short name; one that it does not can be given one."""
    plan.spent("TEAM-MLOPS", "5", "2026-01-05", provider="Google Cloud")
    plan.spent("TEAM-MLOPS", "3", "2026-01-05", provider="AWS Marketplace")
    budget = plan.plan("TEAM-MLOPS", "cloud", "100", "2026-01", provider="aws")
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert [(explanations.finding(found), found.do) for found in explained.causes] == [
        ("1 cost ($5.00) of 'Google Cloud', which counts as gcp: this budget counts aws", ""),
        (
            "1 cost ($3.00) of AWS Marketplace: this budget counts aws",
            "budget-tui cost alias 'AWS Marketplace' aws, if it is the same",
        ),
    ]


def test_actual_shows_0_because_a_cloud_bills_the_provider(plan: PlanHome) -> None:
    bill(plan, "2026-01-05, 5, USD, AWS, Amazon Bedrock, Analytics, TEAM-MLOPS, ")
    budget = plan.plan("TEAM-MLOPS", "genai", "100", "2026-01", provider="bedrock")
    assert cause(plan.services.explain.of_planned(budget.budget_id)) == (
        "1 cost ($5.00) of 'AWS', which counts as aws: this budget counts bedrock;"
        " who bills is the provider: plan for aws, category genai, to count bedrock on its bills"
    )


def test_the_alias_that_makes_a_cost_count_is_told(plan: PlanHome) -> None:
    plan.spent("TEAM-MLOPS", "5", "2026-01-05", provider="Google Cloud")
    budget = plan.plan("TEAM-MLOPS", "cloud", "100", "2026-01", provider="gcp")
    assert plan.services.explain.of_planned(budget.budget_id).rules == (
        "ServiceProviderName 'Google Cloud' counts as gcp",
    )


def test_currency_mismatch_a_budget_in_usd_and_costs_in_eur(plan: PlanHome) -> None:
    """Troubleshooting: currency mismatch. Without a rate it is told; with one, what was stated is told beside."""
    bill(plan, "2026-01-05, 10, EUR, AWS, EC2, Compute, TEAM-MLOPS, ")
    budget = plan.plan("TEAM-MLOPS", "cloud", "100", "2026-01")
    assert cause(plan.services.explain.of_planned(budget.budget_id)) == (
        "1 cost (€10.00) in EUR, without a usable rate to USD on their days;"
        " budget-tui fx set EUR USD RATE --on DAY, or fx import"
    )
    plan.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 1))
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert explained.causes == ()
    [group] = explained.counting
    assert (group.amount, group.stated, group.currency) == (usd("15"), usd("10"), "EUR")
    assert "€10.00 counted as $15.00" in explanations.group_line(group, explained)
    assert explained.rules == ("1 EUR counts as 1.5 USD, the rate of Jan 1, 2026",)


def test_token_budget_no_actual_because_the_provider_tells_no_tokens(plan: PlanHome) -> None:
    """Troubleshooting: token budget no actual."""
    plan.spent("TEAM-MLOPS", "5", "2026-01-05", provider="Anthropic")
    budget = plan.plan("TEAM-MLOPS", "genai", "50M", "2026-01", budget_type="token")
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert "1 cost ($5.00) whose source tells no tokens; export ConsumedQuantity" in cause(explained)
    assert named(explained.values)["actual"].value.value is None
    assert named(explained.values)["status"].value.value == "no data"
    plan.spent("TEAM-MLOPS", "5", "2026-01-06", provider="Anthropic", tokens=1000)
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert [(group.amount, group.source) for group in explained.counting] == [(1000, "manual")]
    assert explained.causes == ()


def test_a_seat_budget_without_seats(plan: PlanHome) -> None:
    budget = plan.plan("TEAM-MLOPS", "subscription", "15", "2026-01", budget_type="seat")
    assert "no seats are registered" in cause(plan.services.explain.of_planned(budget.budget_id))
    plan.services.seats.register("TEAM-MLOPS", "figma", 12, date(2026, 1, 1))
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert named(explained.values)["actual"].value.value == explained.counting[0].amount == 12


@pytest.mark.both_engines
def test_seats_that_were_given_up_before_the_period_do_not_count(plan: PlanHome) -> None:
    budget = plan.plan("TEAM-MLOPS", "subscription", "15", "2026-02", budget_type="seat")
    for seats, day in ((12, date(2025, 12, 1)), (5, date(2026, 1, 20)), (7, date(2026, 3, 1))):
        plan.services.seats.register("TEAM-MLOPS", "figma", seats, day)
    later = planning_home(plan.address, today=date(2026, 3, 31))
    explained = later.services.explain.of_planned(budget.budget_id)
    assert named(explained.values)["actual"].value.value == 5
    assert [(group.amount, group.first_day) for group in explained.counting] == [(5, date(2026, 2, 1))]
    behind = later.services.cost_details.page(actual_of(budget, ""))
    later.services.cost_details.close()
    assert [(line.day, line.counted) for line in behind.lines] == [(date(2026, 1, 20), 5)]


def test_child_sum_above_the_parent_is_told_where_it_is_unallocated(plan: PlanHome) -> None:
    """Troubleshooting: child sum > parent."""
    parent = plan.plan("DEPT-ENG", "cloud", "100", "2026-01")
    plan.plan("PROJ-PLATFORM", "cloud", "130", "2026-01")
    values = named(plan.services.explain.of_planned(parent.budget_id).values)
    assert values["allocated"].value.value == usd("130")
    assert explanations.worked(values["unallocated"], "USD") == "$100.00 − $130.00 = -$30.00"
    assert "you are warned, but not stopped" in values["unallocated"].notes[0]


@pytest.mark.both_engines
def test_budget_not_appearing_because_of_its_period_or_because_it_was_deleted(plan: PlanHome) -> None:
    """Troubleshooting: budget not appearing, wrong period filter."""
    budget = plan.plan("DEPT-ENG", "cloud", "100", "2026-Q1")
    assert plan.listed(period_start=date(2026, 2, 1)) == []
    explained = plan.services.explain.named("DEPT-ENG")
    amount = named(explained.values)["amount"]
    assert explanations.spans(amount, explained)[0] == (
        "only filters for this period list it: Jan 1 – Mar 31 (90 days, both ends included)"
    )
    plan.services.plans.delete(budget.budget_id)
    deleted = plan.services.explain.of_planned(budget.budget_id)
    assert "it was deleted" in named(deleted.values)["amount"].notes[0]


# What counts and what does not


def test_what_stands_above_is_not_handed_down_and_others_are_summed_up(plan: PlanHome) -> None:
    plan.spent("DEPT-ENG", "1", "2026-01-05")
    plan.spent("TEAM-MLOPS", "2", "2026-01-05")
    plan.add("elsewhere")
    plan.spent("elsewhere", "4", "2026-01-05")
    plan.add("gone")
    plan.spent("gone", "8", "2026-01-05")
    plan.services.projects.archive("gone")
    explained = plan.services.explain.named("PROJ-PLATFORM")
    assert [group.amount for group in explained.counting] == [usd("2")], "the team below counts"
    assert [explanations.finding(found) for found in explained.left_out] == [
        "1 cost ($1.00) of DEPT-ENG itself, which stands above: not handed down",
        "1 cost ($8.00) of archived entities",
        "1 cost ($4.00) of other entities",
    ]


@pytest.mark.both_engines
def test_in_the_total_everything_counts_unmapped_costs_too(seed: Home) -> None:
    bill(seed, "2026-01-05, 9, USD, AWS, EC2, Compute, 4711, ")
    explained = seed.services.explain.named()
    assert sum(group.amount for group in explained.counting) == usd("250")
    assert explained.left_out == ()


@pytest.mark.both_engines
def test_rules_that_map_to_a_project_are_told(home: Home) -> None:
    home.add("pcc")
    bill(home, "2026-01-05, 9, USD, AWS, EC2, Compute, 4711, ")
    home.services.costs.map_to_project("pcc", "sub_account", "4711")
    explained = home.services.explain.named("pcc")
    assert explained.rules == ("sub_account '4711' belongs to pcc",)
    assert explained.counting[0].amount == usd("9")


def test_a_group_is_told_by_source_provider_service_and_category_with_its_days(home: Home) -> None:
    home.add("pcc")
    bill(
        home,
        "2026-01-05, 9, USD, Google Cloud, Compute Engine, Compute, pcc, ",
        "2026-01-07, 1, USD, Google Cloud, Compute Engine, Compute, pcc, ",
    )
    explained = home.services.explain.named("pcc")
    [group] = explained.counting
    assert (group.days, group.costs) == (2, 2)
    assert explanations.group_line(group, explained) == (
        "$10.00  focus · gcp · Compute Engine · cloud: 2 costs on 2 days, Jan 5 – Jan 7"
    )
    bill(
        home,
        "2026-01-05, 9, USD, Google Cloud, Compute Engine, Compute, pcc, 1",
        "2026-01-07, 1, USD, Google Cloud, Compute Engine, Compute, pcc, 2",
    )
    explained = home.services.explain.named("pcc")
    assert "2 costs, Jan 5 – Jan 7" in explanations.group_line(explained.counting[0], explained), "on how many days?"


# Whom it is about


@pytest.mark.both_engines
def test_an_agent_and_a_closed_period(seed: Home) -> None:
    seed.services.agents.add("scout", "pcc", tokens=1000)
    seed.services.agents.consume("scout", 300)
    agent = seed.services.explain.named("scout")
    assert agent.kind is Kind.AGENT
    values = named(agent.values)
    assert (values["used"].value.value, values["available"].value.value) == (300, 700)
    later = seed.on("2026-02-03")
    later.services.periods.catch_up()
    later.spend("pcc", "5", on="2026-01-30")
    closed = later.services.explain.of_closed(date(2026, 1, 1))
    values = named(closed.values)
    assert values["spent"].value.value == usd("241")
    assert values["restated"].value.value == usd("5")
    assert sum(group.amount for group in closed.counting) == usd("246"), "as known by now"
    with pytest.raises(NotFound):
        later.services.explain.of_closed(date(2025, 1, 1))


def test_an_entity_with_several_budgets_names_them(plan: PlanHome) -> None:
    one = plan.plan("DEPT-ENG", "cloud", "100", "2026-01")
    plan.plan("DEPT-ENG", "genai", "100", "2026-01")
    with pytest.raises(Refused, match="has 2 budgets") as refused:
        plan.services.explain.named("DEPT-ENG")
    assert one.budget_id[:8] in refused.value.hint
    plan.services.entities.add("DEPT-NEW")
    with pytest.raises(NotFound, match="'DEPT-NEW' has no budget"):
        plan.services.explain.named("DEPT-NEW")


@pytest.mark.both_engines
def test_explaining_writes_nothing(seed: Home) -> None:
    before = seed.content
    for subject in ("", "pcc", "dandelion"):
        seed.services.explain.named(subject)
    assert seed.content == before


def test_another_organizations_costs_are_no_reason(plan: PlanHome) -> None:
    from budget_tui.services.organizations import NewOrganization

    plan.services.organizations.add(NewOrganization("acme", "Acme", "USD", "UTC"))
    acme = plan.in_organization("acme")
    acme.add("TEAM-MLOPS")
    acme.services.costs.add(CostEntry("TEAM-MLOPS", usd("5"), TODAY, Category.CLOUD))
    budget = plan.plan("TEAM-MLOPS", "cloud", "100", "2026-01")
    explained = plan.services.explain.of_planned(budget.budget_id)
    assert (explained.counting, explained.left_out, explained.sources) == ((), (), ())


@pytest.mark.both_engines
def test_a_sum_of_budgets_names_what_it_adds_and_what_it_leaves_out_for_which(plan: PlanHome) -> None:
    wide = plan.plan("DEPT-ENG", "cloud", "100", "2026-Q1", "gcp")
    across = plan.plan("TEAM-MLOPS", "cloud", "50", "2026-Q1")
    inside = plan.plan("PROJ-PLATFORM", "cloud", "70", "2026-01", "gcp")
    plan.spent("TEAM-MLOPS", "8", "2026-01-05")
    plan.spent("TEAM-MLOPS", "1", "2026-01-06", "AWS")
    ids = {budget.budget_id for budget in (wide, across, inside)}
    explained = plan.services.explain.of_sum("All budgets", BudgetType.MONETARY, "USD", ids)
    values = named(explained.values)
    assert (values["amount"].value.value, values["actual"].value.value) == (usd("150"), usd("9"))
    assert explanations.worked(values["actual"], "USD") == "$17.00 − $8.00 = $9.00"
    assert [(budget.amount, budget.actual, budget.within) for budget in explained.budgets] == [
        (usd("100"), usd("8"), ""),
        (usd("70"), usd("8"), "Engineering's cloud gcp budget for Q1 2026"),
        (usd("50"), usd("9"), ""),
    ]
    headline = plan.summary(category=Category.CLOUD).headline.total
    assert (headline.amount, headline.actual) == (usd("150"), usd("9")), "it is the sum that the screens show"
    plan.services.plans.delete(wide.budget_id)
    with pytest.raises(NotFound):
        plan.services.explain.of_sum("All budgets", BudgetType.MONETARY, "USD", {"gone"})


def test_what_counts_for_a_burn_rate_is_its_window_without_what_came_once(home: Home) -> None:
    home.budget("100")
    home.add("p", allocate="50")
    for amount, on, once in (("7", "2026-01-11", False), ("9", "2026-01-13", False), ("11", "2026-01-11", True)):
        home.services.costs.add(CostEntry("p", usd(amount), date.fromisoformat(on), once=once))
    explained = home.services.explain.named("p")
    assert [(group.amount, group.costs) for group in explained.burning] == [(usd("7"), 1)]
    assert [(finding.reason, finding.amount) for finding in explained.not_burning] == [
        (Reason.ONCE, usd("11")),
        (Reason.DATES, None),
    ]
    titles = {
        key: [title for title, _ in explanations.sections(explained, value) if title.startswith("What")]
        for key, value in named(explained.values).items()
    }
    assert titles["burn"] == ["What counts", "What does not count"]
    assert titles["drip"] == ["What counts"]
    for key in ("runway", "run-rate"):
        assert titles[key] == [
            "What counts",
            "What counts in the burn window",
            "What does not count in the burn window",
        ]


def test_a_burn_rate_counts_what_stands_below_now(home: Home) -> None:
    """As on every screen: of what was moved since the close of the period before, its whole window is here."""
    december = home.on("2025-12-31")
    december.budget("100")
    december.services.entities.add("eng", level="department")
    december.add("p", "q", allocate="20")
    december.services.entities.add("t", level="team", parent_id="q")
    december.spend("t", "14", on="2025-12-28")
    january = home.on("2026-01-02")
    january.spend("t", "7", on="2026-01-01")
    january.services.entities.move("t", "p")
    for subject in ("p", "q"):
        explained = january.services.explain.named(subject)
        in_window = named(explained.values)["burn"].terms["spent_in_the_window"].value
        assert sum(group.amount for group in explained.burning) == in_window
