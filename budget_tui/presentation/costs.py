"""The costs that an actual adds up, in columns and words, for the dashboard and the command line alike."""

from typing import TYPE_CHECKING

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import DIRECTORY
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column

if TYPE_CHECKING:
    from budget_tui.services.cost_details import Actual, CostLine

UNMAPPED = "unmapped"
LABELS = {BudgetType.MONETARY: "Amount", BudgetType.TOKEN: "Tokens", BudgetType.SEAT: "Seats"}
"""The label of what is counted, by type."""


def counted_text(actual: "Actual", counted: int) -> str:
    """Format a part of an actual, without its unit."""
    is_money = actual.budget_type is BudgetType.MONETARY
    return formatting.number(counted, actual.currency) if is_money else f"{counted:,}"


def how_many(actual: "Actual", count: int, without_rate: int, replaced: int = 0) -> str:
    """Say of how many costs an actual is the sum, and what it leaves out: `` in 3 costs; 1 estimate replaced …``."""
    left = f"; {formatting.count(without_rate, 'cost')} without a usable rate left out" if without_rate else ""
    left += f"; {formatting.count(replaced, 'estimate')} replaced by a bill" if replaced else ""
    is_seats = actual.budget_type is BudgetType.SEAT
    return ", the most on one day" if is_seats else f" in {formatting.count(count, 'cost')}{left}"


def cost_columns(actual: "Actual") -> tuple[Column["CostLine"], ...]:
    """Return the columns of the costs that an actual adds up, one by one."""

    def own(line: "CostLine") -> str:
        if line.estimated is not None:
            return f"{formatting.money(line.estimated, line.currency)} estimated"
        if line.amount is None or (line.currency == actual.currency and actual.budget_type is BudgetType.MONETARY):
            return ""
        return formatting.money(line.amount, line.currency)

    def counted(line: "CostLine") -> str:
        return "unpriced" if line.is_unpriced else counted_text(actual, line.counted)

    def tokens(line: "CostLine") -> str:
        return "" if line.tokens is None else f"{line.tokens:,}"

    found: list[Column[CostLine]] = [
        Column("day", "Day", lambda line: formatting.long_day(line.day)),
        Column("provider", "Provider", lambda line: line.provider, max_width=20, shrinks_to=8),
        Column("service", "Service", lambda line: line.service, max_width=32, shrinks_to=7),
        Column("entity", "Entity", lambda line: line.entity_name or UNMAPPED, max_width=28, shrinks_to=8),
        Column("counted", LABELS[actual.budget_type], counted, align="point"),
        Column("own", "Cost", own, align="right"),
    ]
    if actual.budget_type is BudgetType.MONETARY:
        found.append(Column("tokens", "Tokens", tokens, align="right", is_muted=True))
    found += [
        Column("source", "Source", lambda line: line.source, max_width=16, is_muted=True, drop_order=2),
        Column("tags", "Tags", _tags, max_width=60, shrinks_to=10, is_muted=True, drop_order=1, yields_late=True),
    ]
    return tuple(found)


def _tags(line: "CostLine") -> str:
    return ", ".join(f"{key}={tag_value(key, value)}" for key, value in line.tags)


def tag_value(key: str, value: str) -> str:
    """Return a tag's value as it is shown."""
    return formatting.directory(value) if key == DIRECTORY else value
