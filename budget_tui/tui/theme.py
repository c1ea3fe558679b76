"""Two calm themes: one colour for money, one for tokens, and an accent for keys and for what has the focus.

The style sheets use their variables and no colours.
"""

import logging
from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.segment import Segment
from textual import events, on
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen, ScreenResultType
from textual.theme import Theme

from budget_tui.domain.errors import Refused
from budget_tui.domain.text import without_harm

DARK = Theme(
    name="budget-dark",
    primary="#5fa8d3",
    secondary="#5cb8b2",
    accent="#c4a7e7",
    success="#7fb685",
    warning="#e3b341",
    error="#e5736a",
    foreground="#d8dee6",
    background="#14181f",
    surface="#191e27",
    panel="#222936",
    dark=True,
    variables={
        "footer-key-foreground": "#c4a7e7",
        "input-selection-background": "#c4a7e7 35%",
        "scrollbar": "#3a4454",
        "scrollbar-hover": "#56647a",
        "scrollbar-active": "#c4a7e7",
        "scrollbar-background": "#191e27",
        "scrollbar-background-hover": "#191e27",
        "scrollbar-background-active": "#191e27",
    },
)

LIGHT = Theme(
    name="budget-light",
    primary="#1f6f9f",
    secondary="#0f766e",
    accent="#7747a3",
    success="#2f7d43",
    warning="#8a5a00",
    error="#b3261e",
    foreground="#1d2430",
    background="#f7f8fa",
    surface="#ffffff",
    panel="#e8ecf1",
    dark=False,
    variables={
        "footer-key-foreground": "#7747a3",
        "input-selection-background": "#7747a3 35%",
        "scrollbar": "#c3cad4",
        "scrollbar-hover": "#9aa5b3",
        "scrollbar-active": "#7747a3",
        "scrollbar-background": "#ffffff",
        "scrollbar-background-hover": "#ffffff",
        "scrollbar-background-active": "#ffffff",
    },
)

_NO_COLOR = NoColor()


class _Printable(LineFilter):
    """A filter that removes characters that would move the cursor or break a line; they take no width.

    Typed, pasted or imported text may contain anything, and every line of every widget passes through here.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [
            segment if segment.control else segment._replace(text=without_harm(segment.text)) for segment in segments
        ]


_PRINTABLE = _Printable()


class ThemedApp(App[None]):
    """An app that is readable in any theme, and with NO_COLOR."""

    _is_ending = False
    _error_at_exit: Exception | None = None

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Exit. What fails from now on fails because widgets are removed while others are still being built."""
        if not self._is_ending:
            self._error_at_exit = self._exception
        self._is_ending = True
        super().exit(result, return_code, message)

    def _fatal_error(self) -> None:
        """Exit, and leave the error to `run`, which reports it like a command's: in one line and the exit code.

        Textual would write pages of source and local variables to the terminal.
        """
        if self._is_ending:
            logging.getLogger("budget_tui.tui").info("failed while it ended", exc_info=self._exception)
        self._close_messages_no_wait()

    @property
    def error(self) -> Exception | None:
        """The error that ended the app, if any."""
        return self._error_at_exit if self._is_ending else self._exception

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables, its colours made strong enough to be told apart, and ours among them."""
        variables = super().get_css_variables()
        if self.current_theme.ansi:  # the colours are the terminal's own
            return {**variables, "cursor-row": variables["background"]}
        if self.no_color:  # red would be the darkest of the greys that colours become
            variables |= dict.fromkeys(("warning", "error"), variables["foreground"])
        return legible(variables)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters, with `_Printable` and a NO_COLOR that works in themes with the terminal's own colours.

        These have no shades of grey, which Textual would convert them to: it chooses the filter by its initial theme,
        before ours is set.
        """
        filters = super().get_line_filters()
        if self.no_color and self.native_ansi_color:
            filters = [_NO_COLOR if isinstance(line_filter, Monochrome) else line_filter for line_filter in filters]
        return [*filters, _PRINTABLE]


class StyledScreen(Screen[ScreenResultType]):
    """A screen that is not styled twice when it is first shown.

    Textual styles widgets when they are mounted and again when their screen is shown, in case the theme changed in
    between. The first time it cannot have; skipping it makes Plan a quarter faster.
    """

    _was_shown = False

    @on(events.ScreenResume)
    def _keep_fresh_styles(self, event: events.ScreenResume) -> None:
        event.refresh_styles = event.refresh_styles and self._was_shown
        self._was_shown = True


_MIN_CONTRAST, _MIN_CURSOR_CONTRAST, _MIN_TEXT_CONTRAST = 3.0, 1.5, 4.5
_STEPS = 20


def contrast(one: Color, other: Color) -> float:
    """Return how far two colours are apart, from 1 to 21, as the Web Content Accessibility Guidelines 2.2 define it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    """Return the relative luminance of a colour, from 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def legible(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables with its colours and statuses at least 3 : 1 from every background.

    Many themes are made for large areas of colour; here, a colour is a line or a letter. Each moves towards the
    foreground as far as it must. ``cursor-row``, the background of a row under the cursor, is at least 1.5 : 1 from
    the others, and text 4.5 : 1 from all of them.
    """
    foreground = Color.parse(variables["foreground"])
    backgrounds = [Color.parse(variables[name]) for name in ("background", "surface", "panel")]

    def until(start: Color, end: Color, least: float, others: Sequence[Color]) -> Color:
        mixed = (start.blend(end, step / _STEPS) for step in range(_STEPS + 1))
        return next((each for each in mixed if all(contrast(each, other) >= least for other in others)), end)

    strong = {
        name: until(Color.parse(variables[name]), foreground, _MIN_CONTRAST, backgrounds)
        for name in ("primary", "secondary", "accent", "success", "warning", "error")
    }
    background = backgrounds[0]
    start = background.blend(strong["accent"], 0.25)
    cursor = until(start, strong["accent"], _MIN_CURSOR_CONTRAST, backgrounds[:2])
    extreme = Color.parse("white" if _luminance(foreground) > _luminance(background) else "black")
    text = until(foreground, extreme, _MIN_TEXT_CONTRAST, [*backgrounds, cursor])
    found = {**strong, "foreground": text, "cursor-row": cursor}
    return {**variables, **{name: color.hex for name, color in found.items()}}


def start_with_theme(app: App[None], name: str, kept: str = "") -> None:
    """Register the themes and start with the one that was ``kept``, if there is such a one, else with the one called
    ``name``; raises `Refused` if there is none.

    Call it before the app runs: setting a theme later parses every style sheet again.
    """
    for each in (DARK, LIGHT):
        app.register_theme(each)
    if name not in app.available_themes:
        known = ", ".join(sorted(app.available_themes))
        raise Refused(f"the settings choose the theme '{name}', which does not exist", f"there are: {known}")
    name = kept if kept in app.available_themes else name
    if app.available_themes[name].ansi:  # needs other filters too, which Textual sets up
        app.theme = name
        return
    app.set_reactive(App.theme, name)
    app.set_class(app.current_theme.dark, "-dark-mode", update=False)
    app.set_class(not app.current_theme.dark, "-light-mode", update=False)
    app.stylesheet.set_variables(app.get_css_variables())
