"""Closing the period by hand: what ends, what follows, and what the projects get then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.closing import ClosePreview
from budget_tui.domain.errors import Conflict
from budget_tui.presentation.formatting import change, count, dates, money, period_name, short_day
from budget_tui.tui.painting import MUTED, STRONG
from budget_tui.tui.screens.modal import BoxScreen
from budget_tui.tui.widgets.next_allocations import NextAllocations

if TYPE_CHECKING:
    from budget_tui.services.periods import CloseOutcome


class CloseScreen(BoxScreen["CloseOutcome"]):
    """Dismissed with the outcome once the period is closed. As it opens, everything is carried over as it is."""

    BOX_CLASSES = "box wide"
    AUTO_FOCUS = "EditableRows"

    def __init__(self, preview: ClosePreview) -> None:
        super().__init__("Close the period", "Close, as it is")
        self._preview = preview
        self._warned = False

    def compose_fields(self) -> ComposeResult:
        yield Static(self._what_happens(), id="what-happens")
        yield NextAllocations(self._preview, self.dashboard.settings.step)

    def on_mount(self) -> None:
        self.query_one(".box").border_subtitle = "enter edits · tab to the buttons · esc leaves"

    @property
    def _next(self) -> NextAllocations:
        return self.query_one(NextAllocations)

    def _what_happens(self) -> Content:
        preview, currency = self._preview, self._preview.currency
        carried = f" ({change(preview.carried, currency)} carried over)" if preview.carried else ""
        following = preview.following
        is_late = preview.data_through < preview.ending.end
        reach = f"data through {short_day(preview.data_through)}{' only' if is_late else ''}"
        return Content.assemble(
            (period_name(preview.ending), STRONG),
            (" ends today: ", MUTED),
            f"{money(preview.spent, currency)}{f' of {money(preview.total, currency)}' if preview.total else ''}",
            (" spent\n", MUTED),
            (reach, "$warning" if is_late else MUTED),
            ("\n", MUTED),
            (dates(following), STRONG),
            (" follows with ", MUTED),
            f"{money(preview.total_next, currency)}{carried}",
            (". A close cannot be undone.\n", MUTED),
        )

    @on(NextAllocations.Rearranged)
    def _rearranged(self) -> None:
        self._warned = False
        self.refuse("")
        wanted = self._next.wanted
        label = f"Close, with {count(len(wanted), 'change')}" if wanted else "Close, as it is"
        submit = self.query_one("#submit", Button)
        submit.label = Content(label)
        submit.refresh(layout=True)

    def action_leave(self) -> None:
        """What was chosen is lost by leaving: said once, done at the second time."""
        if self._next.wanted and not self._warned:
            self._warned = True
            self.refuse(f"leaving drops {count(len(self._next.wanted), 'change')}; once more leaves")
            return
        super().action_leave()

    async def answer(self) -> CloseOutcome:
        changes = {project: AllocationChange(ChangeKind.SET, amount) for project, amount in self._next.wanted.items()}
        seen = self._preview.ending
        try:
            return await self.dashboard.carry_out(lambda services: services.periods.close(changes, seen))
        except Conflict:
            await self._look_again()
            raise

    async def _look_again(self) -> None:
        """Show what a close would do by now; where there is nothing to close, that is what the conflict says."""
        self._preview = await self.dashboard.carry_out(lambda services: services.periods.preview_close())
        self.query_one("#what-happens", Static).update(self._what_happens())
        self._next.show(self._preview)
