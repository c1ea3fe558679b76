"""Which codes are those of currencies."""

import pytest

from budget_tui.domain.currency import CODES, checked_currency
from budget_tui.domain.errors import Refused


@pytest.mark.parametrize("code", ["USD", " eur ", "Jpy", "CHF", "XAF", "KWD"])
def test_a_currency_has_a_code_of_iso_4217(code: str) -> None:
    assert checked_currency(code) == code.strip().upper()


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "ABC", "ZZZ", "US", "USDT", "ÜSD", "", "$", "\x1b[2"])
def test_what_is_none_is_refused(code: str) -> None:
    with pytest.raises(Refused, match="is not a currency"):
        checked_currency(code)


def test_codes_are_three_letters_each() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CODES)
