"""The project table beside a bare one of as many columns and rows: a cursor key, and an edit from Enter to the screen.

A cursor key is measured as the time that the processor works for it, from the key to the painted bytes: the clock
on the wall mostly measures Textual's own beat of a sixtieth of a second, in which a table may be slow unseen. An
edit is measured by that clock, and so are the eight cursor keys in whose time it has to be on the screen.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import count
from pathlib import Path

from measure import BARE_APP, DAY, PROGRAM, Terminal, example, in_turns, report, terminal

ROUNDS = 9
KEYS = 8
DOWN, UP = "\x1b[B", "\x1b[A"
FEW = 4
MANY = 2_000
# Within four rows; and from the last row on the screen, where each of the first half of the keys scrolls.
AMONG_FEW = (DOWN, DOWN, DOWN, UP, UP, UP, DOWN, UP)
AMONG_MANY = (DOWN,) * KEYS + (UP,) * KEYS
_TO_THE_LAST_ROW_ON_THE_SCREEN = DOWN * 45
_PAINTED = "\x1b["
NANOS = 10**9


def many_projects(folder: Path) -> str:
    """A database of `MANY` projects, each with an allocation and costs."""
    from budget_tui.bootstrap import open_services
    from budget_tui.domain.hierarchy import ROOT_ID
    from budget_tui.services.costs import CostEntry

    path = folder / "many.db"
    services = open_services(str(path), as_of=date.fromisoformat(DAY))
    services.budgets.set_global(1_000_000 * NANOS)
    names = [f"project-{number:04}" for number in range(1, MANY + 1)]
    with services.context.work() as work:
        for name in names:
            root, budgets = work.entity(ROOT_ID), work.unit.budgets
            made = work.unit.entities.add(work.organization, name, name, "project", root, work.now)
            opened = work.open
            budgets.add_total(
                work.organization.org_key, made.entity_key, opened.currency, opened.period_kind, opened.period,
                150 * NANOS, opened, work.actor, work.now,
            )  # fmt: skip
        work.commit()
    days = [date(2026, 1, day) for day in range(2, 12, 3)]
    services.costs.add_all([CostEntry(name, 26 * NANOS, day, provider="AWS") for name in names for day in days])
    return str(path)


def worked_per_key(shown: Terminal, keys: Sequence[str]) -> float:
    """Press ``keys``, each when the screen is still; returns the seconds that the processor worked for each."""
    before = shown.processor_seconds()
    for key in keys:
        shown.press(key)
        shown.until(_PAINTED)
        shown.settle(0.04)
    return (shown.processor_seconds() - before) / len(keys)


def waited(shown: Terminal, keys: Sequence[str]) -> float:
    """Press ``keys``, each as soon as the one before is on the screen; returns the seconds on the wall for all."""
    pressed = shown.press(keys[0])
    painted = shown.until(_PAINTED)
    for key in keys[1:]:
        shown.press(key)
        painted = shown.until(_PAINTED)
    shown.settle()
    return painted - pressed


def edit(shown: Terminal, amount: int, free: int) -> float:
    """Type ``amount`` into the cell under the cursor, of ``free`` that there is, in dollars.

    Returns the seconds from Enter until the cell, the pool and the words about it are on the screen.
    """
    shown.press(f"={amount}")
    shown.settle()
    pressed = shown.press("\r")
    seconds = shown.until(f" {amount}.00", f"${free - amount:,}.00", f"→ ${amount}.00") - pressed
    shown.settle()
    return seconds


@contextmanager
def tables(database: str, rows: int) -> Iterator[tuple[Terminal, Terminal]]:
    """The dashboard's table and a bare one, ready for keys."""
    with ExitStack() as stack:
        own = stack.enter_context(terminal((PROGRAM, "--db", database, "--as-of", DAY)))
        bare = stack.enter_context(terminal((sys.executable, BARE_APP, str(rows))))
        own.until("18 days left")
        own.settle(1.0)
        own.press("2")
        own.until("Allocation")
        own.settle(1.0)
        own.press("!")  # in the order in which they were added, not by trouble
        own.settle()
        own.press("g")
        for shown in (own, bare):
            shown.settle(1.0)
            if rows > FEW:
                shown.press(_TO_THE_LAST_ROW_ON_THE_SCREEN)
                shown.settle()
        yield own, bare


def measure(database: str, rows: int, keys: Sequence[str], pool: int) -> None:
    """``pool`` is what is unallocated, in dollars; the project under the cursor is allocated 150."""
    with tables(database, rows) as (own, bare):
        work = in_turns(ROUNDS, bare=lambda: worked_per_key(bare, keys), own=lambda: worked_per_key(own, keys))
        amounts = count(151)
        wait = in_turns(
            ROUNDS,
            keys=lambda: waited(bare, keys) / len(keys) * KEYS,
            edit=lambda: edit(own, next(amounts), pool + 150),
        )
    report(f"cursor key, {rows:,} projects", min(work["own"]), min(work["bare"]), limit=1.2)
    report(f"edit on screen, {rows:,} projects", min(wait["edit"]), min(wait["keys"]), limit=1.0)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(example(Path(folder)), FEW, AMONG_FEW, pool=80)
        measure(many_projects(Path(folder)), MANY, AMONG_MANY, pool=1_000_000 - 150 * MANY)


if __name__ == "__main__":
    main()
