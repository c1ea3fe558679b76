"""What screens and boxes share: how they come to their styles."""

from textual import events, on
from textual.screen import Screen, ScreenResultType


class StyledScreen(Screen[ScreenResultType]):
    """Textual styles every widget when it is mounted, and all once more when their screen is shown: a theme may have
    been chosen meanwhile. There is no meanwhile the first time."""

    _was_shown = False

    @on(events.ScreenResume)
    def _keep_fresh_styles(self, event: events.ScreenResume) -> None:
        event.refresh_styles = event.refresh_styles and self._was_shown
        self._was_shown = True
