"""Tables of costs come in again: a longer one takes the place of what it continues, another one does not."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import Conflict, Refused
from budget_tui.services.imports import ImportReport, ImportRequest
from tests.databases import Engine
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at

Rows = Sequence[str]
Take = Callable[..., ImportReport]


def with_projects(path: Path) -> None:
    home = home_at(path, TODAY)
    home.budget("1000")
    home.add("pcc", "dandelion")


@pytest.fixture
def bills(engine: Engine) -> Home:
    return home_at(engine.new(with_projects), TODAY)


@pytest.fixture
def take(bills: Home, tmp_path: Path) -> Take:
    """Imports rows of day in January, amount, project and description."""

    def take(*rows: str, name: str = "costs.csv", **options: object) -> ImportReport:
        path = tmp_path / name
        path.write_text("date,amount,project,description\n" + "".join(f"2026-01-{row}\n" for row in rows))
        return bills.services.imports.run(ImportRequest((str(path),), **options))  # type: ignore[arg-type]

    return take


def spent(home: Home) -> dict[str, str]:
    return {name: amount for name, amount in home.spent.items() if amount != "0"}


JANUARY = ("03,10,pcc,server", "04,2.5,pcc,disk", "04,2.5,pcc,disk", "05,20,dandelion,seat", "06,7,nobody,dns")


def test_every_cost_finds_its_project_or_none(bills: Home, take: Take) -> None:
    report = take(*JANUARY)
    assert spent(bills) == {"pcc": "15", "dandelion": "20", "all": "42"}
    assert (report.days_stored, report.rows_read, report.unmapped_total) == (4, 5, {"USD": Decimal(7)})
    assert bills.rows("SELECT DISTINCT source FROM cost_origin") == [("csv",)]


def test_a_longer_file_takes_the_place_of_the_shorter_one(bills: Home, take: Take) -> None:
    take(*JANUARY)
    assert take(*JANUARY).unchanged
    report = take(*JANUARY, "06,1,nobody,dns", "08,5,pcc,server", name="costs (1).csv")
    assert (report.rows_replaced, report.rows_added, spent(bills)["all"]) == (4, 0, "48")


def test_a_file_that_grows_within_a_day_or_at_its_top_replaces(bills: Home, take: Take) -> None:
    take("13,3,pcc,server")
    take("13,3,pcc,server", "13,4,pcc,server")
    assert spent(bills)["all"] == "7"
    take("13,1,pcc,server", "13,3,pcc,server", "13,4,pcc,server")
    assert spent(bills)["all"] == "8"


def test_a_file_of_other_costs_is_not_taken_for_a_later_version(bills: Home, take: Take) -> None:
    take("03,10,pcc,server", "04,10,pcc,server", "05,10,pcc,server")
    for rows in (
        ("03,30,pcc,model", "04,31,pcc,model", "05,32,pcc,model"),
        ("03,30,pcc,server", "03,11,pcc,server", "04,31,pcc,server", "05,32,pcc,server", "05,33,pcc,server"),
    ):
        with pytest.raises(
            Conflict, match=r"csv has other costs, Jan 3 – Jan 5, 2026, \$30\.00: this repeats few"
        ) as no:
            take(*rows, name="other.csv")
        assert "--source NAME keeps it apart" in no.value.at_terminal
        assert spent(bills)["all"] == "30"
    take("03,30,pcc,model", name="other.csv", source="models")
    assert spent(bills)["all"] == "60"
    take("03,31,pcc,server", "04,31,pcc,server", "05,32,pcc,server", replace=True)
    assert spent(bills)["all"] == "124"


def test_the_same_costs_under_two_sources_are_refused(bills: Home, take: Take) -> None:
    take(*JANUARY, source="openai")
    with pytest.raises(Conflict, match="are stored already as the source openai: they would count twice") as no:
        take(*JANUARY, name="other.csv")
    assert no.value.at_terminal.endswith("--part NAME stores it beside; --source openai imports it again")
    assert spent(bills)["all"] == "42"
    take(*JANUARY[:-1], "06,8,nobody,dns", source="model")
    assert spent(bills)["all"] == "85"


def test_the_same_costs_of_two_sources_stand_beside_as_a_part_or_in_place(bills: Home, take: Take) -> None:
    take(*JANUARY, source="openai")
    take(*JANUARY, part="mine")
    assert spent(bills)["all"] == "84"
    assert take(*JANUARY, source="openai").unchanged
    bills.services.undo.undo()
    assert take(*JANUARY, replace=True).rows_replaced == 4
    assert spent(bills)["all"] == "42"
    bills.services.undo.undo()
    assert take(*JANUARY, source="openai").unchanged


def test_costs_of_another_project_on_the_same_days_are_added(bills: Home, take: Take) -> None:
    take("03,10,pcc,server", "04,10,pcc,server")
    report = take("03,5,dandelion,server", "04,5,dandelion,server", name="dandelion.csv")
    assert (report.rows_replaced, spent(bills)) == (0, {"pcc": "20", "dandelion": "10", "all": "30"})


def test_a_corrected_row_replaces_and_a_lost_one_is_refused(bills: Home, take: Take) -> None:
    take(*JANUARY)
    take("03,10.5,pcc,server", *JANUARY[1:])
    assert spent(bills)["all"] == "42.5"
    with pytest.raises(Conflict, match=r"dandelion, Jan 5, 2026, \$20\.00 would vanish"):
        take("03,10.5,pcc,server", *JANUARY[1:3], JANUARY[4])
    assert spent(bills)["all"] == "42.5"


def test_an_import_of_a_table_is_undone_and_redone(bills: Home, take: Take) -> None:
    take(*JANUARY)
    take(*JANUARY, "08,5,pcc,server")
    bills.services.undo.undo()
    assert spent(bills)["all"] == "42"
    bills.services.undo.redo()
    assert spent(bills)["all"] == "47"


def test_a_dry_run_stores_nothing_and_says_how_the_file_was_read(bills: Home, take: Take) -> None:
    report = take(*JANUARY, dry_run=True)
    assert report.read_as == ("amount in USD",)
    assert bills.rows("SELECT count(*) FROM cost") == [(0,)]


@pytest.mark.both_engines
def test_a_file_with_a_header_alone_is_refused(take: Take) -> None:
    with pytest.raises(Refused, match=r"there are no costs in .*costs\.csv"):
        take()


@settings(max_examples=examples(6), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 13), st.integers(1, 999), st.sampled_from(["pcc", "dandelion", "x"])),
        min_size=2,
        max_size=25,
    ),
    st.sets(st.integers(1, 25), min_size=1, max_size=3),
)
def test_a_file_that_grows_counts_each_of_its_rows_once(
    engine: Engine, rows: list[tuple[int, int, str]], sizes: set[int]
) -> None:
    """Whatever it grows by, at its end."""
    engine.clear()
    home = home_at(engine.new(with_projects), TODAY)
    path = home.folder / "growing.csv"
    for size in sorted({*(size for size in sizes if size < len(rows)), len(rows)}):
        lines = (f"2026-01-{day:02},{cents / 100},{project}\n" for day, cents, project in rows[:size])
        path.write_text("date,amount,project\n" + "".join(lines))
        home.services.imports.run(ImportRequest((str(path),)))
        assert Decimal(home.spent["all"]) * 100 == sum(cents for _, cents, _ in rows[:size])
