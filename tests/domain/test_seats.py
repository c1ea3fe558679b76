"""How many seats there were at most."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.period import Period, together
from budget_tui.domain.seats import Seats, SeatTimeline, most_on_one_day, most_seats, seat_timelines

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))


def seats(entity: str, day: str, number: int, provider: str = "figma") -> Seats:
    return Seats(ord(entity), provider, date.fromisoformat(day), number)


@pytest.mark.parametrize(
    ("registered", "charged", "most"),
    [
        ([], [], None),
        ([seats("a", "2026-02-01", 5)], [seats("a", "2026-02-01", 5)], None),
        ([seats("a", "2025-06-01", 5)], [], 5),
        ([seats("a", "2025-06-01", 5), seats("a", "2025-12-31", 0)], [], 0),
        ([seats("a", "2025-06-01", 5), seats("a", "2026-01-31", 9)], [], 9),
        # the maximum, not the sum of days
        ([], [seats("a", f"2026-01-{day:02}", 3) for day in range(1, 32)], 3),
        # entities and providers add up, day by day
        ([seats("a", "2026-01-01", 5), seats("b", "2026-01-10", 7)], [], 12),
        ([seats("a", "2026-01-01", 5), seats("a", "2026-01-10", 0), seats("b", "2026-01-10", 7)], [], 7),
        ([seats("a", "2026-01-01", 5), seats("a", "2026-01-01", 2, "slack")], [], 7),
        ([], [seats("a", "2026-01-05", 5), seats("b", "2026-01-05", 4), seats("c", "2026-01-06", 8)], 9),
        ([], [seats("a", "2026-01-05", 5), seats("a", "2026-01-05", 4)], 9),
        # what is registered and what is charged are the same seats
        ([seats("a", "2026-01-01", 5)], [seats("a", "2026-01-05", 4)], 5),
        ([seats("a", "2026-01-01", 5)], [seats("a", "2026-01-05", 6)], 6),
        ([seats("a", "2026-01-01", 5)], [seats("b", "2026-01-05", 6)], 11),
    ],
)
def test_the_most_seats_of_a_month(registered: list[Seats], charged: list[Seats], most: int | None) -> None:
    assert most_seats((timeline, [JANUARY]) for timeline in seat_timelines(registered, charged).values()) == most


def test_what_counts_on_some_days_counts_on_these() -> None:
    timeline = SeatTimeline([(date(2026, 1, 1), 5), (date(2026, 1, 20), 9)], {date(2026, 1, 10): 7})
    first, last = Period(date(2026, 1, 2), date(2026, 1, 9)), Period(date(2026, 1, 11), date(2026, 1, 19))
    assert most_seats([(timeline, [first, last])]) == 5
    assert most_seats([(timeline, [first, Period(date(2026, 1, 10), date(2026, 1, 10)), last])]) == 7
    assert most_seats([(timeline, [])]) is None
    assert most_seats([(timeline, [first]), (timeline, [last])]) == 5, "not on the same day"


def test_numbers_add_up_only_where_their_days_meet() -> None:
    week, next_week = Period(date(2026, 1, 1), date(2026, 1, 7)), Period(date(2026, 1, 8), date(2026, 1, 14))
    assert most_on_one_day([(week, 10), (next_week, 12)]) == 12
    assert most_on_one_day([(week, 10), (next_week, 12), (JANUARY, 3)]) == 15
    assert most_on_one_day([]) == 0


days = st.integers(-5, 12).map(lambda after: date(2026, 1, 1) + timedelta(after))
some = st.lists(
    st.builds(Seats, st.sampled_from("ab"), st.sampled_from(["figma", "slack"]), days, st.integers(0, 9)),
    unique_by=lambda found: found[:3],
    max_size=8,
)
WEEK = Period(date(2026, 1, 1), date(2026, 1, 7))


counted_days = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["figma", "slack"])), st.sets(st.integers(0, 6), max_size=7)
)


@given(some, some, counted_days)
def test_it_is_the_largest_of_all_days(
    registered: list[Seats], charged: list[Seats], counted: dict[tuple[str, str], set[int]]
) -> None:
    """Of whatever counts on whatever days of a week."""

    def held_on(whose: tuple[str, str], day: date) -> int | None:
        mine = [step for step in registered if step[:2] == whose and step.day <= day]
        costs = [found.seats for found in charged if found[:3] == (*whose, day)]
        step = max(mine, key=lambda found: found.day).seats if mine else 0
        return max(step, sum(costs)) if mine or costs else None

    counting = []
    for whose, timeline in seat_timelines(registered, charged).items():
        days = [WEEK.start + timedelta(after) for after in sorted(counted.get((str(whose[0]), whose[1]), ()))]
        counting.append((timeline, together(Period(day, day) for day in days)))
    sums = []
    for after in range(WEEK.days):
        day = WEEK.start + timedelta(after)
        sums.append([held_on(whose, day) for whose, days in counted.items() if after in days])
    known = [number for numbers in sums for number in numbers if number is not None]
    expected = max(sum(number or 0 for number in numbers) for numbers in sums) if known else None
    assert most_seats(counting) == expected
