"""Unmapped costs: their origins, and assigning them to a project."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Static

from budget_tui.domain.errors import Refused
from budget_tui.domain.records import UnmappedOrigin
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.columns import unmapped_columns
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import FollowedTable


class UnmappedTable(FollowedTable[UnmappedOrigin]):
    """Origins of unmapped costs."""

    BINDINGS = [
        Binding("enter", "open", "Choose", id="unmapped.choose", show=False, tooltip="Choose what to do with the costs")
    ]


class UnmappedScreen(BoxScreen[str]):
    """A form to map costs to a project, dismissed with a message."""

    BOX_CLASSES = "box wide"

    def __init__(self, snapshot: BudgetSnapshot, origins: list[UnmappedOrigin]) -> None:
        super().__init__("Unmapped costs", "Assign")
        self._snapshot = snapshot
        self._origins = origins

    def compose_fields(self) -> ComposeResult:
        yield UnmappedTable(unmapped_columns(), id)
        if not self._snapshot.projects:
            yield Static(Content.assemble(("Add a project first, then assign these costs to it.", MUTED)))
        with Horizontal(classes="field"):
            yield Label("Match on")
            yield Picker[str]([], prompt="what these costs have in common", id="field")
        with Horizontal(classes="field"):
            yield Label("Project")
            yield Picker(
                [(line.name, line.project_id) for line in self._snapshot.projects],
                prompt="choose a project",
                id="project",
            )

    def on_mount(self) -> None:
        table = self.query_one(UnmappedTable)
        table.show(self._origins)
        table.focus()

    @on(UnmappedTable.Moved)
    def _offer_fields(self, event: UnmappedTable.Moved) -> None:
        options = [(label, f"{field}\n{value}") for label, field, value in _fields(event.row)]
        select = self.query_one("#field", Picker)
        select.set_options(options)
        if options:
            select.value = options[0][1]

    @on(UnmappedTable.Opened)
    def _advance(self) -> None:
        self.query_one("#field", Picker).focus()

    async def submit(self) -> str:
        chosen, project = self.query_one("#field", Picker).selection, self.query_one("#project", Picker).selection
        if not isinstance(chosen, str) or not isinstance(project, str):
            raise Refused("choose what to match and the project")
        field, _, value = chosen.partition("\n")
        await self.dashboard.run_command(lambda services: services.costs.map_to_project(project, field, value))
        return f"costs with {field} '{value}' belong to {project} now, including past costs"


def _fields(origin: UnmappedOrigin) -> list[tuple[str, str, str]]:
    """Return the fields a rule could match on, as label, field and value; the narrowest first."""
    found = [(f"tag {key}: {value}", f"tag:{key}", value) for key, value in origin.tags]
    account = origin.sub_account_id or origin.sub_account_name
    named = f" ({origin.sub_account_name})" if origin.sub_account_id and origin.sub_account_name else ""
    found.append((f"sub account: {account}{named}", "sub_account", account))
    found.append((f"service: {origin.service}", "service", origin.service))
    found.append((f"provider: {origin.provider}", "provider", origin.provider))
    return [(label, field, value) for label, field, value in found if value]
