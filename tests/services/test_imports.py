"""Exports come in: a newer one replaces what its source said before; every cost finds its project, now or later."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, NotFound, Refused, SourceError, StorageError
from budget_tui.domain.period import Period, PeriodRule
from budget_tui.presentation import formatting, messages
from budget_tui.presentation.audit import changes
from budget_tui.services.imports import ImportReport, ImportRequest
from budget_tui.storage.database import sqlite_connections
from budget_tui.storage.repositories import datasets
from tests.databases import Engine
from tests.services.conftest import TODAY, Home, home_at, shown

SAMPLE = Path(__file__).parents[1] / "fixtures" / "focus" / "focus-1.0-sample.csv"

PLAIN = {
    "BillingAccountId": "acc",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "ChargePeriodStart": "2026-01-10T00:00:00Z",
    "ChargePeriodEnd": "2026-01-11T00:00:00Z",
    "BilledCost": "1",
    "EffectiveCost": "0.5",
    "BillingCurrency": "USD",
    "ServiceProviderName": "Amazon Web Services",
    "ServiceName": "Amazon S3",
    "ServiceCategory": "Storage",
    "SubAccountId": "",
    "SubAccountName": "",
    "Tags": "{}",
    "x_hierarchy_entity_id": "",
    "x_hierarchy_path": "",
}

Export = Callable[..., str]


def charge(cost: str, day: str = "2026-01-10", **changed: str) -> dict[str, str]:
    """A plain charge of one day."""
    return {
        **PLAIN,
        "BilledCost": cost,
        "BillingPeriodStart": f"{day[:7]}-01T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": "",
        **changed,
    }


def tagged(cost: str, project: str, **changed: str) -> dict[str, str]:
    return charge(cost, Tags=f'{{"project": "{project}"}}', **changed)


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Writes charges as CSV and returns where; without a name, always to the same file."""

    def write(*charges: dict[str, str], name: str = "export.csv") -> str:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(PLAIN))
            writer.writeheader()
            writer.writerows(charges)
        return str(path)

    return write


def run(home: Home, *paths: str, **options: object) -> ImportReport:
    return home.services.imports.run(ImportRequest(paths, **options))  # type: ignore[arg-type]


def everything(home: Home) -> list[list[tuple[object, ...]]]:
    """All that an import could have written."""
    tables = ("cost", "cost_origin", "dataset", "audit", "organization", "budget")
    return [home.rows(f"SELECT * FROM {table}") for table in tables]


def a_and_b(path: Path) -> None:
    home = home_at(path, TODAY)
    home.budget("100")
    home.add("a", "b")


@pytest.fixture
def two(engine: Engine) -> Home:
    return home_at(engine.new(a_and_b), TODAY)


# What it says


def test_the_report(two: Home, export: Export) -> None:
    path = export(
        tagged("10", "a"),
        tagged("2.5", "a"),
        charge("4", SubAccountId="unknown"),
        charge("7", BillingCurrency="EUR"),
        charge("many"),
    )
    assert run(two, path) == ImportReport(
        files=(path,),
        left_out=(),
        rows_read=5,
        rows_refused=1,
        first_day=date(2026, 1, 10),
        last_day=date(2026, 1, 10),
        days_stored=3,
        rows_replaced=0,
        rows_added=3,
        rows_unchanged=0,
        billed_total={"EUR": Decimal(7), "USD": Decimal("16.5")},
        stored_total={"EUR": Decimal(7), "USD": Decimal("16.5")},
        in_period_total={"EUR": Decimal(7), "USD": Decimal("16.5")},
        unmapped_total={"EUR": Decimal(7), "USD": Decimal(4)},
        refused=((path, 6, "BilledCost 'many' is not a number"),),
        vanished=(),
        unchanged=False,
        period="January 2026",
        format="focus 1.4",
    )
    assert two.spent == {"a": "12.5", "b": "0", "all": "16.5"}


def test_it_is_written_down(two: Home, export: Export) -> None:
    run(two, export(tagged("0.0000001", "a")))
    assert (two.log[0].action, two.log[0].subject) == ("cost.import", "focus")
    assert "stored_total 0.0000001 USD" in changes(two.log[0])


def test_tiny_charges_are_exact(two: Home, export: Export) -> None:
    """A day's sum is rounded, not each charge: these would each round to nothing."""
    report = run(two, export(*[tagged("0.0000000002", "a")] * 1000))
    assert report.billed_total == report.stored_total == {"USD": Decimal("0.0000002")}
    assert two.spent["a"] == "0.0000002"


def test_the_other_cost_column(two: Home, export: Export) -> None:
    report = run(two, export(tagged("10", "a"), tagged("20", "a")), cost_column="EffectiveCost")
    assert report.stored_total == {"USD": Decimal(1)}


# Replacing


def test_the_same_files_again_change_nothing_and_say_so(two: Home, export: Export) -> None:
    path = export(tagged("10", "a"), charge("4"))
    run(two, path)
    before = everything(two)
    report = run(two.again(), path)
    assert (report.unchanged, report.days_stored, report.rows_replaced) == (True, 0, 0)
    assert report.stored_total == {"USD": Decimal(14)}
    assert everything(two) == before


def test_the_order_of_rows_and_the_names_of_files_are_no_change(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a"), tagged("1", "a"), charge("4")))
    assert run(two, export(charge("4"), tagged("11", "a"), name="other.csv")).unchanged is False  # fewer charges
    assert run(two, export(tagged("11", "a"), charge("4"), name="third.csv")).unchanged is True


def test_a_newer_export_replaces_what_the_older_said(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a"), tagged("20", "b"), charge("4", "2026-01-11")))
    newer = export(tagged("31", "a"), charge("5", "2026-01-11"))
    report = run(two, newer)
    assert (report.days_stored, report.rows_replaced, report.rows_added, report.unchanged) == (2, 3, 0, False)
    assert report.rows_unchanged == 0
    assert two.spent == {"a": "31", "b": "0", "all": "36"}


@pytest.mark.both_engines
def test_what_a_newer_export_leaves_as_it_was_is_counted(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a"), tagged("20", "b"), charge("4", "2026-01-11")))
    report = run(two, export(tagged("10", "a"), tagged("20", "b"), charge("5", "2026-01-11")))
    assert (report.days_stored, report.rows_replaced, report.rows_unchanged) == (3, 3, 2)
    words = messages.import_report(report, dry_run=False, how_to_map="")
    assert "3 daily costs stored, 3 replaced, 2 as they were" in words


def test_only_its_own_billing_account_and_period_are_replaced(two: Home, export: Export) -> None:
    run(
        two,
        export(
            tagged("10", "a"),
            tagged("20", "a", BillingAccountId="other"),
            charge("40", "2025-12-31", Tags='{"project": "a"}'),
        ),
    )
    report = run(two, export(tagged("11", "a")))
    assert (report.days_stored, report.rows_replaced) == (1, 1)
    assert two.spent["a"] == "31"
    assert two.on("2025-12-31").spent["all"] == "40"


def test_what_is_the_same_of_several_periods_stays(two: Home, export: Export) -> None:
    december = charge("40", "2025-12-31")
    run(two, export(december, tagged("10", "a")))
    report = run(two, export(december, tagged("11", "a")))
    assert (report.days_stored, report.rows_replaced, report.unchanged) == (1, 1, False)


def test_numbered_parts_given_together_are_one_delivery(two: Home, export: Export, tmp_path: Path) -> None:
    first, second = export(tagged("10", "a"), name="1.csv"), export(tagged("9.5", "a"), name="2.csv")
    report = run(two, first, second)
    assert (len(report.files), report.days_stored) == (2, 1)
    assert two.spent["a"] == "19.5"
    for paths in ((second, first), (str(tmp_path),), (str(tmp_path / "*.csv"),)):
        assert run(two, *paths).unchanged
    with pytest.raises(Conflict, match="more than a tenth"):
        run(two, second)
    assert two.spent["a"] == "19.5"


def test_another_source_says_something_else(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a")))
    run(two, export(tagged("5", "a", BillingAccountId="proxy")), source="litellm")
    assert two.spent["a"] == "15"
    run(two, export(tagged("6", "a", BillingAccountId="proxy")), source=" litellm ")
    assert two.spent["a"] == "16"


def test_what_was_entered_by_hand_is_never_replaced(two: Home, export: Export) -> None:
    two.spend("a", "3", on="2026-01-10", provider="Amazon Web Services")
    run(two, export(tagged("10", "a")))
    run(two, export(tagged("11", "a")))
    assert two.spent["a"] == "14"


@pytest.mark.parametrize("source", ["manual", " Manual", "", "  ", "a\nb"])
def test_a_source_has_a_name_of_its_own(two: Home, export: Export, source: str) -> None:
    with pytest.raises(Refused):
        run(two, export(tagged("10", "a")), source=source)


# All or nothing


def test_a_dry_run_reports_and_keeps_nothing(two: Home, export: Export) -> None:
    path = export(tagged("10", "a"), charge("4"))
    before = everything(two)
    tried = run(two, path, dry_run=True)
    assert everything(two) == before
    assert run(two, path) == tried


def test_a_dry_run_of_the_first_command_makes_no_database(engine: Engine, export: Export) -> None:
    home = home_at(engine.nowhere(), TODAY)
    assert run(home, export(tagged("10", "a")), dry_run=True).days_stored == 1
    assert not home.services.context.has_database


def test_strict_refuses_the_whole_for_one_row(two: Home, export: Export) -> None:
    path = export(tagged("10", "a"), charge("many"))
    before = everything(two)
    with pytest.raises(Refused, match=r"1 of 2 rows cannot be used, the first in .*export\.csv line 3: BilledCost"):
        run(two, path, strict=True)
    assert everything(two) == before
    assert run(two, export(tagged("10", "a")), strict=True).days_stored == 1


def test_a_file_of_refused_rows_changes_nothing_and_does_not_claim_to_be_known(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a")))
    before = everything(two)
    with pytest.raises(Refused, match="none of 2 rows can be used"):
        run(two, export(charge("many"), charge("few")))
    assert everything(two) == before


def test_a_file_that_is_not_there_or_not_focus(two: Home, tmp_path: Path, export: Export) -> None:
    (tmp_path / "other.csv").write_text("date,amount\n2026-01-13,12.50\n")
    before = everything(two)
    for bad in ("nowhere.csv", "other.csv"):
        with pytest.raises(SourceError):
            run(two, export(tagged("10", "a")), str(tmp_path / bad))
    assert everything(two) == before


def test_interrupted_while_reading(two: Home, export: Export) -> None:
    before = everything(two)

    def interrupt(_percent: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        two.services.imports.run(ImportRequest((export(tagged("10", "a")),)), interrupt)
    assert everything(two) == before


@pytest.mark.sqlite
def test_a_disk_that_is_full_while_storing(two: Home, export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    run(two, export(tagged("10", "a")))
    before = everything(two)
    path = export(*[charge("1", SubAccountId=f"account {number}") for number in range(3000)])

    monkeypatch.setattr(sqlite_connections, "PRAGMAS", (*sqlite_connections.PRAGMAS, "max_page_count = 120"))
    with pytest.raises(StorageError, match=r"the disk of .* is full"):
        run(two.again(), path)
    assert everything(two) == before


def test_sums_that_nothing_could_show_are_refused_with_all_the_rest(two: Home, export: Export) -> None:
    run(two, export(tagged("10", "a")))
    before = everything(two)
    for currency in ("USD", "EUR"):
        most = [charge("9000000000", BillingAccountId=account, BillingCurrency=currency) for account in "xy"]
        with pytest.raises(Refused, match="out of range"):
            run(two, export(tagged("11", "a"), *most))
    assert everything(two) == before


# How far the data reaches


def test_what_is_live_reaches_today(two: Home) -> None:
    two.spend("a", "1", on="2026-01-02")
    assert two.snapshot.data_through == TODAY


def test_what_is_imported_reaches_its_latest_day(two: Home, export: Export) -> None:
    run(two, export(charge("1", "2026-01-05"), charge("1", "2026-01-09", ServiceName="other")))
    assert two.snapshot.data_through.isoformat() == "2026-01-09"


def test_of_several_sources_the_one_that_reaches_least_counts(two: Home, export: Export) -> None:
    two.spend("a", "1")
    run(two, export(charge("1", "2026-01-09")))
    run(two, export(charge("1", "2026-01-06"), charge("1", "2026-01-04")), source="other")
    assert two.snapshot.data_through.isoformat() == "2026-01-06"
    run(two, export(charge("1", "2025-12-20", BillingAccountId="gone")), source="gone")
    assert two.snapshot.data_through.isoformat() == "2025-12-20"  # silent, but not for two whole periods
    assert two.on("2026-03-01").snapshot.data_through.isoformat() == "2026-01-06"


def test_data_from_the_future_reaches_today(two: Home, export: Export) -> None:
    run(two, export(charge("1", "2026-01-30")))
    assert two.snapshot.data_through == TODAY


def test_burn_looks_only_at_days_that_data_covers(two: Home, export: Export) -> None:
    days = [charge("7", f"2026-01-{day:02d}", Tags='{"project": "a"}') for day in range(1, 11)]
    run(two, export(*days))
    pace = two.pace("a")
    assert (shown(pace.burn_rate), shown(pace.spent)) == ("7", "70")  # 4 to 10, not 6 to 12 with two empty days
    assert two.snapshot.burn_days == 7


# Whose they are


def origin_of(home: Home) -> tuple[object, ...]:
    [row] = home.rows(
        "SELECT e.entity_id, o.provider, o.category FROM cost_origin o LEFT JOIN entity e USING (entity_key)"
    )
    return row


HOW_COSTS_SAY_IT = [
    {"x_hierarchy_entity_id": "b", "Tags": '{"project": "a"}'},
    {"x_hierarchy_path": "/ORG/DEPT/b/", "Tags": '{"project": "a"}'},
    {"Tags": '{"project": "B"}', "SubAccountId": "a"},
    {"Tags": '{"user:Project": "b"}'},
    {"SubAccountId": "b"},
    {"SubAccountId": "123", "SubAccountName": "Project B"},
]


@pytest.mark.parametrize("said", HOW_COSTS_SAY_IT, ids=lambda said: "+".join(said))
def test_a_cost_finds_its_project(two: Home, export: Export, said: dict[str, str]) -> None:
    two.services.projects.rename("b", "Project B")
    run(two, export(charge("5", **said)))
    assert two.spent == {"a": "0", "b": "5", "all": "5"}
    assert two.snapshot.unmapped == 0


@pytest.mark.parametrize("said", HOW_COSTS_SAY_IT, ids=lambda said: "+".join(said))
def test_a_cost_waits_for_its_project(home: Home, export: Export, said: dict[str, str]) -> None:
    run(home, export(charge("5", **said)))
    assert shown(home.snapshot.unmapped) == "5"
    home.services.projects.add("b", "Project B")
    assert home.spent == {"b": "5", "all": "5"}


MAPPINGS = [
    ("tag:team", "red", {"Tags": '{"team": "Red"}'}),
    ("sub_account", "123", {"SubAccountId": "123"}),
    ("sub_account", "SANDBOX", {"SubAccountName": "sandbox"}),
    ("service", "amazon s3", {}),
    ("provider", "aws", {}),
    ("provider", "Amazon Web Services", {}),
]


@pytest.mark.parametrize(("field", "value", "said"), MAPPINGS, ids=[f"{field}={value}" for field, value, _ in MAPPINGS])
def test_a_rule_reaches_past_and_coming_costs(
    two: Home, export: Export, field: str, value: str, said: dict[str, str]
) -> None:
    past = charge("40", "2025-12-31", **said)
    report = run(two, export(past, charge("5", **said)), tags=("team",))
    assert report.unmapped_total == {"USD": Decimal(45)}
    outcome = two.services.costs.map_to_project("b", field, value)
    assert (outcome.changed_origins, {code: shown(nanos) for code, nanos in outcome.moved.items()}) == (
        1,
        {"USD": "45"},
    )
    assert two.spent == {"a": "0", "b": "5", "all": "5"}
    assert two.on("2025-12-31").snapshot.unmapped == 0
    report = run(two, export(past, charge("6", **said), charge("1", "2026-01-12", **said)))
    assert report.unmapped_total == {}
    assert two.spent["b"] == "7"


def test_a_rule_counts_more_than_tag_and_sub_account_and_less_than_the_hierarchy(two: Home, export: Export) -> None:
    two.services.costs.map_to_project("b", "service", "Amazon S3")
    run(
        two,
        export(
            tagged("1", "a"),
            charge("2", SubAccountId="a"),
            charge("4", x_hierarchy_entity_id="a"),
        ),
    )
    assert two.spent == {"a": "4", "b": "3", "all": "7"}


def test_the_newest_rule_that_fits_counts(two: Home, export: Export) -> None:
    run(two, export(charge("5", SubAccountId="123")))
    two.services.costs.map_to_project("a", "service", "Amazon S3")
    two.services.costs.map_to_project("b", "sub_account", "123")
    assert two.spent["b"] == "5"
    two.services.costs.map_to_project("a", "service", "amazon s3")  # said anew
    assert two.spent["a"] == "5"
    two.services.costs.map_to_project("b", "service", "Amazon S3")
    assert two.spent["b"] == "5"


def test_a_rule_by_a_tag_is_kept_in_mind_by_later_imports(two: Home, export: Export) -> None:
    two.services.costs.map_to_project("b", "tag:team", "red")
    run(two, export(charge("5", Tags='{"team": "red", "colour": "blue"}')))
    assert two.spent["b"] == "5"
    assert two.rows("SELECT tags FROM cost_origin") == [('{"team": "red"}',)]


@pytest.mark.both_engines
def test_unmapped_costs_are_counted_shown_and_told_apart(two: Home, export: Export) -> None:
    run(
        two,
        export(
            charge("5", SubAccountId="123"),
            charge("5", SubAccountId="123"),
            charge("-40", "2025-12-30", SubAccountName="sandbox"),
            charge("3", BillingCurrency="EUR"),
            tagged("1", "a"),
        ),
    )
    found = [
        (origin.sub_account_id or origin.sub_account_name, origin.currency, shown(origin.amount), origin.costs)
        for origin in two.services.costs.unmapped()
    ]
    assert found == [("sandbox", "USD", "-40", 1), ("123", "USD", "10", 2), ("", "EUR", "3", 1)]
    snapshot = two.snapshot
    assert (shown(snapshot.unmapped), snapshot.unmapped_costs) == ("10", 2)
    assert shown(snapshot.total.spent) == "11"
    assert "2 costs unmapped ($10.00)" in " ".join(messages.warnings(snapshot))


@pytest.mark.both_engines
def test_a_provider_named_anew_is_another_in_the_past_too(two: Home, export: Export) -> None:
    run(two, export(charge("5", ServiceProviderName="ACME Brain Ltd")))
    assert origin_of(two) == (None, "ACME Brain Ltd", "cloud")
    two.services.costs.map_to_project("b", "provider", "openai")
    assert two.spent["b"] == "0"
    two.services.costs.name_provider("ACME BRAIN LTD", "openai")
    assert origin_of(two) == ("b", "openai", "genai")
    assert two.spent["b"] == "5"


@pytest.mark.both_engines
def test_a_category_is_derived_and_can_be_chosen_for_the_past_too(two: Home, export: Export) -> None:
    run(two, export(tagged("5", "a", ServiceCategory="AI and Machine Learning")))
    assert origin_of(two) == ("a", "aws", "genai")
    two.services.costs.put_into_category("Amazon S3", Category.CLOUD)
    assert origin_of(two) == ("a", "aws", "cloud")


def test_costs_that_name_an_archived_project_stay_with_it(two: Home, export: Export) -> None:
    run(two, export(tagged("5", "a")))
    two.services.projects.archive("a")
    run(two, export(tagged("6", "a")))
    snapshot = two.snapshot
    assert (shown(snapshot.total.spent), snapshot.unmapped) == ("6", 0)
    two.add("a")
    assert two.spent["a"] == "6"


def test_two_projects_cannot_be_called_the_same(two: Home, export: Export) -> None:
    two.services.projects.rename("a", "Same")
    run(two, export(tagged("5", "Same")))
    with pytest.raises(Conflict, match="'a' is already called Same"):
        two.services.projects.rename("b", "same")
    with pytest.raises(Conflict, match="'a' already exists"):
        two.services.projects.add("A")
    assert two.spent["a"] == "5"


def test_a_renamed_project_keeps_the_costs_that_know_its_old_name(two: Home, export: Export) -> None:
    two.services.projects.rename("a", "Platform")
    run(two, export(tagged("5", "Platform")))
    two.services.projects.rename("a", "The Platform")
    assert two.spent["a"] == "5"
    run(two, export(tagged("7", "platform")))
    assert two.spent["a"] == "7"


@pytest.mark.parametrize("pattern", ["", "  ", "~nobody-at-all/a.csv", "x" * 5000])
def test_a_pattern_that_can_mean_no_file_is_refused(two: Home, pattern: str) -> None:
    with pytest.raises(SourceError):
        run(two, pattern)


@pytest.mark.parametrize("pattern", ["/", "/**/*.csv", "~", "~/", "~/**", "~/..", "/tmp/../*", "."])
def test_a_whole_disk_or_home_is_not_looked_through(
    two: Home, monkeypatch: pytest.MonkeyPatch, export: Export, pattern: str
) -> None:
    exports = Path(export(charge("5", Tags='{"project": "a"}'))).parent
    monkeypatch.setenv("HOME", str(exports))
    monkeypatch.chdir(exports)
    with pytest.raises(SourceError, match="name the folder that holds the exports"):
        run(two, pattern)
    monkeypatch.setenv("HOME", str(exports.parent / "elsewhere"))
    if pattern.startswith("."):
        assert run(two, pattern).rows_read == 1


def test_who_has_no_home_imports_a_folder(two: Home, monkeypatch: pytest.MonkeyPatch, export: Export) -> None:
    def getpwuid(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.chdir(Path(export(charge("5", Tags='{"project": "a"}'))).parent)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", getpwuid)
    assert run(two, ".").rows_read == 1


def test_tags_that_were_kept_once_are_kept_again(two: Home, export: Export) -> None:
    file = export(charge("5", Tags='{"team": "a"}'))
    assert run(two, file, tags=("team",)).unmapped_total == {}
    again = run(two, file)
    assert again.unchanged
    assert two.spent["a"] == "5"


def test_costs_cannot_be_given_to_nobody(two: Home) -> None:
    with pytest.raises(NotFound):
        two.services.costs.map_to_project("nobody", "service", "Amazon S3")


# Other currencies


def test_other_currencies_are_left_out_and_named(two: Home, export: Export) -> None:
    run(
        two,
        export(
            tagged("10", "a"),
            tagged("7", "a", BillingCurrency="EUR"),
            charge("2", BillingCurrency="eur"),
            tagged("100", "a", BillingCurrency="JPY"),
            charge("9", "2025-12-31", BillingCurrency="GBP"),
        ),
    )
    snapshot = two.snapshot
    assert (shown(snapshot.total.spent), snapshot.unmapped) == ("10", 0)
    assert [(spend.currency, shown(spend.amount), spend.costs) for spend in snapshot.left_out] == [
        ("EUR", "9", 2),
        ("JPY", "100", 1),
    ]
    assert "2 costs in EUR (€9.00) left out" in " ".join(messages.warnings(snapshot))


# Time zones


def test_an_hour_belongs_to_the_organizations_day(fresh: Callable[..., Home], export: Export) -> None:
    hour = {
        "ChargePeriodStart": "2026-01-31T23:00:00Z",
        "ChargePeriodEnd": "2026-02-01T00:00:00Z",
    }
    path = export(tagged("5", "a", **hour))
    for zone, january in (("UTC", "5"), ("Europe/Berlin", "0"), ("America/New_York", "5")):
        home = fresh(new_time_zone=zone)
        home.add("a")
        run(home, path)
        assert home.on("2026-01-31").spent["a"] == january


# A real export


def test_a_real_export_adds_up(fresh: Callable[..., Home]) -> None:
    home = fresh(PeriodRule().containing(TODAY.replace(year=2024, month=9)).end)
    report = run(home, str(SAMPLE))
    assert (report.rows_read, report.rows_refused) == (1000, 0)
    assert list(report.billed_total) == ["USD"]
    assert round(report.billed_total["USD"], 9) == Decimal("20.520226729")
    difference = abs(report.stored_total["USD"] - report.billed_total["USD"])
    assert difference <= Decimal("0.5e-9") * report.days_stored
    snapshot = home.snapshot
    assert snapshot.period == Period(TODAY.replace(year=2024, month=9, day=1), TODAY.replace(2024, 9, 30))
    assert formatting.money(snapshot.total.spent, "USD") == "$20.52"
    assert snapshot.unmapped_costs == 1000
    assert run(home, str(SAMPLE)).unchanged


def test_every_sample_comes_in_twice_without_a_change(home: Home) -> None:
    first = run(home, str(SAMPLE.parent))
    assert len(first.files) == 3
    assert first.rows_refused == 0
    assert run(home, str(SAMPLE.parent)).unchanged


# Taken back


def undo(home: Home) -> str:
    return home.services.undo.undo().what


def redo(home: Home) -> str:
    return home.services.undo.redo().what


def as_bert(home: Home) -> Home:
    """Another user of the same database."""
    services = home.services
    return Home(replace(services, context=replace(services.context, actor="bert")))


def test_an_import_is_taken_back_and_made_again_as_one(two: Home, export: Export) -> None:
    run(two, export(tagged("5", "a"), tagged("7", "b", BillingPeriodStart="2025-12-01T00:00:00Z")))
    assert undo(two) == "focus: export.csv imported, $12.00 in 2 rows"
    assert two.rows("SELECT * FROM cost") == []
    assert redo(two) == "focus: export.csv imported, $12.00 in 2 rows"
    assert two.spent == {"a": "5", "b": "7", "all": "12"}
    undo(two)
    assert two.spent["all"] == "0"


def test_what_an_import_replaced_comes_back(two: Home, export: Export) -> None:
    run(two, export(tagged("5", "a")))
    before = two.rows("SELECT origin_key, day, amount_nanos, tokens, charges, seats, dataset_key FROM cost")
    run(two, export(tagged("6", "a"), tagged("1", "b")))
    assert two.spent["all"] == "7"
    undo(two)
    assert two.rows("SELECT origin_key, day, amount_nanos, tokens, charges, seats, dataset_key FROM cost") == before
    assert run(two, export(tagged("5", "a"))).unchanged
    undo(two)
    assert two.spent["all"] == "0"
    redo(two)
    redo(two)
    assert two.spent == {"a": "6", "b": "1", "all": "7"}


def test_after_taking_back_the_same_file_can_be_imported(two: Home, export: Export) -> None:
    path = export(tagged("5", "a"))
    run(two, path)
    undo(two)
    assert not run(two, path).unchanged
    assert two.spent["all"] == "5"
    undo(two)
    assert two.spent["all"] == "0"


@pytest.mark.both_engines
def test_imports_one_after_another_are_taken_back_one_after_another(two: Home, export: Export) -> None:
    for amount in ("1", "2", "3", "4"):
        run(two, export(tagged(amount, "a")))
    for left in ("3", "2", "1", "0"):
        undo(two)
        assert two.spent["all"] == left
    for amount in ("1", "2", "3", "4"):
        redo(two)
        assert two.spent["all"] == amount
    assert two.services.database.check().problems == ()


def test_of_many_rows_only_the_last_version_before_is_kept(
    two: Home, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "ROWS_KEPT", 1)
    for amount in ("1", "2", "3", "4"):
        run(two, export(tagged(amount, "a"), tagged("1", "b")))
    assert len(two.rows("SELECT * FROM former_cost")) == 2
    undo(two)
    assert two.spent["all"] == "4"
    with pytest.raises(Refused, match="what focus said before is no longer stored; import those files again"):
        undo(two)
    assert two.spent["all"] == "4"


def test_an_import_that_was_replaced_by_somebody_stays(two: Home, export: Export) -> None:
    run(two, export(tagged("5", "a")))
    run(as_bert(two), export(tagged("6", "a")))
    with pytest.raises(Conflict, match="focus has been imported again since"):
        undo(two)
    assert two.spent["all"] == "6"


def test_costs_that_come_again_belong_to_whom_they_belong_by_now(two: Home, export: Export) -> None:
    run(two, export(charge("5")))
    undo(two)
    as_bert(two).services.costs.map_to_project("b", "service", "Amazon S3")
    redo(two)
    assert two.spent == {"a": "0", "b": "5", "all": "5"}
