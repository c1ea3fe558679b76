"""The endpoints, one file per noun."""

from fastapi import APIRouter

from budget_tui.api.routes import (
    agents,
    alerts,
    budget,
    entities,
    gate,
    holds,
    log,
    periods,
    plans,
    projects,
    recurring,
)

ROUTERS: tuple[APIRouter, ...] = (
    agents.router,
    budget.router,
    projects.router,
    gate.router,
    holds.router,
    alerts.router,
    periods.router,
    plans.router,
    entities.router,
    recurring.router,
    log.router,
)
"""Searched in this order for a path: the most frequently called come first."""
