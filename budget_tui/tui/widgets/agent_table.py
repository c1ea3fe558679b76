"""The table of agents, with the tokens edited in their cell."""

from collections.abc import Sequence
from fractions import Fraction

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.theme import Theme
from textual.widgets import DataTable, Input, Static

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import AgentBudget, parse_tokens_change
from budget_tui.tui.painting import MUTED, backdrop, component_styles, shortened
from budget_tui.tui.widgets import table_footer
from budget_tui.tui.widgets.agent_columns import (
    BAR,
    BY_KEY,
    SORTABLE,
    STATUS,
    Column,
    is_right_aligned,
    layout,
    total,
)
from budget_tui.tui.widgets.cell_editor import CellEditor
from budget_tui.tui.widgets.editable_rows import PADDING, EditableRows

_HEADER_HEIGHT = 1


class AgentRows(EditableRows):
    """Agents. ``+`` and ``-`` begin to type a top-up, or what is taken off."""

    TYPED = "0123456789+-"


class AgentTable(Vertical):
    """Rows, editor and sums."""

    COMPONENT_CLASSES = {
        "agents--derived",
        "agents--bar",
        "agents--held",
        "agents--empty",
        "agents--tick",
        "agents--healthy",
        "agents--warning",
        "agents--critical",
        "agents--exhausted",
        "agents--unfunded",
    }

    agents: reactive[Sequence[AgentBudget] | None] = reactive(None)
    elapsed: reactive[Fraction] = reactive(Fraction(0))
    """Where even use would stand today."""
    filter_text: reactive[str] = reactive("")
    sort_key: reactive[str] = reactive("")
    sort_descending: reactive[bool] = reactive(False)

    class EditBegun(Message):
        """The user begins to edit a cell; what was said of an earlier edit is no news any more."""

    class Edited(Message):
        """The user wants an agent's tokens changed: topped up, or set over the value ``seen``.

        ``go_on`` is by how many rows the editor is to go on then.
        """

        def __init__(self, agent_id: str, change: AllocationChange, seen: int, go_on: int) -> None:
            super().__init__()
            self.agent_id = agent_id
            self.change = change
            self.seen = seen
            self.go_on = go_on

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, AgentBudget] = {}
        self._layout: list[tuple[Column, int]] = []
        self._edited: AgentBudget | None = None  # as it stood when the editor opened over it
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield AgentRows(self.begin_edit, header_height=_HEADER_HEIGHT)
        yield Static(id="agent-sums")
        yield CellEditor(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.editor.display = False
        self.app.theme_changed_signal.subscribe(self, self._rebuild)

    @property
    def rows(self) -> AgentRows:
        return self.query_one(AgentRows)

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def current(self) -> AgentBudget | None:
        """The agent under the cursor."""
        agents = list(self._shown.values())
        row = self.rows.cursor_row
        return agents[row] if 0 <= row < len(agents) else None

    # What is shown

    def render_lines(self, crop: Region) -> list[Strip]:
        return backdrop(self, crop)

    def watch_agents(self) -> None:
        self._refresh()

    def watch_elapsed(self) -> None:
        self._refresh()

    def watch_filter_text(self) -> None:
        self._refresh()

    def watch_sort_key(self) -> None:
        self._refresh()

    def watch_sort_descending(self) -> None:
        self._refresh()

    def on_resize(self) -> None:
        self._refresh()

    def _rebuild(self, _theme: Theme) -> None:
        self._refresh()

    def _refresh(self) -> None:
        if self.agents is None or not self.is_mounted or not self.size.width:
            return
        chosen = self._chosen(self.agents)
        before = self.current.agent_id if self.current else ""
        self._layout = layout(chosen, self.rows.size.width - 2)
        self._shown = {agent.agent_id: agent for agent in chosen}
        self._fill()
        if before in self._shown:
            self.rows.move_cursor(row=list(self._shown).index(before), animate=False)
        self._keep_editor()
        self._refresh_footer()

    def _chosen(self, agents: Sequence[AgentBudget]) -> list[AgentBudget]:
        wanted = self.filter_text.casefold()
        chosen = [
            agent
            for agent in agents
            if any(wanted in text.casefold() for text in (agent.name, *agent[:1], *agent[2:4]))
        ]
        if self.sort_key:
            chosen.sort(key=BY_KEY[self.sort_key].sort_key, reverse=self.sort_descending)  # type: ignore[arg-type]
        return chosen

    def _fill(self) -> None:
        self.rows.clear(columns=True)
        for column, width in self._layout:
            arrow = ("▼" if self.sort_descending else "▲") if column.key == self.sort_key else ""
            name = f"{arrow}{column.label or ('used' if arrow and column.key == BAR else '')}"
            self.rows.add_column(
                Text(name.rjust(width) if is_right_aligned(column) else name), width=width, key=column.key
            )
        styles = component_styles(self)
        for agent in self._shown.values():
            cells = (self._cell(agent, column, width, styles) for column, width in self._layout)
            self.rows.add_row(*cells, key=agent.agent_id)

    def _cell(self, agent: AgentBudget, column: Column, width: int, styles: dict[str, Style]) -> Text:
        if column.key == BAR:
            return self._bar(agent, width, styles)
        text = column.text(agent)
        if column.key == STATUS:
            return Text(text, style=styles["unfunded" if not agent.allocated_tokens else str(agent.status)])
        if not is_right_aligned(column):
            return Text(shortened(text, width), style=styles["derived"] if column.key == "project" else Style())
        return Text(text.rjust(width), style=styles["derived"] if column.derived else Style())

    def _bar(self, agent: AgentBudget, width: int, styles: dict[str, Style]) -> Text:
        used, held = (share(tokens, agent.allocated_tokens) for tokens in (agent.used_tokens, agent.reserved_tokens))
        parts = {formatting.HELD: "held", formatting.EMPTY: "empty", formatting.TICK: "tick"}
        text = Text(no_wrap=True)
        for cell in formatting.bar_with_held(used, held, width, self.elapsed):
            text.append(cell, styles[parts.get(cell, "bar")])
        return text

    def _refresh_footer(self) -> None:
        rule = Content.styled("─" * self.rows.size.width, "$foreground 25%")
        self.query_one("#agent-sums", Static).update(Content("\n").join([rule, self._sums(), self._line()]))

    def _sums(self) -> Content:
        pad = " " * PADDING
        cells = []
        for column, width in self._layout:
            text = total(column, list(self._shown.values()))
            aligned = text.rjust(width) if is_right_aligned(column) else shortened(text, width).ljust(width)
            cells.append((f"{pad}{aligned}{pad}", MUTED if column.derived else ""))
        return Content.assemble(*cells)

    def _line(self) -> Content:
        """What is going on below the table: a refusal, what is being typed, or how the agents were chosen."""
        if self._problem:
            return table_footer.problem(self._problem)
        if self._edited is not None:
            return self._preview(self._shown[self._edited.agent_id])
        if not self.agents:
            return Content.assemble((" no agents yet: ", MUTED), ("a", "bold $accent"), (" adds one", MUTED))
        hints = []
        if self.filter_text:
            hints.append(f"{len(self._shown)} of {len(self.agents)} match '{self.filter_text}'")
        if self.sort_key:
            label = BY_KEY[self.sort_key].label or {BAR: "used share", STATUS: "status"}[self.sort_key]
            hints.append(f"sorted by {label.lower()}")
        return Content.styled(f" {' · '.join(hints)}", MUTED)

    def _preview(self, agent: AgentBudget) -> Content:
        before = f" available {agent.available_tokens:,}"
        try:
            after = _changed(agent, parse_tokens_change(self.editor.value))
        except Refused:
            return Content.assemble((before, MUTED), ("  500000, 2M, +50k or -10k", MUTED))
        left = after - agent.used_tokens - agent.reserved_tokens
        if left < 0:
            taken = agent.used_tokens + agent.reserved_tokens
            return Content.assemble((before, MUTED), (f"  {taken:,} are used and held already", "$warning"))
        return Content.assemble((before, MUTED), " → ", (f"{left:,}", "bold"), (" (editing)", MUTED))

    # Editing

    def begin_edit(self, typed: str) -> None:
        """Open the editor over the cell under the cursor, with its value selected, or with what was typed."""
        agent = self.current
        if agent is None or self._edited is not None:
            return
        self._edited, self._problem = agent, ""
        self.post_message(self.EditBegun())
        self.editor.value = typed or f"{agent.allocated_tokens:,}"
        self._place_editor(agent)
        self.editor.display = True
        self.editor.focus()
        if typed:
            self.editor.cursor_position = len(typed)
        else:
            self.editor.select_all()
        self._refresh_footer()

    def _keep_editor(self) -> None:
        """Keep the editor over its agent, or close it when that is not shown any more."""
        if self._edited is None:
            return
        if self._edited.agent_id in self._shown:
            self._place_editor(self._edited)
            return
        name, text = self._edited.name, self.editor.value
        self.close_editor()
        self._problem = f"{name} is gone, somebody archived it; '{text}' was not taken"

    def _place_editor(self, agent: AgentBudget) -> None:
        row = self.rows.get_row_index(agent.agent_id)
        self.rows.move_cursor(row=row, animate=False, scroll=True)
        x = PADDING
        for column, width in self._layout:
            if column.key == "allocated":
                self.editor.styles.width = width + PADDING
                break
            x += width + 2 * PADDING
        self.editor.styles.offset = Offset(
            x - round(self.rows.scroll_offset.x), _HEADER_HEIGHT + row - round(self.rows.scroll_offset.y)
        )

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._problem = ""
        self._refresh_footer()

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what is stored."""
        self._edited, self._problem = None, ""
        self.editor.is_waiting = False
        self.editor.display = False
        self.rows.focus()
        self._refresh_footer()

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        if self._edited is None:
            return
        try:
            change = parse_tokens_change(event.text)
        except Refused as refused:
            self.refuse(str(refused))
            return
        self.post_message(self.Edited(self._edited.agent_id, change, self._edited.allocated_tokens, event.go_on))

    def refuse(self, why: str, *, tells_stored: bool = False) -> None:
        """Say under the table why an edit was not taken. What was typed stays in the editor.

        ``tells_stored``: the words name the stored tokens, which the user has seen now.
        """
        self.editor.is_waiting = False
        if tells_stored and self._edited is not None:
            self._edited = self._shown[self._edited.agent_id]
        self._problem = why
        self._refresh_footer()

    def accept(self, go_on: int) -> None:
        """An edit was taken: close its editor, or go on to another agent's."""
        if self._edited is None:
            return
        row = self.rows.get_row_index(self._edited.agent_id) + go_on
        self.close_editor()
        if go_on and 0 <= row < self.rows.row_count:
            self.rows.move_cursor(row=row, animate=False)
            self.begin_edit("")

    # Sorting

    @on(DataTable.HeaderSelected)
    def _header_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        key = str(event.column_key.value)
        self.sort_descending = not self.sort_descending if key == self.sort_key else False
        self.sort_key = key

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of adding again."""
        order = ("", *SORTABLE)
        self.sort_descending = False
        self.sort_key = order[(order.index(self.sort_key) + 1) % len(order)]


def _changed(agent: AgentBudget, change: AllocationChange) -> int:
    return agent.allocated_tokens + change.amount if change.kind is ChangeKind.ADD else change.amount
