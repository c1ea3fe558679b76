"""An entity chosen from the hierarchy: by a part of its id or name, or with the arrows."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.events import Blur
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity, segments
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets.text_field import TextField


class EntityInput(TextField):
    """Where the id is typed; the arrows go through the list below it."""

    BINDINGS = [
        Binding("down", "move(1)", "Down", id="entity.down", show=False, tooltip="Go to the next entity of the list"),
        Binding("up", "move(-1)", "Up", id="entity.up", show=False, tooltip="Go to the entity above"),
        Binding("enter", "take", "Take", id="entity.take", show=False, tooltip="Take the entity of the list"),
        Binding("escape", "close", "Close", id="entity.close", show=False, tooltip="Close the list of entities"),
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

    def _on_blur(self, event: Blur) -> None:
        super()._on_blur(event)
        if self._picker.is_open:
            self._picker.take()


class EntityPicker(Vertical):
    """A field for an entity's id. What is typed opens the list of those that it could mean."""

    class Picked(Message):
        """Another entity is meant."""

    def __init__(self, entities: Sequence[Entity], entity_id: str, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._entities = entities
        self._first_id = entity_id

    def compose(self) -> ComposeResult:
        yield EntityInput(self._first_id, placeholder="a part of its id or name; ↓ lists them")
        matches = OptionList(compact=True)
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
        """The one that is meant."""
        typed = self.field.value.strip().casefold()
        return next((entity for entity in self._entities if entity.entity_id.casefold() == typed), None)

    def chosen(self) -> Entity:
        """The one that is meant, or `Refused`."""
        if (entity := self.entity) is None:
            typed = self.field.value.strip()
            raise Refused(f"there is no entity '{typed}'" if typed else "whose budget is it?", "choose one of the list")
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
        """Let the highlighted entity be the one that is meant."""
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
