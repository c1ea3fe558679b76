"""Recurring fees over a real database: booked once on their day, billed, closed with their period, and undone."""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import Conflict, InsufficientBudget, NotFound, Refused
from budget_tui.domain.explain import Reason
from budget_tui.domain.period import Period
from budget_tui.domain.recurring import Every, FeeReport
from budget_tui.presentation.audit_sentences import sentence
from budget_tui.services.cost_details import CostPage
from budget_tui.services.costs import CostEntry
from budget_tui.services.gate import GateRequest
from budget_tui.services.recurring import NewFee
from budget_tui.services.watching import Watcher
from budget_tui.storage.database.base import PATIENCE_SECONDS
from tests.databases import Address, Engine, close_writers, content, is_postgres
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at, shown, usd
from tests.services.planning import bill
from tests.unprivileged import unprivileged

FIGMA = NewFee("web", usd("100"), Every.MONTH, 4, provider="figma", starts_on=date(2026, 1, 1))


@pytest.fixture
def web(home: Home) -> Home:
    home.budget("1000")
    home.add("web")
    return home


def charged(home: Home) -> list[tuple[object, ...]]:
    """Day, and whether it is booked or billed, of each charge."""
    return home.rows(
        "SELECT day, CASE WHEN cost_key IS NULL THEN 'billed' ELSE 'booked' END FROM recurring_charge ORDER BY day"
    )


def only(home: Home) -> FeeReport:
    [report] = home.services.recurring.all()
    return report


@pytest.mark.both_engines
def test_a_fee_is_booked_once_on_its_day_and_closed_with_its_period(web: Home) -> None:
    report = web.services.recurring.add(FIGMA)  # on January 13, for the 4th
    assert (report.latest and report.latest.day, report.fee.next_on) == (date(2026, 1, 4), date(2026, 2, 4))
    assert web.spent["web"] == "100"
    web.allocate("web", "10")
    assert web.spent["web"] == "100", "further writes book nothing more"
    april = web.on("2026-04-02")
    april.services.periods.catch_up()  # after an absence of two months
    assert [str(day) for day, _ in charged(april)] == ["2026-01-04", "2026-02-04", "2026-03-04"]
    history = april.services.history.periods(12)
    assert [period.spent for period in history] == [usd("100")] * 3
    assert not any(period.restated for period in history)
    assert april.spent["web"] == "0"
    assert april.snapshot.total.burn_rate == 0, "what comes once is no rate"
    assert april.snapshot.data_through == date(2026, 4, 2), "and says nothing about how far costs are known"


@pytest.mark.both_engines
def test_whoever_watches_books_what_is_due_and_closes_what_has_ended(web: Home) -> None:
    """Once a minute, though nobody writes; never for a day that one only looks at."""
    web.services.recurring.add(FIGMA)
    for moment, days in (("2026-02-03T12:00", ["01-04"]), ("2026-02-04T12:00", ["01-04", "02-04"])):
        watcher = Watcher(web.at(moment).services.context, {})
        watcher.look()
        watcher.close()
        assert [str(day)[5:] for day, _ in charged(web)] == days
    assert [period.spent for period in web.on("2026-02-04").services.history.periods(12)] == [usd("100")]
    looking = web.on("2026-03-05")
    watcher = Watcher(looking.services.context, {})
    watcher.look()
    watcher.close()
    assert looking.services.snapshots.is_behind() is False
    assert len(charged(web)) == 2


@pytest.mark.both_engines
def test_a_bill_stands_in_the_place_of_the_fee_and_its_undo_brings_it_back(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    bill(web.services, ("web", "103.50", "USD", "2026-01-06", "Figma"), ("web", "9", "USD", "2026-01-07", "Figma"))
    assert (web.spent["web"], charged(web)[0][1]) == ("112.5", "billed")
    latest = only(web).latest
    assert latest is not None and latest.bill is not None
    assert latest.bill.amount - latest.amount == usd("3.50")
    [found] = [found for found in web.services.explain.of_project("web").left_out if found.reason is Reason.BILLED]
    assert (found.amount, found.text) == (
        usd("100"),
        "of the recurring fee figma, due on Jan 4: $103.50 billed on Jan 6 counts instead, $3.50 more",
    )
    web.services.undo.undo()
    assert (web.spent["web"], charged(web)[0][1]) == ("100", "booked")
    web.services.undo.redo()
    assert (web.spent["web"], charged(web)[0][1]) == ("112.5", "billed")
    said = [(entry.actor, entry.action, sentence(entry, "USD", {})) for entry in web.log]
    imported = "bill.csv imported, $112.50 in 2 rows, 1 fee of $100.00 replaced by the bill"
    assert said[:3] == [
        ("anna", "cost.import", imported),
        ("anna", "cost.import", "bill.csv removed again, 1 fee of $100.00 booked"),
        ("anna", "cost.import", imported),
    ]
    booked = "$100.00 booked every month for web, 1 fee of $100.00 booked"
    assert said[3] == ("anna", "recurring.add", booked)


def test_no_bill_is_too_late(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    april = web.on("2026-04-12")
    bill(april.services, ("web", "101", "USD", "2026-01-04", "Figma"))
    assert charged(april)[0] == ("2026-01-04", "billed")
    april.services.undo.undo()
    assert charged(april)[0] == ("2026-01-04", "booked")


def test_a_bill_that_came_first_is_never_doubled(web: Home) -> None:
    bill(web.services, ("web", "100", "USD", "2026-01-03", "Figma"))
    web.services.recurring.add(FIGMA)
    assert (web.spent["web"], charged(web)[0][1]) == ("100", "billed")


def test_adding_and_ending_are_undone_and_redone(web: Home) -> None:
    recurring, undo = web.services.recurring, web.services.undo
    recurring.add(FIGMA)
    recurring.end("figma")
    assert (only(web).fee.ended_on, only(web).fee.next_on) == (date(2026, 1, 13), None)
    undo.undo()
    assert only(web).fee.next_on == date(2026, 2, 4)
    undo.undo()
    assert (recurring.all(), web.spent["web"]) == ([], "0")
    undo.redo()
    assert (only(web).fee.next_on, web.spent["web"]) == (date(2026, 2, 4), "100")
    undo.redo()
    assert only(web).fee.ended_on == date(2026, 1, 13)
    assert charged(web.on("2026-02-20"))[-1][0] in ("2026-01-04", date(2026, 1, 4))
    recurring.add(FIGMA)  # the name is free again


def as_other(home: Home) -> Home:
    """Another user of the same database."""
    return Home(replace(home.services, context=replace(home.services.context, actor="bert")))


def test_no_undo_makes_two_fees_of_one_name_run(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    web.services.recurring.end("figma")
    as_other(web).services.recurring.add(replace(FIGMA, name="Figma"))
    with pytest.raises(Conflict, match="there is a fee called 'Figma'"):
        web.services.undo.undo()
    as_other(web).services.undo.undo()
    web.services.undo.undo()
    assert only(web).fee.next_on is not None


@pytest.mark.both_engines
def test_a_fee_comes_back_though_another_one_was_added_meanwhile(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    web.services.undo.undo()
    as_other(web).services.recurring.add(replace(FIGMA, name="other"))
    web.services.undo.redo()
    has_own_key = is_postgres(web.address)  # which gives none twice, though its row is gone
    names = [report.fee.name for report in web.services.recurring.all()]
    assert names == (["figma", "other"] if has_own_key else ["other", "figma"])
    web.services.undo.undo()
    assert only(web).fee.name == "other"


def test_an_end_is_redone_of_a_fee_that_came_back_under_another_key(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    web.services.recurring.end("figma")
    web.services.undo.undo()
    web.services.undo.undo()
    as_other(web).services.recurring.add(replace(FIGMA, name="other"))
    web.services.undo.redo()
    web.services.undo.redo()
    assert {report.fee.name: report.fee.has_ended for report in web.services.recurring.all()} == {
        "figma": True,
        "other": False,
    }


def test_what_is_refused(web: Home) -> None:
    recurring = web.services.recurring
    recurring.add(FIGMA)
    with pytest.raises(Conflict, match="there is a fee called 'figma'"):
        recurring.add(FIGMA)
    with pytest.raises(Refused, match="positive"):
        recurring.add(NewFee("web", 0))
    with pytest.raises(Refused, match="before the running period"):
        recurring.add(NewFee("web", usd("1"), starts_on=date(2025, 12, 31)))
    with pytest.raises(NotFound):
        recurring.add(NewFee("nope", usd("1")))
    with pytest.raises(NotFound):
        recurring.end("nope")


@pytest.mark.both_engines
def test_the_forecast_knows_fees_in_advance(web: Home) -> None:
    """$100 on the 4th and $40 on the 20th, no usage since December; booked, billed or to come, each counts once."""
    recurring, forecasts = web.services.recurring, web.services.forecasts
    web.services.costs.add(CostEntry("web", usd("5"), date(2025, 12, 1), once=True))
    recurring.add(FIGMA)
    recurring.add(NewFee("web", usd("40"), on_day=20, name="Hosting"))
    assert forecasts.current().of("web").median == usd("140")
    bill(web.services, ("web", "101", "USD", "2026-01-05", "Figma"))
    assert forecasts.current().of("web").median == usd("141")
    forecasts.close()
    february = web.on("2026-02-10")  # where nobody has written yet
    assert february.services.forecasts.current().of("web").median == usd("140")
    february.services.forecasts.close()


# What only reads foresees what booking will do


def figures(home: Home) -> Mapping[str, object]:
    """What every face shows: they all read the same services."""
    services, today = home.services, home.services.context.clock.today("UTC")
    snapshot, forecasts, plan = home.snapshot, services.forecasts.current(), services.plan_views.summary()
    january = Period(date(2026, 1, 1), max(today, date(2026, 1, 31)))
    details = services.cost_details
    found = {
        "status": replace(snapshot, carried_over=False),  # the one thing that says whether anybody has written
        "gate": [services.gate.ask(GateRequest(project, "", usd("40"))) for project in ("web", "")],
        "forecast": (forecasts.total, dict(forecasts.projects)),
        "plan": [
            (line.budget.path, line.budget.amount, line.figures.actual)
            for line in plan.lines
            if line.budget.period.contains(today)
        ],
        "explain": services.explain.of_project("web"),
        "costs": with_origins_numbered(details.page(details.of_entity("ORG", january))),
        "recent": details.recent_spend(snapshot),
        "fees": [with_cost_numbered(report) for report in services.recurring.all()],
        "check": services.alerts.check(only_look=True).exceeded,
    }
    services.close()
    return found


def with_cost_numbered(report: FeeReport) -> FeeReport:
    """The report with 1 as the key of any cost that its latest charge is booked as, which no face shows."""
    latest = report.latest
    return report._replace(latest=latest and latest._replace(cost_key=None if latest.cost_key is None else 1))


def with_origins_numbered(page: CostPage) -> CostPage:
    """The page with origins by their order in it: what is foreseen has other keys than what is stored."""
    numbers: dict[int, int] = {}
    lines = (
        line._replace(origin_key=line.origin_key and numbers.setdefault(line.origin_key, len(numbers) + 1))
        for line in page.lines
    )
    return replace(page, lines=tuple(lines))


def with_two_projects(address: Address) -> None:
    home = home_at(address, TODAY)
    home.budget("1000")
    home.add("web", allocate="100")
    home.add("app", allocate="60")
    home.services.budgets.set_carry(CarryPolicy.BOTH, None, "web")
    for day in range(1, 20):
        home.services.costs.add(CostEntry("web", usd("1"), TODAY - timedelta(days=day)))


fees = st.builds(
    NewFee,
    entity_id=st.sampled_from(["web", "app"]),
    amount=st.integers(1, 9_000).map(lambda cents: usd(f"{cents / 100:.2f}")),
    every=st.sampled_from(Every),
    on_day=st.integers(1, 31),
    name=st.uuids().map(str),
    provider=st.just("acme"),
    starts_on=st.dates(date(2026, 1, 1), date(2026, 3, 31)),
)
MONTHLY = NewFee("web", usd("70"), Every.MONTH, 20, "Hosting", "acme", starts_on=date(2026, 1, 1))


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fees=st.lists(st.tuples(fees, st.dates(TODAY, date(2026, 5, 1)) | st.none()), min_size=1, max_size=3),
    bill_days_apart=st.none() | st.integers(-4, 4),
    day=st.dates(TODAY, date(2026, 6, 30)),
    is_archived=st.booleans(),
)
@example(fees=[(MONTHLY, None)], bill_days_apart=None, day=date(2026, 1, 20), is_archived=False)
@example(fees=[(MONTHLY, None)], bill_days_apart=-1, day=date(2026, 2, 25), is_archived=False)
def test_what_is_read_before_a_fee_is_booked_is_what_is_read_after(
    engine: Engine,
    fees: list[tuple[NewFee, date | None]],
    bill_days_apart: int | None,
    day: date,
    is_archived: bool,
) -> None:
    home = home_at(engine.new(with_two_projects), TODAY)
    for fee, last_day in fees:
        added = home.services.recurring.add(fee)
        if bill_days_apart is not None and fee is fees[0][0] and added.fee.next_on is not None:
            billed_on = str(added.fee.next_on + timedelta(days=bill_days_apart))
            bill(home.services, (fee.entity_id, shown(fee.amount), "USD", billed_on, "acme"))
        if last_day is not None:
            home.services.recurring.end(fee.name, last_day)
    if is_archived:
        home.services.projects.archive("app")
    later, stored = home.on(str(day)), content(home.address, but_next_keys=True)
    before = figures(later)
    assert content(home.address, but_next_keys=True) == stored, "nothing is written"
    later.services.periods.catch_up()
    after = figures(later)
    for name in before:
        assert before[name] == after[name], name
    engine.clear()


@pytest.mark.both_engines
def test_the_gate_says_what_a_hold_would_find(web: Home) -> None:
    """A fee that is due counts before anybody booked it; a month later, too, and for a day that one looks at."""
    web.allocate("web", "150")
    web.services.recurring.add(FIGMA)
    for day in ("2026-02-04", "2026-03-20"):
        later = web.on(day)
        assert not later.services.gate.ask(GateRequest("web", "", usd("50.01"))).is_allowed
        assert later.services.gate.ask(GateRequest("web", "", usd("50"))).is_allowed
        assert later.services.alerts.check(only_look=True).exceeded == ()
    assert len(charged(web)) == 1
    with pytest.raises(InsufficientBudget):
        later.services.holds.hold("web", usd("50.01"))
    later.services.holds.hold("web", usd("50"))
    assert len(charged(web)) == 3


@pytest.mark.both_engines
def test_alerts_count_a_fee_that_is_due(web: Home) -> None:
    web.allocate("web", "100")
    web.services.recurring.add(FIGMA)
    later = web.at("2026-02-04T12:00")
    for _ in range(2):  # the first evaluation of a database looks again before it stores
        found = later.services.alerts.evaluate().findings
        assert {each.reading.used for each in found if each.rule.kind is AlertKind.SHARE} == {usd("100")}
    assert len(charged(web)) == 1


def test_the_gate_foresees_a_fee_without_loading_sqlalchemy(web: Home) -> None:
    web.allocate("web", "100")
    web.services.recurring.add(FIGMA)
    code = "import sys; from budget_tui.cli.main import run; run(sys.argv[1:]); print('sqlalchemy' in sys.modules)"
    asked = [sys.executable, "-c", code, "--db", web.address, "--as-of", "2026-02-04", "gate", "--project", "web"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("False\n", "error: $0.00 is all that web has left and not held\n")


@pytest.mark.both_engines
def test_while_somebody_writes_at_length_what_is_stored_is_shown_at_once(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    later = web.on("2026-02-04")
    with later.again().services.context.transaction("default"):
        began = time.monotonic()
        assert later.spent["web"] == "0"
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert later.services.forecasts.current().snapshot.total.spent == 0
    assert later.spent["web"] == "100"
    assert later.services.forecasts.current().snapshot.total.spent == usd("100"), "what was stored is not kept"


@pytest.mark.both_engines
def test_the_details_of_a_fee_that_nobody_has_booked_are_found(web: Home) -> None:
    web.services.recurring.add(replace(MONTHLY, starts_on=date(2026, 2, 1)))
    details = web.on("2026-03-25").services.cost_details
    lines = details.page(details.of_entity("web", Period(date(2026, 2, 1), date(2026, 3, 31)))).lines
    assert [line.day for line in lines] == [date(2026, 3, 20), date(2026, 2, 20)]
    for line in lines:
        assert details.charges(line).origin.service == "Hosting"
    details.close()


@pytest.mark.both_engines
def test_forecasts_are_kept_while_a_fee_is_due(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    forecasts = web.on("2026-02-04").services.forecasts
    report = forecasts.current()
    assert report.snapshot.total.spent == usd("100")
    assert forecasts.current() is report
    web.services.costs.add(CostEntry("web", usd("1"), date(2026, 1, 4)))
    assert forecasts.current() is not report
    forecasts.close()


@pytest.mark.sqlite
def test_of_a_database_that_may_not_be_written_what_is_stored_is_shown(web: Home) -> None:
    web.services.recurring.add(FIGMA)
    close_writers()
    Path(web.address).chmod(0o400)
    assert unprivileged(lambda: web.on("2026-02-04").spent["web"]) == "0"
