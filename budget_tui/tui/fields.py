"""Input widgets: a text field, the filter above a table, a choice of a few words."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from budget_tui.tui.render import MUTED


class TextField(Input):
    """An input that starts with the classes Textual would add one by one, computing all styles again for each."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, compact=True, classes="-textual-compact -valid", **options)


class AmountField(TextField):
    """An input that begins with an amount or with a change by a step; ``+`` and ``-`` then go on by further steps."""

    BINDINGS = [
        Binding("plus", "step(1)", "More", id="edit.more", show=False, priority=True, tooltip="One step more"),
        Binding("minus", "step(-1)", "Less", id="edit.less", show=False, priority=True, tooltip="One step less"),
    ]

    _step = ""
    _proposed = ""
    """The change by whole steps that was last put here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(select_on_focus=False, **options)

    def begin(self, sign: str, amount: str, step: str) -> None:
        """Begin with ``amount`` or, after ``+`` or ``-``, with ``step``; what follows the sign is selected."""
        is_change = sign in ("+", "-")
        self._step = step
        self._propose(sign + (step if is_change else amount), len(sign))
        if not is_change:
            self._proposed = ""

    def _propose(self, text: str, signs: int) -> None:
        self._proposed = self.value = text
        self.selection = Selection(signs, len(text))

    @property
    def _is_stepping(self) -> bool:
        return bool(self._proposed) and self.value == self._proposed and self.selected_text == self.value[1:]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._is_stepping if action == "step" else super().check_action(action, parameters)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave ``+`` and ``-`` to the bindings that step on until something is typed."""
        return not (key in ("plus", "minus") and self._is_stepping) and super().check_consume_key(key, character)

    def action_step(self, steps: int) -> None:
        amount, step = (Decimal(text.replace(",", "")) for text in (self.value, self._step))
        self._propose(f"{amount + steps * step:+,}", 1)


class FilterInput(TextField):
    """The input of a filter, hidden until it is opened; matches are shown after each letter."""

    BINDINGS = [
        Binding("enter", "submit", "Apply", id="filter.keep", tooltip="Apply the filter and go to the table"),
        Binding("escape", "leave", "Clear", id="filter.leave", tooltip="Clear the filter"),
    ]

    class Cancelled(Message):
        """The user cleared the filter."""

    def __init__(self, hint: str) -> None:
        super().__init__(id="filter", placeholder=hint)
        self.display = False

    def open(self) -> None:
        """Show the filter and focus it."""
        self.display = True
        self.focus()

    def close(self) -> None:
        """Clear the filter and hide it."""
        self.value = ""
        self.display = False

    def action_leave(self) -> None:
        self.post_message(self.Cancelled())


_GAP = 2


class Choice(Widget, can_focus=True):
    """A choice between a few words on one line."""

    BINDINGS = [
        Binding("left", "turn(-1)", "Previous", id="choice.previous", show=False, tooltip="Choose the previous option"),
        Binding("right,space", "turn(1)", "Next", id="choice.next", show=False, tooltip="Choose the next option"),
        Binding("enter", "submit", "Submit", id="choice.submit", show=False, tooltip="Submit the box"),
    ]

    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another word was selected."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            return self.choice

    class Submitted(Message):
        """The user confirmed the choice, and all else in the box."""

    def __init__(self, options: Iterable[tuple[str, str]], value: str, widget_id: str) -> None:
        """``options`` are pairs of a value and its label."""
        super().__init__(id=widget_id)
        self._options = list(options)
        self.set_reactive(Choice.value, value)

    def render(self) -> Content:
        words = []
        for value, word in self._options:
            is_chosen = value == self.value
            style = ("bold $accent" if self.has_focus else "bold $foreground") if is_chosen else MUTED
            words.append(Content.assemble((f"{'●' if is_chosen else '○'} {word}", style)))
        return Content(" " * _GAP).join(words)

    def watch_value(self) -> None:
        self.post_message(self.Changed(self))

    def action_turn(self, by: int) -> None:
        values = [value for value, _ in self._options]
        self.value = values[(values.index(self.value) + by) % len(values)]

    def action_submit(self) -> None:
        self.post_message(self.Submitted())

    def on_click(self, event: events.Click) -> None:
        start = 0
        for value, word in self._options:
            end = start + 2 + len(word) + _GAP
            if start <= event.x < end:
                self.value = value
            start = end
