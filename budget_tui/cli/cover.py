"""``cover``: who can spare what a project will lack."""

from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import AmountCommand, JsonOption, KeyOption, ProjectArgument, command_group, project_ids
from budget_tui.cli.session import Session, session_of
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.errors import Refused
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column
from budget_tui.services.cover import Donor, why, why_none

app = command_group()


@app.command(cls=AmountCommand)
def cover(
    context: typer.Context,
    project: ProjectArgument,
    amount: Annotated[
        str,
        typer.Argument(metavar="[AMOUNT]", help="What to move. Default: what it will lack.", show_default=False),
    ] = "",
    donor: Annotated[
        str,
        typer.Option(
            "--from", metavar="P", help="Move it from this project.", show_default=False, autocompletion=project_ids
        ),
    ] = "",
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Show who can spare what a project will lack, or move it.

    Each can spare what it is allocated, less what is held and the high end of
    its forecast. With --from it is moved, as a transfer that undo takes back.
    """
    session = session_of(context)
    session.services.context.require_database()
    if not donor:
        if amount or key:
            raise Refused("who is to give it is missing", f"budget-tui cover {project} names donors for --from")
        _show(session, project, json)
        return
    outcome = session.services.cover.take(project, donor, parse_amount(amount) if amount else None, key)
    if json:
        print_json(schemas.status.TransferOut.from_domain(outcome))
        return
    currency = outcome.currency
    print_lines(
        f"{f.money(outcome.amount, currency)} moved from {donor} to {project}, which has"
        f" {f.money(outcome.taker_after, currency)} now"
    )


def _show(session: Session, project: str, json: bool) -> None:
    offer = session.services.cover.offer(project)
    if json:
        print_json(schemas.cover.CoverOffer.from_domain(offer))
        return
    currency = offer.currency
    lacks = f"will lack {f.money(offer.need, currency)}" if offer.need else "will lack nothing"
    print_lines(f"{offer.name} {lacks} by the end of the period; {f.data_through(offer.data_through)}")
    if offer.unallocated > 0:
        print_lines(f"{f.money(offer.unallocated, currency)} unallocated: budget-tui transfer pool {project} AMOUNT")
    columns: tuple[Column[Donor], ...] = (
        Column("id", "ID", lambda donor: donor.project_id),
        Column("name", "Name", lambda donor: donor.name),
        Column("spare", "Can spare", lambda donor: f.number(donor.spare, currency), "right"),
        Column("why", "Because it", lambda donor: why(donor, currency), wraps=True),
    )
    if offer.donors:
        print_lines("", *table(columns, offer.donors))
    else:
        print_lines(why_none(offer))
    for other in offer.others:
        print_lines(f"{other.name} {other.why}")
