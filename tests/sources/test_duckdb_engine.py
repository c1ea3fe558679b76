"""The engine tells how far it is, stops when asked to, and leaves nothing behind."""

import gzip
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from budget_tui.sources.dialect import Dialect
from budget_tui.sources.duckdb_engine import Engine
from budget_tui.sources.files import Kind
from budget_tui.sources.focus.reader import mend
from tests.sources.exports import charge, csv_text, read, write_csv


@pytest.mark.parametrize("end", ["", "a row with one field"])
def test_progress_goes_up_to_100(tmp_path: Path, end: str) -> None:
    header, row = csv_text([charge()]).splitlines(keepends=True)
    large = tmp_path / "large.csv"
    large.write_text(header + row * 50_000 + end)
    heard: list[int] = []
    read(write_csv(tmp_path / "a.csv", charge()), large, write_csv(tmp_path / "b.csv", charge()), progress=heard.append)
    assert heard == sorted(set(heard))
    assert (heard[0] >= 0, heard[-1]) == (True, 100)


def test_mending_tells_how_far_it_is(tmp_path: Path) -> None:
    text = csv_text([charge()] * 50_000)
    plain, packed = tmp_path / "x.csv", tmp_path / "x.csv.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    for path, kind in ((plain, Kind.TEXT), (packed, Kind.TEXT_GZ)):
        heard: list[float] = []
        mend(path, kind, Dialect(), tmp_path / "copy.csv", 8, [4], 10, heard.append)
        assert len(heard) == 5
        assert heard == sorted(heard)
        assert 0 < heard[0] <= heard[-1] <= 100


def test_nothing_stays_behind_and_nothing_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    scratch, here = tmp_path / "scratch", tmp_path / "here"
    scratch.mkdir()
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(here)
    read(write_csv(tmp_path / "x.csv", charge(), charge(BilledCost="?"), {"BilledCost": "1\n2"}))
    assert (list(scratch.iterdir()), list(here.iterdir())) == ([], [])
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_engine_arrives_and_leaves_it_as_it_was() -> None:
    with Engine() as engine:
        with pytest.raises(duckdb.Error):
            engine.rows("SELECT nothing")
        assert engine.rows("SELECT 1, current_setting('TimeZone')") == [(1, "UTC")]


ENDLESS = """
from budget_tui.sources.duckdb_engine import Engine
with Engine() as engine:
    engine.rows("SELECT sum(hash(a.range)) FROM range(1000000) a, range(1000000) b", lambda percent: print("running", flush=True))
"""  # noqa: E501


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_a_query_at_once_and_leave_nothing(tmp_path: Path, end: signal.Signals) -> None:
    with running_query(tmp_path) as program:
        program.send_signal(end)
        _, complaint = program.communicate(timeout=120)
    if end is signal.SIGINT:
        assert complaint.strip().endswith("KeyboardInterrupt")
    else:
        assert (complaint, program.returncode) == ("", 128 + end)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_when_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But nothing of one that runs, nor of somebody else."""
    others = tmp_path / "budget-tui-of-somebody"
    others.mkdir()
    with running_query(tmp_path) as killed, running_query(tmp_path) as running:
        killed.kill()
        killed.communicate(timeout=120)
        locks = list(tmp_path.glob("*/lock"))
        assert len(locks) == 2
        for lock in locks:
            os.utime(lock, (0, 0))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with Engine() as engine:
            left = {path for path in tmp_path.iterdir() if path != engine.folder}
        assert len(left) == 2
        assert others in left
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=120)
    assert list(tmp_path.iterdir()) == [others]


@contextmanager
def running_query(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has begun a query without an end, with its files in ``folder``; at the end it is gone."""
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "running\n"
            yield program
        finally:
            program.kill()
