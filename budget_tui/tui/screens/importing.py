"""Importing an export from the dashboard: which files, how far it is, what came of it."""

from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, ProgressBar, Static

from budget_tui.domain.errors import BudgetError
from budget_tui.formatting import count
from budget_tui.services.imports import FOCUS_SOURCE, ImportReport, ImportRequest
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.modal import BoxScreen


class _Left(Exception):
    """The user left while files were read; nothing of them was stored."""


class ImportScreen(BoxScreen[ImportReport]):
    """Dismissed with the report, which the screen below tells. Leaving while files are read stops that."""

    _is_running = False
    _is_left = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Import costs"
            yield Static(
                Content.assemble(("FOCUS exports: CSV, CSV.gz or Parquet; a file, a folder or a pattern", MUTED))
            )
            with Horizontal(classes="field"):
                yield Label("Files")
                yield Input(id="paths", compact=True, placeholder="~/exports/focus-*.csv.gz")
            with Horizontal(classes="field"):
                yield Label("Source")
                yield Input(FOCUS_SOURCE, id="source", compact=True)
            yield ProgressBar(total=100, show_eta=False)
            yield Static(id="refusal")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Import", id="import", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.refuse("")
        self.query_one(ProgressBar).display = False
        self.query_one("#paths", Input).focus()

    def on_unmount(self) -> None:
        self._is_left = True

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        if self._is_running:
            self._is_left = True
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    @on(Button.Pressed, "#import")
    @work
    async def _import(self) -> None:
        if self._is_running:
            return
        request = ImportRequest(
            paths=(self.query_one("#paths", Input).value.strip(),),
            source=self.query_one("#source", Input).value.strip(),
        )
        bar = self.query_one(ProgressBar)
        bar.display = self._is_running = True

        def progress(percent: int) -> None:
            if self._is_left:
                raise _Left
            self.call_later(partial(bar.update, progress=percent))

        try:
            report = await self.dashboard.carry_out(lambda services: services.imports.run(request, progress))
        except _Left:
            self.dismiss(None)
        except BudgetError as refused:
            bar.display = self._is_running = False
            self.refuse(str(refused))
        else:
            self.dismiss(report)


def told(report: ImportReport) -> str:
    """An import in one line."""
    if report.unchanged:
        return f"{count(report.rows_read, 'row')} read, nothing new: these costs are already here"
    totals = ", ".join(f"{amount:,f} {currency}" for currency, amount in report.stored_total.items())
    text = f"{count(report.rows_read, 'row')} read, {count(report.days_stored, 'daily cost')} stored ({totals})"
    if report.rows_refused:
        file, line, reason = report.refused[0]
        text += f"; {report.rows_refused:,} refused, the first in {file} line {line}: {reason}"
    return text
