"""Importing exports: a delivery replaces the stored costs that it covers, and is never added to them."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import chain
from typing import Any, NamedTuple

from budget_tui.domain.amount import to_decimals
from budget_tui.domain.audit import UNDO_DATA
from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import FAR_AHEAD_DAYS, ChargeCategory, CostOrigin
from budget_tui.domain.delivery import Arrangement, Delivery, LeftOutFile, arrange, folded_account
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.estimates import ESTIMATED_SOURCES, LOG_PREFIXES
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.records import StoredPart
from budget_tui.domain.recurring import RECURRING_SOURCE
from budget_tui.domain.replacement import Mode, Part, PartFacts, Problem, RefusalReason, TakenRows, replacement
from budget_tui.presentation.formatting import count, days_named, money, period_name
from budget_tui.services.clock import zone
from budget_tui.services.context import Context
from budget_tui.services.costs import (
    DEFAULT_TAG,
    MANUAL_SOURCE,
    Resolver,
    origin_keys,
    require_sums_in_range,
)
from budget_tui.services.undo import Lines, reverses, undo_data
from budget_tui.services.work import Work
from budget_tui.sources.base import ReadOptions, SourceFormat, format_of
from budget_tui.sources.manifest import find_deliveries
from budget_tui.sources.reduction import DaySums, ReducedPart, Reduction, reduce_files
from budget_tui.storage.fast_paths import day_number, day_of

_MAX_NAMED = 3
_FIRST, _LAST = 0, 99991231


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A request to import. ``paths`` are files, folders or globs; ``source`` defaults to the name of the format.

    ``format`` is detected by default; ``columns`` names the columns of files where these may have any name.
    With ``part``, costs are stored under that name next to existing ones; ``replace`` replaces every part that they
    overlap. ``once`` is whether the charges of a table come once; None if they do as those of its source so far.
    """

    paths: tuple[str, ...]
    source: str | None = None
    tags: tuple[str, ...] = ()
    cost_column: str = "BilledCost"
    strict: bool = False
    dry_run: bool = False
    part: str = ""
    replace: bool = False
    format: str = ""
    columns: str = ""
    once: bool | None = None


class VanishedCosts(NamedTuple):
    """Costs that a replacement removed and that the new files do not mention; nanos of each currency."""

    sub_account: str
    first_day: date
    last_day: date
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import: rows read, stored, replaced, added, left out, refused. Totals are units per currency.

    ``format`` names the format of the files and its versions. ``read_as`` describes guesses about the files that their
    owner may want to check, and ``far_ahead_total`` is of days that are probably mistyped. ``rows_added`` are daily
    costs that replaced nothing, and ``rows_unchanged`` those that replaced equal ones. ``vanished`` are costs that a
    replacement removed and the new files do not mention. ``seats`` is the maximum on one day; ``seats`` and ``tokens``
    are None if the files contain none. ``estimates_replaced`` are the estimates that it is the bill for, of
    ``estimates_amounts`` nanos by currency, and ``estimates_of`` the same by entity ('': of none); ``displaced_of`` are
    those that count in no project, as their bill is unmapped. ``currency`` is the organization's.
    """

    files: tuple[str, ...]
    left_out: tuple[LeftOutFile, ...]
    rows_read: int
    rows_refused: int
    first_day: date | None
    last_day: date | None
    days_stored: int
    rows_replaced: int
    rows_added: int
    rows_unchanged: int
    billed_total: Mapping[str, Decimal]
    stored_total: Mapping[str, Decimal]
    in_period_total: Mapping[str, Decimal]
    unmapped_total: Mapping[str, Decimal]
    refused: tuple[tuple[str, int, str], ...]
    vanished: tuple[VanishedCosts, ...]
    unchanged: bool
    period: str
    format: str = ""
    tokens_total: int | None = None
    seats: int | None = None
    read_as: tuple[str, ...] = ()
    far_ahead_total: Mapping[str, Decimal] = field(default_factory=dict)
    estimates_replaced: int = 0
    estimates_amounts: Mapping[str, int] = field(default_factory=dict)
    estimates_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    displaced_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    currency: str = ""


class Imports:
    """The import command; the files are read before the transaction begins."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, request: ImportRequest, progress: Callable[[int], None] | None = None) -> ImportReport:
        """Import files; ``progress`` receives the percentage read. A run that fails stores nothing.

        `SourceError` if a file is missing or in no known format; `Refused` if no row can be used or, with ``strict``,
        if any cannot; `Conflict` if it would remove costs it does not cover, or is not known to be newer.
        """
        if request.part and request.replace:
            raise Refused(
                "a part is stored beside what is there and replaces nothing",
                "choose one of the two",
                command="choose --part NAME or --replace",
            )
        named = "" if request.source is None else _checked_source(request.source)
        part = checked_name(request.part) if request.part else ""
        found = find_deliveries(request.paths)
        self._context.database.require_other_files(found.paths)
        form = format_of(found.paths, request.format, request.columns)
        source = named or form.name
        context = self._context if self._context.prepare() else replace(self._context, is_new=True)
        organization, known_tags, were_once = _before_reading(context, source)
        # The modules for storing are imported while DuckDB reads, which leaves the interpreter free.
        threading.Thread(target=_load_storing, daemon=True).start()
        tags = {DEFAULT_TAG, *known_tags, *(tag.casefold() for tag in request.tags)}
        options = ReadOptions(
            organization.time_zone,
            organization.currency,
            tuple(sorted(tags)),
            request.cost_column,
            request.columns,
            request.once if request.once is not None else form.is_known_by_content and were_once,
        )
        with reduce_files(found.paths, form, options, source, progress) as reduction:
            _require_usable(reduction, strict=request.strict)
            arrangement = arrange(found.deliveries(reduction))
            if arrangement.ambiguities:
                raise Conflict(
                    _in_one([each.reason for each in arrangement.ambiguities]), arrangement.ambiguities[0].hint
                )
            with self._context.work() as work:
                storing = _Storing(work, reduction, form, source, part, request, is_once=options.once)
                report = storing.store(arrangement, found.left_out)
                if request.dry_run:
                    work.settle()
                else:
                    work.commit()
                if work.replaced:
                    report = replace(
                        report,
                        estimates_replaced=work.replaced,
                        estimates_amounts=work.replaced_amounts,
                        estimates_of=work.replaced_of,
                        displaced_of=work.displaced_of,
                        currency=organization.currency,
                    )
        return report


def _checked_source(name: str) -> str:
    name = checked_name(name)
    is_reserved = name.casefold() in (MANUAL_SOURCE, RECURRING_SOURCE, *ESTIMATED_SOURCES)
    if is_reserved or name.casefold().startswith(LOG_PREFIXES):
        raise Refused(
            f"'{name}' cannot be the name of a source",
            "choose another name",
            command="choose another name with --source",
        )
    return name


def _before_reading(context: Context, source: str) -> tuple[Organization, set[str], bool]:
    """Return the organization, the tags to keep (those of mapping rules and those kept in earlier imports), and whether
    the source's charges come once.

    Without what earlier imports kept, importing a file again with fewer options would change what is stored of it.
    """
    with context.reading() as session:
        organization = context.organization(session)
        org = organization.org_key
        return organization, session.fast.tags_to_keep(org, source), session.fast.was_imported_once(org, source)


def _format_name(form: SourceFormat, reduction: Reduction) -> str:
    versions = sorted({file.version for file in reduction.files if file.version})
    return " ".join([form.name, ", ".join(versions)]).strip()


def _load_storing() -> None:
    for name in ("costs", "datasets", "cost_rules", "audit"):
        import_module(f"budget_tui.storage.repositories.{name}")
    import_module("budget_tui.services.periods")


def _require_usable(reduction: Reduction, *, strict: bool) -> None:
    if not reduction.rows_read:
        more = f" and {len(reduction.files) - 1:,} more" if len(reduction.files) > 1 else ""
        raise Refused(f"there are no costs in {reduction.files[0].path}{more}", "export the costs anew")
    if not reduction.refused_count or (reduction.refused_count < reduction.rows_read and not strict):
        return
    first = reduction.refused[0]
    what = "none" if reduction.refused_count == reduction.rows_read else f"{reduction.refused_count:,}"
    verb = "can" if what == "none" else "cannot"
    raise Refused(
        f"{what} of {count(reduction.rows_read, 'row')} {verb} be used, the first in {first.file} line {first.line}:"
        f" {first.reason}",
        "correct them, or export them again" if what == "none" else "correct them, or import the usable rows",
        command="" if what == "none" else "correct them, or import without --strict",
    )


class _Storing:
    """An import in its transaction: delivery by delivery, part by part."""

    def __init__(
        self,
        work: Work,
        reduction: Reduction,
        form: SourceFormat,
        source: str,
        part: str,
        request: ImportRequest,
        *,
        is_once: bool,
    ) -> None:
        self._work = work
        self._form = form
        self._reduction = reduction
        self._source = source
        self._part = part
        self._basis = request.cost_column
        self._is_once = is_once
        self._mode = self._mode_of(request)
        known = work.unit.costs.origins(work.organization.org_key)
        resolver = Resolver(work, [*(row.origin for row in known), *reduction.origins])
        self._resolved = {origin: resolver.resolve(origin) for origin in reduction.origins}
        self._keys = origin_keys(work, self._resolved, known, self._resolved.__getitem__)
        self._stored_parts: list[int] = []
        self._vanished: list[VanishedCosts] = []
        self._problems: list[tuple[Part, Problem]] = []
        self._stored = self._replaced = self._added = self._unchanged = 0
        self._unmapped = frozenset(origin for origin, (entity, *_) in self._resolved.items() if entity is None)
        self._sums = _Sums()

    def _mode_of(self, request: ImportRequest) -> Mode:
        if request.replace:
            return Mode.REPLACE
        always = self._work.unit.costs.replaces_always(self._work.organization.org_key, self._source)
        return Mode.ALWAYS if always else Mode.CAREFUL

    def store(self, arrangement: Arrangement, left_out: Sequence[LeftOutFile]) -> ImportReport:
        reduction = self._reduction
        numbers = {file.path: number for number, file in enumerate(reduction.files)}
        counting = [numbers[file.path] for delivery in arrangement.deliveries for file in delivery.files]
        changed = False
        any_rows = False
        for delivery in arrangement.deliveries:
            files = [numbers[file.path] for file in delivery.files]
            parts = reduction.parts(files, self._keys, self._unmapped)
            self._sums.add(reduction.sums_by_day())
            for part in sorted(parts, key=lambda part: (part.account, part.period_start)):
                any_rows = True
                changed |= self._store_part(part, self._facts(part, delivery, files))
        if self._problems:
            raise self._conflict()
        stored_total = self._sums.total()
        if changed:
            require_sums_in_range(self._work, self._sums.days())
            self._record(stored_total)
        days = self._sums.first_and_last_day()
        return ImportReport(
            files=tuple(str(reduction.files[number].path) for number in sorted(counting)),
            left_out=(*left_out, *arrangement.left_out),
            rows_read=reduction.rows_read,
            rows_refused=reduction.refused_count,
            first_day=days[0] if days else None,
            last_day=days[1] if days else None,
            days_stored=self._stored,
            rows_replaced=self._replaced,
            rows_added=self._added,
            rows_unchanged=self._unchanged,
            billed_total=reduction.billed_total(counting),
            stored_total=stored_total,
            in_period_total=self._sums.total(*map(day_number, self._work.open.period.half_open)),
            unmapped_total=self._sums.total_unmapped(),
            refused=tuple((str(row.file), row.line, row.reason) for row in reduction.refused),
            vanished=tuple(self._vanished),
            unchanged=any_rows and not changed,
            period=period_name(self._work.open.period),
            format=_format_name(self._form, reduction),
            tokens_total=self._sums.tokens(),
            seats=self._sums.most_seats(),
            far_ahead_total=self._sums.total(_day_far_ahead(self._work.today)),
            read_as=tuple(dict.fromkeys(file.read_as for file in reduction.files if file.read_as)),
        )

    def _conflict(self) -> Conflict:
        problems = [problem for _, problem in self._problems]
        is_other = any(problem.reason is RefusalReason.OTHER_COSTS for problem in problems)
        same = (each.stored.facts.source for each in problems if each.reason is RefusalReason.SAME_COSTS)
        other_name = next((source for source in same if source != self._source), None)
        again, again_at_terminal = (_AGAIN.format(other_name), _AGAIN_AT_TERMINAL.format(other_name))
        return Conflict(
            _in_one([_sentence(*each) for each in self._problems]),
            _HOW + _APART * is_other + again * bool(other_name),
            command=_HOW_AT_TERMINAL + _APART_AT_TERMINAL * is_other + again_at_terminal * bool(other_name),
        )

    def _facts(self, part: ReducedPart, delivery: Delivery, files: Sequence[int]) -> PartFacts:
        refused = sum(self._reduction.files[number].rows_refused for number in files)
        return PartFacts(
            self._source,
            part.account,
            part.period_start,
            self._part,
            delivery.delivered_at,
            delivery.export,
            self._basis,
            refused,
        )

    def _store_part(self, part: ReducedPart, facts: PartFacts) -> bool:
        """Store one part, replacing stored ones; return False if nothing changed."""
        work, session, org = self._work, self._work.unit, self._work.organization.org_key
        account = folded_account(facts.account)
        on_record = [
            row
            for row in session.datasets.parts(org, facts.period_start)
            if folded_account(row.facts.account) == account
        ]
        stored = [Part(row.facts, session.datasets.cells(row.key), row.key) for row in on_record]
        new = Part(facts, part.rows)

        def is_older() -> bool:
            replaced = session.datasets.replaced_fingerprints(org, facts.source, facts.period_start)
            return part.fingerprint in replaced

        def is_other(old: Part) -> bool:
            return self._form.is_known_by_content and not self._is_repeated(part, old)

        row_counts = {row.key: row.row_count for row in on_record}

        def is_same(old: Part) -> bool:
            return row_counts[old.key] == part.row_count and self._is_same(part, old)

        outcome = replacement(new, stored, self._mode, is_older, is_other, is_same)
        keys = {taken.key for taken in outcome.taken}
        is_known = bool(keys) and self._is_stored(part, [*keys])
        if is_known and (outcome.problems or not self._is_awaited([row for row in on_record if row.key in keys])):
            return False
        problems = [*outcome.problems, *([] if is_known else self._twice(new, stored, is_same))]
        self._problems += [(new, problem) for problem in problems]
        if problems:
            return True
        work.unit.datasets.forget_undone(org, facts.source, facts.period_start)
        key = work.unit.datasets.add(org, facts, part.fingerprint, work.known_from)
        for taken in outcome.taken:
            of_same_import = taken.key in self._stored_parts
            self._replaced += work.unit.datasets.take(taken, key, of_same_import=of_same_import)
            work.unit.datasets.count_rows(taken.key)
        rows = work.unit.datasets.add_rows(key, self._reduction.daily_rows(part.number))
        self._stored += rows
        if outcome.taken:
            self._unchanged += work.unit.datasets.unchanged(key)
        else:
            self._added += rows
        self._vanished += [
            VanishedCosts(each.sub_account, day_of(each.first_day), day_of(each.last_day), each.amounts)
            for each in outcome.vanished
        ]
        self._stored_parts.append(key)
        return True

    def _twice(self, new: Part, stored: Sequence[Part], is_same: Callable[[Part], bool]) -> list[Problem]:
        """Return the problem, if any, that the same costs are stored as a part of another name or source.

        A part with a name is meant to stand beside what other sources have.
        """
        if self._mode is Mode.REPLACE:
            return []
        others = (
            part
            for part in stored
            if (part.facts.name != new.facts.name if part.facts.source == self._source else not new.facts.name)
        )
        same = next((part for part in others if is_same(part)), None)
        return [Problem(RefusalReason.SAME_COSTS, same)] if same else []

    def _is_same(self, part: ReducedPart, old: Part) -> bool:
        """Return whether the rows of ``part`` equal the stored ones, whatever their source is called."""
        as_new = self._as_new(old)
        rows = {tuple(row) for batch in self._reduction.daily_rows(part.number) for row in batch}
        stored = self._work.unit.datasets.rows([old.key], _FIRST, _LAST)
        return all((as_new[origin], *rest) in rows for origin, *rest in stored)

    def _as_new(self, old: Part) -> dict[int | None, int | None]:
        """Return the origins of a stored part as this import calls them: by its source and, of a table, by its kind of
        charge."""
        kinds = (ChargeCategory.USAGE, ChargeCategory.ONE_OFF)
        kind = kinds[self._is_once]

        def renamed(origin: CostOrigin) -> CostOrigin:
            is_other_kind = self._form.is_known_by_content and origin.charge_category in kinds
            charge = kind if is_other_kind else origin.charge_category
            return replace(origin, source=self._source, charge_category=charge)

        return {
            key: self._keys.get(renamed(origin))
            for origin, key in self._keys.items()
            if origin.source == old.facts.source
        }

    def _is_stored(self, part: ReducedPart, keys: Sequence[int]) -> bool:
        """Return whether the rows of ``part`` equal the stored ones of its days, row by row."""
        days = [row.day for row in part.rows]
        first, last = (_FIRST, _LAST) if self._mode is Mode.REPLACE else (min(days), max(days))
        stored = self._work.unit.datasets.rows(keys, first, last)
        new = chain.from_iterable(self._reduction.daily_rows(part.number))
        return _are_same(stored, new)

    def _is_awaited(self, stored: Sequence[StoredPart]) -> bool:
        """Return whether a day of what is stored was imported before it ended and is over by now.

        Then the same costs are news if there are estimates: these are the bill for them only now.
        """
        work = self._work
        if not work.unit.fast.has_estimates(work.organization.org_key):
            return False
        time_zone = zone(work.organization.time_zone)
        today = day_number(work.today)
        imported = {row.key: day_number(row.imported_at.astimezone(time_zone).date()) for row in stored}
        return any(
            day is not None and since <= day < today
            for key, since in imported.items()
            for _, day, *_ in work.unit.datasets.rows([key], _FIRST, _LAST)
        )

    def _is_repeated(self, part: ReducedPart, old: Part) -> bool:
        """Return whether most stored rows of the cells in both parts recur, among others or not."""
        cells: set[tuple[str, int | None]] = {row.cell for row in part.rows}
        sub_accounts: Mapping[int | None, str] = {
            key: folded_account(origin.sub_account_id) for origin, key in self._keys.items()
        }
        as_new = self._as_new(old)
        shared = [
            (as_new[row[0]], *row[1:])
            for row in self._work.unit.datasets.rows([old.key], _FIRST, _LAST)
            if row[0] in sub_accounts and (sub_accounts[row[0]], row[2]) in cells
        ]
        return 2 * self._reduction.count_repeated(shared) >= len(shared)

    def _record(self, stored_total: Mapping[str, Decimal]) -> None:
        self._work.record(
            "cost.import",
            self._source,
            None,
            {
                "files": [file.path.name for file in self._reduction.files],
                "rows_read": self._reduction.rows_read,
                "rows_refused": self._reduction.refused_count,
                "days_stored": self._stored,
                "rows_replaced": self._replaced,
                "stored_total": {code: f"{amount:f}" for code, amount in stored_total.items()},
                UNDO_DATA: {"parts": self._stored_parts},
            },
        )


def _day_far_ahead(today: date) -> int:
    """Return the number of the first day that is far ahead."""
    return day_number(today + timedelta(days=FAR_AHEAD_DAYS + 1))


class _Sums:
    """Sums of imported costs, by currency and day."""

    def __init__(self) -> None:
        self._days: list[DaySums] = []

    def add(self, days: Iterable[DaySums]) -> None:
        self._days += days

    def days(self) -> set[tuple[str, date]]:
        return {(each.currency, day_of(each.day)) for each in self._days}

    def first_and_last_day(self) -> tuple[date, date] | None:
        days = [each.day for each in self._days]
        return (day_of(min(days)), day_of(max(days))) if days else None

    def total(self, start: int = _FIRST, end: int = _LAST) -> dict[str, Decimal]:
        """Return the sums of the days from ``start`` to before ``end``, in units per currency."""
        return _units((each.currency, each.nanos) for each in self._days if start <= each.day < end)

    def total_unmapped(self) -> dict[str, Decimal]:
        sums = _units((each.currency, each.unmapped) for each in self._days)
        return {currency: amount for currency, amount in sums.items() if amount}

    def tokens(self) -> int | None:
        known = [each.tokens for each in self._days if each.tokens is not None]
        return sum(known) if known else None

    def most_seats(self) -> int | None:
        """Return the maximum number of seats on one day."""
        seats: dict[int, int] = defaultdict(int)
        for each in self._days:
            if each.seats is not None:
                seats[each.day] += each.seats
        return max(seats.values(), default=None)


def _units(amounts: Iterable[tuple[str, int]]) -> dict[str, Decimal]:
    sums: dict[str, int] = defaultdict(int)
    for currency, nanos in amounts:
        sums[currency] += nanos
    return to_decimals(sums)


def _are_same(stored: Iterator[Sequence[Any]], new: Iterator[Sequence[Any]]) -> bool:
    end = object()
    while True:
        one, other = next(stored, end), next(new, end)
        if one is end or other is end:
            return one is other
        if tuple(one) != tuple(other):  # type: ignore[arg-type]
            return False


def _in_one(reasons: Sequence[str]) -> str:
    """Join the first reasons in one line, without duplicates."""
    different = list(dict.fromkeys(reasons))
    more = len(different) - _MAX_NAMED
    return "; ".join(different[:_MAX_NAMED]) + (f"; and {more:,} more" if more > 0 else "")


_HOW = "replace what is stored with it, or store it beside as a part with a name of its own"
_HOW_AT_TERMINAL = "--replace takes it in place of what is stored, --part NAME stores it beside"
_APART = "; as a source with a name of its own it is kept apart"
_APART_AT_TERMINAL = "; --source NAME keeps it apart"
_AGAIN = "; as the source {} it is imported again"
_AGAIN_AT_TERMINAL = "; --source {} imports it again"


def _sentence(new: Part, problem: Problem) -> str:
    """Describe why a part cannot replace a stored one."""
    account = new.facts.account or "the account"
    days = days_named(day_of(problem.first_day), day_of(problem.last_day)) if problem.first_day else ""
    amounts = " + ".join(money(nanos, currency) for currency, nanos in problem.amounts.items())
    stored = problem.stored.facts
    match problem.reason:
        case RefusalReason.OTHER_BASIS:
            return f"{account} is stored by {stored.cost_basis}, and this is {new.facts.cost_basis}"
        case RefusalReason.OTHER_EXPORT:
            return f"{account} is stored from the export {stored.export}, and this is {new.facts.export}"
        case RefusalReason.SAME_COSTS:
            source = f" as the source {stored.source}" if stored.source != new.facts.source else ""
            name = f" as the part {stored.name}" if stored.name else ""
            return f"the same costs{_of(stored.account)} are stored already{source}{name}: they would count twice"
        case RefusalReason.OTHER_COSTS:
            return f"{stored.source} has other costs{_of(stored.account)}, {days}, {amounts}: this repeats few of them"
        case RefusalReason.OTHER_SOURCE:
            return f"the source {stored.source} has the same days of {account}: they would count twice"
        case RefusalReason.OLDER:
            return f"this is older than what is stored of {account}"
        case RefusalReason.CORRECTIONS_ALONE:
            return f"these are corrections alone, and would take the place of {amounts} of {account}"
        case RefusalReason.SUB_ACCOUNTS:
            return f"only one of what is stored of {account} and this names sub accounts"
        case RefusalReason.VANISHES:
            return f"{problem.sub_account or account}, {days}, {amounts} would vanish: this import does not contain it"
        case RefusalReason.LESS:
            return f"of what {account} cost, {days}, this takes {amounts} away, more than a tenth"
        case RefusalReason.MORE_REFUSED:
            refused = f"{count(new.facts.rows_refused, 'row')} of this cannot be used"
            return f"{refused}, and of what is stored of {account} {stored.rows_refused:,}"


def _of(account: str) -> str:
    return f" of {account}" if account else ""


@reverses("cost.import")
def _undo_import(work: Work, lines: Lines) -> None:
    """Undo an import by removing its parts and restoring the costs they had replaced; or redo it."""
    for line in lines:
        facts = undo_data(line.after or line.before)
        if "parts" not in facts:
            raise Refused("an older version made this import and stored too little to undo", "import the files again")
        if line.after is not None:
            _take_out(work, line.subject, facts["parts"])
            work.record("cost.import", line.subject, line.after, None)
        else:
            _put_in(work, line.subject, facts["parts"])
            work.record("cost.import", line.subject, None, line.before)


def _take_out(work: Work, source: str, parts: Sequence[int]) -> None:
    """Undo parts, the last one first, and restore the rows they had taken from others."""
    for key in reversed(parts):
        if work.unit.datasets.is_replaced(key):
            raise Conflict(f"{source} has been imported again since", "undo that import first")
        work.unit.datasets.take(TakenRows(key, _FIRST, _LAST), key)
        given_back = work.unit.datasets.give_back(key)
        if given_back is None:
            raise Refused(f"what {source} said before is no longer stored", "import those files again")
        for each in (key, *given_back):
            work.unit.datasets.count_rows(each)


def _put_in(work: Work, source: str, parts: Sequence[int]) -> None:
    """Redo parts, the first one first."""
    for key in parts:
        taken = work.unit.datasets.take_again(key)
        if taken is None:
            raise Conflict(f"{source} has been imported again since", "import again what should count")
        if not work.unit.datasets.store_again(key):
            raise Refused(f"what {source} said is no longer stored", "import those files again")
        for each in (key, *taken):
            work.unit.datasets.count_rows(each)
