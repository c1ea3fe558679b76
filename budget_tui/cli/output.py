"""Text on standard output: answers as JSON or as words, aligned tables."""

from collections.abc import Sequence
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def say(*lines: str) -> None:
    for line in lines:
        typer.echo(line)


def say_json(answer: object) -> None:
    from budget_tui.wire import dumps

    typer.echo(dumps(answer))


def warn(warnings: Sequence[str]) -> None:
    """Warnings go to standard error, so that a script's input stays clean."""
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> list[str]:
    """Aligned lines; ``right`` holds one letter per column, ``r`` for right-aligned and ``l`` for left."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]

    def aligned(line: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(line, widths, right, strict=True)
        )
        return "  ".join(cells).rstrip()

    return [aligned(line) for line in lines]
