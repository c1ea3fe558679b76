"""Names that look like markup are drawn as they are, on every screen and in every box, and end nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.text import Text
from textual.content import Content

from budget_tui.bootstrap import Services, open_services
from tests.faults.monkey import NAMES, TODAY, hostile
from tests.tui.conftest import OpenDashboard

ESCAPES = ("escape",) * 3
WALKS = {
    "budget": [
        ("x",),
        ("o",),
        ("t", "enter", "end"),
        ("m", "tab", "enter", "end"),
        ("c",),
        ("i", *"[/x]", "enter"),
        ("?",),
    ],
    "projects": [
        *((*("down",) * at, key) for at in range(3) for key in "xord"),
        ("e", *"[/x]", "enter"),
        ("/", *"[/ops]", "enter"),
    ],
    "agents": [*((*("down",) * at, key) for at in range(3) for key in "xrd"), ("a",), ("/", *"[draft]", "enter")],
    "plan": [
        *((*("tab",) * tab, *("down",) * 2, *keys) for tab in range(5) for keys in (("enter",), ("x",), ("v",))),
        ("f", *["tab"] * 4, "enter", "end", "enter"),
        ("a", "right", "tab", "down", "end", "enter", *["tab"] * 3, *"5", "enter", "enter"),
        ("tab", "end", "d"),
        ("tab", "end", "e", *"[b]", "enter"),
    ],
    "history": [("enter", "x")],
    "audit": [("enter",), ("end", "enter"), ("/", *"[bold", "enter")],
}


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of such names, to be copied: to make one takes as long as a walk."""
    path = tmp_path_factory.mktemp("hostile") / "hostile.db"
    hostile(path)
    assert list(path.parent.iterdir()) == [path], "a log beside the file would be missing from the copies"
    return path


@pytest.fixture
def hostile_at(hostile_file: Path) -> Callable[[Path], Services]:
    """Services over a copy at a path."""

    def opened(path: Path) -> Services:
        path.parent.mkdir(exist_ok=True)  # a slash in the name
        return open_services(str(shutil.copyfile(hostile_file, path)), as_of=TODAY)

    return opened


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was taken for markup."""
    found: list[str] = []
    for owner in (Content, Text):
        parse = owner.from_markup

        def recorded(markup: object, *given: object, parse: object = parse, **more: object) -> object:
            if isinstance(markup, str):
                found.append(markup)
            return parse(markup, *given, **more)  # type: ignore[operator]

        monkeypatch.setattr(owner, "from_markup", recorded)
    return found


def named(texts: list[str]) -> Iterator[str]:
    return (text for text in texts if any(name in text for name in NAMES) or "[/x]" in text)


@pytest.mark.parametrize("mode", WALKS)
async def test_no_name_is_markup(
    open_dashboard: OpenDashboard,
    hostile_at: Callable[[Path], Services],
    tmp_path: Path,
    parsed: list[str],
    mode: str,
) -> None:
    services = hostile_at(tmp_path / "[/b] $x #[bg=red].db")
    async with open_dashboard(services, mode=mode, size=(140, 40)) as dashboard:
        for keys in WALKS[mode]:
            await dashboard.keys(*keys)
            assert dashboard.text
            await dashboard.keys(*ESCAPES)
            if dashboard.app.current_mode != mode or len(dashboard.app.screen_stack) > 1:
                await dashboard.keys(*ESCAPES)
        assert [*named(parsed)] == []
        assert dashboard.app.error is None


async def test_names_are_shown_whole(
    open_dashboard: OpenDashboard, hostile_at: Callable[[Path], Services], tmp_path: Path, parsed: list[str]
) -> None:
    services = hostile_at(tmp_path / "b.db")
    async with open_dashboard(services, mode="projects", size=(200, 60)) as dashboard:
        for name in NAMES[:7]:
            assert name in dashboard.text
        await dashboard.keys("O")
        await dashboard.until(lambda: all(f"Organization: {name}" in dashboard.text for name in NAMES[:7]))
        await dashboard.keys(*"ops")
        await dashboard.until(lambda: "Organization: [/ops] nightly" in dashboard.text)
        assert [*named(parsed)] == []
