"""Project Allocation: the allocation, burn rate and runway of each project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from budget_tui.domain.alerts import AlertChanges
from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.errors import BudgetError, Conflict, Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.domain.what_if import Fork, allocations_of, forked
from budget_tui.presentation import formatting
from budget_tui.presentation.alerts import crossing_text
from budget_tui.presentation.columns import Column, beside_bar, project_columns, sparkline_column
from budget_tui.presentation.formatting import money
from budget_tui.tui import dialogs
from budget_tui.tui.chrome import Layout
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.carry import CarryScreen
from budget_tui.tui.dialogs.project_form import add_project
from budget_tui.tui.editing import EditableRows
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.key_queue import ASKING, SUBMITTING
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.projects.charts import ProjectCharts
from budget_tui.tui.screens.projects.pane import ProjectDetails, ProjectPane, read_details
from budget_tui.tui.screens.table_screen import (
    AROUND_BODY,
    AROUND_ROWS,
    MIN_CHARTS_HEIGHT,
    FilteredTable,
    TableScreen,
)
from budget_tui.tui.table import MARGIN, TROUBLE

if TYPE_CHECKING:
    from datetime import date

    from budget_tui.bootstrap import Services
    from budget_tui.services.what_if import Basis
    from budget_tui.tui.dialogs.explain import ExplainQuery


class ProjectRows(EditableRows[ProjectLine]):
    """Rows of projects, the one in the most trouble first."""

    DEFAULT_ORDER = (TROUBLE, True)


class ProjectTable(FilteredTable[ProjectLine]):
    """Projects and their allocations. ``step`` is the amount that ``+`` and ``-`` suggest."""

    EDITED = "allocation"
    NOUN = "project"
    BINDINGS = [
        Binding(
            "enter",
            "what_if('save')",
            "Save",
            id="what_if.save",
            priority=True,  # before the rows', which edit
            tooltip="Save the what-if as one change",
        ),
        Binding("escape", "what_if('leave')", "Forget", id="what_if.leave", tooltip="Forget the what-if"),
        Binding("u", "what_if('undo')", "Undo", id="what_if.undo", tooltip="Take back the latest edit of the what-if"),
        Binding(
            "U",
            "what_if('redo')",
            "Redo",
            id="what_if.redo",
            show=False,
            tooltip="Make the edit again that was taken back",
        ),
    ]

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    fork: reactive[Fork | None] = reactive(None, bindings=True)
    """The what-if that the snapshot shows; None while it shows what is stored."""
    effects: reactive[AlertChanges] = reactive(AlertChanges())
    """The effect of the what-if on the alerts."""
    recent_spend: reactive[Mapping[str, tuple[int, ...]]] = reactive({})
    """The spend of each of the last days, by the project's id."""
    _latest: BudgetSnapshot
    _spent: tuple[date, Mapping[str, int]] | None = None
    """The day, and what each project had spent by then, in the latest snapshot."""

    class Edited(Message):
        """The user wants to change an allocation; ``expected`` is the value they saw when they typed another.

        ``advance`` is the number of rows the editor is to move by afterwards.
        """

        def __init__(self, project_id: str, change: AllocationChange, expected: int | None, advance: int) -> None:
            super().__init__()
            self.project_id = project_id
            self.change = change
            self.expected = expected
            self.advance = advance

    class WhatIfTyped(Message):
        """The user types an ``amount`` in a what-if: None when nothing is typed any more.

        ``advance`` is None until they confirm it, then the number of rows the editor is to move by.
        """

        def __init__(self, project_id: str = "", amount: int | None = None, advance: int | None = None) -> None:
            super().__init__()
            self.project_id = project_id
            self.amount = amount
            self.advance = advance

    class WhatIfRequested(Message):
        """The user wants to ``save``, ``leave``, ``undo`` or ``redo`` in a what-if."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self._spark = sparkline_column(self._sparkline)

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        if snapshot is not None:  # keep the rows while another organization is being read
            self._latest = snapshot
            self._currency = snapshot.organization.currency
            columns = beside_bar(project_columns(self._currency, formatting.elapsed(snapshot)), self._spark)
            self.show(snapshot.projects, self._marked(columns), keeps_order=self._keeps_order(snapshot))

    def watch_fork(self) -> None:
        self.watch_snapshot(self.snapshot)

    def watch_effects(self) -> None:
        self.describe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow the keys of a what-if where one is open and nothing is being edited."""
        if action == "what_if":
            return self.fork is not None and self.table.has_focus
        return super().check_action(action, parameters)

    def action_what_if(self, command: str) -> None:
        self.post_message(self.WhatIfRequested(command))

    def _marked(self, columns: Sequence[Column[ProjectLine]]) -> Sequence[Column[ProjectLine]]:
        """Mark the allocations that a what-if changes."""
        changes = self.fork.changes if self.fork is not None else {}
        return [
            replace(column, style=lambda line: "changed" if line.project_id in changes else "")
            if changes and column.key == self.EDITED
            else column
            for column in columns
        ]

    def _keeps_order(self, snapshot: BudgetSnapshot) -> bool:
        """Return whether rows sorted by trouble stay where they are: no row jumps because its allocation is edited.

        They move when costs come in, and when the screen is entered again.
        """
        before, self._spent = (
            self._spent,
            (snapshot.as_of, {line.project_id: line.pace.spent for line in snapshot.projects}),
        )
        is_by_trouble = self.table.sort_key == TROUBLE
        return is_by_trouble and (self.is_editing or before == self._spent)

    def watch_recent_spend(self) -> None:
        self.table.redraw()

    def _sparkline(self, line: ProjectLine) -> str:
        return formatting.sparkline(self.recent_spend[line.project_id]) if line.project_id in self.recent_spend else ""

    def make_table(self) -> ProjectRows:
        return ProjectRows((), self.id_of)

    def id_of(self, line: ProjectLine) -> str:
        return line.project_id

    def searched(self, line: ProjectLine) -> tuple[str, ...]:
        return line.name, line.project_id

    def overall_summary(self, hints: Sequence[str]) -> Content:
        if self.fork is None:
            return Content.assemble(self._unallocated(), (" · ".join(["", *hints]), MUTED))
        pool, changes = self._latest.unallocated, formatting.count(len(self.fork.changes), "change")
        stored = pool + self.fork.added_to({line.project_id for line in self._latest.projects})
        words = Content.assemble((" what if", "bold $accent"), (f" · {changes} ·", MUTED), self._pool(stored, pool))
        keys = Content.assemble(
            (" · ", MUTED),
            (key_of(self, "what_if.save"), "bold $accent"),
            (" saves, " if self.fork.changes else " or ", MUTED),
            (key_of(self, "what_if.leave"), "bold $accent"),
            (" forgets" if self.fork.changes else " ends it", MUTED),
        )
        # Without room for them the keys stand in the line of keys alone.
        has_room = words.cell_length + keys.cell_length < self.size.width
        return Content.assemble(words, keys) if has_room else words

    def completed(self, words: Content) -> Content:
        """Add what a what-if changes about the alerts, in a line that is always there: no row jumps."""
        return words if self.fork is None else Content("\n").join([words, self._effects()])

    def _effects(self) -> Content:
        """Name the alerts that would fire and that would end, as many as there is room for."""
        named = [
            *(Content.assemble(("▲ alert fires: ", "$warning"), crossing_text(found)) for found in self.effects.fires),
            *(Content.assemble(("✓ alert ends: ", "$success"), crossing_text(found)) for found in self.effects.ends),
        ]
        if not named:
            return Content.styled("no alert fires or ends by it", MUTED)
        for shown in range(len(named), 1, -1):
            line = self._joined(named, shown)
            if line.cell_length <= self.size.width - 2 * MARGIN:
                return line
        return self._joined(named, 1)

    def _joined(self, named: Sequence[Content], shown: int) -> Content:
        more = [Content.styled(f"+{len(named) - shown}", MUTED)] if shown < len(named) else []
        return Content.styled(" · ", MUTED).join([*named[:shown], *more])

    def _unallocated(self) -> Content:
        if self._latest.total.unfunded and not self._latest.allocated:
            return Content.styled(" no global budget yet: set one on Budget", MUTED)
        return self._pool(self._latest.unallocated, self._latest.unallocated)

    def _pool(self, before: int, after: int) -> Content:
        """Show the pool before and after: ``unallocated $80.00 → $20.00 over-allocated``."""
        names = ["unallocated" if amount >= 0 else "over-allocated" for amount in (before, after)]
        if before == after < 0:
            over = f"{formatting.money(-before, self._currency)} over-allocated"
            return Content.assemble((" ", MUTED), (over, "$warning"))
        words = Content.assemble((f" {names[0]} ", MUTED), self._signed(before))
        if before == after:
            return words
        name_after = (f" {names[1]}", "$warning" if after < 0 else MUTED) if names[0] != names[1] else ""
        return Content.assemble(words, " → ", self._signed(after), name_after)

    def _signed(self, amount: int) -> Content:
        return Content.styled(formatting.money(abs(amount), self._currency), "$warning" if amount < 0 else "bold")

    # Editing

    def text_of(self, line: ProjectLine) -> str:
        return formatting.number(line.pace.allocation, self._currency)

    def step_of(self, line: ProjectLine) -> str:
        return self._step

    def submit(self, line: ProjectLine, text: str, advance: int) -> None:
        change = self._change(line, text)
        if self.fork is not None:
            self.post_message(self.WhatIfTyped(line.project_id, self._after(self._current_row(line), change), advance))
            return
        expected = line.pace.allocation if change.kind is ChangeKind.SET else None
        self.post_message(self.Edited(line.project_id, change, expected, advance))

    def _change(self, line: ProjectLine, text: str) -> AllocationChange:
        """Parse the text of the editor; the amount that it began with changes nothing, whatever its display hides."""
        is_same = text.removeprefix("=") == self.text_of(line)
        return AllocationChange(ChangeKind.ADD, 0) if is_same else parse_change(text)

    def _after(self, line: ProjectLine, change: AllocationChange) -> int:
        """Return the allocation after ``change``; raises `Refused`."""
        before, pool = self._without_typed(line)
        return change.applied_to(before, self._latest.total.allocation, pool, self._currency)

    def _without_typed(self, line: ProjectLine) -> tuple[int, int]:
        """Return the allocation and the pool without what is being typed: a what-if shows that already."""
        shown = line.pace.allocation
        before = shown if self.fork is None else self.fork.allocation(line.project_id, shown)
        return before, self._latest.unallocated + shown - before

    def preview(self, line: ProjectLine) -> Content:
        """Show the pool, and the pool after the edit of ``line``'s allocation; in a what-if all figures follow."""
        assert self._edited is not None
        typed, after = self.editor.value, None
        before, pool = self._without_typed(line)
        try:
            after = self._after(line, self._change(self._edited, typed))
            effect = Content.assemble(self._pool(pool, pool - (after - before)), (" (editing)", MUTED))
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            effect = Content.assemble(self._pool(pool, pool), (f"  {hint}", MUTED))
        if self.fork is not None and line.pace.allocation != (before if after is None else after):
            self.post_message(self.WhatIfTyped(line.project_id, after))
        return effect

    def close_editor(self) -> None:
        super().close_editor()
        if self.fork is not None:
            self.post_message(self.WhatIfTyped())

    def lost(self, line: ProjectLine) -> str:
        is_there = any(each.project_id == line.project_id for each in self.table.all_rows)
        return "" if is_there else f"{line.name} is gone; someone archived it"


class ProjectsScreen(TableScreen):
    """The table of projects, a filter above it, the commands on a project."""

    MODE = "projects"
    WORKPLACES = (EditableRows,)
    AUTO_FOCUS = "EditableRows"
    BINDINGS = [
        Binding("a", "add_project", "Add", id="project.add", tooltip="Add a project"),
        Binding(
            "r",
            "rename_project",
            "Rename",
            id="project.rename",
            show=False,
            tooltip="Rename the project under the cursor",
        ),
        Binding(
            "d",
            "archive_project",
            "Archive",
            id="project.archive",
            show=False,
            tooltip="Archive the project; its costs are kept",
        ),
        Binding(
            "o",
            "carry",
            "Carry",
            id="project.carry",
            show=False,
            tooltip="Set what the project carries over",
        ),
        Binding(
            "v",
            "cover",
            "Cover",
            id="project.cover",
            show=False,
            tooltip="Show who can spare what the project will lack",
        ),
        Binding("l", "costs", "Costs", id="project.costs", tooltip="Show the costs of the project"),
        Binding("slash", "filter", "Filter", id="projects.filter", tooltip="Show only projects whose name contains …"),
        Binding("s", "sort", "Sort", id="projects.sort", tooltip="Sort by the next column"),
        Binding(
            "exclamation_mark",
            "sort_by_trouble",
            "Trouble",
            id="projects.trouble",
            show=False,
            tooltip="Sort projects by trouble, the worst first (toggle)",
        ),
        Binding("S", "reverse", "Reverse", id="projects.reverse", show=False, tooltip="Reverse the order"),
        Binding(
            "w",
            "what_if",
            "What if",
            id="projects.what_if",
            show=False,
            tooltip="Try other allocations, and save or forget them",
        ),
        Binding(
            "escape",
            "clear_filter",
            "Clear",
            id="projects.clear",
            show=False,
            tooltip="Show all projects again",
        ),
    ]

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-middling"), (140, "-wide")]

    fork: reactive[Fork | None] = reactive(None)
    """The what-if under way."""
    effects: reactive[AlertChanges] = reactive(AlertChanges())
    """The effect on the alerts of the what-if, with what is being typed into it."""
    shown: reactive[BudgetSnapshot | None] = reactive(None)
    """The snapshot that the table and the pane show: the current one, or that of the what-if."""
    _basis: Basis | None = None
    _fork_with_typed: Fork | None = None
    """The what-if with what is being typed into it."""
    _warned_about: Fork | None = None
    """The what-if that Esc forgets when it is pressed once more."""
    _has_moved = _is_resting = False
    """The cursor moved since its rest began; somebody waits until it rests."""

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show projects whose name contains …")
        with Layout(id="projects"):
            table = ProjectTable(self.dashboard.settings.step)
            yield table.data_bind(ProjectsScreen.fork, ProjectsScreen.effects, snapshot=ProjectsScreen.shown)
            with Layout(id="pane"):
                yield ProjectPane().data_bind(snapshot=ProjectsScreen.shown)
            yield ProjectCharts()

    def on_mount(self) -> None:
        self.watch(self.table.table, "cursor", self._follow_cursor, init=False)

    def _follow_cursor(self) -> None:
        """Read the details of another project. Reading that still waits for the cursor to rest goes on waiting."""
        self._has_moved = True
        if self._has_room_for_details and not self._is_resting:
            self._read_details()

    def show_filtered(self, text: str) -> None:
        super().show_filtered(text)
        self._read_details()

    def watch_snapshot(self, before: BudgetSnapshot | None, now: BudgetSnapshot | None) -> None:
        self._share_height()
        if self.fork is None:
            self.shown = self.snapshot
        else:
            self._read_basis()
            if before is not None and now is not None and forked(before) != forked(now):
                self._report_moved()
        self._read_details()
        self._read_recent_spend()

    def on_resize(self) -> None:
        self._share_height()
        self._read_details()

    def _share_height(self) -> None:
        """Show the charts where all projects leave room for them."""
        rows = AROUND_ROWS + (len(self.snapshot.projects) if self.snapshot is not None else 0)
        below = self.size.height - AROUND_BODY - rows
        has_charts = below >= MIN_CHARTS_HEIGHT
        self.set_class(has_charts, "-with-charts")
        self.query_one(ProjectCharts).set_class(below < 2 * MIN_CHARTS_HEIGHT, "-low")
        self.query_one("#projects").styles.grid_rows = f"{rows} 1fr" if has_charts else "1fr"

    def watch_shown(self) -> None:
        self._show_charts()

    def watch_fork(self, fork: Fork | None) -> None:
        changes = formatting.count(len(fork.changes), "change") if fork is not None and fork.changes else ""
        self.dashboard.unsaved = f"{changes} of a what-if" if changes else ""

    def _show_charts(self) -> None:
        pane, shown = self.query_one(ProjectPane), self.shown
        details, charts = pane.details, self.query_one(ProjectCharts)
        for details_of_row in (pane, charts):
            details_of_row.set_class(not pane.project_id, "-empty")
        if charts.display and details is not None and shown is not None:
            charts.show(shown, details)

    def on_screen_suspend(self) -> None:
        super().on_screen_suspend()
        if self.is_mounted and self.app.current_mode != self.MODE:  # not for a box over the screen
            self.table.table.sort_again()

    @work(exclusive=True, group="recent-spend")
    async def _read_recent_spend(self) -> None:
        """Read the last days of all projects, after the numbers: for thousands of them, that takes longer."""
        shown, table = self.snapshot, self.query_one(ProjectTable)
        if shown is None:
            return
        try:
            table.recent_spend = await self.dashboard.read(lambda services: services.cost_details.recent_spend(shown))
        except BudgetError:
            return  # the failure of the snapshot describes it

    @work(exclusive=True, group="details")
    async def _read_details(self) -> None:
        """Show the details of the project under the cursor, where there is room for them, once it rests there."""
        if self.query_one(ProjectPane).details is not None:
            await self._rest()
        pane, line, shown = self.query_one(ProjectPane), self.table.current, self.shown
        pane.project_id = line.project_id if line is not None else ""
        self._show_charts()
        if line is None or shown is None or not self._has_room_for_details:
            return
        project_id = line.project_id

        def read(services: Services) -> ProjectDetails | None:
            # In the reader's thread the cursor may have moved on: what nobody looks at is not read.
            is_wanted = pane.project_id == project_id and self.shown is shown
            return read_details(services, project_id, shown) if is_wanted else None

        try:
            details = await self.dashboard.read(read)
        except BudgetError:
            return  # the failure of the snapshot describes it
        if details is not None:
            pane.details = details
            self._show_charts()

    @property
    def _has_room_for_details(self) -> bool:
        return self.query_one("#pane").display or self.query_one(ProjectCharts).display

    async def _rest(self) -> None:
        """Wait until the cursor rests."""
        self._is_resting = True
        try:
            self._has_moved = True
            while self._has_moved:
                self._has_moved = False
                await self.dashboard.rest()
        finally:
            self._is_resting = False

    def explain_query(self) -> ExplainQuery | None:
        line = self.table.current
        return (
            super().explain_query() if line is None else lambda services: services.explain.of_project(line.project_id)
        )

    # What if

    @on(ProjectTable.WhatIfRequested)
    def _follow_request(self, event: ProjectTable.WhatIfRequested) -> None:
        match event.command:
            case "save":
                self._save_what_if()
            case "leave":
                self._leave_what_if()
            case "undo":
                self._go_to_edit(self.fork and self.fork.undone(), "there is no edit to take back")
            case "redo":
                self._go_to_edit(self.fork and self.fork.redone(), "there is no edit to make again")

    @work(group=SUBMITTING)
    async def action_what_if(self) -> None:
        """Begin a what-if; leave the one that is open."""
        if self.fork is not None:
            self._leave_what_if()
        elif self.snapshot is not None and not self.snapshot.projects:
            self.report(f"there is nothing to try yet: {key_of(self, 'project.add')} adds a project", is_problem=True)
        elif self.snapshot is not None and await self._take_basis():
            self.report("")
            self.fork = forked(self.snapshot)
            self._show_what_if()

    async def _take_basis(self) -> bool:
        """Read the numbers that the what-if starts from; return whether that succeeded."""
        try:
            self._basis = await self.dashboard.read(lambda services: services.what_if.basis())
        except BudgetError as error:
            self.report(str(error), is_problem=True)
            return False
        return True

    @work(exclusive=True, group="basis")
    async def _read_basis(self) -> None:
        """Read the numbers that the what-if starts from again: somebody wrote."""
        if await self._take_basis() and self.fork is not None and self.snapshot is not None:
            self.fork = self.fork.joined_by(self.snapshot)
            self._show_what_if()

    def _show_what_if(self) -> None:
        """Show the what-if, with what is being typed into it."""
        fork, basis = self._fork_with_typed or self.fork, self._basis
        if fork is not None and basis is not None:
            self.shown = basis.snapshot(fork)
            self.effects = basis.alerts(fork)
            self._read_details()

    @on(ProjectTable.WhatIfTyped)
    def _follow_typing(self, event: ProjectTable.WhatIfTyped) -> None:
        """Follow what is being typed, or take it into the what-if."""
        if self.fork is None:
            return
        tried = None if event.amount is None else self.fork.changed(event.project_id, event.amount)
        if event.advance is None:
            self._fork_with_typed = tried
        else:
            self.fork, self._fork_with_typed = tried or self.fork, None
        self._show_what_if()
        if event.advance is not None:
            self.table.accept(event.advance)

    @work(group=SUBMITTING)
    async def _save_what_if(self) -> None:
        """Store the what-if as one change, or end it where nothing was changed."""
        fork = self.fork
        if fork is None or not fork.changes:
            self._end_what_if()
            return
        try:
            rest = await self.dashboard.run_command(lambda services: services.what_if.commit(fork))
        except Conflict as conflict:
            await self._rebase()
            self.report(
                f"{conflict.message}: {_staying(self.fork, key_of(self.table, 'what_if.save'))}", is_problem=True
            )
        except BudgetError as refused:
            self.report(str(refused), is_problem=True)
        else:
            self._end_what_if()
            changed = f"{formatting.count(len(fork.changes), 'allocation')} changed"
            over = _over(rest, self.dashboard.currency)
            self.report_done(f"{changed}{over}")

    def _report_moved(self) -> None:
        """Name what somebody changed since the what-if was forked."""
        assert self.fork is not None
        assert self.snapshot is not None
        if moved := self.fork.moved(self.snapshot.total.allocation, allocations_of(self.snapshot)):
            names = {line.project_id: line.name for line in self.snapshot.projects}
            what = formatting.moved_meanwhile(moved, names, self.dashboard.currency)
            self.report(f"{what}; {key_of(self.table, 'what_if.save')} reloads first", is_problem=True)

    def on_screen_resume(self) -> None:
        """Take over what was changed in a box or on another screen."""
        super().on_screen_resume()
        self._resume()

    @work(exclusive=True, group="basis")
    async def _resume(self) -> None:
        await self._rebase()

    async def _rebase(self) -> None:
        """Rebase the what-if on what is stored now."""
        if self.fork is not None and self.snapshot is not None and await self._take_basis():
            self.fork = self.fork.renewed(self.snapshot)
            self._show_what_if()

    def _leave_what_if(self) -> None:
        """Warn once before changes are forgotten; forget them the second time."""
        if self.filter_text:
            self.action_clear_filter()
        elif self.fork is not None and self.fork.changes and self._warned_about is not self.fork:
            self._warned_about = self.fork
            changes = formatting.count(len(self.fork.changes), "change")
            leave, save = key_of(self.table, "what_if.leave"), key_of(self.table, "what_if.save")
            self.report(f"{leave} again forgets your {changes}; {save} saves", is_problem=True)
        else:
            self._end_what_if()
            self.table.table.sort_again()  # rows may stand as the what-if's figures sorted them
            self.report("nothing of it was stored")

    def _end_what_if(self) -> None:
        self.fork = self._basis = self._fork_with_typed = self._warned_about = None
        self.effects = AlertChanges()
        self.shown = self.snapshot
        self._read_details()

    def _go_to_edit(self, fork: Fork | None, problem: str) -> None:
        if fork is self.fork:
            self.report(f"{problem} in this what-if: Esc ends it", is_problem=True)
            return
        self.report("")
        self.fork = fork
        self._show_what_if()

    # Commands on projects

    def chosen(self) -> ProjectLine | None:
        """Return the row under the cursor as it is stored, in a what-if, too: that is what commands change."""
        line: ProjectLine | None = super().chosen()
        lines = self.snapshot.projects if self.snapshot is not None else ()
        return line and next((each for each in lines if each.project_id == line.project_id), line)

    @on(ProjectTable.Edited)
    @work
    async def _edit(self, event: ProjectTable.Edited) -> None:
        try:
            outcome = await self.dashboard.run_command(
                lambda services: services.budgets.allocate(event.project_id, event.change, event.expected)
            )
        except BudgetError as refused:
            self.table.refuse(str(refused), names_stored=isinstance(refused, Conflict))
            return
        self.table.accept(event.advance)
        if outcome.before != outcome.after:
            before, after = (money(amount, self.dashboard.currency) for amount in (outcome.before, outcome.after))
            over = _over(outcome.unallocated, self.dashboard.currency)
            name, lasts = self._name_of(outcome.project_id), self._lasts(outcome.project_id)
            self.report_done(f"{name}: {before} → {after}{lasts}{over}")

    @work(group=ASKING)
    async def action_add_project(self) -> None:
        added = self.table.table.row_of(await add_project(self))
        if added is not None:
            self.table.table.go_to(added)

    @work(group=ASKING)
    async def action_rename_project(self) -> None:
        line = self.chosen()
        if line is not None:
            await self.rename("Rename a project", line.project_id, line.name, lambda services: services.projects)

    @work(group=ASKING)
    async def action_archive_project(self) -> None:
        line = self.chosen()
        if line is None:
            return
        allocation = money(line.pace.allocation, self.dashboard.currency)
        question = (
            f"Archive {line.name}? Its allocation of {allocation} returns to the pool; its costs stay in the total."
            f" Adding {line.project_id} again restores it."
        )
        await self.run_if_confirmed(
            "Archive a project",
            question,
            "Archive",
            lambda services: services.projects.archive(line.project_id),
            lambda back: f"archived {line.name}; {money(back, self.dashboard.currency)} returned to the pool",
        )
        await self._rebase()

    @work(group=ASKING)
    async def action_carry(self) -> None:
        line = self.chosen()
        if line is None:
            return
        box = CarryScreen(line.name, line.project_id, line.carry, line.pace, self.dashboard.currency)
        if (done := await self.dashboard.ask(box)) is not None:
            self.report_done(done, is_changed=box.is_changed)

    @work(group=ASKING)
    async def action_cover(self) -> None:
        line = self.chosen()
        if line is None:
            return
        try:
            offer = await self.dashboard.read(lambda services: services.cover.offer(line.project_id))
        except BudgetError as error:
            self.report(str(error), is_problem=True)
            return
        outcome = await self.dashboard.ask(dialogs.cover.CoverScreen(offer))
        if outcome is not None:
            amount = money(outcome.amount, outcome.currency)
            moved = f"{amount} moved from {self._name_of(outcome.giver)} to {line.name}"
            if self.fork is None:
                self.report_done(moved)
            else:
                self.report(f"{moved}, for real")

    @work(group=ASKING)
    async def action_costs(self) -> None:
        line, shown = self.chosen(), self.snapshot
        if line is None or shown is None:
            return
        await dialogs.cost_details.show_costs(
            self.dashboard, line.project_id, shown.period, f"{line.name} · {formatting.period_name(shown.period)}"
        )

    def _name_of(self, project_id: str) -> str:
        lines = self.snapshot.projects if self.snapshot else ()
        return next((line.name for line in lines if line.project_id == project_id), project_id)

    def _lasts(self, project_id: str) -> str:
        """Say how long the project's allocation lasts by now; '' if for good."""
        lines = self.snapshot.projects if self.snapshot else ()
        days = next((line.pace.runway_days for line in lines if line.project_id == project_id), None)
        return "" if days is None else f", lasts {formatting.runway(days)}"


def _staying(fork: Fork | None, save: str) -> str:
    """Say how many changes of a what-if stay after what was forked has changed; the key ``save`` saves them."""
    changes = len(fork.changes) if fork is not None else 0
    if not changes:
        return "nothing of the what-if is left"
    return f"your {'change stays' if changes == 1 else f'{changes} changes stay'}, {save} saves"


def _over(unallocated: int, currency: str) -> str:
    return f"; {money(-unallocated, currency)} over-allocated" if unallocated < 0 else ""
