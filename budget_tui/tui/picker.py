"""The picker: one of several options, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Select

Value = TypeVar("Value")


class Picker(Select[Value], Generic[Value]):
    """A drop-down that also searches while it is closed: what is typed chooses the first option that contains it."""

    BINDINGS = [
        Binding("enter", "take", "Choose", id="picker.take", show=False, tooltip="Take what was found; else list all"),
        Binding("down,up,space", "show_overlay", "Open", id="picker.open", show=False, tooltip="List the options"),
        Binding("backspace", "search_anew", "Clear", id="picker.clear", show=False, tooltip="Forget what was typed"),
    ]

    searched = ""
    """The text typed so far."""

    class Submitted(Message):
        """The user confirmed the option that was found."""

    def __init__(self, options: Iterable[tuple[str, Value]], **options_of_select: Any) -> None:
        self._labels: list[tuple[str, Value]] = []
        super().__init__(self._with_plain_labels(options), compact=True, **options_of_select)

    def set_options(self, options: Iterable[tuple[Any, Value]]) -> None:
        """Replace the options; their labels are shown literally, without markup."""
        super().set_options(self._with_plain_labels(options))

    def _with_plain_labels(self, options: Iterable[tuple[Any, Value]]) -> list[tuple[Any, Value]]:
        self._labels = [(str(label), value) for label, value in options]
        return [(Text(label), value) for label, value in self._labels]  # a string would be read as markup

    def action_take(self) -> None:
        if self.searched:
            self.post_message(self.Submitted())
        else:
            self.action_show_overlay()

    def action_search_anew(self) -> None:
        self.searched = ""

    def on_key(self, event: events.Key) -> None:
        """Select the first option that contains the text typed so far or, if none does, the last character alone."""
        if self.expanded or event.character is None or not event.character.isprintable():
            return
        if event.character == " " and not self.searched:
            return
        event.stop()
        event.prevent_default()
        for typed in (self.searched + event.character, event.character):
            if (value := self._find(typed)) is not None:
                self.searched, self.value = typed, value
                return

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Return whether a key is typed text, which must not act as a command of the screen below."""
        return character is not None and character.isprintable()

    def _find(self, typed: str) -> Value | None:
        """Return the option whose label contains ``typed`` earliest, ignoring case; None if none does."""
        wanted = typed.casefold()
        found = [(label.casefold().index(wanted), value) for label, value in self._labels if wanted in label.casefold()]
        return min(found, key=lambda each: each[0])[1] if found else None

    def on_blur(self) -> None:
        self.searched = ""
