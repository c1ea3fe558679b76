"""The serialiser of all JSON, and the response that cannot wait for pydantic: to load it takes a tenth of a second."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import simplejson

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.text import escaped_json

if TYPE_CHECKING:
    from budget_tui.services.gate import Verdict


@runtime_checkable
class HasFields(Protocol):
    """A JSON object."""

    def fields(self) -> dict[str, object]:
        """Return the fields by their names in JSON."""


def dumps(value: object, indent: int | None = 2) -> str:
    """Encode ``value`` as JSON.

    Decimals are exact and without exponents; non-ASCII text is escaped only where it would move a terminal's cursor or
    break a line.
    """
    document = simplejson.dumps(
        value,
        use_decimal=False,
        namedtuple_as_object=False,
        default=_plain,
        ensure_ascii=False,
        indent=indent,
    )
    return escaped_json(str(document))


def gate_fields(verdict: "Verdict") -> dict[str, Any]:
    """Return the fields of a gate's answer."""
    return {
        "allowed": verdict.is_allowed,
        "reason": verdict.reason,
        "project_id": verdict.request.project_id or None,
        "agent_id": verdict.request.agent_id or None,
        "estimate_usd": to_decimal(verdict.request.estimate),
        "available_usd": to_decimal(verdict.available),
        "bound_by": verdict.bound_by,
        "available_tokens": verdict.available_tokens,
        "currency": verdict.currency,
        "as_of": verdict.as_of,
        "data_through": verdict.data_through,
    }


def _number(value: Decimal) -> simplejson.RawJSON:
    """Return the digits as they are: neither pydantic nor FastAPI writes a decimal as an exact number."""
    return simplejson.RawJSON(f"{value:f}")


CONVERTERS: Mapping[type, Callable[[Any], object]] = {
    Decimal: _number,
    date: date.isoformat,
    datetime: datetime.isoformat,
}


def _plain(value: object) -> object:
    """Convert ``value`` to a type that the encoder accepts."""
    if (convert := CONVERTERS.get(type(value))) is not None:
        return convert(value)
    if isinstance(value, HasFields):
        return value.fields()
    raise TypeError(f"{type(value).__name__} has no JSON form")
