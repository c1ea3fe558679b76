"""Unmapped costs: what found no project, and giving it to one."""

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, DataTable, Label, Select, Static

from budget_tui.domain.errors import BudgetError
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.formatting import money
from budget_tui.storage.queries import UnmappedOrigin
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.modal import BoxScreen


class UnmappedScreen(BoxScreen[str]):
    """Dismissed with a sentence that says what was mapped."""

    def __init__(self, snapshot: BudgetSnapshot, origins: list[UnmappedOrigin]) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._origins = origins

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = "Unmapped costs"
            yield DataTable(cursor_type="row")
            if not self._snapshot.projects:
                yield Static(Content.assemble(("Add a project first: these costs can then be given to it.", MUTED)))
            with Horizontal(classes="field"):
                yield Label("Go by")
                yield Select[str]([], prompt="what these costs have in common", compact=True, id="field")
            with Horizontal(classes="field"):
                yield Label("Project")
                yield Select(
                    [(line.name, line.project_id) for line in self._snapshot.projects],
                    prompt="whose these costs are",
                    compact=True,
                    id="project",
                )
            yield Static(id="refusal")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Map, past costs too", id="map", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.refuse("")
        table = self.query_one(DataTable)
        table.add_columns("Provider", "Service", "Sub account", "Costs", "Amount")
        for origin in self._origins:
            table.add_row(
                origin.provider,
                origin.service,
                origin.sub_account_name or origin.sub_account_id,
                Text(f"{origin.costs:,}", justify="right"),
                Text(money(origin.amount, origin.currency), justify="right"),
            )
        table.focus()

    @on(DataTable.RowHighlighted)
    def _offer_fields(self, event: DataTable.RowHighlighted) -> None:
        self.query_one("#field", Select).set_options(
            [
                (f"{label}: {value}", f"{field}\n{value}")
                for label, field, value in _fields(self._origins[event.cursor_row])
            ]
        )

    @on(DataTable.RowSelected)
    def _go_on(self) -> None:
        self.query_one("#field", Select).focus()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#map")
    @work(exclusive=True)
    async def _map(self) -> None:
        chosen, project = self.query_one("#field", Select).value, self.query_one("#project", Select).value
        if not isinstance(chosen, str) or not isinstance(project, str):
            self.refuse("choose what to go by and whose these costs are")
            return
        field, _, value = chosen.partition("\n")
        try:
            await self.dashboard.carry_out(lambda services: services.costs.map_to_project(project, field, value))
        except BudgetError as refused:
            self.refuse(str(refused))
            return
        self.dismiss(f"costs with {field} '{value}' belong to {project} now, past ones too")


def _fields(origin: UnmappedOrigin) -> list[tuple[str, str, str]]:
    """What a rule could go by: label, field, value; the narrowest first."""
    found = [(f"tag {key}", f"tag:{key}", value) for key, value in origin.tags]
    found.append(("sub account", "sub_account", origin.sub_account_id or origin.sub_account_name))
    found.append(("service", "service", origin.service))
    found.append(("provider", "provider", origin.provider))
    return [(label, field, value) for label, field, value in found if value]
