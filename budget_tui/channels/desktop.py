"""A notification on this machine's desktop, by the program that its system has for it."""

import shutil
import subprocess
from datetime import datetime

from budget_tui.channels.base import SEND_SECONDS, DeliveryError, Outgoing
from budget_tui.config.settings import ChannelSettings

_APPLE = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


class DesktopChannel:
    """Notifies by ``notify-send`` on Linux and BSD, by ``osascript`` on macOS."""

    def __init__(self, settings: ChannelSettings) -> None:
        pass

    def send(self, message: Outgoing, now: datetime) -> None:
        if program := shutil.which("notify-send"):
            arguments = [program, "--app-name=budget-tui", "--", message.title, message.body]
        elif program := shutil.which("osascript"):
            arguments = [program, "-e", _APPLE, message.title, message.body]
        else:
            raise DeliveryError("this system has neither notify-send nor osascript")
        try:
            done = subprocess.run(arguments, timeout=SEND_SECONDS, capture_output=True, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeliveryError(f"the notification failed ({type(error).__name__})") from None
        if done.returncode:
            raise DeliveryError(f"the notification failed with {done.returncode}")


channel = DesktopChannel
