"""Every key that can be chosen in the settings: those of the screens, and of what is edited in or stands over them."""

from collections.abc import Mapping

from textual.binding import Binding

from budget_tui.domain.errors import Refused
from budget_tui.tui.app import BudgetApp, bindings_of, screen_classes
from budget_tui.tui.charts import DayChart
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.dialogs.confirm import ConfirmScreen
from budget_tui.tui.dialogs.cost_details import CostBox, CostGroupsScreen, CostLineScreen, CostTable
from budget_tui.tui.dialogs.cost_import import PathField
from budget_tui.tui.dialogs.cover import DonorTable
from budget_tui.tui.dialogs.details import DetailsScreen
from budget_tui.tui.dialogs.explain import ExplainScreen
from budget_tui.tui.dialogs.help import HelpScreen
from budget_tui.tui.dialogs.manual import ManualScreen
from budget_tui.tui.dialogs.recurring import FeesScreen, FeeTable
from budget_tui.tui.dialogs.unmapped import UnmappedTable
from budget_tui.tui.editing import CellEditor
from budget_tui.tui.fields import AmountField, Choice, FilterInput
from budget_tui.tui.lists import List, Page
from budget_tui.tui.picker import Picker
from budget_tui.tui.screens.budget.panel import TotalEditor
from budget_tui.tui.screens.history.closed_period import ClosedPeriodScreen
from budget_tui.tui.screens.plan.create import PlanCreateScreen
from budget_tui.tui.screens.plan.create_shares import PlanShares, ShareInput
from budget_tui.tui.screens.projects.screen import ProjectTable
from budget_tui.tui.table import Table


def check_keys(chosen: Mapping[str, str]) -> None:
    """Raise `Refused` if a key is chosen for an unknown binding, or two commands of a screen would share a key."""
    screens = [{str(binding.id): binding.key for binding in bindings} for bindings in bindings_of_screens()]
    known = {name for keys in screens for name in keys} | {binding.id for binding in bindings_of_editors()}
    for name in chosen:
        if name not in known:
            raise Refused(
                f"the settings give a key to '{name}', which does not exist",
                command="budget-tui manual keys-and-settings lists them",
            )
    for keys_of_screen in screens:
        _require_different(keys_of_screen, chosen)


def _require_different(keys_of_screen: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    taken = {key: name for name, keys in keys_of_screen.items() if name not in chosen for key in keys.split(",")}
    for name in filter(keys_of_screen.__contains__, chosen):
        for key in chosen[name].replace(" ", "").split(","):
            if taken.setdefault(key, name) != name:
                raise Refused(f"the settings give '{key}' to {name}, the key of {taken[key]}", "choose another")


def bindings_of_screens() -> list[list[Binding]]:
    """Return the bindings active on each screen, its own and the app's; no two may share a key."""
    return [bindings_of(BudgetApp, each, *each.WORKPLACES) for each in screen_classes()]


def bindings_of_editors() -> list[Binding]:
    """Return the bindings of editors and boxes, which are active only while these are open."""
    return bindings_of(
        Table,
        List,
        Page,
        Picker,
        PathField,
        UnmappedTable,
        DonorTable,
        FeeTable,
        FeesScreen,
        AmountField,
        CellEditor,
        TotalEditor,
        ProjectTable,
        FilterInput,
        BoxScreen,
        ConfirmScreen,
        HelpScreen,
        ManualScreen,
        ClosedPeriodScreen,
        DetailsScreen,
        ExplainScreen,
        DayChart,
        CostBox,
        CostTable,
        CostGroupsScreen,
        CostLineScreen,
        PlanCreateScreen,
        Choice,
        PlanShares,
        ShareInput,
    )
