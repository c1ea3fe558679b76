"""Project Allocation: the allocation, burn rate and runway of each project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.errors import BudgetError, Conflict, Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine, SnapshotFacts, build_snapshot
from budget_tui.domain.what_if import Fork, forked
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column, beside_bar, project_columns, sparkline_column
from budget_tui.presentation.formatting import money
from budget_tui.tui import dialogs
from budget_tui.tui.dialogs.carry import CarryScreen
from budget_tui.tui.dialogs.project_form import add_project
from budget_tui.tui.editing import EditableRows
from budget_tui.tui.fields import FilterInput
from budget_tui.tui.key_queue import ASKING, SUBMITTING
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.projects.pane import ProjectDetails, ProjectPane, read_details
from budget_tui.tui.screens.table_screen import FilteredTable, TableScreen
from budget_tui.tui.table import TROUBLE, FollowedTable

if TYPE_CHECKING:
    from datetime import date

    from budget_tui.bootstrap import Services
    from budget_tui.tui.dialogs.explain import ExplainQuery


class ProjectRows(EditableRows[ProjectLine], FollowedTable[ProjectLine]):
    """Rows of projects, the one in the most trouble first; the pane beside them describes the one under the cursor."""

    DEFAULT_ORDER = (TROUBLE, True)


class ProjectTable(FilteredTable[ProjectLine]):
    """Projects and their allocations. ``step`` is the amount that ``+`` and ``-`` suggest."""

    EDITED = "allocation"
    NOUN = "project"

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    fork: reactive[Fork | None] = reactive(None)
    """The what-if that the snapshot shows; None while it shows what is stored."""
    lately: reactive[Mapping[str, tuple[int, ...]]] = reactive({})
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

    class Typed(Message):
        """The user types an allocation in a what-if; ``amount`` is None when nothing is typed any more."""

        def __init__(self, project_id: str = "", amount: int | None = None) -> None:
            super().__init__()
            self.project_id = project_id
            self.amount = amount

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

    def watch_lately(self) -> None:
        self.table.redraw()

    def _sparkline(self, line: ProjectLine) -> str:
        return formatting.sparkline(self.lately[line.project_id]) if line.project_id in self.lately else ""

    def make_table(self) -> ProjectRows:
        return ProjectRows((), self.id_of)

    def id_of(self, line: ProjectLine) -> str:
        return line.project_id

    def searched(self, line: ProjectLine) -> tuple[str, ...]:
        return line.name, line.project_id

    def overall_summary(self, hints: Sequence[str]) -> Content:
        if self.fork is None:
            return Content.assemble(self._unallocated(), (" · ".join(["", *hints]), MUTED))
        pool, stored = self._latest.unallocated, self.fork.budget - sum(self.fork.base.values())
        before = (self._signed(stored), " → ") if pool != stored else ()
        changes = formatting.count(len(self.fork.changes), "change")
        return Content.assemble(
            (" what if", "bold $accent"),
            (f" · {changes} · unallocated ", MUTED),
            *before,
            self._signed(pool),
            (" · ", MUTED),
            ("w", "bold $accent"),
            (" saves, " if self.fork.changes else " or ", MUTED),
            ("Esc", "bold $accent"),
            (" forgets" if self.fork.changes else " ends it", MUTED),
        )

    def _unallocated(self) -> Content:
        if self._latest.total.unfunded and not self._latest.allocated:
            return Content.assemble(
                (" no global budget yet: ", MUTED), ("e", "bold $accent"), (" on Budget sets one", MUTED)
            )
        label = " unallocated " if self._latest.unallocated >= 0 else " "
        return Content.assemble((label, MUTED), self._signed(self._latest.unallocated))

    def _signed(self, amount: int) -> Content:
        text = formatting.money(abs(amount), self._currency)
        return Content.assemble((f"{text} over-allocated", "$warning") if amount < 0 else (text, "bold"))

    # Editing

    def text_of(self, line: ProjectLine) -> str:
        return formatting.number(line.pace.allocation, self._currency)

    def step_of(self, line: ProjectLine) -> str:
        return self._step

    def submit(self, line: ProjectLine, text: str, advance: int) -> None:
        change = (
            AllocationChange(ChangeKind.ADD, 0) if text.removeprefix("=") == self.text_of(line) else parse_change(text)
        )
        expected = line.pace.allocation if change.kind is ChangeKind.SET else None
        self.post_message(self.Edited(line.project_id, change, expected, advance))

    def preview(self, line: ProjectLine) -> Content:
        """Show the pool, and the pool after the edit of ``line``'s allocation; in a what-if all figures follow."""
        shown, total, typed = line.pace.allocation, self._latest.total.allocation, self.editor.value
        before = shown if self.fork is None else self.fork.allocation(line.project_id, shown)
        pool = self._latest.unallocated + shown - before  # what is typed in a what-if is shown already
        label = Content.assemble((" unallocated " if pool >= 0 else " ", MUTED), self._signed(pool))
        try:
            after = parse_change(typed).applied_to(before, total, pool, self._currency)
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            return Content.assemble(label, (f"  {hint}", MUTED))
        if self.fork is not None and after != shown:
            self.post_message(self.Typed(line.project_id, after))
        return Content.assemble(label, " → ", self._signed(pool - (after - before)), (" (editing)", MUTED))

    def close_editor(self) -> None:
        super().close_editor()
        if self.fork is not None:
            self.post_message(self.Typed())

    def lost(self, line: ProjectLine) -> str:
        is_there = any(each.project_id == line.project_id for each in self.table.everything)
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
            tooltip="Try other allocations; again: save them",
        ),
        Binding(
            "escape",
            "clear_filter",
            "Clear",
            id="projects.clear",
            show=False,
            tooltip="Show all projects again; forget a what-if",
        ),
    ]

    HORIZONTAL_BREAKPOINTS = [(0, "-without-pane"), (140, "-with-pane")]

    fork: reactive[Fork | None] = reactive(None)
    """The what-if under way."""
    shown: reactive[BudgetSnapshot | None] = reactive(None)
    """The snapshot that the table and the pane show: the current one, or that of the what-if."""
    _facts: SnapshotFacts | None = None

    def compose_body(self) -> ComposeResult:
        yield FilterInput("show projects whose name contains …")
        with Horizontal():
            table = ProjectTable(self.dashboard.settings.step)
            yield table.data_bind(snapshot=ProjectsScreen.shown, fork=ProjectsScreen.fork)
            yield ProjectPane().data_bind(snapshot=ProjectsScreen.shown)

    @on(ProjectRows.Moved)
    def _follow_cursor(self) -> None:
        self._read_details()

    def watch_snapshot(self) -> None:
        if self.fork is None:
            self.shown = self.snapshot
        else:
            self._read_facts()
        self._read_details()
        self._read_lately()

    def on_resize(self) -> None:
        self._read_details()

    def on_screen_suspend(self) -> None:
        super().on_screen_suspend()
        if self.is_mounted and self.app.current_mode != self.MODE:  # not for a box over the screen
            self.table.table.sort_again()

    @work(exclusive=True, group="lately")
    async def _read_lately(self) -> None:
        """Read the last days of all projects, after the numbers: for thousands of them, that takes longer."""
        shown, table = self.snapshot, self.query_one(ProjectTable)
        if shown is None:
            return
        try:
            table.lately = await self.dashboard.read(lambda services: services.cost_details.lately(shown))
        except BudgetError:
            return  # the failure of the snapshot describes it

    @work(exclusive=True, group="details")
    async def _read_details(self) -> None:
        """Show the details of the project under the cursor, where there is room for them."""
        pane, line, shown = self.query_one(ProjectPane), self.table.current, self.snapshot
        pane.project_id = line.project_id if line is not None else ""
        if line is None or shown is None or not pane.display:
            return
        project_id = line.project_id

        def read(services: Services) -> ProjectDetails | None:
            # In the reader's thread the cursor may have moved on: what nobody looks at is not read.
            return read_details(services, project_id, shown) if pane.project_id == project_id else None

        try:
            details = await self.dashboard.read(read)
        except BudgetError:
            return  # the failure of the snapshot describes it
        if details is not None:
            pane.details = details

    def explain_query(self) -> ExplainQuery | None:
        line = self.table.current
        return (
            super().explain_query() if line is None else lambda services: services.explain.of_project(line.project_id)
        )

    # What if

    @work(group=SUBMITTING)
    async def action_what_if(self) -> None:
        """Begin a what-if, save the one under way, or end it where nothing was changed."""
        if self.snapshot is None:
            return
        if self.fork is None:
            await self._begin_what_if(forked(self.snapshot))
        elif self.fork.changes:
            await self._save_what_if(self.fork)
        else:
            self._end_what_if()

    async def _begin_what_if(self, fork: Fork) -> None:
        try:
            self._facts = await self.dashboard.read(lambda services: services.snapshots.facts())
        except BudgetError as error:
            self.report(str(error), is_problem=True)
            return
        self.fork = fork
        self._show_what_if()

    @work(exclusive=True, group="facts")
    async def _read_facts(self) -> None:
        """Read again what the what-if stands on: somebody wrote."""
        try:
            self._facts = await self.dashboard.read(lambda services: services.snapshots.facts())
        except BudgetError:
            return  # the failure of the snapshot describes it
        self._show_what_if()

    def _show_what_if(self, typed: Fork | None = None) -> None:
        """Show the what-if, or what is being ``typed`` into it."""
        fork, live, facts = typed or self.fork, self.snapshot, self._facts
        if fork is not None and live is not None and facts is not None:
            self.shown = build_snapshot(fork.over(facts), live.as_of, live.computed_at)

    @on(ProjectTable.Typed)
    def _follow_typing(self, event: ProjectTable.Typed) -> None:
        if self.fork is not None:
            amount = event.amount
            self._show_what_if(None if amount is None else self.fork.changed(event.project_id, amount))

    async def _save_what_if(self, fork: Fork) -> None:
        try:
            await self.dashboard.run_command(lambda services: services.budgets.commit(fork))
        except Conflict as conflict:
            assert self.snapshot is not None
            await self._begin_what_if(forked(self.snapshot, fork.changes))
            self.report(str(conflict), is_problem=True)
        except BudgetError as refused:
            self.report(str(refused), is_problem=True)
        else:
            self._end_what_if()
            self.report(f"{formatting.count(len(fork.changes), 'allocation')} changed; u takes it back")

    def _end_what_if(self) -> None:
        self.fork = self._facts = None
        self.shown = self.snapshot

    def action_clear_filter(self) -> None:
        if self.fork is not None and not self.filter_text:
            self._end_what_if()
            self.report("nothing of it was stored")
        else:
            super().action_clear_filter()

    # Commands on projects

    @on(ProjectTable.Edited)
    @work
    async def _edit(self, event: ProjectTable.Edited) -> None:
        if self.fork is not None:
            self._edit_what_if(self.fork, event)
            return
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
            self.report(f"{self._name_of(outcome.project_id)}: {before} → {after}{over}")

    def _edit_what_if(self, fork: Fork, event: ProjectTable.Edited) -> None:
        """Change an allocation of the what-if."""
        self._show_what_if()
        assert self.shown is not None
        snapshot, line = self.shown, self.shown.project(event.project_id)
        try:
            amount = event.change.applied_to(
                line.pace.allocation, snapshot.total.allocation, snapshot.unallocated, snapshot.organization.currency
            )
        except BudgetError as refused:
            self.table.refuse(str(refused))
            return
        self.fork = fork.changed(event.project_id, amount)
        self._show_what_if()
        self.table.accept(event.advance)

    @work(group=ASKING)
    async def action_add_project(self) -> None:
        await add_project(self)

    @work(group=ASKING)
    async def action_rename_project(self) -> None:
        line: ProjectLine | None = self.chosen()
        if line is not None:
            await self.rename("Rename a project", line.project_id, line.name, lambda services: services.projects)

    @work(group=ASKING)
    async def action_archive_project(self) -> None:
        line: ProjectLine | None = self.chosen()
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

    @work(group=ASKING)
    async def action_carry(self) -> None:
        line: ProjectLine | None = self.chosen()
        if line is None:
            return
        box = CarryScreen(line.name, line.project_id, line.carry, line.pace, self.dashboard.currency)
        if (done := await self.dashboard.ask(box)) is not None:
            self.report(done)

    @work(group=ASKING)
    async def action_cover(self) -> None:
        line: ProjectLine | None = self.chosen()
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
            self.report(f"{amount} moved from {self._name_of(outcome.giver)} to {line.name}; u takes it back")

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


def _over(unallocated: int, currency: str) -> str:
    return f"; {money(-unallocated, currency)} over-allocated" if unallocated < 0 else ""
