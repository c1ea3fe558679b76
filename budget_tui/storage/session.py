"""A session: all reads and writes of one transaction, with a repository per aggregate and the fast paths."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from budget_tui.storage.database.base import Connection
from budget_tui.storage.fast_paths import FastPaths

if TYPE_CHECKING:
    import sqlalchemy

    from budget_tui.storage.repositories.agents import AgentRepository
    from budget_tui.storage.repositories.api_keys import ApiKeyRepository
    from budget_tui.storage.repositories.audit import AuditRepository
    from budget_tui.storage.repositories.budgets import BudgetRepository
    from budget_tui.storage.repositories.cost_rules import CostRuleRepository
    from budget_tui.storage.repositories.costs import CostRepository
    from budget_tui.storage.repositories.datasets import DatasetRepository
    from budget_tui.storage.repositories.entities import EntityRepository
    from budget_tui.storage.repositories.organizations import OrganizationRepository
    from budget_tui.storage.repositories.periods import PeriodRepository
    from budget_tui.storage.repositories.rates import RateRepository
    from budget_tui.storage.repositories.seats import SeatRepository
    from budget_tui.storage.repositories.usage import UsageRepository


class Session:
    """The repositories over one connection. Each is loaded by its first use; the first one used loads SQLAlchemy.

    ``org`` is an organization's key; data of one organization is never given to another.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.fast = FastPaths(connection)

    @cached_property
    def _sql(self) -> sqlalchemy.Connection:
        from budget_tui.storage.engine import sqlalchemy_over

        return sqlalchemy_over(self.connection)

    @cached_property
    def agents(self) -> AgentRepository:
        from budget_tui.storage.repositories.agents import AgentRepository

        return AgentRepository(self._sql)

    @cached_property
    def api_keys(self) -> ApiKeyRepository:
        from budget_tui.storage.repositories.api_keys import ApiKeyRepository

        return ApiKeyRepository(self._sql)

    @cached_property
    def audit(self) -> AuditRepository:
        from budget_tui.storage.repositories.audit import AuditRepository

        return AuditRepository(self._sql, self.connection)

    @cached_property
    def budgets(self) -> BudgetRepository:
        from budget_tui.storage.repositories.budgets import BudgetRepository

        return BudgetRepository(self._sql)

    @cached_property
    def cost_rules(self) -> CostRuleRepository:
        from budget_tui.storage.repositories.cost_rules import CostRuleRepository

        return CostRuleRepository(self._sql)

    @cached_property
    def costs(self) -> CostRepository:
        from budget_tui.storage.repositories.costs import CostRepository

        return CostRepository(self._sql)

    @cached_property
    def datasets(self) -> DatasetRepository:
        from budget_tui.storage.repositories.datasets import DatasetRepository

        return DatasetRepository(self._sql)

    @cached_property
    def entities(self) -> EntityRepository:
        from budget_tui.storage.repositories.entities import EntityRepository

        return EntityRepository(self._sql)

    @cached_property
    def organizations(self) -> OrganizationRepository:
        from budget_tui.storage.repositories.organizations import OrganizationRepository

        return OrganizationRepository(self._sql)

    @cached_property
    def periods(self) -> PeriodRepository:
        from budget_tui.storage.repositories.periods import PeriodRepository

        return PeriodRepository(self._sql)

    @cached_property
    def rates(self) -> RateRepository:
        from budget_tui.storage.repositories.rates import RateRepository

        return RateRepository(self._sql)

    @cached_property
    def seats(self) -> SeatRepository:
        from budget_tui.storage.repositories.seats import SeatRepository

        return SeatRepository(self._sql)

    @cached_property
    def usage(self) -> UsageRepository:
        from budget_tui.storage.repositories.usage import UsageRepository

        return UsageRepository(self._sql)

    def begin_change(self) -> None:
        """Begin another change: later audit entries belong to it."""
        self.__dict__.pop("audit", None)

    def release(self) -> None:
        """Release SQLAlchemy's hold on the connection; the session is then over."""
        if "_sql" in self.__dict__:
            self._sql.close()
