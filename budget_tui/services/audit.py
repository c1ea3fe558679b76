"""Queries on the audit log."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import AuditEntry, AuditFilter
from budget_tui.domain.carry import SettledCarry, settled_together
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.presentation.audit import cells
from budget_tui.services.context import Context
from budget_tui.services.snapshots import running_period
from budget_tui.storage.session import Session

_PAGE = 500


class AuditLog:
    """The audit log: who changed what and when, before and after."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def newest(self, limit: int, before_entry: int | None = None, only: AuditFilter | None = None) -> list[AuditEntry]:
        """Return at most ``limit`` entries, the newest first; ``before_entry`` continues after a page's last one."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
            return session.audit.entries(organization.org_key, limit, before_entry, only)

    def carry_settled_since(self, entry: int | None) -> tuple[list[SettledCarry], int]:
        """Return the carry-overs corrected after ``entry`` (none if it is None), and the newest entry."""
        with self._context.reading() as session:
            org = self._context.organization(session).org_key
            newest = session.fast.newest_entry(org)
            settled = [] if entry is None or entry == newest else _settled_since(session, org, entry)
            return settled, newest

    def turn_to_review(self) -> Period | None:
        """Return the period directly before today's if it ended by itself, without anybody at hand to say what each
        project gets next, and nobody has reviewed the allocations since.

        It may still be open in the database: the next command closes it.
        """
        with self._context.reading() as session:
            organization = self._context.organization(session)
            org, today = organization.org_key, self._context.clock.today(organization.time_zone)
            latest = session.fast.global_budget(org, today)
            if latest is not None and latest.period.end < today:
                ended: Period | None = latest.period
            else:
                ended = session.fast.last_close(org) if session.fast.is_review_due(org) else None
            running = running_period(latest, organization, today)
            return ended if ended is not None and ended.end + ONE_DAY == running.start else None

    def carry_settled(self) -> list[SettledCarry]:
        """Return the amounts carried into the open period that were corrected since it opened."""
        with self._context.reading() as session:
            org = self._context.organization(session).org_key
            closed = session.audit.last_entry(org, "period.close")
            return [] if closed is None else _settled_since(session, org, closed)


def _settled_since(session: Session, org: int, entry: int) -> list[SettledCarry]:
    return settled_together(
        SettledCarry(found.subject, _carried(found.before), _carried(found.after), _is_tokens(found))
        for found in session.audit.carry_settled_since(org, entry)
    )


def _is_tokens(entry: AuditEntry) -> bool:
    """Return whether an entry is about tokens, which are stored as a number; money is a text."""
    return isinstance((entry.after or {})["carried"], int)


def _carried(facts: Mapping[str, Any] | None) -> int:
    carried = (facts or {})["carried"]
    return carried if isinstance(carried, int) else parse_amount(carried)


class AuditWindow:
    """The newest entries whose displayed text contains a filter text.

    Entries are read only once, as they never change. Use it from one thread at a time.
    """

    def __init__(
        self, audit: AuditLog, text: str = "", words: Callable[[AuditEntry], Iterable[str]] = lambda _: ()
    ) -> None:
        """``words`` returns the texts of an entry that are displayed besides its cells."""
        self._audit = audit
        self._text = text.casefold()
        self._words = words
        self._forget()

    def _forget(self) -> None:
        self._found: list[AuditEntry] = []
        self._newest = 0
        self._oldest: int | None = None
        self.is_complete = False

    def read(self, at_least: int) -> tuple[AuditEntry, ...]:
        """Return the matches, including new ones: at least ``at_least``, if there are so many."""
        self._add_newer()
        while len(self._found) < at_least and not self.is_complete:
            page = self._audit.newest(_PAGE, self._oldest)
            self._found += filter(self._matches, page)
            self._oldest = page[-1].entry if page else self._oldest
            self._newest = max(self._newest, page[0].entry if page else 0)
            self.is_complete = len(page) < _PAGE
        return tuple(self._found)

    def _add_newer(self) -> None:
        if not self._newest:  # nothing was read yet, or there was nothing
            self._forget()
            return
        newer: list[AuditEntry] = []
        before: int | None = None
        while True:
            page = self._audit.newest(_PAGE, before)
            if before is None and (not page or page[0].entry < self._newest):
                self._forget()  # the database was replaced by another one
                return
            newer += [entry for entry in page if entry.entry > self._newest]
            if len(page) < _PAGE or page[-1].entry <= self._newest:
                break
            before = page[-1].entry
        if newer:
            self._newest = newer[0].entry
            self._found[:0] = filter(self._matches, newer)

    def _matches(self, entry: AuditEntry) -> bool:
        return self._text in "\n".join((*cells(entry), *self._words(entry))).casefold()
