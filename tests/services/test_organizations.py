"""Organizations: several in one database, none of which sees or changes another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from budget_tui.domain.access import Scope
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.period import PeriodKind, PeriodRule
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlanFilter
from budget_tui.domain.tokens import TokenKind
from budget_tui.domain.tree import Placement
from budget_tui.services.costs import CostEntry
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.period_rules import RuleChange
from budget_tui.services.plans import PlanChange
from tests.databases import Address, Engine
from tests.services.conftest import TODAY, Home, home_at, usd

Ask = Callable[[Home], object]


def of(home: Home, slug: str) -> Home:
    """The same database as another organization sees it."""
    services = home.services
    return Home(replace(services, context=replace(services.context, org_slug=slug)))


def on(home: Home, day: str) -> Home:
    """The same organization on another day."""
    return of(home.on(day), home.services.context.org_slug)


def plan(home: Home, entity: str, amount: str, **more: object) -> BudgetPlan:
    period = home.services.plans.period_named("2026-Q1")[1]
    return BudgetPlan(entity, Category.CLOUD, usd(amount), PeriodKind.QUARTERLY, period, **more)  # type: ignore[arg-type]


def furnish(home: Home) -> None:
    """The same names of everything in whichever organization."""
    services = home.services
    home.budget("500")
    services.entities.add("ENG", name="Engineering")
    services.entities.add("WEB", "ENG", name="Website")
    home.add("pcc", allocate="150")
    home.spend("pcc", "20", provider="Acme Cloud", key="k1")
    services.agents.add("scout", "pcc", tokens=1000)
    services.plans.create(plan(home, "ENG", "900"), key="k1")
    services.seats.register("ENG", "figma", 3)
    services.keys.create("ci", Scope.WRITE)
    services.fx.set("EUR", "USD", Decimal("1.1"))
    services.token_prices.set("opus", {TokenKind.INPUT: usd("0.01")})


def furnished(address: Address) -> None:
    home = home_at(address, TODAY)
    home.services.organizations.add(NewOrganization("acme", "Acme Inc"))
    for slug in ("default", "acme"):
        furnish(of(home, slug))


@pytest.fixture
def two(engine: Engine) -> Home:
    """The default organization beside one that has the same ids."""
    return home_at(engine.new(furnished), TODAY)


def only_plan(home: Home) -> str:
    """The id of the one planned budget that every organization begins with, deleted or not."""
    found = home.services.plan_views.list(PlanFilter(entity_id="ENG", is_active=None)).budgets
    return next(budget.budget_id for budget in found if budget.entity_id == "ENG" and not budget.provider)


QUESTIONS: dict[str, Ask] = {
    "snapshot": lambda home: home.services.snapshots.current(),
    "log": lambda home: home.services.audit.newest(100),
    "unmapped": lambda home: home.services.costs.unmapped(),
    "entities": lambda home: home.services.entities.active(),
    "levels": lambda home: home.services.entities.levels(),
    "agents": lambda home: home.services.agents.all(),
    "agent": lambda home: home.services.agents.get("scout"),
    "tokens": lambda home: home.services.agents.sums_of("pcc"),
    "prices": lambda home: home.services.token_prices.all(),
    "rates": lambda home: home.services.fx.rates(),
    "seats": lambda home: home.services.seats.registered(),
    "keys": lambda home: home.services.keys.all(),
    "history": lambda home: home.services.history.periods(10),
    "plans": lambda home: home.services.plan_views.list(),
    "plan": lambda home: home.services.plans.get(only_plan(home)),
    "summary": lambda home: home.services.plan_views.summary(),
    "tree": lambda home: home.services.plan_views.tree(),
    "by category": lambda home: home.services.plan_views.by_category(),
    "by provider": lambda home: home.services.plan_views.by_provider(),
}

COMMANDS: dict[str, Ask] = {
    "budget": lambda home: home.budget("700"),
    "allocate": lambda home: home.allocate("pcc", "200"),
    "transfer": lambda home: home.transfer("pcc", "pool", "10", key="k1"),
    "spend": lambda home: home.spend("pcc", "33", key="k2"),
    "spend again": lambda home: home.services.costs.add_all([CostEntry("WEB", usd("1")), CostEntry("pcc", usd("2"))]),
    "map": lambda home: home.services.costs.map_to_project("WEB", "provider", "Acme Cloud"),
    "alias": lambda home: home.services.costs.name_provider("Acme Cloud", "acme"),
    "category": lambda home: home.services.costs.put_into_category("Acme Cloud", Category.GENAI),
    "project": lambda home: home.add("new", allocate="10"),
    "project archive": lambda home: home.services.projects.archive("pcc"),
    "entity": lambda home: home.services.entities.add("OPS"),
    "entity move": lambda home: home.services.entities.move("WEB", "ORG"),
    "entity rename": lambda home: home.services.entities.rename("ENG", "Product"),
    "entity archive": lambda home: home.services.entities.archive("WEB"),
    "entity import": lambda home: home.services.entities.import_placements(
        [Placement("A"), Placement("pcc", "P", "", "A")]
    ),
    "level": lambda home: home.services.entities.add_level("division", "organization"),
    "org rename": lambda home: home.services.organizations.rename(home.services.context.org_slug, "Another"),
    "agent": lambda home: home.services.agents.consume("scout", 100, key="k1"),
    "agent allocate": lambda home: home.services.agents.allocate("scout", 5000),
    "agent hold": lambda home: home.services.agents.reserve("scout", 10),
    "price": lambda home: home.services.token_prices.set("opus", {TokenKind.INPUT: usd("0.05")}),
    "rate": lambda home: home.services.fx.set("EUR", "USD", Decimal("1.3")),
    "seats": lambda home: home.services.seats.register("ENG", "figma", 9),
    "key": lambda home: home.services.keys.create("other", Scope.READ),
    "period rule": lambda home: home.services.period_rules.set(RuleChange(anchor_day=15)),
    "plan": lambda home: home.services.plans.create(plan(home, "WEB", "100")),
    "plan allocate": lambda home: home.services.plans.allocate(
        plan(home, "ENG", "50", provider="aws"), [ChildShare("WEB", Fraction(40))]
    ),
    "plan update": lambda home: home.services.plans.update(only_plan(home), PlanChange(amount=usd("5"))),
    "plan delete": lambda home: home.services.plans.delete(only_plan(home)),
    "undo": lambda home: [home.budget("9"), home.services.undo.undo()],
    "close": lambda home: home.services.periods.close(),
    "catch up": lambda home: on(home, "2026-04-02").services.periods.catch_up(),
}


def answer(home: Home, name: str) -> object:
    try:
        return QUESTIONS[name](home)
    except NotFound as error:
        return str(error)


def answers(home: Home) -> dict[str, object]:
    with closed_afterwards(home):
        return {name: answer(home, name) for name in QUESTIONS}


def is_any_other(home: Home, expected: dict[str, object]) -> bool:
    """Whether some question has another answer than before; those behind the first such one are not asked."""
    with closed_afterwards(home):
        return any(answer(home, name) != before for name, before in expected.items())


@contextmanager
def closed_afterwards(home: Home) -> Iterator[None]:
    try:
        yield
    finally:
        for service in (home.services.snapshots, home.services.agents, home.services.plan_views):
            service.close()


@pytest.fixture(scope="module")
def at_first(engine: Engine) -> dict[str, dict[str, object]]:
    """What each organization is told before anything happens."""
    address = engine.new(furnished, lasting=True)
    return {slug: answers(of(home_at(address, TODAY), slug)) for slug in ("default", "acme")}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_one_organization_changes_no_answer_in_another(
    two: Home, at_first: dict[str, dict[str, object]], command: str
) -> None:
    other = of(two, "acme")
    COMMANDS[command](other)
    assert answers(of(two, "default")) == at_first["default"]
    assert is_any_other(on(other, "2026-04-02") if command == "catch up" else of(two, "acme"), at_first["acme"])


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_tells_nothing_of_an_organization_that_is_empty_of_it(two: Home, question: str) -> None:
    """A third organization without anything answers as it would alone in a database."""
    two.services.organizations.add(NewOrganization("empty", "Default"))
    third = of(two, "empty")
    try:
        told = str(QUESTIONS[question](third))
    except (NotFound, StopIteration):
        return
    for word in ("pcc", "ENG", "scout", "figma", "opus", "EUR", "ci"):
        assert f"'{word}'" not in told


@pytest.mark.parametrize(
    "command",
    [
        lambda home, other: other.services.plans.get(only_plan(home)),
        lambda home, other: other.services.plans.update(only_plan(home), PlanChange(amount=1)),
        lambda home, other: other.services.plans.delete(only_plan(home)),
        lambda home, other: other.services.keys.revoke(home.services.keys.all()[0].key_id),
        lambda home, other: other.services.agents.release(home.services.agents.reserve("scout", 5).reservation_id),
        lambda home, other: other.services.holds.release(home.services.holds.hold("pcc", 5).hold_id),
    ],
)
def test_the_id_of_what_another_organization_has_is_not_found(
    two: Home, command: Callable[[Home, Home], object]
) -> None:
    with pytest.raises(NotFound):
        command(two, of(two, "acme"))


def test_the_same_idempotency_key_is_another_one_in_another_organization(two: Home) -> None:
    for slug in ("default", "acme"):
        of(two, slug).spend("pcc", "7", key="same")
    assert two.spent["pcc"] == of(two, "acme").spent["pcc"] == "27"


def test_an_entity_cannot_go_to_another_organization(two: Home) -> None:
    two.services.entities.add("HERE")
    with pytest.raises(NotFound, match="there is no entity 'HERE'"):
        of(two, "acme").services.entities.move("WEB", "HERE")


# Making them


@pytest.mark.both_engines
def test_an_organization_is_made_as_asked(home: Home) -> None:
    made = home.services.organizations.add(
        NewOrganization("acme", "Acme Inc", "eur", "Asia/Tokyo", PeriodRule(PeriodKind.QUARTERLY, 1, 4))
    )
    assert home.services.organizations.all() == [made]
    acme = of(home, "acme")
    assert acme.budget("900") == 0
    snapshot = acme.snapshot
    assert (snapshot.organization.name, snapshot.organization.currency) == ("Acme Inc", "EUR")
    assert (snapshot.period.start, snapshot.period.end) == (date(2026, 1, 1), date(2026, 3, 31))
    assert acme.log[-1].action == "org.add"


def test_settings_say_what_is_left_out(fresh: Callable[..., Home]) -> None:
    home = fresh(new_currency="JPY", new_time_zone="Asia/Tokyo")
    made = home.services.organizations.add(NewOrganization("acme"))
    assert (made.name, made.currency, made.time_zone) == ("acme", "JPY", "Asia/Tokyo")


@pytest.mark.parametrize("slug", ["", "Acme", "-acme", "_acme", "a/b", "a b", "a.b", "größe", "x" * 64])
def test_a_slug_that_would_break_an_address_is_refused(home: Home, slug: str) -> None:
    with pytest.raises(Refused, match="cannot be a slug"):
        home.services.organizations.add(NewOrganization(slug))


def test_a_slug_is_taken_once(two: Home) -> None:
    with pytest.raises(Conflict, match="there is an organization 'acme' already"):
        two.services.organizations.add(NewOrganization("acme"))


@pytest.mark.both_engines
def test_another_name_is_the_roots_too_and_can_be_taken_back(two: Home) -> None:
    acme = of(two, "acme")
    acme.services.organizations.rename("acme", "Acme & Sons")
    assert acme.services.entities.active()[0].name == "Acme & Sons"
    acme.services.undo.undo()
    assert [known.name for known in acme.services.organizations.all()] == ["Acme Inc", "Default"]
    assert acme.services.entities.active()[0].name == "Acme Inc"
    with pytest.raises(NotFound):
        acme.services.organizations.rename("nobody", "x")


def test_that_it_was_made_stays(home: Home) -> None:
    home.services.organizations.add(NewOrganization("acme"))
    with pytest.raises(Refused, match="an organization stays"):
        of(home, "acme").services.undo.undo()
