"""``cost import`` without Typer for the common options: to load Typer takes a quarter of a second."""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, reading_progress, warn
from budget_tui.cli.session import Session

if TYPE_CHECKING:
    from budget_tui.services.imports import ImportRequest

FLAGS = ("--dry-run", "--strict", "--effective", "--replace", "--json", "--once", "--no-once")


def plain_import(words: Sequence[str]) -> Callable[[Session], None] | None:
    """Return the import that ``words`` request; None for another command, or options other than `FLAGS`.

    Typer then parses them, or reports what is wrong.
    """
    if tuple(words[:2]) != ("cost", "import"):
        return None
    options = {word for word in words[2:] if word.startswith("-")}
    files = tuple(word for word in words[2:] if word not in options)
    if not files or not options.issubset(FLAGS) or {"--once", "--no-once"} <= options:
        return None

    def carry_out(session: Session) -> None:
        dry_run, strict, effective, replace, json, is_once, is_usage = (flag in options for flag in FLAGS)
        once = is_once if is_once or is_usage else None
        request = request_for(files, effective=effective, strict=strict, dry_run=dry_run, replace=replace, once=once)
        with _without_garbage_collection():
            import_files(session, request, json=json)

    return carry_out


def request_for(
    files: Sequence[str],
    *,
    source: str | None = None,
    tags: Sequence[str] = (),
    effective: bool = False,
    strict: bool = False,
    dry_run: bool = False,
    part: str = "",
    replace: bool = False,
    form: str = "",
    columns: str = "",
    once: bool | None = None,
) -> "ImportRequest":
    """Build the request from the options."""
    from budget_tui.services.imports import ImportRequest

    cost_column = "EffectiveCost" if effective else "BilledCost"
    return ImportRequest(
        tuple(files), source, tuple(tags), cost_column, strict, dry_run, part, replace, form, columns, once
    )


def import_files(session: Session, request: "ImportRequest", *, json: bool) -> None:
    """Import files, show the progress, and report the result."""
    # Nothing is logged before the files are read, so the log is set up meanwhile.
    threading.Thread(target=session.start_logging, daemon=True).start()
    if request.dry_run:
        session.services.context.require_database()
    with reading_progress() as progress:
        report = session.services.imports.run(request, progress)

    if json:
        print_json(schemas.costs.ImportReportOut.from_domain(report))
    else:
        from budget_tui.presentation.messages import import_report, imported_far_ahead

        print_lines(*import_report(report, dry_run=request.dry_run, how_to_map="budget-tui cost unmapped"))
        warn(imported_far_ahead(report))


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection: nothing created here becomes garbage before the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
