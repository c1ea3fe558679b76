"""The programs in a real terminal: a burst of keys, a resize, and leaving the terminal clean however they end."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from budget_tui.bootstrap import Services
from budget_tui.cli.console import exit_code_of
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.chrome import TopBar
from budget_tui.tui.run import ENDING, run_dashboard
from tests.tui.driving import allocation_of, stored, units

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "tests" / "fixtures" / "focus" / "focus-1.2-aws-synthetic.csv"
PATIENCE_SECONDS = 120  # how long anything may take on a machine that is busy; what takes longer hangs
OTHER_SCREEN_ON, OTHER_SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_ON = b"\x1b[?25h"
MOUSE_MODES = (b"1000", b"1002", b"1003", b"1015", b"1006", b"1016")


class Terminal:
    """A program in a pseudo terminal, which ``controls`` its session, and everything that it wrote there."""

    def __init__(self, *arguments: str, environment: dict[str, str], columns: int, lines: int, controls: bool) -> None:
        self._master, self._slave = pty.openpty()
        self.resize(columns, lines)
        self.settings_before = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "budget_tui", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controls else None,
        )
        self.written = b""

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._slave)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        """All at once, as a paste or a script does."""
        os.write(self._master, text.encode())

    def until(self, *texts: str) -> None:
        """Wait until each of ``texts`` was written."""
        self._read_until(lambda: all(text in self.shown for text in texts), f"{texts} to be shown")

    def until_shown(self, pattern: str) -> None:
        self._read_until(lambda: re.search(pattern, self.shown) is not None, f"{pattern} to be shown")

    @property
    def shown(self) -> str:
        """What was written, without the control sequences."""
        return re.sub(r"\x1b\[[0-9;?<>=$]*[A-Za-z]", "", self.written.decode(errors="replace"))

    def until_stopped(self) -> None:
        pid = self.process.pid
        self._read_until(lambda: os.waitpid(pid, os.WNOHANG | os.WUNTRACED)[0] == pid, "the suspension")

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        self._read_until(lambda: self.process.poll() is not None, "the end")
        self._read()
        assert self.process.returncode is not None
        return self.process.returncode

    def _read_until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"waited for {what}, got: {self.shown[-2000:]}"
            self._read(0.05)

    def _read(self, seconds: float = 0.0) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            try:
                self.written += os.read(self._master, 65536)
            except OSError:  # the other end is closed
                return

    def hang_up(self) -> None:
        """The window is closed, the connection lost."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.hang_up()


def environment_of(database: Path, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "BUDGET_TUI_DB": str(database),
        "BUDGET_TUI_AS_OF": "2026-01-13",
    }


@pytest.fixture
def in_terminal(database: Path, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Runs the program on the example in a terminal."""
    opened: list[Terminal] = []
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def run(*arguments: str, columns: int = 110, lines: int = 30, controls: bool = True) -> Terminal:
        environment = environment_of(database, tmp_path) | {"TMPDIR": str(temporary)}
        opened.append(Terminal(*arguments, environment=environment, columns=columns, lines=lines, controls=controls))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


def assert_left_clean(terminal: Terminal) -> None:
    written = terminal.written
    assert written.count(OTHER_SCREEN_ON) == 1
    last_on = written.rindex(OTHER_SCREEN_ON)
    assert written.rindex(OTHER_SCREEN_OFF) > last_on
    assert written.rindex(CURSOR_ON) > last_on
    for mode in MOUSE_MODES:
        if b"\x1b[?" + mode + b"h" in written:
            assert written.rindex(b"\x1b[?" + mode + b"l") > written.rindex(b"\x1b[?" + mode + b"h"), mode
    assert terminal.settings[:4] == terminal.settings_before[:4], "echo and line by line again"
    assert "Traceback" not in terminal.shown


def test_the_dashboard_leaves_the_terminal_clean_when_told_to_end(in_terminal: Callable[..., Terminal]) -> None:
    terminal = in_terminal()
    terminal.until("$500.00", "Available today")
    assert b"\x1b[?1000h" in terminal.written, "the dashboard takes the mouse"
    terminal.process.terminate()
    terminal.ended()
    assert_left_clean(terminal)


def test_a_dashboard_that_was_suspended_is_drawn_again(in_terminal: Callable[..., Terminal]) -> None:
    terminal = in_terminal()
    terminal.until("$500.00", "Available today")
    terminal.type("\x1a")
    terminal.until_stopped()
    assert terminal.written.rindex(OTHER_SCREEN_OFF) > terminal.written.rindex(OTHER_SCREEN_ON)
    terminal.written = b""
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until("$500.00", "Available today")


@pytest.mark.parametrize("sent", ENDING)
def test_the_monitor_leaves_the_terminal_clean_when_told_to_end(
    in_terminal: Callable[..., Terminal], sent: signal.Signals
) -> None:
    terminal = in_terminal("monitor", columns=40, lines=10)
    terminal.until("January", "unallocated")
    terminal.process.send_signal(sent)
    terminal.ended()
    assert_left_clean(terminal)


def test_a_monitor_that_is_killed_has_not_taken_the_mouse(in_terminal: Callable[..., Terminal], database: Path) -> None:
    before = database.read_bytes()
    terminal = in_terminal("monitor", columns=40, lines=10)
    terminal.until("unallocated")
    terminal.resize(60, 12)
    terminal.type("xe1+")
    terminal.until("VideoNest API")
    terminal.process.kill()
    terminal.ended()
    for mode in MOUSE_MODES:
        assert b"\x1b[?" + mode + b"h" not in terminal.written
    assert database.read_bytes() == before


def test_bursts_of_keys_in_a_real_terminal(in_terminal: Callable[..., Terminal], services: Services) -> None:
    terminal = in_terminal()
    terminal.until("$500.00", "Available today")
    terminal.type("e650\r2e170\t+5\r")
    terminal.until("PCC: $150.00 → $155.00")
    terminal.type("[q")
    assert terminal.ended() == 0
    assert_left_clean(terminal)
    assert stored(services).total.allocation == units(650)
    assert allocation_of(services, "python-api") == units(170)
    assert allocation_of(services, "pcc") == units(155)


def test_ending_while_an_import_reads_keeps_nothing_of_it(
    in_terminal: Callable[..., Terminal], services: Services, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    for number in range(800):
        shutil.copyfile(EXPORT, exports / f"{number:03}.csv")
    terminal = in_terminal()
    terminal.until("$500.00", "Available today")
    terminal.type(f"i{exports}\r")
    terminal.until_shown(r"[1-9]%")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.ended()
    assert_left_clean(terminal)
    assert not services.costs.unmapped()


@pytest.mark.parametrize("arguments", [[], ["monitor"]])
@pytest.mark.parametrize("controls", [True, False], ids=["by a signal", "without a signal"])
def test_a_lost_terminal_ends_the_program(
    in_terminal: Callable[..., Terminal], arguments: list[str], controls: bool
) -> None:
    terminal = in_terminal(*arguments, controls=controls)
    terminal.until("unallocated" if arguments else "Available today")
    terminal.hang_up()
    terminal.process.wait(PATIENCE_SECONDS)


IN_A_BURST = """
import os, sys
from importlib import import_module
from budget_tui.cli.main import run

master, module, name, *arguments = sys.argv[1:]
module = import_module(module)

class Cut(getattr(module, name)):
    def on_ready(self):
        os.close(int(master))
        for _ in range(200):  # more than what waits for a terminal that is slow
            self.bell()

setattr(module, name, Cut)
sys.exit(run(arguments))
"""
"""A program whose terminal, the other end of ``master``, is closed between two things that it writes."""


@pytest.mark.parametrize(
    ("app", "arguments"),
    [
        ("budget_tui.tui.app BudgetApp", []),
        ("budget_tui.tui.monitor MonitorApp", ["monitor"]),
        ("budget_tui.tui.dialogs.manual ManualApp", ["manual", "planning"]),
    ],
)
def test_a_terminal_that_is_lost_in_a_burst_of_output_ends_the_program(
    database: Path, tmp_path: Path, app: str, arguments: list[str]
) -> None:
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", IN_A_BURST, str(master), *app.split(), *arguments],
        cwd=ROOT,
        env=environment_of(database, tmp_path),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        pass_fds=[master],
        start_new_session=True,
    )
    os.close(slave)
    os.close(master)
    try:
        assert program.wait(PATIENCE_SECONDS) == 0
    finally:
        program.kill()
        program.wait()


def test_the_demonstration_leaves_nothing_behind(
    in_terminal: Callable[..., Terminal], database: Path, tmp_path: Path
) -> None:
    before = database.read_bytes()
    terminal = in_terminal("demo")
    terminal.until("demonstration", "$2,000.00", "Available today")
    assert list((tmp_path / "temporary").iterdir())
    terminal.process.terminate()
    terminal.ended()
    assert_left_clean(terminal)
    assert "To begin for real, run budget-tui" in terminal.shown
    assert not list((tmp_path / "temporary").iterdir())
    assert database.read_bytes() == before


def test_what_nobody_expected_ends_the_dashboard_in_one_line(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr(BudgetApp, "get_driver_class", lambda _: HeadlessDriver)
    monkeypatch.setattr(TopBar, "render", broken)
    assert exit_code_of(lambda: run_dashboard(services)) == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "error: unexpected ZeroDivisionError: nobody thought of it" in err
    assert "Traceback" not in out


def test_a_widget_that_fails_as_the_dashboard_ends_does_not_make_the_end_an_error(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def removed_meanwhile(bar: TopBar) -> None:
        bar.app.exit()
        raise ZeroDivisionError("its parts are gone")

    monkeypatch.setattr(BudgetApp, "get_driver_class", lambda _: HeadlessDriver)
    monkeypatch.setattr(TopBar, "render", removed_meanwhile)
    assert exit_code_of(lambda: run_dashboard(services)) == 0
    assert capsys.readouterr() == ("", "")
