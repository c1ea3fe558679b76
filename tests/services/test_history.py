"""What was archived of closed periods, and what has become of it since."""

from datetime import date

import pytest

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.closing import ClosedPeriod
from budget_tui.domain.errors import NotFound
from budget_tui.domain.pacing import Status
from tests.services.conftest import Home, shown


def restated(period: ClosedPeriod) -> dict[str, str]:
    """What came after the close, of each project and of everything."""
    found = {line.entity_id: line.restated for line in period.projects} | {"all": period.restated}
    return {name: shown(amount) for name, amount in found.items() if amount}


def test_nothing_was_closed_yet(seed: Home) -> None:
    assert seed.services.history.periods(10) == []


def test_the_figures_are_those_of_the_close(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.services.periods.catch_up()
    [january] = february.services.history.periods(10)
    assert (january.period.start, january.period.end) == (date(2026, 1, 1), date(2026, 1, 31))
    figures = (january.budget, january.allocated, january.spent, january.remaining)
    assert [shown(amount) for amount in figures] == ["500", "420", "241", "259"]
    assert (january.status, january.currency, january.closed_by) == (Status.HEALTHY, "USD", "anna")
    assert january.closed_at.tzinfo is not None
    assert [
        (line.entity_id, shown(line.allocation), shown(line.spent), shown(line.remaining), line.status)
        for line in january.projects
    ] == [
        ("pcc", "150", "105", "45", Status.HEALTHY),
        ("videonest-api", "120", "48", "72", Status.HEALTHY),
        ("python-api", "100", "88", "12", Status.WARNING),
        ("dandelion", "50", "0", "50", Status.HEALTHY),
    ]
    assert restated(january) == {}


def test_what_comes_later_is_told_apart(seed: Home) -> None:
    march = seed.on("2026-03-03")
    march.services.periods.catch_up()
    march.spend("pcc", "3.12", on="2026-01-31")
    march.spend("dandelion", "7", on="2026-02-01")
    march.spend("dandelion", "9", on="2026-03-01")
    february, january = march.services.history.periods(10)
    assert restated(january) == {"pcc": "3.12", "all": "3.12"}
    assert restated(february) == {"dandelion": "7", "all": "7"}
    assert shown(january.spent) == "241"


def test_a_correction_may_take_something_back(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.services.periods.catch_up()
    february.spend("pcc", "-5", on="2026-01-31")
    assert restated(february.services.history.periods(1)[0]) == {"pcc": "-5", "all": "-5"}


def test_pages_go_back_in_time(seed: Home) -> None:
    june = seed.on("2026-06-01")
    june.services.periods.catch_up()
    history = june.services.history
    first = history.periods(2)
    assert [period.period.start.month for period in first] == [5, 4]
    rest = history.periods(10, before=first[-1].period.start)
    assert [period.period.start.month for period in rest] == [3, 2, 1]
    assert all(len(period.lines) == 4 for period in (*first, *rest))


def test_one_period_by_its_first_day(seed: Home) -> None:
    june = seed.on("2026-06-01")
    june.services.periods.catch_up()
    history = june.services.history
    assert history.period(date(2026, 3, 1)) == history.periods(3)[-1]
    with pytest.raises(NotFound, match="no period that started on 2026-03-02 was closed"):
        history.period(date(2026, 3, 2))


def test_agents_are_archived_in_tokens(seed: Home) -> None:
    agents = seed.services.agents
    agents.add("bot", "pcc", tokens=1000)
    agents.consume("bot", 950)
    held = agents.reserve("bot", 40, seconds=3600)
    seed.on("2026-02-03").services.periods.catch_up()
    seed.on("2026-02-03").services.agents.settle(held.reservation_id, 30)
    [line] = seed.on("2026-02-03").services.history.periods(1)[0].agents
    assert (line.entity_id, line.unit, line.status) == ("bot", BudgetType.TOKEN, Status.CRITICAL)
    assert (line.allocation, line.spent, line.remaining, line.restated) == (1000, 950, 50, 30)
