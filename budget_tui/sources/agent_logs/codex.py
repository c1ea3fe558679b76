"""Rollouts of Codex CLI: a file of JSON lines per session, which repeats the sum of its tokens so far."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from budget_tui.config.paths import from_home
from budget_tui.domain.agent_logs import FAST, Message, MessageTokens, provider_of, tier_called
from budget_tui.sources.agent_logs.base import MOST_TOKENS, LogLines, mapping, moment, text, tokens_of_session

_MARKS = (b"token_count", b"turn_context", b"session_meta", b"thread_settings_applied")


class _Sum(NamedTuple):
    """Tokens of a session so far. The input includes what was cached, the output what was reasoned."""

    input: int = 0
    cached: int = 0
    output: int = 0

    @classmethod
    def of(cls, usage: Mapping[str, Any]) -> "_Sum":
        names = ("input_tokens", "cached_input_tokens", "output_tokens")
        return cls(*(tokens_of_session(usage, name) for name in names))

    @property
    def total(self) -> int:
        return self.input + self.output


class Codex:
    """Reader of the rollouts.

    A rise of the sum is a message, known by the session and the sum that it led to. The same event may come again, and
    then the sum has not risen; when it falls, it begins anew. A forked session begins with its parent's events, and so
    does that one if it is a fork, too: what they repeat is known by the session that it began in, whichever are read.
    """

    title = "Codex"

    def folders(self) -> list[Path]:
        """Return the folders of sessions, archived ones as well."""
        home = from_home(os.environ.get("CODEX_HOME") or "~/.codex")
        return [Path(home, "sessions"), Path(home, "archived_sessions")]

    def read(self, path: Path, lines: LogLines) -> Iterator[Message]:
        """Yield the rises of the sum."""
        session = origin = ""
        directory = model = provider = tier = ""
        before, resets = _Sum(), 0
        for line in lines.of(path, *_MARKS):
            payload = mapping(line.get("payload"))
            match line.get("type"):
                case "session_meta" if not session:
                    session, origin = text(payload.get("id")) or path.stem, _parent(payload)
                    directory = text(payload.get("cwd"))
                    provider = text(payload.get("model_provider")) or "openai"
                case "session_meta" if not before.total and not resets:  # a fork's is followed by those above it
                    origin = _parent(payload) or text(payload.get("id")) or origin
                case "turn_context":
                    model = text(payload.get("model")).strip().casefold() or model
                    directory = text(payload.get("cwd")) or directory
                    if "service_tier" in payload:
                        tier = _tier(payload)
                case "event_msg" if payload.get("type") == "thread_settings_applied":  # all of them, as they are now
                    tier = _tier(mapping(payload.get("thread_settings")))
                case "event_msg" if payload.get("type") == "token_count":
                    usage = mapping(payload.get("info")).get("total_token_usage")
                    if usage is None:
                        continue
                    try:
                        now, at = _Sum.of(mapping(usage)), moment(line.get("timestamp"))
                    except ValueError:
                        lines.unreadable += 1
                        continue
                    if now.total < before.total:
                        before, resets = _Sum(), resets + 1
                    rise, before = _Sum(*(max(0, b - a) for a, b in zip(before, now, strict=True))), now
                    if not rise.total:
                        continue
                    if max(rise) > MOST_TOKENS:
                        lines.unreadable += 1
                        continue
                    cached = min(rise.cached, rise.input)
                    event = f"{resets}:{now.input}-{now.cached}-{now.output}"
                    yield Message(
                        f"{session or path.stem}:{event}",
                        at,
                        model,
                        provider_of(model, provider or "openai"),
                        MessageTokens(rise.input - cached, cached, output=rise.output),
                        directory,
                        tier,
                        copy_of=f"{origin}:{event}" if origin not in ("", session) else "",
                    )


def _parent(meta: Mapping[str, Any]) -> str:
    """Return the session that this one was forked from, or whose sub-agent it is."""
    spawned = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
    return text(meta.get("forked_from_id")) or text(spawned.get("parent_thread_id"))


def _tier(settings: Mapping[str, Any]) -> str:
    """Return the tier of the tokens; what Codex calls its fast mode is priority to the vendor."""
    named = text(settings.get("service_tier"))
    return FAST if named == "priority" else tier_called(named)
