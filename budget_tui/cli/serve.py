"""``serve``: the HTTP API."""

from typing import Annotated

import typer

from budget_tui.cli.console import report, warn
from budget_tui.cli.options import command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.errors import Refused

LOOPBACK = "127.0.0.1"
PORT = 8765
EXTRA = ("fastapi", "fastapi_offline", "pydantic", "starlette", "uvicorn")

app = command_group()


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", help="Address to listen on; other than this machine only if a key exists."
        ),
    ] = LOOPBACK,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port; 0 picks a free one.")
    ] = PORT,
) -> None:
    """Serve the HTTP API until Ctrl-C.

    Its documentation is at /docs. Every request needs a key: budget-tui key create.
    """
    try:
        from budget_tui.api.app import serve as serve_until_stopped
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise Refused("the HTTP API is not installed", "in the checkout: pip install '.[api]'") from None

    services = session_of(context).services.lasting()

    warn(services.settings.channel_problems)

    def announce(url: str) -> None:
        report(f"listening at {url}, documented at {url}/docs; Ctrl-C stops")
        if not services.context.has_database:
            report(
                f"note: there is no database at {services.context.database} yet; budget-tui key create NAME makes one"
            )

    serve_until_stopped(services, host, port, announce)
