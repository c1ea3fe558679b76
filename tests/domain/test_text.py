"""Text that others wrote: what a name may hold, and what is left of it on the way to a terminal."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import checked_id, checked_name
from budget_tui.domain.plan import checked_notes
from budget_tui.domain.text import escaped, escaped_json, escaped_lines, one_line, without_harm

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467 family"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
WRITTEN = (
    FAMILY,
    SCOTLAND,
    "\u2764\ufe0f\u200d\U0001f525",
    "1\ufe0f\u20e3",
    "e\u0301clair",
    "می\u200cخواهم",
    "क्\u200dष",
    "a\xa0b",
)
HOSTILE = "\x07\x1b]0;owned\x07\x9b2J\x85\u2028\u202e\u2066\u200f\x7f\t\r\n"
BIDIRECTIONAL = ("L", "R", "AL", "EN", "ES", "ET", "AN", "CS", "NSM", "B", "S", "WS", "ON", "BN", "")


def is_harmful(sign: str) -> bool:
    """As Unicode itself has it: a control character, a separator of lines, or what turns a line's direction."""
    is_turning = unicodedata.bidirectional(sign) not in BIDIRECTIONAL or sign in "\u061c\u200e\u200f"
    return unicodedata.category(sign) in ("Cc", "Zl", "Zp") or is_turning


texts = st.text(st.one_of(st.characters(), st.sampled_from(HOSTILE + "".join(WRITTEN))), max_size=40)


@given(texts)
def test_nothing_harmful_reaches_a_terminal_and_all_else_does(text: str) -> None:
    shown = escaped(text)
    assert not any(map(is_harmful, shown))
    assert without_harm(text) == "".join(sign for sign in text if not is_harmful(sign))
    assert without_harm(shown) == shown
    if not any(map(is_harmful, text)):
        assert shown == text
    assert escaped_lines(text).split("\n") == [escaped(line) for line in text.split("\n")]


@given(st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)))
def test_json_says_the_same_without_anything_harmful(answer: object) -> None:
    document = escaped_json(json.dumps(answer, ensure_ascii=False, indent=2))
    assert json.loads(document) == answer
    assert not any(map(is_harmful, document.replace("\n", "")))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_joins_and_marks_signs_belongs_to_names(name: str) -> None:
    assert checked_name(name) == checked_id(name) == one_line(name) == checked_notes(name) == name


@pytest.mark.parametrize(
    "name",
    ["\u200d", "a\u200db", "\ufe0f", "\u0301", "\xa0", "a\u200b", "a\ufeff", "\u202egnp.exe", "a\x9bb", "\U000e0067"],
)
def test_what_hides_or_turns_a_name_is_refused(name: str) -> None:
    for check in (checked_name, checked_id):
        with pytest.raises(Refused):
            check(name)


@given(texts)
def test_a_row_keeps_what_a_name_may_hold(text: str) -> None:
    row = one_line(text)
    assert not any(map(is_harmful, row))
    assert one_line(row) == row
