"""The demonstration of a small company: a dozen projects of cloud services and AI, a few of them in trouble."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from budget_tui.domain.amount import NANOS, minor_unit
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.period import Period
from budget_tui.services.budgets import Budgets
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry, Costs
from budget_tui.services.demo_agents import DemoAgent, put_agents_to_work
from budget_tui.services.demo_days import BUSY, AtNoon, keep_carried_over, spread
from budget_tui.services.imports import ImportRequest, Imports
from budget_tui.services.organizations import NewOrganization, Organizations
from budget_tui.services.projects import Projects
from budget_tui.services.transfers import TransferRequest, Transfers

ORGANIZATION = "studio"
SHOWN_ON = date(2026, 1, 13)
"""The day as of which it is shown."""

_MONTHS = (
    Period(date(2025, 10, 1), date(2025, 10, 31)),
    Period(date(2025, 11, 1), date(2025, 11, 30)),
    Period(date(2025, 12, 1), date(2025, 12, 31)),
    Period(date(2026, 1, 1), date(2026, 1, 12)),
)
"""Three closed months, and the current one so far."""
_TOTALS = (1_600, 1_700, 1_800, 2_000)


class _Project(NamedTuple):
    """A project, what it gets a month, and the day since when."""

    project_id: str
    name: str
    allocation: int
    since: date = _MONTHS[0].start


_PROJECTS = (
    _Project("support-bot", "Support bot", 180),
    _Project("search", "Search", 220),
    _Project("data-pipeline", "Data pipeline", 300),
    _Project("checkout", "Checkout", 260),
    _Project("code-review", "Code review", 200),
    _Project("mobile-app", "Mobile app", 120),
    _Project("website", "Website", 40),
    _Project("staging", "Staging", 80),
    _Project("design-tools", "Design tools", 120),
    _Project("video", "Video renders", 140, date(2025, 11, 3)),
    _Project("research", "Research", 140, date(2025, 12, 15)),
    _Project("voice", "Voice prototype", 0, date(2026, 1, 8)),
)

_STEADY = (10,) * 7
_WEEKDAYS = (10, 11, 10, 11, 9, 0, 0)
_SUNDAYS = (0, 0, 0, 0, 0, 0, 1)
_MONTHLY = ()
"""All of a month on its first day."""


class _Stream(NamedTuple):
    """A provider's charges to a project, in cents per month, and how they are spread over the week."""

    project_id: str
    provider: str
    cents: tuple[int, int, int, int]
    week: Sequence[int] = BUSY


_STREAMS = (
    _Stream("checkout", "Amazon Web Services", (20_140, 20_615, 21_960, 7_730), _STEADY),
    _Stream("checkout", "Cloudflare", (1_310, 1_290, 1_345, 520), _STEADY),
    _Stream("search", "Google Cloud", (10_320, 11_480, 12_350, 9_310)),
    _Stream("search", "OpenAI", (4_405, 5_130, 5_870, 9_240)),
    _Stream("support-bot", "Anthropic", (10_630, 12_420, 14_180, 15_390), _STEADY),
    _Stream("support-bot", "Twilio", (1_240, 1_385, 1_410, 1_466), _STEADY),
    _Stream("data-pipeline", "Amazon Web Services", (18_450, 19_020, 20_775, 8_240)),
    _Stream("data-pipeline", "Google AI", (4_120, 4_350, 5_020, 2_130)),
    _Stream("code-review", "Anthropic", (11_300, 13_150, 14_215, 4_890), _WEEKDAYS),
    _Stream("code-review", "GitHub", (2_100, 2_100, 2_100, 2_100), _MONTHLY),
    _Stream("mobile-app", "Google Cloud", (8_870, 9_315, 9_790, 3_140)),
    _Stream("website", "Cloudflare", (2_940, 3_010, 3_105, 912), _STEADY),
    _Stream("staging", "Amazon Web Services", (6_310, 6_530, 6_860, 2_205), _WEEKDAYS),
    _Stream("design-tools", "Figma", (4_500, 4_500, 4_500, 4_500), _MONTHLY),
    _Stream("design-tools", "Notion", (2_400, 2_400, 2_400, 2_400), _MONTHLY),
    _Stream("design-tools", "Linear", (1_600, 1_600, 1_600, 1_600), _MONTHLY),
    _Stream("video", "Google Cloud", (0, 7_640, 8_620, 2_760), _SUNDAYS),
    _Stream("video", "ElevenLabs", (0, 3_200, 3_640, 1_040), _SUNDAYS),
)
_SPIKE_DAY = date(2026, 1, 9)
_SPIKE = CostEntry("data-pipeline", 74_180 * NANOS // 1_000, _SPIKE_DAY, provider="Amazon Web Services")
"""A cluster that somebody left on."""

_BILL = """\
date,vendor,description,project,amount
2026-01-05,Hetzner,Cloud server cx42,sandbox,6.90
2026-01-07,Vercel,Bandwidth,landing-pages,4.35
2026-01-12,Hetzner,Cloud server cx42,sandbox,7.15
"""
"""Costs that name no project, so that nobody has them yet."""

_AGENTS = (
    DemoAgent(
        "triage", "Ticket triage", "support-bot", "claude-sonnet-4-5", 30_000_000, 23_400_000, 3_480_000, 250_000
    ),
    DemoAgent("answers", "Answers", "support-bot", "claude-haiku-4-5", 45_000_000, 18_200_000, 2_310_000),
    DemoAgent("reviewer", "Reviewer", "code-review", "claude-sonnet-4-5", 40_000_000, 12_350_000, 1_240_000, 400_000),
    DemoAgent("indexer", "Indexer", "search", "gpt-5-mini", 60_000_000, 44_700_000, 4_065_000),
    DemoAgent("extractor", "Extractor", "data-pipeline", "gemini-2.5-flash", 80_000_000, 21_900_000, 1_705_000),
)


@dataclass(frozen=True, slots=True)
class StudioReport:
    """The demonstration data that was written."""

    organization: str
    projects: int
    costs: int
    first_day: date
    last_day: date


def open_studio(context: Context) -> StudioReport:
    """Create the organization and everything in it, through the commands that users have."""
    Organizations(context).add(NewOrganization(ORGANIZATION, "Studio", "USD", "UTC"))
    studio = replace(context, org_slug=ORGANIZATION)

    def on(day: date) -> Context:
        return replace(studio, clock=AtNoon(day))

    costs = 0
    for number, month in enumerate(_MONTHS):
        if number:
            keep_carried_over(on(month.start))
        Budgets(on(month.start)).set_global(_TOTALS[number] * NANOS)
        for project in _PROJECTS:
            if month.start <= project.since <= month.end:
                allocation = AllocationChange(ChangeKind.SET, project.allocation * NANOS)
                Projects(on(project.since)).add(project.project_id, project.name, allocation)
        entries = list(chain.from_iterable(_charges(stream, month, stream.cents[number]) for stream in _STREAMS))
        if month is _MONTHS[-1]:
            _leave_cluster_on(on(_SPIKE_DAY))
        Costs(on(month.end)).add_all(entries)
        costs += len(entries)
    costs += 1 + _import_bill(on(_MONTHS[-1].end))
    put_agents_to_work(studio, _AGENTS, SHOWN_ON)
    return StudioReport(ORGANIZATION, len(_PROJECTS), costs, _MONTHS[0].start, _MONTHS[-1].end)


def _leave_cluster_on(context: Context) -> None:
    Costs(context).add(_SPIKE)
    for taker in ("data-pipeline", "search"):
        Transfers(context).transfer(TransferRequest("research", taker, 20 * NANOS))


def _charges(stream: _Stream, month: Period, cents: int) -> Iterator[CostEntry]:
    days = month if stream.week else Period(month.start, month.start)
    name = f"{stream.project_id} {stream.provider}"
    unit = minor_unit("USD")
    for day, amount in spread(name, cents * unit, days, unit, stream.week or _STEADY):
        if amount:
            yield CostEntry(stream.project_id, amount, day, provider=stream.provider)


def _import_bill(context: Context) -> int:
    with tempfile.TemporaryDirectory() as folder:
        bill = Path(folder) / "hosting.csv"
        bill.write_text(_BILL, "utf-8")
        return Imports(context).run(ImportRequest((str(bill),), source="hosting")).rows_added
