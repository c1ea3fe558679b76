"""An import as JSON, and the costs that found no project."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.text import escaped
from budget_tui.presentation import formatting as f
from budget_tui.presentation.messages import nanos_of_sum

if TYPE_CHECKING:
    from budget_tui.services.imports import ImportReport
    from budget_tui.storage.cost_queries import UnmappedOrigin


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
                "sub_account_id": vanished.sub_account,
                "first_day": vanished.first_day.isoformat(),
                "last_day": vanished.last_day.isoformat(),
                "amounts": {currency: to_decimal(nanos) for currency, nanos in vanished.amounts.items()},
            }
            for vanished in report.vanished
        ],
        "billed_total": _to_9_decimals(report.billed_total),
        "stored_total": _to_9_decimals(report.stored_total),
        "unmapped_total": _to_9_decimals(report.unmapped_total),
        "refused": [{"file": file, "line": line, "reason": reason} for file, line, reason in report.refused],
        "unchanged": report.unchanged,
        "tokens_total": report.tokens_total,
        "seats": report.seats,
        "read_as": list(report.read_as),
    }


def _to_9_decimals(totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: to_decimal(nanos_of_sum(units)) for currency, units in totals.items()}


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
    from budget_tui.cli.console import table

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
