"""Lines under a header, one under the cursor."""

from __future__ import annotations

from abc import abstractmethod

from textual import events
from textual.reactive import reactive
from textual.scroll_view import ScrollView

HEADER = 1


class ScrolledLines(ScrollView, can_focus=True):
    """The cursor's way through lines of which only those on the screen are painted, so there may be many."""

    cursor: reactive[int] = reactive(0, init=False)

    @property
    @abstractmethod
    def count(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def action_open(self) -> None:
        """Show what is behind the line under the cursor."""

    @abstractmethod
    def look_ahead(self) -> None:
        """The cursor or the view is elsewhere: have more lines read where it `nears_end`."""

    def header_clicked(self, x: int) -> None:
        """A click on the header."""

    @property
    def page(self) -> int:
        """How many lines are in view."""
        return max(1, self.size.height - HEADER)

    @property
    def nears_end(self) -> bool:
        """Whether the cursor or the view is within two pages of the last line."""
        return max(self.cursor, round(self.scroll_offset.y)) + 2 * self.page >= self.count

    def watch_cursor(self) -> None:
        self.keep_in_view()
        self.look_ahead()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.look_ahead()

    def keep_in_view(self) -> None:
        top = min(max(self.scroll_offset.y, self.cursor - self.page + 1), self.cursor)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)

    def go_to(self, line: int) -> None:
        self.cursor = max(0, min(line, self.count - 1))

    def action_scroll_up(self) -> None:
        self.go_to(self.cursor - 1)

    def action_scroll_down(self) -> None:
        self.go_to(self.cursor + 1)

    def action_page_up(self) -> None:
        self.go_to(self.cursor - self.page)

    def action_page_down(self) -> None:
        self.go_to(self.cursor + self.page)

    def action_scroll_home(self) -> None:
        self.go_to(0)

    def action_scroll_end(self) -> None:
        self.go_to(self.count - 1)

    def on_click(self, event: events.Click) -> None:
        """A click chooses a line, a second one opens it."""
        if event.y < HEADER:
            self.header_clicked(event.x)
            return
        line = round(self.scroll_offset.y) + event.y - HEADER
        if line < self.count:
            self.go_to(line)
            if event.chain == 2:
                self.action_open()
