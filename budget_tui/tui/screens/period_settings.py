"""How the periods recur and when a day begins: what a change does is said before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Select, Static

from budget_tui.domain.errors import Conflict
from budget_tui.domain.period import PeriodKind, parse_anchor, parse_month
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.modal import BoxScreen

if TYPE_CHECKING:
    from budget_tui.domain.budget import Organization
    from budget_tui.services.period_rules import RuleChange, RulePreview

_LOOK, _CHANGE = "What would happen?", "Change"


class PeriodSettingsScreen(BoxScreen[str]):
    """Dismissed with a sentence once the change is made: first looked at, then confirmed."""

    BOX_CLASSES = "box wide"
    AUTO_FOCUS = "Select"

    def __init__(self, organization: Organization) -> None:
        super().__init__("Period settings", _LOOK)
        self._organization = organization
        self._seen: RulePreview | None = None

    def compose_fields(self) -> ComposeResult:
        rule = self._organization.period_rule
        kinds = [(str(kind), kind) for kind in (PeriodKind.MONTHLY, PeriodKind.QUARTERLY, PeriodKind.YEARLY)]
        with Horizontal(classes="field"):
            yield Label("Kind")
            yield Select(kinds, value=rule.kind, allow_blank=False, compact=True, id="kind")
        with Horizontal(classes="field"):
            yield Label("First day")
            yield Input(str(rule.anchor_day or "last"), id="anchor", compact=True)
            yield Static(Content.assemble(("1 to 28, or last", MUTED)), classes="change")
        with Horizontal(classes="field"):
            yield Label("Fiscal year")
            yield Input(str(rule.fiscal_start_month), id="fiscal", compact=True)
            yield Static(Content.assemble(("starts in month 1 to 12", MUTED)), classes="change")
        with Horizontal(classes="field"):
            yield Label("Time zone")
            yield Input(self._organization.time_zone, id="zone", compact=True)
            yield Static(Content.assemble(("when a day begins", MUTED)), classes="change")
        with VerticalScroll():
            yield Static(id="achieves")

    def on_mount(self) -> None:
        self._show(None)

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self.refuse("")
        self._show(None)

    def _show(self, preview: RulePreview | None) -> None:
        from budget_tui.services.period_rules import told

        self._seen = preview
        words = Content("\n".join(told(preview))) if preview is not None else Content("")
        self.query_one("#achieves", Static).update(words)
        self.query_one(VerticalScroll).display = preview is not None
        submit = self.query_one("#submit", Button)
        submit.label = _LOOK if preview is None else _CHANGE
        submit.refresh(layout=True)

    def _entered(self) -> RuleChange:
        """What differs from how it is."""
        from budget_tui.services.period_rules import RuleChange

        rule = self._organization.period_rule
        kind = self.query_one("#kind", Select).value
        assert isinstance(kind, PeriodKind)
        anchor = parse_anchor(self.query_one("#anchor", Input).value)
        month = parse_month(self.query_one("#fiscal", Input).value)
        zone = self.query_one("#zone", Input).value.strip()
        return RuleChange(
            kind if kind != rule.kind else None,
            anchor if anchor != rule.anchor_day else None,
            month if month != rule.fiscal_start_month else None,
            zone if zone != self._organization.time_zone else None,
        )

    async def answer(self) -> str | None:
        """Look at first what is confirmed then."""
        change, seen = self._entered(), self._seen
        if seen is None:
            self._show(await self.dashboard.carry_out(lambda services: services.period_rules.preview(change)))
            return None
        try:
            done = await self.dashboard.carry_out(lambda services: services.period_rules.set(change, seen))
        except Conflict:
            self._show(None)
            raise
        from budget_tui.formatting import rule_text

        return f"periods are {rule_text(done.after)}, in the time zone {done.zone_after}"
