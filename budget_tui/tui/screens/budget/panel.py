"""The panel of the global budget: total, allocated, spent, left and today's allowance."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from budget_tui.domain.amount import parse_amount, share
from budget_tui.domain.budget import parse_over
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import PeriodKind
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import pace_bar_style
from budget_tui.tui.dashboard import key_of, title_with_key
from budget_tui.tui.fields import AmountField
from budget_tui.tui.render import MUTED, STRONG, WAITING, bar, spread, status

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot

_NAMES = {PeriodKind.MONTHLY: "Monthly", PeriodKind.QUARTERLY: "Quarterly", PeriodKind.YEARLY: "Yearly"}
_MIN_BAR_WIDTH = 8
_PERCENT_ROOM = 7
_WIDE = 130


class Headline(Widget):
    """The total and the period."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def render(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content(WAITING)
        day = snapshot.period.day_number(snapshot.as_of)
        return spread(
            Content.assemble(*self._total(snapshot)),
            Content.assemble(
                (f"{formatting.dates(snapshot.period)} · day {day} of {snapshot.period.days}", MUTED),
            ),
            self.content_size.width,
        )

    def _total(self, snapshot: BudgetSnapshot) -> tuple[tuple[str, str], ...]:
        if snapshot.is_budgeted:
            total = formatting.money(snapshot.total.allocation, snapshot.organization.currency)
            if carried := snapshot.carry.carried:  # so that this is not what it is in other periods
                came = formatting.change(carried, snapshot.organization.currency)
                return (total, STRONG), (f" · {came} carried over", MUTED)
            return (total, STRONG), (f" {formatting.a_period(snapshot.organization.period_rule.kind)}", MUTED)
        edit, plan = (
            (key, "bold $accent") for key in (key_of(self.screen, "budget.edit"), key_of(self.app, "screen.plan"))
        )
        return ("no budget yet: ", MUTED), edit, (" sets one; ", MUTED), plan, (" shows the plan", MUTED)


class PeriodFigures(Widget):
    """Two bars and the four figures derived from them."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None, layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        nothing = Content("")
        if self.snapshot is None:
            waiting = [Content.assemble((label.ljust(12), MUTED), WAITING) for label in ("Allocated", "Spent")]
            return [nothing, *waiting, nothing, nothing]
        return [nothing, *self._bars(self.snapshot, width), nothing, *self._figures(self.snapshot, width)]

    def _bars(self, snapshot: BudgetSnapshot, width: int) -> list[Content]:
        currency, total = snapshot.organization.currency, snapshot.total
        pace = formatting.elapsed(snapshot)
        amounts = [formatting.money(nanos, currency) for nanos in (snapshot.allocated, total.spent)]
        room = max(map(len, amounts))
        after = f"  pace {formatting.percent(pace)}"
        parts = [
            share(nanos, total.allocation) if snapshot.is_budgeted else Fraction(0)
            for nanos in (snapshot.allocated, total.spent)
        ]
        percents = [formatting.percent(part) if snapshot.is_budgeted else "–" for part in parts]
        percent_room = max(_PERCENT_ROOM, *(len(percent) + 2 for percent in percents))
        bar_width = width - 12 - room - percent_room - 2 - len(after)
        if bar_width < _MIN_BAR_WIDTH:
            after, bar_width = "", max(0, width - 12 - room - percent_room - 2)
        lines = []
        for label, amount, part, percent, tick, style in (
            (
                "Allocated",
                amounts[0],
                parts[0],
                percents[0],
                None,
                "warning" if snapshot.unallocated < 0 else "allocated",
            ),
            ("Spent", amounts[1], parts[1], percents[1], pace, pace_bar_style(total)),
        ):
            lines.append(
                Content.assemble(
                    (label.ljust(12), MUTED),
                    (amount.rjust(room), STRONG),
                    percent.rjust(percent_room) + "  ",
                    bar(
                        part,
                        bar_width,
                        tick,
                        style,
                        formatting.reserved_share(total) if tick is not None else Fraction(0),
                    ),
                    (after if tick is not None else "", MUTED),
                )
            )
        return lines

    def _figures(self, snapshot: BudgetSnapshot, width: int) -> list[Content]:
        currency, total = snapshot.organization.currency, snapshot.total
        pool = snapshot.unallocated
        unallocated = (
            _figure("Over-allocated", -pool, currency, "", "$warning")
            if pool < 0
            else _figure("Unallocated", pool, currency, "", STRONG)
        )
        if not snapshot.is_budgeted:  # figures derived from a budget mean nothing without one
            return [unallocated] if pool else []
        figures = [
            unallocated,
            _figure("Remaining", total.remaining, currency, "", STRONG).append(Content.assemble("  ", status(total))),
        ]
        if snapshot.is_closed:  # no day of it is left to spend on
            return [_columns(figures, width, 2)]
        per_day = " / day from tomorrow" if width >= _WIDE else " / day"
        over = total.available_today < 0
        figures += [
            _figure("Drip", total.daily_drip, currency, per_day, "$foreground 85%"),
            _figure(
                "Over for today" if over else "Available today",
                abs(total.available_today),
                currency,
                "",
                "$warning" if over else "$foreground 85%",
            ),
        ]
        for columns in (4, 2):
            if all(figure.cell_length + 2 <= width // columns for figure in figures):
                return [_columns(figures[at : at + columns], width, columns) for at in range(0, 4, columns)]
        return figures


class TotalEditor(AmountField):
    """The input that replaces the total while it is edited."""

    BINDINGS = [
        Binding("enter", "submit", "Set", id="budget.set", tooltip="Save the total"),
        Binding("escape", "leave", "Cancel", id="budget.leave", tooltip="Cancel, keep the old total"),
    ]

    class Cancelled(Message):
        """The user cancelled the edit."""

    is_waiting = False
    """True while a submitted text is being processed; the app holds back further keys meanwhile."""

    async def action_submit(self) -> None:
        self.is_waiting = True
        await super().action_submit()

    def action_leave(self) -> None:
        self.post_message(self.Cancelled())


class PeriodPanel(Vertical):
    """The whole panel. ``e`` replaces its total with an input; nothing else here takes the focus.

    ``step`` is the amount that ``+`` and ``-`` suggest.
    """

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    class TotalEdited(Message):
        """The user typed a new total over the one they saw; amounts in nanos."""

        def __init__(self, amount: int, seen: int) -> None:
            super().__init__()
            self.amount = amount
            self.seen = seen

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self._seen = 0  # the total when the editor opened, whatever somebody else writes meanwhile

    def compose(self) -> ComposeResult:
        yield Headline().data_bind(PeriodPanel.snapshot)
        yield TotalEditor(id="total", placeholder="a new total such as 500, or +20")
        yield Static("", id="total-refused")
        yield PeriodFigures().data_bind(PeriodPanel.snapshot)

    def on_mount(self) -> None:
        self._show_editor(False)

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        kind = snapshot.organization.period_rule.kind if snapshot else PeriodKind.MONTHLY
        self.border_title = title_with_key(self.screen, "budget.edit", f"{_NAMES[kind]} budget")
        self.border_subtitle = _closed(snapshot) if snapshot is not None and snapshot.is_closed else None

    @property
    def is_editing(self) -> bool:
        return self.query_one(Input).display

    def edit(self, sign: str = "") -> None:
        """Open the editor for a new total or, with a sign, for an increase or decrease."""
        if self.snapshot is None or self.is_editing:
            return
        self._seen = self.snapshot.total.allocation
        editor = self.query_one(TotalEditor)
        self._show_editor(True)
        editor.focus()
        editor.begin(sign, formatting.number(self._seen, self.snapshot.organization.currency), self._step)

    def refuse(self, why: str, *, names_stored: bool = False) -> None:
        """Show in place why the total was refused; the input stays.

        ``names_stored``: the message contains the stored total, so the user has now seen it.
        """
        self.query_one(TotalEditor).is_waiting = False
        if names_stored and self.snapshot is not None:
            self._seen = self.snapshot.total.allocation
        refusal = self.query_one("#total-refused", Static)
        refusal.update(Content.assemble(("✕ ", "bold $error"), why))
        refusal.display = True

    @on(TotalEditor.Cancelled)
    def close_editor(self) -> None:
        """Show the stored total again."""
        self.query_one(TotalEditor).is_waiting = False
        self._show_editor(False)

    @on(Input.Submitted, "#total")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.snapshot is None:  # another organization is being read
            return
        if event.value.removeprefix("=") == formatting.number(self._seen, self.snapshot.organization.currency):
            self.close_editor()
            return
        try:
            amount = parse_over(event.value, self._seen, parse_amount)
        except Refused as refused:
            self.refuse(str(refused))
            return
        self.post_message(self.TotalEdited(amount, self._seen))

    @on(Input.Changed, "#total")
    def _typed(self) -> None:
        self.query_one("#total-refused").display = False

    def _show_editor(self, shown: bool) -> None:
        self.screen.set_class(shown, "-editing")
        self.query_one(Input).display = shown
        self.query_one(Headline).display = not shown
        self.query_one("#total-refused").display = False
        if not shown and self.query_one(Input).has_focus:
            self.screen.set_focus(None)


def _closed(snapshot: BudgetSnapshot) -> Content:
    return Content(f"closed · the next period starts on {formatting.short_day(snapshot.period.half_open[1])}")


def _figure(label: str, nanos: int, currency: str, after: str, style: str) -> Content:
    return Content.assemble((f"{label} ", MUTED), (formatting.money(nanos, currency), style), (after, MUTED))


def _columns(pieces: list[Content], width: int, columns: int) -> Content:
    """Lay out ``pieces`` at the left edges of equal columns."""
    room = Fraction(width, columns)
    line = Content("")
    for i, piece in enumerate(pieces):
        line = Content.assemble(line, " " * max(int(room * i) - line.cell_length, 2 if i else 0), piece)
    return line
