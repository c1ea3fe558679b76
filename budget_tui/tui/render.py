"""Styled text shared by the widgets. Styles are theme variables, never colours."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual.content import Content
from textual.style import Style as VisualStyle
from textual.widget import Widget

from budget_tui.domain.pacing import Status
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import TOKENS, pace_style, status_style_at_close
from budget_tui.presentation.formatting import BarCell

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
    from budget_tui.domain.snapshot import Pace

STATUS_STYLES = {
    Status.HEALTHY: "$success",
    Status.WARNING: "$warning",
    Status.CRITICAL: "bold $error",
    Status.EXHAUSTED: "bold $error",
}
MUTED = "$foreground 65%"
STRONG = "bold $foreground"
FILLED = "$primary"
USED_TOKENS = "$secondary"
UNFILLED = "$foreground 25%"
WAITING = "…"
CELL_STYLES = {
    "muted": MUTED,
    "strong": STRONG,
    "changed": "bold $accent",
    "negative": "bold $error",
    "bar": FILLED,
    TOKENS: USED_TOKENS,
    "allocated": "$foreground 65%",
    "reserved": "$warning",
    "empty": UNFILLED,
    "tick": STRONG,
    "under": "$success",
    "approaching": "$warning",
    **{status.value: style for status, style in STATUS_STYLES.items()},
    "over": "bold $error",
}
"""Theme styles of table cells, by the names that columns use."""


def status_style(pace: Pace) -> str:
    """Return the style of a budget's status."""
    return CELL_STYLES[pace_style(pace)]


def status_at_close(closed: ClosedPeriod | ClosedBudget, *, named: bool = False) -> Content:
    """Draw the status at the close as a coloured symbol; ``named``: with its name."""
    text = formatting.status_at_close(closed)
    return Content.assemble((text if named else text[0], CELL_STYLES[status_style_at_close(closed)]))


def status(pace: Pace) -> Content:
    """Draw the mark of a budget as a coloured symbol."""
    return Content.assemble((formatting.shape_of(pace), status_style(pace)))


BAR_STYLES: dict[str, str] = {
    BarCell.RESERVED: "reserved",
    BarCell.EMPTY: "empty",
    BarCell.TICK: "tick",
    BarCell.TICK_AHEAD: "tick",
    BarCell.BEYOND: "over",
}
"""The styles of a bar's cells, by name; what is filled has the style of its status."""


def bar(
    share: Fraction, width: int, tick: Fraction | None = None, style: str = "", held: Fraction = Fraction(0)
) -> Content:
    """Draw a bar with its pace tick, filled in a named ``style``; see `formatting.bar`."""
    filled = style or "bar"
    parts = groupby(formatting.bar(share, width, tick, held), lambda cell: BAR_STYLES.get(cell, filled))
    return Content.assemble(*(("".join(cells), CELL_STYLES[name]) for name, cells in parts))


def shortened(text: str, width: int, *, keeps_end: bool = False) -> str:
    """Shorten ``text`` to at most ``width`` terminal cells; a character may take two. What is cut is the end or, when
    it ``keeps_end``, the beginning."""
    if cell_len(text) <= width:
        return text
    if keeps_end:
        while text and cell_len(text) > width - 1:
            text = text[1:]
        return "…" + text
    return set_cell_size(text, width - 1) + "…"


def fitted(text: str, width: int, *, keeps_end: bool = False) -> str:
    """Pad or shorten ``text`` to exactly ``width`` cells."""
    return set_cell_size(shortened(text, width, keeps_end=keeps_end), width)


def spread(left: Content, right: Content, width: int) -> Content:
    """Put ``left`` and ``right`` at the two ends of a line; without room for both, ``right`` is left out."""
    gap = width - left.cell_length - right.cell_length
    if gap < 1:
        return left.truncate(width, ellipsis=True)
    return Content.assemble(left, " " * gap, right)


def cell(content: Content, widget: Widget) -> Text:
    """Convert ``content`` for a table cell, which keeps the background of its row."""
    _, background = widget.background_colors
    text = Text(no_wrap=True)
    for part, style in content.render(VisualStyle(background), end="", parse_style=widget.app.stylesheet.parse_style):
        rich = style.rich_style
        text.append(part, Style(color=rich.color if style.foreground else None, bold=rich.bold))
    return text


def text_styles(widget: Widget, named: Mapping[str, str]) -> dict[str, Style]:
    """Compute the named styles on the widget's background, ready to render lines with.

    They have no background of their own, so that the cursor's shows through. As component classes, Textual would
    compute them again for each state of the widget, which takes longer than all other styles of a table.
    """
    _, background = widget.background_colors
    found = {}
    for name, text in named.items():
        style = widget.app.stylesheet.parse_style(text)
        assert style.foreground is not None
        color = style.foreground
        if color.ansi is None:  # the terminal's own colours cannot be mixed
            color = background.blend(color, color.a).with_alpha(1)
        found[name] = Style(color=color.rich_color, bold=bool(style.bold))
    return found
