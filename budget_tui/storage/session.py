"""A session: all reads and writes of one transaction, with a repository per aggregate and the fast paths."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from budget_tui.storage.database.base import Connection
from budget_tui.storage.fast_paths import FastPaths

if TYPE_CHECKING:
    import sqlalchemy

    from budget_tui.storage.repositories.agent_logs import AgentLogRepository
    from budget_tui.storage.repositories.agents import AgentRepository
    from budget_tui.storage.repositories.alerts import AlertRepository
    from budget_tui.storage.repositories.api_keys import ApiKeyRepository
    from budget_tui.storage.repositories.audit import AuditRepository
    from budget_tui.storage.repositories.budgets import BudgetRepository
    from budget_tui.storage.repositories.cost_rules import CostRuleRepository
    from budget_tui.storage.repositories.costs import CostRepository
    from budget_tui.storage.repositories.datasets import DatasetRepository
    from budget_tui.storage.repositories.entities import EntityRepository
    from budget_tui.storage.repositories.estimates import EstimateRepository
    from budget_tui.storage.repositories.organizations import OrganizationRepository
    from budget_tui.storage.repositories.periods import PeriodRepository
    from budget_tui.storage.repositories.rates import RateRepository
    from budget_tui.storage.repositories.recurring import RecurringRepository
    from budget_tui.storage.repositories.seats import SeatRepository
    from budget_tui.storage.repositories.usage import UsageRepository

Made = TypeVar("Made")


class _Repository(Generic[Made]):
    """A repository of a `Session`, imported and made on first use."""

    def __init__(self, module: str, class_name: str) -> None:
        self._module, self._class_name = f"budget_tui.storage.repositories.{module}", class_name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, session: Session, owner: type) -> Made:
        made: Made = getattr(import_module(self._module), self._class_name)(session.sql)
        session.__dict__[self._name] = made  # later look-ups find it there
        return made


class Session:
    """The repositories over one connection. Each is loaded by its first use; the first one used loads SQLAlchemy.

    ``org`` is an organization's key; data of one organization is never given to another.
    """

    agent_logs: _Repository[AgentLogRepository] = _Repository("agent_logs", "AgentLogRepository")
    agents: _Repository[AgentRepository] = _Repository("agents", "AgentRepository")
    alerts: _Repository[AlertRepository] = _Repository("alerts", "AlertRepository")
    api_keys: _Repository[ApiKeyRepository] = _Repository("api_keys", "ApiKeyRepository")
    budgets: _Repository[BudgetRepository] = _Repository("budgets", "BudgetRepository")
    cost_rules: _Repository[CostRuleRepository] = _Repository("cost_rules", "CostRuleRepository")
    costs: _Repository[CostRepository] = _Repository("costs", "CostRepository")
    datasets: _Repository[DatasetRepository] = _Repository("datasets", "DatasetRepository")
    entities: _Repository[EntityRepository] = _Repository("entities", "EntityRepository")
    organizations: _Repository[OrganizationRepository] = _Repository("organizations", "OrganizationRepository")
    periods: _Repository[PeriodRepository] = _Repository("periods", "PeriodRepository")
    rates: _Repository[RateRepository] = _Repository("rates", "RateRepository")
    estimates: _Repository[EstimateRepository] = _Repository("estimates", "EstimateRepository")
    recurring: _Repository[RecurringRepository] = _Repository("recurring", "RecurringRepository")
    seats: _Repository[SeatRepository] = _Repository("seats", "SeatRepository")
    usage: _Repository[UsageRepository] = _Repository("usage", "UsageRepository")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.fast = FastPaths(connection)

    @cached_property
    def sql(self) -> sqlalchemy.Connection:
        from budget_tui.storage.engine import sqlalchemy_over

        return sqlalchemy_over(self.connection)

    @cached_property
    def audit(self) -> AuditRepository:
        from budget_tui.storage.repositories.audit import AuditRepository

        return AuditRepository(self.sql, self.connection)

    def begin_change(self) -> None:
        """Begin another change: later audit entries belong to it."""
        self.__dict__.pop("audit", None)

    def release(self) -> None:
        """Release SQLAlchemy's hold on the connection; the session is then over."""
        if "sql" in self.__dict__:
            self.sql.close()
