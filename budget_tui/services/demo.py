"""Demonstration data, created through the commands that users have.

Organization ``default`` has a month of four projects and three agents with two months before it, ``acme`` a plan,
``studio`` a dozen projects, of which some are in trouble.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from budget_tui.domain.amount import NANOS, minor_unit
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import Conflict
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period
from budget_tui.services.budgets import Budgets
from budget_tui.services.context import DEFAULT_ORG, DEMO_ACTOR, Context
from budget_tui.services.costs import CostEntry, Costs
from budget_tui.services.demo_acme import AcmeReport, plan_acme
from budget_tui.services.demo_agents import DemoAgent, put_agents_to_work
from budget_tui.services.demo_days import AtNoon, keep_carried_over, spread
from budget_tui.services.demo_studio import StudioReport, open_studio
from budget_tui.services.projects import Projects
from budget_tui.services.transfers import TransferRequest, Transfers
from budget_tui.storage.session import Session
from budget_tui.storage.unit_of_work import UnitOfWork

ORGANIZATION = DEFAULT_ORG
SHOWN_ON = date(2026, 1, 13)
"""The day as of which the demonstration is shown."""

NOVEMBER = Period(date(2025, 11, 1), date(2025, 11, 30))
DECEMBER = Period(date(2025, 12, 1), date(2025, 12, 31))
JANUARY_SO_FAR = Period(date(2026, 1, 1), date(2026, 1, 12))


@dataclass(frozen=True, slots=True)
class _Stream:
    """A provider's charges to a project, in cents per month: spread over the days, or all on the first."""

    project_id: str
    provider: str
    november: int
    december: int
    january: int
    monthly: bool = False


_STREAMS = (
    _Stream("pcc", "Anthropic", 8_640, 9_210, 6_420),
    _Stream("pcc", "Amazon Web Services", 3_815, 4_077, 2_880),
    _Stream("pcc", "GitHub", 1_200, 1_200, 1_200, monthly=True),
    _Stream("videonest-api", "Google Cloud", 5_930, 6_144, 2_410),
    _Stream("videonest-api", "ElevenLabs", 2_482, 2_705, 1_190),
    _Stream("videonest-api", "Figma", 1_200, 1_200, 1_200, monthly=True),
    _Stream("python-api", "OpenAI", 3_951, 5_580, 5_730),
    _Stream("python-api", "Microsoft Azure", 2_640, 3_018, 3_070),
)


_AGENTS = (
    DemoAgent("code-review", "Code review", "pcc", "claude-sonnet-4-5", 40_000_000, 13_350_000, 1_240_000, 400_000),
    DemoAgent("transcriber", "Transcriber", "videonest-api", "gemini-2.5-flash", 60_000_000, 18_900_000, 2_065_000),
    DemoAgent("doc-writer", "Doc writer", "python-api", "gpt-5-mini", 10_000_000, 7_120_000, 980_000),
)


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The demonstration data that was written."""

    organization: str
    projects: int
    costs: int
    first_day: date
    last_day: date
    planning: AcmeReport
    studio: StudioReport


class _NestedUnit:
    """A nested unit of work, of one of several commands in a transaction: only the whole one commits."""

    def __init__(self, whole: UnitOfWork) -> None:
        self._whole = whole

    def commit(self, *, tokens_only: bool = False) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


@dataclass(frozen=True)
class _NestedContext(Context):
    """A context whose commands run in an open transaction."""

    unit: UnitOfWork | None = None

    @contextmanager
    def transaction(self, organization: str = "") -> Iterator[UnitOfWork]:
        assert self.unit is not None
        yield cast(UnitOfWork, _NestedUnit(self.unit))

    @contextmanager
    def reading(self, *, as_stored: bool = False) -> Iterator[Session]:
        assert self.unit is not None
        yield self.unit


def load_demo(context: Context) -> DemoReport:
    """Write the demonstration data into the database of ``context``: all of it or, if interrupted, nothing.

    `Conflict` if the organization already has a budget, projects or costs.
    """
    with context.transaction() as unit:
        within = _NestedContext(
            context.database,
            ORGANIZATION,
            context.clock,
            DEMO_ACTOR,
            context.new_currency,
            context.new_time_zone,
            unit=unit,
        )
        _require_nothing(within, unit)
        costs = _live_through(within)
        put_agents_to_work(within, _AGENTS, SHOWN_ON)
        planning = plan_acme(within)
        studio = open_studio(within)
        unit.commit()
    return DemoReport(ORGANIZATION, 4, costs, NOVEMBER.start, JANUARY_SO_FAR.end, planning, studio)


def _require_nothing(context: Context, unit: UnitOfWork) -> None:
    key = context.organization(unit).org_key
    has_projects = any(entity.entity_id != ROOT_ID for entity in unit.fast.entities(key))
    used = has_projects or unit.costs.origins(key) or unit.fast.global_budget(key, date.max)
    if used:
        raise Conflict(
            f"'{ORGANIZATION}' in {context.database} is in use",
            "choose a new file; nothing was changed",
            command="choose a new file with --db; nothing was changed",
        )


def _live_through(context: Context) -> int:
    """Run the commands of two months and twelve days; return the number of costs recorded."""

    def on(day: date) -> Context:
        return replace(context, clock=AtNoon(day))

    first = on(NOVEMBER.start)
    Budgets(first).set_global(450 * NANOS)
    Projects(first).add("pcc", "PCC", _amount(150 * NANOS))
    Projects(first).add("videonest-api", "VideoNest API", _amount(140 * NANOS))
    Projects(first).add("python-api", "Python API", _amount(80 * NANOS))
    costs = _enter(on(NOVEMBER.end), NOVEMBER, [stream.november for stream in _STREAMS])
    Budgets(on(date(2025, 12, 8))).set_global(500 * NANOS)
    Transfers(on(date(2025, 12, 8))).transfer(TransferRequest("videonest-api", "python-api", 20 * NANOS))
    Projects(on(date(2025, 12, 15))).add("dandelion", "Dandelion", _amount(50 * NANOS))
    costs += _enter(on(DECEMBER.end), DECEMBER, [stream.december for stream in _STREAMS])
    keep_carried_over(on(JANUARY_SO_FAR.start))
    costs += _enter(on(JANUARY_SO_FAR.end), JANUARY_SO_FAR, [stream.january for stream in _STREAMS])
    return costs


def _amount(nanos: int) -> AllocationChange:
    return AllocationChange(ChangeKind.SET, nanos)


def _enter(context: Context, days: Period, cents: list[int]) -> int:
    """Record each stream's charges over ``days``; return the number of costs."""
    entries = [
        entry
        for stream, total in zip(_STREAMS, cents, strict=True)
        for entry in _daily(stream, days, total * minor_unit("USD"))
    ]
    Costs(context).add_all(entries)
    return len(entries)


def _daily(stream: _Stream, days: Period, total: int) -> Iterator[CostEntry]:
    """Spread ``total`` nanos over ``days``, or charge all on the first."""
    charged = Period(days.start, days.start) if stream.monthly else days
    for day, amount in spread(f"{stream.project_id} {stream.provider}", total, charged, minor_unit("USD")):
        if amount:
            yield CostEntry(stream.project_id, amount, day, provider=stream.provider)
