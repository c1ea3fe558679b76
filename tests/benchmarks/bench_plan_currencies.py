"""What a plan in five currencies takes: organizations drawn at random, of many origins that cost something seldom.

Depth, periods, categories, providers, tokens and seats are drawn by the seed, which is printed; ``SEED=7`` draws the
same again. The floor of each view is the same organization with everything in one currency. Times are the processor's.
"""

import gc
import os
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench_plan import seconds_of
from bench_snapshot import insert
from dateutil.relativedelta import relativedelta
from measure import in_turns, report

from budget_tui.__main__ import GARBAGE_THRESHOLD
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.plan_views import PlanViews
from budget_tui.storage.database import database_at

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CHF")
ORGANIZATIONS = 2
ENTITIES, BUDGETS, ORIGINS, COSTS = 200, 663, 16_709, 20_000
FIRST_DAY, DAYS = date(2025, 1, 1), 500
TODAY = FIRST_DAY + timedelta(days=DAYS)
PROVIDERS = ("aws", "gcp", "azure", "openai", "anthropic", "figma", "slack", "github", "oci", "")
CATEGORIES = ("cloud", "genai", "subscription")
TYPES = {"monetary": (*CATEGORIES, "total"), "token": ("genai", "total"), "seat": ("subscription", "total")}
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
ROUNDS = 2
LIMIT_SECONDS = 0.5
LIMIT = 4


def fill(path: Path, seed: str, currencies: tuple[str, ...]) -> None:
    """An organization of ``seed``; with fewer ``currencies`` it is the same but for them."""
    draw = random.Random(seed)
    database_at(path).create()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        insert(connection, "organization")
        paths = {1: "/ORG/"}
        for key in range(1, ENTITIES + 1):
            parent = None if key == 1 else draw.randint(max(1, key - draw.choice((2, 20, key))), key - 1)
            name = "ORG" if parent is None else f"entity-{key}"
            paths[key] = "/ORG/" if parent is None else f"{paths[parent]}{name}/"
            level = "organization" if parent is None else "team"
            insert(connection, "entity", entity_key=key, entity_id=name, name=name, level_code=level,
                   path=paths[key], parent_key=parent)  # fmt: skip
        for number, (entity, budget_type, category, provider, kind, start, end, currency) in enumerate(plans(draw)):
            insert(connection, "budget", budget_id=f"budget-{number}", entity_key=entity, category=category,
                   budget_type=budget_type, provider=provider, period_kind=kind, period_start=start.isoformat(),
                   period_end=end.isoformat(), amount=draw.randint(1, 5_000) * 10**9, in_cycle=0,
                   currency=currencies[currency % len(currencies)])  # fmt: skip
        for key in range(ORIGINS):
            provider, category = draw.choice(PROVIDERS), draw.choice(CATEGORIES)
            currency = currencies[draw.randrange(len(CURRENCIES)) % len(currencies)]
            insert(connection, "cost_origin", origin_key=key, entity_key=draw.randint(1, ENTITIES), provider=provider,
                   provider_name=provider, category=category, currency=currency, service=f"service-{key}")  # fmt: skip
        connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, tokens, seats, charges) VALUES (?, ?, ?, ?, ?, ?)",
            costs(draw),
        )
        connection.executemany(
            "INSERT INTO fx_rate VALUES (1, 'EUR', ?, ?, ?)",
            (
                (currency, (FIRST_DAY + timedelta(days=ahead)).isoformat(), f"{draw.uniform(0.8, 1.2):.5f}")
                for currency in currencies
                for ahead in range(DAYS)
                if currency != "EUR"
            ),
        )
        connection.execute("COMMIT")


def plans(draw: random.Random) -> list[tuple[int, str, str, str, str, date, date, int]]:
    """Entity, type, category, provider, kind of period, first and last day, and which currency."""
    found: dict[tuple[int, str, str, str, date, date], tuple[str, int]] = {}
    while len(found) < BUDGETS:
        budget_type = draw.choice(("monetary", "monetary", "monetary", "token", "seat"))
        kind = draw.choice((*MONTHS, "custom"))
        start = FIRST_DAY + timedelta(days=draw.randrange(DAYS))
        if kind == "custom":
            end = start + timedelta(days=draw.randint(1, 200))
        else:
            start = start.replace(day=1)
            end = start + relativedelta(months=MONTHS[kind], days=-1)
        scope = draw.randint(1, ENTITIES), budget_type, draw.choice(TYPES[budget_type]), draw.choice(PROVIDERS)
        found[(*scope, start, end)] = kind, draw.randrange(len(CURRENCIES))
    return [(*scope, kind, start, end, currency) for (*scope, start, end), (kind, currency) in found.items()]  # type: ignore[misc]


def costs(draw: random.Random) -> Iterator[tuple[int, int, int, int | None, int | None, int]]:
    """Each origin costs something once at least."""
    for number in range(COSTS):
        day = FIRST_DAY + timedelta(days=draw.randrange(DAYS))
        origin = number if number < ORIGINS else draw.randrange(ORIGINS)
        tokens = draw.randint(1, 10**6) if draw.random() < 0.2 else None
        seats = draw.randint(1, 20) if draw.random() < 0.1 else None
        yield origin, int(f"{day:%Y%m%d}"), draw.randint(-(10**9), 10**12), tokens, seats, draw.randint(1, 3)


def main() -> None:
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)  # as the program does
    seed = os.environ.get("SEED") or str(random.randrange(10**6))
    print(f"seed {seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ORGANIZATIONS):
            views = {}
            for name, currencies in (("one", CURRENCIES[:1]), ("five", CURRENCIES)):
                path = Path(folder) / f"{number}-{name}.db"
                fill(path, f"{seed}-{number}", currencies)
                views[name] = PlanViews(Context(database_at(path), "default", Clock(TODAY), "bench"))
                assert len(views[name].summary().lines) == BUDGETS
            for view in ("summary", "tree", "by_category", "board"):
                seconds = in_turns(
                    ROUNDS, **{name: partial(seconds_of, getattr(of_one, view)) for name, of_one in views.items()}
                )
                one, five = min(seconds["one"]), min(seconds["five"])
                what = f"plan {view.replace('_', ' ')} in five currencies, organization {number + 1}"
                report(f"{what}, and in one", five, one, limit=LIMIT)
                report(what, five, LIMIT_SECONDS, limit=1)
            for of_one in views.values():
                of_one.close()


if __name__ == "__main__":
    main()
