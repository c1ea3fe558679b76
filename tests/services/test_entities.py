"""The hierarchy: entities come, move, change their names and go; their costs go wherever they go."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.errors import BudgetError, Conflict, NotFound, Refused
from budget_tui.domain.hierarchy import Entity, segments
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.records import DayCost
from budget_tui.domain.tree import Placement
from budget_tui.presentation.audit import changes
from budget_tui.services.alerts import NewRule
from budget_tui.services.budgets import spent_by
from budget_tui.services.costs import Resolver, origin_keys
from budget_tui.services.work import Work
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at, shown, usd


def paths(home: Home) -> list[str]:
    return [entity.path for entity in home.services.entities.active()]


def charge(home: Home, amount: str, *, entity: str = "", path: str = "", on: date = TODAY) -> None:
    """A cost as an export has it: it names its entity by id or path."""
    origin = CostOrigin("focus", False, "USD", service=f"{entity}{path}", entity_hint=entity, path_hint=path)
    with home.services.context.work() as work:
        known = work.unit.costs.origins(work.organization.org_key)
        keys = origin_keys(work, [origin], known, Resolver(work, [origin]).resolve)
        work.unit.costs.add([DayCost(origin, on, usd(amount), None, 1)], keys)
        work.commit()


def spent(home: Home, entity_id: str) -> str:
    with home.services.context.work() as work:
        return shown(spent_by(work, work.entity(entity_id)))


def departments(path: Path) -> None:
    add = home_at(path, TODAY).services.entities.add
    add("ENG", name="Engineering")
    add("DS", name="Data Science")
    add("WEB", "ENG", name="Website")
    add("BACKEND", "WEB")


@pytest.fixture
def acme(engine: Engine) -> Home:
    """Two departments, one with a project and its team."""
    return home_at(engine.new(departments), TODAY)


# Adding


@pytest.mark.both_engines
def test_the_hierarchy_begins_with_its_root_alone(home: Home) -> None:
    home.services.database.upgrade()
    assert paths(home) == ["/ORG/"]
    assert [level.code for level in home.services.entities.levels()] == [
        "organization",
        "department",
        "project",
        "team",
        "agent",
    ]


@pytest.mark.both_engines
def test_before_the_first_command_the_root_answers_although_nothing_is_stored(home: Home) -> None:
    plans = home.services.plan_views
    assert home.services.entities.get("ORG").path == "/ORG/"
    assert plans.tree("ORG").roots == ()
    assert plans.summary(PlanFilter(entity_id="ORG")).lines == ()
    assert [plans.by_category().entity, plans.by_provider("ORG").entity] == [home.services.entities.get("ORG")] * 2


def test_an_entity_stands_below_its_parent_on_the_next_level(acme: Home) -> None:
    found = {entity.entity_id: (entity.level_code, entity.path) for entity in acme.services.entities.active()}
    assert found == {
        "ORG": ("organization", "/ORG/"),
        "ENG": ("department", "/ORG/ENG/"),
        "WEB": ("project", "/ORG/ENG/WEB/"),
        "BACKEND": ("team", "/ORG/ENG/WEB/BACKEND/"),
        "DS": ("department", "/ORG/DS/"),
    }


def test_costs_that_waited_for_an_entity_become_its_own(home: Home) -> None:
    charge(home, "7", path="/ORG/ENG/BACKEND/")
    home.services.entities.add("ENG")
    assert spent(home, "ENG") == "7"
    home.services.entities.add("BACKEND", "ENG", "team")
    assert (spent(home, "BACKEND"), spent(home, "ENG")) == ("7", "7")


@pytest.mark.both_engines
def test_a_project_below_a_department_is_a_project_everywhere(acme: Home) -> None:
    acme.budget("500")
    acme.allocate("WEB", "100")
    acme.add("pcc", allocate="50")
    acme.transfer("WEB", "pcc", "30")
    acme.spend("WEB", "10")
    charge(acme, "5", entity="BACKEND")
    assert acme.allocations == {"WEB": "70", "pcc": "80", "pool": "350"}
    assert acme.spent == {"WEB": "15", "pcc": "0", "all": "15"}
    acme.services.projects.rename("WEB", "Shop")
    assert [line.name for line in acme.snapshot.projects] == ["Shop", "pcc"]


def test_an_id_or_a_name_that_costs_know_another_by_is_refused(acme: Home) -> None:
    for entity_id, name in (("ENG", ""), ("eng", ""), ("website", ""), ("OPS", "Engineering"), ("OPS", "web")):
        with pytest.raises(Conflict):
            acme.services.entities.add(entity_id, name=name)
    with pytest.raises(Conflict):
        acme.services.projects.add("backend")


# Moving


def test_what_is_below_and_what_it_spent_moves_along(acme: Home) -> None:
    charge(acme, "5", entity="BACKEND")
    charge(acme, "2", path="/ORG/ENG/WEB/")
    acme.services.entities.move("WEB", "DS")
    assert paths(acme) == ["/ORG/", "/ORG/ENG/", "/ORG/DS/", "/ORG/DS/WEB/", "/ORG/DS/WEB/BACKEND/"]
    assert (spent(acme, "ENG"), spent(acme, "DS")) == ("0", "7")


def test_only_whole_segments_move(home: Home) -> None:
    for entity_id in ("A", "A-", "A0", "A.", "AA", "B"):
        home.services.entities.add(entity_id)
        home.services.entities.add(f"{entity_id}-p", entity_id)
    home.services.entities.add("division", level="department")
    home.services.entities.move("A-p", "division")
    home.services.entities.add_level("division-level", "organization")
    home.services.entities.add("DIV", level="division-level")
    home.services.entities.move("A", "DIV")
    assert [path for path in paths(home) if "DIV" in segments(path)] == ["/ORG/DIV/", "/ORG/DIV/A/"]
    assert "/ORG/AA/AA-p/" in paths(home)
    assert "/ORG/A0/A0-p/" in paths(home)


def test_a_moved_project_keeps_its_allocation(acme: Home) -> None:
    acme.budget("500")
    acme.allocate("WEB", "100")
    acme.services.entities.move("WEB", "DS")
    assert acme.allocations == {"WEB": "100", "pool": "400"}


@pytest.mark.both_engines
def test_a_closed_month_stays_as_it_was_closed(acme: Home) -> None:
    acme.budget("500")
    acme.allocate("WEB", "100")
    charge(acme, "5", entity="BACKEND")
    acme.services.entities.add("API", "DS")
    february = acme.on("2026-02-03")
    february.services.periods.catch_up()
    closed = february.rows("SELECT * FROM period_close_line ORDER BY 1, 2")
    assert closed
    february.services.entities.move("BACKEND", "API")
    february.services.entities.move("WEB", "DS")
    assert february.rows("SELECT * FROM period_close_line ORDER BY 1, 2") == closed


@pytest.mark.parametrize(
    ("entity", "parent", "kind", "words"),
    [
        ("ENG", "BACKEND", Refused, "'ENG' would stand below itself"),
        ("ENG", "ENG", Refused, "'ENG' would stand below itself"),
        ("ENG", "DS", Refused, "'ENG' (department) cannot be below 'DS' (department)"),
        ("ENG", "nowhere", NotFound, "there is no entity 'nowhere'"),
        ("nobody", "ENG", NotFound, "there is no entity 'nobody'"),
        ("ORG", "ENG", Refused, "'ORG' is the organization itself"),
    ],
)
def test_a_move_that_breaks_the_tree_is_refused(
    acme: Home, entity: str, parent: str, kind: type[BudgetError], words: str
) -> None:
    before = paths(acme), acme.log
    with pytest.raises(kind) as refusal:
        acme.services.entities.move(entity, parent)
    assert words in str(refusal.value)
    assert (paths(acme), acme.log) == before


# Names, going, coming back


@pytest.mark.both_engines
def test_costs_go_on_finding_a_renamed_entity_by_its_old_name(acme: Home) -> None:
    acme.services.entities.rename("ENG", "Product")
    assert (acme.log[0].action, changes(acme.log[0])) == ("entity.rename", "name Engineering → Product")
    with pytest.raises(Conflict):
        acme.services.entities.rename("DS", "product")
    with pytest.raises(Refused, match="is the organization itself"):
        acme.services.entities.rename("ORG", "Acme")


@pytest.mark.both_engines
def test_what_has_something_below_it_stays(acme: Home) -> None:
    with pytest.raises(Refused, match="'ENG' has 'WEB' below it; move or archive what is below it first"):
        acme.services.entities.archive("ENG")
    for entity_id in ("BACKEND", "WEB", "ENG"):
        acme.services.entities.archive(entity_id)
    assert paths(acme) == ["/ORG/", "/ORG/DS/"]


def test_an_archived_project_gives_its_allocation_back_however_it_is_archived(acme: Home) -> None:
    acme.budget("500")
    acme.allocate("WEB", "100")
    acme.services.entities.archive("BACKEND")
    acme.services.entities.archive("WEB")
    assert acme.allocations == {"pool": "500"}
    assert acme.log[0].action == "project.archive"


def test_an_archived_entity_comes_back_where_it_was_with_its_costs(acme: Home) -> None:
    charge(acme, "5", entity="BACKEND")
    acme.services.entities.archive("BACKEND")
    assert acme.services.entities.add("BACKEND").path == "/ORG/ENG/WEB/BACKEND/"
    assert spent(acme, "WEB") == "5"


# All at once


def test_an_import_is_whole_or_not_at_all(acme: Home) -> None:
    before = paths(acme), acme.log
    with pytest.raises(NotFound):
        acme.services.entities.import_placements([Placement("OPS"), Placement("X", parent_id="nowhere")])
    dry = acme.services.entities.import_placements([Placement("OPS"), Placement("WEB", "Shop", "", "DS")], dry_run=True)
    assert (dry.added, dry.moved, dry.renamed) == (("OPS",), ("WEB",), ("WEB",))
    assert (paths(acme), acme.log) == before


@pytest.mark.both_engines
def test_an_import_turns_a_branch_upside_down(home: Home) -> None:
    entities = home.services.entities
    for code, below in (("a", "organization"), ("b", "a"), ("c", "b")):
        entities.add_level(code, below)
    entities.import_placements([Placement("X", "", "a"), Placement("Y", "", "b", "X"), Placement("Z", "", "c", "Y")])
    entities.import_placements([Placement("W", "", "a"), Placement("Z", "", "", "W"), Placement("Y", "", "", "W")])
    assert paths(home) == ["/ORG/", "/ORG/X/", "/ORG/W/", "/ORG/W/Y/", "/ORG/W/Z/"]
    assert {entry.change for entry in home.log[:3]} == {home.log[0].change}


# Undo


@pytest.mark.parametrize(
    "command",
    [
        lambda e: e.add("OPS"),
        lambda e: e.add("OPS", "DS", "team", "Operations"),
        lambda e: e.add("SHOP", "DS"),
        lambda e: e.move("WEB", "DS"),
        lambda e: e.rename("ENG", "Product"),
        lambda e: e.archive("DS"),
        lambda e: e.archive("BACKEND"),
        lambda e: e.add_level("division", "organization"),
        lambda e: e.import_placements(
            [Placement("A"), Placement("B", parent_id="A"), Placement("WEB", "Shop", "", "A")]
        ),
    ],
)
def test_each_command_is_taken_back_and_made_again(acme: Home, command: object) -> None:
    def state() -> object:
        return (
            acme.services.entities.active(),
            acme.services.entities.levels(),
            acme.allocations,
            acme.rows("SELECT kind, field, value, target FROM cost_rule"),
        )

    before = state()
    command(acme.services.entities)  # type: ignore[operator]
    after = state()
    assert after != before
    acme.services.undo.undo()
    assert state() == before
    acme.services.undo.redo()
    assert state() == after
    acme.services.undo.undo()
    assert state() == before


@pytest.mark.both_engines
def test_a_level_in_use_is_not_taken_back(home: Home) -> None:
    home.services.entities.add_level("division", "organization")
    with home.services.context.work() as work:
        root = work.entity("ORG")
        work.unit.entities.add(work.organization, "D", "D", "division", root, work.now)
        work.commit()
    with pytest.raises(Conflict, match="D has level 'division' by now"):
        home.services.undo.undo()


# Whatever is done


LEVELS = ("division", "department", "project", "team", "squad")
IDS = ("A", "A1", "A10", "B", "B-", "a.b", "C", "D")


def begun(address: Address) -> None:
    """A database with these levels and nothing else."""
    home = home_at(address, TODAY)
    home.services.entities.add_level("division", "organization")
    home.services.entities.add_level("squad", "team")


class Growing(RuleBasedStateMachine):
    """A tree of few ids, one often the beginning of another, beside a dictionary of parents and costs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.home = home_at(engine.new(begun), TODAY)
        self.parents = {"ORG": ""}
        self.own: dict[str, int] = {}

    def teardown(self) -> None:
        self.engine.clear()

    @rule(entity=st.sampled_from(IDS), parent=st.sampled_from(("ORG", *IDS)), level=st.sampled_from(("", *LEVELS)))
    def add(self, entity: str, parent: str, level: str) -> None:
        try:
            self.home.services.entities.add(entity, parent, level)
        except BudgetError:
            return
        assert entity not in self.parents
        self.parents[entity] = parent

    @rule(entity=st.sampled_from(IDS), parent=st.sampled_from(("ORG", *IDS)))
    def move(self, entity: str, parent: str) -> None:
        try:
            self.home.services.entities.move(entity, parent)
        except BudgetError:
            return
        self.parents[entity] = parent

    @rule(entity=st.sampled_from(IDS), cents=st.integers(-500, 500).filter(bool))
    def spend(self, entity: str, cents: int) -> None:
        if entity in self.parents:
            charge(self.home, f"{cents / 100:.2f}", entity=entity)
            self.own[entity] = self.own.get(entity, 0) + usd(f"{cents / 100:.2f}")

    @invariant()
    def the_tree_is_a_tree_and_loses_no_cost(self) -> None:
        if len(self.parents) == 1:
            return
        with self.home.services.context.work() as work:
            found = {entity.entity_id: entity for entity in work.unit.fast.entities(work.organization.org_key)}
            assert set(found) == set(self.parents)
            for entity in found.values():
                self.check(work, entity, found)

    def check(self, work: Work, entity: Entity, found: dict[str, Entity]) -> None:
        parent = self.parents[entity.entity_id]
        assert entity.path == (found[parent].path if parent else "/") + f"{entity.entity_id}/"
        ids = segments(entity.path)
        assert len(set(ids)) == len(ids)
        below = [other for other in found.values() if entity.entity_id in segments(other.path)]
        assert spent_by(work, entity) == sum(self.own.get(other.entity_id, 0) for other in below)


def test_a_tree_grows(engine: Engine) -> None:
    run_state_machine_as_test(
        lambda: Growing(engine), settings=settings(max_examples=examples(5), stateful_step_count=15, deadline=None)
    )


@pytest.mark.both_engines
def test_a_name_with_a_nul_is_nobodys(home: Home) -> None:
    """SQLite finds nothing of that name; PostgreSQL has no such texts."""
    home.add("pcc")
    services = home.services
    for ask in (
        lambda: services.snapshots.of_project("\0"),
        lambda: services.entities.get("\0"),
        lambda: services.projects.rename("\0", "x"),
        lambda: services.alerts.add(NewRule(AlertKind.SILENT, ("3",), source="a\0")),
        lambda: services.alerts.add(NewRule(AlertKind.SHARE, ("80",), "pcc", channels=("a\0",))),
    ):
        with pytest.raises((NotFound, Refused)):
            ask()
    services.snapshots.close()
