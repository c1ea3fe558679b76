"""Which files are meant."""

import gzip
import os
import shlex
import socket
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.errors import SourceError
from budget_tui.sources.files import find_files
from budget_tui.sources.manifest import find_deliveries
from tests.sources.exports import charge, csv_text, one, read, write_csv, write_parquet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.csv",
        "a.csv",
        "c.CSV.GZ",
        "notes.txt",
        "manifest.json",
        "sub/d.parquet",
        "sub/deep/e.snappy.parquet",
        ".hidden/f.csv",
        ".g.csv",
        "odd [1].csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}" if path.suffix == ".json" else "x")
    return tmp_path


def found(folder: Path, *patterns: str) -> list[str]:
    return [str(path.relative_to(folder)) for path in find_deliveries([folder / pattern for pattern in patterns]).paths]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["b.csv", "a.csv"], ["b.csv", "a.csv"]),
        (["notes.txt"], ["notes.txt"]),
        (["."], ["a.csv", "b.csv", "c.CSV.GZ", "odd [1].csv", "sub/d.parquet", "sub/deep/e.snappy.parquet"]),
        (["sub"], ["sub/d.parquet", "sub/deep/e.snappy.parquet"]),
        (["?.csv"], ["a.csv", "b.csv"]),
        (["**/*.parquet"], ["sub/d.parquet", "sub/deep/e.snappy.parquet"]),
        (["s*"], ["sub/d.parquet", "sub/deep/e.snappy.parquet"]),
        (["odd [1].csv"], ["odd [1].csv"]),
        (["b.csv", ".", "sub/../a.csv"], ["b.csv", "a.csv", "c.CSV.GZ", "odd [1].csv", "sub/d.parquet",
                                          "sub/deep/e.snappy.parquet"]),
    ],
)  # fmt: skip
def test_files_folders_and_globs(folder: Path, patterns: Sequence[str], expected: Sequence[str]) -> None:
    assert found(folder, *patterns) == expected


def test_patterns_may_be_text_relative_to_where_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [str(path) for path in find_deliveries(["a.csv", "sub/*"]).paths] == [
        "a.csv",
        "sub/d.parquet",
        "sub/deep/e.snappy.parquet",
    ]


def test_a_tilde_is_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert find_files(["~/a.csv"]) == (folder / "a.csv",)


ODD_NAMES = ["back\\slash.csv", "~tilde.csv", "'quoted'.csv", '"x".csv', "what?[1]*.csv", "sp ace.csv", "$HOME.csv",
             "ü.csv", "a,b;c.csv", "http:x.csv"]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_found_and_read(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(folder)
    write_csv(folder / "what-1x.csv", charge(BilledCost="9"))
    write_csv(folder / name, charge())
    ways = (name, str(folder / name), shlex.quote(name), shlex.quote(str(folder / name)))
    found = [find_files([typed]) for typed in ways]
    assert [[path.name for path in paths] for paths in found] == [[name]] * 4
    for paths in set(found):  # each way of naming it once: a quoted name is the same path
        assert one(*paths).amount_nanos == 1_000_000_000
    broken = csv_text([charge()]) + "short\n"
    (folder / name).write_text(broken)
    assert read(*find_files([name])).rows_read == 2


def test_a_parquet_file_of_any_name_is_read(tmp_path: Path) -> None:
    plain = write_parquet(
        tmp_path / "x.parquet",
        "SELECT 1 AS BilledCost, 'USD' AS BillingCurrency, DATE '2026-01-10' AS ChargePeriodStart",
    )
    for name in ODD_NAMES:
        assert one(plain.rename(tmp_path / name)).amount_nanos == 1_000_000_000
        plain = tmp_path / name


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("'{0}/a.csv'", ["a.csv"]),
        ('"{0}/odd [1].csv"', ["odd [1].csv"]),
        ("{0}/odd\\ [1].csv", ["odd [1].csv"]),
        ("file://{0}/odd%20%5B1%5D.csv", ["odd [1].csv"]),
        ("file://localhost{0}/a.csv", ["a.csv"]),
        ("'{0}/b.csv' '{0}/a.csv' ", ["b.csv", "a.csv"]),
        ("'{0}/sub'", ["sub/d.parquet", "sub/deep/e.snappy.parquet"]),
    ],
)
def test_names_as_a_terminal_pastes_them(folder: Path, typed: str, expected: Sequence[str]) -> None:
    paths = find_deliveries([typed.format(folder)]).paths
    assert [str(path.relative_to(folder)) for path in paths] == expected


def test_what_is_no_file_is_refused_without_waiting_for_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.csv"))
        for name, kind in (("pipe.csv", "a pipe"), ("socket.csv", "a socket"), ("/dev/null", "a device")):
            with pytest.raises(SourceError, match=f"{name} is {kind}, not a file"):
                find_files([folder / name])
    reading, writing = os.pipe()
    with pytest.raises(SourceError, match="is a pipe"):
        find_files([f"/dev/fd/{reading}"])
    os.close(reading)
    os.close(writing)
    assert "pipe.csv" not in found(folder, ".")


@pytest.mark.parametrize(
    "pattern", ["missing.csv", "'missing.csv'", "a.csv missing.csv", "*.xlsx", ".hidden/*.parquet"]
)
def test_what_names_nothing_is_an_error(folder: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        found(folder, "a.csv", pattern)


def test_a_folder_without_exports_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="there is no export in"):
        find_deliveries([tmp_path])


def test_many_small_files_give_what_each_gives_by_itself(tmp_path: Path) -> None:
    """Files that are written alike are read at once; odd ones among them, and those with refused rows, are not."""
    charges = [charge(BilledCost=f"{number}.5", SubAccountId=str(number % 3)) for number in range(16)]
    paths = [write_csv(tmp_path / f"{number:02}.csv", one) for number, one in enumerate(charges)]
    paths[7] = write_csv(tmp_path / "07.csv", {**charges[7], "x_other": "column"})
    paths[11].write_bytes(gzip.compress(paths[11].read_bytes()))
    paths[13].write_text(paths[13].read_text() + "few,fields\n")
    rollup = read(*paths)
    alone = [read(path) for path in paths]
    assert [(file.path, file.rows_read, file.rows_refused) for file in rollup.files] == [
        (file.path, file.rows_read, file.rows_refused) for each in alone for file in each.files
    ]
    assert [(row.file, row.line) for row in rollup.refused] == [(paths[13], 3)]
    assert rollup.billed_total == {"USD": sum(Decimal(f"{number}.5") for number in range(16))}


def test_a_link_to_a_folder_is_left_out_and_named(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "z.csv").write_text("x")
    (folder / "sub" / "link").symlink_to(elsewhere)
    (folder / "linked.csv").symlink_to(elsewhere / "z.csv")
    taken = find_deliveries([folder])
    assert (str(folder / "sub" / "link"), "it is a link to a folder, which is not followed") in taken.left_out
    assert folder / "linked.csv" in taken.paths
    assert not any(path.name == "z.csv" for path in taken.paths)


@pytest.mark.parametrize("pattern", ["", "*", "manifest.json"])
def test_a_manifest_stands_for_its_folder_however_it_is_named(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "manifest.json").write_text(
        '{"runInfo": {"submittedTime": "0001-01-01T00:00:00+01:00"}, "blobs": [{"blobName": "x/a.csv"}]}'
    )
    write_csv(tmp_path / "a.csv", charge())
    deliveries = find_deliveries([tmp_path / pattern])
    assert ([path.name for path in deliveries.paths], len(deliveries.manifests)) == (["a.csv"], 1)
