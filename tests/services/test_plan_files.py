"""The plan as a file: edits in it and edits at run time live together, and what was changed in both is named."""

from pathlib import Path

import pytest

from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import Conflict, NotFound, Refused, SourceError
from budget_tui.domain.plan_file import Kind
from budget_tui.services.alerts import NewRule, RuleEdit
from budget_tui.services.plan_files import PlanDifferences
from tests.databases import Address, Engine
from tests.services.conftest import TODAY, Home, home_at, usd
from tests.services.planning import plan_of

HOUSE = """\
# Agreed with finance.
projects:
  web: {allocation: 60, carry: unspent, carry_cap: 20}  # the shop
  api:
    allocation: 40
    enforced: true

budgets:
  - entity: ENG
    category: genai
    period: 2026-Q1
    amount: 1500.50
    notes: for the agents
mappings:
  - {kind: project, field: "tag:team", value: Shop, to: web}
  - {kind: category, field: name, value: copilot, to: subscription}
"""


def with_projects(address: Address) -> None:
    home = home_at(address, TODAY)
    home.services.entities.add("ENG", level="department")
    home.budget("200")
    home.add("web", "api", allocate="50")
    home.services.agents.add("scout", "api", tokens=1000)
    home.services.plans.create(plan_of("ENG", "genai", "1000", "2026-Q1"))
    home.services.plans.create(plan_of("ENG", "subscription", "15", "2026-02", budget_type="seat"))
    home.services.costs.map_to_project("api", "service", "Compute")


@pytest.fixture
def home(engine: Engine) -> Home:
    return home_at(engine.new(with_projects), TODAY)


def exported(home: Home, name: str = "plan.yaml") -> Path:
    path = home.folder / f"{abs(hash(home.address))}-{name}"
    path.write_text(home.services.plan_files.export(path).text, "utf-8")
    return path


def edited(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text("utf-8")
    for before, after in changes:
        assert text.count(before) == 1, f"{before!r} in\n{text}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    return path


def apply(home: Home, path: Path, *, prune: bool = False) -> PlanDifferences:
    files = home.services.plan_files
    return files.apply(files.read(path), prune=prune)


def seen(found: PlanDifferences) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.item.shown, each.field) for each in found.found]


@pytest.mark.both_engines
def test_what_was_exported_changes_nothing_and_what_is_edited_is_one_change(home: Home) -> None:
    path = exported(home)
    assert apply(home, path).found == ()
    before = home.log
    path.write_text(path.read_text("utf-8").partition("projects:")[0] + HOUSE, "utf-8")
    files = home.services.plan_files
    wanted = files.read(path)
    assert files.apply(wanted, check=True).to_do == files.differences(wanted).to_do
    assert home.log == before
    assert seen(apply(home, path)) == [
        ("change", "web", "allocation"),
        ("change", "web", "carry"),
        ("change", "web", "carry_cap"),
        ("change", "api", "allocation"),
        ("change", "api", "enforced"),
        ("change", "ENG genai monetary 2026-01-01..2026-03-31 USD", "amount"),
        ("change", "ENG genai monetary 2026-01-01..2026-03-31 USD", "notes"),
        ("add", "project tag:team shop", ""),
        ("add", "category name copilot", ""),
    ]
    assert home.allocations == {"web": "60", "api": "40", "pool": "100"}
    carry = {line.project_id: line.carry[:2] for line in home.snapshot.projects}
    assert carry == {"web": (CarryPolicy.UNSPENT, usd("20")), "api": (CarryPolicy.NONE, None)}
    assert apply(home, path).found == ()
    home.services.undo.undo()
    assert home.allocations == {"web": "50", "api": "50", "pool": "100"}
    assert not any(line.enforced or line.carry.cap for line in home.snapshot.projects)
    assert [each.kind for each in apply(home, path).found] == [Kind.KEPT] * 9, "what was undone was undone at run time"
    home.services.undo.redo()
    assert home.allocations["web"] == "60"
    assert home.services.database.check().problems == ()


@pytest.mark.both_engines
def test_edits_in_the_file_and_at_run_time_live_together(home: Home) -> None:
    path = exported(home)
    home.transfer("web", "api", "5")
    home.services.agents.top_up("scout", 500)
    home.add("new", allocate="1")
    edited(path, ("  amount: 200", "  amount: 300"), ("name: web", "name: Web shop"))
    found = apply(home, path)
    assert seen(found) == [
        ("change", "the global budget", "amount"),
        ("change", "web", "name"),
        ("kept", "web", "allocation"),
        ("kept", "api", "allocation"),
        ("kept", "scout", "tokens"),
    ]
    assert home.allocations == {"web": "45", "api": "55", "new": "1", "pool": "199"}
    # The file is as old as before: what it applied itself is no change at run time.
    edited(path, ("  amount: 300", "  amount: 310"))
    assert [each.kind for each in apply(home, path).found if each.item.section == "budget"] == [Kind.CHANGE]
    home.budget("320")
    assert [each.kind for each in apply(home, path).found if each.item.section == "budget"] == [Kind.KEPT]
    assert home.snapshot.total.allocation == usd("320")


@pytest.mark.both_engines
def test_what_was_changed_in_both_is_a_conflict_and_nothing_is_stored(home: Home) -> None:
    path = edited(exported(home), ("name: web\n    allocation: 50", "name: Web\n    allocation: 70"))
    home.allocate("web", "60")
    before = home.log
    with pytest.raises(Conflict, match="web allocation was 50 before, is 60 by now and 70 in the file"):
        apply(home, path)
    assert home.log == before
    home.allocate("web", "70")
    assert seen(apply(home, path)) == [("change", "web", "name")]
    home.services.projects.archive("web")
    assert seen(apply(home, path)) == [("kept", "web", "")]
    edited(path, ("allocation: 70", "allocation: 71"))
    with pytest.raises(Conflict, match="web was removed since the export, and changed in the file"):
        apply(home, path)


def test_what_is_not_named_stays_unless_it_is_pruned(home: Home) -> None:
    path = exported(home)
    home.add("later")
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("projects:")] + "projects:\n  api: {allocation: 55}\n", "utf-8")
    assert seen(apply(home, path)) == [("change", "api", "allocation")]
    found = apply(home, path, prune=True)
    assert seen(found) == [
        ("remove", "web", ""),
        ("remove", "scout", ""),
        ("kept", "later", ""),
        ("remove", "ENG genai monetary 2026-01-01..2026-03-31 USD", ""),
        ("remove", "ENG subscription seat 2026-02-01..2026-02-28", ""),
        ("remove", "project service compute", ""),
        ("remove", "each project share 80, 100 monetary", ""),
        ("remove", "each project forecast median monetary", ""),
    ]
    assert home.allocations == {"api": "55", "later": "0", "pool": "145"}
    assert [item.shown for item in home.services.plan_files.export().file.plan] == ["the global budget", "api", "later"]
    home.services.undo.undo()
    assert home.allocations["web"] == "50"
    assert len(home.services.plan_files.export().file.plan) == 10


def test_a_project_goes_with_its_agents_and_only_from_a_file_that_was_exported(home: Home) -> None:
    path = exported(home)
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("projects:")] + "projects:\n  web: {allocation: 50}\n", "utf-8")
    apply(home, path, prune=True)
    assert home.allocations == {"web": "50", "pool": "150"}
    home.services.undo.undo()
    path.unlink()
    text = exported(home).read_text("utf-8")
    path.write_text(text[: text.index("projects:")] + "projects:\n  web: {allocation: 50}\n", "utf-8")
    home.services.projects.archive("api")
    assert [each.item.section for each in apply(home, path, prune=True).to_do if each.item.section == "agents"] == []
    path.write_text("projects:\n  web: {allocation: 50}\n", "utf-8")
    with pytest.raises(Refused, match="no revision"):
        apply(home, path, prune=True)


@pytest.mark.both_engines
def test_a_file_outlives_the_periods_that_it_plans(home: Home) -> None:
    for entity, category, amount, of_type in (
        ("web", "total", "60", "monetary"),
        ("scout", "genai", "5000", "token"),
        ("ENG", "cloud", "70", "monetary"),
    ):
        home.services.plans.create(plan_of(entity, category, amount, "2026-02", budget_type=of_type))
    path = exported(home)
    assert apply(home, path).found == ()

    february = home.on("2026-02-10")
    february.allocate("api", "51")
    assert (february.allocations["web"], february.services.agents.get("scout").allocated_tokens) == ("60", 5000)
    kept = [("kept", "web", "allocation"), ("kept", "api", "allocation"), ("kept", "scout", "tokens")]
    assert seen(apply(february, path)) == kept
    assert seen(apply(february, edited(path, ("amount: 60", "amount: 61")))) == [
        *kept,
        ("kept", "web total monetary 2026-02-01..2026-02-28 USD", "amount"),
    ]

    april = home.on("2026-04-10")
    april.allocate("api", "52")
    assert seen(apply(april, path, prune=True)) == kept
    changed = apply(april, edited(path, ("amount: 70", "amount: 71")))
    assert seen(changed) == [*kept, ("change", "ENG cloud monetary 2026-02-01..2026-02-28 USD", "amount")]
    assert april.services.database.check().problems == ()


def test_a_file_says_neither_the_currency_nor_the_short_names_of_providers(home: Home) -> None:
    home.services.plans.create(plan_of("ENG", "cloud", "10", "2026-Q1", provider="gcp"))
    path = edited(exported(home), ("currency: USD\n", ""), ("provider: gcp", "provider: Google Cloud"))
    assert apply(home, path).found == ()
    home.services.costs.name_provider("GCP", "cloudy")  # what is stored keeps its name
    assert apply(home, exported(home, "again.yaml")).found == ()


ALERTS = """\
alerts:
  - {watch: web, kind: share, thresholds: "90%, 50", channels: "phone, mail"}
  - {watch: scout, kind: left, thresholds: 200, type: token, fails: true}
  - {watch: each project, kind: spike}
"""


@pytest.mark.both_engines
def test_alerts_are_added_changed_and_removed(home: Home) -> None:
    path = exported(home)
    path.write_text(path.read_text("utf-8").partition("alerts:")[0] + ALERTS, "utf-8")
    assert seen(apply(home, path)) == [
        ("add", "web share 50, 90 monetary", ""),
        ("add", "scout left 200 token", ""),
        ("add", "each project spike monetary", ""),
    ]
    rules = [status.rule for status in home.services.alerts.rules()]
    assert [(rule.thresholds, rule.channels, rule.fails) for rule in rules[2:]] == [
        ((500_000, 900_000), ("phone", "mail"), False),
        ((200,), (), True),
        ((0,), (), False),
    ]
    assert apply(home, path).found == ()
    edited(path, ('"phone, mail"', "pager"))
    assert seen(apply(home, path)) == [("change", "web share 50, 90 monetary", "channels")]
    assert home.services.alerts.rules()[2].rule.channels == ("pager",)
    home.services.undo.undo()
    assert home.services.alerts.rules()[2].rule.channels == ("phone", "mail")
    assert [each.kind for each in apply(home, path).found] == [Kind.KEPT]
    again = exported(home, "again.yaml")
    assert apply(home, again).found == ()


OF_WEB = """\
  - watch: web
    kind: share
    thresholds: {}
"""


def thresholds(home: Home) -> list[str]:
    rules = [status.rule for status in home.services.alerts.rules()]
    return [", ".join(f"{each // 10_000}" for each in rule.thresholds) for rule in rules if rule.entity_id == "web"]


@pytest.mark.both_engines
def test_thresholds_that_are_edited_change_their_rule(home: Home) -> None:
    """And those changed at run time stay; of several rules alike, each is known by its own."""
    alerts = home.services.alerts
    for text, fails in (("80", False), ("95", True)):
        alerts.add(NewRule(AlertKind.SHARE, (text,), "web", fails=fails))
    path = edited(exported(home), (OF_WEB.format(80), OF_WEB.format(85)))
    assert seen(apply(home, path)) == [("change", "web share 80 monetary", "thresholds")]
    assert thresholds(home) == ["85", "95"]
    assert apply(home, path).found == ()
    edited(path, (OF_WEB.format(85), OF_WEB.format("50, 85") + "    channels: phone\n"))
    assert [field for _, _, field in seen(apply(home, path))] == ["channels", "thresholds"]
    home.services.undo.undo()
    path = exported(home)
    [first] = [status.rule for status in alerts.rules() if status.rule.entity_id == "web" and not status.rule.fails]
    alerts.edit(first.rule_key, RuleEdit(thresholds=("90",)))
    assert [(each.kind, each.exported, each.stored, each.wanted) for each in apply(home, path).found] == [
        (Kind.KEPT, "85", "90", "85")
    ]
    with pytest.raises(Conflict, match="web share 90 monetary thresholds was 85 before, is 90 by now and 70 in the"):
        apply(home, edited(path, (OF_WEB.format(85), OF_WEB.format(70))))
    edited(path, (OF_WEB.format(70), OF_WEB.format(85)))
    alerts.remove(first.rule_key)
    assert [each.kind for each in apply(home, path).found] == [Kind.KEPT], "it stays away"
    edited(path, (OF_WEB.format(85), OF_WEB.format(60)))
    assert [each.kind for each in apply(home, path).found] == [Kind.ADD]
    assert thresholds(home) == ["95", "60"]


@pytest.mark.both_engines
def test_a_rule_that_is_beside_another_one_in_the_file_is_added(home: Home) -> None:
    home.services.alerts.add(NewRule(AlertKind.SHARE, ("80",), "web"))
    path = edited(exported(home), (OF_WEB.format(80), OF_WEB.format(80) + OF_WEB.format(95)))
    assert seen(apply(home, path)) == [("add", "web share 95 monetary", "")]
    home.services.alerts.add(NewRule(AlertKind.SHARE, ("30",), "web"))
    edited(path, (OF_WEB.format(95), OF_WEB.format(95) + OF_WEB.format(40)))
    assert seen(apply(home, path)) == [("add", "web share 40 monetary", "")], "30 was never in the file"
    assert thresholds(home) == ["80", "95", "30", "40"]


@pytest.mark.both_engines
def test_rules_of_the_whole_organization_name_no_project(home: Home) -> None:
    home.services.alerts.add(NewRule(AlertKind.UNMAPPED, ("10",)))
    home.services.alerts.add(NewRule(AlertKind.SILENT, ("3",), source="focus"))
    path = exported(home)
    assert "  - kind: unmapped\n    thresholds: 10\n  - kind: silent\n    thresholds: 3\n    source: focus\n" in (
        path.read_text("utf-8")
    )
    assert apply(home, path).found == ()
    edited(path, ("  - kind: unmapped\n", "  - watch: each project\n    kind: unmapped\n"))
    assert apply(home, path).found == (), "older files say so"
    edited(path, ("    thresholds: 10\n", "    thresholds: 20\n"))
    assert seen(apply(home, path)) == [("change", "unmapped 10 monetary", "thresholds")]
    edited(path, ("  - watch: each project\n    kind: unmapped\n", "  - watch: web\n    kind: unmapped\n"))
    with pytest.raises(Refused, match="watches the whole organization"):
        apply(home, path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{watch: web, kind: share, thresholds: 80, command: 'rm -rf /'}", "has 'command'"),
        ("{watch: web, kind: share, thresholds: 80, webhook: 'http://example.com'}", "has 'webhook'"),
        ("{watch: web, kind: mood, thresholds: 80}", "mood"),
        ("{watch: web, kind: share}", "needs a threshold"),
        ("{kind: share, thresholds: 80}", "has no watch"),
    ],
)
def test_alerts_bring_names_of_channels_and_nothing_that_runs(home: Home, line: str, words: str) -> None:
    path = exported(home)
    path.write_text(path.read_text("utf-8").partition("alerts:")[0] + f"alerts:\n  - {line}\n", "utf-8")
    with pytest.raises(SourceError, match=words):
        apply(home, path)


def test_what_was_carried_over_is_apart_from_the_allocation(home: Home) -> None:
    home.carry("unspent", project="web")
    path = exported(home)
    february = home.on("2026-02-03")
    february.services.periods.catch_up()
    assert february.allocations["web"] == "100"
    assert apply(february, path).found == ()
    edited(path, ("name: web\n    allocation: 50", "name: web\n    allocation: 30"))
    apply(february, path)
    assert february.allocations["web"] == "80"
    assert "allocation: 30" in february.services.plan_files.export().text


def test_a_project_is_added_below_its_parent(home: Home) -> None:
    path = edited(
        exported(home), ("\nagents:", "  shop:\n    parent: ENG\n    allocation: 7\n    enforced: true\n\nagents:")
    )
    apply(home, path)
    [shop] = [line for line in home.snapshot.projects if line.project_id == "shop"]
    assert (shop.pace.allocation, shop.enforced) == (usd("7"), True)
    assert home.services.entities.get("shop").parent_id == "ENG"


def test_the_file_of_another_plan_is_refused(home: Home) -> None:
    path = exported(home)
    for change, why in (
        (("organization: default", "organization: acme"), "of the organization acme"),
        (("currency: USD", "currency: EUR"), "the file is in EUR"),
        (("revision: ", "revision: 9999"), "of another database"),
    ):
        other = path.with_name("other.yaml")
        other.write_text(path.read_text("utf-8"), "utf-8")
        with pytest.raises(Refused, match=why):
            apply(home, edited(other, change))


def test_an_existing_file_keeps_its_comments_and_its_order(home: Home) -> None:
    path = exported(home)
    text = path.read_text("utf-8")
    edited(path, ("  api:", "  # ask Ada first\n  api:"), ("    tokens: 1000", "    tokens: 1000   # a month"))
    home.allocate("api", "12.5")
    home.services.agents.top_up("scout", 1)
    home.services.budgets.set_carry(CarryPolicy.BOTH, None, "api")
    home.add("zoo", allocate="3")
    home.services.projects.archive("web")
    again = exported(home).read_text("utf-8")
    assert "  # ask Ada first\n  api:\n    name: api\n    allocation: 12.5\n    carry: both\n" in again
    assert "    tokens: 1001   # a month\n" in again
    assert "    carry: both\n  zoo:\n    name: zoo\n    allocation: 3\n" in again
    assert "web" not in again
    assert again.startswith(text.partition("revision:")[0])
    assert exported(home).read_text("utf-8") == again
    assert apply(home, path).found == ()


@pytest.mark.both_engines
def test_what_was_refused_halfway_leaves_no_trace(home: Home) -> None:
    path = edited(exported(home), ("  amount: 200", "  amount: 300"), ("\nagents:", "\nagents:\n  nobody: {tokens: 5}"))
    files = home.services.plan_files
    for check in (False, True):
        with pytest.raises(NotFound, match="no agent 'nobody'"):
            files.apply(files.read(path), check=check)
    found = files.apply(files.read(edited(path, ("  nobody: {tokens: 5}\n", ""))), check=True)
    assert seen(found) == [("change", "the global budget", "amount")]
    assert home.snapshot.total.allocation == usd("200")
    home.budget("201")
    assert home.services.database.check().problems == ()
