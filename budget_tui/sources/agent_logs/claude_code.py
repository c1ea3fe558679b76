"""Transcripts of Claude Code: a file of JSON lines per session, and one per sub-agent."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from budget_tui.config.paths import from_home
from budget_tui.domain.agent_logs import FAST, Message, MessageTokens, provider_of, tier_called
from budget_tui.sources.agent_logs.base import LogLines, mapping, moment, text, tokens

_NO_MODEL = "<synthetic>"


class ClaudeCode:
    """Reader of the transcripts.

    A message has a line per block of its content, each with the usage so far. Resumed and branched sessions repeat
    lines of others, and a side chain may begin with its parent's. Compatible services leave out the request's id.
    """

    title = "Claude Code"

    def folders(self) -> list[Path]:
        """Return the folders of ``CLAUDE_CONFIG_DIR``, which may list several, else the usual two."""
        named = [part.strip() for part in os.environ.get("CLAUDE_CONFIG_DIR", "").split(",")]
        home = from_home("~")
        config = from_home(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        places = [from_home(part) for part in named if part] or [home / ".claude", config / "claude"]
        return [place / "projects" for place in places]

    def read(self, path: Path, lines: LogLines) -> Iterator[Message]:
        """Yield what each line reports of a message."""
        for line in lines.of(path, b'"usage"'):
            message = mapping(line.get("message"))
            usage = mapping(message.get("usage"))
            model = text(message.get("model")).strip().casefold()
            if line.get("type") != "assistant" or not usage or model == _NO_MODEL:
                continue
            try:
                counts = _tokens(usage)
                message_id = text(message.get("id")) or text(line.get("requestId")) or text(line.get("uuid"))
                at = moment(line.get("timestamp"))
            except ValueError:
                message_id = ""
            if not message_id:
                lines.unreadable += 1
            elif sum(counts):
                yield Message(
                    message_id,
                    at,
                    model,
                    provider_of(model),
                    counts,
                    text(line.get("cwd")),
                    _tier(usage),
                    line.get("isSidechain") is True,
                )


def _tokens(usage: Mapping[str, Any]) -> MessageTokens:
    by_length = mapping(usage.get("cache_creation"))
    hour = tokens(by_length, "ephemeral_1h_input_tokens")
    written = max(tokens(usage, "cache_creation_input_tokens"), tokens(by_length, "ephemeral_5m_input_tokens") + hour)
    return MessageTokens(
        tokens(usage, "input_tokens"),
        tokens(usage, "cache_read_input_tokens"),
        written - hour,
        hour,
        tokens(usage, "output_tokens"),
    )


def _tier(usage: Mapping[str, Any]) -> str:
    return FAST if usage.get("speed") == "fast" else tier_called(text(usage.get("service_tier")))
