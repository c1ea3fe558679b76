"""``key``: keys of the HTTP API."""

from typing import Annotated, Any

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, report, table
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.access import ApiKey, Scope
from budget_tui.presentation.columns import Column

app = command_group()


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the key, such as its user.")],
    scope: Annotated[Scope, typer.Option("--scope", help="Permission; write includes read.")],
    json: JsonOption = False,
) -> None:
    """Create a key for this organization.

    The key is shown only once; only its hash is stored.
    """
    made = session_of(context).services.keys.create(name, scope)
    if json:
        print_json(schemas.audit.CreatedKey.from_creation(made))
    else:
        print_lines(made.text)
        report(f"{made.key.name} may {made.key.scope}; the key is shown only once, send it as X-API-Key")


@app.command("list")
def list_keys(context: typer.Context, json: JsonOption = False) -> None:
    """List this organization's keys, including revoked ones."""
    session = session_of(context)
    session.services.context.require_database()
    keys = session.services.keys.all()
    if json:
        print_json([schemas.audit.ApiKeyOut.from_domain(key) for key in keys])
    elif not keys:
        print_lines("no keys yet: budget-tui key create NAME")
    else:
        columns: tuple[Column[ApiKey], ...] = (
            Column("id", "ID", lambda key: key.key_id),
            Column("name", "Name", lambda key: key.name),
            Column("scope", "Scope", lambda key: key.scope),
            Column("created", "Created", lambda key: _day(key.created_at)),
            Column("revoked", "Revoked", lambda key: _day(key.revoked_at)),
        )
        print_lines(*table(columns, keys))


@app.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Id or name, as shown by key list.")],
    json: JsonOption = False,
) -> None:
    """Revoke a key immediately."""
    revoked = session_of(context).services.keys.revoke(key)
    if json:
        print_json(schemas.audit.RevokedKey(key_id=revoked.key_id, name=revoked.name, revoked=True))
    else:
        print_lines(f"{revoked.name} ({revoked.key_id}) is revoked")


def _day(moment: Any) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "–"
