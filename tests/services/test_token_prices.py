"""With a price on file, an agent's tokens are its project's costs."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import LIMIT_NANOS, parse_amount
from budget_tui.domain.audit import shown_facts
from budget_tui.domain.errors import Conflict, Refused, SourceError
from budget_tui.domain.tokens import USED_KINDS, TokenKind
from budget_tui.services.token_prices import PriceOutcome, PriceUpdate
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.agents_home import NOON, AgentHome, home_with_agents
from tests.services.conftest import usd

MODEL = "claude-sonnet-4"


def unpriced(address: Address) -> None:
    """A project with an agent whose model has no price yet."""
    home = home_with_agents(address)
    home.budget("500")
    home.add("pcc", allocate="150")
    home.services.agents.add("scout", "pcc", model=MODEL, tokens=10**12)


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    return home_with_agents(engine.new(unpriced))


def price(home: AgentHome, first: str = "", **prices: str) -> PriceOutcome:
    per_kind = {TokenKind(kind): parse_amount(amount) for kind, amount in prices.items()}
    return home.services.token_prices.set(MODEL, per_kind, date.fromisoformat(first) if first else None)


def costs(home: AgentHome) -> list[tuple[object, ...]]:
    """Day, amount, tokens of each cost row."""
    return home.rows("SELECT day, amount_nanos, tokens FROM cost ORDER BY day")


def test_tokens_without_a_price_cost_nothing(home: AgentHome) -> None:
    home.services.agents.consume("scout", 10**6)
    assert costs(home) == []


def test_a_day_is_one_cost_worked_out_from_its_sums(home: AgentHome) -> None:
    price(home, input="3", output="15", cached="0.3")
    home.services.agents.consume("scout", 1_000_000, output=100_000, cached=400_000)
    home.later(hours=5).services.agents.consume("scout", 500_000)
    assert costs(home) == [(20260113, usd("4.62"), 1_500_000)]
    assert home.spent == {"pcc": "4.62", "all": "4.62"}


def test_the_cost_is_the_agents_own_and_says_what_it_is_of(home: AgentHome) -> None:
    price(home, input="3")
    home.services.agents.consume("scout", 1000)
    assert home.rows(
        "SELECT e.entity_id, o.source, o.live, o.provider, o.category, o.service FROM cost_origin o"
        " JOIN entity e ON e.entity_key = o.entity_key"
    ) == [("scout", "agents", 1, "anthropic", "genai", MODEL)]
    home.services.projects.rename("pcc", "PCC")  # whose every cost is, is found anew
    assert home.spent["pcc"] == "0.003"


def test_a_thousandth_of_a_nano_is_not_lost_on_the_way(home: AgentHome) -> None:
    price(home, input="0.0000005")
    for _ in range(10):
        home.services.agents.consume("scout", 200)
    # 10 × 200 tokens at half a nano each thousand: one nano, where each rounded by itself would be nothing
    assert costs(home) == [(20260113, 1, 2000)]


def test_settled_tokens_cost_as_much_as_consumed_ones(home: AgentHome) -> None:
    price(home, input="3", output="15")
    held = home.services.agents.reserve("scout", 10**6).reservation_id
    assert costs(home) == []
    home.services.agents.settle(held, 200_000, output=100_000)
    assert costs(home) == [(20260113, usd("1.8"), 200_000)]


def test_a_price_that_begins_earlier_reaches_the_days_since(home: AgentHome) -> None:
    for days in (0, 1, 2):
        home.later(days=days).services.agents.consume("scout", 10**6)
    today = home.later(days=2)
    outcome = price(today, "2026-01-14", input="3")
    assert (outcome.days, outcome.changed_nanos) == (2, usd("6"))
    assert costs(home) == [(20260114, usd("3"), 10**6), (20260115, usd("3"), 10**6)]
    outcome = price(today, "2026-01-15", input="2")
    assert (outcome.days, outcome.changed_nanos) == (1, usd("-1"))
    outcome = price(today, "2026-01-14", input="3")
    assert (outcome.days, outcome.changed_nanos) == (0, 0)
    outcome = price(today, "2026-01-10", input="1")
    assert (outcome.days, outcome.changed_nanos) == (1, usd("1"))


@pytest.mark.both_engines
def test_tokens_of_an_agent_that_is_archived_are_priced_too(home: AgentHome) -> None:
    home.services.agents.consume("scout", 10**6)
    home.services.agents.archive("scout")
    assert price(home, input="3").days == 1
    assert home.spent["pcc"] == "3"


def test_another_models_tokens_keep_their_cost(home: AgentHome) -> None:
    home.services.agents.add("critic", "pcc", model="gpt-4o", tokens=10**9)
    home.services.agents.consume("critic", 10**6)
    assert price(home, input="3").days == 0
    assert costs(home) == []


def test_a_price_is_audited(home: AgentHome) -> None:
    price(home, "2026-01-01", input="3")
    price(home, "2026-01-01", input="4", output="20")
    newest = home.log[0]
    assert (newest.action, newest.subject) == ("agent.price", MODEL)
    assert shown_facts(newest.before) == {"input": "3", "from": "2026-01-01"}
    assert shown_facts(newest.after) == {"input": "4", "output": "20", "from": "2026-01-01"}


@pytest.mark.both_engines
def test_prices_on_file(home: AgentHome) -> None:
    price(home, "2026-01-01", input="3", output="15")
    price(home, "2026-02-01", input="2")
    assert [(each.kind, each.starts_on.month, each.amount_nanos) for each in home.services.token_prices.all()] == [
        ("input", 2, usd("2")),
        ("input", 1, usd("3")),
        ("output", 1, usd("15")),
    ]


def test_what_is_no_price_is_refused(home: AgentHome) -> None:
    prices = home.services.token_prices
    for model, per_kind in ((MODEL, {}), ("", {TokenKind.INPUT: 1}), (MODEL, {TokenKind.INPUT: -1})):
        with pytest.raises(Refused):
            prices.set(model, per_kind)


def test_a_cost_that_cannot_be_stored_is_refused_and_nothing_is_taken(home: AgentHome) -> None:
    home.services.token_prices.set(MODEL, {TokenKind.INPUT: LIMIT_NANOS})
    home.services.agents.consume("scout", 1_000_000)
    with pytest.raises(Refused, match="out of range"):
        home.services.agents.consume("scout", 1)
    assert home.counts() == (10**12, 1_000_000, 0)


uses = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6)).filter(
        lambda use: sum(use[1:]) > 0
    ),
    max_size=4,
)


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=uses, after=uses, rates=st.tuples(*[st.integers(0, 20 * 10**9)] * 3))
def test_it_does_not_matter_when_the_price_is_told(
    engine: Engine,
    before: list[tuple[int, int, int, int]],
    after: list[tuple[int, int, int, int]],
    rates: tuple[int, int, int],
) -> None:
    prices = dict(zip(USED_KINDS, rates, strict=True))
    found = []
    engine.clear()
    for told_first in (True, False):
        home = home_with_agents(engine.new(unpriced))
        for part in (before, after):
            if told_first is (part is before):
                home.services.token_prices.set(MODEL, prices, NOON.date())
            for days, rest, output, cached in part:
                home.later(days=days).services.agents.consume("scout", rest + output + cached, output, cached)
        found.append(costs(home))
    assert found[0] == found[1]


# A table of prices as a file

TABLE = (
    "model,kind,price,from\nClaude-Sonnet-4,input,3,2026-01-01\nclaude-sonnet-4,Cache Write,3.75,\nother,output,15,\n"
)


def all_prices(home: AgentHome) -> list[tuple[str, str, str, int]]:
    found = home.services.token_prices.all()
    return [(each.model, each.kind, each.starts_on.isoformat(), each.amount_nanos) for each in found]


@pytest.mark.both_engines
def test_a_table_of_prices_is_one_change(home: AgentHome) -> None:
    table = home.folder / "prices.csv"
    table.write_text(TABLE, "utf-8")
    home.services.agents.consume("scout", 10**6)
    price(home, "2026-01-01", input="2")
    before, spent, entries = all_prices(home), home.spent, len(home.log)
    preview = home.services.token_prices.update(table, dry_run=True)
    assert (all_prices(home), home.spent, len(home.log)) == (before, spent, entries)
    done = home.services.token_prices.update(table)
    assert done == preview == PriceUpdate(3, 3, (MODEL, "other"), 1, usd("1"), "USD")
    after = [
        (MODEL, "cache-write", "2026-01-13", usd("3.75")),
        (MODEL, "input", "2026-01-01", usd("3")),
        ("other", "output", "2026-01-13", usd("15")),
    ]
    assert (all_prices(home), home.spent["pcc"], len(home.log)) == (after, "3", entries + 1)
    assert home.services.token_prices.update(table)[1:] == (0, (MODEL, "other"), 0, 0, "USD")
    assert len(home.log) == entries + 1, "what is as it was is no change"
    said = "prices.csv: 3 prices of 2 models set, from Jan 1, 2026"
    assert home.services.undo.undo().what == said
    assert (all_prices(home), home.spent) == (before, spent)
    assert home.services.undo.redo().what == said
    assert (all_prices(home), home.spent["pcc"]) == (after, "3")
    assert home.services.database.check().problems == ()


def test_a_table_is_not_taken_back_over_a_later_price(home: AgentHome) -> None:
    table = home.folder / "prices.csv"
    table.write_text(TABLE, "utf-8")
    home.services.token_prices.update(table)
    other = replace(home.services, context=replace(home.services.context, actor="bert"))
    other.token_prices.set(MODEL, {TokenKind.INPUT: usd("4")}, date(2026, 1, 1))
    with pytest.raises(Conflict, match=f"the price of {MODEL} was changed since: it is input 4 by now"):
        home.services.undo.undo()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "model,kind,price\nm,inpt,3\n", "a.csv:2: 'inpt' is not a kind; choose input, output, cached"),
        ("a.csv", "model,kind,price\nm,input,1\nm,input,x\n", "a.csv:3: 'x' is not an amount"),
        ("a.csv", "model,kind,price\nm,input,-1\n", "a.csv:2 has a negative price"),
        ("a.csv", "model,kind,price,from\nm,input,1,2026-13-01\n", "a.csv:2: '2026-13-01' is not a date"),
        ("a.csv", "model,kind,price\nm,input,1\nM,input,2\n", "a.csv:3 has the price of m, input, again: .*a.csv:2"),
        (
            "a.csv",
            "model,kind,price,from\nm,input,1,\nm,input,2,2026-01-13\n",
            "a.csv:3 has the price of m, input, again",
        ),
        ("a.csv", "model,kind,price,currency\nm,input,1,eur\n", "a.csv:2 is in EUR; prices are in USD"),
        ("a.csv", "model,kind,cost\nm,input,1\n", "a.csv:1 has 'cost'; there are model, kind, price"),
        ("a.csv", "model,kind,price\n", "there are no prices in .*a.csv"),
        ("a.yaml", "- model: m\n  kind: input\n- {model: m, kind: output, price: 2}\n", "a.yaml:1 has no price"),
        ("a.yaml", "m: 1\n", "a.yaml:1 is not a list of prices; write each as '- model: gpt-5'"),
        ("a.json", '[{"kind": "input", "price": 1}]', "a.json:1 has no model"),
        ("a.txt", "", "ends in neither .csv, .yaml nor .json"),
    ],
)
def test_what_is_no_table_of_prices_is_refused_whole_with_its_line(
    home: AgentHome, name: str, text: str, words: str
) -> None:
    table = home.folder / name
    table.write_text(text, "utf-8")
    with pytest.raises(SourceError, match=words):
        home.services.token_prices.update(table)
    assert all_prices(home) == []
