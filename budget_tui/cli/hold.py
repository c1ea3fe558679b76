"""``hold``: money held for work in flight."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import (
    HOLD_TIME,
    AmountCommand,
    HoldTimeOption,
    JsonOption,
    KeyOption,
    command_group,
    project_ids,
)
from budget_tui.cli.session import Session, session_of
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import parse_duration
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column

if TYPE_CHECKING:
    from budget_tui.domain.records import StoredHold

app = command_group()

HoldArgument = Annotated[str, typer.Argument(metavar="HOLD", help="Hold id.", show_default=False)]
LIST = "list"


@app.command(cls=AmountCommand)
def hold(
    context: typer.Context,
    project: Annotated[
        str,
        typer.Argument(
            metavar="PROJECT",
            help="Project id; `list` alone lists the holds.",
            show_default=False,
            autocompletion=project_ids,
        ),
    ],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount to hold: 2.50.", show_default=False)] = "",
    duration: HoldTimeOption = HOLD_TIME,
    today: Annotated[bool, typer.Option("--today", help="Also refuse more than today's share.")] = False,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Hold money for work in flight.

    Refused if that is more than is left and not held. It is released
    automatically when the time is up. hold list shows what is held.
    """
    session = session_of(context)
    if not amount:
        if project != LIST:
            raise Refused("the amount to hold is missing", f"budget-tui hold {project} AMOUNT")
        _list(session, json)
        return
    held = session.services.holds.hold(
        project, parse_amount(amount), parse_duration(duration), with_today=today, key=key
    )
    if json:
        print_json(schemas.holds.Hold.from_domain(held))
        return
    until = f.until(held.expires_at, session.services.context.clock.now())
    amount_held, left = (f.money(each, held.currency) for each in (held.amount, held.available))
    print_lines(
        f"{amount_held} held for {held.project_id} until {until}, {left} left and not held",
        f"budget-tui settle {held.hold_id} AMOUNT",
    )


def _list(session: Session, json: bool) -> None:
    """Print the holds whose time is not up."""
    currency = session.snapshot().organization.currency
    found = session.services.holds.open()
    if json:
        print_json(schemas.holds.OpenHolds.from_domain(found))
        return
    if not found:
        print_lines("nothing is held: budget-tui hold PROJECT AMOUNT")
        return
    columns: tuple[Column[StoredHold], ...] = (
        Column("id", "ID", lambda hold: hold.hold_id),
        Column("project", "Project", lambda hold: hold.project_id),
        Column("amount", "Amount", lambda hold: f.number(hold.amount, currency), "right"),
        Column("until", "Until", lambda hold: f"{hold.expires_at.astimezone():%Y-%m-%d %H:%M:%S}"),
        Column("by", "By", lambda hold: hold.created_by),
    )
    print_lines(*table(columns, found))
