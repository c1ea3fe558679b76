"""The form with every filter of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import NotFound
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.variance import VarianceStatus
from budget_tui.services.plan_views import PlanBoard
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker

_Word = TypeVar("_Word", bound=StrEnum)

_WORDS: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("category", "Category", Category),
    ("budget_type", "Type", BudgetType),
    ("period_kind", "Period", PeriodKind),
    ("status", "Status", VarianceStatus),
)


class PlanFilterScreen(BoxScreen[PlanFilter]):
    """The filters of the plan, dismissed with the choice. Fields left open match anything."""

    AUTO_FOCUS = "Picker"

    def __init__(self, board: PlanBoard, choice: PlanFilter) -> None:
        super().__init__("Show only", "Show")
        self._board = board
        self._choice = choice

    def compose_fields(self) -> ComposeResult:
        for name, label, words in _WORDS:
            yield from _field(name, label, words, getattr(self._choice, name))
        yield from _field("plan-provider", "Provider", self._board.providers, self._choice.provider or None)
        with Horizontal(classes="field"):
            yield Label("Entity")
            yield TextField(self._choice.entity_id, id="plan-entity", placeholder="id; includes those below it")
        with Horizontal(classes="field"):
            yield Label("Contains")
            yield TextField(self._choice.search, id="plan-search", placeholder="in entity, provider or notes")

    async def submit(self) -> PlanFilter:
        entity_id = self.query_one("#plan-entity", Input).value.strip()
        return PlanFilter(
            category=self._word("category", Category),
            budget_type=self._word("budget_type", BudgetType),
            period_kind=self._word("period_kind", PeriodKind),
            entity_id=self._entity(entity_id) if entity_id else "",
            provider=self._chosen("plan-provider") or "",
            status=self._word("status", VarianceStatus),
            search=self.query_one("#plan-search", Input).value.strip(),
        )

    def _word(self, name: str, words: type[_Word]) -> _Word | None:
        chosen = self._chosen(name)
        return words(chosen) if chosen else None

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Picker).selection or ""

    def _entity(self, typed: str) -> str:
        """Return the id of the entity with that id or name, in any case."""
        wanted = typed.casefold()
        for entity in self._board.entities.values():
            if wanted in (entity.entity_id.casefold(), entity.name.casefold()):
                return entity.entity_id
        raise NotFound(f"there is no entity '{typed}'", "give its id or its name")


def _field(name: str, label: str, words: Iterable[str], chosen: Any) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(Content(label))
        options = [(str(word), str(word)) for word in words]
        given = {"value": str(chosen)} if chosen in list(words) else {}
        yield Picker(options, prompt="any", id=name, **given)
