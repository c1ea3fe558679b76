"""What may stand where: checked on the tree as it would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.errors import BudgetError, Conflict, NotFound, Refused
from budget_tui.domain.hierarchy import DEFAULT_LEVELS, Entity, Level
from budget_tui.domain.tree import Placement, Tree, added_level

ROOT = Entity(1, "ORG", "Acme", "organization", "/ORG/")
ENG = Entity(2, "ENG", "Engineering", "department", "/ORG/ENG/")
WEB = Entity(3, "WEB", "Website", "project", "/ORG/ENG/WEB/")
BACKEND = Entity(4, "BACKEND", "Backend", "team", "/ORG/ENG/WEB/BACKEND/")
OLD = Entity(5, "OLD", "Old", "department", "/ORG/OLD/", archived=True)


@pytest.fixture
def tree() -> Tree:
    return Tree(DEFAULT_LEVELS, [ROOT, ENG, WEB, BACKEND, OLD])


def after(tree: Tree, *placements: Placement) -> dict[str, tuple[str, str, str]]:
    entities = [step.after for step in tree.steps(placements)]
    return {entity.entity_id: (entity.name, entity.level_code, entity.path) for entity in entities}


def test_a_new_entity_has_its_id_for_a_name_and_the_next_level_below_the_root(tree: Tree) -> None:
    assert after(tree, Placement("OPS")) == {"OPS": ("OPS", "department", "/ORG/OPS/")}
    assert after(tree, Placement("X", parent_id="ENG")) == {"X": ("X", "project", "/ORG/ENG/X/")}
    assert after(tree, Placement("X", parent_id="BACKEND")) == {"X": ("X", "agent", "/ORG/ENG/WEB/BACKEND/X/")}


def test_a_level_may_be_left_out(tree: Tree) -> None:
    assert after(tree, Placement("X", level_code="Team")) == {"X": ("X", "team", "/ORG/X/")}


def test_nothing_is_to_be_done_for_what_is_as_it_should_be(tree: Tree) -> None:
    assert tree.steps([Placement("WEB", "Website", "project", "ENG"), Placement("ENG")]) == []


def test_parents_come_before_their_children_however_they_are_listed(tree: Tree) -> None:
    steps = tree.steps([Placement("C", parent_id="B"), Placement("B", parent_id="A"), Placement("A")])
    assert [step.after.path for step in steps] == ["/ORG/A/", "/ORG/A/B/", "/ORG/A/B/C/"]


def test_two_may_swap_their_names(tree: Tree) -> None:
    steps = tree.steps([Placement("WEB", "Engineering"), Placement("ENG", "Website")])
    assert [step.after.name for step in steps] == ["Website", "Engineering"]


def test_an_archived_one_comes_back(tree: Tree) -> None:
    [step] = tree.steps([Placement("OLD")])
    assert step.before == OLD
    assert not step.after.archived


@pytest.mark.parametrize(
    ("placements", "kind", "words"),
    [
        ([Placement("ENG", parent_id="BACKEND")], Refused, "'ENG' would stand below itself"),
        ([Placement("A", parent_id="B"), Placement("B", parent_id="A")], Refused, "'A' would stand below itself"),
        ([Placement("A", parent_id="A")], Refused, "'A' would stand below itself"),
        ([Placement("A"), Placement(" A ")], Refused, "'A' is there twice"),
        ([Placement("A", parent_id="B")], NotFound, "'A' cannot be below 'B', which does not exist"),
        ([Placement("A", parent_id="OLD")], Refused, "'A' cannot be below 'OLD', which is archived"),
        ([Placement("A", level_code="tribe")], NotFound, "'A' has level 'tribe', which does not exist"),
        ([Placement("A", "", "department", "WEB")], Refused, "'A' (department) cannot be below 'WEB' (project)"),
        ([Placement("A", "", "organization")], Refused, "'A' (organization) cannot be below 'ORG'"),
        ([Placement("WEB", parent_id="ORG", level_code="team")], Refused, "'WEB' has level 'project', not 'team'"),
        ([Placement("website")], Conflict, "'WEB' is already called Website"),
        ([Placement("A", "web")], Conflict, "'WEB' already exists"),
        ([Placement("A", "old")], Conflict, "'OLD' is already called Old, and is archived"),
        ([Placement("A", "Same"), Placement("B", "same")], Conflict, "is already called"),
        ([Placement("ORG", "Other")], Refused, "'ORG' is reserved"),
        ([Placement("Global")], Refused, "'Global' is reserved"),
        ([Placement("list")], Refused, "'list' is reserved"),
        ([Placement("a/b")], Refused, "cannot be an id"),
    ],
)
def test_what_cannot_be_is_refused(
    tree: Tree, placements: list[Placement], kind: type[BudgetError], words: str
) -> None:
    with pytest.raises(kind) as refusal:
        tree.steps(placements)
    assert words in str(refusal.value)


def test_nothing_stands_below_the_last_level() -> None:
    tree = Tree(DEFAULT_LEVELS, [ROOT, Entity(2, "bot", "Bot", "agent", "/ORG/bot/")])
    with pytest.raises(Refused, match="nothing can be below level 'agent'"):
        tree.steps([Placement("A", parent_id="bot")])


# Levels


def test_a_level_comes_directly_below_another() -> None:
    codes = [level.code for level in added_level(DEFAULT_LEVELS, " Division ", "", "organization")]
    assert codes == ["organization", "division", "department", "project", "team", "agent"]


@given(st.lists(st.integers(0, 30), max_size=30))
def test_levels_keep_their_order_however_many_come_between(below: list[int]) -> None:
    levels: list[Level] = list(DEFAULT_LEVELS)
    expected = [level.code for level in levels]
    for number, choice in enumerate(below):
        above = expected[choice % expected.index("agent")]
        levels = added_level(levels, f"level-{number}", "", above)
        expected.insert(expected.index(above) + 1, f"level-{number}")
    assert [level.code for level in sorted(levels, key=lambda level: level.rank)] == expected
    assert len({level.rank for level in levels}) == len(levels)


@pytest.mark.parametrize(
    ("code", "below", "kind"),
    [
        ("", "team", Refused),
        ("1st", "team", Refused),
        ("a b", "team", Refused),
        ("team", "project", Conflict),
        ("x", "y", NotFound),
        (" Org ", "organization", Refused),
        ("x", "agent", Refused),
    ],
)
def test_a_level_that_cannot_be_is_refused(code: str, below: str, kind: type[BudgetError]) -> None:
    with pytest.raises(kind):
        added_level(DEFAULT_LEVELS, code, "", below)
