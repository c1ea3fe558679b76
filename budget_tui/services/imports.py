"""Importing exports: what a source said of a billing period is replaced by what it says now."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import import_module
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
from budget_tui.storage.reading import DatabaseReader
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
            raise Refused(f"'{source}' cannot be the name of a source", "choose another name with --source")
        self._context.prepare()
        time_zone, known_tags = self._before_reading(source)
        # What storing needs is loaded while DuckDB reads, which leaves the interpreter to others.
        threading.Thread(target=_load_storing, daemon=True).start()
        rollup = reduce_files(
            _found(request.paths),
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
                "mend them, or import without --strict",
            )
        with self._context.work() as work:
            report = _store(work, source, rollup)
            if not request.dry_run:
                work.commit()
        return report

    def _before_reading(self, source: str) -> tuple[str, set[str]]:
        """The organization's time zone, and the tags to keep: those that rules look at, or that were kept before.

        Without the latter, importing the same file again with fewer options would take its costs from their projects.
        """
        reader = DatabaseReader(self._context.path)
        try:
            with reader.session() as queries:
                organization = self._context.organization(queries)
                kept = [row.origin for row in queries.origins(organization.org_key) if row.origin.source == source]
                wanted = rule_tags(queries.entity_rules(organization.org_key))
                return organization.time_zone, wanted | set(project_tags(kept))
        finally:
            reader.close()


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
    origins = {cost.origin for cost in rollup.daily}
    resolver = Resolver(work, [*(row.origin for row in known), *origins])
    resolved = {origin: resolver.resolve(origin) for origin in origins}
    keys = origin_keys(work, origins, known, resolved.__getitem__)
    data_sets = _data_sets(rollup.daily)
    outcomes = [_replace(work, source, account, start, costs, keys) for (account, start), costs in data_sets.items()]
    replacements = [outcome for outcome in outcomes if outcome is not None]
    stored, replaced = (sum(each.stored for each in replacements), sum(each.removed for each in replacements))
    if stored:
        require_sums_in_range(work, rollup.daily)
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
                "stored_total": {code: f"{amount:f}" for code, amount in _totals(rollup.daily).items()},
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
        stored_total=_totals(rollup.daily),
        unmapped_total=_totals([cost for cost in rollup.daily if resolved[cost.origin][0] is None]),
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


def _data_sets(daily: Sequence[DailyCost]) -> dict[tuple[str, date], list[DailyCost]]:
    found: dict[tuple[str, date], list[DailyCost]] = {}
    for cost in daily:
        found.setdefault((cost.billing_account_id, cost.billing_period_start), []).append(cost)
    return found


def _replace(
    work: Work, source: str, account: str, start: date, costs: list[DailyCost], keys: Mapping[CostOrigin, int]
) -> _Replacement | None:
    """Store one data set in place of its predecessor; None if that is the same."""
    # In this order for the fingerprint; storing goes faster in it too, as the index of origins does.
    sums = sorted((keys[cost.origin], cost.day.toordinal(), cost.amount_nanos, cost.rows) for cost in costs)
    counts = {
        (keys[cost.origin], cost.day.toordinal()): (cost.tokens, cost.seats)
        for cost in costs
        if cost.tokens is not None or cost.seats is not None
    }
    fingerprint = _fingerprint(sums, counts)
    if work.queries.fingerprint(work.organization.org_key, source, account, start) == fingerprint:
        return None
    key, former, removed = work.unit.costs.replace_dataset(
        work.organization.org_key, source, account, start, fingerprint, work.now
    )
    stored = work.unit.costs.add_dataset_costs(key, sums, counts)
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


def _totals(costs: Sequence[DailyCost]) -> dict[str, Decimal]:
    sums: dict[str, int] = {}
    for cost in costs:
        sums[cost.origin.currency] = sums.get(cost.origin.currency, 0) + cost.amount_nanos
    return {currency: to_decimal(nanos) for currency, nanos in sorted(sums.items())}
