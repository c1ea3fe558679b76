"""How changes are taken back: for each action of the audit trail, the function that reverses it.

A service that records an action says beside it how to reverse it, and is listed in `undo.MODULES`:

    @reverses("allocation.set", told=value_of("allocation of {}"))
    def _set_allocation_back(work, lines): ...

``lines`` are all lines of that action in one change. The function makes sure that what is stored is what each line's
``after`` says (`require_same`), makes it what ``before`` says, and records the action again with the two swapped,
as any command does; that these lines reverse something, `Work.record` adds by itself. So the same function makes
undone again: given the lines of an undo, it comes out where the undo began.

What it needs beyond what a person wants to read stands in ``before`` and ``after`` under `KEPT`, which no face shows.
Only tables that may change are changed; what is append-only, such as a transfer, gets a row that does the opposite.
An action that is not registered cannot be taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from budget_tui.domain.errors import Conflict, Refused
from budget_tui.services.context import Work
from budget_tui.services.trail import KEPT, shown_facts
from budget_tui.storage.trail_queries import AuditEntry

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
            "what was not the last change of it cannot be taken back",
        )


def kept(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was kept to take a change back."""
    found = (facts or {}).get(KEPT)
    if found is None:
        raise Refused("an older version made this change and kept too little to take it back", "change it by hand")
    return dict(found)
