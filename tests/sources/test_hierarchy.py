"""The hierarchy as a file: what was written is read back, and whatever is wrong is told in one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.errors import BudgetError, Refused, SourceError
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, Entity, checked_id, checked_name
from budget_tui.domain.tree import Placement, Tree
from budget_tui.sources.hierarchy import Format, format_of, read, written

ROOT = Entity(1, "ORG", "Acme", "organization", "/ORG/")


def passes(check: object, text: str) -> bool:
    try:
        check(text)  # type: ignore[operator]
    except Refused:
        return False
    return True


# What a reader of YAML takes for something else, or a spreadsheet for two cells.
awkward = st.sampled_from(
    ["007", "no", "null", "~", "1e3", "2026-01-01", "a: b", "#1", "'", '"', "a,b", "- a", "&x", "é", "=1"]
)
ids = (awkward | st.text(min_size=1, max_size=6)).map(str.strip).filter(lambda text: passes(checked_id, text))
names = (awkward | st.text(min_size=1, max_size=12)).map(str.strip).filter(lambda text: passes(checked_name, text))


@st.composite
def trees(draw: st.DrawFn) -> list[Entity]:
    """A root and entities below it that could have been added one by one."""
    tree = Tree(DEFAULT_LEVELS, [ROOT])
    for number in range(draw(st.integers(0, 8))):
        parent = draw(st.sampled_from(list(tree.entities)))
        try:
            [step] = tree.steps([Placement(draw(ids), draw(names), "", parent)])
        except (BudgetError, ValueError):
            continue
        if step.before is None:
            added = Entity(
                number + 2, *(getattr(step.after, name) for name in ("entity_id", "name", "level_code", "path"))
            )
            tree.entities[added.entity_id] = added
    return list(tree.entities.values())


@given(trees(), st.sampled_from(Format))
def test_an_empty_organization_becomes_the_one_that_was_exported(
    tmp_path_factory: pytest.TempPathFactory, entities: list[Entity], form: Format
) -> None:
    path = tmp_path_factory.getbasetemp() / f"round-trip.{form}"
    path.write_text(written(entities, form), "utf-8", newline="")
    steps = Tree(DEFAULT_LEVELS, [ROOT]).steps(read(path))
    found = {(step.after.entity_id, step.after.name, step.after.level_code, step.after.path) for step in steps}
    assert found == {(known.entity_id, known.name, known.level_code, known.path) for known in entities[1:]}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.yaml", b"- id: A\n  nam: x\n", "a.yaml:1 has 'nam'; there are id, name, level, parent"),
        ("a.yaml", b"- name: A\n", "a.yaml:1 has no id"),
        ("a.yaml", b"\n- id: A\n- id: B\n  id: C\n", "a.yaml:3 says 'id' twice"),
        ("a.yaml", b"id: A\n", "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"- [A]\n", "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"- &x {id: A}\n- *x\n", "a.yaml:2 is not a list of entities"),
        ("a.yaml", b"- id: {a: b}\n", "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"[" * 100_000, "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"- id: A\n- " + b"[" * 100_000, "a.yaml:2 is not a list of entities"),
        ("a.yaml", b"- id: " + b"{a: " * 100_000, "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"- " * 100_000, "a.yaml:1 is not a list of entities"),
        ("a.yaml", b"- id: [A\n", "a.yaml:1 is not a list of entities"),
        ("a.yml", b"- id: 'A\n", "a.yml:2 is not YAML"),
        ("a.yml", b"- {id: A, name: '}\n", "a.yml:2 is not YAML"),
        ("a.yaml", b"- id: \x01\n", "a.yaml is not YAML"),
        ("a.yaml", b"- id: \xe9\n", "a.yaml is not UTF-8 (byte 6); save it as UTF-8"),
        ("a.csv", b"id,name\nA,b,c\n", "a.csv:2 has more cells than the header"),
        ("a.csv", b'id,name\nA,"b\n', "is not CSV"),
        ("a.csv", b"id;name\nA;b\n", "a.csv:1 has 'id;name'"),
        ("a.csv", b"id,name\n,b\n", "a.csv:2 has no id"),
        ("a.csv", b"\xff\xfe", "a.csv is not UTF-8"),
        ("a.txt", b"", "a.txt ends in neither .csv, .yaml nor .json"),
    ],
)
def test_a_file_that_says_no_hierarchy_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    with pytest.raises((SourceError, Refused)) as refusal:
        read(Path(name))
    assert words in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: no such file"):
        read(tmp_path / "a.csv")


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffID,Name,Parent\r\nENG,Größe, ORG \r\n\r\nWEB\r\n".encode())
    assert read(tmp_path / "a.csv") == [Placement("ENG", "Größe", "", "ORG"), Placement("WEB")]


def test_nothing_in_it_is_nothing_to_do(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.csv"):
        (tmp_path / name).write_text("")
        assert read(tmp_path / name) == []


def test_the_format_is_the_one_named_else_the_files() -> None:
    assert format_of("CSV", Path("a.yaml")) is Format.CSV
    assert (format_of("", Path("a.YML")), format_of("", Path("a.csv")), format_of("")) == ("yaml", "csv", "yaml")
    with pytest.raises(Refused, match="'xml' is not a format"):
        format_of("xml")
