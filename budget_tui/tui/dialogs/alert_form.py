"""The form that adds or changes a rule of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from budget_tui.domain.alerts import (
    EACH_PROJECT,
    WATCHES_ALL,
    AlertKind,
    AlertRule,
    RuleStatus,
    written_thresholds,
)
from budget_tui.services.alerts import NewRule, RuleEdit
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import TextField
from budget_tui.tui.picker import Picker

if TYPE_CHECKING:
    from budget_tui.domain.hierarchy import Entity

_KINDS = (
    ("share spent", AlertKind.SHARE, "percent: 80, 100", "80, 100"),
    ("amount left", AlertKind.LEFT, "amount, or an agent's tokens: 20", ""),
    ("pace", AlertKind.PACE, "points ahead of an even pace: 15", "15"),
    ("forecast", AlertKind.FORECAST, "median or low", "median"),
    ("runway", AlertKind.RUNWAY, "days: 3", "3"),
    ("spike of a day", AlertKind.SPIKE, "none: a day that stands out", ""),
    ("unmapped costs", AlertKind.UNMAPPED, "amount: 10", ""),
)
"""The kinds that can be chosen: label, kind, what the threshold is, and a threshold to begin with."""
_SILENCE = ("days of silence", AlertKind.SILENT, "days: 3", "3")


class AlertFormScreen(BoxScreen[RuleStatus]):
    """A form for a rule, dismissed with the rule that was added, or changed if it is given ``rule``."""

    def __init__(self, entities: Sequence[Entity], channels: Sequence[str], rule: AlertRule | None = None) -> None:
        super().__init__("Add an alert" if rule is None else f"Edit alert {rule.rule_key}", "Save")
        self._entities, self._channels, self._rule = entities, channels, rule
        self._kind: object = None
        self._kinds = _KINDS if rule is None or rule.kind is not AlertKind.SILENT else (*_KINDS, _SILENCE)

    def compose_fields(self) -> ComposeResult:
        scopes = [(EACH_PROJECT, ""), *((f"{each.name} ({each.entity_id})", each.entity_id) for each in self._entities)]
        rule = self._rule or AlertRule(0, AlertKind.SHARE, (800_000, 1_000_000))
        scope = rule.entity_id or ""
        if scope not in {value for _, value in scopes}:
            scopes.append((scope, scope))  # it is archived
        with Horizontal(classes="field"):
            yield Label("Watch")
            yield Picker(scopes, value=scope, allow_blank=False, id="scope")
        with Horizontal(classes="field"):
            yield Label("Number")
            kinds = [(label, kind) for label, kind, *_ in self._kinds]
            yield Picker(kinds, value=rule.kind, allow_blank=False, id="kind")
        with Horizontal(classes="field"):
            yield Label("Threshold")
            yield TextField(written_thresholds(rule.kind, rule.thresholds, rule.budget_type), id="thresholds")
        with Horizontal(classes="field"):
            yield Label("Send to")
            defined = ", ".join(self._channels) or "no channel is in the settings yet"
            yield TextField(", ".join(rule.channels), id="channels", placeholder=f"{defined}; optional")
        with Horizontal(classes="field"):
            yield Label("Check")
            effects = [("is not affected", False), ("ends with exit code 3 while it holds", True)]
            yield Picker(effects, value=rule.fails, allow_blank=False, id="fails")

    def on_mount(self) -> None:
        self._describe_threshold()
        self.query_one("#thresholds", Input).focus()

    @on(Picker.Changed, "#kind")
    def _kind_chosen(self) -> None:
        """Propose another threshold unless the user typed their own."""
        field, before = self.query_one("#thresholds", TextField), self._kind
        self._describe_threshold()
        if self._kind is not before and field.value in {proposal for *_, proposal in self._kinds}:
            field.value = next(proposal for _, kind, _, proposal in self._kinds if kind is self._kind)

    def _describe_threshold(self) -> None:
        """Say what the threshold of the chosen kind is."""
        self._kind, field = self.query_one("#kind", Picker).selection, self.query_one("#thresholds", TextField)
        field.placeholder = next(meaning for _, kind, meaning, _ in self._kinds if kind is self._kind)
        field.disabled = self._kind is AlertKind.SPIKE

    async def submit(self) -> RuleStatus:
        kind = self.query_one("#kind", Picker).selection
        assert isinstance(kind, AlertKind)
        scope = "" if kind in WATCHES_ALL else str(self.query_one("#scope", Picker).selection or "")
        thresholds = () if kind is AlertKind.SPIKE else _parts(self.query_one("#thresholds", Input).value)
        channels = _parts(self.query_one("#channels", Input).value)
        fails = bool(self.query_one("#fails", Picker).selection)
        rule = self._rule
        if rule is None:
            new = NewRule(kind, thresholds, scope, channels=channels, fails=fails)
            return await self.dashboard.run_command(lambda services: services.alerts.add(new))
        edit = RuleEdit(kind, thresholds, scope, channels=channels, fails=fails)
        return await self.dashboard.run_command(lambda services: services.alerts.edit(rule.rule_key, edit))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
