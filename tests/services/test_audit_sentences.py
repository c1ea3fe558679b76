"""The last changes of a project in words, whatever was done to it, undone and redone."""

from datetime import date

from budget_tui.domain.audit import AuditFilter
from budget_tui.presentation.audit import sentence
from budget_tui.services.costs import CostEntry
from tests.services.conftest import Home, usd

NAMES = {"pcc": "PCC", "videonest-api": "VideoNest API"}


def last(home: Home, subject: str) -> str:
    [entry] = home.services.audit.newest(1, only=AuditFilter(whole_subject=subject))
    return sentence(entry, "USD", NAMES)


def test_every_change_of_a_project_reads_as_a_sentence(seed: Home) -> None:
    services = seed.services
    seed.allocate("pcc", "+20")
    assert last(seed, "pcc") == "allocated $150.00 → $170.00"
    seed.transfer("pcc", "videonest-api", "30")
    assert (last(seed, "pcc"), last(seed, "videonest-api")) == ("$30.00 to VideoNest API", "$30.00 from PCC")
    services.undo.undo()
    assert (last(seed, "pcc"), last(seed, "videonest-api")) == ("$30.00 from VideoNest API", "$30.00 to PCC")
    services.undo.redo()
    assert last(seed, "pcc") == "$30.00 to VideoNest API"
    seed.transfer("pool", "pcc", "5")
    assert last(seed, "pcc") == "$5.00 from unallocated"
    services.costs.add(CostEntry("pcc", usd("7"), date(2026, 1, 9)))
    assert last(seed, "pcc") == "1 cost recorded, $7.00"
    services.undo.undo()
    assert last(seed, "pcc") == "1 cost removed, $7.00"
    seed.carry("unspent", project="pcc")
    assert last(seed, "pcc").startswith("carry-over set: carry none → unspent")
    services.projects.rename("pcc", "Production")
    assert last(seed, "pcc") == "project renamed: name pcc → Production"
    services.entities.enforce("pcc", True)
    assert last(seed, "pcc") == "money enforced"
    services.undo.undo()
    assert last(seed, "pcc") == "money no longer enforced"
    services.projects.archive("pcc")
    assert last(seed, "pcc").startswith("project archived")
    for entry in services.audit.newest(1000):  # whatever else there is
        assert sentence(entry, "USD", NAMES)
