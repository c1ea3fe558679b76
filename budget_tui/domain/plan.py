"""Planned budgets: what one is, which ones are valid, and how its period is written."""

import re
from calendar import month_abbr, month_name
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache, cached_property
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from budget_tui.domain.amount import LIMIT_COUNT, minor_unit, parse_count, parse_whole, split, within_limit
from budget_tui.domain.audit import written
from budget_tui.domain.budget import BudgetType, split_by_percent
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import ONE_DAY, Period, PeriodKind, PeriodRule, around, parse_day
from budget_tui.domain.text import is_written
from budget_tui.domain.variance import VarianceStatus

NOTES_MAX_LENGTH = 2000

_MONTHS = {PeriodKind.MONTHLY: 1, PeriodKind.QUARTERLY: 3, PeriodKind.YEARLY: 12}
_CATEGORIES = {
    BudgetType.MONETARY: frozenset(Category),
    BudgetType.TOKEN: frozenset({Category.GENAI, Category.TOTAL}),
    BudgetType.SEAT: frozenset({Category.SUBSCRIPTION, Category.TOTAL}),
}


class PlannedBudget(NamedTuple):
    """A budget with the entity that it belongs to, as every view of the plan shows it.

    ``amount`` is in nanos of ``currency``, in tokens or in seats. ``provider`` '' is any. ``parent_id`` is the budget
    that it was allocated from. One ``in_cycle`` belongs to the organization's recurring periods.
    """

    budget_id: str
    entity_key: int
    entity_id: str
    entity_name: str
    path: str
    level_code: str
    category: Category
    budget_type: BudgetType
    amount: int
    currency: str
    period_kind: PeriodKind
    period: Period
    provider: str
    notes: str
    is_active: bool
    in_cycle: bool
    parent_id: str | None
    created_by: str
    created_at: datetime
    updated_by: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """A filter of budgets; None and '' match any.

    ``is_active`` False matches deleted budgets only, ``is_running`` only those whose period contains today. ``search``
    is looked for in the entity's id and name, the provider and the notes.
    """

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_kind: PeriodKind | None = None
    period_start: date | None = None
    period_end: date | None = None
    entity_id: str = ""
    provider: str = ""
    currency: str = ""
    status: VarianceStatus | None = None
    search: str = ""
    is_active: bool | None = True
    is_running: bool = False

    @property
    def is_default(self) -> bool:
        """True if every criterion has its default: the filter leaves out deleted budgets only."""
        return self == PlanFilter()

    def period_of(self, found: Iterable[PlannedBudget], fiscal_start: int) -> Period | None:
        """Return the period of a result: the one requested, else from the first day of the budgets ``found`` to the
        last."""
        if self.period_start is not None and self.period_end is not None:
            return Period(self.period_start, self.period_end, fiscal_start)
        return around({budget.period for budget in found})

    def fitting(self, budgets: Iterable[PlannedBudget], today: date) -> list[PlannedBudget]:
        """Return those of ``budgets`` that match, whatever their ``status``."""
        wanted: tuple[tuple[object, Callable[[PlannedBudget], object]], ...] = (
            (self.category, lambda budget: budget.category),
            (self.budget_type, lambda budget: budget.budget_type),
            (self.period_kind, lambda budget: budget.period_kind),
            (self.period_start, lambda budget: budget.period.start),
            (self.period_end, lambda budget: budget.period.end),
            (self.entity_id or None, lambda budget: budget.entity_id),
            (self.provider or None, lambda budget: budget.provider),
            (self.currency or None, lambda budget: budget.currency),
            (self.is_active, lambda budget: budget.is_active),
            (self.is_running or None, lambda budget: budget.period.contains(today)),
        )
        found = list(budgets)
        for value, of in wanted:
            if value is not None:
                found = [budget for budget in found if of(budget) == value]
        return list(filter(text_matcher(self.search), found)) if self.search.strip() else found


def text_matcher(wanted: str) -> Callable[[PlannedBudget], bool]:
    """Return a predicate: the budget's entity id or name, provider or notes contain ``wanted``, ignoring case."""
    wanted = wanted.strip().casefold()

    @cache  # an entity has many budgets
    def has(text: str) -> bool:
        return wanted in text.casefold()

    return lambda budget: has(budget.entity_id) or has(budget.entity_name) or has(budget.provider) or has(budget.notes)


def measured_in(budget: PlannedBudget) -> tuple[BudgetType, str]:
    """Return the type and currency of a budget: only amounts that have both in common can be added up."""
    budget_type = budget.budget_type
    return budget_type, budget.currency if budget_type is BudgetType.MONETARY else ""


class Allocation(NamedTuple):
    """The record that a child was allocated ``amount`` of its parent, whose own amount is ``parent_amount``."""

    allocation_id: str
    parent_id: str
    child_id: str
    amount: int
    parent_amount: int


@dataclass(frozen=True)
class Allocations:
    """Records of allocations, by child and by parent."""

    records: tuple[Allocation, ...] = ()

    def of_child(self, budget_id: str) -> Allocation | None:
        """Return the record by which a budget was allocated; None for one that was planned by itself."""
        return self._by_child.get(budget_id)

    def of_parent(self, budget_id: str) -> Sequence[Allocation]:
        """Return the records of the budgets that were allocated from this one."""
        return self._by_parent.get(budget_id, ())

    @cached_property
    def _by_child(self) -> dict[str, Allocation]:
        return {record.child_id: record for record in self.records}

    @cached_property
    def _by_parent(self) -> dict[str, list[Allocation]]:
        found: dict[str, list[Allocation]] = {}
        for record in self.records:
            found.setdefault(record.parent_id, []).append(record)
        return found


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """A budget to be created; ``currency`` '' is the organization's, ``provider`` '' any."""

    entity_id: str
    category: Category
    amount: int
    period_kind: PeriodKind
    period: Period
    budget_type: BudgetType = BudgetType.MONETARY
    currency: str = ""
    provider: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class ChildShare:
    """A child's share of its parent: a percentage or an amount, never both."""

    entity_id: str
    percent: Fraction | None = None
    amount: int | None = None


def unit_of(budget_type: BudgetType, currency: str) -> int:
    """Return the smallest step of an amount: the currency's coin in nanos, or one token, or one seat."""
    return minor_unit(currency) if budget_type is BudgetType.MONETARY else 1


def checked_amount(amount: int, budget_type: BudgetType) -> int:
    """Return ``amount``; `Refused` when it is negative or beyond what can be stored."""
    if amount < 0:
        raise Refused("a budget cannot be negative", "give an amount of 0 or more")
    if budget_type is BudgetType.MONETARY:
        return within_limit(amount)
    if amount > LIMIT_COUNT:
        raise Refused(f"a count of {amount} is out of range", f"the limit is {LIMIT_COUNT:,}")
    return amount


def parse_planned(text: str, budget_type: BudgetType) -> int:
    """Parse ``30,000``, ``25M`` tokens or ``15`` seats to nanos, tokens or seats; `Refused` if it is not an amount."""
    return parse_whole(text) if budget_type is BudgetType.MONETARY else parse_count(text)


def check_kind(category: Category, budget_type: BudgetType) -> None:
    """Refuse a type that a category cannot have: tokens of cloud machines, seats of a model."""
    allowed = _CATEGORIES[budget_type]
    if category not in allowed:
        names = " or ".join(name for name in Category if name in allowed)
        raise Refused(f"{category} has no {budget_type} budgets", f"a {budget_type} budget is for {names}")


def check_period(kind: PeriodKind, period: Period) -> None:
    """Refuse a period whose length is not that of its kind. Any first day is valid, and any custom period."""
    if kind is PeriodKind.CUSTOM:
        return
    expected = whole_period(kind, period.start)
    if period.end not in (expected.end, _from_last_day(kind, period.start)):
        raise Refused(
            f"{period.start} to {period.end} is not {kind}", f"end it on {expected.end}, or make it a custom period"
        )


def whole_period(kind: PeriodKind, start: date, fiscal_start: int = 1) -> Period:
    """Return the month, quarter or year that starts on ``start``; `Refused` for a custom period."""
    if kind is PeriodKind.CUSTOM:
        raise Refused("a custom period needs its last day", "give both its first and last day")
    return Period(start, start + relativedelta(months=_MONTHS[kind]) - ONE_DAY, fiscal_start)


def whole_period_until(kind: PeriodKind, end: date, fiscal_start: int = 1) -> Period:
    """Return the month, quarter or year that ends on ``end``."""
    return Period(end + ONE_DAY - relativedelta(months=_MONTHS[kind]), end, fiscal_start)


def _from_last_day(kind: PeriodKind, start: date) -> date | None:
    """Return the end of a period that starts on the last day of a month, as does the next one; None for other days."""
    if (start + ONE_DAY).day != 1:
        return None
    return start + relativedelta(months=_MONTHS[kind], day=31) - ONE_DAY


def parse_period(text: str, rule: PeriodRule, today: date) -> tuple[PeriodKind, Period]:
    """Parse a period, by the organization's fiscal year.

    ``2026-02``, ``2026-Q1``, ``2026``, ``2026-01-15..2026-03-31``; ``monthly``, ``quarterly`` and ``yearly`` are the
    one that contains today. The names that `formatting.period_name` gives to months, quarters and years are understood,
    too: ``2026/27`` and ``Q4 2026/27`` for a fiscal year that is in two calendar years.
    """
    cleaned = text.strip()
    if cleaned.casefold() in set(_MONTHS):
        kind = PeriodKind(cleaned.casefold())
        return kind, PeriodRule(kind, rule.anchor_day, rule.fiscal_start_month).containing(today)
    if ".." in cleaned:
        start, _, end = cleaned.partition("..")
        return PeriodKind.CUSTOM, Period(parse_day(start), parse_day(end))
    year, following, month, quarter = _written_period(cleaned)
    begins = rule.fiscal_start_month
    if following and (begins == 1 or int(following) != (int(year) + 1) % 100):
        raise Refused(f"{year}/{following} is no fiscal year", f"write {year}, the year that it begins in")
    if month:
        return PeriodKind.MONTHLY, whole_period(PeriodKind.MONTHLY, parse_day(f"{year}-{month}-01"), begins)
    fiscal_year = parse_day(f"{year}-{begins:02}-01")
    if not quarter:
        return PeriodKind.YEARLY, whole_period(PeriodKind.YEARLY, fiscal_year, begins)
    return PeriodKind.QUARTERLY, whole_period(
        PeriodKind.QUARTERLY, fiscal_year + relativedelta(months=3 * (int(quarter) - 1)), begins
    )


_WRITTEN_PERIOD = re.compile(
    r"(\d{4})(?:/(\d{2}))?(?:-Q([1-4]))?|Q([1-4]) (\d{4})(?:/(\d{2}))?|(\d{4})-(0[1-9]|1[0-2])", re.I
)


_MONTH_NAMES = {
    name.casefold(): number for names in (month_name, month_abbr) for number, name in enumerate(names) if name
}


def _written_period(text: str) -> tuple[str, str, str, str]:
    """Return the year, the second one of ``2026/27``, the month and the quarter, each '' where it is not written."""
    found = _WRITTEN_PERIOD.fullmatch(text)
    if found is None:
        name, _, year = text.partition(" ")
        if name.casefold() in _MONTH_NAMES and re.fullmatch(r"\d{4}", year):
            return year, "", f"{_MONTH_NAMES[name.casefold()]:02}", ""
        raise Refused(f"'{text}' is not a period", "write 2026-02, 2026-Q1, 2026 or 2026-01-15..2026-03-31")
    year, following, quarter, quarter_first, quarter_year, quarter_following, year_of_month, month = found.groups("")
    return year or quarter_year or year_of_month, following or quarter_following, month, quarter or quarter_first


def checked_notes(text: str) -> str:
    """Return ``text`` stripped; `Refused` when it is too long or has control characters."""
    notes = text.strip()
    if len(notes) > NOTES_MAX_LENGTH:
        raise Refused(f"notes have at most {NOTES_MAX_LENGTH} characters, not {len(notes)}")
    if not is_written(notes.replace("\n", " ")):
        raise Refused("notes cannot have control characters", "leave them out")
    return notes


def shares_of(amount: int, children: Sequence[ChildShare], unit: int) -> tuple[tuple[int, ...], int]:
    """Return each child's amount, and what stays unallocated: negative when the amounts add up to more than ``amount``.

    Percentages are split by largest remainder, so that children and margin add up exactly. `Refused` when they sum to
    more than 100, or are mixed with amounts.
    """
    if not children:
        raise Refused("an allocation needs children", "name at least one")
    percents = [child.percent for child in children if child.percent is not None]
    amounts = [child.amount for child in children if child.amount is not None]
    if len(percents) == len(children) and not amounts:
        return split_by_percent(amount, percents, unit)
    if len(amounts) == len(children) and not percents:
        if any(part < 0 for part in amounts):
            raise Refused("an allocation cannot be negative", "give each child 0 or more")
        return tuple(amounts), amount - sum(amounts)
    raise Refused("children get percentages or amounts", "give every child the same of the two")


def equal_shares(count: int, margin_percent: Fraction = Fraction(0)) -> tuple[Fraction, ...]:
    """Return the percentages of ``count`` children that share equally what ``margin_percent`` leaves."""
    if not count:
        raise Refused("there is no child to share it", "name at least one child")
    if not 0 <= margin_percent <= 100:
        raise Refused("a margin is between 0 and 100 percent", "lower it")
    return ((100 - margin_percent) / count,) * count


def rescaled(before: int, after: int, children: Sequence[int], unit: int) -> tuple[int, ...]:
    """Return the children's amounts when their parent's amount changes and each keeps its share of it.

    Children and margin add up to the parent exactly; children above the parent stay above it by the same share.
    """
    if before <= 0:
        raise Refused("shares of a budget of 0 are unknown", "keep the children, or set each of them")
    margin = before - sum(children)
    if margin >= 0:
        return split(after, [*children, margin], unit)[:-1]
    return split(after * sum(children) // before // unit * unit, children, unit)


def subject_of(budget: PlannedBudget) -> str:
    """Return the subject that the audit trail gives to changes of a budget."""
    return f"{budget.entity_id} {budget.budget_id}"


def audited_amount(budget: PlannedBudget) -> str:
    return written(budget.amount) if budget.budget_type is BudgetType.MONETARY else str(budget.amount)


def facts_of(budget: PlannedBudget) -> dict[str, object]:
    """Return the facts about a budget that the audit trail stores."""
    return {
        "category": str(budget.category),
        "budget_type": str(budget.budget_type),
        "amount": audited_amount(budget),
        "currency": budget.currency,
        "period_type": str(budget.period_kind),
        "period_start": budget.period.start.isoformat(),
        "period_end": budget.period.end.isoformat(),
        "provider": budget.provider,
        "notes": budget.notes,
    }
