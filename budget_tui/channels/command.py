"""A program of this machine, which gets each message as JSON on its standard input."""

import os
import re
import shlex
import subprocess
from datetime import datetime

from budget_tui.channels.base import SEND_SECONDS, DeliveryError, Outgoing
from budget_tui.config.settings import ChannelSettings

_OF_A_SHELL = re.compile(r"[|<;]|\d?>{1,2}|&&")
"""The beginning of an argument that only a shell understands."""


class CommandChannel:
    """Runs a program without a shell. ``BUDGET_TUI_ALERT`` in its environment is what happened, in a line."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._command = settings.command

    def send(self, message: Outgoing, now: datetime) -> None:
        try:
            arguments = shlex.split(self._command)
            done = subprocess.run(
                arguments,
                input=message.document,
                text=True,
                timeout=SEND_SECONDS,
                env={**os.environ, "BUDGET_TUI_ALERT": message.text, "BUDGET_TUI_ALERT_ID": message.message_id},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"the command took more than {SEND_SECONDS} seconds") from None
        except (OSError, ValueError) as error:
            raise DeliveryError(f"the command cannot be run ({type(error).__name__})") from None
        if done.returncode:
            sign = next((found[0] for each in arguments if (found := _OF_A_SHELL.match(each))), "")
            hint = f" (it runs without a shell: for '{sign}' write sh -c '…')" if sign else ""
            raise DeliveryError(f"the command ended with {done.returncode}{hint}")


channel = CommandChannel
