"""Backtests over what is stored: the data of each past day is what was known then."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from budget_tui.domain.backtest import Trial
from budget_tui.domain.tokens import TokenKind
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from budget_tui.services.recurring import NewFee
from tests.agent_logs import SONNET, claude_line, use_home, write
from tests.databases import change
from tests.services.conftest import Home, usd
from tests.services.planning import bill


def spend(home: Home, first: date, last: date, amount: str) -> None:
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    home.services.costs.add_all([CostEntry("web", usd(amount), day) for day in days])


@pytest.mark.both_engines
def test_even_spending_is_foreseen_and_a_change_is_not(home: Home) -> None:
    """$10 a day from October to December, but for the last ten days, which cost $100 each."""
    home.budget("1000")
    home.add("web")
    spend(home, date(2025, 10, 1), date(2025, 12, 21), "10")
    spend(home, date(2025, 12, 22), date(2026, 1, 12), "100")
    backtests = home.services.backtests
    report = backtests.run()
    backtests.close()
    by_day = {trial.on: trial for trial in report.trials}
    assert min(by_day) == date(2025, 10, 22), "with 21 days of data"
    assert max(by_day) == date(2025, 12, 28), "with 3 days to come"
    assert by_day[date(2025, 10, 22)].forecast[:3] == (usd("310"),) * 3
    assert by_day[date(2025, 10, 22)].rivals[0] == by_day[date(2025, 10, 22)].became == usd("310")
    december = by_day[date(2025, 12, 13)]
    assert (december.forecast.median, december.became, december.held) == (usd("310"), usd("1210"), False)
    assert report.lately == (False, True, True)
    assert tuple(backtests.lately()) == report.lately
    backtests.close()


@pytest.mark.parametrize("is_paid", [False, True], ids=["unpriced", "paid by a plan"])
def test_tokens_in_logs_that_cost_nothing_begin_no_history(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_paid: bool
) -> None:
    use_home(monkeypatch, tmp_path)
    home.budget("1000")
    home.add("web")
    spend(home, date(2025, 10, 1), date(2026, 1, 12), "10")
    before = home.services.backtests.run()
    model = SONNET if is_paid else "kimi-9000"
    write(tmp_path / "claude/projects/p/s.jsonl", claude_line(at="2025-06-02T08:00:00Z", model=model))
    home.services.agent_logs.sync(flat_fees={"claude-code@laptop": is_paid})
    assert home.services.backtests.run() == before
    home.services.backtests.close()


def test_what_was_imported_later_was_not_known_before(home: Home) -> None:
    """October came on the first day of all: it is history. November came on December 2, and no day of it was known."""
    home.budget("1000")
    home.add("web")

    def month(year: int, number: int, days: int, amount: str) -> None:
        rows = [("web", amount, "USD", f"{year}-{number:02}-{day:02}", "AWS") for day in range(1, days + 1)]
        bill(home.services, *rows)

    month(2025, 10, 31, "10")
    change(home.address, "UPDATE dataset SET imported_at = '2025-11-01 09:00:00'")
    month(2025, 11, 30, "20")
    change(
        home.address, "UPDATE dataset SET imported_at = '2025-12-02 09:00:00' WHERE billing_period_start = '2025-11-01'"
    )
    trials = {trial.on: trial for trial in home.services.backtests.run().trials}
    home.services.backtests.close()
    assert trials[date(2025, 10, 25)].forecast.median == usd("310")
    november = trials[date(2025, 11, 20)]
    assert (november.forecast.median, november.became) == (usd("300"), usd("600"))


def test_what_a_history_replaced_counts_once(home: Home) -> None:
    """Ever more of the same days came on the first day of all; a month later another source took their place."""
    home.budget("1000")
    home.add("web")

    def bring(last: date, **more: Any) -> None:
        days = [date(2025, 8, 1) + timedelta(days=ahead) for ahead in range((last - date(2025, 8, 1)).days + 1)]
        path = home.folder / "costs.csv"
        header = "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingAccountId"
        lines = [f"web,{10 + day.toordinal() % 7},USD,{day}T00:00:00Z,111" for day in days]
        path.write_text("\n".join([header, *lines, ""]), "utf-8")
        home.services.imports.run(ImportRequest((str(path),), **more))

    def trials() -> Sequence[Trial]:
        found = home.services.backtests.run().trials
        home.services.backtests.close()
        return found

    for last in (date(2025, 10, 10), date(2025, 10, 20), date(2025, 12, 31)):
        bring(last)
    change(home.address, "UPDATE dataset SET imported_at = '2026-01-01 09:00:00'")
    several = trials()
    bring(date(2025, 12, 31), source="other", replace=True)
    change(home.address, "UPDATE dataset SET imported_at = '2026-02-01 09:00:00' WHERE source = 'other'")
    assert trials() == several
    change(home.address, "DELETE FROM dataset_replacement")
    change(home.address, "DELETE FROM former_cost")
    assert several == trials() != (), "as of the last ones alone"


@pytest.mark.both_engines
def test_what_was_entered_later_or_removed_since_was_not_known_before_or_was(home: Home) -> None:
    """October was entered on the first day of all: it is history. November was entered on December 2; $500 of a day
    were entered by mistake, and gone five days later; $60 were entered ahead of their day."""
    first = home.at("2025-11-01T09:00")
    first.budget("1000")
    first.add("web")
    spend(first, date(2025, 10, 1), date(2025, 10, 31), "10")
    home.at("2025-11-03T09:00").services.costs.add(CostEntry("web", usd("60"), date(2025, 11, 28), once=True))
    mistaken = home.at("2025-11-10T09:00")
    mistaken.spend("web", "500", on="2025-11-10")
    home.at("2025-11-15T09:00").services.undo.undo()
    late = home.at("2025-12-02T09:00")
    for day in range(1, 31):
        late.spend("web", "20", on=f"2025-11-{day:02}")
    looking = home.at("2026-01-13T09:00")
    trials = {trial.on: trial for trial in looking.services.backtests.run().trials}
    looking.services.backtests.close()
    assert trials[date(2025, 10, 25)].forecast.median == usd("310")
    assert trials[date(2025, 11, 2)].forecast.high <= usd("310")
    assert usd("560") <= trials[date(2025, 11, 12)].forecast.low <= usd("870")
    later = trials[date(2025, 11, 20)]
    assert usd("60") <= later.forecast.low <= later.forecast.high < usd("260"), "nothing of November but what is ahead"
    assert later.became == usd("660")


@pytest.mark.both_engines
def test_agents_tokens_had_their_price_until_the_bill_came(home: Home) -> None:
    """$10 a day in October, $50 in November; November was billed on December 2. October's bill is the first of all, and
    history: beside it there were no estimates."""
    first = home.at("2025-10-01T09:00")
    first.budget("1000")
    first.add("web")
    first.services.agents.add("scout", "web", model="gpt-5", tokens=10**7)
    first.services.token_prices.set("gpt-5", {TokenKind.INPUT: usd("1000")})
    for ahead in range(61):
        day = date(2025, 10, 1) + timedelta(days=ahead)
        home.at(f"{day}T12:00").services.agents.consume("scout", 10_000 if day.month == 10 else 50_000)
    for month, days, billed_on in ((10, 31, "2025-11-01"), (11, 30, "2025-12-02")):
        costs = [("web", "12", "USD", f"2025-{month}-{day:02}", "OpenAI") for day in range(1, days + 1)]
        bill(home.at(f"{billed_on}T09:00").services, *costs)
    looking = home.at("2025-12-13T09:00").services
    trials = {trial.on: trial for trial in looking.backtests.run().trials}
    looking.backtests.close()
    assert trials[date(2025, 10, 28)].forecast.median == trials[date(2025, 10, 28)].became == usd("372")
    november = trials[date(2025, 11, 20)]
    assert (november.forecast.low, november.became) == (usd("1000"), usd("360"))


def test_several_days_that_were_entered_at_once_are_a_history(home: Home) -> None:
    """Those of November, on December 2; the one day of another project as well."""
    first = home.at("2025-11-01T09:00")
    first.budget("1000")
    first.add("web", "api")
    spend(first, date(2025, 10, 1), date(2025, 10, 31), "10")
    days = [date(2025, 11, day) for day in range(1, 31)]
    entries = [CostEntry("web", usd("10"), day) for day in days]
    later = home.at("2025-12-02T09:00").services
    later.costs.add_all([*entries, CostEntry("api", usd("30"), date(2025, 11, 10), once=True)])
    backtests = home.at("2026-01-13T09:00").services.backtests
    everything, api = (backtests.run(project).trials for project in ("", "api"))
    backtests.close()
    on = {trial.on: trial.forecast.median for trial in everything}
    assert (on[date(2025, 11, 5)], on[date(2025, 11, 20)]) == (usd("300"), usd("330"))
    assert {trial.forecast.low for trial in api if trial.on.month == 11} == {usd("30")}


def test_where_nothing_was_spent_there_is_nothing_to_compare(home: Home) -> None:
    home.budget("1000")
    home.add("web")
    home.services.costs.add(CostEntry("web", usd("5"), date(2024, 12, 1), once=True))
    backtests = home.services.backtests
    assert (backtests.run().trials, backtests.lately()) == ((), [])
    backtests.close()


def test_recurring_fees_are_known_in_advance(home: Home) -> None:
    home.budget("1000")
    home.add("web")
    home.services.recurring.add(NewFee("web", usd("70"), on_day=28, name="Hosting", starts_on=date(2026, 1, 1)))
    march = home.on("2026-03-05")
    spend(march, date(2026, 1, 1), date(2026, 3, 4), "10")
    trials = march.services.backtests.run().trials
    march.services.backtests.close()
    february = next(trial for trial in trials if trial.on == date(2026, 2, 10))
    assert february.forecast.median == february.became == usd("350")
    assert february.rivals[0] == usd("350"), "the rivals know it, too"
