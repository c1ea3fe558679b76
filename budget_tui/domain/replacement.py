"""The replacement of stored parts by a new one.

A *part* is the stored rows of one delivery for one billing account in one billing period. A new part replaces the cells
that it covers and is never added to them. It is refused if it would remove other cells, unless these are small or
credits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain.cost import ChargeCategory
from budget_tui.domain.delivery import Day, folded_account


class CellRow(NamedTuple):
    """The sums of a part in one cell, of one currency and kind of charge, in nanos; ``positive`` excludes credits."""

    sub_account: str
    day: Day
    currency: str
    charge_category: str
    amount: int
    positive: int
    tokens: int
    seats: int

    @property
    def cell(self) -> tuple[str, Day]:
        return folded_account(self.sub_account), self.day

    @property
    def is_empty(self) -> bool:
        return not (self.amount or self.positive or self.tokens or self.seats)


@dataclass(frozen=True)
class PartFacts:
    """The facts of a part beside its rows; ``name`` distinguishes parts of a source that are stored side by side, else
    ''."""

    source: str
    account: str
    period_start: date
    name: str = ""
    delivered_at: datetime | None = None
    export: str = ""
    cost_basis: str = "BilledCost"
    rows_refused: int = 0


@dataclass(frozen=True)
class Part:
    """A part with its rows by cell; ``key`` is 0 for one that is not stored."""

    facts: PartFacts
    rows: Sequence[CellRow]
    key: int = 0


class Mode(StrEnum):
    """Treatment of stored parts: by the rules, in place of all that the new one touches, or just its own cells."""

    CAREFUL = "careful"
    REPLACE = "replace"
    ALWAYS = "always"


class TakenRows(NamedTuple):
    """The rows to take from a stored part: the days from ``first_day`` to ``last_day``, or only ``cells`` of them."""

    key: int
    first_day: Day
    last_day: Day
    cells: AbstractSet[tuple[str, Day]] | None = None


class RefusalReason(StrEnum):
    """Reason for refusing to replace a stored part with a new one until the user decides."""

    OTHER_BASIS = "other basis"
    OTHER_EXPORT = "other export"
    OTHER_SOURCE = "other source"
    OTHER_COSTS = "other costs"
    SAME_COSTS = "same costs"
    OLDER = "older"
    CORRECTIONS_ALONE = "corrections alone"
    SUB_ACCOUNTS = "sub accounts"
    VANISHES = "vanishes"
    LESS = "less"
    MORE_REFUSED = "more refused"


class Problem(NamedTuple):
    """A refusal: its reason, the stored part, and the details that its message names."""

    reason: RefusalReason
    stored: Part
    sub_account: str = ""
    first_day: Day = 0
    last_day: Day = 0
    amounts: Mapping[str, int] = {}


class Vanished(NamedTuple):
    """Stored costs that disappear because the new part has nothing in their place."""

    sub_account: str
    first_day: Day
    last_day: Day
    amounts: Mapping[str, int]


@dataclass(frozen=True)
class Replacement:
    """The stored rows that a new part takes, the costs that vanish thereby, and the problems that forbid it, if any."""

    taken: Sequence[TakenRows] = ()
    vanished: Sequence[Vanished] = ()
    problems: Sequence[Problem] = ()


_CORRECTING = (ChargeCategory.CREDIT, ChargeCategory.CORRECTION)
_LITTLE = 100  # one part in a hundred of what was stored may vanish
_LESS = 10  # and one in ten of what the days cost may be taken away
_FIRST, _LAST = 0, 99991231


def replacement(
    new: Part,
    stored: Sequence[Part],
    mode: Mode = Mode.CAREFUL,
    is_older: Callable[[], bool] = lambda: False,
    is_other: Callable[[Part], bool] = lambda part: False,
    is_same: Callable[[Part], bool] = lambda part: False,
) -> Replacement:
    """Decide which rows ``new`` takes from the ``stored`` parts of the same billing account and period.

    These may be of other sources and of other names, too. ``is_older`` returns whether the content of ``new`` was
    stored before and replaced since, ``is_other`` whether a stored part is anything but an earlier version of ``new``,
    ``is_same`` whether it has the same costs under whatever name.
    """
    cells = {row.cell for row in new.rows}
    touched = {part.key: {row.cell for row in part.rows} & cells for part in stored}
    fellows = [part for part in stored if _are_fellows(part, new)]
    if mode is Mode.REPLACE:
        # If only one of two names sub accounts, no cells match, although all costs may be the same.
        blurred = {part.key for part in fellows if _names_differ(part, new)}
        # Without an account, costs of other sources on the same days are not the same costs unless they equal them.
        has_account = bool(new.facts.account.strip())
        its_own = [part for part in stored if part.facts.source == new.facts.source or has_account or is_same(part)]
        replaced = [part for part in its_own if touched[part.key] or part.key in blurred]
        goes = [row for part in replaced for row in part.rows if row.cell not in cells and not row.is_empty]
        taken = [TakenRows(part.key, _FIRST, _LAST) for part in replaced]
        return Replacement(taken, [Vanished(*each) for each in _runs(goes)])
    problems = [
        Problem(RefusalReason.OTHER_SOURCE, part)
        for part in stored
        if part.facts.source != new.facts.source and new.facts.account.strip() and touched[part.key]
    ]
    problems += [Problem(RefusalReason.SUB_ACCOUNTS, part) for part in fellows if _names_differ(part, new)]
    replaced = [part for part in fellows if touched[part.key]]
    if not replaced or not cells:
        return Replacement(problems=problems)
    first, last = min(day for _, day in cells), max(day for _, day in cells)
    for part in replaced:
        problems += _basic_problems(new, part, touched[part.key])
    if mode is Mode.ALWAYS:
        return Replacement([TakenRows(part.key, first, last, touched[part.key]) for part in replaced], (), problems)
    vanished: list[Vanished] = []
    for part in replaced:
        if is_other(part):
            return Replacement(problems=[*problems, _other_costs(part, touched[part.key])])
        problems += _problems_of_order(new, part)
        goes = [row for row in part.rows if first <= row.day <= last and row.cell not in cells and not row.is_empty]
        if _is_little(goes, part.rows):
            vanished += [Vanished(*each) for each in _runs(goes)]
        else:
            usage = [row for row in goes if row.charge_category not in _CORRECTING]
            problems += [Problem(RefusalReason.VANISHES, part, *each) for each in _runs(usage)]
    problems += _less(new, replaced)
    if replaced and is_older() and not any(problem.reason is RefusalReason.OLDER for problem in problems):
        problems.append(Problem(RefusalReason.OLDER, replaced[0]))
    return Replacement([TakenRows(part.key, first, last) for part in replaced], vanished, problems)


def _are_fellows(part: Part, new: Part) -> bool:
    return part.facts.source == new.facts.source and part.facts.name == new.facts.name


def _names_differ(part: Part, new: Part) -> bool:
    """Return whether on a day of both only one names sub accounts: then their cells cannot be compared."""
    named = [_named_by_day(each.rows) for each in (part, new)]
    return any(named[0][day] != named[1][day] for day in named[0].keys() & named[1].keys())


def _named_by_day(rows: Iterable[CellRow]) -> dict[Day, bool]:
    named: dict[Day, bool] = {}
    for row in rows:
        if not row.is_empty:
            named[row.day] = named.get(row.day, False) or bool(row.sub_account)
    return named


def _basic_problems(new: Part, part: Part, shared: AbstractSet[tuple[str, Day]]) -> list[Problem]:
    """Return the problems that would make the figures wrong in every mode."""
    problems = []
    if part.facts.cost_basis != new.facts.cost_basis:
        problems.append(Problem(RefusalReason.OTHER_BASIS, part))
    corrections_alone = all(row.charge_category == ChargeCategory.CORRECTION for row in new.rows)
    usage = [row for row in part.rows if row.cell in shared and row.charge_category != ChargeCategory.CORRECTION]
    if corrections_alone and usage:
        problems.append(Problem(RefusalReason.CORRECTIONS_ALONE, part, amounts=_sums(usage)))
    return problems


def _problems_of_order(new: Part, part: Part) -> list[Problem]:
    problems = []
    if part.facts.export and new.facts.export and part.facts.export != new.facts.export:
        problems.append(Problem(RefusalReason.OTHER_EXPORT, part))
    if part.facts.delivered_at and new.facts.delivered_at and new.facts.delivered_at < part.facts.delivered_at:
        problems.append(Problem(RefusalReason.OLDER, part))
    if new.facts.rows_refused > part.facts.rows_refused:
        problems.append(Problem(RefusalReason.MORE_REFUSED, part))
    return problems


def _other_costs(part: Part, shared: AbstractSet[tuple[str, Day]]) -> Problem:
    rows = [row for row in part.rows if row.cell in shared]
    days = [row.day for row in rows]
    return Problem(RefusalReason.OTHER_COSTS, part, "", min(days), max(days), _sums(rows))


def _is_little(goes: Sequence[CellRow], rows: Sequence[CellRow]) -> bool:
    """Return whether only credits and corrections vanish, or at most one per cent of the part."""
    usage = [row for row in goes if row.charge_category not in _CORRECTING]
    return all(
        _LITTLE * sum(map(measure, usage)) <= sum(map(measure, rows))
        for measure in (lambda row: abs(row.amount), lambda row: row.tokens, lambda row: row.seats)
    )


def _less(new: Part, replaced: Sequence[Part]) -> list[Problem]:
    """Return a problem if more than a tenth of the positive charges goes, on the days that both have.

    A cell that is 0 now was waived: a row that was lost by accident would be missing.
    """
    waived = {row.cell for row in new.rows} - {row.cell for row in new.rows if not row.is_empty}
    days = {row.day for row in new.rows} & {row.day for part in replaced for row in part.rows}
    for part in replaced:
        for currency in sorted({row.currency for row in part.rows}):
            before = sum(
                row.positive
                for each in replaced
                for row in each.rows
                if row.currency == currency and row.day in days and row.cell not in waived
            )
            after = sum(row.positive for row in new.rows if row.currency == currency and row.day in days)
            if _LESS * after < (_LESS - 1) * before:
                return [Problem(RefusalReason.LESS, part, "", min(days), max(days), {currency: before - after})]
    return []


def _sums(rows: Iterable[CellRow]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + row.amount
    return sums


def _runs(rows: Sequence[CellRow]) -> list[tuple[str, Day, Day, dict[str, int]]]:
    """Group ``rows`` by sub account: its id, the first and the last day, the sums by currency."""
    by_account: dict[str, list[CellRow]] = {}
    for row in rows:
        by_account.setdefault(row.sub_account, []).append(row)
    return [
        (account, min(row.day for row in each), max(row.day for row in each), _sums(each))
        for account, each in sorted(by_account.items())
    ]
