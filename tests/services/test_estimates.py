"""Estimates over a real database: the bill for them counts in their place, and they stay visible beside it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import InsufficientBudget
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.audit import changes
from budget_tui.presentation.audit_sentences import sentence
from budget_tui.presentation.messages import import_report, warnings
from budget_tui.schemas.costs import ImportReportOut
from budget_tui.services.cost_details import actual_of
from budget_tui.services.estimates import replaced_estimates
from budget_tui.services.holds import Settlement
from budget_tui.services.imports import ImportRequest
from tests.services.conftest import Home, home_at, shown, usd
from tests.services.planning import bill, plan_of

PROJECTS, VENDORS = ("pcc", "web"), ("openai", "anthropic")
MAKER = {"scout": "openai", "clerk": "anthropic"}
BILL_HEADER = (
    "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ServiceProviderName"
)
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
DAY = "2026-01-13"


@pytest.fixture
def office(home: Home) -> Home:
    """A home with two projects, on the afternoon of `DAY`."""
    office = home.at(f"{DAY} 15:00")
    office.budget("1000")
    office.add("pcc", "web", allocate="400")
    return office


def later(office: Home, day: str = "2026-01-14") -> Home:
    return office.at(f"{day} 09:00")


def settled(office: Home, amount: str, provider: str = "openai", project: str = "pcc") -> None:
    held = office.services.holds.hold(project, usd(amount))
    office.services.holds.settle(held.hold_id, Settlement(usd(amount), provider=provider))


def beside(office: Home) -> list[tuple[str, str, list[str]]]:
    """The estimates that do not count: provider, amount, what was billed."""
    with office.services.context.reading() as session:
        organization = office.services.context.organization(session)
        return [
            (each.provider, shown(each.amount), [shown(bill.amount) for bill in each.bills])
            for each in replaced_estimates(session, organization, JANUARY)
        ]


@pytest.mark.both_engines
def test_a_bill_counts_in_the_place_of_the_estimate_for_every_reading(office: Home) -> None:
    settled(office, "5")
    settled(office, "2")
    settled(office, "3", "anthropic")
    assert (office.spent["pcc"], beside(office)) == ("10", [])
    office = later(office)
    preview = bill(office.services, ("pcc", "6.40", "USD", DAY, "OpenAI"), dry_run=True)
    assert "2 estimates of $7.00 would be replaced: pcc $7.00" in import_report(preview, dry_run=True, how_to_map="")
    assert (office.spent["pcc"], beside(office)) == ("10", [])
    report = bill(office.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert "2 estimates of $7.00 replaced: pcc $7.00" in import_report(report, dry_run=False, how_to_map="")
    assert beside(office) == [("openai", "7", ["6.4"])]
    services = office.services
    assert office.spent["pcc"] == "9.4"
    assert shown(services.forecasts.current().snapshot.total.spent) == "9.4"
    services.forecasts.close()
    actual = services.cost_details.of_entity("pcc", JANUARY)
    groups, page = services.cost_details.groups(actual), services.cost_details.page(actual)
    services.cost_details.close()
    assert (shown(groups.total), groups.count, shown(page.total)) == ("9.4", 2, "9.4")
    assert (page.count, page.replaced, len(page.lines)) == (2, 1, 3)
    assert [shown(line.estimated) for line in page.lines if line.estimated is not None] == ["7"]
    explained = services.explain.of_project("pcc")
    counting = [(group.source, shown(group.amount), group.costs) for group in explained.counting]
    assert counting == [("bill", "6.4", 1), ("holds", "3", 1)]
    [finding] = [each for each in explained.left_out if each.reason == "estimated"]
    assert (finding.amount, finding.costs) == (usd("7"), 1)
    assert "$6.40 billed by openai counts instead, $0.60 less" in finding.text
    services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("10", [])
    services.undo.redo()
    assert (office.spent["pcc"], len(beside(office))) == ("9.4", 1)
    imported = "bill.csv imported, $6.40 in 1 row, 2 estimates of $7.00 replaced by the bill"
    removed = "bill.csv removed again, 2 estimates of $7.00 counting again"
    assert [sentence(entry, "USD", {}) for entry in office.log[:3]] == [imported, removed, imported]
    assert (office.log[0].after or {})["estimates_replaced"] == {"count": 2, "of": {"pcc": {"USD": "7"}}}
    assert changes(office.log[0]).endswith("estimates_replaced 2 (pcc 7 USD)")
    assert office.log[3].action == "cost.add"
    assert office.services.database.check().problems == ()


def test_an_act_is_one_entry_however_many_estimates_and_days_it_concerns(office: Home) -> None:
    days = [f"2026-01-{day:02}" for day in range(2, 14)]
    for day in days:
        settled(office.at(f"{day} 15:00"), "2")
        settled(office.at(f"{day} 15:00"), "1", project="web")
    office = later(office)
    of_everything = [("nobody", "5", "USD", day, "Acme") for day in days]
    entries = len(office.log)
    acts: list[tuple[Callable[[], object], str]] = [
        (lambda: bill(office.services, *of_everything), "bill.csv imported, $60.00 in 12 rows"),
        (lambda: office.services.costs.name_provider("Acme", "openai"), "24 estimates of $36.00 replaced by the bill"),
        (
            lambda: office.services.costs.map_to_project("web", "provider", "Acme"),
            "12 estimates of $24.00 counting again",
        ),
        (office.services.undo.undo, "12 estimates of $24.00 replaced by the bill"),
        (office.services.undo.undo, "24 estimates of $36.00 counting again"),
        (office.services.undo.redo, "24 estimates of $36.00 replaced by the bill"),
    ]
    for number, (act, words) in enumerate(acts, 1):
        act()
        assert len(office.log) == entries + number
        assert sentence(office.log[0], "USD", {}).endswith(words)
    assert office.services.database.check().problems == ()


@pytest.mark.parametrize(
    ("provider", "cost", "counts"),
    [
        ("openai", ("pcc", "1", "USD", "2026-01-12", "OpenAI"), "6"),
        ("openai", ("pcc", "1", "USD", DAY, "Anthropic"), "6"),
        ("openai", ("web", "1", "USD", DAY, "OpenAI"), "5"),
        ("", ("pcc", "1", "USD", DAY, "OpenAI"), "6"),
        ("openai", ("nobody", "1", "USD", DAY, "OpenAI"), "0"),
        ("openai", ("ORG", "1", "USD", DAY, "OpenAI"), "0"),
        ("OpenAI, LLC", ("pcc", "1", "USD", DAY, "OpenAI"), "1"),
        ("openai", ("pcc", "1", "USD", DAY, "Azure OpenAI"), "1"),
        ("Azure OpenAI", ("pcc", "1", "USD", DAY, "OpenAI"), "6"),
        ("anthropic", ("pcc", "1", "USD", DAY, "Azure OpenAI"), "6"),
        ("openai", ("pcc", "0", "USD", DAY, "OpenAI"), "5"),
        ("openai", ("pcc", "-1", "USD", DAY, "OpenAI"), "4"),
    ],
)
def test_only_a_bill_of_the_same_vendor_day_and_project(
    office: Home, provider: str, cost: tuple[str, str, str, str, str], counts: str
) -> None:
    """Where one of the two names no project, projects are not compared."""
    settled(office, "5", provider)
    bill(later(office).services, cost)
    assert later(office).spent["pcc"] == counts


def test_a_bill_for_a_day_that_has_not_ended_replaces_nothing(office: Home) -> None:
    """Otherwise ten cents of this morning would let a project spend without bounds until the evening."""
    bill(office.services, ("pcc", "0.10", "USD", DAY, "OpenAI"))
    settled(office, "390")
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])
    with pytest.raises(InsufficientBudget):
        office.services.holds.hold("pcc", usd("10"))
    office = later(office)
    office.budget("1001")
    assert office.spent["pcc"] == "390.1"
    same = ("pcc", "0.10", "USD", DAY, "OpenAI")
    assert [bill(office.services, same).unchanged for _ in range(2)] == [False, True]
    assert (office.spent["pcc"], beside(office)) == ("0.1", [("openai", "390", ["0.1"])])
    office.services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])
    bill(office.services, ("pcc", "380", "USD", DAY, "OpenAI"))
    assert (office.spent["pcc"], beside(office)) == ("380", [("openai", "390", ["380"])])
    office.services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])


def test_a_day_that_one_only_looks_at_has_not_ended_either(office: Home) -> None:
    as_of = office.on(DAY)
    settled(as_of, "390")
    same = ("pcc", "0.10", "USD", DAY, "OpenAI")
    bill(as_of.services, same)
    assert as_of.spent["pcc"] == "390.1"
    day_after = office.on("2026-01-14")
    imported = [bill(day_after.services, same) for _ in range(2)]
    assert [(each.unchanged, each.estimates_replaced) for each in imported] == [(False, 1), (True, 0)]
    for turn, spent in ((None, "0.1"), ("undo", "390.1"), ("redo", "0.1")):
        if turn:
            getattr(day_after.services.undo, turn)()
        assert (day_after.spent["pcc"], len(beside(day_after))) == (spent, spent == "0.1")


def test_what_is_settled_for_a_day_that_was_billed_is_replaced_at_once(office: Home) -> None:
    held = office.at("2026-01-31 23:59").services.holds.hold("pcc", usd("5"))
    office = later(office, "2026-02-01")
    bill(office.services, ("pcc", "6.40", "USD", "2026-01-31", "OpenAI"))
    assert office.services.holds.settle(held.hold_id, Settlement(usd("5"), provider="openai")).is_billed
    assert beside(office) == [("openai", "5", ["6.4"])]
    assert office.services.undo.undo().what == ("pcc: 1 cost recorded, $5.00, 1 estimate of $5.00 replaced by the bill")
    assert beside(office) == []
    office.services.undo.redo()
    assert beside(office) == [("openai", "5", ["6.4"])]
    assert office.services.database.check().problems == ()


def test_no_bill_is_too_late_to_come_or_to_go(office: Home) -> None:
    settled(office, "5")
    office = later(office, "2026-04-03")
    bill(office.services, ("pcc", "6", "USD", DAY, "OpenAI"))
    assert beside(office) == [("openai", "5", ["6"])]
    office = later(office, "2026-04-28")
    office.services.undo.undo()
    assert beside(office) == []
    [january] = [each for each in office.services.history.periods(12) if each.period == JANUARY]
    assert (shown(january.spent), january.restated) == ("5", 0)


def test_a_bill_that_cannot_be_converted_replaces_nothing_until_there_is_a_rate(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("pcc", "6", "EUR", DAY, "OpenAI"))
    assert (office.spent["pcc"], beside(office)) == ("5", [])
    office.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 1))
    assert (office.spent["pcc"], beside(office)) == ("9", [("openai", "5", ["6"])])


def test_explanations_name_who_billed_and_what_counts(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("", "100", "USD", DAY, "OpenAI"))
    [finding] = [each for each in office.services.explain.of_project("pcc").left_out if each.reason == "estimated"]
    assert finding.text == "of openai, estimated: a bill of $100.00 by openai that names no project is there"
    assert finding.do.startswith("budget-tui cost map pcc --provider openai gives it all of that")


@pytest.mark.both_engines
def test_a_bill_that_names_no_project_says_what_it_takes_from_which_until_it_is_mapped(office: Home) -> None:
    """The sum is the bill's, and unmapped costs are nobody's: so projects are told what they had, and what to do."""
    settled(office, "5")
    settled(office, "2", project="web")
    settled(office, "1", "anthropic", project="web")
    office = later(office)
    whole = ("", "6.40", "USD", DAY, "OpenAI")
    preview = bill(office.services, whole, dry_run=True)
    taken = "count in none: pcc $5.00, web $2.00"
    assert any(line.endswith(f"would {taken}") for line in import_report(preview, dry_run=True, how_to_map=""))
    assert office.snapshot.displaced == ()
    report = bill(office.services, whole)
    assert "the bill names no project, so that what it replaces counts in none: pcc $5.00, web $2.00" in import_report(
        report, dry_run=False, how_to_map=""
    )
    assert ImportReportOut.from_domain(report).estimates_without_project == {
        "pcc": {"USD": Decimal(5)},
        "web": {"USD": Decimal(2)},
    }
    assert office.spent == {"pcc": "0", "web": "1", "all": "7.4"}
    warning = "the bill of openai names no project, so that what it replaced counts in none: pcc $5.00, web $2.00"
    assert warning in warnings(office.snapshot)
    assert [shown(each.amount) for each in office.services.costs.displaced()] == ["5", "2"]
    office.services.costs.map_to_project("pcc", "provider", "openai")
    assert (office.spent["pcc"], office.spent["web"]) == ("6.4", "3")
    assert warnings(office.snapshot) == [] == [*office.services.costs.displaced()]
    office.services.undo.undo()
    assert warning in warnings(office.snapshot)
    assert later(office, "2026-02-03").snapshot.displaced == ()


def test_a_closed_period_stands_and_is_restated(office: Home) -> None:
    settled(office, "5")
    february = later(office, "2026-02-03")
    february.services.periods.catch_up()
    bill(february.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("5", "-1")


def test_tokens_have_no_estimates(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    actual = office.services.cost_details.of_entity("pcc", JANUARY, budget_type=BudgetType.TOKEN)
    assert office.services.cost_details.page(actual).lines == ()
    office.services.cost_details.close()


def consume(office: Home, tokens: int, agent: str = "scout") -> None:
    office.services.agents.consume(agent, tokens)


def with_agents(office: Home) -> Home:
    """With two agents of pcc and one of web, at $1 for a thousand tokens."""
    for agent, project, model in (
        ("scout", "pcc", "gpt-5"),
        ("clerk", "pcc", "claude-4"),
        ("cook", "web", "azure/gpt"),
    ):
        office.services.agents.add(agent, project, model=model, tokens=10**9)
        office.services.token_prices.set(model, {TokenKind.INPUT: 1000 * NANOS})
    return office


@pytest.mark.both_engines
def test_the_price_of_agents_tokens_is_an_estimate(office: Home) -> None:
    """It is 0 while the bill is there, also when the price changes meanwhile."""
    office = with_agents(office)
    consume(office, 5000)
    consume(office, 3000, "clerk")
    office = later(office)
    consume(office, 100)
    assert office.spent["pcc"] == "8.1"
    report = bill(office.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert report.estimates_replaced == 1
    assert (office.spent["pcc"], beside(office)) == ("9.5", [("openai", "5", ["6.4"])])
    prices = office.services.token_prices
    outcome = prices.set("gpt-5", {TokenKind.INPUT: 2000 * NANOS}, date(2026, 1, 13))
    assert (outcome.days, shown(outcome.changed_nanos)) == (1, "0.1")  # the bill's day does not change
    assert (office.spent["pcc"], beside(office)) == ("9.6", [("openai", "10", ["6.4"])])
    assert office.services.agents.get("scout").used_tokens == 5100
    office.services.undo.undo()
    office.services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("8.1", [])
    assert office.services.database.check().problems == ()


def test_a_price_for_past_days_is_an_estimate_of_days_that_were_billed(office: Home) -> None:
    office.services.agents.add("scout", "pcc", model="gpt-5", tokens=10**9)
    consume(office, 5000)
    office = later(office)
    bill(office.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert office.services.token_prices.set("gpt-5", {TokenKind.INPUT: 1000 * NANOS}, date(2026, 1, 1)).days == 0
    assert (office.spent["pcc"], beside(office)) == ("6.4", [("openai", "5", ["6.4"])])


def test_a_machine_of_a_cloud_is_no_bill_for_its_models(office: Home) -> None:
    office = with_agents(office)
    consume(office, 5000, "cook")
    office = later(office)
    bill(office.services, ("web", "1", "USD", DAY, "Microsoft"))
    assert office.spent["web"] == "6"
    bill(office.services, ("web", "1", "USD", DAY, "Azure OpenAI"))
    assert office.spent["web"] == "1"


def billed_tokens(office: Home, entity: str, tokens: int, provider: str) -> None:
    header = f"{BILL_HEADER},ConsumedQuantity,ConsumedUnit"
    row = f"{entity},6.40,USD,{DAY}T00:00:00Z,2026-01-01T00:00:00Z,{provider},{tokens},Tokens"
    path = office.folder / "tokens.csv"
    path.write_text(f"{header}\n{row}\n", "utf-8")
    office.services.imports.run(ImportRequest((str(path),), source="tokens"))


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("entity", "provider", "of_project", "of_openai", "of_all"),
    [
        ("pcc", "OpenAI", 7000, 4000, 7500),  # clerk's 3,000 of Anthropic and cook's 500 are on no bill
        ("pcc", "Azure OpenAI", 7000, 0, 7500),
        ("scout", "OpenAI", 7000, 4000, 7500),
        ("", "OpenAI", 8000, 5000, 7500),  # whose they were is not known
    ],
)
def test_tokens_on_a_bill_count_instead_of_those_that_agents_used(
    office: Home, entity: str, provider: str, of_project: int, of_openai: int, of_all: int
) -> None:
    office = with_agents(office)
    for agent, tokens in (("scout", 5000), ("clerk", 3000), ("cook", 500)):
        consume(office, tokens, agent)
    for of, for_provider in (("pcc", ""), ("pcc", "openai"), ("ORG", "")):
        office.services.plans.create(plan_of(of, "genai", "1M", "2026-01", for_provider, "token"))
    office = later(office)
    billed_tokens(office, entity, 4000, provider)
    views = office.services.plan_views
    tokens_only = PlanFilter(budget_type=BudgetType.TOKEN)
    lines = {(line.budget.entity_id, line.budget.provider): line for line in views.summary(tokens_only).lines}
    used = {key: line.figures.actual for key, line in lines.items()}
    assert (used["pcc", ""], used["pcc", "openai"], used["ORG", ""]) == (of_project, of_openai, of_all)
    assert used["scout", ""] == (4000 if entity == "scout" else 5000)
    forecasts = views.forecasts([line.budget for line in lines.values()])
    details, explain = office.services.cost_details, office.services.explain
    for line in lines.values():
        assert forecasts[line.budget.budget_id].median >= (line.figures.actual or 0)
        page = details.page(actual_of(line.budget, ""))
        assert page.total == sum(of.counted for of in page.lines) == (line.figures.actual or 0)
        explained = explain.of_planned(line.budget.budget_id)
        assert sum(group.amount for group in explained.counting) == (line.figures.actual or 0)
    views.close()
    details.close()


VENDOR = st.sampled_from((*VENDORS, "openai"))
PROJECT = st.sampled_from((*PROJECTS, "pcc"))
OPERATIONS = st.one_of(
    st.tuples(st.just("consume"), st.sampled_from(("scout", "clerk", "scout")), st.integers(1, 9)),
    st.tuples(st.just("settle"), PROJECT, VENDOR, st.integers(1, 9)),
    *[st.tuples(st.just("bill"), PROJECT, VENDOR, st.sampled_from((1, 0, 2)))] * 2,
    st.just(("wait",)),
    st.just(("undo",)),
)


@settings(max_examples=6, deadline=None, phases=set(Phase) - {Phase.shrink})  # shrinking would take minutes
@given(st.lists(OPERATIONS, min_size=12, max_size=20))
def test_only_the_highest_rank_counts_in_whatever_order_they_come_and_go(operations: list[tuple[Any, ...]]) -> None:
    """Of a vendor's costs of a project and a day: the bill once the day is over, else the estimates."""
    with TemporaryDirectory() as folder:
        office = home_at(Path(folder) / "budget.db", date(2026, 1, 13)).at(f"{DAY} 15:00")
        office.budget("100000")
        office.add(*PROJECTS, allocate="1000")
        with_agents(office)
        day, changes = 13, list[tuple[str, tuple[str, str, int], int, int]]()  # kind, of what, dollars, entered on
        for number, (kind, *of) in enumerate(operations):
            if kind == "wait":
                day += 1
                office = office.at(f"2026-01-{day} 15:00")
            elif kind == "consume":
                consume(office, of[1] * 1000, of[0])
                changes.insert(0, ("used", ("pcc", MAKER[of[0]], day), of[1], day))  # which no undo reaches
            elif kind == "settle":
                settled(office, str(of[2]), of[1], of[0])
                changes.append(("settled", (of[0], of[1], day), of[2], day))
            elif kind == "bill":
                of_day = max(13, day - of[2])
                row = f"{of[0]},{number + 1},USD,2026-01-{of_day}T00:00:00Z,2026-01-01T00:00:00Z,{of[1]}"
                path = office.folder / "bill.csv"
                path.write_text(f"{BILL_HEADER}\n{row}\n", "utf-8")
                office.services.imports.run(ImportRequest((str(path),), source="bill", part=f"part {number}"))
                changes.append(("billed", (of[0], of[1], of_day), number + 1, day))
            elif changes and changes[-1][0] != "used":
                office.services.undo.undo()
                changes.pop()
        final = {key for kind, key, _, on in changes if kind == "billed" and on > key[2]}
        for project in PROJECTS:
            counts = [of[2] for of in changes if of[1][0] == project and (of[0] == "billed" or of[1] not in final)]
            assert office.spent[project] == str(sum(counts))
        assert office.services.database.check().problems == ()
