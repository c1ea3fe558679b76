"""Importing exports: what a source said of a billing period is replaced by what it says now."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.cost import CostOrigin, DailyCost
from budget_tui.domain.errors import Conflict, Refused, SourceError
from budget_tui.domain.hierarchy import checked_name
from budget_tui.formatting import count
from budget_tui.services.context import Context, Work
from budget_tui.services.costs import (
    DEFAULT_TAG,
    MANUAL_SOURCE,
    Resolver,
    origin_keys,
    project_tags,
    require_sums_in_range,
    rule_tags,
)
from budget_tui.services.reversing import Lines, kept, reverses
from budget_tui.services.trail import KEPT
from budget_tui.storage.location import require_other_files
from budget_tui.storage.trail_queries import AuditEntry

if TYPE_CHECKING:
    from budget_tui.sources.focus.report import Rollup

FOCUS_SOURCE = "focus"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """``paths`` are files, folders or globs, together one data set of ``source``."""

    paths: tuple[str, ...]
    source: str = FOCUS_SOURCE
    tags: tuple[str, ...] = ()
    cost_column: str = "BilledCost"
    strict: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was read, stored, replaced and refused. Totals are units of each currency.

    ``seats`` are those of the day that has the most; None, as of tokens, where the files say nothing.
    """

    files: tuple[str, ...]
    rows_read: int
    rows_refused: int
    days_stored: int
    rows_replaced: int
    billed_total: Mapping[str, Decimal]
    stored_total: Mapping[str, Decimal]
    unmapped_total: Mapping[str, Decimal]
    refused: tuple[tuple[str, int, str], ...]
    unchanged: bool
    tokens_total: int | None = None
    seats: int | None = None


class _Replacement(NamedTuple):
    """What an import did to a data set; ``before`` and ``after`` are its fingerprints, '' for none."""

    dataset_key: int
    before: str
    after: str
    stored: int
    removed: int


class Imports:
    """The command that imports; the files are read before the transaction begins."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, request: ImportRequest, progress: Callable[[int], None] | None = None) -> ImportReport:
        """Import ``request``; ``progress`` hears percents of the reading. Nothing is kept of a run that fails.

        `SourceError` when a file is not there or not FOCUS; `Refused` with ``strict`` when any row cannot be used.
        """
        from budget_tui.sources.focus.reduce import reduce_files

        source = checked_name(request.source)
        if source.casefold() == MANUAL_SOURCE:
            raise Refused(
                f"'{source}' cannot be the name of a source",
                "choose another name",
                command="choose another name with --source",
            )
        files = _found(request.paths)
        require_other_files(self._context.path, files)
        context = self._context if self._context.prepare() else replace(self._context, is_new=True)
        time_zone, known_tags = _before_reading(context, source)
        # What storing needs is loaded while DuckDB reads, which leaves the interpreter to others.
        threading.Thread(target=_load_storing, daemon=True).start()
        rollup = reduce_files(
            files,
            source=source,
            time_zone=time_zone,
            tag_keys=sorted({DEFAULT_TAG, *known_tags, *(tag.casefold() for tag in request.tags)}),
            cost_column=request.cost_column,
            progress=progress,
        )
        if request.strict and rollup.refused_count:
            first = rollup.refused[0]
            raise Refused(
                f"{rollup.refused_count} of {rollup.rows_read} rows cannot be used, the first in {first.file}"
                f" line {first.line}: {first.reason}",
                "mend them, or import what can be used",
                command="mend them, or import without --strict",
            )
        with self._context.work() as work:
            report = _store(work, source, rollup)
            if not request.dry_run:
                work.commit()
        return report


def _before_reading(context: Context, source: str) -> tuple[str, set[str]]:
    """The organization's time zone, and the tags to keep: those that rules look at, or that were kept before.

    Without the latter, importing the same file again with fewer options would take its costs from their projects.
    """
    with context.reading() as queries:
        organization = context.organization(queries)
        kept = [row.origin for row in queries.origins(organization.org_key) if row.origin.source == source]
        wanted = rule_tags(queries.entity_rules(organization.org_key))
        return organization.time_zone, wanted | set(project_tags(kept))


def _load_storing() -> None:
    for name in ("budget_tui.storage.unit_of_work", "budget_tui.services.periods", "hashlib"):
        import_module(name)


def _found(patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files that ``patterns`` mean; `SourceError` for one that cannot even be looked for."""
    from budget_tui.sources.focus.files import find_files

    for pattern in patterns:
        if not pattern.strip():
            raise SourceError("no file was named", "name a file, a folder or a pattern such as exports/*.csv")
    try:
        return find_files(patterns)
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{', '.join(patterns)[:200]} cannot be read", str(error)[-200:]) from None


def _store(work: Work, source: str, rollup: "Rollup") -> ImportReport:
    known = work.queries.origins(work.organization.org_key)
    by_origin = {origin: list(costs) for origin, costs in groupby(rollup.daily, attrgetter("origin"))}
    resolver = Resolver(work, [*(row.origin for row in known), *by_origin])
    resolved = {origin: resolver.resolve(origin) for origin in by_origin}
    keys = origin_keys(work, by_origin, known, resolved.__getitem__)
    sums = {origin: sum(cost.amount_nanos for cost in costs) for origin, costs in by_origin.items()}
    stored_total = _totals(sums)
    data_sets = _data_sets(by_origin, keys)
    outcomes = [_replace(work, source, account, start, costs) for (account, start), costs in data_sets.items()]
    replacements = [outcome for outcome in outcomes if outcome is not None]
    stored, replaced = (sum(each.stored for each in replacements), sum(each.removed for each in replacements))
    if stored:
        require_sums_in_range(work, {(cost.origin.currency, cost.day) for cost in rollup.daily})
        work.record(
            "cost.import",
            source,
            None,
            {
                "files": [file.path.name for file in rollup.files],
                "rows_read": rollup.rows_read,
                "rows_refused": rollup.refused_count,
                "days_stored": stored,
                "rows_replaced": replaced,
                "stored_total": {code: f"{amount:f}" for code, amount in stored_total.items()},
                KEPT: {"data_sets": [(each.dataset_key, each.before, each.after) for each in replacements]},
            },
        )
    return ImportReport(
        files=tuple(str(file.path) for file in rollup.files),
        rows_read=rollup.rows_read,
        rows_refused=rollup.refused_count,
        days_stored=stored,
        rows_replaced=replaced,
        billed_total=rollup.billed_total,
        stored_total=stored_total,
        unmapped_total=_totals({origin: nanos for origin, nanos in sums.items() if resolved[origin][0] is None}),
        refused=tuple((str(row.file), row.line, row.reason) for row in rollup.refused),
        unchanged=bool(outcomes) and not replacements,
        tokens_total=_tokens(rollup.daily),
        seats=_most_seats(rollup.daily),
    )


@reverses("cost.import", told=lambda lines, _: ", ".join(map(_imported, lines)))
def _unimport(work: Work, lines: Lines) -> None:
    """Give each data set back what it held; or what was imported, if that was taken back."""
    for line in lines:
        was_imported = line.after is not None
        data_sets = kept(line.after or line.before)["data_sets"]
        for key, before, after in data_sets:
            now, then = (after, before) if was_imported else (before, after)
            if work.unit.former.fingerprint(key) != now:
                raise Conflict(f"{line.subject} was imported again since", "import once more what is to count")
            if not work.unit.former.restore_dataset(key, then, work.now):
                raise Refused(f"what {line.subject} said before is not kept any more", "import those files again")
        work.record("cost.import", line.subject, line.after, line.before)


def _imported(line: AuditEntry) -> str:
    facts = line.after or {}
    return f"import of {line.subject}, {count(len(facts['files']), 'file')} with {count(facts['rows_read'], 'row')}"


class _DataSet(NamedTuple):
    """Rows to store: key of the origin, ordinal of the day, nanos, charges; and by the first two, tokens and seats."""

    sums: list[tuple[int, int, int, int]]
    counts: dict[tuple[int, int], tuple[int | None, int | None]]


def _data_sets(
    by_origin: Mapping[CostOrigin, Sequence[DailyCost]], keys: Mapping[CostOrigin, int]
) -> dict[tuple[str, date], _DataSet]:
    """What is to store, by billing account and start of the billing period."""
    found: defaultdict[tuple[str, date], _DataSet] = defaultdict(lambda: _DataSet([], {}))
    for origin, costs in by_origin.items():
        key = keys[origin]
        for _, account, start, day, amount_nanos, rows, tokens, seats in costs:
            data_set, ordinal = found[account, start], day.toordinal()
            data_set.sums.append((key, ordinal, amount_nanos, rows))
            if tokens is not None or seats is not None:
                data_set.counts[key, ordinal] = (tokens, seats)
    return found


def _replace(work: Work, source: str, account: str, start: date, costs: _DataSet) -> _Replacement | None:
    """Store one data set in place of its predecessor; None if that is the same."""
    # In this order for the fingerprint; storing goes faster in it too, as the index of origins does.
    costs.sums.sort()
    fingerprint = _fingerprint(*costs)
    if work.queries.fingerprint(work.organization.org_key, source, account, start) == fingerprint:
        return None
    key, former, removed = work.unit.costs.replace_dataset(
        work.organization.org_key, source, account, start, fingerprint, work.now
    )
    stored = work.unit.costs.add_dataset_costs(key, *costs)
    return _Replacement(key, former, fingerprint, stored, removed)


def _fingerprint(
    sums: Sequence[tuple[int, int, int, int]], counts: Mapping[tuple[int, int], tuple[int | None, int | None]]
) -> str:
    """The same for the same costs, in whatever order and from whatever files they came."""
    import hashlib

    told = repr(sums) + (repr(sorted(counts.items())) if counts else "")
    return hashlib.sha256(told.encode()).hexdigest()


def _tokens(costs: Sequence[DailyCost]) -> int | None:
    known = [cost.tokens for cost in costs if cost.tokens is not None]
    return sum(known) if known else None


def _most_seats(costs: Sequence[DailyCost]) -> int | None:
    """The most seats on one day."""
    days: dict[date, int] = {}
    for cost in costs:
        if cost.seats is not None:
            days[cost.day] = days.get(cost.day, 0) + cost.seats
    return max(days.values()) if days else None


def _totals(sums: Mapping[CostOrigin, int]) -> dict[str, Decimal]:
    """The sum per currency, in units of it."""
    totals: defaultdict[str, int] = defaultdict(int)
    for origin, nanos in sums.items():
        totals[origin.currency] += nanos
    return {currency: to_decimal(nanos) for currency, nanos in sorted(totals.items())}
