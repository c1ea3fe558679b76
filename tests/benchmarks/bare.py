"""The floor: a bare Textual app with a table of projects. ``bare.py ROWS [MODULE]`` imports MODULE before it runs."""

import sys
from importlib import import_module

from textual.app import App, ComposeResult
from textual.widgets import DataTable

COLUMNS = ("Project", "Allocation", "Spent", "", "Left", "Drip", "Today", "Burn", "Runway", " ")


class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*COLUMNS)
        for number in range(1, int(sys.argv[1]) + 1):
            table.add_row(
                f"Project {number:04}",
                "    150.00",
                "  105.00",
                "█████████████│██▊░░░░░░░░░░░░░",
                "   45.00",
                "    2.50",
                "    2.37",
                "    8.76",
                "   5.1 d",
                "●",
            )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        import_module(sys.argv[2])
    Bare().run()
