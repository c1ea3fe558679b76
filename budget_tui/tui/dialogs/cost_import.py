"""Importing exports from the dashboard: the files, the progress, the result."""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label, Static

from budget_tui.config.paths import from_home
from budget_tui.domain.amount import nanos_of
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.presentation.formatting import count, days_named, money
from budget_tui.presentation.messages import import_report, imported_far_ahead
from budget_tui.services.imports import ImportReport, ImportRequest
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import ReadingBox
from budget_tui.tui.fields import Choice, TextField
from budget_tui.tui.render import MUTED

_LINES_SHOWN = 10


def _matches(typed: str) -> Sequence[str]:
    """Return the paths that begin with what was typed, in its notation; folders end in a slash."""
    if typed == "~":
        return ["~/"]
    folder, name = os.path.split(typed)
    try:
        with os.scandir(from_home(folder)) as entries:
            found = [entry.name + "/" * entry.is_dir() for entry in entries if entry.name.startswith(name)]
    except (OSError, ValueError):
        return []
    return sorted(os.path.join(folder, each) for each in found if name or not each.startswith("."))  # noqa: PTH118


class _PathSuggester(Suggester):
    """Suggests the first path that begins with what was typed."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return next(iter(await asyncio.to_thread(_matches, value)), None)


class PathField(TextField):
    """A field for a path, completed like a shell does."""

    BINDINGS = [
        Binding("tab", "complete", "Complete", id="path.complete", show=False, tooltip="Complete the path, else go on")
    ]

    class Completed(Message):
        """A file was completed, or was complete."""

    _cycle: deque[str] = deque()
    """The completions that further presses show, one after the other; the first is in the field, and the last is what
    was typed."""

    def action_complete(self) -> None:
        """Complete what all matches have in common, then each of them in turn; without any, or after all of them, go to
        the next field."""
        typed = self.value
        if len(self._cycle) > 1 and self._cycle[0] == typed:
            self._cycle.popleft()
            self._complete(self._cycle[0])
            return
        if self._cycle and self._cycle.pop() == typed:
            self.screen.focus_next()
            return
        matches = _matches(typed) if typed else []
        common = os.path.commonprefix(matches)  # noqa: RUF071  (of characters, as a shell does)
        if len(common) > len(typed):
            self._complete(common)
        elif len(matches) > 1:
            self._cycle = deque([*(each for each in matches if each != typed), typed])
            self._complete(self._cycle[0])
        else:
            self._post_if_complete()
            self.screen.focus_next()

    def _complete(self, path: str) -> None:
        self.value = path
        self.cursor_position = len(path)
        self._post_if_complete()

    def _post_if_complete(self) -> None:
        if self.value and from_home(self.value).is_file():
            self.post_message(self.Completed())


class ImportScreen(ReadingBox[ImportReport]):
    """A form to import files, dismissed with the report. Cancelling while files are read stops the import.

    The files of the last import are proposed, and files that are proposed, or complete after Tab, are previewed. An
    import that replaces rows, leaves some out, or guesses the columns shows its preview before it runs.
    """

    BOX_CLASSES = "box wide"

    _preview: tuple[ImportRequest, ImportReport] | None = None

    def __init__(self, last_import: str = "") -> None:
        """``last_import`` is what `to_keep` was after the last one."""
        super().__init__("Import costs", "Import")
        self._path, self._source, self._columns, *_ = [*last_import.split("\n"), "", "", ""]
        self._reading = asyncio.Lock()

    def compose_fields(self) -> ComposeResult:
        yield Static(Content.assemble(("FOCUS exports or CSV: a file, a folder or a pattern; Tab completes", MUTED)))
        with Horizontal(classes="field"):
            yield Label("Files")
            yield PathField(self._path, id="paths", placeholder="~/exports/focus-*.csv.gz", suggester=_PathSuggester())
        with Horizontal(classes="field"):
            yield Label("Source")
            yield TextField(self._source, id="source", placeholder="default: named like the format")
        with Horizontal(classes="field"):
            yield Label("Columns")
            yield TextField(self._columns, id="columns", placeholder="only if needed: date=Day,amount=Net")
        with Horizontal(classes="field"):
            yield Label("Stored")
            yield Choice([("", "replace same days"), ("replace", "replace all"), ("part", "keep both")], "", "how")
        with Horizontal(classes="field", id="named"):
            yield Label("Part")
            yield TextField(id="part", placeholder="a name for it")
        yield from self.compose_progress()
        yield Static(id="preview")

    def on_mount(self) -> None:
        self.query_one("#preview").display = False
        self.query_one("#named").display = False
        self.query_one("#paths", Input).focus()
        if self._path:
            self._preview_files()

    @property
    def to_keep(self) -> str:
        """The files of this import with their source and columns, for the next one."""
        path = self._typed("paths")
        if not path.startswith("~"):
            path = str(Path(path).absolute())
        return "\n".join((path, self._typed("source"), self._typed("columns")))

    @on(Choice.Changed, "#how")
    def _ask_for_a_name(self, changed: Choice.Changed) -> None:
        self.query_one("#named").display = changed.choice.value == "part"
        self._hide_other_preview()

    @on(Input.Changed)
    def _hide_other_preview(self) -> None:
        if self._preview is not None and self._preview[0] != self._request():
            self._preview = None
            self.query_one("#preview").display = False
            self.query_one(".box").border_subtitle = None

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _request(self) -> ImportRequest:
        how = self.query_one("#how", Choice).value
        return ImportRequest(
            paths=(self._typed("paths"),),
            source=self._typed("source") or None,
            columns=self._typed("columns"),
            part=self._typed("part") if how == "part" else "",
            replace=how == "replace",
        )

    async def submit(self) -> ImportReport | None:
        request = self._request()
        if self.query_one("#how", Choice).value == "part" and not request.part:
            raise Refused("a part needs a name", "give one, such as corrections")
        was_seen = self._preview is not None and self._preview[0] == request
        async with self._reading:
            report = await self._previewed(request)
            if not was_seen and _is_to_be_seen(report):
                return None
            return await self._run(request)

    @on(PathField.Completed)
    @work
    async def _preview_files(self) -> None:
        async with self._reading:
            try:
                await self._previewed(self._request())
            except BudgetError as refused:
                if not self._is_left:
                    self.refuse(str(refused))

    async def _previewed(self, request: ImportRequest) -> ImportReport:
        """Return what an import would do, and show it."""
        if self._preview is None or self._preview[0] != request:
            report = await self._run(replace(request, dry_run=True))
            if request == self._request():
                self._preview = (request, report)
                self._show(report)
            return report
        return self._preview[1]

    async def _run(self, request: ImportRequest) -> ImportReport:
        return await self.run_reading(lambda services, progress: services.imports.run(request, progress))

    def _show(self, report: ImportReport) -> None:
        """Show a preview of the import."""
        first, *others = import_report(report, dry_run=True, how_to_map=f"{key_of(self.app, 'cost.map')} maps them")
        lines = [f"{report.format}: {first}", *imported_far_ahead(report), *others][:_LINES_SHOWN]
        preview = self.query_one("#preview", Static)
        preview.update(Content.styled("\n".join(lines), MUTED))
        preview.display = True
        self.query_one(".box").border_subtitle = Content(f"enter imports it · {key_of(self, 'box.leave')} cancels")
        self.refuse("")


def _is_to_be_seen(report: ImportReport) -> bool:
    """Return whether the user is to see a preview before anything is stored."""
    was_doubtful = report.left_out or report.rows_refused or report.read_as or report.far_ahead_total
    return bool(report.rows_replaced or was_doubtful)


def message(report: ImportReport, map_key: str) -> str:
    """Summarize an import in one line; ``map_key`` maps costs."""
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
            text += f", {unmapped} of it without a project: {map_key} maps them"
    if report.rows_refused:
        file, line, reason = report.refused[0]
        text += f"; {report.rows_refused:,} refused, the first in {file} line {line}: {reason}"
    return text
