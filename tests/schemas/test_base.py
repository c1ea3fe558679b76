"""JSON in and out: exact to the digit, in the order of its fields."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from budget_tui.domain.amount import LIMIT_NANOS, to_decimal
from budget_tui.schemas.base import Moment, Number, Schema, nanos_from_json
from budget_tui.schemas.plain import dumps


class Amount(Schema):
    amount: Number


class Named(Schema):
    from_: date = Field(serialization_alias="from")
    at: Moment
    note: str = ""


class Both(Named, Amount):
    """Its fields: those of the last base first."""

    parts: list[Amount]


@given(st.integers(-LIMIT_NANOS, LIMIT_NANOS))
def test_an_amount_is_a_number_with_all_of_its_digits_there_and_back(nanos: int) -> None:
    text = dumps(Amount(amount=to_decimal(nanos)), indent=None)
    assert "e" not in text.partition(":")[2].lower()
    assert nanos_from_json(json.loads(text, parse_float=Decimal)["amount"]) == nanos


def test_fields_stand_in_their_order_by_their_names_in_json() -> None:
    moment = datetime(2026, 1, 13, 12, 30, 15, 999_999, UTC)
    both = Both(amount=Decimal("0.000000001"), from_=date(2026, 1, 13), at=moment, parts=[Amount(amount=Decimal(5))])
    assert dumps(both, indent=None) == (
        '{"amount": 0.000000001, "from": "2026-01-13", "at": "2026-01-13T12:30:15+00:00", "parts": [{"amount": 5}]}'
    )


def test_a_field_with_a_default_is_left_out_unless_it_was_given() -> None:
    named = Named(from_=date(2026, 1, 13), at=datetime(2026, 1, 13, tzinfo=UTC))
    assert "note" not in json.loads(dumps(named))
    assert json.loads(dumps(named.model_copy(update={"note": ""})))["note"] == ""


def test_answers_by_name_and_in_a_row() -> None:
    one = Amount(amount=Decimal("1.50"))
    assert dumps([one, one], indent=None) == '[{"amount": 1.50}, {"amount": 1.50}]'
    assert dumps({"": one}, indent=None) == '{"": {"amount": 1.50}}'


def test_what_moves_a_cursor_is_written_as_its_escape() -> None:
    named = Named(from_=date(2026, 1, 13), at=datetime(2026, 1, 13, tzinfo=UTC), note="a\u202eb é")
    assert '"a\\u202eb é"' in dumps(named)
