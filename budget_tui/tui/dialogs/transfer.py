"""Transfer: its effect on both sides, shown before it is made."""

from decimal import Decimal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from budget_tui.domain import pacing
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import most_transferable
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.domain.hierarchy import POOL
from budget_tui.domain.pacing import Burn, Status
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.domain.trouble import by_trouble
from budget_tui.presentation.formatting import money, near_day, runway
from budget_tui.services.transfers import TransferOutcome, TransferRequest
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED


class TransferScreen(BoxScreen[TransferOutcome]):
    """A form for a transfer, dismissed with the outcome.

    ``project_id`` gives or, where it has little left itself, takes; without one the pool gives. The next key after the
    amount chooses the other end.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]

    def __init__(self, snapshot: BudgetSnapshot, project_id: str = "") -> None:
        super().__init__("Transfer", "Transfer")
        self._snapshot = snapshot
        self._lines = {line.project_id: line for line in snapshot.projects}
        line = self._lines.get(project_id)
        self._taker_is_given = line is not None and line.pace.status in (Status.CRITICAL, Status.EXHAUSTED)
        worst = by_trouble(snapshot.projects)[0].project_id
        if line is None:
            self._first_giver, self._first_taker = POOL, worst
        elif self._taker_is_given:
            self._first_giver, self._first_taker = POOL, project_id
        else:
            self._first_giver, self._first_taker = project_id, POOL

    def compose_fields(self) -> ComposeResult:
        projects = ((line.name, line.project_id) for line in self._snapshot.projects)
        ends = [("the pool (unallocated)", POOL), *projects]
        givers = Picker(ends, value=self._first_giver, allow_blank=False, id="giver")
        takers = Picker(ends, value=self._first_taker, allow_blank=False, id="taker")
        giver, taker = self._field("From", givers, "giver-change"), self._field("To", takers, "taker-change")
        amount = self._field("Amount", TextField(id="amount", placeholder="amount"), "most")
        yield from (taker, amount, giver) if self._taker_is_given else (giver, amount, taker)
        yield Static(id="achieves")

    def _field(self, label: str, widget: Widget, beside: str) -> Horizontal:
        return Horizontal(Label(Content(label)), widget, Static(id=beside, classes="change"), classes="field")

    def on_mount(self) -> None:
        self.query_one("#amount", Input).focus()
        self._preview()
        self.watch(self.app, "snapshot", self._follow, init=False)

    def _follow(self, snapshot: BudgetSnapshot | None) -> None:
        """Show the numbers of now: while the box is open, costs come in and allocations change."""
        if snapshot is None:
            return
        self._snapshot = snapshot
        self._lines |= {line.project_id: line for line in snapshot.projects}  # an archived one is refused with a reason
        if not self._is_submitting:
            self._show_effect()

    @property
    def _ends(self) -> tuple[str, str]:
        giver, taker = (self.query_one(f"#{end}", Picker).selection for end in ("giver", "taker"))
        return str(giver), str(taker)

    def _amount(self) -> int:
        """Return what is typed so far, in nanos; 0 while it is not an amount."""
        try:
            return parse_amount(self.query_one("#amount", Input).value)
        except Refused:
            return 0

    @on(Input.Changed)
    @on(Select.Changed)
    def _preview(self) -> None:
        self.refuse("")
        self._show_effect()

    def _show_effect(self) -> None:
        (giver, taker), amount = self._ends, self._amount()
        typed = self.query_one("#amount", Input).value.strip()
        through = near_day(self._snapshot.data_through, self._snapshot.as_of)
        self.query_one(".box").border_subtitle = Content(f"data through {through}")
        self._show_change("#giver-change", giver, -amount)
        self._show_change("#taker-change", taker, amount)
        is_too_much = amount > self._most(giver)
        self.query_one("#most", Static).update(
            Content.assemble(
                ("at most ", "bold $error" if is_too_much else MUTED),
                (money(self._most(giver), self._currency), "bold $error" if is_too_much else ""),
                (self._which(giver), "bold $error" if is_too_much else MUTED),
            )
        )
        achieves = Content("") if is_too_much else self._achieves(taker, amount)
        if typed and not amount:
            achieves = Content.styled("not an amount yet", "$warning")
        self.query_one("#achieves", Static).update(achieves)

    def _show_change(self, selector: str, end: str, amount: int) -> None:
        before = self._allocation(end)
        text = money(before, self._currency)
        if amount:
            text += f" → {money(before + amount, self._currency)}"
        self.query_one(selector, Static).update(Content(text))

    def _achieves(self, taker: str, amount: int) -> Content:
        line = self._lines.get(taker)
        if line is None or amount <= 0:
            return Content("")
        before, after = line.pace.runway_days, _runway_with(line, amount)
        if before == after:
            return Content.assemble((f"{line.name} spends nothing, so it lasts anyway", MUTED))
        return Content(f"{line.name} lasts {runway(after)} instead of {runway(before)}")

    def _allocation(self, end: str) -> int:
        return self._snapshot.unallocated if end == POOL else self._lines[end].pace.allocation

    def _which(self, end: str) -> str:
        """Name what bounds what ``end`` can give."""
        if end == POOL:
            return " unallocated"
        return " unspent and not held" if self._lines[end].pace.reserved else " unspent"

    def _most(self, end: str) -> int:
        if end == POOL:
            return max(0, self._snapshot.unallocated)
        pace = self._lines[end].pace
        return most_transferable(pace.allocation, pace.spent, pace.reserved)

    @property
    def _currency(self) -> str:
        return self._snapshot.organization.currency

    async def submit(self) -> TransferOutcome:
        giver, taker = self._ends
        request = TransferRequest(giver, taker, parse_amount(self.query_one("#amount", Input).value))
        try:
            return await self.dashboard.run_command(lambda services: services.transfers.transfer(request))
        except BudgetError:
            self._show_effect()  # of the numbers for which it was refused
            raise


def _runway_with(line: ProjectLine, amount: int) -> Decimal | None:
    """Return the project's runway in days with ``amount`` nanos more."""
    return pacing.runway_days(line.pace.remaining + amount, Burn(line.pace.burn_rate, 1))
