"""What an import did, and what found no project: in words and as JSON."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from budget_tui import formatting as f
from budget_tui.domain.amount import NANOS, divide, to_decimal
from budget_tui.domain.text import escaped
from budget_tui.storage.cost_queries import day_of

if TYPE_CHECKING:
    from budget_tui.domain.replacement import Vanished
    from budget_tui.services.imports import ImportReport
    from budget_tui.storage.cost_queries import UnmappedOrigin

REFUSED_SHOWN = 10
NAMED_AT_MOST = 3


def as_json(report: "ImportReport") -> dict[str, Any]:
    return {
        "files": list(report.files),
        "left_out": [{"file": file, "why": why} for file, why in report.left_out],
        "first_day": report.first_day and report.first_day.isoformat(),
        "last_day": report.last_day and report.last_day.isoformat(),
        "in_period_total": _to_9_decimals(report.in_period_total),
        "rows_read": report.rows_read,
        "rows_refused": report.rows_refused,
        "days_stored": report.days_stored,
        "rows_replaced": report.rows_replaced,
        "rows_added": report.rows_added,
        "vanished": [
            {
                "sub_account_id": sub_account,
                "first_day": day_of(first).isoformat(),
                "last_day": day_of(last).isoformat(),
                "amounts": {currency: to_decimal(nanos) for currency, nanos in amounts.items()},
            }
            for sub_account, first, last, amounts in report.vanished
        ],
        "billed_total": _to_9_decimals(report.billed_total),
        "stored_total": _to_9_decimals(report.stored_total),
        "unmapped_total": _to_9_decimals(report.unmapped_total),
        "refused": [{"file": file, "line": line, "reason": reason} for file, line, reason in report.refused],
        "unchanged": report.unchanged,
        "tokens_total": report.tokens_total,
        "seats": report.seats,
    }


def in_words(report: "ImportReport", *, dry_run: bool) -> list[str]:
    """What was read, refused, stored and replaced, with the sums, and what to do next."""
    lines = [
        f"{f.count(len(report.files), 'file')}, {f.count(report.rows_read, 'row')} read,"
        f" {report.rows_refused:,} refused"
    ]
    lines += [f"  {escaped(file)}:{line}: {escaped(reason)}" for file, line, reason in report.refused[:REFUSED_SHOWN]]
    if report.rows_refused > REFUSED_SHOWN:
        lines.append(f"  and {report.rows_refused - REFUSED_SHOWN:,} more")
    lines += _left_out(report)
    lines.append(f"billed {_totals(report.billed_total)}, stored {_totals(report.stored_total)}{_days(report)}")
    if counted := _counted(report):
        lines.append(counted)
    lines.append(_kept(report, dry_run))
    lines += [_vanished(each) for each in report.vanished[:NAMED_AT_MOST]]
    if len(report.vanished) > NAMED_AT_MOST:
        lines.append(f"  and {len(report.vanished) - NAMED_AT_MOST:,} more")
    if report.unmapped_total:
        lines.append(f"{_totals(report.unmapped_total)} found no project: budget-tui cost unmapped")
    return lines


def _left_out(report: "ImportReport") -> list[str]:
    shown = [f"left out: {file}: {why}" for file, why in report.left_out[:REFUSED_SHOWN]]
    more = len(report.left_out) - REFUSED_SHOWN
    return [*shown, f"  and {more:,} more"] if more > 0 else shown


def _days(report: "ImportReport") -> str:
    """``, Sep 1 – Sep 30, 2024; nothing of it in November 2026``."""
    if report.first_day is None or report.last_day is None:
        return ""
    share = _totals(report.in_period_total) if any(report.in_period_total.values()) else "nothing of it"
    return f", {f.days_named(report.first_day, report.last_day)}; {share} in {report.period}"


def _vanished(vanished: "Vanished") -> str:
    sub_account, first, last, amounts = vanished
    money = " + ".join(f.money(nanos, currency) for currency, nanos in amounts.items())
    account = sub_account or "without a sub account"
    return f"no longer there: {account}, {f.days_named(day_of(first), day_of(last))}, {money}"


def _counted(report: "ImportReport") -> str:
    """``1,200,000 tokens, at most 12 seats on a day``; '' where the files say nothing of either."""
    tokens = [] if report.tokens_total is None else [f.count(report.tokens_total, "token")]
    seats = [] if report.seats is None else [f"at most {f.count(report.seats, 'seat')} on a day"]
    return ", ".join([*tokens, *seats])


def _kept(report: "ImportReport", dry_run: bool) -> str:
    if report.unchanged:
        return "nothing changed: the same costs are stored already"
    added = f", {report.rows_added:,} added to what is there" if report.rows_added < report.days_stored else ""
    kept = f"{f.count(report.days_stored, 'daily cost')} {{}}, {report.rows_replaced:,} {{}}{added}"
    return (
        f"{kept.format('would be stored', 'replaced')}; nothing was written"
        if dry_run
        else kept.format("stored", "replaced")
    )


def _totals(totals: Mapping[str, Decimal]) -> str:
    return " + ".join(f.money(_nanos(units), currency) for currency, units in totals.items()) or "nothing"


def _to_9_decimals(totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: to_decimal(_nanos(units)) for currency, units in totals.items()}


def _nanos(units: Decimal) -> int:
    """``units`` in nanos, rounded half-even; a sum may be beyond the limit of a single amount."""
    exact = Fraction(units) * NANOS
    return divide(exact.numerator, exact.denominator)


def unmapped_as_json(origin: "UnmappedOrigin") -> dict[str, Any]:
    return {
        "source": origin.source,
        "provider": origin.provider,
        "service": origin.service,
        "sub_account_id": origin.sub_account_id,
        "sub_account_name": origin.sub_account_name,
        "tags": dict(origin.tags),
        "costs": origin.costs,
        "amount_usd": to_decimal(origin.amount),
        "currency": origin.currency,
        "first_day": origin.first_day.isoformat(),
        "last_day": origin.last_day.isoformat(),
    }


def unmapped_in_words(origins: Sequence["UnmappedOrigin"]) -> list[str]:
    """A table, the largest amounts first, and the command that gives its first line to a project."""
    from budget_tui.cli.output import table

    if not origins:
        return ["no costs are unmapped"]
    rows = [
        (
            origin.provider,
            origin.service,
            origin.sub_account_name or origin.sub_account_id,
            " ".join(f"{key}={value}" for key, value in origin.tags),
            f"{origin.costs:,}",
            f.money(origin.amount, origin.currency),
        )
        for origin in origins
    ]
    header = ("PROVIDER", "SERVICE", "SUB ACCOUNT", "TAGS", "COSTS", "AMOUNT")
    return [*table(header, rows, "llllrr"), "", *_suggestion(origins[0])]


def _suggestion(origin: "UnmappedOrigin") -> list[str]:
    """The narrowest rule that fits: by tag, else by sub account, service or provider."""
    rules = [
        *(("--tag", f"{key}={value}") for key, value in origin.tags if value),
        ("--sub-account", origin.sub_account_id or origin.sub_account_name),
        ("--service", origin.service),
        ("--provider", origin.provider),
    ]
    fitting = [(option, value) for option, value in rules if value]
    if not fitting:
        return []
    from shlex import quote

    option, value = fitting[0]
    return [f"give them to a project, such as: budget-tui cost map PROJECT {option} {quote(escaped(value))}"]
