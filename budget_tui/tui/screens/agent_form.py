"""The form that adds an agent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label

from budget_tui.domain.amount import parse_count
from budget_tui.tui.screens.modal import BoxScreen
from budget_tui.tui.widgets.text_field import TextField

_FIELDS = (
    ("agent-id", "Id", "short, for programs"),
    ("agent-project", "Project", "the id of the project it belongs to"),
    ("agent-name", "Name", "the id, unless you say otherwise"),
    ("agent-model", "Model", "whose prices its tokens have; empty for none"),
    ("agent-tokens", "Tokens", "500000, 500k or 2M a period; empty for none"),
)


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """What was entered; '' where a field was left empty."""

    agent_id: str
    project_id: str
    name: str
    model: str
    tokens: int


class AgentFormScreen(BoxScreen[AgentEntry]):
    """Dismissed with the entry once ``attempt`` has taken it."""

    def __init__(self, project_id: str, attempt: Callable[[AgentEntry], Awaitable[object]]) -> None:
        super().__init__("Add an agent", "Save")
        self._project_id = project_id
        self._attempt = attempt

    def compose_fields(self) -> ComposeResult:
        for name, label, placeholder in _FIELDS:
            with Horizontal(classes="field"):
                yield Label(Content(label))
                value = self._project_id if name == "agent-project" else ""
                yield TextField(value, id=name, placeholder=placeholder)

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    async def answer(self) -> AgentEntry:
        agent_id, project_id, name, model, tokens = (
            self.query_one(f"#{field}", Input).value.strip() for field, _, _ in _FIELDS
        )
        entry = AgentEntry(agent_id, project_id, name, model, parse_count(tokens or "0"))
        await self._attempt(entry)
        return entry
