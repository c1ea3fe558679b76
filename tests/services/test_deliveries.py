"""Queued messages through the channels of a machine: each arrives once, late rather than never."""

import hmac
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from budget_tui.channels.base import ReadyChannel, channels_of
from budget_tui.config.settings import ChannelSettings, load_settings
from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.errors import Refused
from budget_tui.services import watching
from budget_tui.services.alerts import NewRule
from budget_tui.services.organizations import NewOrganization
from tests.services.conftest import Home


class Receiver:
    """A server on loopback that answers with the given statuses, one after the other, then with 204."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.requests = list(statuses), list[tuple[dict[str, str], bytes]]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(500, 503)
    yield made
    made.close()


def crossed(home: Home, *channels: str, moment: str = "2026-01-13T12:00") -> Home:
    """A project that has just spent 85% of its budget, with a rule that reports it."""
    home = home.at(moment)
    home.budget("500")
    home.add("pcc", allocate="100")
    home.services.alerts.add(NewRule(AlertKind.SHARE, ("80",), "pcc", channels=channels))
    home.services.alerts.evaluate()
    home.spend("pcc", "85")
    assert any(message.channels for message in home.services.alerts.evaluate().messages)
    return home


def state(home: Home) -> list[tuple[str, str, int]]:
    """The deliveries, with their attempts."""
    return [
        (each.channel, each.state, each.attempts)
        for message in home.services.alerts.messages()
        for each in message.deliveries
    ]


def writing_to(path: Path) -> ChannelSettings:
    """A command that appends what it gets to a file."""
    program = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
    return ChannelSettings(command=f'{sys.executable} -S -c "{program}" {path}')


def test_an_empty_secret_sends_nothing_unsigned(
    home: Home, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("\n")
    monkeypatch.setenv("BUDGET_SECRET", " \n")
    in_file = ChannelSettings(webhook=receiver.url, secret_file=str(tmp_path / "secret"))
    hooks = channels_of({"file": in_file, "env": ChannelSettings(webhook=receiver.url, secret_env="BUDGET_SECRET")})
    failed = crossed(home, "file", "env").services.deliveries.send_due(hooks)
    assert sorted(attempt.error for attempt in failed) == [
        "the environment variable BUDGET_SECRET is empty",
        "the file of the secret is empty",
    ]


@pytest.mark.parametrize("path", ["/nowhere/secret", "~nobody-of-that-name/secret"])
def test_a_secret_that_cannot_be_read_fails_the_attempt_alone(home: Home, receiver: Receiver, path: str) -> None:
    hook = channels_of({"hook": ChannelSettings(webhook=receiver.url, secret_file=path)})
    [failed] = crossed(home, "hook").services.deliveries.send_due(hook)
    assert failed.error == "the file of the secret cannot be read"


@pytest.mark.both_engines
def test_a_webhook_that_fails_twice_gets_it_the_third_time(
    home: Home, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    hook = channels_of({"hook": ChannelSettings(webhook=receiver.url, secret_file=str(secret))})
    home = crossed(home, "hook")
    [failed] = home.services.deliveries.send_due(hook)
    assert failed.error == "the webhook answered 500"
    assert home.services.deliveries.send_due(hook) == []  # it is not due yet
    secret.write_text("second\n")
    later = home.at("2026-01-13T12:01")
    assert [attempt.error for attempt in later.services.deliveries.send_due(hook)] == ["the webhook answered 503"]
    assert state(later) == [("hook", "queued", 2)]
    latest = home.at("2026-01-13T12:02")
    assert [attempt.error for attempt in latest.services.deliveries.send_due(hook)] == [""]
    assert state(latest) == [("hook", "sent", 3)]
    assert latest.services.deliveries.send_due(hook) == []

    bodies = {body for _, body in receiver.requests}
    assert len(bodies) == 1  # it is frozen
    [body] = bodies
    document = json.loads(body)
    assert document["sentence"] == "pcc has spent 85% of $100.00 for January 2026: $15.00 left"
    for (headers, _), key, seconds in zip(
        receiver.requests, ("first", "second", "second"), (1768305600, 1768305660, 1768305720), strict=True
    ):
        assert headers["X-Budget-Tui-Message"] == document["message_id"]
        digest = hmac.new(key.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
        assert headers["X-Budget-Tui-Signature"] == f"t={seconds},v1={digest}"


@pytest.mark.both_engines
def test_what_holds_no_longer_when_it_is_sent_says_so(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    home = crossed(home, "phone")
    [failed] = home.services.deliveries.send_due(channels_of({"phone": ChannelSettings(command="/nowhere/phone")}))
    assert failed.error
    later = home.at("2026-01-13T12:01")
    later.services.undo.undo()
    later.services.alerts.evaluate()
    [sent] = later.services.deliveries.send_due(channels_of({"phone": writing_to(out)}))
    body = json.loads(out.read_text())
    sentence = "pcc has spent 85% of $100.00 for January 2026: $15.00 left"
    assert (body["sentence"], body["still_true"]) == (sentence, False)
    assert sent.sentence == f"{sentence} (no longer)"


def test_a_redirect_is_no_delivery_and_a_channel_that_fails_is_left_alone(home: Home, receiver: Receiver) -> None:
    receiver.statuses[:] = [302]
    hook = channels_of({"hook": ChannelSettings(webhook=receiver.url)})
    home = crossed(home, "hook")
    home.services.alerts.add(NewRule(AlertKind.SHARE, ("95",), "pcc", channels=("hook",)))
    home.services.alerts.evaluate()
    home.spend("pcc", "11")
    home.services.alerts.evaluate()
    assert [attempt.error for attempt in home.services.deliveries.send_due(hook)] == ["the webhook answered 302"]
    assert len(receiver.requests) == 1
    assert {each[1] for each in state(home)} == {"queued"}
    assert len(home.at("2026-01-13T12:06").services.deliveries.send_due(hook)) == 2


def test_what_fails_for_three_days_is_undelivered(home: Home) -> None:
    broken = channels_of({"phone": ChannelSettings(command="/nonexistent/program")})
    home = crossed(home, "phone")
    moments = ["2026-01-13T12:00", "2026-01-13T18:00", "2026-01-15T12:00", "2026-01-16T11:59", "2026-01-16T13:00"]
    for moment in moments:
        home.at(moment).services.deliveries.send_due(broken)
    assert state(home) == [("phone", "undelivered", 4)]


def test_only_who_has_the_channel_sends(home: Home, tmp_path: Path) -> None:
    home = crossed(home, "phone", "mail")
    out = tmp_path / "out"
    home.services.deliveries.send_due(channels_of({"phone": writing_to(out)}))
    assert state(home) == [("mail", "queued", 0), ("phone", "sent", 1)]
    late = home.at("2026-01-16T12:01")
    assert state(late) == [("mail", "undelivered", 0), ("phone", "sent", 1)]
    assert late.services.deliveries.send_due(channels_of({"mail": writing_to(out)})) == []
    assert out.read_text().count("\n") == 1


@pytest.mark.both_engines
def test_eight_senders_at_once_send_once(home: Home, tmp_path: Path) -> None:
    home, out = crossed(home, "phone"), tmp_path / "out"
    phone = channels_of({"phone": writing_to(out)})
    homes = [home.at("2026-01-13T12:00") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        attempts = [*pool.map(lambda each: each.services.deliveries.send_due(phone), homes)]
    assert sum(map(len, attempts)) == 1
    assert out.read_text().count("\n") == 1


def test_who_is_killed_while_sending_is_replaced_once_the_claim_is_over(home: Home, tmp_path: Path) -> None:
    home, out = crossed(home, "phone"), tmp_path / "out"

    class Killed(BaseException):
        pass

    class Killing:
        def send(self, message: Any, now: Any) -> None:
            raise Killed

    [ready] = channels_of({"phone": writing_to(out)}).values()
    with pytest.raises(Killed):
        home.services.deliveries.send_due({"phone": ready._replace(channel=Killing())})
    assert home.at("2026-01-13T12:04").services.deliveries.send_due({"phone": ready}) == []
    [attempt] = home.at("2026-01-13T12:06").services.deliveries.send_due({"phone": ready})
    assert json.loads(out.read_text())["message_id"] == attempt.message.message_id
    assert state(home) == [("phone", "sent", 1)]


def test_quiet_hours_hold_back_and_end_with_a_digest(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    home = crossed(home, "phone", moment="2026-01-13T23:00")
    home.add("web", allocate="100")
    home.services.alerts.add(NewRule(AlertKind.SHARE, ("50",), "web", channels=("phone",)))
    home.services.alerts.evaluate()
    home.spend("web", "60")
    home.services.alerts.evaluate()
    [ready] = channels_of({"phone": writing_to(out)}).values()
    quiet = {
        "phone": channels_of({"phone": ChannelSettings(desktop=True, quiet="22:00-07:00")})["phone"]._replace(
            channel=ready.channel
        )
    }
    assert home.services.deliveries.send_due(quiet) == []
    night = home.at("2026-01-14T06:59")
    night.allocate("web", "200")
    night.services.alerts.evaluate()
    assert night.services.deliveries.send_due(quiet) == []
    morning = home.at("2026-01-14T07:00")
    assert len(morning.services.deliveries.send_due(quiet)) == 2
    digest = json.loads(out.read_text())
    assert [(each["entity_id"], each["still_true"], each["period_start"]) for each in digest["messages"]] == [
        ("pcc", True, "2026-01-01"),
        ("web", False, "2026-01-01"),
    ]
    assert digest["sentence"].endswith("$40.00 left (no longer)")
    assert {each[:2] for each in state(morning)} == {("phone", "sent")}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise's own
def test_apprise_reaches_what_it_knows_and_no_secret_is_told(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.statuses.clear()
    monkeypatch.setenv("TOKEN", "hush")
    address = receiver.url.removeprefix("http://")
    service = channels_of({"chat": ChannelSettings(apprise=f"json://{address}{{secret}}", secret_env="TOKEN")})
    home = crossed(home, "chat")
    assert [attempt.error for attempt in home.services.deliveries.send_due(service)] == [""]
    [(_, body)] = receiver.requests
    assert json.loads(body)["message"].splitlines() == [
        "pcc has spent 85% of $100.00 for January 2026: $15.00 left",
        "$85.00 on Jan 13, 26 times an even day's share",
        "data through Jan 13, 2026",
        "budget-tui cover pcc",
    ]
    receiver.statuses.append(500)
    wrong = channels_of({"chat": ChannelSettings(apprise="json://127.0.0.1:1/{secret}", secret_env="TOKEN")})
    with pytest.raises(Exception, match=r"^the service did not take it$"):
        home.services.deliveries.test("chat", wrong["chat"])


@pytest.mark.parametrize(
    "content",
    [
        "[channels.phone]\ncommand = 'a'\nwebhook = 'b'",
        "[channels.phone]\nquiet = '22:00-07:00'",
        "[channels.phone]\ncommand = 'a'\nquiet = 'at night'",
        "[channels.phone]\ncommand = 'a'\nsecret = 'open'",
        "[channels.phone]\ndesktop = 'yes'",
        "channels.phone = 5",
    ],
)
def test_a_channel_that_is_wrong_is_named_and_stops_no_other(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"step = '5'\n{content}\n[channels.desk]\ndesktop = true\n")
    loaded = load_settings(path)
    [problem] = loaded.channel_problems
    assert "channel 'phone'" in problem
    assert str(path) in problem
    assert (loaded.step, loaded.channels["desk"]) == ("5", ChannelSettings(desktop=True))


@pytest.mark.parametrize("content", ["channels = 'phone'", "bell = 'loud'"])
def test_settings_that_are_wrong_are_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    with pytest.raises(Refused, match=str(path)):
        load_settings(path)


def test_names_of_channels_are_all_that_a_database_can_bring(home: Home, tmp_path: Path) -> None:
    """A rule that names a command, a URL or a path runs and reaches nothing."""
    out = tmp_path / "smuggled"
    home = crossed(home, f"touch {out}", f"json://127.0.0.1/{out}", "../../etc/passwd")
    assert home.services.deliveries.send_due(channels_of({"phone": writing_to(tmp_path / "out")})) == []
    assert not out.exists()
    assert {each[1] for each in state(home)} == {"queued"}


@pytest.mark.both_engines
def test_a_server_looks_after_every_organization(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What other programs write is noticed, decided and sent by a thread beside what is served."""
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.01)
    arrived = Event()

    class Phone:
        def send(self, message: Any, now: Any) -> None:
            arrived.set()

    home = crossed(home, "phone")
    home.services.organizations.add(NewOrganization("acme"))
    with watching.WatcherThread(home.services.context, {"phone": ReadyChannel(Phone())}):
        assert arrived.wait(30)
        arrived.clear()
        home.services.alerts.add(NewRule(AlertKind.SHARE, ("98",), "pcc", channels=("phone",)))
        while not home.services.alerts.rules()[-1].rule.seeded:
            arrived.wait(0.01)
        home.spend("pcc", "13")
        assert arrived.wait(30)
    assert [each[1] for each in state(home)] == ["sent", "sent"]
