"""The file as a whole: check it, copy it, put a copy in its place."""

from pathlib import Path

import pytest

from budget_tui.domain.errors import Refused, StorageError
from tests.databases import change
from tests.services.conftest import TODAY, Home, home_at, shown

pytestmark = pytest.mark.sqlite


def test_a_sound_database(seed: Home) -> None:
    report = seed.services.database.check()
    assert (report.database, report.schema_state, report.problems) == (seed.address, "current", ())
    assert report.bytes == Path(seed.address).stat().st_size


def test_a_broken_reference_is_found_and_nothing_mended(seed: Home) -> None:
    change(seed.address, "UPDATE budget SET entity_key = 99 WHERE amount = 0 OR amount = 150000000000")
    before = seed.content
    assert seed.services.database.check().problems[0].startswith("a row of budget refers to a missing entity; ")
    assert seed.content == before


def test_there_is_nothing_to_check_or_copy_before_the_first_command(tmp_path: Path) -> None:
    home = home_at(tmp_path / "budget.db", TODAY)
    for command in (
        home.services.database.check,
        home.services.database.require_current,
        lambda: home.services.database.backup(tmp_path / "copy"),
    ):
        with pytest.raises(StorageError, match="there is no database at"):
            command()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_brings_everything_back(seed: Home, tmp_path: Path) -> None:
    before = seed.snapshot
    copy = seed.services.database.backup(tmp_path / "copy.db")
    seed.allocate("pcc", "0")
    after = seed.snapshot
    kept = seed.services.database.restore(copy)
    assert seed.snapshot == before
    assert kept is not None
    assert home_at(kept, TODAY).snapshot == after


def test_a_copy_into_a_folder_has_a_name_of_its_own(seed: Home, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    copy = seed.services.database.backup(folder)
    assert copy.parent == folder
    assert copy.name.startswith("budget-2")
    assert copy.suffix == ".db"


def test_no_file_is_written_over(seed: Home, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(Refused, match="already exists; choose another name"):
        seed.services.database.backup(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_copy_where_no_folder_is(seed: Home, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="check that its folder exists"):
        seed.services.database.backup(tmp_path / "no" / "copy.db")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("content", [b"", b"no database, this", b"SQLite format 3\x00 and then nonsense"])
def test_what_is_no_sound_copy_is_not_put_in_place(seed: Home, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    before = seed.content
    with pytest.raises(StorageError):
        seed.services.database.restore(tmp_path / "copy")
    assert seed.content == before


def test_what_refers_to_nothing_is_no_sound_copy(seed: Home, tmp_path: Path) -> None:
    copy = seed.services.database.backup(tmp_path / "copy")
    change(copy, "UPDATE budget SET entity_key = 99 WHERE amount = 150000000000")
    with pytest.raises(StorageError, match="is not a sound backup; choose another one"):
        seed.services.database.restore(copy)


def test_a_copy_that_is_not_there(seed: Home, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no backup at"):
        seed.services.database.restore(tmp_path / "nowhere")


def test_the_database_is_no_copy_of_itself(seed: Home) -> None:
    with pytest.raises(Refused, match="is the database itself"):
        seed.services.database.restore(Path(seed.address))
    assert shown(seed.snapshot.total.allocation) == "500"


def test_a_copy_into_a_place_where_nothing_is(seed: Home, tmp_path: Path) -> None:
    copy = seed.services.database.backup(tmp_path / "copy.db")
    elsewhere = home_at(tmp_path / "new" / "budget.db", TODAY)
    assert elsewhere.services.database.restore(copy) is None
    assert elsewhere.snapshot == seed.snapshot


def test_a_damaged_database_can_be_replaced(seed: Home, tmp_path: Path) -> None:
    before = seed.snapshot
    copy = seed.services.database.backup(tmp_path / "copy.db")
    Path(seed.address).write_bytes(b"damaged beyond recognition")
    kept = seed.services.database.restore(copy)
    assert kept is not None
    assert kept.read_bytes() == b"damaged beyond recognition"
    assert seed.snapshot == before
