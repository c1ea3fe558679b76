"""A field of one line, which all fields of the dashboard are."""

from typing import Any

from textual.widgets import Input


class TextField(Input):
    """It has from the beginning the classes that Textual gives an input one after the other, each of them with all of
    its styles worked out anew."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, compact=True, classes="-textual-compact -valid", **options)
