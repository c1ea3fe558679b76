"""What granting tokens costs beside the bare conditional update that it comes down to, with the same durability.

With a key, or a price, the floor keeps the key and the answer, or the day's cost, in the same transaction.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import in_turns, report

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.tokens import TokenKind

ROUNDS = 15
TIMES = 300
TOKENS = 10**15
LIMIT = 2.0
"""Half as fast as the floor."""


class Bare:
    """One budget and one statement: what no ledger can be faster than."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE budget (agent TEXT PRIMARY KEY, allocated INT, used INT, reserved INT)")
        self._connection.execute("CREATE TABLE cost (agent TEXT, day INT, nanos INT, PRIMARY KEY (agent, day))")
        self._connection.execute("CREATE TABLE answer (key TEXT PRIMARY KEY, request TEXT, answer TEXT)")
        self._connection.execute("INSERT INTO budget VALUES ('scout', ?, 0, 0)", (TOKENS,))

    def consume(self, key: str = "", nanos: int = 0) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        taken = self._connection.execute(
            "UPDATE budget SET used = used + ? WHERE agent = ? AND used + reserved + ? <= allocated",
            (100, "scout", 100),
        ).rowcount
        if nanos:
            self._connection.execute(
                "INSERT INTO cost VALUES ('scout', 20260113, ?) ON CONFLICT DO UPDATE SET nanos = nanos + ?",
                (nanos, nanos),
            )
        if key and not self._connection.execute("SELECT 1 FROM answer WHERE key = ?", (key,)).fetchall():
            self._connection.execute("INSERT INTO answer VALUES (?, ?, ?)", (key, "x" * 60, "x" * 90))
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
        keys = (f"request-{number}" for number in range(10**9))
        seconds = in_turns(
            ROUNDS,
            bare=timed(bare.consume),
            consume=timed(lambda: plain.consume_budget("scout", 100)),
            bare_keyed=timed(lambda: bare.consume(key=next(keys))),
            consume_keyed=timed(lambda: plain.consume_budget("scout", 100, key=next(keys))),
            bare_priced=timed(lambda: bare.consume(nanos=100)),
            consume_priced=timed(lambda: priced.consume_budget("scout", 100, output=40)),
        )
        plain.close()
        priced.close()
    for name, words in (("", "consume"), ("_keyed", "consume with a key"), ("_priced", "consume at a price")):
        report(words, min(seconds[f"consume{name}"]), min(seconds[f"bare{name}"]), LIMIT, microseconds)


def timed(consume: Callable[[], object]) -> Callable[[], float]:
    """What takes the seconds of one of many."""

    def side() -> float:
        began = time.perf_counter()
        for _ in range(TIMES):
            consume()
        return (time.perf_counter() - began) / TIMES

    return side


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


if __name__ == "__main__":
    main()
