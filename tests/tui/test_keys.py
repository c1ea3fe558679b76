"""Keys: each has an id and a tooltip, can be given another key, acts in its order, and is in the palette."""

import importlib
import inspect
import pkgutil
from itertools import chain

import pytest
from textual import events
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode

import budget_tui.tui
from budget_tui.bootstrap import Services
from budget_tui.domain.errors import Refused
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.chrome import SCREENS
from budget_tui.tui.dialogs.project_form import ProjectFormScreen
from budget_tui.tui.dialogs.transfer import TransferScreen
from budget_tui.tui.editing import EditableRows
from budget_tui.tui.key_bindings import bindings_of_editors, bindings_of_screens, check_keys
from budget_tui.tui.monitor import MonitorApp
from budget_tui.tui.screens.budget.screen import GlobalBudgetScreen
from budget_tui.tui.screens.projects.screen import ProjectsScreen
from tests.tui.conftest import OpenDashboard, OpenServices
from tests.tui.driving import WIDE, Dashboard, allocation_of, stored, units


def owners() -> list[type[DOMNode]]:
    """Every class of ours that declares bindings."""
    found: dict[str, type[DOMNode]] = {}
    for module in pkgutil.walk_packages(budget_tui.tui.__path__, "budget_tui.tui."):
        for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if value.__module__.startswith("budget_tui.") and vars(value).get("BINDINGS"):
                found[name] = value
    return list(found.values())


def declared(*classes: type[DOMNode]) -> list[Binding]:
    bindings = [binding for owner in classes for binding in vars(owner)["BINDINGS"]]
    assert all(isinstance(binding, Binding) for binding in bindings)
    return bindings


def commands(dashboard: Dashboard) -> dict[str, str]:
    """The palette's commands and their help."""
    return {command.title: command.help for command in dashboard.app.get_system_commands(dashboard.app.screen)}


def test_every_key_is_a_binding_with_id_and_tooltip_and_no_id_twice() -> None:
    classes = owners()
    assert {BudgetApp, GlobalBudgetScreen, ProjectsScreen, EditableRows, MonitorApp} <= set(classes)
    for binding in declared(*classes):
        assert binding.id, binding
        assert binding.tooltip, binding
        assert binding.tooltip != binding.description
    ids = [binding.id for binding in declared(*(owner for owner in classes if owner is not MonitorApp))]
    assert sorted(ids) == sorted(set(ids))
    known = {binding.id for binding in chain(*bindings_of_screens(), bindings_of_editors())}
    assert set(ids) == known, "and the settings know them all"


def test_no_key_is_handled_beside_the_bindings() -> None:
    for owner in owners():
        assert not [name for name in vars(owner) if name.startswith("key_")], owner


async def test_screens_by_number_and_by_turning(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        modes = [mode for _, mode, _ in SCREENS]
        for key, mode, name in SCREENS:
            await dashboard.keys(key)
            assert dashboard.app.current_mode == mode
            assert f" {key} {name} " in dashboard.lines[0]
        await dashboard.app.switch_mode(modes[0])
        for mode in (*modes[1:], modes[0]):
            await dashboard.keys("]")
            assert dashboard.app.current_mode == mode
        await dashboard.keys("[")
        assert dashboard.app.current_mode == modes[-1]


async def test_screens_by_a_click_on_the_first_line(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.pilot.click(offset=(dashboard.lines[0].index("Projects") + 2, 0))
        await dashboard.settled()
        assert isinstance(dashboard.app.screen, ProjectsScreen)


async def test_a_click_on_a_key_is_that_key(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        bottom = dashboard.lines[-1]
        await dashboard.pilot.click(offset=(bottom.index("Transfer") + 2, len(dashboard.lines) - 1))
        await dashboard.settled()
        assert isinstance(dashboard.app.screen, TransferScreen)


async def test_the_last_line_names_the_keys_of_what_has_the_focus(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        for text in ("e Edit", "t Transfer", "i Import", "? Help", "^p palette"):
            assert text in dashboard.lines[-1]
        await dashboard.keys("2")
        for text in ("Edit", "a Add", "/ Filter", "s Sort"):
            assert text in dashboard.lines[-1]
        await dashboard.keys("e")
        assert "esc Cancel" in dashboard.lines[-1]
        assert "a Add" not in dashboard.lines[-1]


@pytest.mark.parametrize("mode", ["budget", "projects"])
async def test_help_says_what_each_key_does(
    open_dashboard: OpenDashboard, services_on: OpenServices, mode: str
) -> None:
    services = services_on(keys={"transfer": "ctrl+t"})
    async with open_dashboard(services, mode=mode, size=(110, 60)) as dashboard:
        before = dashboard.text
        for leave in ("?", "escape"):
            await dashboard.keys("?")
            own = declared(ProjectsScreen, EditableRows) if mode == "projects" else declared(GlobalBudgetScreen)
            for binding in (*declared(BudgetApp), *own):
                assert binding.tooltip in dashboard.text
            assert "^t" in dashboard.line_with("Move allocation between projects and the pool")
            await dashboard.keys(leave)
            assert dashboard.text == before


async def test_keys_can_be_given_other_keys(open_dashboard: OpenDashboard, services_on: OpenServices) -> None:
    keys = {
        "transfer": "X,ctrl+t",
        "budget.edit": "c",
        "budget.leave": "ctrl+g",
        "allocation.more": "v",
        "allocation.leave": "ctrl+g",
        "allocation.take": "ctrl+s",
        "plan.filter": "f9,f",
        "help.manual": "f8",
        "help.leave": "ctrl+g",
    }
    services = services_on(keys=keys)
    async with open_dashboard(services) as dashboard:
        await dashboard.keys("?")
        assert "f8 manual · ^g closes" in dashboard.text, "so do frames"
        await dashboard.keys("ctrl+g")
        await dashboard.keys("t")
        assert isinstance(dashboard.app.screen, GlobalBudgetScreen)
        for key in ("X", "ctrl+t"):
            await dashboard.keys(key)
            assert isinstance(dashboard.app.screen, TransferScreen)
            await dashboard.keys("escape")
        await dashboard.keys("e")
        assert not dashboard.field("total").display
        await dashboard.keys("c", "=", *"7", "escape")
        assert dashboard.field("total").display, "escape has been moved away"
        await dashboard.keys("ctrl+g")
        assert not dashboard.field("total").display
        await dashboard.keys("2", "!", "g", "v", "ctrl+s", "v", "ctrl+s", "down", "=", *"99", "ctrl+s")
        assert dashboard.editor_text is None
        await dashboard.keys("e", "ctrl+g")
        assert dashboard.editor_text is None
        await dashboard.keys("4")
        assert "f9 filter  C category" in dashboard.text, "hints name the keys that were chosen"
    assert allocation_of(services, "pcc") == units(170)
    assert allocation_of(services, "videonest-api") == units(99)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"transfre": "X"}, "'transfre', which does not exist"),
        ({"transfer": "e"}, "'e' to transfer, the key of budget.edit"),
        ({"transfer": "X", "help": "f1, X"}, "'X' to help, the key of transfer"),
    ],
)
def test_keys_that_cannot_be_are_refused(keys: dict[str, str], told: str) -> None:
    with pytest.raises(Refused) as refused:
        check_keys(keys)
    assert told in str(refused.value)


def test_keys_that_change_places_are_taken() -> None:
    check_keys({"transfer": "i", "cost.import": "t", "allocation.leave": "ctrl+g"})


# Order


async def test_what_follows_the_key_of_a_form_goes_into_the_form(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        # d archives, r renames, t transfers, q quits: all of them are letters of this name
        await dashboard.keys("a", *"Dart Q", "tab", "tab", *"5", "enter")
        assert dashboard.names[-1] == "dart-q"
    assert allocation_of(services, "dart-q") == units(5)


async def test_a_whole_session_in_one_burst(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("e", *"650", "enter", "2", "e", *"170", "tab", *"110", "enter", "/", *"dan", "enter")
        await dashboard.keys("+", "enter", "+", "enter")
        assert dashboard.names == ["dandelion"]
    assert stored(services).total.allocation == units(650)
    wanted = {"pcc": 110, "videonest-api": 120, "python-api": 170, "dandelion": 70}
    assert {name: allocation_of(services, name) for name in wanted} == {k: units(v) for k, v in wanted.items()}


async def test_one_box_at_a_time(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("t", "t", "t")
        assert len(dashboard.app.screen_stack) == 2
        assert dashboard.field("amount").value == "tt"


async def test_ctrl_c_copies_what_is_selected_else_leaves_the_box(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("t", *"12", "shift+home", "ctrl+c")
        assert isinstance(dashboard.app.screen, TransferScreen)
        assert dashboard.app.clipboard == "12"
        for box in (("end",), ("?",), ("l",), ("x",), ("d",), ("a", *"New")):
            await dashboard.keys(*box, "ctrl+c")
            assert len(dashboard.app.screen_stack) == 1, box
            assert dashboard.app.is_running
        await dashboard.keys("ctrl+c")
        await dashboard.until(lambda: dashboard.app._exit)


async def test_leaving_with_other_keys_before_and_behind(open_dashboard: OpenDashboard) -> None:
    for keys in (
        ["q"],
        ["ctrl+q"],
        ["ctrl+c"],
        ["2", "q"],
        ["t", "escape", "q", "q"],
        ["2", "+", "escape", "q", "2", "t", "5"],
    ):
        async with open_dashboard(mode="budget") as dashboard:
            for key in keys:
                dashboard.press(key)
            await dashboard.until(lambda: dashboard.app._exit)


@pytest.mark.parametrize("size", [(2, 2), (6, 40), (9, 3), (120, 40)])
@pytest.mark.parametrize("keys", [("ctrl+p", "pagedown"), ("O", "pagedown", "pageup"), ("t", "enter", "pagedown")])
async def test_pages_of_a_list_that_is_not_drawn(
    open_dashboard: OpenDashboard, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async with open_dashboard(size=size) as dashboard:
        await dashboard.keys(*keys, "end", "pageup", *"s", "pagedown", "down")
        await dashboard.keys("escape", "escape", "escape")
        await dashboard.until(lambda: len(dashboard.app.screen_stack) == 1)


async def test_the_palette_comes_again_as_soon_as_it_was_left(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys(*["ctrl+p", "escape"] * 3, "ctrl+p", "ctrl+p", "O")
        assert isinstance(dashboard.app.screen, CommandPalette)
        assert len(dashboard.app.screen_stack) == 2


async def test_keys_behind_the_end_do_nothing(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        for key in ("2", "t", "escape", "q", "ctrl+p", "escape", "e", "5"):
            dashboard.press(key)
        await dashboard.until(lambda: dashboard.app._exit)
        await dashboard.app._give_up(events.Key("5", "5"))


# The palette


async def test_the_palette_holds_every_action_of_both_screens(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        offered = commands(dashboard)
        for binding in declared(BudgetApp, GlobalBudgetScreen, ProjectsScreen):
            assert binding.tooltip in offered
        for binding in declared(EditableRows):
            assert binding.tooltip in offered
        assert "bracket" not in " ".join(offered.values()), "keys are named as they are everywhere"


async def test_a_key_of_another_screen_is_told_with_that_screen(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="agents") as dashboard:
        offered = commands(dashboard)
        assert offered["Add an agent to a project"] == "Add · a"
        assert offered["Add a project"] == "Add · a on Projects"
        assert offered["Create a budget, or allocate from the top down"] == "Add · a on Plan"
        assert offered["Explain these numbers"] == "Explain · x"
        assert offered["Hide what was allocated from it"] == "Close · ← or h on Plan"


async def test_over_a_box_the_palette_has_no_command_of_the_screen_below(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", keys="t") as dashboard:
        await dashboard.keys("ctrl+p")
        await dashboard.typed("Sort by the next column")
        await dashboard.until(lambda: "No matches found" in dashboard.text)
        await dashboard.keys("enter", "escape")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, TransferScreen))
        assert "Archive the project; its costs are kept" not in commands(dashboard)
        await dashboard.keys("escape")
        assert "Archive the project; its costs are kept" in commands(dashboard)


async def test_the_palette_finds_a_theme_by_its_name(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("ctrl+p")
        await dashboard.typed("budget-light")
        await dashboard.until(lambda: "Change the theme" in dashboard.text)
        await dashboard.keys("enter")
        await dashboard.until(lambda: dashboard.app.theme == "budget-light")


async def test_a_command_of_the_other_screen_goes_there(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        await dashboard.keys("ctrl+p")
        await dashboard.typed("Add a project")
        await dashboard.until(
            lambda: "Add a project" in dashboard.lines[-1] or dashboard.text.count("Add a project") > 1
        )
        await dashboard.keys("enter")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, ProjectFormScreen))
        assert dashboard.app.current_mode == "projects"


async def test_a_command_on_the_table_acts_on_it(open_dashboard: OpenDashboard, services: Services) -> None:
    async with open_dashboard() as dashboard:
        command = next(
            command
            for command in dashboard.app.get_system_commands(dashboard.app.screen)
            if command.title == "Increase by one step"
        )
        await command.callback()
        await dashboard.settled()
        assert dashboard.editor_text == "+10"
        await dashboard.keys("enter")
    assert allocation_of(services, "python-api") == units(110)


async def test_a_key_typed_before_the_first_numbers_are_there_is_not_lost(services: Services) -> None:
    app = BudgetApp(services)
    async with app.run_test(size=WIDE) as pilot:
        dashboard = Dashboard(app, pilot)
        assert app.snapshot is None
        for key in ("e", *"650"):
            dashboard.press(key)
        app.reload()  # which otherwise waits for the first frame, that is drawn when the keys are done
        await dashboard.until(lambda: app.snapshot is not None)
        await dashboard.settled()
        assert dashboard.field("total").value == "650"
