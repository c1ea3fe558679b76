"""``python -m budget_tui`` and the ``budget-tui`` command."""

import gc
import os
import sys
import threading
from typing import NoReturn

GARBAGE_THRESHOLD = 50_000


def main() -> None:
    # Loading the program makes tens of thousands of objects that stay: looking for garbage among them, while they
    # are loaded and again at the end, would take a tenth of the time of a short command.
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)
    from budget_tui.cli.main import run

    _end(run(sys.argv[1:]))


def _end(code: int) -> NoReturn:
    """Leave with ``code`` without freeing every object first, which takes longer than many a command.

    The database is closed by then, and the log written; what runs on in a thread is waited for as ever.
    """
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(code)
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:  # nobody reads any more
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
