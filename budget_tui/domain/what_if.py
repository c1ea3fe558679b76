"""A what-if: allocations that nobody has stored, over the numbers as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from budget_tui.domain.snapshot import BudgetSnapshot, SnapshotFacts


@dataclass(frozen=True, slots=True)
class Fork:
    """Allocations that were forked, in nanos by project: what they were then (``base``), and the ``changes`` to them.

    ``budget`` was the global budget.
    """

    budget: int
    base: Mapping[str, int]
    changes: Mapping[str, int]

    def allocation(self, project_id: str, current: int) -> int:
        """Return a project's forked allocation; ``current`` is that of one that was added since."""
        return self.changes.get(project_id, self.base.get(project_id, current))

    def changed(self, project_id: str, amount: int) -> "Fork":
        """Return the fork with another allocation; a change back to what it was is none."""
        changes = {**self.changes, project_id: amount}
        return replace(self, changes={name: each for name, each in changes.items() if self.base.get(name) != each})

    def over(self, facts: SnapshotFacts) -> SnapshotFacts:
        """Return ``facts`` with the forked allocations."""
        projects = [
            project._replace(allocation=self.allocation(project.project_id, project.allocation))
            for project in facts.projects
        ]
        added = sum(project.allocation for project in projects) - sum(each.allocation for each in facts.projects)
        return replace(facts, projects=projects, allocated=facts.allocated + added)


def forked(snapshot: BudgetSnapshot, changes: Mapping[str, int] | None = None) -> Fork:
    """Return a fork of the allocations that ``snapshot`` shows, with those of ``changes`` that are any."""
    base = {line.project_id: line.pace.allocation for line in snapshot.projects}
    known = {name: amount for name, amount in (changes or {}).items() if base.get(name, amount) != amount}
    return Fork(snapshot.total.allocation, base, known)
