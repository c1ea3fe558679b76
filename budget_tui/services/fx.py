"""Rates of exchange: set by hand, or imported from what the European Central Bank publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.domain.fx import Rate, currency_code
from budget_tui.services.context import Context
from budget_tui.storage.fx_queries import PairOnFile
from budget_tui.storage.reading import DatabaseReader


@dataclass(frozen=True, slots=True)
class RatesReport:
    """What an import of rates read and stored. ``refused`` names file, line and reason."""

    files: tuple[str, ...]
    rows_read: int
    rates_read: int
    rates_changed: int
    first_day: date | None
    last_day: date | None
    refused: tuple[tuple[str, int, str], ...]


class ExchangeRates:
    """Commands on rates, each one transaction, and what is on file."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set(self, base: str, quote: str, rate: Decimal, day: date | None = None) -> Rate:
        """From ``day`` on (today unless given) one unit of ``base`` is worth ``rate`` of ``quote``."""
        base, quote = currency_code(base), currency_code(quote)
        if base == quote:
            raise Refused(f"a rate is between two currencies, not {base} and {quote}", "name two")
        with self._context.work() as work:
            new = Rate(base, quote, day or work.today, rate)
            before = work.queries.rate_on(work.organization.org_key, base, quote, new.day)
            work.unit.rates.set_rates(work.organization.org_key, [new])
            on = {"day": new.day.isoformat()}
            work.record(
                "fx.set",
                f"{base}/{quote}",
                {"rate": f"{before:f}", **on} if before is not None else None,
                {"rate": f"{rate:f}", **on},
            )
            work.commit()
        return new

    def import_ecb(self, paths: Sequence[str]) -> RatesReport:
        """Store the rates in ``paths`` in place of those of the same days; all files or, when one cannot be read, none.

        A row or a rate that cannot be used is refused, with the reason, and the rest goes in.
        """
        from budget_tui.sources.ecb import EXPECTED, read_rates

        if not paths:
            raise SourceError("no file was named", EXPECTED)
        read = [read_rates(Path(path)) for path in paths]
        rates = [rate for file in read for rate in file.rates]
        days = sorted({rate.day for rate in rates})
        with self._context.work() as work:
            changed = work.unit.rates.set_rates(work.organization.org_key, rates)
            if changed:
                span = {"first_day": days[0].isoformat(), "last_day": days[-1].isoformat()}
                files = [file.path.name for file in read]
                work.record("fx.import", "EUR", None, {"files": files, "rates_changed": changed, **span})
            work.commit()
        return RatesReport(
            files=tuple(str(file.path) for file in read),
            rows_read=sum(file.rows for file in read),
            rates_read=len(rates),
            rates_changed=changed,
            first_day=days[0] if days else None,
            last_day=days[-1] if days else None,
            refused=tuple((str(file.path), line, reason) for file in read for line, reason in file.refused),
        )

    def rates(self) -> list[PairOnFile]:
        """The pairs on file, each with its latest rate."""
        reader = DatabaseReader(self._context.path)
        try:
            with reader.session() as queries:
                return queries.pairs_on_file(self._context.organization(queries).org_key)
        finally:
            reader.close()
