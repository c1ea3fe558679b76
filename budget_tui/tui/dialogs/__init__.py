"""Boxes over a screen. Each is loaded by its first use as `dialogs.transfer`, not before the first frame."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budget_tui.tui.dialogs import (
        agent_logs,
        alert_form,
        carry,
        close,
        confirm,
        cost_details,
        cost_import,
        cover,
        explain,
        help,  # noqa: A004
        manual,
        organizations,
        period_settings,
        project_form,
        record_cost,
        recurring,
        transfer,
        unmapped,
    )

__all__ = [
    "agent_logs",
    "alert_form",
    "carry",
    "close",
    "confirm",
    "cost_details",
    "cost_import",
    "cover",
    "explain",
    "help",
    "manual",
    "organizations",
    "period_settings",
    "project_form",
    "record_cost",
    "recurring",
    "transfer",
    "unmapped",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(name)
