"""The dashboard as its screens and boxes know it: who reads for them, and carries out what they want done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from textual.app import App
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.config.settings import Settings

Result = TypeVar("Result")


class Dashboard(Protocol):
    """The app."""

    @property
    def services(self) -> Services: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def currency(self) -> str: ...

    @property
    def database_name(self) -> str: ...

    def is_new_database(self) -> bool:
        """Whether the database has yet to be made, which the first change does."""

    async def read(self, question: Callable[[Services], Result]) -> Result:
        """Ask the database something in the reader's thread. Raises what the question raises."""

    async def run_command(self, command: Callable[[Services], Result]) -> Result:
        """Run a command in the writer's thread, then show how things stand. Raises what the command raises."""

    async def ask(self, box: ModalScreen[Result]) -> Result | None:
        """Show a box and wait for its answer. To be called from a worker of the group `ASKING`."""

    def create_budget(self, entity_id: str) -> object:
        """Ask for a budget, at first of the entity of that id, and make it."""

    async def show_organization(self, slug: str, name: str) -> None:
        """Show another organization of the database, on the same screen."""


def dashboard_of(app: App[object]) -> Dashboard:
    """The app of a screen or box: they are shown by no other."""
    return cast(Dashboard, app)
