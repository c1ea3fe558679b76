"""Explain: the numbers under the cursor at the left, the derivation of the selected one at the right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from budget_tui.config.paths import styles_dir
from budget_tui.domain.errors import BudgetError, Unexpected
from budget_tui.domain.pacing import Status
from budget_tui.presentation import explanations
from budget_tui.presentation.formatting import SHAPES
from budget_tui.tui.dashboard import dashboard_of, key_of
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.lists import List, Page
from budget_tui.tui.render import MUTED, STRONG, fitted, shortened

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.explain import Explained, Explanation

ExplainQuery = Callable[["Services"], "Explained"]

_INDENT = "  "


class ExplainScreen(Overlay[None]):
    """A box over the screen that runs its query again whenever the database was read."""

    CSS_PATH = styles_dir() / "explain.tcss"
    BINDINGS = [
        Binding("escape,x,q", "leave", "Close", id="explain.leave", tooltip="Back to the screen"),
        Binding(
            "pagedown,space",
            "turn_page(1)",
            "Down",
            id="explain.down",
            priority=True,
            tooltip="Scroll the explanation down",
        ),
        Binding("pageup", "turn_page(-1)", "Up", id="explain.up", priority=True, tooltip="Scroll the explanation up"),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, query: ExplainQuery, explained: Explained) -> None:
        super().__init__()
        self._query = query
        self._explained = explained
        values = explained.values
        self._key = next((value.key for value in values if value.of_costs), values[0].key)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide explain") as box:
            box.border_subtitle = Content(
                f"↑↓ choose · {key_of(self, 'explain.down')} scrolls · {key_of(self, 'explain.leave')} closes"
            )
            yield Static(id="cause")
            with Horizontal():
                yield List(compact=True)
                with Page():
                    yield Static(id="explanation")

    def on_mount(self) -> None:
        self._list()
        self.watch(self.app, "readings", self._ask_again, init=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _ask_again(self) -> None:
        self._read_again()

    @work(exclusive=True)
    async def _read_again(self) -> None:
        try:
            explained = await dashboard_of(self.app).read(self._query)
        except Exception as error:  # such as for a project that was archived: nothing is left to explain
            problem = str(error if isinstance(error, BudgetError) else Unexpected(error))
            self.query_one("#explanation", Static).update(Content.assemble(("✕ ", "bold $error"), problem))
            return
        if explained != self._explained:
            self._explained = explained
            self._list()
            self._show()

    def _list(self) -> None:
        """Say why the budget is in trouble; list the values with their labels, the selected one highlighted."""
        explained, values = self._explained, self.query_one(OptionList)
        cause = self.query_one("#cause", Static)
        cause.display = explained.trouble is not None
        if explained.trouble is not None:
            text = explanations.cause(explained.trouble, explained.currency)
            cause.update(Content.assemble((f"{SHAPES[Status.WARNING]} {text}", "$warning")))
        self.query_one(".explain", Vertical).border_title = Content(explanations.subject(explained))
        shown = [explanations.value(value, explained.currency) for value in explained.values]
        room = max(map(len, shown))
        names = max(len(value.title) for value in explained.values)
        options = [
            Option(Content.assemble(f"{fitted(value.title, names)}  ", (text.rjust(room), "bold")), id=value.key)
            for value, text in zip(explained.values, shown, strict=True)
        ]
        values.styles.width = names + room + 2 + 3
        with self.prevent(OptionList.OptionHighlighted):
            values.set_options(options)
            values.highlighted = explained.keys.index(self._key) if self._key in explained.keys else 0

    @on(OptionList.OptionHighlighted)
    def _choose(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None and event.option_id != self._key:
            self._key = event.option_id
            self._show()
            self.query_one(VerticalScroll).scroll_home(animate=False)

    def _show(self) -> None:
        explained = self._explained
        explanation = next((each for each in explained.values if each.key == self._key), explained.values[0])
        room = self.query_one(VerticalScroll).content_size.width - 1  # the scrollbar
        self.query_one("#explanation", Static).update(
            Content("\n").join(_paragraphs(explanation, explained, max(room, 20)))
        )

    def action_turn_page(self, by: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)


def _paragraphs(explanation: Explanation, explained: Explained, room: int) -> Iterable[Content]:
    """Yield the value, its formula and its context, wrapped to ``room`` cells."""
    value = explanations.value(explanation, explained.currency)
    title = shortened(explanation.title, room - len(value) - 2)
    yield Content.assemble((title, STRONG), " " * (room - len(title) - len(value)), (value, "bold $primary"))
    for line in wrap(explanations.formula(explanation), room):
        yield Content.styled(line, MUTED)
    for line in wrap(explanations.worked(explanation, explained.currency), room):
        yield Content(line)
    for heading, lines in explanations.sections(explained, explanation):
        yield Content("")
        if heading:
            yield Content.styled(heading, "bold")
        for line in lines:
            style = "$accent" if line.startswith(explanations.REMEDY) else "" if heading else MUTED
            for part in wrap(line, room, initial_indent=_INDENT, subsequent_indent=_INDENT * 2):
                yield Content.styled(part, style)
