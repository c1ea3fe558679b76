"""Unmapped costs: what found no project, and giving it to one."""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import DataTable, Label, Select, Static

from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.formatting import money
from budget_tui.storage.cost_queries import UnmappedOrigin
from budget_tui.tui.painting import MUTED, shortened
from budget_tui.tui.screens.modal import BoxScreen

_RIGHT = ("Costs", "Amount")


class UnmappedScreen(BoxScreen[str]):
    """Dismissed with a sentence that says what was mapped."""

    BOX_CLASSES = "box wide"

    def __init__(self, snapshot: BudgetSnapshot, origins: list[UnmappedOrigin]) -> None:
        super().__init__("Unmapped costs", "Map, past costs too")
        self._snapshot = snapshot
        self._origins = origins

    def compose_fields(self) -> ComposeResult:
        yield DataTable(cursor_type="row")
        if not self._snapshot.projects:
            yield Static(Content.assemble(("Add a project first: these costs can then be given to it.", MUTED)))
        with Horizontal(classes="field"):
            yield Label("Go by")
            yield Select[str]([], prompt="what these costs have in common", compact=True, id="field")
        with Horizontal(classes="field"):
            yield Label("Project")
            yield Select(
                [(Content(line.name), line.project_id) for line in self._snapshot.projects],
                prompt="whose these costs are",
                compact=True,
                id="project",
            )

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        columns = [
            ("Amount", 11),
            ("Costs", 7),
            ("Sub account", 15),
            ("Service", self._service_width()),
            ("Provider", 8),
        ]
        for label, width in columns:
            table.add_column(Text(label.rjust(width) if label in _RIGHT else label), width=width)
        for origin in self._origins:
            texts = (
                money(origin.amount, origin.currency),
                f"{origin.costs:,}",
                origin.sub_account_name or origin.sub_account_id,
                origin.service,
                origin.provider,
            )
            table.add_row(
                *(
                    Text(text.rjust(width) if label in _RIGHT else shortened(text, width))
                    for text, (label, width) in zip(texts, columns, strict=True)
                )
            )
        table.focus()

    def _service_width(self) -> int:
        """The room that the box leaves to the one column that can do with more or less."""
        return max(10, min(self.app.size.width * 95 // 100, 96) - 6 - 2 - 5 * 2 - (11 + 7 + 15 + 8))

    @on(DataTable.RowHighlighted)
    def _offer_fields(self, event: DataTable.RowHighlighted) -> None:
        options = [
            (Content(label), f"{field}\n{value}") for label, field, value in _fields(self._origins[event.cursor_row])
        ]
        select = self.query_one("#field", Select)
        select.set_options(options)
        if options:
            select.value = options[0][1]

    @on(DataTable.RowSelected)
    def _go_on(self) -> None:
        self.query_one("#field", Select).focus()

    async def answer(self) -> str:
        chosen, project = self.query_one("#field", Select).value, self.query_one("#project", Select).value
        if not isinstance(chosen, str) or not isinstance(project, str):
            raise Refused("choose what to match and the project")
        field, _, value = chosen.partition("\n")
        await self.dashboard.carry_out(lambda services: services.costs.map_to_project(project, field, value))
        return f"costs with {field} '{value}' belong to {project} now, past ones too"


def _fields(origin: UnmappedOrigin) -> list[tuple[str, str, str]]:
    """What a rule could go by: label, field, value; the narrowest first."""
    found = [(f"tag {key}: {value}", f"tag:{key}", value) for key, value in origin.tags]
    account = origin.sub_account_id or origin.sub_account_name
    named = f" ({origin.sub_account_name})" if origin.sub_account_id and origin.sub_account_name else ""
    found.append((f"sub account: {account}{named}", "sub_account", account))
    found.append((f"service: {origin.service}", "service", origin.service))
    found.append((f"provider: {origin.provider}", "provider", origin.provider))
    return [(label, field, value) for label, field, value in found if value]
