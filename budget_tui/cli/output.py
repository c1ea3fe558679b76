"""Text on standard output: answers as JSON or as words, aligned tables. Warnings go to standard error."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui.cli.saying import report, say
from budget_tui.domain.text import escaped

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine

JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def say_json(answer: object) -> None:
    from budget_tui.wire import dumps

    say(dumps(answer))


def warn(warnings: Sequence[str]) -> None:
    """Warnings go to standard error, so that a script's input stays clean."""
    if warnings:
        report(*(f"warning: {warning}" for warning in warnings))


def tell(
    json: bool, answer: Callable[[], object], lines: Callable[[], Sequence[str]], warnings: Sequence[str] = ()
) -> None:
    """An answer as JSON, or as lines and the warnings."""
    if json:
        say_json(answer())
        return
    say(*lines())
    warn(warnings)


def tell_budget(snapshot: "BudgetSnapshot", json: bool, *lines: str) -> None:
    """The global budget after a change: as JSON, or as the given lines and the warnings."""
    if json:
        from budget_tui.wire import budget_answer

        say_json(budget_answer(snapshot))
        return
    _tell(snapshot, lines)


def tell_project(
    snapshot: "BudgetSnapshot", project_id: str, json: bool, words: Callable[["ProjectLine"], Sequence[str]]
) -> None:
    """A project's budget: as JSON, or in ``words`` followed by the warnings."""
    from budget_tui.services.snapshots import project_line

    line = project_line(snapshot, project_id)
    if json:
        from budget_tui.wire import project_answer

        say_json(project_answer(snapshot, line))
        return
    _tell(snapshot, words(line))


def _tell(snapshot: "BudgetSnapshot", lines: Sequence[str]) -> None:
    from budget_tui.presentation.messages import warnings

    say(*lines)
    warn(warnings(snapshot))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> list[str]:
    """Aligned lines; ``right`` holds one letter per column, ``r`` for right-aligned and ``l`` for left."""
    lines = [header, *(tuple(map(escaped, row)) for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(header))]

    def aligned(line: Sequence[str]) -> str:
        gaps = (" " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        cells = (gap + cell if side == "r" else cell + gap for cell, gap, side in zip(line, gaps, right, strict=True))
        return "  ".join(cells).rstrip()

    return [aligned(line) for line in lines]


def _width(text: str) -> int:
    """Columns that ``text`` takes in a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    widths = {"Mn": 0, "Me": 0, "Cf": 0}
    return sum(widths.get(category(sign), 1 + (east_asian_width(sign) in "WF")) for sign in text)
