"""Changing a budget that others were allocated from: keep their amounts or rescale them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Select, Static

from budget_tui.domain.errors import Refused
from budget_tui.domain.plan import PlannedBudget, rescaled, unit_of
from budget_tui.presentation.formatting import amount_of, count, plan_name
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED


class ChildTreatment(StrEnum):
    """The treatment of the budgets allocated from one whose amount changes."""

    KEPT = "kept"
    RESCALED = "rescaled"


_WORDS = {
    ChildTreatment.KEPT: "keep their amounts",
    ChildTreatment.RESCALED: "keep their shares of it",
}


class RescaleScreen(BoxScreen[ChildTreatment]):
    """A choice for the ``children`` of ``budget``, whose new amount is ``amount``; dismissed with it."""

    AUTO_FOCUS = "Picker"

    def __init__(self, budget: PlannedBudget, amount: int, children: Sequence[PlannedBudget]) -> None:
        super().__init__("Change an allocated budget", "Change")
        self._budget, self._amount, self._children = budget, amount, children

    def compose_fields(self) -> ComposeResult:
        was, now = self._shown(self._budget.amount), self._shown(self._amount)
        allocated = count(len(self._children), "budget")
        yield Static(Content(f"{plan_name(self._budget)}: {was} → {now}.\n{allocated} allocated from it:\n"))
        with Horizontal(classes="field"):
            yield Label("These")
            yield Picker(
                [(words, choice) for choice, words in _WORDS.items()],
                value=ChildTreatment.KEPT,
                allow_blank=False,
                id="children",
            )
        yield Static(id="achieves")

    @on(Select.Changed)
    def _preview(self) -> None:
        self.refuse("")
        self.query_one("#achieves", Static).update(Content.styled(self._effect(), MUTED))

    def _effect(self) -> str:
        amounts = [child.amount for child in self._children]
        if self._chosen is ChildTreatment.RESCALED:
            unit = unit_of(self._budget.budget_type, self._budget.currency)
            try:
                amounts = list(rescaled(self._budget.amount, self._amount, amounts, unit))
            except Refused as refused:
                return str(refused)
        free = self._amount - sum(amounts)
        left = f"{self._shown(free)} unallocated" if free >= 0 else f"{self._shown(-free)} over-allocated"
        return f"they have {self._shown(sum(amounts))} then: {left}"

    @property
    def _chosen(self) -> ChildTreatment:
        return ChildTreatment(str(self.query_one("#children", Picker).selection))

    def _shown(self, amount: int) -> str:
        return amount_of(amount, self._budget.budget_type, self._budget.currency)

    async def submit(self) -> ChildTreatment:
        return self._chosen
