"""``project``: the projects' allocations of the global budget."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, warn
from budget_tui.cli.options import (
    AmountCommand,
    CapOption,
    JsonOption,
    PolicyArgument,
    ProjectArgument,
    SwitchArgument,
    command_group,
    parse_switch,
)
from budget_tui.cli.session import session_of
from budget_tui.cli.status import print_budget, print_project, project_table
from budget_tui.domain.amount import parse_whole, share
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import NO_CARRY, parse_policy
from budget_tui.presentation import formatting as f
from budget_tui.presentation import messages
from budget_tui.presentation.formatting import token_sums

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine

app = command_group()


@app.command("list")
def list_projects(context: typer.Context, json: JsonOption = False) -> None:
    """List all projects."""
    snapshot = session_of(context).snapshot()
    if json:
        print_json(schemas.status.Projects.from_snapshot(snapshot))
        return
    print_lines(*project_table(snapshot), f"{f.unallocated_text(snapshot)}; {f.data_through(snapshot.data_through)}")
    warn(messages.warnings(snapshot))


@app.command(cls=AmountCommand)
def add(
    context: typer.Context,
    project_id: Annotated[str, typer.Argument(metavar="ID", help="Short and permanent; used by scripts and exports.")],
    name: Annotated[str, typer.Option("--name", help="Name to display.", show_default=False)] = "",
    allocate: Annotated[
        str, typer.Option("--allocate", metavar="AMOUNT", help="120, 25% or rest.", show_default=False)
    ] = "",
    enforce: Annotated[bool, typer.Option("--enforce", help="Let its money bound the tokens of its agents.")] = False,
    json: JsonOption = False,
) -> None:
    """Add a project.

    An archived one with the same id is restored.
    """
    session = session_of(context)
    project_id = project_id.strip()
    session.services.projects.add(project_id, name, parse_change(allocate) if allocate else None, enforced=enforce)
    snapshot = session.snapshot()
    print_project(snapshot, project_id, json, lambda line: [f.project_added(line, snapshot)])


@app.command()
def show(context: typer.Context, project: ProjectArgument, json: JsonOption = False) -> None:
    """Show one project's budget."""
    session = session_of(context)
    session.services.context.require_database()
    figures, sums = session.services.snapshots.of_project(project), session.services.agents.sums_of(project)
    if json:
        print_json(schemas.status.ProjectDetails.from_figures(figures, sums))
        return
    paid = " + ".join(f.money(nanos, currency) for currency, nanos in figures.would_have_cost.items())
    lines = [f"paid by a plan: tokens that would have cost {paid}"] if paid else []
    lines += [token_sums(sums)] if sums.agents else []
    print_project(figures.snapshot, project, json, lambda line: [*details(figures.snapshot, line), *lines])


@app.command(cls=AmountCommand)
def allocate(
    context: typer.Context,
    project: ProjectArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="120, +20, -15, 25% (of the global budget) or rest.")],
    json: JsonOption = False,
) -> None:
    """Change a project's allocation."""
    session = session_of(context)
    outcome = session.services.budgets.allocate(project, parse_change(amount))
    snapshot = session.snapshot()
    currency = snapshot.organization.currency
    print_project(
        snapshot,
        project,
        json,
        lambda line: [
            f"{line.name}: {f.money(outcome.before, currency)} → {f.money(outcome.after, currency)},"
            f" {f.unallocated_text(snapshot)}"
        ],
    )


@app.command()
def carry(
    context: typer.Context,
    project: ProjectArgument,
    policy: PolicyArgument,
    cap: CapOption = "",
    json: JsonOption = False,
) -> None:
    """Set what carries over when a period closes.

    Unspent money raises the next period's allocation, a deficit lowers it.
    """
    session = session_of(context)
    session.services.budgets.set_carry(parse_policy(policy), parse_whole(cap) if cap else None, project)
    snapshot = session.snapshot()
    currency = snapshot.organization.currency
    print_project(
        snapshot, project, json, lambda line: [f"{line.name} carries over: {f.carry_rule(line.carry, currency)}"]
    )


@app.command()
def enforce(
    context: typer.Context, project: ProjectArgument, switch: SwitchArgument = "on", json: JsonOption = False
) -> None:
    """Let a project's money bound the tokens of its agents.

    They are refused when their price is more than it has left and not held.
    """
    session = session_of(context)
    session.services.context.require_database()
    session.services.snapshots.of_project(project)
    session.services.entities.enforce(project, parse_switch(switch))
    print_project(
        session.snapshot(),
        project,
        json,
        lambda line: [f"the money of {line.name} {'bounds' if line.enforced else 'does not bound'} its agents' tokens"],
    )


@app.command()
def rename(
    context: typer.Context,
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="New name to display.")],
    json: JsonOption = False,
) -> None:
    """Change a project's name.

    Its id stays.
    """
    session = session_of(context)
    session.services.projects.rename(project, name)
    print_project(session.snapshot(), project, json, lambda line: [f"{line.project_id} is called {line.name}"])


@app.command()
def archive(context: typer.Context, project: ProjectArgument, json: JsonOption = False) -> None:
    """Archive a project.

    Its allocation returns to the pool; its costs are kept.
    """
    session = session_of(context)
    returned = session.services.projects.archive(project)
    snapshot = session.snapshot()
    print_budget(
        snapshot,
        json,
        f"{project} archived, its {f.money(returned, snapshot.organization.currency)} returned to the pool,"
        f" {f.unallocated_text(snapshot)}",
    )


def details(snapshot: "BudgetSnapshot", line: "ProjectLine") -> list[str]:
    """List a project's figures, one per line."""
    currency, pace = snapshot.organization.currency, line.pace
    amounts = {
        "allocation": (pace.allocation, ""),
        "spent": (pace.spent, f"  ({f.percent(share(pace.spent, pace.allocation))})" if pace.allocation else ""),
        **({"scheduled": (pace.scheduled, " later in the period")} if pace.scheduled else {}),
        "left": (pace.remaining, ""),
        **({"reserved": (pace.reserved, " held for work in flight")} if pace.reserved else {}),
        **({"carried in": (line.carry.carried, "")} if line.carry != NO_CARRY else {}),
        "drip": (pace.daily_drip, " a day"),
        "available today": (pace.available_today, ""),
        "burn": (pace.burn_rate, " a day"),
        "run rate": (pace.run_rate, ""),
    }
    shown = {label: f.money(nanos, currency) for label, (nanos, _) in amounts.items()}
    if pace.unfunded:
        shown |= dict.fromkeys(("left", "available today"), "–")
    labels, values = max(map(len, shown)), max(map(len, shown.values()))
    return [
        f"{line.name} ({line.project_id})  {f.status_text(pace)}",
        *(f"{label:<{labels}}  {shown[label]:>{values}}{more}" for label, (_, more) in amounts.items()),
        f"{'runway':<{labels}}  {f.runway_of(pace):>{values}}",
        *(["enforced: its money bounds its agents' tokens"] if line.enforced else []),
        *([f"carries over: {f.carry_rule(line.carry, currency)}"] if line.carry != NO_CARRY else []),
        f"{f.dates(snapshot.period)}, {f.days_left(snapshot.period, snapshot.as_of)};"
        f" {f.data_through(snapshot.data_through)}",
    ]
