"""``python -m budget_tui`` and the ``budget-tui`` command."""

import gc
import os
import sys
import threading
from typing import NoReturn

GARBAGE_THRESHOLD = 50_000


def main() -> None:
    # Importing the program creates tens of thousands of permanent objects: collecting garbage among them, during the
    # import and again at the end, would take a tenth of the time of a short command.
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)
    from budget_tui.cli.main import run

    _end(run(sys.argv[1:]))


def _end(code: int) -> NoReturn:
    """Exit with ``code`` without freeing every object first, which takes longer than many a command.

    The database is closed and the log written by then; threads that still run are waited for as usual.
    """
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(code)
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:  # nobody reads it any more
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
