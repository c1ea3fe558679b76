"""The log: shared by programs, turned over once, and no reason to fail."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget_tui.config.logging import log_to

ROOT = Path(__file__).parent.parent
LOGGER = logging.getLogger("budget_tui.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The handlers and the level as they were."""
    logger = logging.getLogger("budget_tui")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_nothing_is_made_before_there_is_something_to_say(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.log"
    log_to(path, "warning", verbose=False)
    LOGGER.info("not this")
    assert not path.parent.exists()
    LOGGER.warning("this\nin one line")
    [line] = path.read_text().splitlines()
    assert line.endswith("budget_tui.test: this in one line")


@pytest.mark.parametrize("verbose", [False, True])
def test_a_name_moves_no_cursor_and_forges_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    log_to(tmp_path / "x.log", "info", verbose=verbose)
    LOGGER.warning("%s: refused", "a\x1b[2J\nWARNING forged: \u202eb")
    for text in ((tmp_path / "x.log").read_text(), *([capsys.readouterr().err] if verbose else [])):
        [line] = text.splitlines()
        assert line.isprintable()
        assert "a\\x1b[2J WARNING forged: \\u202eb: refused" in line


def test_off_is_off(tmp_path: Path) -> None:
    log_to(tmp_path / "x.log", "off", verbose=False)
    LOGGER.critical("nobody hears this")
    assert list(tmp_path.iterdir()) == []


def test_it_is_its_owners_also_one_that_was_not(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.log"
    log_to(path, "info", verbose=False)
    LOGGER.info("a name and an amount")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o644)
    LOGGER.info("another")
    assert path.stat().st_mode & 0o777 == 0o600


def test_starting_again_says_nothing_twice(tmp_path: Path) -> None:
    for _ in range(3):
        log_to(tmp_path / "x.log", "info", verbose=False)
    LOGGER.info("once")
    assert (tmp_path / "x.log").read_text().count("once") == 1


def test_a_log_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    log_to(tmp_path / "file" / "x.log", "info", verbose=False)
    LOGGER.info("into the void")
    LOGGER.info("again")
    assert capsys.readouterr() == ("", "")


PROGRAM = """
import logging, sys
from pathlib import Path
from budget_tui.config import logging as log_file
log_file.MAX_BYTES = 8_000
log_file.log_to(Path(sys.argv[1]), "info", verbose=False)
for number in range(200):
    logging.getLogger("budget_tui.test").info("%s %d", sys.argv[2], number)
"""


def test_programs_share_it_and_turn_it_over_without_losing_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), name], cwd=ROOT, stderr=subprocess.PIPE)
        for name in ("a", "b")
    ]
    assert [program.communicate(timeout=120)[1] for program in running] == [b"", b""]
    files = [tmp_path / name for name in ("x.log.2", "x.log.1", "x.log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size < 8_200 for file in files)
    said = [line.split("budget_tui.test: ")[1].split() for file in files for line in file.read_text().splitlines()]
    for name in ("a", "b"):
        numbers = [int(number) for who, number in said if who == name]
        assert numbers == list(range(200))
