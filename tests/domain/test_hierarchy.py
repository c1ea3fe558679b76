"""Paths of entities: containment by whole segments, and what may be an id or a name."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import (
    ID_MAX_LENGTH,
    NAME_MAX_LENGTH,
    ROOT_ID,
    ancestor_paths,
    checked_id,
    checked_name,
    path_of,
    segments,
)

# Few letters, so that one id is often the beginning of another.
ids = st.text("AB1-", min_size=1, max_size=4)
chains = st.lists(ids, max_size=5)


def path_from(chain: list[str]) -> str:
    path = path_of("/", ROOT_ID)
    for entity_id in chain:
        path = path_of(path, entity_id)
    return path


def test_a_path_is_its_parents_and_its_own_id() -> None:
    assert path_of("/", "ORG") == "/ORG/"
    assert path_of("/ORG/DEPT-ENG/", "PROJ-PLATFORM") == "/ORG/DEPT-ENG/PROJ-PLATFORM/"


@given(chains, ids)
def test_an_entity_is_on_exactly_the_paths_it_is_a_segment_of(chain: list[str], entity_id: str) -> None:
    assert (entity_id in segments(path_from(chain))) == (entity_id in chain)


@given(chains)
def test_a_path_comes_apart_as_it_was_put_together(chain: list[str]) -> None:
    assert segments(path_from(chain)) == (ROOT_ID, *chain)


@given(chains)
def test_ancestors_are_the_path_itself_and_each_shorter_one(chain: list[str]) -> None:
    expected = [path_from(chain[:length]) for length in range(len(chain), -1, -1)]
    assert list(ancestor_paths(path_from(chain))) == expected


@given(chains, chains)
def test_one_path_is_anothers_ancestor_only_by_whole_segments(above: list[str], below: list[str]) -> None:
    is_ancestor = path_from(above) in ancestor_paths(path_from(below))
    assert is_ancestor == (below[: len(above)] == above)


# Ids and names


@pytest.mark.parametrize("text", ["pcc", "video-nest.api", "Größe 7", "プロジェクト", "a" * ID_MAX_LENGTH, "poolside"])
def test_an_ordinary_id_is_kept_as_it_is(text: str) -> None:
    assert checked_id(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a" * (ID_MAX_LENGTH + 1),
        "pool",
        "POOL",
        "org",
        "ORG",
        "-rf",
        "a/b",
        "/",
        "a\nb",
        "a\x00b",
        "a\x1b[31m",
        "a\u202eb",
        "a\u200bb",
        "a\u2028b",
        "a\ud800b",
    ],
)
def test_an_id_that_would_break_a_path_a_command_or_a_screen_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_id(text)
    assert str(refusal.value).isprintable()


@given(st.text(max_size=ID_MAX_LENGTH + 5), chains)
def test_whatever_passes_as_an_id_is_one_segment(text: str, chain: list[str]) -> None:
    try:
        entity_id = checked_id(text)
    except Refused:
        assume(False)
    assert segments(path_of(path_from(chain), entity_id)) == (ROOT_ID, *chain, entity_id)


def test_a_name_is_free_text_on_one_line() -> None:
    assert checked_name("  VideoNest API / pool ") == "VideoNest API / pool"
    for text in ("", " ", "x" * (NAME_MAX_LENGTH + 1), "two\nlines", "bell\a"):
        with pytest.raises(Refused):
            checked_name(text)
