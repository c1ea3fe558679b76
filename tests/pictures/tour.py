"""The tour that the README shows: which keys are pressed, and how long each screen stays."""

from pathlib import Path

from textual.widgets import Input

from budget_tui.bootstrap import Services
from budget_tui.services.demo_studio import ORGANIZATION
from budget_tui.tui.app import BudgetApp
from tests.pictures.svg import Frame, Screen, moving, screen_of, still
from tests.tui.driving import Dashboard

FOLDER = Path(__file__).parent
TOUR, STILL = "tour.svg", "projects.svg"
_STILL_SIZE, _TOUR_SIZE = (120, 40), (100, 25)
_BACKGROUND = "#14181f"

_STEPS = (
    ("2", 2.4, "budget-tui demo", "a dozen projects, one nearly out of money"),
    ("+", 0.6, "+", "more for the support bot"),
    ("2", 0.3, "+ 2", "more for the support bot"),
    ("0", 0.9, "+ 2 0", "more for the support bot"),
    ("enter", 2.2, "Enter", "it lasts longer, and is out of the red"),
    ("u", 1.5, "u", "undo"),
    ("1", 2.2, "1", "where the month leads"),
    ("2 j j", 0.8, "2 j j", "what happened to the data pipeline?"),
    ("l", 2.6, "l", "one day stands out"),
)
"""Keys, for how many seconds what they lead to is shown, and what the window's bar says of it."""


async def drawn(services: Services) -> dict[str, str]:
    """Drive the dashboard through the tour; return the pictures by the names of their files."""
    app = BudgetApp(services.of_organization(ORGANIZATION), "demonstration")
    app.animation_level = "none"
    async with app.run_test(size=_STILL_SIZE) as pilot:
        dashboard = Dashboard(app, pilot)
        await dashboard.until(lambda: app.snapshot is not None)
        await dashboard.keys("2")
        pictures = {STILL: still(await _seen(dashboard), "budget-tui demo", _BACKGROUND)}
        await dashboard.resized(*_TOUR_SIZE)
        frames = []
        for keys, seconds, pressed, words in _STEPS:
            await dashboard.keys(*keys.split())
            frames.append(Frame(await _seen(dashboard), seconds, pressed, words))
    return {**pictures, TOUR: moving(frames, _BACKGROUND)}


async def _seen(dashboard: Dashboard) -> Screen:
    for field in dashboard.app.screen.query(Input):
        field.cursor_blink = False
    dashboard.app.screen.refresh()
    await dashboard.settled()
    return screen_of(dashboard.app.export_screenshot(), *dashboard.app.size)
