"""One key at a time: each takes full effect before the next one is handled.

Textual decides where a key goes when it arrives. If ``a`` and a name are typed fast, or sent by a script, the
letters of the name would act as commands of the screen below: the form that ``a`` opens does not exist yet.
A widget that is waiting for a result holds back further keys with ``is_waiting``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TypeVar
from weakref import WeakSet

from textual import events
from textual.actions import ActionParseResult
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList
from textual.worker import Worker, get_current_worker

ASKING = "ask"
"""The group of workers that open a box and wait for its result."""
SUBMITTING = "submit"
"""The group of workers that carry out the input of a box, and then close it or show an error."""
_LOOK_AGAIN_SECONDS = 0.01
# A key may be lost with the widget it was sent to; the keys after it must not wait forever.
PATIENCE_SECONDS = 2.0

Result = TypeVar("Result")


class KeyDone(Message, bubble=True):
    """A message that follows a key through the same queues; it arrives once the key has been handled all the way up."""

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self.screen = screen


class KeyQueueApp(App[None]):
    """An app that handles keys in the order they were typed, however fast that was."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key] = deque()
        self._under_way: KeyDone | None = None
        self._target: MessagePump = self
        self._went_twice = False
        self._have_asked: WeakSet[Worker[object]] = WeakSet()
        self._leaving: AwaitComplete | None = None

    @property
    def is_handling_keys(self) -> bool:
        return self._under_way is not None

    async def ask(self, box: ModalScreen[Result]) -> Result | None:
        """Show a box and return its result, None if it was cancelled. Call it from a worker of the group `ASKING`."""
        self._have_asked.add(get_current_worker())
        return await self.push_screen_wait(box)

    def pop_screen(self) -> AwaitComplete:
        self._leaving = super().pop_screen()
        return self._leaving

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Skip page actions on lists without room: Textual divides the page by their lines, of which there are none."""
        if "page_" in str(action) and default_namespace is not None and _has_no_room(default_namespace):
            return False
        return await super().run_action(action, default_namespace, namespaces)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key):
            await super().on_event(event)
        elif self._is_over():
            return
        elif event.is_forwarded:
            await super().on_event(event)
        else:
            self._keys.append(event)
            if self._under_way is None:
                await self._next_key()
            elif len(self._keys) == 1:
                self._watch_next()

    @property
    def is_starting(self) -> bool:
        """Return whether keys have to wait, as what they refer to is still being read."""
        return False

    async def _next_key(self) -> None:
        self._under_way = None
        if not self._keys or self._is_over():
            return
        if self.is_starting:
            self._under_way = KeyDone(self.screen)  # the next key queues up behind this one
            self.set_timer(_LOOK_AGAIN_SECONDS, self._next_key)
            return
        self._target = self.focused or self.screen
        self._went_twice = False
        await super().on_event(self._keys.popleft())
        self._follow(self._target)
        if self._keys:
            self._watch_next()

    def _follow(self, target: MessagePump) -> None:
        """Send a `KeyDone` after the key, or after whatever the key has started."""
        self._under_way = KeyDone(self.screen)
        if not target.post_message(self._under_way):
            self.post_message(events.Callback(self._next_key))

    def on_key_done(self, done: KeyDone) -> None:
        if done is not self._under_way or self._is_over():
            return
        if self._is_opening_a_box() or self._is_leaving() or self._is_waiting():
            self.set_timer(_LOOK_AGAIN_SECONDS, self._follow_screen)
        elif done.screen is not self.screen:
            self._follow_screen()  # it is being built, and takes the focus once it is ready
        elif not self._keys:
            self._under_way = None  # the next key queues up after what this one has put into the app's own queue
        elif not self._went_twice:
            # After the message that the key's action has posted, such as `Input.Submitted`.
            self._went_twice = True
            self._follow(self._target)
        else:
            # After a change of focus, which waits in the app's own queue. `call_later` would inspect its callback's
            # signature at every key.
            self.post_message(events.Callback(self._next_key))

    def _follow_screen(self) -> None:
        if not self._is_over():
            self._follow(self.screen)

    def _is_over(self) -> bool:
        """Return whether the app is ending: its screens are removed before the last messages arrive."""
        return not self.screen_stack

    def _is_opening_a_box(self) -> bool:
        asking = (worker for worker in self.workers if worker.group == ASKING and not worker.is_finished)
        return any(worker not in self._have_asked for worker in asking)

    def _is_leaving(self) -> bool:
        """Return whether a screen is still being removed: none of its name, such as the palette, can open yet."""
        return self._leaving is not None and not self._leaving.is_done

    def _is_waiting(self) -> bool:
        if getattr(self.focused, "is_waiting", False):
            return True
        return any(worker.group == SUBMITTING and not worker.is_finished for worker in self.workers)

    def _watch_next(self) -> None:
        self.set_timer(PATIENCE_SECONDS, partial(self._give_up, self._keys[0]))

    async def _give_up(self, waiting: events.Key) -> None:
        if self._is_over() or not self._keys or self._keys[0] is not waiting:
            return
        if self._is_waiting():
            self._watch_next()
        else:
            await self._next_key()


def _has_no_room(node: DOMNode) -> bool:
    lists = [node] if isinstance(node, OptionList) else node.query(OptionList)
    return any(not each.scrollable_content_region for each in lists)
