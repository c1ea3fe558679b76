"""Models of the JSON requests and responses, shared by all interfaces.

Each module is loaded by its first use as `schemas.plan`: they need pydantic, for which a table on a terminal would
wait a tenth of a second.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budget_tui.schemas import (
        agent_logs,
        agents,
        alerts,
        audit,
        base,
        costs,
        cover,
        explain,
        forecast,
        gate,
        hierarchy,
        holds,
        manual,
        periods,
        plain,
        plan,
        plan_file,
        problem,
        recurring,
        status,
    )

__all__ = [
    "agent_logs",
    "agents",
    "alerts",
    "audit",
    "base",
    "costs",
    "cover",
    "explain",
    "forecast",
    "gate",
    "hierarchy",
    "holds",
    "manual",
    "periods",
    "plain",
    "plan",
    "plan_file",
    "problem",
    "recurring",
    "status",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(name)
