"""Importing exports from the dashboard: the files, the progress, the result."""

from dataclasses import replace
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, ProgressBar, Static

from budget_tui.domain.amount import nanos_of
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.presentation.formatting import count, days_named, money
from budget_tui.presentation.messages import import_report
from budget_tui.services.imports import ImportReport, ImportRequest
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.fields import Choice, TextField
from budget_tui.tui.render import MUTED

_LINES_SHOWN = 10


class _ImportCancelled(BudgetError):
    """The user cancelled while files were read; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("left")


class ImportScreen(BoxScreen[ImportReport]):
    """A form to import files, dismissed with the report. Cancelling while files are read stops the import.

    An import that replaces rows, leaves some out, or guesses the columns shows a preview first and runs when it is
    submitted again.
    """

    _is_left = False
    _shown: ImportRequest | None = None

    def __init__(self) -> None:
        super().__init__("Import costs", "Import")

    def compose_fields(self) -> ComposeResult:
        yield Static(Content.assemble(("FOCUS exports or CSV: a file, a folder or a pattern", MUTED)))
        with Horizontal(classes="field"):
            yield Label("Files")
            yield TextField(id="paths", placeholder="~/exports/focus-*.csv.gz")
        with Horizontal(classes="field"):
            yield Label("Source")
            yield TextField(id="source", placeholder="default: named like the format")
        with Horizontal(classes="field"):
            yield Label("Columns")
            yield TextField(id="columns", placeholder="only if needed: date=Day,amount=Net")
        with Horizontal(classes="field"):
            yield Label("Stored")
            yield Choice([("", "replace same days"), ("replace", "replace all"), ("part", "keep both")], "", "how")
        with Horizontal(classes="field", id="named"):
            yield Label("Part")
            yield TextField(id="part", placeholder="a name for it")
        yield ProgressBar(total=100, show_eta=False)
        yield Static(id="preview")

    def on_mount(self) -> None:
        self.query_one(ProgressBar).display = False
        self.query_one("#preview").display = False
        self.query_one("#named").display = False
        self.query_one("#paths", Input).focus()

    @on(Choice.Changed, "#how")
    def _ask_for_a_name(self, changed: Choice.Changed) -> None:
        self.query_one("#named").display = changed.choice.value == "part"

    def on_unmount(self) -> None:
        self._is_left = True

    def action_leave(self) -> None:
        if self._is_submitting:
            self._is_left = True
        else:
            self.dismiss(None)

    async def submit(self) -> ImportReport | None:
        how = self.query_one("#how", Choice).value
        part = self.query_one("#part", Input).value.strip() if how == "part" else ""
        if how == "part" and not part:
            raise Refused("a part needs a name", "give one, such as corrections")
        request = ImportRequest(
            paths=(self.query_one("#paths", Input).value.strip(),),
            source=self.query_one("#source", Input).value.strip() or None,
            columns=self.query_one("#columns", Input).value.strip(),
            part=part,
            replace=how == "replace",
        )
        if request != self._shown:
            self.query_one("#preview").display = False
            report = await self._run(replace(request, dry_run=True))
            if report.rows_replaced or report.left_out or report.rows_refused or report.read_as:
                self._show(report)
                self._shown = request
                return None
        return await self._run(request)

    async def _run(self, request: ImportRequest) -> ImportReport:
        bar = self.query_one(ProgressBar)
        bar.display = True

        def progress(percent: int) -> None:
            if self._is_left:
                raise _ImportCancelled
            self.call_later(partial(bar.update, progress=percent))

        try:
            return await self.dashboard.run_command(lambda services: services.imports.run(request, progress))
        except _ImportCancelled:
            self.dismiss(None)
            raise
        finally:
            bar.display = False

    def _show(self, report: ImportReport) -> None:
        """Show a preview of the import."""
        lines = import_report(report, dry_run=True, how_to_map="m maps them")
        preview = self.query_one("#preview", Static)
        preview.update(Content.assemble(("\n".join([*lines[:_LINES_SHOWN], "Enter imports it"]), MUTED)))
        preview.display = True
        self.refuse("")


def message(report: ImportReport) -> str:
    """Summarize an import in one line."""
    text = f"{count(report.rows_read, 'row')} read, "
    if report.unchanged:
        text += "nothing new: these costs are already stored"
    else:
        totals = ", ".join(money(nanos_of(amount), currency) for currency, amount in report.stored_total.items())
        text += f"{count(report.days_stored, 'daily cost')} stored ({totals or 'nothing'})"
        if report.first_day and report.last_day:
            text += f", {days_named(report.first_day, report.last_day)}"
            if not any(report.in_period_total.values()):
                text += f", nothing of it in {report.period}"
        unmapped = ", ".join(money(nanos_of(amount), currency) for currency, amount in report.unmapped_total.items())
        if unmapped:
            text += f", {unmapped} of it without a project: m maps them"
    if report.rows_refused:
        file, line, reason = report.refused[0]
        text += f"; {report.rows_refused:,} refused, the first in {file} line {line}: {reason}"
    return text
