"""``seat``: seats registered by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import AmountCommand, JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.amount import parse_count
from budget_tui.domain.period import parse_day
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column

if TYPE_CHECKING:
    from budget_tui.domain.records import SeatRegistration

app = command_group()


@app.command("set", cls=AmountCommand)
def set_seats(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Id of a project or another entity.")],
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Provider, such as figma.")],
    seats: Annotated[str, typer.Argument(metavar="N", help="Number of seats: 25.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DAY", help="First day. Default: today.")] = "",
    json: JsonOption = False,
) -> None:
    """Register seats.

    The number is valid from its day until the next one; 0 ends it.
    """
    found = session_of(context).services.seats.register(
        entity, provider, parse_count(seats), parse_day(from_day) if from_day else None
    )
    if json:
        print_json(schemas.costs.Seats.from_domain(found))
        return
    print_lines(
        f"{found.name} has {f.count(found.seats, 'seat')} of {found.provider} from {f.long_day(found.starts_on)}"
    )


@app.command("list")
def list_seats(context: typer.Context, json: JsonOption = False) -> None:
    """List registered seats with their first days."""
    session = session_of(context)
    session.services.context.require_database()
    registered = session.services.seats.registered()
    if json:
        print_json([schemas.costs.Seats.from_domain(row) for row in registered])
        return
    if not registered:
        print_lines("no seats are registered: budget-tui seat set ENTITY PROVIDER N")
        return
    columns: tuple[Column[SeatRegistration], ...] = (
        Column("id", "ID", lambda seats: seats.entity_id),
        Column("entity", "Entity", lambda seats: seats.name),
        Column("provider", "Provider", lambda seats: seats.provider),
        Column("seats", "Seats", lambda seats: f"{seats.seats:,}", "right"),
        Column("from", "From", lambda seats: f.long_day(seats.starts_on)),
    )
    print_lines(*table(columns, registered))
