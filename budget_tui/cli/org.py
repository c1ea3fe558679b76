"""``org``: the organizations of a database."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.period import LAST_DAY, parse_rule
from budget_tui.presentation.columns import Column
from budget_tui.services.organizations import NewOrganization

if TYPE_CHECKING:
    from budget_tui.domain.budget import Organization

app = command_group()


@app.command()
def add(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Short and permanent; used by --org and in URLs.")],
    name: Annotated[str, typer.Option("--name", help="Name to display.", show_default=False)] = "",
    currency: Annotated[
        str, typer.Option("--currency", metavar="CODE", help="ISO 4217, such as EUR.", show_default=False)
    ] = "",
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="Such as Europe/Berlin.", show_default=False)
    ] = "",
    fiscal_start: Annotated[
        str, typer.Option("--fiscal-start", metavar="MONTH", help="First month of its fiscal year, 1 to 12.")
    ] = "1",
    period: Annotated[
        str, typer.Option("--period", metavar="KIND", help="How its periods recur: monthly, quarterly or yearly.")
    ] = "monthly",
    anchor: Annotated[
        str, typer.Option("--anchor", metavar="DAY", help="First day of a period: 1 to 28, or last.")
    ] = "1",
    json: JsonOption = False,
) -> None:
    """Add an organization.

    Currency and time zone default to the settings.
    """
    added = session_of(context).services.organizations.add(
        NewOrganization(slug, name, currency, time_zone, parse_rule(period, anchor, fiscal_start))
    )
    if json:
        print_json(schemas.hierarchy.OrganizationOut.from_domain(added))
        return
    print_lines(f"{added.name} added; use it with: budget-tui --org {added.slug}")


@app.command("list")
def list_organizations(context: typer.Context, json: JsonOption = False) -> None:
    """List the organizations of this database."""
    services = session_of(context).services
    services.context.require_database()
    found = services.organizations.all()
    if json:
        print_json([schemas.hierarchy.OrganizationOut.from_domain(organization) for organization in found])
        return
    if not found:
        print_lines("no organizations yet: budget-tui org add SLUG")
        return
    columns: tuple[Column[Organization], ...] = (
        Column("slug", "Slug", lambda known: known.slug),
        Column("name", "Name", lambda known: known.name),
        Column("currency", "Currency", lambda known: known.currency),
        Column("time_zone", "Time zone", lambda known: known.time_zone),
        Column("period", "Period", _period, wraps=True),
        Column(
            "fiscal_start",
            "Fiscal start",
            lambda known: str(known.period_rule.fiscal_start_month),
            "right",
            drop_order=1,
        ),
    )
    print_lines(*table(columns, found))


@app.command()
def rename(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Organization slug.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="New name to display.")],
    json: JsonOption = False,
) -> None:
    """Change an organization's name.

    Its slug stays.
    """
    organizations = session_of(context).services.organizations
    organizations.rename(slug, name)
    [renamed] = [known for known in organizations.all() if known.slug == slug]
    if json:
        print_json(schemas.hierarchy.OrganizationOut.from_domain(renamed))
        return
    print_lines(f"{slug} renamed to {renamed.name}")


def _period(organization: "Organization") -> str:
    rule = organization.period_rule
    return f"{rule.kind} from {'the last day' if rule.anchor_day == LAST_DAY else f'day {rule.anchor_day}'}"
