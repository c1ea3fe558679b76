"""Recurring fees: the list, and the form that adds one."""

from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.domain.period import parse_day
from budget_tui.domain.recurring import Every, FeeReport, parse_day_of_month
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.formatting import long_day
from budget_tui.presentation.recurring import FEE_COLUMNS, added_words, ended_words
from budget_tui.services.recurring import NewFee
from budget_tui.tui.dashboard import dashboard_of, key_of
from budget_tui.tui.dialogs.box import BoxScreen, Overlay
from budget_tui.tui.dialogs.confirm import ConfirmScreen
from budget_tui.tui.fields import Choice, TextField
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import HEADER, Table

_MAX_ROWS = 14


class FeeTable(Table[FeeReport]):
    """A line per recurring fee."""

    BINDINGS = [
        Binding("a", "screen.add", "Add", id="fee.add", tooltip="Add a recurring fee"),
        Binding("d", "screen.end", "End", id="fee.end", tooltip="End the fee today; what was booked stays"),
    ]


class FeesScreen(Overlay[None]):
    """The recurring fees, to which one can be added, and of which each can be ended."""

    BINDINGS = [Binding("escape,q", "leave", "Close", id="fees.leave", tooltip="Close the list of fees")]
    AUTO_FOCUS = "FeeTable"

    def __init__(self, fees: Sequence[FeeReport], snapshot: BudgetSnapshot, project_id: str) -> None:
        """``project_id`` is preselected for another fee."""
        super().__init__()
        self._fees, self._snapshot, self._project_id = fees, snapshot, project_id

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = Content("Recurring fees")
            yield FeeTable(FEE_COLUMNS, lambda report: report.fee.fee_key)
            yield Static(id="fee-keys")

    def on_mount(self) -> None:
        self._table.why_empty = "no fees recur"
        self._show(self._fees)

    def _show(self, fees: Sequence[FeeReport], done: str = "") -> None:
        """Show ``fees`` and, above the keys, what was done last."""
        table = self._table
        table.styles.height = HEADER + min(max(1, len(fees)), _MAX_ROWS)
        table.show(fees)
        keys = [(key_of(table, "fee.add"), "adds one")]
        if fees:
            keys.append((key_of(table, "fee.end"), "ends it"))
        keys.append((key_of(self, "fees.leave"), "closes"))
        hints = Content.styled(" · ", MUTED).join(
            Content.assemble((key, "bold $accent"), (f" {words}", MUTED)) for key, words in keys
        )
        shown = Content.assemble(done, "\n\n", hints) if done else hints
        self.query_one("#fee-keys", Static).update(shown)

    @property
    def _table(self) -> FeeTable:
        return self.query_one(FeeTable)

    @work(group=ASKING)
    async def action_add(self) -> None:
        form = FeeFormScreen(self._snapshot, self._project_id)
        if (done := await dashboard_of(self.app).ask(form)) is not None:
            await self._show_again(done)

    @work(group=ASKING)
    async def action_end(self) -> None:
        report = self._table.current
        if report is None or report.fee.has_ended:
            return
        name, dashboard = report.fee.name, dashboard_of(self.app)
        question = f"End {name} today? What was booked stays."
        if not await dashboard.ask(ConfirmScreen("End a recurring fee", question, "End")):
            return
        try:
            ended = await dashboard.run_command(lambda services: services.recurring.end(name))
        except BudgetError as refused:
            await self._show_again(str(refused))
        else:
            await self._show_again(ended_words(ended.fee))

    async def _show_again(self, done: str) -> None:
        """Show the fees as they are stored now."""
        try:
            fees = await dashboard_of(self.app).read(lambda services: services.recurring.all())
        except BudgetError as error:
            self._show((), str(error))
        else:
            self._show(fees, done)


class FeeFormScreen(BoxScreen[str]):
    """A form for a recurring fee, dismissed with a message. ``project_id`` is preselected."""

    def __init__(self, snapshot: BudgetSnapshot, project_id: str) -> None:
        super().__init__("Add a recurring fee", "Add")
        self._snapshot = snapshot
        self._project_id = project_id

    def compose_fields(self) -> ComposeResult:
        projects = [(line.name, line.project_id) for line in self._snapshot.projects]
        with Horizontal(classes="field"):
            yield Label("Amount")
            yield TextField(id="amount", placeholder="20 each time")
        with Horizontal(classes="field"):
            yield Label("Project")
            yield Picker(projects, value=self._project_id, allow_blank=False, id="project")
        with Horizontal(classes="field"):
            yield Label("Every")
            yield Choice([(str(each), str(each)) for each in Every], str(Every.MONTH), "every")
        with Horizontal(classes="field"):
            yield Label("On day")
            yield TextField("1", id="day", placeholder="1 to 31, or last")
        with Horizontal(classes="field"):
            yield Label("Name")
            yield TextField(id="name", placeholder="such as Claude Pro; default: who charges it")
        with Horizontal(classes="field"):
            yield Label("Charged by")
            yield TextField(id="provider", placeholder="such as anthropic or figma; optional")
        with Horizontal(classes="field"):
            yield Label("From")
            yield TextField(id="start", placeholder=f"default: today, {long_day(self._snapshot.as_of)}")

    def on_mount(self) -> None:
        self.query_one("#amount", Input).focus()

    async def submit(self) -> str:
        amount, day, name, provider, start = map(self._typed, ("amount", "day", "name", "provider", "start"))
        project_id = self.query_one("#project", Picker).selection
        if project_id is None:
            raise Refused("choose the project")
        new = NewFee(
            str(project_id),
            parse_amount(amount),
            Every(self.query_one("#every", Choice).value),
            parse_day_of_month(day),
            name,
            provider,
            starts_on=parse_day(start) if start else None,
        )
        report = await self.dashboard.run_command(lambda services: services.recurring.add(new))
        return "; ".join(added_words(report))

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()
