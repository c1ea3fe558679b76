"""The theme that somebody chose is there again the next time, and drawn right at once."""

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from budget_tui.bootstrap import Services
from budget_tui.tui.app import BudgetApp
from budget_tui.tui.theme import DARK, LIGHT, contrast, legible

STATUSES = ("success", "warning", "error")


async def theme_of(services: Services, folder: Path | None, choose: str = "") -> str:
    """The theme that a dashboard begins with; then another is chosen."""
    app = BudgetApp(services, state_folder=folder)
    async with app.run_test() as pilot:
        await pilot.pause()
        first = app.theme
        if choose:
            app.theme = choose
            await pilot.pause()
    return first


async def test_a_theme_that_was_chosen_is_kept(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "state"
    assert await theme_of(services, path, choose="nord") == "budget-dark"
    assert await theme_of(services, path, choose="budget-light") == "nord"
    assert await theme_of(services, path) == "budget-light"
    assert await theme_of(services, None, choose="nord") == "budget-dark", "without a file, none is kept"
    assert (path / "theme").read_text() == "budget-light\n"


@pytest.mark.parametrize("kept", ["no-such-theme", "", "\xff"])
async def test_what_is_no_theme_is_passed_over(services: Services, tmp_path: Path, kept: str) -> None:
    (tmp_path / "theme").write_text(kept, encoding="latin-1")
    assert await theme_of(services, tmp_path) == "budget-dark"


async def test_a_theme_that_cannot_be_kept_is_reported(services: Services, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, where a folder is wanted")
    app = BudgetApp(services, state_folder=tmp_path / "state")
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.theme = "nord"
        await pilot.pause()
        notice = app.screen.query_one("Notice")
        assert "cannot be made" in str(notice.render())


@pytest.mark.parametrize("theme", [DARK, LIGHT, *BUILTIN_THEMES.values()], ids=lambda theme: theme.name)
def test_what_has_the_focus_and_what_is_the_matter_stand_out_in_every_theme(theme: Theme) -> None:
    if theme.ansi:
        return  # its colours are the terminal's, which nobody knows here
    colors = {
        name: Color.parse(text)
        for name, text in legible(theme.to_color_system().generate()).items()
        if name in ("background", "surface", "panel", "foreground", "primary", "accent", "cursor-row", *STATUSES)
    }
    grounds = [colors[name] for name in ("background", "surface", "panel")]
    for name in ("primary", "accent", *STATUSES):
        assert min(contrast(colors[name], ground) for ground in grounds) >= 3, name
    assert min(contrast(colors["cursor-row"], ground) for ground in grounds[:2]) >= 1.5
    assert min(contrast(colors["foreground"], colors[name]) for name in ("background", "cursor-row")) >= 4.5
    assert len({colors[name].hex for name in STATUSES}) == len(STATUSES)
