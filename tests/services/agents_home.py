"""A household with agents, at any moment one likes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.tokens import AgentBudget
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from tests.databases import Address, lasting_writers
from tests.services.conftest import Home

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment(Clock):
    """A clock that stands still."""

    moment: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class AgentHome(Home):
    """What a user does with agents."""

    moment: datetime = NOON

    def later(self, **passed: int) -> "AgentHome":
        """The same database after a while."""
        return home_with_agents(self.address, self.moment + timedelta(**passed))

    def budget_of(self, agent: str = "scout") -> AgentBudget:
        try:
            return self.services.agents.get(agent)
        finally:
            self.services.agents.close()

    def counts(self, agent: str = "scout") -> tuple[int, int, int]:
        """Allocated, used, held."""
        budget = self.budget_of(agent)
        assert budget.available_tokens == budget.allocated_tokens - budget.used_tokens - budget.reserved_tokens
        return budget.allocated_tokens, budget.used_tokens, budget.reserved_tokens

    def by(self, actor: str) -> "AgentHome":
        """The same database in another person's hands."""
        return replace(self, services=Services(replace(self.services.context, actor=actor), Settings()))

    def in_organization(self, slug: str) -> "AgentHome":
        return replace(self, services=Services(replace(self.services.context, org_slug=slug), Settings()))


def home_with_agents(address: Address, moment: datetime = NOON, today: date | None = None) -> AgentHome:
    clock = Moment(today or moment.date(), moment)
    opened = database_at(address)
    context = Context(opened, "default", clock, "anna", writers=lasting_writers(opened))
    return AgentHome(Services(context, Settings()), moment)
