"""``demo``: the dashboard on demonstration data, or that data in a database."""

import tempfile
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import Session, require_terminal, session_of
from budget_tui.presentation import formatting as f
from budget_tui.services.demo import ORGANIZATION, SHOWN_ON, load_demo
from budget_tui.services.demo_acme import SHOWN_ON as PLAN_SHOWN_ON

app = command_group()


@app.command()
def demo(
    context: typer.Context,
    load: Annotated[bool, typer.Option("--load", help="Only write the data to the database given by --db.")] = False,
    json: JsonOption = False,
) -> None:
    """Show the dashboard with demonstration data.

    The data is in a temporary database.
    """
    session = session_of(context)
    if load:
        _load(session, json)
        return
    require_terminal("demo")
    with tempfile.TemporaryDirectory(prefix="budget-tui-demo-") as folder:
        _show(session, Path(folder) / "demo.db")


def _load(session: Session, json: bool) -> None:
    context = session.services.context
    report = load_demo(context)
    planning = report.planning
    if json:
        print_json(schemas.audit.Demonstration.from_domain(report, str(context.database)))
        return
    look = f"budget-tui --db {quote(str(context.database))}"
    print_lines(
        f"{f.count(report.projects, 'project')} and {f.count(report.costs, 'cost')}"
        f" from {f.long_day(report.first_day)} to {f.long_day(report.last_day)} written to {context.database}",
        f"see them with: {look} --as-of {SHOWN_ON}",
        f"{f.count(planning.budgets, 'budget')} and {f.count(planning.costs, 'cost')} of the organization"
        f" {planning.organization} from {f.long_day(planning.first_day)} to {f.long_day(planning.last_day)}",
        f"see them with: {look} --org {planning.organization} --as-of {PLAN_SHOWN_ON} plan summary",
    )


def _show(session: Session, database: Path) -> None:
    from budget_tui.tui.run import run_dashboard

    session.start_logging(aloud=False)
    services = Session(str(database), ORGANIZATION, session.as_of or SHOWN_ON).services
    load_demo(services.context)
    run_dashboard(services, "demonstration")
