"""What the modal screens share: a titled box, a line for refusals, two buttons, Esc to leave."""

from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from budget_tui.domain.errors import BudgetError
from budget_tui.tui.dashboard import Dashboard, dashboard_of
from budget_tui.tui.key_queue import ANSWERING
from budget_tui.tui.theme import StyledScreen

Result = TypeVar("Result")


class BoxScreen(StyledScreen[Result], ModalScreen[Result]):
    """A box over the screen, dismissed with what `answer` returns, or with None when it is left.

    While an answer is under way nothing is submitted again and the box is not left: what was done is always told.
    """

    BINDINGS = [Binding("escape", "leave", "Cancel", id="box.leave", tooltip="Close without doing anything")]
    BOX_CLASSES: ClassVar[str] = "box"

    def __init__(self, title: str, submit: str) -> None:
        super().__init__()
        self._title = title
        self._submit = submit
        self._is_answering = False

    @property
    def dashboard(self) -> Dashboard:
        return dashboard_of(self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes=self.BOX_CLASSES) as box:
            box.border_title = Content(self._title)
            yield from self.compose_fields()
            yield Static(id="refusal")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield from self.compose_buttons()
                yield Button(Content(self._submit), id="submit", variant="primary", compact=True)

    def compose_fields(self) -> ComposeResult:
        """What stands above the buttons."""
        yield from ()

    def compose_buttons(self) -> ComposeResult:
        """What stands between the two buttons that every box has."""
        yield from ()

    def on_mount(self) -> None:
        self.refuse("")

    async def answer(self) -> Result | None:
        """Carry out what was entered; None when there is more to ask. Raises `BudgetError`, which the box tells."""
        raise BudgetError("this box has no answer")

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        if not self._is_answering:
            self.dismiss(None)

    @on(Input.Submitted)
    @on(Button.Pressed, "#submit")
    @work(group=ANSWERING)
    async def submit(self) -> None:
        """Answer, once however often it is asked for."""
        if self._is_answering:
            return
        self._is_answering = True
        try:
            answer = await self.answer()
        except BudgetError as refused:
            self.refuse(str(refused))
        else:
            if answer is not None:
                self.dismiss(answer)
        finally:
            self._is_answering = False

    def refuse(self, why: str) -> None:
        """Say in the box why it was not done; what was entered stays."""
        refusal = self.query_one("#refusal", Static)
        refusal.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        refusal.display = bool(why)
