"""The picker: one of several options, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import OptionList, Select, Static

from budget_tui.domain.hierarchy import Entity, segments

Value = TypeVar("Value")


class Picker(Select[Value], Generic[Value]):
    """A drop-down that searches, closed or open: what is typed finds the first option that contains it."""

    BINDINGS = [
        Binding("enter", "take", "Choose", id="picker.take", show=False, tooltip="Take what was found; else list all"),
        Binding("down,up,space", "show_overlay", "Open", id="picker.open", show=False, tooltip="List the options"),
        Binding("backspace", "search_anew", "Clear", id="picker.clear", show=False, tooltip="Forget what was typed"),
    ]

    searched = ""
    """The text typed so far."""
    _was_taken = False
    """True if an option was taken from the list since the focus came."""

    class Submitted(Message):
        """The user confirmed the option that was found, or taken from the list before."""

    class Taken(Message):
        """The user took an option from the list."""

    def __init__(
        self, options: Iterable[tuple[str, Value]], *, offer: Value | None = None, **options_of_select: Any
    ) -> None:
        """``options`` are pairs of a label, which may be indented, and its value. That of the value ``offer`` is no
        name: it is found by its beginning alone, after the names that begin so."""
        self._offer = offer
        self._labels: list[tuple[str, Value]] = []
        super().__init__(self._with_plain_labels(options), compact=True, type_to_search=False, **options_of_select)

    def set_options(self, options: Iterable[tuple[Any, Value]]) -> None:
        """Replace the options; their labels are shown literally, without markup."""
        super().set_options(self._with_plain_labels(options))

    def _with_plain_labels(self, options: Iterable[tuple[Any, Value]]) -> list[tuple[Any, Value]]:
        self._labels = [(str(label), value) for label, value in options]
        return [(Text(label), value) for label, value in self._labels]  # a string would be read as markup

    def watch_value(self) -> None:
        self._show()

    def _show(self) -> None:
        """Show the label without the indentation that it has in the list, or the text that matches none."""
        shown = next((text.strip() for text, each in self._labels if each == self.value), self.prompt)
        for label in self.query("SelectCurrent #label").results(Static):
            label.update(Text(shown if self._is_found else f"✕ no “{self.searched}”"))

    @property
    def _is_found(self) -> bool:
        """True if an option contains what was typed, or nothing was."""
        return not self.searched or self._find(self.searched) is not None

    def action_take(self) -> None:
        if not self._is_found:
            return
        if self.searched or self._was_taken:
            self.post_message(self.Submitted())
        else:
            self.action_show_overlay()

    def action_search_anew(self) -> None:
        self.searched = ""
        self._show()

    def on_select_overlay_update_selection(self) -> None:
        self._was_taken = True
        self.post_message(self.Taken())

    def on_key(self, event: events.Key) -> None:
        """Find the first option that contains the text typed so far."""
        if event.character is None or not event.character.isprintable():
            return
        if event.character == " " and not self.searched:
            return
        event.stop()
        event.prevent_default()
        self.searched += event.character
        if (at := self._find(self.searched)) is not None:
            self._go_to(at)
        self._show()

    def _go_to(self, at: int) -> None:
        """Choose the option ``at``; in the open list, move to it."""
        if self.expanded:
            overlay = self.query_one(OptionList)
            overlay.highlighted = at + overlay.option_count - len(self._labels)  # after the blank one
        else:
            self.value = self._labels[at][1]

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Return whether a key is typed text, which must not act as a command of the screen below."""
        return character is not None and character.isprintable()

    def _find(self, typed: str) -> int | None:
        """Return the place of the option whose label contains ``typed`` earliest, ignoring case; None if none does."""
        wanted = typed.casefold()
        found = []
        for at, (label, value) in enumerate(self._labels):
            begins, is_offer = label.strip().casefold().find(wanted), value == self._offer
            if begins == 0 or (begins > 0 and not is_offer):
                found.append((begins, is_offer, at))
        return min(found)[-1] if found else None

    def on_blur(self) -> None:
        self.action_search_anew()
        self._was_taken = False


def entity_options(entities: Iterable[Entity]) -> list[tuple[str, str]]:
    """Return the options of a picker of entities in the order of their tree, with their ids as values."""

    def label(entity: Entity) -> str:
        name = "" if entity.name == entity.entity_id else f"  {entity.name}"
        return f"{'  ' * (len(segments(entity.path)) - 1)}{entity.entity_id}{name} · {entity.level_code}"

    return [(label(entity), entity.entity_id) for entity in entities]
