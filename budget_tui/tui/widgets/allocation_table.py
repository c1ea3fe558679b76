"""The table of projects, with the allocation edited in its cell.

The table asks nobody: it follows one snapshot, and posts what the user intends (a value over the one they
saw, or a delta) for the app to carry out.
"""

from fractions import Fraction

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.coordinate import Coordinate
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import DataTable, Input

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets.keys import act_at_once
from budget_tui.tui.widgets.project_columns import (
    BAR,
    BY_KEY,
    COLUMNS,
    PADDING,
    SORTABLE,
    STATUS,
    Column,
    is_right_aligned,
    layout,
)

_HEADER_HEIGHT = 1


class ProjectTable(DataTable[Text]):
    """The rows. Digits go to the editor, whether it has the focus already or is about to get it."""

    BINDINGS = [
        Binding("enter", "edit", "Edit", id="allocation.edit", tooltip="Edit the allocation in its cell"),
        Binding(
            "0,1,2,3,4,5,6,7,8,9,full_stop",
            "edit",
            "Type",
            id="allocation.type",
            show=False,
            tooltip="Begin to type an allocation: 120, 25% or rest",
        ),
        Binding("plus", "nudge(1)", "+ step", id="allocation.more", show=False, tooltip="Allocate a step more"),
        Binding("minus", "nudge(-1)", "- step", id="allocation.less", show=False, tooltip="Allocate a step less"),
    ]

    class Nudged(Message):
        """The user wants a step more (1) or less (-1) for the project that was under the cursor then."""

        def __init__(self, project_id: str, direction: int) -> None:
            super().__init__()
            self.project_id = project_id
            self.direction = direction

    async def on_key(self, event: events.Key) -> None:
        owner = self.parent
        assert isinstance(owner, AllocationTable)
        typed = event.character if event.character is not None and event.character in "0123456789." else ""
        if owner.is_editing:
            # Addressed to the table before an earlier key of the same burst opened the editor.
            event.stop()
            event.prevent_default()
            owner.editor.post_message(events.Key(event.key, event.character))
        elif typed:
            event.stop()
            event.prevent_default()
            owner.begin_edit(typed)
        else:
            await act_at_once(self, event)

    def on_click(self, event: events.Click) -> None:
        """A click chooses a project, a second one edits its allocation."""
        if event.chain == 2 and "row" in event.style.meta and event.style.meta["row"] >= 0:
            self.action_edit()

    def action_edit(self) -> None:
        owner = self.parent
        assert isinstance(owner, AllocationTable)
        owner.begin_edit("")

    def action_nudge(self, direction: int) -> None:
        owner = self.parent
        assert isinstance(owner, AllocationTable)
        if owner.current is not None:
            self.post_message(self.Nudged(owner.current.project_id, direction))


class CellEditor(Input):
    """The input that stands over a cell while it is edited."""

    BINDINGS = [
        Binding("enter", "submit", "Take", id="allocation.take", tooltip="Take what is typed as the allocation"),
        Binding("escape", "leave", "Leave", id="allocation.leave", tooltip="Leave the cell as it was"),
        Binding("tab", "commit_and_go(1)", "Next", id="allocation.next", tooltip="Take it and edit the next project"),
        Binding(
            "shift+tab",
            "commit_and_go(-1)",
            "Previous",
            id="allocation.previous",
            show=False,
            tooltip="Take it and edit the project above",
        ),
    ]

    class Left(Message):
        """The user gave up the edit."""

    class Committed(Message):
        """The user wants this text to count, and then to go on by ``go_on`` rows (0: stay)."""

        def __init__(self, text: str, go_on: int) -> None:
            super().__init__()
            self.text = text
            self.go_on = go_on

    is_waiting = False
    """Whether the text was handed over and no answer has come yet; keys are kept until then."""

    def on_mount(self) -> None:
        self.kept_keys: list[events.Key] = []

    async def on_key(self, event: events.Key) -> None:
        if self.is_waiting:
            event.stop()
            event.prevent_default()
            self.kept_keys.append(events.Key(event.key, event.character))
        else:
            await act_at_once(self, event)

    async def action_submit(self) -> None:
        self._hand_over(0)

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_commit_and_go(self, rows: int) -> None:
        self._hand_over(rows)

    def _hand_over(self, go_on: int) -> None:
        self.is_waiting = True
        self.post_message(self.Committed(self.value, go_on))


class TableFooter(Widget):
    """Sums under their columns, and below them the pool: as it is, or as it would be with what is being typed."""

    sums: reactive[Content] = reactive(Content(""))
    pool: reactive[Content] = reactive(Content(""))

    def render(self) -> Content:
        rule = Content.styled("─" * self.content_size.width, "$foreground 25%")
        return Content("\n").join([rule, self.sums, self.pool])


class AllocationTable(Vertical):
    """Rows, editor and footer. ``step_nanos`` is what ``+`` and ``-`` add."""

    COMPONENT_CLASSES = {
        "allocation--derived",
        "allocation--bar",
        "allocation--empty",
        "allocation--tick",
        "allocation--healthy",
        "allocation--warning",
        "allocation--critical",
        "allocation--exhausted",
        "allocation--unfunded",
        "allocation--negative",
    }

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    filter_text: reactive[str] = reactive("")
    sort_key: reactive[str] = reactive("")
    sort_descending: reactive[bool] = reactive(False)

    class Edited(Message):
        """The user wants an allocation changed; ``seen`` is the value they looked at when they typed another.

        ``go_on`` is by how many rows the editor is to go on then; None: this came from no editor.
        """

        def __init__(
            self, project_id: str, change: AllocationChange, seen: int | None = None, go_on: int | None = None
        ) -> None:
            super().__init__()
            self.project_id = project_id
            self.change = change
            self.seen = seen
            self.go_on = go_on

    def __init__(self, step_nanos: int) -> None:
        super().__init__()
        self._step_nanos = step_nanos
        self._shown: dict[str, ProjectLine] = {}
        self._layout: list[tuple[Column, int]] = []
        self._edited: ProjectLine | None = None  # as it stood when the editor opened over it
        self._problem = ""
        self._frame: object = None

    @property
    def table(self) -> ProjectTable:
        return self.query_one(ProjectTable)

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    @property
    def current(self) -> ProjectLine | None:
        """The project under the cursor."""
        lines = list(self._shown.values())
        row = self.table.cursor_row
        return lines[row] if 0 <= row < len(lines) else None

    def compose(self) -> ComposeResult:
        yield ProjectTable(
            cursor_type="row",
            cursor_foreground_priority="renderable",
            cell_padding=PADDING,
            header_height=_HEADER_HEIGHT,
        )
        yield TableFooter()
        yield CellEditor(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.editor.display = False
        self.watch(self.app, "theme", self._rebuild, init=False)

    # What is shown

    def watch_snapshot(self) -> None:
        self._refresh()

    def watch_filter_text(self) -> None:
        self._refresh()

    def watch_sort_key(self) -> None:
        self._refresh()

    def watch_sort_descending(self) -> None:
        self._refresh()

    def on_resize(self) -> None:
        self._refresh()
        if self.is_editing:
            self._place_editor()

    def _rebuild(self) -> None:
        self._frame = None
        self._refresh()

    def _refresh(self) -> None:
        """Bring the table to what should be seen, touching only the cells that differ where that is possible."""
        if self.snapshot is None or not self.is_mounted or not self.size.width:
            return
        lines = self._lines(self.snapshot)
        columns = layout(lines, self._totals(self.snapshot, lines), self._currency, self.table.size.width - 2)
        frame = (
            [(column.key, width) for column, width in columns],
            [line.project_id for line in lines],
            formatting.elapsed(self.snapshot),
            self.sort_key,
            self.sort_descending,
        )
        self._layout = columns
        if frame != self._frame:
            self._frame = frame
            self._fill(lines)
        else:
            self._update(lines)
        self._shown = {line.project_id: line for line in lines}
        self._keep_editor(self.snapshot)
        self._refresh_footer()

    def _lines(self, snapshot: BudgetSnapshot) -> list[ProjectLine]:
        wanted = self.filter_text.casefold()
        lines = [
            line for line in snapshot.projects if wanted in line.name.casefold() or wanted in line.project_id.casefold()
        ]
        if self.sort_key:
            lines.sort(key=BY_KEY[self.sort_key].sort_key, reverse=self.sort_descending)  # type: ignore[arg-type]
        return lines

    def _fill(self, lines: list[ProjectLine]) -> None:
        table, selected = self.table, self.current
        table.clear(columns=True)
        for column, width in self._layout:
            table.add_column(self._label(column, width), width=width, key=column.key)
        styles = self._styles()
        for line in lines:
            table.add_row(
                *(self._cell(line, column, width, styles) for column, width in self._layout), key=line.project_id
            )
        if selected is not None:
            rows = [line.project_id for line in lines]
            if selected.project_id in rows:
                table.move_cursor(row=rows.index(selected.project_id), animate=False)

    def _update(self, lines: list[ProjectLine]) -> None:
        styles = self._styles()
        for row, line in enumerate(lines):
            if self._shown.get(line.project_id) == line:
                continue
            for position, (column, width) in enumerate(self._layout):
                self.table.update_cell_at(Coordinate(row, position), self._cell(line, column, width, styles))

    def _label(self, column: Column, width: int) -> Text:
        arrow = ("▼" if self.sort_descending else "▲") if column.key == self.sort_key else ""
        label = column.label or {BAR: "spent" if arrow else "", STATUS: ""}.get(column.key, "")
        text = f"{arrow}{label}"
        return Text(text.rjust(width) if is_right_aligned(column) else text)

    def _cell(self, line: ProjectLine, column: Column, width: int, styles: dict[str, Style]) -> Text:
        if column.key == BAR:
            return self._bar(line, width, styles)
        text = column.text(line, self._currency)
        if column.key == STATUS:
            return Text(text, style=styles["unfunded" if line.pace.unfunded else str(line.pace.status)])
        if not is_right_aligned(column):
            return Text(formatting.shortened(text, width))
        negative = column.amount is not None and column.amount(line) < 0
        style = styles["negative"] if negative else styles["derived"] if column.derived else Style()
        return Text(text.rjust(width), style=style)

    def _bar(self, line: ProjectLine, width: int, styles: dict[str, Style]) -> Text:
        tick = formatting.elapsed(self.snapshot) if self.snapshot else Fraction(0)
        cells = formatting.bar(share(line.pace.spent, line.pace.allocation), width, tick)
        text = Text(cells, style=styles["bar"], no_wrap=True)
        if formatting.EMPTY in cells:
            text.stylize(styles["empty"], cells.index(formatting.EMPTY))
        at = cells.index(formatting.TICK)
        text.stylize(styles["tick"], at, at + 1)
        return text

    def _styles(self) -> dict[str, Style]:
        """The component styles by the part of their name behind ``allocation--``, on the table's background."""
        _, background = self.background_colors
        found = {}
        for name in self.COMPONENT_CLASSES:
            styles = self.get_component_styles(name)
            color = background.blend(styles.color, styles.color.a).with_alpha(1)
            found[name.removeprefix("allocation--")] = Style(color=color.rich_color, bold=bool(styles.text_style.bold))
        return found

    @property
    def _currency(self) -> str:
        return self.snapshot.organization.currency if self.snapshot else "USD"

    # The footer

    def _totals(self, snapshot: BudgetSnapshot, lines: list[ProjectLine]) -> list[str]:
        return [
            formatting.count(len(lines), "project")
            if column.key == "name"
            else formatting.number(sum(map(column.amount, lines)), self._currency)
            if column.amount is not None
            else ""
            for column in COLUMNS
        ]

    def _refresh_footer(self) -> None:
        if self.snapshot is None:
            return
        texts = dict(
            zip((c.key for c in COLUMNS), self._totals(self.snapshot, list(self._shown.values())), strict=True)
        )
        pad = " " * PADDING
        cells = []
        for column, width in self._layout:
            text = texts[column.key]
            aligned = text.rjust(width) if is_right_aligned(column) else text.ljust(width)
            cells.append((f"{pad}{aligned}{pad}", MUTED if column.derived else ""))
        footer = self.query_one(TableFooter)
        footer.sums = Content.assemble(*cells)
        footer.pool = self._pool(self.snapshot)

    def _pool(self, snapshot: BudgetSnapshot) -> Content:
        if self._problem:
            return Content.assemble((" ✕ ", "bold $error"), self._problem)
        if not snapshot.projects:
            return Content.assemble((" no projects yet: ", MUTED), ("a", "bold $accent"), (" adds one", MUTED))
        pool = snapshot.unallocated
        shown = Content.assemble((" unallocated ", MUTED), self._signed(pool))
        if self.is_editing:
            return shown.append(self._preview(snapshot))
        hints = []
        if self.filter_text:
            hints.append(f"{len(self._shown)} of {len(snapshot.projects)} match '{self.filter_text}'")
        if self.sort_key:
            label = BY_KEY[self.sort_key].label or {BAR: "spent share", STATUS: "status"}[self.sort_key]
            hints.append(f"sorted by {label.lower()}")
        return shown.append(Content.assemble((" · ".join(["", *hints]), MUTED)))

    def _preview(self, snapshot: BudgetSnapshot) -> Content:
        """What the text in the editor would do to the pool."""
        assert self._edited is not None
        line, text = self._shown[self._edited.project_id], self.editor.value
        try:
            after = parse_change(text).applied_to(
                line.pace.allocation, snapshot.total.allocation, snapshot.unallocated, self._currency
            )
        except Refused as refused:
            return Content.assemble((f"  {refused}" if text.strip() else "  120, +20, -15, 25% or rest", MUTED))
        pool = snapshot.unallocated - (after - line.pace.allocation)
        return Content.assemble(" → ", self._signed(pool), (" (editing)", MUTED))

    def _signed(self, pool: int) -> Content:
        text = formatting.money(pool, self._currency)
        return Content.assemble((f"{text} over-allocated", "$warning") if pool < 0 else (text, "bold"))

    # Editing

    def begin_edit(self, typed: str) -> None:
        """Open the editor over the cell under the cursor, with its value selected, or with what was typed."""
        line = self.current
        if line is None or self.is_editing:
            return
        self._edited = line
        self._problem = ""
        editor = self.editor
        editor.value = typed or formatting.number(line.pace.allocation, self._currency)
        self._place_editor()
        editor.display = True
        editor.focus()
        if typed:
            editor.cursor_position = len(typed)
        else:
            editor.select_all()
        self._refresh_footer()

    def _keep_editor(self, snapshot: BudgetSnapshot) -> None:
        """Keep the editor over its project, wherever that is by now, or close it when it is not shown any more."""
        edited = self._edited
        if edited is None:
            return
        if edited.project_id in self._shown:
            self._place_editor()
            return
        text = self.editor.value
        self.close_editor()
        if all(line.project_id != edited.project_id for line in snapshot.projects):
            self._problem = f"{edited.name} is gone, somebody archived it; '{text}' was not taken"

    def _place_editor(self) -> None:
        assert self._edited is not None
        table = self.table
        row = table.get_row_index(self._edited.project_id)
        table.move_cursor(row=row, animate=False, scroll=True)
        x = PADDING
        for column, width in self._layout:
            if column.key == "allocation":
                self.editor.styles.width = width + PADDING
                break
            x += width + 2 * PADDING
        y = _HEADER_HEIGHT + row - round(table.scroll_offset.y)
        self.editor.styles.offset = Offset(x - table.scroll_offset.x, y)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.input is self.editor:
            event.stop()
            self._problem = ""
            self._refresh_footer()

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what is stored."""
        self._edited = None
        self._problem = ""
        self.editor.is_waiting = False
        self.editor.display = False
        self.table.focus()
        self._refresh_footer()

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        if self._edited is None:
            return
        seen = self._edited.pace.allocation
        unchanged = event.text == formatting.number(seen, self._currency)
        try:
            change = AllocationChange(ChangeKind.ADD, 0) if unchanged else parse_change(event.text)
        except Refused as refused:
            self.refuse(str(refused), is_of_editor=True)
            return
        is_value = change.kind is ChangeKind.SET
        self.post_message(self.Edited(self._edited.project_id, change, seen if is_value else None, event.go_on))

    @on(ProjectTable.Nudged)
    def _nudged(self, event: ProjectTable.Nudged) -> None:
        event.stop()
        change = AllocationChange(ChangeKind.ADD, event.direction * self._step_nanos)
        self.post_message(self.Edited(event.project_id, change))

    def refuse(self, why: str, *, is_of_editor: bool, tells_stored: bool = False) -> None:
        """Say under the table why an edit was not taken. What was typed stays in the editor.

        ``tells_stored``: the words name the stored allocation, which the user has seen now.
        """
        if is_of_editor:
            self.editor.is_waiting = False
            self.editor.kept_keys.clear()
            if tells_stored and self._edited is not None:
                self._edited = self._shown[self._edited.project_id]
        self._problem = why
        self._refresh_footer()

    def accept(self, go_on: int | None) -> None:
        """An edit was taken: close its editor, or go on to another project's. Keys typed meanwhile count now."""
        self._problem = ""
        if go_on is not None and self._edited is not None:
            row = self.table.get_row_index(self._edited.project_id) + go_on
            self.close_editor()
            if go_on and 0 <= row < self.table.row_count:
                self.table.move_cursor(row=row, animate=False)
                self.begin_edit("")
            kept, self.editor.kept_keys = self.editor.kept_keys, []
            for key in kept:
                self.table.post_message(key)
        self._refresh_footer()

    # Sorting

    @on(DataTable.HeaderSelected)
    def _header_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        self.sort_by(str(event.column_key.value))

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        if key == self.sort_key:
            self.sort_descending = not self.sort_descending
        else:
            self.sort_descending = False
            self.sort_key = key

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of adding again."""
        order = ("", *SORTABLE)
        self.sort_descending = False
        self.sort_key = order[(order.index(self.sort_key) + 1) % len(order)]
