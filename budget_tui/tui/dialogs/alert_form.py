"""The form that adds a rule of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from budget_tui.domain.alerts import EACH_PROJECT, AlertKind, RuleStatus
from budget_tui.services.alerts import NewRule
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker

if TYPE_CHECKING:
    from budget_tui.domain.hierarchy import Entity

_KINDS = (
    ("share spent", AlertKind.SHARE, "percent: 80,100", "80,100"),
    ("amount left", AlertKind.LEFT, "amount, or an agent's tokens: 20", ""),
    ("pace", AlertKind.PACE, "points ahead of an even pace: 15", "15"),
    ("forecast", AlertKind.FORECAST, "median or low", "median"),
    ("runway", AlertKind.RUNWAY, "days: 3", "3"),
    ("spike of a day", AlertKind.SPIKE, "none: a day that stands out", ""),
    ("unmapped costs", AlertKind.UNMAPPED, "amount: 10", ""),
)
"""The kinds that can be chosen: label, kind, what the threshold is, and a threshold to begin with."""


class AlertFormScreen(BoxScreen[RuleStatus]):
    """A form for a rule, dismissed with the rule that was added. ``scope`` is preselected, '' for each project."""

    def __init__(self, entities: Sequence[Entity], channels: Sequence[str], scope: str = "") -> None:
        super().__init__("Add an alert", "Save")
        self._entities, self._channels, self._scope = entities, channels, scope

    def compose_fields(self) -> ComposeResult:
        scopes = [(EACH_PROJECT, ""), *((f"{each.name} ({each.entity_id})", each.entity_id) for each in self._entities)]
        known = {value for _, value in scopes}
        with Horizontal(classes="field"):
            yield Label("Watch")
            yield Picker(scopes, value=self._scope if self._scope in known else "", allow_blank=False, id="scope")
        with Horizontal(classes="field"):
            yield Label("Number")
            kinds = [(label, kind) for label, kind, *_ in _KINDS]
            yield Picker(kinds, value=AlertKind.SHARE, allow_blank=False, id="kind")
        with Horizontal(classes="field"):
            yield Label("Threshold")
            yield TextField("80,100", id="thresholds", placeholder="percent: 80,100")
        with Horizontal(classes="field"):
            yield Label("Send to")
            defined = ", ".join(self._channels) or "no channel is in the settings yet"
            yield TextField(id="channels", placeholder=f"{defined}; optional")
        with Horizontal(classes="field"):
            yield Label("Check")
            effects = [("is not affected", False), ("ends with exit code 3 while it holds", True)]
            yield Picker(effects, value=False, allow_blank=False, id="fails")

    def on_mount(self) -> None:
        self.query_one("#thresholds", Input).focus()

    @on(Picker.Changed, "#kind")
    def _propose_thresholds(self) -> None:
        """Say what the threshold is, and propose another one unless the user typed their own."""
        field = self.query_one("#thresholds", TextField)
        proposals = {proposal for *_, proposal in _KINDS}
        for _, kind, meaning, proposal in _KINDS:
            if kind is self.query_one("#kind", Picker).selection:
                field.placeholder = meaning
                field.disabled = kind is AlertKind.SPIKE
                if field.value in proposals:
                    field.value = proposal

    async def submit(self) -> RuleStatus:
        kind = self.query_one("#kind", Picker).selection
        assert isinstance(kind, AlertKind)
        watches_all = kind is AlertKind.UNMAPPED
        new = NewRule(
            kind,
            _parts(self.query_one("#thresholds", Input).value),
            "" if watches_all else str(self.query_one("#scope", Picker).selection or ""),
            channels=_parts(self.query_one("#channels", Input).value),
            fails=bool(self.query_one("#fails", Picker).selection),
        )
        return await self.dashboard.run_command(lambda services: services.alerts.add(new))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
