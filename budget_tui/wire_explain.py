"""The JSON shape of explanations: every value exact, beside the words that the screens show."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.explain import Explanation, Quantity, Unit
from budget_tui.domain.explain_answers import CostGroup, Explained, Finding, SourceState
from budget_tui.presentation import explanations


def explained_answer(explained: Explained, key: str = "") -> dict[str, Any]:
    """Everything about a budget's values, or about the one called ``key``."""
    return {
        "kind": explained.kind,
        "subject": explained.subject or None,
        "name": explained.name,
        "currency": explained.currency or None,
        "as_of": explained.as_of.isoformat(),
        "data_through": explained.data_through.isoformat(),
        "time_zone": explained.time_zone,
        "period_start": explained.period.start.isoformat(),
        "period_end": explained.period.end.isoformat(),
        "values": [_value(value, explained) for value in explained.values if key in ("", value.key)],
        "counting": [_group(group, explained.unit) for group in explained.counting],
        "left_out": [_finding(finding) for finding in explained.left_out],
        "causes": [_finding(finding) for finding in explained.causes],
        "rules": list(explained.rules),
        "sources": [_source(source) for source in explained.sources],
        "warnings": list(explained.warnings),
    }


def _value(explanation: Explanation, explained: Explained) -> dict[str, Any]:
    return {
        "value": explanation.key,
        "title": explanation.title,
        "result": _exact(explanation.value),
        "unit": explanation.value.unit,
        "formula": explanations.formula(explanation) or None,
        "worked": explanations.worked(explanation, explained.currency) or None,
        "terms": {name: _exact(term) for name, term in explanation.terms.items()},
        "days": explanations.spans(explanation, explained),
        "notes": list(explanation.notes),
    }


def _exact(of: Quantity) -> Decimal | int | str | None:
    value, unit = of
    if isinstance(value, datetime | date):
        return value.isoformat()
    return to_decimal(value) if unit is Unit.MONEY and isinstance(value, int) else value


def _group(group: CostGroup, unit: Unit) -> dict[str, Any]:
    return {
        "source": group.source,
        "provider": group.provider,
        "service": group.service,
        "category": group.category,
        "amount": _exact(Quantity(group.amount, unit)),
        "stated": _exact(Quantity(group.stated, unit)),
        "currency": group.currency or None,
        "costs": group.costs,
        "first_day": group.first_day.isoformat(),
        "last_day": group.last_day.isoformat(),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "reason": finding.reason,
        "text": explanations.finding(finding),
        "do": finding.do or None,
        "amount": None if finding.amount is None else to_decimal(finding.amount),
        "currency": finding.currency or None,
        "costs": finding.costs,
    }


def _source(source: SourceState) -> dict[str, Any]:
    return {
        "source": source.source,
        "live": source.is_live,
        "latest_day": source.latest_day.isoformat() if source.latest_day else None,
        "imported_at": source.imported_at.isoformat() if source.imported_at else None,
    }
