"""The interface of the dashboard's app that its screens and boxes use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from budget_tui.bootstrap import Services
    from budget_tui.config.settings import Settings
    from budget_tui.domain.snapshot import BudgetSnapshot

Result = TypeVar("Result")


class Dashboard(Protocol):
    """The dashboard's app: it reads the database and runs commands for the screens."""

    @property
    def services(self) -> Services: ...

    @property
    def snapshot(self) -> BudgetSnapshot | None:
        """The latest numbers; None until they are read."""

    @property
    def settings(self) -> Settings: ...

    @property
    def currency(self) -> str: ...

    @property
    def database_name(self) -> str: ...

    unsaved: str
    """The changes that quitting would forget, in words; '' if there are none."""

    def is_new_database(self) -> bool:
        """Return whether the database does not exist yet; the first change creates it."""

    async def read(self, query: Callable[[Services], Result]) -> Result:
        """Run a query in the reader's thread; raises whatever ``query`` raises."""

    async def rest(self) -> None:
        """Wait for as long as a cursor has to rest before what its row stands for is read and drawn."""

    async def run_command(self, command: Callable[[Services], Result]) -> Result:
        """Run a command in the writer's thread, then read the snapshot again; raises whatever ``command`` raises."""

    async def has_projects(self) -> bool:
        """Return whether there are projects; without one, ask for the first. Call it from a worker of `ASKING`."""

    async def ask(self, box: ModalScreen[Result]) -> Result | None:
        """Show a box and return its result, None if it was cancelled. Call it from a worker of the group `ASKING`."""

    def notify(self, message: str, *, severity: SeverityLevel = "information", markup: bool = True) -> None:
        """Report a message in the notice line of the screen below all boxes."""

    def create_budget(self, entity_id: str) -> object:
        """Open the form for a new budget, with the entity ``entity_id`` preselected, and create the budget."""

    async def show_organization(self, slug: str, name: str) -> None:
        """Show another organization of the database, on the same screen."""


def dashboard_of(app: App[object]) -> Dashboard:
    """Return the app of a screen or box as a `Dashboard`; no other app shows these."""
    return cast(Dashboard, app)


def title_with_key(owner: DOMNode, binding_id: str, title: str) -> Content:
    """Return the title of a frame after the key of a command that ``owner`` binds, which opens what the frame shows."""
    return Content.assemble((key_of(owner, binding_id), "bold $accent"), f" {title}") if title else Content("")


def key_of(owner: DOMNode, binding_id: str) -> str:
    """Return the key of a command that ``owner`` binds, as labelled on the keyboard; the settings may have changed it.

    Of several keys, it is the first.
    """
    app = owner.app
    bindings = (each for base in type(owner).__mro__ for each in vars(base).get("BINDINGS", ()))
    bound = next(each for each in bindings if isinstance(each, Binding) and each.id == binding_id)
    key, *_ = dashboard_of(app).settings.keys.get(binding_id, bound.key).split(",")
    return app.get_key_display(Binding(key.strip(), "", ""))
