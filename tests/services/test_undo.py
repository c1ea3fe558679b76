"""Undo and redo: what is taken back, what comes again, what is refused and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from budget_tui.domain.access import Scope
from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.budget import parse_change
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import BudgetError, Conflict, NotFound, Refused
from budget_tui.presentation.audit import changes
from budget_tui.services.alerts import NewRule
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.recurring import NewFee
from tests.services.conftest import TODAY, Home, usd
from tests.services.planning import plan_of


def as_other(home: Home) -> Home:
    """Another user of the same database."""
    services = home.services
    return Home(replace(services, context=replace(services.context, actor="bert")))


def undo(home: Home) -> str:
    return home.services.undo.undo().what


def redo(home: Home) -> str:
    return home.services.undo.redo().what


def state(home: Home) -> tuple[object, ...]:
    """Everything that a command can change, keys and times apart."""
    return (
        home.snapshot,
        home.rows("SELECT entity_key, carry, carry_cap FROM budget WHERE is_active ORDER BY entity_key"),
        home.rows("SELECT kind, field, value, target FROM cost_rule ORDER BY rule_key"),
        home.rows(
            "SELECT day, amount_nanos, tokens, charges, origin_key FROM cost ORDER BY day, amount_nanos, origin_key"
        ),
        home.rows("SELECT entity_id, name FROM entity WHERE archived_at IS NULL ORDER BY entity_key"),
        home.rows(
            "SELECT DISTINCT o.tags, e.entity_id FROM cost c JOIN cost_origin o ON o.origin_key = c.origin_key"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key ORDER BY o.tags"
        ),
    )


# As in an editor


def test_undo_undo_redo_redo(seed: Home) -> None:
    seed.allocate("pcc", "120")
    seed.allocate("pcc", "130")
    assert undo(seed) == "pcc: allocated $120.00 → $130.00"
    assert undo(seed) == "pcc: allocated $150.00 → $120.00"
    assert seed.allocations["pcc"] == "150"
    assert redo(seed) == "pcc: allocated $150.00 → $120.00"
    assert redo(seed) == "pcc: allocated $120.00 → $130.00"
    assert seed.allocations["pcc"] == "130"
    with pytest.raises(Refused, match="nothing to redo"):
        redo(seed)


def test_to_and_fro_as_often_as_one_likes(seed: Home) -> None:
    seed.spend("pcc", "5")
    for _ in range(3):
        undo(seed)
        assert seed.spent["pcc"] == "105"
        redo(seed)
        assert seed.spent["pcc"] == "110"


def test_another_change_ends_what_can_be_made_again(seed: Home) -> None:
    seed.allocate("pcc", "120")
    seed.allocate("pcc", "130")
    undo(seed)
    seed.allocate("dandelion", "55")
    with pytest.raises(Refused, match="nothing to redo"):
        redo(seed)
    assert undo(seed) == "dandelion: allocated $50.00 → $55.00"
    assert undo(seed) == "pcc: allocated $150.00 → $120.00"
    redo(seed)
    redo(seed)
    with pytest.raises(Refused):
        redo(seed)
    assert (seed.allocations["pcc"], seed.allocations["dandelion"]) == ("120", "55")


def test_nothing_to_take_back(home: Home) -> None:
    with pytest.raises(Refused, match="there is nothing to undo; no change by anna is left"):
        undo(home)
    home.budget("500")
    undo(home)
    with pytest.raises(Refused, match="there is nothing to undo"):
        undo(home)


def test_everybody_takes_back_what_they_did_themselves(seed: Home) -> None:
    other = as_other(seed)
    other.allocate("dandelion", "60")
    seed.allocate("pcc", "140")
    assert undo(other) == "dandelion: allocated $50.00 → $60.00"
    with pytest.raises(Refused, match="no change by bert"):
        undo(other)
    assert undo(seed) == "pcc: allocated $150.00 → $140.00"
    assert redo(other) == "dandelion: allocated $50.00 → $60.00"


def test_the_trail_tells_all_of_it(seed: Home) -> None:
    seed.allocate("pcc", "120")
    undo(seed)
    outcome = seed.services.undo.redo()
    again, back, did = seed.log[:3]
    assert [changes(entry) for entry in (did, back, again)] == [
        "amount 150 → 120",
        "amount 120 → 150",
        "amount 150 → 120",
    ]
    assert (did.reverses, back.reverses, again.reverses) == (None, did.change, back.change)
    assert (outcome.change, outcome.reverses) == (again.change, back.change)
    assert {entry.action for entry in (did, back, again)} == {"allocation.set"}


# Each command


def test_a_transfer_is_taken_back_by_a_transfer_the_other_way(seed: Home) -> None:
    before = seed.allocations
    seed.transfer("pcc", "dandelion", "20")
    assert undo(seed) == "transfer of $20.00 from pcc to dandelion"
    assert seed.allocations == before
    rows = seed.rows("SELECT from_budget_id, to_budget_id, amount, reason FROM transfer ORDER BY created_at")
    assert rows[0][:3] == (rows[1][1], rows[1][0], usd("20"))
    assert str(rows[1][3]).startswith("takes back change ")
    redo(seed)
    assert seed.allocations == {**before, "pcc": "130", "dandelion": "70"}


@pytest.mark.parametrize(("giver", "taker"), [("pool", "pcc"), ("pcc", "pool")])
def test_a_transfer_with_the_pool(seed: Home, giver: str, taker: str) -> None:
    before = seed.allocations
    seed.transfer(giver, taker, "20")
    assert undo(seed) == f"transfer of $20.00 from {giver} to {taker}".replace("pool", "unallocated")
    assert seed.allocations == before
    ends = seed.rows("SELECT from_budget_id, to_budget_id FROM transfer ORDER BY created_at")
    assert ends[0] == ends[1][::-1]


def test_what_was_transferred_and_spent_meanwhile_comes_back_all_the_same(seed: Home) -> None:
    seed.transfer("pcc", "dandelion", "20")
    as_other(seed).spend("dandelion", "65")
    undo(seed)
    assert (seed.allocations["dandelion"], seed.allocations["pcc"]) == ("50", "150")


Command = Callable[[Home], object]
COMMANDS: dict[str, Command] = {
    "budget": lambda home: home.budget("600"),
    "add": lambda home: home.add("new"),
    "add and allocate": lambda home: home.add("new", allocate="25"),
    "rename": lambda home: home.services.projects.rename("pcc", "Payments"),
    "archive": lambda home: home.services.projects.archive("pcc"),
    "spend": lambda home: home.spend("pcc", "7", provider="OpenAI"),
    "spend at once": lambda home: home.services.costs.add_all(
        [CostEntry("pcc", usd("1")), CostEntry("dandelion", usd("2"), tokens=9), CostEntry("pcc", usd("1"))]
    ),
    "map": lambda home: home.services.costs.map_to_project("pcc", "service", "Compute"),
    "alias": lambda home: home.services.costs.name_provider("Acme", "acme"),
    "carry": lambda home: home.services.budgets.set_carry(CarryPolicy.UNSPENT, usd("12.50")),
    "carry of a project": lambda home: home.services.budgets.set_carry(CarryPolicy.BOTH, project_id="pcc"),
    "category": lambda home: home.services.costs.put_into_category("Acme", Category.GENAI),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_back_and_again(seed: Home, name: str) -> None:
    before = state(seed)
    COMMANDS[name](seed)
    after = state(seed)
    assert after != before
    undo(seed)
    assert state(seed) == before
    redo(seed)
    assert state(seed) == after
    undo(seed)
    assert state(seed) == before


def test_bringing_back_under_another_name_is_taken_back(seed: Home) -> None:
    seed.services.projects.archive("pcc")
    before = state(seed)
    seed.services.projects.add("pcc", "Payments")
    after = state(seed)
    assert undo(seed) == "pcc: restored"
    assert state(seed) == before
    redo(seed)
    assert state(seed) == after
    undo(seed)
    undo(seed)
    assert (seed.allocations["pcc"], seed.spent["pcc"]) == ("150", "105")


def test_a_mapping_is_what_it_was_and_as_old(seed: Home) -> None:
    costs = seed.services.costs
    costs.map_to_project("pcc", "service", "Compute")
    costs.map_to_project("dandelion", "provider", "Acme")
    before = state(seed)
    costs.map_to_project("python-api", "service", "Compute")
    assert undo(seed) == "Compute: mapped to python-api instead of pcc"
    assert state(seed) == before


@pytest.mark.both_engines
def test_costs_that_were_mapped_go_back_with_the_mapping(seed: Home) -> None:
    seed.spend("pcc", "5", provider="Acme")
    seed.services.costs.name_provider("Acme", "zenith")
    assert seed.rows("SELECT provider FROM cost_origin WHERE provider_name = 'Acme'") == [("zenith",)]
    undo(seed)
    assert seed.rows("SELECT provider FROM cost_origin WHERE provider_name = 'Acme'") == [("Acme",)]


def test_only_the_rows_of_the_command_are_removed(seed: Home) -> None:
    seed.spend("pcc", "5")
    as_other(seed).spend("pcc", "5")
    seed.spend("pcc", "5")
    undo(seed)
    undo(seed)
    assert seed.spent["pcc"] == "110"
    redo(seed)
    undo(as_other(seed))
    assert seed.spent["pcc"] == "110"
    undo(seed)
    assert seed.spent["pcc"] == "105"


# Costs that found what was added


EXPORT = (
    "ChargePeriodStart,BilledCost,BillingCurrency,ProviderName,Tags\n"
    '2026-01-10T00:00:00Z,7,USD,Acme,"{""project"": ""new""}"\n'
)


def imported(home: Home) -> None:
    (home.folder / "export.csv").write_text(EXPORT)
    home.services.imports.run(ImportRequest((str(home.folder / "export.csv"),)))


ADDITIONS: dict[str, Command] = {
    "project": lambda home: home.add("new"),
    "project with an allocation": lambda home: home.services.projects.add(
        "new", "New", parse_change("25"), enforced=True
    ),
    "entity": lambda home: home.services.entities.add("new", level="department", name="New"),
    "team": lambda home: home.services.entities.add("new", "pcc", "team"),
    "agent": lambda home: home.services.agents.add("new", "pcc", "New", "m1", 1_000),
}


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ADDITIONS)
def test_costs_that_found_an_addition_are_unmapped_again_without_it(seed: Home, name: str) -> None:
    imported(seed)
    before = state(seed)
    assert seed.snapshot.unmapped == usd("7")
    ADDITIONS[name](seed)
    after = state(seed)
    assert seed.snapshot.unmapped == 0
    for _ in range(2):
        undo(seed)
        assert state(seed) == before
        assert redo(seed) == undo(seed)
        redo(seed)
        assert state(seed) == after
    undo(seed)
    undo(seed)
    assert seed.spent["all"] == "241"
    assert seed.services.database.check().problems == ()


def test_what_comes_after_an_undone_addition_finds_nothing(seed: Home) -> None:
    seed.add("new")
    undo(seed)
    imported(seed)
    assert seed.snapshot.unmapped == usd("7")
    seed.services.projects.add("other", "new")
    assert seed.spent["other"] == "7"


def test_what_is_added_again_is_new(seed: Home) -> None:
    imported(seed)
    seed.services.projects.add("new", "New", parse_change("25"), enforced=True)
    undo(seed)
    before = state(seed)
    seed.services.entities.add("new", level="department")
    assert (seed.log[0].action, seed.services.entities.get("new").name) == ("entity.add", "new")
    assert not seed.services.entities.get("new").enforced
    assert undo(seed) == "department new added to Default"
    assert state(seed) == before
    other = as_other(seed)
    other.add("new")
    with pytest.raises(Conflict, match="new has been restored since"):
        redo(seed)
    assert undo(other) == "project new added"


def test_a_level_goes_with_what_was_added_on_it(seed: Home) -> None:
    seed.services.entities.add_level("squad", below="project")
    seed.services.entities.add("new", level="squad")
    undo(seed)
    assert undo(seed) == "level squad added"
    assert seed.services.database.check().problems == ()


# Refused


def refused(home: Home, kind: type[BudgetError], words: str) -> None:
    before = state(home), home.log
    with pytest.raises(kind, match=words):
        undo(home)
    assert (state(home), home.log) == before


OTHERS: dict[str, tuple[Command, Command, type[BudgetError], str]] = {
    "amount": (
        lambda home: home.allocate("pcc", "120"),
        lambda home: home.allocate("pcc", "125"),
        Conflict,
        "pcc was changed since: it is 125 by now",
    ),
    "budget": (lambda home: home.budget("600"), lambda home: home.budget("650"), Conflict, "changed since"),
    "transfer": (
        lambda home: home.transfer("pcc", "dandelion", "20"),
        lambda home: home.allocate("dandelion", "0"),
        Conflict,
        "dandelion was changed since",
    ),
    "archived": (
        lambda home: home.allocate("pcc", "120"),
        lambda home: home.services.projects.archive("pcc"),
        NotFound,
        "pcc' is archived",
    ),
    "used": (
        lambda home: home.add("new"),
        lambda home: home.spend("new", "1"),
        Conflict,
        "new has costs that were entered on it by now; archive it instead",
    ),
    "mapped to": (
        lambda home: home.add("new"),
        lambda home: home.services.costs.map_to_project("new", "service", "Compute"),
        Conflict,
        "new has costs mapped to it by now; archive it instead",
    ),
    "planned": (
        lambda home: home.add("new"),
        lambda home: home.services.plans.create(plan_of("new", "cloud", "10", "2026-01")),
        Conflict,
        "new has a planned budget by now; archive it instead",
    ),
    "held": (
        lambda home: home.add("new", allocate="5"),
        lambda home: home.services.holds.hold("new", usd("1")),
        Conflict,
        "new has money on hold by now",
    ),
    "recurring": (
        lambda home: home.add("new"),
        lambda home: home.services.recurring.add(NewFee("new", usd("1"), on_day=28)),
        Conflict,
        "new has a recurring fee by now",
    ),
    "seats": (
        lambda home: home.add("new"),
        lambda home: home.services.seats.register("new", "github", 2, TODAY),
        Conflict,
        "new has seats by now",
    ),
    "watched": (
        lambda home: home.add("new"),
        lambda home: home.services.alerts.add(NewRule(AlertKind.SHARE, ("60%",), "new")),
        Conflict,
        "new has an alert by now",
    ),
    "parent": (
        lambda home: home.add("new"),
        lambda home: home.services.agents.add("bot", "new"),
        Conflict,
        "new has bot below it by now; archive it instead",
    ),
    "allocated": (
        lambda home: home.add("new"),
        lambda home: home.allocate("new", "5"),
        Conflict,
        "the allocation of new was changed since",
    ),
    "renamed": (
        lambda home: home.services.projects.rename("pcc", "Payments"),
        lambda home: home.services.projects.rename("pcc", "Checkout"),
        Conflict,
        "the name of pcc was changed since: it is Checkout",
    ),
    "name taken": (
        lambda home: [home.services.projects.rename("pcc", name) for name in ("Payments", "Checkout")],
        lambda home: home.services.projects.add("other", "Payments"),
        Conflict,
        "'other' is already called Payments",
    ),
    "brought back": (
        lambda home: home.services.projects.archive("pcc"),
        lambda home: home.add("pcc"),
        Conflict,
        "pcc has been restored since",
    ),
    "mapped": (
        lambda home: home.services.costs.map_to_project("pcc", "service", "Compute"),
        lambda home: home.services.costs.map_to_project("dandelion", "service", "Compute"),
        Conflict,
        "the mapping of service=Compute was changed since",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_somebody_changed_since_stays(seed: Home, name: str) -> None:
    mine, theirs, kind, words = OTHERS[name]
    mine(seed)
    theirs(as_other(seed))
    refused(seed, kind, words)


def test_a_closed_period_stays_closed(seed: Home) -> None:
    seed.allocate("pcc", "120")
    as_other(seed.on("2026-02-03")).services.periods.catch_up()
    february = seed.on("2026-02-03")
    refused(
        february,
        Refused,
        r"January 2026 was closed since the last change \(pcc: allocated \$150\.00 → \$120\.00\); a closed",
    )
    february.allocate("pcc", "130")
    assert undo(february) == "pcc: allocated $120.00 → $130.00"


def test_a_close_by_the_way_is_no_part_of_a_command(seed: Home) -> None:
    february = seed.on("2026-02-03")
    february.allocate("pcc", "130")
    assert undo(february) == "pcc: allocated $150.00 → $130.00"
    refused(february, Refused, r"January 2026 was closed since the last change \(.+\); a closed period stays closed")


def test_an_undo_that_closes_periods_itself_names_what_was_changed_before(home: Home) -> None:
    home.on("2026-09-10").budget("100")
    later = home.on("2026-11-10")
    words = (
        r"September 2026 was closed since the last change \(budget \$0\.00 → \$100\.00\); a closed period stays closed"
    )
    refused(later, Refused, words)
    later.services.periods.catch_up()
    refused(later, Refused, words)


def test_what_an_older_version_wrote_is_told(seed: Home) -> None:
    with seed.services.context.work() as work:
        work.record("project.archive", "pcc", {"allocation": "5"}, None)
        work.commit()
    with seed.services.context.work() as work:
        work.unit.entities.archive(work.project("pcc"), work.now)
        work.commit()
    refused(seed, Refused, "an older version made this change")


def test_a_key_to_the_api_stands_in_nobodys_way(seed: Home) -> None:
    before = seed.allocations
    seed.allocate("pcc", "120")
    key = seed.services.keys.create("ci", Scope.READ).key
    assert seed.services.undo.undo().passed_over == ["key ci: created, may read"]
    assert seed.allocations == before
    seed.services.keys.revoke(key.key_id)
    assert seed.services.undo.redo().passed_over == ["key ci: revoked"]
    assert seed.allocations["pcc"] == "120"


@pytest.mark.both_engines
def test_what_no_undo_reverses_is_passed_over_and_named_once(seed: Home, tmp_path: Path) -> None:
    seed.allocate("pcc", "120")
    seed.allocate("pcc", "110")
    rates = tmp_path / "rates.csv"
    rates.write_text("Date,USD,\n2026-01-12,1.17,\n", "utf-8")
    seed.services.fx.import_ecb([str(rates)])
    seed.services.organizations.add(NewOrganization("acme"))
    as_other(seed).services.keys.create("theirs", Scope.READ)
    seed.services.holds.hold("pcc", usd("5"))
    undone = seed.services.undo.undo("once")
    assert undone.what == "pcc: allocated $120.00 → $110.00"
    assert undone.passed_over == ["EUR: 1 rate imported", "acme: organization added", "$5.00 held for pcc"]
    assert seed.services.undo.undo("once") == undone
    later = seed.services.undo.undo()
    assert (later.what, later.passed_over) == ("pcc: allocated $150.00 → $120.00", [])


def test_a_key_alone_is_named_as_what_cannot_be_undone(home: Home) -> None:
    home.services.keys.create("ci", Scope.READ)
    refused(home, Refused, r"the last change \(key ci: created, may read\) cannot be undone")
