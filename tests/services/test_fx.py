"""Rates on file, and what costs in other currencies count as by them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.currency import ConvertedSpend, LeftOut, Rate
from budget_tui.domain.errors import InsufficientBudget, Refused, SourceError
from budget_tui.presentation import messages
from budget_tui.services.imports import ImportRequest
from budget_tui.storage.database import database_at
from budget_tui.storage.unit_of_work import DatabaseReader
from tests.services.conftest import Home, shown, usd

HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,ProviderName,SubAccountId"


def bill(home: Home, *costs: tuple[str, str, str, str], name: str = "bill") -> None:
    """Imports costs: day, project, amount, currency."""
    path = home.folder / f"{name}.csv"
    rows = [
        f"{amount},{currency},{day}T00:00:00Z,{day}T00:00:00Z,{day[:7]}-01T00:00:00Z,AWS,{project}"
        for day, project, amount, currency in costs
    ]
    path.write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    home.services.imports.run(ImportRequest((str(path),), source=name))


def rate(home: Home, pair: str, value: str, day: str) -> None:
    base, quote = pair.split("/")
    home.services.fx.set(base, quote, Decimal(value), date.fromisoformat(day))


def test_a_cost_counts_from_when_there_is_a_rate(seed: Home) -> None:
    bill(seed, ("2026-01-10", "pcc", "12", "EUR"))
    before = seed.snapshot
    assert before.left_out == (LeftOut("EUR", usd("12"), 1, "USD"),)
    assert before.converted == ()
    assert shown(before.total.spent) == "241"
    rate(seed, "EUR/USD", "1.0321", "2026-01-09")
    after = seed.snapshot
    assert after.left_out == ()
    assert after.converted == (ConvertedSpend("EUR", usd("12"), 1, usd("12.3852"), 1),)
    assert shown(after.total.spent) == "253.3852"
    assert shown(seed.pace("pcc").spent) == "117.3852"
    assert dict(after.daily_spend)[date(2026, 1, 10)] == usd("117.3852")
    assert "1 cost in EUR: €12.00 counted as $12.39" in messages.warnings(after)


def test_each_day_has_its_own_rate_and_what_came_before_the_first_is_left_out(seed: Home) -> None:
    rate(seed, "EUR/USD", "1.1", "2026-01-05")
    rate(seed, "EUR/USD", "1.2", "2026-01-09")
    bill(seed, *((day, "dandelion", "10", "EUR") for day in ("2026-01-04", "2026-01-08", "2026-01-09")))
    snapshot = seed.snapshot
    assert shown(seed.pace("dandelion").spent) == "23"
    assert snapshot.left_out == (LeftOut("EUR", usd("10"), 1, "USD"),)
    told = [warning for warning in messages.warnings(snapshot) if "EUR" in warning]
    assert told == [
        "2 costs in EUR: €20.00 counted as $23.00",
        "1 cost in EUR (€10.00) left out: there is no usable exchange rate to USD",
    ]


@pytest.mark.both_engines
def test_an_absurd_rate_on_file_blanks_no_screen_and_stops_no_close(seed: Home) -> None:
    bill(seed, *((f"2026-01-0{day}", "pcc", "8", "EUR") for day in (3, 4)), ("2026-01-05", "pcc", "10", "EUR"))
    with seed.services.context.work() as work:
        work.unit.rates.set_rates(
            work.organization.org_key, [Rate("EUR", "USD", date(2026, 1, 1), Decimal("99999999999999"))]
        )
        work.commit()
    told = "3 costs in EUR (€26.00) left out: there is no usable exchange rate to USD"
    assert told in messages.warnings(seed.snapshot)
    views = seed.services.plan_views
    assert told in views.summary().warnings
    board = views.board()
    assert told in board.warnings(board.lines)
    assert told in views.by_category().warnings
    views.close()
    explained = seed.services.explain.of_all()
    assert "in EUR, without a usable rate to USD on their days" in [finding.text for finding in explained.left_out]
    rate(seed, "EUR/USD", "1000000000", "2026-01-01")  # each of two is in range, both are not
    assert told in messages.warnings(seed.snapshot)
    later = seed.on("2026-02-03")
    later.budget("600")
    [closed] = later.services.history.periods(9)
    assert shown(closed.spent) == "241"


def test_an_absurd_rate_is_refused(home: Home) -> None:
    for value in ("1000000001", "0.0000000001", "1e30"):
        with pytest.raises(Refused, match=r"out of range: the limits are 0.000000001 and 1,000,000,000"):
            rate(home, "EUR/USD", value, "2026-01-05")


def test_an_old_rate_is_used_and_said_to_be_old(seed: Home) -> None:
    rate(seed, "EUR/USD", "1.1", "2025-12-01")
    bill(seed, ("2026-01-10", "pcc", "10", "EUR"))
    assert "1 cost in EUR: €10.00 counted as $11.00, at rates up to 40 days old" in messages.warnings(seed.snapshot)


def test_burn_crosses_the_months_in_any_currency_and_begins_with_the_first_cost(home: Home) -> None:
    home.add("abroad")
    home.budget("500")
    rate(home, "EUR/USD", "2", "2025-12-01")
    bill(home, ("2025-12-30", "abroad", "7", "EUR"), ("2026-01-02", "abroad", "7", "EUR"))
    third = home.on("2026-01-03")
    # Data reaches January 2; from December 30 on, when the costs began, that is four days.
    assert shown(third.pace("abroad").burn_rate) == "7"
    assert shown(third.pace("abroad").spent) == "14"
    assert third.snapshot.burn_days == 4


def test_unmapped_costs_in_other_currencies_count_in_the_total(seed: Home) -> None:
    rate(seed, "EUR/USD", "1.5", "2026-01-01")
    bill(seed, ("2026-01-10", "nobody", "10", "EUR"))
    snapshot = seed.snapshot
    assert (shown(snapshot.unmapped), snapshot.unmapped_costs, shown(snapshot.elsewhere)) == ("15", 1, "0")
    assert shown(snapshot.total.spent) == "256"


def test_what_was_spent_in_another_currency_cannot_be_given_away(seed: Home) -> None:
    rate(seed, "EUR/USD", "1.5", "2026-01-01")
    bill(seed, ("2026-01-10", "pcc", "10", "EUR"))
    with pytest.raises(InsufficientBudget) as refused:
        seed.transfer("pcc", "dandelion", "45")
    assert refused.value.available == usd("30")
    seed.transfer("pcc", "dandelion", "30")


def test_a_period_closes_with_what_the_dashboard_showed_and_a_later_rate_restates_it(seed: Home) -> None:
    rate(seed, "EUR/USD", "1.5", "2026-01-01")
    bill(seed, ("2026-01-10", "pcc", "10", "EUR"), ("2026-01-10", "nobody", "2", "EUR"))
    february = seed.on("2026-02-01")
    february.budget("600")
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("259", "0")
    rate(february, "EUR/USD", "2", "2026-01-02")
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("259", "6")
    assert {line.entity_id: shown(line.restated) for line in closed.lines}["pcc"] == "5"


def test_a_rate_is_audited_with_what_it_was(home: Home) -> None:
    rate(home, "EUR/USD", "1.1", "2026-01-05")
    rate(home, "eur/usd", "1.25", "2026-01-05")
    entry = home.services.audit.newest(1)[0]
    assert (entry.action, entry.subject) == ("fx.set", "EUR/USD")
    assert (entry.before, entry.after) == (
        {"rate": "1.1", "day": "2026-01-05"},
        {"rate": "1.25", "day": "2026-01-05"},
    )
    assert [pair.latest.rate for pair in home.services.fx.rates()] == [Decimal("1.25")]


@pytest.mark.both_engines
def test_a_rate_is_taken_back_and_set_again(home: Home) -> None:
    def on_file() -> list[str]:
        return [f"{pair.latest.rate:f}" for pair in home.services.fx.rates()]

    rate(home, "EUR/USD", "1.1", "2026-01-05")
    rate(home, "EUR/USD", "1.25", "2026-01-05")
    home.services.undo.undo()
    assert on_file() == ["1.1"]
    home.services.undo.undo()
    assert on_file() == []
    home.services.undo.redo()
    assert on_file() == ["1.1"]


def test_a_rate_between_a_currency_and_itself_is_refused(home: Home) -> None:
    with pytest.raises(Refused, match="between two currencies"):
        home.services.fx.set("eur", "EUR", Decimal(1))


def rates_file(folder: Path, name: str, *lines: str) -> str:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


@pytest.mark.both_engines
def test_an_import_replaces_the_same_days_and_the_same_again_changes_nothing(home: Home, tmp_path: Path) -> None:
    rate(home, "EUR/USD", "9", "2026-01-12")
    rate(home, "EUR/USD", "8", "2026-01-11")
    lines = ("Date,USD,JPY,", "2026-01-12,1.17,184.61,", "2026-01-09,1.16,N/A,", "x,1,2,")
    path = rates_file(tmp_path, "hist.csv", *lines)
    report = home.services.fx.import_ecb([path])
    assert (report.rows_read, report.rates_read, report.rates_changed) == (3, 3, 3)
    assert (report.first_day, report.last_day) == (date(2026, 1, 9), date(2026, 1, 12))
    assert report.refused == ((path, 4, "'x' is not a date"),)
    found = {(p.latest.quote, f"{p.latest.rate:f}", p.days, p.first_day.day) for p in home.services.fx.rates()}
    assert found == {("USD", "1.17", 3, 9), ("JPY", "184.61", 1, 12)}
    entries = len(home.services.audit.newest(100))
    assert home.services.fx.import_ecb([path]).rates_changed == 0
    assert len(home.services.audit.newest(100)) == entries


@pytest.mark.both_engines
def test_nothing_is_kept_when_one_of_several_files_cannot_be_read(home: Home, tmp_path: Path) -> None:
    good = rates_file(tmp_path, "good.csv", "Date,USD,", "2026-01-12,1.17,")
    bad = rates_file(tmp_path, "bad.csv", "hello")
    home.add("pcc")
    with pytest.raises(SourceError):
        home.services.fx.import_ecb([good, bad])
    assert home.services.fx.rates() == []


def test_the_pairs_are_found_without_reading_every_day(home: Home) -> None:
    pairs = ["AUD/USD", "EUR/CHF", "EUR/USD", "EUR/ZAR", "USD/AUD"]
    for pair in pairs:
        for day in ("2026-01-01", "2026-01-02"):
            rate(home, pair, "1.5", day)
    reader = DatabaseReader(database_at(home.address))
    with reader.session() as session:
        org = home.services.context.organization(session).org_key
        assert ["/".join(pair) for pair in session.fast.rate_pairs(org)] == pairs
        assert session.fast.rate_pairs(org + 1) == []
    reader.close()
