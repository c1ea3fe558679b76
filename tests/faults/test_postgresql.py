"""The campaigns of the bank and of the month's turn in short, on a server that ends connections, too."""

from pathlib import Path
from random import Random

from tests.faults import months, transfers

SEED = 12
SECONDS = 1.5
PAUSE_SECONDS = 0.5
ROUNDS = 1


def test_no_transfer_is_lost_or_made_twice(tmp_path: Path, postgres_url: str) -> None:
    tally = transfers.campaign(tmp_path, Random(SEED), SECONDS, postgres_url, PAUSE_SECONDS)
    assert tally.violations == [], f"seed {SEED}: {tally}"
    assert tally.kills


def test_a_month_turns_once(tmp_path: Path, postgres_url: str) -> None:
    tally = months.campaign(tmp_path, Random(SEED), 60.0, postgres_url, ROUNDS)
    assert tally.violations == [], f"seed {SEED}: {tally}"
    assert tally.operations == ROUNDS * months.AT_ONCE
