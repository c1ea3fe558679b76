"""The carry-over settings of a budget: its policy and its cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Select, Static

from budget_tui.domain.amount import parse_whole
from budget_tui.domain.carry import Carry, CarryPolicy, carried_over
from budget_tui.domain.errors import Refused
from budget_tui.presentation.formatting import carry_rule, change, number, sign_of
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import Pace

_WORDS = {
    CarryPolicy.NONE: "none: each period starts fresh",
    CarryPolicy.UNSPENT: "unspent: what is left is added",
    CarryPolicy.DEFICIT: "deficit: what was overspent is deducted",
    CarryPolicy.BOTH: "both: unspent and deficit",
}


class CarryScreen(BoxScreen[str]):
    """A form for the carry-over policy, dismissed with a message. ``project_id`` '' is the global budget."""

    AUTO_FOCUS = "Picker"

    is_changed = False
    """True if the policy or its cap became another one."""

    def __init__(self, name: str, project_id: str, carry: Carry, pace: Pace, currency: str) -> None:
        super().__init__(f"Carry over: {name}", "Set")
        self._of = name
        self._project_id = project_id
        self._carry = carry
        self._pace = pace
        self._currency = currency

    def compose_fields(self) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label("Policy")
            yield Picker(
                [(words, policy) for policy, words in _WORDS.items()],
                value=self._carry.policy,
                allow_blank=False,
                id="policy",
            )
        with Horizontal(classes="field"):
            yield Label("At most")
            cap = "" if self._carry.cap is None else number(self._carry.cap, self._currency)
            yield TextField(cap, id="cap", placeholder=f"{sign_of(self._currency)}50, either way; empty: no limit")
        yield Static(id="achieves")

    def on_mount(self) -> None:
        self._preview()

    @on(Input.Changed)
    @on(Select.Changed)
    def _preview(self) -> None:
        """Show the amount carried over into this period, and the amount that would carry over if it closed now."""
        self.refuse("")
        came = change(self._carry.carried, self._currency) if self._carry.carried else "nothing"
        sentences = [f"{came} was carried over into this period"]
        try:
            policy, cap = self._entered()
        except Refused:
            policy, cap = CarryPolicy.NONE, None
        if self._pace.allocation and policy is not CarryPolicy.NONE:
            goes = carried_over(self._pace.remaining, policy, cap)
            sentences.append(f"{change(goes, self._currency)} would carry over if it ended now")
        self.query_one("#achieves", Static).update(Content.assemble(("\n".join(sentences), MUTED)))

    def _entered(self) -> tuple[CarryPolicy, int | None]:
        cap = self.query_one("#cap", Input).value.strip()
        policy = self.query_one("#policy", Picker).selection
        assert isinstance(policy, CarryPolicy)
        return policy, parse_whole(cap) if cap else None

    async def submit(self) -> str:
        policy, cap = self._entered()
        before = await self.dashboard.run_command(
            lambda services: services.budgets.set_carry(policy, cap, self._project_id)
        )
        self.is_changed = (before.policy, before.cap) != (policy, cap)
        return f"{self._of} carries over: {carry_rule(Carry(policy, cap), self._currency)}"
