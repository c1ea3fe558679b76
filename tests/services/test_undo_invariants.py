"""Whatever was done: as many undos give back how it began, as many redos how it ended."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import BudgetError
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at, usd
from tests.services.test_undo import state

PROJECTS = ("a", "b", "c")
PLACES = (*PROJECTS, "pool")
EXPORT = (
    "BillingAccountId,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,"
    "BillingCurrency,ServiceProviderName,ServiceName,ServiceCategory,SubAccountId,SubAccountName,Tags\n"
    "acc,2026-01-01T00:00:00Z,2026-01-10T00:00:00Z,,{amount},0,USD,Amazon Web Services,{service},Storage,,,"
    '"{{""project"": ""{project}""}}"\n'
)

amounts = st.integers(1, 300).map(str)
projects = st.sampled_from(PROJECTS)
services = st.sampled_from(("s3", "ec2"))
commands = st.one_of(
    st.tuples(st.just("budget"), amounts),
    st.tuples(st.just("allocate"), projects, amounts | amounts.map("-{}".format) | st.just("rest")),
    st.tuples(st.just("transfer"), st.sampled_from(PLACES), st.sampled_from(PLACES), amounts),
    st.tuples(st.just("add"), projects, amounts),
    st.tuples(st.just("archive"), projects),
    st.tuples(st.just("rename"), projects, st.sampled_from(("one", "two"))),
    st.tuples(st.just("spend"), projects, amounts),
    st.tuples(st.just("map"), projects, services),
    st.tuples(st.just("carry"), projects, st.sampled_from(CarryPolicy)),
    st.tuples(st.just("import"), st.sampled_from(("x", "y")), services, amounts, projects),
)


def begun(address: Address) -> None:
    """A database with two projects, one of them in use."""
    home = home_at(address, TODAY)
    home.budget("500")
    home.add("a", "b", allocate="100")
    home.spend("a", "30")


def carry_out(home: Home, command: tuple[str, ...], exports: Path) -> None:
    match command:
        case "budget", amount:
            home.budget(amount)
        case "allocate", project, change:
            home.allocate(project, change)
        case "transfer", giver, taker, amount:
            home.transfer(giver, taker, amount, force=True, reason="because")
        case "add", project, amount:
            home.add(project, allocate=amount)
        case "archive", project:
            home.services.projects.archive(project)
        case "rename", project, name:
            home.services.projects.rename(project, name)
        case "spend", project, amount:
            home.services.costs.add_all([CostEntry(project, usd(amount)), CostEntry(project, -usd("1"))])
        case "map", project, service:
            home.services.costs.map_to_project(project, "service", service)
        case "carry", project, policy:
            home.services.budgets.set_carry(CarryPolicy(policy), usd("5"), project)
        case "import", source, service, amount, project:
            # Of each source what it said last is kept and what it said before, not all that it ever said.
            if len(home.rows(f"SELECT 1 FROM audit WHERE action = 'cost.import' AND subject = '{source}'")) < 2:
                exports.write_text(EXPORT.format(amount=amount, service=service, project=project))
                home.services.imports.run(ImportRequest((str(exports),), source))


def changes_made(home: Home) -> int:
    [(count,)] = home.rows("SELECT count(DISTINCT change) FROM audit")
    assert isinstance(count, int)
    return count


@settings(max_examples=examples(6), deadline=None)
@given(st.lists(commands, min_size=1, max_size=10))
def test_there_and_back_and_there_again(engine: Engine, done: list[tuple[str, ...]]) -> None:
    engine.clear()
    home = home_at(engine.new(begun), TODAY)
    states = [state(home)]
    for command in done:
        before = changes_made(home)
        try:
            carry_out(home, command, home.folder / "export.csv")
        except BudgetError:
            assert state(home) == states[-1]
        if changes_made(home) > before:
            states.append(state(home))
    for expected in reversed(states[:-1]):
        home.services.undo.undo()
        assert state(home) == expected
    for expected in states[1:]:
        home.services.undo.redo()
        assert state(home) == expected
    home.services.snapshots.close()
