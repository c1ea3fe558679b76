"""The lines above the footer: what just happened, and how far the numbers can be trusted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot


class Notice(Widget):
    """One message in words, kept until the next one or until the screen is left. ``text`` '' hides it.

    ``aside`` is what happened of itself; it stays beside the message of the act that it followed from.
    """

    text: reactive[str] = reactive("", layout=True)
    aside: reactive[str] = reactive("", layout=True)
    is_problem: reactive[bool] = reactive(False)
    _is_aside_of_next = False

    def render(self) -> Content:
        style = "bold $error" if self.is_problem else "$accent"
        told = " · ".join(filter(None, (self.text, self.aside)))
        return Content.assemble(("✕ " if self.is_problem else "✓ ", style), told)

    def watch_text(self) -> None:
        self.display = bool(self.text or self.aside)

    def watch_aside(self) -> None:
        self.display = bool(self.text or self.aside)

    def show(self, text: str, *, is_problem: bool = False) -> None:
        if not (text and self._is_aside_of_next):
            self.aside = ""
        self._is_aside_of_next = False
        self.is_problem = is_problem
        self.text = text

    def show_aside(self, text: str, *, of_next: bool) -> None:
        """Say what happened of itself; ``of_next``: by an act whose own message is yet to come."""
        self._is_aside_of_next = of_next
        self.is_problem = False
        self.text = ""
        self.aside = text


class Freshness(Widget):
    """How far the costs are known, and what is wrong with them; ``failure`` says why the numbers are old.

    ``chosen_day`` is the day that the user wants taken for today, if they chose one.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    failure: reactive[str] = reactive("")

    def __init__(self, chosen_day: date | None) -> None:
        super().__init__()
        self._chosen_day = chosen_day

    def watch_snapshot(self) -> None:
        self._fit()

    def watch_failure(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Lay out anew only where a second line is needed or one is not needed any more."""
        if (self.render().cell_length > self.content_size.width) != (self.content_size.height > 1):
            self.refresh(layout=True)

    def render(self) -> Content:
        snapshot = self.snapshot
        failure = (f"✕ {self.failure}", "bold $error") if self.failure else ""
        if snapshot is None:
            return Content.assemble(failure or ("reading …", MUTED))
        if self.failure:
            return Content.assemble(failure, (f" · shown: {snapshot.computed_at.astimezone():%H:%M:%S}", MUTED))
        parts: list[str | tuple[str, str]] = [(f"data through {formatting.short_day(snapshot.data_through)}", MUTED)]
        if snapshot.unmapped_costs:
            unmapped = formatting.money(snapshot.unmapped, snapshot.organization.currency)
            costs = formatting.count(snapshot.unmapped_costs, "cost")
            parts.append((f" · {costs} unmapped ({unmapped}): m to map", "$warning"))
        if snapshot.total.scheduled:
            scheduled = formatting.money(snapshot.total.scheduled, snapshot.organization.currency)
            parts.append((f" · {scheduled} scheduled for later days", MUTED))
        for foreign in snapshot.foreign:
            amount = formatting.money(foreign.amount, foreign.currency)
            parts.append((f" · {amount} left out: no usable rate to {snapshot.organization.currency}", "$warning"))
        for spend in snapshot.converted:
            parts.append((f" · {formatting.counted_as(spend, snapshot.organization.currency)}", MUTED))
        if self._chosen_day is not None:
            parts.append((f" · as of {formatting.long_day(self._chosen_day)}", MUTED))
        return Content.assemble(*parts)
