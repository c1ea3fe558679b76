"""The form for one budget: its entity, type, amount and period. Errors are shown below their field."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import Period, PeriodKind, parse_day
from budget_tui.domain.plan import (
    BudgetPlan,
    check_kind,
    check_period,
    checked_amount,
    checked_notes,
    parse_period,
    parse_planned,
    whole_period,
)
from budget_tui.tui.fields import Choice, TextField
from budget_tui.tui.picker import Picker, entity_options

Value = TypeVar("Value")

SINGLE, TOP_DOWN = "single", "top-down"
_MODES = ((SINGLE, "Single budget"), (TOP_DOWN, "Top-down allocation"))
_AMOUNTS = {
    BudgetType.MONETARY: "30,000",
    BudgetType.TOKEN: "25M or 25,000,000 tokens",
    BudgetType.SEAT: "15 seats",
}


class Field(Vertical):
    """A label, an input, and a line for its error."""

    def __init__(self, label: str, *widgets: Widget, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._label = label
        self._widgets = widgets

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label(Content(self._label))
            yield from self._widgets
        yield Static(classes="refused")

    def on_mount(self) -> None:
        self.refuse("")

    def refuse(self, why: str) -> None:
        line = self.query_one(".refused", Static)
        line.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        line.display = bool(why)


class PlanForm(VerticalScroll, can_focus=False):
    """The fields of a budget; `plan` reads them. The input stays, whatever is refused."""

    class Edited(Message):
        """The input changed."""

    class ModeChosen(Message):
        """The user chose between a single budget and one allocated from the top down."""

    def __init__(self, organization: Organization, today: date, entities: Sequence[Entity], entity_id: str) -> None:
        super().__init__()
        self._organization = organization
        self._today = today
        self._entities = entities
        self._entity_id = entity_id

    def compose(self) -> ComposeResult:
        rule = self._organization.period_rule
        _, period = parse_period(rule.kind, rule, self._today)
        yield Field("Create", Choice(_MODES, SINGLE, widget_id="mode"), widget_id="mode-field")
        yield Field(
            "Entity",
            Picker(entity_options(self._entities), value=self._entity_id, allow_blank=False, id="entity"),
            widget_id="entity-field",
        )
        yield Field(
            "Category", Choice(_words(Category), Category.TOTAL, widget_id="category"), widget_id="category-field"
        )
        yield Field("Type", Choice(_words(BudgetType), BudgetType.MONETARY, widget_id="type"), widget_id="type-field")
        yield Field(
            "Amount",
            TextField(id="amount", placeholder=_AMOUNTS[BudgetType.MONETARY]),
            Label("in", id="in", classes="joint"),
            TextField(self._organization.currency, id="currency"),
            widget_id="amount-field",
        )
        yield Field("Period", Choice(_words(PeriodKind), rule.kind, widget_id="kind"), widget_id="kind-field")
        yield Field(
            "From",
            TextField(period.start.isoformat(), id="first"),
            Label("to", classes="joint"),
            TextField(period.end.isoformat(), id="last"),
            widget_id="days-field",
        )
        yield Field(
            "Provider",
            TextField(id="provider", placeholder="any, or one such as gcp"),
            widget_id="provider-field",
        )
        yield Field("Notes", TextField(id="notes"), widget_id="notes-field")

    @property
    def is_top_down(self) -> bool:
        return self._chosen("mode") == TOP_DOWN

    @property
    def entered(self) -> tuple[str, ...]:
        """The values of all fields."""
        return (
            str(self.query_one(Picker).selection),
            *(choice.value for choice in self.query(Choice)),
            *(field.value for field in self.query(Input)),
        )

    @property
    def _type(self) -> BudgetType:
        return BudgetType(self._chosen("type"))

    def plan(self) -> BudgetPlan | None:
        """Return the budget entered; None if fields are refused, of which the first takes the focus."""
        for field in self.query(Field):
            field.refuse("")
        category, of_type, kind = Category(self._chosen("category")), self._type, PeriodKind(self._chosen("kind"))
        entity_id = self.query_one(Picker).selection
        self._read("type", lambda: check_kind(category, of_type))
        amount = self._read("amount", lambda: self._amount(of_type))
        currency = self._read("amount", lambda: checked_currency(self._typed("currency")))
        period = self._read("days", lambda: self._period(kind))
        notes = self._read("notes", lambda: checked_notes(self._typed("notes")))
        refused = [field for field in self.query(Field) if field.query_one(".refused").display]
        if refused or entity_id is None or amount is None or currency is None or period is None or notes is None:
            self.focus_first(refused[0])
            return None
        provider = self._typed("provider")
        return BudgetPlan(entity_id, category, amount, kind, period, of_type, currency, provider, notes)

    def focus_first(self, inside: Widget) -> None:
        next(widget for widget in inside.query(Widget) if widget.focusable).focus()

    def _read(self, name: str, read: Callable[[], Value]) -> Value | None:
        try:
            return read()
        except Refused as refused:
            self.query_one(f"#{name}-field", Field).refuse(str(refused))
            return None

    def _amount(self, of_type: BudgetType) -> int:
        text = self._typed("amount")
        if not text:
            raise Refused("the amount is missing", f"give an amount such as {_AMOUNTS[of_type]}")
        return checked_amount(parse_planned(text, of_type), of_type)

    def _period(self, kind: PeriodKind) -> Period:
        fiscal_start = self._organization.period_rule.fiscal_start_month
        period = Period(parse_day(self._typed("first")), parse_day(self._typed("last")), fiscal_start)
        check_period(kind, period)
        return period

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    # Dependent fields

    @on(Choice.Changed)
    @on(Select.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        self.post_message(self.Edited())

    @on(Choice.Changed, "#mode")
    def _mode_chosen(self) -> None:
        self.post_message(self.ModeChosen())

    @on(Choice.Changed, "#type")
    def _type_chosen(self) -> None:
        """Hide the currency for tokens and seats, which have none."""
        self.query_one("#amount", Input).placeholder = _AMOUNTS[self._type]
        for name in ("#in", "#currency"):
            self.query_one(name).display = self._type is BudgetType.MONETARY

    @on(Choice.Changed, "#kind")
    def _propose_days(self) -> None:
        """Fill in today's period of the chosen kind, by the fiscal year; a custom one keeps the current days."""
        kind = PeriodKind(self._chosen("kind"))
        if kind is not PeriodKind.CUSTOM:
            _, period = parse_period(kind, self._organization.period_rule, self._today)
            self.query_one("#first", Input).value = period.start.isoformat()
            self.query_one("#last", Input).value = period.end.isoformat()

    @on(Input.Changed, "#first")
    def _propose_last_day(self, event: Input.Changed) -> None:
        kind = PeriodKind(self._chosen("kind"))
        if not event.input.has_focus or kind is PeriodKind.CUSTOM:
            return
        try:
            period = whole_period(kind, parse_day(event.value))
        except Refused:
            return
        self.query_one("#last", Input).value = period.end.isoformat()


def _words(values: type[Category] | type[BudgetType] | type[PeriodKind]) -> list[tuple[str, str]]:
    return [(value, str(value)) for value in values]
