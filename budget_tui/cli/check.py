"""``check``: all alerts evaluated once, for cron, CI and Git hooks."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.channels.base import channels_of
from budget_tui.cli.console import EXIT_UNEXPECTED, print_json, print_lines, report, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.errors import NotWritable
from budget_tui.presentation import alerts as words
from budget_tui.presentation import formatting as f

app = command_group()

EXIT_EXCEEDED = 3


@app.command()
def check(
    context: typer.Context,
    scopes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCOPE]...", help="Entities, with all below them. Default: all.", show_default=False),
    ] = None,
    no_send: Annotated[bool, typer.Option("--no-send", help="Only look: store and send nothing.")] = False,
    max_age: Annotated[
        int | None,
        typer.Option("--max-age", metavar="DAYS", min=0, help="Exit code 1 if costs are older.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Evaluate all alerts once: exit code 3 if a budget or rule fails.

    What is due is sent. The exit code is 3 while a budget is exceeded by what was used and is
    held, or a rule added with --fail holds, whether it was sent or muted.
    """
    session = session_of(context)
    services = session.services
    services.context.require_database()
    try:
        found = services.alerts.check(scopes or (), only_look=no_send)
    except NotWritable as error:
        if no_send:
            raise
        raise NotWritable(error.message, error.hint, command="budget-tui check --no-send only looks") from None
    attempts = [] if no_send else services.deliveries.send_due(channels_of(services.settings.channels))
    evaluation = found.evaluation
    age = (evaluation.today - evaluation.data_through).days
    is_too_old = max_age is not None and age > max_age
    if json:
        print_json(schemas.alerts.Check.from_domain(found, attempts))
    else:
        lines = [
            *(words.exceeded_text(reading) for reading in found.exceeded),
            *(words.sentence(finding) for finding in found.failing),
        ]
        within = f"{f.count(found.budgets, 'budget')} within limits" if found.budgets else "no budgets yet"
        print_lines(*(lines or [within]))
        report(*(f"sent to {each.channel}: {each.sentence}" for each in attempts if not each.error))
    warn(services.settings.channel_problems)
    warn([words.not_sent_text(each.channel, each.error) for each in attempts if each.error])
    if age > 0:
        warn([f.data_through(evaluation.data_through)])
    if not found.is_passed:
        raise typer.Exit(EXIT_EXCEEDED)
    if is_too_old:
        report(f"error: costs are {f.count(age, 'day')} old; import newer ones")
        raise typer.Exit(EXIT_UNEXPECTED)
