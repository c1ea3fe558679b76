"""The base of the dialogs: a titled box, a line for errors, two buttons, Esc to cancel."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, ProgressBar, Static

from budget_tui.domain.errors import BudgetError
from budget_tui.tui.dashboard import Dashboard, dashboard_of
from budget_tui.tui.fields import Choice
from budget_tui.tui.key_queue import SUBMITTING
from budget_tui.tui.picker import Picker
from budget_tui.tui.theme import StyledScreen

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services

Result = TypeVar("Result")
Read = TypeVar("Read")


class Overlay(StyledScreen[Result], ModalScreen[Result]):
    """A screen over another. Ctrl+C copies what is selected; where nothing is, it leaves as Esc does."""

    VERTICAL_BREAKPOINTS = [(0, "-flat"), (14, "-low"), (34, "-tall")]

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_copy_text(self) -> None:
        try:
            super().action_copy_text()
        except SkipAction:
            self.action_leave()


class BoxScreen(Overlay[Result]):
    """A box over the screen, dismissed with the result of `submit`, or with None when it is cancelled.

    While `submit` runs, the box can be neither submitted again nor cancelled, so that its outcome is always reported.
    """

    BINDINGS = [Binding("escape", "leave", "Cancel", id="box.leave", tooltip="Close without doing anything")]
    BOX_CLASSES: ClassVar[str] = "box"
    CANCEL_LABEL: ClassVar[str] = "Cancel"

    def __init__(self, title: str, submit_label: str) -> None:
        super().__init__()
        self._title = title
        self._submit_label = submit_label
        self._is_submitting = False

    @property
    def dashboard(self) -> Dashboard:
        return dashboard_of(self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes=self.BOX_CLASSES) as box:
            box.border_title = Content(self._title)
            yield from self.compose_fields()
            yield Static(id="refusal")
            with Horizontal(classes="buttons"):
                yield Button(Content(self.CANCEL_LABEL), id="cancel", compact=True)
                yield from self.compose_buttons()
                yield Button(Content(self._submit_label), id="submit", variant="primary", compact=True)

    def compose_fields(self) -> ComposeResult:
        """Compose the fields above the buttons."""
        yield from ()

    def compose_buttons(self) -> ComposeResult:
        """Compose further buttons, between Cancel and Submit."""
        yield from ()

    def on_mount(self) -> None:
        self.refuse("")

    async def submit(self) -> Result | None:
        """Carry out the input and return the result; None keeps the box open. A `BudgetError` is shown in the box."""
        raise NotImplementedError

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        if not self._is_submitting:
            self.dismiss(None)

    @on(Input.Submitted)
    @on(Picker.Submitted)
    @on(Choice.Submitted)
    @on(Button.Pressed, "#submit")
    @work(group=SUBMITTING)
    async def action_submit(self) -> None:
        """Run `submit`, once at a time however often it is requested."""
        if self._is_submitting:
            return
        self._is_submitting = True
        try:
            result = await self.submit()
        except BudgetError as refused:
            self.refuse(str(refused))
        else:
            if result is not None:
                self.dismiss(result)
        finally:
            self._is_submitting = False

    def refuse(self, why: str) -> None:
        """Show in the box why the request was refused; the input stays."""
        refusal = self.query_one("#refusal", Static)
        refusal.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        refusal.display = bool(why)


class _ReadingCancelled(BudgetError):
    """The user cancelled while files were read; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("left")


class ReadingBox(BoxScreen[Result]):
    """A box that reads files and shows the progress. It can be cancelled meanwhile, which stops the reading."""

    _is_left = False

    def compose_progress(self) -> ComposeResult:
        """Compose the progress bar, which shows while files are read."""
        bar = ProgressBar(total=100, show_eta=False)
        bar.display = False
        yield bar

    def on_unmount(self) -> None:
        self._is_left = True

    def action_leave(self) -> None:
        if self._is_submitting:
            self._is_left = True
        else:
            self.dismiss(None)

    async def run_reading(self, command: "Callable[[Services, Callable[[int], None]], Read]") -> Read:
        """Run a command that reads files and calls its second argument with the percentage."""
        if self._is_left:
            raise _ReadingCancelled
        bar = self.query_one(ProgressBar)
        bar.display = True

        def progress(percent: int) -> None:
            if self._is_left:
                raise _ReadingCancelled
            self.call_later(partial(bar.update, progress=percent))

        try:
            return await self.dashboard.run_command(lambda services: command(services, progress))
        except _ReadingCancelled:
            if self._is_submitting:
                self.dismiss(None)
            raise
        finally:
            bar.display = False
