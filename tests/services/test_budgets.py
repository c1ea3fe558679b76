"""The global budget, and what projects are allocated of it."""

from collections.abc import Callable
from datetime import date

import pytest

from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.presentation.audit import changes
from tests.services.conftest import Home, usd

# The global budget


def test_a_new_database_has_a_budget_of_nothing(home: Home) -> None:
    snapshot = home.snapshot
    assert (snapshot.total.allocation, snapshot.projects) == (0, ())
    assert (snapshot.period.start, snapshot.period.end) == (date(2026, 1, 1), date(2026, 1, 31))


def test_the_first_command_makes_the_organization(home: Home) -> None:
    assert home.rows("SELECT count(*) FROM organization") == [(0,)]
    assert home.budget("500") == 0
    assert home.snapshot.total.allocation == usd("500")
    assert home.rows("SELECT slug, currency, time_zone FROM organization") == [("default", "USD", "UTC")]


def test_setting_it_answers_with_the_amount_before(home: Home) -> None:
    home.budget("500")
    assert home.budget("600.50") == usd("500")
    assert home.snapshot.total.allocation == usd("600.50")


@pytest.mark.parametrize("amount", [usd("-0.01"), usd("9000000000") + 1])
def test_an_amount_that_cannot_be_is_refused(home: Home, amount: int) -> None:
    with pytest.raises(Refused):
        home.services.budgets.set_global(amount)
    assert home.rows("SELECT count(*) FROM budget") == [(0,)]


def test_the_largest_amount_is_kept_to_the_last_nano(home: Home) -> None:
    home.budget("9000000000")
    home.budget("8999999999.999999999")
    assert home.snapshot.total.allocation == usd("8999999999.999999999")
    assert home.rows("SELECT amount, base FROM budget") == [(usd("8999999999.999999999"),) * 2]


def test_a_budget_typed_over_one_that_changed_meanwhile_is_a_conflict(home: Home) -> None:
    home.budget("500")
    home.again().budget("550")
    with pytest.raises(Conflict, match=r"\$550\.00"):
        home.budget("600", seen="500")
    assert home.snapshot.total.allocation == usd("550")
    home.budget("600", seen="550")
    assert home.snapshot.total.allocation == usd("600")


# Allocations


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("120", ("100", "120", "180")),
        ("0", ("100", "0", "300")),
        ("+20", ("100", "120", "180")),
        ("-15.50", ("100", "84.5", "215.5")),
        ("-100", ("100", "0", "300")),
        ("25%", ("100", "125", "175")),
        ("rest", ("100", "300", "0")),
        ("1000", ("100", "1000", "-700")),
    ],
)
def test_an_allocation_is_a_value_a_delta_a_share_or_the_rest(
    home: Home, change: str, answer: tuple[str, str, str]
) -> None:
    home.budget("500")
    home.add("a", allocate="100")
    home.add("b", allocate="200")
    assert home.allocate("a", change) == answer
    assert home.allocations == {"a": answer[1], "b": "200", "pool": answer[2]}


def test_more_than_there_is_is_done_and_told(home: Home) -> None:
    home.budget("100")
    home.add("a", allocate="150")
    assert home.allocations == {"a": "150", "pool": "-50"}
    with pytest.raises(Refused, match="nothing is unallocated"):
        home.allocate("a", "rest")


@pytest.mark.parametrize("change", ["-100.01", "9000000001", "+9000000000"])
def test_an_allocation_that_cannot_be_is_refused(home: Home, change: str) -> None:
    home.budget("500")
    home.add("a", allocate="100")
    with pytest.raises(Refused):
        home.allocate("a", change)
    assert home.allocations == {"a": "100", "pool": "400"}


def test_deltas_add_up_whoever_enters_them(home: Home) -> None:
    home.budget("500")
    home.add("a")
    other = home.again()
    for _ in range(3):
        home.allocate("a", "+10")
        other.allocate("a", "+10")
    assert home.allocations["a"] == "60"


def test_a_value_typed_over_one_that_changed_meanwhile_is_a_conflict(home: Home) -> None:
    home.budget("500")
    home.add("a", allocate="100")
    home.again().allocate("a", "+20")
    with pytest.raises(Conflict, match=r"\$120\.00"):
        home.allocate("a", "150", seen="100")
    assert home.allocations["a"] == "120"
    assert home.allocate("a", "150", seen="120") == ("120", "150", "350")


@pytest.mark.both_engines
def test_a_project_that_is_not_there(home: Home) -> None:
    with pytest.raises(NotFound, match="there is no project 'a'"):
        home.allocate("a", "10")
    assert home.rows("SELECT count(*) FROM organization") == [(0,)]  # nothing at all is left of it


def test_the_organization_itself_is_no_project(home: Home) -> None:
    home.budget("500")
    with pytest.raises(Refused, match="is no project"):
        home.allocate("ORG", "10")


# What is written down


def test_every_change_leaves_a_line_and_no_change_leaves_none(home: Home) -> None:
    home.budget("500")
    home.add("a", allocate="100")
    home.allocate("a", "100")
    home.allocate("a", "+20")
    home.budget("500")
    home.budget("400.25")
    lines = [(entry.actor, entry.action, entry.subject, changes(entry)) for entry in reversed(home.log)]
    assert lines == [
        ("anna", "budget.set", "global", "amount 0 → 500"),
        ("anna", "project.add", "a", "name a"),
        ("anna", "allocation.set", "a", "amount 0 → 100"),
        ("anna", "allocation.set", "a", "amount 100 → 120"),
        ("anna", "budget.set", "global", "amount 500 → 400.25"),
    ]


def test_the_trail_is_read_in_pages(home: Home) -> None:
    for amount in range(1, 8):
        home.budget(str(amount))
    trail = home.services.audit
    first = trail.newest(3)
    assert [changes(entry) for entry in first] == ["amount 6 → 7", "amount 5 → 6", "amount 4 → 5"]
    rest = trail.newest(100, before_entry=first[-1].entry)
    assert len(rest) == 4
    assert changes(rest[-1]) == "amount 0 → 1"


# An organization that has yet to be made


def test_its_currency_and_time_zone_are_the_settings(fresh: Callable[..., Home]) -> None:
    home = fresh(new_currency=" eur ", new_time_zone="Europe/Berlin")
    assert home.snapshot.organization.currency == "EUR"
    home.budget("500")
    assert (home.snapshot.organization.currency, home.snapshot.organization.time_zone) == ("EUR", "Europe/Berlin")


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ({"new_currency": "dollars"}, "'dollars' is not a currency"),
        ({"new_currency": "ÄÖÜ"}, "'ÄÖÜ' is not a currency"),
        ({"new_time_zone": "Mars/Phobos"}, "'Mars/Phobos' is not a time zone"),
        ({"new_time_zone": "../passwd"}, "is not a time zone"),
    ],
)
def test_one_that_could_not_be_read_later_is_not_made(
    fresh: Callable[..., Home], new: dict[str, str], told: str
) -> None:
    home = fresh(**new)
    with pytest.raises(Refused, match=told):
        home.budget("500")
    assert home.rows("SELECT count(*) FROM organization") == [(0,)]
    with pytest.raises(Refused, match=told):
        _ = home.snapshot


def test_an_organization_that_is_there_keeps_its_own(fresh: Callable[..., Home]) -> None:
    home = fresh(new_currency="EUR")
    home.budget("500")
    other = home.again()
    assert other.services.context.new_currency == "USD"
    other.budget("600")
    assert other.snapshot.organization.currency == "EUR"


def test_another_organization_must_be_there(home: Home) -> None:
    from dataclasses import replace

    from budget_tui.bootstrap import Services
    from budget_tui.config.settings import Settings

    home.budget("500")
    stranger = Services(replace(home.services.context, org_slug="acme"), Settings())
    with pytest.raises(NotFound, match="there is no organization 'acme'; there are: default"):
        stranger.budgets.set_global(usd("500"))
    with pytest.raises(NotFound, match="'acme'"):
        stranger.snapshots.current()
    stranger.snapshots.close()
