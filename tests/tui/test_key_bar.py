"""The line of keys: what it shows, where it gives way, and that a click is the key."""

from budget_tui.tui.chrome import SCREENS
from tests.tui.conftest import OpenDashboard


def bar_of(lines: list[str]) -> str:
    return lines[-1]


async def test_it_shows_the_keys_of_what_has_the_focus(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        assert bar_of(dashboard.lines).split()[:2] == ["e", "Edit"]
        assert bar_of(dashboard.lines).endswith("^p palette")
        await dashboard.keys("2")
        assert "a Add" in bar_of(dashboard.lines)
        await dashboard.keys("enter")
        assert "esc Cancel" in bar_of(dashboard.lines)
        assert "a Add" not in bar_of(dashboard.lines)
        assert "Filter" not in bar_of(dashboard.lines), "a slash is typed into the cell"
        await dashboard.keys("escape")
        assert "/ Filter" in bar_of(dashboard.lines)


async def test_the_palettes_key_stays_where_there_is_no_room_for_all(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(36, 24), mode="projects") as dashboard:
        assert "…" in bar_of(dashboard.lines)
        assert bar_of(dashboard.lines).endswith("^p")


async def test_80_columns_hold_the_keys_of_every_screen(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(80, 24)) as dashboard:
        for _, mode, _ in SCREENS:
            assert dashboard.app.current_mode == mode
            for text in ("t Transfer", "x Explain", "u Undo", "? Help", "^p"):
                assert text in bar_of(dashboard.lines), mode
            for text in ("$ Record", "i Import"):
                assert (text in bar_of(dashboard.lines)) == (mode != "alerts"), "commands on a row take the room"
            assert "…" not in bar_of(dashboard.lines)
            await dashboard.keys("]")


async def test_120_columns_hold_how_to_close_and_to_quit(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(120, 30)) as dashboard:
        for text in ("c Close", "m Map", "q Quit", "^p palette"):
            assert text in bar_of(dashboard.lines)


async def test_every_screen_shows_the_key_that_explains_where_there_is_room(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(140, 40)) as dashboard:
        for _, mode, _ in SCREENS:
            assert dashboard.app.current_mode == mode
            assert "x Explain" in bar_of(dashboard.lines), mode
            await dashboard.keys("]")


async def test_a_click_is_the_key(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        at = bar_of(dashboard.lines).index("Transfer") + 2
        await dashboard.pilot.click(offset=(at, dashboard.app.size.height - 1))
        await dashboard.settled()
        assert "From" in dashboard.text


async def test_the_mouse_over_a_key_tells_more_about_it(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard() as dashboard:
        bar = dashboard.app.screen.query_one("KeyBar")
        for word, told in (("Import", "Import costs from FOCUS exports or CSV"), ("  ", None)):
            await dashboard.pilot.hover(offset=(bar_of(dashboard.lines).index(word), dashboard.app.size.height - 1))
            await dashboard.settled()
            assert bar.tooltip == told
