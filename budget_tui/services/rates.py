"""Exchange rates: set by hand, or imported from the European Central Bank's files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from budget_tui.domain.currency import Rate, checked_currency, checked_rate
from budget_tui.domain.errors import Refused, SourceError
from budget_tui.domain.records import StoredPair
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work
from budget_tui.sources.ecb import EXPECTED, read_rates


@dataclass(frozen=True, slots=True)
class RatesReport:
    """The result of an import of rates. ``refused`` has file, line and reason."""

    files: tuple[str, ...]
    rows_read: int
    rates_read: int
    rates_changed: int
    first_day: date | None
    last_day: date | None
    refused: tuple[tuple[str, int, str], ...]


class ExchangeRates:
    """Commands on exchange rates, each one transaction, and queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set(self, base: str, quote: str, rate: Decimal, day: date | None = None) -> Rate:
        """Set the value of one unit of ``base`` in ``quote`` from ``day`` on, by default today."""
        base, quote = checked_currency(base), checked_currency(quote)
        if base == quote:
            raise Refused(f"a rate is between two currencies, not {base} and {quote}", "name two")
        checked_rate(rate)
        with self._context.work() as work:
            new = Rate(base, quote, day or work.today, rate)
            _store(work, base, quote, new.day, rate)
            work.commit()
        return new

    def import_ecb(self, paths: Sequence[str]) -> RatesReport:
        """Import the rates in ``paths``, replacing those of the same days; if a file cannot be read, import none.

        Unusable rows and rates are refused with the reason, and the others are stored.
        """
        if not paths:
            raise SourceError("no file was named", EXPECTED)
        self._context.database.require_other_files(map(Path, paths))
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

    def rates(self) -> list[StoredPair]:
        """Return the currency pairs, each with its latest rate."""
        with self._context.reading() as session:
            return session.rates.stored_pairs(self._context.organization(session).org_key)


def _store(work: Work, base: str, quote: str, day: date, rate: Decimal | None) -> None:
    """Store the rate of a pair from a day (None removes it), and record it in the audit log."""
    org = work.organization.org_key
    before = work.unit.rates.on(org, base, quote, day)
    if rate is None:
        work.unit.rates.remove(org, base, quote, day)
    else:
        work.unit.rates.set_rates(org, [Rate(base, quote, day, rate)])
    work.record("fx.set", f"{base}/{quote}", _written(before, day), _written(rate, day))


def _written(rate: Decimal | None, day: date) -> dict[str, object] | None:
    return None if rate is None else {"rate": f"{rate:f}", "day": day.isoformat()}


@reverses("fx.set")
def _undo_rate(work: Work, lines: Lines) -> None:
    for line in lines:
        base, quote = line.subject.split("/")
        day = date.fromisoformat((line.after or line.before or {})["day"])
        stored = work.unit.rates.on(work.organization.org_key, base, quote, day)
        require_same(f"the rate of {line.subject}", _written(stored, day), line.after)
        _store(work, base, quote, day, None if line.before is None else Decimal(line.before["rate"]))
