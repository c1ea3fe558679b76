"""The standard streams of a process."""

import os
from typing import TextIO


def discard_output(stream: TextIO) -> None:
    """Send ``stream`` to nowhere, for good: what it still holds, too, which Python would fail to flush at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
