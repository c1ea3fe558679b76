"""The audit trail: entries are written once and never changed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, Self

import sqlalchemy
from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, exists, func, insert, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from budget_tui.domain.audit import UNDO_DATA, AuditEntry, AuditFilter
from budget_tui.domain.records import CostRecord, EnteredCost
from budget_tui.storage.database.base import Connection
from budget_tui.storage.engine import next_key
from budget_tui.storage.repositories.base import MOST_ROWS, Repository
from budget_tui.storage.tables import AuditRow

Facts = Mapping[str, object]
_a = AuditRow.c
_ENTRY = select(_a.audit_key, _a.at, _a.actor, _a.action, _a.subject, _a.before, _a.after, _a.change, _a.reverses)

_NEW_ENTRY = insert(AuditRow)


class AuditRepository(Repository):
    """Reads and writes the audit trail.

    Everything recorded through one instance belongs to one change, whose number is that of its first entry.
    """

    def __init__(self, connection: sqlalchemy.Connection, driver: Connection) -> None:
        super().__init__(connection)
        self._driver = driver
        self._change_number: int | None = None

    # Writing

    @contextmanager
    def apart(self) -> Iterator[Self]:
        """Let what is recorded within the block belong to a change of its own."""
        change, self._change_number = self._change_number, None
        try:
            yield self
        finally:
            self._change_number = change

    def record(
        self,
        org: int,
        action: str,
        subject: str,
        before: Facts | None,
        after: Facts | None,
        actor: str,
        now: datetime,
        reverses: int | None = None,
    ) -> int:
        """Record who did what to whom, from what to what; return the number of the change that the entry belongs to.

        ``reverses`` is the change that this one undoes.
        """
        key = next_key(self._connection, _a.audit_key)
        if self._change_number is None:
            self._change_number = key
        self._change(
            _NEW_ENTRY,
            {
                "audit_key": key,
                "org_key": org,
                "at": now,
                "actor": actor,
                "action": action,
                "subject": subject,
                "before": json.dumps(before) if before is not None else None,
                "after": json.dumps(after) if after is not None else None,
                "change": self._change_number,
                "reverses": reverses,
            },
        )
        self._driver.note_audit_line(key)
        return self._change_number

    # Reading

    def entries(
        self, org: int, limit: int, before_entry: int | None = None, only: AuditFilter | None = None
    ) -> list[AuditEntry]:
        """Return the newest entries first, at most ``limit``; ``before_entry`` continues a page."""
        before = MOST_ROWS if before_entry is None else max(0, min(before_entry, MOST_ROWS))
        return self._entries(
            _ENTRY.where(_a.org_key == org, _a.audit_key < before, *_conditions(only or AuditFilter()))
            .order_by(_a.audit_key.desc())
            .limit(min(limit, MOST_ROWS))
        )

    def since(self, org: int, entry: int, actions: Collection[str]) -> list[AuditEntry]:
        """Return the entries of ``actions`` after ``entry``, the oldest first."""
        return self._entries(
            _ENTRY.where(_a.org_key == org, _a.audit_key > entry, _a.action.in_(actions)).order_by(_a.audit_key)
        )

    def entered_costs(self, org: int) -> list[EnteredCost]:
        """Return every cost that was ever entered, those removed since, too."""
        rows = self._rows(
            select(_a.at, _a.change, _a.before, _a.after)
            .where(_a.org_key == org, _a.action == "cost.add")
            .order_by(_a.audit_key)
        )
        # The first version stored no costs.
        lines = [
            (
                row,
                [CostRecord(*cost) for cost in json.loads(row.after or row.before).get(UNDO_DATA, {}).get("rows", ())],
            )
            for row in rows
        ]
        days: dict[int, set[int]] = {}
        for row, records in lines:
            days.setdefault(row.change, set()).update(record.day for record in records)
        found: dict[int, EnteredCost] = {}
        removed: list[EnteredCost] = []
        for row, records in lines:
            for record in records:
                if row.after is not None:
                    found[record.key] = EnteredCost(record, row.at, None, len(days[row.change]) > 1)
                else:
                    removed.append(found.pop(record.key)._replace(until=row.at))
        return [*removed, *found.values()]

    def cost_settling(self, org: int, hold_id: str) -> CostRecord | None:
        """Return the cost that settled a hold; None if it came to nothing."""
        after = self._value(
            select(_a.after)
            .where(_a.org_key == org, _a.action == "cost.add", _a.after.contains(hold_id, autoescape=True))
            .order_by(_a.audit_key.desc())
            .limit(1)
        )
        return None if after is None else CostRecord(*json.loads(after)[UNDO_DATA]["rows"][0])

    def carry_settled_since(self, org: int, entry: int) -> list[AuditEntry]:
        """Return the entries after ``entry`` about carried amounts that were corrected, the oldest first."""
        return self._entries(
            _ENTRY.where(_a.org_key == org, _a.audit_key > entry, _a.action == "carry.settle").order_by(_a.audit_key)
        )

    def of_change(self, org: int, change: int) -> list[AuditEntry]:
        """Return the entries of one change in their order."""
        # Written in one transaction, they stand together among the entries of their organization.
        following = self._value(
            select(_a.audit_key)
            .where(_a.org_key == org, _a.audit_key > change, _a.change != change)
            .order_by(_a.audit_key)
            .limit(1)
        )
        return self._entries(
            _ENTRY.where(
                _a.org_key == org,
                _a.change == change,
                _a.audit_key >= change,
                _a.audit_key < (MOST_ROWS if following is None else following),
            ).order_by(_a.audit_key)
        )

    def last_change(self, org: int, actor: str) -> int | None:
        """Return the latest change by ``actor`` that undoes nothing and was not undone.

        Keys to the API and imports of rates are passed over: they change no budget, and cannot be undone. So are the
        closes of periods, which come by themselves; they bar the undo of what was before them (`closed_since`).
        """
        found = self._value(_last_change(), org=org, actor=actor)
        return None if found is None else int(found)

    def last_entry_by(self, org: int, actor: str) -> AuditEntry | None:
        """Return the latest entry by ``actor``, but for those that an undo passes over."""
        own = _ENTRY.where(_a.org_key == org, _a.actor == actor, ~_is_passed_over(_a))
        return next(iter(self._entries(own.order_by(_a.audit_key.desc()).limit(1))), None)

    def passed_over(self, org: int, actor: str, entry: int) -> list[AuditEntry]:
        """Return the entries by ``actor`` after ``entry`` that an undo in this organization passes over, the oldest
        first: what is no such change, and organizations that were added or renamed from here."""
        of_another = (_a.org_key != org) & _a.action.startswith("org.")
        return self._entries(
            _ENTRY.where(_a.audit_key > entry, _a.actor == actor)
            .where(((_a.org_key == org) & _is_passed_over(_a)) | of_another)
            .order_by(_a.audit_key)
        )

    def last_undo(self, org: int, actor: str) -> tuple[int, int] | None:
        """Return the latest undo by ``actor`` that was not undone itself, and the change that it undid.

        None once ``actor`` made another change after it.
        """
        row = self._row(_last_undo(), org=org, actor=actor)
        return (row.change, row.reverses) if row else None

    def is_undone(self, change: int) -> bool:
        """Return whether ``change`` is undone; of a redo, whether what it had redone is."""
        undo, redo = (AuditRow.table.alias(name).c for name in ("undo", "redo"))
        redone = self._value(
            select(undo.reverses).where(
                _a.audit_key == change, undo.audit_key == _a.reverses, undo.reverses.is_not(None)
            )
        )
        is_redone = exists().where(redo.reverses == undo.change)
        is_undone = exists().where(undo.reverses == (change if redone is None else redone), ~is_redone)
        return bool(self._value(select(is_undone)))

    def last_redo(self, change: int) -> int | None:
        """Return the latest change that made ``change`` again after it was undone."""
        found = self._value(_last_redo(), change=change)
        return None if found is None else int(found)

    def last_entry(self, org: int, action: str) -> int | None:
        """Return the number of the latest entry of that action."""
        found = self._value(select(func.max(_a.audit_key)).where(_a.org_key == org, _a.action == action))
        return None if found is None else int(found)

    def closed_since(self, org: int, change: int) -> str | None:
        """Return the name of the first period that was closed after ``change`` was made."""
        subject = self._value(
            select(_a.subject)
            .where(_a.org_key == org, _a.action == "period.close", _a.audit_key > change)
            .order_by(_a.audit_key)
            .limit(1)
        )
        return None if subject is None else str(subject)

    def _entries(self, statement: Select[Any]) -> list[AuditEntry]:
        return [_entry(row) for row in self._rows(statement)]


def _is_passed_over(of: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    return or_(of.action.startswith("key."), of.action == "fx.import")


def _aliases(*names: str) -> Iterator[ReadOnlyColumnCollection[str, Any]]:
    return (AuditRow.table.alias(name).c for name in names)


@cache
def _last_change() -> Select[Any]:
    undo, redo, close = _aliases("undo", "redo", "close")
    is_redone = exists().where(redo.reverses == undo.change)
    is_undone = exists().where(undo.reverses == _a.change, ~is_redone)
    of_change = (close.audit_key >= _a.change) & (close.change == _a.change)  # a change is called by its first entry
    is_close = exists().where(of_change, close.action == "period.close")
    return (
        select(_a.change)
        .where(_a.org_key == bindparam("org"), _a.actor == bindparam("actor"), _a.reverses.is_(None))
        .where(~_is_passed_over(_a), ~is_undone, ~is_close)
        .order_by(_a.audit_key.desc())
        .limit(1)
    )


@cache
def _last_undo() -> Select[Any]:
    org: BindParameter[int] = bindparam("org")
    actor: BindParameter[str] = bindparam("actor")
    change, undone, redo = _aliases("change", "undone", "redo")
    last_change = (
        select(func.coalesce(func.max(change.audit_key), 0))
        .where(change.org_key == org, change.actor == actor, change.reverses.is_(None))
        .where(~_is_passed_over(change))
        .scalar_subquery()
    )
    is_undone = exists().where(
        undone.change == _a.reverses, undone.audit_key == _a.reverses, undone.reverses.is_not(None)
    )
    return (
        select(_a.change, _a.reverses)
        .where(_a.org_key == org, _a.actor == actor, _a.reverses.is_not(None), _a.audit_key > last_change)
        .where(~is_undone, ~exists().where(redo.reverses == _a.change))
        .order_by(_a.audit_key.desc())
        .limit(1)
    )


@cache
def _last_redo() -> Select[Any]:
    [redo] = _aliases("redo")
    return select(func.max(redo.change)).where(redo.reverses == _a.change, _a.reverses == bindparam("change"))


def _conditions(only: AuditFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if only.action:
        found.append(func.substr(_a.action, 1, len(only.action)) == only.action)
    if only.subject:
        found.append(_a.subject.icontains(only.subject, autoescape=True))
    if only.whole_subject:
        found.append(_a.subject == only.whole_subject)
    if only.actor:
        found.append(_a.actor == only.actor)
    if only.since:
        found.append(_a.at >= only.since)
    if only.until:
        found.append(_a.at < only.until)
    return found


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        row.audit_key,
        row.at,
        row.actor,
        row.action,
        row.subject,
        json.loads(row.before) if row.before else None,
        json.loads(row.after) if row.after else None,
        row.change,
        row.reverses,
    )
