"""How many seats there were at most."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.period import Period
from budget_tui.domain.seats import Seats, most_seats

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))


def seats(entity: str, day: str, number: int, provider: str = "figma") -> Seats:
    return Seats(entity, provider, date.fromisoformat(day), number)


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
    assert most_seats(registered, charged, JANUARY) == most


days = st.integers(-5, 12).map(lambda after: date(2026, 1, 1) + timedelta(after))
some = st.lists(
    st.builds(Seats, st.sampled_from("ab"), st.sampled_from(["figma", "slack"]), days, st.integers(0, 9)),
    unique_by=lambda found: found[:3],
    max_size=8,
)
WEEK = Period(date(2026, 1, 1), date(2026, 1, 7))


@given(some, some)
def test_it_is_the_largest_of_all_days(registered: list[Seats], charged: list[Seats]) -> None:
    def on(day: date) -> int:
        total = 0
        for entity in "ab":
            for provider in ("figma", "slack"):
                mine = [step for step in registered if step[:2] == (entity, provider) and step.day <= day]
                step = max(mine, key=lambda found: found.day).seats if mine else 0
                cost = sum(found.seats for found in charged if found[:3] == (entity, provider, day))
                total += max(step, cost)
        return total

    known = [s for s in registered if s.day <= WEEK.end] + [c for c in charged if WEEK.contains(c.day)]
    expected = max(on(WEEK.start + timedelta(after)) for after in range(WEEK.days)) if known else None
    assert most_seats(registered, charged, WEEK) == expected
