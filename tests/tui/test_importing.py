"""The import box: what an import would replace or leave out is shown before it is done."""

from pathlib import Path

from budget_tui.bootstrap import Services
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import Dashboard

HEADER = (
    "BillingAccountId,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BilledCost,BillingCurrency,"
    "ServiceProviderName,ServiceName,SubAccountId\n"
)


def export(path: Path, *costs: str) -> Path:
    rows = (f"acct,2026-01-01,2026-01-{day:02},,{cost},USD,AWS,VM,sub\n" for day, cost in enumerate(costs, 1))
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(rows))
    return path


async def ask_for(dashboard: Dashboard, path: Path) -> None:
    await dashboard.keys("i")
    dashboard.field("paths").value = str(path)
    await dashboard.keys("enter")


def shown(dashboard: Dashboard) -> str:
    """The text of the screen, without frames and where lines end."""
    return " ".join(dashboard.text.replace("│", " ").split())


def spent(services: Services) -> int:
    try:
        return services.snapshots.current().total.spent
    finally:
        services.snapshots.close()


async def test_what_is_only_added_is_done_at_once(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    before = spent(services)
    async with open_dashboard() as dashboard:
        await ask_for(dashboard, export(tmp_path / "exports" / "x.csv", "1", "2"))
        assert "2 daily costs stored ($3.00), Jan 1 – Jan 2, 2026" in dashboard.text
    assert spent(services) - before == 3 * 10**9


async def test_what_replaces_is_shown_first(open_dashboard: OpenDashboard, services: Services, tmp_path: Path) -> None:
    before = spent(services)
    path = export(tmp_path / "exports" / "x.csv", "1", "2")
    async with open_dashboard() as dashboard:
        await ask_for(dashboard, path)
        export(path, "1", "2", "4")
        (path.parent / "notes.txt").write_text("hello")
        await ask_for(dashboard, path.parent)
        assert "3 daily costs would be stored, 2 replaced" in shown(dashboard)
        assert "notes.txt:itisnoexportofcosts" in shown(dashboard).replace(" ", "")  # wherever its long path breaks
        assert spent(services) - before == 3 * 10**9
        await dashboard.keys("enter")
        assert "3 daily costs stored ($7.00)" in dashboard.text
    assert spent(services) - before == 7 * 10**9


async def test_what_is_refused_can_be_put_in_its_place(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    before = spent(services)
    path = export(tmp_path / "exports" / "x.csv", "10", "20")
    async with open_dashboard() as dashboard:
        await ask_for(dashboard, path)
        await ask_for(dashboard, export(path, "10", "5"))
        assert "more than a tenth" in dashboard.text
        dashboard.app.screen.query_one("#how").focus()
        await dashboard.keys("right")
        dashboard.field("paths").focus()
        await dashboard.keys("enter", "enter")
        assert "2 daily costs stored ($15.00)" in dashboard.text
    assert spent(services) - before == 15 * 10**9


async def test_a_table_is_read_by_the_columns_that_were_named_and_shown_first(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    before = spent(services)
    path = tmp_path / "bill.csv"
    path.write_text("when;net;who\n03.01.2026;1,50;pcc\n04.01.2026;2,25;pcc\n", encoding="utf-8")
    async with open_dashboard() as dashboard:
        await ask_for(dashboard, path)
        assert "has no columns that are known to hold a date and an amount" in shown(dashboard)
        dashboard.field("columns").value = "date=when,amount=net,project=who"
        await dashboard.keys("enter")
        assert "date from when (day first), amount from net (decimal comma)" in shown(dashboard)
        assert spent(services) == before
        await dashboard.keys("enter")
        assert "2 daily costs stored ($3.75)" in dashboard.text
    assert spent(services) - before == 3_750_000_000


async def test_tab_shows_what_a_path_that_was_typed_whole_brings(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    path = export(tmp_path / "x.csv", "1", "2")
    async with open_dashboard(size=(120, 40)) as dashboard:
        await dashboard.keys("i", *str(path), "tab")
        assert "focus 1.4: 1 file, 2 rows read" in shown(dashboard)
        assert dashboard.app.focused is dashboard.field("source")
        await dashboard.keys("enter")
        assert "2 daily costs stored ($3.00)" in dashboard.text


async def test_a_path_is_completed_previewed_and_imported_again(
    open_dashboard: OpenDashboard, services: Services, tmp_path: Path
) -> None:
    before = spent(services)
    path = export(tmp_path / "exports" / "focus-2026-01.csv", "1", "2")
    export(path.parent / "focus-2026-02.csv", "8")
    async with open_dashboard(size=(120, 40)) as dashboard:
        await dashboard.keys("i", *str(tmp_path / "exp"), "tab")
        assert dashboard.field("paths").value == f"{path.parent}/"
        await dashboard.keys("f", "tab")
        common = str(path.parent / "focus-2026-0")
        assert dashboard.field("paths").value == common, "as far as all agree"
        for shown_next in (f"{common}1.csv", f"{common}2.csv", common):
            await dashboard.keys("tab")
            assert dashboard.field("paths").value == shown_next, "then one after the other"
        await dashboard.keys("tab")
        assert dashboard.app.focused is dashboard.field("source"), "after all of them, Tab goes on"
        await dashboard.keys("shift+tab", "end", "1", "tab")
        assert dashboard.field("paths").value == str(path)
        assert "focus 1.4: 1 file, 2 rows read" in shown(dashboard)
        assert "stored $3.00, Jan 1 – Jan 2, 2026; $3.00 in January 2026" in shown(dashboard)
        assert spent(services) == before, "a preview stores nothing"
        await dashboard.keys("tab")
        assert dashboard.app.focused is dashboard.field("source"), "where nothing is left to complete, Tab goes on"
        backup = export(path.parent / "focus-2026-01.csv.bak", "1")
        dashboard.field("paths").focus()
        for completed in (backup, path):
            await dashboard.keys("tab")
            assert dashboard.field("paths").value == str(completed), "also what begins with the name of another"
        backup.unlink()
        await dashboard.keys("enter")
        assert "2 daily costs stored ($3.00)" in dashboard.text
        export(path, "1", "2", "4")
        await dashboard.keys("i")
        assert dashboard.field("paths").value == str(path)
        assert "3 daily costs would be stored, 2 replaced" in shown(dashboard)
        await dashboard.keys("enter")
        assert "3 daily costs stored ($7.00)" in dashboard.text
        export(path, "1", "2", "5")
        await dashboard.keys("i", "enter")
        assert "3 daily costs would be stored, 3 replaced" in shown(dashboard), "what was not seen waits for Enter"
        await dashboard.keys("enter")
        path.unlink()
        await dashboard.keys("i")
        assert "there is no" in shown(dashboard)
        await dashboard.keys("escape")
    assert spent(services) - before == 8 * 10**9
