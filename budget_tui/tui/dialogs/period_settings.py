"""The kind of the periods and the time zone; the effect of a change is shown while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Select, Static

from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.domain.period import PeriodKind, parse_anchor, parse_month
from budget_tui.presentation import messages
from budget_tui.presentation.formatting import rule_text
from budget_tui.services.period_rules import RuleChange, RulePreview
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.key_queue import SUBMITTING
from budget_tui.tui.lists import Page
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED

if TYPE_CHECKING:
    from budget_tui.domain.budget import Organization


class PeriodSettingsScreen(BoxScreen[str]):
    """A form for the period settings, dismissed with a message. A change is made only after its effect was shown."""

    BOX_CLASSES = "box wide"
    AUTO_FOCUS = "Picker"

    def __init__(self, organization: Organization) -> None:
        super().__init__("Period settings", "Change")
        self._organization = organization
        self._typed: object = None
        self._seen: RulePreview | None = None

    def compose_fields(self) -> ComposeResult:
        rule = self._organization.period_rule
        kinds = [(str(kind), kind) for kind in (PeriodKind.MONTHLY, PeriodKind.QUARTERLY, PeriodKind.YEARLY)]
        with Horizontal(classes="field"):
            yield Label("Kind")
            yield Picker(kinds, value=rule.kind, allow_blank=False, id="kind")
        with Horizontal(classes="field"):
            yield Label("First day")
            yield TextField(str(rule.anchor_day or "last"), id="anchor")
            yield Static(Content.assemble(("1 to 28, or last", MUTED)), classes="change")
        with Horizontal(classes="field"):
            yield Label("Fiscal year")
            yield TextField(str(rule.fiscal_start_month), id="fiscal")
            yield Static(Content.assemble(("starts in month 1 to 12", MUTED)), classes="change")
        with Horizontal(classes="field"):
            yield Label("Time zone")
            yield TextField(self._organization.time_zone, id="zone")
            yield Static(Content.assemble(("when a day begins", MUTED)), classes="change")
        with Page():
            yield Static(id="achieves")

    def on_mount(self) -> None:
        self._show(None)

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self.refuse("")
        self._show(None)
        self._look_ahead()

    @work(group=SUBMITTING)
    async def _look_ahead(self) -> None:
        """Show the effect of the input. Incomplete input is ignored; errors show on Enter."""
        self._typed = this = object()
        try:
            preview = await self._preview()
        except BudgetError:
            return
        if self._typed is this:
            self._show(preview)

    async def _preview(self) -> RulePreview:
        change = self._entered()
        return await self.dashboard.run_command(lambda services: services.period_rules.preview(change))

    def _show(self, preview: RulePreview | None) -> None:
        self._seen = preview
        words = Content("\n".join(messages.rule_change(preview))) if preview is not None else Content("")
        self.query_one("#achieves", Static).update(words)
        self.query_one(VerticalScroll).display = preview is not None

    def _entered(self) -> RuleChange:
        """Return the settings that differ from the current ones."""
        rule = self._organization.period_rule
        kind = self.query_one("#kind", Picker).selection
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

    async def submit(self) -> str | None:
        """Make the change whose effect is shown; if none is shown yet, show it first."""
        change, seen = self._entered(), self._seen
        if seen is None:
            self._show(await self._preview())
            return None
        try:
            done = await self.dashboard.run_command(lambda services: services.period_rules.set(change, seen))
        except Conflict:
            self._show(None)
            raise
        return f"periods are {rule_text(done.after)}, in the time zone {done.zone_after}"
