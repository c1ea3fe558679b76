"""The plan as tables for a terminal."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

from budget_tui.cli.console import table
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_results import (
    Breakdown,
    BudgetForecast,
    BudgetLine,
    BudgetPage,
    ForecastsById,
    Part,
    PlanAllocation,
    PlanForecast,
    PlanSummary,
    PlanTree,
    TreeNode,
)
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, percent_of
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import NOTHING, Column
from budget_tui.presentation.formatting import NO_PROVIDER, NOT_BUDGETED
from budget_tui.presentation.plan_columns import SHAPES, budget_forecast, part_forecast, scope_text, status_style
from budget_tui.services.plans import ID_SHOWN_LENGTH

_CENTS = re.compile(r"\.\d+(?=$| by )")
_NAME_AT_LEAST = 8
"""Cells of a name in the tree, however deep it stands."""
Row = TypeVar("Row")


def describe(budget: PlannedBudget) -> str:
    """Describe a budget as ``DEPT-ENG's cloud budget for Q1 2026: $30,000.00``."""
    return f"{f.plan_name(budget)}: {f.amount_of(budget.amount, budget.budget_type, budget.currency)}"


def budget_table(page: BudgetPage) -> list[str]:
    """Format a line per budget, headed by their period, and the number of budgets."""
    columns: tuple[Column[PlannedBudget], ...] = (
        Column("id", "ID", lambda budget: budget.budget_id[:ID_SHOWN_LENGTH]),
        Column("entity", "Entity", lambda budget: budget.entity_id),
        Column("what", "Scope", scope_text),
        Column("period", "Period", lambda budget: f.period_name(budget.period)),
        Column("amount", "Amount", lambda budget: _with_unit(budget.amount, *_kind(budget)), "right"),
    )
    lines = table(columns, page.budgets, _without_cents) if page.budgets else []
    shown = "" if len(page.budgets) == page.total else f", {len(page.budgets)} shown"
    days = [f.period_name(page.period)] if page.period else []
    days += f.data_through_if_late(page.data_through, page.as_of)
    return [*days, *lines, f"{f.count(page.total, 'budget')}{shown}"]


def details(budget: PlannedBudget) -> list[str]:
    """List a budget's facts, one per line."""
    facts = {
        "id": budget.budget_id,
        "entity": f"{budget.entity_name} ({budget.entity_id}, {budget.level_code})",
        "path": budget.path,
        "category": str(budget.category),
        "type": str(budget.budget_type),
        "amount": f.amount_of(budget.amount, budget.budget_type, budget.currency),
        "period": f"{f.period_name(budget.period)}, {budget.period_kind}"
        f" ({budget.period.start} to {budget.period.end})",
        "provider": budget.provider or "any",
        "notes": budget.notes,
        "allocated from": budget.parent_id or "",
        "created": f"{budget.created_at:%Y-%m-%d %H:%M} by {budget.created_by}",
        "changed": f"{budget.updated_at:%Y-%m-%d %H:%M} by {budget.updated_by}" if budget.updated_at else "",
        "deleted": "" if budget.is_active else "yes",
    }
    width = max(map(len, facts))
    return [f"{name:<{width}}  {value}" for name, value in facts.items() if value]


def allocation_table(allocation: PlanAllocation) -> list[str]:
    """List the parent, its children, and the amount that stays unallocated."""
    parent = allocation.parent
    rows = [(child.budget.entity_id, child.budget.amount) for child in allocation.children]
    columns: tuple[Column[tuple[str, int]], ...] = (
        Column("to", "To", lambda row: row[0]),
        Column("amount", "Amount", lambda row: _typed(row[1], *_kind(parent)), "right"),
        Column("share", "Share", lambda row: _share(row[1], parent.amount), "right"),
    )
    return [describe(parent), *table(columns, [*rows, ("unallocated", allocation.unallocated)], _without_cents)]


_HELD: Column[BudgetLine] = Column(
    "held", "Held", lambda line: _known(line.reserved, *_kind(line.budget)), "right", drop_order=2
)


def summary_table(summary: PlanSummary) -> list[str]:
    """Format a line per budget with its actual, headed by their period, then the totals."""
    columns: tuple[Column[BudgetLine], ...] = (
        Column("entity", "Entity", lambda line: line.budget.entity_id),
        Column("what", "Scope", lambda line: scope_text(line.budget)),
        Column("period", "Period", lambda line: f.period_name(line.budget.period)),
        *_figures(lambda line: line.figures, lambda line: _kind(line.budget)),
        *([_HELD] if any(line.reserved for line in summary.lines) else []),
        *_forecast(summary.forecasts, lambda line: line.budget),
    )
    lines = table(columns, summary.lines, _without_cents) if summary.lines else ["no budget fits"]
    totals = [line for totals in summary.totals for line in _total(totals)]
    return [*_heading(summary), *lines, *([""] if summary.lines else []), *totals]


def forecast_table(found: PlanForecast) -> list[str]:
    """Format a line per budget that runs today, with the range of its forecast."""

    def amount(label: str, of: Callable[[BudgetForecast], int | None], drop_order: int = 0) -> Column[BudgetForecast]:
        return Column(label, label, lambda line: _known(of(line), *_kind(line.budget)), "right", drop_order=drop_order)

    def expected(label: str, of: Callable[[Forecast], int | None], drop_order: int = 0) -> Column[BudgetForecast]:
        return amount(label, lambda line: of(line.forecast) if line.forecast is not None else None, drop_order)

    def against(line: BudgetForecast) -> str:
        return f.forecast_against(line.forecast, line.budget.amount) if line.forecast is not None else ""

    columns: tuple[Column[BudgetForecast], ...] = (
        Column("entity", "Entity", lambda line: line.budget.entity_id),
        Column("what", "Scope", lambda line: scope_text(line.budget)),
        Column("period", "Period", lambda line: f.period_name(line.budget.period), shrinks_to=8, wraps=True),
        amount("Actual", lambda line: line.used, 1),
        expected("Low", lambda forecast: forecast.low if forecast.has_range else None, 2),
        expected("Median", lambda forecast: forecast.median),
        expected("High", lambda forecast: forecast.high if forecast.has_range else None, 3),
        amount("Amount", lambda line: line.budget.amount, 4),
        Column("status", "", against, wraps=True),
    )
    if not found.lines:
        return ["no budget runs today"]
    return [*f.data_through_if_late(found.data_through, found.as_of), *table(columns, found.lines, _without_cents)]


def tree_table(tree: PlanTree) -> list[str]:
    """Format a line per budget below its parent, headed by their period."""
    rows = [row for root in tree.roots for row in _tree_rows(root, "", "")]

    def amount(label: str, text: Callable[[TreeNode], str], drop_order: int = 0) -> Column[TreeRow]:
        return Column(label, label, lambda row: text(row[1]), "right", drop_order=drop_order)

    def parent_amount(node: TreeNode, number: int) -> str:
        return _typed(number, *_kind(node.budget)) if node.children else NOTHING

    columns: tuple[Column[TreeRow], ...] = (
        Column(
            "budget",
            "Budget",
            lambda row: f"{row[0]}{row[1].budget.entity_id} {scope_text(row[1].budget)}",
            shrinks_to=max((len(lead) for lead, _ in rows), default=0) + _NAME_AT_LEAST,
        ),
        Column("period", "Period", lambda row: f.period_name(row[1].budget.period), drop_order=4, yields_late=True),
        amount("Amount", lambda node: _with_unit(node.budget.amount, *_kind(node.budget))),
        amount("Allocated", lambda node: parent_amount(node, node.allocated_to_children), 2),
        amount("Free", lambda node: parent_amount(node, node.unallocated), 3),
        amount("Actual", lambda node: _known(node.figures.actual, *_kind(node.budget))),
        Column(
            "status",
            " ",
            lambda row: SHAPES[row[1].figures.status],
            style=lambda row: status_style(row[1].figures),
        ),
        *_forecast(tree.forecasts, lambda row: row[1].budget),
    )
    return [*_heading(tree), *(table(columns, rows, _without_cents) if rows else ["no budget fits"])]


def _forecast(forecasts: ForecastsById, budget_of: Callable[[Row], PlannedBudget]) -> list[Column[Row]]:
    """Return the column of the ranges expected by the periods' ends, if there is any."""
    return [budget_forecast(forecasts, budget_of)] if forecasts else []


def _heading(result: PlanSummary | PlanTree) -> list[str]:
    days = [f"{result.organization.name}, {f.period_name(result.period)}"] if result.period else []
    return [*days, *f.data_through_if_late(result.data_through, result.as_of)]


def breakdown_table(breakdown: Breakdown, of: str) -> list[str]:
    """Format a line per category or provider; ``of`` is that column's name."""
    currency = breakdown.organization.currency
    entity = breakdown.entity
    rows = [row for name, part in breakdown.parts.items() for row in _part_rows(name, part)]

    def known_of(column: Column[PartRow], row: PartRow) -> str:
        """Return a figure; parts without a budget only have a usage."""
        if row.planned is not None:
            return column.text(row)
        only_used = {"actual": _with_unit(row.used or 0, row.budget_type, currency), "status": ""}
        return only_used.get(column.key, NOTHING)

    figures = _figures(_part_figures, lambda row: (row.budget_type, currency))
    forecast: Column[PartRow] = part_forecast(
        breakdown.forecasts, lambda row: row.part, lambda row: (row.budget_type, currency), lambda row: row.planned
    )
    columns: tuple[Column[PartRow], ...] = (
        Column("of", of, lambda row: row.name),
        *(replace(column, text=partial(known_of, column)) for column in figures),
        *([forecast] if breakdown.forecasts else []),
    )
    lines = table(columns, rows, _without_cents) if rows else ["nothing used or planned"]
    heading = f"{entity.name} ({entity.entity_id}), {', '.join(map(f.period_name, breakdown.periods))}"
    return [heading, *f.data_through_if_late(breakdown.data_through, breakdown.as_of), *lines]


class PartRow(NamedTuple):
    """A part in one unit; ``planned`` is None if there is no budget for it, ``part`` for what is not budgeted."""

    name: str
    budget_type: BudgetType
    planned: int | None
    used: int | None
    part: tuple[str, BudgetType] | None = None


def _part_rows(name: str, part: Part) -> Iterator[PartRow]:
    for budget_type, planned, used, rest in part.by_type:
        if planned is not None or used is not None:
            yield PartRow(name or NO_PROVIDER, budget_type, planned, used, (name, budget_type))
        if rest:
            yield PartRow(f"  {NOT_BUDGETED}", budget_type, None, rest)


TreeRow = tuple[str, TreeNode]
"""The branches drawn in front of a budget, and the budget."""


def _tree_rows(node: TreeNode, lead: str, below: str) -> Iterator[TreeRow]:
    yield lead, node
    for child in node.children:
        is_last = child is node.children[-1]
        yield from _tree_rows(child, f"{below}{'└─ ' if is_last else '├─ '}", f"{below}{'   ' if is_last else '│  '}")


def _figures(
    figures: Callable[[Row], Variance], kind: Callable[[Row], tuple[BudgetType, str]]
) -> tuple[Column[Row], ...]:
    def used(row: Row) -> str:
        percent = figures(row).percent_used
        return NOTHING if percent is None else f"{percent:.0f}%"

    return (
        Column("budget", "Budget", lambda row: _with_unit(figures(row).amount, *kind(row)), "right"),
        Column("actual", "Actual", lambda row: _known(figures(row).actual, *kind(row)), "right"),
        Column("left", "Left", lambda row: _known(figures(row).variance, *kind(row)), "right", drop_order=4),
        Column("used", "Used", used, "right", drop_order=3),
        Column("status", " ", lambda row: SHAPES[figures(row).status], style=lambda row: status_style(figures(row))),
    )


def _part_figures(row: PartRow) -> Variance:
    return Variance(row.planned or 0, row.used)


def _total(totals: Totals) -> list[str]:
    def shown(amount: int) -> str:
        return f.amount_of(amount, totals.budget_type, totals.currency)

    figures = totals.total
    if figures.actual is None:
        return [f"{shown(figures.amount)} planned, no data of what was used"]
    left = figures.amount - figures.actual
    rest = f"{shown(left)} left" if left >= 0 else f"{shown(-left)} over"
    counts = {
        VarianceStatus.OVER: totals.over,
        VarianceStatus.APPROACHING: totals.approaching,
        VarianceStatus.UNDER: totals.under,
    }
    found = [f"{SHAPES[status]} {number} {status}" for status, number in counts.items() if number]
    if totals.no_data:
        found.append(f"{SHAPES[None]} {totals.no_data} without data")
    return [f"{shown(figures.amount)} planned, {shown(figures.actual)} used, {rest}", f"  {', '.join(found)}"]


def _without_cents(texts: Sequence[str]) -> Sequence[str]:
    """Omit the cents if every amount in the column is whole; otherwise keep them all, so that the points align."""
    cents = {found[0] for text in texts if (found := _CENTS.search(text))}
    return texts if any(each.strip(".0") for each in cents) else [_CENTS.sub("", text) for text in texts]


def _kind(budget: PlannedBudget) -> tuple[BudgetType, str]:
    return budget.budget_type, budget.currency


def _known(amount: int | None, budget_type: BudgetType, currency: str) -> str:
    return NOTHING if amount is None else _typed(amount, budget_type, currency)


def _typed(amount: int, budget_type: BudgetType, currency: str) -> str:
    return f.money(amount, currency) if budget_type is BudgetType.MONETARY else f.short_count(amount)


def _with_unit(amount: int, budget_type: BudgetType, currency: str) -> str:
    """Format as ``$30,000`` or ``50M tokens``."""
    unit = "" if budget_type is BudgetType.MONETARY else f" {budget_type}s"
    return f"{_typed(amount, budget_type, currency)}{unit}"


def _share(part: int, whole: int) -> str:
    percent = percent_of(part, whole)
    return NOTHING if percent is None else f"{percent.normalize():f}%"
