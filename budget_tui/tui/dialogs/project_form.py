"""The form that adds or renames a project."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label

from budget_tui.domain.budget import parse_change
from budget_tui.domain.hierarchy import proposed_id
from budget_tui.presentation.formatting import project_added
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField

if TYPE_CHECKING:
    from budget_tui.tui.dashboard import Dashboard
    from budget_tui.tui.screens.base import DashboardScreen


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """The input of the form; '' for empty fields."""

    project_id: str
    name: str
    allocation: str


class ProjectFormScreen(BoxScreen[ProjectEntry]):
    """A form, dismissed with its entry once ``attempt`` succeeds. A given ``project_id`` is shown, not asked for."""

    attempt: Callable[[ProjectEntry], Awaitable[object]]

    def __init__(self, title: str, project_id: str = "", name: str = "", *, with_allocation: bool = False) -> None:
        super().__init__(title, "Save")
        self._project_id = project_id
        self._current_name = name
        self._with_allocation = with_allocation
        self._proposed_id = "" if project_id else proposed_id(name)

    def compose_fields(self) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label("Name")
            yield TextField(self._current_name, id="name", placeholder="such as Checkout service")
        with Horizontal(classes="field"):
            yield Label("Id")
            if self._project_id:
                yield Label(Content(self._project_id), classes="given")
            else:
                yield TextField(
                    self._proposed_id, id="project-id", placeholder="follows from the name; for scripts and tags"
                )
        if self._with_allocation:
            with Horizontal(classes="field"):
                yield Label("Allocation")
                yield TextField(id="allocation", placeholder="120, 25% or rest; empty for none")

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    @on(Input.Changed, "#name")
    def _propose_id(self, event: Input.Changed) -> None:
        """Propose an id that follows from the name, unless another one was typed."""
        for field in self.query("#project-id").results(Input):
            if field.value == self._proposed_id:
                field.value = self._proposed_id = proposed_id(event.value)

    async def submit(self) -> ProjectEntry:
        entry = ProjectEntry(
            self._project_id or self.query_one("#project-id", Input).value.strip(),
            self.query_one("#name", Input).value.strip(),
            self.query_one("#allocation", Input).value.strip() if self._with_allocation else "",
        )
        await self.attempt(entry)
        return entry


_ADD = "Add a project"


def new_project_form(dashboard: Dashboard, name: str = "", title: str = _ADD) -> ProjectFormScreen:
    """Return the form that adds a project; ``name`` is proposed."""
    form = ProjectFormScreen(title, name=name, with_allocation=True)
    form.attempt = lambda entry: dashboard.run_command(
        lambda services: services.projects.add(
            entry.project_id, entry.name, parse_change(entry.allocation) if entry.allocation else None
        )
    )
    return form


async def add_project(screen: DashboardScreen, title: str = _ADD) -> str:
    """Ask for a project over ``screen``, add it, report it there and return its id; '' if nothing was added."""
    entry = await screen.dashboard.ask(new_project_form(screen.dashboard, title=title))
    if entry is None:
        return ""
    if (snapshot := screen.snapshot) is not None:
        for line in snapshot.projects:
            if line.project_id == entry.project_id:
                screen.report_done(project_added(line, snapshot))
    return entry.project_id
