"""A project's cells as styled text."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from rich.style import Style
from rich.text import Text

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.snapshot import ProjectLine
from budget_tui.tui.painting import shortened
from budget_tui.tui.widgets.project_columns import BAR, STATUS, Column, is_right_aligned


@dataclass(frozen=True, slots=True)
class CellPainter:
    """``styles`` by name: derived, bar, empty, tick, negative and the statuses. ``pace`` is where the tick stands."""

    styles: Mapping[str, Style]
    currency: str
    pace: Fraction

    def cell(self, line: ProjectLine, column: Column, width: int) -> Text:
        if column.key == BAR:
            return self._bar(line, width)
        text = column.text(line, self.currency)
        if column.key == STATUS:
            return Text(text, style=self.styles["unfunded" if line.pace.unfunded else str(line.pace.status)])
        if not is_right_aligned(column):
            return Text(shortened(text, width))
        negative = column.amount is not None and column.amount(line) < 0
        style = self.styles["negative"] if negative else self.styles["derived"] if column.derived else Style()
        return Text(text.rjust(width), style=style)

    def _bar(self, line: ProjectLine, width: int) -> Text:
        cells = formatting.bar(share(line.pace.spent, line.pace.allocation), width, self.pace)
        text = Text(cells, style=self.styles["bar"], no_wrap=True)
        if formatting.EMPTY in cells:
            text.stylize(self.styles["empty"], cells.index(formatting.EMPTY))
        at = cells.index(formatting.TICK)
        text.stylize(self.styles["tick"], at, at + 1)
        return text


def label(column: Column, width: int, arrow: str) -> Text:
    """A column's header; ``arrow`` says that and how the table is sorted by it, '' that it is not."""
    name = column.label or ("spent" if arrow and column.key == BAR else "")
    return Text(f"{arrow}{name}".rjust(width) if is_right_aligned(column) else f"{arrow}{name}")
