"""Random keys on the dashboard, in the short form of ``python -m tests.faults.monkey``."""

import random
from pathlib import Path

from tests.faults.monkey import hostile, torment


async def test_a_monkey_does_not_end_it(tmp_path: Path) -> None:
    outcome = await torment(hostile(tmp_path / "monkey.db"), 100, random.Random(7), rests=False)
    assert not outcome.problem, outcome
