"""``log``: the audit trail."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_tui.cli.nouns import command_group
from budget_tui.cli.output import JsonOption, say_json, table
from budget_tui.cli.saying import say
from budget_tui.cli.session import session_of

if TYPE_CHECKING:
    from budget_tui.storage.trail_queries import AuditEntry


app = command_group()


@app.command()
def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most N entries.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ENTRY", help="Only what came before ENTRY.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Who changed what, the newest first."""
    from budget_tui.services.trail import changes

    session = session_of(context)
    session.services.context.prepare()
    entries = session.services.trail.newest(limit, before)
    if json:
        say_json([_as_json(entry) for entry in entries])
        return
    if not entries:
        say("nothing was changed yet" if before is None else "there is nothing before it")
        return
    rows = [
        (
            str(entry.entry),
            f"{entry.at.astimezone():%Y-%m-%d %H:%M %Z}",
            entry.actor,
            entry.action,
            entry.subject,
            changes(entry),
        )
        for entry in entries
    ]
    say(*table(("ENTRY", "WHEN", "WHO", "DID", "TO", "CHANGE"), rows, "rlllll"))


def _as_json(entry: "AuditEntry") -> dict[str, Any]:
    return {**entry._asdict(), "at": entry.at.isoformat(timespec="seconds")}
