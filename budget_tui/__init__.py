"""budget-tui: decide from a terminal where a month's money goes, and see in time where it is going."""

__version__ = "0.2.0"
__all__ = ["BudgetService"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from budget_tui.budget_service import BudgetService


def __getattr__(name: str) -> object:
    """Import `BudgetService` on first access, as the command line imports this package first."""
    if name != "BudgetService":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module("budget_tui.budget_service").BudgetService
