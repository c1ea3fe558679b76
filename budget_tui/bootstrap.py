"""The composition root: settings → context → services."""

import getpass
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from budget_tui.config.paths import default_database, default_settings_file
from budget_tui.config.settings import Settings, load_settings, local_time_zone
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import Database as StoredDatabase

if TYPE_CHECKING:
    from budget_tui.services.agents import Agents
    from budget_tui.services.audit import AuditLog
    from budget_tui.services.budgets import Budgets
    from budget_tui.services.cost_details import CostDetails
    from budget_tui.services.costs import Costs
    from budget_tui.services.database import Database
    from budget_tui.services.entities import Entities
    from budget_tui.services.explain import Explainer
    from budget_tui.services.history import History
    from budget_tui.services.imports import Imports
    from budget_tui.services.keys import Keys
    from budget_tui.services.organizations import Organizations
    from budget_tui.services.period_rules import PeriodRules
    from budget_tui.services.periods import Periods
    from budget_tui.services.plan_views import PlanViews
    from budget_tui.services.plans import Plans
    from budget_tui.services.projects import Projects
    from budget_tui.services.rates import ExchangeRates
    from budget_tui.services.seats import SeatRegister
    from budget_tui.services.snapshots import Snapshots
    from budget_tui.services.sources import Sources
    from budget_tui.services.token_prices import TokenPrices
    from budget_tui.services.transfers import Transfers
    from budget_tui.services.undo import Undo
    from budget_tui.storage.unit_of_work import Writers


@dataclass(frozen=True)
class Services:
    """The operations of the program, one attribute per noun; each service is imported on first use."""

    context: Context
    settings: Settings

    @cached_property
    def snapshots(self) -> "Snapshots":
        from budget_tui.services.snapshots import Snapshots

        return Snapshots(self.context)

    @cached_property
    def budgets(self) -> "Budgets":
        from budget_tui.services.budgets import Budgets

        return Budgets(self.context)

    @cached_property
    def projects(self) -> "Projects":
        from budget_tui.services.projects import Projects

        return Projects(self.context)

    @cached_property
    def transfers(self) -> "Transfers":
        from budget_tui.services.transfers import Transfers

        return Transfers(self.context)

    @cached_property
    def costs(self) -> "Costs":
        from budget_tui.services.costs import Costs

        return Costs(self.context)

    @cached_property
    def sources(self) -> "Sources":
        from budget_tui.services.sources import Sources

        return Sources(self.context)

    @cached_property
    def imports(self) -> "Imports":
        from budget_tui.services.imports import Imports

        return Imports(self.context)

    @cached_property
    def agents(self) -> "Agents":
        from budget_tui.services.agents import Agents

        return Agents(self.context)

    @cached_property
    def token_prices(self) -> "TokenPrices":
        from budget_tui.services.token_prices import TokenPrices

        return TokenPrices(self.context)

    @cached_property
    def fx(self) -> "ExchangeRates":
        from budget_tui.services.rates import ExchangeRates

        return ExchangeRates(self.context)

    @cached_property
    def seats(self) -> "SeatRegister":
        from budget_tui.services.seats import SeatRegister

        return SeatRegister(self.context)

    @cached_property
    def entities(self) -> "Entities":
        from budget_tui.services.entities import Entities

        return Entities(self.context)

    @cached_property
    def organizations(self) -> "Organizations":
        from budget_tui.services.organizations import Organizations

        return Organizations(self.context)

    @cached_property
    def periods(self) -> "Periods":
        from budget_tui.services.periods import Periods

        return Periods(self.context)

    @cached_property
    def period_rules(self) -> "PeriodRules":
        from budget_tui.services.period_rules import PeriodRules

        return PeriodRules(self.context)

    @cached_property
    def history(self) -> "History":
        from budget_tui.services.history import History

        return History(self.context)

    @cached_property
    def audit(self) -> "AuditLog":
        from budget_tui.services.audit import AuditLog

        return AuditLog(self.context)

    @cached_property
    def keys(self) -> "Keys":
        from budget_tui.services.keys import Keys

        return Keys(self.context)

    @cached_property
    def undo(self) -> "Undo":
        from budget_tui.services.undo import Undo

        return Undo(self.context)

    @cached_property
    def plans(self) -> "Plans":
        from budget_tui.services.plans import Plans

        return Plans(self.context)

    @cached_property
    def plan_views(self) -> "PlanViews":
        from budget_tui.services.plan_views import PlanViews

        return PlanViews(self.context)

    @cached_property
    def explain(self) -> "Explainer":
        from budget_tui.services.explain import Explainer

        return Explainer(self.context)

    @cached_property
    def cost_details(self) -> "CostDetails":
        from budget_tui.services.cost_details import CostDetails

        return CostDetails(self.context)

    @cached_property
    def database(self) -> "Database":
        from budget_tui.services.database import Database

        return Database(self.context)

    def of_organization(self, slug: str) -> "Services":
        """Return the services of another organization in the same database."""
        return Services(replace(self.context, org_slug=slug), self.settings)

    def from_nothing(self) -> "Services":
        """Return services that treat a missing database as an empty one, until the first change creates it."""
        if self.context.has_database:
            return self
        return Services(replace(self.context, is_new=True), self.settings)

    def close(self) -> None:
        """Close the connections that are open."""
        self.close_readers()
        if self.context.writers is not None:
            self.context.writers.close()

    def close_readers(self) -> None:
        """Close the open read connections. Close writers last: that removes the write-ahead log."""
        for name in ("snapshots", "agents", "plan_views", "cost_details"):
            if name in self.__dict__:
                getattr(self, name).close()

    def load_commands(self) -> None:
        """Import the modules that every command needs, which takes a third of a second, before the first command."""
        for name in ("budget_tui.services.budgets", "budget_tui.storage.unit_of_work"):
            import_module(name)


def open_services(
    database: str = "",
    organization: str = "",
    as_of: date | None = None,
    settings: Settings | None = None,
    *,
    keep_open: bool = False,
) -> Services:
    """Return the services over ``database`` (a path or a URL) for ``organization``; '' takes the setting's.

    With ``keep_open``, write connections stay open until `Services.close`, for programs that write repeatedly.
    """
    settings = settings if settings is not None else load_settings(default_settings_file())
    location = database or settings.database
    opened = database_at(location or default_database())
    context = Context(
        database=opened,
        org_slug=organization or settings.organization,
        clock=Clock(as_of),
        actor=_user(),
        new_currency=settings.currency,
        new_time_zone=settings.time_zone or local_time_zone(),
        writers=_writers(opened) if keep_open else None,
        new_period=(settings.period, settings.anchor, settings.fiscal_start),
    )
    return Services(context, settings)


def _writers(database: StoredDatabase) -> "Writers":
    from budget_tui.storage.unit_of_work import Writers

    return Writers(database)


def _user() -> str:
    """Return the user's name as the operating system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
