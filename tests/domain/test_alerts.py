"""When rules fire: once per crossing, period and threshold, whatever happens in between."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.alerts import (
    LOW_END,
    MEDIAN,
    AlertKind,
    AlertRule,
    Phase,
    Reading,
    State,
    Watched,
    evaluate,
    is_crossed,
    parse_thresholds,
    spike_limit,
    standing_of,
    value_of,
)
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import Refused
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.period import Period

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
PCC = Watched("pcc", "pcc", "PCC", "project")


def reading(amount: int, used: int, through: int = 13, **more: object) -> Reading:
    return Reading(PCC, JANUARY, date(2026, 1, through), amount, used, **more)  # type: ignore[arg-type]


def rule(kind: AlertKind, *thresholds: int, seeded: bool = True) -> AlertRule:
    return AlertRule(1, kind, thresholds, "pcc", seeded=thresholds if seeded else ())


def fired(of: AlertRule, readings: list[Reading]) -> list[int | None]:
    """The thresholds reported, reading by reading."""
    states: dict[int, State] = {}
    found = []
    for each in readings:
        states, to_report = evaluate(of, each, states)  # type: ignore[assignment]
        found.append(to_report)
    return found


def test_each_threshold_is_reported_once_and_the_worst_of_several_alone() -> None:
    share = rule(AlertKind.SHARE, 500_000, 800_000, 1_000_000)
    spent = [10, 50, 60, 79, 100, 120]
    assert fired(share, [reading(100, used) for used in spent]) == [None, 500_000, None, None, 1_000_000, None]


def test_a_raise_arms_again_only_what_it_leaves_below() -> None:
    share = rule(AlertKind.SHARE, 800_000, 1_000_000)
    budgets = [(100, 100), (110, 100), (110, 110), (200, 110), (200, 170)]
    assert fired(share, [reading(*each) for each in budgets]) == [1_000_000, None, 1_000_000, None, 800_000]


def test_what_is_found_at_first_is_taken_as_it_is() -> None:
    share = rule(AlertKind.SHARE, 800_000, 1_000_000, seeded=False)
    outcome = evaluate(share, reading(100, 90), {})
    assert outcome.to_report is None
    assert outcome.states[800_000].phase is Phase.FIRED
    assert evaluate(share._replace(seeded=share.thresholds), reading(100, 101), outcome.states).to_report == 1_000_000


def test_an_added_threshold_is_seeded_by_itself() -> None:
    share = AlertRule(1, AlertKind.SHARE, (500_000, 800_000), seeded=(800_000,))
    assert evaluate(share, reading(100, 85), {}).to_report == 800_000
    assert evaluate(share, reading(100, 60), {}).to_report is None


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30))
def test_between_two_reports_of_a_threshold_it_was_not_crossed(history: list[tuple[int, int]]) -> None:
    share = rule(AlertKind.SHARE, 500_000, 800_000, 1_000_000)
    states: dict[int, State] = {}
    was_crossed = dict.fromkeys(share.thresholds, False)
    for amount, used in history:
        now = reading(amount, used)
        outcome = evaluate(share, now, states)
        crossed = {at: bool(is_crossed(AlertKind.SHARE, now, at)) for at in share.thresholds}
        new = [at for at in share.thresholds if crossed[at] and not was_crossed[at]]
        assert outcome.to_report == (max(new) if new else None)
        assert {at for at, state in outcome.states.items() if state.phase is Phase.FIRED} == {
            at for at in share.thresholds if crossed[at]
        }
        states, was_crossed = dict(outcome.states), crossed


def forecast(amount: int, low: int, median: int, through: int, used: int = 0) -> Reading:
    return reading(amount, used, through, forecast=Forecast(low, median, median + 10, True, 30))


def test_a_forecast_is_reported_when_other_data_says_the_same() -> None:
    over = rule(AlertKind.FORECAST, MEDIAN)
    same_day = [forecast(100, 90, 105, 10), forecast(100, 90, 106, 10)]
    assert fired(over, [*same_day, forecast(100, 90, 107, 11), forecast(100, 90, 107, 12)]) == [
        None,
        None,
        MEDIAN,
        None,
    ]
    flapping = [forecast(100, 90, 105, 10), forecast(100, 80, 99, 11), forecast(100, 90, 105, 12)]
    assert fired(over, flapping) == [None, None, None]


@pytest.mark.parametrize(
    "certain",
    [
        [forecast(100, 101, 105, 10)],  # the low end is over
        [forecast(120, 90, 105, 10), forecast(100, 90, 105, 10)],  # the budget was cut
        [forecast(100, 90, 105, 10, used=101)],  # it is spent
    ],
)
def test_a_forecast_is_reported_at_once_when_it_is_certain(certain: list[Reading]) -> None:
    assert fired(rule(AlertKind.FORECAST, MEDIAN), certain)[-1] == MEDIAN


def test_what_is_spent_is_over_whatever_credits_are_expected() -> None:
    over = rule(AlertKind.FORECAST, MEDIAN)
    assert fired(over, [forecast(100, 80, 90, 10), forecast(100, 80, 90, 10, used=101)]) == [None, MEDIAN]


def test_both_ends_of_a_forecast_are_one_message() -> None:
    both = rule(AlertKind.FORECAST, MEDIAN, LOW_END)
    assert fired(both, [forecast(100, 101, 120, 10)]) == [LOW_END]


def test_a_single_number_is_likely_and_never_almost_sure() -> None:
    both, young = rule(AlertKind.FORECAST, MEDIAN, LOW_END), Forecast(120, 120, 120, False, 9)
    readings = [reading(100, 40, through, forecast=young) for through in (10, 11)]
    assert fired(both, [*readings, reading(100, 101, 12, forecast=young)]) == [None, MEDIAN, LOW_END]


def test_numbers_of_each_kind() -> None:
    now = reading(150, 105, held=5, runway_days=Decimal("1.3"), days_to_come=18, used_through=90)
    assert value_of(AlertKind.SHARE, now) == 700_000
    assert value_of(AlertKind.LEFT, now) == 40
    assert value_of(AlertKind.PACE, now) == 600_000 - 13 * 1_000_000 // 31
    assert value_of(AlertKind.RUNWAY, now) == 1300
    assert is_crossed(AlertKind.LEFT, now, 40)
    assert not is_crossed(AlertKind.LEFT, now, 39)
    assert is_crossed(AlertKind.RUNWAY, now, 3000)
    assert not is_crossed(AlertKind.RUNWAY, now._replace(days_to_come=1), 3000)  # the next period comes first
    assert is_crossed(AlertKind.RUNWAY, now._replace(runway_days=Decimal(0), days_to_come=0), 3000)  # nothing is left
    assert is_crossed(AlertKind.RUNWAY, now._replace(runway_days=None), 3000) is False
    assert value_of(AlertKind.SHARE, now._replace(used=None)) is None


def test_no_data_changes_nothing() -> None:
    known = {800_000: State(Phase.FIRED, 900_000, 100, date(2026, 1, 12))}
    outcome = evaluate(rule(AlertKind.SHARE, 800_000), Reading(PCC, JANUARY, date(2026, 1, 13), 100), known)
    assert outcome == (known, None)


def test_a_day_stands_out_of_its_kind() -> None:
    assert spike_limit([10] * 9) is None
    assert spike_limit([10] * 10) == 11
    assert spike_limit([8, 12] * 5) == 12 + 3 * (4 * 14_826 // 10_000)
    weekly = [100 if day % 7 == 6 else 10 for day in range(35)]
    assert spike_limit(weekly[:34]) == 110  # the next day is of the dear kind, as the last four were
    assert spike_limit(weekly[:33]) == 11


@pytest.mark.parametrize(
    ("kind", "texts", "found"),
    [
        (AlertKind.SHARE, ("100", "80%", "92.5"), (800_000, 925_000, 1_000_000)),
        (AlertKind.LEFT, ("20", "5"), (20 * 10**9, 5 * 10**9)),
        (AlertKind.PACE, ("15",), (150_000,)),
        (AlertKind.FORECAST, ("low", "median"), (MEDIAN, LOW_END)),
        (AlertKind.RUNWAY, ("2.5", "3"), (3000, 2500)),
        (AlertKind.SILENT, ("3",), (3,)),
        (AlertKind.SPIKE, (), (0,)),
    ],
)
def test_thresholds_are_read_as_people_write_them(
    kind: AlertKind, texts: tuple[str, ...], found: tuple[int, ...]
) -> None:
    assert parse_thresholds(kind, texts, BudgetType.MONETARY) == found


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (AlertKind.SHARE, "0"),
        (AlertKind.SHARE, "80.00001"),
        (AlertKind.FORECAST, "high"),
        (AlertKind.SILENT, "1.5"),
        (AlertKind.RUNWAY, "soon"),
    ],
)
def test_other_thresholds_are_refused(kind: AlertKind, text: str) -> None:
    with pytest.raises(Refused):
        parse_thresholds(kind, [text], BudgetType.MONETARY)
    with pytest.raises(Refused):
        parse_thresholds(kind, [], BudgetType.MONETARY)


def test_tokens_are_counted_and_money_is_not() -> None:
    assert parse_thresholds(AlertKind.LEFT, ["5000"], BudgetType.TOKEN) == (5000,)


def test_a_period_that_has_passed_is_gone_whole() -> None:
    late = Reading(PCC, JANUARY, JANUARY.end + timedelta(days=8), 100, 100)
    assert value_of(AlertKind.PACE, late) == 0


NUMBERS = {
    AlertKind.SHARE: (500_000, 800_000),
    AlertKind.LEFT: (50, 20, -10),
    AlertKind.PACE: (100_000, 300_000),
    AlertKind.FORECAST: (MEDIAN, LOW_END),
    AlertKind.RUNWAY: (9_000, 3_000),
}


@given(st.sampled_from([*NUMBERS]), st.integers(0, 200), st.integers(0, 40), st.integers(0, 30))
def test_a_bar_is_full_when_all_thresholds_are_crossed_and_not_before(
    kind: AlertKind, used: int, to_come: int, days: int
) -> None:
    of = rule(kind, *NUMBERS[kind])
    now = reading(
        100,
        used,
        runway_days=Decimal(days),
        days_to_come=to_come,
        forecast=Forecast(used + to_come, used + to_come // 2, used + 2 * to_come, True, 30),
    )
    standing = standing_of(of, now)
    assert standing is not None
    crossed = [is_crossed(kind, now, threshold) for threshold in of.thresholds]
    assert standing.is_beyond is any(crossed)
    assert (standing.progress >= 1) if all(crossed) else (0 <= standing.progress <= 1)
    assert standing.threshold == next(
        (at for at, is_past in zip(of.thresholds, crossed, strict=True) if not is_past), of.thresholds[-1]
    )


def test_a_number_that_is_not_known_stands_nowhere() -> None:
    assert standing_of(rule(AlertKind.SHARE, 800_000), reading(100, 50)._replace(used=None)) is None
    assert standing_of(rule(AlertKind.RUNWAY, 3_000), reading(100, 50)) is None, "nothing burns"
