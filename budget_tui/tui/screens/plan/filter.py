"""The form with every filter of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.variance import VarianceStatus
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker, entity_options

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

    def __init__(self, providers: Iterable[str], entities: Sequence[Entity], choice: PlanFilter) -> None:
        super().__init__("Show only", "Show")
        self._providers = providers
        self._entities = entities
        self._choice = choice

    def compose_fields(self) -> ComposeResult:
        for name, label, words in _WORDS:
            yield from _field(name, label, _same(words), getattr(self._choice, name))
        yield from _field("plan-provider", "Provider", _same(self._providers), self._choice.provider)
        yield from _field("plan-entity", "Within", entity_options(self._entities), self._choice.entity_id)
        with Horizontal(classes="field"):
            yield Label("Contains")
            yield TextField(self._choice.search, id="plan-search", placeholder="in entity, provider or notes")

    async def submit(self) -> PlanFilter:
        return PlanFilter(
            category=self._word("category", Category),
            budget_type=self._word("budget_type", BudgetType),
            period_kind=self._word("period_kind", PeriodKind),
            entity_id=self._chosen("plan-entity"),
            provider=self._chosen("plan-provider"),
            status=self._word("status", VarianceStatus),
            search=self.query_one("#plan-search", Input).value.strip(),
        )

    def _word(self, name: str, words: type[_Word]) -> _Word | None:
        chosen = self._chosen(name)
        return words(chosen) if chosen else None

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Picker).selection or ""


def _same(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in words]


def _field(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(Content(label))
        given = {"value": str(chosen)} if any(chosen == value for _, value in options) else {}
        yield Picker(options, prompt="any", id=name, **given)
