"""``monitor``: the read-only dashboard for a narrow pane."""

from typing import Annotated

import typer

from budget_tui.cli.options import command_group
from budget_tui.cli.session import require_terminal, session_of
from budget_tui.domain.errors import Refused

SHORTEST_SECONDS = 0.2
LONGEST_SECONDS = 3600

app = command_group()


@app.command()
def monitor(
    context: typer.Context,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", help="How often to check for changes.")
    ] = 1.0,
) -> None:
    """Show a read-only dashboard for a narrow pane.

    Neither the database nor its folder needs to be writable.
    """
    if not SHORTEST_SECONDS <= interval <= LONGEST_SECONDS:
        raise Refused("--interval is out of range", f"choose {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds")
    services = session_of(context).services
    services.database.require_current()
    require_terminal("monitor")
    from budget_tui.tui.run import run_monitor

    run_monitor(services, interval)
