"""Undo and redo: the last changes of a user taken back, and made again, as entries that reverse them.

A change is taken back if a change that reverses it exists and is not itself taken back. An undo reverses the latest
change of this user that is no reversal and not taken back; a redo reverses the latest undo of theirs, as long as
they made no other change after it. Nothing is erased: the audit trail tells all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import groupby

from budget_tui.domain.errors import Refused
from budget_tui.services.context import Context, Work
from budget_tui.services.idempotency import answered_once
from budget_tui.services.reversing import REVERSALS, Lines, Told
from budget_tui.storage.trail_queries import AuditEntry

MODULES = (
    "budgets",
    "transfers",
    "placing_back",
    "agents_back",
    "entities",
    "organizations",
    "costs",
    "imports",
    "fx",
    "seats",
    "sources",
    "plans_back",
    "period_rules",
)
"""The services whose actions can be taken back; each registers how, see `reversing`."""

_WHY_NOT = {
    "period.close": "a closed period stays closed",
    "fx.import": "import what the file before said, or set single rates",
    "org.add": "an organization stays",
}


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """``what`` was taken back or made again, in words; ``change`` is the one that did it, ``reverses`` the other."""

    what: str
    change: int
    reverses: int


class Undo:
    """Commands that take back what this user did, and make it again. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def undo(self, key: str | None = None) -> UndoOutcome:
        """Take back the last change of this user that is not taken back yet; once only under the same ``key``.

        `Refused` when there is none, or it cannot be taken back; `Conflict` when somebody changed the same since.
        """
        return self._once("undo", _undo, key)

    def redo(self, key: str | None = None) -> UndoOutcome:
        """Make again what this user took back last; once only under the same ``key``.

        `Refused` when they changed something since.
        """
        return self._once("redo", _redo, key)

    def _once(self, command: str, carry_out: Callable[[Work], UndoOutcome], key: str | None) -> UndoOutcome:
        with self._context.work() as work:
            request = {"actor": work.actor}
            outcome = UndoOutcome(**answered_once(work, command, key, request, lambda: asdict(carry_out(work))))
            work.commit()
        return outcome


def _undo(work: Work) -> UndoOutcome:
    org = work.organization.org_key
    change = work.queries.last_change(org, work.actor)
    if change is None:
        raise Refused("there is nothing to take back", f"of what {work.actor} changed, nothing is left")
    standing = work.queries.last_made_again(change) or change
    _reverse(work, change, work.queries.lines_of_change(org, standing))
    what = _told(work.queries.lines_of_change(org, change), "before")
    return UndoOutcome(what, work.unit.journal.change, change)


def _redo(work: Work) -> UndoOutcome:
    org = work.organization.org_key
    found = work.queries.last_undo(org, work.actor)
    if found is None:
        raise Refused("there is nothing to make again", "only what was taken back last can be")
    undo, change = found
    _reverse(work, undo, work.queries.lines_of_change(org, undo))
    what = _told(work.queries.lines_of_change(org, change), "after")
    return UndoOutcome(what, work.unit.journal.change, undo)


def _reverse(work: Work, change: int, lines: Lines) -> None:
    """Take ``lines`` back, which stand for ``change``; the last of them first."""
    _load()
    for line in lines:
        if line.action not in REVERSALS:
            reason = _WHY_NOT.get(line.action, "set it anew instead")
            raise Refused(f"the last change, {_told(lines)}, cannot be taken back", reason)
    closed = work.queries.closed_since(work.organization.org_key, lines[0].change)
    if closed is not None:
        raise Refused(f"{closed} was closed since the last change, {_told(lines)}", "a closed period stays closed")
    work.reverses = change
    for action, group in reversed(_grouped(lines)):
        REVERSALS[action].reverse(work, group)


def _load() -> None:
    for name in MODULES:
        import_module(f"budget_tui.services.{name}")


def _grouped(lines: Sequence[AuditEntry]) -> list[tuple[str, list[AuditEntry]]]:
    return [(action, list(group)) for action, group in groupby(lines, key=lambda line: line.action)]


def _told(lines: Lines, now: str = "") -> str:
    """What ``lines`` did, in words, and if asked for how that is now: as ``before`` or as ``after`` them."""
    _load()
    alike: dict[Told | str, list[AuditEntry]] = {}
    for line in lines:  # entities and projects are added alike
        alike.setdefault(REVERSALS[line.action].told if line.action in REVERSALS else line.action, []).append(line)
    return ", ".join(
        f"{told} of {group[0].subject}" if isinstance(told, str) else told(group, now) for told, group in alike.items()
    )
