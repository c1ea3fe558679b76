"""``plan``: budgets of any entity, category, type and period, allocated from the top down."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli import plan_files
from budget_tui.cli.console import print_json, print_lines, warn
from budget_tui.cli.options import AmountCommand, JsonOption, KeyOption, command_group
from budget_tui.cli.plan_tables import (
    allocation_table,
    breakdown_table,
    budget_table,
    describe,
    details,
    forecast_table,
    summary_table,
    tree_table,
)
from budget_tui.cli.session import Session, session_of
from budget_tui.domain.budget import BudgetType, is_difference, parse_over, parse_percent
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlanFilter, equal_shares, parse_planned
from budget_tui.domain.text import parse_choice
from budget_tui.domain.variance import VarianceStatus
from budget_tui.services.plans import PlanChange

if TYPE_CHECKING:
    from budget_tui.domain.plan_results import Breakdown, PlanOutcome

app = command_group()
app.command("export")(plan_files.export)
app.command("diff")(plan_files.diff)
app.command("apply")(plan_files.apply)


_PERIODS = "2026-02, 2026-Q1, 2026 or 2026-01-15..2026-03-31"

EntityFilter = Annotated[str, typer.Option("--entity", metavar="ID", help="Only this entity.", show_default=False)]
CategoryFilter = Annotated[
    str, typer.Option("--category", metavar="CATEGORY", help=f"{', '.join(Category)}.", show_default=False)
]
TypeFilter = Annotated[
    str, typer.Option("--type", metavar="TYPE", help=f"{', '.join(BudgetType)}.", show_default=False)
]
PeriodFilter = Annotated[
    str,
    typer.Option(
        "--period", metavar="PERIOD", help=f"{', '.join(PeriodKind)}; or just {_PERIODS}.", show_default=False
    ),
]
ProviderFilter = Annotated[
    str, typer.Option("--provider", metavar="NAME", help="Only this provider.", show_default=False)
]
CurrencyFilter = Annotated[
    str, typer.Option("--currency", metavar="CODE", help="Only this currency.", show_default=False)
]
StatusFilter = Annotated[
    str, typer.Option("--status", metavar="STATUS", help=f"{', '.join(VarianceStatus)}.", show_default=False)
]
SearchFilter = Annotated[
    str, typer.Option("--search", metavar="TEXT", help="Search entity, provider and notes.", show_default=False)
]
DeletedOption = Annotated[bool, typer.Option("--deleted", help="Only deleted budgets.")]
BudgetArgument = Annotated[str, typer.Argument(metavar="BUDGET", help="Budget id or unique prefix.")]
PeriodOption = Annotated[
    str,
    typer.Option(
        "--period",
        metavar="PERIOD",
        help="2026-02, 2026-Q1, 2026, 2026-01-15..2026-03-31, or the monthly, quarterly or yearly one of today.",
    ),
]
ProviderOption = Annotated[
    str, typer.Option("--provider", metavar="NAME", help="Only costs of this provider.", show_default=False)
]
CurrencyOption = Annotated[
    str, typer.Option("--currency", metavar="CODE", help="Default: the organization's currency.", show_default=False)
]
NotesOption = Annotated[str, typer.Option("--notes", metavar="TEXT", help="Purpose of the budget.", show_default=False)]
TypeOption = Annotated[str, typer.Option("--type", metavar="TYPE", help="monetary, token or seat.")]


@app.command("list")
def list_budgets(
    context: typer.Context,
    entity: EntityFilter = "",
    category: CategoryFilter = "",
    budget_type: TypeFilter = "",
    period: PeriodFilter = "",
    provider: ProviderFilter = "",
    currency: CurrencyFilter = "",
    status: StatusFilter = "",
    search: SearchFilter = "",
    deleted: DeletedOption = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Show at most N.", show_default=False)
    ] = None,
    offset: Annotated[int, typer.Option("--offset", metavar="N", min=0, help="Skip the first N.")] = 0,
    json: JsonOption = False,
) -> None:
    """List budgets by entity."""
    session = session_of(context)
    conditions = _filter_of(session, entity, category, budget_type, period, provider, currency, status, search, deleted)
    page = session.services.plan_views.list(conditions, limit, offset)
    if json:
        print_json(schemas.plan.PlanList.from_domain(page, session.services.context.org_slug))
        return
    print_lines(*budget_table(page))
    warn(page.warnings)


@app.command()
def show(context: typer.Context, budget: BudgetArgument, json: JsonOption = False) -> None:
    """Show one budget and where it was allocated from."""
    session = session_of(context)
    session.services.context.require_database()
    found = session.services.plan_views.one(budget)
    if json:
        print_json(schemas.plan.BudgetDetails.from_outcome(found, session.services.context.org_slug))
        return
    print_lines(*details(found.budget))
    warn(found.warnings)


@app.command(cls=AmountCommand)
def create(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Entity id; ORG for the organization.")],
    category: Annotated[str, typer.Argument(metavar="CATEGORY", help="cloud, genai, subscription or total.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="20000; tokens as 25M; seats as 15.")],
    period: PeriodOption = "monthly",
    budget_type: TypeOption = "monetary",
    provider: ProviderOption = "",
    currency: CurrencyOption = "",
    notes: NotesOption = "",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Plan a budget."""
    session = session_of(context)
    plan = _plan_of(session, entity, category, amount, period, budget_type, provider, currency, notes)
    outcome = session.services.plans.create(plan, key)
    _print_change(session, outcome, json, f" planned ({outcome.budget.budget_id[:8]})")


@app.command(cls=AmountCommand)
def update(
    context: typer.Context,
    budget: BudgetArgument,
    amount: Annotated[
        str, typer.Option("--amount", metavar="AMOUNT", help="The new amount, or +500, -500.", show_default=False)
    ] = "",
    period: Annotated[
        str, typer.Option("--period", metavar="PERIOD", help="Such as 2026-Q2.", show_default=False)
    ] = "",
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help="New provider; '' for any.", show_default=False)
    ] = None,
    notes: Annotated[
        str | None, typer.Option("--notes", metavar="TEXT", help="New notes; '' for none.", show_default=False)
    ] = None,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Children keep their shares instead of their amounts.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Change a budget.

    Budgets allocated from it do not change, unless rescaled.
    """
    if not amount and not period and provider is None and notes is None:
        raise Refused("there is nothing to change", "give --amount, --period, --provider or --notes")
    session = session_of(context)
    session.services.context.require_database()
    before = session.services.plans.get(budget)
    kind, days = session.services.plans.period_named(period) if period else (None, None)
    after = (
        parse_over(amount, before.amount, lambda typed: parse_planned(typed, before.budget_type)) if amount else None
    )
    change = PlanChange(after, notes, provider, kind, days)
    seen = before.amount if is_difference(amount) else None
    outcome = session.services.plans.update(before.budget_id, change, seen, rescale)
    _print_change(session, outcome, json)


@app.command()
def delete(context: typer.Context, budget: BudgetArgument, json: JsonOption = False) -> None:
    """Delete a budget from the plan.

    It stays on record; budgets allocated from it stay in the plan.
    """
    session = session_of(context)
    outcome = session.services.plans.delete(budget)
    _print_change(session, outcome, json, " deleted")


@app.command(cls=AmountCommand)
def allocate(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Parent entity; ORG for the organization.")],
    category: Annotated[str, typer.Argument(metavar="CATEGORY", help="cloud, genai, subscription or total.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount of the parent.")],
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="CHILD=SHARE", help="DEPT-ENG=40% or DEPT-ENG=40000; with --equal, DEPT-ENG."),
    ],
    equal: Annotated[bool, typer.Option("--equal", help="Split equally among the children.")] = False,
    margin: Annotated[
        str,
        typer.Option(
            "--margin", metavar="PERCENT", help="Share that --equal leaves unallocated: 10%.", show_default=False
        ),
    ] = "",
    period: PeriodOption = "monthly",
    budget_type: TypeOption = "monetary",
    provider: ProviderOption = "",
    currency: CurrencyOption = "",
    notes: NotesOption = "",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Plan a budget and allocate it to children.

    The rest stays unallocated.
    """
    session = session_of(context)
    plan = _plan_of(session, entity, category, amount, period, budget_type, provider, currency, notes)
    outcome = session.services.plans.allocate(plan, _parse_shares(to, equal, margin, plan.budget_type), key)
    if json:
        print_json(schemas.plan.AllocatedBudget.from_domain(outcome, session.services.context.org_slug))
        return
    print_lines(*allocation_table(outcome))
    warn(outcome.warnings)


@app.command()
def summary(
    context: typer.Context,
    entity: EntityFilter = "",
    category: CategoryFilter = "",
    budget_type: TypeFilter = "",
    period: PeriodFilter = "",
    provider: ProviderFilter = "",
    currency: CurrencyFilter = "",
    status: StatusFilter = "",
    search: SearchFilter = "",
    json: JsonOption = False,
) -> None:
    """Compare budgets with actual costs."""
    session = session_of(context)
    found = session.services.plan_views.summary(
        _filter_of(session, entity, category, budget_type, period, provider, currency, status, search)
    )
    if json:
        print_json(schemas.plan.PlanSummary.from_domain(found))
        return
    print_lines(*summary_table(found))
    warn(found.warnings)


@app.command()
def tree(
    context: typer.Context,
    root: Annotated[
        str, typer.Argument(metavar="[ENTITY]", help="Only this entity and below.", show_default=False)
    ] = "",
    category: CategoryFilter = "",
    budget_type: TypeFilter = "",
    period: PeriodFilter = "",
    json: JsonOption = False,
) -> None:
    """Show budgets as a tree, with allocated and free amounts."""
    session = session_of(context)
    found = session.services.plan_views.tree(root, _filter_of(session, "", category, budget_type, period))
    if json:
        print_json(schemas.plan.PlanTree.from_domain(found))
        return
    print_lines(*tree_table(found))
    warn(found.warnings)


@app.command()
def forecast(
    context: typer.Context,
    root: Annotated[
        str, typer.Argument(metavar="[ENTITY]", help="Only this entity and below.", show_default=False)
    ] = "",
    category: CategoryFilter = "",
    budget_type: TypeFilter = "",
    provider: ProviderFilter = "",
    json: JsonOption = False,
) -> None:
    """Show what will be used of each running budget by its period's end: in four of five cases between low and
    high."""
    session = session_of(context)
    conditions = _filter_of(session, "", category, budget_type, provider=provider)
    found = session.services.plan_views.forecast(root, conditions)
    if json:
        print_json(schemas.forecast.PlanForecast.from_domain(found))
        return
    print_lines(*forecast_table(found))
    warn(found.warnings)


@app.command("by-category")
def by_category(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="[ENTITY]", help="Default: the organization.")] = "ORG",
    period: PeriodFilter = "",
    provider: ProviderFilter = "",
    json: JsonOption = False,
) -> None:
    """Compare plan and usage by category."""
    session = session_of(context)
    found = session.services.plan_views.by_category(entity, _filter_of(session, period=period, provider=provider))
    _print_breakdown(found, "CATEGORY", json)


@app.command("by-provider")
def by_provider(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="[ENTITY]", help="Default: the organization.")] = "ORG",
    category: CategoryFilter = "",
    period: PeriodFilter = "",
    json: JsonOption = False,
) -> None:
    """Compare plan and usage by provider."""
    session = session_of(context)
    found = session.services.plan_views.by_provider(entity, _filter_of(session, category=category, period=period))
    _print_breakdown(found, "PROVIDER", json)


def _print_change(session: Session, outcome: "PlanOutcome", json: bool, done: str = "") -> None:
    """Print a budget and those allocated from it after a change; in words, starting with ``done``."""
    if json:
        print_json(schemas.plan.ChangedBudget.from_outcome(outcome, session.services.context.org_slug))
        return
    print_lines(f"{describe(outcome.budget)}{done}", *(f"  {describe(child)}" for child in outcome.rescaled))
    warn(outcome.warnings)


def _print_breakdown(breakdown: "Breakdown", label: str, json: bool) -> None:
    if json:
        print_json(schemas.plan.parts_of(breakdown))
        return
    print_lines(*breakdown_table(breakdown, label))
    warn(breakdown.warnings)


def _filter_of(
    session: Session,
    entity: str = "",
    category: str = "",
    budget_type: str = "",
    period: str = "",
    provider: str = "",
    currency: str = "",
    status: str = "",
    search: str = "",
    deleted: bool = False,
) -> PlanFilter:
    """Return the filter of the options; raises `DatabaseNotFound` if there is no database."""
    session.services.context.require_database()
    cleaned = period.strip().casefold()
    kind: PeriodKind | None = None
    days: Period | None = None
    if cleaned in set(PeriodKind):
        kind = PeriodKind(cleaned)
    elif cleaned:
        _, days = session.services.plans.period_named(period)
    return PlanFilter(
        category=parse_choice(category, Category, "category") if category else None,
        budget_type=parse_choice(budget_type, BudgetType, "type") if budget_type else None,
        period_kind=kind,
        period_start=days.start if days else None,
        period_end=days.end if days else None,
        entity_id=entity,
        provider=provider,
        currency=currency,
        status=parse_choice(status, VarianceStatus, "status") if status else None,
        search=search,
        is_active=not deleted,
    )


def _plan_of(
    session: Session,
    entity: str,
    category: str,
    amount: str,
    period: str,
    budget_type: str,
    provider: str,
    currency: str,
    notes: str,
) -> BudgetPlan:
    """Return the budget that arguments and options describe."""
    session.services.context.require_database()
    kind, days = session.services.plans.period_named(period)
    of_type = parse_choice(budget_type, BudgetType, "type")
    return BudgetPlan(
        entity,
        parse_choice(category, Category, "category"),
        parse_planned(amount, of_type),
        kind,
        days,
        of_type,
        currency,
        provider,
        notes,
    )


def _parse_shares(texts: Sequence[str], equal: bool, margin: str, budget_type: BudgetType) -> list[ChildShare]:
    """Parse ``DEPT-ENG=40%`` or ``DEPT-ENG=40000``; with ``equal``, ids alone. Raises `Refused`."""
    if margin and not equal:
        raise Refused("--margin is what --equal leaves", "give --equal, too, or percentages that leave it")
    if equal:
        if any("=" in text for text in texts):
            raise Refused("children that share equally have no share of their own", "give --to DEPT-ENG alone")
        percents = equal_shares(len(texts), parse_percent(margin.rstrip("% ")) if margin else Fraction(0))
        return [ChildShare(text, percent) for text, percent in zip(texts, percents, strict=True)]
    found = []
    for text in texts:
        entity, sign, share = text.partition("=")
        if not sign or not share.strip():
            raise Refused(f"'{text}' has no share", "write DEPT-ENG=40% or DEPT-ENG=40000, or give --equal")
        if share.strip().endswith("%"):
            found.append(ChildShare(entity, percent=parse_percent(share.strip()[:-1])))
        else:
            found.append(ChildShare(entity, amount=parse_planned(share, budget_type)))
    return found
