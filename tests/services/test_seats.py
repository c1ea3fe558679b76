"""Seats, registered by hand and read from costs."""

from datetime import date

import pytest

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.plan import PlanFilter
from budget_tui.services.imports import ImportRequest
from tests.services.conftest import Home


def registered(home: Home) -> list[tuple[str, str, str, int]]:
    return [
        (row.entity_id, row.provider, row.starts_on.isoformat(), row.seats) for row in home.services.seats.registered()
    ]


def most(home: Home, entity_id: str, provider: str = "") -> int | None:
    """The most seats of the entity and all below it on one day of the running period."""
    wanted = PlanFilter(budget_type=BudgetType.SEAT, provider=provider)
    found = home.services.plan_views.by_category(entity_id, wanted).parts.values()
    return max((part.seats_actual for part in found if part.seats_actual is not None), default=None)


@pytest.mark.both_engines
def test_seats_hold_from_their_day_on(seed: Home) -> None:
    seats = seed.services.seats
    seats.register("pcc", "Figma", 10, date(2026, 1, 1))
    seats.register("pcc", "figma", 12)
    seats.register("dandelion", "acme ", 3)
    assert registered(seed) == [
        ("pcc", "figma", "2026-01-01", 10),
        ("pcc", "figma", "2026-01-13", 12),
        ("dandelion", "acme", "2026-01-13", 3),
    ]
    assert (most(seed, "ORG"), most(seed, "pcc"), most(seed, "ORG", "acme")) == (15, 12, 3)
    assert most(seed, "videonest-api") is None


def test_the_seats_of_costs_count_too(seed: Home) -> None:
    path = seed.folder / "seats.csv"
    rows = [
        f"1,USD,{day}T00:00:00Z,Figma,{project},{seats},Seats"
        for day, project, seats in (("2026-01-05", "pcc", 3), ("2026-01-05", "dandelion", 2), ("2026-01-06", "pcc", 4))
    ]
    header = "BilledCost,BillingCurrency,ChargePeriodStart,ProviderName,SubAccountId,ConsumedQuantity,ConsumedUnit"
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    seed.services.imports.run(ImportRequest((str(path),)))
    assert (most(seed, "ORG"), most(seed, "pcc"), most(seed, "ORG", "slack")) == (5, 4, None)
    seed.services.seats.register("pcc", "figma", 10, date(2026, 1, 6))
    assert (most(seed, "ORG"), most(seed, "pcc")) == (10, 10)


@pytest.mark.both_engines
def test_the_same_day_is_replaced_audited_and_taken_back(seed: Home) -> None:
    seed.services.seats.register("pcc", "figma", 10)
    seed.services.seats.register("pcc", "figma", 0)
    entry = seed.services.audit.newest(1)[0]
    assert (entry.action, entry.subject) == ("seat.set", "pcc")
    assert (entry.before or {})["seats"] == 10
    assert entry.after == {"seats": 0, "provider": "figma", "from": "2026-01-13"}
    seed.services.undo.undo()
    assert registered(seed) == [("pcc", "figma", "2026-01-13", 10)]
    seed.services.undo.undo()
    assert registered(seed) == []
    seed.services.undo.redo()
    assert registered(seed) == [("pcc", "figma", "2026-01-13", 10)]


@pytest.mark.both_engines
def test_seats_need_an_entity_and_a_provider(seed: Home) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        seed.services.seats.register("nobody", "figma", 1)
    with pytest.raises(Refused, match="seats need a provider"):
        seed.services.seats.register("pcc", " ", 1)
    with pytest.raises(Refused, match="control characters"):
        seed.services.seats.register("pcc", "two\nlines", 1)
    assert registered(seed) == []
