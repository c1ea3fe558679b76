"""``demo``: the dashboard on demonstration data, or that data in a database."""

import tempfile
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import Session, require_terminal, session_of
from budget_tui.domain.errors import NotFound
from budget_tui.presentation import formatting as f
from budget_tui.services import demo_acme, demo_studio
from budget_tui.services.demo import ORGANIZATION, SHOWN_ON, load_demo

app = command_group()

_DAYS = {
    demo_studio.ORGANIZATION: demo_studio.SHOWN_ON,
    ORGANIZATION: SHOWN_ON,
    demo_acme.ORGANIZATION: demo_acme.SHOWN_ON,
}
"""The day as of which each organization of the demonstration is shown."""


@app.command()
def demo(
    context: typer.Context,
    load: Annotated[bool, typer.Option("--load", help="Only write the data to the database given by --db.")] = False,
    json: JsonOption = False,
) -> None:
    """Show the dashboard with demonstration data.

    The data is in a temporary database. --org default and --org acme show its other organizations.
    """
    session = session_of(context)
    if load:
        _load(session, json)
        return
    require_terminal("demo")
    with tempfile.TemporaryDirectory(prefix="budget-tui-demo-") as folder:
        _show(session, Path(folder) / "demo.db")


def _load(session: Session, json: bool) -> None:
    context = replace(session.services.context, on_created=None)  # where it was written is told anyway
    report = load_demo(context)
    planning, studio = report.planning, report.studio
    if json:
        print_json(schemas.audit.Demonstration.from_domain(report, str(context.database)))
        return
    command = f"budget-tui --db {quote(str(context.database))}"

    def hint(organization: str) -> str:
        return f"see them with: {command} --org {organization} --as-of {_DAYS[organization]}"

    print_lines(
        f"{f.count(report.projects, 'project')} and {f.count(report.costs, 'cost')}"
        f" from {f.long_day(report.first_day)} to {f.long_day(report.last_day)} written to {context.database}",
        hint(report.organization),
        f"{f.count(planning.budgets, 'budget')} and {f.count(planning.costs, 'cost')} of the organization"
        f" {planning.organization} from {f.long_day(planning.first_day)} to {f.long_day(planning.last_day)}",
        f"{hint(planning.organization)} plan summary",
        f"{f.count(studio.projects, 'project')} and {f.count(studio.costs, 'cost')} of the organization"
        f" {studio.organization} from {f.long_day(studio.first_day)} to {f.long_day(studio.last_day)}",
        hint(studio.organization),
    )


def _show(session: Session, database: Path) -> None:
    from budget_tui.tui.run import run_dashboard

    slug = session.organization or demo_studio.ORGANIZATION
    if slug not in _DAYS:
        raise NotFound(f"the demonstration has no organization '{slug}'", f"it has: {', '.join(_DAYS)}")
    session.start_logging(aloud=False)
    services = Session(str(database), ORGANIZATION, session.as_of or _DAYS[slug]).services
    load_demo(services.context)
    run_dashboard(services.of_organization(slug).lasting(), "demonstration")
    print_lines("To begin for real, run budget-tui: it opens your own database and says how.")
