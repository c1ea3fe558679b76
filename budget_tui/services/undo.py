"""Undo and redo: a user's last changes undone, and made again, as entries that reverse them.

A change is taken back if a change that reverses it exists and is not itself taken back. An undo reverses the latest
change of this user that is no reversal and not taken back; a redo reverses the latest undo of theirs, as long as
they made no other change after it. Nothing is erased: the audit trail tells all of it.

A service that records an action registers beside it how to reverse it, and is listed in `MODULES`:

@reverses("allocation.set", told=value_of("allocation of {}"))
    def _set_allocation_back(work, lines): ...

``lines`` are all lines of that action in one change. The function makes sure that what is stored is what each line's
``after`` says (`require_same`), makes it what ``before`` says, and records the action again with the two swapped,
as any command does; that these lines reverse something, `Work.record` adds by itself. So the same function makes
undone again: given the lines of an undo, it comes out where the undo began.

What it needs beyond what a person wants to read stands under `UNDO_DATA` in ``before`` and ``after``; no face shows it.
Only tables that may change are changed; what is append-only, such as a transfer, gets a row that does the opposite.
An action that is not registered cannot be undone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import groupby
from typing import Any

from budget_tui.domain.audit import UNDO_DATA, AuditEntry, shown_facts
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.services.context import Context
from budget_tui.services.idempotency import answered_once
from budget_tui.services.work import Work

MODULES = (
    "budgets",
    "transfers",
    "hierarchy",
    "agents",
    "entities",
    "organizations",
    "costs",
    "imports",
    "rates",
    "seats",
    "sources",
    "plans",
    "period_rules",
)
"""The services whose actions can be taken back; each registers how, with `reverses`."""

_WHY_NOT = {
    "period.close": "a closed period stays closed",
    "fx.import": "import what the file before said, or set single rates",
    "org.add": "an organization stays",
}

Lines = Sequence[AuditEntry]
Reverse = Callable[[Work, Lines], None]
Told = Callable[[Lines, str], str]


@dataclass(frozen=True, slots=True)
class Reversal:
    """``reverse`` takes an action back; ``told`` says in a few words what the action had done, and where that is of
    use, how things are now: as they were ``before`` it, or ``after`` it, or neither ('')."""

    reverse: Reverse
    told: Told


_NAMED_AT_MOST = 3

REVERSALS: dict[str, Reversal] = {}


def reverses(*actions: str, told: Told) -> Callable[[Reverse], Reverse]:
    """Registers a function as what takes ``actions`` back."""

    def register(reverse: Reverse) -> Reverse:
        REVERSALS.update(dict.fromkeys(actions, Reversal(reverse, told)))
        return reverse

    return register


def subjects_of(what: str) -> Told:
    """Tells actions on things that have a name: ``adding of DEPT-ENG, DEPT-OPS and 12 more``."""
    return lambda lines, _: f"{what} {_in_few_words([line.subject for line in lines])}"


def value_of(noun: str) -> Told:
    """Tells actions that replace one value by another: ``allocation of pcc 150 → 120 (now 150)``."""

    def told(lines: Lines, now: str) -> str:
        return _in_few_words([f"{noun.format(line.subject)} {_value_told(line, now)}" for line in lines])

    return told


def _in_few_words(parts: Sequence[str]) -> str:
    """What an import of thousands did is told in one line, too."""
    if len(parts) <= _NAMED_AT_MOST:
        return ", ".join(parts)
    return f"{', '.join(parts[: _NAMED_AT_MOST - 1])} and {len(parts) - _NAMED_AT_MOST + 1:,} more"


def _value_told(line: AuditEntry, now: str) -> str:
    value = {"before": _values(line.before), "after": _values(line.after)}
    change = f"{value['before']} → {value['after']}"
    return f"{change} (now {value[now]})" if now else change


def _values(facts: Mapping[str, Any] | None) -> str:
    return ", ".join(str(value) for value in shown_facts(facts).values() if value is not None) or "–"


def require_same(subject: str, stored: object, left_behind: object) -> None:
    """Refuse to take back what somebody changed since: ``stored`` must be what the change left behind."""
    if stored != left_behind:
        raise Conflict(
            f"{subject} was changed since: it is {stored if stored is not None else 'gone'} by now",
            "a change that was not its latest cannot be undone",
        )


def undo_data(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was kept to take a change back."""
    found = (facts or {}).get(UNDO_DATA)
    if found is None:
        raise Refused("an older version made this change and stored too little to undo", "change it by hand")
    return dict(found)


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

        `Refused` when there is none, or it cannot be undone; `Conflict` when somebody changed the same since.
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
    change = work.unit.audit.last_change(org, work.actor)
    if change is None:
        raise Refused("there is nothing to undo", f"no change by {work.actor} is left")
    standing = work.unit.audit.last_redo(change) or change
    _reverse(work, change, work.unit.audit.of_change(org, standing))
    what = _told(work.unit.audit.of_change(org, change), "before")
    return UndoOutcome(what, work.unit.audit.change, change)


def _redo(work: Work) -> UndoOutcome:
    org = work.organization.org_key
    found = work.unit.audit.last_undo(org, work.actor)
    if found is None:
        raise Refused("nothing to redo", "only the last undone change can be, until you make another one")
    undo, change = found
    _reverse(work, undo, work.unit.audit.of_change(org, undo))
    what = _told(work.unit.audit.of_change(org, change), "after")
    return UndoOutcome(what, work.unit.audit.change, undo)


def _reverse(work: Work, change: int, lines: Lines) -> None:
    """Take ``lines`` back, which stand for ``change``; the last of them first."""
    _load()
    for line in lines:
        if line.action not in REVERSALS:
            reason = _WHY_NOT.get(line.action, "set it again instead")
            raise Refused(f"the last change, {_told(lines)}, cannot be undone", reason)
    closed = work.unit.audit.closed_since(work.organization.org_key, lines[0].change)
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
