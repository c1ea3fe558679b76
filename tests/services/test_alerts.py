"""Rules over what is stored: what they watch, what they report, and that they report it once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan
from budget_tui.presentation.alerts import subject_text, value_text
from budget_tui.presentation.formatting import short_period_name
from budget_tui.services.alerts import NewRule, RuleEdit
from budget_tui.services.costs import CostEntry
from budget_tui.services.entities import EntityChange
from budget_tui.services.imports import ImportRequest
from budget_tui.services.period_rules import RuleChange
from tests.services.conftest import Home, usd

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))


def reported(home: Home) -> list[str]:
    """What an evaluation reports."""
    return [str(message.body["sentence"]) for message in home.services.alerts.evaluate().messages]


def shares(home: Home) -> list[str]:
    """What an evaluation reports of shares that are spent."""
    messages = home.services.alerts.evaluate().messages
    return [str(message.body["sentence"]) for message in messages if message.body["kind"] == "share"]


def share(*thresholds: str, scope: str = "", **more: object) -> NewRule:
    return NewRule(AlertKind.SHARE, thresholds, scope, **more)  # type: ignore[arg-type]


@pytest.mark.both_engines
def test_every_project_is_watched_from_the_beginning(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", "web", allocate="100")
    assert reported(home) == []
    home.spend("pcc", "85")
    assert reported(home) == ["pcc has spent 85% of $100.00 for January 2026: $15.00 left"]
    assert reported(home) == []
    home.spend("pcc", "20")
    assert reported(home) == ["pcc has spent 105% of $100.00 for January 2026: $5.00 over"]
    [latest, first] = home.services.alerts.messages()
    assert (latest.body["threshold"], first.body["threshold"]) == ("100%", "80%")
    assert latest.body["command"] == "budget-tui cover pcc"
    assert (latest.body["amount"], latest.body["used"], latest.deliveries) == (100, 105, ())


def test_rules_of_a_database_that_had_none_take_it_as_it_is(seed: Home) -> None:
    home = seed.at("2026-01-13T12:00")
    alerts = home.services.alerts
    for status in alerts.rules():
        alerts.remove(status.rule.rule_key)
    alerts.add(share("80", "100"))  # python-api has spent 88%
    assert reported(home) == []
    home.spend("python-api", "12")
    assert reported(home) == ["python-api has spent 100% of $100.00 for January 2026: $0.00 left"]


def test_what_crosses_right_after_a_rule_was_added_or_changed_is_reported(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    home.spend("pcc", "30")
    added = home.services.alerts.add(share("20", "50", scope="pcc")).rule
    home.spend("pcc", "25")
    assert reported(home) == ["pcc has spent 55% of $100.00 for January 2026: $45.00 left"]
    home.services.alerts.edit(added.rule_key, RuleEdit(thresholds=("50", "60")))
    home.spend("pcc", "10")
    assert reported(home) == ["pcc has spent 65% of $100.00 for January 2026: $35.00 left"]


def test_a_new_month_begins_anew(home: Home) -> None:
    home.at("2026-01-13T12:00").budget("500")
    home.at("2026-01-13T12:00").add("pcc", allocate="100")
    home.at("2026-01-13T12:00").spend("pcc", "90")
    assert len(reported(home.at("2026-01-13T12:00"))) == 1
    february = home.at("2026-02-03T12:00")
    february.spend("pcc", "80", on="2026-02-01")
    assert shares(february) == ["pcc has spent 80% of $100.00 for February 2026: $20.00 left"]
    assert reported(february) == []


def test_what_was_spent_late_on_the_last_day_is_reported_on_the_first(home: Home) -> None:
    home = home.at("2026-01-31T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    assert reported(home) == []
    home.spend("pcc", "90", on="2026-01-31")
    first = home.at("2026-02-01T08:00")
    assert reported(first) == ["pcc has spent 90% of $100.00 for January 2026: $10.00 left"]
    assert reported(home.at("2026-02-02T08:00")) == []


def test_looking_at_another_day_stores_nothing(seed: Home) -> None:
    seed.spend("pcc", "40")
    before = seed.content
    findings = seed.services.alerts.evaluate().findings
    assert {finding.reading.watched.entity_id for finding in findings} == {"pcc", "python-api"}
    assert seed.content == before


@pytest.mark.both_engines
def test_eight_evaluators_at_once_report_once(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    assert reported(home) == []
    home.spend("pcc", "85")
    homes = [home.at("2026-01-13T12:00") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(reported, homes)]
    assert sum(map(len, found)) == 1
    assert len(home.services.alerts.messages()) == 1


@pytest.mark.both_engines
def test_who_stays_notices_what_others_did_in_between(home: Home) -> None:
    staying, other = home.at("2026-01-20T12:00"), home.at("2026-01-20T12:00")
    other.budget("500")
    other.add("pcc", allocate="100")
    other.services.costs.add_all([CostEntry("pcc", usd("3"), date(2026, 1, day)) for day in range(5, 20)])
    assert reported(staying) == []
    other.spend("pcc", "40", on="2026-01-19")
    assert len(other.services.alerts.evaluate().messages) == 2
    assert reported(staying) == [], "the other one reported it"
    found = [each.services.alerts.evaluate().findings for each in (staying, other)]
    assert found[0] == found[1]
    assert {finding.rule.kind for finding in found[0]} == {AlertKind.SHARE, AlertKind.FORECAST}
    other.services.alerts.add(share("90", scope="pcc", channels=("phone",)))
    assert reported(staying) == []
    other.services.alerts.mute(3, other.services.context.clock.now().replace(hour=20))
    other.spend("pcc", "6")
    [message] = staying.services.alerts.evaluate().messages
    assert (message.rule_key, message.channels, message.body["muted"]) == (3, (), True)
    other.services.alerts.remove(3)
    assert [rule.rule_key for rule in staying.services.alerts.evaluate().rules] == [1, 2]


def test_a_move_and_another_time_zone_take_it_as_it_is(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    entities = home.services.entities
    entities.add("eng", level="department")
    home.add("pcc", "web", allocate="100")
    home.services.plans.create(BudgetPlan("eng", Category.TOTAL, usd("100"), PeriodKind.MONTHLY, JANUARY))
    home.services.alerts.add(share("50", scope="eng"))
    assert reported(home) == []
    home.spend("pcc", "60")
    entities.change("pcc", EntityChange(parent_id="eng"))
    assert reported(home) == []
    home.spend("web", "90")
    home.services.period_rules.set(RuleChange(time_zone="Europe/Berlin"))
    assert reported(home) == []


def test_planned_budgets_tokens_and_providers_are_watched_alike(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    home.services.plans.create(
        BudgetPlan("ORG", Category.CLOUD, usd("100"), PeriodKind.MONTHLY, JANUARY, provider="aws")
    )
    home.services.agents.add("scout", "pcc")
    home.services.agents.allocate("scout", 1000)
    alerts = home.services.alerts
    alerts.add(share("50", scope="ORG", category="cloud", provider="aws"))
    assert alerts.add(share("90", scope="scout")).rule.budget_type is BudgetType.TOKEN
    alerts.add(NewRule(AlertKind.LEFT, ("200",), "scout"))
    alerts.add(NewRule(AlertKind.LEFT, ("450",), "ORG", category="total"))
    assert reported(home) == []
    home.services.costs.add(CostEntry("pcc", usd("55"), provider="aws", category=Category.CLOUD))
    home.services.agents.consume("scout", 850)
    assert sorted(reported(home)) == [
        "The budget of Default has $445.00 left of $500.00 for January 2026",
        "The budget of Default has spent 55% of $100.00 for January 2026: $45.00 left",
        "scout has 150 tokens left of 1,000 tokens for January 2026",
    ]


def test_spikes_unmapped_costs_and_silence(home: Home) -> None:
    live = home.at("2026-01-13T12:00")
    live.budget("5000")
    live.add("pcc", allocate="4000")
    for day in range(1, 13):
        live.spend("pcc", "10", on=f"2026-01-{day:02}")
    alerts = live.services.alerts
    alerts.add(NewRule(AlertKind.SPIKE, scope="pcc"))
    alerts.add(NewRule(AlertKind.UNMAPPED, ("20",)))
    alerts.add(NewRule(AlertKind.SILENT, ("3",), source="manual"))
    assert reported(live) == []
    live.spend("pcc", "40", on="2026-01-13")
    assert reported(live) == ["pcc spent $40.00 on Jan 13, 2026, usually at most $11.00"]
    assert reported(home.at("2026-01-15T12:00")) == []
    assert reported(home.at("2026-01-16T12:00")) == ["Source manual has brought no costs for 3 days"]


@pytest.mark.both_engines
def test_a_spike_on_the_last_day_of_a_period_is_counted_in_the_next_one(home: Home) -> None:
    home = home.at("2026-01-31T12:00")
    home.budget("5000")
    home.add("pcc", allocate="4000")
    for day in range(16, 31):
        home.spend("pcc", "10", on=f"2026-01-{day}")
    home.services.alerts.add(NewRule(AlertKind.SPIKE, scope="pcc"))
    assert reported(home) == []
    home = home.at("2026-02-01T12:00")
    home.spend("pcc", "40", on="2026-01-31")
    assert reported(home) == ["pcc spent $40.00 on Jan 31, 2026, usually at most $11.00"]
    [message] = home.services.alerts.messages()
    assert short_period_name(message.period) == "Jan 31, 2026"
    assert home.snapshot.alerts == len(home.services.alerts.evaluate().findings) == 1
    home = home.at("2026-02-07T12:00")
    assert home.snapshot.alerts == len(home.services.alerts.evaluate().findings) == 0


def test_rules_are_removed_and_muted_and_both_are_undone(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    alerts, undo = home.services.alerts, home.services.undo
    added = alerts.add(share("50", scope="pcc", channels=("phone",))).rule
    alerts.mute(added.rule_key, home.services.context.clock.now().replace(hour=20))
    assert reported(home) == []
    home.spend("pcc", "60")
    assert len(reported(home)) == 1
    [muted] = alerts.messages()
    assert (muted.body["muted"], muted.deliveries) == (True, ())
    undo.undo()
    undo.undo()
    assert [status.rule.muted_until for status in alerts.rules()] == [None, None, None]
    alerts.remove(added.rule_key)
    assert len(alerts.rules()) == 2
    undo.undo()
    assert alerts.rules()[-1].rule._replace(seeded=()) == added
    with pytest.raises(NotFound):
        alerts.remove(999)
    with pytest.raises(NotFound):
        alerts.add(share("50", scope="nowhere"))
    with pytest.raises(Refused):
        alerts.add(NewRule(AlertKind.SILENT, ("3",)))


@pytest.mark.parametrize("cause", ["the costs are gone", "the project is archived", "it has more"])
def test_what_does_not_hold_any_more_is_not_counted(home: Home, cause: str) -> None:
    """With a day of data there is no forecast yet: only what is spent makes a rule for forecasts hold."""
    home = home.at("2026-01-13T12:00")
    home.budget("1000")
    home.add("web", allocate="100")
    assert reported(home) == []
    home.spend("web", "150")
    assert len(reported(home)) == 1
    assert home.snapshot.alerts == 1
    if cause == "the costs are gone":
        home.services.undo.undo()
    elif cause == "the project is archived":
        home.services.projects.archive("web")
    else:
        home.allocate("web", "200")
    assert reported(home) == []
    assert (home.snapshot.alerts, home.services.alerts.evaluate().findings) == (0, ())
    if cause == "the costs are gone":
        home.spend("web", "150")
        assert len(reported(home)) == 1, "armed again"


@pytest.mark.both_engines
@pytest.mark.parametrize("period", ["2026-Q1", "2026", "2026-01-20..2026-03-10"])
def test_alerts_on_longer_budgets_are_counted_until_these_end(home: Home, period: str) -> None:
    home = home.at("2026-01-25T12:00")
    home.budget("1000")
    home.add("web", allocate="500")
    kind, days = home.services.plans.period_named(period)
    planned = home.services.plans.create(BudgetPlan("web", Category.CLOUD, usd("100"), kind, days))
    home.services.alerts.add(share("80", scope="web", category="cloud"))
    assert reported(home) == []
    home = home.at("2026-02-10T12:00")
    home.spend("web", "90")
    assert len(reported(home)) == 1
    assert home.snapshot.alerts == len(home.services.alerts.evaluate().findings) == 1
    assert home.at(f"{days.end}T12:00").snapshot.alerts == 1
    assert home.at(f"{days.end + timedelta(days=1)}T12:00").snapshot.alerts == 0
    home.services.plans.delete(planned.budget.budget_id)
    assert (home.snapshot.alerts, home.services.alerts.evaluate().findings) == (0, ())


def test_an_earlier_day_counts_no_alerts_of_later_periods(home: Home) -> None:
    home = home.at("2026-01-25T12:00")
    home.budget("1000")
    home.add("web", allocate="100")
    assert reported(home) == []
    home = home.at("2026-02-10T12:00")
    home.spend("web", "90")
    assert len(reported(home)) == 1
    assert (home.snapshot.alerts, home.at("2026-01-25T12:00").snapshot.alerts) == (1, 0)


@pytest.mark.both_engines
def test_messages_name_their_period_by_the_fiscal_year(home: Home) -> None:
    home = home.at("2026-01-25T12:00")
    home.budget("1000")
    home.add("web", allocate="500")
    home.services.period_rules.set(RuleChange(fiscal_start_month=4))
    kind, days = home.services.plans.period_named("quarterly")
    home.services.plans.create(BudgetPlan("web", Category.CLOUD, usd("100"), kind, days))
    home.services.alerts.add(share("80", scope="web", category="cloud"))
    assert reported(home) == []
    home.spend("web", "90")
    assert reported(home) == ["web has spent 90% of $100.00 for Q4 2025/26: $10.00 left"]
    [message] = home.services.alerts.messages()
    assert short_period_name(message.period) == "Q4 2025/26"


@pytest.mark.both_engines
def test_an_edited_rule_takes_it_as_it_is_and_the_edit_is_undone(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", "web", allocate="100")
    alerts = home.services.alerts
    assert reported(home) == []
    home.spend("pcc", "85")
    assert len(reported(home)) == 1
    assert home.snapshot.alerts == 1
    edit = RuleEdit(None, ("50", "90"), "pcc", channels=("phone",), fails=True)
    edited = alerts.edit(1, edit).rule
    assert (edited.rule_key, edited.entity_id, edited.thresholds, edited.seeded) == (1, "pcc", (500_000, 900_000), ())
    assert reported(home) == []
    assert home.snapshot.alerts == 0, "what was reported is of another rule"
    home.spend("pcc", "6")
    assert shares(home) == ["pcc has spent 91% of $100.00 for January 2026: $9.00 left"]
    log = home.log
    assert alerts.edit(1, edit).rule.thresholds
    assert home.log == log, "nothing was changed"
    alerts.edit(1, RuleEdit(channels=(), fails=False))
    assert home.snapshot.alerts == 1, "whom it tells changes nothing about what holds"
    for _ in ("the second edit", "the costs", "the first edit"):
        home.services.undo.undo()
    back = next(status.rule for status in alerts.rules() if status.rule.rule_key == 1)
    assert (back.entity_id, back.thresholds, back.channels, back.fails) == (None, (800_000, 1_000_000), (), False)
    assert reported(home) == []
    for wrong, kind in ((RuleEdit(scope="nothing"), NotFound), (RuleEdit(thresholds=("often",)), Refused)):
        with pytest.raises(kind):
            alerts.edit(1, wrong)
    with pytest.raises(NotFound):
        alerts.edit(99, RuleEdit(thresholds=("90",)))


def test_undo_takes_nothing_back_that_was_changed_since(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    alerts, undo, now = home.services.alerts, home.services.undo, home.services.context.clock.now()
    home.budget("500")
    first = alerts.add(share("50", scope="ORG")).rule
    alerts.mute(first.rule_key, now.replace(hour=20))
    with home.services.context.work() as work:
        work.unit.alerts.mute(work.organization.org_key, first.rule_key, None)  # as somebody else would
        work.commit()
    with pytest.raises(Conflict, match="the muting of alert 3 was changed since"):
        undo.undo()
    alerts.remove(first.rule_key)
    assert alerts.add(share("60", scope="ORG")).rule.rule_key > first.rule_key, "no number is given twice"


def test_what_is_held_counts_for_the_budgets_above(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.services.entities.add("eng", level="department")
    home.add("pcc", allocate="100")
    home.services.entities.move("pcc", "eng")
    home.services.plans.create(BudgetPlan("eng", Category.TOTAL, usd("100"), PeriodKind.MONTHLY, JANUARY))
    home.services.alerts.add(NewRule(AlertKind.LEFT, ("40",), "eng"))
    assert reported(home) == []
    home.spend("pcc", "50")
    home.services.holds.hold("pcc", usd("20"), 600)
    assert reported(home) == ["eng has $30.00 left of $100.00 for January 2026"]
    assert home.services.alerts.check().is_passed


def test_what_several_rules_say_is_said_once_and_to_everybody(home: Home) -> None:
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", "web", allocate="100")
    alerts = home.services.alerts
    loud = alerts.add(share("100", channels=("phone",))).rule
    assert reported(home) == []
    home.spend("pcc", "100")
    assert reported(home) == ["pcc has spent 100% of $100.00 for January 2026: $0.00 left"]
    assert alerts.messages()[0].channels == ("phone",)
    alerts.mute(loud.rule_key, home.services.context.clock.now().replace(hour=20))
    home.spend("web", "100")
    assert len(reported(home)) == 1
    assert not alerts.messages()[0].body["muted"], "a rule that is muted keeps no other one from speaking"


def test_what_is_carried_over_counts(home: Home) -> None:
    """A deficit of January makes February's budget smaller: the share is of what is left of it."""
    january = home.at("2026-01-13T12:00")
    january.budget("500")
    january.add("pcc", allocate="100")
    january.services.budgets.set_carry(CarryPolicy.DEFICIT, None, "pcc")
    january.spend("pcc", "150")
    assert len(reported(january)) == 1
    february = home.at("2026-02-02T12:00")
    february.spend("pcc", "45", on="2026-02-01")
    assert shares(february) == ["pcc has spent 90% of $50.00 for February 2026: $5.00 left"]


RULE_TYPES = {
    "budget_percent": share("80", scope="pcc"),
    "budget_forecast": NewRule(AlertKind.FORECAST, ("median",), "pcc"),
    "hierarchy_budget": share("80", scope="eng"),
}
"""The rules of budget planning, by the names that its users know."""


@pytest.mark.parametrize(
    ("rule_type", "sentence"),
    [
        ("budget_percent", "pcc has spent 85% of $100.00 for January 2026: $15.00 left"),
        ("budget_forecast", "pcc will almost surely spend at least $155.00 by Jan 31, $55.00 over $100.00"),
        ("hierarchy_budget", "eng has spent 85% of $100.00 for January 2026: $15.00 left"),
    ],
)
def test_the_rule_types_of_budget_planning(home: Home, rule_type: str, sentence: str) -> None:
    home = home.at("2026-01-17T12:00")
    home.budget("500")
    home.services.entities.add("eng", level="department")
    home.add("pcc", allocate="100")
    home.services.entities.move("pcc", "eng")
    home.services.plans.create(BudgetPlan("eng", Category.TOTAL, usd("100"), PeriodKind.MONTHLY, JANUARY))
    for status in home.services.alerts.rules():
        home.services.alerts.remove(status.rule.rule_key)
    rule = RULE_TYPES[rule_type]
    home.services.alerts.add(rule if rule.kind is AlertKind.SHARE else rule._replace(thresholds=("median", "low")))
    assert reported(home) == []
    for day in range(1, 18):
        home.spend("pcc", "5", on=f"2026-01-{day:02}")
    [found] = reported(home)
    assert found.startswith(sentence)


def test_an_import_once_a_month_still_reports_a_forecast(home: Home) -> None:
    """Weeks of $14 and of $42 in turns: four weeks more will likely, but not surely, come to more than $105."""
    january, bill = home.at("2026-01-02T12:00"), home.folder / "bill.csv"
    january.budget("500")
    january.add("pcc", allocate="105")
    january.services.alerts.add(NewRule(AlertKind.FORECAST, ("median",), "pcc"))
    assert reported(january) == []

    def imported(day: str, amounts: dict[str, int]) -> list[str]:
        now = home.at(f"{day}T12:00")
        rows = "".join(f"{on},{amount},pcc\n" for on, amount in amounts.items())
        bill.write_text(f"date,amount,project\n{rows}")
        now.services.imports.run(ImportRequest((str(bill),), source="bank"))
        return [each for each in reported(now) if "Feb" in each]

    def days(month: int, last: int) -> dict[str, int]:
        return {f"2026-{month:02}-{day:02}": 2 if (day + 3) // 7 % 2 else 6 for day in range(1, last + 1)}

    assert imported("2026-02-03", days(1, 31)) == []
    [found] = imported("2026-02-16", days(2, 15))
    assert found.startswith("pcc will likely spend $")
    assert " by Feb 28, " in found
    assert " over $105.00" in found


@pytest.mark.parametrize(("threshold", "scope"), [("median", ""), ("low", "pcc"), ("median", "*")])
@pytest.mark.parametrize("allocated", ["80", "150", "500", "4000"])
def test_the_forecast_that_is_shown_is_that_of_every_other_screen(
    home: Home, threshold: str, scope: str, allocated: str
) -> None:
    """Whether it is far below the budget, close to it, or the budget is exceeded already."""
    home = home.at("2026-02-18T12:00")
    home.budget("5000")
    home.add("pcc", allocate=allocated)
    for status in home.services.alerts.rules():
        home.services.alerts.remove(status.rule.rule_key)
    home.services.alerts.add(NewRule(AlertKind.FORECAST, (threshold,), ROOT_ID if scope == "*" else scope))
    day, amounts = date(2026, 1, 1), ("3", "6", "4", "8", "5")
    while day < date(2026, 2, 18):
        home.spend("pcc", amounts[day.day % 5], on=day.isoformat())
        day += timedelta(days=1)
    expected = home.services.forecasts.current()
    forecast = expected.total if scope == "*" else expected.of("pcc")
    wanted = forecast.low if threshold == "low" else forecast.median

    def shown() -> int:
        [status] = home.services.alerts.rules()
        [standing] = status.standings
        return standing.reading.amount + standing.value

    assert forecast.has_range
    assert shown() == wanted
    reported(home)
    assert shown() == wanted, "after an evaluation, which compares only"
    home.spend("pcc", "1")
    home.services.alerts.evaluate()
    forecast = home.services.forecasts.current().of("pcc")
    assert shown() == (forecast.low if threshold == "low" else forecast.median)


def test_a_young_forecast_is_shown_of_a_budget_that_is_exceeded_alone(home: Home) -> None:
    """With a day of data it makes no rule hold, but where the budget is exceeded all screens show the same number."""
    home = home.at("2026-01-13T12:00")
    home.budget("500")
    home.add("pcc", "web", allocate="100")
    home.spend("pcc", "120", on="2026-01-12")
    home.spend("web", "20", on="2026-01-12")
    [standing] = [
        standing
        for status in home.services.alerts.rules()
        for standing in status.standings
        if status.rule.kind is AlertKind.FORECAST
    ]
    assert standing.reading.watched.entity_id == "pcc"
    assert standing.reading.amount + standing.value == home.services.forecasts.current().of("pcc").median


@pytest.mark.both_engines
def test_what_is_closest_to_firing_is_of_what_runs_now(home: Home) -> None:
    january = home.at("2026-01-20T12:00")
    january.budget("500")
    january.add("pcc", allocate="100")
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    january.services.plans.create(BudgetPlan("pcc", Category.CLOUD, usd("300"), PeriodKind.QUARTERLY, quarter))
    january.services.alerts.add(share("80", "100", scope="pcc"))
    january.spend("pcc", "96", on="2026-01-20")
    bill = home.folder / "bill.csv"
    bill.write_text("date,amount,project\n2026-01-19,1,pcc\n")
    january.services.imports.run(ImportRequest((str(bill),), source="bank"))
    february = home.at("2026-02-02T12:00")
    february.spend("pcc", "10")
    found = {
        (subject_text(standing), value_text(standing))
        for status in february.services.alerts.rules()
        for standing in status.standings
        if standing.rule.kind is AlertKind.SHARE
    }
    assert found == {("pcc", "10%"), ("pcc cloud, Q1 2026", "36%")}, "January is watched, but has ended"


def test_a_period_that_was_closed_today_has_no_forecasts(home: Home) -> None:
    """What is left of it is known; what runs on is forecast as before."""
    home = home.at("2026-01-31T12:00")
    home.budget("500")
    home.add("pcc", allocate="100")
    home.services.alerts.add(NewRule(AlertKind.FORECAST, ("median",), ROOT_ID))
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    for period, kind in ((JANUARY, PeriodKind.MONTHLY), (quarter, PeriodKind.QUARTERLY)):
        home.services.plans.create(BudgetPlan("pcc", Category.CLOUD, usd("300"), kind, period))
    for day in range(5, 31):
        home.spend("pcc", "2", on=f"2026-01-{day:02}")

    def with_forecasts() -> tuple[set[str], set[str]]:
        planned, rules = home.services.plan_views.list().budgets, home.services.alerts.rules()
        found = home.services.plan_views.forecasts(planned)
        budgets = {short_period_name(budget.period) for budget in planned if budget.budget_id in found}
        shown = {
            subject_text(standing)
            for status in rules
            if status.rule.kind is AlertKind.FORECAST
            for standing in status.standings
        }
        return budgets, shown

    assert with_forecasts() == ({"Jan 2026", "Q1 2026"}, {"pcc", "Default"})
    home.close()
    assert with_forecasts() == ({"Q1 2026"}, set())
    assert home.services.plan_views.forecast("pcc").entity.spent == usd("52"), "an entity is asked for"
