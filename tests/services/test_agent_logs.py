"""The logs of agents' programs over a real database: each message counts once, whatever is read how often."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from genai_prices.data_snapshot import DataSnapshot
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.errors import NotFound, Refused
from budget_tui.domain.explain import Reason
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.columns import unmapped_columns
from budget_tui.presentation.messages import import_report, sync_report
from budget_tui.schemas.costs import ImportReportOut
from budget_tui.services.agent_logs import SyncReport
from budget_tui.services.imports import ImportRequest
from budget_tui.sources.built_in_prices import built_in_rates
from tests.agent_logs import SONNET, claude_line, codex_meta, codex_sum, codex_turn, use_home, write
from tests.databases import empty
from tests.services.conftest import TODAY, Home, home_at, shown, usd
from tests.services.planning import bill

DAY = "2026-01-10"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs write their logs."""
    use_home(monkeypatch, tmp_path)
    return tmp_path


def sync(home: Home, *names: str, dry_run: bool = False) -> SyncReport:
    return home.services.agent_logs.sync(names, dry_run=dry_run)


def new(report: SyncReport) -> tuple[int, int, str]:
    """The messages, the tokens and the dollars that were new."""
    return report.total.messages, report.total.tokens, shown(report.total.amounts.get("USD", 0))


def costs(home: Home) -> list[tuple[object, ...]]:
    """What is stored of costs, by source, model and directory."""
    return home.rows(
        "SELECT o.source, o.service, o.tags, c.day, c.amount_nanos, c.tokens, c.charges FROM cost c"
        " JOIN cost_origin o ON o.origin_key = c.origin_key ORDER BY 1, 2, 3, 4"
    )


def two_sessions(logs: Path) -> None:
    write(logs / "claude/projects/p/s1.jsonl", claude_line(), claude_line("msg_2", cwd="/home/a/web/src"))
    write(logs / "codex/sessions/r.jsonl", codex_meta("c1"), codex_turn(), codex_sum(1000, 800, 50))


@pytest.mark.both_engines
def test_what_is_new_counts_once_and_comes_and_goes_as_one_change(home: Home, logs: Path) -> None:
    home.budget("500")
    home.add("pcc", "site", allocate="100")
    two_sessions(logs)
    preview = sync(home, dry_run=True)
    assert (new(preview), costs(home)) == ((3, 3250, "0.00985"), [])
    report = sync(home)
    assert new(report) == new(preview)
    assert sync_report(report, dry_run=False) == [
        "claude-code@laptop, codex@laptop: 2 logs, 2 read",
        "3 messages of Jan 10, 2026, $0.01 for 3,250 tokens: new",
        "  pcc: $0.01 for 2,150 tokens",
        "without a project:",
        "  /home/a/web/src: <$0.01 for 1,100 tokens",
        "assign them, for example: budget-tui cost map PROJECT --directory /home/a/web/src",
    ]
    stored = costs(home)
    assert home.spent == {"pcc": "0.00535", "site": "0", "all": "0.00985"}
    assert (sync(home).files_read, costs(home)) == (0, stored)

    for path in (logs / "claude").rglob("*.jsonl"):  # copied, touched and gone
        write(logs / "claude/projects/copy" / path.name, *path.read_text().splitlines())
        os.utime(path, (1, 1))
    assert (new(sync(home)), costs(home)) == ((0, 0, "0"), stored)
    for path in logs.rglob("*.jsonl"):
        path.unlink()
    write(logs / "claude/projects/p/s3.jsonl", claude_line(usage={"input_tokens": 1000, "output_tokens": 300}))
    grown = sync(home)
    assert new(grown) == (0, 200, "0.003")  # a message that had only begun
    assert "more of known messages of Jan 10, 2026, <$0.01 for 200 tokens: new" in sync_report(grown, dry_run=False)

    assert home.services.undo.undo().what == "claude-code@laptop: more of known messages read, 200 tokens, <$0.01"
    assert costs(home) == stored
    home.services.undo.undo()
    assert (costs(home), home.spent["all"]) == ([], "0")
    home.services.undo.redo()
    assert costs(home) == stored
    home.services.undo.undo()
    (logs / "claude/projects/p/s3.jsonl").unlink()
    two_sessions(logs)
    assert (new(sync(home)), costs(home)) == (new(report), stored)


def test_codex_in_its_fast_mode_has_the_price_of_that(home: Home, logs: Path) -> None:
    settings = {"type": "thread_settings_applied", "thread_settings": {"service_tier": "priority"}}
    fast = {"type": "event_msg", "timestamp": "2026-01-10T09:00:02.000Z", "payload": settings}
    sums = [codex_sum(3_000_000), codex_sum(4_000_000, at="2026-11-20T09:00:00Z")]
    write(logs / "codex/sessions/r.jsonl", codex_meta("c1"), codex_turn(), codex_sum(1_000_000), fast, *sums)
    report = sync(home)
    assert new(report) == (3, 4_000_000, "3.75"), "1.25 and, as fast, twice as much"
    assert {name: each.tokens for name, each in report.unpriced.items()} == {"gpt-5-codex fast": 2_000_000}


@pytest.mark.both_engines
def test_of_forks_of_a_session_that_was_never_read_one_counts(home: Home, logs: Path) -> None:
    def counted() -> list[tuple[object, ...]]:
        return home.rows("SELECT sum(tokens), sum(charges) FROM cost")

    shared = [codex_turn(), codex_sum(100, at="2026-01-09T09:00:00Z")]
    write(logs / "codex/sessions/c.jsonl", codex_meta("c", forked_from_id="a"), *shared, codex_sum(150))
    sync(home)
    assert counted() == [(150, 2)]
    write(logs / "codex/sessions/b.jsonl", codex_meta("b", "/w/b", forked_from_id="a"), *shared, codex_sum(170))
    assert (new(sync(home))[:2], counted()) == ((1, 70), [(220, 3)])
    assert home.rows("SELECT tokens FROM cost ORDER BY tokens") == [(50,), (70,), (100,)]
    write(logs / "codex/sessions/a.jsonl", codex_meta("a", "/w/a"), *shared)
    assert (new(sync(home))[:2], counted()) == ((0, 0), [(220, 3)])
    assert home.services.database.check().problems == ()
    for stated in ((220, 3), (150, 2), (None, None)):
        home.services.undo.undo()
        assert counted() == [stated]
    home.services.undo.redo()
    home.services.undo.redo()
    assert counted() == [(220, 3)]


@pytest.mark.both_engines
def test_a_bill_counts_in_the_place_of_what_logs_estimate(home: Home, logs: Path) -> None:
    home.budget("500")
    home.add("pcc", allocate="100")
    two_sessions(logs)
    sync(home)
    bill(home.services, ("pcc", "3", "USD", DAY, "Anthropic"))
    assert home.spent["pcc"] == "3.00085"
    write(logs / "claude/projects/p/late.jsonl", claude_line("msg_9"))
    late = sync(home)
    assert (new(late), home.spent["pcc"]) == ((1, 1100, "0.0045"), "3.00085")
    assert "1 estimate of days with a bill does not count" in sync_report(replace(late, replaced=1), dry_run=False)
    home.services.undo.undo()
    home.services.undo.undo()
    assert home.spent["pcc"] == "0.00535"


@pytest.mark.both_engines
def test_tokens_that_a_bill_states_count_in_the_place_of_those_logged(home: Home, logs: Path) -> None:
    def billed(amount: str, quantity: str) -> None:
        header = "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart"
        row = f"pcc,{amount},USD,{DAY}T00:00:00Z,2026-01-01T00:00:00Z,Anthropic,{quantity},Tokens"
        path = write(home.folder / "bill.csv", f"{header},ServiceProviderName,ConsumedQuantity,ConsumedUnit", row)
        home.services.imports.run(ImportRequest((str(path),), source="bill", replace=True))

    def tokens() -> list[tuple[object, ...]]:
        return home.rows("SELECT sum(tokens) FROM cost WHERE tokens IS NOT NULL")

    home.budget("500")
    home.add("pcc", allocate="100")
    two_sessions(logs)
    sync(home)
    of_codex = 1050
    billed("3", "")
    assert tokens() == [(3250,)]
    billed("3", "5000")
    assert tokens() == [(of_codex + 5000,)]
    write(logs / "claude/projects/p/late.jsonl", claude_line("msg_9"))
    sync(home)
    assert tokens() == [(of_codex + 5000,)]
    billed("4", "")
    assert tokens() == [(3250 + 1100,)]
    billed("4", "6000")
    for stated in (3250 + 1100, of_codex + 5000, of_codex + 5000, 3250, 3250):
        home.services.undo.undo()
        assert tokens() == [(stated,)]


@pytest.mark.both_engines
def test_under_a_plan_tokens_count_and_their_price_is_what_they_would_have_cost(home: Home, logs: Path) -> None:
    def paid() -> tuple[str, int, list[tuple[str, str]]]:
        [(tokens,)] = home.rows("SELECT sum(tokens) FROM cost WHERE tokens IS NOT NULL")
        known = [(each.name, each.paid["USD"]) for each in home.services.sources.all() if each.paid is not None]
        return home.spent["all"], int(str(tokens)), [(name, shown(amount)) for name, amount in known]

    home.budget("500")
    home.add("pcc", allocate="100")
    two_sessions(logs)
    agents = home.services.agent_logs
    by_plan = {"claude-code@laptop": True}
    report = agents.sync(flat_fees=by_plan)
    assert (new(report), report.paid) == ((3, 3250, "0.00985"), ["claude-code@laptop"])
    assert paid() == ("0.00085", 3250, [("claude-code@laptop", "0.009")])
    [finding] = [each for each in home.services.explain.of_project("pcc").left_out if each.reason == "paid_by_plan"]
    assert finding.text == "of anthropic, paid by a plan: no cost, but what it would have been"
    of_project = home.services.snapshots.of_project("pcc").would_have_cost
    assert {code: shown(nanos) for code, nanos in of_project.items()} == {"USD": "0.0045"}  # the rest is unmapped
    assert home.on("2026-02-03").services.snapshots.of_project("pcc").would_have_cost == {}
    write(logs / "claude/projects/p/late.jsonl", claude_line("msg_9"))
    assert new(agents.sync()) == (1, 1100, "0.0045")
    assert paid() == ("0.00085", 4350, [("claude-code@laptop", "0.0135")])
    bill(home.services, ("pcc", "3", "USD", DAY, "Anthropic"))
    assert paid() == ("3.00085", 4350, [("claude-code@laptop", "0.0135")])
    since = home.rows("SELECT DISTINCT replaced_at FROM replaced_estimate")
    assert [str(moment)[:10] for (moment,) in since] == ["2026-01-13"], "as of the day that was chosen, as bills"
    report = agents.sync(flat_fees={"claude-code@laptop": False})
    assert paid() == ("3.00085", 4350, [])
    assert report.counts_again == {"claude-code@laptop": {"USD": 0}}  # the bill does
    home.services.undo.undo()
    assert paid() == ("3.00085", 4350, [("claude-code@laptop", "0.0135")])
    home.services.undo.undo()
    report = agents.sync(flat_fees={"claude-code@laptop": False, "codex@laptop": True})
    assert paid() == ("0.0135", 4350, [("codex@laptop", "0.00085")])
    assert report.counts_again == {"claude-code@laptop": {"USD": usd("0.0135")}}
    for _ in range(3):
        home.services.undo.undo()
    assert (home.spent["all"], costs(home), agents.flat_fees()) == ("0", [], set())


@pytest.mark.both_engines
def test_tokens_without_a_cost_begin_no_history_of_money(home: Home, logs: Path) -> None:
    """A plan paid for the tokens of 40 days, then there were costs of $10 on two."""
    home.budget("500")
    home.add("pcc", allocate="100")
    days = [date(2026, 1, 10) - timedelta(days=ago) for ago in range(40)]
    lines = [claude_line(f"m{day}", f"{day}T08:00:00.000Z") for day in days]
    write(logs / "claude/projects/p/s1.jsonl", *lines, claude_line("u", "2026-01-03T08:00:00.000Z", "claude-foo"))
    home.services.agent_logs.sync(flat_fees={"claude-code@laptop": True})
    assert (home.snapshot.has_costs, home.pace("pcc").burn_rate) == (True, 0)
    home.spend("pcc", "10", on="2026-01-11")
    home.spend("pcc", "10", on="2026-01-12")
    assert [shown(pace.burn_rate) for pace in (home.snapshot.total, home.pace("pcc"))] == ["10", "10"]
    report = home.services.forecasts.current()
    assert [(each.has_range, each.days_of_history) for each in (report.total, report.of("pcc"))] == [(False, 2)] * 2
    home.services.forecasts.close()


def test_a_second_machine_with_the_same_files_adds_nothing(
    home: Home, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_sessions(logs)
    sync(home)
    stored = costs(home)
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    report = sync(home)
    assert (report.sources, report.files_read, new(report)) == (
        ["claude-code@desk", "codex@desk"],
        2,
        (0, 0, "0"),
    )
    assert costs(home) == stored


def test_a_directory_belongs_to_the_project_of_its_longest_mapped_path(home: Home, logs: Path) -> None:
    home.budget("500")
    home.add("shop", "blog", "x", allocate="10")
    places = ("/w/shop", "/w/shop/blog/theme", "/w/shopping", "/w/x", "")
    lines = (claude_line(f"m{at}", cwd=each) for at, each in enumerate(places))
    write(logs / "claude/projects/p/s.jsonl", *lines)
    report = sync(home)
    assert ({*report.projects}, {*report.unmapped}) == ({"shop", "x"}, {"/w/shop/blog/theme", "/w/shopping", ""})
    home.services.costs.map_to_project("blog", "directory", "/W/shop/blog")
    outcome = home.services.costs.map_to_project("shop", "directory", "/w")
    assert (outcome.changed_origins, outcome.costs) == (2, 2)
    assert home.spent == {"shop": "0.0135", "blog": "0.0045", "x": "0", "all": "0.0225"}
    home.services.costs.map_to_project("x", "directory", "/w/shopping/")
    assert home.services.costs.map_to_project("x", "directory", "/").costs == 0
    write(logs / "claude/projects/p/t.jsonl", claude_line("t1", cwd="/other"), claude_line("t2", cwd="C:\\w\\atlas"))
    home.services.costs.map_to_project("blog", "directory", "C:\\w\\")
    assert {*sync(home).projects} == {"blog", "x"}
    assert home.spent == {"shop": "0.009", "blog": "0.009", "x": "0.009", "all": "0.0315"}


@pytest.mark.both_engines
def test_models_without_a_price_are_named_and_an_own_price_goes_first(home: Home, logs: Path) -> None:
    home.services.token_prices.set("gpt-5-codex", {TokenKind.INPUT: usd("100")}, date(2026, 1, 10))
    write(logs / "claude/projects/p/s.jsonl", claude_line(model="kimi-9000"), "garbage")
    events = (codex_sum(1000, at="2026-01-09T09:00:00Z"), codex_sum(2000, at="2026-01-10T09:00:00Z"))
    write(logs / "codex/sessions/r.jsonl", codex_meta("c1"), codex_turn(), *events)
    report = sync(home)
    assert new(report) == (3, 3100, "0.10125")
    lines = sync_report(report, dry_run=False)
    assert home.snapshot.unpriced == (("kimi-9000", 1100),)
    assert home.services.token_prices.set("Kimi-9000", {TokenKind.INPUT: usd("1")}, date(2026, 1, 1)).days == 0
    one_of_input = {TokenKind.INPUT: usd("1"), TokenKind.OUTPUT: 0}
    outcome = home.services.token_prices.set("Kimi-9000", one_of_input, date(2026, 1, 1))
    assert (outcome.days, shown(outcome.changed_nanos), home.snapshot.unpriced) == (1, "0.001", ())
    for price in ("2", "3"):  # what is priced is not priced again
        assert home.services.token_prices.set("kimi-9000", {TokenKind.INPUT: usd(price)}).days == 0
        home.services.undo.undo()
    assert home.services.undo.undo().what.endswith("; messages without a price priced, <$0.01")
    assert home.spent["all"] == "0.10125"
    home.services.undo.redo()
    assert home.spent["all"] == "0.10225"
    home.services.undo.undo()
    (logs / "prices.json").write_text('[{"model": "kimi-9000", "kind": "output", "price": 0, "from": "2026-01-01"}]')
    updated = home.services.token_prices.update(logs / "prices.json")
    assert (updated.days, shown(updated.changed_nanos), home.spent["all"]) == (1, "0.001", "0.10225")
    home.services.undo.undo()
    assert (home.spent["all"], home.snapshot.unpriced) == ("0.10125", (("kimi-9000", 1100),))
    home.services.undo.redo()
    assert (home.spent["all"], home.snapshot.unpriced) == ("0.10225", ())
    assert "unpriced: kimi-9000 (1,100 tokens); the tokens count, their cost is not known" in lines
    [left_out] = [line for line in lines if "understood" in line]
    assert left_out.startswith("1 line of 1 log could not be understood and was left out: ")
    assert left_out.endswith("s.jsonl (1)")


@pytest.mark.both_engines
def test_a_fast_mode_has_a_price_of_its_own(home: Home, logs: Path) -> None:
    home.budget("500")
    fast = {"input_tokens": 1000, "output_tokens": 100, "speed": "fast"}
    write(logs / "claude/projects/p/s.jsonl", claude_line(), claude_line("msg_2", usage=fast))
    both = {TokenKind.INPUT: usd("6"), TokenKind.OUTPUT: usd("30")}
    assert ([*sync(home).unpriced], home.snapshot.unpriced) == ([f"{SONNET} fast"], ((f"{SONNET} fast", 1100),))
    assert home.services.token_prices.set(SONNET, both, date(2026, 1, 1)).days == 0
    assert home.services.token_prices.set(f"{SONNET} fast", both, date(2026, 1, 1)).days == 1
    assert (home.spent["all"], home.snapshot.unpriced) == ("0.0135", ())
    assert home.services.token_prices.of_logs(f"{SONNET} fast").is_own
    home.services.undo.undo()
    with pytest.raises(NotFound):
        home.services.token_prices.of_logs(f"{SONNET} fast")
    bill(home.services, ("pcc", "3", "USD", DAY, "Anthropic"))
    assert home.snapshot.unpriced == ()  # the bill counts in its place
    home.services.undo.undo()
    assert home.snapshot.unpriced == ((f"{SONNET} fast", 1100),)
    home.services.agent_logs.sync(flat_fees={"claude-code@laptop": True})
    assert home.snapshot.unpriced == ()
    outcome = home.services.token_prices.set(f"{SONNET} fast", both, date(2026, 1, 1))
    assert (outcome.days, outcome.changed_nanos) == (0, 0)  # the plan pays


@pytest.mark.both_engines
def test_what_has_no_price_is_unpriced_and_what_costs_nothing_is_not(home: Home, logs: Path) -> None:
    def unpriced() -> list[list[bool]]:
        groups = home.services.explain.of_all().counting
        actual = home.services.cost_details.of_entity(ROOT_ID, home.snapshot.period)
        lines = home.services.cost_details.page(actual).lines
        home.services.cost_details.close()
        unmapped = home.services.costs.unmapped()
        return [[each.is_unpriced for each in found] for found in (groups, lines, unmapped)]

    home.budget("500")
    write(logs / "claude/projects/p/s.jsonl", claude_line(model="claude-foo"))
    sync(home)
    assert unpriced() == [[True]] * 3
    assert unmapped_columns()[0].text(home.services.costs.unmapped()[0]) == "unpriced"
    report = bill(home.services, ("pcc", "3", "USD", DAY, "Anthropic"))
    assert any(
        "1 estimate of unpriced tokens replaced" in each for each in import_report(report, how_to_map="", dry_run=False)
    )
    explained = home.services.explain.of_all()
    assert [each.amount for each in explained.left_out if each.reason is Reason.ESTIMATED] == [None]
    home.services.undo.undo()
    home.services.agent_logs.sync(flat_fees={"claude-code@laptop": True})
    assert not any(map(any, unpriced()))
    home.services.undo.undo()
    home.services.token_prices.set(
        "claude-foo", dict.fromkeys((TokenKind.INPUT, TokenKind.OUTPUT), 0), date(2026, 1, 1)
    )
    assert not any(map(any, unpriced()))


def test_replaced_estimates_are_told_in_the_currencies_of_their_prices(fresh: Any, logs: Path) -> None:
    home = fresh(new_currency="EUR")
    write(logs / "claude/projects/p/s.jsonl", claude_line())
    sync(home)
    report = bill(home.services, ("pcc", "3", "EUR", DAY, "Anthropic"))
    assert ImportReportOut.from_domain(report).estimates_replaced_total == {"USD": Decimal("0.0045")}


def test_an_own_price_of_one_kind_leaves_the_others_at_the_built_in_price(fresh: Any) -> None:
    def of_sonnet(home: Home, kind: TokenKind) -> tuple[bool, list[tuple[str, ...]]]:
        home.services.token_prices.set(SONNET, {kind: usd("2")})
        found = home.services.token_prices.of_logs(SONNET)
        return found.is_own, [tuple(map(shown, rates)) for _, rates in found.rates.grades]

    built_in = [("3", "0.3", "3.75", "6", "15"), ("6", "0.6", "7.5", "12", "22.5")]
    home, euros = fresh(), fresh(new_currency="EUR")
    output = [(*rates[:4], "2") for rates in built_in]
    assert of_sonnet(home, TokenKind.OUTPUT) == (True, output)
    assert of_sonnet(euros, TokenKind.CACHED) == (False, built_in)  # dollars are not mixed with euros
    assert of_sonnet(home, TokenKind.INPUT) == (True, [("2", "2", "2.5", "4", "2")])
    home.services.undo.undo()
    home.services.undo.undo()
    assert of_sonnet(home, TokenKind.CACHED) == (True, [(a, "2", *rest) for a, _, *rest in built_in])


def test_a_price_that_a_later_version_knows_is_made_up_for(
    fresh: Any, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in another currency than that of the organization, in which nothing was known to cost anything."""
    home = fresh(new_currency="EUR")
    home.budget("500")
    with monkeypatch.context() as patch:
        patch.setattr("genai_prices.data_snapshot.get_snapshot", lambda: DataSnapshot([], False))
        built_in_rates.cache_clear()
        write(logs / "claude/projects/p/s.jsonl", claude_line())
        assert [*sync(home).unpriced] == [SONNET]
    built_in_rates.cache_clear()
    before = costs(home)
    write(logs / "claude/projects/p/more.jsonl", claude_line("msg_2"))
    assert new(sync(home)) == (1, 1100, "0.009")
    assert home.rows("SELECT currency, amount_nanos FROM cost JOIN cost_origin USING (origin_key)") == [
        ("USD", 9_000_000),
    ]
    home.services.undo.undo()
    assert costs(home) == before


def test_days_are_those_of_the_organization(fresh: Any, logs: Path) -> None:
    home = fresh(new_time_zone="Asia/Tokyo")
    write(logs / "claude/projects/p/s.jsonl", claude_line(at="2026-01-10T20:00:00Z"))
    assert sync(home).days == [date(2026, 1, 11)]


def test_a_line_that_nothing_can_be_made_of_stops_no_other(home: Home, logs: Path) -> None:
    home.budget("500")
    most = dict.fromkeys(("input_tokens", "cache_read_input_tokens", "output_tokens"), 10**9)
    odd = [
        claude_line("x" * 5000),
        claude_line("msg_3", cwd="/" + "d/" * 50_000),
        claude_line("msg_4", cwd="/a\0b", model="\ud800"),
        claude_line("msg_5", usage=most),
    ]
    write(logs / "claude/projects" / os.fsdecode(b"\xff") / "s.jsonl", *odd, claude_line())
    os.mkfifo(logs / "claude/projects/pipe.jsonl")
    report = sync(home)
    assert (report.total.messages, [*report.unreadable_lines.values()]) == (4, [1])
    assert set(report.unmapped) == {"", "/home/a/pcc"}
    assert sync(home).files_read == 0
    home.services.token_prices.set(SONNET, {TokenKind.INPUT: usd("1000000000")}, date(2026, 1, 1))
    write(logs / "claude/projects/p/dear.jsonl", claude_line("msg_6", usage=most))
    with pytest.raises(Refused, match="out of range"):
        sync(home)


def test_logs_that_are_not_there_are_looked_for_by_name(home: Home, logs: Path) -> None:
    with pytest.raises(NotFound, match=r"no logs of Claude Code or Codex; they would be in .*/claude/"):
        sync(home)
    write(logs / "codex/sessions/r.jsonl", codex_meta("c1"))
    assert (sync(home).sources, [each.title for each in home.services.agent_logs.found()]) == (
        ["codex@laptop"],
        ["Codex"],
    )
    with pytest.raises(NotFound, match="Claude Code"):
        sync(home, "codex", "claude-code")


def test_no_import_takes_the_name_of_a_log(home: Home) -> None:
    with pytest.raises(Exception, match="cannot be the name of a source"):
        home.services.imports.run(ImportRequest(("x.csv",), source="Codex@laptop"))


# Whatever is copied, split, repeated or read in any order

line = st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans())
"""A line of one of four messages, with so much usage, perhaps in a side chain."""
Runs = Sequence[dict[int, list[tuple[int, int, bool]]]]
runs = st.lists(st.dictionaries(st.integers(0, 2), st.lists(line, max_size=4), max_size=3), min_size=1, max_size=4)
"""What the files that change say before each reading."""


@given(runs)
def test_each_message_counts_once_with_its_largest_usage(
    runs: Sequence[dict[int, list[tuple[int, int, bool]]]],
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        use_home(patch, Path(folder))
        address = Path(folder) / "budget.db"
        empty(address)
        home = home_at(address, TODAY)
        largest: dict[int, int] = {}
        for number, files in enumerate([{9: []}, *runs]):
            for name, lines in files.items():
                written = [
                    claude_line(
                        f"m{message}", usage={"output_tokens": tokens}, isSidechain=side, requestId=f"r{number}"
                    )
                    for message, tokens, side in lines
                ]
                write(Path(folder) / f"claude/projects/p/{name}.jsonl", *written)
                for message, tokens, _ in lines:
                    largest[message] = max(tokens, largest.get(message, 0))
            sync(home)
            counted = home.rows("SELECT coalesce(sum(tokens), 0), coalesce(sum(charges), 0) FROM cost")
            assert counted == [(sum(largest.values()), len(largest))]
        for _ in home.services.audit.newest(100):
            home.services.undo.undo()
        assert costs(home) == []


@given(st.permutations(range(5)), st.lists(st.booleans(), min_size=5, max_size=5), st.sets(st.integers(0, 4)))
def test_forked_sessions_count_once_in_any_order(
    order: Sequence[int], together: Sequence[bool], unread: set[int]
) -> None:
    """A session, two forks of it, a fork of a fork, and a copy: read in any order, some at once, and some never."""
    of_b = (codex_meta("b", forked_from_id="a"), codex_meta("a"))
    files = [
        ([codex_meta("a")], {100: "", 300: "", 350: "a"}),
        ([*of_b], {100: "", 300: "", 400: "b"}),
        ([codex_meta("c", forked_from_id="a")], {100: "", 300: "", 500: "c"}),
        ([codex_meta("d", forked_from_id="b"), *of_b], {100: "", 300: "", 400: "b", 700: "d"}),
        ([codex_meta("a")], {100: "", 300: ""}),
    ]
    spent = {}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        use_home(patch, Path(folder))
        address = Path(folder) / "budget.db"
        empty(address)
        home = home_at(address, TODAY)
        for at in (each for each in order if each not in unread):
            metas, sums = files[at]
            write(Path(folder) / f"codex/sessions/{at}.jsonl", *metas, codex_turn(), *map(codex_sum, sums))
            for total, before in zip(sums, [0, *sums], strict=False):
                spent[total, sums[total]] = total - before
            if not together[at]:
                sync(home)
        if spent:
            sync(home)
        counted = home.rows("SELECT coalesce(sum(tokens), 0), coalesce(sum(charges), 0) FROM cost")
        assert counted == [(sum(spent.values()), len(spent))]
