"""Which files are meant."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from budget_tui.domain.errors import SourceError
from budget_tui.sources.focus.files import find_files


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
        path.write_text("x")
    return tmp_path


def found(folder: Path, *patterns: str) -> list[str]:
    return [str(path.relative_to(folder)) for path in find_files([folder / pattern for pattern in patterns])]


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
    assert [str(path) for path in find_files(["a.csv", "sub/*"])] == [
        "a.csv",
        "sub/d.parquet",
        "sub/deep/e.snappy.parquet",
    ]


def test_a_tilde_is_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert find_files(["~/a.csv"]) == (folder / "a.csv",)


@pytest.mark.parametrize("pattern", ["missing.csv", "*.xlsx", ".hidden/*.parquet"])
def test_what_names_nothing_is_an_error(folder: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        found(folder, "a.csv", pattern)


def test_a_folder_without_exports_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="there is no export in"):
        find_files([tmp_path])
