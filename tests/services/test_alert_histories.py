"""Alerts over lives of every kind: spend, changes of budgets, late data, closes, undo, moves and turns of periods."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.alerts import AlertKind, is_crossed
from budget_tui.services.alert_readings import Readings
from budget_tui.services.alerts import Alerts, NewRule
from budget_tui.services.clock import Clock, zone
from tests.databases import Engine, empty
from tests.examples import examples
from tests.services.conftest import Home, home_at
from tests.services.histories import History

RULES = (
    NewRule(AlertKind.SHARE, ("50", "80", "100")),
    NewRule(AlertKind.LEFT, ("100", "20"), "ORG"),
    NewRule(AlertKind.PACE, ("10",), "pcc"),
    NewRule(AlertKind.SHARE, ("10", "90"), "DEPT"),
    NewRule(AlertKind.UNMAPPED, ("10",)),
)
STEPS = 20


@dataclass(frozen=True, slots=True)
class ClockOf(Clock):
    """The clock of a program that stays: it shows the moment that a history has come to."""

    history: History | None = None

    def now(self) -> datetime:
        assert self.history is not None
        return self.history.moment

    def today(self, time_zone: str) -> date:
        return self.now().astimezone(zone(time_zone)).date()


class Place(NamedTuple):
    """What has a state of its own: a rule, and what it watches in which period."""

    rule: int
    subject: str
    period_start: str


def crossed(home: Home) -> dict[Place, set[int]]:
    """The thresholds that are crossed now, of everything that can be read."""
    context = home.services.context
    with context.reading() as session:
        organization = context.organization(session)
        progress = session.alerts.progress(organization.org_key)
        rules = [rule for rule in session.alerts.rules(organization.org_key) if rule.kind is not AlertKind.FORECAST]
        readings = Readings(
            session,
            organization,
            context.clock.today(organization.time_zone),
            context.clock.now(),
            progress and progress.data_through,
        )
        return {
            Place(rule.rule_key, reading.watched.subject, str(reading.period.start)): {
                at for at in rule.thresholds if is_crossed(rule.kind, reading, at)
            }
            for reading, watching in readings.of(rules)
            for rule in watching
        }


def is_unseeded(home: Home) -> bool:
    """Whether the next evaluation takes everything as it is."""
    return home.rows("SELECT count(*) FROM alert_rule WHERE seeded = '[]'") != [(0,)]


@settings(max_examples=examples(12))
@given(st.integers(0, 10_000))
def test_what_is_crossed_anew_is_reported_once(engine: Engine, seed: int) -> None:
    address = engine.new(empty)
    history = History(address, Random(seed))
    history.begin()
    begun = home_at(address, None).at(history.moment.isoformat()[:19])
    for rule in RULES:
        begun.services.alerts.add(rule)
    begun.services.alerts.evaluate()
    lasting, chance = Alerts(replace(begun.services.context, clock=ClockOf(history=history))), Random(seed)
    known = crossed(begun)
    for _ in range(STEPS):
        history.live(1)
        home = begun.at(history.moment.isoformat()[:19])
        now, is_silent = crossed(home), is_unseeded(home)
        fresh = home.services.alerts
        messages = chance.choice((lasting, fresh)).evaluate().messages
        assert lasting.evaluate(only_look=True).findings == fresh.evaluate(only_look=True).findings, history.done
        reported = [(each.subject, str(each.period.start)) for each in messages if each.body["kind"] != "forecast"]
        anew = {place[1:] for place, thresholds in now.items() if thresholds - known.get(place, set())}
        assert {*reported} == (set() if is_silent else anew), history.done
        known.update(now)
    assert home.services.alerts.evaluate().messages == (), history.done
