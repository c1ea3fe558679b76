"""The form for one budget: its entity, type, amount and period. Errors are shown below their field."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity, segments
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
from budget_tui.tui.lists import List
from budget_tui.tui.render import MUTED


class EntityInput(TextField):
    """The input for an entity's id; the arrow keys move through the list below it."""

    BINDINGS = [
        Binding("down", "move(1)", "Down", id="entity.down", show=False, tooltip="Go to the next entity of the list"),
        Binding("up", "move(-1)", "Up", id="entity.up", show=False, tooltip="Go to the entity above"),
        Binding("enter", "take", "Choose", id="entity.take", show=False, tooltip="Choose the entity"),
        Binding("escape", "close", "Close", id="entity.close", show=False, tooltip="Close the list"),
    ]

    @property
    def _picker(self) -> "EntityPicker":
        assert isinstance(self.parent, EntityPicker)
        return self.parent

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._picker.is_open if action in ("take", "close") else True

    def action_move(self, by: int) -> None:
        self._picker.move(by)

    def action_take(self) -> None:
        self._picker.take()

    def action_close(self) -> None:
        self._picker.close()

    def on_blur(self) -> None:
        if self._picker.is_open:
            self._picker.take()


class EntityPicker(Vertical):
    """A field for an entity's id; typing opens the list of the entities that match."""

    class Picked(Message):
        """Another entity was chosen."""

    def __init__(self, entities: Sequence[Entity], entity_id: str, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._entities = entities
        self._first_id = entity_id

    def compose(self) -> ComposeResult:
        yield EntityInput(self._first_id, placeholder="a part of its id or name; ↓ lists them")
        matches = List(compact=True)
        matches.can_focus = False
        yield matches

    @property
    def field(self) -> Input:
        return self.query_one(EntityInput)

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def is_open(self) -> bool:
        return bool(self._list.display)

    @property
    def entity(self) -> Entity | None:
        """The chosen entity; None if the input matches none."""
        typed = self.field.value.strip().casefold()
        return next((entity for entity in self._entities if entity.entity_id.casefold() == typed), None)

    def chosen(self) -> Entity:
        """Return the chosen entity; raises `Refused` if there is none."""
        if (entity := self.entity) is None:
            typed = self.field.value.strip()
            raise Refused(f"there is no entity '{typed}'" if typed else "choose an entity", "choose one from the list")
        return entity

    def on_mount(self) -> None:
        self.close()

    def close(self) -> None:
        self._list.display = False

    def move(self, by: int) -> None:
        if not self.is_open:
            self._open(self._entities)
            return
        if by > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def take(self) -> None:
        """Choose the highlighted entity."""
        option = self._list.highlighted_option
        self.close()
        if option is not None and option.id is not None:
            self.field.value = option.id
            self.field.cursor_position = len(option.id)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        typed = event.value.strip().casefold()
        found = [each for each in self._entities if typed in each.entity_id.casefold() or typed in each.name.casefold()]
        if self.field.has_focus and typed and self.entity is None and found:
            self._open(found)
        else:
            self.close()
        self.post_message(self.Picked())

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.take()

    def _open(self, entities: Sequence[Entity]) -> None:
        self._list.set_options(Option(_line(entity), entity.entity_id) for entity in entities)
        here = self.entity
        self._list.display = True
        self._list.highlighted = entities.index(here) if here in entities else 0


def _line(entity: Entity) -> Content:
    indent = "  " * (len(segments(entity.path)) - 1)
    name = "" if entity.name == entity.entity_id else f"  {entity.name}"
    return Content.assemble(f"{indent}{entity.entity_id}", (f"{name} · {entity.level_code}", MUTED))


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
            "Entity", EntityPicker(self._entities, self._entity_id, widget_id="entity"), widget_id="entity-field"
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
        entity = self._read("entity", self.query_one(EntityPicker).chosen)
        self._read("type", lambda: check_kind(category, of_type))
        amount = self._read("amount", lambda: self._amount(of_type))
        currency = self._read("amount", lambda: checked_currency(self._typed("currency")))
        period = self._read("days", lambda: self._period(kind))
        notes = self._read("notes", lambda: checked_notes(self._typed("notes")))
        refused = [field for field in self.query(Field) if field.query_one(".refused").display]
        if refused or entity is None or amount is None or currency is None or period is None or notes is None:
            self.focus_first(refused[0])
            return None
        provider = self._typed("provider")
        return BudgetPlan(entity.entity_id, category, amount, kind, period, of_type, currency, provider, notes)

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
    @on(EntityPicker.Picked)
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
