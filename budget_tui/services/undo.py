"""Undo and redo: a user's last changes undone and redone, as entries that reverse them.

A change is undone if a change that reverses it exists and is not itself undone. An undo reverses the latest change
of this user that is neither a reversal nor undone; a redo reverses their latest undo, as long as they made no other
change after it. Nothing is deleted: the audit log contains all of it.

A service that records an action registers the function that reverses it, and is listed in `MODULES`:

    @reverses("allocation.set")
    def _undo_allocation(work, lines): ...

``lines`` are all entries of that action in one change. The function checks that each entry's ``after`` is what is
stored (`require_same`), restores ``before``, and records the action again with the two swapped, as any command does;
`Work.record` adds that these entries reverse another change. So the same function redoes: given the entries of an
undo, it restores the state before the undo.

A change is described by the sentences of the log. Data that only undo needs is under `UNDO_DATA` in ``before`` and
``after``; no interface shows it. Only mutable tables are changed; append-only ones, such as transfers, get a row with
the opposite effect. An action that is not registered cannot be undone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import groupby
from typing import Any

from budget_tui.domain.audit import UNDO_DATA, AuditEntry
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.presentation.audit_sentences import change_in_words
from budget_tui.presentation.formatting import money
from budget_tui.services.context import DEMO_ACTOR, Context
from budget_tui.services.idempotency import run_once
from budget_tui.services.work import Work

MODULES = (
    "budgets",
    "transfers",
    "hierarchy",
    "agents",
    "agent_logs",
    "token_prices",
    "entities",
    "organizations",
    "costs",
    "imports",
    "rates",
    "seats",
    "sources",
    "plans",
    "period_rules",
    "periods",
    "plan_files",
    "alerts",
    "recurring",
)
"""The services with actions that can be undone; each registers them with `reverses`."""

_WHY_NOT = {
    "org.add": "an organization stays",
}

Lines = Sequence[AuditEntry]
Reverse = Callable[[Work, Lines], None]

REVERSALS: dict[str, Reverse] = {}
"""The function that reverses an action, by the action."""


def reverses(*actions: str) -> Callable[[Reverse], Reverse]:
    """Register a function that reverses ``actions``."""

    def register(reverse: Reverse) -> Reverse:
        REVERSALS.update(dict.fromkeys(actions, reverse))
        return reverse

    return register


def require_same(subject: str, stored: object, left_behind: object) -> None:
    """Raise `Conflict` unless ``stored`` is what the change left behind: somebody may have changed it since."""
    if stored != left_behind:
        raise Conflict(
            f"{subject} was changed since: it is {stored if stored is not None else 'gone'} by now",
            "a change that was not its latest cannot be undone",
        )


def undo_data(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the data stored to undo a change; raises `Refused` if an older version stored none."""
    found = (facts or {}).get(UNDO_DATA)
    if found is None:
        raise Refused("an older version made this change and stored too little to undo", "change it by hand")
    return dict(found)


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """The result of an undo or redo: its description, its own ``change``, and the change that it ``reverses``.

    ``passed_over`` describes what this user did since their latest change that no undo can reverse.
    """

    what: str
    change: int
    reverses: int
    passed_over: Sequence[str] = ()


class Undo:
    """Commands that undo and redo this user's changes. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def undo(self, key: str | None = None) -> UndoOutcome:
        """Undo this user's last change that is not undone yet; at most once with the same ``key``.

        `Refused` if there is none, or it cannot be undone; `Conflict` if somebody changed the same thing since.
        """
        return self._once("undo", _undo, key)

    def redo(self, key: str | None = None) -> UndoOutcome:
        """Redo the change that this user undid last; at most once with the same ``key``.

        `Refused` if they changed something since.
        """
        return self._once("redo", _redo, key)

    def _once(self, command: str, carry_out: Callable[[Work], UndoOutcome], key: str | None) -> UndoOutcome:
        with self._context.work() as work:
            request = {"actor": work.actor}
            outcome = UndoOutcome(**run_once(work, command, key, request, lambda: asdict(carry_out(work))))
            work.commit()
        return outcome


def _undo(work: Work) -> UndoOutcome:
    org = work.organization.org_key
    change = work.unit.audit.last_change(org, work.actor)
    passed_over = _passed_over(work)
    if change is None:
        if passed_over:
            raise Refused(f"the last change ({passed_over[-1]}) cannot be undone", "there is no other to undo")
        if work.unit.audit.last_change(org, DEMO_ACTOR) is not None:
            raise Refused("there is nothing to undo", "the demonstration data goes when its database is deleted")
        raise Refused("there is nothing to undo", f"no change by {work.actor} is left")
    latest = work.unit.audit.last_redo(change) or change
    gone = _names(work)
    _reverse(work, change, work.unit.audit.of_change(org, latest))
    what = _in_words(work, work.unit.audit.of_change(org, change), gone)
    return _outcome(work, what, change, passed_over)


def _redo(work: Work) -> UndoOutcome:
    org = work.organization.org_key
    found = work.unit.audit.last_undo(org, work.actor)
    if found is None:
        raise Refused("nothing to redo", "only the last undone change can be, until you make another one")
    undo, change = found
    passed_over = _passed_over(work)
    _reverse(work, undo, work.unit.audit.of_change(org, undo))
    what = _in_words(work, work.unit.audit.of_change(org, change))
    return _outcome(work, what, undo, passed_over)


def _outcome(work: Work, what: str, reverses: int, passed_over: Sequence[str]) -> UndoOutcome:
    change = work.settled_change()
    assert change is not None
    return UndoOutcome(what, change, reverses, passed_over)


def _passed_over(work: Work) -> list[str]:
    """Describe what this user did since their latest change that an undo passes over: a key, rates, another
    organization, money held."""
    org, audit = work.organization.org_key, work.unit.audit
    last = audit.last_entry_by(org, work.actor)
    entries = audit.passed_over(org, work.actor, 0 if last is None else last.entry)
    holds = [
        f"{money(hold.amount, work.organization.currency)} held for {hold.name}"
        for hold in work.unit.fast.open_holds(org, work.now)
        if hold.created_by == work.actor and (last is None or hold.created_at >= last.at)
    ]
    return [*(_in_words(work, [entry]) for entry in entries), *holds]


def _reverse(work: Work, change: int, lines: Lines) -> None:
    """Reverse ``lines``, which represent ``change``, the last one first."""
    _load()
    for line in lines:
        if line.action not in REVERSALS:
            reason = _WHY_NOT.get(line.action, "set it again instead")
            raise Refused(f"the last change ({_in_words(work, lines)}) cannot be undone", reason)
    closed = work.unit.audit.closed_since(work.organization.org_key, lines[0].change)
    if closed is not None:
        raise Refused(
            f"{closed} was closed since the last change ({_in_words(work, lines)})", "a closed period stays closed"
        )
    work.reverses = change
    for action, group in reversed(_grouped(lines)):
        REVERSALS[action](work, group)


def _load() -> None:
    for name in MODULES:
        import_module(f"budget_tui.services.{name}")


def _grouped(lines: Sequence[AuditEntry]) -> list[tuple[str, list[AuditEntry]]]:
    return [(action, list(group)) for action, group in groupby(lines, key=lambda line: line.action)]


def _in_words(work: Work, lines: Lines, gone: Mapping[str, str] | None = None) -> str:
    """Say what ``lines`` of one change did, with the names of today; ``gone`` are those of what is there no longer."""
    return change_in_words(lines, work.organization.currency, {**(gone or {}), **_names(work)})


def _names(work: Work) -> dict[str, str]:
    return {each.entity_id: each.name for each in work.unit.fast.entities(work.organization.org_key)}
