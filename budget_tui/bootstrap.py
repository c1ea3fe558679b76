"""The composition root: settings → context → services."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from budget_tui.config.paths import default_database, default_settings_file
from budget_tui.config.settings import Settings, load_settings, local_time_zone
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import Database as StoredDatabase

if TYPE_CHECKING:
    from budget_tui.services.agent_logs import AgentLogs
    from budget_tui.services.agents import Agents
    from budget_tui.services.alerts import Alerts
    from budget_tui.services.audit import AuditLog
    from budget_tui.services.backtests import Backtests
    from budget_tui.services.budgets import Budgets
    from budget_tui.services.cost_details import CostDetails
    from budget_tui.services.costs import Costs
    from budget_tui.services.cover import Cover
    from budget_tui.services.database import Database
    from budget_tui.services.deliveries import Deliveries
    from budget_tui.services.entities import Entities
    from budget_tui.services.explain import Explainer
    from budget_tui.services.forecasts import Forecasts
    from budget_tui.services.gate import Gate
    from budget_tui.services.history import History
    from budget_tui.services.holds import Holds
    from budget_tui.services.imports import Imports
    from budget_tui.services.keys import Keys
    from budget_tui.services.organizations import Organizations
    from budget_tui.services.period_rules import PeriodRules
    from budget_tui.services.periods import Periods
    from budget_tui.services.plan_files import PlanFiles
    from budget_tui.services.plan_views import PlanViews
    from budget_tui.services.plans import Plans
    from budget_tui.services.projects import Projects
    from budget_tui.services.rates import ExchangeRates
    from budget_tui.services.recurring import RecurringFees
    from budget_tui.services.seats import SeatRegister
    from budget_tui.services.snapshots import Snapshots
    from budget_tui.services.sources import Sources
    from budget_tui.services.token_prices import TokenPrices
    from budget_tui.services.transfers import Transfers
    from budget_tui.services.undo import Undo
    from budget_tui.services.what_if import WhatIf
    from budget_tui.storage.unit_of_work import Writers


Made = TypeVar("Made")


class _Service(Generic[Made]):
    """A service of `Services`, imported and made on first use, so that a command loads only what it uses."""

    def __init__(self, module: str, class_name: str) -> None:
        self._module, self._class_name = f"budget_tui.services.{module}", class_name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, services: Services | None, owner: type) -> Made:
        if services is None:  # `dataclass` asks the class for it
            raise AttributeError(self._name)
        made: Made = getattr(import_module(self._module), self._class_name)(services.context)
        # Later look-ups find it there. `setdefault`, so that all threads get the same one.
        first: Made = services.__dict__.setdefault(self._name, made)
        return first


@dataclass(frozen=True)
class Services:
    """The operations of the program, one attribute per noun."""

    context: Context
    settings: Settings

    snapshots: ClassVar[_Service[Snapshots]] = _Service("snapshots", "Snapshots")
    budgets: ClassVar[_Service[Budgets]] = _Service("budgets", "Budgets")
    projects: ClassVar[_Service[Projects]] = _Service("projects", "Projects")
    transfers: ClassVar[_Service[Transfers]] = _Service("transfers", "Transfers")
    costs: ClassVar[_Service[Costs]] = _Service("costs", "Costs")
    sources: ClassVar[_Service[Sources]] = _Service("sources", "Sources")
    imports: ClassVar[_Service[Imports]] = _Service("imports", "Imports")
    gate: ClassVar[_Service[Gate]] = _Service("gate", "Gate")
    holds: ClassVar[_Service[Holds]] = _Service("holds", "Holds")
    agent_logs: ClassVar[_Service[AgentLogs]] = _Service("agent_logs", "AgentLogs")
    agents: ClassVar[_Service[Agents]] = _Service("agents", "Agents")
    alerts: ClassVar[_Service[Alerts]] = _Service("alerts", "Alerts")
    deliveries: ClassVar[_Service[Deliveries]] = _Service("deliveries", "Deliveries")
    token_prices: ClassVar[_Service[TokenPrices]] = _Service("token_prices", "TokenPrices")
    fx: ClassVar[_Service[ExchangeRates]] = _Service("rates", "ExchangeRates")
    recurring: ClassVar[_Service[RecurringFees]] = _Service("recurring", "RecurringFees")
    seats: ClassVar[_Service[SeatRegister]] = _Service("seats", "SeatRegister")
    entities: ClassVar[_Service[Entities]] = _Service("entities", "Entities")
    organizations: ClassVar[_Service[Organizations]] = _Service("organizations", "Organizations")
    periods: ClassVar[_Service[Periods]] = _Service("periods", "Periods")
    period_rules: ClassVar[_Service[PeriodRules]] = _Service("period_rules", "PeriodRules")
    history: ClassVar[_Service[History]] = _Service("history", "History")
    audit: ClassVar[_Service[AuditLog]] = _Service("audit", "AuditLog")
    keys: ClassVar[_Service[Keys]] = _Service("keys", "Keys")
    undo: ClassVar[_Service[Undo]] = _Service("undo", "Undo")
    plans: ClassVar[_Service[Plans]] = _Service("plans", "Plans")
    plan_files: ClassVar[_Service[PlanFiles]] = _Service("plan_files", "PlanFiles")
    plan_views: ClassVar[_Service[PlanViews]] = _Service("plan_views", "PlanViews")
    explain: ClassVar[_Service[Explainer]] = _Service("explain", "Explainer")
    cover: ClassVar[_Service[Cover]] = _Service("cover", "Cover")
    what_if: ClassVar[_Service[WhatIf]] = _Service("what_if", "WhatIf")
    forecasts: ClassVar[_Service[Forecasts]] = _Service("forecasts", "Forecasts")
    backtests: ClassVar[_Service[Backtests]] = _Service("backtests", "Backtests")
    cost_details: ClassVar[_Service[CostDetails]] = _Service("cost_details", "CostDetails")
    database: ClassVar[_Service[Database]] = _Service("database", "Database")

    def of_organization(self, slug: str) -> Services:
        """Return the services of another organization in the same database."""
        return Services(replace(self.context, org_slug=slug), self.settings)

    def creating_if_missing(self) -> Services:
        """Return services that treat a missing database as an empty one, until the first change creates it."""
        if self.context.has_database:
            return self
        return Services(replace(self.context, is_new=True), self.settings)

    def lasting(self) -> Services:
        """Return services for a program that stays. It watches alerts in a thread of its own, so that changes do not
        evaluate them, and has somebody who waits, so that it does not wait for other writers as long as a command."""
        return Services(replace(self.context, on_change=None, patience=None), self.settings)

    def close(self) -> None:
        """Close the connections that are open."""
        self.close_readers()
        if self.context.writers is not None:
            self.context.writers.close()

    def close_readers(self) -> None:
        """Close the open read connections. Call it before the writers are closed, which removes the write-ahead log."""
        for name in ("snapshots", "agents", "plan_views", "cost_details", "forecasts", "backtests"):
            if name in self.__dict__:
                getattr(self, name).close()

    def import_for_writing(self) -> None:
        """Import the modules that every change needs, which takes a third of a second, before the first one."""
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


def _writers(database: StoredDatabase) -> Writers:
    from budget_tui.storage.unit_of_work import Writers

    return Writers(database)


def _user() -> str:
    """Return the user's name as the operating system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
