"""A what-if: allocations that nobody has stored, over the numbers as they are."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import BudgetSnapshot, SnapshotFacts

Amounts = Mapping[str, int]
"""Amounts in nanos, by project."""


class Moved(NamedTuple):
    """An amount that somebody changed since it was forked: a project's allocation, or ('') the global budget.

    ``after`` is None for a project that was archived.
    """

    project_id: str
    before: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Fork:
    """Allocations that were forked in a ``period``: what they were then (``base``), and the ``changes`` to them.

    ``budget`` was the global budget. ``earlier`` are the changes before each edit, the latest edit last; ``later``
    those that were taken back, to be made again.
    """

    period: Period
    budget: int
    base: Amounts
    changes: Amounts
    earlier: tuple[Amounts, ...] = ()
    later: tuple[Amounts, ...] = ()

    def allocation(self, project_id: str, current: int) -> int:
        """Return a project's forked allocation; ``current`` is that of one that was added since."""
        return self.changes.get(project_id, self.base.get(project_id, current))

    def added_to(self, projects: Container[str]) -> int:
        """Return the sum that the changes add to the allocations of ``projects``; negative if they take from them."""
        return sum(amount - self.base[name] for name, amount in self.changes.items() if name in projects)

    def changed(self, project_id: str, amount: int) -> "Fork":
        """Return the fork with another allocation; a change back to what it was is none."""
        changes = self._only_changes({**self.changes, project_id: amount})
        if changes == self.changes:
            return self
        return replace(self, changes=changes, earlier=(*self.earlier, self.changes), later=())

    def undone(self) -> "Fork":
        """Return the fork before its latest edit; itself without one."""
        if not self.earlier:
            return self
        *earlier, changes = self.earlier
        return replace(self, changes=changes, earlier=tuple(earlier), later=(*self.later, self.changes))

    def redone(self) -> "Fork":
        """Return the fork after the edit that was taken back last; itself without one."""
        if not self.later:
            return self
        *later, changes = self.later
        return replace(self, changes=changes, earlier=(*self.earlier, self.changes), later=tuple(later))

    def over(self, facts: SnapshotFacts) -> SnapshotFacts:
        """Return ``facts`` with the forked allocations."""
        projects = [
            project._replace(allocation=self.allocation(project.project_id, project.allocation))
            for project in facts.projects
        ]
        added = sum(project.allocation for project in projects) - sum(each.allocation for each in facts.projects)
        return replace(facts, projects=projects, allocated=facts.allocated + added)

    def moved(self, budget: int, allocations: Amounts) -> list[Moved]:
        """Return what differs by now: ``budget`` and ``allocations`` are what is stored."""
        found = [Moved("", self.budget, budget)] if budget != self.budget else []
        return found + [
            Moved(name, before, allocations.get(name))
            for name, before in self.base.items()
            if allocations.get(name) != before
        ]

    def joined_by(self, snapshot: BudgetSnapshot) -> "Fork":
        """Return the fork with the projects that were added since."""
        added = {name: amount for name, amount in allocations_of(snapshot).items() if name not in self.base}
        return replace(self, base={**self.base, **added}) if added else self

    def renewed(self, snapshot: BudgetSnapshot) -> "Fork":
        """Return a fork of what ``snapshot`` shows, with the same changes as far as they are any."""
        fork = forked(snapshot)
        changes, *earlier = (fork._only_changes(each) for each in (self.changes, *self.earlier))
        return replace(fork, changes=changes, earlier=tuple(earlier))

    def _only_changes(self, changes: Amounts) -> Amounts:
        return {name: each for name, each in changes.items() if name in self.base and self.base[name] != each}


def forked(snapshot: BudgetSnapshot) -> Fork:
    """Return a fork of the allocations that ``snapshot`` shows, without a change."""
    return Fork(snapshot.period, snapshot.total.allocation, allocations_of(snapshot), {})


def allocations_of(snapshot: BudgetSnapshot) -> dict[str, int]:
    """Return the allocation of each project."""
    return {line.project_id: line.pace.allocation for line in snapshot.projects}
