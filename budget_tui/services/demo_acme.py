"""The demonstration of planning: a company of departments, projects and teams, its budgets, a quarter of costs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from budget_tui.domain.amount import NANOS, minor_unit
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan, ChildShare
from budget_tui.domain.tree import Placement
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry, Costs
from budget_tui.services.demo_days import AtNoon, spread
from budget_tui.services.entities import Entities
from budget_tui.services.organizations import NewOrganization, Organizations
from budget_tui.services.plans import Plans
from budget_tui.services.seats import SeatRegister

ORGANIZATION = "acme"
SHOWN_ON = date(2026, 3, 31)
"""The day as of which it is shown: the last of the quarter."""

QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))

_HIERARCHY = (
    Placement("DEPT-ENG", "Engineering", "department", ROOT_ID),
    Placement("DEPT-DS", "Data Science", "department", ROOT_ID),
    Placement("DEPT-OPS", "Operations", "department", ROOT_ID),
    Placement("PROJ-PLATFORM", "Platform", "project", "DEPT-ENG"),
    Placement("PROJ-DESIGN", "Design", "project", "DEPT-ENG"),
    Placement("PROJ-MLPIPE", "ML Pipeline", "project", "DEPT-DS"),
    Placement("TEAM-BACKEND", "Backend", "team", "PROJ-PLATFORM"),
    Placement("TEAM-FRONTEND", "Frontend", "team", "PROJ-PLATFORM"),
    Placement("TEAM-MLOPS", "MLOps", "team", "PROJ-MLPIPE"),
    Placement("TEAM-TRAINING", "Training", "team", "PROJ-MLPIPE"),
)


def _quarterly(entity_id: str, category: Category, amount: int, provider: str = "") -> BudgetPlan:
    return BudgetPlan(entity_id, category, amount * NANOS, PeriodKind.QUARTERLY, QUARTER, provider=provider)


_BUDGETS = (
    _quarterly("DEPT-ENG", Category.CLOUD, 30_000),
    _quarterly("DEPT-DS", Category.GENAI, 25_000),
    _quarterly("PROJ-PLATFORM", Category.CLOUD, 20_000, "gcp"),
    _quarterly("PROJ-MLPIPE", Category.GENAI, 20_000, "anthropic"),
    _quarterly("TEAM-BACKEND", Category.CLOUD, 12_000, "gcp"),
    _quarterly("TEAM-FRONTEND", Category.SUBSCRIPTION, 3_000),
    replace(_quarterly("TEAM-MLOPS", Category.GENAI, 0, "anthropic"), budget_type=BudgetType.TOKEN, amount=50_000_000),
    _quarterly("DEPT-ENG", Category.TOTAL, 50_000),
)

_FROM_THE_TOP = BudgetPlan(ROOT_ID, Category.CLOUD, 100_000 * NANOS, PeriodKind.YEARLY, YEAR)
_SHARES = (
    ChildShare("DEPT-ENG", Fraction(45)),
    ChildShare("DEPT-DS", Fraction(30)),
    ChildShare("DEPT-OPS", Fraction(15)),
)


class _Stream(NamedTuple):
    """A provider's charges to an entity in the quarter, in whole dollars, and the number of tokens.

    ``monthly`` ones are charged on the first of each month, in equal parts.
    """

    entity_id: str
    provider: str
    dollars: int
    tokens: int = 0
    monthly: bool = False


_STREAMS = (
    _Stream("TEAM-BACKEND", "Google Cloud", 10_840),
    _Stream("TEAM-FRONTEND", "Google Cloud", 1_150),
    _Stream("PROJ-PLATFORM", "Google Cloud", 5_250),
    _Stream("PROJ-PLATFORM", "Amazon Web Services", 3_400),
    _Stream("DEPT-ENG", "Google Cloud", 1_260),
    _Stream("TEAM-BACKEND", "Anthropic", 6_240, 12_480_000),
    _Stream("TEAM-BACKEND", "OpenAI", 4_180, 9_120_000),
    _Stream("TEAM-FRONTEND", "Figma", 1_350, monthly=True),
    _Stream("TEAM-FRONTEND", "Slack", 780, monthly=True),
    _Stream("TEAM-FRONTEND", "GitHub", 1_092, monthly=True),
    _Stream("TEAM-MLOPS", "Anthropic", 18_610, 41_200_000),
    _Stream("TEAM-TRAINING", "Anthropic", 2_250, 4_900_000),
    _Stream("TEAM-TRAINING", "OpenAI", 1_900, 4_300_000),
    _Stream("DEPT-DS", "Google AI", 940, 6_700_000),
    _Stream("PROJ-MLPIPE", "Google Cloud", 7_450),
    _Stream("DEPT-DS", "Amazon Web Services", 980),
    _Stream("DEPT-OPS", "Amazon Web Services", 5_120),
    _Stream("DEPT-OPS", "Microsoft Azure", 1_430),
)
_DESIGNERS = 30


@dataclass(frozen=True, slots=True)
class AcmeReport:
    """The demonstration data that was written."""

    organization: str
    entities: int
    budgets: int
    costs: int
    first_day: date
    last_day: date


def plan_acme(context: Context) -> AcmeReport:
    """Create the organization and everything in it, through the commands that users have."""
    Organizations(context).add(NewOrganization(ORGANIZATION, "Acme Inc", "USD", "UTC"))
    acme = replace(context, org_slug=ORGANIZATION, clock=AtNoon(QUARTER.start))
    Entities(acme).import_placements(_HIERARCHY)
    plans = Plans(acme)
    for budget in _BUDGETS:
        plans.create(budget)
    plans.allocate(_FROM_THE_TOP, _SHARES)
    SeatRegister(acme).register("TEAM-FRONTEND", "figma", _DESIGNERS)
    costs = [cost for stream in _STREAMS for cost in _charges(stream)]
    Costs(acme).add_all(costs)
    return AcmeReport(
        ORGANIZATION, len(_HIERARCHY) + 1, len(_BUDGETS) + 1 + len(_SHARES), len(costs), QUARTER.start, QUARTER.end
    )


def _charges(stream: _Stream) -> Iterator[CostEntry]:
    if stream.monthly:
        for month in (1, 2, 3):
            yield CostEntry(
                stream.entity_id, stream.dollars * NANOS // 3, date(2026, month, 1), provider=stream.provider
            )
        return
    name = f"{stream.entity_id} {stream.provider}"
    tokens = dict(spread(name, stream.tokens, QUARTER, 1))
    for day, amount in spread(name, stream.dollars * NANOS, QUARTER, minor_unit("USD")):
        yield CostEntry(stream.entity_id, amount, day, provider=stream.provider, tokens=tokens[day] or None)
