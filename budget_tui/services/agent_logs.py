"""The logs of agents' programs on this machine, read into costs: each message once, at the price of its own day.

What is read is remembered by its id: reading again, a copy, a resumed or forked session and a second machine with the
same files add nothing, and logs that were deleted remove nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from budget_tui.config.paths import host_name
from budget_tui.domain.agent_logs import CostChange, Message, MessageTokens, PricedMessage, add_to, priced_name
from budget_tui.domain.audit import UNDO_DATA, written
from budget_tui.domain.cost import DIRECTORY, Category, CostOrigin
from budget_tui.domain.errors import Conflict, NotFound
from budget_tui.domain.records import KnownOrigin
from budget_tui.services.clock import zone
from budget_tui.services.context import Context
from budget_tui.services.costs import DEFAULT_TAG, Resolver, origin_keys, require_sums_in_range
from budget_tui.services.token_prices import MessagePrices
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work
from budget_tui.sources.agent_logs.base import PROGRAMS, LogFile, LogLines, log_files, place_of, reader_named
from budget_tui.storage.fast_paths import day_number, day_of
from budget_tui.storage.ids import new_id

Progress = Callable[[int], None]
"""Called with a percentage."""


@dataclass(frozen=True, slots=True)
class FoundLogs:
    """The logs of a program on this machine."""

    program: str
    title: str
    files: tuple[LogFile, ...]

    @property
    def source(self) -> str:
        """The source of their costs, which names this machine."""
        return f"{self.program}@{host_name()}"


class LogSum(NamedTuple):
    """Messages and tokens, and what they come to, in nanos of each currency."""

    messages: int
    tokens: int
    amounts: Mapping[str, int]

    def plus(self, currency: str, change: CostChange) -> "LogSum":
        """Return the sum with a change in ``currency`` added."""
        amounts = {**self.amounts, currency: self.amounts.get(currency, 0) + change.amount} if currency else {}
        return LogSum(self.messages + change.messages, self.tokens + change.tokens, amounts)


@dataclass(slots=True)
class SyncReport:
    """The result of reading logs.

    It names the sources, the files that were read, the lines of them that could not be understood, by file, and the
    files that could not be opened. ``total`` is what is new, and ``projects``, by id, and ``unmapped``, by directory,
    are its parts; ``days`` are the days that changed. Of ``paid`` sources, for which a plan pays, it is what would have
    been its cost. ``plans_set`` says of sources for which that was changed whether a plan pays now, and
    ``counts_again`` what counts of those that none pays for any more, in nanos by currency. ``unpriced`` are messages
    of models without a price, by model: their tokens count. ``replaced`` estimates do not count, because the bill for
    them is there.
    """

    sources: list[str] = field(default_factory=list)
    files: int = 0
    files_read: int = 0
    unreadable_lines: dict[str, int] = field(default_factory=dict)
    unreadable_files: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    total: LogSum = LogSum(0, 0, {})
    projects: dict[str, LogSum] = field(default_factory=dict)
    unmapped: dict[str, LogSum] = field(default_factory=dict)
    unpriced: dict[str, LogSum] = field(default_factory=dict)
    replaced: int = 0
    paid: list[str] = field(default_factory=list)
    plans_set: Mapping[str, bool] = field(default_factory=dict)
    counts_again: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class AgentLogs:
    """Queries on the logs of this machine, and the command that reads them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def found(self, names: Sequence[str] = ()) -> list[FoundLogs]:
        """Return the logs of all programs, or of some, that have any on this machine. It opens no file."""
        found = []
        for name in _programs(names):
            reader = reader_named(name)
            if files := tuple(log_files(reader)):
                found.append(FoundLogs(name, reader.title, files))
        return found

    def required(self, names: Sequence[str] = ()) -> list[FoundLogs]:
        """Return the logs of all programs that have any, or of some; `NotFound` if one of those, or all, have none."""
        found = self.found(names)
        programs = {each.program for each in found}
        missing = [reader_named(name) for name in _programs(names) if name not in programs]
        if missing and (names or not found):
            titles = " or ".join(reader.title for reader in missing)
            folders = ", ".join(str(folder) for reader in missing for folder in reader.folders())
            raise NotFound(f"this machine has no logs of {titles}", f"they would be in {folders}")
        return found

    def flat_fees(self) -> set[str]:
        """Return the sources that a plan with a flat fee pays for."""
        if not self._context.prepare():
            return set()
        with self._context.reading() as session:
            return session.costs.flat_fees(self._context.organization(session).org_key)

    def sync(
        self,
        names: Sequence[str] = (),
        progress: Progress | None = None,
        *,
        flat_fees: Mapping[str, bool] | None = None,
        dry_run: bool = False,
    ) -> SyncReport:
        """Read what is new in the logs of all programs, or of some, into costs: one transaction and one change.

        ``flat_fees`` says of sources whether a plan pays for them, from now on and for all of their days; others stay
        as they are. `NotFound` if there are no logs.
        """
        logs = self.required(names)
        report = SyncReport([each.source for each in logs], sum(len(each.files) for each in logs))
        changed = self._changed(logs)
        known, wanted = self.flat_fees(), flat_fees or {}
        report.paid = [source for source in report.sources if wanted.get(source, source in known)]
        to_set = {source: flat for source, flat in wanted.items() if flat != (source in known)}
        if not any(changed.values()) and not to_set:
            return report
        read = _read(changed, report, progress)
        with self._context.work() as work:
            report.plans_set = to_set
            report.counts_again = _set_flat_fees(work, to_set)
            _Storing(work, report).store(read)
            if dry_run:
                work.settle()
            else:
                work.commit()
            report.replaced = work.replaced
        return report

    def _changed(self, logs: Iterable[FoundLogs]) -> dict[str, list[LogFile]]:
        """Return the files that are not as they were when they were read last, by source."""
        if not self._context.prepare():
            return {each.source: [*each.files] for each in logs}
        changed = {}
        with self._context.reading() as session:
            org = self._context.organization(session).org_key
            for each in logs:
                known = session.agent_logs.files(org, each.source)
                changed[each.source] = [
                    file for file in each.files if known.get(file.name) != (file.size, file.changed_ns)
                ]
        return changed


def _programs(names: Iterable[str]) -> Iterable[str]:
    """Return the programs that ``names`` name, each once, by default all."""
    return dict.fromkeys(name.casefold() for name in names) or PROGRAMS


class _Read(NamedTuple):
    """A source as read: the files, as they were, and their messages by id."""

    source: str
    files: Sequence[LogFile]
    messages: Mapping[str, Message]


def _read(changed: Mapping[str, Sequence[LogFile]], report: SyncReport, progress: Progress | None) -> list[_Read]:
    size = sum(file.size for files in changed.values() for file in files) or 1
    done = 0
    found = []
    for source, files in changed.items():
        reader = reader_named(source.partition("@")[0])
        messages: dict[str, Message] = {}
        opened = []
        for file in files:
            lines = LogLines()
            try:
                add_to(messages, reader.read(file.path, lines))
            except OSError:
                report.unreadable_files.append(file.name)
                continue
            opened.append(file)
            if lines.unreadable:
                report.unreadable_lines[file.name] = lines.unreadable
            done += file.size
            if progress:
                progress(done * 100 // size)
        report.files_read += len(opened)
        found.append(_Read(source, opened, messages))
    return found


class _Kind(NamedTuple):
    """The properties that messages of one origin share."""

    model: str
    provider: str
    directory: str
    currency: str


class _Storing:
    """The storing of what was read, in one transaction."""

    def __init__(self, work: Work, report: SyncReport) -> None:
        self._work, self._report = work, report
        self._org = work.organization.org_key
        self._logs = work.unit.agent_logs
        self._prices = MessagePrices(work.unit, work.organization)
        self._zone = zone(work.organization.time_zone)
        self._origins = {each.origin: each.origin_key for each in work.unit.costs.origins(self._org)}
        self._sync_id = new_id()

    def store(self, read: Iterable[_Read]) -> None:
        days: set[tuple[int, int]] = set()
        grown: dict[str, list[Any]] = {}
        for source, files, messages in read:
            self._logs.set_files(self._org, source, map(_seen, files))
            stored = self._stored(source, messages)
            if stored is not None:
                grown[source] = stored.grown
                days |= stored.days
        if not grown:
            return
        changes = _settled(self._work, days)
        origins = {each.origin_key: each for each in self._work.unit.costs.origins(self._org)}
        by_origin: dict[int, list[CostChange]] = defaultdict(list)
        for (key, _), change in changes.items():
            by_origin[key].append(change)
        self._report.days = sorted({day_of(day) for (_, day), change in changes.items() if any(change)})
        self._describe([(origins[key], found) for key, found in by_origin.items()])
        for source, before_and_after in grown.items():
            of_source = [
                (origins[key].origin.currency, change)
                for key, found in by_origin.items()
                if origins[key].origin.source == source
                for change in found
            ]
            facts = {**_facts(_sum(of_source)), UNDO_DATA: {"sync": self._sync_id, "grown": before_and_after}}
            self._work.record("log.sync", source, None, facts)
        require_sums_in_range(self._work, ((origins[key].origin.currency, day_of(day)) for key, day in changes))

    def _stored(self, source: str, messages: Mapping[str, Message]) -> "_Stored | None":
        """Store the messages of a source that are news; None if none are."""
        program = source.partition("@")[0]
        known = self._logs.known(self._org, program, messages.keys())
        news = {message_id: each for message_id, each in messages.items() if _is_new_or_larger(each, known)}
        late = self._priced_late(program, news)
        priced = self._priced(source, news.values())
        if not priced and not late:
            return None
        before = [known[each.message_id] for each in priced if each.message_id in known]
        undone = {each.message_id for each in before if each.is_undone}
        fresh = [each for each in priced if each.message_id not in known]
        again = [each for each in priced if each.message_id in undone]
        grown = [each for each in priced if each.message_id in known and each.message_id not in undone]
        self._logs.add(self._org, program, fresh, self._sync_id)
        self._logs.put(self._org, program, again, sync_id=self._sync_id)
        self._logs.put(self._org, program, grown)
        copied = self._logs.days_of_copies(self._org, program, [*fresh, *again])
        days = {(each.origin_key, each.day) for each in (*priced, *before, *chain(*late))}
        return _Stored(days | copied, [*late, *([known[each.message_id], each] for each in grown)])

    def _priced_late(self, program: str, news: Container[str]) -> list[list[PricedMessage]]:
        """Price messages that had no price when they were read, if there is one by now; return them before and after.

        A later version of this program may know it. Those that are ``news`` are priced anyway.
        """
        of_key = {key: origin for origin, key in self._origins.items()}
        found = [
            (before, replace(of_key[before.origin_key], currency=rates.currency), rates.cost_picos(before.tokens))
            for before in self._logs.unpriced(self._org, program)
            if before.message_id not in news
            and (rates := self._prices.rates(of_key[before.origin_key].service, before.tier, day_of(before.day)))
        ]
        self._add_origins(origin for _, origin, _ in found)
        pairs = [
            [before, before._replace(origin_key=self._origins[origin], amount_picos=picos)]
            for before, origin, picos in found
        ]
        self._logs.put(self._org, program, [after for _, after in pairs])
        return pairs

    def _add_origins(self, origins: Iterable[CostOrigin]) -> None:
        """Store those of ``origins`` that are not known."""
        fresh = [origin for origin in dict.fromkeys(origins) if origin not in self._origins]
        if fresh:
            self._origins |= origin_keys(self._work, fresh, (), Resolver(self._work, fresh).resolve)

    def _priced(self, source: str, messages: Collection[Message]) -> list[PricedMessage]:
        """Return messages with their price, and the origin of their cost."""
        rated = []
        for each in messages:
            day = each.at.astimezone(self._zone).date()
            rates = self._prices.rates(each.model, each.tier, day)
            picos = rates.cost_picos(each.tokens) if rates else None
            currency = rates.currency if rates else self._work.organization.currency
            rated.append((each, _Kind(each.model, each.provider, each.directory, currency), day_number(day), picos))
            if picos is None:
                name = priced_name(each.model, each.tier) or "unknown model"
                before = self._report.unpriced.get(name, LogSum(0, 0, {}))
                self._report.unpriced[name] = before.plus("", CostChange(0, sum(each.tokens), 1))
        origins = {kind: _origin(source, kind) for kind in dict.fromkeys(kind for _, kind, _, _ in rated)}
        self._add_origins(origins.values())
        key_of = {kind: self._origins[origin] for kind, origin in origins.items()}
        return [
            PricedMessage(each.message_id, each.copy_of, key_of[kind], day, each.tier, each.tokens, picos)
            for each, kind, day, picos in rated
        ]

    def _describe(self, found: Iterable[tuple[KnownOrigin, Sequence[CostChange]]]) -> None:
        """Report what changed, by project and by directory without one."""
        entities = {each.entity_key: each.entity_id for each in self._work.unit.fast.entities(self._org)}
        report = self._report
        for origin, changes in found:
            currency = origin.origin.currency
            if origin.entity_key is not None:
                sums, name = report.projects, entities[origin.entity_key]
            else:
                sums, name = report.unmapped, dict(origin.origin.tags).get(DIRECTORY, "")
            for change in changes:
                report.total = report.total.plus(currency, change)
                sums[name] = sums.get(name, LogSum(0, 0, {})).plus(currency, change)


class _Stored(NamedTuple):
    """The origins and days whose sums may have changed; and messages that have grown, as they were and as they are."""

    days: set[tuple[int, int]]
    grown: list[Any]


def _seen(file: LogFile) -> tuple[str, int, int]:
    return file.name, file.size, file.changed_ns


def _is_new_or_larger(message: Message, known: Mapping[str, PricedMessage]) -> bool:
    """Return whether a message is not known, or was reported with less usage."""
    before = known.get(message.message_id)
    return before is None or before.is_undone or sum(message.tokens) > sum(before.tokens)


def _origin(source: str, kind: _Kind) -> CostOrigin:
    place = place_of(kind.directory) if kind.directory else None
    tags = ((DIRECTORY, place.directory), (DEFAULT_TAG, place.name)) if place else ()
    return CostOrigin(
        source=source,
        live=True,
        currency=kind.currency,
        provider_name=kind.provider,
        service=kind.model,
        category_hint=Category.GENAI,
        tags=tags,
    )


def _sum(changes: Iterable[tuple[str, CostChange]]) -> LogSum:
    found = LogSum(0, 0, {})
    for currency, change in changes:
        found = found.plus(currency, change)
    return found


def _facts(total: LogSum) -> dict[str, Any]:
    amounts = {currency: written(nanos) for currency, nanos in total.amounts.items() if nanos}
    return {"messages": total.messages, "tokens": total.tokens, "total": amounts}


# Plans with a flat fee


def _set_flat_fee(work: Work, source: str, flat: bool) -> None:
    work.unit.costs.set_flat_fee(work.organization.org_key, source, flat)
    work.unit.estimates.bring_back_all(work.organization.org_key, source)
    if flat:
        work.unit.estimates.replace_all(work.organization.org_key, source, work.known_from)
    work.record("source.plan", source, {"flat_fee": not flat}, {"flat_fee": flat})


def _set_flat_fees(work: Work, flat_fees: Mapping[str, bool]) -> dict[str, dict[str, int]]:
    """Set of sources whether a plan pays for them; return what counts again of those that none pays for any more, in
    nanos by currency: not what a bill counts in the place of."""
    org, estimates = work.organization.org_key, work.unit.estimates
    before = {source: estimates.not_counting(org, source) for source, flat in flat_fees.items() if not flat}
    for source, flat in flat_fees.items():
        _set_flat_fee(work, source, flat)
    if before:
        work.settle()
    after = {source: estimates.not_counting(org, source) for source in before}
    return {
        source: {currency: nanos - after[source].get(currency, 0) for currency, nanos in amounts.items()}
        for source, amounts in before.items()
    }


@reverses("source.plan")
def _undo_flat_fee(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        flat = (line.before or {})["flat_fee"]
        stored = line.subject in work.unit.costs.flat_fees(work.organization.org_key)
        require_same(f"whether a plan pays for {line.subject}", stored, not flat)
        _set_flat_fee(work, line.subject, flat)


# Undo


@reverses("log.sync")
def _undo_sync(work: Work, lines: Lines) -> None:
    """Let messages not count that a reading brought, so that they may be read again; or let them count again."""
    org, logs = work.organization.org_key, work.unit.agent_logs
    days: set[tuple[int, int]] = set()
    for line in lines:
        is_undo = line.after is not None
        facts = undo_data(line.after or line.before)
        program, sync_id = line.subject.partition("@")[0], facts["sync"]
        pairs = [[_unpacked(each) for each in pair] for pair in facts["grown"]]
        now_and_then = [pair[::-1] if is_undo else pair for pair in pairs]
        stored = logs.known(org, program, [now.message_id for now, _ in now_and_then])
        if any(stored[now.message_id] != now for now, _ in now_and_then):
            raise Conflict(f"the logs of {line.subject} have been read again since", "undo that first")
        logs.put(org, program, [then for _, then in now_and_then])
        logs.set_undone(sync_id, is_undone=is_undo)
        logs.forget_files(org, program)
        days |= logs.days_of(org, sync_id) | {(each.origin_key, each.day) for pair in pairs for each in pair}
        work.record("log.sync", line.subject, line.after, None if is_undo else line.before)
    _settled(work, days)


def _settled(work: Work, days: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], CostChange]:
    """Set the costs of origins and days to what their messages add up to; return the changes of what they come to."""
    changes = work.unit.agent_logs.settle(days)
    for source in work.unit.costs.flat_fees(work.organization.org_key):
        work.unit.estimates.replace_all(work.organization.org_key, source, work.known_from)
    return changes


def _unpacked(stored: Sequence[Any]) -> PricedMessage:
    found = PricedMessage(*stored)
    return found._replace(tokens=MessageTokens(*found.tokens))
