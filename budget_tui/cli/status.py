"""``status``: the snapshot as a table, as JSON, or as one short line."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, prose, table, warn
from budget_tui.cli.main import print_status_line
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.carry import NO_CARRY
from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column, project_columns
from budget_tui.presentation.messages import warnings

app = command_group()


@app.command()
def status(
    context: typer.Context,
    json: JsonOption = False,
    line: Annotated[bool, typer.Option("--line", help="Print one short line for a status bar.")] = False,
    width: Annotated[
        int | None, typer.Option("--width", metavar="N", min=1, help="At most N characters of it, by importance.")
    ] = None,
) -> None:
    """Show what is left, the pace, and projects at risk."""
    if json and line:
        raise Refused("--json and --line exclude each other", "choose one")
    if width is not None and not line:
        raise Refused("--width is for --line", "add --line, or leave it out")
    session = session_of(context)
    if line:
        print_status_line(session, width)
        return
    if json:
        session.services.context.require_database()
        print_json(schemas.status.StatusOut.from_report(session.services.forecasts.current()))
        return
    snapshot = session.snapshot()
    print_lines(*overview(snapshot))
    warn(warnings(snapshot))


def overview(snapshot: BudgetSnapshot) -> list[str]:
    """Describe the global budget, with a table of the projects."""
    return [*prose(summary(snapshot)), "", *project_table(snapshot)]


def summary(snapshot: BudgetSnapshot) -> list[str]:
    """Describe the global budget in three lines."""
    currency, total = snapshot.organization.currency, snapshot.total
    budget, how = f.money(total.allocation, currency), ""
    figures = [f"{f.money(total.spent, currency)} spent"]
    if total.unfunded:
        budget, how = "no budget yet", ": budget-tui budget set AMOUNT"
    else:
        held = f" ({f.money(total.reserved, currency)} held)" if total.reserved else ""
        figures.append(f"{f.money(total.remaining, currency)} left{held}")
    if total.scheduled:
        figures.insert(1, f"{f.money(total.scheduled, currency)} scheduled")
    if not total.unfunded or snapshot.allocated:
        figures.append(f.unallocated_text(snapshot))
    return [
        f"{budget} for {f.dated_period_name(snapshot.period)}, {f.days_left(snapshot.period, snapshot.as_of)}{how}",
        "; ".join(filter(None, (", ".join(figures), f"run rate {f.money(total.run_rate, currency)}", f.out_on(total)))),
        f.data_through(snapshot.data_through),
    ]


def project_table(snapshot: BudgetSnapshot) -> list[str]:
    """Format a line per project."""
    currency = snapshot.organization.currency
    if not snapshot.projects:
        return ["no projects yet: budget-tui project add ID --allocate AMOUNT"]
    shown = {column.key: column for column in project_columns(currency)}
    columns: list[Column[ProjectLine]] = [
        Column("id", "ID", lambda line: line.project_id, shrinks_to=16),
        replace(shown["name"], shrinks_to=10, drop_order=6, yields_late=True),
        replace(shown["allocation"], drop_order=7, yields_late=True),
        *(shown[key] for key in ("spent", "left", "drip", "today")),
        replace(shown["burn"], text=lambda line: f.number(line.pace.burn_rate, currency)),
        replace(shown["runway"], drop_order=5),
        Column("status", "Status", lambda line: f.status_text(line.pace), style=shown["status"].style, shrinks_to=22),
    ]
    if any(line.carry != NO_CARRY for line in snapshot.projects):
        columns += [
            Column("carried", "Carried in", lambda line: f.number(line.carry.carried, currency), "right", drop_order=1),
            Column("carries", "Carries over", lambda line: f.carry_rule(line.carry, currency), drop_order=1),
        ]
    return table(columns, snapshot.projects)


def print_budget(snapshot: BudgetSnapshot, json: bool, *lines: str) -> None:
    """Print the global budget after a change: as JSON, or as the given lines and the warnings."""
    if json:
        print_json(schemas.status.DatedGlobalBudget.from_snapshot(snapshot))
        return
    _print_with_warnings(snapshot, lines)


def print_project(
    snapshot: BudgetSnapshot,
    project_id: str,
    json: bool,
    words: Callable[[ProjectLine], Sequence[str]],
    own: Sequence[str] = (),
) -> None:
    """Print a project's budget: as JSON, or in ``words``, followed by the warnings, the command's ``own`` first."""
    line = snapshot.project(project_id)
    if json:
        print_json(schemas.status.DatedProjectBudget.from_snapshot(snapshot, line, own))
        return
    _print_with_warnings(snapshot, words(line), own)


def _print_with_warnings(snapshot: BudgetSnapshot, lines: Sequence[str], own: Sequence[str] = ()) -> None:
    print_lines(*lines)
    warn([*own, *warnings(snapshot)])
