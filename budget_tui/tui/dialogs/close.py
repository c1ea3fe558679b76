"""The turn of a period: closing it by hand, or reviewing one that ended by itself, with the next allocations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.closing import ClosePreview, NextLine
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column
from budget_tui.presentation.formatting import change, count, dates, money, near_day, period_name
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.editing import EditableRows, EditableTable
from budget_tui.tui.render import MUTED, STRONG
from budget_tui.tui.table import Table

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.services.periods import CloseOutcome

Outcome = TypeVar("Outcome")


class NextAllocations(EditableTable[NextLine]):
    """The next period's allocations, editable, and its pool. ``wanted`` is the user's changes by project, in nanos."""

    EDITED = "next"

    class AllocationChanged(Message):
        """The user changed a project's next allocation."""

    def __init__(self, preview: ClosePreview, step: str) -> None:
        super().__init__()
        self._preview = preview
        self._step = step
        self.wanted: dict[str, int] = {}

    def make_table(self) -> Table[NextLine]:
        return EditableRows(self._columns(), lambda line: line.project_id)

    def on_mount(self) -> None:
        self._fill()

    def show(self, preview: ClosePreview) -> None:
        """Show the current preview of the close; the user's changes to projects that still exist stay."""
        self._preview = preview
        there = {line.project_id for line in preview.lines}
        self.wanted = {project: amount for project, amount in self.wanted.items() if project in there}
        self._fill()

    # Showing

    def _next(self, line: NextLine) -> int:
        return self.wanted.get(line.project_id, line.next_allocation)

    @property
    def unallocated(self) -> int:
        """The pool of the next period after the user's changes, in nanos; negative if they exceed the total."""
        return self._preview.total_next - sum(map(self._next, self._preview.lines))

    def _fill(self) -> None:
        self.table.show(self._preview.lines)
        self.refresh_rows()

    def _columns(self) -> tuple[Column[NextLine], ...]:
        def money(label: str, amount: Callable[[NextLine], int], drop_order: int = 0) -> Column[NextLine]:
            return Column(
                label.lower(),
                label,
                lambda line: formatting.number(amount(line), self._preview.currency),
                "right",
                drop_order=drop_order,
                yields_late=True,
                is_muted=True,
            )

        carried = money("Carried", lambda line: line.carried)
        return (
            Column("name", "Project", lambda line: line.name, min_width=10, max_width=32, shrinks_to=10),
            money("Allocated", lambda line: line.allocation, drop_order=2),
            money("Spent", lambda line: line.spent, drop_order=1),
            money("Left", lambda line: line.allocation - line.spent),
            replace(carried, text=lambda line: carried.text(line) if line.carried else "–"),
            replace(
                money("Next", self._next),
                is_muted=False,
                style=lambda line: "changed" if line.project_id in self.wanted else "",
            ),
        )

    def summary(self) -> Content:
        changes = f" · {formatting.count(len(self.wanted), 'change')}" if self.wanted else ""
        return Content.assemble(self._unallocated_then(), (changes, MUTED))

    def preview(self, line: NextLine) -> Content:
        typed = self.editor.value
        try:
            after = self._applied(line, parse_change(typed))
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            return Content.assemble(self._unallocated_then(), (f"  {hint}", MUTED))
        left = self.unallocated - (after - self._next(line))
        return Content.assemble(self._unallocated_then(), " → ", self._signed(left), (" (editing)", MUTED))

    def _unallocated_then(self) -> Content:
        return Content.assemble((" unallocated afterwards ", MUTED), self._signed(self.unallocated))

    def _signed(self, amount: int) -> Content:
        text = formatting.money(abs(amount), self._preview.currency)
        return Content.assemble((f"{text} too much", "$warning") if amount < 0 else (text, "bold"))

    # Editing

    def text_of(self, line: NextLine) -> str:
        return formatting.number(self._next(line), self._preview.currency)

    def step_of(self, line: NextLine) -> str:
        return self._step

    def submit(self, line: NextLine, text: str, advance: int) -> None:
        if text.removeprefix("=") != self.text_of(line):
            self._choose(line, self._applied(line, parse_change(text)))
        self.accept(advance)

    def lost(self, line: NextLine) -> str:
        return f"{line.name} is gone; someone archived it"

    def _applied(self, line: NextLine, change: AllocationChange) -> int:
        """Return the project's next allocation after ``change``, in nanos."""
        preview = self._preview
        return change.applied_to(self._next(line), preview.total_next, self.unallocated, preview.currency)

    def _choose(self, line: NextLine, amount: int) -> None:
        self.wanted.pop(line.project_id, None)
        if amount != line.next_allocation:
            self.wanted[line.project_id] = amount
        self.table.show(self._preview.lines, self._columns())
        self.report("")
        self.post_message(self.AllocationChanged())


class TurnScreen(BoxScreen[Outcome]):
    """A form about the turn of a period, with the projects' next allocations."""

    BOX_CLASSES = "box wide"
    AUTO_FOCUS = "EditableRows"
    UNCHANGED, CHANGED = "", ""
    """The words of the button, without changes and with some."""

    def __init__(self, title: str, preview: ClosePreview) -> None:
        super().__init__(title, self.UNCHANGED)
        self._preview = preview
        self._warned = False

    def compose_fields(self) -> ComposeResult:
        yield Static(self._what_happens(), id="what-happens")
        yield NextAllocations(self._preview, self.dashboard.settings.step)

    def on_mount(self) -> None:
        self.query_one(".box").border_subtitle = Content(
            f"enter edits · tab to the buttons · {key_of(self, 'box.leave')} cancels"
        )

    @property
    def _next(self) -> NextAllocations:
        return self.query_one(NextAllocations)

    @property
    def _changes(self) -> dict[str, AllocationChange]:
        return {project: AllocationChange(ChangeKind.SET, amount) for project, amount in self._next.wanted.items()}

    def _what_happens(self) -> Content:
        raise NotImplementedError

    @on(NextAllocations.AllocationChanged)
    def _allocation_changed(self) -> None:
        self._warned = False
        self.refuse("")
        wanted = self._next.wanted
        submit = self.query_one("#submit", Button)
        submit.label = Content(f"{self.CHANGED}, with {count(len(wanted), 'change')}" if wanted else self.UNCHANGED)
        submit.refresh(layout=True)

    def action_leave(self) -> None:
        """Warn once before the user's changes are discarded; leave the second time."""
        if self._next.wanted and not self._warned:
            self._warned = True
            self.refuse(f"esc again discards {count(len(self._next.wanted), 'change')}")
            return
        super().action_leave()

    async def submit(self) -> Outcome:
        try:
            return await self.carry_out()
        except Conflict:
            await self._look_again()
            raise

    async def carry_out(self) -> Outcome:
        """Run the command of this form, with the user's changes."""
        raise NotImplementedError

    def look(self, services: Services) -> ClosePreview:
        """Read the turn as it stands by now; raises what says that there is none."""
        raise NotImplementedError

    async def _look_again(self) -> None:
        self._preview = await self.dashboard.run_command(self.look)
        self.query_one("#what-happens", Static).update(self._what_happens())
        self._next.show(self._preview)


def _spent(preview: ClosePreview) -> str:
    spent = money(preview.spent, preview.currency)
    return f"{spent} of {money(preview.total, preview.currency)}" if preview.total else spent


class CloseScreen(TurnScreen["CloseOutcome"]):
    """A form to close the period, dismissed with the outcome. Unless changed, projects carry over by their policies."""

    UNCHANGED, CHANGED = "Close period", "Close"

    def __init__(self, preview: ClosePreview) -> None:
        super().__init__("Close the period", preview)

    def _what_happens(self) -> Content:
        preview, currency = self._preview, self._preview.currency
        carried = f" ({change(preview.carried, currency)} carried over)" if preview.carried else ""
        is_late = preview.data_through < preview.ending.end
        reach = f"data through {near_day(preview.data_through, preview.ending.end)}{' only' if is_late else ''}"
        return Content.assemble(
            (period_name(preview.ending), STRONG),
            (" ends today: ", MUTED),
            _spent(preview),
            (" spent\n", MUTED),
            (reach, "$warning" if is_late else MUTED),
            ("\n", MUTED),
            (dates(preview.following), STRONG),
            (" follows with ", MUTED),
            f"{money(preview.total_next, currency)}{carried}",
            *self._shortened(),
            (". A close cannot be undone.\n", MUTED),
        )

    def _shortened(self) -> list[tuple[str, str]]:
        """Say so if the next period is shorter than a whole one, but opens with a whole one's budget."""
        days, whole = self._preview.following.days, self._preview.whole_days
        if days >= whole:
            return []
        return [(": ", MUTED), (f"{days} days with the budget of {whole}", "$warning")]

    async def carry_out(self) -> CloseOutcome:
        changes, seen = self._changes, self._preview.ending
        return await self.dashboard.run_command(lambda services: services.periods.close(changes, seen))

    def look(self, services: Services) -> ClosePreview:
        return services.periods.preview_close()


class ReviewScreen(TurnScreen[int]):
    """A form to review what was carried over when a period ended by itself, dismissed with the number of changes."""

    UNCHANGED, CHANGED = "Keep all", "Re-allocate"

    def __init__(self, preview: ClosePreview) -> None:
        super().__init__("Review the allocations", preview)

    def _what_happens(self) -> Content:
        preview, currency = self._preview, self._preview.currency
        carried = f" ({change(preview.carried, currency)} carried over)" if preview.carried else ""
        return Content.assemble(
            (period_name(preview.ending), STRONG),
            (" has ended: ", MUTED),
            _spent(preview),
            (" spent\n", MUTED),
            (period_name(preview.following), STRONG),
            (" has begun with ", MUTED),
            f"{money(preview.total_next, currency)}{carried}\n",
        )

    async def carry_out(self) -> int:
        changes, seen = self._changes, self._preview.following
        return await self.dashboard.run_command(lambda services: services.periods.review(changes, seen))

    def look(self, services: Services) -> ClosePreview:
        return services.periods.last_turn()
