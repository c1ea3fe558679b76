"""The plan as tables for a terminal."""

import re
from collections.abc import Iterator, Sequence

from budget_tui.cli.console import table
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_results import Breakdown, BudgetPage, Part, PlanAllocation, PlanSummary, PlanTree, TreeNode
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, percent_of
from budget_tui.presentation import formatting as f
from budget_tui.presentation.formatting import NO_PROVIDER, NOT_BUDGETED

ID_SHOWN_LENGTH = 8
NOTHING = "–"

_CENTS = re.compile(r"\.\d+$")
_SHAPES = {VarianceStatus.UNDER: "●", VarianceStatus.APPROACHING: "▲", VarianceStatus.OVER: "✕", None: "○"}


def describe(budget: PlannedBudget) -> str:
    """``DEPT-ENG's cloud budget for Q1 2026: $30,000.00``."""
    return f"{f.plan_name(budget)}: {f.amount_of(budget.amount, budget.budget_type, budget.currency)}"


def budget_table(page: BudgetPage) -> list[str]:
    """A line per budget under the days that they are of, and how many there are."""
    rows = [
        (
            budget.budget_id[:ID_SHOWN_LENGTH],
            budget.entity_id,
            _what(budget),
            f.period_name(budget.period),
            _with_unit(budget.amount, budget.budget_type, budget.currency),
        )
        for budget in page.budgets
    ]
    lines = _lined_up(("ID", "ENTITY", "FOR", "PERIOD", "AMOUNT"), rows, "llllr") if rows else []
    shown = "" if len(rows) == page.total else f", {len(rows)} shown"
    days = [f.period_name(page.period)] if page.period else []
    days += f.data_through_if_late(page.data_through, page.as_of)
    return [*days, *lines, f"{f.count(page.total, 'budget')}{shown}"]


def details(budget: PlannedBudget) -> list[str]:
    """A budget's facts, one a line."""
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
    """The parent, a line per child, and what stays unallocated."""
    parent = allocation.parent
    rows = [
        (child.budget.entity_id, _amount(child.budget.amount, child.budget), _share(child.budget.amount, parent.amount))
        for child in allocation.children
    ]
    rest = allocation.unallocated
    rows.append(("unallocated", _amount(rest, parent), _share(rest, parent.amount)))
    return [describe(parent), *_lined_up(("TO", "AMOUNT", "SHARE"), rows, "lrr")]


def summary_table(summary: PlanSummary) -> list[str]:
    """A line per budget against its actual under the days that they are of, then the totals."""
    rows = [
        (
            line.budget.entity_id,
            _what(line.budget),
            f.period_name(line.budget.period),
            *_figures(line.figures, line.budget.budget_type, line.budget.currency),
        )
        for line in summary.lines
    ]
    header = ("ENTITY", "FOR", "PERIOD", "BUDGET", "ACTUAL", "LEFT", "USED", " ")
    lines = _lined_up(header, rows, "lllrrrrl") if rows else ["no budget fits"]
    totals = [line for totals in summary.totals for line in _total(totals)]
    return [*_heading(summary), *lines, *([""] if rows else []), *totals]


def tree_table(tree: PlanTree) -> list[str]:
    """A line per budget, below the nearest that contains it, under the days that they are of."""
    rows = [row for root in tree.roots for row in _tree_rows(root, "", "")]
    header = ("BUDGET", "PERIOD", "AMOUNT", "ALLOCATED", "FREE", "ACTUAL", " ")
    lines = _lined_up(header, rows, "llrrrrl") if rows else ["no budget fits"]
    return [*_heading(tree), *lines]


def _heading(answer: PlanSummary | PlanTree) -> list[str]:
    days = [f"{answer.organization.name}, {f.period_name(answer.period)}"] if answer.period else []
    return [*days, *f.data_through_if_late(answer.data_through, answer.as_of)]


def breakdown_table(breakdown: Breakdown, of: str) -> list[str]:
    """A line per category or provider; ``of`` is that column's name."""
    currency = breakdown.organization.currency
    entity = breakdown.entity
    rows = [row for name, part in breakdown.parts.items() for row in _part_rows(name, part, currency)]
    lines = (
        _lined_up((of, "BUDGET", "ACTUAL", "LEFT", "USED", " "), rows, "lrrrrl")
        if rows
        else ["nothing used or planned"]
    )
    heading = f"{entity.name} ({entity.entity_id}), {', '.join(map(f.period_name, breakdown.periods))}"
    return [heading, *f.data_through_if_late(breakdown.data_through, breakdown.as_of), *lines]


def _part_rows(name: str, part: Part, currency: str) -> Iterator[tuple[str, ...]]:
    def only_used(name: str, used: int) -> tuple[str, ...]:
        return name, NOTHING, _with_unit(used, budget_type, currency), NOTHING, NOTHING, ""

    for budget_type, planned, used, rest in part.by_type:
        if planned is not None:
            yield name or NO_PROVIDER, *_figures(Variance(planned, used), budget_type, currency)
        elif used is not None:
            yield only_used(name or NO_PROVIDER, used)
        if rest:
            yield only_used(f"  {NOT_BUDGETED}", rest)


def _tree_rows(node: TreeNode, lead: str, below: str) -> Iterator[tuple[str, ...]]:
    budget, figures = node.budget, node.figures
    yield (
        f"{lead}{budget.entity_id} {_what(budget)}",
        f.period_name(budget.period),
        _with_unit(budget.amount, budget.budget_type, budget.currency),
        _amount(node.allocated_to_children, budget) if node.children else NOTHING,
        _amount(node.unallocated, budget) if node.children else NOTHING,
        NOTHING if figures.actual is None else _amount(figures.actual, budget),
        _SHAPES[figures.status],
    )
    for child in node.children:
        is_last = child is node.children[-1]
        yield from _tree_rows(child, f"{below}{'└─ ' if is_last else '├─ '}", f"{below}{'   ' if is_last else '│  '}")


def _figures(figures: Variance, budget_type: BudgetType, currency: str) -> tuple[str, ...]:
    actual, left, used = figures.actual, figures.variance, figures.percent_used
    return (
        _with_unit(figures.amount, budget_type, currency),
        NOTHING if actual is None else _typed(actual, budget_type, currency),
        NOTHING if left is None else _typed(left, budget_type, currency),
        NOTHING if used is None else f"{used:.0f} %",
        _SHAPES[figures.status],
    )


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
    found = [f"{_SHAPES[status]} {number} {status}" for status, number in counts.items() if number]
    if totals.no_data:
        found.append(f"{_SHAPES[None]} {totals.no_data} without data")
    return [f"{shown(figures.amount)} planned, {shown(figures.actual)} used, {rest}", f"  {', '.join(found)}"]


def _lined_up(header: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> list[str]:
    """A table without cents in columns of whole amounts; in the others all have them, so that points stand in line."""
    columns = [
        _without_cents(column) if side == "r" else column
        for column, side in zip(zip(*rows, strict=True), right, strict=True)
    ]
    return table(header, [*zip(*columns, strict=True)], right)


def _without_cents(texts: Sequence[str]) -> Sequence[str]:
    cents = {found[0] for text in texts if (found := _CENTS.search(text))}
    return texts if any(each.strip(".0") for each in cents) else [_CENTS.sub("", text) for text in texts]


def _what(budget: PlannedBudget) -> str:
    return f"{budget.category} {budget.provider}".rstrip()


def _amount(amount: int, budget: PlannedBudget) -> str:
    return _typed(amount, budget.budget_type, budget.currency)


def _typed(amount: int, budget_type: BudgetType, currency: str) -> str:
    return f.money(amount, currency) if budget_type is BudgetType.MONETARY else f.short_count(amount)


def _with_unit(amount: int, budget_type: BudgetType, currency: str) -> str:
    """``$30,000``, ``50M tokens``."""
    unit = "" if budget_type is BudgetType.MONETARY else f" {budget_type}s"
    return f"{_typed(amount, budget_type, currency)}{unit}"


def _share(part: int, whole: int) -> str:
    percent = percent_of(part, whole)
    return NOTHING if percent is None else f"{percent.normalize():f} %"
