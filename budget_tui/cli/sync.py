"""``sync``: the logs of agents' programs on this machine, read into costs."""

from collections.abc import Sequence
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import listing, print_json, print_lines, reading_progress
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.repeating import repeat_until_stopped
from budget_tui.cli.session import Session, session_of
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.estimates import LOG_PROGRAMS
from budget_tui.presentation import messages

app = command_group()
_SECONDS_APART = 10


@app.command()
def sync(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help=f"{' or '.join(LOG_PROGRAMS)}; all by default.",
            autocompletion=lambda: LOG_PROGRAMS,
        ),
    ] = None,
    plan: Annotated[
        bool | None, typer.Option("--plan/--no-plan", help="Whether a flat fee pays for them, past ones too.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with what is written, until Ctrl-C.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored; change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Read the logs of agents' programs on this machine into costs.

    Each message counts once, at the price of its day, however often its log is read. These costs are
    estimates: the bill for them counts in their place.
    """
    if watch and (dry_run or json):
        raise Refused("--watch goes on for good", "leave out --dry-run and --json")
    session = session_of(context)
    logs = session.services.agent_logs
    flat_fees = {} if plan is None else {each.source: plan for each in logs.required(names or ())}
    with reading_progress() as progress:
        report = logs.sync(names or (), progress, flat_fees=flat_fees, dry_run=dry_run)
    if json:
        print_json(schemas.agent_logs.SyncReport.from_domain(report))
    else:
        print_lines(*listing(messages.sync_report(report, dry_run=dry_run)))
    if watch:
        _go_on(session, names or ())


def _go_on(session: Session, names: Sequence[str]) -> None:
    def look() -> None:
        try:
            report = session.services.agent_logs.sync(names)
        except NotFound:  # the programs delete what is old, perhaps all of it
            return
        if report.days:
            print_lines(*listing(messages.sync_report(report, dry_run=False)))

    repeat_until_stopped(look, _SECONDS_APART, f"reading logs into {session.services.context.database}")
