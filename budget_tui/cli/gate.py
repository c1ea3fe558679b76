"""``gate``: may it be spent?"""

from typing import Annotated

import typer

from budget_tui.cli.gate_check import HOOKS, check_gate
from budget_tui.cli.options import AmountCommand, JsonOption, agent_ids, command_group, project_ids
from budget_tui.cli.session import Session

app = command_group()


@app.command(cls=AmountCommand)
def gate(
    context: typer.Context,
    project: Annotated[
        str,
        typer.Option(
            "--project",
            metavar="P",
            help="Project. Default: the organization.",
            show_default=False,
            autocompletion=project_ids,
        ),
    ] = "",
    agent: Annotated[
        str,
        typer.Option(
            "--agent",
            metavar="A",
            help="Agent: its tokens, and its project's money.",
            show_default=False,
            autocompletion=agent_ids,
        ),
    ] = "",
    est: Annotated[
        str,
        typer.Option(
            "--est", metavar="AMOUNT", help="What it will cost. Default: anything at all.", show_default=False
        ),
    ] = "",
    hook: Annotated[
        str,
        typer.Option(
            "--hook",
            metavar="NAME",
            help=f"Answer as a hook of {' or '.join(HOOKS)}: exit code 2 if not.",
            show_default=False,
        ),
    ] = "",
    today: Annotated[bool, typer.Option("--today", help="Not more than today's share, either.")] = False,
    json: JsonOption = False,
) -> None:
    """Ask whether something may be spent: exit code 0 if so, 3 if not.

    With 3 comes the reason. Nothing is taken; hold takes.
    """
    session = context.find_object(Session)  # not session_of: the gate does not log
    assert session is not None
    check_gate(session, project=project, agent=agent, est=est, hook=hook, today=today, json=json)
