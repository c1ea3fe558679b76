"""``monitor``: the read-only dashboard for a narrow pane."""

from typing import Annotated

import typer

from budget_tui.cli.nouns import command_group
from budget_tui.cli.session import require_terminal, session_of

app = command_group()


@app.command()
def monitor(
    context: typer.Context,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.2, max=3600, help="How often to look for changes.")
    ] = 1.0,
) -> None:
    """The dashboard for a narrow pane.

    It only reads: neither the database nor its folder need be writable.
    """
    services = session_of(context).services
    services.database.require_current()
    require_terminal("monitor")
    from budget_tui.tui.run import run_monitor

    run_monitor(services, interval)
