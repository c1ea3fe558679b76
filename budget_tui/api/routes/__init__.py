"""The endpoints, one file per noun."""

from fastapi import APIRouter

from budget_tui.api.routes import agents, budget, periods, projects

ROUTERS: tuple[APIRouter, ...] = (budget.router, projects.router, agents.router, periods.router)
