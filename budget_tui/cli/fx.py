"""``fx``: exchange rates."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import AmountCommand, JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.currency import parse_rate
from budget_tui.domain.period import parse_day
from budget_tui.presentation import formatting as f
from budget_tui.presentation.columns import Column
from budget_tui.presentation.messages import refused_rows

if TYPE_CHECKING:
    from budget_tui.domain.records import StoredPair
    from budget_tui.services.rates import RatesReport

app = command_group()


@app.command("set", cls=AmountCommand)
def set_rate(
    context: typer.Context,
    base: Annotated[str, typer.Argument(metavar="BASE", help="Currency, such as EUR.")],
    quote: Annotated[str, typer.Argument(metavar="QUOTE", help="Other currency, such as USD.")],
    rate: Annotated[str, typer.Argument(metavar="RATE", help="Value of one BASE in QUOTE: 1.0321.")],
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="First day. Default: today.")] = "",
    json: JsonOption = False,
) -> None:
    """Set an exchange rate.

    It is valid from its day until a later rate for the same pair.
    """
    new = session_of(context).services.fx.set(base, quote, parse_rate(rate), parse_day(on) if on else None)
    if json:
        print_json(schemas.costs.Rate.from_domain(new))
        return
    print_lines(f"1 {new.base} = {new.rate:f} {new.quote} from {f.long_day(new.day)}")


@app.command("import")
def import_rates(
    context: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="eurofxref.csv, eurofxref-hist.csv, or their zip files.")
    ],
    json: JsonOption = False,
) -> None:
    """Import exchange rates of the European Central Bank.

    They replace stored rates of the same days.
    """
    report = session_of(context).services.fx.import_ecb(files)
    if json:
        print_json(schemas.costs.RatesReportOut.from_domain(report))
        return
    print_lines(*_in_words(report))


@app.command("list")
def list_rates(context: typer.Context, json: JsonOption = False) -> None:
    """List currency pairs with their latest rates."""
    session = session_of(context)
    session.services.context.require_database()
    pairs = session.services.fx.rates()
    if json:
        print_json([schemas.costs.RatedPair.from_pair(pair) for pair in pairs])
        return
    if not pairs:
        print_lines("no rates are on file; costs in other currencies are left out: budget-tui fx import, or fx set")
        return
    columns: tuple[Column[StoredPair], ...] = (
        Column("pair", "Pair", lambda pair: f"{pair.latest.base}/{pair.latest.quote}"),
        Column("rate", "Rate", lambda pair: f"{pair.latest.rate:f}", "right"),
        Column("of", "Of", lambda pair: f.long_day(pair.latest.day)),
        Column("days", "Days", lambda pair: f"{pair.days:,}", "right"),
        Column("since", "Since", lambda pair: f.long_day(pair.first_day)),
    )
    print_lines(*table(columns, pairs))


def _in_words(report: "RatesReport") -> list[str]:
    read = f"{f.count(len(report.files), 'file')}, {f.count(report.rows_read, 'row')} read"
    lines = [f"{read}, {len(report.refused):,} refused"]
    lines += refused_rows(report.refused, len(report.refused))
    if not report.rates_changed:
        same = "nothing changed: the same rates are already on file"
        return [*lines, same if report.rates_read else "the files contain no rates"]
    assert report.first_day is not None
    assert report.last_day is not None
    days = f.days_named(report.first_day, report.last_day)
    return [*lines, f"{f.count(report.rates_read, 'rate')} of {days}, {report.rates_changed:,} of them new or changed"]
