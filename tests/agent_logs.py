"""Logs of agents' programs, made up line by line, where the programs would write them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SONNET = "claude-sonnet-4-5-20250929"
"""In January 2026 a million of its tokens cost $3 of input, $0.30 read from the cache, $15 of output."""


def use_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Let programs write their logs below ``home``, on a machine called laptop."""
    patch.setenv("CLAUDE_CONFIG_DIR", str(home / "claude"))
    patch.setenv("CODEX_HOME", str(home / "codex"))
    patch.setattr("socket.gethostname", lambda: "laptop.local")


def claude_line(
    message_id: str = "msg_1",
    at: str = "2026-01-10T08:00:00.000Z",
    model: str = SONNET,
    cwd: str = "/home/a/pcc",
    usage: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A line of a transcript; by default of 1,000 tokens of input and 100 of output: $0.0045."""
    usage = {"input_tokens": 1000, "output_tokens": 100} if usage is None else usage
    message = {"id": message_id, "role": "assistant", "model": model, "usage": usage}
    return {"type": "assistant", "timestamp": at, "cwd": cwd, "uuid": f"u-{message_id}", "message": message} | more


def codex_meta(session: str, cwd: str = "/home/a/pcc", **payload: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-01-10T09:00:00.000Z",
        "type": "session_meta",
        "payload": {"id": session, "cwd": cwd, **payload},
    }


def codex_turn(model: str = "gpt-5-codex", **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-01-10T09:00:01.000Z", "type": "turn_context", "payload": {"model": model, **payload}}


def codex_sum(tokens: int, cached: int = 0, output: int = 0, at: str = "2026-01-10T09:00:09.000Z") -> dict[str, Any]:
    """An event that repeats the sum of a session: so many tokens of input, of which some were cached, and output."""
    total = {"input_tokens": tokens, "cached_input_tokens": cached, "output_tokens": output}
    info = {"total_token_usage": {**total, "total_tokens": tokens + output}}
    return {"timestamp": at, "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def write(path: Path, *lines: Any, end: str = "\n") -> Path:
    """Write lines, objects or text, to a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + end)
    return path
