"""``python -m budget_tui`` and the ``budget-tui`` command."""

import gc
import sys

GARBAGE_THRESHOLD = 50_000


def main() -> None:
    # Loading the program makes tens of thousands of objects that stay: looking for garbage among them, while they
    # are loaded and again at the end, would take a tenth of the time of a short command.
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)
    from budget_tui.cli.start import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
