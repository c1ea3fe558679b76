"""What granting tokens costs beside the bare conditional update that it comes down to, with the same durability."""

import sqlite3
import tempfile
import time
from pathlib import Path

from measure import in_turns, report

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.domain.tokens import TokenKind
from budget_tui.settings import Settings

ROUNDS = 15
TIMES = 300
TOKENS = 10**15
LIMIT = 2.0
"""Half as fast as the floor."""


class Bare:
    """One table, one row, one statement: what no ledger can be faster than."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE budget (agent TEXT PRIMARY KEY, allocated INT, used INT, reserved INT)")
        self._connection.execute("INSERT INTO budget VALUES ('scout', ?, 0, 0)", (TOKENS,))

    def consume(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        taken = self._connection.execute(
            "UPDATE budget SET used = used + ? WHERE agent = ? AND used + reserved + ? <= allocated",
            (100, "scout", 100),
        ).rowcount
        self._connection.execute("COMMIT")
        assert taken


def ours(path: Path, *, priced: bool) -> BudgetService:
    services = open_services(str(path), settings=Settings())
    services.projects.add("pcc")
    services.agents.add("scout", "pcc", model="claude-sonnet", tokens=TOKENS)
    if priced:
        services.token_prices.set("claude-sonnet", {TokenKind.INPUT: 3 * 10**9, TokenKind.OUTPUT: 15 * 10**9})
    return BudgetService.open(str(path))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare = Bare(Path(folder) / "bare.db")
        plain, priced = (ours(Path(folder) / f"{name}.db", priced=name == "priced") for name in ("plain", "priced"))
        keys = iter(range(10**9))

        def timed(consume: object) -> float:
            began = time.perf_counter()
            for _ in range(TIMES):
                consume()  # type: ignore[operator]
            return (time.perf_counter() - began) / TIMES

        seconds = in_turns(
            ROUNDS,
            bare=lambda: timed(bare.consume),
            plain=lambda: timed(lambda: plain.consume_budget("scout", 100)),
            priced=lambda: timed(lambda: priced.consume_budget("scout", 100, output=40)),
            keyed=lambda: timed(lambda: plain.consume_budget("scout", 100, key=f"k{next(keys)}")),
        )
        plain.close()
        priced.close()
    floor = min(seconds["bare"])
    for name, words in (("plain", "consume"), ("priced", "consume, priced"), ("keyed", "consume, with a key")):
        report(words, min(seconds[name]), floor, LIMIT)


if __name__ == "__main__":
    main()
