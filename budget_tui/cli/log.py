"""``log``: the audit log."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.audit import PAGE_ENTRIES, AuditFilter
from budget_tui.domain.period import parse_day
from budget_tui.presentation.audit import cells
from budget_tui.presentation.columns import LOG_COLUMNS, Column, LogLine

app = command_group()


@app.command()
def log(
    context: typer.Context,
    action: Annotated[
        str, typer.Option("--action", metavar="PREFIX", help="Only actions with this prefix: budget, cost.import.")
    ] = "",
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT", help="Only subjects that contain TEXT.")] = "",
    who: Annotated[str, typer.Option("--who", metavar="ACTOR", help="Only changes by ACTOR.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="From DAY on: 2026-01-13.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Up to and including DAY.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show at most N entries.")] = PAGE_ENTRIES,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ENTRY", help="Only entries before ENTRY.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show who changed what, newest first.

    Times and days are in this machine's time zone; in JSON, in UTC.
    """
    session = session_of(context)
    session.services.context.require_database()
    only = AuditFilter(action, subject, who, _begin_of(since, 0), _begin_of(until, 1))
    entries = session.services.audit.newest(limit, before, only)
    if json:
        print_json([schemas.audit.AuditEntry.from_domain(entry) for entry in entries])
        return
    if not entries:
        print_lines(_nothing(is_page=before is not None, is_filtered=only != AuditFilter()))
        return
    when, *others = LOG_COLUMNS
    columns: tuple[Column[LogLine], ...] = (
        Column("entry", "Entry", lambda line: str(line.entry.entry), "right", drop_order=1),
        replace(when, text=lambda line: f"{line.when} {line.entry.at.astimezone():%Z}", shrinks_to=24),
        *others,
    )
    print_lines(*table(columns, [LogLine(entry, *cells(entry)) for entry in entries]))


def _begin_of(day: str, days_later: int) -> datetime | None:
    """Return the first moment of a day on this machine, or of one some days later."""
    if not day:
        return None
    return datetime.combine(parse_day(day) + timedelta(days=days_later), time.min).astimezone()


def _nothing(*, is_page: bool, is_filtered: bool) -> str:
    if is_filtered:
        return "no such changes"
    return "no earlier changes" if is_page else "no changes yet"
