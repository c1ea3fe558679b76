"""``cover``: donors ranked, and one of them asked."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from budget_tui.services.costs import CostEntry

from .conftest import Cli


@pytest.fixture
def six_weeks(seeded: Cli, database: Path) -> Cli:
    """The example, in which Dandelion and Python API spend $1 a day since six weeks."""
    days = [date(2026, 1, 13) - timedelta(days=ago) for ago in range(1, 43)]
    services = open_services(str(database), as_of=date(2026, 1, 13), settings=Settings())
    services.costs.add_all([CostEntry(each, NANOS, day) for each in ("dandelion", "python-api") for day in days])
    return seeded


def test_donors_are_shown_and_one_is_asked(six_weeks: Cli) -> None:
    lines = six_weeks("cover", "python-api").done().out.splitlines()
    assert lines[0].startswith("Python API will lack $")
    assert lines[1] == "$80.00 unallocated: budget-tui transfer pool python-api AMOUNT"
    assert "PCC has no forecast range yet: 3 complete days of 14" in lines
    assert lines[3:5] == [
        "ID         NAME       CAN SPARE  BECAUSE IT",
        "dandelion  Dandelion      19.00  will need at most $31.00 of $50.00",
    ]
    found = six_weeks("cover", "python-api", "--json").json
    assert (found["need_usd"], [donor["spare_usd"] for donor in found["donors"]]) == (19, [19])
    six_weeks("cover", "python-api", "--from", "pcc").refused(3, "PCC can spare nothing")
    six_weeks("cover", "python-api", "19.01", "--from", "dandelion").refused(
        3, "$19.00 is all that Dandelion can spare"
    )
    six_weeks("cover", "python-api", "5").refused(2, "who is to give it is missing")
    six_weeks("cover", "nothing").refused(4, "no project")
    moved = six_weeks("cover", "python-api", "--from", "dandelion").done().out
    assert moved == "$19.00 moved from dandelion to python-api, which has $119.00 now\n"
    assert six_weeks("undo").done().out == "undone: transfer of $19.00 from Dandelion to Python API\n"
