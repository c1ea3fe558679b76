"""``mcp``: the plan for chat agents."""

from typing import Annotated

import typer

from budget_tui.cli.console import report
from budget_tui.cli.options import command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.errors import Refused

PORT = 8766
EXTRA = ("anyio", "mcp", "mcp_types", "pydantic", "starlette", "uvicorn")

app = command_group()


@app.command()
def mcp(
    context: typer.Context,
    http: Annotated[bool, typer.Option("--http", help="Use HTTP on this machine instead of stdin and stdout.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help=f"Port for --http. Default: {PORT}; 0 picks a free one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve this organization's plan to chat agents (MCP).

    A chat client starts this server, which only reads.
    """
    if port is not None and not http:
        raise Refused("a port is for HTTP", "give --http, too")
    try:
        from budget_tui import mcp_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise Refused("the server for chat agents is not installed", "in the checkout: pip install '.[mcp]'") from None

    services = session_of(context).services
    if not http:
        mcp_server.serve_stdio(services)
        return

    def announce(url: str) -> None:
        report(f"listening at {url}{mcp_server.PATH}; Ctrl-C stops")

    mcp_server.serve_http(services, PORT if port is None else port, announce)
