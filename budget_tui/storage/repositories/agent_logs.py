"""Messages in the logs of agents' programs, the files they came from, and the daily costs that they add up to."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    and_,
    delete,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.expression import bindparam

from budget_tui.domain.agent_logs import NANO_PICOS, CostChange, MessageTokens, PricedMessage
from budget_tui.domain.amount import divide
from budget_tui.domain.period import Period
from budget_tui.storage.engine import insert_batches, is_one_of, listed
from budget_tui.storage.log_conditions import MESSAGE_COUNTS, MESSAGE_IS_UNPRICED, MESSAGE_TOKENS
from budget_tui.storage.repositories.base import Repository, read_first, total
from budget_tui.storage.tables import CostOriginRow, CostRow, LogFileRow, LogMessageRow, ReplacedEstimateRow

_m, _f, _c, _r = LogMessageRow.c, LogFileRow.c, CostRow.c, ReplacedEstimateRow.c
_COUNTS = (
    _m.input_tokens,
    _m.cache_read_tokens,
    _m.cache_write_tokens,
    _m.cache_write_1h_tokens,
    _m.output_tokens,
)
_COUNTED: ColumnElement[bool] = literal_column(MESSAGE_COUNTS, Boolean)
_PRICED = ("origin_key", "day", "tier", *(column.name for column in _COUNTS), "amount_picos", "is_undone")
_UNPRICED: ColumnElement[bool] = literal_column(MESSAGE_IS_UNPRICED, Boolean)
_NO_COPY: ColumnElement[str] = literal_column("''")
"""As text in the statement, for SQLite to see that the index of copies has all that is looked for."""
_AT_ONCE = 500

OriginDay = tuple[int, int]
"""The key of an origin and a day as a number: their costs are one row."""


class AgentLogRepository(Repository):
    # Files

    def files(self, org: int, source: str) -> dict[str, tuple[int, int]]:
        """Return the size and the time of each log of a source as it was read last, by its path."""
        rows = self._many(select(_f.path, _f.size, _f.changed_ns).where(_f.org_key == org, _f.source == source))
        return {path: (size, changed_ns) for path, size, changed_ns in rows}

    def set_files(self, org: int, source: str, files: Iterable[tuple[str, int, int]]) -> None:
        """Store that logs, each by its path, size and time, were read."""
        statement = self._insert(LogFileRow)
        read_now = {name: statement.excluded[name] for name in ("size", "changed_ns")}
        self._change(
            statement.on_conflict_do_update(index_elements=[_f.org_key, _f.source, _f.path], set_=read_now),
            [
                {"org_key": org, "source": source, "path": path, "size": size, "changed_ns": at}
                for path, size, at in files
            ],
        )

    def forget_files(self, org: int, program: str) -> None:
        """Let all logs of a program be read again, on every machine."""
        self._change(delete(LogFileRow).where(_f.org_key == org, _f.source.startswith(f"{program}@")))

    # Messages

    def known(self, org: int, program: str, ids: Collection[str]) -> dict[str, PricedMessage]:
        """Return those of some messages that are known, by their ids."""
        found = select(*_stored()).where(_m.org_key == org, _m.program == program)
        if not ids or self._row(found.limit(1)) is None:
            return {}
        rows = (row for some in _parts([*ids]) for row in self._many(found.where(_m.message_id.in_(some)), _message))
        return {row.message_id: row for row in rows}

    def add(self, org: int, program: str, messages: Iterable[PricedMessage], sync_id: str) -> None:
        """Store messages that are not known."""
        names = ("program", "sync_id", "message_id", "copy_of", *_PRICED)
        rows = [(program, sync_id, each.message_id, each.copy_of, *_values(each).values()) for each in messages]
        insert_batches(self._connection, LogMessageRow.table, names, _parts(rows), {"org_key": org})

    def put(self, org: int, program: str, messages: Iterable[PricedMessage], **ids: str) -> None:
        """Store what is known of messages anew; ``ids`` may be a ``sync_id`` or a ``priced_id``."""
        statement = (
            update(LogMessageRow)
            .where(_m.org_key == org, _m.program == program, _m.message_id == bindparam("key"))
            .values({name: bindparam(f"new_{name}") for name in (*_PRICED, *ids)})
        )
        rows = ({**_values(each), **ids, "key": each.message_id} for each in messages)
        self._change(statement, [{_named(name): value for name, value in row.items()} for row in rows])

    def unpriced(
        self, org: int, program: str, model: str = "", tier: str = "", first: date = date.min
    ) -> list[PricedMessage]:
        """Return the messages without a price, of a model (any by default), or of one of its tiers, from a day on."""
        found = (
            select(*_stored())
            .join(CostOriginRow, CostOriginRow.c.origin_key == _m.origin_key)
            .where(_m.org_key == org, _m.program == program, _m.amount_picos.is_(None), _m.day >= first)
        )
        found = found.where(CostOriginRow.c.service == model) if model else found
        return list(self._many(found.where(_m.tier == tier) if tier else found, _message))

    def unpriced_days(self, org: int, days: Period | None = None) -> set[tuple[int, date]]:
        """Return the origins and days (by default all) with messages that count and have no price."""
        found = select(_m.origin_key, _m.day).where(_m.org_key == org, _UNPRICED).distinct()
        if days is not None:
            start, after = days.half_open
            found = found.where(_m.day >= start, _m.day < after)
        return {(key, day) for key, day in self._many(found)}

    def unprice(self, org: int, priced_id: str) -> set[OriginDay]:
        """Let messages have no price that got it by a later one; return their origins and days."""
        of_price = (_m.org_key == org, _m.priced_id == priced_id)
        days = {(key, day) for key, day in self._many(select(_m.origin_key, _day(_m.day)).where(*of_price).distinct())}
        self._change(update(LogMessageRow).where(*of_price).values(amount_picos=None, priced_id=""))
        return days

    def set_undone(self, sync_id: str, is_undone: bool) -> None:
        """Set whether the messages that came with a reading count."""
        self._change(update(LogMessageRow).where(_m.sync_id == sync_id).values(is_undone=is_undone))

    def days_of(self, org: int, sync_id: str) -> set[OriginDay]:
        """Return the origins and days that depend on whether the messages of a reading count, copies of them and other
        copies of the same, too."""
        of_sync = (_m.org_key == org, _m.sync_id == sync_id)
        days = {(key, day) for key, day in self._many(select(_m.origin_key, _day(_m.day)).where(*of_sync).distinct())}
        copies = select(_m.copy_of, _m.origin_key, _day(_m.day)).where(_m.org_key == org, _m.copy_of != _NO_COPY)
        if found := list(self._many(copies)):  # a join would look through all messages for each of those read
            ids = {each for pair in self._many(select(_m.message_id, _m.copy_of).where(*of_sync)) for each in pair}
            days |= {(key, day) for copy_of, key, day in found if copy_of in ids}
        return days

    def days_of_copies(self, org: int, program: str, messages: Iterable[PricedMessage]) -> set[OriginDay]:
        """Return the origins and days of copies of some messages, and of other copies of the same."""
        of_program = (_m.org_key == org, _m.program == program, _m.copy_of != _NO_COPY)
        if self._row(select(_m.copy_of).where(*of_program).limit(1)) is None:
            return set()
        found = select(_m.origin_key, _day(_m.day)).where(*of_program)
        ids = sorted({each for message in messages for each in (message.message_id, message.copy_of)} - {""})
        return {(key, day) for some in _parts(ids) for key, day in self._many(found.where(_m.copy_of.in_(some)))}

    # Costs

    def settle(self, days: Collection[OriginDay]) -> dict[OriginDay, CostChange]:
        """Set the cost of each of some origins and days to what its messages add up to, rounded once; return changes.

        While a bill counts in its place, only the estimate beside the bill is set.
        """
        sums = self._sums(days)
        wanted = listed(self._connection, ("origin_key", "day"), sorted(days))
        of_day = and_(_c.origin_key == read_first(wanted.c.origin_key), type_coerce(_c.day, Integer) == wanted.c.day)
        stored = {
            (row.origin_key, row.day): row
            for row in self._many(
                select(
                    *(_c.cost_key, _c.origin_key, _day(_c.day), _c.charges, _r.cost_key.label("replaced")),
                    *(func.coalesce(_r.tokens, _c.tokens).label("tokens"), _r.tokens.label("tokens_apart")),
                    func.coalesce(_r.amount_nanos, _c.amount_nanos).label("amount"),
                )
                .join_from(wanted, CostRow, of_day)
                .outerjoin(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            )
        }
        changes = {key: CostChange(-row.amount, -row.tokens, -row.charges) for key, row in stored.items()}
        added, changed, replaced = [], [], []
        for (origin_key, day), (picos, tokens, messages) in sums.items():
            amount = divide(picos, NANO_PICOS)
            now, before = (amount, tokens, messages), changes.get((origin_key, day), CostChange(0, 0, 0))
            changes[origin_key, day] = CostChange(*(a + b for a, b in zip(now, before, strict=True)))
            row = stored.pop((origin_key, day), None)
            if row is None:
                added.append((origin_key, day, amount, tokens, messages))
                continue
            if row.replaced is not None:
                apart = None if row.tokens_apart is None else tokens
                replaced.append({"key": row.cost_key, "amount": amount, "count": apart})
            counted = amount if row.replaced is None else 0
            stated = tokens if row.tokens_apart is None else None
            changed.append({"key": row.cost_key, "amount": counted, "count": stated, "number": messages})
        names = ("origin_key", "day", "amount_nanos", "tokens", "charges")
        insert_batches(self._connection, CostRow.table, names, _parts(added), {})
        self._change(
            update(CostRow)
            .where(_c.cost_key == bindparam("key"))
            .values(amount_nanos=bindparam("amount"), tokens=bindparam("count"), charges=bindparam("number")),
            changed,
        )
        self._change(
            update(ReplacedEstimateRow)
            .where(_r.cost_key == bindparam("key"))
            .values(amount_nanos=bindparam("amount"), tokens=bindparam("count")),
            replaced,
        )
        for column in (_r.cost_key, _c.cost_key):
            is_gone = is_one_of(self._connection, column, (row.cost_key for row in stored.values()))
            self._change(delete(column.table).where(is_gone))
        return changes

    def _sums(self, days: Collection[OriginDay]) -> Mapping[OriginDay, tuple[int, int, int]]:
        """Return the picos, tokens and number of the messages that count, of origins and days that have any."""
        wanted = listed(self._connection, ("origin_key", "day"), sorted(days))
        is_of_day = and_(_m.origin_key == read_first(wanted.c.origin_key), type_coerce(_m.day, Integer) == wanted.c.day)
        rows = self._many(
            select(
                _m.origin_key,
                _day(_m.day),
                func.coalesce(total(_m.amount_picos), 0).label("picos"),
                total(literal_column(MESSAGE_TOKENS, BigInteger)).label("tokens"),
                func.count().label("messages"),
            )
            .join_from(wanted, LogMessageRow, is_of_day)
            .where(_COUNTED)
            .group_by(_m.origin_key, _m.day)
        )
        return {(row.origin_key, row.day): (row.picos, row.tokens, row.messages) for row in rows}


def _day(column: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(column, Integer).label("day")


def _stored() -> tuple[ColumnElement[Any], ...]:
    return (_m.message_id, _m.copy_of, _m.origin_key, _day(_m.day), _m.tier, *_COUNTS, _m.amount_picos, _m.is_undone)


def _message(message_id: str, copy_of: str, origin_key: int, day: int, tier: str, *rest: Any) -> PricedMessage:
    *tokens, picos, is_undone = rest
    return PricedMessage(
        message_id, copy_of, origin_key, day, tier, MessageTokens(*tokens), picos, is_undone=bool(is_undone)
    )


def _values(message: PricedMessage) -> dict[str, Any]:
    values = (message.origin_key, message.day, message.tier, *message.tokens, message.amount_picos, message.is_undone)
    return dict(zip(_PRICED, values, strict=True))


def _named(name: str) -> str:
    return name if name == "key" else f"new_{name}"


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
