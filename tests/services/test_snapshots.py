"""What is shown: the worked example from a database, on any day, and what can be said of the data."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from budget_tui.domain.errors import InsufficientBudget, NotFound, Refused, StorageError
from budget_tui.domain.explain import named
from budget_tui.domain.pacing import Status
from budget_tui.presentation import formatting
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from tests.databases import Engine
from tests.services.conftest import Home, home_at, shown, usd
from tests.services.planning import bill


def test_the_projects_of_the_worked_example(seed: Home) -> None:
    table = {
        line.project_id: (
            shown(line.pace.allocation),
            shown(line.pace.spent),
            shown(line.pace.remaining),
            shown(line.pace.daily_drip),
            line.pace.status,
        )
        for line in seed.snapshot.projects
    }
    assert table == {
        "pcc": ("150", "105", "45", "2.5", Status.HEALTHY),
        "videonest-api": ("120", "48", "72", "4", Status.HEALTHY),
        "python-api": ("100", "88", "12", "0.666666667", Status.WARNING),
        "dandelion": ("50", "0", "50", "2.777777778", Status.HEALTHY),
    }


def test_the_headline_of_the_worked_example(seed: Home) -> None:
    snapshot = seed.snapshot
    assert snapshot.days_left == 18
    assert shown(snapshot.allocated) == "420"
    assert shown(snapshot.unallocated) == "80"
    assert shown(snapshot.total.spent) == "241"
    assert shown(snapshot.total.remaining) == "259"
    assert snapshot.data_through == date(2026, 1, 13)
    assert not snapshot.carried_over


def test_how_fast_the_worked_example_burns(seed: Home) -> None:
    pcc = seed.pace("pcc")
    assert (shown(pcc.burn_rate), pcc.runway_days) == ("35", Decimal("1.285714286"))
    assert shown(pcc.available_today) == "2.368421053"
    assert seed.pace("dandelion").runway_days is None


def test_the_last_days_of_the_worked_example(seed: Home) -> None:
    pcc = seed.on("2026-01-30").pace("pcc")
    assert (shown(pcc.daily_drip), shown(pcc.available_today)) == ("45", "22.5")
    assert shown(seed.on("2026-01-31").pace("pcc").available_today) == "45"


def test_spend_per_day_is_the_periods_and_nothing_else(seed: Home) -> None:
    seed.spend("pcc", "7", on="2025-12-31")
    seed.spend("pcc", "9", on="2026-02-01")
    seed.spend("dandelion", "2", on="2026-01-10")
    daily = seed.snapshot.daily_spend
    assert [(day.isoformat(), shown(amount)) for day, amount in daily] == [
        ("2026-01-09", "48"),
        ("2026-01-10", "107"),
        ("2026-01-12", "88"),
    ]
    assert sum(amount for _, amount in daily) == seed.snapshot.total.spent


def test_both_ends_of_a_period_are_in_it(seed: Home) -> None:
    for day in ("2026-01-01", "2026-01-31"):
        seed.spend("dandelion", "1", on=day)
    for day in ("2025-12-31", "2026-02-01"):
        seed.spend("dandelion", "100", on=day)
    assert shown(seed.on("2026-01-31").pace("dandelion").spent) == "2"


def test_burn_crosses_the_start_of_the_period(seed: Home) -> None:
    seed.on("2026-01-29").spend("dandelion", "70")
    february = seed.on("2026-02-02").pace("dandelion")
    assert (shown(february.spent), shown(february.burn_rate)) == ("0", "17.5")  # January 29 to February 1


def test_one_project(seed: Home) -> None:
    assert seed.snapshot.project("pcc").name == "pcc"
    with pytest.raises(NotFound, match="there is no project 'nobody'"):
        seed.snapshot.project("nobody")


@pytest.mark.sqlite
def test_an_unchanged_minute_is_an_equal_snapshot(seed: Home) -> None:
    snapshots = seed.services.snapshots
    first = snapshots.current()
    assert not snapshots.changed()
    assert snapshots.current() == first
    seed.again().allocate("pcc", "+1")
    assert snapshots.changed()
    assert snapshots.current() != first
    assert not snapshots.changed()


def test_a_database_that_is_not_there(engine: Engine) -> None:
    home = home_at(engine.nowhere(), date(2026, 1, 13))
    with pytest.raises(StorageError, match="there is no database at"):
        _ = home.snapshot
    assert not home.services.context.has_database
    assert list(home.folder.iterdir()) == []


def test_a_day_before_everything_shows_nothing(seed: Home) -> None:
    december = seed.on("2025-12-05").snapshot
    assert (december.total.allocation, december.allocated, december.total.spent) == (0, 0, 0)
    assert december.period.end == date(2025, 12, 31)


def test_amounts_are_shown_in_the_organizations_currency(fresh: Callable[..., Home]) -> None:
    home = fresh(new_currency="JPY")
    home.budget("50000")
    home.add("a", allocate="33.333333333%")
    assert shown(home.pace("a").allocation) == "16667"
    assert formatting.money(home.snapshot.total.allocation, "JPY") == "¥50,000"


# Whose today it is


def test_today_is_the_organizations(fresh: Callable[..., Home]) -> None:
    """A day and an hour lie between these two: it is never the same date in both."""
    first, last = "Pacific/Kiritimati", "Pacific/Pago_Pago"
    days = {}
    for name in (first, last):
        home = fresh(None, new_time_zone=name)
        home.budget("500")
        before = datetime.now(ZoneInfo(name)).date()
        days[name] = home_at(home.address, None).snapshot.as_of  # in a program whose own setting is UTC
        assert before <= days[name] <= datetime.now(ZoneInfo(name)).date()
    assert days[last] < days[first]


def test_a_cost_without_a_date_is_of_that_today(fresh: Callable[..., Home]) -> None:
    home = fresh(None, new_time_zone="Pacific/Kiritimati")
    home.add("a")
    zone = ZoneInfo("Pacific/Kiritimati")
    before = datetime.now(zone).date()
    home.spend("a", "1")
    [(day,)] = home.rows("SELECT day FROM cost")
    assert int(f"{before:%Y%m%d}") <= day <= int(f"{datetime.now(zone).date():%Y%m%d}")


def test_as_of_is_today_in_every_time_zone() -> None:
    clock = Clock(date(2026, 1, 13))
    assert clock.today("Pacific/Kiritimati") == clock.today("Pacific/Pago_Pago") == date(2026, 1, 13)
    assert clock.now().tzinfo is UTC
    assert clock.now().year > 2024  # it says when something was really done


def test_what_was_done_is_dated_when_it_was_really_done(seed: Home) -> None:
    before = datetime.now(UTC)
    seed.allocate("pcc", "+1")
    assert before.replace(microsecond=0) <= seed.log[0].at <= datetime.now(UTC)
    assert usd("151") == seed.pace("pcc").allocation


# What is dated after today


def test_what_is_dated_after_today_is_scheduled_and_counts_in_the_forecast_once(seed: Home) -> None:
    before = seed.pace("pcc")
    seed.spend("pcc", "20", on="2026-01-20")
    seed.spend("pcc", "7", on="2026-02-01")
    pcc, snapshot = seed.pace("pcc"), seed.snapshot
    assert (shown(pcc.spent), shown(pcc.scheduled), shown(pcc.remaining)) == ("105", "20", "45")
    assert pcc == before._replace(scheduled=usd("20"))
    assert (shown(snapshot.total.spent), shown(snapshot.total.scheduled)) == ("241", "20")
    assert sum(amount for _, amount in snapshot.daily_spend) == snapshot.total.spent
    assert shown(pcc.run_rate) == "735"  # 105 + 35 × 18
    later = seed.on("2026-01-20").pace("pcc")
    assert (shown(later.spent), shown(later.scheduled)) == ("125", "0")


def test_a_past_day_is_shown_as_it_was(seed: Home) -> None:
    past = seed.on("2026-01-09")
    assert past.spent == {"pcc": "0", "videonest-api": "48", "python-api": "0", "dandelion": "0", "all": "48"}
    assert shown(past.snapshot.total.scheduled) == "193"


def test_what_is_scheduled_in_another_currency_is_scheduled(seed: Home) -> None:
    seed.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 1))
    bill(seed.services, ("pcc", "10", "EUR", "2026-01-12", "AWS"), ("pcc", "30", "EUR", "2026-01-20", "AWS"))
    pcc = seed.pace("pcc")
    assert (shown(pcc.spent), shown(pcc.scheduled)) == ("120", "45")


@pytest.mark.parametrize(
    ("day", "out"),
    [("2026-01-13", date(2026, 1, 14)), ("2026-01-30", None), ("2026-01-31", None)],
)
def test_what_runs_out_before_the_period_ends_is_told(seed: Home, day: str, out: date | None) -> None:
    assert seed.on(day).pace("pcc").runs_out_on == out
    assert seed.on(day).pace("dandelion").runs_out_on is None


def test_what_just_lasts_to_the_end_does_not_run_out(home: Home) -> None:
    home.budget("100")
    home.add("a", allocate="28")
    home.spend("a", "10", on="2026-01-12")
    assert (home.pace("a").runway_days, home.pace("a").runs_out_on) == (Decimal("1.8"), date(2026, 1, 14))
    home.allocate("a", "190")
    assert (home.pace("a").runway_days, home.pace("a").runs_out_on) == (Decimal(18), None)
    home.allocate("a", "189.99")
    assert home.pace("a").runs_out_on == date(2026, 1, 30)


def test_a_transfer_takes_what_is_unspent_today(seed: Home) -> None:
    seed.spend("pcc", "20", on="2026-01-20")
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("pcc", "dandelion", "45.01")
    assert refused.value.available == usd("45")
    seed.transfer("pcc", "dandelion", "45")


# What comes once, and how far imported data reaches


def test_what_comes_once_is_spent_and_no_rate(seed: Home) -> None:
    before = seed.pace("pcc")
    for amount, once in (("30", True), ("-70", False)):
        seed.services.costs.add(CostEntry("pcc", usd(amount), date(2026, 1, 11), once=once))
    pcc = seed.pace("pcc")
    assert shown(pcc.spent) == "65"
    assert pcc.burn_rate == before.burn_rate
    assert pcc.run_rate - pcc.spent == before.run_rate - before.spent
    for value in ("burn", "runway"):
        notes = named(seed.services.explain.of_project("pcc").values)[value].notes
        assert notes[-1].endswith("credit -$70.00, one-off $30.00")


def test_a_credit_alone_is_not_told_as_nothing(home: Home) -> None:
    home.budget("100")
    home.add("a", allocate="50")
    home.spend("a", "-70", on="2026-01-10")
    explained = named(home.services.explain.of_project("a").values)
    assert explained["runway"].notes == (
        "one-off costs in the burn window are spent, but not part of the rate: credit -$70.00",
    )


def test_what_comes_once_is_no_rate_on_the_first_day_either(home: Home) -> None:
    home.budget("100")
    home.add("a", allocate="50")
    home.services.costs.add(CostEntry("a", usd("20"), once=True))
    home.spend("a", "3")
    assert (shown(home.pace("a").spent), shown(home.pace("a").burn_rate)) == ("23", "3")


@pytest.mark.parametrize(
    ("day", "through", "burn"),
    [
        ("2026-01-20", "2026-01-20", "3"),
        ("2026-02-08", "2026-01-31", "3"),
        ("2026-03-31", "2026-01-31", "3"),
        ("2026-04-01", "2026-04-01", "0"),  # two whole periods have passed
    ],
)
def test_imported_data_that_ends_keeps_its_rate_until_its_source_is_silent_for_long(
    home: Home, day: str, through: str, burn: str
) -> None:
    home.add("web", allocate="100")
    bill(home.services, *(("web", "3", "USD", f"2026-01-{n:02}", "AWS") for n in range(1, 32)))
    later = home.on(day)
    assert later.snapshot.data_through == date.fromisoformat(through)
    assert shown(later.pace("web").burn_rate) == burn
    later.spend("web", "1")
    assert later.snapshot.data_through == date.fromisoformat(through), "what is entered beside it does not lift it"


def test_a_purchase_dated_ahead_reaches_nowhere(home: Home) -> None:
    home.add("web", allocate="100")
    path = home.folder / "ahead.csv"
    path.write_text(
        "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ChargeCategory\n"
        "web,3,USD,2026-01-05T00:00:00Z,2026-01-01T00:00:00Z,Usage\n"
        "web,90,USD,2026-01-12T00:00:00Z,2026-01-01T00:00:00Z,Purchase\n",
        "utf-8",
    )
    home.services.imports.run(ImportRequest((str(path),)))
    assert home.snapshot.data_through == date(2026, 1, 5)
    assert (shown(home.pace("web").spent), shown(home.pace("web").burn_rate)) == ("93", "3")


@pytest.mark.both_engines
def test_a_source_that_ended_holds_nothing_back_until_that_is_taken_back(home: Home) -> None:
    home.add("web", allocate="100")
    bill(home.services, ("web", "3", "USD", "2026-01-05", "AWS"))
    home.spend("web", "1")
    sources = home.services.sources
    assert [(each.name, each.is_active, each.reach) for each in sources.all()] == [
        ("bill", True, date(2026, 1, 5)),
        ("manual", True, date(2026, 1, 13)),
    ]
    with pytest.raises(NotFound):
        sources.end("nobody")
    with pytest.raises(NotFound):
        sources.end("bill", "acct-9")
    sources.end("bill")
    assert home.snapshot.data_through == date(2026, 1, 13)
    assert [(each.is_active, each.ended_on) for each in sources.all()] == [(False, date(2026, 1, 13)), (True, None)]
    with pytest.raises(Refused, match="already ended"):
        sources.end("bill")
    home.services.undo.undo()
    assert home.snapshot.data_through == date(2026, 1, 5)
    home.services.undo.redo()
    assert home.snapshot.data_through == date(2026, 1, 13)
    assert [entry.action for entry in home.log[:3]] == ["source.end"] * 3
