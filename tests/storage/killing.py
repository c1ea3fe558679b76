"""Work that is killed at a step of it, in a process of its own."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Container

STEPS = ("sqlite3.connect", "os.rename", "os.remove", "os.chmod", "tempfile.mkstemp", "open")


def killed_at(step: int, work: Callable[[], object], steps: Container[str] = STEPS) -> bool:
    """Do ``work`` in a process of its own that is killed when it takes that step; False if it is done before."""
    child = os.fork()
    if child == 0:
        taken = 0

        def count(event: str, _: object) -> None:
            nonlocal taken
            if event in steps:
                taken += 1
                if taken == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0
