"""Arguments of the plan's commands: filters, periods, amounts, shares."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from budget_tui.domain.budget import BudgetType, parse_percent
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlanFilter, equal_shares, parse_planned
from budget_tui.domain.variance import VarianceStatus

if TYPE_CHECKING:
    from budget_tui.cli.session import Session

_Word = TypeVar("_Word", bound=StrEnum)

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


def word(text: str, words: type[_Word], what: str) -> _Word:
    """Return the member of ``words`` that was typed, in any case; raises `Refused` if there is none."""
    try:
        return words(text.strip().casefold())
    except ValueError:
        raise Refused(f"'{text}' is not a {what}", f"choose {', '.join(words)}") from None


def filter_of(
    session: "Session",
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
        category=word(category, Category, "category") if category else None,
        budget_type=word(budget_type, BudgetType, "type") if budget_type else None,
        period_kind=kind,
        period_start=days.start if days else None,
        period_end=days.end if days else None,
        entity_id=entity,
        provider=provider,
        currency=currency,
        status=word(status, VarianceStatus, "status") if status else None,
        search=search,
        is_active=not deleted,
    )


def plan_of(
    session: "Session",
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
    of_type = word(budget_type, BudgetType, "type")
    return BudgetPlan(
        entity,
        word(category, Category, "category"),
        parse_planned(amount, of_type),
        kind,
        days,
        of_type,
        currency,
        provider,
        notes,
    )


def shares_typed(texts: Sequence[str], equal: bool, margin: str, budget_type: BudgetType) -> list[ChildShare]:
    """Parse ``DEPT-ENG=40%`` or ``DEPT-ENG=40000``; with ``equal``, ids alone."""
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
