"""Settings of a user, in ``settings.toml`` in the configuration directory. Every setting has a default.

Plain dataclasses over the standard library's TOML parser: importing a settings library would take longer than
running ``status --line``.
"""

import os
from dataclasses import dataclass, field, fields
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from budget_tui.domain.amount import parse_amount, parse_count
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import parse_anchor, parse_kind, parse_month

_NUMBERS = ("anchor", "fiscal_start", "step", "requests_per_second")
"""Settings that may also be written as numbers."""
LOG_LEVELS = ("debug", "info", "warning", "error", "off")


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A way to send the messages of alerts from this machine: exactly one of the first four, which choose the kind."""

    command: str = ""
    """Program and its arguments; it gets the message as JSON on its standard input."""
    webhook: str = ""
    """URL that gets the message as JSON."""
    apprise: str = ""
    """URL of a service that apprise knows; ``{secret}`` in it stands for the secret."""
    desktop: bool = False
    """True for a notification on this desktop."""
    secret_file: str = ""
    """File that holds the secret: by which a webhook is signed, or which apprise's URL contains."""
    secret_env: str = ""
    """Environment variable that holds it instead."""
    quiet: str = ""
    """Hours in which nothing is sent, in the organization's time zone: ``22:00-07:00``. What they hold back comes
    afterwards, in one message."""

    @property
    def kind(self) -> str:
        """The kind of channel: command, webhook, apprise or desktop."""
        return next(name for name in CHANNEL_KINDS if getattr(self, name))

    @property
    def quiet_hours(self) -> tuple[time, time] | None:
        """The beginning and end of the quiet hours, which may span midnight."""
        if not self.quiet:
            return None
        begin, _, end = self.quiet.partition("-")
        return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())


CHANNEL_KINDS = ("command", "webhook", "apprise", "desktop")


class InvalidChannel(NamedTuple):
    """A channel whose settings are wrong, and why: only what is sent through it fails."""

    error: Refused


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings; each has its meaning below it."""

    database: str = ""
    """Path, or ``sqlite:///`` or ``postgresql://`` URL, of the database; empty: a file in the user's data directory."""
    organization: str = "default"
    """Slug of the organization that is shown."""
    currency: str = "USD"
    """ISO 4217 code for an organization that has yet to be made."""
    time_zone: str = ""
    """IANA name for an organization that has yet to be made; empty: this machine's own."""
    period: str = "monthly"
    """Period of a new organization's budget: monthly, quarterly or yearly."""
    anchor: str = "1"
    """Day of the month that its periods start on: 1 to 28, or last."""
    fiscal_start: str = "1"
    """Month that its quarters and years are counted from: 1 to 12."""
    theme: str = "budget-dark"
    """Theme of the dashboard; the command palette lists them."""
    step: str = "10"
    """Step by which ``+`` and ``-`` raise or lower an amount."""
    requests_per_second: str = "2000"
    """Requests a second that the HTTP API takes from one key; twice as many at once."""
    log_level: str = "info"
    """Least severe messages that are written to the log: ``debug``, ``info``, ``warning``, ``error`` or ``off``."""
    bell: bool = False
    """True if the dashboard is to ring the terminal's bell when an alert fires."""
    channels: dict[str, ChannelSettings | InvalidChannel] = field(default_factory=dict)
    """Channels of alerts, by the names that rules give them: ``[channels.phone]``."""
    keys: dict[str, str] = field(default_factory=dict)
    """Other keys for bindings, by their id, several separated by commas: ``"transfer" = "m,ctrl+t"``."""

    @property
    def step_nanos(self) -> int:
        return parse_amount(self.step)

    @property
    def requests_per_second_count(self) -> int:
        return parse_count(self.requests_per_second)

    @property
    def channel_problems(self) -> list[str]:
        """Problems of the channels, a line each; only commands that send need to know."""
        return [str(each.error) for each in self.channels.values() if isinstance(each, InvalidChannel)]


def load_settings(path: Path) -> Settings:
    """Read the settings in ``path``, with defaults for what is missing; raises `Refused`, which names what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the settings in {path} cannot be read", str(error)) from None
    import tomllib

    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"the settings in {path} are not TOML", str(error)) from None
    return _checked(table, path)


def _checked(given: dict[str, Any], path: Path) -> Settings:
    table = dict(given)
    known = {each.name: each for each in fields(Settings)}
    for name, value in given.items():
        if name not in known:
            raise Refused(f"{path} sets '{name}', which does not exist", f"there are: {', '.join(known)}")
        if name == "keys":
            if not isinstance(value, dict) or not all(isinstance(key, str) for key in value.values()):
                raise Refused(f"'keys' in {path} must be a table of texts", 'write lines as "project.rename" = "R"')
        elif name == "channels":
            table[name] = _channels(value, path)
        elif name == "bell":
            if not isinstance(value, bool):
                raise Refused(f"'bell' in {path} is neither true nor false", "write bell = true")
        elif name in _NUMBERS and type(value) in (int, Decimal):  # a bool is an int to Python
            table[name] = str(value)
        elif not isinstance(value, str):
            raise Refused(f"'{name}' in {path} is not a text", f'write {name} = "…"')
    settings = Settings(**table)
    if not _is_step(settings):
        raise Refused(f"'step' in {path} must be an amount above 0", 'write one such as step = "10"')
    if not _is_rate(settings):
        raise Refused(f"'requests_per_second' in {path} must be a whole number above 0", 'write one such as "2000"')
    if settings.log_level not in LOG_LEVELS:
        raise Refused(f"'log_level' in {path} is '{settings.log_level}'", f"there are: {', '.join(LOG_LEVELS)}")
    _check_periods(table, path)
    return settings


def _channels(given: object, path: Path) -> dict[str, ChannelSettings | InvalidChannel]:
    if not isinstance(given, dict):
        raise Refused(f"'channels' in {path} must be tables", "begin one with [channels.phone]")
    return {name: _channel(name, table, path) for name, table in given.items()}


def _channel(name: str, given: object, path: Path) -> ChannelSettings | InvalidChannel:
    try:
        return _checked_channel(name, given, path)
    except Refused as error:
        return InvalidChannel(error)


def _checked_channel(name: str, given: object, path: Path) -> ChannelSettings:
    if not isinstance(given, dict):
        raise Refused(f"channel '{name}' in {path} must be a table", f"begin it with [channels.{name}]")
    known = {each.name: each.type for each in fields(ChannelSettings)}
    for key, value in given.items():
        if key not in known:
            raise Refused(
                f"channel '{name}' in {path} sets '{key}', which does not exist", f"there are: {', '.join(known)}"
            )
        if not isinstance(value, bool if key == "desktop" else str):
            raise Refused(
                f"'{key}' of channel '{name}' in {path} has the wrong type", "write a text, or desktop = true"
            )
    channel = ChannelSettings(**given)
    if sum(bool(getattr(channel, kind)) for kind in CHANNEL_KINDS) != 1:
        raise Refused(f"channel '{name}' in {path} must be of one kind", f"set one of {', '.join(CHANNEL_KINDS)}")
    try:
        channel.quiet_hours  # noqa: B018
    except ValueError:
        raise Refused(f"'quiet' of channel '{name}' in {path} is '{channel.quiet}'", 'write "22:00-07:00"') from None
    return channel


def _check_periods(table: dict[str, Any], path: Path) -> None:
    """Refuse invalid periods now, not only when an organization is created."""
    if table.keys().isdisjoint({"period", "anchor", "fiscal_start", "time_zone"}):
        return
    for name, check in (("period", parse_kind), ("anchor", parse_anchor), ("fiscal_start", parse_month)):
        try:
            check(table.get(name, getattr(Settings(), name)))
        except Refused as refused:
            raise Refused(f"'{name}' in {path}: {refused.message}", refused.hint, command=refused.command) from None
    if table.get("time_zone") and not _is_zone(table["time_zone"]):
        raise Refused(f"'time_zone' in {path}: there is no '{table['time_zone']}'", "give one such as Europe/Berlin")


def _is_rate(settings: Settings) -> bool:
    try:
        return settings.requests_per_second_count > 0
    except Refused:
        return False


def _is_step(settings: Settings) -> bool:
    try:
        return settings.step_nanos > 0
    except Refused:
        return False


def local_time_zone() -> str:
    """Return the IANA name of this machine's time zone; UTC if it cannot be determined."""
    named = os.environ.get("TZ", "").lstrip(":")
    if named and _is_zone(named):
        return named
    link = os.path.realpath("/etc/localtime")
    _, found, name = link.partition("/zoneinfo/")
    return name if found else "UTC"


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return bool(ZoneInfo(name).key)
    except (ValueError, OSError, LookupError):
        return False
