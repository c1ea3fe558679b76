"""Random keys, pastes and resizes on the dashboard, faster than it draws: it must not end, nor err.

``python -m tests.faults.monkey --keys 5000 --seed 1``. The seed is printed, and repeats the same run.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from textual import events
from textual.keys import _character_to_key

from budget_tui.bootstrap import Services, open_services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.cost import Category
from budget_tui.domain.period import PeriodKind, parse_day
from budget_tui.domain.plan import BudgetPlan, whole_period
from budget_tui.services.costs import CostEntry
from budget_tui.services.demo import load_demo
from budget_tui.services.organizations import NewOrganization
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.chrome import Notice

TODAY = date(2026, 1, 13)
NAMES = (
    "[/ops] nightly",
    "[draft] web",
    "[bold",
    "[@click=app.quit]x[/]",
    "\\[x",
    "$x {y} %s",
    "#[bg=red]",
    "👨‍👩‍👧 é 日本語",
)
PASTES = (
    *NAMES,
    "1\n2\n3",
    "\x1b[2J\x9b\u202e",
    "x" * 2_000,
    "",
    "\t",
    "'/tmp/no such file.csv'",
    "٣",
    "-1e9",
    "\ud800",
)
KEYS = (
    "up down left right pageup pagedown home end tab shift+tab enter enter enter escape escape escape space backspace"
    " delete ctrl+p ctrl+n ctrl+o ctrl+u ctrl+d ctrl+a ctrl+e ctrl+w ctrl+k shift+left shift+end f1 f5 insert"
).split()
CHARACTERS = "1234561234560789.+-=%/?[]aabbccddeeffgghiijjkkllmmnnooppqrrssttuuvvwwxxyyzzASUOGNxxtimopcru"
SMALLEST, LARGEST = (2, 2), (300, 90)
AT_ONCE = 60
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many keys were pressed, and why the dashboard ended; '' when it did not."""

    keys: int
    problem: str = ""
    last: tuple[str, ...] = ()


def hostile(path: Path) -> Services:
    """The demonstration, with names that would be markup, styles or formats for whoever takes them for such."""
    services = open_services(str(path), as_of=TODAY)
    load_demo(services.context)
    for number, name in enumerate(NAMES):
        project = f"p{number}"
        services.projects.add(project, name, parse_change("5"))
        services.agents.add(f"agent-{number}", project, f"{name} agent", name, 1_000)
        services.costs.add(CostEntry(project, 10**9, TODAY, provider=name))
        services.organizations.add(NewOrganization(f"org-{number}", name))
        month = whole_period(PeriodKind.MONTHLY, parse_day("2026-01-01"))
        of_project = BudgetPlan(project, Category.TOTAL, 10**10, PeriodKind.MONTHLY, month, provider=name, notes=name)
        services.plans.create(of_project)
    return services


def acts(chance: random.Random, *, rests: bool = True) -> Iterator[events.Event | tuple[int, int] | float]:
    """Keys in bursts, and between them pastes, sizes of the terminal and moments of rest."""
    while True:
        for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
            if chance.random() < 0.45:
                key = chance.choice(KEYS)
                yield events.Key(key, None)
            else:
                character = chance.choice(CHARACTERS)
                yield events.Key(character if character.isalnum() else _character_to_key(character), character)
        if chance.random() < 0.04:
            yield events.Paste(chance.choice(PASTES))
        if chance.random() < 0.04:
            small = chance.random() < 0.3
            most = (40, 10) if small else LARGEST
            yield chance.randint(SMALLEST[0], most[0]), chance.randint(SMALLEST[1], most[1])
        if rests and chance.random() < 0.5:
            yield chance.choice((0.0, 0.0, 0.001, 0.02, 0.1))


async def torment(services: Services, keys: int, chance: random.Random, *, rests: bool = True) -> Outcome:
    """Press ``keys`` keys. The dashboard is opened again where one of them left it."""
    pressed, size = 0, (120, 40)
    last: deque[str] = deque(maxlen=40)
    todo = acts(chance, rests=rests)
    while pressed < keys:
        app = BudgetApp(services)
        try:
            async with app.run_test(size=size) as pilot:
                while pressed < keys and not app._exit:
                    act = next(todo)
                    last.append(_told(act))
                    if isinstance(act, events.Key | events.Paste):
                        pressed += isinstance(act, events.Key)
                        app.post_message(act)
                    elif isinstance(act, tuple):
                        size = act
                        await pilot.resize_terminal(*size)
                    else:
                        await asyncio.sleep(act)
                    if pressed % AT_ONCE == 0:
                        await _caught_up(app)
                await _caught_up(app)
                app.exit()  # as a user leaves: after what is under way, such as another organization's screens
                while app.is_running:
                    await asyncio.sleep(0.001)
        except Exception as error:
            traceback.print_exc()
            return Outcome(pressed, f"{type(error).__name__}: {error}", tuple(last))
        services = services.of_organization("default")
    return Outcome(pressed)


def _told(act: events.Event | tuple[int, int] | float) -> str:
    match act:
        case events.Key():
            return act.key
        case events.Paste():
            return f"paste {act.text[:30]!r}"
    return str(act)


async def _caught_up(app: BudgetApp) -> None:
    """Wait until no key waits for its turn any more, and look whether something is told that should not be."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while app.is_handling_keys and not app._exit:
        assert time.monotonic() < deadline, f"the keys are not taken any more: {_busy(app)}"
        await asyncio.sleep(0.001)
    for screen in app.screen_stack:
        told = [notice.text for notice in screen.query(Notice)] + [
            str(each.render()) for each in screen.query("#refusal")
        ]
        assert not any("unexpected" in text for text in told), told


def _busy(app: BudgetApp) -> list[str]:
    """What may keep the next key waiting."""
    workers = [f"{each.name} ({each.group}, {each.state.name})" for each in app.workers if not each.is_finished]
    return [*map(repr, app.screen_stack), f"focus {app.focused!r}", *workers]


def run(path: Path, keys: int, seed: int) -> Outcome:
    """Torment a dashboard on a database in ``path``."""
    return asyncio.run(torment(hostile(path), keys, random.Random(seed)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "monkey.db", asked.keys, asked.seed)
    print(f"{outcome.keys:,} keys in {time.monotonic() - begun:.0f} s: {outcome.problem or 'it stands'}")
    if outcome.problem:
        print("the last acts:", *outcome.last)
    return bool(outcome.problem)


if __name__ == "__main__":
    sys.exit(main())
