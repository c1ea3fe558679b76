"""What counts as tokens, what they cost, how fast they go."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.domain.errors import Refused
from budget_tui.domain.tokens import (
    USED_KINDS,
    TokenKind,
    Use,
    by_kind,
    checked_model,
    checked_tokens,
    cost_nanos,
    hour_number,
    hour_start,
    parse_duration,
    provider_of_model,
    rate_per_hour,
    runs_out_at,
)

NOW = datetime(2026, 1, 13, 12, 30, tzinfo=UTC)
INPUT, OUTPUT, CACHED = TokenKind.INPUT, TokenKind.OUTPUT, TokenKind.CACHED


@pytest.mark.parametrize("tokens", [True, False, 1.0, "5", None, 0, -1, LIMIT_COUNT + 1, 10**30])
def test_what_is_no_positive_whole_number_is_refused(tokens: object) -> None:
    with pytest.raises(Refused):
        checked_tokens(tokens)


def test_numbers_up_to_the_limit_are_taken() -> None:
    assert [checked_tokens(1), checked_tokens(LIMIT_COUNT), checked_tokens(0, 0)] == [1, LIMIT_COUNT, 0]


@pytest.mark.parametrize(
    ("numbers", "kinds"),
    [
        ((100, 0, 0), {INPUT: 100}),
        ((100, 30, 20), {INPUT: 50, OUTPUT: 30, CACHED: 20}),
        ((100, 100, 0), {OUTPUT: 100}),
        ((100, 40, 60), {OUTPUT: 40, CACHED: 60}),
    ],
)
def test_the_rest_is_input(numbers: tuple[int, int, int], kinds: dict[TokenKind, int]) -> None:
    assert by_kind(*numbers) == kinds


@pytest.mark.parametrize("numbers", [(100, 60, 60), (100, -1, 0), (100, 0, True), (0, 0, 0)])
def test_parts_that_are_no_parts_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(Refused):
        by_kind(*numbers)


def test_a_million_tokens_cost_their_price() -> None:
    prices = {INPUT: 3 * 10**9, OUTPUT: 15 * 10**9, CACHED: 3 * 10**8}
    assert cost_nanos({INPUT: 10**6}, prices) == 3 * 10**9
    assert cost_nanos({INPUT: 1000, OUTPUT: 200, CACHED: 500}, prices) == 6_150_000


def test_cached_tokens_without_a_price_cost_as_input_and_output_without_one_nothing() -> None:
    assert cost_nanos({INPUT: 10**6, CACHED: 10**6, OUTPUT: 10**6}, {INPUT: 2 * 10**9}) == 4 * 10**9
    assert cost_nanos({INPUT: 10**6, CACHED: 10**6, OUTPUT: 10**6}, {OUTPUT: 2 * 10**9}) == 2 * 10**9
    assert cost_nanos({INPUT: 10**6, CACHED: 10**6}, {INPUT: 2 * 10**9, CACHED: 0}) == 2 * 10**9


def test_a_cost_is_rounded_once_half_to_even() -> None:
    half = {INPUT: 500_000}
    assert [cost_nanos(half, {INPUT: price}) for price in (1, 2, 3, 5)] == [0, 1, 2, 2]
    # half a nano of each kind is one together, not two halves rounded away
    assert cost_nanos({INPUT: 500_000, OUTPUT: 500_000}, {INPUT: 1, OUTPUT: 1}) == 1


numbers = st.dictionaries(st.sampled_from(USED_KINDS), st.integers(1, 10**12))


@given(numbers, st.dictionaries(st.sampled_from(USED_KINDS), st.integers(0, 10**12), min_size=3))
def test_a_cost_is_at_most_half_a_nano_off(used: dict[TokenKind, int], prices: dict[TokenKind, int]) -> None:
    exact = sum(Fraction(tokens * prices[kind], 10**6) for kind, tokens in used.items())
    assert abs(cost_nanos(used, prices) - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-sonnet-4", "anthropic"),
        ("gpt-4o", "openai"),
        ("mistral/large", "mistral"),
        ("meta-llama/llama-3", "meta-llama"),
        ("our-own", ""),
    ],
)
def test_a_models_name_tells_who_sells_it(model: str, provider: str) -> None:
    assert provider_of_model(model) == provider


def test_a_model_is_known_in_lower_case() -> None:
    assert [checked_model(" GPT-4o "), checked_model("  ")] == ["gpt-4o", ""]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), (" 2H ", 7200), ("1d", 86_400), ("0", 0)]
)
def test_a_length_of_time(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5", "1.5h", "10 weeks", "٣m", "9999999999"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_duration(text)


def test_an_hour_begins_where_its_number_says() -> None:
    assert hour_start(hour_number(NOW)) == NOW.replace(minute=0)


@pytest.mark.parametrize(
    ("use", "rate"),
    [
        (None, 0),
        (Use(600, NOW - timedelta(minutes=30)), 600),  # over an hour at least
        (Use(600, NOW - timedelta(hours=3)), 200),
        (Use(1000, NOW - timedelta(hours=1, minutes=30)), 667),
    ],
)
def test_a_rate_is_per_hour_since_the_first_use(use: Use | None, rate: int) -> None:
    assert rate_per_hour(use, NOW) == rate


def test_tokens_run_out_at_the_rate_of_their_use() -> None:
    use = Use(200, NOW - timedelta(hours=2))
    assert runs_out_at(50, use, NOW) == NOW + timedelta(minutes=30)
    assert runs_out_at(0, use, NOW) is None
    assert runs_out_at(50, None, NOW) is None
    assert runs_out_at(100 * 365 * 24, use, NOW) == NOW + timedelta(days=365)
    assert runs_out_at(100 * 365 * 24 + 1, use, NOW) is None
    assert runs_out_at(LIMIT_COUNT, use, NOW) is None
