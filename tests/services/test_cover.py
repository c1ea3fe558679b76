"""Cover: donors ranked by what they will not need, and never more than that."""

from datetime import date, timedelta

import pytest

from budget_tui.domain.errors import Conflict, InsufficientBudget, NotFound, Refused
from budget_tui.services.costs import CostEntry
from budget_tui.services.cover import CoverOffer, why
from tests.databases import Address, Engine
from tests.services.conftest import TODAY, Home, home_at, shown, usd

DAILY = {"web": "10", "api": "5", "shop": "2", "idle": "0.5"}


def with_history(address: Address) -> None:
    home = home_at(address, TODAY)
    home.budget("1000")
    for project, amount in (("web", "200"), ("api", "200"), ("shop", "100"), ("idle", "20"), ("new", "50")):
        home.add(project, allocate=amount)
    home.services.costs.add_all(
        [
            CostEntry(project, usd(amount), date(2026, 1, 13) - timedelta(days=ago))
            for project, amount in DAILY.items()
            for ago in range(1, 43)
        ]
    )


@pytest.fixture
def home(engine: Engine) -> Home:
    """Projects that spend the same each day for six weeks: by January's end $310, $155, $62 and $15.50; one is new."""
    return home_at(engine.new(with_history), TODAY)


def offer(home: Home, project: str = "web") -> CoverOffer:
    return home.services.cover.offer(project)


def take(home: Home, donor: str, amount: str = "") -> tuple[str, str, str]:
    """What was moved, and what the two have then."""
    outcome = home.services.cover.take("web", donor, usd(amount) if amount else None)
    return shown(outcome.amount), shown(outcome.giver_after), shown(outcome.taker_after)


@pytest.mark.both_engines
def test_donors_are_ranked_by_what_they_will_not_need(home: Home) -> None:
    home.services.holds.hold("shop", usd("3"))
    found = offer(home)
    assert (shown(found.need), shown(found.unallocated)) == ("110", "430")
    assert [(donor.project_id, shown(donor.spare)) for donor in found.donors] == [
        ("api", "45"),
        ("shop", "35"),
        ("idle", "4.5"),
    ]
    assert [(other.project_id, other.why) for other in found.others] == [
        ("new", "has no forecast range yet: 0 complete days of 14")
    ]
    assert why(found.donors[1], "USD") == "will need at most $62.00 of $100.00, $3.00 held"
    forecasts = home.services.forecasts.current()
    for donor in found.donors:
        line = forecasts.snapshot.project(donor.project_id)
        assert donor.spare <= line.pace.allocation - line.pace.reserved - forecasts.of(donor.project_id).high
    home.services.forecasts.close()
    assert [donor.project_id for donor in offer(home, "api").donors] == ["shop", "idle"]
    assert "web may need all that it has" in [f"{other.name} {other.why}" for other in offer(home, "api").others]


@pytest.mark.both_engines
def test_what_is_spared_is_moved_as_one_transfer_that_can_be_undone(home: Home) -> None:
    before = home.allocations
    assert take(home, "api") == ("45", "155", "245")
    assert take(home, "shop", "12.50") == ("12.5", "87.5", "257.5")
    for what in ("transfer of $12.50 from shop to web", "transfer of $45.00 from api to web"):
        assert home.services.undo.undo().what == what
    assert home.allocations == before
    assert home.services.database.check().problems == ()


def test_no_more_than_that_is_taken_and_it_is_looked_at_again(home: Home) -> None:
    with pytest.raises(InsufficientBudget, match=r"\$45\.00 is all that api can spare: it will need at most") as error:
        take(home, "api", "45.01")
    assert shown(error.value.available) == "45"
    seen = offer(home).donors[0]
    home.again().services.holds.hold("api", usd("44"))
    with pytest.raises(InsufficientBudget, match=r"\$1\.00 is all"):
        take(home, "api", shown(seen.spare))
    home.spend("idle", "15")
    with pytest.raises(InsufficientBudget, match="idle can spare nothing: it may need all that it has"):
        take(home, "idle")
    with pytest.raises(InsufficientBudget, match="no forecast range"):
        take(home, "new", "1")
    for donor, kind in (("web", Refused), ("nothing", NotFound), ("pool", Refused)):
        with pytest.raises(kind):
            take(home, donor)


def test_who_lacks_nothing_says_how_much(home: Home) -> None:
    home.allocate("web", "400")
    assert offer(home).need == 0
    with pytest.raises(Refused, match="will lack nothing"):
        take(home, "api")
    assert take(home, "api", "1")[0] == "1"


def test_the_same_key_takes_once(home: Home) -> None:
    first, again = (home.services.cover.take("web", "api", usd("1"), key="k") for _ in range(2))
    assert first == again
    assert home.allocations["web"] == "201"
    with pytest.raises(Conflict):
        home.services.cover.take("web", "api", usd("2"), key="k")
