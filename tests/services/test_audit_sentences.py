"""The last changes of a project in words, whatever was done to it, undone and redone."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.audit import AuditFilter
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.audit_sentences import sentence
from budget_tui.services.alerts import NewRule, RuleEdit
from budget_tui.services.costs import CostEntry
from budget_tui.services.plans import PlanChange
from budget_tui.services.recurring import NewFee
from tests.services.conftest import Home, usd

NAMES = {"pcc": "PCC", "videonest-api": "VideoNest API"}


def last(home: Home, subject: str) -> str:
    [entry] = home.services.audit.newest(1, only=AuditFilter(whole_subject=subject))
    return sentence(entry, "USD", NAMES)


def newest(home: Home) -> str:
    [entry] = home.services.audit.newest(1)
    return sentence(entry, "USD", NAMES)


def test_every_change_of_a_project_reads_as_a_sentence(seed: Home) -> None:
    services = seed.services
    seed.allocate("pcc", "+20")
    assert last(seed, "pcc") == "allocated $150.00 → $170.00"
    seed.transfer("pcc", "videonest-api", "30")
    assert (last(seed, "pcc"), last(seed, "videonest-api")) == ("$30.00 to VideoNest API", "$30.00 from PCC")
    services.undo.undo()
    assert (last(seed, "pcc"), last(seed, "videonest-api")) == ("$30.00 from VideoNest API", "$30.00 to PCC")
    services.undo.redo()
    assert last(seed, "pcc") == "$30.00 to VideoNest API"
    seed.transfer("pool", "pcc", "5")
    assert last(seed, "pcc") == "$5.00 from unallocated"
    services.costs.add(CostEntry("pcc", usd("7"), date(2026, 1, 9)))
    assert last(seed, "pcc") == "1 cost recorded, $7.00"
    services.undo.undo()
    assert last(seed, "pcc") == "1 cost removed, $7.00"
    seed.carry("unspent", cap="5", project="pcc")
    assert last(seed, "pcc") == "carry-over none → unspent, at most $5.00"
    services.projects.rename("pcc", "Production")
    assert last(seed, "pcc") == "renamed from pcc to Production"
    services.entities.enforce("pcc", True)
    assert last(seed, "pcc") == "money enforced"
    services.undo.undo()
    assert last(seed, "pcc") == "money no longer enforced"
    services.projects.archive("pcc")
    assert last(seed, "pcc") == "archived, $145.00 unallocated"


def test_other_changes_read_as_sentences_whichever_way_they_are_made(seed: Home) -> None:
    services, day = seed.services, date(2026, 1, 13)
    services.entities.add("ENG", level="department")
    services.agents.add("scout", "pcc", model="m1", tokens=1000)
    plan = BudgetPlan(
        "ENG", Category.GENAI, usd("100"), PeriodKind.MONTHLY, Period(date(2026, 1, 1), date(2026, 1, 31))
    )
    planned = services.plans.create(plan).budget.budget_id
    rule = services.alerts.add(NewRule(AlertKind.SHARE, ("50",), scope="pcc")).rule.rule_key
    services.recurring.add(NewFee("pcc", usd("20"), on_day=20, name="Rent"))
    made: list[tuple[Callable[[], object], str, str]] = [
        (
            lambda: services.agents.top_up("scout", 500),
            "allocated 1,000 → 1,500 tokens",
            "allocated 1,500 → 1,000 tokens",
        ),
        (
            lambda: services.agents.rename("scout", "Scout"),
            "renamed from scout to Scout",
            "renamed from Scout to scout",
        ),
        (
            lambda: services.agents.set_carry("scout", CarryPolicy.UNSPENT, 100),
            "carry-over none → unspent, at most 100",
            "carry-over unspent, at most 100 → none",
        ),
        (
            lambda: services.token_prices.set("m1", {TokenKind.INPUT: usd("3"), TokenKind.OUTPUT: usd("15")}),
            "a million tokens: $3.00 input, $15.00 output, from Jan 13, 2026",
            "price removed, from Jan 13, 2026",
        ),
        (lambda: services.agents.archive("scout"), "archived with 1,000 tokens", "restored with 1,000 tokens"),
        (lambda: services.entities.move("pcc", "ENG"), "moved from ORG to ENG", "moved from ENG to ORG"),
        (
            lambda: services.fx.set("EUR", "USD", Decimal("1.1"), day),
            "rate 1.1 from Jan 13, 2026",
            "rate 1.1 removed from Jan 13, 2026",
        ),
        (
            lambda: services.seats.register("ENG", "openai", 5),
            "5 seats of openai from Jan 13, 2026",
            "no longer 5 seats of openai from Jan 13, 2026",
        ),
        (
            lambda: services.recurring.add(NewFee("pcc", usd("9"), on_day=20, name="Mail")),
            "$9.00 booked every month for PCC",
            "$9.00 no longer booked every month for PCC",
        ),
        (lambda: services.recurring.end("Rent"), "booked until Jan 13, 2026", "booked again, without an end"),
        (
            lambda: services.alerts.add(NewRule(AlertKind.LEFT, ("5",), scope="pcc")),
            "watches PCC: left $5.00",
            "no longer watches PCC: left $5.00",
        ),
        (
            lambda: services.alerts.edit(rule, RuleEdit(thresholds=("60",))),
            "watches PCC: share 60%",
            "watches PCC: share 50%",
        ),
        (
            lambda: services.costs.map_to_project("pcc", "sub_account", "123"),
            "mapped to PCC",
            "no longer mapped to PCC",
        ),
        (
            lambda: services.plans.update(planned, PlanChange(amount=usd("120"), notes="more")),
            "genai planned $100.00 → $120.00, notes – → more",
            "genai planned $120.00 → $100.00, notes more → –",
        ),
        (
            lambda: services.plans.delete(planned),
            "$100.00 no longer planned for genai, Jan 1 – Jan 31, 2026",
            "$100.00 planned for genai, Jan 1 – Jan 31, 2026",
        ),
    ]
    for make, said, undone in made:
        make()
        assert newest(seed) == said
        services.undo.undo()
        assert newest(seed) == undone
        services.undo.redo()
        assert newest(seed) == said
        services.undo.undo()
