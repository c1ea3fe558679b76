"""Logs of agents' programs: what each line tells, and what it seems to tell."""

import os
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from shutil import which
from subprocess import run

import pytest
from genai_prices import Usage, calc_price

from budget_tui.domain.agent_logs import Message, MessageTokens, add_to
from budget_tui.domain.amount import nanos_of
from budget_tui.domain.errors import Refused
from budget_tui.sources.agent_logs.base import LogLines, log_files, place_of, reader_named
from budget_tui.sources.built_in_prices import built_in_rates
from tests.agent_logs import SONNET, claude_line, codex_meta, codex_sum, codex_turn, use_home, write

CACHED = {
    "input_tokens": 6,
    "cache_creation_input_tokens": 1200,
    "cache_read_input_tokens": 22000,
    "output_tokens": 384,
    "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 1000},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_home(monkeypatch, tmp_path)
    return tmp_path


def read(program: str, path: Path, unreadable: int = 0) -> list[Message]:
    lines = LogLines()
    messages = [*reader_named(program).read(path, lines)]
    assert lines.unreadable == unreadable
    return messages


def claude(tmp_path: Path, *lines: object, unreadable: int = 0, end: str = "\n") -> list[Message]:
    return read("claude-code", write(tmp_path / "s.jsonl", *lines, end=end), unreadable)


def codex(tmp_path: Path, *lines: object, name: str = "r", unreadable: int = 0) -> list[tuple[str, MessageTokens]]:
    return [
        (each.message_id, each.tokens) for each in read("codex", write(tmp_path / f"{name}.jsonl", *lines), unreadable)
    ]


# Claude Code


def test_a_message_tells_its_tokens_by_kind(tmp_path: Path) -> None:
    [found] = claude(tmp_path, {"type": "user"}, claude_line(usage=CACHED))
    at = datetime(2026, 1, 10, 8, tzinfo=UTC)
    tokens = MessageTokens(6, 22000, 200, 1000, 384)
    assert found == Message("msg_1", at, SONNET, "anthropic", tokens, "/home/a/pcc")
    [older] = claude(tmp_path, claude_line(usage={**CACHED, "cache_creation": None}))
    assert older.tokens == MessageTokens(6, 22000, 1200, 0, 384)


def test_what_is_no_message_counts_nothing(tmp_path: Path) -> None:
    nothing = claude_line(usage={"input_tokens": 0, "output_tokens": 0})
    told = {"type": "user", "message": {"content": 'he said "usage"'}}
    assert claude(tmp_path, claude_line(model="<synthetic>"), nothing, told, {"usage": 5}, "", '"usage"'[:0]) == []


def test_lines_that_nobody_understands_are_counted_but_for_a_last_one_half_written(tmp_path: Path) -> None:
    bad = [
        claude_line(at="yesterday"),
        claude_line(at="2026-01-10T08:00:00"),
        *(claude_line(at=f"{year}-01-01T00:00:00Z") for year in ("0001", "1969", "2200", "9999")),
        *(claude_line(usage={"input_tokens": each}) for each in (-1, 1.5, "12", True, 10**9 + 1)),
        "not JSON",
        '{"usage": }',
    ]
    half = '{"type":"assistant","message":{"usage":{"inp'
    [kept] = claude(tmp_path, *bad, claude_line(), half, unreadable=len(bad), end="")
    assert kept.message_id == "msg_1"


def test_of_all_lines_of_a_message_the_largest_counts_in_any_order(tmp_path: Path) -> None:
    grown = [
        claude_line(usage={"input_tokens": 1000, "output_tokens": each}, requestId=f"r{each}") for each in (1, 9, 100)
    ]
    replay = claude_line(isSidechain=True, requestId="other", cwd="/home/a/elsewhere", at="2026-01-10T07:00:00Z")
    for lines in permutations([*grown, replay]):
        found: dict[str, Message] = {}
        add_to(found, claude(tmp_path, *lines))
        [message] = found.values()
        assert (message.tokens, message.directory) == (MessageTokens(1000, output=100), "/home/a/pcc")


def test_models_of_compatible_services_name_their_makers(tmp_path: Path) -> None:
    models = ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "deepseek-chat", "kimi-k2")
    assert [claude(tmp_path, claude_line(model=each))[0].provider for each in models] == ["anthropic", "deepseek", ""]


def test_transcripts_lie_where_the_program_was_told_to_put_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        write(home / "one/projects/-home-a-pcc/s1.jsonl", claude_line()),
        write(home / "one/projects/-home-a-pcc/s1/subagents/agent-1.jsonl", claude_line()),
        write(home / "two/projects/p/s2.jsonl", claude_line()),
    ]
    write(home / "one/projects/p/notes.txt", "x")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{home}/one, {home}/two,{home}/one,{home}/none")
    assert sorted(each.path for each in log_files(reader_named("claude-code"))) == sorted(paths)
    monkeypatch.delenv("CLAUDE_CONFIG_DIR")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    usual = [write(home / each / "projects/p/s.jsonl", claude_line()) for each in (".claude", ".config/claude")]
    assert [each.path for each in log_files(reader_named("claude-code"))] == usual
    with pytest.raises(Refused, match="choose claude-code or codex"):
        reader_named("emacs")


# Codex


def test_only_rises_of_the_sum_count(tmp_path: Path) -> None:
    found = codex(
        tmp_path,
        codex_meta("c1"),
        codex_turn(),
        codex_sum(1000, 800, 50),
        codex_sum(1000, 800, 50),  # told again, for the limits beside it
        {"type": "event_msg", "payload": {"type": "token_count", "info": None}},
        codex_sum(3000, 2000, 150),
        codex_sum(400, 0, 10),  # it began anew
        codex_sum(400, 0, 10),
        codex_sum(-5),
        unreadable=1,
    )
    assert [tokens for _, tokens in found] == [
        MessageTokens(200, 800, output=50),
        MessageTokens(800, 1200, output=100),
        MessageTokens(400, 0, output=10),
    ]
    assert len({message_id for message_id, _ in found}) == 3


def test_the_model_and_the_directory_are_those_of_the_turn(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl",
        codex_meta("c1"),
        codex_sum(10),
        codex_turn("GPT-5-Codex", cwd="/home/a/web"),
        codex_sum(20),
    )
    assert [(each.model, each.provider, each.directory) for each in read("codex", path)] == [
        ("", "openai", "/home/a/pcc"),
        ("gpt-5-codex", "openai", "/home/a/web"),
    ]


def test_the_tier_is_that_of_the_settings_in_force(tmp_path: Path) -> None:
    def settings(**stated: str | None) -> dict[str, object]:
        return {"type": "event_msg", "payload": {"type": "thread_settings_applied", "thread_settings": stated}}

    lines = [codex_meta("c1"), codex_turn(), codex_sum(10), settings(service_tier="priority"), codex_sum(20)]
    lines += [codex_turn(), codex_sum(30), settings(model="gpt-5-codex"), codex_sum(40), settings(service_tier="new")]
    lines += [
        codex_sum(50),
        codex_turn(service_tier="flex"),
        codex_sum(60),
        codex_turn(service_tier=None),
        codex_sum(70),
    ]
    tiers = [each.tier for each in read("codex", write(tmp_path / "r.jsonl", *lines))]
    assert tiers == ["", "fast", "fast", "", "", "flex", ""]


@pytest.mark.parametrize(
    "fork", [{"forked_from_id": "c1"}, {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "c1"}}}}]
)
def test_a_fork_names_the_events_of_its_parent(tmp_path: Path, fork: dict[str, object]) -> None:
    own = [codex_turn(), codex_sum(1000, 800, 50), codex_sum(3000, 2000, 150)]
    path = write(tmp_path / "f.jsonl", codex_meta("c2", **fork), codex_meta("c1"), *own, codex_sum(3500, 2000, 160))
    parents = {message_id for message_id, _ in codex(tmp_path, codex_meta("c1"), *own)}
    assert [each.copy_of in parents for each in read("codex", path)] == [True, True, False]


def test_a_fork_of_a_fork_names_the_events_of_the_session_that_it_began_in(tmp_path: Path) -> None:
    metas = codex_meta("c3", forked_from_id="c2"), codex_meta("c2", forked_from_id="c1"), codex_meta("c1")
    path = write(tmp_path / "f.jsonl", *metas, codex_turn(), codex_sum(1000), codex_meta("c4"), codex_sum(3000))
    assert [each.copy_of for each in read("codex", path)] == ["c1:0:1000-0-0", "c1:0:3000-0-0"]


# Places


def test_a_worktree_is_its_repository_and_a_submodule_is_none(tmp_path: Path) -> None:
    (tmp_path / "pcc/.git/worktrees/try").mkdir(parents=True)
    (tmp_path / "pcc/src").mkdir()
    for folder, link in (
        ("try", f"gitdir: {tmp_path}/pcc/.git/worktrees/try\n"),
        ("sub", "gitdir: ../pcc/.git/modules/sub"),
    ):
        (tmp_path / folder / "src").mkdir(parents=True)
        (tmp_path / folder / ".git").write_text(link)
    assert place_of(f"{tmp_path}/pcc/src/") == (f"{tmp_path}/pcc/src", "pcc")
    assert place_of(f"{tmp_path}/try/src") == (f"{tmp_path}/pcc/src", "pcc")
    assert place_of(f"{tmp_path}/sub/src") == (f"{tmp_path}/sub/src", "sub")
    assert place_of("/nowhere/here") == ("/nowhere/here", "here")
    assert place_of("C:\\work\\pcc") == ("C:\\work\\pcc", "pcc")


@pytest.mark.parametrize(
    ("repository", "root", "name"),
    [
        ("pcc.git", "pcc.git", "pcc"),
        ("pcc", "pcc", "pcc"),
        ("pcc/.bare", "pcc", "pcc"),
        ("big/.git/modules/libs/pcc", "big/.git/modules/libs/pcc", "pcc"),
    ],
)
def test_worktrees_of_a_bare_repository_belong_to_it(tmp_path: Path, repository: str, root: str, name: str) -> None:
    """Wherever they are; of a submodule's, git keeps as much as of a bare repository."""
    of_worktree = tmp_path / repository / "worktrees/try"
    of_worktree.mkdir(parents=True)
    (of_worktree / "commondir").write_text("../..\n")
    for worktree in (tmp_path / "try", tmp_path / repository / "try"):
        (worktree / "src").mkdir(parents=True)
        (worktree / ".git").write_text(f"gitdir: {of_worktree}\n")
        assert place_of(f"{worktree}/src") == (f"{tmp_path}/{root}/src", name)


@pytest.mark.skipif(which("git") is None, reason="git is not installed")
def test_what_git_writes_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        run(("git", *arguments), cwd=tmp_path, check=True, capture_output=True)

    for key, value in (("CONFIG_GLOBAL", os.devnull), ("CONFIG_NOSYSTEM", "1"), ("CEILING_DIRECTORIES", str(tmp_path))):
        monkeypatch.setenv(f"GIT_{key}", value)
    git("init", "pcc")
    git("-C", "pcc", "-c", "user.name=anna", "-c", "user.email=anna@example.org", "commit", "--allow-empty", "-m", "x")
    git("clone", "--bare", "pcc", "bare.git")
    git("clone", "--bare", "pcc", "plain")
    (tmp_path / "worktrees").mkdir()
    git("clone", "--separate-git-dir", "worktrees/apart", "pcc", "apart")
    git("init", "big")
    git("-C", "big", "-c", "protocol.file.allow=always", "submodule", "add", f"{tmp_path}/pcc", "libs/sub")
    for repository in ("pcc", "bare.git", "plain"):
        git("-C", repository, "worktree", "add", f"{tmp_path}/of-{repository}")
    for directory, root, name in (
        ("pcc", "pcc", "pcc"),
        ("of-pcc", "pcc", "pcc"),
        ("of-bare.git", "bare.git", "bare"),
        ("of-plain", "plain", "plain"),
        ("apart", "apart", "apart"),
        ("big/libs", "big/libs", "big"),
        ("big/libs/sub", "big/libs/sub", "sub"),
    ):
        assert place_of(f"{tmp_path}/{directory}/src") == (f"{tmp_path}/{root}/src", name)


def test_a_directory_that_becomes_a_repository_is_known_by_it(tmp_path: Path) -> None:
    """A program that keeps reading logs sees it, too."""
    (tmp_path / "pcc/src").mkdir(parents=True)
    assert place_of(f"{tmp_path}/pcc/src").name == "src"
    (tmp_path / "pcc/.git").mkdir()
    assert place_of(f"{tmp_path}/pcc/src").name == "pcc"


# Prices


def test_prices_are_those_of_the_day_and_of_the_tier() -> None:
    def cost(model: str, on: str, tokens: MessageTokens, tier: str = "") -> int:
        rates = built_in_rates(model, date.fromisoformat(on), tier)
        assert rates is not None
        return rates.cost_picos(tokens) // 1000

    assert cost(SONNET, "2026-01-10", MessageTokens(6, 22000, 200, 1000, 384)) == 19_128_000
    million = MessageTokens(1_000_000)
    assert (cost("o3", "2025-06-09", million), cost("o3", "2025-06-10", million)) == (10 * 10**9, 2 * 10**9)
    assert cost("claude-opus-5", "2026-10-20", million, "fast") == 10 * 10**9
    assert built_in_rates(SONNET, date(2026, 1, 10), "fast") is None
    assert built_in_rates("kimi-9000", date(2026, 1, 10)) is None


@pytest.mark.parametrize("model", [SONNET, "claude-opus-4-1-20250805", "gpt-5-codex", "deepseek-chat"])
@pytest.mark.parametrize("read_tokens", [0, 22_000, 300_000])
def test_prices_are_those_of_the_library(model: str, read_tokens: int) -> None:
    tokens = MessageTokens(1_234, read_tokens, 567, 89, 4_321)
    usage = Usage(
        input_tokens=tokens.context,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write + tokens.cache_write_1h,
        cache_write_1h_tokens=tokens.cache_write_1h,
    )
    theirs = calc_price(usage, model, genai_request_timestamp=datetime(2026, 1, 10, 12, tzinfo=UTC)).total_price
    rates = built_in_rates(model, date(2026, 1, 10))
    assert rates is not None
    assert rates.cost_picos(tokens) == nanos_of(theirs * 1000)
