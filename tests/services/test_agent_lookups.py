"""Who takes tokens again and again is spared what was looked up before, but never misses what changed since."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import InsufficientBudget, NotFound
from budget_tui.domain.tokens import TokenBalance, TokenKind
from budget_tui.services.clock import Clock, zone
from budget_tui.services.context import Context
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.period_rules import RuleChange
from budget_tui.storage.database import database_at
from budget_tui.storage.unit_of_work import Writers
from tests.databases import Engine, empty
from tests.services.agents_home import AgentHome
from tests.services.conftest import home_at

LAST_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Hand:
    """Moves a clock."""

    def __init__(self) -> None:
        self.moment = LAST_NOON


@dataclass(frozen=True, slots=True)
class MovedClock(Clock):
    hand: Hand = Hand()

    def today(self, time_zone: str) -> date:
        return self.hand.moment.astimezone(zone(time_zone)).date()

    def now(self) -> datetime:
        return self.hand.moment


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def kept(engine: Engine, hand: Hand) -> Iterator[Services]:
    """Services that keep what writes open; an agent with 1,000 tokens in January, 100 of them used in two goes."""
    database = database_at(engine.new(empty))
    services = Services(
        Context(database, "default", MovedClock(hand=hand), "anna", writers=Writers(database)), Settings()
    )
    services.projects.add("pcc")
    services.agents.add("scout", "pcc", model="m1", tokens=1000)
    services.agents.set_carry("scout", CarryPolicy.UNSPENT)
    services.agents.consume("scout", 40)
    services.agents.consume("scout", 60)
    yield services
    services.close()


@pytest.fixture(params=["the same connection", "another connection"])
def changing(kept: Services, request: pytest.FixtureRequest) -> Services:
    """Whose hands change something meanwhile."""
    if request.param == "the same connection":
        return kept
    return Services(replace(kept.context, writers=None), Settings())


def set_zone(services: Services, time_zone: str) -> None:
    services.period_rules.set(RuleChange(time_zone=time_zone))


@pytest.mark.parametrize(
    "archive",
    [lambda services: services.agents.archive("scout"), lambda services: services.projects.archive("pcc")],
    ids=["the agent", "its project"],
)
def test_what_was_archived_meanwhile_takes_no_more(
    kept: Services, changing: Services, archive: Callable[[Services], None]
) -> None:
    archive(changing)
    for take in (kept.agents.consume, kept.agents.reserve):
        with pytest.raises(NotFound, match="archived"):
            take("scout", 1)


def test_a_budget_changed_meanwhile_is_the_limit(kept: Services, changing: Services) -> None:
    changing.agents.allocate("scout", 150)
    with pytest.raises(InsufficientBudget) as refused:
        kept.agents.consume("scout", 51)
    assert refused.value.available == 50
    assert kept.agents.consume("scout", 50) == TokenBalance("scout", 150, 150, 0)


def test_tokens_taken_meanwhile_are_counted(kept: Services, changing: Services) -> None:
    changing.agents.consume("scout", 200)
    held = changing.agents.reserve("scout", 300).reservation_id
    assert kept.agents.consume("scout", 1) == TokenBalance("scout", 1000, 301, 300)
    changing.agents.settle(held, 10)
    assert kept.agents.consume("scout", 1) == TokenBalance("scout", 1000, 312, 0)


def test_a_price_set_meanwhile_is_charged(kept: Services, changing: Services) -> None:
    changing.token_prices.set("m1", {TokenKind.INPUT: 10**9})
    kept.agents.consume("scout", 400)
    kept.agents.consume("scout", 200)
    assert home_at(str(kept.context.database), LAST_NOON.date()).spent["all"] == "0.0007"
    changing.token_prices.set("m1", {TokenKind.INPUT: 2 * 10**9})
    kept.agents.consume("scout", 300)
    assert home_at(str(kept.context.database), LAST_NOON.date()).spent["all"] == "0.002"


def test_a_period_closed_by_hand_meanwhile_gives_up_what_it_allocated(kept: Services, changing: Services) -> None:
    changing.periods.close()
    kept.agents.consume("scout", 500)
    february = AgentHome(home_at(str(kept.context.database), date(2026, 2, 1)).services)
    assert february.counts() == (1400, 0, 0)


def test_another_time_zone_meanwhile_makes_it_another_day_and_period(kept: Services, changing: Services) -> None:
    set_zone(changing, "Pacific/Kiritimati")
    assert kept.agents.consume("scout", 1) == TokenBalance("scout", 1900, 1, 0)


def test_the_turn_of_a_period_is_noticed_though_nobody_wrote(kept: Services, hand: Hand) -> None:
    hand.moment = datetime(2026, 2, 1, tzinfo=UTC)
    assert kept.agents.consume("scout", 1) == TokenBalance("scout", 1900, 1, 0)
    assert len(kept.history.periods(9)) == 1


def test_a_turn_that_was_taken_back_with_a_refusal_is_made_again(kept: Services, hand: Hand) -> None:
    hand.moment = datetime(2026, 2, 1, tzinfo=UTC)
    with pytest.raises(InsufficientBudget):
        kept.agents.consume("scout", 1901)
    assert kept.history.periods(9) == []
    assert kept.agents.consume("scout", 1900).used_tokens == 1900
    assert len(kept.history.periods(9)) == 1


@pytest.mark.both_engines
def test_an_organization_renamed_meanwhile_is_called_so(kept: Services) -> None:
    kept.organizations.rename("default", "Home")
    kept.agents.consume("scout", 1)
    kept.undo.undo()
    assert [organization.name for organization in kept.organizations.all()] == ["Default"]


@pytest.mark.both_engines
def test_an_organization_beside_it_has_agents_of_its_own(kept: Services) -> None:
    kept.organizations.add(NewOrganization("acme", time_zone="Pacific/Kiritimati"))
    acme = Services(replace(kept.context, org_slug="acme"), Settings())
    acme.projects.add("pcc")
    acme.agents.add("scout", "pcc", tokens=70)
    for used in (1, 2):
        assert kept.agents.consume("scout", 1) == TokenBalance("scout", 1000, 100 + used, 0)
        assert acme.agents.consume("scout", 1) == TokenBalance("scout", 70, used, 0)
    kept.agents.archive("scout")
    assert acme.agents.consume("scout", 1) == TokenBalance("scout", 70, 3, 0)
