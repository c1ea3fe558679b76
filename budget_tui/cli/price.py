"""``price``: what models' tokens cost, by day."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import AmountCommand, JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.amount import parse_whole
from budget_tui.domain.period import parse_day
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column

if TYPE_CHECKING:
    from budget_tui.domain.agent_logs import Rates
    from budget_tui.services.token_prices import TokenPrice

app = command_group()
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Model, as named by agents and logs.")]


@app.command("set", cls=AmountCommand)
def set_price(
    context: typer.Context,
    model: ModelArgument,
    input_price: Annotated[
        str, typer.Option("--input", metavar="A", help="Per million input tokens.", show_default=False)
    ] = "",
    output_price: Annotated[
        str, typer.Option("--output", metavar="A", help="Per million output tokens.", show_default=False)
    ] = "",
    cached_price: Annotated[
        str, typer.Option("--cached", metavar="A", help="Per million cached tokens. Default: as input.")
    ] = "",
    cache_write_price: Annotated[
        str,
        typer.Option("--cache-write", metavar="A", help="Per million written to a cache. Default: 1.25 × input."),
    ] = "",
    cache_write_1h_price: Annotated[
        str,
        typer.Option("--cache-write-1h", metavar="A", help="The same for an hour. Default: 2 × input."),
    ] = "",
    starts_on: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day. Default: today.", show_default=False)
    ] = "",
    json: JsonOption = False,
) -> None:
    """Set the price of a model's tokens.

    The price also applies to what agents consumed since that day, and to messages in logs that had
    no price.
    """
    session = session_of(context)
    given = {
        TokenKind.INPUT: input_price,
        TokenKind.OUTPUT: output_price,
        TokenKind.CACHED: cached_price,
        TokenKind.CACHE_WRITE: cache_write_price,
        TokenKind.CACHE_WRITE_1H: cache_write_1h_price,
    }
    prices = {kind: parse_whole(text) for kind, text in given.items() if text}
    outcome = session.services.token_prices.set(model, prices, parse_day(starts_on) if starts_on else None)
    currency = session.snapshot().organization.currency
    if json:
        print_json(schemas.agents.PriceChange.from_domain(outcome, prices, currency))
        return
    shown = ", ".join(f"{kind} {f.price(nanos, currency)}" for kind, nanos in prices.items())
    print_lines(f"a million tokens of {outcome.model} from {f.long_day(outcome.starts_on)}: {shown}")
    if outcome.days:
        print_lines(f"{f.count(outcome.days, 'daily cost')} recalculated: {f.change(outcome.changed_nanos, currency)}")


@app.command("update")
def update_prices(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV, YAML or JSON with model, kind, price and from.", show_default=False),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Set the prices of a file, as one change.

    What it does not name stays. A price begins on its day, by default today. `price list --json`
    prints such a file.
    """
    outcome = session_of(context).services.token_prices.update(file, dry_run=dry_run)
    if json:
        print_json(schemas.agents.UpdatedPrices.from_domain(outcome, str(file)))
        return
    read = f"{f.count(outcome.prices, 'price')} of {f.count(len(outcome.models), 'model')}"
    if not outcome.changed:
        print_lines(f"{read}; nothing changed: the same prices are set already")
        return
    done = "would be new or changed; nothing was written" if dry_run else "new or changed"
    print_lines(f"{read}: {outcome.changed:,} {done}")
    if outcome.days:
        would = "would be recalculated" if dry_run else "recalculated"
        changed = f.change(outcome.changed_nanos, outcome.currency)
        print_lines(f"{f.count(outcome.days, 'daily cost')} {would}: {changed}")


@app.command("list")
def list_prices(context: typer.Context, json: JsonOption = False) -> None:
    """List your own prices per million tokens, newest first; others are built in."""
    session = session_of(context)
    currency = session.snapshot().organization.currency
    prices = session.services.token_prices.all()
    if json:
        print_json([schemas.agents.Price.from_domain(each, currency) for each in prices])
        return
    if not prices:
        print_lines("no prices of your own: budget-tui price set MODEL --input AMOUNT --output AMOUNT")
        return
    columns: tuple[Column[TokenPrice], ...] = (
        Column("model", "Model", lambda price: price.model),
        Column("kind", "Kind", lambda price: price.kind),
        Column("from", "From", lambda price: f.long_day(price.starts_on)),
        Column("price", "A million", lambda price: f.price(price.amount_nanos, currency), "right"),
    )
    print_lines(*table(columns, prices))


@app.command("show")
def show_price(
    context: typer.Context,
    model: ModelArgument,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day. Default: today.", show_default=False)] = "",
    json: JsonOption = False,
) -> None:
    """Show what messages of a model in logs cost on a day, and whose price that is."""
    found = session_of(context).services.token_prices.of_logs(model, parse_day(on) if on else None)
    if json:
        print_json(schemas.agents.LogPrice.from_domain(found))
        return
    print_lines(
        f"a million tokens of {found.model} on {f.long_day(found.on)}, {'your own' if found.is_own else 'built in'}:"
    )
    for beyond, rates in found.rates.grades:
        where = f"beyond {f.tokens(beyond)} of input: " if beyond else ""
        print_lines(f"  {where}{_rates(rates, found.rates.currency)}")


def _rates(rates: "Rates", currency: str) -> str:
    names = ("input", "cache read", "cache write", "cache write 1 h", "output")
    return ", ".join(f"{name} {f.price(nanos, currency)}" for name, nanos in zip(names, rates, strict=True))
