"""The base of the dashboard's screens: the bar above, the lines below, the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from budget_tui.domain.errors import BudgetError, Unexpected
from budget_tui.tui.chrome import Foot, Freshness, Head, KeyBar, Notice, TopBar
from budget_tui.tui.dashboard import Dashboard, dashboard_of, key_of
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.theme import StyledScreen

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.tui.dialogs.explain import ExplainQuery


Reading = TypeVar("Reading")
Result = TypeVar("Result")


class DashboardScreen(StyledScreen[None]):
    """A screen of the dashboard. It follows the app's snapshot; its widgets are bound to its own copy."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (14, "-tall")]
    MODE: ClassVar[str] = ""
    WORKPLACES: ClassVar[tuple[type[Widget], ...]] = ()
    """Widgets of the screen whose keys the palette lists too."""
    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    failure: reactive[str] = reactive("")
    turn: reactive[Period | None] = reactive(None)

    def compose(self) -> ComposeResult:
        dashboard = self.dashboard
        with Head():
            bar = TopBar(self.MODE, dashboard.database_name, dashboard.is_new_database)
            yield bar.data_bind(DashboardScreen.snapshot)
        yield from self.compose_body()
        with Foot():
            yield Notice()
            chosen_day = dashboard.services.context.clock.as_of
            yield Freshness(chosen_day).data_bind(
                DashboardScreen.snapshot, DashboardScreen.failure, DashboardScreen.turn
            )
            yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """Compose the widgets between the bar and the lines below."""
        yield from ()

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self._follow)
        self.watch(self.app, "failure", self._follow_failure)
        self.watch(self.app, "turn", self._follow_turn)

    def explain_query(self) -> ExplainQuery | None:
        """Return the query that explains the row under the cursor, for the reader's thread; None if there is none."""
        return lambda services: services.explain.of_all()

    @property
    def dashboard(self) -> Dashboard:
        """The app, which carries out the screen's commands."""
        return dashboard_of(self.app)

    def on_screen_suspend(self) -> None:
        """Clear the notice: on return its message would be outdated."""
        if self.is_mounted:
            self.report("")

    def report(self, text: str, *, is_problem: bool = False, reversal: tuple[str, str] | None = None) -> None:
        """Show a message above the footer; ``reversal`` is the key that reverses what was done, and what that does."""
        if notices := self.query(Notice):
            notices.first().show(text, is_problem=is_problem, reversal=reversal)
        else:  # the screen is still being built
            self.call_after_refresh(self.report, text, is_problem=is_problem, reversal=reversal)

    def report_done(self, text: str, *, is_changed: bool = True) -> None:
        """Report what was done and, unless all stayed as it was, the key that undoes it: else it would undo another
        change."""
        self.report(text, reversal=(key_of(self.app, "undo"), "undoes it") if is_changed else None)

    def report_aside(self, text: str, *, of_next: bool) -> None:
        """Report an automatic change above the footer; with ``of_next``, the action's own message is yet to come."""
        for notice in self.query(Notice):
            notice.show_aside(text, of_next=of_next)

    async def run_if_confirmed(
        self,
        title: str,
        question: str,
        verb: str,
        command: Callable[[Services], Result],
        message: Callable[[Result], str],
    ) -> None:
        """Ask for confirmation, run ``command``, and report its result in the words of ``message``, or its error."""
        from budget_tui.tui.dialogs.confirm import ConfirmScreen

        if not await self.dashboard.ask(ConfirmScreen(title, question, verb)):
            return
        try:
            self.report_done(message(await self.dashboard.run_command(command)))
        except BudgetError as refused:
            self.report(str(refused), is_problem=True)

    def on_screen_resume(self) -> None:
        self._follow(self.dashboard.snapshot)

    def _follow(self, snapshot: BudgetSnapshot | None) -> None:
        """Show other numbers; a hidden screen takes them when it is shown."""
        if self.is_current:
            self.snapshot = snapshot

    def _follow_turn(self, turn: Period | None) -> None:
        self.turn = turn

    def _follow_failure(self, failure: str) -> None:
        self.failure = failure


class ReadingScreen(DashboardScreen, Generic[Reading]):
    """A screen that shows more than the snapshot: its own `reading`, which its widgets follow.

    It is read when the screen is shown, and again after each read of the snapshot.
    """

    reading: reactive[Any] = reactive(None)

    def read(self, services: Services) -> Reading:
        """Read the screen's data. Runs in the reader's thread."""
        raise NotImplementedError

    def is_reading(self) -> bool:
        """Return whether the first read is under way: keys wait for it, as they refer to its result."""
        return self.reading is None and not self.failure

    def on_mount(self) -> None:
        self.watch(self.app, "readings", self._read_anew, init=False)

    def on_screen_resume(self) -> None:
        self._read_anew()

    def _read_anew(self) -> None:
        self._read_again()

    @work(exclusive=True, group="reading")
    async def _read_again(self) -> None:
        if not self.is_current:
            return
        try:
            self.reading = await self.dashboard.read(self.read)
        except Exception as error:
            self.failure = str(error if isinstance(error, BudgetError) else Unexpected(error))


class FilteredScreen(DashboardScreen):
    """A screen with a filter. `AUTO_FOCUS` names its table, which has the focus whenever the filter has not."""

    def show_filtered(self, text: str) -> None:
        """Show only the rows that match ``text``; '' shows all."""
        raise NotImplementedError

    @property
    def filter_text(self) -> str:
        return self._field.value.strip()

    def action_filter(self) -> None:
        self._field.open()

    @on(FilterInput.Cancelled)
    def action_clear_filter(self) -> None:
        self._field.close()
        self._back_to_the_table()

    @on(Input.Changed, "FilterInput")
    def _filtered(self) -> None:
        self.show_filtered(self.filter_text)

    @on(Input.Submitted, "FilterInput")
    def _filter_done(self) -> None:
        self._field.display = bool(self.filter_text)
        self._back_to_the_table()

    @property
    def _field(self) -> FilterInput:
        return self.query_one(FilterInput)

    def _back_to_the_table(self) -> None:
        assert self.AUTO_FOCUS
        self.query_one(self.AUTO_FOCUS).focus()
