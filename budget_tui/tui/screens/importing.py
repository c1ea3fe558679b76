"""Importing an export from the dashboard: which files, how far it is, what came of it."""

from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, ProgressBar, Static

from budget_tui.domain.amount import nanos_of
from budget_tui.domain.errors import BudgetError
from budget_tui.formatting import count, money
from budget_tui.services.imports import FOCUS_SOURCE, ImportReport, ImportRequest
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.modal import BoxScreen
from budget_tui.tui.widgets.text_field import TextField


class _Left(BudgetError):
    """The user left while files were read; nothing of them was stored."""

    def __init__(self) -> None:
        super().__init__("left")


class ImportScreen(BoxScreen[ImportReport]):
    """Dismissed with the report, which the screen below tells. Leaving while files are read stops that."""

    _is_left = False

    def __init__(self) -> None:
        super().__init__("Import costs", "Import")

    def compose_fields(self) -> ComposeResult:
        yield Static(Content.assemble(("FOCUS exports: CSV, CSV.gz or Parquet; a file, a folder or a pattern", MUTED)))
        with Horizontal(classes="field"):
            yield Label("Files")
            yield TextField(id="paths", placeholder="~/exports/focus-*.csv.gz")
        with Horizontal(classes="field"):
            yield Label("Source")
            yield TextField(FOCUS_SOURCE, id="source")
        yield ProgressBar(total=100, show_eta=False)

    def on_mount(self) -> None:
        self.query_one(ProgressBar).display = False
        self.query_one("#paths", Input).focus()

    def on_unmount(self) -> None:
        self._is_left = True

    def action_leave(self) -> None:
        if self._is_answering:
            self._is_left = True
        else:
            self.dismiss(None)

    async def answer(self) -> ImportReport:
        request = ImportRequest(
            paths=(self.query_one("#paths", Input).value.strip(),),
            source=self.query_one("#source", Input).value.strip(),
        )
        bar = self.query_one(ProgressBar)
        bar.display = True

        def progress(percent: int) -> None:
            if self._is_left:
                raise _Left
            self.call_later(partial(bar.update, progress=percent))

        try:
            return await self.dashboard.carry_out(lambda services: services.imports.run(request, progress))
        except _Left:
            self.dismiss(None)
            raise
        finally:
            bar.display = False


def told(report: ImportReport) -> str:
    """An import in one line."""
    text = f"{count(report.rows_read, 'row')} read, "
    if report.unchanged:
        text += "nothing new: these costs are already here"
    else:
        totals = ", ".join(money(nanos_of(amount), currency) for currency, amount in report.stored_total.items())
        text += f"{count(report.days_stored, 'daily cost')} stored ({totals or 'nothing'})"
        unmapped = ", ".join(money(nanos_of(amount), currency) for currency, amount in report.unmapped_total.items())
        if unmapped:
            text += f", {unmapped} of it found no project: m maps them"
    if report.rows_refused:
        file, line, reason = report.refused[0]
        text += f"; {report.rows_refused:,} refused, the first in {file} line {line}: {reason}"
    return text
