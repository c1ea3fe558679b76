"""What the modal screens share: a titled box, a line for refusals, Esc to leave."""

from typing import TYPE_CHECKING, TypeVar, cast

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from budget_tui.tui.app import BudgetApp

Result = TypeVar("Result")


class BoxScreen(ModalScreen[Result]):
    """A box over the screen. Its last line is ``#refusal``, hidden until something is refused."""

    BINDINGS = [Binding("escape", "leave", "Leave", id="box.leave", tooltip="Leave without doing anything")]

    @property
    def dashboard(self) -> "BudgetApp":
        return cast("BudgetApp", self.app)

    def action_leave(self) -> None:
        self.dismiss(None)

    def refuse(self, why: str) -> None:
        """Say in the box why it was not done; what was entered stays."""
        refusal = self.query_one("#refusal", Static)
        refusal.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        refusal.display = bool(why)
