"""``budget``: the global budget per period."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui.cli.console import prose
from budget_tui.cli.options import AmountCommand, CapOption, JsonOption, PolicyArgument, command_group
from budget_tui.cli.session import session_of
from budget_tui.cli.status import print_budget, summary
from budget_tui.domain.amount import parse_whole, share
from budget_tui.domain.carry import NO_CARRY, parse_policy
from budget_tui.presentation import formatting as f

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot

app = command_group()


@app.command()
def show(context: typer.Context, json: JsonOption = False) -> None:
    """Show the global budget."""
    snapshot = session_of(context).snapshot()
    print_budget(snapshot, json, *([] if json else prose(details(snapshot))))


@app.command("set", cls=AmountCommand)
def set_budget(
    context: typer.Context,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount per period: 500.")],
    json: JsonOption = False,
) -> None:
    """Set the global budget.

    It applies from the current period on.
    """
    session = session_of(context)
    before = session.services.budgets.set_global(parse_whole(amount))
    snapshot = session.snapshot()
    currency = snapshot.organization.currency
    print_budget(
        snapshot,
        json,
        f"{f.money(before, currency)} → {f.money(snapshot.total.allocation, currency)}"
        f" for {f.period_name(snapshot.period)}, {f.unallocated_text(snapshot)}",
    )


@app.command()
def carry(context: typer.Context, policy: PolicyArgument, cap: CapOption = "", json: JsonOption = False) -> None:
    """Set what carries over when a period closes.

    Unspent money raises the next period's budget, a deficit lowers it.
    """
    session = session_of(context)
    session.services.budgets.set_carry(parse_policy(policy), parse_whole(cap) if cap else None)
    snapshot = session.snapshot()
    print_budget(
        snapshot,
        json,
        f"the global budget carries over: {f.carry_rule(snapshot.carry, snapshot.organization.currency)}",
    )


def details(snapshot: "BudgetSnapshot") -> list[str]:
    """Describe the global budget in full."""
    currency, total = snapshot.organization.currency, snapshot.total
    if total.unfunded:
        return summary(snapshot)
    allocated = f.percent(share(snapshot.allocated, total.allocation))
    spent = f.percent(share(total.spent, total.allocation))
    return [
        f"{f.money(total.allocation, currency)} for {f.dated_period_name(snapshot.period)},"
        f" {f.days_left(snapshot.period, snapshot.as_of)}",
        f"{f.money(snapshot.allocated, currency)} allocated ({allocated}), {f.unallocated_text(snapshot)}",
        f"{f.money(total.spent, currency)} spent ({spent}), {f.money(total.remaining, currency)} left"
        + (f", {f.money(total.reserved, currency)} of it held" if total.reserved else ""),
        f"{f.money(total.daily_drip, currency)} a day, {f.money(total.available_today, currency)} available today",
        f"burn {f.money(total.burn_rate, currency)} a day, lasts {f.runway_of(total)},"
        f" run rate {f.money(total.run_rate, currency)}",
        *_carried(snapshot),
        f.data_through(snapshot.data_through),
    ]


def _carried(snapshot: "BudgetSnapshot") -> list[str]:
    """Describe what was carried in and what will be carried over, if anything."""
    if snapshot.carry == NO_CARRY:
        return []
    carry, currency = snapshot.carry, snapshot.organization.currency
    return [f"carried in {f.money(carry.carried, currency)}; carries over: {f.carry_rule(carry, currency)}"]
