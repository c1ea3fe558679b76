"""The base of the dialogs: a titled box, a line for errors, two buttons, Esc to cancel."""

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
from budget_tui.tui.picker import Picker
from budget_tui.tui.theme import StyledScreen

Result = TypeVar("Result")


class BoxScreen(StyledScreen[Result], ModalScreen[Result]):
    """A box over the screen, dismissed with the result of `answer`, or with None when it is cancelled.

    While `answer` runs, the box can be neither submitted again nor cancelled, so that its outcome is always reported.
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
        """Compose the fields above the buttons."""
        yield from ()

    def compose_buttons(self) -> ComposeResult:
        """Compose further buttons, between Cancel and Submit."""
        yield from ()

    def on_mount(self) -> None:
        self.refuse("")

    async def answer(self) -> Result | None:
        """Carry out the input and return the result; None keeps the box open. A `BudgetError` is shown in the box."""
        raise BudgetError("this box has no answer")

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        if not self._is_answering:
            self.dismiss(None)

    @on(Input.Submitted)
    @on(Picker.Submitted)
    @on(Button.Pressed, "#submit")
    @work(group=ANSWERING)
    async def submit(self) -> None:
        """Run `answer`, once at a time however often it is requested."""
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
        """Show in the box why the request was refused; the input stays."""
        refusal = self.query_one("#refusal", Static)
        refusal.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        refusal.display = bool(why)
