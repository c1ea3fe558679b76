"""``period``: the current period, its close, the closed ones, and the rule by which they recur."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, report, table, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.budget import AllocationChange, parse_change
from budget_tui.domain.carry import NO_CARRY
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import parse_anchor, parse_day, parse_kind, parse_month
from budget_tui.presentation import formatting as f
from budget_tui.presentation import messages
from budget_tui.presentation.columns import Column, closed_columns, history_columns
from budget_tui.presentation.formatting import money, period_name
from budget_tui.services.period_rules import RuleChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod, ClosePreview, NextLine
    from budget_tui.domain.snapshot import BudgetSnapshot

app = command_group()

YesOption = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]


@app.command()
def show(
    context: typer.Context,
    start: Annotated[
        str,
        typer.Argument(metavar="[START]", help="First day of a closed period. Default: the current one."),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Show the current period, or a closed one.

    A closed period is shown as it was when it was closed.
    """
    session = session_of(context)
    snapshot = session.snapshot()
    newest = session.services.history.periods(1, before=snapshot.period.half_open[1])
    is_closed = bool(newest) and newest[0].period == snapshot.period
    if start and (is_closed or start != snapshot.period.start.isoformat()):
        closed = session.services.history.period(parse_day(start))
        if json:
            print_json(schemas.periods.ClosedPeriod.from_domain(closed))
        else:
            print_lines(*_closed_lines(closed))
        return
    if json:
        print_json(schemas.periods.RunningPeriod.from_domain(snapshot, is_closed=is_closed))
    else:
        print_lines(*_running_lines(snapshot, is_closed=is_closed))


@app.command()
def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show at most N periods.")] = 12,
    before: Annotated[
        str,
        typer.Option("--before", metavar="START", help="Only periods before that day.", show_default=False),
    ] = "",
    json: JsonOption = False,
) -> None:
    """List closed periods, newest first.

    The figures are those at the close; costs that arrived later are shown separately.
    """
    session = session_of(context)
    session.services.context.require_database()
    periods = session.services.history.periods(limit, parse_day(before) if before else None)
    if json:
        print_json([schemas.periods.ClosedPeriod.from_domain(period) for period in periods])
    elif periods:
        print_lines(*_history_table(periods))
    else:
        print_lines("no period was closed before it" if before else "no period was closed yet")


@app.command()
def close(
    context: typer.Context,
    allocate: Annotated[
        list[str] | None,
        typer.Option(
            "--allocate",
            metavar="ID=AMOUNT",
            help="A project's next allocation: 120, +20, -15, 25% or rest. Repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Close the current period today.

    The next one starts tomorrow and ends on the usual day. This cannot be undone: you see what will happen first.
    """
    session = session_of(context)
    session.snapshot()
    changes = _reallocations(allocate or [])
    periods = session.services.periods
    if dry_run:
        _print_close(periods.preview_close(changes), json, "nothing was changed")
        return
    seen = None
    if not yes:
        preview = periods.preview_close(changes)
        _confirm("closing a period", _close_lines(preview), "Close it?")
        seen = preview.ending
    outcome = periods.close(changes, seen)
    _print_close(outcome, json, f"{period_name(outcome.ending)} is closed")


@app.command("set")
def set_rule(
    context: typer.Context,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="monthly, quarterly or yearly.", show_default=False)
    ] = "",
    anchor: Annotated[
        str,
        typer.Option("--anchor", metavar="DAY", help="First day of a period: 1 to 28, or last.", show_default=False),
    ] = "",
    fiscal_start: Annotated[
        str,
        typer.Option(
            "--fiscal-start", metavar="MONTH", help="First month of the fiscal year: 1 to 12.", show_default=False
        ),
    ] = "",
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="Time zone in which days begin.", show_default=False)
    ] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Change how periods recur, or when a day begins.

    The current period keeps its days. You see what will happen first.
    """
    session = session_of(context)
    session.snapshot()
    change = RuleChange(
        parse_kind(kind) if kind else None,
        parse_anchor(anchor) if anchor else None,
        parse_month(fiscal_start) if fiscal_start else None,
        time_zone or None,
    )
    if change == RuleChange():
        raise Refused("there is nothing to change", "give --kind, --anchor, --fiscal-start or --time-zone")
    rules = session.services.period_rules
    preview = rules.preview(change)
    if not dry_run:
        if not yes:
            _confirm("changing the periods", messages.rule_change(preview), "Change it?")
        rules.set(change, preview)
    if json:
        print_json(schemas.periods.RuleChangeOut.from_domain(preview))
    else:
        print_lines(*messages.rule_change(preview), "nothing was changed" if dry_run else "changed")


def _confirm(what: str, lines: list[str], question: str) -> None:
    """Show what will happen and ask, on standard error: standard output is for the result alone.

    Raises `Refused` unless the answer is yes, and where nobody could give one.
    """
    if not sys.stdin.isatty():
        raise Refused(f"{what} needs a confirmation", "try --dry-run, then add --yes")
    report(*lines, f"{question} [y/N] ", end="")
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise Refused("not confirmed", "nothing was changed")


def _reallocations(texts: list[str]) -> dict[str, AllocationChange]:
    changes = {}
    for text in texts:
        project, found, amount = text.rpartition("=")
        if not found or not project.strip():
            raise Refused(f"'{text}' is not an allocation of a project", "write it as --allocate pcc=120")
        if project.strip() in changes:
            raise Refused(f"'{project.strip()}' is allocated twice", "name each project once")
        changes[project.strip()] = parse_change(amount)
    return changes


def _print_close(close: "ClosePreview", json: bool, last_line: str) -> None:
    if json:
        print_json(schemas.periods.Close.from_domain(close))
    else:
        print_lines(*_close_lines(close), last_line)
    if close.unallocated_next < 0:
        warn(
            [f"projects open the next period with {money(-close.unallocated_next, close.currency)} more than there is"]
        )


def _close_lines(close: "ClosePreview") -> list[str]:
    currency = close.currency

    def money(label: str, amount: "Callable[[NextLine], int]") -> "Column[NextLine]":
        return Column(label, label, lambda line: f.number(amount(line), currency), "right")

    columns: tuple[Column[NextLine], ...] = (
        Column("id", "ID", lambda line: line.project_id),
        Column("name", "Project", lambda line: line.name, drop_order=1),
        money("Allocation", lambda line: line.allocation),
        money("Spent", lambda line: line.spent),
        money("Carried", lambda line: line.carried),
        money("Next", lambda line: line.next_allocation),
    )
    pool = f.money(abs(close.unallocated_next), currency)
    return [
        f"{f.dates(close.ending)} ends: {f.money(close.spent, currency)} of {f.money(close.total, currency)} spent,"
        f" {f.money(close.total - close.spent, currency)} left, {f.money(close.carried, currency)} carried over",
        *([f"{f.data_through(close.data_through)} only"] if close.data_through < close.ending.end else []),
        f"{f.dates(close.following)} follows: {f.money(close.total_next, currency)},"
        f" {pool} {'over-allocated' if close.unallocated_next < 0 else 'of it unallocated'}",
        *(table(columns, close.lines) if close.lines else []),
    ]


def _running_lines(snapshot: "BudgetSnapshot", *, is_closed: bool) -> list[str]:
    organization, period = snapshot.organization, snapshot.period
    following = organization.period_rule.after(period)
    ends = "was closed by hand" if is_closed else f"closes by itself after {f.long_day(period.end)}"
    carries = {"the global budget": snapshot.carry} | {line.name: line.carry for line in snapshot.projects}
    return [
        f"{f.dated_period_name(period)}, {f.days_left(snapshot.period, snapshot.as_of)}",
        f"{ends}; {f.long_day(following.start)} – {f.long_day(following.end)} follows",
        f.data_through(snapshot.data_through),
        f"{f.rule_text(organization.period_rule)}, in the time zone {organization.time_zone}",
        *(
            f"{name} carries over: {f.carry_rule(carry, organization.currency)}"
            for name, carry in carries.items()
            if carry != NO_CARRY
        ),
    ]


def _history_table(periods: "list[ClosedPeriod]") -> list[str]:
    shown = {column.key: column for column in history_columns()}
    columns: list[Column[ClosedPeriod]] = [
        replace(shown["period"], text=lambda closed: f.period_name(closed.period)),
        *(shown[key] for key in ("budget", "allocated", "spent", "left")),
        Column("status", "Status", f.status_at_close, style=shown["status"].style),
        shown["since"],
    ]
    if any(each.lacked_data for each in periods):
        columns.append(Column("at_close", "At close", f.data_known_at_close))
    return table(columns, periods)


def _closed_lines(closed: "ClosedPeriod") -> list[str]:
    shown = {column.key: column for column in closed_columns("Project", closed.currency)}
    columns: tuple[Column[ClosedBudget], ...] = (
        Column("id", "ID", lambda line: line.entity_id),
        shown["name"],
        replace(shown["allocated"], label="Allocation"),
        *(shown[key] for key in ("spent", "left", "status")),
        shown["since"],
    )
    return [
        *_history_table([closed]),
        f"closed by {closed.closed_by} on {closed.closed_at.astimezone():%Y-%m-%d %H:%M %Z}",
        *(["", *table(columns, closed.projects)] if closed.projects else []),
        *_agent_lines(closed),
    ]


def _agent_lines(closed: "ClosedPeriod") -> list[str]:
    def tokens(label: str, count: "Callable[[ClosedBudget], int]") -> "Column[ClosedBudget]":
        return Column(label, label, lambda line: f"{count(line):,}", "right")

    columns: tuple[Column[ClosedBudget], ...] = (
        Column("agent", "Agent", lambda line: line.entity_id),
        tokens("Tokens", lambda line: line.allocation),
        tokens("Used", lambda line: line.spent),
        tokens("Left", lambda line: line.remaining),
        closed_columns("Agent", closed.currency)[-1],
    )
    return ["", *table(columns, closed.agents)] if closed.agents else []
