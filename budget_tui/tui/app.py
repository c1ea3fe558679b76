"""The dashboard: one snapshot, the screens that follow it, and the commands that change what it shows."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from budget_tui.bootstrap import Services
from budget_tui.config.paths import keep, read_kept, styles_dir
from budget_tui.config.settings import Settings
from budget_tui.domain.errors import BudgetError, Unexpected
from budget_tui.domain.hierarchy import POOL, ROOT_ID
from budget_tui.presentation import formatting
from budget_tui.presentation.messages import carry_settled
from budget_tui.tui import dialogs
from budget_tui.tui.chrome import SCREENS, WARNED
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.key_queue import ASKING, PATIENCE_SECONDS, KeyQueueApp
from budget_tui.tui.screens.base import DashboardScreen
from budget_tui.tui.screens.budget.screen import GlobalBudgetScreen
from budget_tui.tui.theme import ThemedApp, start_with_theme

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.timer import Timer

    from budget_tui.domain.carry import SettledCarry
    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.services.undo import UndoOutcome
    from budget_tui.services.watching import Look, Watcher
    from budget_tui.tui.dashboard import Dashboard

LOOK_SECONDS = 0.5
COMPUTE_SECONDS = 60.0
ALERTS_SECONDS = 1.0
"""Time after the latest numbers in which the next keys come first."""
REST_SECONDS = 0.1
"""Time for which a cursor has to rest: a held key goes on at once."""
_LAST_IMPORT = "last-import"

Result = TypeVar("Result")


def screen_classes() -> tuple[type[DashboardScreen], ...]:
    """Return all screen classes. They are imported late: the first frame shows only one of them."""
    from budget_tui.tui.screens.agents import AgentsScreen
    from budget_tui.tui.screens.alerts import AlertsScreen
    from budget_tui.tui.screens.history.screen import HistoryScreen
    from budget_tui.tui.screens.log import AuditScreen
    from budget_tui.tui.screens.plan.screen import PlanScreen
    from budget_tui.tui.screens.projects.screen import ProjectsScreen

    return GlobalBudgetScreen, ProjectsScreen, AgentsScreen, PlanScreen, HistoryScreen, AuditScreen, AlertsScreen


def _screen(mode: str) -> DashboardScreen:
    return next(each for each in screen_classes() if mode == each.MODE)()


def _organization_commands() -> type[Provider]:
    return dialogs.organizations.OrganizationCommands


class BudgetApp(KeyQueueApp, ThemedApp):
    """The dashboard. Its screens show `snapshot`, which reading assigns and switching the organization resets."""

    TITLE = "budget-tui"
    CSS_PATH = [
        styles_dir() / f"{name}.tcss" for name in ("app", "widgets", "budget", "history", "audit", "alerts", "modal")
    ]
    MODES = {mode: partial(_screen, mode) for _, mode, _ in SCREENS[1:]}
    DEFAULT_MODE = GlobalBudgetScreen.MODE
    COMMANDS = {*KeyQueueApp.COMMANDS, _organization_commands}
    BINDINGS = [
        *(
            Binding(key, f"show('{mode}')", name, id=f"screen.{mode}", show=False, tooltip=f"Go to {name}")
            for key, mode, name in SCREENS
        ),
        Binding("left_square_bracket", "turn(-1)", "Back", id="screen.previous", show=False, tooltip="Previous screen"),
        Binding("right_square_bracket", "turn(1)", "Next", id="screen.next", show=False, tooltip="Next screen"),
        Binding("A", "show('alerts')", "Alerts", id="alerts", show=False, tooltip="Go to Alerts"),
        Binding("t", "transfer", "Transfer", id="transfer", tooltip="Move allocation between projects and the pool"),
        Binding("dollar_sign", "record_cost", "Record", id="cost.record", tooltip="Record a cost"),
        Binding("R", "recurring", "Fees", id="fees", show=False, tooltip="List, add and end recurring fees"),
        Binding("i", "import", "Import", id="cost.import", tooltip="Import costs from FOCUS exports or CSV"),
        Binding("y", "sync", "Sync", id="cost.sync", show=False, tooltip="Read the logs of Claude Code and Codex"),
        Binding(
            "c",
            "close_period",
            "Close",
            id="period.close",
            tooltip="Close the period today, or review what one that has ended carried over",
        ),
        Binding(
            "p", "period_settings", "Periods", id="period.settings", show=False, tooltip="Choose how periods recur"
        ),
        Binding("m", "map", "Map", id="cost.map", tooltip="Assign unmapped costs to a project"),
        Binding("x", "explain", "Explain", id="explain", tooltip="Explain these numbers"),
        Binding("u", "undo", "Undo", id="undo", tooltip="Undo your last change"),
        Binding("U", "redo", "Redo", id="redo", show=False, tooltip="Redo the last undone change"),
        Binding(
            "O", "organizations", "Organization", id="organization", show=False, tooltip="Show another organization"
        ),
        Binding("M", "manual", "Manual", id="manual", show=False, tooltip="Read the manual"),
        Binding("question_mark", "help", "Help", id="help", tooltip="Show the keys of this screen, and the manual"),
        Binding("ctrl+z", "suspend_process", "Suspend", id="suspend", show=False, tooltip="Suspend the dashboard"),
        Binding("q", "quit", "Quit", id="quit", tooltip="Quit the dashboard"),
    ]

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    failure: reactive[str] = reactive("")
    turn: reactive[Period | None] = reactive(None)
    """The period that ended by itself, until somebody reviews what it carried over."""
    unsaved = ""
    """The changes that quitting would forget, in words; '' if there are none."""
    _warned_about = ""
    readings: reactive[int] = reactive(0)
    """Number of reads of the database; screens read what they show besides the snapshot again when it grows."""

    def __init__(self, services: Services, database_name: str = "", state_folder: Path | None = None) -> None:
        """``database_name`` is the name to show for the database; '' takes its file's. ``state_folder`` keeps the theme
        that is chosen and the last import; None keeps neither."""
        super().__init__()
        self.database_name = database_name or services.context.database.title
        self.services = services.creating_if_missing()
        # One thread for writes, so that they run in the order of the keys that requested them.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="budget-writer")
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="budget-reader")
        self._evaluator = ThreadPoolExecutor(max_workers=1, thread_name_prefix="budget-alerts")
        self._watcher: Watcher | None = None
        self._alerts_timer: Timer | None = None
        self._reported_through: int | None = None  # newest audit entry that was looked at
        self._state_folder = state_folder
        self._began = math.inf
        self._last_import = ""
        start_with_theme(self, services.settings.theme, self._kept("theme").strip())
        self.set_keymap(services.settings.keys)

    @property
    def settings(self) -> Settings:
        return self.services.settings

    @property
    def is_starting(self) -> bool:
        """Return whether the first numbers are still being read; who types then means what is about to be shown."""
        is_early = time.monotonic() < self._began + PATIENCE_SECONDS
        screen = self.screen
        return is_early and isinstance(screen, DashboardScreen) and screen.snapshot is None and not self.failure

    def is_new_database(self) -> bool:
        """Return whether the database does not exist yet; the first change creates it."""
        return not self.services.context.has_database

    @property
    def currency(self) -> str:
        return self.snapshot.organization.currency if self.snapshot else self.settings.currency

    def get_default_screen(self) -> Screen[None]:
        """Return the first screen. It joins `MODES` only later: Textual would parse all styles again for it."""
        return GlobalBudgetScreen()

    def on_mount(self) -> None:
        self._began = time.monotonic()
        self.add_mode(GlobalBudgetScreen.MODE, GlobalBudgetScreen)
        # The first frame does not wait for the database, nor for the modules that read it.
        self.call_after_refresh(self.reload)
        self.set_interval(LOOK_SECONDS, self._look)
        self.set_interval(COMPUTE_SECONDS, self.reload)
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.app_resume_signal.subscribe(self, self._draw_again)

    def _draw_again(self, _: object) -> None:
        """Draw everything after a suspension: the terminal forgot it."""
        self.refresh(layout=True)

    def _keep_theme(self, theme: Theme) -> None:
        self._keep("theme", theme.name)

    def _kept(self, name: str) -> str:
        return "" if self._state_folder is None else read_kept(self._state_folder / name)

    def _keep(self, name: str, text: str) -> None:
        if self._state_folder is None:
            return
        try:
            keep(self._state_folder / name, text)
        except BudgetError as refused:
            self._report(str(refused), is_problem=True)

    async def on_unmount(self) -> None:
        if self._alerts_timer is not None:
            self._alerts_timer.stop()
        self._writer.shutdown(wait=True)
        self._reader.shutdown(wait=True)
        self._evaluator.shutdown(wait=True)
        self._close_watcher()
        self.services.snapshots.close()

    # Reading the database

    def _look(self) -> None:
        """Reload if somebody wrote or the last read failed. Checking takes microseconds, so it needs no thread."""
        try:
            changed = bool(self.failure) or (self.snapshot is not None and self.services.snapshots.changed())
        except BudgetError as error:
            self.failure = error.at_terminal
            return
        if changed:
            self.reload()

    @work(exclusive=True, group="reload")
    async def reload(self) -> None:
        """Read the snapshot again: after a write, here or elsewhere, and every minute."""
        if await self._read_snapshot():
            self._catch_up()

    async def _read_snapshot(self, *, after_own: bool = False) -> bool:
        """Read the snapshot; return whether a period has ended, or a fee is due, that nobody has dealt with."""
        services, reported_through = self.services, self._reported_through
        try:
            snapshot, turn, is_behind, settled, newest = await self.read(
                lambda services: _read(services, reported_through)
            )
        except Exception as error:
            self.failure = str(error if isinstance(error, BudgetError) else Unexpected(error))
            return False
        if services is not self.services:  # another organization was chosen meanwhile
            return False
        self.failure = ""
        self.snapshot = snapshot
        self._evaluate_alerts_soon()
        self.turn = turn if snapshot.projects and (snapshot.is_budgeted or snapshot.allocated) else None
        self.readings += 1
        if reported_through == self._reported_through:  # no other read has reported it meanwhile
            self._reported_through = newest
            if settled and (message := carry_settled(settled, self.currency)):
                self._dashboard_screen().report_aside(message, of_next=after_own)
        return is_behind

    async def read(self, query: Callable[[Services], Result]) -> Result:
        """Run a query in the reader's thread; raises whatever ``query`` raises."""
        result = await asyncio.get_running_loop().run_in_executor(self._reader, query, self.services)
        self._require_running()
        return result

    async def rest(self) -> None:
        await asyncio.sleep(REST_SECONDS)
        self._require_running()

    def _require_running(self) -> None:
        """Cancel the worker that was waiting if the program has ended meanwhile: its widgets are gone."""
        if not self.is_running:
            raise asyncio.CancelledError

    def _evaluate_alerts_soon(self) -> None:
        if self._alerts_timer is not None:
            self._alerts_timer.stop()
        self._alerts_timer = self.set_timer(ALERTS_SECONDS, self._evaluate_alerts)

    @work(exclusive=True, group="alerts")
    async def _evaluate_alerts(self) -> None:
        """Evaluate the alerts and send what is due."""
        if not self.is_running:
            return
        loop = asyncio.get_running_loop()
        try:
            look = await loop.run_in_executor(self._evaluator, self._look_after_alerts, self.services)
        except Exception:  # what the reader runs into, too, it reports; nothing else may end the dashboard
            logging.getLogger("budget_tui.alerts").exception("alerts were not evaluated")
        else:
            if look is not None and look.evaluation.messages:
                self.reload()

    @work(group="alerts-reported")
    async def _report_alerts(self, new: int) -> None:
        """Report the latest of ``new`` alerts, whoever evaluated them, and ring the bell if the settings say so."""
        try:
            messages = await self.read(lambda services: services.alerts.messages(1))
        except BudgetError:
            return
        if messages:
            more, which = (f" (+{new - 1})", "them") if new > 1 else ("", "it")
            text = f"{WARNED}{messages[0].body['sentence']}{more}; {key_of(self, 'alerts')} shows {which}"
            self._dashboard_screen().report_aside(text, of_next=False)
        if self.settings.bell:
            self.bell()

    def _look_after_alerts(self, services: Services) -> Look | None:
        """Look after the alerts of an organization, in the evaluator's thread."""
        from budget_tui.channels.base import channels_of
        from budget_tui.services.watching import Watcher

        if self._watcher is None or self._watcher.context is not services.context:
            self._close_watcher()
            self._watcher = Watcher(services.context, channels_of(services.settings.channels))
        return self._watcher.look()

    def _close_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.close()

    def watch_snapshot(self, before: BudgetSnapshot | None, now: BudgetSnapshot | None) -> None:
        if now is None:
            return
        if before is None:
            self.call_after_refresh(self._writer.submit, self._preload)
        if before is not None and before.period != now.period:
            self._report(_new_period_message(before, now))
        if before is not None and now.alerts > before.alerts:
            self._report_alerts(now.alerts - before.alerts)

    def _preload(self) -> None:
        """Import the modules that the next keys will need, while nobody is waiting for them."""
        screen_classes()
        self.services.import_for_writing()

    @work(exclusive=True, group="close")
    async def _catch_up(self) -> None:
        """Archive the period that has ended and open the current one; book the fees that are due."""
        try:
            await self.run_command(lambda services: services.periods.catch_up())
        except BudgetError as refused:
            self._report(f"what is due is not booked yet: {refused}", is_problem=True)

    async def run_command(self, command: Callable[[Services], Result]) -> Result:
        """Run a command in the writer's thread, then read the snapshot again; raises whatever ``command`` raises."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writer, command, self.services)
        except BudgetError:
            raise
        except Exception as error:
            raise Unexpected(error) from error
        finally:
            # Even after an error: somebody else may just have written what caused it.
            await self._read_snapshot(after_own=True)

    def _report(self, text: str, *, is_problem: bool = False) -> None:
        self._dashboard_screen().report(text, is_problem=is_problem)

    def _report_done(self, text: str, *, is_changed: bool = True) -> None:
        self._dashboard_screen().report_done(text, is_changed=is_changed)

    def _dashboard_screen(self) -> DashboardScreen:
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, DashboardScreen))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Report Textual's own messages, such as a screenshot's path, in the notice line: toasts hide numbers."""
        text = Content.from_markup(message).plain if markup else message
        self.call_later(self._report, text, is_problem=severity == "error")

    # Organizations

    @work(group=ASKING)
    async def action_organizations(self) -> None:
        if not await dialogs.organizations.others(self):
            self._report("there is no other organization: budget-tui org add SLUG makes one")
            return
        self.push_screen(CommandPalette([_organization_commands()], placeholder="Show another organization …"))

    async def show_organization(self, slug: str, name: str) -> None:
        """Show another organization of the database, on the same screen.

        Every screen is recreated: its selection and half-typed input belong to the previous organization.
        """
        self.workers.cancel_group(self, ASKING)
        self._reader.submit(self.services.close_readers)
        self.services = self.services.of_organization(slug)
        self._reported_through = None
        self.snapshot = self.turn = None
        shown = str(self.current_mode)
        others = [mode for _, mode, _ in SCREENS if mode != shown]
        for mode in others:
            await self._recreate_screen(mode)
        await self.switch_mode(others[0])
        await self._recreate_screen(shown)
        await self.switch_mode(shown)
        await self._read_snapshot()
        self._report(f"organization {name}")

    async def _recreate_screen(self, mode: str) -> None:
        for worker in self.workers:
            if isinstance(worker.node, DashboardScreen) and mode == worker.node.MODE:
                worker.cancel()  # it would look for widgets that are removed before the screen is
        await self.remove_mode(mode)
        self.add_mode(mode, partial(_screen, mode))

    # Keys

    def action_help_quit(self) -> None:
        """Quit on Ctrl+C."""
        self._quit()

    async def action_quit(self) -> None:
        self._quit()

    def _quit(self) -> None:
        """Quit, the second time if something is not stored: changes are as soon as they are made, save a what-if's."""
        if self.unsaved in ("", self._warned_about):
            self.exit()
        else:
            self._warned_about = self.unsaved
            self._report(f"{key_of(self, 'quit')} again quits and forgets {self.unsaved}", is_problem=True)

    def action_show(self, mode: str) -> None:
        self.switch_mode(mode)

    def action_turn(self, by: int) -> None:
        modes = [mode for _, mode, _ in SCREENS]
        self.switch_mode(modes[(modes.index(self.current_mode) + by) % len(modes)])

    def action_help(self) -> None:
        screen_class = next(each for each in screen_classes() if self.current_mode == each.MODE)
        here = bindings_of(screen_class, *screen_class.WORKPLACES)
        self.push_screen(
            dialogs.help.HelpScreen([("Here", here), ("Everywhere", bindings_of(BudgetApp))], self.settings.keys)
        )

    def action_manual(self) -> None:
        self.push_screen(dialogs.manual.ManualBox())

    @work(group=ASKING)
    async def action_transfer(self) -> None:
        if self.snapshot is None:
            return
        if not await self.has_projects():
            return
        outcome = await self.ask(dialogs.transfer.TransferScreen(self.snapshot, self._project_id()))
        if outcome is not None:
            names = {POOL: "the pool"} | {line.project_id: line.name for line in self.snapshot.projects}
            giver, taker = (names.get(end, end) for end in (outcome.giver, outcome.taker))
            amount = formatting.money(outcome.amount, self.currency)
            self._report_done(f"{amount} moved from {giver} to {taker}")

    async def has_projects(self) -> bool:
        """Return whether there are projects; without one, ask for the first. Call it from a worker of `ASKING`."""
        if self.snapshot is not None and not self.snapshot.projects:
            await dialogs.project_form.add_project(self._dashboard_screen(), "First, a project")
        return self.snapshot is not None and bool(self.snapshot.projects)

    def action_undo(self) -> None:
        self._reverse("undone", "redo", lambda services: services.undo.undo())

    def action_redo(self) -> None:
        self._reverse("redone", "undo", lambda services: services.undo.redo())

    @work
    async def _reverse(self, done: str, reversed_by: str, command: Callable[[Services], UndoOutcome]) -> None:
        try:
            outcome = await self.run_command(command)
        except BudgetError as refused:
            self._report(str(refused), is_problem=True)
            return
        reversal = key_of(self, reversed_by), f"{reversed_by}es it"
        passed_over = f"; passed over: {'; '.join(outcome.passed_over)}" if outcome.passed_over else ""
        self._dashboard_screen().report(f"{done}: {outcome.what}{passed_over}", reversal=reversal)

    @work(group=ASKING)
    async def action_import(self) -> None:
        box = dialogs.cost_import.ImportScreen(self._last_import or self._kept(_LAST_IMPORT))
        report = await self.ask(box)
        if report is not None:
            is_changed = bool(report.rows_added or report.rows_replaced)
            text = dialogs.cost_import.message(report, key_of(self, "cost.map"))
            self._report_done(text, is_changed=is_changed)
            self._last_import = box.to_keep
            self._keep(_LAST_IMPORT, box.to_keep)

    @work(group=ASKING)
    async def action_sync(self) -> None:
        try:
            found = await asyncio.to_thread(lambda: self.services.agent_logs.required())
            flat_fees = await self.read(lambda services: services.agent_logs.flat_fees())
        except BudgetError as missing:
            self._report(str(missing), is_problem=True)
            return
        report = await self.ask(dialogs.agent_logs.SyncScreen(found, flat_fees))
        if report is not None:
            text = dialogs.agent_logs.message(report, key_of(self, "cost.map"))
            self._report_done(text, is_changed=bool(report.days or report.plans_set))

    @work(group=ASKING)
    async def action_record_cost(self) -> None:
        if self.snapshot is None:
            return
        if not await self.has_projects():
            return
        project_id = self._project_id() or self.snapshot.projects[0].project_id
        done = await self.ask(dialogs.record_cost.RecordCostScreen(self.snapshot, project_id))
        if done is not None:
            self._report_done(done)

    @work(group=ASKING)
    async def action_recurring(self) -> None:
        if self.snapshot is None:
            return
        if not await self.has_projects():
            return
        try:
            fees = await self.read(lambda services: services.recurring.all())
        except BudgetError as error:
            self._report(str(error), is_problem=True)
            return
        project_id = self._project_id() or self.snapshot.projects[0].project_id
        await self.ask(dialogs.recurring.FeesScreen(fees, self.snapshot, project_id))

    def _project_id(self) -> str:
        """Return the id of the project under the cursor; '' if there is none."""
        from budget_tui.tui.screens.projects.screen import ProjectsScreen

        screen = self.screen
        line = screen.table.current if isinstance(screen, ProjectsScreen) else None
        return line.project_id if line else ""

    @work(group=ASKING)
    async def action_map(self) -> None:
        if self.snapshot is None:
            return
        try:
            origins = await self.read(lambda services: services.costs.unmapped())
        except BudgetError as error:
            self._report(str(error), is_problem=True)
            return
        if not origins:
            self._report("every cost has a project")
            return
        done = await self.ask(dialogs.unmapped.UnmappedScreen(self.snapshot, origins))
        if done is not None:
            self._report_done(done)

    @work(group=ASKING)
    async def action_explain(self) -> None:
        from budget_tui.tui.screens.history.closed_period import ClosedPeriodScreen

        screen = self.screen
        query = None
        if isinstance(screen, DashboardScreen | ClosedPeriodScreen) and self.snapshot is not None:
            query = screen.explain_query()
        if query is None:
            self._report(f"choose a budget first: {key_of(self, 'explain')} explains one", is_problem=True)
            return
        try:
            explained = await self.read(query)
        except Exception as error:
            self._report(str(error if isinstance(error, BudgetError) else Unexpected(error)), is_problem=True)
            return
        await self.ask(dialogs.explain.ExplainScreen(query, explained))

    @work(group=ASKING)
    async def action_close_period(self) -> None:
        if self.turn is not None:
            await self._review_turn()
            return
        try:
            preview = await self.run_command(lambda services: services.periods.preview_close())
        except BudgetError as error:
            self._report(str(error), is_problem=True)
            return
        outcome = await self.ask(dialogs.close.CloseScreen(preview))
        if outcome is not None:
            following = formatting.long_day(outcome.following.start)
            self._report(f"{formatting.period_name(outcome.ending)} is closed; the next period starts on {following}")

    async def _review_turn(self) -> None:
        try:
            preview = await self.run_command(lambda services: services.periods.last_turn())
        except BudgetError as error:
            self._report(str(error), is_problem=True)
            return
        changed = await self.ask(dialogs.close.ReviewScreen(preview))
        if changed is not None:
            name = formatting.period_name(preview.following)
            how = formatting.count(changed, "allocation") + " changed" if changed else "the allocations stay"
            self._report_done(f"{name}: {how}", is_changed=changed > 0)

    @work(group=ASKING)
    async def create_budget(self, entity_id: str) -> None:
        """Open the form for a new budget, with the entity ``entity_id`` preselected, and create the budget."""
        from budget_tui.tui.screens.plan.create import PlanCreateScreen

        if self.snapshot is None:
            return
        try:
            entities = await self.read(lambda services: services.entities.active())
        except BudgetError as error:
            self._report(str(error), is_problem=True)
            return
        organization, today = self.snapshot.organization, self.snapshot.as_of
        done = await self.ask(PlanCreateScreen(organization, today, entities, entity_id or ROOT_ID))
        if done is not None:
            self._report_done(done)

    @work(group=ASKING)
    async def action_period_settings(self) -> None:
        if self.snapshot is None:
            return
        done = await self.ask(dialogs.period_settings.PeriodSettingsScreen(self.snapshot.organization))
        if done is not None:
            self._report_done(done)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield Textual's commands and every action of every screen; over a box, whose keys differ, only Textual's."""
        yield from super().get_system_commands(screen)
        for name in self.available_themes:
            yield SystemCommand(name, "Change the theme", partial(setattr, self, "theme", name), discover=False)
        if isinstance(screen, ModalScreen):
            return
        yield from self._commands_of(BudgetApp, str(self.current_mode))
        names = {mode: name for _, mode, name in SCREENS}
        for screen_class in screen_classes():
            mode = screen_class.MODE
            where = "" if mode == self.current_mode else f" on {names[mode]}"
            for owner in (screen_class, *screen_class.WORKPLACES):
                yield from self._commands_of(owner, mode, where)

    def _commands_of(self, owner: type[DOMNode], mode: str, where: str = "") -> Iterable[SystemCommand]:
        """Yield one command for each action that ``owner`` binds, however many keys the action has."""
        actions: dict[str, Binding] = {}
        for binding in owner.BINDINGS:
            assert isinstance(binding, Binding)
            actions.setdefault(binding.action, binding)
        for action, binding in actions.items():
            keys = self.settings.keys.get(binding.id or "", binding.key).split(",")
            shown = " or ".join(self.get_key_display(replace(binding, key=key.strip())) for key in keys)
            yield SystemCommand(
                binding.tooltip, f"{binding.description} · {shown}{where}", partial(self._run, mode, owner, action)
            )

    async def _run(self, mode: str, owner: type[DOMNode], action: str) -> None:
        if mode != self.current_mode:
            await self.switch_mode(mode)
        node = next(node for node in (self, self.screen, *self.screen.query()) if isinstance(node, owner))
        self.call_after_refresh(self.run_action, action, node)


def _read(
    services: Services, reported_through: int | None
) -> tuple[BudgetSnapshot, Period | None, bool, Sequence[SettledCarry], int]:
    """Return the snapshot, the period to review, whether something is due that nobody has dealt with, the carry-overs
    settled since entry ``reported_through``, and the newest audit entry."""
    services.context.prepare()
    snapshot, is_behind = services.snapshots.current(), services.snapshots.is_behind()
    return snapshot, services.audit.turn_to_review(), is_behind, *services.audit.carry_settled_since(reported_through)


def bindings_of(*owners: type[DOMNode]) -> list[Binding]:
    return [binding for owner in owners for binding in owner.BINDINGS if isinstance(binding, Binding)]


def _new_period_message(before: BudgetSnapshot, now: BudgetSnapshot) -> str:
    currency = before.organization.currency
    carried_over = f"{formatting.change(now.carry.carried, currency)} carried over" if now.carry.carried else ""
    return (
        f"{formatting.period_name(before.period)} has ended: {formatting.money(before.total.spent, currency)} of"
        f" {formatting.money(before.total.allocation, currency)} spent. {formatting.period_name(now.period)} runs"
        f" with {carried_over or 'the same allocations'}"
    )


if TYPE_CHECKING:
    _dashboard: type[Dashboard] = BudgetApp
