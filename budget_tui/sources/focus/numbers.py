"""SQL that reads numbers written as text, with a decimal point or, as spreadsheets write in half of the world, a comma.

What may be read as either of two numbers is neither: in a file with decimal commas, ``1.234`` may be 1234.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum

from budget_tui.domain.amount import LIMIT_UNITS

_POINT_OR_GROUPS = "[+-]?[1-9][0-9]{0,2}(?:[.][0-9]{3})+"
_COMMA_OR_GROUPS = "[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+"
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
_WITH_COMMA = f"[+-]?(?:[0-9]*|[0-9]{{1,3}}(?:[.][0-9]{{3}})+),[0-9]+{_EXPONENT}"
_WITH_POINT = f"[+-]?(?:[0-9]*|[0-9]{{1,3}}(?:,[0-9]{{3}})+)[.][0-9]+{_EXPONENT}"


class Decimals(Enum):
    """How the numbers of a file are written. ``EITHER``: some with a decimal point, some with a comma."""

    POINT = "point"
    COMMA = "comma"
    EITHER = "either"


def number_sql(text: str, decimal: str, decimals: Decimals) -> str:
    """The number that the SQL expression ``text`` says, as a ``decimal``; NULL where it is none, or may be two.

    The engine itself would take ``1_000`` for a number.
    """
    if decimals is Decimals.POINT:
        return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS {decimal}) END"
    ungrouped = f"CASE WHEN regexp_full_match(trim({text}), '{_WITH_COMMA}') THEN replace({text}, '.', '') END"
    with_comma = f"TRY_CAST(replace({ungrouped}, ',', '.') AS {decimal})"
    if decimals is Decimals.EITHER:
        with_comma = f"CASE WHEN NOT regexp_full_match(trim({text}), '{_COMMA_OR_GROUPS}') THEN {with_comma} END"
    return (
        f"CASE WHEN contains({text}, '_') OR regexp_full_match(trim({text}), '{_POINT_OR_GROUPS}') THEN NULL"
        f" WHEN contains({text}, ',') THEN {with_comma} ELSE TRY_CAST({text} AS {decimal}) END"
    )


def decimals_sql(source: str, texts: Sequence[str]) -> str:
    """Asks whether any of ``texts`` has a decimal comma, and whether any has a decimal point, beyond doubt."""

    def any_is(form: str, in_doubt: str) -> str:
        beyond_doubt = [
            f"(regexp_full_match(trim({text}), '{form}') AND NOT regexp_full_match(trim({text}), '{in_doubt}'))"
            for text in texts
        ]
        return f"coalesce(bool_or({' OR '.join(beyond_doubt)}), false)"

    commas, points = any_is(_WITH_COMMA, _COMMA_OR_GROUPS), any_is(_WITH_POINT, _POINT_OR_GROUPS)
    return f"SELECT {commas}, {points} FROM {source}"


def why_unusable(text: str) -> str:
    """Why ``text``, which is not empty, was not read as an amount."""
    if re.fullmatch(f"{_POINT_OR_GROUPS}|{_COMMA_OR_GROUPS}", text.strip()) and not _is_beyond(text):
        return f" may have a decimal {'comma' if ',' in text else 'point'}, or mean {re.sub('[.,]', '', text.strip())}"
    return f" is beyond ±{LIMIT_UNITS:,}" if _is_beyond(text) else " is not a number"


def _is_beyond(text: str) -> bool:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return False
    return "_" not in text and number.is_finite() and abs(number) > LIMIT_UNITS
