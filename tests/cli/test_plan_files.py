"""``plan export``, ``plan diff``, ``plan apply``: what they print, and their exit codes."""

from pathlib import Path

from .conftest import Cli


def test_a_plan_is_exported_compared_and_applied(seeded: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    told = seeded("plan", "export", str(file)).done().out
    assert told.startswith(f"7 items written to {file}, revision ")
    assert seeded("plan", "export").done().out == file.read_text("utf-8")
    for command in (("diff",), ("apply", "--check"), ("apply",)):
        assert seeded("plan", *command, str(file)).done().out == "nothing to do\n"
    file.write_text(file.read_text("utf-8").replace("allocation: 120", "allocation: 130  # more"), "utf-8")
    assert seeded("plan", "diff", str(file)).done().out == "~ videonest-api allocation 120 → 130\n"
    checked = seeded("plan", "apply", str(file), "--check")
    assert (checked.code, checked.err) == (3, "")
    assert checked.out == "~ videonest-api allocation 120 → 130\n1 change to do\n"
    seeded("project", "allocate", "pcc", "140").done()
    assert seeded("plan", "apply", str(file)).done().out.splitlines() == [
        "= pcc allocation stays as it is, changed since the export",
        "~ videonest-api allocation 120 → 130",
        "1 change applied",
    ]
    [kept] = seeded("plan", "diff", str(file), "--json").json["differences"]
    assert (kept["kind"], kept["name"], kept["field"], kept["stored"], kept["wanted"]) == (
        *("kept", ["pcc"], "allocation", "140", "150"),
    )
    seeded("plan", "export", str(file)).done()
    assert "allocation: 130  # more" in file.read_text("utf-8")

    file.write_text(file.read_text("utf-8").replace("allocation: 140", "allocation: 100"), "utf-8")
    seeded("project", "allocate", "pcc", "145").done()
    assert seeded("plan", "diff", str(file)).done().out.startswith("! pcc allocation was 140 before, is 145")
    for check in ((), ("--check",)):
        seeded("plan", "apply", str(file), *check).refused(5, "pcc allocation was 140", "100 in the file", "plan diff")
    assert seeded("project", "show", "pcc", "--json").json["monthly_allocation_usd"] == 145


def test_more_than_there_is_is_applied_and_warned_about(seeded: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    seeded("entity", "add", "ENG", "--level", "department").done()
    seeded("plan", "create", "ORG", "cloud", "100", "--period", "2026-Q1").done()
    seeded("plan", "export", str(file)).done()
    text = file.read_text("utf-8").replace("allocation: 120", "allocation: 400")
    more = "budgets:\n  - {entity: ENG, category: cloud, period: 2026-Q1, amount: 150}\n"
    file.write_text(text.replace("budgets:\n", more), "utf-8")
    assert "+ ENG cloud monetary 2026-Q1 USD: amount 150\n" in seeded("plan", "diff", str(file)).done().out
    applied = seeded("plan", "apply", str(file))
    assert applied.code == 0
    assert applied.err.splitlines() == [
        "warning: projects are allocated $200.00 more than the budget of $500.00",
        "warning: Default's cloud budget for Q1 2026: its children have $150.00, $50.00 more than its $100.00",
    ]
    file.write_text(file.read_text("utf-8").replace("  amount: 500", "  amount: 700", 1), "utf-8")
    assert seeded("plan", "apply", str(file), "--check").err == "", "of the budget that it sets itself"
    file.write_text(file.read_text("utf-8").replace("  amount: 700", "  amount: 500", 1), "utf-8")
    file.write_text(file.read_text("utf-8").replace("allocation: 400", "allocation: 410"), "utf-8")
    [warning] = seeded("plan", "apply", str(file), "--json").json["warnings"]
    assert warning == "projects are allocated $210.00 more than the budget of $500.00"


def test_a_file_that_is_none_is_refused(seeded: Cli, tmp_path: Path) -> None:
    seeded("plan", "apply", str(tmp_path / "none.yaml")).refused(2, "cannot be read")
    (tmp_path / "p.yaml").write_text("budget: {amount: 5, command: reboot}\n")
    seeded("plan", "diff", str(tmp_path / "p.yaml")).refused(2, "p.yaml:1 has 'command'")
    seeded("plan", "export", str(tmp_path / "no" / "p.yaml")).refused(2, "cannot be written")


def test_json_names_periods_as_the_file_does(seeded: Cli, tmp_path: Path) -> None:
    for period in ("2026-02", "2026-Q1", "2026-01-05..2026-02-10"):
        seeded("plan", "create", "pcc", "cloud", "50", "--period", period).done()
    file = tmp_path / "plan.yaml"
    seeded("plan", "export", str(file)).done()
    exported = seeded("plan", "export", "--json").done().json["items"]
    periods = {"2026-02", "2026-Q1", "2026-01-05..2026-02-10"}
    assert {item["name"][3] for item in exported if item["section"] == "budgets"} == periods
    file.write_text(file.read_text("utf-8").replace("amount: 50\n", "amount: 60\n"), "utf-8")
    said = seeded("plan", "diff", str(file)).done().out
    named = [each["name"] for each in seeded("plan", "diff", str(file), "--json").done().json["differences"]]
    assert {name[3] for name in named} == periods
    assert all(" ".join(filter(None, name)) in said for name in named)
