"""The campaign of many writers in short, with every run of the tests; ``run.py`` beside it runs all of them."""

from pathlib import Path
from random import Random

from budget_tui import BudgetService
from tests.databases import Engine
from tests.faults.harness import read_notes
from tests.faults.writers import AGENT, KINDS, campaign, compare

SEED = 11
ATTEMPTS = 10
KILLS = 1
LONGEST_SECONDS = 60.0


def test_what_was_granted_is_what_is_stored(tmp_path: Path, engine: Engine) -> None:
    address = engine.nowhere()
    tally = campaign(tmp_path, Random(SEED), LONGEST_SECONDS, ATTEMPTS, KILLS, address)
    assert tally.violations == [], f"seed {SEED}: {tally}"
    assert tally.operations == 3 * ATTEMPTS + 2 * ATTEMPTS // 10
    answered = {key: int(str(tokens)) for key, tokens in everything_noted(tmp_path).items()}
    with BudgetService.open(str(address)) as budgets:
        budgets.consume_budget(AGENT, 1)  # which nobody noted
    [told, *_] = compare(address, answered, 0).violations
    assert "tokens were granted and" in told


def everything_noted(folder: Path) -> dict[str, object]:
    notes = [read_notes(folder / f"notes-{number}") for number in range(len(KINDS))]
    return {key: tokens for _, answered in notes for key, tokens in answered.items()}
