"""Columns and checks that several tables have alike."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, text

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category, ChargeCategory
from budget_tui.domain.period import PeriodKind


def one_of(column: str, values: type[BudgetType] | type[Category] | type[ChargeCategory] | type[PeriodKind]) -> str:
    """That a column holds one of ``values``."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def key() -> Column[int]:
    """A table's own key."""
    return Column(Integer, primary_key=True)


def added_count() -> Column[int]:
    """An amount in a table that had rows before it: they got 0."""
    return Column(BigInteger, nullable=False, server_default=text("0"))


def reference(target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """The key of a row of another table."""
    return Column(Integer, ForeignKey(target), nullable=nullable, index=index)
