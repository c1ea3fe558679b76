"""The interface of channels, and the channels of a machine."""

import os
from collections.abc import Mapping
from datetime import datetime, time
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from budget_tui.config.paths import from_home
from budget_tui.config.settings import ChannelSettings, InvalidChannel

SEND_SECONDS = 20
"""The time that one attempt may take."""


class DeliveryError(Exception):
    """An attempt to send a message failed, for the reason given; it contains no secret."""


class Outgoing(NamedTuple):
    """A message on its way: its id, a title, what happened as text, and all of it as JSON.

    ``details`` are the lines below the text: why, how far costs are known, and the command that helps.
    """

    message_id: str
    title: str
    text: str
    document: str
    details: str = ""

    @property
    def body(self) -> str:
        """The text with its details, for people."""
        return f"{self.text}\n{self.details}".rstrip()


class Channel(Protocol):
    """A way to send messages."""

    def send(self, message: Outgoing, now: datetime) -> None:
        """Send a message at ``now``; raises `DeliveryError`. Receivers know a repetition by its id."""


class ReadyChannel(NamedTuple):
    """A channel of this machine, and the hours in which it is quiet, if any."""

    channel: Channel
    quiet_hours: tuple[time, time] | None = None

    def is_quiet_at(self, hour: time) -> bool:
        if self.quiet_hours is None:
            return False
        begin, end = self.quiet_hours
        return begin <= hour < end if begin <= end else hour >= begin or hour < end


class _Invalid:
    """A channel that cannot send, as its settings are wrong: attempts are repeated until somebody corrects them."""

    def send(self, message: Outgoing, now: datetime) -> None:
        raise DeliveryError("its settings are not valid")  # the log of other machines need not have this one's paths


def channels_of(settings: Mapping[str, ChannelSettings | InvalidChannel]) -> dict[str, ReadyChannel]:
    """Return the channels of a machine by name. What a kind of channel needs is loaded when it sends."""
    return {
        name: ReadyChannel(_Invalid())
        if isinstance(each, InvalidChannel)
        else ReadyChannel(_made(each), each.quiet_hours)
        for name, each in settings.items()
    }


def _made(settings: ChannelSettings) -> Channel:
    made: Any = import_module(f"budget_tui.channels.{settings.kind}").channel
    channel: Channel = made(settings)
    return channel


def secret_of(settings: ChannelSettings) -> str:
    """Read the channel's secret, '' if it has none; raises `DeliveryError` if it is empty or cannot be read."""
    if settings.secret_env:
        place, secret = f"environment variable {settings.secret_env}", os.environ.get(settings.secret_env, "")
    elif settings.secret_file:
        place = "file of the secret"
        try:
            secret = from_home(settings.secret_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise DeliveryError(f"the {place} cannot be read") from None
    else:
        return ""
    if not secret.strip():
        raise DeliveryError(f"the {place} is empty")
    return secret.strip()
