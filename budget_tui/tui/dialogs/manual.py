"""The manual: its topics at the left, the page of the selected one at the right."""

from pathlib import PurePosixPath

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Markdown, OptionList
from textual.widgets.markdown import MarkdownFence
from textual.widgets.option_list import Option

from budget_tui.config.paths import styles_dir
from budget_tui.config.settings import Settings
from budget_tui.presentation.manual import TOPICS, page
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.lists import List, Page
from budget_tui.tui.theme import ThemedApp, start_with_theme

_CODE_STEP = 20


class ManualScreen(Screen[None]):
    """The pages of the manual, opened at ``topic``."""

    CSS_PATH = styles_dir() / "manual.tcss"
    BINDINGS = [
        Binding("escape,q", "leave", "Close", id="manual.leave", tooltip="Close the manual"),
        Binding(
            "pagedown,space", "turn_page(1)", "Down", id="manual.down", priority=True, tooltip="Scroll the page down"
        ),
        Binding("pageup", "turn_page(-1)", "Up", id="manual.up", priority=True, tooltip="Scroll the page up"),
        Binding("left", "move_code(-1)", "Left", id="manual.left", tooltip="Scroll wide examples to the left"),
        Binding("right", "move_code(1)", "Right", id="manual.right", tooltip="Scroll wide examples to the right"),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, topic: str = TOPICS[0]) -> None:
        super().__init__()
        self._topic = topic

    def compose(self) -> ComposeResult:
        with Vertical(classes="box manual") as box:
            box.border_title = "Manual"
            box.border_subtitle = "↑↓ topic · PgDn scrolls · ←→ wide examples · esc closes"
            with Horizontal():
                yield List(*(Option(Content(topic), id=topic) for topic in TOPICS), compact=True)
                yield Page()

    def on_mount(self) -> None:
        self._choose(self._topic)

    def _choose(self, topic: str) -> None:
        self.query_one(OptionList).highlighted = TOPICS.index(topic)

    @on(OptionList.OptionHighlighted)
    def _follow_cursor(self, event: OptionList.OptionHighlighted) -> None:
        self._show_page(str(event.option_id))

    @work(exclusive=True)
    async def _show_page(self, topic: str) -> None:
        scroll = self.query_one(VerticalScroll)
        with self.app.batch_update():
            await scroll.remove_children()
            if scroll.is_attached:  # otherwise the manual was closed meanwhile
                await scroll.mount(Markdown(page(topic), open_links=False))
                scroll.scroll_home(animate=False)

    @on(Markdown.LinkClicked)
    def _follow_link(self, event: Markdown.LinkClicked) -> None:
        topic = PurePosixPath(event.href).stem
        if topic in TOPICS:
            self._choose(topic)
        else:
            self.app.open_url(event.href)

    def action_turn_page(self, by: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False, immediate=True)

    def action_move_code(self, by: int) -> None:
        for code in self.query(MarkdownFence):
            code.scroll_relative(x=by * _CODE_STEP, animate=False, immediate=True)

    def action_leave(self) -> None:
        self.dismiss(None)


class ManualBox(ManualScreen, Overlay[None]):
    """The manual over a screen of the dashboard, whose keys are inactive meanwhile."""


class ManualApp(ThemedApp):
    """The manual as an app of its own."""

    TITLE = "budget-tui manual"
    CSS_PATH = [styles_dir() / f"{name}.tcss" for name in ("app", "modal")]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, topic: str, settings: Settings) -> None:
        super().__init__()
        self._topic = topic
        start_with_theme(self, settings.theme)
        self.set_keymap(settings.keys)

    def on_mount(self) -> None:
        self.push_screen(ManualScreen(self._topic), lambda _: self.exit())

    def action_help_quit(self) -> None:
        """Close the manual on Ctrl+C."""
        self.exit()
