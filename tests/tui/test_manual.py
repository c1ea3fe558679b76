"""The manual on the screen: from the dashboard, and by itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from budget_tui.config.settings import Settings
from budget_tui.presentation.manual import TOPICS
from budget_tui.tui.dialogs.manual import ManualApp
from budget_tui.tui.theme import DARK, LIGHT
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import NARROW, Driver
from tests.tui.test_appearance import too_faint

OpenManual = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def open_manual(drawn_when_asked: None) -> OpenManual:
    """Runs the manual without a dashboard."""

    @asynccontextmanager
    async def run(
        topic: str = TOPICS[0], size: tuple[int, int] = (120, 40), **settings: object
    ) -> AsyncIterator[Driver]:
        app = ManualApp(topic, Settings(**settings))  # type: ignore[arg-type]
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            manual = Driver(app, pilot)
            await manual.settled()
            yield manual

    return run


async def test_help_leads_to_the_manual_and_back(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(120, 40), keys="2?") as dashboard:
        assert "m manual" in dashboard.text
        await dashboard.keys("m")
        assert "What the numbers mean" in dashboard.text
        assert [line.split()[1] for line in dashboard.lines[1 : len(TOPICS) + 1]] == list(TOPICS)
        await dashboard.keys("escape")
        assert "VideoNest API" in dashboard.text
        assert "What the numbers mean" not in dashboard.text


async def test_a_key_and_the_palette_lead_to_the_manual(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(keys="M") as dashboard:
        assert "What the numbers mean" in dashboard.text
        await dashboard.keys("escape")
        assert "What the numbers mean" not in dashboard.text
        commands = {command.title: command for command in dashboard.app.get_system_commands(dashboard.app.screen)}
        await commands["Read the manual"].callback()
        await dashboard.settled()
        assert "What the numbers mean" in dashboard.text


async def test_another_topic_is_shown_from_its_top(open_manual: OpenManual) -> None:
    async with open_manual("importing") as manual:
        assert "Every large provider exports costs" in manual.text
        await manual.keys("pagedown", "space")
        assert "Every large provider exports costs" not in manual.text
        await manual.keys("pageup", "pageup")
        assert "Every large provider exports costs" in manual.text
        await manual.keys("pagedown", "down")
        assert "Departments and teams" in manual.text


async def test_wide_examples_can_be_scrolled(open_manual: OpenManual) -> None:
    async with open_manual(size=NARROW) as manual:
        assert "RUNWAY" not in manual.text
        await manual.keys("right", "right", "right")
        assert "RUNWAY" in manual.text
        await manual.keys("left", "left", "left")
        assert "RUNWAY" not in manual.text


async def test_links_lead_out_of_the_manual(open_manual: OpenManual, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_manual("importing") as manual:
        opened: list[str] = []
        monkeypatch.setattr(manual.any_app, "open_url", lambda url: opened.append(url))
        line = manual.line_with("costs in FOCUS")
        await manual.pilot.click(offset=(line.index("FOCUS"), manual.lines.index(line)))
        await manual.settled()
        assert opened == ["https://focus.finops.org"]


async def test_links_lead_to_other_pages(open_manual: OpenManual) -> None:
    async with open_manual("mcp") as manual:
        line = manual.line_with("planning.")  # wherever the text is broken
        await manual.pilot.click(offset=(line.index("planning."), manual.lines.index(line)))
        await manual.settled()
        assert "Departments and teams" in manual.text


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_pages_can_be_read_in_every_theme(open_manual: OpenManual, theme: str) -> None:
    for topic in ("concepts", "api"):  # headings, text, lists, tables, links, and code in several languages
        async with open_manual(topic, theme=theme) as manual:
            assert too_faint(manual.any_app, 3.0) == [], topic
            await manual.keys("pagedown", "pagedown")
            assert too_faint(manual.any_app, 3.0) == [], topic


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c", "ctrl+q"])
async def test_leaving_it_ends_the_program(open_manual: OpenManual, key: str) -> None:
    async with open_manual("mcp") as manual:  # the shortest
        await manual.pilot.press(key)
        await manual.until(lambda: not manual.any_app.is_running)
